//! `flow fmt`: what is written, what is said, and what is left alone.

use std::fs;

use super::Folder;

const MESSY: &str = "workflow a{\n  output 1+1\n}\n";
const TIDY: &str = "workflow a {\n    output 1 + 1\n}\n";

fn file(folder: &Folder, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).expect("the file is there")
}

#[test]
fn files_are_written_where_something_changes() {
    let folder = Folder::with(MESSY);
    folder.write("tidy.flow", TIDY.as_bytes());
    folder.write("notes.txt", MESSY.as_bytes());
    for hidden in [".git", "deeper"] {
        fs::create_dir(folder.path().join(hidden)).expect("a folder in the folder");
        folder.write(&format!("{hidden}/b.flow"), MESSY.as_bytes());
    }
    let done = folder.flow(&["fmt"]);
    assert_eq!((done.code, &*done.stdout), (0, ""));
    assert_eq!(done.stderr, "deeper/b.flow\nmain.flow\n3 files looked at, 2 changed\n");
    assert_eq!(file(&folder, "main.flow"), TIDY);
    assert_eq!(file(&folder, "deeper/b.flow"), TIDY);
    assert_eq!(file(&folder, ".git/b.flow"), MESSY);
    assert_eq!(file(&folder, "notes.txt"), MESSY);
    let again = folder.flow(&["fmt", "main.flow", "deeper"]);
    assert_eq!((again.code, &*again.stderr), (0, "2 files looked at, nothing to change\n"));
    let left: Vec<_> = fs::read_dir(folder.path()).expect("it can be listed").flatten().collect();
    assert_eq!(left.len(), 5, "nothing else is left behind");
}

#[test]
fn check_and_diff_write_nothing() {
    let folder = Folder::with(MESSY);
    let done = folder.flow(&["fmt", "--check", "main.flow"]);
    assert_eq!((done.code, &*done.stdout), (1, ""));
    assert_eq!(done.stderr, "main.flow\n1 file looked at, 1 would change\n");
    let done = folder.flow(&["fmt", "--diff", "main.flow"]);
    assert_eq!((done.code, &*done.stderr), (1, "1 file looked at, 1 would change\n"));
    assert_eq!(
        done.stdout,
        "--- main.flow\n+++ main.flow\n@@ -1,3 +1,3 @@\n-workflow a{\n-  output 1+1\n+workflow a {\n+    output 1 + 1\n }\n"
    );
    assert_eq!(file(&folder, "main.flow"), MESSY);
    folder.write("main.flow", TIDY.as_bytes());
    let done = folder.flow(&["fmt", "--check", "--diff", "main.flow"]);
    assert_eq!((done.code, &*done.stdout), (0, ""));
}

#[test]
fn stdin_goes_to_stdout() {
    let folder = Folder::with("");
    let done = folder.flow_fed(MESSY.as_bytes(), &["fmt", "-"]);
    assert_eq!((done.code, &*done.stdout, &*done.stderr), (0, TIDY, ""));
    let done = folder.flow_fed(TIDY.as_bytes(), &["fmt", "-"]);
    assert_eq!((done.code, &*done.stdout), (0, TIDY));
    let done = folder.flow_fed(MESSY.as_bytes(), &["fmt", "--check", "-"]);
    assert_eq!((done.code, &*done.stdout, &*done.stderr), (1, "", "<stdin>\n"));
    let done = folder.flow_fed(b"workflow a {", &["fmt", "-"]);
    assert_eq!((done.code, &*done.stdout), (2, ""));
    assert!(done.stderr.starts_with("<stdin>:1:12: error[F"), "{}", done.stderr);
}

#[test]
fn what_cannot_be_read_is_left_alone_and_the_rest_is_done() {
    let broken = "workflow a{\n  stpe x = log.info { }\n}\n";
    let folder = Folder::with(broken);
    folder.write("other.flow", MESSY.as_bytes());
    folder.write("text.flow", b"\xff\xfe");
    let done = folder.flow(&["fmt", "."]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.starts_with("main.flow:2:3: error[F"), "{}", done.stderr);
    assert!(
        done.stderr
            .contains("error: text.flow: it is not UTF-8: the byte 0xff at offset 0 is no part of a character\n"),
        "{}",
        done.stderr
    );
    assert!(done.stderr.ends_with("3 files looked at, 1 changed, 2 left alone\n"), "{}", done.stderr);
    assert_eq!(file(&folder, "main.flow"), broken);
    assert_eq!(file(&folder, "other.flow"), TIDY);
    let done = folder.flow(&["fmt", "nowhere.flow"]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.starts_with("error: `nowhere.flow` cannot be read: "), "{}", done.stderr);
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_permissions_and_a_link_stays_a_link() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let folder = Folder::with(MESSY);
    let path = folder.path().join("main.flow");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("they can be set");
    symlink("main.flow", folder.path().join("link.flow")).expect("a link");
    assert_eq!(folder.flow(&["fmt", "link.flow"]).code, 0);
    assert_eq!(file(&folder, "main.flow"), TIDY);
    assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o640);
    assert!(folder.path().join("link.flow").is_symlink());
}
