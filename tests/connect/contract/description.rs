//! A vendor's description of its service: which requests there are.

use regex::Regex;
use serde_json::{Value as Json, json};

use super::strict::{Strictness, deref, fits, kinds, present};
use super::{discovery, said};

/// An OpenAPI 3 document.
pub struct Description {
    document: Json,
    /// Method, how the path looks, and the path as written; those with fewer gaps come first.
    operations: Vec<(String, Regex, String)>,
}

/// A request as it came over the wire.
pub struct Asked {
    pub method: String,
    pub path: String,
    query: Vec<(String, String)>,
    media: String,
    body: String,
}

impl Asked {
    pub fn new(request: &str) -> Self {
        let (head, body) = request.split_once("\r\n\r\n").unwrap_or((request, ""));
        let mut words = head.lines().next().unwrap_or_default().split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let media = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-type").then(|| value.split(';').next().unwrap_or_default().trim())
        });
        Self {
            method: method.to_lowercase(),
            path: path.to_owned(),
            query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            media: media.unwrap_or_default().to_owned(),
            body: body.to_owned(),
        }
    }
}

impl Description {
    /// Of the vendor's own text, of what its pages say beside it, or of both.
    pub fn new(text: Option<&str>, page: Option<&str>) -> Self {
        let page = page.map_or_else(|| json!({ "paths": {} }), said::as_openapi);
        let Some(text) = text else { return Self::of(page) };
        let document: Json = serde_json::from_str(text).expect("a description is JSON");
        let document = if document["resources"].is_object() { discovery::as_openapi(&document) } else { document };
        Self::of(said::beside(below_its_server(document), &page))
    }

    fn of(document: Json) -> Self {
        let (wide, gap) = (Regex::new(r"\\\{\\\+[^/}]*\\\}"), Regex::new(r"\\\{[^/}]*\\\}"));
        let (wide, gap) = (wide.expect("a pattern"), gap.expect("a pattern"));
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().expect("a description has paths") {
            let pattern = regex::escape(path);
            let pattern = wide.replace_all(&pattern, ".+?").into_owned();
            let pattern = gap.replace_all(&pattern, "[^/]+").into_owned();
            let pattern = Regex::new(&format!("^{pattern}$")).expect("a pattern");
            for method in item.as_object().expect("a path has methods").keys() {
                operations.push((method.clone(), pattern.clone(), path.clone()));
            }
        }
        operations
            .sort_by_key(|(.., path)| (path.contains("{+"), path.matches('{').count(), std::cmp::Reverse(path.len())));
        Self { document, operations }
    }

    /// What is said of the operation that `asked` asks for.
    pub fn find(&self, asked: &Asked) -> Option<Described<'_>> {
        let mut known = self.operations.iter();
        let (method, _, path) =
            known.find(|(method, pattern, _)| *method == asked.method && pattern.is_match(&asked.path))?;
        let item = &self.document["paths"][path];
        Some(Described { document: &self.document, shared: &item["parameters"], operation: &item[method] })
    }
}

/// The paths as they go over the wire: behind that of the server.
fn below_its_server(mut document: Json) -> Json {
    let server = document["servers"][0]["url"].as_str().and_then(|server| url::Url::parse(server).ok());
    let Some(server) = server.filter(|server| server.path() != "/") else { return document };
    let paths = document["paths"].as_object().into_iter().flatten();
    let paths = paths.map(|(path, item)| (format!("{}{path}", server.path().trim_end_matches('/')), item.clone()));
    document["paths"] = Json::Object(paths.collect());
    document
}

/// What is said of one operation.
pub struct Described<'d> {
    document: &'d Json,
    shared: &'d Json,
    operation: &'d Json,
}

impl Described<'_> {
    /// What is wrong with the request.
    pub fn request(&self, asked: &Asked) -> Vec<String> {
        let mut faults = self.query(asked);
        let described = deref(self.document, &self.operation["requestBody"]);
        match (asked.body.is_empty(), described.is_null()) {
            (true, _) if described["required"] == true => faults.push("there is no body".to_owned()),
            (false, true) => faults.push(format!("there is a body, and none is described: {}", asked.body)),
            (false, false) => faults.extend(self.body(asked, &described["content"])),
            (true, _) => {}
        }
        faults
    }

    fn query(&self, asked: &Asked) -> Vec<String> {
        let mut faults = Vec::new();
        let all = [self.shared, &self.operation["parameters"]].into_iter().filter_map(Json::as_array).flatten();
        let all = all.map(|parameter| deref(self.document, parameter));
        let known: Vec<&Json> = all.filter(|parameter| parameter["in"] == "query").collect();
        for (name, value) in &asked.query {
            match known.iter().find(|parameter| parameter["name"] == **name) {
                None => faults.push(format!("the query has `{name}`, which nobody knows")),
                Some(parameter) => {
                    let schema = present(self.document, &parameter["schema"]);
                    faults.extend(self.text(schema, value).map(|fault| format!("query `{name}`: {fault}")));
                }
            }
        }
        let required = known.iter().filter(|parameter| parameter["required"] == true);
        let missing = required.filter(|parameter| !asked.query.iter().any(|(name, _)| parameter["name"] == **name));
        faults.extend(
            missing.map(|parameter| format!("the query misses `{}`", parameter["name"].as_str().unwrap_or(""))),
        );
        faults
    }

    /// What is wrong with a text that stands for a value.
    fn text(&self, schema: &Json, value: &str) -> Option<String> {
        let (schema, parts): (&Json, Vec<&str>) = match kinds(schema).any(|kind| kind == "array") {
            true => (present(self.document, &schema["items"]), value.split(',').collect()),
            false => (schema, vec![value]),
        };
        parts.into_iter().find_map(|part| {
            let kind = kinds(schema).next().unwrap_or_default();
            let wrong = match kind {
                "integer" => part.parse::<i64>().is_err(),
                "number" => part.parse::<f64>().is_err(),
                "boolean" => part != "true" && part != "false",
                _ => false,
            };
            let named = schema["enum"].as_array().is_some_and(|all| !all.iter().any(|one| one == part));
            match (wrong, named) {
                (true, _) => Some(format!("`{part}` is no {kind}")),
                (false, true) => Some(format!("`{part}` is none of {}", schema["enum"])),
                (false, false) => None,
            }
        })
    }

    fn body(&self, asked: &Asked, content: &Json) -> Vec<String> {
        let Some(described) = content.get(&*asked.media) else {
            let known: Vec<&String> = content.as_object().into_iter().flat_map(|content| content.keys()).collect();
            // Files are sent as what they are.
            let any = known.iter().any(|media| media.contains('*') || media.contains("octet-stream"));
            return match any && asked.media != "application/json" {
                true => Vec::new(),
                false => vec![format!("the body is {}, and may be {known:?}", asked.media)],
            };
        };
        let value = match &*asked.media {
            "application/json" => serde_json::from_str(&asked.body).unwrap_or(Json::Null),
            "multipart/form-data" => Json::Object(parts(&asked.body).map(|name| (name, Json::Null)).collect()),
            // A form carries texts only; that its fields are known is what can be said of it.
            "application/x-www-form-urlencoded" => {
                let fields = url::form_urlencoded::parse(asked.body.as_bytes()).into_owned();
                Json::Object(fields.map(|(name, value)| (name, value.into())).collect())
            }
            _ => return Vec::new(),
        };
        let strictness = Strictness { whole: true, texts: asked.media != "application/json" };
        let mut faults = fits(self.document, &described["schema"], &value, strictness, "body");
        // Of the parts of a body their names are known, and not what they hold.
        faults.retain(|fault| asked.media != "multipart/form-data" || !fault.ends_with("null"));
        faults
    }

    /// What is wrong with an answer of an example, which may leave out what nobody reads.
    pub fn answer(&self, asked: &Asked, status: u16, body: &Json) -> Vec<String> {
        // A file, as it is.
        let is_media = asked.query.iter().any(|(name, value)| name == "alt" && value == "media");
        // What was added to a description is said in part only.
        let is_added = self.operation["x-ours"] == true && self.operation["x-alias-of"].is_null();
        if is_media || is_added || body.is_null() {
            return Vec::new();
        }
        let answers = &self.operation["responses"];
        let exact = answers.get(status.to_string());
        let good = || answers.as_object()?.iter().find(|(status, _)| status.starts_with('2')).map(|(_, answer)| answer);
        let Some(described) = exact.or_else(good) else { return Vec::new() };
        let schema = &deref(self.document, described)["content"]["application/json"]["schema"];
        let faults = fits(self.document, schema, body, Strictness { whole: false, texts: false }, "answer");
        // Fields that were asked for by name come beside those of the short form.
        let words: Vec<&str> =
            asked.query.iter().flat_map(|(_, value)| value.split([',', '.', '(', ')', '/'])).collect();
        let was_asked = |fault: &String| words.iter().any(|word| fault.ends_with(&format!("there is no `{word}`")));
        faults.into_iter().filter(|fault| !was_asked(fault)).collect()
    }
}

/// The names of the parts of a multipart body.
fn parts(body: &str) -> impl Iterator<Item = String> + '_ {
    let heads = body.lines().filter(|line| line.to_lowercase().starts_with("content-disposition: form-data;"));
    heads.filter_map(|line| Some(line.split_once("; name=\"")?.1.split_once('"')?.0.to_owned()))
}
