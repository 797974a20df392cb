//! Whatever program a page shows is in the style that `flow fmt` gives it.

use std::fs;
use std::path::PathBuf;

use orchestra_flow::base::span::Source;
use orchestra_flow::lang;

use super::root;

/// Every page that shows programs; `UPDATE_EXPECT=1` puts what they show into the style.
#[test]
fn programs_in_the_pages_are_in_the_style() {
    let mut untidy = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).expect("pages are UTF-8");
        let tidy = tidied(&text);
        if tidy == text {
            continue;
        }
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&page, &tidy).expect("the page can be written");
        }
        untidy.push(page);
    }
    assert!(untidy.is_empty(), "`UPDATE_EXPECT=1 cargo test docs::style` puts these into the style: {untidy:#?}");
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder is part of the repository").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

/// The page with its whole programs in the style; those with a fault stay as they are.
fn tidied(page: &str) -> String {
    let (mut tidy, mut program): (String, Option<String>) = (String::new(), None);
    for line in page.split_inclusive('\n') {
        match (line.trim_end(), &mut program) {
            ("```", Some(text)) => {
                let styled = lang::format(&Source::new("page.flow", text));
                tidy.push_str(&styled.unwrap_or_else(|_| text.clone()));
                tidy.push_str(line);
                program = None;
            }
            (_, Some(text)) => text.push_str(line),
            (fence, None) => {
                program = (fence == "```flow").then(String::new);
                tidy.push_str(line);
            }
        }
    }
    tidy
}
