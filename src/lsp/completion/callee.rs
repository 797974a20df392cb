//! Who can be called: operations of connectors, workflows, and what stands in for them in tests.

use lsp_types::CompletionItemKind as ItemKind;

use super::Offering;
use super::declared::Names;
use super::list::Item;
use super::value;
use crate::base::shape::Field;
use crate::lang::catalog::{Connector, standard};
use crate::lang::syntax::ast::{Declaration, Item as Written, Workflow};
use crate::lsp::wording;

impl Offering<'_> {
    /// Who can be called, behind the words of a path that stand there.
    pub fn callees(&mut self, before: &[&str]) {
        let study = &self.look.study;
        let Some(program) = study.trees.first() else { return };
        let alias = before.first().and_then(|alias| program.used(alias));
        let tree = match (alias, before) {
            (_, []) => Some(0),
            (Some(place), [_]) => Some(place),
            _ => None,
        };
        if let Some(tree) = tree {
            self.workflows(tree);
            self.connectors(tree);
        }
        if before.is_empty() {
            program
                .uses
                .iter()
                .for_each(|(alias, _)| self.list.add(1, Item::new(alias, ItemKind::Module).detail("use")));
            for file in &standard::CONNECTORS {
                self.list.add(2, Item::new(file.name, ItemKind::Module).detail("connector"));
            }
        }
        if let Some(connector) = study.catalog.connectors.get(&*before.join(".")) {
            self.operations(connector);
        }
    }

    /// The workflows of a file.
    pub fn workflows(&mut self, tree: usize) {
        let Some(tree) = self.look.study.trees.get(tree) else { return };
        for declaration in &tree.program.declarations {
            if let Declaration::Workflow(workflow) = declaration {
                let doc = workflow.doc.as_ref().map(|doc| &*doc.text);
                let snippet = self.braces(&workflow.name.text, &required(workflow));
                let item = Item::new(&workflow.name.text, ItemKind::Class).detail("workflow").doc(doc);
                self.list.add(0, item.snippet(snippet));
            }
        }
    }

    fn connectors(&mut self, tree: usize) {
        let Some(tree) = self.look.study.trees.get(tree) else { return };
        for declaration in &tree.program.declarations {
            if let Declaration::Connector(connector) = declaration {
                let doc = connector.doc.as_ref().map(|doc| &*doc.text);
                self.list.add(1, Item::new(&connector.name.text, ItemKind::Module).detail("connector").doc(doc));
            }
        }
    }

    fn operations(&mut self, connector: &Connector) {
        for (name, signature) in &connector.operations {
            let needed: Vec<(String, &'static str)> = signature.params.iter().filter(is_needed).map(filled).collect();
            let doc = wording::operation(self.look, signature);
            let detail = wording::signature(signature);
            let item = Item::new(name, ItemKind::Method).detail(&detail).doc(Some(&doc));
            let snippet = self.braces(name, &needed);
            self.list.add(0, item.snippet(snippet));
        }
    }

    /// A callee with its braces, in which what must be given is written; where braces stand already, or cannot, only the name.
    fn braces(&self, name: &str, needed: &[(String, &'static str)]) -> Option<String> {
        let rest = self.caret.text[self.caret.whole.end..].trim_start_matches([' ', '\t']);
        if self.is_named_only || rest.starts_with('{') {
            return None;
        }
        let fields: Vec<String> = needed
            .iter()
            .enumerate()
            .map(|(at, (name, value))| format!("{name}: {}", value.replace("$0", &format!("${}", at + 1))))
            .collect();
        Some(match fields.is_empty() {
            true => format!("{name} {{ $0 }}"),
            false => format!("{name} {{ {}$0 }}", fields.join(", ")),
        })
    }

    /// What a test can stand in for, behind the words of a path that stand there.
    pub fn mocked(&mut self, before: &[&str]) {
        self.is_named_only = true;
        if before.is_empty()
            && let Some(tested) = self.tested()
        {
            let names = Names::of_workflow(&self.look.study, &tested);
            names.callees.iter().for_each(|callee| self.list.add(0, Item::new(callee, ItemKind::Method)));
            // A step has no `calls(...)`.
            if !self.is_calls() {
                let steps = names.waiting.iter();
                steps.for_each(|step| self.list.add(0, Item::new(step, ItemKind::Variable).detail("step")));
            }
        }
        self.callees(before);
    }

    /// Whether what is asked for is `calls(...)`.
    fn is_calls(&self) -> bool {
        self.caret.inner().is_some_and(|frame| frame.zone == "calls")
    }

    /// The workflow of the test at hand.
    pub fn tested(&self) -> Option<String> {
        let at = self.caret.frames.iter().position(|frame| frame.zone == "test")?;
        let head = &self.caret.frames.get(at.checked_sub(1)?)?.lexemes;
        let behind = head.iter().position(|lexeme| lexeme.text == "for")?;
        Some(head.get(behind + 1)?.text.to_owned())
    }

    /// The triggers that connectors declare, behind the words of a path that stand there.
    pub fn sources(&mut self, before: &[&str]) {
        let study = &self.look.study;
        if let [connector] = before {
            let Some(connector) = study.catalog.connectors.get(*connector) else { return };
            for (name, source) in &connector.sources {
                let detail = source.item.to_string();
                self.list.add(0, Item::new(name, ItemKind::Event).detail(&detail).snippet(self.braces(name, &[])));
            }
            return;
        }
        for (name, connector) in &study.catalog.connectors {
            for source in connector.sources.keys() {
                self.list.add(1, Item::new(&format!("{name}.{source}"), ItemKind::Event).detail("trigger"));
            }
        }
        let declares =
            |file: &&standard::File| ["\n    webhook ", "\n    poll "].iter().any(|it| file.text.contains(it));
        for file in standard::CONNECTORS.iter().filter(declares) {
            self.list.add(2, Item::new(file.name, ItemKind::Module).detail("connector"));
        }
    }

    /// The operations of the connector at hand.
    pub fn own_operations(&mut self) {
        self.is_named_only = true;
        let Some(at) = self.caret.frames.iter().position(|frame| frame.zone == "connector") else { return };
        let head = at.checked_sub(1).and_then(|at| self.caret.frames.get(at));
        let name = head.and_then(|head| head.lexemes.get(1)).map_or("", |name| name.text);
        if let Some(connector) = self.look.study.catalog.connectors.get(name) {
            self.operations(connector);
            if self.caret.statement().first().is_some_and(|word| word.text == "example") {
                let sources = connector.sources.keys();
                sources.for_each(|name| self.list.add(1, Item::new(name, ItemKind::Event).detail("trigger")));
            }
        }
    }
}

fn is_needed(field: &&Field) -> bool {
    field.default.is_none() && !field.shape.may_be_absent()
}

fn filled(field: &Field) -> (String, &'static str) {
    (field.name.to_string(), value::begun(&field.shape))
}

/// What a workflow must be given.
fn required(workflow: &Workflow) -> Vec<(String, &'static str)> {
    let declared = workflow.body.items.iter().filter_map(|item| match item {
        Written::Input(declared) => Some(&declared.fields),
        _ => None,
    });
    let needed =
        declared.flatten().filter(|field| field.value.is_none() && !field.ty.as_ref().is_some_and(|ty| ty.optional));
    needed.map(|field| (field.name.text.to_string(), "$0")).collect()
}
