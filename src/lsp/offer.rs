//! What could be written at a place, for whoever has a text and no editor: `flow repl` asks here.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::completion::completions;
use super::desk::Desk;
use super::disk::Arrived;
use super::place::Place;
use super::position::Encoding;
use crate::lang::{Files, Kept};

/// How often a text is looked at anew because it uses files that use others.
const DEPTH_MAX: usize = 32;

/// Something that could be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What it is called.
    pub label: String,
    /// What is written if it is taken, up to where one goes on writing.
    pub text: String,
    /// What it is, in a few words: a type, a signature.
    pub detail: String,
}

/// What could be written at a byte of `text`, were it the program at `path`; the likeliest first. What is there of the word before the byte
/// decides nothing. The files that it uses come from `files`; what is read stays in `kept` for the next time.
pub fn offers(path: &str, text: &str, offset: usize, files: &dyn Files, kept: &mut Kept) -> Vec<Offer> {
    let text: Arc<str> = text.into();
    let mut desk = Desk::new(Encoding::Utf8);
    desk.kept = std::mem::take(kept).into();
    let program = BTreeMap::from([(path.to_owned(), text.clone())]);
    for _ in 0..DEPTH_MAX {
        let missing = desk.look_with(path, &program).map(|look| look.missing).unwrap_or_default();
        if missing.is_empty() {
            break;
        }
        for path in missing {
            let text = files.read(&path).map(Arc::from);
            desk.arrived(Arrived { path, text, folder: None });
        }
    }
    let place = Place::at(&desk, path, text, offset);
    let answer = completions(&place);
    *kept = desk.kept.take();
    answer["items"].as_array().into_iter().flatten().filter_map(offer).collect()
}

fn offer(item: &Value) -> Option<Offer> {
    let label = item["label"].as_str()?;
    let text = item["insertText"].as_str().map_or(label, |snippet| snippet.split('$').next().unwrap_or(label));
    // Whoever has no editor goes on writing behind the brace: there are no places to jump to.
    let text = text.find(" { ").map_or(text, |at| &text[..at + 3]);
    let detail = item["detail"].as_str().unwrap_or_default();
    Some(Offer { label: label.to_owned(), text: text.to_owned(), detail: detail.to_owned() })
}
