//! What a program and its settings see of a mailbox.

use std::time::Duration;

use super::peer::{Dovecot, PASSWORD};
use crate::cli::Folder;

const SORTING: &str = r#"
workflow sort_invoices {
    step found = for mail from email.list { subject: "invoice", unseen: true, order: "oldest" } {
        step whole = email.fetch { id: mail.id, save: "invoices" }
        step mark = email.mark { id: mail.id, seen: true, add: ["Booked"] }
        step file = email.move { id: mail.id, to: "Archive" }
        output { from: mail.from?.address, files: whole.attachments.map(|it| it.path), moved: file.id != () }
    }
    step left = email.list {}
    output { found: any = found, left: int = left.len() }
}
"#;

#[test]
fn a_program_sorts_a_mailbox() {
    let Some(server) = Dovecot::start() else { return };
    for subject in ["invoice 1", "greetings", "invoice 2"] {
        let message = format!(
            "From: shop@example.com\r\nSubject: {subject}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSee the file.\r\n\
             --b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=i.pdf\r\n\r\n%PDF\r\n--b--\r\n"
        );
        server.deliver("ada", message.as_bytes(), Duration::from_secs(60));
    }
    let folder = Folder::with(SORTING);
    let set = [
        ("IMAP_URL", server.plain().replace("localhost", "127.0.0.1")),
        ("IMAP_USER", "ada".to_owned()),
        ("IMAP_PASSWORD", PASSWORD.to_owned()),
    ];
    let set: Vec<(&str, &str)> = set.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let done = folder.flow_in(&set, &["run", "main.flow"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let output: serde_json::Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!(output["left"], 1, "{output}");
    let found = output["found"].as_array().expect("a list");
    assert_eq!(found.len(), 2, "{output}");
    for one in found {
        assert_eq!((&one["from"], &one["moved"]), (&"shop@example.com".into(), &true.into()), "{output}");
        let path = one["files"][0].as_str().expect("a path");
        assert_eq!(std::fs::read_to_string(folder.path().join(path)).expect("it is there"), "%PDF");
    }
    assert!(!done.stderr.contains(PASSWORD), "{}", done.stderr);
    // Once more finds nothing: what was found lies elsewhere.
    let again = folder.flow_in(&set, &["run", "main.flow"]);
    let output: serde_json::Value = serde_json::from_str(&again.stdout).expect("JSON");
    assert_eq!(output["found"], serde_json::json!([]), "{}", again.stderr);
}

#[test]
fn each_operation_wants_the_settings_that_it_needs() {
    let reads = Folder::with("workflow w {\n    step x = email.list {}\n}\n");
    let done = reads.flow(&["run", "main.flow"]);
    assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{}", done.stderr);
    assert!(done.stderr.contains("`imap_url`") && done.stderr.contains("IMAP_URL"), "{}", done.stderr);
    assert!(!done.stderr.contains("`host`"), "{}", done.stderr);
    let sends =
        Folder::with("workflow w {\n    step x = email.send { to: \"a@b.example\", subject: \"x\", text: \"x\" }\n}\n");
    let done = sends.flow(&["run", "main.flow"]);
    assert!(done.code == 2 && done.stderr.contains("`host`") && !done.stderr.contains("`imap_url`"), "{}", done.stderr);
    // Stand-ins need no settings.
    let sandbox = reads.flow(&["run", "main.flow", "--sandbox"]);
    assert_eq!(sandbox.code, 0, "{}", sandbox.stderr);
}
