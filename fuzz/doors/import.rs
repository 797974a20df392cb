//! Whatever a document says, what is imported of it checks and has the one form; what cannot be imported is refused in words.

use orchestra_flow::base::report;
use orchestra_flow::base::span::Source as Text;
use orchestra_flow::lang::foreign::{self, Language, Source};
use orchestra_flow::lang::{self, NoFiles};
use serde_json::Value as Json;

pub fn enter(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some(document) = serde_json::from_str::<Json>(&text).ok().or_else(|| serde_saphyr::from_str(&text).ok()) else {
        return;
    };
    let source = Source { document: &document, text: &text };
    for language in [None, Some(Language::StatesLanguage), Some(Language::ServerlessWorkflow), Some(Language::N8n)] {
        match foreign::import(&source, language, "imported") {
            Ok(imported) => checks(&imported.text, &text),
            Err(unusable) => assert!(unusable.to_string().contains(' '), "it was refused without words:\n{text}"),
        }
    }
}

fn checks(program: &str, document: &str) {
    let compiled = lang::compile("imported.flow", program, &NoFiles);
    if compiled.package.is_none() {
        let found = report::to_text(&compiled.diagnostics, &compiled.sources, false);
        panic!("what was imported does not check:\n{found}\n{program}\nof {document}");
    }
    let formatted = lang::format(&Text::new("imported.flow", program));
    assert_eq!(formatted.as_deref().ok(), Some(program), "what was imported is not in the style");
}
