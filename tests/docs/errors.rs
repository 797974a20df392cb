//! Every code has a page; its wrong program has that fault, its right one has none.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use orchestra_flow::lang::{NoFiles, compile};

use super::block::{Block, blocks};

/// The codes that the source declares, read off its text.
fn declared() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the source is there").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name == "code.rs") {
                let text = std::fs::read_to_string(path).expect("sources are UTF-8");
                codes.extend(text.split("Code(\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
            }
        }
    }
    codes
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let pages: BTreeSet<String> = orchestra_flow::cli::PAGES.iter().map(|(code, _)| (*code).to_owned()).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors");
    let written: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the pages are there")
        .flatten()
        .filter_map(|entry| Some(entry.path().file_stem()?.to_string_lossy().into_owned()))
        .filter(|name| name != "README")
        .collect();
    assert_eq!(pages, written, "`src/cli/explain/pages.rs` lists the files of `docs/errors`");
    let codes = declared();
    let missing: Vec<_> = codes.difference(&pages).collect();
    assert!(missing.is_empty(), "these codes have no page: {missing:?}");
    let orphans: Vec<_> = pages.difference(&codes).collect();
    assert!(orphans.is_empty(), "these pages are about no code: {orphans:?}");
}

#[test]
fn the_wrong_program_has_the_fault_and_the_right_one_has_none() {
    let mut faults = Vec::new();
    for (code, page) in orchestra_flow::cli::PAGES {
        assert!(page.starts_with(&format!("# {code}: ")), "{code}: a page begins with its code");
        for (heading, must_have) in [("Wrong", true), ("Right", false)] {
            let blocks: Vec<_> = blocks(page).into_iter().filter(|block| block.heading == heading).collect();
            assert!(!blocks.is_empty(), "{code}: there is no example under `{heading}`");
            let found = codes_of(&blocks);
            let fits = if must_have { found.iter().any(|found| found == code) } else { found.is_empty() };
            let alone = !must_have || found.iter().all(|found| found == code);
            if !fits || !alone {
                faults.push(format!("{code}, {heading}: {found:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The codes that an example yields: of errors, and of warnings where the page is about one.
fn codes_of(example: &[Block]) -> Vec<String> {
    // What is more than one program is a folder in which commands are given.
    match example {
        [block] if block.kind == "flow" => {
            let found = compile("example.flow", &block.text, &NoFiles).diagnostics;
            found.into_iter().map(|found| found.code.0.to_owned()).collect()
        }
        blocks => codes_in_folder(blocks),
    }
}

/// Files named by their fence (```` ```toml flow.toml ````), commands in `sh`.
fn codes_in_folder(blocks: &[Block]) -> Vec<String> {
    let folder = tempfile::TempDir::new().expect("a folder for an example");
    let mut said = String::new();
    for block in blocks {
        match block.kind.split_once(' ') {
            Some((_, name)) => std::fs::write(folder.path().join(name), &block.text).expect("a file for an example"),
            None if block.kind == "flow" => {
                std::fs::write(folder.path().join("main.flow"), &block.text).expect("a file for an example");
            }
            None => {
                let binary = Path::new(env!("CARGO_BIN_EXE_flow")).parent().expect("it lies in a folder");
                let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
                let output = Command::new("sh")
                    .args(["-c", &block.text])
                    .current_dir(folder.path())
                    .env("PATH", path)
                    .output()
                    .expect("a shell is there");
                said.push_str(&String::from_utf8_lossy(&output.stdout));
                said.push_str(&String::from_utf8_lossy(&output.stderr));
            }
        }
    }
    let codes = said.split("error[").chain(said.split("warning[")).skip(1);
    let codes = codes.filter_map(|rest| Some(rest.split_once(']')?.0.to_owned()));
    codes.filter(|code| code.len() == 5 && code.starts_with('F')).collect()
}
