//! Moments: Luxon, and the `Date` of JavaScript.

use super::carry::Seen;
use super::tree::Expr;
use super::value::Value;
use crate::lang::foreign::n8n::machine::Machine;
use crate::lang::foreign::term::Term;
use crate::lang::layout;

/// Fields of a pattern there and here; longer ones before those that they begin with.
const FIELDS: [(&str, &str); 24] = [
    ("yyyy", "%Y"),
    ("yy", "%y"),
    ("MMMM", "%B"),
    ("MMM", "%b"),
    ("MM", "%m"),
    ("M", "%-m"),
    ("dd", "%d"),
    ("d", "%-d"),
    ("HH", "%H"),
    ("H", "%-H"),
    ("hh", "%I"),
    ("h", "%-I"),
    ("mm", "%M"),
    ("m", "%-M"),
    ("ss", "%S"),
    ("s", "%-S"),
    ("SSS", "%3f"),
    ("a", "%p"),
    ("EEEE", "%A"),
    ("EEE", "%a"),
    ("cccc", "%A"),
    ("ccc", "%a"),
    ("ZZ", "%:z"),
    ("z", "%Z"),
];

/// A pattern of Luxon as one of strftime.
fn pattern(theirs: &str) -> Option<String> {
    let mut ours = String::new();
    let mut rest = theirs;
    while let Some(letter) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('\'') {
            let (words, behind) = quoted.split_once('\'')?;
            ours.push_str(words);
            rest = behind;
        } else if let Some((field, sign)) = FIELDS.iter().find(|(field, _)| rest.starts_with(field)) {
            ours.push_str(sign);
            rest = &rest[field.len()..];
        } else if letter.is_ascii_alphabetic() {
            return None;
        } else {
            ours.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    Some(ours)
}

impl Machine<'_> {
    /// `new Date()`
    pub(super) fn new_of(&mut self, name: &str, given: &[Expr], seen: &Seen) -> Result<Value, String> {
        match (name, given) {
            ("Date", []) => Ok(Value::Moment(Term::Path("now()".to_owned()))),
            ("Date", [of]) => {
                let of = self.term_of(of, seen)?.expression();
                Ok(Value::Moment(Term::Path(format!("datetime({of})"))))
            }
            _ => Err(format!("nothing here is a new `{name}`")),
        }
    }

    /// A field of a moment.
    pub(super) fn part_of_moment(term: &Term, name: &str) -> Result<Value, String> {
        match name {
            "year" | "month" | "day" | "hour" | "minute" | "second" | "weekday" => {
                Ok(Value::path(format!("{}.{name}", term.tight())))
            }
            _ => Err(format!("a moment has no `{name}` here")),
        }
    }

    /// A method of a moment; none where it is no method of moments.
    pub(super) fn of_moment(
        &mut self,
        of: &Value,
        method: &str,
        given: &[Expr],
        seen: &Seen,
    ) -> Result<Option<Value>, String> {
        let at = match of {
            Value::Moment(term) => term.tight(),
            Value::Data(data) => format!("datetime({})", data.term(&mut self.reads).expression()),
            _ => return Ok(None),
        };
        let is_moment = matches!(of, Value::Moment(_));
        let moment = |code: String| Ok(Some(Value::Moment(Term::Path(code))));
        let plain = |code: String| Ok(Some(Value::path(code)));
        match (method, given) {
            ("toISO" | "toISOString" | "toJSON", _) => plain(format!("{at}.to_string()")),
            ("toString", []) if is_moment => plain(format!("{at}.to_string()")),
            ("toISODate" | "toSQLDate", _) => plain(format!("format({at}, \"%Y-%m-%d\")")),
            ("toISOTime", _) => plain(format!("format({at}, \"%H:%M:%S\")")),
            ("toFormat" | "format", [Expr::Text(theirs)]) => match pattern(theirs) {
                Some(ours) => plain(format!("format({at}, {})", layout::text(&ours))),
                None => Err(format!("the pattern `{theirs}` has no counterpart")),
            },
            ("toDateTime" | "toJSDate" | "toLocal" | "toUTC", _) => moment(at),
            ("setZone", [zone]) => {
                let zone = self.term_of(zone, seen)?.expression();
                moment(format!("in_zone({at}, {zone})"))
            }
            ("startOf" | "beginningOf", [unit]) => {
                let unit = self.term_of(unit, seen)?.expression();
                moment(format!("start_of({at}, {unit})"))
            }
            ("plus" | "minus", given) => {
                let amount = self.amount(given, method == "minus", seen)?;
                moment(format!("add({at}, {amount})"))
            }
            ("toMillis" | "getTime" | "valueOf", []) if is_moment || method != "valueOf" => {
                Err(format!("`{method}` counts milliseconds, which nothing here does"))
            }
            _ => Ok(None),
        }
    }

    /// `{ days: 1 }`, or `1, "days"`.
    fn amount(&mut self, given: &[Expr], negative: bool, seen: &Seen) -> Result<String, String> {
        let one = |machine: &mut Self, unit: &str, count: &Expr| -> Result<(String, Term), String> {
            let unit = if unit.ends_with('s') { unit.to_owned() } else { format!("{unit}s") };
            if !matches!(&*unit, "years" | "months" | "weeks" | "days" | "hours" | "minutes" | "seconds") {
                return Err(format!("nothing here is counted in `{unit}`"));
            }
            let count = machine.term_of(count, seen)?;
            Ok((unit, if negative { Term::Code(format!("-{}", count.tight())) } else { count }))
        };
        let units = match given {
            [Expr::Object(fields)] => {
                let mut units = Vec::new();
                for (name, count) in fields {
                    let name = name.as_deref().ok_or("it spreads an object")?;
                    units.push(one(self, name, count)?);
                }
                units
            }
            [count, Expr::Text(unit)] => vec![one(self, unit, count)?],
            _ => return Err("the amount of time is not known".to_owned()),
        };
        Ok(Term::Object(units).expression())
    }

    /// `DateTime.now()`, `DateTime.fromISO(x)`, `Date.now()`
    pub(super) fn moment_from(&mut self, method: &str, given: &[Expr], seen: &Seen) -> Result<Value, String> {
        match (method, given) {
            ("now" | "local" | "utc", []) => Ok(Value::Moment(Term::Path("now()".to_owned()))),
            ("fromISO" | "fromJSDate" | "fromSQL", [of, ..]) => {
                let of = self.term_of(of, seen)?.expression();
                Ok(Value::Moment(Term::Path(format!("datetime({of})"))))
            }
            ("fromFormat", [of, Expr::Text(theirs)]) => {
                let ours = pattern(theirs).ok_or_else(|| format!("the pattern `{theirs}` has no counterpart"))?;
                let of = self.term_of(of, seen)?.expression();
                Ok(Value::Moment(Term::Path(format!("parse({of}, {})", layout::text(&ours)))))
            }
            ("fromSeconds", [of]) => {
                let of = self.term_of(of, seen)?.expression();
                Ok(Value::Moment(Term::Path(format!("datetime({of})"))))
            }
            _ => Err(format!("nothing here is `DateTime.{method}()`")),
        }
    }
}
