//! `flow test --seed`: what chance decides in a test is decided by the seed.

use serde_json::Value as Json;

use super::Folder;

/// Which of two answers that come at the same moment comes first is not said; the program counts on the order of its text.
const HASTY: &str = r#"connector desk {
    native read operation ask(who: string) -> { name: string }
}
workflow hasty {
    step first = race {
        branch ada {
            step asked = desk.ask { who: "ada" }
            output asked.name
        }
        branch bob {
            step asked = desk.ask { who: "bob" }
            output asked.name
        }
    }
    output { first: string = first }
}
test "ada's is first" for hasty {
    mock desk.ask => { name: params.who }
    expect output.first == "ada"
}
"#;

#[test]
fn seeds_find_what_only_some_orders_break_and_name_the_smallest() {
    let folder = Folder::with(HASTY);
    assert_eq!(folder.flow(&["test", "main.flow"]).code, 0, "as it is written it passes");
    let done = folder.flow(&["test", "--seed", "1..40", "main.flow"]);
    assert_eq!(done.code, 1, "{}", done.stdout);
    let done_again = folder.flow(&["test", "--seed", "1..40", "--format", "json", "main.flow"]);
    let report: Json = serde_json::from_str(&done_again.stdout).expect("it is JSON");
    let seeds = &report["tests"][0]["seeds"];
    let failed: Vec<u64> = serde_json::from_value(seeds["failed"].clone()).expect("a list of seeds");
    assert!((5..=35).contains(&failed.len()), "about half of them: {failed:?}");
    assert_eq!((&seeds["tried"], &seeds["shown"]), (&40.into(), &failed[0].into()), "the smallest is shown");
    assert!(
        done.stdout.contains(&format!("fails with {} of 40 seeds: {}, ", failed.len(), failed[0])),
        "{}",
        done.stdout
    );
    let again = format!(r"flow test --seed {} --filter 'ada'\''s is first' main.flow", failed[0]);
    assert_eq!(seeds["again"], again.as_str());
    assert!(done.stdout.contains(&format!("to see it again: {again}\n")), "{}", done.stdout);
    assert!(done.stdout.contains("\"bob\""), "the failure of that seed is shown: {}", done.stdout);

    // What to type says the same, in a shell.
    let again = format!("{} {}", env!("CARGO_BIN_EXE_flow"), again.trim_start_matches("flow "));
    let typed = std::process::Command::new("sh").args(["-c", &again]).current_dir(folder.path()).output();
    let typed = typed.expect("a shell is there");
    assert_eq!(typed.status.code(), Some(1), "{}", String::from_utf8_lossy(&typed.stderr));
    assert!(String::from_utf8_lossy(&typed.stdout).contains("0 passed, 1 failed"));
}

#[test]
fn a_seed_decides_random_numbers_pauses_and_what_mocks_draw() {
    let folder = Folder::with(
        r#"connector desk {
    native keyed operation ask() -> { n: float }
}
workflow dice {
    step asked = desk.ask { retry 3 times backoff 10s to 10m }
    output { own: float = random(), id: string = uuid(), told: float = asked.n, took: duration = now() - run.started_at }
}
test "all that chance decides" for dice {
    mock desk.ask fails connection_error 2 times then { n: random() }
    expect "${output.own} ${output.id} ${output.told} ${output.took}" == ""
}
"#,
    );
    let found = |seed: &[&str]| {
        let mut args = vec!["test", "--format", "json", "main.flow"];
        args.extend(seed);
        let report: Json = serde_json::from_str(&folder.flow(&args).stdout).expect("it is JSON");
        let parts = report["tests"][0]["failures"][0]["details"].to_string();
        parts
            .split(['"', ' ', '\\'])
            .filter(|part| part.len() > 3 && part.contains(|c: char| c.is_ascii_digit()))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (plain, one, two) = (found(&[]), found(&["--seed", "1"]), found(&["--seed", "2"]));
    assert_eq!(one, found(&["--seed", "1"]), "one seed, one chance");
    assert!(one.len() >= 4, "{one:?}");
    for part in &one {
        assert!(!plain.contains(part) && !two.contains(part), "{part} of {one:?} in {plain:?} or {two:?}");
    }
}

#[test]
fn with_a_seed_an_answer_may_come_just_after_its_timeout() {
    let folder = Folder::with(
        r#"connector desk {
    native read operation ask() -> { n: int }
}
workflow close {
    step asked = desk.ask { timeout 30s, on timeout skip }
    output { came: bool = asked != () }
}
test "it just comes" for close {
    mock desk.ask after 30s => { n: 1 }
    expect output.came
}
"#,
    );
    assert_eq!(folder.flow(&["test", "main.flow"]).code, 0);
    let done = folder.flow(&["test", "--seed", "1..30", "--format", "json", "main.flow"]);
    let report: Json = serde_json::from_str(&done.stdout).expect("it is JSON");
    let failed = report["tests"][0]["seeds"]["failed"].as_array().map(Vec::len);
    assert!(failed.is_some_and(|failed| (3..=27).contains(&failed)), "with some seeds it does not: {report:#}");
}

#[test]
fn what_is_no_seed_is_said() {
    let folder = Folder::with(HASTY);
    for (seed, said) in [
        ("many", "`many` is no seed: write a number (`42`), or a range (`1..1000`)"),
        ("1..", "`` is no seed"),
        ("9..3", "there is no seed from 9 to 3: the smaller one comes first"),
        ("-1", "unexpected argument '-1'"),
    ] {
        let done = folder.flow(&["test", "--seed", seed, "main.flow"]);
        assert_eq!(done.code, 2);
        assert!(done.stderr.contains(said), "{said:?} in {}", done.stderr);
    }
    let done = folder.flow(&["test", "--seed", "18446744073709551614..=18446744073709551615", "main.flow"]);
    assert!(done.stdout.contains("2 seeds"), "{}", done.stdout);
}

#[test]
fn a_test_that_is_not_there_is_an_error_with_a_near_one() {
    let folder = Folder::with(HASTY);
    for (filter, near) in [("adas is frist", true), ("frist", true), ("nothing like it", false)] {
        let done = folder.flow(&["test", "--filter", filter, "main.flow"]);
        assert_eq!(done.code, 2);
        let hint = if near { "\n  hint: did you mean \"ada's is first\"?" } else { "" };
        assert_eq!(done.stderr, format!("error: no test has {filter:?} in its title{hint}\n"));
    }
}
