//! What the grammar knows that no token shows: where an expression or a type stands, and where an item begins.

use std::ops::Range;

use super::super::grammar::{Node, Rule};
use super::token::Token;

/// The language of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tongue {
    /// The words of the language itself.
    Flow,
    /// Types: `<` and `>` are brackets.
    Type,
    /// Inline Rhai.
    Rhai,
}

/// A piece of the tree: the rule, and its tokens from the first to behind the last.
pub(super) type Part = (Rule, usize, usize);

/// What stands where, by byte offsets in order.
#[derive(Default)]
pub(in crate::lang::syntax) struct Roles {
    rhai: Vec<Range<usize>>,
    types: Vec<Range<usize>>,
    /// Where items begin: statements, clauses, fields, arms, parameters, items of lists.
    items: Vec<usize>,
    /// Where an expression begins.
    operands: Vec<usize>,
    /// Where brackets begin that belong to the word before them.
    attached: Vec<usize>,
    /// Arms of `match`.
    arms: Vec<usize>,
    /// What is one token, whatever its signs are.
    atoms: Vec<Range<usize>>,
    nodes: Vec<(Rule, Range<usize>)>,
}

impl Roles {
    /// What the tree of a part of a text says.
    pub(in crate::lang::syntax) fn of(root: Node<'_>) -> Self {
        let mut roles = Self::default();
        roles.take(&root);
        root.into_inner().flatten().for_each(|node| roles.take(&node));
        roles.items.sort_unstable();
        roles
    }

    /// Of a text that is one expression of so many bytes.
    pub(super) fn of_expression(length: usize) -> Self {
        Self { rhai: std::iter::once(0..length).collect(), operands: vec![0], ..Self::default() }
    }

    fn take(&mut self, node: &Node<'_>) {
        let range = node.as_span().start()..node.as_span().end();
        let rule = node.as_rule();
        match rule {
            Rule::expr | Rule::arg_expr | Rule::url | Rule::tail | Rule::code => {
                if !matches!(rule, Rule::tail | Rule::code) {
                    self.operands.push(range.start);
                }
                widen(&mut self.rhai, &range);
            }
            Rule::type_ => widen(&mut self.types, &range),
            Rule::params | Rule::names | Rule::bounds => self.attached.push(range.start),
            Rule::percent => self.atoms.push(range.clone()),
            Rule::arm => self.arms.push(range.start),
            _ => {}
        }
        if holds_items(rule) {
            let items = node.clone().into_inner().filter(|item| item.as_rule() != Rule::EOI);
            self.items.extend(items.map(|item| item.as_span().start()));
        }
        // Of how many parts a text consists, its indentation decides.
        if !matches!(rule, Rule::file | Rule::EOI) {
            self.nodes.push((rule, range));
        }
    }

    /// Adds what stands in a part of the text that begins at `start`, behind everything else.
    pub(super) fn add(&mut self, part: &Self, start: usize) {
        let further = |range: &Range<usize>| range.start + start..range.end + start;
        self.rhai.extend(part.rhai.iter().map(further));
        self.types.extend(part.types.iter().map(further));
        self.atoms.extend(part.atoms.iter().map(further));
        self.items.extend(part.items.iter().map(|at| at + start));
        self.operands.extend(part.operands.iter().map(|at| at + start));
        self.attached.extend(part.attached.iter().map(|at| at + start));
        self.arms.extend(part.arms.iter().map(|at| at + start));
        self.nodes.extend(part.nodes.iter().map(|(rule, range)| (*rule, further(range))));
    }

    /// In which language a place is written.
    pub(super) fn tongue(&self, at: usize) -> Tongue {
        match at {
            at if holds(&self.rhai, at).is_some() => Tongue::Rhai,
            at if holds(&self.types, at).is_some() => Tongue::Type,
            _ => Tongue::Flow,
        }
    }

    /// Where what is one token at `at` ends.
    pub(super) fn atom(&self, at: usize) -> Option<usize> {
        holds(&self.atoms, at).filter(|atom| atom.start == at).map(|atom| atom.end)
    }

    /// Whether an item begins with the token.
    pub(super) fn begins_item(&self, token: &Token<'_>) -> bool {
        self.items.binary_search(&token.start).is_ok()
    }

    /// Whether an expression begins with the token.
    pub(super) fn begins_operand(&self, token: &Token<'_>) -> bool {
        self.operands.binary_search(&token.start).is_ok()
    }

    /// Whether the bracket belongs to the word before it.
    pub(super) fn is_attached(&self, token: &Token<'_>) -> bool {
        self.attached.binary_search(&token.start).is_ok()
    }

    /// Whether an arm of `match` begins with the token.
    pub(super) fn begins_arm(&self, token: &Token<'_>) -> bool {
        self.arms.binary_search(&token.start).is_ok()
    }

    /// The whole tree, in tokens; comments do not count.
    pub(super) fn parts_of(&self, tokens: &[Token<'_>]) -> impl Iterator<Item = Part> {
        let starts: Vec<usize> = tokens.iter().filter(|token| !token.is_comment()).map(|token| token.start).collect();
        let place = move |at: usize| starts.partition_point(|start| *start < at);
        self.nodes.iter().map(move |(rule, range)| (*rule, place(range.start), place(range.end)))
    }

    /// Of how many pieces the tree is made.
    pub(super) fn parts_count(&self) -> usize {
        self.nodes.len()
    }
}

/// Adds a stretch unless it lies in the last one: nodes come outer ones first.
fn widen(stretches: &mut Vec<Range<usize>>, range: &Range<usize>) {
    if stretches.last().is_none_or(|last| range.start >= last.end) {
        stretches.push(range.clone());
    }
}

fn holds(stretches: &[Range<usize>], at: usize) -> Option<&Range<usize>> {
    let before = stretches.partition_point(|stretch| stretch.start <= at).checked_sub(1)?;
    Some(&stretches[before]).filter(|stretch| at < stretch.end)
}

/// Whether what such a node consists of are items, each on a line of its own where there are several lines.
fn holds_items(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::file
            | Rule::block
            | Rule::object
            | Rule::list
            | Rule::call_body
            | Rule::name_list
            | Rule::tool_list
            | Rule::texts
            | Rule::targets
            | Rule::pattern_list
            | Rule::names
            | Rule::params
            | Rule::declarations
            | Rule::object_type
            | Rule::output_body
            | Rule::settings
            | Rule::match_body
            | Rule::race_body
            | Rule::test_body
            | Rule::trigger_body
            | Rule::connector_body
            | Rule::operation_body
            | Rule::source_body
            | Rule::persona_body
    )
}
