//! Brackets that match, whatever was written: the grammar relies on it.
//!
//! A text whose brackets match is left alone. In any other, indentation says what was meant: a line that stands no deeper than the line
//! of an open bracket lies outside it. What is missing is put where only blanks stand, what is too much is blanked, and a stretch that
//! cannot be saved becomes a fault; so offsets stay those of the text, and what is reported here is reported once.

use std::collections::BTreeSet;

use super::code;
use super::faults::Faults;
use super::scan::FAULT;
use crate::base::diagnostic::Diagnostic;
use crate::base::limit::NESTING_MAX;

/// Makes the brackets of `mask`, which stand at `brackets`, match; reports where they did not. Gives how deep they are nested.
pub(super) fn balance(mask: &mut Vec<u8>, brackets: &[usize], faults: &mut Faults<'_>) -> usize {
    let angles = give_up_deep_types(mask, faults);
    match survey(mask, brackets) {
        Survey::Sound(depth) => return depth.max(angles),
        Survey::Deep(groups) => {
            for (deepest, group) in groups {
                let fault = too_deep(deepest, faults);
                faults.push(fault);
                mask[group].fill(FAULT);
            }
        }
        Survey::Broken { surplus, unmatched } => {
            Repair { mask, faults, open: Vec::new(), surplus, unmatched }.run(brackets);
        }
    }
    NESTING_MAX.max(angles)
}

/// A group that holds brackets nested too deep is given up from this depth on, so that nobody walks through the rest again and again.
const GIVEN_UP_DEPTH: usize = 8;

/// How many `<` may be open on one line: far more than any type has, and few enough for the grammar to follow. Comparisons
/// count as well, since only the grammar knows which is which.
const ANGLES_MAX: usize = 1_000;

/// Gives up the lines whose types are nested too deep for the grammar, without their brackets. Gives how deep the others are.
fn give_up_deep_types(mask: &mut [u8], faults: &mut Faults<'_>) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let mut at = 0;
    while at < mask.len() {
        match mask[at] {
            b'<' => depth += 1,
            b'>' => depth = depth.saturating_sub(1),
            b'\n' if depth > 0 => {
                // A union goes on behind a line break.
                let blanks = mask[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                at += blanks - 1;
                depth = if mask.get(at + 1) == Some(&b'|') { depth } else { 0 };
            }
            _ => {}
        }
        deepest = deepest.max(depth);
        if depth > ANGLES_MAX {
            let fault = faults.error(code::TOO_DEEP, at..at + 1, "types are nested too deep here");
            faults.push(fault.label("this one is too deep").hint("declare inner ones by `type NAME = ...`"));
            while at < mask.len() && mask[at] != b'\n' {
                if !is_bracket(mask[at]) {
                    mask[at] = FAULT;
                }
                at += 1;
            }
            (depth, deepest) = (0, ANGLES_MAX);
        }
        at += 1;
    }
    deepest
}

enum Survey {
    /// They match, and are nested so deep.
    Sound(usize),
    /// Brackets that match but stand too deep, each with the outer group that is given up for it.
    Deep(Vec<(usize, std::ops::Range<usize>)>),
    /// How many closing braces are there beyond the opening ones.
    Broken {
        surplus: usize,
        /// The brackets that find no end when indentation is not looked at.
        unmatched: BTreeSet<usize>,
    },
}

fn survey(mask: &[u8], brackets: &[usize]) -> Survey {
    let (mut open, mut deep, mut sound) = (Vec::new(), Vec::new(), true);
    let (mut depth, mut deepest) = (0, None);
    let (mut opened, mut closed) = (0usize, 0usize);
    let mut unmatched = BTreeSet::new();
    for &at in brackets {
        if is_opener(mask[at]) {
            open.push(at);
            depth = depth.max(open.len());
            opened += usize::from(mask[at] == b'{');
            continue;
        }
        closed += usize::from(mask[at] == b'}');
        match open.pop() {
            Some(opener) if closer_of(mask[opener]) == mask[at] => {
                if open.len() == NESTING_MAX {
                    deepest = Some(opener);
                }
                if open.len() == GIVEN_UP_DEPTH
                    && let Some(deepest) = deepest.take()
                {
                    deep.push((deepest, opener..at + 1));
                }
            }
            mismatched => {
                sound = false;
                unmatched.extend(mismatched);
                // What this closes, if anything, stands further out.
                while let Some(opener) = open.pop().filter(|opener| closer_of(mask[*opener]) != mask[at]) {
                    unmatched.insert(opener);
                }
            }
        }
    }
    unmatched.extend(&open);
    match () {
        () if !sound || !open.is_empty() => Survey::Broken { surplus: closed.saturating_sub(opened), unmatched },
        () if deep.is_empty() => Survey::Sound(depth),
        () => Survey::Deep(deep),
    }
}

fn is_bracket(byte: u8) -> bool {
    is_opener(byte) || matches!(byte, b')' | b']' | b'}')
}

fn is_opener(byte: u8) -> bool {
    matches!(byte, b'(' | b'[' | b'{')
}

fn closer_of(opener: u8) -> u8 {
    match opener {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

fn too_deep(at: usize, faults: &Faults<'_>) -> Diagnostic {
    faults
        .error(code::TOO_DEEP, at..at + 1, format!("brackets are nested more than {NESTING_MAX} deep"))
        .label("this one is too deep")
        .hint("give what is inside a name with `let`, or make it a workflow of its own")
}

/// An opening bracket that nothing has closed yet.
#[derive(Clone, Copy)]
struct Open {
    at: usize,
    /// The line it stands on, by its number.
    line: usize,
    /// How far that line is indented.
    indent: usize,
    /// Whether what follows on the next line is indented deeper, so that indentation tells anything.
    orderly: bool,
}

struct Repair<'m, 't> {
    mask: &'m mut Vec<u8>,
    faults: &'m mut Faults<'t>,
    open: Vec<Open>,
    surplus: usize,
    unmatched: BTreeSet<usize>,
}

impl Repair<'_, '_> {
    fn run(mut self, brackets: &[usize]) {
        let mut rest = brackets;
        let (mut start, mut line) = (0, 0);
        while start < self.mask.len() {
            let end = self.mask[start..]
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(self.mask.len(), |length| start + length);
            let first = self.mask[start..end].iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
            if let Some(indent) = first {
                self.enter_line(start, line, indent);
            }
            while let Some((&at, others)) = rest.split_first().filter(|(at, _)| **at < end) {
                rest = others;
                // A stretch that was given up holds no brackets any more.
                if self.mask[at] == FAULT {
                    continue;
                }
                let indent = first.unwrap_or(0);
                if is_opener(self.mask[at]) {
                    self.give_up_before(at, line, self.mask[at + 1..end].trim_ascii().is_empty());
                    if self.open.len() == NESTING_MAX {
                        let fault = too_deep(at, self.faults);
                        self.faults.push(fault);
                        let given_up = self.open[GIVEN_UP_DEPTH].at;
                        self.mask[given_up..].fill(FAULT);
                        self.open.truncate(GIVEN_UP_DEPTH);
                        return self.end();
                    }
                    self.open.push(Open { at, line, indent, orderly: false });
                } else {
                    self.close(at, at == start + indent, start, indent);
                }
            }
            if let Some(indent) = first {
                self.open_below(start..end, line, indent);
            }
            (start, line) = (end + 1, line + 1);
        }
        self.end_reporting();
    }

    /// Looks at how far a line is indented, before anything on it.
    fn enter_line(&mut self, start: usize, line: usize, indent: usize) {
        let first = self.mask[start + indent];
        for open in self.open.iter_mut().rev().take_while(|open| open.line + 1 >= line || !open.orderly) {
            if open.line < line && indent > open.indent {
                open.orderly = true;
            }
        }
        if is_closer(first) {
            return;
        }
        let mut reported = false;
        while let Some(open) = self.open.last().copied() {
            if !open.orderly && self.mask[open.at] == b'{' || indent > open.indent || open.line == line {
                break;
            }
            self.open.pop();
            if !reported {
                self.report(open, Some(start + indent));
            }
            reported = true;
            self.shut(open, start + indent);
        }
    }

    /// `if foo(x {`: a brace that ends its line is worth more than a bracket before it that nothing closes.
    fn give_up_before(&mut self, at: usize, line: usize, ends_line: bool) {
        let Some(open) = self.open.last().copied() else { return };
        let bracket = open.line == line && self.mask[open.at] != b'{' && self.unmatched.contains(&open.at);
        if bracket && ends_line && self.mask[at] == b'{' {
            self.open.pop();
            self.report(open, Some(at));
            self.mask[open.at..at].fill(FAULT);
        }
    }

    /// A header without its brace: there are braces too many, and what follows stands deeper though nothing was opened.
    fn open_below(&mut self, span: std::ops::Range<usize>, line: usize, indent: usize) {
        let written = self.mask[span.clone()].trim_ascii();
        let inside = self.open.last().is_some_and(|open| self.mask[open.at] != b'{' || open.line == line);
        let header = written.first().is_some_and(u8::is_ascii_alphabetic) && !written.ends_with(b",");
        if self.surplus == 0 || inside || !header || span.end >= self.mask.len() {
            return;
        }
        let rest = &self.mask[span.end..];
        let Some(next) = rest.iter().position(|byte| !byte.is_ascii_whitespace()) else { return };
        let deeper = rest[..next].iter().rev().take_while(|byte| **byte != b'\n').count() > indent;
        let continued = [&b"."[..], b"?.", b"&&", b"||", b"??", b"{"].iter().any(|mark| rest[next..].starts_with(mark));
        if !deeper || continued {
            return;
        }
        let (from, to) = (span.start + indent, span.start + indent + written.len());
        let place = self.faults.span(to..to);
        let fault = self
            .faults
            .error(code::UNCLOSED_BRACKET, from..to, "what this begins has no `{`")
            .label("what follows stands deeper");
        self.faults.push(fault.fix("put a `{` at the end of the line", place, " {"));
        self.mask[span.end] = b'{';
        self.open.push(Open { at: span.end, line, indent, orderly: true });
        self.surplus -= 1;
    }

    fn close(&mut self, at: usize, leads: bool, line_start: usize, indent: usize) {
        let closer = self.mask[at];
        // In orderly text the brace of a block of several lines leads its line.
        let trails = !leads && !is_closer(self.mask[line_start + indent]);
        let outer = self.open.last().filter(|open| open.at < line_start && open.orderly && open.indent < indent);
        if closer == b'}' && trails && self.surplus > 0 && outer.is_some() {
            return self.stray(at);
        }
        let matches = |open: &Open, mask: &[u8]| closer_of(mask[open.at]) == closer;
        if leads && closer == b'}' {
            // A brace that stands at the indentation of an outer bracket closes that one; those within have no end.
            let belongs = self.open.iter().rposition(|open| matches(open, self.mask) && open.indent == indent);
            if let Some(place) = belongs {
                self.give_up(place + 1, line_start, at);
            } else if self.surplus > 0 && self.open.last().is_some_and(|open| open.indent < indent) {
                return self.stray(at);
            }
        }
        match self.open.iter().rposition(|open| matches(open, self.mask)) {
            Some(place) => {
                self.give_up(place + 1, line_start, at);
                self.open.pop();
            }
            None => self.stray(at),
        }
    }

    /// Everything open from `place` on ends before `at`, which is on the line that starts at `line_start`.
    fn give_up(&mut self, place: usize, line_start: usize, at: usize) {
        let lost = self.open.split_off(place);
        if let Some(innermost) = lost.last() {
            self.report(*innermost, Some(at));
        }
        for open in lost.into_iter().rev() {
            if open.at < line_start {
                self.shut(open, at);
            } else {
                self.mask[open.at..at].fill(FAULT);
            }
        }
    }

    /// Ends an open bracket before `at`.
    fn shut(&mut self, open: Open, at: usize) {
        let room = self.mask[open.at..at].iter().rposition(|byte| !byte.is_ascii_whitespace() && *byte != b'}');
        let blanks = open.at + room.unwrap_or(0) + 1..at;
        let place =
            self.mask[blanks.clone()].iter().position(u8::is_ascii_whitespace).map(|offset| blanks.start + offset);
        match place {
            Some(place) if self.mask[open.at] == b'{' => self.mask[place] = b'}',
            _ => {
                let length = self.mask[open.at..at].trim_ascii_end().len();
                self.mask[open.at..open.at + length].fill(FAULT);
            }
        }
    }

    fn stray(&mut self, at: usize) {
        let shown = char::from(self.mask[at]);
        let span = self.faults.span(at..at + 1);
        let fault = self.faults.error(code::STRAY_BRACKET, at..at + 1, format!("this `{shown}` closes nothing")).fix(
            format!("delete the `{shown}`"),
            span,
            "",
        );
        self.faults.push(fault);
        self.mask[at] = b' ';
        self.surplus = self.surplus.saturating_sub(1);
    }

    fn report(&mut self, open: Open, noticed: Option<usize>) {
        let (shown, closer) = (char::from(self.mask[open.at]), char::from(closer_of(self.mask[open.at])));
        let mut fault = self
            .faults
            .error(code::UNCLOSED_BRACKET, open.at..open.at + 1, format!("this `{shown}` is never closed"))
            .label("opened here");
        if let Some(at) = noticed {
            let place = self.faults.span(at..at + 1);
            fault = fault.also(place, "it should be closed before this");
        }
        self.faults.push(fault.hint(format!("put `{closer}` where what it holds ends")));
    }

    fn end_reporting(mut self) {
        if let Some(innermost) = self.open.last().copied() {
            self.report(innermost, None);
        }
        self.end();
    }

    /// Ends whatever is open at the end of the text.
    fn end(mut self) {
        let given_up = self.open.iter().find(|open| self.mask[open.at] != b'{').map(|open| open.at);
        if let Some(at) = given_up {
            self.mask[at..].fill(FAULT);
            self.open.retain(|open| open.at < at);
        }
        let braces = self.open.len();
        self.mask.extend(std::iter::once(b'\n').chain(std::iter::repeat_n(b'}', braces)));
    }
}

fn is_closer(byte: u8) -> bool {
    matches!(byte, b')' | b']' | b'}')
}
