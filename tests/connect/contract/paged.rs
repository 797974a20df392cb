//! Answers after which another page comes.

use orchestra_flow::base::value::Value;
use orchestra_flow::lang::plan::connector::{Answer, Example, PageKind, Paginate};
use regex::Regex;
use serde_json::{Value as Json, json};

/// More than any service gives on one page.
const FULL: usize = 1000;

/// The answer of an example as if there were more, and the parameters without how much is wanted: where `next` looks for the
/// next page there is one, and where it counts, the page is full.
pub fn page_before_another(paginate: &Paginate, example: &Example) -> (Answer, Value) {
    let mut answer = example.answers().last().unwrap_or_default();
    let mut body = answer.body.to_json();
    let places = paginate.next.as_ref().map(|next| places(&next.source)).unwrap_or_default();
    for place in &places {
        let value = match body.pointer(place) {
            Some(Json::Bool(is_last)) => json!(!is_last),
            Some(Json::Number(_)) => json!(100),
            _ if paginate.kind == PageKind::Link => json!("/next"),
            _ => json!("100"),
        };
        put(&mut body, place, value);
    }
    if places.is_empty() {
        fill(&mut body);
    }
    answer.body = Value::from_json(body);
    let mut params = example.params.as_map().cloned().unwrap_or_default();
    params.shift_remove("limit");
    (answer, params.into())
}

/// Where in the body an expression looks, as pointers; nowhere, where it counts what came.
fn places(source: &str) -> Vec<String> {
    if source.contains("len()") {
        return Vec::new();
    }
    let place = Regex::new(r#"response\.body((?:\??\.\w+|\??\["[^"]+"\])+)"#).expect("a pattern");
    let name = Regex::new(r#"[\w@.]*\w"#).expect("a pattern");
    let steps = |place: &str| {
        let steps = place.split(['?', '[', ']']).flat_map(|step| match step.strip_prefix('"') {
            Some(quoted) => vec![quoted.trim_end_matches('"')],
            None => step.split('.').collect(),
        });
        steps.filter(|step| name.is_match(step)).map(|step| format!("/{step}")).collect::<String>()
    };
    place.captures_iter(source).map(|found| steps(&found[1])).collect()
}

fn put(body: &mut Json, place: &str, value: Json) {
    let (above, name) = place.rsplit_once('/').unwrap_or(("", place));
    if !above.is_empty() && !body.pointer(above).is_some_and(Json::is_object) {
        put(body, above, json!({}));
    }
    if let Some(Json::Object(fields)) = body.pointer_mut(above) {
        fields.insert(name.to_owned(), value);
    }
}

/// Makes each list of an answer as long as no page is.
fn fill(body: &mut Json) {
    match body {
        Json::Array(items) => {
            *items = items.iter().cycle().take(if items.is_empty() { 0 } else { FULL }).cloned().collect()
        }
        Json::Object(fields) => fields.values_mut().filter(|it| it.is_array()).for_each(fill),
        _ => {}
    }
}
