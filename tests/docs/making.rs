//! The chapter that makes a connector from nothing: its files, its commands, and what it shows of what they give.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use super::block::{Block, blocks};

const PAGE: &str = include_str!("../../docs/making-connectors.md");
/// The port that the page names.
const PORT: &str = "8099";

/// The blocks of the chapter, with a port that is free here.
fn chapter() -> Vec<Block> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port on loopback");
    let port = listener.local_addr().expect("an address").port().to_string();
    let page = PAGE.replace(PORT, &port);
    blocks(&page).into_iter().filter(|block| block.heading == "From nothing, in ten minutes").collect()
}

#[test]
fn the_chapter_does_what_it_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let blocks = chapter();
    // The service ends with the chapter, however that ends.
    let mut script = "trap 'kill $! 2> /dev/null || true' EXIT\n".to_owned();
    let mut shown = Vec::new();
    for block in &blocks {
        match block.kind.split_once(' ') {
            Some(("flow", "fragment")) => shown.push(&block.text),
            Some((_, name)) => {
                let path = folder.path().join(name);
                std::fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("it can be made");
                std::fs::write(path, &block.text).expect("a file of the chapter");
            }
            None => script.push_str(&block.text),
        }
    }
    let bin = Path::new(env!("CARGO_BIN_EXE_flow")).parent().expect("it lies in a folder");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let done = Command::new("sh").args(["-ec", &script]).env("PATH", path).current_dir(folder.path()).output();
    let done = done.expect("a shell is there");
    let (said, told) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}\n{told}");
    assert!(said.contains("guests: fine, as Ada (guests.get_me, "), "{said}");
    assert!(said.contains("fails not_found"), "{said}");
    assert!(said.contains("1 passed, 0 failed"), "{said}");
    assert!(said.contains(r#"{"id":"g8","name":"Grace"}"#), "{said}");
    // What was recorded answers in the service's stead.
    assert_eq!(said.matches(r#"{"id":"g8","name":"#).count(), 2, "{said}");
    let written = std::fs::read_to_string(folder.path().join("guests.flow")).expect("it was written");
    assert_eq!(shown.len(), 2);
    for part in shown {
        assert!(written.contains(part.as_str()), "the page shows\n{part}\nand the file is\n{written}");
    }
}
