//! Any inline script is refused with diagnostics, or evaluated to a value or an error within its bounds.

use orchestra_flow::base::span::{FileId, Span};
use orchestra_flow::base::time::Timestamp;
use orchestra_flow::base::value::Value;
use orchestra_flow::lang::script::{self, Form, Library, Scope};

struct Names;

impl Scope for Names {
    fn root(&self, _: usize) -> Option<Value> {
        Some(Value::map([("a", Value::Int(1)), ("b", Value::list([Value::Int(1), "x".into()]))]))
    }
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    fn draw(&self) -> u64 {
        4
    }
    fn print(&self, _: &str) {}
    fn env(&self, _: &str) -> Option<Value> {
        None
    }
    fn secret(&self, _: &str) -> Option<Value> {
        None
    }
    fn millis_max(&self) -> u64 {
        // Endless loops are soon found, and would take all the time there is.
        100
    }
}

pub fn enter(data: &[u8]) {
    let text = &*String::from_utf8_lossy(data);
    for form in [Form::Expression, Form::Block] {
        let span = Span::new(FileId(0), 0..text.len());
        if let Ok(script) = script::compile(text, span, form, &Library::default()) {
            // Broken is as good as a value: what counts is that it comes back, and that Rhai takes what we took.
            if let Err(broken) = script.evaluate(&Names) {
                assert!(!broken.message.contains("Rhai does not take"), "{text}: {broken}");
            }
        }
    }
}
