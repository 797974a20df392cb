//! What the grammar read becomes the tree. One file per noun, as in `ast` and in `grammar/`.
//!
//! In: nodes of the grammar, with the text for what is kept verbatim. Out: the tree, and what its form lacks.
//! Never: a fault reported twice, an item dropped without a word; a panic.

mod block;
mod choice;
mod connector;
mod handler;
mod junk;
mod mistake;
mod need;
mod program;
mod source;
mod step;
mod test;
mod trigger;
mod turns;
mod types;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::ast::{Block, Expr, Name, Path, Text};
use super::faults::Faults;
use super::grammar::{Node, Rule};
use super::part::Made;
use super::scan::{FAULT, Scan};
use super::{code, letter, text};
use crate::base::diagnostic::Diagnostic;
use crate::base::limit;
use crate::base::span::Span;

/// The tree of a part of a text from what the grammar read.
pub(super) fn build(text: &str, scan: &Scan, root: Node<'_>, faults: Faults<'_>) -> Made {
    let mut builder = Builder {
        text,
        mask: &scan.mask,
        scan,
        faults,
        poisoned: Vec::new(),
        incomplete: None,
        unseparated: BTreeMap::new(),
        cut: BTreeSet::new(),
        dangling: None,
        tried: None,
    };
    builder.poison_lost();
    let declarations = builder.file(root);
    let Builder { poisoned, mut faults, unseparated, .. } = builder;
    unseparated.into_values().for_each(|fault| faults.push(fault));
    Made { declarations, poisoned, faults: faults.sorted() }
}

/// What every part of the building needs.
struct Builder<'s> {
    /// The text as written.
    text: &'s str,
    /// The text as the grammar saw it.
    mask: &'s str,
    scan: &'s Scan,
    faults: Faults<'s>,
    poisoned: Vec<Name>,
    /// Where the last item that lacks something ends: what stands glued to it is why.
    incomplete: Option<usize>,
    /// What is to be said about items that nothing separates from what ends there, unless that lacks something anyway.
    unseparated: BTreeMap<usize, Diagnostic>,
    /// Where expressions end that are only the beginning of what was meant: something stands glued to them that could not be read.
    cut: BTreeSet<usize>,
    /// Where the last expression that stopped in the middle ends: its rest may stand on the next line.
    dangling: Option<usize>,
    /// Where the last `try { }` with its `catch`es ends: one finding speaks of all of them.
    tried: Option<usize>,
}

/// An item in braces with what is known about what stands before it.
struct Item<'m> {
    node: Node<'m>,
    /// The item before it, if nothing separates the two.
    glued_to: Option<Range<usize>>,
}

impl Builder<'_> {
    /// A stretch of the text; see [`Faults::whole`].
    fn slice(&self, range: Range<usize>) -> &str {
        &self.text[self.faults.whole(range)]
    }

    /// Where a node stands, without blanks at its end.
    fn range(&self, node: &Node<'_>) -> Range<usize> {
        let (start, end) = (node.as_span().start(), node.as_span().end());
        let end = start + self.mask[start..end].trim_end().len();
        let size = self.text.len();
        start.min(size)..end.min(size)
    }

    fn span(&self, node: &Node<'_>) -> Span {
        self.faults.span(self.range(node))
    }

    /// From the first word of a node to the end of its header: what is underlined when all of it is meant.
    fn head(&self, node: &Node<'_>) -> Range<usize> {
        let whole = self.range(node);
        let body = node.clone().into_inner().flatten().find(|inner| is_body(inner.as_rule()));
        let end = body.map_or(whole.end, |body| body.as_span().start());
        let header = &self.mask[whole.start..end.max(whole.start)];
        let line = header.find('\n').map_or(header, |at| &header[..at]);
        whole.start..whole.start + line.trim_end().len()
    }

    /// The first word of a node.
    fn first_word(&self, node: &Node<'_>) -> Range<usize> {
        let whole = self.range(node);
        let length = self.mask[whole.clone()].find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(whole.len());
        whole.start..whole.start + length.max(1).min(whole.len())
    }

    fn written(&self, node: &Node<'_>) -> &str {
        self.slice(self.range(node))
    }

    /// Whether some of a stretch could not be read, which was reported already.
    fn is_lost(&self, range: Range<usize>) -> bool {
        self.mask.as_bytes()[range].contains(&FAULT)
    }

    /// Whether Rhai would stumble over a stretch for a reason that was reported already.
    fn is_unfit(&self, range: Range<usize>) -> bool {
        let next = self.scan.reported.partition_point(|at| *at < range.start);
        self.scan.reported.get(next).is_some_and(|at| *at < range.end) || self.is_lost(range)
    }

    /// Says that something is not there which must be.
    fn missing(&mut self, node: &Node<'_>, message: impl Into<String>, hint: impl Into<String>) {
        let range = self.head(node);
        let end = self.range(node).end;
        self.incomplete = Some(end);
        self.unseparated.remove(&end);
        // What could not be read may well be what is missing.
        if !self.is_lost(range.clone()) && !range.is_empty() {
            let fault = self.faults.error(code::MISSING, range, message).hint(hint);
            self.faults.push(fault);
        }
    }

    /// The items in a pair of braces or brackets. Those that nothing separates are marked, and told apart here.
    fn items<'m>(&mut self, node: Node<'m>) -> Vec<Item<'m>> {
        let mut items: Vec<Item<'m>> = Vec::new();
        let mut before: Option<Range<usize>> = None;
        for node in node.into_inner().filter(|node| node.as_rule() != Rule::EOI) {
            let range = self.range(&node);
            if node.as_rule() == Rule::semicolon {
                self.semicolon(range);
                before = None;
                continue;
            }
            let glued_to = before.filter(|before| {
                let between = &self.mask[before.end.min(range.start)..range.start];
                !between.contains(['\n', ',']) && self.mask.as_bytes()[before.end.saturating_sub(1)] != b'}'
            });
            if let Some(before) = glued_to.as_ref().filter(|_| is_junk(node.as_rule())) {
                self.cut.insert(before.end);
            }
            if glued_to.is_some() && !is_junk(node.as_rule()) && !self.is_lost(range.clone()) {
                let word = self.first_word(&node);
                let place = self.faults.span(word.start..word.start);
                let shown = match self.slice(word.clone()) {
                    name if name.starts_with(|c: char| c.is_alphanumeric() || c == '_') => format!("`{name}`"),
                    _ => "this".to_owned(),
                };
                let behind = glued_to.clone().unwrap_or_default();
                if let Some(fault) = self.foreign_prefix(behind.clone(), word.start) {
                    self.faults.push(fault);
                    before = Some(range);
                    continue;
                }
                if self.slice(word.clone()) == "if"
                    && matches!(items.last().map(|item| item.node.as_rule()), Some(Rule::fail | Rule::return_))
                {
                    let fault = self.faults.error(
                        code::FOREIGN_WORD,
                        word.clone(),
                        "a condition behind a statement begins with `when`",
                    );
                    self.faults.push(fault.fix("write `when`", self.faults.span(word), "when"));
                    before = Some(range);
                    continue;
                }
                let fault = self
                    .faults
                    .error(code::NO_SEPARATOR, word, format!("{shown} begins in the middle of a line"))
                    .fix(format!("put a comma or a line break before {shown}"), place, ", ");
                self.unseparated.insert(behind.end, fault);
            }
            before = Some(range);
            items.push(Item { node, glued_to });
        }
        items
    }

    /// A word of other languages at the end of a stretch that belongs to what stands behind it, at `next`.
    fn foreign_prefix(&self, range: Range<usize>, next: usize) -> Option<Diagnostic> {
        let last = |word: &str| {
            let rest = self.slice(range.clone()).strip_suffix(word)?;
            let alone = !rest.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
            alone.then(|| range.end - word.len()..range.end)
        };
        let fix = |place: Range<usize>, message: &str, advice: &str, right: &str, all: bool| {
            let end = if all { next } else { place.end };
            let span = self.faults.span(place.start..end);
            self.faults.error(code::BROKEN_EXPRESSION, place, message).fix(advice, span, right)
        };
        if let Some(place) = last("not") {
            return Some(fix(place, "there is no `not`", "write `!`", "!", true));
        }
        if let Some(place) = last("await") {
            return Some(fix(place, "there is no `await`: steps are waited for without a word", "delete it", "", true));
        }
        let place = last("match")?;
        Some(fix(place, "inside of an expression `match` is written `switch`", "write `switch`", "switch", false))
    }

    /// Whether a stretch ends in the word `not`, which is another language's `!`.
    fn says_not(&self, range: Range<usize>) -> bool {
        let rest = self.slice(range).strip_suffix("not");
        rest.is_some_and(|rest| !rest.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.'))
    }

    fn semicolon(&mut self, range: Range<usize>) {
        let span = self.faults.span(range.clone());
        let rest = self.mask[range.end..].trim_start_matches([' ', '\t', '\r']);
        let (advice, right) = if rest.is_empty() || rest.starts_with(['\n', '}', ',']) {
            ("delete it: the end of the line is enough", "")
        } else {
            ("write a comma, or begin a new line", ",")
        };
        let fault = self.faults.error(code::SEMICOLON, range, "no `;` is needed here").fix(advice, span, right);
        self.faults.push(fault);
    }

    /// A name that a program introduces or refers to.
    fn name(&mut self, node: &Node<'_>) -> Name {
        let (range, span) = (self.range(node), self.span(node));
        let written = self.slice(range.clone());
        let sound = |text: &str| {
            !text.starts_with(|c: char| c.is_ascii_digit())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        if sound(written) {
            return Name { text: written.into(), span };
        }
        let right = letter::name_of(written);
        let fault = self
            .faults
            .error(code::MALFORMED_NAME, range, format!("`{written}` cannot be a name"))
            .label("names consist of `a` to `z`, digits and `_`, and begin with no digit");
        let fault = match &right {
            Some(right) => fault.fix(format!("write `{right}`"), span, right.clone()),
            None => fault,
        };
        self.faults.push(fault);
        Name { text: right.unwrap_or_else(|| "_".to_owned()).into(), span }
    }

    fn path(&mut self, node: Node<'_>) -> Path {
        let span = self.span(&node);
        let parts =
            node.into_inner().filter(|part| part.as_rule() == Rule::word).map(|part| self.name(&part)).collect();
        Path { parts, span }
    }

    /// A plain text.
    fn plain(&mut self, node: &Node<'_>) -> Text {
        let range = self.range(node);
        let said = text::plain(self.text, range.clone(), &mut self.faults);
        Text { text: said.into(), span: self.faults.span(range) }
    }

    /// An expression, verbatim; a hole where it could not be read.
    fn expr(&mut self, node: &Node<'_>) -> Expr {
        let range = self.range(node);
        self.expr_at(range)
    }

    fn expr_at(&mut self, range: Range<usize>) -> Expr {
        let span = self.faults.span(range.clone());
        if range.len() > limit::EXPRESSION_BYTES_MAX {
            self.too_long(range, "this expression");
            return Expr::hole(span);
        }
        if self.is_unfit(range.clone()) || self.cut.contains(&range.end) {
            return Expr::hole(span);
        }
        Expr { source: self.slice(range).into(), span }
    }

    fn too_long(&mut self, range: Range<usize>, what: &str) {
        let start = range.start..range.start + self.slice(range.clone()).lines().next().map_or(0, str::len).min(80);
        // The cut must not split a character.
        let end = (start.start..=start.end).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(start.start);
        let bound = limit::EXPRESSION_BYTES_MAX / 1024;
        let fault = self
            .faults
            .error(code::TOO_LARGE, start.start..end, format!("{what} is longer than {bound} KB"))
            .label(format!("{} bytes begin here", range.len()))
            .hint("move parts of it into functions: `fn NAME(...) { ... }`");
        self.faults.push(fault);
    }

    /// The `///` lines right above the place where a declaration begins.
    fn doc(&self, start: usize) -> Option<Text> {
        let mut from = start;
        let mut lines = Vec::new();
        let above = self.scan.comments.partition_point(|comment| comment.span.range().start < start);
        for comment in self.scan.comments[..above].iter().rev() {
            let range = comment.span.range();
            let between = &self.mask[range.end.min(from)..from];
            let line = self.slice(range.clone()).strip_prefix("///").filter(|line| !line.starts_with('/'));
            let Some(line) =
                line.filter(|_| comment.own_line && between.trim().is_empty() && between.matches('\n').count() == 1)
            else {
                break;
            };
            lines.push(line.strip_prefix(' ').unwrap_or(line).trim_end());
            from = range.start;
        }
        let (last, text) = (lines.len(), lines.iter().rev().copied().collect::<Vec<_>>().join("\n"));
        (last > 0).then(|| Text {
            text: Arc::from(text),
            span: self.faults.span(from..self.scan.comments[above - 1].span.range().end),
        })
    }

    /// Braces that stand below their header, with the node in them.
    fn below<'m>(&mut self, node: Node<'m>) -> Option<Node<'m>> {
        let start = node.as_span().start();
        let above = self.mask[..start].trim_end().len();
        let gap = self.faults.span(above..start);
        let mut fault = self
            .faults
            .error(code::BRACE_BELOW, start..start + 1, "a `{` stands on the line of its header")
            .label("move this up");
        // Moving the brace across a comment would change more than was asked for.
        if self.slice(above..start).trim().is_empty() {
            fault = fault.fix("put it at the end of the line above", gap, " ");
        }
        self.faults.push(fault);
        node.into_inner().next()
    }

    /// The block of a header; an empty one where it is missing, which is reported.
    fn body(&mut self, body: Option<Block>, owner: &Node<'_>, what: &str) -> Block {
        body.unwrap_or_else(|| {
            // What stands too much in the header is why the block was not seen.
            let mut parts = owner.clone().into_inner();
            let explained = parts.any(|part| part.as_rule() == Rule::junk_head || has_junk_head(&part));
            if explained {
                return Block { items: Vec::new(), span: self.span(owner).after() };
            }
            self.missing(
                owner,
                format!("{what} has no body"),
                format!("put `{{ ... }}` behind {what}, on the same line"),
            );
            Block { items: Vec::new(), span: self.span(owner).after() }
        })
    }
}

/// Whether the header of a loop within a node has something too much.
fn has_junk_head(node: &Node<'_>) -> bool {
    node.as_rule() == Rule::for_head && node.clone().into_inner().any(|part| part.as_rule() == Rule::junk_head)
}

/// Rules that hold what a header stands before.
fn is_body(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::block
            | Rule::call_body
            | Rule::match_body
            | Rule::race_body
            | Rule::code
            | Rule::trigger_body
            | Rule::connector_body
            | Rule::operation_body
            | Rule::source_body
            | Rule::persona_body
            | Rule::test_body
            | Rule::declarations
            | Rule::output_body
    )
}

fn is_junk(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::junk_line
            | Rule::junk_field
            | Rule::mistaken_block
            | Rule::mistaken_assignment
            | Rule::mistaken_step
            | Rule::mistaken_call
            | Rule::mistaken_waited
    )
}
