//! The grammar, generated from `grammar/`, one file per noun.

use std::collections::BTreeSet;

use pest::Parser as _;
use pest::iterators::Pair;

#[derive(pest_derive::Parser)]
#[grammar = "../grammar/lexical.pest"]
#[grammar = "../grammar/expression.pest"]
#[grammar = "../grammar/value.pest"]
#[grammar = "../grammar/types.pest"]
#[grammar = "../grammar/program.pest"]
#[grammar = "../grammar/block.pest"]
#[grammar = "../grammar/step.pest"]
#[grammar = "../grammar/handler.pest"]
#[grammar = "../grammar/trigger.pest"]
#[grammar = "../grammar/connector.pest"]
#[grammar = "../grammar/test.pest"]
#[grammar = "../grammar/mistaken.pest"]
struct Grammar;

/// One piece of the text with the rule that took it.
pub(super) type Node<'m> = Pair<'m, Rule>;

/// Reads a whole file. The error is the place where the grammar gave up, which its junk rules keep from happening.
pub(super) fn read(mask: &str) -> Result<Node<'_>, usize> {
    let place = |error: pest::error::Error<Rule>| match error.location {
        pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => at,
    };
    let mut nodes = Grammar::parse(Rule::file, mask).map_err(place)?;
    nodes.next().ok_or(0)
}

/// The rules that take part in reading a whole file, by name.
pub(super) fn rules(mask: &str) -> BTreeSet<String> {
    let nodes = Grammar::parse(Rule::file, mask).into_iter().flatten();
    nodes
        .flat_map(|root| std::iter::once(root.as_rule()).chain(root.into_inner().flatten().map(|node| node.as_rule())))
        .map(|rule| format!("{rule:?}"))
        .collect()
}
