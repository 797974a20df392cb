//! The reference of the language shows every construct at work: each rule of the grammar takes part in one of its programs.

use std::collections::BTreeSet;
use std::fs;

use orchestra_flow::base::span::Source;
use orchestra_flow::base::stack::with_room;
use orchestra_flow::lang::syntax;
use regex::Regex;

use super::page::{Page, Part};
use super::root;

/// The rules that stand in the tree and are not about mistakes, as the grammar's files declare them.
fn declared() -> BTreeSet<String> {
    let rule = Regex::new(r"(?m)^([a-z]\w*)\s*=\s*[@$!]?\s*\{").expect("a pattern");
    let files = fs::read_dir(root().join("grammar")).expect("the folder is part of the repository").flatten();
    let texts = files.map(|entry| entry.path()).filter(|path| !path.ends_with("mistaken.pest"));
    let texts = texts.map(|path| fs::read_to_string(path).expect("grammars are UTF-8"));
    let mut rules = BTreeSet::new();
    for text in texts {
        rules.extend(rule.captures_iter(&text).map(|found| found[1].to_owned()));
    }
    rules.retain(|rule| !is_about_mistakes(rule));
    rules
}

/// Whether what the rule reads is reported, or only looked at to tell what follows.
fn is_about_mistakes(rule: &str) -> bool {
    let begins = ["mistaken_", "misplaced_", "junk_", "late_"].iter().any(|start| rule.starts_with(start));
    begins
        || rule.ends_with("_below")
        || ["arm_item", "fault", "inner_text", "or_word", "semicolon", "two_braces", "type_ahead"].contains(&rule)
}

#[test]
fn each_construct_stands_in_a_program_of_the_reference() {
    let look = || {
        let page = Page::read("docs/language.md");
        let mut shown = BTreeSet::new();
        for (_, block) in page.parts(Part::Program) {
            shown.append(&mut syntax::rules(&Source::new("page.flow", &block.text)));
        }
        let missing: Vec<_> = declared().difference(&shown).cloned().collect();
        assert!(missing.is_empty(), "no program of docs/language.md shows these rules of the grammar: {missing:#?}");
    };
    with_room(true, look).expect("a thread starts");
}
