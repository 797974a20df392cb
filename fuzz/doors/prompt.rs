//! Whatever is piped into `flow repl` is cut into pieces without a loss, and each is read or refused in words; nothing is carried out.

use std::cell::{Cell, RefCell};
use std::sync::Once;

use orchestra_flow::cli::{Piece, Reader};

thread_local! {
    static READER: RefCell<Option<Reader>> = const { RefCell::new(None) };
    /// How often something broke here: a prompt survives that, and goes on.
    static BROKEN: Cell<usize> = const { Cell::new(0) };
}

pub fn enter(data: &[u8]) {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            BROKEN.with(|broken| broken.set(broken.get() + 1));
            usual(panic);
        }));
    });
    let text = String::from_utf8_lossy(data);
    let broken = BROKEN.with(Cell::get);
    let pieces = READER.with_borrow_mut(|reader| match reader {
        Some(reader) => reader.read(&text),
        None => reader.insert(Reader::new().expect("there are threads")).read(&text),
    });
    assert_eq!(BROKEN.with(Cell::get), broken, "something broke on the way:\n{text}");
    let whole: String = pieces.iter().map(|piece| &*piece.text).collect();
    let rest =
        text.strip_prefix(&*whole).unwrap_or_else(|| panic!("the pieces are not the text:\n{text}\n{pieces:#?}"));
    // What is left behind the last piece says nothing.
    let comments = |line: &str| line.trim().is_empty() || line.contains("//") || rest.contains("/*");
    assert!(rest.lines().all(comments), "this was left out: {rest:?} of\n{text}");
    pieces.iter().enumerate().for_each(|(place, piece)| holds(piece, place + 1 == pieces.len()));
}

fn holds(piece: &Piece, is_last: bool) {
    assert!(is_last || !piece.is_open, "a piece ends in the middle: {:?}", piece.text);
    let is_command = piece.text.trim_start().starts_with(':');
    assert!(
        is_command || piece.read_as.is_some() != piece.refused.contains(' '),
        "neither read nor refused: {piece:#?}"
    );
    assert!(piece.read_as.is_none() || !piece.is_open, "what is open was read: {piece:#?}");
    assert_eq!(bare(&piece.painted), bare(&piece.text), "colours change the text");
}

/// A text without escape sequences for colours.
fn bare(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default();
    let rest = pieces.map(|piece| piece.split_once('m').map_or(piece, |(_, rest)| rest));
    std::iter::once(first).chain(rest).collect()
}
