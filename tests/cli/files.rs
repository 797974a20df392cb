//! Files that are read and written: what is no file is not waited for, and nothing that somebody wrote is lost.

use super::Folder;

const PROGRAM: &str = "\
workflow greet {
    step told = log.info { message: \"hello\" }
}
test \"it ends\" for greet {
    expect run.status == \"completed\"
}
";

const DOCUMENT: &str = r#"{ "StartAt": "A", "States": { "A": { "Type": "Pass", "End": true } } }"#;

/// What the file holds now.
fn held(folder: &Folder, name: &str) -> String {
    std::fs::read_to_string(folder.path().join(name)).expect("the file is there")
}

#[test]
fn a_report_is_never_written_over_a_program() {
    let folder = Folder::with(PROGRAM);
    folder.write("other.flow", PROGRAM.as_bytes());
    for name in ["main.flow", "other.flow", "gone.flow"] {
        let done = folder.flow(&["test", "--coverage-lcov", name, "main.flow"]);
        assert_eq!(done.code, 2, "{name}: {}", done.stderr);
        assert!(done.stderr.starts_with(&format!("error: `{name}` ")), "{}", done.stderr);
        assert_eq!(done.stdout, "", "nothing was done before");
    }
    assert!(!folder.path().join("gone.flow").exists());
    assert_eq!((held(&folder, "main.flow"), held(&folder, "other.flow")), (PROGRAM.to_owned(), PROGRAM.to_owned()));
    folder.write("notes.txt", b"what I think of it\n");
    let done = folder.flow(&["test", "--coverage-lcov", "notes.txt", "main.flow"]);
    assert_eq!(
        (done.code, done.stderr.as_str()),
        (
            2,
            "error: `notes.txt` is there already, and is no report\n  hint: name another file, or move this one away\n"
        )
    );
    assert_eq!(held(&folder, "notes.txt"), "what I think of it\n");
    // An older report is what a newer one is for.
    for _ in 0..2 {
        let done = folder.flow(&["test", "--coverage-lcov", "lcov.info", "main.flow"]);
        assert_eq!(done.code, 0, "{}", done.stderr);
        assert!(held(&folder, "lcov.info").starts_with("TN:\nSF:main.flow\n"));
    }
}

#[test]
fn an_export_takes_no_place_of_another_file() {
    let folder = Folder::with(PROGRAM);
    for force in [&[][..], &["--force"]] {
        let done = folder.flow(&[&["export", "main.flow", "-o", "main.flow"], force].concat());
        let said = "error: `main.flow` is what is read: it would be written over\n  hint: name another file\n";
        assert_eq!((done.code, done.stderr.as_str()), (2, said));
    }
    assert_eq!(held(&folder, "main.flow"), PROGRAM);
    folder.write("main.yaml", b"mine: true\n");
    let done = folder.flow(&["export", "main.flow", "-o", "main.yaml"]);
    let said =
        "error: `main.yaml` is there already\n  hint: name another file by `-o FILE`, or write over it by `--force`\n";
    assert_eq!((done.code, done.stderr.as_str()), (2, said));
    assert_eq!(held(&folder, "main.yaml"), "mine: true\n");
    let done = folder.flow(&["export", "main.flow", "-o", "main.yaml", "--force"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(held(&folder, "main.yaml").starts_with("document:"), "{}", held(&folder, "main.yaml"));
}

#[test]
fn an_import_keeps_its_own_document() {
    let folder = Folder::with("");
    folder.write("order.json", DOCUMENT.as_bytes());
    let done = folder.flow(&["import", "order.json", "-o", "order.json", "--force"]);
    assert_eq!(done.code, 2, "{}", done.stderr);
    assert!(done.stderr.starts_with("error: `order.json` is what is read"), "{}", done.stderr);
    assert_eq!(held(&folder, "order.json"), DOCUMENT);
}

#[test]
fn a_picture_takes_the_place_of_an_older_picture_alone() {
    let folder = Folder::with(PROGRAM);
    for _ in 0..2 {
        let done = folder.flow(&["graph", "--format", "svg", "-o", "main.svg", "main.flow"]);
        assert_eq!(done.code, 0, "{}", done.stderr);
    }
    folder.write("main.svg", b"by hand");
    assert_eq!(folder.flow(&["graph", "--format", "svg", "-o", "main.svg", "main.flow"]).code, 2);
    assert_eq!(held(&folder, "main.svg"), "by hand");
    assert_eq!(folder.flow(&["graph", "-o", "main.flow", "main.flow"]).code, 2);
    assert_eq!(held(&folder, "main.flow"), PROGRAM);
}

#[cfg(unix)]
mod of_unix {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::{DOCUMENT, Folder, PROGRAM, held};

    fn pipe(folder: &Folder, name: &str) {
        let made = Command::new("mkfifo").arg(folder.path().join(name)).status().expect("mkfifo is there");
        assert!(made.success());
    }

    #[test]
    fn a_link_leads_no_report_and_no_snapshot_to_something_else() {
        let folder = Folder::with(PROGRAM);
        folder.write("other.flow", PROGRAM.as_bytes());
        folder.write("diary.txt", b"dear diary\n");
        let link = |from: &str, to: &str| symlink(to, folder.path().join(from)).expect("a link");
        link("report", "other.flow");
        link("main.calls.snap", "diary.txt");
        std::fs::hard_link(folder.path().join("main.flow"), folder.path().join("same")).expect("a link");
        for args in [
            &["test", "--coverage-lcov", "report", "main.flow"][..],
            &["test", "--coverage-lcov", "same", "main.flow"],
            &["test", "--snapshot", "main.flow"],
            &["export", "main.flow", "-o", "same", "--force"],
        ] {
            let done = folder.flow(args);
            assert_eq!(done.code, 2, "{args:?}: {}", done.stderr);
        }
        let kept = ["main.flow", "other.flow", "diary.txt"].map(|name| held(&folder, name));
        assert_eq!(kept, [PROGRAM, PROGRAM, "dear diary\n"]);
    }

    #[test]
    fn nobody_waits_for_a_pipe() {
        let folder = Folder::with(PROGRAM);
        pipe(&folder, "pipe.flow");
        pipe(&folder, "main.calls.snap");
        for args in [
            &["check", "pipe.flow"][..],
            &["test", "pipe.flow"],
            &["plan", "pipe.flow"],
            &["run", "pipe.flow"],
            &["import", "pipe.flow"],
            &["fmt", "--check", "pipe.flow"],
            &["export", "main.flow", "-o", "pipe.flow"],
            &["export", "main.flow", "-o", "pipe"],
            &["test", "--snapshot", "main.flow"],
        ] {
            if args.contains(&"pipe") {
                pipe(&folder, "pipe");
            }
            let done = folder.flow(args);
            let said = format!("{}{}", done.stdout, done.stderr);
            assert_eq!(done.code, 2, "{args:?}: {said}");
            assert!(said.contains("a pipe, not a file") || said.contains("the name of a program"), "{args:?}: {said}");
        }
        folder.write("main.flow", b"use \"pipe.flow\" as far\nworkflow w {}\n");
        let done = folder.flow(&["check", "main.flow"]);
        assert!(done.stdout.contains("the file cannot be read: this is a pipe, not a file"), "{}", done.stdout);
        #[cfg(feature = "repl")]
        for done in [folder.flow(&["repl", "pipe.flow"]), folder.flow_fed(b":load pipe.flow\n", &["repl"])] {
            assert!(done.stderr.contains("`pipe.flow` cannot be read: this is a pipe, not a file"), "{}", done.stderr);
        }
    }

    #[test]
    fn settings_that_are_a_pipe_are_said_to_be_one() {
        let folder = Folder::with(PROGRAM);
        pipe(&folder, "flow.toml");
        let done = folder.flow(&["run", "main.flow"]);
        assert_eq!(done.code, 2, "{}", done.stderr);
        assert!(done.stderr.contains("F0801") && done.stderr.contains("this is a pipe, not a file"), "{}", done.stderr);
        let done = folder.flow(&["doctor"]);
        assert_eq!(done.code, 1, "{}", done.stderr);
        assert!(done.stdout.contains("this is a pipe, not a file"), "{}", done.stdout);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_has_no_end_is_not_read_to_its_end() {
        let folder = Folder::with(PROGRAM);
        symlink("/dev/zero", folder.path().join("zero.flow")).expect("a link");
        for args in [&["check", "zero.flow"][..], &["fmt", "zero.flow"], &["import", "zero.flow"]] {
            let done = folder.flow(args);
            let said = format!("{}{}", done.stdout, done.stderr);
            assert_eq!(done.code, 2, "{args:?}: {said}");
            assert!(said.contains("this is a device, not a file"), "{args:?}: {said}");
        }
    }

    #[test]
    fn a_name_with_a_line_break_takes_one_line() {
        let folder = Folder::with("");
        std::fs::remove_file(folder.path().join("main.flow")).expect("it was there");
        folder.write("a\nb.flow", b"workflow w {   }\n");
        let done = folder.flow(&["fmt"]);
        assert_eq!(done.stderr, "a\\nb.flow\n1 file looked at, 1 changed\n");
        folder.write("a\nb.flow", b"workflow {\n");
        let done = folder.flow(&["check", "a\nb.flow"]);
        assert!(done.stdout.lines().all(|line| !line.starts_with("b.flow")), "{}", done.stdout);
    }

    #[test]
    fn a_file_beyond_the_bound_is_read_as_far_as_it_is() {
        let folder = Folder::with("");
        let file = std::fs::File::create(folder.path().join("large.flow")).expect("a file");
        // Nothing of it lies on the disk.
        file.set_len(1 << 30).expect("a length");
        let done = folder.flow(&["check", "large.flow"]);
        assert_eq!(done.code, 2);
        let said =
            "large.flow:1:1: error[F0106]: the file cannot be read: it has more than 16 MiB, which is the most\n";
        assert!(done.stdout.starts_with(said), "{}", done.stdout);
        folder.write("main.flow", b"use \"large.flow\" as far\nworkflow w {}\n");
        let done = folder.flow(&["check", "main.flow"]);
        assert!(done.stdout.contains("it has more than 16 MiB, which is the most"), "{}", done.stdout);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_no_success() {
        let folder = Folder::with(PROGRAM);
        folder.write("order.json", DOCUMENT.as_bytes());
        for line in [
            "check --format json main.flow",
            "plan main.flow",
            "graph main.flow",
            "export main.flow",
            "import order.json",
            "explain F0106",
            "completions bash",
            "man",
            "doctor",
            "connectors list",
            "test main.flow",
            "fmt - < main.flow",
        ] {
            let flow = env!("CARGO_BIN_EXE_flow");
            let script = format!("{flow} {line} > /dev/full");
            let mut command = Command::new("sh");
            let done = command.args(["-c", &script]).current_dir(folder.path()).output().expect("a shell is there");
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            assert_eq!(done.status.code(), Some(2), "{line}: {said}");
            assert!(said.contains("error: stdout cannot be written: No space left on device"), "{line}: {said}");
            // Who stops reading has had enough.
            let script = format!("{flow} {line} 2> said | true");
            let mut command = Command::new("sh");
            command.args(["-c", &script]).current_dir(folder.path()).output().expect("a shell is there");
            assert!(!held(&folder, "said").contains("cannot be written"), "{line}: {}", held(&folder, "said"));
        }
    }
}
