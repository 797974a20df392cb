//! The programs of the pages: whole ones run, mistakes are told, excerpts stand in a whole one.

use std::fs;
use std::sync::Arc;

use orchestra_flow::base::report;
use orchestra_flow::base::stack::with_room;
use orchestra_flow::host::rehearse::{Rehearsal, rehearse};
use orchestra_flow::lang::{Compilation, compile};

use super::block::Block;
use super::page::{Page, Part, written};
use super::root;

/// Runs `work` for each page, with the stack that compiling and running ask for.
fn each_page(work: impl Fn(&Page) + Send + Sync) {
    let all = || written().iter().map(|name| Page::read(name)).for_each(|page| work(&page));
    with_room(true, all).expect("a thread starts");
}

fn compiled(page: &Page, at: usize, name: &str) -> Compilation {
    compile(name, &page.blocks[at].text, &page.files(at))
}

#[test]
fn each_block_is_looked_at_by_a_test() {
    let mut missed = Vec::new();
    for page in written().iter().map(|name| Page::read(name)) {
        let lost = page.blocks.iter().enumerate().filter(|(at, _)| page.part(*at).is_none());
        missed.extend(lost.map(|(_, block)| format!("{}: ```{}", page.place(block), block.kind)));
    }
    assert!(missed.is_empty(), "`tests/docs/page.rs` says what may stand behind a fence:\n{}", missed.join("\n"));
}

#[test]
fn each_program_compiles_and_its_tests_pass() {
    each_page(|page| {
        for (at, block) in page.parts(Part::Program) {
            let place = page.place(block);
            let compiled = compiled(page, at, block.file().unwrap_or("page.flow"));
            // What the commands of the page write is there only when they are followed.
            if uses_what_commands_write(page, at) {
                continue;
            }
            let warned = |code: &str| block.words().1 == "embedded" && code == "F0706";
            let found: Vec<_> = compiled.diagnostics.into_iter().filter(|found| !warned(found.code.0)).collect();
            assert_eq!(report::to_text(&found, &compiled.sources, false), "", "{place}");
            let package = Arc::new(compiled.package.expect("without an error there is a package"));
            for test in &package.tests {
                let verdict = rehearse(&package, test, Rehearsal::default());
                assert!(verdict.passed(), "{place}: {}: {:#?}", test.title, verdict.failures);
            }
        }
    });
}

#[test]
fn each_file_that_a_page_lays_is_of_its_form() {
    each_page(|page| {
        for (_, block) in page.parts(Part::File) {
            let fault = match block.words().0 {
                "toml" => block.text.parse::<toml::Table>().err().map(|error| error.to_string()),
                "json" => serde_json::from_str::<serde_json::Value>(&block.text).err().map(|error| error.to_string()),
                _ => None,
            };
            assert_eq!(fault, None, "{}", page.place(block));
        }
    });
}

fn uses_what_commands_write(page: &Page, at: usize) -> bool {
    let used = page.blocks[at].text.lines().filter_map(|line| line.strip_prefix("use \"")?.split_once('"'));
    let files = page.files(at);
    let mut missing = used.filter(|(path, _)| orchestra_flow::lang::Files::read(&files, path).is_err());
    let commands = || page.parts(Part::Commands).chain(page.parts(Part::Screen));
    missing.any(|(path, _)| commands().any(|(_, block)| block.text.contains(path)))
}

#[test]
fn each_mistake_is_told_as_its_page_shows() {
    each_page(|page| {
        for (at, block) in page.parts(Part::Mistake) {
            let place = page.place(block);
            let named = block.words().1.split(' ').nth(1);
            let said = page.said_of(at).unwrap_or_else(|| panic!("{place}: a `text` behind it shows what is said"));
            let name = named.or_else(|| said.text.split(':').next()).unwrap_or("page.flow");
            let compiled = compiled(page, at, name);
            let told = report::to_text(&compiled.diagnostics, &compiled.sources, false);
            assert!(told.starts_with(&said.text), "{place}: what is said is\n{told}");
            let more = told.lines().filter(|line| line.contains(": error[") || line.contains(": warning["));
            let shown = said.text.lines().filter(|line| line.contains(": error[") || line.contains(": warning["));
            assert_eq!(more.count(), shown.count(), "{place}: more is said\n{told}");
        }
    });
}

/// Every program that is tested elsewhere and may be quoted.
fn library() -> Vec<String> {
    let mut folders: Vec<_> = ["scripts", "stdlib", "examples"].map(|name| root().join(name)).into();
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder is part of the repository").flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path if path.extension().is_some_and(|ending| ending == "flow") => {
                    texts.push(fs::read_to_string(path).expect("programs are UTF-8"));
                }
                _ => {}
            }
        }
    }
    texts
}

/// The programs of a page.
pub fn of(page: &Page) -> impl Iterator<Item = String> {
    page.parts(Part::Program).map(|(_, block)| block.text.clone())
}

/// Whether each line of an excerpt stands in the program, in order and without a gap but at `...`.
pub fn stands_in(excerpt: &str, program: &str) -> bool {
    let bare = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    };
    let (excerpt, program) = (bare(excerpt), bare(program));
    let mut from = 0;
    excerpt.split(|line| line == "...").all(|part| {
        let found = (from..=program.len().saturating_sub(part.len())).find(|at| program[*at..].starts_with(part));
        found.inspect(|at| from = at + part.len()).is_some()
    })
}

#[test]
fn each_excerpt_stands_in_a_program_that_is_tested() {
    let library = library();
    each_page(|page| {
        for (_, block) in page.parts(Part::Excerpt) {
            // Where commands write files, those who follow the page look for it.
            let commands = page.parts(Part::Commands).chain(page.parts(Part::Screen)).next().is_some();
            let stands = of(page).chain(library.iter().cloned()).any(|program| stands_in(&block.text, &program));
            assert!(stands || commands, "{}: no program has these lines:\n{}", page.place(block), block.text);
        }
    });
}

#[test]
fn an_excerpt_is_held_to_its_lines() {
    assert!(stands_in("b\n  c\n", "a\nb\nc\nd") && stands_in("a\n...\nd", "a\nb\nc\nd"));
    assert!(!stands_in("b\nd", "a\nb\nc\nd") && !stands_in("d\n...\na", "a\nb\nc\nd"));
}

#[test]
fn the_rust_of_the_pages_is_what_is_tested() {
    let bare = |text: &str| text.lines().map(|line| line.trim().to_owned() + "\n").collect::<String>();
    let tested = bare(include_str!("embedding.rs"));
    let holds = |page: &Page, block: &Block| {
        for part in bare(&block.text).split("\n\n") {
            let part = part.trim_end();
            assert!(tested.contains(part), "{}: not in tests/docs/embedding.rs:\n{part}", page.place(block));
        }
    };
    each_page(|page| page.parts(Part::Rust).for_each(|(_, block)| holds(page, block)));
}
