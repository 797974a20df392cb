//! The pages of a form, as HTML. Whatever a program or a person wrote is a text in them, and never more.

use std::fmt::Write as _;

use super::declared::Declared;
use super::field::Asks;
use super::request::Answer;
use crate::base::shape::{Bounds, Field, Misfit, Shape};
use crate::base::value::Value;

/// What a browser may do for these pages: show them, and send their forms back.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// How often a page looks again where a run stands, in seconds.
const LOOK_AGAIN: u32 = 3;

const STYLE: &str = "\
body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
label,legend{display:block;font-weight:600;margin-top:1.2rem}fieldset{border:0;padding:0;margin:0}\
fieldset label{font-weight:400;margin:0}.doc{margin:0;color:#555}.fault{margin:.2rem 0;color:#a00}\
input,select,textarea{font:inherit;box-sizing:border-box;width:100%;padding:.4rem;border:1px solid #888;border-radius:4px}\
input[type=checkbox]{width:auto}[aria-invalid]{border-color:#a00}pre{white-space:pre-wrap;background:#f4f4f4;padding:.8rem}\
button{font:inherit;margin-top:1.5rem;padding:.5rem 1.5rem}@media(prefers-color-scheme:dark)\
{body{color:#ddd;background:#1b1b1b}.doc{color:#aaa}.fault{color:#f88}pre,input,select,textarea{background:#2a2a2a;color:#ddd}}";

/// What is shown of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// In one word.
    pub status: String,
    /// Whether it will change no more.
    pub rests: bool,
    /// What it replied, or its output.
    pub answer: Value,
    /// What it failed with.
    pub failure: Option<String>,
}

/// A form with these texts in its fields and the faults beside them.
pub fn form(
    declared: &Declared,
    marks: &[(&str, String)],
    texts: &[(String, String)],
    faults: &[Misfit],
    note: Option<&str>,
) -> String {
    let mut html = String::new();
    if let Some(doc) = &declared.plan.doc {
        for part in doc.split("\n\n") {
            let _ = write!(html, "<p>{}</p>", escaped(part));
        }
    }
    if let Some(note) = note {
        let _ = write!(html, "<p class=fault role=alert>{}</p>", escaped(note));
    }
    html.push_str("<form method=post accept-charset=utf-8>");
    for (name, mark) in marks {
        let _ = write!(html, "<input type=hidden name=\"{}\" value=\"{}\">", escaped(name), escaped(mark));
    }
    let fields = &declared.plan.input.fields;
    for field in fields {
        let texts: Vec<&str> =
            texts.iter().filter(|(name, _)| **name == *field.name).map(|(_, text)| text.as_str()).collect();
        let faults: Vec<&Misfit> = faults.iter().filter(|fault| is_about(fault, &field.name)).collect();
        one(&mut html, field, &texts, &faults);
    }
    for fault in faults.iter().filter(|fault| !fields.iter().any(|field| is_about(fault, &field.name))) {
        let _ = write!(html, "<p class=fault>{}</p>", escaped(&fault.to_string()));
    }
    html.push_str("<button>Send</button></form>");
    page(declared, "", &html)
}

/// Where a run stands.
pub fn status(declared: &Declared, shown: &Shown) -> Answer {
    let again = if shown.rests { String::new() } else { format!("<meta http-equiv=refresh content={LOOK_AGAIN}>") };
    let mut html = format!("<p>Your request: <strong>{}</strong>.</p>", escaped(&shown.status));
    if let Some(failure) = &shown.failure {
        let _ = write!(html, "<p class=fault>{}</p>", escaped(failure));
    }
    match &shown.answer {
        Value::Unit | Value::Null => {}
        Value::Text(text) => drop(write!(html, "<p>{}</p>", escaped(text))),
        Value::Map(map) if map.is_empty() => {}
        other => {
            let json = serde_json::to_string_pretty(&other.without_absent().to_json()).unwrap_or_default();
            let _ = write!(html, "<pre>{}</pre>", escaped(&json));
        }
    }
    if !shown.rests {
        html.push_str("<p class=doc>This page looks again every few seconds. You may close it.</p>");
    }
    private(Answer::page(200, page(declared, &again, &html)))
}

/// A page that says one thing.
pub fn said(declared: &Declared, status: u16, text: &str) -> Answer {
    private(Answer::page(status, page(declared, "", &format!("<p>{}</p>", escaped(text)))))
}

/// A page that is kept nowhere and tells nobody where it was found.
pub fn private(answer: Answer) -> Answer {
    answer
        .header("cache-control", "no-store")
        .header("content-security-policy", POLICY)
        .header("referrer-policy", "no-referrer")
}

fn page(declared: &Declared, head: &str, body: &str) -> String {
    let title = escaped(declared.plan.title.as_ref().unwrap_or(&declared.plan.name));
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         {head}<title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>"
    )
}

/// Whether a fault is about this field or something in it.
fn is_about(fault: &Misfit, name: &str) -> bool {
    fault.path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn one(html: &mut String, field: &Field, texts: &[&str], faults: &[&Misfit]) {
    let name = escaped(&field.name);
    let label = label(&field.name);
    let asks = Asks::of(&field.shape);
    let must = field.default.is_none() && !field.shape.may_be_absent();
    let mut how = format!(" id=\"{name}\" name=\"{name}\"");
    if !faults.is_empty() {
        how.push_str(" aria-invalid=true");
    }
    if must && !matches!(asks, Asks::Tick | Asks::SomeOf(_)) {
        how.push_str(" required");
    }
    // What is secret does not come back.
    let typed = texts.last().copied().filter(|_| !field.shape.has_secret()).unwrap_or_default();
    let doc = field.doc.as_ref().map(|doc| format!("<p class=doc>{}</p>", escaped(doc))).unwrap_or_default();
    let _ = match &asks {
        Asks::SomeOf(choices) => {
            let one = |choice: &Value| {
                let text = escaped(&choice.to_string());
                let ticked = if texts.iter().any(|typed| *typed == choice.to_string()) { " checked" } else { "" };
                format!("<label><input type=checkbox name=\"{name}\" value=\"{text}\"{ticked}> {text}</label>")
            };
            let all: String = choices.iter().map(one).collect();
            write!(html, "<fieldset><legend>{label}</legend>{doc}{all}</fieldset>")
        }
        Asks::Tick => {
            let ticked = if matches!(typed, "true" | "on") { " checked" } else { "" };
            write!(html, "<label><input type=checkbox value=true{how}{ticked}> {label}</label>{doc}")
        }
        Asks::OneOf(choices) => {
            let one = |choice: &Value| {
                let text = escaped(&choice.to_string());
                let chosen = if typed == choice.to_string() { " selected" } else { "" };
                format!("<option value=\"{text}\"{chosen}>{text}</option>")
            };
            let none = "<option value=\"\"></option>".to_owned();
            let all: String = std::iter::once(none).chain(choices.iter().map(one)).collect();
            write!(html, "<label for=\"{name}\">{label}</label>{doc}<select{how}>{all}</select>")
        }
        Asks::Lines | Asks::List | Asks::Json => {
            let hint = match asks {
                Asks::List => "<p class=doc>One on each line.</p>",
                Asks::Json => "<p class=doc>As JSON.</p>",
                _ => "",
            };
            how.push_str(&bounds(&field.shape));
            // The first line of a text area is dropped if it is empty.
            write!(
                html,
                "<label for=\"{name}\">{label}</label>{doc}{hint}<textarea rows=5{how}>\n{}</textarea>",
                escaped(typed)
            )
        }
        Asks::Line(kind) => {
            let value = if *kind == "password" { String::new() } else { format!(" value=\"{}\"", escaped(typed)) };
            how.push_str(&bounds(&field.shape));
            write!(html, "<label for=\"{name}\">{label}</label>{doc}<input type={kind}{how}{value}>")
        }
    };
    for fault in faults {
        let inside = fault.path.strip_prefix(&*field.name).unwrap_or_default().trim_start_matches('.');
        let place = if inside.is_empty() { String::new() } else { format!("{inside}: ") };
        let _ = write!(html, "<p class=fault>{}</p>", escaped(&format!("{place}{}", fault.message)));
    }
}

/// What the browser can hold the typed text to.
fn bounds(shape: &Shape) -> String {
    let pair = |bounds: &Bounds, names: [&str; 2]| {
        let one = |bound: Option<f64>, name: &str| bound.map(|bound| format!(" {name}={bound}")).unwrap_or_default();
        format!("{}{}", one(bounds.min, names[0]), one(bounds.max, names[1]))
    };
    match shape.present() {
        Shape::Int(bounds) => pair(bounds, ["min", "max"]) + " step=1",
        Shape::Float(bounds) => pair(bounds, ["min", "max"]) + " step=any",
        Shape::Text(bounds, _) => pair(bounds, ["minlength", "maxlength"]),
        Shape::DateTime => " placeholder=\"2026-03-29T10:30:00Z\"".to_owned(),
        Shape::Duration => " placeholder=\"1h30m\"".to_owned(),
        _ => String::new(),
    }
}

/// A name as people read it: `first_name` is `First name`.
fn label(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut chars = words.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    escaped(&format!("{first}{}", chars.as_str()))
}

/// A text as it may stand anywhere in a page, in quotes or out of them.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // A page cannot hold it.
            '\0' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}
