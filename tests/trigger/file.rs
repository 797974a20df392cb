//! `file`: each file starts one run, when it is whole.

use super::*;

const PROGRAM: &str = r#"
workflow inbox {
    input { path: string, size: int }
    trigger file "inbox/*.csv" { on created }
    output { path: input.path }
}
workflow watch {
    trigger file "inbox/*.csv" { on changed | deleted, input: {} }
    output { ok: true }
}
"#;

/// The paths for which runs were started, with what was heard of them.
async fn paths(house: &House, workflow: &str) -> Vec<String> {
    let said = |trigger: &Value, name: &str| trigger.get(name).map(ToString::to_string).unwrap_or_default();
    let heard = house.heard(workflow).await;
    let mut paths: Vec<String> = heard
        .iter()
        .map(|trigger| format!("{} {} {}", said(trigger, "change"), said(trigger, "path"), said(trigger, "size")))
        .collect();
    paths.sort();
    paths
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join("inbox").join(name), text).expect("it can be written");
}

#[test]
fn files_that_come_change_and_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    std::fs::create_dir(at.join("inbox")).expect("a folder");
    write(at, "there.csv", "before");
    process(at, PROGRAM, None, async |house| {
        let _listening = house.triggers.listen();
        house.until("inbox", 1).await;
        write(at, "one.csv", "a,b");
        write(at, "one.txt", "no");
        write(at, ".hidden.csv", "no");
        house.until("inbox", 2).await;
        // In one move, whole from the first.
        std::fs::write(at.join("part"), "x").expect("it can be written");
        std::fs::rename(at.join("part"), at.join("inbox/two.csv")).expect("it can be moved");
        house.until("inbox", 3).await;
        assert_eq!(
            paths(&house, "inbox").await,
            ["created inbox/one.csv 3", "created inbox/there.csv 6", "created inbox/two.csv 1"]
        );
        write(at, "one.csv", "a,b,c");
        house.until("watch", 1).await;
    });
    // While nobody looks: one goes, one comes.
    std::fs::remove_file(at.join("inbox/two.csv")).expect("it can be deleted");
    write(at, "three.csv", "xyz");
    process(at, PROGRAM, None, async |house| {
        let _listening = house.triggers.listen();
        house.until("inbox", 4).await;
        house.until("watch", 2).await;
        assert_eq!(paths(&house, "watch").await, ["changed inbox/one.csv 5", "deleted inbox/two.csv 1"]);
        assert_eq!(paths(&house, "inbox").await[2], "created inbox/three.csv 3", "and the others not again");
        assert_eq!(house.runs("inbox").await.len(), 4);
    });
}

#[test]
fn a_file_that_is_being_written_is_not_taken() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    process(at, PROGRAM, None, async |house| {
        let _listening = house.triggers.listen();
        // The directory itself comes later, too.
        std::fs::create_dir(at.join("inbox")).expect("a folder");
        let mut file = std::fs::File::create(at.join("inbox/slow.csv")).expect("it can be made");
        for _ in 0..8 {
            file.write_all(b"line\n").expect("it can be written");
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        assert_eq!(house.runs("inbox").await.len(), 0, "it grows all the time");
        drop(file);
        house.until("inbox", 1).await;
        assert_eq!(paths(&house, "inbox").await, ["created inbox/slow.csv 40"]);
    });
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_roots_is_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let outside = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    std::fs::create_dir(at.join("inbox")).expect("a folder");
    std::fs::write(outside.path().join("secret.csv"), "s").expect("it can be written");
    std::os::unix::fs::symlink(outside.path().join("secret.csv"), at.join("inbox/a.csv")).expect("a link");
    write(at, "b.csv", "b");
    process(at, PROGRAM, None, async |house| {
        let _listening = house.triggers.listen();
        house.until("inbox", 1).await;
        assert_eq!(paths(&house, "inbox").await, ["created inbox/b.csv 1"]);
    });
}
