//! Handlers, and the bodies that come at the end of a run.

use super::super::ast::{HandlerAction, Lifecycle, Moment, Name, On, Pause, Retry, Value};
use super::super::code;
use super::super::grammar::{Node, Rule};
use super::Builder;

impl Builder<'_> {
    pub(super) fn on(&mut self, node: Node<'_>) -> Option<On> {
        let (span, owner) = (self.span(&node), node.clone());
        let (mut types, mut action, mut guard) = (Vec::new(), None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::kw_on => {}
                Rule::error_types => types = self.error_types(part),
                Rule::colon => self.colon_behind_keyword(&part),
                Rule::mistaken_on_word => {
                    self.replace(&part, code::FOREIGN_WORD, "nothing stands between the types and what is done", "")
                }
                Rule::guard => guard = self.guard(part),
                _ => action = Some(self.handler_action(part)),
            }
        }
        if types.is_empty() || action.is_none() {
            let message =
                if types.is_empty() { "this handler names no type of error" } else { "this handler does nothing" };
            self.missing(
                &owner,
                message,
                "write `on error retry 3 times`, with `retry`, `skip`, `fail`, `alternate { ... }`, `notify` or `park`",
            );
        }
        Some(On { types, action: action??, guard, span })
    }

    pub(super) fn error_types(&mut self, node: Node<'_>) -> Vec<Name> {
        let mut types = Vec::new();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => types.push(self.name(&part)),
                _ => self.replace(&part, code::FOREIGN_WORD, "between types of errors stands `|`", "|"),
            }
        }
        types
    }

    fn handler_action(&mut self, node: Node<'_>) -> Option<HandlerAction> {
        Some(match node.as_rule() {
            Rule::retry => HandlerAction::Retry(self.retry(node)),
            Rule::skip_item => HandlerAction::SkipItem,
            Rule::skip => {
                let value = node.into_inner().find(|part| part.as_rule() == Rule::skip_value);
                HandlerAction::Skip(value.and_then(|value| value.into_inner().next()).map(
                    |value| match value.as_rule() {
                        Rule::object => Value::Object(self.object(value)),
                        Rule::list => Value::List(self.list(value)),
                        _ => Value::Expr(self.expr(&value)),
                    },
                ))
            }
            Rule::fail_action => {
                let (mut kind, mut message) = (None, None);
                for part in node.into_inner() {
                    match part.as_rule() {
                        Rule::fail_kind => kind = Some(self.name(&part)),
                        Rule::expr => message = Some(self.expr(&part)),
                        _ => {}
                    }
                }
                HandlerAction::Fail { kind, message }
            }
            Rule::alternate => {
                let block = self.block_in(&node);
                HandlerAction::Alternate(self.body(block, &node, "this `alternate`"))
            }
            Rule::notify => {
                HandlerAction::Notify(Box::new(self.bare_step(&node, "notify", "notify slack.post_message { ... }")?))
            }
            Rule::park => HandlerAction::Park,
            _ => {
                let place = self.span(&node).before();
                let fault = self
                    .faults
                    .error(
                        code::MISSING,
                        place.range().start..place.range().start + 1,
                        "a handler says what it does before its braces",
                    )
                    .fix("to put something in the step's place, write `alternate { ... }`", place, "alternate ")
                    .hint("to tell somebody, write `notify slack.post_message { ... }`");
                self.faults.push(fault);
                HandlerAction::Alternate(self.block_in(&node)?)
            }
        })
    }

    pub(super) fn retry(&mut self, node: Node<'_>) -> Retry {
        let span = self.span(&node);
        let (mut times, mut pause, mut says_times) = (None, None, false);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::arg => times = Some(self.arg(part)),
                Rule::kw_times => says_times = true,
                Rule::every => pause = self.every(part).map(Pause::Every),
                Rule::backoff => pause = self.backoff(part),
                _ => {}
            }
        }
        let unsaid = times.as_ref().filter(|count| !says_times && !self.is_unfit(count.span().range()));
        if let Some(count) = unsaid {
            let (place, shown) = (count.span(), self.slice(count.span().range()).to_owned());
            let fault = self.faults.error(code::MISSING, place.range(), "`retry` says how many times").fix(
                format!("write `retry {shown} times`"),
                place.after(),
                " times",
            );
            self.faults.push(fault);
        }
        Retry { times, pause, span }
    }

    fn backoff(&mut self, node: Node<'_>) -> Option<Pause> {
        let owner = node.clone();
        let (mut from, mut to, mut says_to) = (None, None, false);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::kw_to => says_to = true,
                Rule::arg if says_to => to = Some(self.arg(part)),
                Rule::arg => from = Some(self.arg(part)),
                _ => {}
            }
        }
        if from.is_none() || (says_to && to.is_none()) {
            self.missing(&owner, "this `backoff` is not complete", "write `backoff 1s to 5m`");
        }
        Some(Pause::Backoff { from: from?, to })
    }

    pub(super) fn lifecycle(&mut self, node: Node<'_>) -> Lifecycle {
        let span = self.span(&node);
        let moment = node.clone().into_inner().find_map(|part| match part.as_rule() {
            Rule::kw_success => Some((Moment::Success, "this `on success`")),
            Rule::kw_failure => Some((Moment::Failure, "this `on failure`")),
            Rule::kw_cancel => Some((Moment::Cancel, "this `on cancel`")),
            _ => None,
        });
        if let Some(colon) = node.clone().into_inner().find(|part| part.as_rule() == Rule::colon) {
            self.colon_behind_keyword(&colon);
        }
        let (moment, words) = moment.unwrap_or((Moment::Finally, "this `finally`"));
        let block = self.block_in(&node);
        Lifecycle { moment, body: self.body(block, &node, words), span }
    }
}
