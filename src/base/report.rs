//! Diagnostics as people read them, and as programs do. Nothing is printed here: texts go in and out.

use std::borrow::Cow;
use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use super::diagnostic::{Diagnostic, Hint, Label, Severity};
use super::letter;
use super::limit;
use super::span::{FileId, Sources, Span};

/// Every diagnostic with its place, the lines it is about and the ways out, and at the end how many there are.
///
/// The first line of each is `FILE:LINE:COLUMN: severity[CODE]: message`. `colour` adds escape sequences for terminals; without it the
/// text is plain. Characters that would act on a terminal are shown as `�`. No diagnostics give an empty text.
pub fn to_text(diagnostics: &[Diagnostic], sources: &Sources, colour: bool) -> String {
    format!("{}{}", each(diagnostics, sources, colour), count(diagnostics))
}

/// Every diagnostic as [`to_text`] shows it, without their number.
pub fn each(diagnostics: &[Diagnostic], sources: &Sources, colour: bool) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics.iter().take(limit::DIAGNOSTICS_MAX) {
        write_one(diagnostic, sources, colour, &mut text);
        text.push('\n');
    }
    if diagnostics.len() > limit::DIAGNOSTICS_MAX {
        let _ = writeln!(text, "and so on: only the first {} are shown", limit::DIAGNOSTICS_MAX);
    }
    text
}

/// How many diagnostics there are, as a line; an empty text where there are none.
pub fn count(diagnostics: &[Diagnostic]) -> String {
    if diagnostics.is_empty() { String::new() } else { format!("{}\n", summary(diagnostics)) }
}

/// `1 error, 2 warnings`
fn summary(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let count = |number: usize, word: &str| match number {
        0 => None,
        1 => Some(format!("1 {word}")),
        _ => Some(format!("{number} {word}s")),
    };
    let counts = [count(errors, "error"), count(diagnostics.len() - errors, "warning")];
    counts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn write_one(diagnostic: &Diagnostic, sources: &Sources, colour: bool, text: &mut String) {
    let (word, level, paint) = match diagnostic.severity {
        Severity::Error => ("error", Level::ERROR, "\u{1b}[1;31m"),
        Severity::Warning => ("warning", Level::WARNING, "\u{1b}[1;33m"),
    };
    let (paint, bold, plain) = if colour { (paint, "\u{1b}[1m", "\u{1b}[0m") } else { ("", "", "") };
    let (place, _) = sources.positions(diagnostic.primary.span);
    let file = letter::one_line(&safe(&sources.get(diagnostic.primary.span.file).name));
    let (code, message) = (diagnostic.code.0, safe(&diagnostic.message));
    let _ =
        writeln!(text, "{file}:{}:{}: {paint}{word}[{code}]{plain}{bold}: {message}{plain}", place.line, place.column);

    let mut group = Group::with_level(level);
    // The file of the primary label comes first, and needs no title: the line above names it.
    let own = diagnostic.primary.span.file;
    let mut files: Vec<FileId> =
        std::iter::once(own).chain(diagnostic.others.iter().map(|label| label.span.file)).collect();
    files.dedup();
    for (index, file) in files.iter().enumerate() {
        if files[..index].contains(file) {
            continue;
        }
        group = group.element(snippet(*file, diagnostic, sources));
    }
    for hint in &diagnostic.hints {
        group = group.element(Level::HELP.message(safe(&advice(hint)).into_owned()));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    text.push_str(renderer.render(&[group]).trim_end());
    text.push('\n');
}

/// A hint in words: what is to be put in is said where the advice does not say it already.
fn advice(hint: &Hint) -> Cow<'_, str> {
    match &hint.edit {
        // A comma or a bracket that is put in is told in words.
        Some((_, edit))
            if edit.contains(char::is_alphanumeric) && !edit.contains('\n') && !hint.text.contains(edit.trim()) =>
        {
            Cow::Owned(format!("{}: `{}`", hint.text, edit.trim()))
        }
        _ => Cow::Borrowed(&hint.text),
    }
}

/// How much of a file one diagnostic shows, in bytes: beyond it, only what is around its place.
const SHOWN_BYTES_MAX: usize = 64 * 1024;

/// The lines that `span` lies in, under their place, with `label` beside the underline.
pub fn excerpt(span: Span, label: &str, sources: &Sources, colour: bool) -> String {
    let diagnostic = Diagnostic::error(super::diagnostic::Code(""), span, "").label(label);
    let shown = snippet(span.file, &diagnostic, sources).path(safe(&sources.get(span.file).name).into_owned());
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[Group::with_level(Level::ERROR).element(shown)]).trim_end().to_owned()
}

/// The lines of one file that the labels of a diagnostic are about.
fn snippet<'a>(
    file: FileId,
    diagnostic: &'a Diagnostic,
    sources: &'a Sources,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let source = sources.get(file);
    let here = |label: &&Label| label.span.file == file;
    let others = diagnostic.others.iter().filter(here);
    let primary = Some(&diagnostic.primary).filter(here);
    let spans: Vec<Span> = primary.into_iter().chain(others.clone()).map(|label| label.span).collect();
    let first = spans.iter().map(|span| source.position(span.start).line).min().unwrap_or(1);
    let last = spans.iter().map(|span| source.position(span.end).line).max().unwrap_or(1);
    // Only these lines are handed over: a large file is not cut into lines again for each diagnostic.
    let mut lines = source.line_range(first).start..source.line_range(last).end;
    if lines.len() > SHOWN_BYTES_MAX {
        let near = spans.first().map_or(lines.clone(), |span| span.range());
        let whole = |at: usize| (0..=at).rev().find(|at| source.text.is_char_boundary(*at)).unwrap_or(0);
        let (before, after) = (near.start.saturating_sub(SHOWN_BYTES_MAX / 2), near.start + SHOWN_BYTES_MAX / 2);
        lines = whole(lines.start.max(before))..whole(lines.end.min(after));
    }
    let start = lines.start;
    let shown = safe(&source.text[lines]);
    let length = shown.len();
    let range = |span: Span| {
        let clip = |offset: u32| (offset as usize).saturating_sub(start).min(length);
        clip(span.start)..clip(span.end).max(clip(span.start))
    };
    let annotation = |kind: AnnotationKind, label: &'a Label| {
        let annotation = kind.span(range(label.span));
        if label.text.is_empty() { annotation } else { annotation.label(safe(&label.text).into_owned()) }
    };
    let mut snippet = Snippet::source(shown).line_start(first as usize);
    if file != diagnostic.primary.span.file {
        snippet = snippet.path(safe(&source.name).into_owned());
    }
    snippet
        .annotations(primary.map(|label| annotation(AnnotationKind::Primary, label)))
        .annotations(others.map(|label| annotation(AnnotationKind::Context, label)))
}

/// A text in which nothing acts on a terminal. As long as it was, byte by byte, so that offsets stay true.
fn safe(text: &str) -> Cow<'_, str> {
    let acts = |letter: char| letter != '\n' && letter != '\t' && (letter == '\r' || letter::is_hidden(letter));
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().flat_map(|letter| {
        let stand_in = match (acts(letter), letter.len_utf8()) {
            (false, _) => [Some(letter), None],
            (true, 1) => [Some(if letter == '\r' { ' ' } else { '?' }), None],
            (true, 2) => [Some('¿'), None],
            (true, 3) => [Some('\u{fffd}'), None],
            (true, _) => [Some('\u{fffd}'), Some('?')],
        };
        stand_in.into_iter().flatten()
    });
    Cow::Owned(shown.collect())
}

/// The diagnostics as a JSON list, for tools: code, severity, message, file, place and end (lines and columns from 1, columns in
/// characters, the end exclusive), labels, and hints, each with the edit that carries it out where there is one.
pub fn to_json(diagnostics: &[Diagnostic], sources: &Sources) -> Value {
    diagnostics.iter().take(limit::DIAGNOSTICS_MAX).map(|diagnostic| one_to_json(diagnostic, sources)).collect()
}

fn one_to_json(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let mut object = place_to_json(diagnostic.primary.span, sources);
    let labels = std::iter::once(&diagnostic.primary).chain(&diagnostic.others);
    let labels: Vec<Value> =
        labels.filter(|label| !label.text.is_empty()).map(|label| label_to_json(label, sources)).collect();
    let hints: Vec<Value> = diagnostic.hints.iter().map(|hint| hint_to_json(hint, sources)).collect();
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let head = json!({ "code": diagnostic.code.0, "severity": severity, "message": diagnostic.message });
    let tail = json!({ "labels": labels, "hints": hints });
    let mut whole = head;
    if let (Value::Object(whole), Value::Object(place), Value::Object(tail)) = (&mut whole, &mut object, tail) {
        whole.append(place);
        whole.extend(tail);
    }
    whole
}

fn label_to_json(label: &Label, sources: &Sources) -> Value {
    let mut object = place_to_json(label.span, sources);
    object["text"] = label.text.as_str().into();
    object
}

fn hint_to_json(hint: &Hint, sources: &Sources) -> Value {
    let mut object = json!({ "text": hint.text });
    if let Some((span, text)) = &hint.edit {
        object["edit"] = place_to_json(*span, sources);
        object["edit"]["text"] = text.as_str().into();
    }
    object
}

fn place_to_json(span: Span, sources: &Sources) -> Value {
    let (start, end) = sources.positions(span);
    let file = &*sources.get(span.file).name;
    json!({ "file": file, "line": start.line, "column": start.column, "end_line": end.line, "end_column": end.column })
}
