//! `ask`: a person, a persona or a model.

use super::call::Found;
use super::checker::{Checker, Typed};
use super::code;
use super::step::Done;
use crate::base::diagnostic::{Diagnostic, nearest};
use crate::base::shape::Shape;
use crate::lang::syntax::ast::{Ask, Step, Whom};

/// What a question may come with; others are passed on to whoever is asked.
const KNOWN: [&str; 3] = ["question", "system", "context"];

impl<'a> Checker<'a> {
    pub fn ask(&mut self, ask: &'a Ask, step: &'a Step, stated: Option<&Shape>) -> Done {
        match &ask.whom {
            Whom::Role(whom) => {
                self.argument(whom, &Shape::text(), "the role that is asked");
            }
            Whom::Person(whom) => {
                self.argument(whom, &Shape::text(), "the person that is asked");
            }
            Whom::Model(whom) => {
                self.argument(whom, &Shape::text(), "the model that is asked");
            }
            Whom::Persona(name) => self.persona_named(name),
        }
        for field in &ask.params {
            let name = &field.key.text;
            let typed = match &**name {
                "question" | "system" => self.wanted(&field.value, &Shape::text(), &format!("`{name}` of a question")),
                _ => self.value(&field.value),
            };
            if typed.secret {
                self.leak(field.span, "a question");
            }
            if !KNOWN.contains(&&**name)
                && let Some(near) = nearest(name, KNOWN)
            {
                let message = format!("a question has no `{name}`");
                self.report(Diagnostic::error(code::UNKNOWN_PARAMETER, field.key.span, message).fix(
                    format!("did you mean `{near}`?"),
                    field.key.span,
                    near,
                ));
            }
        }
        self.keys_once(&ask.params);
        let asked = ask.params.iter().any(|field| nearest(&field.key.text, ["question"]).is_some());
        if !asked {
            self.report(
                Diagnostic::error(code::MISSING_PARAMETER, step.head, "nothing is asked")
                    .hint("say what: `question: \"...\"`"),
            );
        }
        for tool in &ask.tools {
            match self.callee(&tool.callee) {
                Found::Operation(signature) => {
                    self.bound(&tool.bound, &signature.params, &signature.full_name());
                }
                Found::Workflow(name) => {
                    let face = self.faces.get(&name).cloned().unwrap_or_default();
                    self.bound(&tool.bound, &face.input.fields, &name);
                }
                Found::Nobody => {
                    self.object(&tool.bound);
                }
            }
        }
        if let Some(memory) = &ask.memory {
            self.argument(memory, &Shape::Any, "`memory`");
        }
        let answer = stated.cloned().unwrap_or_else(Shape::text);
        Done { record: vec![("by", Shape::Any)], ..Done::new(Typed::of(answer)) }
    }

    /// What is bound of a tool's parameters; the rest the model fills in.
    fn bound(
        &mut self,
        given: &'a [crate::lang::syntax::ast::Field],
        wanted: &[crate::base::shape::Field],
        what: &str,
    ) {
        let given_only: Vec<crate::base::shape::Field> = wanted
            .iter()
            .map(|field| crate::base::shape::Field { shape: field.shape.clone(), ..field.clone() })
            .filter(|field| given.iter().any(|bound| bound.key.text == field.name))
            .collect();
        let names: Vec<&str> = wanted.iter().map(|field| &*field.name).collect();
        for field in given {
            match given_only.iter().find(|known| known.name == field.key.text) {
                Some(known) => {
                    self.wanted(&field.value, &known.shape, &format!("`{}` of {what}", known.name));
                }
                None => {
                    self.value(&field.value);
                    let message = format!("`{what}` takes no `{}`", field.key.text);
                    self.unknown_of(code::UNKNOWN_PARAMETER, &field.key.text, field.key.span, message, &names);
                }
            }
        }
    }
}
