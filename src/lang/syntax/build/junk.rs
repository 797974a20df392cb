//! What could not be read: what was meant, and what is to be written instead.

use std::ops::Range;

use super::super::ast::Name;
use super::super::code;

use super::super::grammar::Node;
use super::super::scan::FAULT;
use super::super::word::{self, CLAUSES, DECLARATIONS, STATEMENTS, TRIGGER_CLAUSES};
use super::{Builder, Item};
use crate::base::diagnostic::{Diagnostic, nearest};

/// Where something stands, and so what may stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    File,
    Block,
    Call,
    Fields,
    List,
    Declarations,
    Settings,
    Texts,
    Arms,
    Patterns,
    Names,
    Params,
    Tools,
    Trigger,
    Connector,
    Operation,
    Source,
    Persona,
    Test,
}

impl Place {
    /// The words something may begin with here.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::File => &DECLARATIONS,
            Self::Block => &STATEMENTS,
            Self::Call => &CLAUSES,
            Self::Trigger => &TRIGGER_CLAUSES,
            Self::Connector => &[
                "config",
                "auth",
                "limit",
                "retry_after",
                "remaining",
                "fail",
                "accept",
                "read",
                "keyed",
                "once",
                "native",
                "operation",
                "check",
                "example",
                "webhook",
                "poll",
                "verify",
                "challenge",
            ],
            Self::Operation => &[
                "auth",
                "limit",
                "retry_after",
                "remaining",
                "fail",
                "accept",
                "paginate",
                "output",
                "timeout",
                "GET",
                "POST",
                "PUT",
                "PATCH",
                "DELETE",
            ],
            Self::Source => &[
                "verify",
                "challenge",
                "where",
                "items",
                "item",
                "by",
                "start",
                "state",
                "anew",
                "auth",
                "limit",
                "fail",
                "paginate",
                "timeout",
                "GET",
                "POST",
            ],
            Self::Persona => &["about", "intent", "on"],
            Self::Test => &["mock", "expect", "at", "advance", "signal", "event", "cancel"],
            _ => &[],
        }
    }

    /// The word for what other languages call so.
    fn instead_of(self, word: &str) -> Option<&'static str> {
        Some(match (self, word) {
            (Self::Test, "assert" | "assert_eq" | "verify" | "should" | "check" | "then") => "expect",
            (Self::Test, "wait" | "sleep" | "elapse") => "advance",
            (Self::Test, "stub" | "given" | "fake") => "mock",
            (Self::Trigger, "timezone" | "tz" | "time_zone") => "zone",
            (Self::Trigger | Self::Source, "if" | "when" | "filter") => "where",
            (Self::Source, "output") => "item",
            (Self::Source, "key" | "dedupe" | "unique" | "id") => "by",
            (Self::Source, "cursor" | "since") => "state",
            _ => return None,
        })
    }

    /// What may stand here, in words.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::File => "a file declares `use type fn workflow handler connector persona test`",
            Self::Block => "here stand statements, such as `step NAME = connector.operation { ... }`",
            Self::Call => "here stand parameters, `key: value`, and clauses, such as `timeout 30s`",
            Self::Fields => "here stand fields, `key: value`",
            Self::List => "here stand values",
            Self::Declarations => "here stand declarations, `name: type` or `name: type = value`",
            Self::Settings => "here stand a word and its value",
            Self::Texts => "here stand texts in quotes",
            Self::Arms => "here stand arms, `pattern => { ... }`",
            Self::Patterns => "here stand patterns: literals, ranges, lists, a name, `_`",
            Self::Names => "here stand names",
            Self::Params => "here stand the names of parameters, without types",
            Self::Tools => "here stand workflows and operations, each with what is bound: `lookup { id: input.id }`",
            Self::Trigger => "here stand clauses of the trigger, such as `where EXPR`, and `input: { ... }`",
            Self::Connector => "here stand `config`, `auth`, `limit`, operations and what holds for all of them",
            Self::Operation => {
                "here stand one request, such as `POST \"/path\" { body: { ... } }`, and what reads its answer"
            }
            Self::Source => {
                "here stand `verify`, `challenge`, `where`, `items`, `item`, `by`; of a poll its request, `start`, `state` and `anew`"
            }
            Self::Persona => "here stand `about`, `intent NAME { ... }` and `on ask(question, context) { ... }`",
            Self::Test => "here stand `input:`, `mock`, `expect`, `advance`, `signal`, `event`, `cancel` and `at`",
        }
    }
}

impl Builder<'_> {
    /// Reports an item that is none.
    pub(super) fn junk(&mut self, item: Item<'_>, place: Place) {
        let range = self.range(&item.node);
        if range.is_empty() {
            return;
        }
        self.poison_text(range.clone());
        let dangles = self.dangling.take().is_some_and(|end| self.mask[end..range.start].trim().is_empty());
        if self.is_unfit(range.clone()) || dangles || self.explains_incomplete(&item) {
            return;
        }
        let shown = self.shown(range.clone());
        let word = self.first_word(&item.node);
        let (text, span) = (self.slice(word.clone()).to_owned(), self.faults.span(word.clone()));
        let behind = item.glued_to.is_some();
        let glued = item.glued_to.clone().unwrap_or_default();
        if behind && let Some(fault) = self.foreign_prefix(glued.clone(), range.start) {
            self.faults.push(fault);
            return;
        }
        if behind
            && place == Place::Call
            && let Some(fault) = self.call_as_value(glued, range.clone())
        {
            self.faults.push(fault);
            return;
        }
        if behind && let Some(fault) = self.behind_an_expression(range.clone()) {
            self.faults.push(fault);
            return;
        }
        let fault = if self.slice(range.clone()).starts_with("- ") && !behind {
            let dash = range.start..range.start + 1;
            let dash_span = self.faults.span(dash.clone());
            self.faults.error(code::FOREIGN_WORD, dash, "lists of other languages begin with `-`").fix(
                format!("delete it; {}", place.expected()),
                dash_span,
                "",
            )
        } else if let Some(fault) = self.field_without_colon(range.clone(), place).filter(|_| !behind) {
            fault
        } else if self.slice(range.clone()).starts_with("...") {
            self.faults
                .error(code::FOREIGN_WORD, shown, "objects are not spread with `...`")
                .hint("add the fields in an expression: `base + #{ name: value }`")
        } else if self.slice(range.clone()).starts_with('{') && place == Place::Block {
            self.faults.error(code::NOT_UNDERSTOOD, range.start..range.start + 1, "these braces belong to nothing").hint(
                "if they belong to what stands before them, leave out the comma or the line break; steps are grouped by `sequence { ... }`",
            )
        } else if behind && self.slice(range.clone()).starts_with('"') && self.is_prefixed(range.start) {
            let letter = range.start - 1..range.start;
            let letter_span = self.faults.span(letter.clone());
            self.faults.error(code::QUOTES, letter, "no letter stands before a text").fix(
                "delete it: every text fills in `${...}`; a raw one is written `#\"...\"#`",
                letter_span,
                "",
            )
        } else if let Some((wrong, right)) =
            word::foreign(&text).filter(|_| matches!(place, Place::File | Place::Block))
        {
            self.faults.error(code::FOREIGN_WORD, word, format!("`{text}` {wrong}")).hint(right)
        } else if let Some(right) = place.instead_of(&text) {
            let fault = self.faults.error(code::FOREIGN_WORD, word, format!("`{text}` is not the word here"));
            fault.fix(format!("write `{right}`"), span, right)
        } else if nearest(&text, place.words().iter().copied()).is_some_and(|near| near != text) {
            self.faults.error(code::UNKNOWN_WORD, word, format!("nothing here begins with `{text}`")).near(
                &text,
                span,
                place.words().iter().copied(),
            )
        } else if behind {
            let text = if text.chars().all(char::is_alphanumeric) { format!("`{text}`") } else { "this".to_owned() };
            self.faults
                .error(code::NOT_UNDERSTOOD, shown, format!("{text} does not belong behind what stands before it"))
                .hint(format!("put a comma or a line break before it; {}", place.expected()))
        } else {
            self.faults.error(code::NOT_UNDERSTOOD, shown, "this cannot be understood here").hint(place.expected())
        };
        self.faults.push(fault);
    }

    /// `text: email.send { ... }`: a call where a value stands.
    fn call_as_value(&self, before: Range<usize>, braces: Range<usize>) -> Option<Diagnostic> {
        let value = self.slice(before.clone()).rsplit_once(':').map(|(_, value)| value.trim().to_owned())?;
        let path = value.contains('.') && value.chars().all(|c| c.is_ascii_alphanumeric() || "._".contains(c));
        if !path || !self.slice(braces).starts_with('{') {
            return None;
        }
        let place = before.end - value.len()..before.end;
        let fault = self.faults.error(
            code::MISPLACED,
            place,
            format!("a call of `{value}` is a step, and here stands a value"),
        );
        Some(fault.hint(format!("write `step NAME = {value} {{ ... }}` above, and its name here")))
    }

    /// `to "x"` where `to: "x"` is meant.
    fn field_without_colon(&self, range: Range<usize>, place: Place) -> Option<Diagnostic> {
        if !matches!(place, Place::Call | Place::Fields) {
            return None;
        }
        let written = self.slice(range.clone());
        let length = written.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let (key, rest) = written.split_at(length);
        let value = rest.trim_start();
        let data = value.starts_with(|c: char| c.is_ascii_digit() || "\"[{`#'".contains(c));
        let known = nearest(key, place.words().iter().copied()).is_some();
        if key.is_empty() || rest.len() == value.len() || !data || known {
            return None;
        }
        let at = range.start..range.start + length;
        let gap = self.faults.span(at.clone()).after();
        let fault = self.faults.error(code::COLON_OR_EQUALS, at, format!("`{key}` is no clause"));
        Some(fault.fix(format!("for a parameter, write `{key}: ...`"), gap, ":"))
    }

    /// Whether right before a place stands one letter alone, as in `f"..."`.
    fn is_prefixed(&self, start: usize) -> bool {
        let mut before = self.mask[..start].bytes().rev();
        before.next().is_some_and(|byte| byte.is_ascii_alphabetic())
            && before.next().is_some_and(|byte| !byte.is_ascii_alphanumeric() && byte != b'_')
    }

    /// Whether an item stands glued to one that was reported as incomplete.
    pub(super) fn explains_incomplete(&self, item: &Item<'_>) -> bool {
        item.glued_to.as_ref().is_some_and(|before| Some(before.end) == self.incomplete)
    }

    /// The first line of a stretch.
    pub(super) fn shown(&self, range: Range<usize>) -> Range<usize> {
        let line = self.mask[range.clone()].lines().next().map_or(0, |line| line.trim_end().len());
        range.start..range.start + line
    }

    /// What stands behind an expression that ended early, where its first characters tell what was meant.
    fn behind_an_expression(&mut self, range: Range<usize>) -> Option<Diagnostic> {
        let written = self.slice(range.clone()).to_owned();
        let line_end = self.mask[range.end..].starts_with(['\n', '\r']) || range.end >= self.mask.len();
        let at = |length: usize| range.start..range.start + length;
        let fix = |builder: &Self, length: usize, message: &str, advice: &str, right: &str| {
            let span = builder.faults.span(at(length));
            builder.faults.error(code::BROKEN_EXPRESSION, at(length), message).fix(advice, span, right)
        };
        let first = written.chars().next()?;
        Some(match () {
            () if written.starts_with("===") || written.starts_with("!==") => {
                let right = &written[..2];
                fix(self, 3, "two signs compare, not three", &format!("write `{right}`"), right)
            }
            () if line_end && written.trim_end().len() <= 2 && written.chars().all(|c| "+-*/%<>&|^!.=?".contains(c)) => {
                self.dangling = Some(range.end);
                let fault = self.faults.error(code::BROKEN_EXPRESSION, range.clone(), "the expression stops in the middle");
                fault.label("nothing follows on this line").hint("an expression ends with its line: put it in brackets `( ... )` to go on below")
            }
            () if written.starts_with('=') && !written.starts_with("=>") => fix(self, 1, "an expression does not assign", "to compare, write `==`", "=="),
            () if written.starts_with("and ") => fix(self, 3, "there is no `and`", "write `&&`", "&&"),
            () if written.starts_with("or ") => fix(self, 2, "there is no `or`", "write `||`", "||"),
            () if written.starts_with("is ") => fix(self, 2, "there is no `is`", "write `==`", "=="),
            () if written.starts_with("not in ") => fix(self, 6, "there is no `not in`", "write `!in`", "!in"),
            () if written.starts_with('?') => self
                .faults
                .error(code::FOREIGN_WORD, at(1), "there is no `? :` here")
                .hint("write `if CONDITION { A } else { B }`; for a default, `A ?? B`"),
            () if "+-*/%<>&|^!.".contains(first) => {
                let fault = self.faults.error(code::BROKEN_EXPRESSION, self.shown(range.clone()), "the expression stops before this");
                fault.hint("what stands before it takes a short value: put all of it in brackets `( ... )`")
            }
            () if first == '[' || first == '(' => self
                .faults
                .error(code::NEEDS_BRACKETS, self.shown(range.clone()), "this belongs to no value")
                .hint("the parameter of a clause is a number, a duration, a text, a path or one call: put anything longer in brackets `( ... )`"),
            () => return None,
        })
    }

    /// Reports what stands too much in a header.
    pub(super) fn header_junk(&mut self, node: &Node<'_>, keyword: &str) {
        let range = self.range(node);
        self.poison_text(range.clone());
        if range.is_empty() || self.is_lost(range.clone()) {
            return;
        }
        let expression = matches!(keyword, "if" | "while" | "match")
            || keyword == "for" && !self.slice(range.clone()).starts_with(['(', '=']);
        if expression && let Some(fault) = self.behind_an_expression(range.clone()) {
            self.faults.push(fault);
            return;
        }
        let (written, span) = (self.slice(range.clone()).to_owned(), self.faults.span(range.clone()));
        let fault = match written.as_str() {
            ":" | "then" | "do" | "begin" => self
                .faults
                .error(code::FOREIGN_WORD, range, format!("`{written}` is not needed"))
                .fix("delete it: a block begins with `{`", span, ""),
            _ if written.starts_with(": ")
                || STATEMENTS.contains(&written.split([' ', '(']).next().unwrap_or_default()) =>
            {
                self.faults
                    .error(code::MISSING, range, format!("the body of `{keyword}` stands in braces"))
                    .hint(format!("write `{keyword} ... {{ {} }}`", written.trim_start_matches([':', ' '])))
            }
            _ if self.says_not(0..self.mask[..range.start].trim_end().len()) => {
                let start = self.mask[..range.start].trim_end().len() - 3;
                let not = self.faults.span(start..range.start);
                self.faults.error(code::BROKEN_EXPRESSION, start..start + 3, "there is no `not`").fix(
                    "write `!`",
                    not,
                    "!",
                )
            }
            _ if keyword == "for" && written.starts_with('(') => self
                .faults
                .error(code::FOREIGN_WORD, range, "a `for` has no brackets")
                .hint("write `for item in items { ... }`"),
            _ if keyword == "for" && (written.starts_with(',') || written.contains(" in ")) => self
                .faults
                .error(code::FOREIGN_WORD, range, "a `for` has one name")
                .hint("write `for item in items { ... }`; of a map each item is `{ key, value }`"),
            _ if keyword == "repeat" && written.ends_with("times") => {
                let count = written.trim_end_matches("times").trim().to_owned();
                self.faults
                    .error(code::FOREIGN_WORD, range, "how often a `repeat` turns at most is written with `max`")
                    .fix(format!("write `max {count}`"), span, format!("max {count}"))
            }
            _ if keyword == "for" && (written.starts_with("of ") || written.starts_with("= ")) => self
                .faults
                .error(code::FOREIGN_WORD, range, "a `for` goes through a list with `in`")
                .hint("write `for item in items { ... }`"),
            _ => {
                let example = match keyword {
                    "for" => "write `for item in items max 10 { ... }`",
                    "repeat" => "write `repeat every 10s max 360 { ... }`",
                    "parallel" => {
                        "what runs at once stands in its braces: `parallel { ... }`; how many at once, `parallel for x in xs max 5 { ... }` says"
                    }
                    "race" => "write `race { branch a { ... }, branch b { ... } }`, or `race for x in items { ... }`",
                    "lock" => "write `lock \"crm\" max 3 { ... }`",
                    "test" => "write `test \"what it shows\" for WORKFLOW { ... }`",
                    "fn" => "write `fn NAME(first, second) { ... }`, without types",
                    "trigger" => {
                        "the header of a trigger ends before its braces: `trigger schedule \"0 9 * * *\" { zone \"Europe/Berlin\" }`"
                    }
                    "operation" => "write `read operation NAME(...) -> type { ... }`",
                    "workflow" | "handler" | "connector" | "persona" => {
                        "behind the name may stand a title in quotes, then `{`"
                    }
                    _ => "the header ends at its `{`; put an expression of several parts in brackets",
                };
                self.faults
                    .error(code::NOT_UNDERSTOOD, range, format!("this does not belong into the header of `{keyword}`"))
                    .hint(example)
            }
        };
        self.faults.push(fault);
    }

    /// Names that are given in stretches that were given up before anything was read.
    pub(super) fn poison_lost(&mut self) {
        let mut at = 0;
        while let Some(found) = self.mask.as_bytes()[at..].iter().position(|byte| *byte == FAULT) {
            let start = at + found;
            at = self.mask.as_bytes()[start..]
                .iter()
                .position(|byte| *byte != FAULT)
                .map_or(self.mask.len(), |length| start + length);
            let lost = self.faults.whole(start..at);
            let mut words = self.text[lost.clone()]
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .filter(|word| !word.is_empty());
            while let Some(word) = words.next() {
                if matches!(word, "step" | "let" | "for" | "branch")
                    && let Some(name) = words.next()
                {
                    self.poisoned.push(Name { text: name.into(), span: self.faults.span(lost.clone()) });
                }
            }
        }
    }

    /// Names in text that could not be read; nobody is told that they do not exist.
    pub(super) fn poison_text(&mut self, range: Range<usize>) {
        let mut words = 0;
        let mut at = range.start;
        while at < range.end && words < 64 {
            let rest = &self.mask[at..range.end];
            let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '_') else { break };
            let length =
                rest[start..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len() - start);
            let word = at + start..at + start + length;
            at = word.end;
            words += 1;
            if !self.mask[..word.start].ends_with('.') {
                let span = self.faults.span(word.clone());
                self.poisoned.push(Name { text: self.slice(word).into(), span });
            }
        }
    }
}
