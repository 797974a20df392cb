//! Whatever the bytes are: diagnostics and 2, never a panic, a hang or an overflow of the stack.

use super::Folder;

#[test]
fn a_file_that_is_no_text_is_refused_with_the_offset() {
    let folder = Folder::with("");
    folder.write("main.flow", b"workflow caf\xe9 { }\n");
    for command in ["check", "run", "plan", "test"] {
        let done = folder.flow(&[command, "main.flow"]);
        let said = format!("{}{}", done.stdout, done.stderr);
        assert_eq!(done.code, 2, "{said}");
        assert!(
            said.contains(
                "main.flow:1:13: error[F0100]: the file cannot be read: it is not UTF-8: the byte 0xe9 at offset 12 is no part of a character"
            ),
            "{said}"
        );
    }
}

#[test]
fn what_comes_from_outside_does_not_move_the_cursor() {
    let folder = Folder::with(
        "workflow w { input { s: string }, step said = log.info { message: \"got ${input.s}\" }, fail odd input.s }",
    );
    let done = folder.flow(&["run", "main.flow", "--input", r#"{"s":"a\u001b[2J\u001b]0;owned\u0007\rb"}"#]);
    assert_eq!(done.code, 1, "{}", done.stderr);
    assert!(done.stderr.contains(r"got a\u{1b}[2J\u{1b}]0;owned\u{7}\rb"), "{}", done.stderr);
    assert!(!done.stderr.contains(|sign: char| sign.is_control() && sign != '\n'), "{:?}", done.stderr);
}

#[test]
fn a_directory_is_no_program() {
    for command in ["run", "plan"] {
        let done = Folder::with("").flow(&[command, "."]);
        assert_eq!(done.code, 2);
        assert!(done.stderr.contains("this is a directory, not a file"), "{}", done.stderr);
    }
}

#[test]
fn texts_made_to_break_a_parser_are_diagnosed() {
    let megabyte = 1 << 20;
    for (name, text) in [
        ("brackets", "[".repeat(megabyte)),
        ("quotes", "\"".repeat(megabyte)),
        ("comments", "/*".repeat(megabyte / 2)),
        ("depth", format!("workflow w {{ output {}1{} }}", "(".repeat(10_000), ")".repeat(10_000))),
        ("blocks", format!("workflow w {}", "{ sequence ".repeat(10_000))),
        ("types", format!("type T = {}int{}\nworkflow w {{ }}", "list<".repeat(20_000), ">".repeat(20_000))),
        ("unions of types", format!("type T = {}int\nworkflow w {{ }}", "map<int\n| list <".repeat(20_000))),
        (
            "parameters",
            format!("fn f({}) {{ 1 }}\nworkflow w {{ }}", (0..65_536).map(|n| format!("a{n}, ")).collect::<String>()),
        ),
        ("functions inside of functions", "fn f() { fn g() { 1 } g() }\nworkflow w { }".to_owned()),
        ("nul", "workflow w {\0}".to_owned()),
        ("right to left", "workflow \u{202e}w { }".to_owned()),
    ] {
        let folder = Folder::with(&text);
        let done = folder.flow(&["check", "main.flow"]);
        assert_eq!(done.code, 2, "{name}: {} {}", done.stdout, done.stderr);
        assert!(done.stdout.contains("error[F0"), "{name}: {}", done.stdout);
    }
}

#[test]
fn line_ends_and_a_byte_order_mark_are_no_fault() {
    for text in ["\u{feff}workflow w { }\n", "workflow w {\r\n    let a = 1\r\n}\r\n"] {
        let done = Folder::with(text).flow(&["run", "main.flow"]);
        assert_eq!((done.stdout.as_str(), done.code), ("null\n", 0), "{}", done.stderr);
    }
}

#[test]
fn a_script_that_grows_without_end_is_stopped() {
    let done = Folder::with("workflow w {\n    step s = script { let s = \"x\"; loop { s += s; } }\n}\n")
        .flow(&["run", "main.flow"]);
    assert_eq!((done.stdout.as_str(), done.code), ("", 1));
    assert!(done.stderr.contains("error: limit_exceeded in step `s`: "), "{}", done.stderr);
}

#[test]
fn words_of_programs_neither_hide_nor_turn_what_is_said() {
    let folder = Folder::with(
        r#"workflow w { step said = log.info { message: "a\u001b[8mhidden\u001b[0m" }, fail boom "b\u202ec\u200b\u001b[31md" }"#,
    );
    let done = folder.flow(&["run", "main.flow"]);
    assert_eq!(done.code, 1, "{}", done.stderr);
    assert!(done.stderr.contains(r"a\u{1b}[8mhidden\u{1b}[0m"), "{}", done.stderr);
    assert!(done.stderr.contains(r"b\u{202e}c\u{200b}\u{1b}[31md"), "{}", done.stderr);
    // Where colours are shown, too, none of them hides a word.
    let done = folder.flow_in(&[("CLICOLOR_FORCE", "1")], &["run", "main.flow"]);
    assert!(done.stderr.contains(r"a\u{1b}[8mhidden"), "{}", done.stderr);
    assert!(done.stderr.contains(r"b\u{202e}c\u{200b}"), "{}", done.stderr);
}
