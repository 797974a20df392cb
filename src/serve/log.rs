//! What the engine and its programs report, to stderr: for people, or as one JSON object a line.

use std::io::{self, Write as _};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::base::letter::one_line;
use crate::base::secret::Mask;

/// Takes what this crate and its programs report, from now on and for the whole process. Whoever listens already goes on
/// listening.
pub fn listen(json: bool, mask: Mask) {
    // What libraries report is not the reader's affair.
    let ours = Targets::new().with_target("orchestra_flow", LevelFilter::INFO);
    let registry = tracing_subscriber::registry().with(ours);
    let begun = if json {
        registry.with(fmt::layer().json().with_ansi(false).with_writer(Covering(mask))).try_init()
    } else {
        registry.with(fmt::layer().with_ansi(false).with_target(false).with_writer(Covering(mask))).try_init()
    };
    drop(begun);
}

/// Writes to stderr what has no secret in it any more.
struct Covering(Mask);

impl<'a> MakeWriter<'a> for Covering {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { mask: &self.0, text: Vec::new() }
    }
}

/// One line, written when it is whole.
struct Line<'a> {
    mask: &'a Mask,
    text: Vec<u8>,
}

impl io::Write for Line<'_> {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let text = self.mask.cover(&String::from_utf8_lossy(&self.text));
        let line = one_line(text.trim_end_matches('\n')) + "\n";
        // A log that nobody takes is no reason to stop.
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
}
