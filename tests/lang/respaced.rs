//! The same program with other gaps: as people of all habits might have typed it.
//!
//! Cuts texts by its own few rules, so that it shares no mistake with what it tries.

use crate::run::simulator::Chance;

/// The text with its blanks changed at random, on the same lines, and meaning the same.
pub fn respaced(text: &str, chance: &mut Chance) -> String {
    let mut out = String::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if let Some(length) = kept_length(text, at) {
            out.push_str(&rest[..length]);
            at += length;
            continue;
        }
        let blanks = rest.len() - rest.trim_start_matches([' ', '\n']).len();
        if blanks > 0 {
            let behind = rest[blanks..].chars().next();
            gap(&mut out, &rest[..blanks], behind, chance);
            at += blanks;
            continue;
        }
        let letter = rest.chars().next().unwrap_or(' ');
        if matches!(letter, ',' | ')' | ']' | '}') && !out.ends_with(['\n', '\t', ' ']) {
            out.push_str(one_of(&["", "", " ", "\t "], chance));
        }
        out.push(letter);
        if matches!(letter, ',' | '(' | '[' | '{') && !rest[1..].starts_with(['\n', '/', ' ']) {
            out.push_str(one_of(&["", " ", "  "], chance));
        }
        at += letter.len_utf8();
    }
    out
}

/// Other blanks for `gap`, which stands between what was written and `behind`.
fn gap(out: &mut String, gap: &str, behind: Option<char>, chance: &mut Chance) {
    let lines = gap.matches('\n').count();
    if lines == 0 {
        let before = out.chars().next_back().unwrap_or(' ');
        let loose = |letter: char| "{},:=<>+*)]".contains(letter);
        // A sign needs no blank beside a word; two signs might become one, as might an operand and its call.
        let may_go = loose(before) && behind.is_some_and(char::is_alphabetic)
            || before.is_alphanumeric() && behind.is_some_and(|behind| "{}=<>+*".contains(behind));
        let wider: &[&str] = if may_go { &["", " ", "  ", "\t"] } else { &[" ", "  ", "\t", "     "] };
        out.push_str(one_of(wider, chance));
        return;
    }
    out.push_str(one_of(&["", "", " ", "\t"], chance));
    let opened = out.trim_end().ends_with(['{', '[', '(']);
    let closes = behind.is_some_and(|behind| matches!(behind, '}' | ']' | ')'));
    // In front and behind of blocks empty lines are none; elsewhere several are one.
    let more = if lines > 1 || opened || closes { chance.below(3) as usize } else { 0 };
    out.extend(std::iter::repeat_n('\n', lines + more));
    out.push_str(one_of(&["", " ", "    ", "\t", "             "], chance));
}

fn one_of<'a>(blanks: &[&'a str], chance: &mut Chance) -> &'a str {
    chance.pick::<&str>(blanks)
}

/// How long the comment, text or pattern is that begins at `at`; `None` where none does.
pub fn kept_length(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    let line = rest.find('\n').unwrap_or(rest.len());
    let found = |from: usize, end: &str| rest[from..].find(end).map(|length| from + length + end.len());
    match rest.as_bytes()[0] {
        b'/' if rest.starts_with("//") => Some(line),
        b'/' if rest.starts_with("/*") => found(2, "*/"),
        b'/' if text[..at].ends_with('(') => found(1, "/)").map(|length| length - 1),
        b'#' if rest.starts_with("#\"") => found(2, "\"#"),
        b'#' if rest.starts_with("##\"") => found(3, "\"##"),
        b'"' if rest.starts_with("\"\"\"") => found(3, "\"\"\""),
        b'"' | b'`' => Some(quoted_length(rest)),
        _ => None,
    }
}

/// How long the text in quotes is with which `rest` begins.
fn quoted_length(rest: &str) -> usize {
    let quote = rest.as_bytes()[0];
    let mut at = 1;
    while at < rest.len() {
        match rest.as_bytes()[at] {
            b'\\' if quote == b'"' => at += 1,
            b'$' if rest[at..].starts_with("${") => {
                let mut depth = 0;
                loop {
                    match rest.as_bytes()[at] {
                        b'{' => depth += 1,
                        b'}' => depth -= 1,
                        b'"' | b'`' => at += quoted_length(&rest[at..]) - 1,
                        _ => {}
                    }
                    if depth == 0 && rest.as_bytes()[at] == b'}' {
                        break;
                    }
                    at += 1;
                }
            }
            byte if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    rest.len()
}
