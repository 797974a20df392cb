//! Whatever text can be read has one form: formatting it again changes nothing, no letter is lost, and it means the same.

use std::collections::BTreeMap;

use orchestra_flow::base::span::Source;
use orchestra_flow::lang::{self, NoFiles, Unformatted};

pub fn enter(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let once = match lang::format(&Source::new("fuzz.flow", &text)) {
        Ok(once) => once,
        Err(Unformatted::Broken(faults)) => return assert!(!faults.is_empty(), "it was refused without a word"),
        Err(Unformatted::Different(place)) => panic!("the formatter would change what is read at {place:?}:\n{text}"),
    };
    let twice = lang::format(&Source::new("fuzz.flow", &once));
    let twice = twice.unwrap_or_else(|why| panic!("what was formatted is refused: {why:?}\n{once}"));
    assert_eq!(once, twice, "a second time something else comes of\n{text}");
    assert_eq!(letters(&once), letters(&text), "letters are other ones");
    assert_eq!(plans(&once), plans(&text), "it means something else:\n{once}");
}

/// What stands in a text beside blanks, and beside the mark that some editors put at the beginning.
fn letters(text: &str) -> String {
    text.trim_start_matches('\u{feff}').split_whitespace().collect()
}

/// The plans of a program; nothing where the check refuses it.
fn plans(text: &str) -> Option<BTreeMap<String, String>> {
    let package = lang::compile("fuzz.flow", text, &NoFiles).package?;
    Some(package.plans.iter().map(|(name, plan)| (name.to_string(), plan.digest.to_string())).collect())
}
