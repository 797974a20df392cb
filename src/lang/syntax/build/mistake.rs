//! Statements and declarations that are none, but were read as what people mean by them.

use super::super::ast::{Declaration, Item, Workflow};
use super::super::code;
use super::super::grammar::{Node, Rule};
use super::super::word::{DECLARATIONS, STATEMENTS, foreign, foreign_key, holds_statements};
use super::Builder;
use super::junk::Place;
use super::step::Label;
use crate::base::diagnostic::nearest;

impl Builder<'_> {
    /// A statement that is none, but was read as what people mean by it.
    pub(super) fn mistaken_item(&mut self, item: super::Item<'_>) -> Option<Item> {
        let node = item.node.clone();
        if self.explains_incomplete(&item) {
            let range = self.range(&node);
            self.poison_text(range);
            return None;
        }
        match node.as_rule() {
            Rule::mistaken_waited => return self.waited(node),
            Rule::mistaken_field => self.field_among_statements(node),
            Rule::mistaken_step => return self.other_word_for_step(node),
            Rule::mistaken_assignment => self.bare_assignment(node),
            Rule::mistaken_call => return self.bare_call(node),
            Rule::mistaken_block => self.unknown_block(node),
            Rule::mistaken_else => {
                let word = self.first_word(&node);
                let shown = self.slice(word.clone()).to_owned();
                let fault = self
                    .faults
                    .error(code::MISPLACED, word, format!("this `{shown}` stands behind no `if`"))
                    .hint("write `if EXPR { ... } else { ... }`");
                self.faults.push(fault);
                if let Some(block) = self.block_in(&node) {
                    self.poison_steps(&block);
                }
            }
            _ => self.junk(item, Place::Block),
        }
        None
    }

    fn field_among_statements(&mut self, node: Node<'_>) {
        let range = self.range(&node);
        let Some(key) = node.into_inner().find(|part| part.as_rule() == Rule::key) else { return };
        let (key_range, key) = (self.range(&key), self.written(&key).to_owned());
        self.poison_text(range.clone());
        if self.is_lost(range.clone()) {
            return;
        }
        let fault =
            self.faults.error(code::FOREIGN_WORD, key_range, format!("`{key}:` is a field, and here stand statements"));
        let fault = match foreign_key(&key) {
            Some(advice) => fault.hint(advice),
            None => fault.hint("`key: value` stands in the braces of a call or of an object; here stands `let NAME = VALUE` or `step NAME = ...`"),
        };
        self.faults.push(fault);
    }

    /// `await b.c { }`, `async step a = b.c`
    fn waited(&mut self, node: Node<'_>) -> Option<Item> {
        let span = self.span(&node);
        for part in node.clone().into_inner() {
            match part.as_rule() {
                Rule::mistaken_await => {
                    let what = self.written(&part).to_owned();
                    let followed = self.mask[self.range(&part).end..].trim_start().starts_with("step");
                    let right = if followed { "" } else { "step" };
                    self.replace(
                        &part,
                        code::FOREIGN_WORD,
                        &format!("`{what}` is not needed: what refers to a step waits for it"),
                        right,
                    );
                }
                Rule::step => return self.step(part).map(|step| Item::Step(Box::new(step))),
                _ => {}
            }
        }
        self.bound_call(node, Label { doc: None, name: None, ty: None }, span).map(|step| Item::Step(Box::new(step)))
    }

    /// `stpe a = b.c { }`, `const a = 1`
    fn other_word_for_step(&mut self, node: Node<'_>) -> Option<Item> {
        let span = self.span(&node);
        let head = self.head(&node);
        let head = self.faults.span(head);
        let (mut word, mut label, mut action, mut value) = (None, (None, None), None, None);
        let mut tail = false;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::word => word = Some(part),
                Rule::label => label = self.label(part),
                Rule::tail => tail = true,
                Rule::mistaken_await => {
                    self.replace(&part, code::FOREIGN_WORD, "a step is waited for without a word", "")
                }
                Rule::value => value = Some(part),
                _ => action = Some(part),
            }
        }
        let word = word?;
        let (text, place) = (self.written(&word).to_owned(), self.span(&word));
        let call = action.is_some() && !tail;
        let binding = matches!(text.as_str(), "const" | "var" | "val" | "local" | "auto" | "my");
        let near = nearest(&text, ["step", "let", "set"]);
        let (right, advice) = match near {
            Some(near) => (near, format!("did you mean `{near}`?")),
            None if binding && !call => ("let", "write `let`".to_owned()),
            None => ("step", "write `step`".to_owned()),
        };
        let code = if near.is_some() { code::UNKNOWN_WORD } else { code::FOREIGN_WORD };
        if !self.is_lost(place.range()) {
            let fault = self
                .faults
                .error(code, place.range(), format!("no statement begins with `{text}`"))
                .fix(advice, place, right);
            self.faults.push(fault);
        }
        let poisoned = label.0.clone();
        if let (Some(action), false, "step") = (action, tail, right) {
            let label = Label { doc: None, name: label.0, ty: label.1 };
            if let Some(step) = self.action(action, label, span, head) {
                return Some(Item::Step(Box::new(step)));
            }
        } else if let Some(value) = value {
            self.value(value);
        }
        self.poisoned.extend(poisoned);
        None
    }

    /// `total = 5`, `vars.total = 5`
    fn bare_assignment(&mut self, node: Node<'_>) {
        let range = self.range(&node);
        self.poison_text(range.clone());
        if self.is_lost(range.clone()) {
            return;
        }
        let Some(path) = node.into_inner().find(|part| part.as_rule() == Rule::path) else { return };
        let (place, target) = (self.span(&path), self.written(&path).to_owned());
        let word = if target.contains('.') { "set" } else { "let" };
        let sign = if self.mask[place.range().end..].trim_start().starts_with("+=") { "+=" } else { "=" };
        let fault = self
            .faults
            .error(code::MISSING, place.range(), format!("nothing says what happens to `{target}`"))
            .fix(format!("write `{word} {target} {sign} ...`"), place.before(), format!("{word} "));
        let fault = if word == "let" {
            fault.hint(format!("to change a variable, write `set vars.{target} = ...`"))
        } else {
            fault
        };
        self.faults.push(fault);
    }

    /// `slack.post_message { }` without `step`
    fn bare_call(&mut self, node: Node<'_>) -> Option<Item> {
        let (span, head) = (self.span(&node), self.head(&node));
        let first = self.first_word(&node);
        let word = self.slice(first.clone()).to_owned();
        let head_span = self.faults.span(head.clone());
        let mut is_call = true;
        if !self.is_lost(span.range()) {
            let fault = match foreign(&word) {
                Some((wrong, right))
                    if !self.slice(head.clone()).contains('.') || matches!(word.as_str(), "console" | "log") =>
                {
                    is_call = false;
                    self.faults.error(code::FOREIGN_WORD, first, format!("`{word}` {wrong}")).hint(right)
                }
                _ => {
                    let place = head_span.before();
                    let shown = self.slice(head.clone()).split(['(', '{']).next().unwrap_or_default().trim().to_owned();
                    let near = STATEMENTS.contains(&word.as_str());
                    let fault = self.faults.error(code::MISSING, head, "a call is a step");
                    let fault = fault.fix(
                        format!("write `step {shown} {{ ... }}`, or `step NAME = {shown} {{ ... }}`"),
                        place,
                        "step ",
                    );
                    if near { fault } else { fault.near(&word, self.faults.span(first), STATEMENTS) }
                }
            };
            self.faults.push(fault);
        }
        if !is_call {
            self.poison_text(span.range());
            return None;
        }
        let called = self.call_quietly(node)?;
        Some(Item::Step(Box::new(called.into_step(Label { doc: None, name: None, ty: None }, span, head_span))))
    }

    /// A call whose round brackets belong to the fault that was just reported.
    fn call_quietly(&mut self, node: Node<'_>) -> Option<super::step::Called> {
        if node.clone().into_inner().any(|part| part.as_rule() == Rule::mistaken_arguments) {
            return None;
        }
        self.call(node)
    }

    /// `foreach x in xs { }`, `paralel { }`
    fn unknown_block(&mut self, node: Node<'_>) {
        let word = self.first_word(&node);
        let (text, place) = (self.slice(word.clone()).to_owned(), self.faults.span(word.clone()));
        let header = node.clone().into_inner().find(|part| part.as_rule() == Rule::junk_head);
        if let Some(header) = header {
            let range = self.range(&header);
            self.poison_text(range);
        }
        let catches = matches!(text.as_str(), "catch" | "except" | "rescue" | "ensure");
        let belongs_to_try =
            catches && self.tried.is_some_and(|end| end <= word.start && self.mask[end..word.start].trim().is_empty());
        if text == "try" || belongs_to_try {
            self.tried = Some(self.range(&node).end);
        }
        if !self.is_lost(word.clone()) && !belongs_to_try {
            let fault = match foreign(&text) {
                Some((wrong, right)) => {
                    self.faults.error(code::FOREIGN_WORD, word, format!("`{text}` {wrong}")).hint(right)
                }
                None => self
                    .faults
                    .error(code::UNKNOWN_WORD, word, format!("no statement begins with `{text}`"))
                    .near(&text, place, STATEMENTS)
                    .hint(
                        "blocks are `if for parallel match while repeat race lock sequence`; a call begins with `step`",
                    ),
            };
            self.faults.push(fault);
        }
        // What another language has in these braces is often no statement at all.
        if foreign(&text).is_some() && !holds_statements(&text) {
            let range = self.range(&node);
            return self.poison_text(range);
        }
        if let Some(block) = self.block_in(&node) {
            self.poison_steps(&block);
        }
    }

    /// A clause of a step that stands among statements.
    pub(super) fn misplaced_clause(&mut self, node: Node<'_>) {
        let Some(clause) = node.into_inner().next() else { return };
        let word = self.first_word(&clause);
        let shown = self.slice(word.clone()).to_owned();
        let fault = self
            .faults
            .error(
                code::MISPLACED,
                self.head(&clause),
                format!("`{shown}` is a clause of a step, and here stand statements"),
            )
            .hint(format!(
                "put it in the braces of the step; for a whole block, behind it: `}} with {{ {shown} ... }}`"
            ));
        self.faults.push(fault);
        self.clause(clause);
    }

    /// A statement among the parameters of a call.
    pub(super) fn statement_inside(&mut self, node: Node<'_>) {
        let Some(statement) = node.into_inner().next() else { return };
        let word = self.first_word(&statement);
        let shown = self.slice(word.clone()).to_owned();
        let range = self.range(&statement);
        self.poison_text(self.shown(range));
        let fault = self
            .faults
            .error(
                code::MISPLACED,
                self.head(&statement),
                format!("`{shown}` is a statement, and here stand parameters and clauses"),
            )
            .hint("steps inside a step stand in a block: `step NAME = sequence { ... }`");
        self.faults.push(fault);
    }

    /// A statement outside a workflow.
    pub(super) fn statement_outside(&mut self, node: Node<'_>) {
        let Some(statement) = node.into_inner().next() else { return };
        let word = self.first_word(&statement);
        let shown = self.slice(word.clone()).to_owned();
        let fault = self
            .faults
            .error(code::MISPLACED, self.head(&statement), format!("`{shown}` stands outside a workflow"))
            .hint("put it into the braces of a workflow: `workflow NAME \"Title\" { ... }`");
        self.faults.push(fault);
    }

    /// `flow onboarding { }`, `workflw x { }`
    pub(super) fn unknown_declaration(&mut self, node: Node<'_>) -> Option<Declaration> {
        let word = self.first_word(&node);
        let (text, place) = (self.slice(word.clone()).to_owned(), self.faults.span(word.clone()));
        let workflow = nearest(&text, DECLARATIONS) == Some("workflow");
        let fault = match foreign(&text).filter(|_| !workflow) {
            Some((wrong, right)) => {
                self.faults.error(code::FOREIGN_WORD, word, format!("`{text}` {wrong}")).hint(right)
            }
            None => self
                .faults
                .error(code::UNKNOWN_WORD, word, format!("no declaration begins with `{text}`"))
                .near(&text, place, DECLARATIONS)
                .hint(Place::File.expected()),
        };
        if !self.is_lost(place.range()) {
            self.faults.push(fault);
        }
        let as_workflow = workflow || matches!(text.as_str(), "flow" | "pipeline" | "process" | "saga");
        let range = self.range(&node);
        self.poison_text(self.shown(range));
        if !as_workflow {
            return None;
        }
        let span = self.span(&node);
        let doc = self.doc(span.range().start);
        let title = self.title(&node, "workflow");
        let body = self.block_in(&node)?;
        Some(Declaration::Workflow(Workflow { doc, name: title.name?, title: title.title, body, span }))
    }
}
