//! The pages of the connectors are what their declarations say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use orchestra_flow::base::stack::with_room;
use orchestra_flow::lang::catalog::standard;
use orchestra_flow::lang::plan::{Connector, reference};
use orchestra_flow::lang::{NoFiles, compile, standard_connector};

use super::block::blocks;
use super::root;

const INTRO: &str = "# Connectors\n\n\
    What programs may call without declaring it. Each has a page with its settings, its operations, their parameters, types, effects,\n\
    failures and an example. [making-connectors.md](making-connectors.md) says how to write one,\n\
    [settings.md](settings.md) how one is set. `read`, `keyed` and `once` are what repeating an operation means: it may be repeated,\n\
    repeated with the same key, or not on its own ([semantics](semantics.md), section 8).\n\n\
    | connector | what it is for | operations |\n|---|---|---|\n";

fn overview(connectors: &[Arc<Connector>]) -> String {
    let row = |connector: &Arc<Connector>| {
        let name = &connector.name;
        let doc = connector.doc.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let link = |operation: &Arc<str>| format!("[`{operation}`](connectors/{name}.md#{operation})");
        let operations: Vec<String> = connector.operations.keys().map(link).collect();
        let title = reference::title(connector);
        format!("| [{title}](connectors/{name}.md) `{name}` | {doc} | {} |\n", operations.join(" "))
    };
    connectors.iter().map(row).collect()
}

#[test]
fn the_pages_of_the_connectors_say_what_is_declared() {
    let check = || {
        let connectors: Vec<Arc<Connector>> =
            standard::CONNECTORS.iter().map(|file| standard_connector(file.name).expect("it compiles")).collect();
        let mut written = BTreeSet::from(["connectors.md".to_owned()]);
        holds(Path::new("docs/connectors.md"), &format!("{INTRO}{}", overview(&connectors)));
        for connector in &connectors {
            let name = format!("{}.md", connector.name);
            holds(&Path::new("docs/connectors").join(&name), &reference::page(connector));
            written.insert(name);
        }
        let there = fs::read_dir(root().join("docs/connectors")).expect("the folder is there").flatten();
        for page in there {
            let name = page.file_name().to_string_lossy().into_owned();
            assert!(written.contains(&name), "docs/connectors/{name} is about no connector");
        }
    };
    with_room(true, check).expect("a thread starts");
}

/// What the pages show of a call or a trigger compiles where such things stand.
#[test]
fn what_the_pages_show_compiles() {
    let check = || {
        let pages = fs::read_dir(root().join("docs/connectors")).expect("the folder is there").flatten();
        let mut shown = 0;
        for page in pages.map(|entry| entry.path()) {
            let text = fs::read_to_string(&page).expect("pages are UTF-8");
            for block in blocks(&text) {
                assert_eq!(block.kind, "flow fragment", "{}", page.display());
                // What only whoever writes the program can know is left open.
                let text = block.text.replace(": ...", ": \"some\"");
                let compiled = compile("page.flow", &format!("workflow page {{\n{text}}}\n"), &NoFiles);
                let found: Vec<_> = compiled.diagnostics.iter().filter(|found| found.is_error()).collect();
                assert!(found.is_empty(), "{}:\n{}\n{found:#?}", page.display(), block.text);
                shown += 1;
            }
        }
        assert!(shown > 200, "the pages were not found");
    };
    with_room(true, check).expect("a thread starts");
}

fn holds(path: &Path, page: &str) {
    let whole = root().join(path);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::create_dir_all(whole.parent().expect("a page lies in a folder")).expect("it can be made");
        fs::write(&whole, page).expect("the page can be written");
    }
    let text = fs::read_to_string(&whole).unwrap_or_default();
    assert!(text == page, "{} is not what is declared: UPDATE_EXPECT=1 writes it anew", path.display());
}
