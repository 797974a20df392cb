//! The book that mdBook makes of `docs/`: each page has its place in it, begins with what it is for, and no link of what was
//! built leads nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use super::root;

/// Folders of pages that a test writes, each with the page that they stand below.
const WRITTEN: [(&str, &str); 2] = [("connectors", "connectors.md"), ("errors", "diagnostics.md")];

/// Every page of the manual, by its path from `docs/`, but the list itself.
fn pages() -> BTreeSet<String> {
    let docs = root().join("docs");
    let below = |folder: &str| {
        let entries = fs::read_dir(docs.join(folder)).expect("the folder is part of the repository").flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.ends_with(".md")).map(|name| Path::new(folder).join(name)).collect::<Vec<_>>()
    };
    let all = ["", "connectors", "errors"].into_iter().flat_map(below);
    all.map(|path| path.to_string_lossy().into_owned()).filter(|name| name != "SUMMARY.md").collect()
}

/// The title of a page: its first heading.
fn title(name: &str) -> String {
    let text = fs::read_to_string(root().join("docs").join(name)).expect("the page is there");
    let first = text.lines().next().unwrap_or_default();
    first.strip_prefix("# ").unwrap_or_else(|| panic!("docs/{name} begins with a heading")).to_owned()
}

/// The list with the lines of the written folders as they have to be.
fn completed(list: &str) -> String {
    let mut lines: Vec<String> = list.lines().map(str::to_owned).collect();
    for (folder, parent) in WRITTEN {
        lines.retain(|line| !line.contains(&format!("]({folder}/")));
        let at = lines.iter().position(|line| line.contains(&format!("]({parent})")));
        let at = at.unwrap_or_else(|| panic!("docs/SUMMARY.md has {parent}"));
        let indent = lines[at].len() - lines[at].trim_start().len() + 2;
        let entries = pages().into_iter().filter(|page| page.starts_with(&format!("{folder}/")));
        let entries = entries.map(|page| format!("{:indent$}- [{}]({page})", "", title(&page)));
        lines.splice(at + 1..at + 1, entries.collect::<Vec<_>>());
    }
    lines.join("\n") + "\n"
}

#[test]
fn each_page_has_its_place_in_the_book() {
    let path = root().join("docs/SUMMARY.md");
    let mut list = fs::read_to_string(&path).expect("the list is there");
    let whole = completed(&list);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &whole).expect("the list can be written");
        list.clone_from(&whole);
    }
    let named: Vec<String> = super::links(&list);
    let once: BTreeSet<String> = named.iter().cloned().collect();
    assert_eq!(once.len(), named.len(), "docs/SUMMARY.md names a page twice");
    let missing: Vec<_> = pages().difference(&once).cloned().collect();
    assert!(missing.is_empty(), "give these a line in docs/SUMMARY.md, the list of the book: {missing:?}");
    let gone: Vec<_> = once.difference(&pages()).cloned().collect();
    assert!(gone.is_empty(), "docs/SUMMARY.md names pages that are not there: {gone:?}");
    assert!(list == whole, "docs/SUMMARY.md: UPDATE_EXPECT=1 writes the lines of connectors and errors anew");
}

#[test]
fn each_page_begins_with_what_it_is_for() {
    for page in pages() {
        let text = fs::read_to_string(root().join("docs").join(&page)).expect("the page is there");
        let mut lines = text.lines();
        assert!(lines.next().is_some_and(|line| line.starts_with("# ")), "docs/{page}: a page begins with its title");
        let first = lines.find(|line| !line.is_empty()).unwrap_or_default();
        let says =
            first.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '`' | '[')) && !first.starts_with("```");
        assert!(says, "docs/{page}: behind the title comes a sentence that says what the page is for, not\n{first}");
    }
}

/// The pages of the built book, by path.
fn built(folder: &Path) -> BTreeMap<PathBuf, String> {
    let (mut pages, mut folders) = (BTreeMap::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the book was built").flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                // What is shown where nothing is has no place of its own.
                path if path.ends_with("404.html") || path.ends_with("toc.html") => {}
                path if path.extension().is_some_and(|ending| ending == "html") => {
                    let text = fs::read_to_string(&path).expect("pages are UTF-8");
                    pages.insert(path, text);
                }
                _ => {}
            }
        }
    }
    pages
}

/// What `.ci/run` has built, and says where: every address in it leads to something.
#[test]
fn no_link_of_the_built_book_leads_nowhere() {
    let Some(folder) = std::env::var_os("FLOW_BOOK") else { return };
    let pages = built(&root().join(folder).join("docs"));
    let address = Regex::new(r#"(?:href|src)="([^"]*)""#).expect("a pattern");
    let (mut dead, mut looked_at) = (BTreeSet::new(), 0);
    for (path, text) in &pages {
        for link in address.captures_iter(text).map(|found| found[1].replace("&amp;", "&")) {
            if link.is_empty() || link.contains(':') {
                continue;
            }
            looked_at += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => path.clone(),
                file => path.parent().expect("a page lies in a folder").join(file),
            };
            let Ok(target) = target.canonicalize() else {
                dead.insert(format!("{}: {link}", path.display()));
                continue;
            };
            let there = |text: &String| anchor.is_empty() || text.contains(&format!("id=\"{anchor}\""));
            if pages.get(&target).is_some_and(|text| !there(text)) {
                dead.insert(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(looked_at > 1_000, "the book was not built");
    assert!(dead.is_empty(), "these lead nowhere:\n{}", dead.into_iter().collect::<Vec<_>>().join("\n"));
}
