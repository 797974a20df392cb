//! Secrets stay covered where a text comes piece by piece.

use orchestra_flow::base::secret::{Mask, Secrets};
use orchestra_flow::base::value::{Value, with_secrets_written_out};

#[test]
fn secrets_are_covered_however_the_text_is_cut() {
    let (mask, other) = (Mask::default(), Mask::default());
    ["swordfish", "fishing-rod", "sword"].iter().for_each(|secret| mask.learn(secret));
    other.learn("ärger");
    mask.follow(&other);
    for (text, shown) in [
        ("", ""),
        ("nothing to hide", "nothing to hide"),
        ("swordfish", "***"),
        ("a swordfish, a sword, swordswordfish and a swor", "a ***, a ***, ****** and a swor"),
        ("what overlaps goes whole: swordfishing-rods", "what overlaps goes whole: ***s"),
        ("ein ärger ist keine är", "ein *** ist keine är"),
    ] {
        for length in 1..=text.len().max(1) {
            let mut covering = mask.covering();
            let mut made: Vec<u8> = text.as_bytes().chunks(length).flat_map(|piece| covering.take(piece)).collect();
            made.extend(covering.end());
            assert_eq!(String::from_utf8_lossy(&made), shown, "in pieces of {length}");
        }
    }
}

#[test]
fn a_secret_is_covered_in_each_form_in_which_it_may_stand() {
    let mut secrets = Secrets::default();
    secrets.add("pass \"word\"/ä&");
    for text in [
        "is pass \"word\"/ä& right",
        r#"{"token":"pass \"word\"/ä&"}"#,
        "?t=pass+%22word%22%2F%C3%A4%26",
        "?t=pass%20%22word%22%2f%c3%a4%26",
        "cGFzcyAid29yZCIvw6Qm",
    ] {
        let covered = secrets.cover(text);
        assert!(covered.contains("***") && !covered.contains("word") && !covered.contains("cGFz"), "{text}: {covered}");
    }
    assert_eq!(secrets.cover("a password"), "a password");
}

#[test]
fn a_mask_knows_what_is_held_as_long_as_it_is() {
    let mask = Mask::default();
    let mut secrets = Secrets::default();
    secrets.add("swordfish");
    let held = mask.hold(secrets);
    assert_eq!(mask.cover("a swordfish"), "a ***");
    drop(held);
    assert_eq!(mask.cover("a swordfish"), "a swordfish");
}

#[test]
fn a_hidden_value_is_shown_nowhere_and_stored_whole() {
    let value = Value::map([("user", Value::from("ada")), ("token", Value::from("swordfish").hidden())]);
    let stored = serde_json::to_string(&value).expect("data");
    for shown in [value.to_string(), format!("{value:?}"), value.to_json().to_string(), stored] {
        assert!(shown.contains("***") && !shown.contains("swordfish"), "{shown}");
    }
    let whole = with_secrets_written_out(|| serde_json::to_string(&value)).expect("data");
    assert_eq!(serde_json::from_str::<Value>(&whole).expect("a value"), value);
    assert_eq!(value.opened().to_json().to_string(), r#"{"user":"ada","token":"swordfish"}"#);
    assert!(!value.key().contains("swordfish"));
}
