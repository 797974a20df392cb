//! Triggers that connectors declare: `webhook` and `poll`.

use super::super::ast::{Anew, Name, Source, SourceCall, Start};
use super::super::grammar::{Node, Rule};
use super::Builder;
use super::junk::Place;

impl Builder<'_> {
    pub(super) fn source(&mut self, node: Node<'_>) -> Option<Source> {
        let (span, owner) = (self.span(&node), node.clone());
        let doc = self.doc(span.range().start);
        let kind = self.first_word(&node);
        let kind = Name { text: self.slice(kind.clone()).into(), span: self.faults.span(kind) };
        let mut source = Source {
            doc,
            name: kind.clone(),
            kind,
            params: Vec::new(),
            item_type: None,
            every: None,
            request: None,
            call: None,
            clauses: Vec::new(),
            each: None,
            item: None,
            by: None,
            state: None,
            start: None,
            anew: Vec::new(),
            items: Vec::new(),
            span,
        };
        let (mut name, mut has_body) = (None, false);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::params => source.params = self.declares(part),
                Rule::result => source.item_type = self.result(part),
                Rule::every => source.every = self.every(part),
                Rule::source_body => {
                    has_body = true;
                    for item in self.items(part) {
                        self.source_item(item, &mut source);
                    }
                }
                _ => {}
            }
        }
        if name.is_none() || !has_body {
            self.missing(
                &owner,
                "this trigger of a connector is not complete",
                "write `webhook message -> Message { verify ..., item body.event }` or `poll changes() -> Change every 5m { GET \"/changes\", by item.id }`",
            );
        }
        source.name = name?;
        Some(source)
    }

    fn source_item(&mut self, item: super::Item<'_>, source: &mut Source) {
        let node = item.node.clone();
        match node.as_rule() {
            Rule::request => self.request_once(node, &mut source.request),
            Rule::source_call => source.call = self.source_call(node),
            Rule::source_items => source.each = self.only_expr(node, "items", "items response.body.changes"),
            Rule::source_value => source.item = self.only_value(node, "item", "item body.event"),
            Rule::source_by => source.by = self.only_expr(node, "by", "by item.id"),
            Rule::source_state => source.state = self.only_value(node, "state", "state response.body.next"),
            Rule::source_start => source.start = self.source_start(node),
            Rule::anew => source.anew.extend(self.anew(node)),
            Rule::verify | Rule::challenge | Rule::where_ => source.clauses.extend(self.trigger_clause(node)),
            Rule::junk_field => self.junk(item, Place::Source),
            _ => source.items.extend(self.request_item(node)),
        }
    }

    fn source_call(&mut self, node: Node<'_>) -> Option<SourceCall> {
        let (mut name, mut params) = (None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                _ => params = Some(self.object(part)),
            }
        }
        Some(SourceCall { name: name?, params: params? })
    }

    fn source_start(&mut self, node: Node<'_>) -> Option<Start> {
        let owner = node.clone();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::request => return self.request(part).map(Start::Request),
                Rule::value => return Some(Start::Value(self.value(part))),
                _ => {}
            }
        }
        self.missing(
            &owner,
            "`start` does not say where the poll stands",
            "write `start now()`, or a request whose answer says it: `start GET \"/changes/latest\"`",
        );
        None
    }

    fn anew(&mut self, node: Node<'_>) -> Option<Anew> {
        let owner = node.clone();
        let (mut state, mut when) = (None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::value => state = Some(self.value(part)),
                Rule::guard => when = self.guard(part),
                _ => {}
            }
        }
        if when.is_none() {
            self.missing(&owner, "`anew` does not say for which answers", "write `anew when response.status == 410`");
        }
        Some(Anew { state, when: when? })
    }
}
