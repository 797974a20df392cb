//! Any text is a program or has diagnostics; it never panics, hangs or overflows the stack.

use orchestra_flow::base::report;
use orchestra_flow::lang::{self, NoFiles};

pub fn enter(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let compilation = lang::compile("fuzz.flow", &text, &NoFiles);
    // What is found can be shown, whatever the text.
    let shown = report::to_text(&compilation.diagnostics, &compilation.sources, false);
    assert_eq!(shown.is_empty(), compilation.diagnostics.is_empty());
}
