//! Fixed functions about formats, digests and chance.

use hmac::{Hmac, KeyInit as _, Mac as _};
use rhai::{Blob, Dynamic, Engine};
use sha2::{Digest as _, Sha256};

use super::super::{ambient, convert};
use super::{Declared, Outcome, described, fail, ours};
use crate::base::limit;
use crate::base::table::{Columns, line_at};
use crate::base::value::{Map, Value};

pub(super) const DECLARED: &[Declared] = &[
    (
        "json(value: any, indent: int?) -> string",
        "The value as JSON, in one line or indented.",
        r#"json(#{ a: [1, ()] })"#,
        r#""{\"a\":[1,null]}""#,
    ),
    (
        "parse_json(text: string) -> any",
        "The value of a JSON text; `null` becomes `()`.",
        r##"parse_json(#"{"a": [1, null]}"#).a[0]"##,
        "1",
    ),
    (
        "csv(rows: list<any>, options: any?) -> string",
        "Rows as CSV. The names of all rows that are maps make the columns and a header; lists are written as they are. Options: `#{ delimiter: \";\", header: false }`.",
        r#"csv([#{ id: 1, name: "a, b" }])"#,
        r#""id,name\n1,\"a, b\"\n""#,
    ),
    (
        "parse_csv(text: string, options: any?) -> list<any>",
        "The rows of a CSV text: maps by the names of the header, or lists with `#{ header: false }`. All values are texts. Two columns of one name, or a cell without a column, are an error. Option: `delimiter`.",
        r#"parse_csv("id,name\n1,Ada\n")[0].name"#,
        r#""Ada""#,
    ),
    (
        "xml(text: string) -> any",
        "An XML text as maps: attributes as `@name`, children by their names (a list where there are several), text as `#text`, or alone where an element has nothing else.",
        r##"xml(#"<a id="1"><b>x</b><b>y</b></a>"#).a.b[1]"##,
        r#""y""#,
    ),
    #[cfg(feature = "html")]
    (
        "html_select(html: string, selector: string) -> list<any>",
        "The elements that a CSS selector finds, each with `text`, `html`, `name` and `attributes`.",
        r#"html_select("<p>a <b class=x>b</b></p>", "b.x")[0].text"#,
        r#""b""#,
    ),
    ("base64(value: any) -> string", "A text or bytes in base64.", r#"base64("hi?")"#, r#""aGk/""#),
    (
        "url_encode(text: any) -> string",
        "A text as it can stand in an address; a map as a query.",
        r#"url_encode("a b&c") + " " + url_encode(#{ q: "x y" })"#,
        r#""a%20b%26c q=x%20y""#,
    ),
    (
        "sha256(value: any) -> string",
        "The SHA-256 digest of a text or bytes, in hexadecimal digits.",
        r#"sha256("abc").sub_string(0, 8)"#,
        r#""ba7816bf""#,
    ),
    (
        "hmac(value: any, key: any) -> string",
        "The HMAC-SHA256 of a text or bytes with a key, in hexadecimal digits.",
        r#"hmac("message", "key").sub_string(0, 8)"#,
        r#""6e9ef29b""#,
    ),
    ("uuid() -> uuid", "A new UUID; the same again when a run is recovered.", "uuid().len()", "36"),
    (
        "random(of: any?) -> any",
        "A number from 0 to 1; with an int `n` one of 0 to n - 1; with a list one of its items. The same again when a run is recovered.",
        "random(1)",
        "0",
    ),
];

pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("json", |value: Dynamic| Ok::<_, Box<rhai::EvalAltResult>>(ours(&value)?.to_json().to_string()));
    engine.register_fn("json", |value: Dynamic, indent: i64| indented(&value, indent));
    engine.register_fn("parse_json", |text: &str| parse_json(text));
    engine.register_fn("csv", |rows: Dynamic| csv(&rows, &rhai::Map::new()));
    engine.register_fn("csv", |rows: Dynamic, options: rhai::Map| csv(&rows, &options));
    engine.register_fn("parse_csv", |text: &str| parse_csv(text, &rhai::Map::new()));
    engine.register_fn("parse_csv", |text: &str, options: rhai::Map| parse_csv(text, &options));
    engine.register_fn("xml", |text: &str| xml(text));
    #[cfg(feature = "html")]
    engine.register_fn("html_select", html_select);
    engine.register_fn("base64", |value: Dynamic| {
        use base64::Engine as _;
        Ok::<_, Box<rhai::EvalAltResult>>(base64::engine::general_purpose::STANDARD.encode(bytes(&value)?))
    });
    engine.register_fn("url_encode", |value: Dynamic| url_encode(&value));
    engine.register_fn("sha256", |value: Dynamic| {
        Ok::<_, Box<rhai::EvalAltResult>>(hex(&Sha256::digest(bytes(&value)?)))
    });
    engine.register_fn("hmac", |value: Dynamic, key: Dynamic| hmac(&value, &key));
    engine.register_fn("uuid", || {
        let (high, low) = (ambient::draw(), ambient::draw());
        uuid::Builder::from_random_bytes(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
            .into_uuid()
            .to_string()
    });
    // 53 bits are what a float between 0 and 1 can hold.
    engine.register_fn("random", || (ambient::draw() >> 11) as f64 / (1u64 << 53) as f64);
    engine.register_fn("random", random_below);
    engine.register_fn("random", |items: &mut rhai::Array| -> Outcome<Dynamic> {
        let Some(count) = i64::try_from(items.len()).ok().filter(|count| *count > 0) else { return Ok(Dynamic::UNIT) };
        let at = random_below(count)?;
        Ok(items[usize::try_from(at).unwrap_or_default()].clone())
    });
}

fn random_below(bound: i64) -> Outcome<i64> {
    let Some(bound) = u64::try_from(bound).ok().filter(|bound| *bound > 0) else {
        return fail(format!("there is no number below {bound}; `random(6)` gives one of 0 to 5"));
    };
    // The high half of a wide product is nearly even and needs no second draw.
    let found = (u128::from(ambient::draw()) * u128::from(bound)) >> 64;
    Ok(i64::try_from(found).unwrap_or_default())
}

fn indented(value: &Dynamic, indent: i64) -> Outcome<String> {
    use serde::Serialize as _;
    let blanks = " ".repeat(usize::try_from(indent.clamp(0, 8)).unwrap_or_default());
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(blanks.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    match ours(value)?.to_json().serialize(&mut serializer) {
        Ok(()) => Ok(String::from_utf8_lossy(&out).into_owned()),
        Err(error) => fail(error.to_string()),
    }
}

fn parse_json(text: &str) -> Outcome<Dynamic> {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(json) => Ok(convert::to_rhai(&Value::from_json(json))),
        Err(error) => fail(format!("the text is no JSON: {error}")),
    }
}

fn bytes(value: &Dynamic) -> Outcome<Vec<u8>> {
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(text.as_bytes().to_vec());
    }
    match value.read_lock::<Blob>() {
        Some(blob) => Ok(blob.clone()),
        None => fail(format!("a text or bytes are expected, not {}", described(value))),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn hmac(value: &Dynamic, key: &Dynamic) -> Outcome<String> {
    match Hmac::<Sha256>::new_from_slice(&bytes(key)?) {
        Ok(mut mac) => {
            mac.update(&bytes(value)?);
            Ok(hex(&mac.finalize().into_bytes()))
        }
        Err(error) => fail(error.to_string()),
    }
}

/// What may stand in an address as it is (RFC 3986, unreserved).
fn percent(text: &str, out: &mut String) {
    use std::fmt::Write as _;
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

fn url_encode(value: &Dynamic) -> Outcome<String> {
    let mut out = String::new();
    match ours(value)? {
        Value::Unit => return fail("this is `()`; say by `??` what counts instead"),
        Value::Map(map) => {
            for (key, value) in map.iter().filter(|(_, value)| !value.is_unit()) {
                if !out.is_empty() {
                    out.push('&');
                }
                percent(key, &mut out);
                out.push('=');
                percent(&value.to_string(), &mut out);
            }
        }
        other => percent(&other.to_string(), &mut out),
    }
    Ok(out)
}

/// The options of CSV: the delimiter and whether there is a header.
fn csv_options(options: &rhai::Map) -> Outcome<(u8, bool)> {
    let (mut delimiter, mut header) = (b',', true);
    for (name, value) in options {
        match name.as_str() {
            "delimiter" => {
                let text = value.as_immutable_string_ref().map(|text| text.to_string()).unwrap_or_default();
                let [byte] = *text.as_bytes() else {
                    return fail("`delimiter` is one character of ASCII, such as `\";\"`");
                };
                delimiter = byte;
            }
            "header" => {
                header = value.as_bool().or_else(|_| fail("`header` is `true` or `false`"))?;
            }
            _ => return fail(format!("`{name}` is no option of CSV; there are `delimiter` and `header`")),
        }
    }
    Ok((delimiter, header))
}

fn csv(rows: &Dynamic, options: &rhai::Map) -> Outcome<String> {
    let (delimiter, header) = csv_options(options)?;
    let rows = ours(rows)?;
    let Some(rows) = rows.as_list() else {
        return fail(format!("rows are a list, not {}", super::super::path::a(&rows)));
    };
    match Columns::of(rows).write(rows, header, delimiter) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(wrong) => fail(wrong),
    }
}

fn parse_csv(text: &str, options: &rhai::Map) -> Outcome<Dynamic> {
    let (delimiter, header) = csv_options(options)?;
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records =
        reader.records().map(|record| record.or_else(|error| fail(format!("the text is no CSV: {error}"))));
    let with_line = |offset: u64, wrong: String| format!("line {} of the CSV: {wrong}", line_at(text.bytes(), offset));
    let first = if header { records.next().transpose()? } else { None };
    let columns = match first {
        Some(names) => Some(Columns::named(names.iter().map(Into::into)).or_else(|wrong| fail(with_line(0, wrong)))?),
        None => None,
    };
    let mut rows = Vec::new();
    for record in records {
        let record = record?;
        rows.push(match &columns {
            Some(columns) => {
                let offset = record.position().map_or(0, csv::Position::byte);
                columns.row(&record).or_else(|wrong| fail(with_line(offset, wrong)))?
            }
            None => Value::list(record.iter().map(Value::from)),
        });
        if rows.len() > limit::SCRIPT_LIST_ITEMS_MAX {
            return Err(rhai::EvalAltResult::ErrorDataTooLarge("Size of array".into(), rhai::Position::NONE).into());
        }
    }
    Ok(convert::to_rhai(&Value::list(rows)))
}

/// An element that is not yet closed.
struct Element {
    name: String,
    fields: Map,
    text: String,
}

impl Element {
    fn done(mut self) -> (String, Value) {
        let text = self.text.trim().to_owned();
        if self.fields.is_empty() {
            return (self.name, Value::from(text));
        }
        if !text.is_empty() {
            self.fields.insert("#text".into(), text.into());
        }
        (self.name, Value::from(self.fields))
    }

    /// Takes in a child; several of one name make a list.
    fn take(&mut self, name: &str, value: Value) {
        match self.fields.get_mut(name) {
            None => {
                self.fields.insert(name.into(), value);
            }
            // An element is a map or a text, so that a list is always one of several children.
            Some(Value::List(items)) => std::sync::Arc::make_mut(items).push(value),
            Some(first) => *first = Value::list([first.clone(), value]),
        }
    }
}

fn xml(text: &str) -> Outcome<Dynamic> {
    use quick_xml::events::Event;
    let wrong = |reason: String| fail::<Dynamic>(format!("the text is no XML: {reason}"));
    let mut reader = quick_xml::Reader::from_str(text);
    let mut open: Vec<Element> = vec![Element { name: String::new(), fields: Map::new(), text: String::new() }];
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => return wrong(error.to_string()),
        };
        let (start, empty) = match event {
            Event::Start(start) => (start, false),
            Event::Empty(start) => (start, true),
            Event::End(_) => {
                // The reader has checked that it closes what is open; the outermost is ours and never closed by it.
                if open.len() > 1
                    && let Some(element) = open.pop()
                    && let Some(parent) = open.last_mut()
                {
                    let (name, value) = element.done();
                    parent.take(&name, value);
                }
                continue;
            }
            Event::Text(found) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&found.xml_content(quick_xml::XmlVersion::Implicit1_0));
                }
                continue;
            }
            Event::CData(found) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&found.xml_content(quick_xml::XmlVersion::Implicit1_0));
                }
                continue;
            }
            Event::GeneralRef(found) => {
                let resolved = match found.resolve_char_ref() {
                    Ok(Some(c)) => Some(c.to_string()),
                    _ => quick_xml::escape::resolve_xml_entity(&found).map(str::to_owned),
                };
                match (open.last_mut(), resolved) {
                    (Some(element), Some(text)) => element.text.push_str(&text),
                    _ => return wrong("it names an entity nobody declares".into()),
                }
                continue;
            }
            Event::Eof => break,
            _ => continue,
        };
        if open.len() > limit::VALUE_DEPTH_MAX / 2 {
            return wrong(format!("its elements are nested deeper than {}", limit::VALUE_DEPTH_MAX / 2));
        }
        let mut element = Element { name: start.name().as_ref().to_owned(), fields: Map::new(), text: String::new() };
        for attribute in start.attributes() {
            let attribute = match attribute {
                Ok(attribute) => attribute,
                Err(error) => return wrong(error.to_string()),
            };
            let raw = &attribute.value;
            let value = quick_xml::escape::unescape(raw).map_or_else(|_| raw.to_string(), std::borrow::Cow::into_owned);
            element.fields.insert(format!("@{}", attribute.key.as_ref()).into(), value.into());
        }
        if !empty {
            open.push(element);
        } else if let Some(parent) = open.last_mut() {
            let (name, value) = element.done();
            parent.take(&name, value);
        }
    }
    match open.pop() {
        Some(root) if open.is_empty() && !root.fields.is_empty() => Ok(convert::to_rhai(&Value::from(root.fields))),
        Some(element) if !open.is_empty() => wrong(format!("`<{}>` is never closed", element.name)),
        _ => wrong("it has no element".into()),
    }
}

/// How deep the elements of a page may be nested: the parser's time grows with the square of it.
#[cfg(feature = "html")]
const HTML_DEPTH_MAX: usize = 1_000;

/// How deep elements are nested, counted by their tags; those that need no closing tag do not count.
#[cfg(feature = "html")]
fn nesting(html: &str) -> usize {
    const MAY_STAY_OPEN: [&str; 29] = [
        "area", "base", "br", "col", "colgroup", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta",
        "optgroup", "option", "p", "param", "rp", "rt", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "track",
        "wbr",
    ];
    let (mut open, mut most) = (0usize, 0);
    for tag in html.split('<').skip(1) {
        let closes = tag.starts_with('/');
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if name.is_empty() || MAY_STAY_OPEN.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            continue;
        }
        open = if closes { open.saturating_sub(1) } else { open + 1 };
        most = most.max(open);
    }
    most
}

/// The elements that a CSS selector finds.
#[cfg(feature = "html")]
fn html_select(html: &str, selector: &str) -> Outcome<Dynamic> {
    let found = match scraper::Selector::parse(selector) {
        Ok(found) => found,
        Err(error) => return fail(format!("`{selector}` is no CSS selector: {error}")),
    };
    if nesting(html) > HTML_DEPTH_MAX {
        return fail(format!("the elements of the page are nested deeper than {HTML_DEPTH_MAX}"));
    }
    let page = scraper::Html::parse_document(html);
    let mut bytes = 0;
    let mut elements = Vec::new();
    for element in page.select(&found) {
        let inner = element.inner_html();
        // Elements inside of each other repeat what they hold.
        bytes += inner.len();
        if bytes > limit::SCRIPT_TEXT_BYTES_MAX / 4 {
            return Err(rhai::EvalAltResult::ErrorDataTooLarge("Length of string".into(), rhai::Position::NONE).into());
        }
        let attributes = element.value().attrs().map(|(name, value)| (name, Value::from(value)));
        elements.push(Value::map([
            ("name", Value::from(element.value().name())),
            ("text", Value::from(element.text().collect::<String>())),
            ("html", Value::from(inner)),
            ("attributes", Value::map(attributes)),
        ]));
    }
    Ok(convert::to_rhai(&Value::list(elements)))
}
