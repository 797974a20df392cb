//! `flow test --watch`: a change is tested, and only what it is about.

use std::io::{BufRead as _, BufReader, Read};
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::thread::spawn;
use std::time::Duration;

use super::Folder;

const HALF: &str = r#"workflow half {
    input { n: int }
    output { n: int = input.n / 2 }
}

test "it halves" for half {
    input: { n: 12 }
    expect output.n == 6
}
"#;

const SHOP: &str = r#"use "shared/prices.flow" as prices

workflow shop {
    output { price: float = prices.price("tea") }
}

test "tea has its price" for shop {
    expect output.price == 4.5
}
"#;

const PRICES: &str = "fn price(item) { 4.5 }\n";

/// How long a line is waited for: much longer than it takes, so that only its absence fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// `flow test --watch` at work; what it says on both of its outputs, line by line.
struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn of(folder: &Folder, args: &[&str]) -> Self {
        let mut child = folder.start(&[&["test", "--watch"], args].concat());
        let (said, lines) = channel();
        let outputs: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().expect("it is piped")), Box::new(child.stderr.take().expect("it is piped"))];
        for output in outputs {
            let said = said.clone();
            spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let _ = said.send(line);
                }
            });
        }
        Self { child, lines }
    }

    /// What it says until it waits, with lines of both outputs in the order they came, but for the last.
    fn until_it_waits(&self) -> String {
        let mut text = String::new();
        let mut waits = false;
        loop {
            // The outputs are read by two threads: the last words of one may come behind those of the other.
            let patience = if waits { Duration::from_millis(300) } else { PATIENCE };
            match self.lines.recv_timeout(patience) {
                Ok(line) if line.starts_with("waiting for a change") => waits = true,
                Ok(line) => text.push_str(&format!("{line}\n")),
                Err(_) if waits => return text,
                Err(error) => panic!("{error} after\n{text}"),
            }
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn folder() -> Folder {
    let folder = Folder::with(HALF);
    std::fs::create_dir(folder.path().join("shared")).expect("a folder for a test");
    folder.write("shop.flow", SHOP.as_bytes());
    folder.write("shared/prices.flow", PRICES.as_bytes());
    folder
}

#[test]
fn a_change_tests_the_programs_that_it_is_about() {
    let folder = folder();
    let watching = Watching::of(&folder, &["main.flow", "shop.flow"]);
    let first = watching.until_it_waits();
    assert!(first.contains("✓ it halves") && first.contains("✓ tea has its price"), "{first}");
    assert!(first.contains("2 passed, 0 failed"), "{first}");

    folder.write("main.flow", HALF.replace("input.n / 2", "input.n / 3").as_bytes());
    let own = watching.until_it_waits();
    assert!(own.contains("main.flow changed") && own.contains("✗ it halves"), "{own}");
    assert!(own.contains("0 passed, 1 failed") && !own.contains("tea"), "only what was changed is tested: {own}");

    folder.write("shared/prices.flow", PRICES.replace("4.5", "9.0").as_bytes());
    let used = watching.until_it_waits();
    assert!(used.contains("prices.flow changed") && used.contains("✗ tea has its price"), "{used}");
    assert!(!used.contains("it halves"), "{used}");
}

#[test]
fn in_a_directory_what_comes_is_tested_and_what_goes_is_forgotten() {
    let folder = folder();
    let watching = Watching::of(&folder, &["."]);
    let first = watching.until_it_waits();
    assert!(first.contains("✓ it halves") && first.contains("2 passed, 0 failed"), "{first}");

    folder.write("third.flow", HALF.replace("it halves", "it halves, too").as_bytes());
    let came = watching.until_it_waits();
    assert!(came.contains("third.flow changed") && came.contains("✓ it halves, too"), "{came}");
    assert!(came.contains("1 passed, 0 failed"), "only what came is tested: {came}");

    let deep = folder.path().join("one/two");
    std::fs::create_dir_all(&deep).expect("a folder in the folder");
    std::fs::write(deep.join("fourth.flow"), HALF.replace("it halves", "it halves below")).expect("a file for a test");
    let below = watching.until_it_waits();
    assert!(below.contains("fourth.flow changed") && below.contains("✓ it halves below"), "{below}");

    std::fs::remove_file(folder.path().join("third.flow")).expect("it is there");
    folder.write("main.flow", HALF.replace("it halves", "it still halves").as_bytes());
    let left = watching.until_it_waits();
    assert!(left.contains("✓ it still halves") && !left.contains("too"), "{left}");
}

#[test]
fn a_program_that_cannot_run_is_tested_when_it_can() {
    let folder = folder();
    let watching = Watching::of(&folder, &["main.flow"]);
    watching.until_it_waits();

    folder.write("main.flow", HALF.replace("input.n / 2", "input.m / 2").as_bytes());
    let broken = watching.until_it_waits();
    assert!(broken.contains("error[F0203]") && broken.contains("main.flow:3"), "{broken}");

    // Editors write a new file and move it to the place of the old one.
    folder.write("main.flow.new", HALF.as_bytes());
    std::fs::rename(folder.path().join("main.flow.new"), folder.path().join("main.flow")).expect("it can be moved");
    let mended = watching.until_it_waits();
    assert!(mended.contains("1 passed, 0 failed"), "{mended}");
}

#[test]
fn a_file_that_goes_and_comes_again_is_told_and_tested() {
    let folder = folder();
    let watching = Watching::of(&folder, &["main.flow"]);
    watching.until_it_waits();
    std::fs::remove_file(folder.path().join("main.flow")).expect("it is there");
    let gone = watching.until_it_waits();
    assert!(gone.contains("F0100"), "{gone}");
    folder.write("main.flow", HALF.as_bytes());
    assert!(watching.until_it_waits().contains("1 passed, 0 failed"));
}

#[test]
fn it_does_not_test_what_nobody_changed() {
    let folder = folder();
    let watching = Watching::of(&folder, &["main.flow"]);
    watching.until_it_waits();
    folder.write("notes.txt", b"a file that is no program");
    folder.write("other.flow", b"workflow other {}\n");
    let said = watching.lines.recv_timeout(Duration::from_secs(2));
    assert!(said.is_err(), "{said:?}");
}

#[test]
fn a_report_for_tools_is_not_watched() {
    let done = folder().flow(&["test", "--watch", "--format", "json", "main.flow"]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("leave `--format` away"), "{}", done.stderr);
}
