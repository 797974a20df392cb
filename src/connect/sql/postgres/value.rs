//! Values as PostgreSQL takes and gives them.
//!
//! They are sent as texts, which the server reads as the type it wants there: it knows better than anybody. They come in the
//! binary form of their type.

use std::error::Error;
use std::fmt::Write as _;

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{Format, FromSql, IsNull, Kind as Family, ToSql, Type};

use crate::base::failure::{Failure, Kind};
use crate::base::value::Value;

type Wrong = Box<dyn Error + Sync + Send>;

/// A value on its way.
#[derive(Debug)]
pub struct Sent<'a>(pub &'a Value);

impl ToSql for Sent<'_> {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Wrong> {
        let text = match self.0 {
            Value::Unit | Value::Null => return Ok(IsNull::Yes),
            Value::Bytes(bytes) => hexadecimal(bytes),
            Value::List(items) if matches!(wanted.kind(), Family::Array(_)) => array(items.iter()),
            Value::Set(items) if matches!(wanted.kind(), Family::Array(_)) => array(items.iter()),
            // A text is JSON as it stands where it is JSON already; otherwise it becomes a text in JSON.
            Value::Text(text) if is_json(wanted) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() => {
                serde_json::Value::from(&**text).to_string()
            }
            other => crate::connect::sql::text(other),
        };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    fn to_sql_checked(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Wrong> {
        self.to_sql(wanted, out)
    }
}

fn is_json(wanted: &Type) -> bool {
    *wanted == Type::JSON || *wanted == Type::JSONB
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("\\x");
    for byte in bytes {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn array<'a>(items: impl Iterator<Item = &'a Value>) -> String {
    let items = items.map(|item| match item {
        Value::Unit | Value::Null => "NULL".to_owned(),
        Value::List(inner) => array(inner.iter()),
        Value::Bytes(bytes) => format!("\"\\{}\"", hexadecimal(bytes)),
        other => format!("\"{}\"", crate::connect::sql::text(other).replace('\\', "\\\\").replace('"', "\\\"")),
    });
    format!("{{{}}}", items.collect::<Vec<_>>().join(","))
}

/// One value of a row.
///
/// # Errors
/// `validation_error` for a type that has no value here.
pub fn read(row: &Row, index: usize) -> Result<Value, Failure> {
    let column = &row.columns()[index];
    row.try_get::<_, Got>(index).map(|got| got.0).map_err(|error| {
        let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        let name = column.name();
        let message =
            format!("the column `{name}` of type {} cannot be read: {reason}: write `{name}::text`", column.type_());
        Failure::new(Kind::ValidationError, message)
    })
}

/// A value that came.
struct Got(Value);

impl<'a> FromSql<'a> for Got {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Wrong> {
        decode(kind, raw).map(Self)
    }

    fn from_sql_null(_: &Type) -> Result<Self, Wrong> {
        Ok(Self(Value::Unit))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn decode(kind: &Type, raw: &[u8]) -> Result<Value, Wrong> {
    match kind.kind() {
        Family::Domain(inner) => return decode(inner, raw),
        Family::Enum(_) => return Ok(std::str::from_utf8(raw)?.into()),
        Family::Array(_) => {
            let items: Vec<Got> = Vec::from_sql(kind, raw)?;
            return Ok(Value::list(items.into_iter().map(|item| item.0)));
        }
        _ => {}
    }
    Ok(match *kind {
        Type::BOOL => Value::Bool(bool::from_sql(kind, raw)?),
        Type::INT2 => Value::Int(i16::from_sql(kind, raw)?.into()),
        Type::INT4 => Value::Int(i32::from_sql(kind, raw)?.into()),
        Type::INT8 => Value::Int(i64::from_sql(kind, raw)?),
        Type::OID => Value::Int(u32::from_sql(kind, raw)?.into()),
        Type::FLOAT4 => float(f32::from_sql(kind, raw)?.into()),
        Type::FLOAT8 => float(f64::from_sql(kind, raw)?),
        Type::NUMERIC => numeric(raw)?.into(),
        Type::BYTEA => Value::Bytes(raw.into()),
        Type::JSON => Value::from_json(serde_json::from_slice(raw)?),
        // A byte with the version comes first.
        Type::JSONB => Value::from_json(serde_json::from_slice(raw.get(1..).unwrap_or_default())?),
        Type::UUID => uuid::Uuid::from_slice(raw)?.to_string().into(),
        Type::DATE => date(i32::from_be_bytes(raw.try_into()?))?.into(),
        Type::TIMESTAMP => moment(i64::from_be_bytes(raw.try_into()?), false)?.into(),
        Type::TIMESTAMPTZ => moment(i64::from_be_bytes(raw.try_into()?), true)?.into(),
        Type::TIME => time(i64::from_be_bytes(raw.try_into()?))?.into(),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::XML | Type::CHAR => {
            std::str::from_utf8(raw)?.into()
        }
        // Types of extensions that are texts: they come as what they are.
        _ if matches!(kind.name(), "citext" | "ltree_text") => std::str::from_utf8(raw)?.into(),
        _ => return Err("it has no value here".into()),
    })
}

/// JSON has no number for what is none.
fn float(number: f64) -> Value {
    if number.is_finite() { Value::Float(number) } else { number.to_string().into() }
}

/// 2000-01-01, from which PostgreSQL counts.
fn epoch() -> jiff::civil::DateTime {
    jiff::civil::date(2000, 1, 1).at(0, 0, 0, 0)
}

fn date(days: i32) -> Result<String, Wrong> {
    match days {
        i32::MAX => Ok("infinity".to_owned()),
        i32::MIN => Ok("-infinity".to_owned()),
        days => Ok(epoch().date().checked_add(jiff::Span::new().try_days(days)?)?.to_string()),
    }
}

fn moment(micros: i64, zoned: bool) -> Result<String, Wrong> {
    match micros {
        i64::MAX => return Ok("infinity".to_owned()),
        i64::MIN => return Ok("-infinity".to_owned()),
        _ => {}
    }
    let moment = epoch().checked_add(jiff::SignedDuration::from_micros(micros))?;
    Ok(if zoned { format!("{moment}Z") } else { moment.to_string() })
}

fn time(micros: i64) -> Result<String, Wrong> {
    Ok(jiff::civil::Time::midnight().checked_add(jiff::SignedDuration::from_micros(micros))?.to_string())
}

/// A decimal number as it is written: no digit is lost.
fn numeric(raw: &[u8]) -> Result<String, Wrong> {
    let word = |at: usize| -> Result<i16, Wrong> {
        Ok(i16::from_be_bytes(raw.get(2 * at..2 * at + 2).ok_or("it is cut off")?.try_into()?))
    };
    let (count, weight, scale) = (word(0)?, i32::from(word(1)?), word(3)?);
    // The sign is a word of bits.
    match word(2)? as u16 {
        0xC000 => return Ok("NaN".to_owned()),
        0xD000 => return Ok("infinity".to_owned()),
        0xF000 => return Ok("-infinity".to_owned()),
        _ => {}
    }
    // Groups of four digits; `weight` is the power of the first.
    let group = |power: i32| -> Result<i16, Wrong> {
        let at = weight - power;
        if at < 0 || at >= i32::from(count) { Ok(0) } else { word(4 + usize::try_from(at)?) }
    };
    let mut text = String::new();
    for power in (0..=weight.max(0)).rev() {
        let digits = group(power)?;
        if text.is_empty() {
            write!(text, "{digits}")?
        } else {
            write!(text, "{digits:04}")?
        }
        if text == "0" && power > 0 {
            text.clear();
        }
    }
    if scale > 0 {
        let mut fraction = String::new();
        let mut power = -1;
        while fraction.len() < usize::try_from(scale)? {
            write!(fraction, "{:04}", group(power)?)?;
            power -= 1;
        }
        text = format!("{text}.{}", &fraction[..usize::try_from(scale)?]);
    }
    Ok(if word(2)? as u16 == 0x4000 { format!("-{text}") } else { text })
}
