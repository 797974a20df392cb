//! `--input`: where it comes from, and what is wrong with it.

use super::Folder;

const ORDER: &str = r#"
workflow order {
    input {
        id:    string
        email: email
        lines: list<{ sku: string, pieces: int(1..) }>
    }
    output { pieces: int = input.lines.len() }
}
"#;

const GOOD: &str = r#"{"id": "1", "email": "ada@example.com", "lines": [{"sku": "tea", "pieces": 2}]}"#;

#[test]
fn it_comes_from_the_argument_a_file_or_stdin() {
    let folder = Folder::with(ORDER);
    folder.write("order.json", GOOD.as_bytes());
    for done in [
        folder.flow(&["run", "main.flow", "--input", GOOD]),
        folder.flow(&["run", "main.flow", "--input", "@order.json"]),
        folder.flow_fed(GOOD.as_bytes(), &["run", "main.flow", "--input", "-"]),
    ] {
        assert_eq!((done.stdout.as_str(), done.code), ("{\"pieces\":1}\n", 0), "{}", done.stderr);
    }
}

#[test]
fn all_faults_are_named_at_once_by_path() {
    let wrong = r#"{"email": "ada", "lines": [{"sku": "tea", "pieces": 0}, {"pieces": "x"}], "note": ""}"#;
    let done = Folder::with(ORDER).flow(&["run", "main.flow", "--input", wrong]);
    assert_eq!((done.stdout.as_str(), done.code), ("", 2));
    assert_eq!(
        done.stderr,
        "error: the input does not fit `order`:\n  \
           `id` is missing: a string is required\n  \
           `email` must be an email, is the string \"ada\": an address looks like `ada@example.com`\n  \
           `lines[0].pieces` must be at least 1, is 0\n  \
           `lines[1].sku` is missing: a string is required\n  \
           `lines[1].pieces` must be an int(1..), is the string \"x\"\n  \
           `note` is not known here: known are `id`, `email`, `lines`\n  \
           hint: such as --input '{\"id\":\"id\",\"email\":\"somebody@example.com\",\
           \"lines\":[{\"sku\":\"sku\",\"pieces\":1},{\"sku\":\"sku\",\"pieces\":1}]}'\n"
    );
}

#[test]
fn what_is_no_json_is_told_with_its_place() {
    let folder = Folder::with(ORDER);
    let done = folder.flow(&["run", "main.flow", "--input", "{\n  \"id\": 1,\n}"]);
    assert_eq!((done.code, done.stderr.as_str()), (2, "error: --input:3:1: the input is no JSON: trailing comma\n"));
    let done = folder.flow(&["run", "main.flow", "--input", "order.json"]);
    assert_eq!(
        done.stderr,
        "error: --input:1:1: the input is no JSON: expected value\n  \
         hint: write `--input @FILE` to read a file, `--input -` to read stdin\n"
    );
    let done = folder.flow(&["run", "main.flow", "--input", "@nowhere.json"]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.starts_with("error: `nowhere.json` cannot be read: "), "{}", done.stderr);
    let done = folder.flow_fed(b"\xff", &["run", "main.flow", "--input", "-"]);
    assert_eq!(done.code, 2, "{}", done.stderr);
    let deep = "[".repeat(100_000);
    let done = folder.flow_fed(deep.as_bytes(), &["run", "main.flow", "--input", "-"]);
    assert_eq!(done.code, 2, "{}", done.stderr);
}

#[test]
fn fifty_megabytes_are_an_input() {
    let folder =
        Folder::with("workflow size {\n    input { text: string }\n    output { n: int = input.text.len() }\n}\n");
    let size = 50 * 1024 * 1024;
    folder.write("large.json", format!("{{\"text\": \"{}\"}}", "x".repeat(size)).as_bytes());
    let done = folder.flow(&["run", "main.flow", "--input", "@large.json"]);
    assert_eq!((done.stdout, done.code), (format!("{{\"n\":{size}}}\n"), 0), "{}", done.stderr);
}
