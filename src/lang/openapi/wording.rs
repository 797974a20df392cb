//! Prose of a description as comments of a program hold it: plain, short, on one line.

use crate::base::letter::is_hidden;

/// How long a comment may be.
const CHARS_MAX: usize = 200;
/// How long a title may be.
const TITLE_CHARS_MAX: usize = 60;

/// The first sentences of a text, at most two; `None` where it says nothing.
pub fn sentences(text: &str) -> Option<String> {
    let plain = line(text.split("\n\n").find(|part| !part.trim().is_empty()).unwrap_or_default());
    let mut taken = String::new();
    for (count, sentence) in plain.split_inclusive(". ").enumerate() {
        if count == 2 || (count > 0 && taken.chars().count() + sentence.chars().count() > CHARS_MAX) {
            break;
        }
        taken.push_str(sentence);
    }
    let taken = shortened(taken.trim(), CHARS_MAX);
    if taken.is_empty() {
        return None;
    }
    let ends = taken.ends_with(['.', '!', '?', ':', '…']);
    Some(if ends { taken } else { format!("{taken}.") })
}

/// A title without what surrounds it in descriptions.
pub fn title(text: &str) -> String {
    shortened(text, TITLE_CHARS_MAX)
}

/// A text on one line, without marks of HTML and Markdown and without letters that nobody sees.
pub fn line(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        plain.push_str(before);
        let is_tag = tag[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        match tag.find('>').filter(|_| is_tag) {
            Some(end) => {
                plain.push(' ');
                rest = &tag[end + 1..];
            }
            None => {
                plain.push('<');
                rest = &tag[1..];
            }
        }
    }
    plain.push_str(rest);
    let plain: String =
        plain.replace("**", "").replace("__", "").chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    let joined = unlinked(&plain).split_whitespace().collect::<Vec<_>>().join(" ");
    // A mark that stood behind a tag.
    let joined = [".", ",", ";", ":"].iter().fold(joined, |text, mark| text.replace(&format!(" {mark}"), mark));
    joined.trim_start_matches('#').trim().to_owned()
}

/// `[text](address)` as `text`.
fn unlinked(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once('[') {
        plain.push_str(before);
        let link = inside.split_once("](").and_then(|(words, tail)| Some((words, tail.split_once(')')?.1)));
        match link {
            Some((words, tail)) if !words.contains(['[', '\n']) => {
                plain.push_str(words);
                rest = tail;
            }
            _ => {
                plain.push('[');
                rest = inside;
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => {
            let cut = text[..end].rfind(' ').unwrap_or(end);
            format!("{}…", text[..cut].trim_end_matches([' ', ',', ';', '.']))
        }
        None => text.to_owned(),
    }
}
