//! Fixed functions about texts.

use std::cell::RefCell;
use std::collections::BTreeMap;

use regex::Regex;
use rhai::{Array, Dynamic, Engine, ImmutableString};

use super::{Declared, Outcome, fail, ours};
use crate::base::limit;

pub(super) const DECLARED: &[Declared] = &[
    (
        "matches(text: string, pattern: string) -> bool",
        "Whether the regular expression is found in the text; `^` and `$` tie it to the ends.",
        r##"matches("AB-12", #"^[A-Z]{2}-\d+$"#)"##,
        "true",
    ),
    (
        "captures(text: string, pattern: string) -> list<string>?",
        "What the first place that fits the regular expression holds: the whole, then each group, `()` for a group that \
         took no part. `()` where nothing fits.",
        r##"captures("2026-03-29", #"(\d+)-(\d+)"#)"##,
        r#"["2026-03", "2026", "03"]"#,
    ),
    (
        "replace_all(text: string, pattern: string, by: string) -> string",
        "The text with every place that fits the regular expression replaced; `$1` or `${name}` stand for groups.",
        r##"replace_all("a1b22", #"\d+"#, "#")"##,
        r##""a#b#""##,
    ),
    (
        "lines(text: string) -> list<string>",
        "The lines of the text, without their line breaks.",
        r#"lines("a\nb\r\nc")"#,
        r#"["a", "b", "c"]"#,
    ),
    (
        "trimmed(text: string) -> string",
        "The text without blanks and line breaks at its ends.",
        r#"trimmed("  Ada ")"#,
        r#""Ada""#,
    ),
    (
        "blank(value: any) -> bool",
        "Whether there is nothing to see: `()`, a text of blanks only, an empty list, set or map.",
        r#"blank("  ") && blank(()) && !blank(0)"#,
        "true",
    ),
    (
        "first_of(a: any, b: any?, c: any?, d: any?, e: any?, f: any?) -> any",
        "The first of its arguments, or of the items of its only one, that is not blank; `()` if all are.",
        r#"first_of((), "", "x")"#,
        r#""x""#,
    ),
    (
        "slug(text: string) -> string",
        "The text as it can stand in an address: lower case, words joined by `-`.",
        r#"slug("Crème brûlée, 2 Stück!")"#,
        r#""creme-brulee-2-stuck""#,
    ),
    (
        "html_escape(text: string) -> string",
        "The text so that HTML shows it as it is.",
        r#"html_escape("a < b & c")"#,
        r#""a &lt; b &amp; c""#,
    ),
    (
        "truncate(text: string, length: int, ending: string?) -> string",
        "The text, cut to at most so many characters; where it was cut it ends in `…` or in `ending`.",
        r#"truncate("orchestra", 5)"#,
        r#""orch…""#,
    ),
];

/// How many compiled patterns a thread keeps.
const PATTERNS_MAX: usize = 64;

/// How large a compiled pattern may be, in bytes.
const PATTERN_BYTES_MAX: usize = 1024 * 1024;

thread_local! {
    static PATTERNS: RefCell<BTreeMap<String, Regex>> = const { RefCell::new(BTreeMap::new()) };
}

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_fn("matches", |text: &str, by: &str| Ok::<_, Box<rhai::EvalAltResult>>(pattern(by)?.is_match(text)));
    engine.register_fn("captures", captures);
    engine.register_fn("replace_all", replace_all);
    engine.register_fn("lines", |text: &str| text.lines().map(Dynamic::from_str_like).collect::<Array>());
    engine.register_fn("trimmed", |text: &str| ImmutableString::from(text.trim()));
    engine.register_fn("blank", |value: Dynamic| blank(&value));
    engine.register_fn("first_of", |items: Array| items.into_iter().find(|item| !blank(item)).unwrap_or_default());
    engine.register_fn("first_of", |a: Dynamic, b: Dynamic| first_of([a, b]));
    engine.register_fn("first_of", |a: Dynamic, b: Dynamic, c: Dynamic| first_of([a, b, c]));
    engine.register_fn("first_of", |a: Dynamic, b: Dynamic, c: Dynamic, d: Dynamic| first_of([a, b, c, d]));
    engine.register_fn("first_of", |a: Dynamic, b: Dynamic, c: Dynamic, d: Dynamic, e: Dynamic| {
        first_of([a, b, c, d, e])
    });
    engine.register_fn("first_of", |a: Dynamic, b: Dynamic, c: Dynamic, d: Dynamic, e: Dynamic, f: Dynamic| {
        first_of([a, b, c, d, e, f])
    });
    engine.register_fn("slug", |text: &str| slug(text));
    engine.register_fn("html_escape", |text: &str| html_escape(text));
    engine.register_fn("truncate", |text: ImmutableString, length: i64| truncate(&text, length, "…"));
    engine.register_fn("truncate", |text: ImmutableString, length: i64, ending: ImmutableString| {
        truncate(&text, length, &ending)
    });
}

/// Makes values of Rhai from texts.
trait FromStrLike {
    fn from_str_like(text: &str) -> Dynamic;
}

impl FromStrLike for Dynamic {
    fn from_str_like(text: &str) -> Dynamic {
        ImmutableString::from(text).into()
    }
}

/// The compiled regular expression.
fn pattern(text: &str) -> Outcome<Regex> {
    let known = PATTERNS.with_borrow(|known| known.get(text).cloned());
    if let Some(known) = known {
        return Ok(known);
    }
    match regex::RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build() {
        Ok(found) => {
            PATTERNS.with_borrow_mut(|known| {
                if known.len() >= PATTERNS_MAX {
                    known.clear();
                }
                known.insert(text.to_owned(), found.clone());
            });
            Ok(found)
        }
        Err(error) => {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
            fail(format!("`{text}` is no regular expression: {reason}"))
        }
    }
}

fn captures(text: &str, by: &str) -> Outcome<Dynamic> {
    let found = pattern(by)?;
    let Some(found) = found.captures(text) else { return Ok(Dynamic::UNIT) };
    let groups = found.iter().map(|group| group.map_or(Dynamic::UNIT, |group| Dynamic::from_str_like(group.as_str())));
    Ok(Dynamic::from_array(groups.collect()))
}

fn replace_all(text: &str, by: &str, with: &str) -> Outcome<ImmutableString> {
    let found = pattern(by)?;
    // An upper bound of what may come out, before it is built.
    let times = found.find_iter(text).count();
    let groups = with.matches('$').count();
    let each = with.len().saturating_add(groups.saturating_mul(text.len()));
    let plain = text.len().saturating_add(times.saturating_mul(with.len()));
    if plain > limit::SCRIPT_TEXT_BYTES_MAX
        || (groups > 0 && times.saturating_mul(each) > 64 * limit::SCRIPT_TEXT_BYTES_MAX)
    {
        return Err(rhai::EvalAltResult::ErrorDataTooLarge("Length of string".into(), rhai::Position::NONE).into());
    }
    Ok(found.replace_all(text, with).into_owned().into())
}

/// Whether there is nothing to see.
fn blank(value: &Dynamic) -> bool {
    if let Ok(text) = value.as_immutable_string_ref() {
        return text.trim().is_empty();
    }
    if let Ok(items) = value.as_array_ref() {
        return items.is_empty();
    }
    if let Ok(map) = value.as_map_ref() {
        return map.is_empty();
    }
    if let Some(set) = value.read_lock::<super::super::convert::Members>() {
        return set.0.is_empty();
    }
    value.is_unit()
}

fn first_of<const N: usize>(values: [Dynamic; N]) -> Dynamic {
    values.into_iter().find(|value| !blank(value)).unwrap_or_default()
}

fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        match plain_letter(c) {
            "" if c.is_ascii_alphanumeric() => slug.push(c),
            "" if !slug.ends_with('-') && !slug.is_empty() => slug.push('-'),
            plain => slug.push_str(plain),
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// Letters of Europe without their marks; empty for all others.
fn plain_letter(c: char) -> &'static str {
    match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'č' | 'ĉ' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ğ' | 'ĝ' | 'ģ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'į' | 'ı' => "i",
        'ķ' => "k",
        'ĺ' | 'ľ' | 'ł' | 'ļ' => "l",
        'ñ' | 'ń' | 'ň' | 'ņ' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' => "o",
        'œ' => "oe",
        'ŕ' | 'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'ť' | 'ț' | 'ţ' => "t",
        'þ' => "th",
        'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' | 'ų' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => "",
    }
}

pub(super) fn html_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn truncate(text: &str, length: i64, ending: &str) -> Outcome<ImmutableString> {
    let Ok(length) = usize::try_from(length) else { return fail("a text cannot be cut to less than nothing") };
    if text.chars().count() <= length {
        return Ok(text.into());
    }
    let room = length.saturating_sub(ending.chars().count());
    let cut: String = text.chars().take(room).chain(ending.chars()).take(length).collect();
    Ok(cut.into())
}

/// `join` for texts, shared with lists.
pub(super) fn joined(items: &[Dynamic], separator: &str) -> Outcome<ImmutableString> {
    let mut out = String::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(separator);
        }
        let value = ours(item)?;
        if value.is_unit() {
            return fail(format!(
                "item [{at}] is `()`, which is no text; leave it out by `filter` or say by `??` what counts"
            ));
        }
        if let Err(message) = super::super::compute::append(&mut out, &value) {
            return fail(message);
        }
        if out.len() > limit::SCRIPT_TEXT_BYTES_MAX {
            return Err(rhai::EvalAltResult::ErrorDataTooLarge("Length of string".into(), rhai::Position::NONE).into());
        }
    }
    Ok(out.into())
}
