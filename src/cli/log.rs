//! Lines of the log of a run on stderr: `log.info` and its like, `print` of scripts, and what the engine itself reports.

use std::fmt::Write as _;
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::paper::{Palette, styled};
use super::screen::Screen;
use super::tree::clock;
use crate::base::time::Timestamp;
use crate::connect::log;

/// Where `log.info`, `log.warn` and `log.error` go.
pub fn to_screen(screen: Arc<Screen>) -> log::Log {
    log::Log::new(move |line| {
        let (word, style) = match line.level {
            log::Level::Info => ("info", screen.palette.busy),
            log::Level::Warn => ("warn", screen.palette.doubtful),
            log::Level::Error => ("error", screen.palette.bad),
        };
        let values = if line.values.is_unit() { String::new() } else { format!("  {}", line.values) };
        let time = styled(screen.palette.faint, clock(Timestamp::now(), false));
        screen.line(&format!("{time} {}  {} {}{values}", line.place, styled(style, word), line.message));
    })
}

/// Shows what the engine reports by `tracing`, from now on and for the whole process.
pub fn listen(screen: Arc<Screen>) {
    let listener = Listener { palette: screen.palette, line: Box::new(move |line| screen.line(line)) };
    // Somebody who listens already goes on listening.
    let _ = tracing::subscriber::set_global_default(listener);
}

/// Says on stderr what is reported by `tracing` while this thread does this, where nobody shows it yet.
#[cfg(feature = "sqlite")]
pub fn heard<T>(work: impl FnOnce() -> T) -> T {
    let listener = Listener { palette: Palette::for_stderr(), line: Box::new(super::paper::say) };
    tracing::subscriber::with_default(listener, work)
}

/// Takes the events of this crate and no others: what libraries report is not the reader's affair.
struct Listener {
    palette: Palette,
    line: Box<dyn Fn(&str) + Send + Sync>,
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= Level::INFO && metadata.target().starts_with("orchestra_flow")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = Message::default();
        event.record(&mut message);
        let (word, style) = match *event.metadata().level() {
            Level::ERROR => ("error", self.palette.bad),
            Level::WARN => ("warn", self.palette.doubtful),
            _ => ("print", self.palette.busy),
        };
        let time = styled(self.palette.faint, clock(Timestamp::now(), false));
        (self.line)(&format!("{time} {}  {}", styled(style, word), message.text));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The text of an event; its fields say which run it is, and here there is one.
#[derive(Default)]
struct Message {
    text: String,
}

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.text, "{value:?}");
        }
    }
}
