//! Documents that are broken, or mean harm: what is wrong is said, with its line, and nothing breaks.

use super::Import;
use crate::cli::Folder;

/// What `flow import` says of a document that it refuses.
fn refused(name: &str, document: &str) -> String {
    let folder = Folder::with("");
    folder.write(name, document.as_bytes());
    let done = folder.flow(&["import", name]);
    assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{}", done.stderr);
    done.stderr
}

#[test]
fn a_broken_machine_is_told_by_its_line() {
    let rows = [
        ("{ \"StartAt\": \"A\",", "m.json: this is no JSON: EOF"),
        ("{ \"hello\": 1 }", "m.json: this is no document of a workflow language that can be read"),
        ("{ \"StartAt\": \"A\" }", "the state machine has no `States`"),
        ("{\n\"States\": {\n\"A\": { \"Type\": \"Succeed\" } } }", "m.json:2: the state machine has no `StartAt`"),
        (
            "{ \"StartAt\": \"Ask\", \"States\": {\n\"Asks\": { \"Type\": \"Succeed\" } } }",
            "m.json:1: `StartAt` leads to `Ask`, and no state is called so\n  hint: did you mean `Asks`?",
        ),
        (
            "{ \"StartAt\": \"A\",\n\"States\": {\n\"A\": { \"Type\": \"Pass\", \"Next\": \"B\" } } }",
            "m.json:3: `A` leads to `B`, and no state is called so",
        ),
        (
            "{ \"StartAt\": \"A\",\n\"States\": {\n\"A\": { \"Type\": \"Pas\", \"End\": true } } }",
            "m.json:3: the state `A` is of the type `Pas`, which there is not\n  hint: did you mean `Pass`?",
        ),
        (
            "{ \"StartAt\": \"A\",\n\"States\": {\n\"A\": { \"Type\": \"Pass\" } } }",
            "m.json:3: the state `A` does not say where it leads",
        ),
    ];
    for (document, says) in rows {
        let said = refused("m.json", document);
        assert!(said.contains(says), "{document}\n{said}");
    }
}

#[test]
fn a_file_is_not_written_over() {
    let folder = Folder::with("");
    folder.write("m.json", b"{ \"StartAt\": \"A\", \"States\": { \"A\": { \"Type\": \"Succeed\" } } }");
    let done = folder.flow(&["import", "m.json", "-o", "main.flow"]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("`main.flow` is there already") && done.stderr.contains("--force"), "{}", done.stderr);
    let done = folder.flow(&["import", "m.json"]);
    assert_eq!(done.code, 0);
    assert!(done.stdout.contains("workflow m {"), "{}", done.stdout);
    assert_eq!(done.stderr, "m: 1 state of Amazon States Language, all one to one\n");
}

#[test]
fn a_description_of_a_service_becomes_a_connector() {
    let folder = Folder::with("");
    folder.write("house.json", crate::lang::openapi::HOUSE.as_bytes());
    let done = folder.flow(&["import", "house.json", "-o", "house.flow"]);
    assert_eq!((done.code, done.stdout.as_str()), (0, ""), "{}", done.stderr);
    assert!(done.stderr.starts_with("house.flow: 12 operations\n"), "{}", done.stderr);
    let made = std::fs::read_to_string(folder.path().join("house.flow")).expect("it was written");
    assert!(made.contains("connector house "), "{made}");
}

/// A machine of these states, the first of which it begins with.
fn machine(states: &[(String, String)]) -> String {
    let first = &states[0].0;
    let states: Vec<String> = states.iter().map(|(name, state)| format!("{name:?}: {state}")).collect();
    format!("{{ \"StartAt\": {first:?}, \"States\": {{ {} }} }}", states.join(",\n"))
}

#[test]
fn whatever_a_machine_is_like_its_program_checks() {
    let pass = |next: &str| format!("{{ \"Type\": \"Pass\", \"Next\": {next:?} }}");
    let end = || ("End".to_owned(), "{ \"Type\": \"Succeed\" }".to_owned());
    // Round and round, with no way out.
    let circle = machine(&[("A".to_owned(), pass("B")), ("B".to_owned(), pass("A"))]);
    // Choices behind choices, each with its own way to fail.
    let mut ladder: Vec<(String, String)> = (0..300)
        .map(|at| {
            let next = if at == 299 { "End".to_owned() } else { format!("C{}", at + 1) };
            let rule = format!("{{ \"Variable\": \"$.n\", \"NumericEquals\": {at}, \"Next\": \"Bad\" }}");
            (format!("C{at}"), format!("{{ \"Type\": \"Choice\", \"Choices\": [{rule}], \"Default\": {next:?} }}"))
        })
        .collect();
    ladder.push(("Bad".to_owned(), "{ \"Type\": \"Fail\" }".to_owned()));
    ladder.push(end());
    // Choices within choices, each of which goes its own way: deeper than blocks may stand.
    let mut stairs: Vec<(String, String)> = (0..60)
        .map(|at| {
            let next = if at == 59 { "End".to_owned() } else { format!("S{}", at + 1) };
            let rule = format!("{{ \"Variable\": \"$.n\", \"NumericEquals\": {at}, \"Next\": \"P{at}\" }}");
            (format!("S{at}"), format!("{{ \"Type\": \"Choice\", \"Choices\": [{rule}], \"Default\": {next:?} }}"))
        })
        .collect();
    stairs.extend((0..60).map(|at| (format!("P{at}"), "{ \"Type\": \"Pass\", \"End\": true }".to_owned())));
    stairs.push(end());
    // A document that grows with each state.
    let mut growth: Vec<(String, String)> = (0..300)
        .map(|at| {
            let next = if at == 299 { "End".to_owned() } else { format!("G{}", at + 1) };
            let state = format!("{{ \"Type\": \"Pass\", \"Parameters\": {{ \"all.$\": \"$\" }}, \"ResultPath\": \"$.f{at}\", \"Next\": {next:?} }}");
            (format!("G{at}"), state)
        })
        .collect();
    growth.push(end());
    // Machines within machines.
    let inner = "{ \"StartAt\": \"A\", \"States\": { \"A\": { \"Type\": \"Pass\", \"End\": true } } }".to_owned();
    let nested = (0..20).fold(inner, |inner, _| {
        format!("{{ \"StartAt\": \"M\", \"States\": {{ \"M\": {{ \"Type\": \"Map\", \"ItemProcessor\": {inner}, \"End\": true }} }} }}")
    });
    // Names that are words, signs, or nothing that can be a name.
    let names =
        ["when", "input", "if", "true", "it", "items", "", "   ", "é\u{202e}x", "a\"b${c}\n", "http", "1", "*/ }"];
    let mut odd: Vec<(String, String)> = names
        .iter()
        .zip(names.iter().skip(1).chain(["End"].iter()))
        .map(|(name, next)| {
            let (next, path) = (serde_json::to_string(next), serde_json::to_string(&format!("$['{name}']")));
            let (next, path) = (next.expect("it is a text"), path.expect("it is a text"));
            let state = format!("{{ \"Type\": \"Pass\", \"Comment\": \"}} */ ${{x}}\", \"Parameters\": {{ \"x.$\": {path}, \"y.$\": \"$.when\" }}, \"Next\": {next} }}");
            ((*name).to_owned(), state)
        })
        .collect();
    odd.push(end());
    let odd: Vec<String> = odd
        .iter()
        .map(|(name, state)| format!("{}: {state}", serde_json::to_string(name).expect("it is a text")))
        .collect();
    let odd = format!("{{ \"StartAt\": \"when\", \"States\": {{ {} }} }}", odd.join(",\n"));
    // Expressions that are none.
    let broken = [
        "{% %}",
        "{% ( %}",
        "{% $sum( %}",
        "{% $unheard(1) %}",
        "{% a.b.c %}",
        "{% $states %}",
        "{% 'x",
        "{% $f := function($x) { $f($x) } %}",
    ];
    let broken: Vec<(String, String)> = broken
        .iter()
        .enumerate()
        .map(|(at, text)| {
            let next = if at == 7 { "\"End\": true".to_owned() } else { format!("\"Next\": \"X{}\"", at + 1) };
            (format!("X{at}"), format!("{{ \"Type\": \"Pass\", \"QueryLanguage\": \"JSONata\", \"Output\": {{ \"x\": {text:?} }}, {next} }}"))
        })
        .collect();
    let rows = [
        ("circle", circle),
        ("ladder", machine(&ladder)),
        ("stairs", machine(&stairs)),
        ("growth", machine(&growth)),
        ("nested", nested),
        ("odd", odd),
        ("broken", machine(&broken)),
    ];
    for (name, document) in rows {
        let import = Import::from(&format!("{name}.json"), document.as_bytes());
        assert!(import.text.contains("workflow "), "{name}");
    }
}

#[test]
fn what_is_too_much_is_refused() {
    let many: Vec<(String, String)> =
        (0..5_001).map(|at| (format!("S{at}"), "{ \"Type\": \"Succeed\" }".to_owned())).collect();
    assert!(refused("m.json", &machine(&many)).contains("the state machine has 5001 states, 5000 are the most"));
    let deep = format!("{{ \"StartAt\": \"A\", \"States\": {}1{} }}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(refused("m.json", &deep).contains("m.json: this is no JSON: recursion limit exceeded"));
}

/// What a person or a machine can put into a document without meaning it: the program checks all the same.
#[test]
fn numbers_names_and_lines_without_measure_become_programs_that_check() {
    let most = u64::MAX;
    let numbers = format!(
        "{{ \"StartAt\": \"A\", \"TimeoutSeconds\": {most}, \"States\": {{ \"A\": {{ \"Type\": \"Task\", \"Resource\": \"x\", \"TimeoutSeconds\": {most}, \
         \"Retry\": [{{ \"ErrorEquals\": [\"States.ALL\"], \"MaxAttempts\": {most}, \"IntervalSeconds\": {most}, \"BackoffRate\": 1e308, \"MaxDelaySeconds\": {most} }}], \
         \"Next\": \"B\" }}, \"B\": {{ \"Type\": \"Wait\", \"Seconds\": {most}, \"End\": true }} }} }}"
    );
    Import::from("m.json", numbers.as_bytes());
    let functions = format!(
        "{{ \"StartAt\": \"A\", \"States\": {{ \"A\": {{ \"Type\": \"Pass\", \"Parameters\": {{ \"x.$\": \"{}{}\" }}, \"End\": true }} }} }}",
        "States.Array(".repeat(20_000),
        ")".repeat(20_000)
    );
    let import = Import::from("m.json", functions.as_bytes());
    assert!(import.text.contains("functions stand deeper in each other than 40"), "{}", import.text);
    let filters = ["[?(@.x ==", "[?(]", "[?(@.a[?(@.b)])]", "[?(@['a'] == ']')]", "[?(@.a == 'b' && )]", "[?()]"];
    for filter in filters {
        let path = serde_json::to_string(&format!("$.list{filter}")).expect("it is a text");
        let state = format!("{{ \"Type\": \"Pass\", \"Parameters\": {{ \"x.$\": {path} }}, \"End\": true }}");
        Import::from("m.json", machine(&[("A".to_owned(), state)]).as_bytes());
    }
    let head = "document: { dsl: '1.0.0', namespace: a, name: b, version: '1.0.0' }\n";
    for document in [
        "schedule: { cron: '99 99 * * *' }\ndo:\n  - a: { set: { x: 1 } }",
        "do:\n  - a: { wait: { days: 1e300 } }\n  - b: { wait: { seconds: -5 } }\n  - c: { wait: PT99999999999999999999S }",
        "do:\n  - \u{1f680}: { set: { \u{1f389}: 1 } }\n  - if: { set: { for: '${ .\u{1f389} }', x: '${ .[\"\u{1f389}\"] }' } }\n  - if: { set: { y: 1 } }",
        "do:\n  - a: { try: [ { x: { call: http, with: { endpoint: 'https://a.b' } } } ], catch: { retry: { delay: { days: 9999 }, \
         backoff: { linear: { increment: { days: 9999 } } }, limit: { attempt: { count: 18446744073709551615 } } } } }",
        "do:\n  - a: { try: [ { x: { call: http, with: { endpoint: 'https://a.b' } } } ], catch: { retry: { delay: { days: 9999 }, \
         backoff: { exponential: {} }, limit: { attempt: { count: 18446744073709551615 } } } } }",
        "do:\n  - a: { set: { x: '${ .y | with_entries(select(.key)) | rtrimstr(\"[\") | ltrimstr(\"\\u0000\") }' } }",
    ] {
        Import::from("b.yaml", format!("{head}{document}\n").as_bytes());
    }
}

#[test]
fn what_is_no_text_or_blows_up_is_refused_at_once() {
    let folder = Folder::with("");
    let bomb = (1..9).fold("a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned(), |bomb, at| {
        let same = vec![format!("*a{}", at - 1); 10].join(", ");
        format!("{bomb}a{at}: &a{at} [{same}]\n")
    });
    let deep = format!("do: {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let rows: [(&[u8], &str); 4] = [
        (b"{ \"StartAt\": \"\xe9\" }", "it is not UTF-8"),
        (b"\xff\xfe{\0}\0", "it is not UTF-8"),
        (bomb.as_bytes(), "this is neither JSON nor YAML"),
        (deep.as_bytes(), "recursion limit exceeded"),
    ];
    for (document, says) in rows {
        folder.write("m.yaml", document);
        let done = folder.flow(&["import", "m.yaml"]);
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{}", done.stderr);
        assert!(done.stderr.contains(says), "{}", done.stderr);
    }
    // Of two of one name nobody can say which is meant.
    for (name, document) in [
        (
            "m.json",
            "{ \"StartAt\": \"A\", \"States\": { \"A\": { \"Type\": \"Succeed\" },\n \"A\": { \"Type\": \"Fail\" } } }",
        ),
        ("m.yaml", "StartAt: A\nStates:\n  A: { Type: Succeed }\n  A: { Type: Fail }\n"),
    ] {
        let said = refused(name, document);
        assert!(said.contains("twice in one object at line 2") || said.contains("duplicate"), "{said}");
    }
    // A mark at the beginning of a file is none of its text.
    Import::from(
        "m.json",
        "\u{feff}{ \"StartAt\": \"A\", \"States\": { \"A\": { \"Type\": \"Succeed\" } } }".as_bytes(),
    );
}
