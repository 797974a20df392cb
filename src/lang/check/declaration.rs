//! What stands at the top level: who declares what, and that names are declared once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::block::Owner;
use super::checker::Checker;
use super::checker::{Course, Here, Typed};
use super::code;
use super::reserved;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::lang::catalog::Tree;
use crate::lang::catalog::tree::alias_of;
use crate::lang::script;
use crate::lang::syntax::ast::{Declaration, HandlerSet, TypeDeclaration};

/// How far the functions of used files are followed.
const USES_DEPTH_MAX: usize = 8;

/// The functions in scope in a file: its own, then those of the files it uses, by their bare names and with their alias.
pub(super) fn functions(trees: &[Tree], place: usize, depth: usize) -> Vec<script::Function> {
    let tree = &trees[place];
    let mut found: Vec<script::Function> = tree
        .program
        .declarations
        .iter()
        .filter_map(|declaration| match declaration {
            Declaration::Fn(function) => Some(script::Function {
                name: function.name.text.clone(),
                params: function.params.iter().map(|param| param.text.clone()).collect(),
                body: function.body.source.clone(),
                span: function.body.span,
                name_span: function.name.span,
                param_spans: function.params.iter().map(|param| param.span).collect(),
            }),
            _ => None,
        })
        .collect();
    if depth >= USES_DEPTH_MAX {
        return found;
    }
    for (alias, used) in &tree.uses {
        for function in functions(trees, *used, depth + 1) {
            let dotted: Arc<str> = format!("{alias}.{}", function.name).into();
            if !function.name.contains('.') && !found.iter().any(|known| known.name == function.name) {
                found.push(function.clone());
            }
            found.push(script::Function { name: dotted, ..function });
        }
    }
    found
}

impl<'a> Checker<'a> {
    /// Everything at the top level of every file.
    pub fn declarations(&mut self) {
        let trees = self.trees;
        for (place, tree) in trees.iter().enumerate() {
            self.tree = place;
            if !tree.standard {
                self.declared_once(tree);
            }
        }
        self.workflows();
        self.same_triggers();
        for (place, tree) in trees.iter().enumerate() {
            self.tree = place;
            self.here = Here::default();
            self.names.clear();
            self.course = Course::default();
            for declaration in &tree.program.declarations {
                match declaration {
                    Declaration::Handler(handler) => self.handler_set(handler),
                    Declaration::Persona(persona) => self.persona(persona),
                    Declaration::Type(ty) => self.named_type(ty),
                    Declaration::Connector(connector) => self.connector(connector, tree.standard),
                    Declaration::Fn(_) | Declaration::Use(_) | Declaration::Workflow(_) | Declaration::Test(_) => {}
                }
            }
        }
        for (place, tree) in trees.iter().enumerate() {
            self.tree = place;
            for declaration in &tree.program.declarations {
                if let Declaration::Test(test) = declaration
                    && !tree.standard
                {
                    self.test(test);
                }
            }
        }
        // The standard library is looked at for what the plan needs of it; that it is sound, its own tests show.
        let files: std::collections::BTreeSet<_> =
            trees.iter().filter(|tree| tree.standard).map(|tree| tree.program.file).collect();
        self.found.retain(|found| !files.contains(&found.primary.span.file));
    }

    fn declared_once(&mut self, tree: &'a Tree) {
        let mut seen: BTreeMap<(&'static str, Arc<str>), Span> = BTreeMap::new();
        for declaration in &tree.program.declarations {
            let (what, name) = match declaration {
                Declaration::Type(found) => ("type", &found.name),
                Declaration::Fn(found) => ("function", &found.name),
                Declaration::Workflow(found) => ("workflow", &found.name),
                Declaration::Handler(found) => ("handler", &found.name),
                Declaration::Connector(found) => ("connector", &found.name),
                Declaration::Persona(found) => ("persona", &found.name),
                Declaration::Use(_) | Declaration::Test(_) => continue,
            };
            if let Some(first) = seen.get(&(what, name.text.clone())).copied() {
                let message = format!("the {what} `{}` is declared twice", name.text);
                self.report(Diagnostic::error(code::TWICE, name.span, message).also(first, "first declared here"));
                continue;
            }
            seen.insert((what, name.text.clone()), name.span);
            if what == "function"
                && let Some(reason) = reserved::reason_of_function(&name.text)
            {
                let message = format!("`{}` cannot be the name of a function: it {reason}", name.text);
                let diagnostic = Diagnostic::error(code::RESERVED, name.span, message);
                self.report(diagnostic.hint(format!("call it something else, such as `{}_1`", name.text)));
            }
            if what == "type" && crate::lang::catalog::types::BUILT_IN.contains(&&*name.text) {
                let message = format!("`{}` is a type of the language", name.text);
                self.report(Diagnostic::error(code::RESERVED, name.span, message).hint("call yours something else"));
            }
        }
        let mut aliases: BTreeMap<Arc<str>, Span> = BTreeMap::new();
        for declaration in &tree.program.declarations {
            let Declaration::Use(used) = declaration else { continue };
            let alias = alias_of(used);
            let place = used.alias.as_ref().map_or(used.path.span, |alias| alias.span);
            if let Some(first) = aliases.insert(alias.clone(), place) {
                let message = format!("two files are used as `{alias}`");
                self.report(
                    Diagnostic::error(code::TWICE, place, message)
                        .also(first, "the first one")
                        .hint("give one another name: `use \"...\" as other`"),
                );
            }
        }
    }

    /// `handler NAME { on ... }`: stands for its text wherever it is taken in, so nothing is said of names it reads there.
    fn handler_set(&mut self, handler: &'a HandlerSet) {
        let mut here = Here { lenient: true, ..Here::default() };
        for word in ["input", "vars", "state", "run", "trigger"] {
            here.words.push((word, Typed::default()));
        }
        self.at(here, |this| {
            this.body(&handler.body, Owner::Handler);
        });
    }

    /// The shapes in a named type's declaration, for whoever asks by place.
    fn named_type(&mut self, declared: &'a TypeDeclaration) {
        let mut told_already = Vec::new();
        self.written_type(&declared.ty, &mut told_already);
    }
}
