//! `files.*` beside what is no file, and across file systems.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use orchestra_flow::base::value::Map;
use orchestra_flow::connect::Connectors;
use orchestra_flow::run::world::{Outcome, Perform as _};

use super::desk::{act, desk, failure, json, perform, value};

fn pipe(at: &Path) {
    let made = std::process::Command::new("mkfifo").arg(at).status().expect("mkfifo");
    assert!(made.success());
}

#[tokio::test]
async fn what_is_no_file_is_refused_at_once() {
    let home = tempfile::tempdir().expect("a directory");
    pipe(&home.path().join("pipe"));
    let _listens = std::os::unix::net::UnixListener::bind(home.path().join("socket")).expect("a socket");
    std::fs::create_dir(home.path().join("folder")).expect("a directory");
    symlink("pipe", home.path().join("link")).expect("a link");
    std::fs::write(home.path().join("a.txt"), "there").expect("a file");
    for (path, what) in [
        ("pipe", "`pipe` is a named pipe, not a file"),
        ("link", "`link` is a named pipe, not a file"),
        ("socket", "`socket` is a socket, not a file"),
        ("folder", "`folder` is a directory, not a file"),
    ] {
        for operation in ["read", "rows", "copy", "write", "append"] {
            let params = format!(r#"{{ "path": "{path}", "to": "b.txt", "content": "x", "format": "text" }}"#);
            let (failure, certain) = failure(perform(home.path(), &format!("files.{operation}"), &params).await);
            let seen = (failure.kind.name(), &*failure.message, certain);
            assert_eq!(seen, ("validation_error", what, true), "{operation}");
        }
        if path != "folder" {
            for operation in ["copy", "move"] {
                let params = format!(r#"{{ "path": "a.txt", "to": "{path}" }}"#);
                let (failure, certain) = failure(perform(home.path(), &format!("files.{operation}"), &params).await);
                assert_eq!((&*failure.message, certain), (what, true), "{operation}");
            }
        }
    }
    assert!(!home.path().join("b.txt").exists());
    assert_eq!(std::fs::read_to_string(home.path().join("a.txt")).expect("the file"), "there");
    // The devices of the machine, where somebody opened their directory.
    for path in ["zero", "full", "tty"] {
        let devices = desk(Path::new("/dev"), "files", Map::new(), |_| {});
        let (failure, _) =
            failure(devices.perform(act("files.read", json(&format!(r#"{{ "path": "{path}" }}"#)))).await);
        assert_eq!(&*failure.message, format!("`{path}` is a device, not a file"));
    }
}

#[tokio::test]
async fn a_file_that_does_not_say_how_long_it_is_is_bounded() {
    let endless =
        desk(Path::new("/proc/self"), "files", Map::new(), |environment| environment.response_bytes_max = 100);
    let (failure, certain) = failure(endless.perform(act("files.read", json(r#"{ "path": "status" }"#))).await);
    assert_eq!((failure.kind.name(), certain), ("limit_exceeded", true), "{failure}");
}

#[tokio::test]
async fn names_may_be_as_long_as_the_system_lets_them_be() {
    let home = tempfile::tempdir().expect("a directory");
    let long = "n".repeat(255);
    let params = format!(r#"{{ "path": "{long}", "content": "x", "to": "{long}" }}"#);
    assert_eq!(value(perform(home.path(), "files.write", &params).await)["bytes"], 1);
    let longer = "n".repeat(256);
    for operation in ["write", "read", "append", "copy", "move", "mkdir", "stat", "list"] {
        let params = format!(r#"{{ "path": "{longer}", "content": "x", "to": "{longer}" }}"#);
        let (failure, certain) = failure(perform(home.path(), &format!("files.{operation}"), &params).await);
        assert!(certain && failure.message.contains("File name too long"), "{operation}: {failure}");
        assert_eq!(failure.kind.name(), "validation_error", "{operation}");
    }
}

/// A directory on another file system than `home`, where there is one.
fn elsewhere(home: &Path) -> Option<tempfile::TempDir> {
    use std::os::unix::fs::MetadataExt as _;
    let other = tempfile::tempdir_in("/dev/shm").ok()?;
    let device = |path: &Path| std::fs::metadata(path).expect("a directory").dev();
    (device(other.path()) != device(home)).then_some(other)
}

/// Moves between the two directories.
async fn go(desk: &Connectors, from: PathBuf, to: PathBuf) -> Outcome {
    let params = serde_json::json!({ "path": from, "to": to }).to_string();
    desk.perform(act("files.move", json(&params))).await
}

#[tokio::test]
async fn a_move_to_another_file_system_is_whole_or_nothing() {
    let home = tempfile::tempdir().expect("a directory");
    let Some(other) = elsewhere(home.path()) else {
        eprintln!("NOT TRIED: /dev/shm is no other file system here, so nothing is moved across two");
        return;
    };
    let (here, there) = (home.path(), other.path());
    let roots = vec![here.to_owned(), there.to_owned()];
    let desk = desk(here, "files", Map::new(), |environment| environment.file_roots = roots);
    let text = |path: PathBuf| std::fs::read_to_string(path).expect("the file");

    // A file, with what is known of it; what was there is replaced.
    std::fs::write(here.join("a.sh"), "new").expect("a file");
    std::fs::set_permissions(here.join("a.sh"), std::fs::Permissions::from_mode(0o750)).expect("permissions");
    let modified = std::fs::metadata(here.join("a.sh")).and_then(|about| about.modified()).expect("a time");
    std::fs::write(there.join("a.sh"), "old").expect("a file");
    value(go(&desk, here.join("a.sh"), there.join("a.sh")).await);
    assert!(!here.join("a.sh").exists());
    let about = std::fs::metadata(there.join("a.sh")).expect("the file");
    assert_eq!((text(there.join("a.sh")), about.permissions().mode() & 0o777), ("new".into(), 0o750));
    assert_eq!(about.modified().expect("a time"), modified);

    // A directory, with what lies in it, links as links.
    std::fs::create_dir_all(here.join("folder/deep")).expect("a directory");
    std::fs::write(here.join("folder/deep/b.txt"), "b").expect("a file");
    symlink("deep/b.txt", here.join("folder/link")).expect("a link");
    value(go(&desk, here.join("folder"), there.join("moved/folder")).await);
    assert!(!here.join("folder").exists());
    assert_eq!(text(there.join("moved/folder/deep/b.txt")), "b");
    assert_eq!(std::fs::read_link(there.join("moved/folder/link")).expect("a link"), Path::new("deep/b.txt"));

    // What cannot be moved whole stays whole where it is.
    std::fs::create_dir(here.join("stays")).expect("a directory");
    std::fs::write(here.join("stays/c.txt"), "c").expect("a file");
    pipe(&here.join("stays/pipe"));
    let (refused, certain) = failure(go(&desk, here.join("stays"), there.join("stays")).await);
    assert_eq!((refused.kind.name(), certain), ("validation_error", true), "{refused}");
    assert!(refused.message.contains("a named pipe"), "{refused}");
    assert_eq!(text(here.join("stays/c.txt")), "c");
    // A directory that has something in it is not replaced.
    std::fs::remove_file(here.join("stays/pipe")).expect("it can be deleted");
    let (refused, certain) = failure(go(&desk, here.join("stays"), there.join("moved")).await);
    assert_eq!((refused.kind.name(), certain), ("conflict", true), "{refused}");
    assert_eq!(text(here.join("stays/c.txt")), "c");
    let mut left: Vec<_> =
        std::fs::read_dir(there).expect("a directory").map(|it| it.expect("an entry").file_name()).collect();
    left.sort();
    assert_eq!(left, ["a.sh", "moved"]);
}
