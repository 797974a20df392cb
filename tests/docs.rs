//! The manual in `docs/` and the list of the sample programs: the programs run, the commands print what is shown, the
//! links lead somewhere, what is listed is there. `page` says what becomes of each block.

pub mod block;
mod book;
mod connectors;
mod constructs;
mod embedding;
#[cfg(feature = "cli")]
mod errors;
#[cfg(all(unix, feature = "default"))]
mod follow;
mod page;
mod pictures;
mod programs;
#[cfg(feature = "cli")]
mod readme;
#[cfg(all(unix, feature = "default"))]
mod screen;
mod style;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use orchestra_flow::lang::script::functions::{About, FixedFunction, functions};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages that people write and read, with their text.
fn pages() -> Vec<(PathBuf, String)> {
    let mut pages = vec![(root().join("README.md"), include_str!("../README.md").to_owned())];
    for folder in ["docs", "docs/connectors", "docs/errors", "scripts"] {
        for entry in fs::read_dir(root().join(folder)).expect("the folder is part of the repository").flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|ending| ending == "md") {
                let text = fs::read_to_string(&path).expect("pages are UTF-8");
                pages.push((path, text));
            }
        }
    }
    pages.sort();
    assert!(pages.len() > 40, "the pages were not found");
    pages
}

/// The targets of a page's links, code left out.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for (at, _) in line.match_indices("](") {
            let rest = &line[at + 2..];
            found.extend(rest.split_once(')').map(|(target, _)| target.to_owned()));
        }
    }
    found
}

/// The anchors of a page's headings, as Git hosts make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.collect::<String>().replace(' ', "-")
        })
        .collect()
}

#[test]
fn each_link_leads_somewhere() {
    for (path, text) in pages() {
        for link in links(&text) {
            if link.starts_with("https://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').map_or((&*link, None), |(file, anchor)| (file, Some(anchor)));
            let target = match file {
                "" => path.clone(),
                file => path.parent().expect("a page lies in a folder").join(file),
            };
            assert!(target.exists(), "{}: the link `{link}` leads nowhere", path.display());
            if let Some(anchor) = anchor {
                let text = fs::read_to_string(&target).expect("an anchor is in a page");
                assert!(anchors(&text).contains(anchor), "{}: `{link}` names no heading", path.display());
            }
        }
    }
}

#[test]
fn the_rules_of_the_semantics_are_numbered_without_a_gap_and_named_right() {
    let text = fs::read_to_string(root().join("docs/semantics.md")).expect("the page is there");
    let body = text.split_once("\n## 1. ").expect("the first chapter").1;
    let rules: Vec<u32> =
        body.lines().filter_map(|line| line.split_once(". ")).filter_map(|(number, _)| number.parse().ok()).collect();
    assert_eq!(rules, (1..=80).collect::<Vec<_>>());

    let glossary = fs::read_to_string(root().join("docs/glossary.md")).expect("the page is there");
    let named = glossary.split('(').filter_map(|rest| rest.split_once(')')).flat_map(|(inside, _)| inside.split(", "));
    let named: Vec<u32> = named.filter_map(|number| number.parse().ok()).collect();
    assert!(named.len() > 10);
    assert!(named.iter().all(|number| rules.contains(number)), "{named:?}");
}

/// The page of the fixed functions, as it has to be.
fn functions_page() -> String {
    let intro = "# Fixed functions\n\n\
        These stand in every expression, beside Rhai's own. The first parameter may stand before a dot: `join(list, \", \")` is\n\
        `list.join(\", \")`. `T?` may be left out; a parameter `by` takes a closure or the name of a field. The examples are run by the\n\
        tests.\n";
    let mut page = intro.to_owned();
    let chapters =
        [(About::Text, "Text"), (About::List, "Lists and maps"), (About::Time, "Time"), (About::Data, "Data")];
    let cell = |text: &str| text.replace('|', "\\|");
    for (about, title) in chapters {
        page += &format!("\n## {title}\n\n| function | meaning | example |\n|---|---|---|\n");
        for FixedFunction { signature, doc, example, .. } in functions().iter().filter(|found| found.about == about) {
            let (call, value) = (cell(example.0), cell(example.1));
            page += &format!("| `{}` | {} | `{call}` is `{value}` |\n", cell(signature), cell(doc));
        }
    }
    page
}

#[test]
fn the_page_of_the_functions_says_what_there_is() {
    let path = root().join("docs/functions.md");
    let page = functions_page();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &page).expect("the page can be written");
    }
    let text = fs::read_to_string(&path).expect("the page is there");
    assert_eq!(text, page, "UPDATE_EXPECT=1 writes the page anew");

    let language = fs::read_to_string(root().join("docs/language.md")).expect("the page is there");
    for function in functions() {
        assert!(language.contains(function.name), "language.md does not name `{}`", function.name);
    }
}
