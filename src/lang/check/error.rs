//! The error types of a whole compilation: who raises them, who handles them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::checker::Checker;
use super::handler::Raised;
use super::walk::{self, Seen};
use crate::lang::catalog::Tree;
use crate::lang::syntax::ast::{Declaration, HandlerAction, PersonaItem, TestItem};

/// What is raised and handled anywhere.
#[derive(Clone, Debug, Default)]
pub(super) struct Errors {
    pub raised: Raised,
    pub handled: BTreeSet<Arc<str>>,
}

impl Errors {
    /// Everything that the files raise and handle, standard library included.
    pub fn of(trees: &[Tree]) -> Self {
        let mut errors = Self::default();
        let mut texts: Vec<Arc<str>> = Vec::new();
        for tree in trees {
            for declaration in &tree.program.declarations {
                match declaration {
                    Declaration::Workflow(workflow) => errors.look_at(&workflow.body, &mut texts),
                    Declaration::Handler(handler) => errors.look_at(&handler.body, &mut texts),
                    Declaration::Fn(function) => texts.push(function.body.source.clone()),
                    Declaration::Connector(connector) => {
                        // What a body in Rust raises, only whoever wrote it knows.
                        errors.raised.open |= !tree.standard && super::connector::has_native(connector);
                        super::connector::own_errors(connector, &mut errors.raised);
                    }
                    Declaration::Persona(persona) => {
                        for item in &persona.items {
                            if let PersonaItem::On { body, .. } = item {
                                texts.push(body.source.clone());
                            }
                        }
                    }
                    Declaration::Test(test) => {
                        // What a mock fails with is raised by whatever it stands for.
                        for item in &test.items {
                            let TestItem::Mock(mock) = item else { continue };
                            for reply in &mock.replies {
                                if let crate::lang::syntax::ast::MockAnswer::Fails { kind, .. } = &reply.answer {
                                    errors.raised.add(&kind.text);
                                }
                            }
                        }
                    }
                    Declaration::Use(_) | Declaration::Type(_) => {}
                }
            }
        }
        texts.iter().for_each(|text| thrown_types(text, &mut errors.raised));
        errors
    }

    fn look_at(&mut self, block: &crate::lang::syntax::ast::Block, texts: &mut Vec<Arc<str>>) {
        walk::block(block, &mut |seen| match seen {
            Seen::Fail(fail) => self.raised.add(&fail.kind.text),
            Seen::On(on) => {
                self.handled.extend(on.types.iter().map(|name| name.text.clone()));
                if let HandlerAction::Fail { kind: Some(kind), .. } = &on.action {
                    self.raised.add(&kind.text);
                }
            }
            Seen::Expr(expr) if expr.source.contains("throw") => texts.push(expr.source.clone()),
            Seen::Code(code) => texts.push(code.source.clone()),
            _ => {}
        });
    }
}

/// The topics that the files send.
pub(super) fn sent(trees: &[Tree]) -> BTreeSet<Arc<str>> {
    let mut topics = BTreeSet::new();
    for tree in trees {
        for declaration in &tree.program.declarations {
            let Declaration::Workflow(workflow) = declaration else { continue };
            walk::block(&workflow.body, &mut |seen| {
                if let Seen::Emit(emit) = seen {
                    topics.insert(emit.topic.text.clone());
                }
            });
        }
    }
    topics
}

/// The types in `throw #{ type: "conflict", ... }`: every string behind `type:` in a text that throws.
fn thrown_types(text: &str, raised: &mut Raised) {
    if !text.contains("throw") {
        return;
    }
    let mut rest = text;
    while let Some(at) = rest.find("type") {
        rest = &rest[at + "type".len()..];
        let value = rest.trim_start_matches('"').trim_start();
        if let Some(value) = value.strip_prefix(':') {
            let literal = value.trim_start().strip_prefix('"').and_then(|value| value.split('"').next());
            match literal {
                Some(name) => raised.add(name),
                // A type that is computed may be any.
                None => raised.open = true,
            }
        }
    }
    // Something thrown as it is may have any type.
    let plain = text.split("throw").skip(1).any(|behind| {
        let behind = behind.trim_start();
        !behind.starts_with(['"', '`', '#', '\''])
    });
    raised.open |= plain;
}

impl Checker<'_> {
    pub fn all_raised(&self) -> &Raised {
        &self.errors.raised
    }

    pub fn all_handled(&self) -> &BTreeSet<Arc<str>> {
        &self.errors.handled
    }
}
