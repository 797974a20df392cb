//! Fixed functions about moments, days and durations, and their properties.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan as _, Unit, Zoned, ZonedRound};
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, Map};

use super::super::ambient;
use super::super::convert::{Day, Moment};
use super::{Declared, Outcome, described, fail};
use crate::base::time::Duration;
use crate::base::value::Value;

pub(super) const DECLARED: &[Declared] = &[
    ("now() -> datetime", "The moment, in UTC; the same again when a run is recovered.", "now() - 1h < now()", "true"),
    ("today(zone: string?) -> date", "The day, in UTC or in a zone.", "today() == date(now())", "true"),
    (
        "datetime(value: any, zone: string?) -> datetime",
        "A moment from a text such as `2026-03-29T10:00:00Z`, from a date (its midnight in the zone, else in UTC), or from seconds since 1970.",
        r#"datetime("2026-03-29T10:00:00Z").hour"#,
        "10",
    ),
    (
        "date(value: any, month: int?, day: int?) -> date",
        "A day from a text such as `2026-03-29`, from a datetime (in its zone), or from year, month and day.",
        r#"date("2026-03-29") == date(2026, 3, 29)"#,
        "true",
    ),
    (
        "duration(value: any, unit: string?) -> duration",
        "A duration from a text such as `1h30m`, or from a number of milliseconds or of the given unit.",
        r#"duration(90, "m") == duration("1h30m")"#,
        "true",
    ),
    (
        "format(value: any, pattern: string) -> string",
        "A datetime or a date as text, by a strftime pattern.",
        r#"format(date("2026-03-29"), "%d.%m.%Y")"#,
        r#""29.03.2026""#,
    ),
    (
        "parse(text: string, pattern: string) -> any",
        "A datetime, or a date where the pattern has no time of day, from a text by a strftime pattern; in UTC where the text names no zone.",
        r#"parse("29.03.2026", "%d.%m.%Y")"#,
        r#"date("2026-03-29")"#,
    ),
    (
        "in_zone(time: datetime, zone: string) -> datetime",
        "The same moment on the clocks of a zone.",
        r#"in_zone(datetime("2026-07-01T10:00:00Z"), "Europe/Berlin").hour"#,
        "12",
    ),
    (
        "start_of(time: any, unit: string) -> any",
        "The beginning of the minute, hour, day, week (on Monday), month, quarter or year, in the zone of the moment.",
        r#"start_of(date("2026-03-29"), "month")"#,
        r#"date("2026-03-01")"#,
    ),
    (
        "add(time: any, amount: any) -> any",
        "A datetime or a date later by a duration, or by a map of `years`, `months`, `weeks`, `days`, `hours`, `minutes`, `seconds` on the calendar; negative ones go back.",
        r#"add(date("2026-01-31"), #{ months: 1 })"#,
        r#"date("2026-02-28")"#,
    ),
];

/// The properties of moments and days.
const PROPERTIES: [&str; 15] = [
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "millisecond",
    "weekday",
    "weekday_name",
    "week",
    "day_of_year",
    "quarter",
    "zone",
    "timestamp",
    "date",
];

/// The properties of durations: how many whole units they are.
const LENGTHS: [&str; 6] = ["milliseconds", "seconds", "minutes", "hours", "days", "weeks"];

/// The property `name` of a value that is no map.
pub(in crate::lang::script) fn property(value: &Value, name: &str) -> Option<Value> {
    match (value, name) {
        (Value::DateTime(moment), _) => of_moment(moment, name),
        (Value::Date(date), _) => of_date(*date, name),
        (Value::Duration(duration), _) => of_duration(*duration, name),
        (Value::Text(text), "len") => Some(count(text.chars().count())),
        (Value::List(items), "len") => Some(count(items.len())),
        (Value::Set(set), "len") => Some(count(set.len())),
        (Value::Bytes(bytes), "len") => Some(count(bytes.len())),
        (Value::Text(text), "is_empty") => Some(text.is_empty().into()),
        (Value::List(items), "is_empty") => Some(items.is_empty().into()),
        (Value::Set(set), "is_empty") => Some(set.is_empty().into()),
        (Value::Bytes(bytes), "is_empty") => Some(bytes.is_empty().into()),
        _ => None,
    }
}

fn count(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn of_date(date: Date, name: &str) -> Option<Value> {
    let number = match name {
        "year" => date.year().into(),
        "month" => date.month().into(),
        "day" => date.day().into(),
        "weekday" => date.weekday().to_monday_one_offset().into(),
        "week" => date.iso_week_date().week().into(),
        "day_of_year" => date.day_of_year().into(),
        "quarter" => (i64::from(date.month()) + 2) / 3,
        "weekday_name" => return Some(weekday(date.weekday()).into()),
        _ => return None,
    };
    Some(Value::Int(number))
}

fn of_moment(moment: &Zoned, name: &str) -> Option<Value> {
    let number = match name {
        "hour" => moment.hour().into(),
        "minute" => moment.minute().into(),
        "second" => moment.second().into(),
        "millisecond" => moment.millisecond().into(),
        "timestamp" => moment.timestamp().as_second(),
        "date" => return Some(Value::Date(moment.date())),
        "zone" => return Some(moment.time_zone().iana_name().unwrap_or("UTC").into()),
        _ => return of_date(moment.date(), name),
    };
    Some(Value::Int(number))
}

fn of_duration(duration: Duration, name: &str) -> Option<Value> {
    let size = match name {
        "milliseconds" => 1,
        "seconds" => 1_000,
        "minutes" => 60_000,
        "hours" => 3_600_000,
        "days" => 86_400_000,
        "weeks" => 604_800_000,
        _ => return None,
    };
    Some(Value::Int(duration.0 / size))
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    }
}

pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Moment>("datetime");
    engine.register_type_with_name::<Day>("date");
    engine.register_type_with_name::<Duration>("duration");
    for name in PROPERTIES {
        engine.register_get(name, move |moment: &mut Moment| got(of_moment(moment, name), name, "a datetime"));
        engine.register_get(name, move |date: &mut Day| got(of_date(*date, name), name, "a date"));
    }
    for name in LENGTHS {
        engine.register_get(name, move |duration: &mut Duration| got(of_duration(*duration, name), name, "a duration"));
    }
    engine.register_fn("now", || moment(now()));
    engine.register_fn("today", || now().to_zoned(TimeZone::UTC).date());
    engine.register_fn("today", |name: &str| Ok::<_, Box<EvalAltResult>>(now().to_zoned(zone(name)?).date()));
    engine.register_fn("datetime", |value: Dynamic| datetime(&value, None));
    engine.register_fn("datetime", |value: Dynamic, name: ImmutableString| datetime(&value, Some(&name)));
    engine.register_fn("date", |value: Dynamic| date(&value));
    engine.register_fn("date", |year: i64, month: i64, day: i64| civil(year, month, day));
    engine.register_fn("duration", |value: Dynamic| duration(&value, "ms"));
    engine.register_fn("duration", |value: Dynamic, unit: ImmutableString| duration(&value, &unit));
    engine.register_fn("format", |moment: &mut Moment, pattern: &str| {
        formatted(jiff::fmt::strtime::format(pattern, &**moment), pattern)
    });
    engine.register_fn("format", |date: &mut Day, pattern: &str| {
        formatted(jiff::fmt::strtime::format(pattern, *date), pattern)
    });
    engine.register_fn("parse", parse);
    engine.register_fn("in_zone", |moment: &mut Moment, name: &str| {
        Ok::<Moment, Box<EvalAltResult>>(moment.with_time_zone(zone(name)?).into())
    });
    engine.register_fn("start_of", |moment: &mut Moment, unit: &str| start_of_moment(moment, unit));
    engine.register_fn("start_of", |date: &mut Day, unit: &str| start_of_date(*date, unit));
    engine.register_fn("add", |moment: &mut Moment, amount: Duration| shifted(moment, amount));
    engine.register_fn("add", |date: &mut Day, amount: Duration| shifted_date(*date, amount));
    engine.register_fn("add", |moment: &mut Moment, amount: Map| -> Outcome<Moment> {
        let found = spans(&amount)?.into_iter().try_fold((**moment).clone(), |moment, span| moment.checked_add(span));
        found.map_or_else(|_| too_far(), |later| Ok(later.into()))
    });
    engine.register_fn("add", |date: &mut Day, amount: Map| -> Outcome<Day> {
        let found = spans(&amount)?.into_iter().try_fold(*date, |date, span| date.checked_add(span));
        found.map_or_else(|_| too_far(), Ok)
    });
    texts(engine);
    operators(engine);
}

fn texts(engine: &mut Engine) {
    for name in ["to_string", "to_debug"] {
        engine.register_fn(name, |moment: &mut Moment| Value::DateTime(moment.clone()).to_string());
        engine.register_fn(name, |date: &mut Day| Value::Date(*date).to_string());
        engine.register_fn(name, |duration: &mut Duration| duration.to_string());
    }
}

fn operators(engine: &mut Engine) {
    engine.register_fn("+", |a: &mut Moment, b: Duration| shifted(a, b));
    engine.register_fn("+", |a: Duration, b: Moment| shifted(&b, a));
    engine.register_fn("-", |a: &mut Moment, b: Duration| shifted(a, Duration(-b.0)));
    engine.register_fn("-", |a: &mut Moment, b: Moment| Duration::between(b.timestamp(), a.timestamp()));
    engine.register_fn("+", |a: Day, b: Duration| shifted_date(a, b));
    engine.register_fn("+", |a: Duration, b: Day| shifted_date(b, a));
    engine.register_fn("-", |a: Day, b: Duration| shifted_date(a, Duration(-b.0)));
    engine.register_fn("-", |a: Day, b: Day| {
        Duration(a.since(b).map_or(0, |span| i64::from(span.get_days())) * 86_400_000)
    });
    engine.register_fn("+", |a: Duration, b: Duration| length(a.0.checked_add(b.0)));
    engine.register_fn("-", |a: Duration, b: Duration| length(a.0.checked_sub(b.0)));
    engine.register_fn("-", |a: Duration| length(a.0.checked_neg()));
    engine.register_fn("*", |a: Duration, b: i64| length(a.0.checked_mul(b)));
    engine.register_fn("*", |a: i64, b: Duration| length(b.0.checked_mul(a)));
    engine.register_fn("*", |a: Duration, b: f64| scaled(a, b));
    engine.register_fn("*", |a: f64, b: Duration| scaled(b, a));
    engine.register_fn("/", |a: Duration, b: i64| length(a.0.checked_div(b)));
    engine.register_fn("/", |a: Duration, b: f64| scaled(a, 1.0 / b));
    engine.register_fn("/", |a: Duration, b: Duration| -> Outcome<f64> {
        if b.0 == 0 { fail("division by zero") } else { Ok(a.0 as f64 / b.0 as f64) }
    });
    engine.register_fn("==", |a: &mut Moment, b: Moment| a.timestamp() == b.timestamp());
    engine.register_fn("!=", |a: &mut Moment, b: Moment| a.timestamp() != b.timestamp());
    engine.register_fn("==", |a: Day, b: Day| a == b);
    engine.register_fn("!=", |a: Day, b: Day| a != b);
    engine.register_fn("==", |a: Duration, b: Duration| a == b);
    engine.register_fn("!=", |a: Duration, b: Duration| a != b);
    engine.register_fn("abs", |a: Duration| Duration(a.0.saturating_abs()));
}

fn got(found: Option<Value>, name: &str, of: &str) -> Outcome<Dynamic> {
    found
        .map_or_else(|| fail(format!("{of} has no field `{name}`")), |found| Ok(super::super::convert::to_rhai(&found)))
}

/// The moment the world gave.
fn now() -> Timestamp {
    ambient::ask(|ambient| ambient.now).unwrap_or_default()
}

fn moment(at: Timestamp) -> Moment {
    at.to_zoned(TimeZone::UTC).into()
}

fn zone(name: &str) -> Outcome<TimeZone> {
    TimeZone::get(name).or_else(|_| fail(format!("there is no zone `{name}`; zones are called like `Europe/Berlin`")))
}

fn too_far<T>() -> Outcome<T> {
    fail("the moment lies outside of the years -9999 to 9999")
}

fn length(millis: Option<i64>) -> Outcome<Duration> {
    millis.map_or_else(
        || fail("the duration grows beyond what can be held, or is divided by zero"),
        |millis| Ok(Duration(millis)),
    )
}

fn scaled(duration: Duration, by: f64) -> Outcome<Duration> {
    let millis = (duration.0 as f64 * by).round();
    length((millis.is_finite() && millis.abs() < 9e18).then_some(millis as i64))
}

fn shifted(moment: &Zoned, by: Duration) -> Outcome<Moment> {
    moment.checked_add(jiff::SignedDuration::from_millis(by.0)).map_or_else(|_| too_far(), |later| Ok(later.into()))
}

fn shifted_date(date: Date, by: Duration) -> Outcome<Day> {
    if by.0 % 86_400_000 != 0 {
        return fail(format!("a date moves by whole days, not by {by}; make it a datetime first: `datetime(date)`"));
    }
    date.checked_add((by.0 / 86_400_000).days()).map_or_else(|_| too_far(), Ok)
}

fn datetime(value: &Dynamic, name: Option<&str>) -> Outcome<Moment> {
    let at = name.map(zone).transpose()?;
    if let Some(moment) = value.read_lock::<Moment>() {
        return Ok(at.map_or_else(|| moment.clone(), |zone| moment.with_time_zone(zone).into()));
    }
    let local = at.clone().unwrap_or(TimeZone::UTC);
    if let Some(date) = value.read_lock::<Day>() {
        return date.to_zoned(local).map_or_else(|_| too_far(), |found| Ok(found.into()));
    }
    if let Ok(seconds) = value.as_int() {
        return Timestamp::from_second(seconds).map_or_else(|_| too_far(), |found| Ok(found.to_zoned(local).into()));
    }
    let Ok(text) = value.as_immutable_string_ref() else {
        return fail(format!(
            "a datetime comes from a text, a date or a number of seconds, not from {}",
            described(value)
        ));
    };
    let text = text.trim();
    if let Ok(found) = text.parse::<Zoned>() {
        return Ok(at.map_or_else(|| found.clone(), |zone| found.with_time_zone(zone)).into());
    }
    if let Ok(pieces) = jiff::fmt::temporal::DateTimeParser::new().parse_pieces(text)
        && let Some(offset) = pieces.to_numeric_offset()
        && let Ok(timestamp) = text.parse::<Timestamp>()
    {
        let zone = at.unwrap_or_else(|| if offset.is_zero() { TimeZone::UTC } else { TimeZone::fixed(offset) });
        return Ok(timestamp.to_zoned(zone).into());
    }
    if let Ok(found) = text.parse::<jiff::civil::DateTime>() {
        return found.to_zoned(local).map_or_else(|_| too_far(), |found| Ok(found.into()));
    }
    fail(format!("`{text}` is no datetime; write it like `2026-03-29T10:00:00Z`, or use `parse(text, pattern)`"))
}

fn date(value: &Dynamic) -> Outcome<Day> {
    if let Some(date) = value.read_lock::<Day>() {
        return Ok(*date);
    }
    if let Some(moment) = value.read_lock::<Moment>() {
        return Ok(moment.date());
    }
    let Ok(text) = value.as_immutable_string_ref() else {
        return fail(format!("a date comes from a text or a datetime, not from {}", described(value)));
    };
    let text = text.trim();
    text.parse()
        .or_else(|_| fail(format!("`{text}` is no date; write it like `2026-03-29`, or use `parse(text, pattern)`")))
}

fn civil(year: i64, month: i64, day: i64) -> Outcome<Day> {
    let found = i16::try_from(year).ok().zip(i8::try_from(month).ok()).zip(i8::try_from(day).ok());
    found
        .and_then(|((year, month), day)| Date::new(year, month, day).ok())
        .map_or_else(|| fail(format!("there is no day {year}-{month}-{day}")), Ok)
}

fn duration(value: &Dynamic, unit: &str) -> Outcome<Duration> {
    if let Some(duration) = value.read_lock::<Duration>() {
        return Ok(*duration);
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        return text.parse().or_else(fail);
    }
    let Some((_, size)) = crate::base::time::UNITS.into_iter().find(|(name, _)| *name == unit) else {
        return fail(format!("`{unit}` is no unit of durations; there are ms, s, m, h, d and w"));
    };
    if let Ok(number) = value.as_int() {
        return length(number.checked_mul(size));
    }
    match value.as_float() {
        Ok(number) => scaled(Duration(size), number),
        Err(_) => fail(format!("a duration comes from a text or a number, not from {}", described(value))),
    }
}

fn formatted(found: Result<String, jiff::Error>, pattern: &str) -> Outcome<String> {
    found.or_else(|error| fail(format!("`{pattern}` is no pattern for this value: {error}")))
}

fn parse(text: &str, pattern: &str) -> Outcome<Dynamic> {
    let found = match jiff::fmt::strtime::parse(pattern, text) {
        Ok(found) => found,
        Err(error) => return fail(format!("`{text}` does not fit the pattern `{pattern}`: {error}")),
    };
    if let Ok(zoned) = found.to_zoned() {
        return Ok(Dynamic::from(Moment::new(zoned)));
    }
    if found.hour().is_some()
        && let Ok(time) = found.to_datetime()
        && let Ok(zoned) = time.to_zoned(TimeZone::UTC)
    {
        return Ok(Dynamic::from(Moment::new(zoned)));
    }
    if let Ok(timestamp) = found.to_timestamp() {
        return Ok(Dynamic::from(moment(timestamp)));
    }
    match found.to_date() {
        Ok(date) => Ok(Dynamic::from(date)),
        Err(_) => fail(format!("the pattern `{pattern}` does not say which day is meant")),
    }
}

fn start_of_moment(moment: &Zoned, unit: &str) -> Outcome<Moment> {
    let small = match unit {
        "second" => Some(Unit::Second),
        "minute" => Some(Unit::Minute),
        "hour" => Some(Unit::Hour),
        _ => None,
    };
    if let Some(small) = small {
        let rounding = ZonedRound::new().smallest(small).mode(jiff::RoundMode::Trunc);
        return moment.round(rounding).map_or_else(|_| too_far(), |found| Ok(found.into()));
    }
    let date = start_of_date(moment.date(), unit)?;
    date.to_zoned(moment.time_zone().clone()).map_or_else(|_| too_far(), |found| Ok(found.into()))
}

fn start_of_date(date: Date, unit: &str) -> Outcome<Day> {
    let found = match unit {
        "day" => Ok(date),
        "week" => date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()),
        "month" => Ok(date.first_of_month()),
        "quarter" => Date::new(date.year(), (date.month() - 1) / 3 * 3 + 1, 1),
        "year" => Ok(date.first_of_year()),
        _ => {
            let known = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"];
            let near = crate::base::diagnostic::nearest(unit, known);
            let advice = near
                .map_or_else(|| format!("there are {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
            return fail(format!("`{unit}` is no unit that begins; {advice}"));
        }
    };
    found.map_or_else(|_| too_far(), Ok)
}

/// The units of an amount on the calendar, in the order in which they are added.
const AMOUNTS: [&str; 7] = ["years", "months", "weeks", "days", "hours", "minutes", "seconds"];

/// An amount on the calendar, one unit after the other: the largest first, so that a month and a day back from the end
/// of January end in February.
fn spans(amount: &Map) -> Outcome<Vec<Span>> {
    if let Some(unit) = amount.keys().find(|unit| !AMOUNTS.contains(&unit.as_str())) {
        let near = crate::base::diagnostic::nearest(unit, AMOUNTS);
        let advice =
            near.map_or_else(|| format!("there are {}", AMOUNTS.join(", ")), |near| format!("did you mean `{near}`?"));
        return fail(format!("`{unit}` is no unit of an amount; {advice}"));
    }
    let mut spans = Vec::new();
    for unit in AMOUNTS {
        let Some(number) = amount.get(unit) else { continue };
        let Ok(number) = number.as_int() else {
            return fail(format!("`{unit}` is a whole number, not {}", described(number)));
        };
        let span = Span::new();
        let span = match unit {
            "years" => span.try_years(number),
            "months" => span.try_months(number),
            "weeks" => span.try_weeks(number),
            "days" => span.try_days(number),
            "hours" => span.try_hours(number),
            "minutes" => span.try_minutes(number),
            _ => span.try_seconds(number),
        };
        spans.push(span.or_else(|_| too_far())?);
    }
    Ok(spans)
}
