//! The pictures of the pages: `pictures/PAGE.WORKFLOW.svg` is what `flow graph` draws of that workflow of that page.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use orchestra_flow::base::stack::with_room;
use orchestra_flow::lang::compile;
use orchestra_flow::lang::plan::graph::to_svg;

use super::page::{Page, Part, written};
use super::root;

/// The pictures that a page shows, by the names of their files, each with the block behind which it stands.
fn shown(page: &Page) -> Vec<(String, usize)> {
    let (mut found, mut behind) = (Vec::new(), 0);
    for (number, line) in page.text.lines().enumerate() {
        behind += page.blocks.iter().filter(|block| block.lines.end == number).count();
        for part in line.split("](pictures/").skip(1) {
            found.extend(part.split_once(')').map(|(name, _)| (name.to_owned(), behind)));
        }
    }
    found
}

/// What is drawn of the workflow that a picture is named after, as the page has it last.
fn drawn(page: &Page, name: &str, behind: usize) -> String {
    let workflow = name.split('.').nth(1).unwrap_or_else(|| panic!("{}: {name} names no workflow", page.name));
    let head = format!("workflow {workflow} ");
    let programs = page.parts(Part::Program).filter(|(at, block)| *at < behind && block.text.contains(&head));
    let (at, block) = programs.last().unwrap_or_else(|| panic!("{}: no program above {name} has it", page.name));
    let package = compile("page.flow", &block.text, &page.files(at)).package.expect("the programs of a page compile");
    to_svg(&package.plans[workflow])
}

#[test]
fn each_picture_is_what_is_drawn() {
    let look = || {
        let folder = root().join("docs/pictures");
        let mut named = BTreeSet::new();
        for page in written().iter().map(|name| Page::read(name)) {
            for (name, behind) in shown(&page) {
                let stem = Path::new(&page.name).file_stem().expect("a page has a name").to_string_lossy();
                assert!(name.starts_with(&format!("{stem}.")), "{}: {name} is named after another page", page.name);
                let (path, picture) = (folder.join(&name), drawn(&page, &name, behind));
                if std::env::var_os("UPDATE_EXPECT").is_some() {
                    fs::create_dir_all(&folder).expect("it can be made");
                    fs::write(&path, &picture).expect("the picture can be written");
                }
                let there = fs::read_to_string(&path).unwrap_or_default();
                assert!(there == picture, "docs/pictures/{name} is not what is drawn: UPDATE_EXPECT=1 draws it anew");
                named.insert(name);
            }
        }
        let there = fs::read_dir(&folder).expect("the folder is there").flatten();
        for picture in there.map(|entry| entry.file_name().to_string_lossy().into_owned()) {
            assert!(named.contains(&picture), "no page shows docs/pictures/{picture}");
        }
    };
    with_room(true, look).expect("a thread starts");
}
