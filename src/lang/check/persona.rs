//! Personas: what they are told, and what they say.

use super::checker::{Checker, Typed};
use super::code;
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::Shape;
use crate::lang::catalog::Tree;
use crate::lang::syntax::ast::{Name, Persona, PersonaItem, Value};

/// What the bodies of a persona are called for, with the number of what they are given.
const EVENTS: [(&str, usize); 2] = [("ask", 2), ("update", 2)];

impl<'a> Checker<'a> {
    /// One declaration.
    pub fn persona(&mut self, persona: &'a Persona) {
        let mut intents: Vec<&Name> = Vec::new();
        for item in &persona.items {
            match item {
                PersonaItem::About(_) => {}
                PersonaItem::Intent { name, fields, .. } => {
                    if let Some(first) = intents.iter().find(|known| known.text == name.text) {
                        let message = format!("the intent `{}` is declared twice", name.text);
                        let diagnostic =
                            Diagnostic::error(code::TWICE, name.span, message).also(first.span, "first declared here");
                        self.report(diagnostic);
                    }
                    intents.push(name);
                    for field in fields {
                        match &*field.key.text {
                            "says" => {
                                self.says(&field.value);
                            }
                            other => {
                                self.value(&field.value);
                                let message = format!("an intent has no `{other}`");
                                self.unknown_of(code::UNKNOWN_WORD, other, field.key.span, message, &["says"]);
                            }
                        }
                    }
                }
                PersonaItem::On { event, params, body, .. } => {
                    match EVENTS.iter().find(|(known, _)| **known == *event.text) {
                        None => {
                            let known: Vec<&str> = EVENTS.iter().map(|(known, _)| *known).collect();
                            let message = format!("a persona is not told of `{}`", event.text);
                            self.unknown_of(code::UNKNOWN_WORD, &event.text, event.span, message, &known);
                        }
                        Some((_, most)) if params.len() > *most => {
                            let message = format!("`on {}` is given {most} values, not {}", event.text, params.len());
                            self.report(Diagnostic::error(code::UNKNOWN_PARAMETER, params[*most].span, message));
                        }
                        Some(_) => {}
                    }
                    let mut here = self.here.clone();
                    here.params = Some(params.iter().map(|param| (param.text.clone(), Shape::Any)).collect());
                    self.at(here, |this| {
                        this.script(body);
                    });
                }
            }
        }
    }

    /// What people say: texts with `{name}` for what they fill in.
    fn says(&mut self, value: &'a Value) -> Typed {
        let wanted = Shape::Union([Shape::text(), Shape::list(Shape::text())].into());
        if matches!(value, Value::List(_)) {
            return self.wanted(value, &Shape::list(Shape::text()), "`says`");
        }
        self.wanted(value, &wanted, "`says`")
    }

    /// A persona by its name.
    pub fn persona_named(&mut self, name: &Name) {
        if self.catalog.personas.contains_key(&self.trees[self.tree].qualified(&name.text))
            || self.catalog.personas.contains_key(&name.text)
            || self.is_broken(&name.text)
        {
            return;
        }
        let known: Vec<&str> = self.catalog.personas.keys().map(|name| &**name).collect();
        let message = format!("there is no persona `{}`", name.text);
        self.unknown_of(code::UNKNOWN_DECLARATION, &name.text, name.span, message, &known);
    }

    /// The intents that a persona declares, and whether the program itself declares it.
    pub fn intents_of(&self, name: &str) -> Option<(Vec<&'a str>, bool)> {
        let declared: &Tree = self.trees.iter().find(|tree| {
            tree.program.declarations.iter().any(|declaration| {
                matches!(declaration, crate::lang::syntax::ast::Declaration::Persona(found) if &*found.name.text == name)
            })
        })?;
        let trees: &'a [Tree] = self.trees;
        let mut intents = Vec::new();
        for tree in trees.iter().filter(|tree| tree.program.file == declared.program.file) {
            for declaration in &tree.program.declarations {
                if let crate::lang::syntax::ast::Declaration::Persona(found) = declaration
                    && &*found.name.text == name
                {
                    intents.extend(found.items.iter().filter_map(|item| match item {
                        PersonaItem::Intent { name, .. } => Some(&*name.text),
                        _ => None,
                    }));
                }
            }
        }
        Some((intents, !declared.standard))
    }
}
