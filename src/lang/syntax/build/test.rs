//! Tests: what is given, mocked, done and expected.

use super::super::ast::{Expr, Mock, MockAnswer, MockReply, Test, TestItem, Text, Value};
use super::super::code;
use super::super::grammar::{Node, Rule};
use super::Builder;
use super::junk::Place;

impl Builder<'_> {
    pub(super) fn test(&mut self, node: Node<'_>) -> Option<Test> {
        let (span, owner) = (self.span(&node), node.clone());
        let doc = self.doc(span.range().start);
        let (mut title, mut workflow, mut items, mut junk) = (None, None, None, false);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::string => title = Some(self.plain(&part)),
                Rule::name => {
                    let name = self.name(&part);
                    let quoted = format!("\"{}\"", name.text);
                    let fault = self
                        .faults
                        .error(code::PLAIN_TEXT, name.span.range(), "what a test shows stands in quotes")
                        .fix(format!("write `{quoted}`"), name.span, quoted);
                    self.faults.push(fault);
                    title = Some(Text { text: name.text, span: name.span });
                }
                Rule::path => workflow = Some(self.path(part)),
                Rule::junk_head => {
                    junk = true;
                    self.header_junk(&part, "test");
                }
                Rule::test_body => items = Some(self.test_items(part)),
                Rule::test_below => items = self.below(part).map(|body| self.test_items(body)),
                _ => {}
            }
        }
        if !junk && (title.is_none() || workflow.is_none() || items.is_none()) {
            self.missing(&owner, "this test is not complete", "write `test \"what it shows\" for WORKFLOW { ... }`");
        }
        Some(Test { doc, title: title?, workflow: workflow?, items: items.unwrap_or_default(), span })
    }

    fn test_items(&mut self, node: Node<'_>) -> Vec<TestItem> {
        let items = self.items(node);
        items.into_iter().filter_map(|item| self.test_item(item)).collect()
    }

    fn test_item(&mut self, item: super::Item<'_>) -> Option<TestItem> {
        let (node, span) = (item.node.clone(), self.span(&item.node));
        Some(match node.as_rule() {
            Rule::field => return self.given(node),
            Rule::mock => TestItem::Mock(self.mock(node)?),
            Rule::expect => {
                TestItem::Expect(self.only_expr(node, "expect", "expect run.status == \"completed\"")?, span)
            }
            Rule::at => TestItem::At(self.only_text(node, "at", "at \"2026-03-29T00:30:00Z\"")?),
            Rule::advance => TestItem::Advance(self.only_arg(node, "advance", "a duration", "advance 3d")?, span),
            Rule::signal => {
                let (name, payload) = self.sent(node, "signal", "signal \"approve\" { by: \"Ada\" }");
                TestItem::Signal { name: name?, payload, span }
            }
            Rule::event => {
                let (topic, payload) = self.sent(node, "event", "event \"payment.received\" { order: \"1\" }");
                TestItem::Event { topic: topic?, payload, span }
            }
            Rule::cancel => TestItem::Cancel(span),
            _ => {
                self.junk(item, Place::Test);
                return None;
            }
        })
    }

    fn sent(&mut self, node: Node<'_>, keyword: &str, example: &str) -> (Option<Text>, Option<Value>) {
        let payload =
            node.clone().into_inner().find(|part| part.as_rule() == Rule::value).map(|value| self.value(value));
        (self.only_text(node, keyword, example), payload)
    }

    /// `input: { ... }`, `trigger: { ... }`, `state: { ... }`
    fn given(&mut self, node: Node<'_>) -> Option<TestItem> {
        let field = self.field(node)?;
        let wants_object = |field: &super::super::ast::Field| format!("`{}` takes an object", field.key.text);
        let fault = match (&*field.key.text, field.value) {
            ("input", value) => return Some(TestItem::Input(value)),
            ("trigger", Value::Object(object)) => return Some(TestItem::Trigger(object)),
            ("state", Value::Object(object)) => return Some(TestItem::State(object)),
            ("trigger" | "state", value) => {
                let range = value.span().range();
                if self.is_lost(range.clone()) {
                    return None;
                }
                let field = super::super::ast::Field { key: field.key, value, short: false, span: field.span };
                self.faults
                    .error(code::MISPLACED, range, wants_object(&field))
                    .hint(format!("write `{}: {{ ... }}`", field.key.text))
            }
            (other, _) => self
                .faults
                .error(code::UNKNOWN_WORD, field.key.span.range(), format!("a test is given no `{other}`"))
                .near(other, field.key.span, ["input", "trigger", "state"])
                .hint("a test is given `input:`, `trigger:` or `state:`"),
        };
        self.faults.push(fault);
        None
    }

    fn mock(&mut self, node: Node<'_>) -> Option<Mock> {
        let (span, owner) = (self.span(&node), node.clone());
        let (mut targets, mut replies, mut begun) = (Vec::new(), Vec::new(), false);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::path => targets.push(self.path(part)),
                Rule::targets => {
                    for item in self.items(part) {
                        match item.node.as_rule() {
                            Rule::path => targets.push(self.path(item.node)),
                            _ => self.junk(item, Place::Names),
                        }
                    }
                }
                Rule::mock_reply | Rule::then_reply => {
                    begun |= part.clone().into_inner().next().is_some();
                    replies.extend(self.reply_of_mock(part));
                }
                _ => {}
            }
        }
        if targets.is_empty() || replies.is_empty() {
            if begun && !targets.is_empty() {
                return None;
            }
            self.missing(
                &owner,
                "this mock is not complete",
                "write `mock crm.create => { id: \"1\" }`, `mock crm.create fails not_found` or `mock approval never`",
            );
            return None;
        }
        Some(Mock { targets, replies, span })
    }

    fn reply_of_mock(&mut self, node: Node<'_>) -> Option<MockReply> {
        let span = self.span(&node);
        let (mut after, mut answer, mut times, mut when, mut arrow) = (None, None, None, None, false);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::arg => after = Some(self.arg(part)),
                Rule::arrow => arrow = true,
                Rule::mistaken_reply => {
                    arrow = true;
                    let right = if self.range(&part).is_empty() { "=> " } else { "=>" };
                    self.replace(&part, code::FOREIGN_WORD, "before the answer of a mock stands `=>`", right);
                }
                Rule::value => answer = Some(MockAnswer::Value(self.value(part))),
                Rule::fails => answer = self.fails(part),
                Rule::never => answer = Some(MockAnswer::Never(self.span(&part))),
                Rule::mock_times => {
                    times = part.into_inner().find(|inner| inner.as_rule() == Rule::arg).map(|arg| self.arg(arg))
                }
                Rule::guard => when = self.guard(part),
                _ => {}
            }
        }
        if arrow && answer.is_none() {
            answer = Some(MockAnswer::Value(Value::Expr(Expr::hole(span.after()))));
            let fault = self
                .faults
                .error(code::MISSING, span.range(), "behind `=>` stands the answer")
                .hint("write `=> { id: \"1\" }`");
            self.faults.push(fault);
        }
        Some(MockReply { after, answer: answer?, times, when })
    }

    fn fails(&mut self, node: Node<'_>) -> Option<MockAnswer> {
        let owner = node.clone();
        let (mut kind, mut message, mut fields) = (None, None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => kind = Some(self.name(&part)),
                Rule::string => message = Some(self.expr(&part)),
                Rule::object => fields = Some(self.object(part)),
                _ => {}
            }
        }
        if kind.is_none() {
            self.missing(&owner, "`fails` names no type of error", "write `fails connection_error 2 times`");
        }
        Some(MockAnswer::Fails { kind: kind?, message, fields })
    }
}
