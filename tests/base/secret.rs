//! Secrets stay covered where a text comes piece by piece.

use orchestra_flow::base::secret::Mask;

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
