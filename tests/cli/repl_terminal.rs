//! `flow repl` on a terminal: what a person types there, sees, completes, finds again and interrupts.

use std::os::unix::fs::PermissionsExt as _;

use super::Folder;
use super::terminal::{CTRL_C, CTRL_D, Terminal};

/// A session at a terminal, with a home in its folder.
fn session(folder: &Folder) -> Terminal {
    session_in(folder, &[])
}

fn session_in(folder: &Folder, environment: &[(&str, &str)]) -> Terminal {
    let home = folder.path().display().to_string();
    let environment: Vec<(&str, &str)> = [("HOME", &*home)].into_iter().chain(environment.iter().copied()).collect();
    let mut terminal = Terminal::sized(folder, (100, 40), &environment, &["repl"]);
    terminal.shows("[1]> ");
    terminal
}

const UP: &str = "\u{1b}[A";
const CTRL_R: &str = "\u{12}";

#[test]
fn what_is_typed_is_answered() {
    let folder = Folder::with("");
    let mut terminal = session(&folder);
    terminal.shows("`:help` says what can be said").types("1 + 2\r").shows("[1]> 1 + 2\n3\n").shows("[2]> ");
    terminal
        .types("let name = \"Ada\"\r")
        .shows("\"Ada\"\n[3]> ")
        .types("nme\r")
        .shows("did you mean `name`?")
        .shows("[4]> ");
    terminal.types("fn twice(n) { n * 2 }\r").shows("fn twice is declared\n").shows("[5]> ").types(CTRL_D);
    let (code, screen, _) = terminal.ends();
    assert_eq!(code, 0, "{screen}");
}

#[test]
fn a_block_that_is_open_goes_on_over_lines() {
    let folder = Folder::with("");
    let mut terminal = session(&folder);
    terminal
        .types("workflow greet {\r")
        .types("    input { name: string }\r")
        .types("    output \"Hello ${input.name}\"\r");
    terminal.types("}\r").shows("workflow greet is declared\n[2]> ").types(":run greet {\"name\": \"Ada\"}\r");
    terminal.shows("✓ greet").shows("\"Hello Ada\"\n").shows("how it went\n[2]> ");
    // Two blank lines end what is open.
    terminal.types("[1,\r\r\r").shows("never closed").shows("[3]> ");
    // What is dropped is not said.
    terminal.types("[1,\r2").types(CTRL_C).shows("2\n[3]> ").types("7 * 6\r").shows("42\n[4]> ").types(CTRL_D);
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn names_fields_operations_and_parameters_are_completed() {
    let folder = Folder::with("");
    let mut terminal = session(&folder);
    terminal.types("let customer = { address: \"Rome\", account: 7 }\r").shows("[2]> ");
    terminal.types("cust\t").shows("[2]> customer").types(".a\t").shows("address  string").shows("account  int");
    terminal.types("d\t").shows("customer.address").types("\r").shows("\"Rome\"\n").shows("[3]> ");
    terminal
        .types("step told = slack.post_me\t")
        .shows("slack.post_message { ")
        .types("cha\t")
        .shows("post_message { channel: \"");
    terminal
        .types(CTRL_C)
        .shows("channel: \"\n[3]> ")
        .types(":na\t")
        .shows(":names")
        .types("\r")
        .shows("customer: { address: string")
        .shows("it: string\n[3]> ")
        .types(CTRL_D);
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn names_are_coloured_by_what_they_mean() {
    let folder = Folder::with("");
    let typed = "let shouted = to_upper(\"ada\") // loud";
    let raw = |environment: &[(&str, &str)]| {
        let mut terminal = session_in(&folder, environment);
        terminal.types(typed).types("\r").shows("[2]> ").types(CTRL_D);
        let (_, screen, raw) = terminal.ends();
        assert!(screen.contains(typed), "{screen}");
        raw
    };
    let coloured = raw(&[]);
    assert!(coloured.contains("\u{1b}[32m\"ada\"") && coloured.contains("\u{1b}[1mlet"), "{coloured:?}");
    assert!(coloured.contains("\u{1b}[2m// loud"), "{coloured:?}");
    assert!(!raw(&[("NO_COLOR", "1")]).contains("\u{1b}[32m"));
}

#[test]
fn what_was_typed_is_found_again_by_its_owner_alone() {
    let folder = Folder::with("");
    let mut terminal = session(&folder);
    terminal
        .types("20 + 1\r")
        .shows("[2]> ")
        .types("\"another\"\r")
        .shows("[3]> ")
        .types(" \"not kept\"\r")
        .shows("[4]> ");
    terminal.types(CTRL_D);
    assert_eq!(terminal.ends().0, 0);
    let history = folder.path().join(".local/state/flow/history");
    let text = std::fs::read_to_string(&history).expect("a history");
    assert!(text.contains("20 + 1\n") && !text.contains("not kept"), "{text}");
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&history), mode(history.parent().expect("a folder"))), (0o600, 0o700));
    let mut terminal = session(&folder);
    terminal.types(UP).shows("[1]> \"another\"").types(CTRL_C).shows("\"another\"\n[1]> ");
    terminal.types(CTRL_R).shows("search").types("20").shows("20 + 1").types("\r").shows("21\n[2]> ").types(CTRL_D);
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn without_a_home_there_is_no_history_and_nothing_is_lost_by_that() {
    let folder = Folder::with("");
    let mut terminal = Terminal::start(&folder, &["repl"]);
    terminal.shows("[1]> ").types("1 + 1\r").shows("2\n").shows("[2]> ").types(CTRL_D);
    assert_eq!(terminal.ends().0, 0);
    folder.write("home", b"no folder");
    let home = folder.path().join("home").display().to_string();
    let mut terminal = Terminal::sized(&folder, (80, 24), &[("HOME", &*home)], &["repl"]);
    terminal.shows("[1]> ").types("1 + 1\r").shows("2\n").shows("[2]> ").types(CTRL_D);
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn ctrl_c_ends_a_run_and_not_the_session() {
    let folder = Folder::with("");
    let mut terminal = session(&folder);
    terminal.types("wait 1h\r").shows("waits 1h").types(CTRL_C).shows("cancelled\n").shows("[2]> ");
    terminal.types("1 + 1\r").shows("2\n").shows("[3]> ").types(CTRL_D);
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn what_computes_without_an_end_is_left_behind() {
    let folder = Folder::with("");
    let mut terminal = session(&folder);
    // It meets its bounds, or is left behind when it is killed: whichever comes first.
    terminal.types("loop { }\r").shows(" session  ").types(CTRL_C).shows("cancelling").types(CTRL_C);
    terminal.shows("killed").shows("[2]> ").types("1 + 1\r").shows("2\n").shows("[3]> ").types(CTRL_D);
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn whoever_types_can_be_asked() {
    let folder = Folder::with("");
    let mut terminal = session(&folder);
    terminal.types("step ok: { keep: bool } = ask role \"boss\" { question: \"Keep it?\" }\r");
    terminal.shows("ok asks role boss: Keep it?").types("y\r").shows("{ keep: true }\n").shows("[2]> ");
    // What is typed next is no answer.
    terminal.types("ok.keep\r").shows("true\n").shows("[3]> ").types(CTRL_D);
    assert_eq!(terminal.ends().0, 0);
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_will_do() {
    let folder = Folder::with("");
    let mut terminal = Terminal::sized(&folder, (80, 24), &[("TERM", "dumb")], &["repl"]);
    terminal.shows("[1]> ").types("[1,\n2].len()\n").shows("2\n").shows("[2]> ").types(CTRL_D);
    assert_eq!(terminal.ends().0, 0);
}
