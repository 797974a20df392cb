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
        .shows("it: string\n[3]> ");
    // In a text, in a record, in the input of a workflow, in a run as it stood.
    terminal.types("\"${custo\t").shows("\"${customer").types(CTRL_C).shows("{customer\n[3]> ");
    terminal.types("step made = script { #{ size: 7 } }\r").shows("[4]> ");
    terminal.types("steps.ma\t").shows("steps.made").types(".stat\t\r").shows("\"completed\"\n[5]> ");
    terminal.types("workflow greet { input { name: string }, let loud = input.name.to_upper(), output loud }\r");
    terminal
        .shows("[6]> ")
        .types(":run greet {na\t")
        .shows("{\"name\": ")
        .types("\"ada\"}\r")
        .shows("how it went\n[6]> ");
    terminal.types(":open\r").shows("[6@").types("lo\t").shows("> loud").types("\r").shows("loud\n\"ADA\"\n[7@");
    terminal.types(CTRL_D);
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

/// Takes the terminal away after `work`; the code, and what was said on stderr.
fn hung_up(folder: &Folder, work: impl FnOnce(&mut Terminal)) -> (Option<i32>, String) {
    let left = folder.path().join("left").display().to_string();
    let mut terminal = session_in(folder, &[("LEFT", &*left)]);
    work(&mut terminal);
    let code = terminal.hangs_up();
    let said = std::fs::read_to_string(&left).unwrap_or_default();
    assert!(!said.contains("panicked"), "{said}");
    (code, said)
}

#[test]
fn a_terminal_that_is_taken_away_ends_the_session() {
    let folder = Folder::with("");
    let history = || std::fs::read_to_string(folder.path().join(".local/state/flow/history")).unwrap_or_default();
    // At the prompt, in an open block, in the middle of a line.
    for (typed, shown) in [("20 + 1\r", "21\n[2]> "), ("workflow greet {\routput 1", "{\noutput 1"), ("let a", "let a")]
    {
        let (code, said) = hung_up(&folder, |terminal| {
            terminal.types(typed).shows(shown);
        });
        assert!(matches!(code, Some(0 | 129)), "{code:?}: {said}");
    }
    assert!(history().contains("20 + 1\n"), "{}", history());
}

#[test]
fn a_run_whose_terminal_is_taken_away_comes_to_its_end_in_order() {
    let folder = Folder::with("");
    let made = folder.path().join("made.txt");
    let (code, said) = hung_up(&folder, |terminal| {
        let made =
            "step made = files.write { path: \"made.txt\", content: \"x\", undo files.delete { path: \"made.txt\" } }";
        terminal.types(&format!("sequence {{ {made}, wait 1h }}\r"));
        let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while !folder.path().join("made.txt").exists() {
            assert!(std::time::Instant::now() < end, "{}", terminal.contents());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    });
    assert!(matches!(code, Some(0 | 129)) && said.contains("cancelled"), "{code:?}: {said}");
    assert!(!made.exists(), "what was done is undone: {said}");
}

#[test]
fn tests_that_compute_without_an_end_are_left_behind() {
    let folder = Folder::with("");
    let mut terminal = session(&folder);
    terminal.types("workflow spin { step turned = script { loop { } } }\r").shows("[2]> ");
    let tests = (0..6).map(|at| format!("test \"ends {at}\" for spin {{ expect run.status == \"completed\" }}\n"));
    terminal.types(&paste(&tests.collect::<String>())).shows("6 tests declared").shows("[3]> ");
    terminal.types(":test\r");
    // Each meets its bounds; the one under way is left behind.
    std::thread::sleep(std::time::Duration::from_millis(400));
    terminal.types(CTRL_C).shows("cancelled\n[3]> ").types("40 + 2\r").shows("\n42\n").types(CTRL_D);
    assert_eq!(terminal.ends().0, 0);
}

/// What a terminal sends when something is pasted, and the key behind it.
fn paste(text: &str) -> String {
    format!("\u{1b}[200~{text}\u{1b}[201~\r")
}

#[test]
fn what_is_pasted_is_answered_line_by_line() {
    let folder = Folder::with("");
    let mut terminal = session(&folder);
    terminal.types(&paste("let a = [1,\n  2]\nlet b = a.len() + 1\n\nb * 100")).shows("\n[1, 2]\n3\n300\n[4]> ");
    // Declarations may name one another, statements of Rhai go on over lines.
    terminal.types(&paste("fn one() { two() / 2 }\nfn two() { 2 }")).shows("fn two is declared\n[5]> ");
    terminal.types(&paste("let n = one();\nn + 41")).shows("\n42\n[6]> ");
    // What is wrong ends it.
    terminal.types(&paste("1\nnone_of_it\n\"not said\"")).shows("1 error").shows("[8]> ").types("\"on\"\r");
    terminal.shows("\n\"on\"\n[9]> ").types(CTRL_D);
    let (code, screen, _) = terminal.ends();
    assert!(code == 0 && screen.matches("\"not said\"").count() == 1, "{screen}");
}
