//! What a page shows of what is printed, beside what is printed.

use std::sync::LazyLock;

use regex::Regex;

/// What differs from run to run, and what stands for it.
static DIFFERS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let patterns = [
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?", "MOMENT"),
        (r"\d\d:\d\d:\d\d", "TIME"),
        (r"\b\d+(\.\d+)?(ms|s)\b", "TOOK"),
    ];
    patterns.map(|(pattern, word)| (Regex::new(pattern).expect("a pattern"), word)).into()
});

/// A text without what differs from run to run.
pub fn covered(text: &str) -> String {
    let covered =
        DIFFERS.iter().fold(text.to_owned(), |text, (pattern, word)| pattern.replace_all(&text, *word).into());
    let lines = covered.lines().map(|line| line.trim_end().to_owned() + "\n");
    lines.collect::<String>().trim_end().to_owned()
}

/// Whether `printed` is what is shown of it; `...` there stands for anything.
pub fn shows(shown: &str, printed: &str) -> bool {
    let (shown, printed) = (covered(shown), covered(printed));
    lines_fit(&shown.lines().collect::<Vec<_>>(), &printed.lines().collect::<Vec<_>>())
}

fn lines_fit(shown: &[&str], printed: &[&str]) -> bool {
    match (shown, printed) {
        ([], []) => true,
        ([gap, rest @ ..], _) if gap.trim() == "..." => {
            (0..=printed.len()).any(|from| lines_fit(rest, &printed[from..]))
        }
        ([first, shown @ ..], [line, printed @ ..]) => line_fits(first, line) && lines_fit(shown, printed),
        _ => false,
    }
}

fn line_fits(shown: &str, printed: &str) -> bool {
    let mut parts = shown.split("...");
    let Some(mut rest) = parts.next().and_then(|first| printed.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[test]
fn what_is_shown_is_what_is_printed() {
    assert!(shows("a (3ms)\n...\nb ... d", "a (17ms)\nx\ny\nb c d\n"));
    assert!(shows("...", "") && shows("", "\n"));
    assert!(!shows("a\n...\nb", "b\na"));
    assert!(!shows("a (3ms) c", "a (3ms) b"));
    assert!(!shows("a", "a\nb") && !shows("a\nb", "a"));
    assert!(!shows("a ... c", "a c d"));
}
