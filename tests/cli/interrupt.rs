//! Ctrl-C: the first cancels in order, the second kills.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command};

use super::Folder;

const LONG: &str = r#"
workflow long {
    step made = files.write { path: "made.txt", content: "x", undo files.delete { path: "made.txt" } }
    wait 1h
    finally { step log.info { message: "swept" } }
}
"#;

/// Waits until stderr says `text`; gives the rest of stderr after the process ended, and its code.
fn interrupt_when(mut child: Child, says: &str, times: u32) -> (String, i32) {
    let mut lines = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    while !line.contains(says) {
        line.clear();
        assert_ne!(lines.read_line(&mut line).expect("it can be read"), 0, "it ended before it said {says:?}");
    }
    for time in 0..times {
        if time > 0 {
            // The first one must have been heard before the second comes.
            line.clear();
            while !line.contains("cancelling") {
                line.clear();
                assert_ne!(lines.read_line(&mut line).expect("it can be read"), 0, "it ended unheard");
            }
        }
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
        assert!(sent.success());
    }
    let mut rest = String::new();
    lines.read_to_string(&mut rest).expect("it can be read");
    (rest, child.wait().expect("it ends").code().unwrap_or(-1))
}

#[test]
fn the_first_one_undoes_and_finishes() {
    let folder = Folder::with(LONG);
    let child = folder.start(&["run", "main.flow"]);
    let (rest, code) = interrupt_when(child, "waits 1h", 1);
    assert_eq!(code, 130, "{rest}");
    assert!(rest.contains("cancelling: undoing, finishing ... (Ctrl-C again kills)\n"), "{rest}");
    assert!(rest.contains("swept"), "{rest}");
    assert!(!folder.path().join("made.txt").exists(), "what was written was undone: {rest}");
}

#[test]
fn the_second_one_kills() {
    let folder = Folder::with(
        r#"
workflow stubborn {
    wait 1h
    on cancel { wait 1h }
}
"#,
    );
    let child = folder.start(&["run", "main.flow"]);
    let (rest, code) = interrupt_when(child, "waits 1h", 2);
    assert_eq!(code, 130, "{rest}");
    assert!(rest.contains("killed"), "{rest}");
}
