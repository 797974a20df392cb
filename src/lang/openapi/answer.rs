//! What comes of an operation: the type of its result, what of the answer is the result, and how further pages are asked for.

use serde_json::{Map, Value as Json};

use super::document::{Document, Entry};
use super::naming::words;
use super::operation::{Param, Place};
use super::sample;
use super::schema::{Fields, Schemas, Side, kind};
use crate::base::shape::{Bounds, Shape};
use crate::base::value::Value;
use crate::lang::layout;

/// How deep in an answer the next page is looked for.
const NEXT_DEPTH_MAX: usize = 3;

/// Parameters that carry where the next page is.
const CURSORS: [&str; 14] = [
    "cursor",
    "page_token",
    "next_page_token",
    "next_token",
    "next_cursor",
    "starting_after",
    "start_cursor",
    "after",
    "continuation_token",
    "continuation",
    "marker",
    "start_key",
    "offset",
    "page",
];
/// Where answers say where the next page is.
const NEXT: [&str; 12] = [
    "next_cursor",
    "next_page_token",
    "next_token",
    "next_page",
    "cursor",
    "next",
    "end_cursor",
    "next_marker",
    "continuation_token",
    "next_offset",
    "next_key",
    "after",
];
/// Where answers give the address of the next page.
const LINKS: [&str; 6] = ["next_link", "odata_next_link", "next_url", "next_href", "next_page_url", "next_page_uri"];
/// Lists that are what is asked for, where an answer has several.
const ITEMS: [&str; 9] = ["data", "items", "results", "values", "value", "records", "entries", "list", "objects"];
const NUMBERS: [&str; 4] = ["page", "page_number", "page_no", "page_index"];
const OFFSETS: [&str; 4] = ["offset", "skip", "start", "start_at"];
const SIZES: [&str; 8] = ["per_page", "page_size", "limit", "size", "max_results", "count", "top", "page_limit"];

/// What comes of an operation.
#[derive(Debug)]
pub struct Answer {
    /// Its type.
    pub result: Shape,
    /// Lines below the request: `paginate`, `output`.
    pub lines: Vec<String>,
    /// What the request says of the answer: `as: "text"`, `save: path`.
    pub reading: Option<String>,
    /// A parameter that says where a file goes.
    pub path: Option<Param>,
    /// Whether it comes in pages.
    pub pages: bool,
    /// The name of the parameter that `paginate` sends, and that nobody gives.
    pub sent: Option<(Place, String)>,
    /// What is sent for the first page where it is not counted from the usual number.
    pub first: Option<(String, i64)>,
    /// Whether it answers 200 and `ok: false` to what went wrong.
    pub says_ok: bool,
    /// An answer as it may come: status, headers, body.
    pub gets: (u16, Option<Json>, Json),
    /// What the operation makes of it.
    pub gives: Json,
    /// What could not be said.
    pub left: Vec<String>,
}

impl Answer {
    fn nothing(status: u16) -> Self {
        Self {
            result: Shape::Any,
            lines: Vec::new(),
            reading: None,
            path: None,
            pages: false,
            sent: None,
            first: None,
            says_ok: false,
            gets: (status, None, Json::Null),
            gives: Json::Null,
            left: Vec::new(),
        }
    }
}

/// What comes of `entry`, whose parameters are `params`; `name` is that of the operation.
pub fn of<'d>(
    document: &'d Document,
    entry: &Entry<'d>,
    params: &[Param],
    schemas: &mut Schemas<'d>,
    name: &str,
) -> Answer {
    let (status, said) = document.good_answer(entry);
    let content = said["content"].as_object();
    let media =
        content.and_then(|all| all.iter().find(|(media, _)| media.contains("json")).or_else(|| all.iter().next()));
    let mut answer = Answer::nothing(status);
    match media {
        Some((media, said_of_it)) if media.contains("json") => {
            let link =
                said["headers"].as_object().is_some_and(|all| all.keys().any(|name| name.eq_ignore_ascii_case("link")));
            json(document, said_of_it, link, params, schemas, name, &mut answer);
        }
        Some((media, _)) if entry.method == "get" && !media.starts_with("text/") => saved(media, &mut answer),
        Some((media, _)) if media.starts_with("text/") => {
            answer.result = Shape::text();
            answer.reading = Some("as: \"text\"".to_owned());
            let headers = serde_json::json!({ "Content-Type": media });
            answer.gets = (status, Some(headers), "hello".into());
            answer.gives = "hello".into();
        }
        Some(_) | None => answer.lines.push("output ()".to_owned()),
    }
    answer
}

/// A file goes past without being held.
fn saved(media: &str, answer: &mut Answer) {
    let doc = "Where the file goes.".to_owned();
    answer.path = Some(Param::new(Place::Path, "path", Shape::text(), Some(doc), "out/file.bin".into()));
    answer.reading = Some("save: path".to_owned());
    let field = |name: &str, shape| (name.to_owned(), shape);
    answer.result = Shape::object([
        field("path", Shape::text()),
        field("name", Shape::text()),
        field("bytes", Shape::int()),
        field("type", Shape::text().optional()),
    ]);
    let media = if media.contains('*') { "application/octet-stream" } else { media };
    answer.gets = (200, Some(serde_json::json!({ "Content-Type": media })), "content".into());
    answer.gives = serde_json::json!({ "path": "out/file.bin", "name": "file.bin", "bytes": 7, "type": media });
}

fn json<'d>(
    document: &'d Document,
    said: &'d Json,
    link: bool,
    params: &[Param],
    schemas: &mut Schemas<'d>,
    name: &str,
    answer: &mut Answer,
) {
    let schema = &said["schema"];
    let own = document.resolved(schema);
    let fields = document.fields(own);
    answer.says_ok = fields.properties.get("ok").is_some_and(|ok| kind(document.resolved(ok)) == Some("boolean"));
    let mut body = sample::of(document, schema, name, Side::Answered);
    if answer.says_ok {
        place(&mut body, &["ok".to_owned()], true.into());
    }
    let items = items(document, own, &fields);
    let pages = items.as_ref().and_then(|(path, _)| pages(document, own, &fields, path, link, params));
    match (items, pages) {
        (Some((path, each)), Some(pages)) => {
            let item = schemas.shape(each, Side::Answered);
            let item = schemas.name(item, &format!("{name}_item"));
            answer.result = Shape::List(item.into(), Bounds::NONE);
            if let Some(steps) = &pages.next {
                forget(&mut body, steps);
            }
            answer.lines.push(pages.line(&path));
            (answer.sent, answer.first, answer.pages) = (pages.sent, pages.first, true);
            let shown = reached(&body, &path).filter(|list| list.is_array()).cloned();
            let made_up = || Json::Array(vec![sample::of(document, each, name, Side::Answered)]);
            let list = if pages.endless { Json::Array(Vec::new()) } else { shown.unwrap_or_else(made_up) };
            place(&mut body, &path, list.clone());
            answer.gives = list;
        }
        _ => match envelope(document, &fields) {
            Some((inner, schema)) => {
                let shape = schemas.shape(schema, Side::Answered);
                answer.result = schemas.name(shape, &format!("{name}_result"));
                answer.lines.push(format!("output {}", read(&[inner.to_owned()], false)));
                if body[inner].is_null() {
                    place(&mut body, &[inner.to_owned()], sample::of(document, schema, name, Side::Answered));
                }
                answer.gives = body[inner].clone();
            }
            None => {
                let shape = schemas.shape(schema, Side::Answered);
                answer.result = schemas.name(shape, &format!("{name}_result"));
                answer.gives = body.clone();
            }
        },
    }
    // Descriptions err in their own examples; what fits no type of theirs is made up by type.
    if answer.result.check_answer(&Value::from_json(answer.gives.clone())).is_err() {
        answer.left.push("its example does not fit its type: the type was left out".to_owned());
        answer.result = Shape::Any;
    }
    answer.gets.2 = body;
}

/// `{ "data": ... }` and nothing beside it: what is inside is the result.
fn envelope<'d>(document: &'d Document, fields: &Fields<'d>) -> Option<(&'d str, &'d Json)> {
    let (name, schema) = fields.properties.first().filter(|_| fields.properties.len() == 1)?;
    let holds = matches!(kind(document.resolved(schema)), Some("object" | "array"));
    (holds && fields.required.contains(name) || *name == "data").then_some((*name, *schema))
}

/// Where the items of a page lie in the answer, and what each is.
fn items<'d>(document: &'d Document, own: &'d Json, fields: &Fields<'d>) -> Option<(Vec<String>, &'d Json)> {
    if kind(own) == Some("array") {
        return Some((Vec::new(), &own["items"]));
    }
    let lists: Vec<(&str, &Json)> = fields
        .properties
        .iter()
        .map(|(name, schema)| (*name, document.resolved(schema)))
        .filter(|(_, schema)| kind(schema) == Some("array"))
        .collect();
    let usual = lists.iter().find(|(name, _)| ITEMS.contains(name));
    let only = lists.first().filter(|_| lists.len() == 1);
    usual.or(only).map(|(name, schema)| (vec![(*name).to_owned()], &schema["items"]))
}

/// How further pages are asked for.
struct Pages {
    kind: &'static str,
    sent: Option<(Place, String)>,
    next: Option<Vec<String>>,
    size: Option<String>,
    first: Option<(String, i64)>,
    /// Whether an answer with items would ask for one more.
    endless: bool,
}

impl Pages {
    fn line(&self, items: &[String]) -> String {
        let send = self.sent.as_ref().map(|(place, name)| format!("send: {}{}", place.word(), step(name, false)));
        let next = self.next.as_ref().map(|path| format!("next: {}", read(path, true)));
        let size = self.size.as_ref().map(|size| format!("size: {size}"));
        let items = format!("items: {}", read(items, false));
        let parts: Vec<String> = [send, next, Some(items), size].into_iter().flatten().collect();
        layout::bracketed(&format!("paginate {} {{ ", self.kind), &parts, " }", 8, 8)
    }
}

fn pages<'d>(
    document: &'d Document,
    own: &'d Json,
    fields: &Fields<'d>,
    items: &[String],
    link: bool,
    params: &[Param],
) -> Option<Pages> {
    let none = Pages { kind: "link", sent: None, next: None, size: None, first: None, endless: false };
    let said = |param: &&Param, known: &[&str]| known.contains(&words(&param.wire).join("_").as_str());
    let is_sent = |param: &&Param| matches!(param.place, Place::Query | Place::Body);
    let is_text = |param: &&Param| matches!(param.shape.present(), Shape::Text(..) | Shape::Any);
    let is_count = |param: &&Param| matches!(param.shape.present(), Shape::Int(_) | Shape::Float(_));
    let free = || params.iter().filter(is_sent).filter(|param| !param.is_required());
    let cursor = free().filter(is_text).find(|param| said(param, &CURSORS));
    if let Some(cursor) = cursor
        && let Some(next) = next(document, own, &cursor.wire)
    {
        let sent = Some((cursor.place, cursor.wire.clone()));
        return Some(Pages { kind: "cursor", sent, next: Some(next), ..none });
    }
    if let Some(next) = address(document, fields) {
        return Some(Pages { next: Some(next), ..none });
    }
    if link && items.is_empty() {
        return Some(none);
    }
    let counted = |kind, known: &[&str], usual: i64| {
        let number = free().filter(is_count).find(|param| said(param, known))?;
        let size = free().filter(is_count).find(|param| said(param, &SIZES));
        // Less than a whole page is the last one, where it is known how many that is.
        let size = size.filter(|size| size.default.is_some()).map(|size| size.name.clone());
        let start = number.default.as_ref().and_then(Json::as_i64).filter(|first| *first != usual);
        let first = start.map(|first| (number.wire.clone(), first));
        let endless = size.is_none();
        Some(Pages { kind, sent: Some((number.place, number.wire.clone())), next: None, size, first, endless })
    };
    counted("page", &NUMBERS, 1).or_else(|| counted("offset", &OFFSETS, 0))
}

/// Where the answer says what the next page is asked with: the nearest field with a name for it.
fn next(document: &Document, own: &Json, cursor: &str) -> Option<Vec<String>> {
    let cursor = words(cursor).join("_");
    let mut level: Vec<(Vec<String>, &Json)> = vec![(Vec::new(), own)];
    for _ in 0..NEXT_DEPTH_MAX {
        let mut below = Vec::new();
        for (path, schema) in level {
            for (name, property) in document.fields(schema).properties {
                let property = document.resolved(property);
                let here: Vec<String> = path.iter().cloned().chain([name.to_owned()]).collect();
                let word = words(name).join("_");
                let is_inside = path
                    .iter()
                    .any(|part| words(part).iter().any(|word| matches!(word.as_str(), "next" | "paging" | "cursors")));
                let fits = NEXT.contains(&&*word) && (word != "after" || is_inside) || (word == cursor && is_inside);
                match kind(property) {
                    Some("string" | "integer") if fits => return Some(here),
                    Some("object") => below.push((here, property)),
                    _ => {}
                }
            }
        }
        level = below;
    }
    None
}

/// Where the answer gives the address of the next page.
fn address(document: &Document, fields: &Fields<'_>) -> Option<Vec<String>> {
    let is_link = |name: &str| LINKS.contains(&&*words(name).join("_"));
    let own = fields.properties.keys().find(|name| is_link(name)).map(|name| vec![(*name).to_owned()]);
    own.or_else(|| {
        let is_address = |schema: &Json| matches!(document.resolved(schema)["format"].as_str(), Some("uri" | "url"));
        if fields.properties.get("next").is_some_and(|next| is_address(next)) {
            return Some(vec!["next".to_owned()]);
        }
        let links = fields.properties.keys().find(|name| matches!(**name, "links" | "_links"))?;
        let inner = document.fields(document.resolved(fields.properties.get(links)?));
        let next = document.resolved(inner.properties.get("next")?);
        match kind(next) {
            Some("string") => Some(vec![(*links).to_owned(), "next".to_owned()]),
            Some("object") if document.fields(next).properties.contains_key("href") => {
                Some(vec![(*links).to_owned(), "next".to_owned(), "href".to_owned()])
            }
            _ => None,
        }
    })
}

/// `response.body.data`; what may be missing on the way is asked for with `?.`.
fn read(path: &[String], careful: bool) -> String {
    format!("response.body{}", path.iter().map(|name| step(name, careful)).collect::<String>())
}

fn step(name: &str, careful: bool) -> String {
    let is_plain = layout::key(name) == name && !super::naming::parameter(name).ends_with("_value");
    match (is_plain, careful) {
        (true, true) => format!("?.{name}"),
        (true, false) => format!(".{name}"),
        (false, true) => format!("?[{}]", layout::text(name)),
        (false, false) => format!("[{}]", layout::text(name)),
    }
}

fn reached<'b>(body: &'b Json, path: &[String]) -> Option<&'b Json> {
    path.iter().try_fold(body, |here, name| here.get(name))
}

fn place(body: &mut Json, path: &[String], value: Json) {
    match path {
        [] => *body = value,
        [name, rest @ ..] => {
            if !body.is_object() {
                *body = Json::Object(Map::new());
            }
            place(&mut body[name.as_str()], rest, value);
        }
    }
}

/// Takes the field away to which a path leads.
fn forget(body: &mut Json, path: &[String]) {
    let Some((last, way)) = path.split_last() else { return };
    let inner = way.iter().try_fold(body, |here, name| here.get_mut(name));
    if let Some(Json::Object(map)) = inner {
        map.shift_remove(last);
    }
}
