//! What every name in a text means, noted for those who show programs while they are written.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::checked::Target;
use super::checker::Checker;
use super::names::{Binding, Kind};
use super::walk::{self, Seen};
use crate::base::shape::{Field, Lookup, Object, Shape};
use crate::base::span::Span;
use crate::lang::catalog::{Connector, Signature};
use crate::lang::script::{self, Gap, Key, Origin, Read};
use crate::lang::syntax::ast::{
    ConnectorItem, Declaration, Declare, Field as Given, Function, Item, Name, Path, Step, Type, TypeKind, Workflow,
};

/// The word that stands where a name is still to be written: what could stand there is noted as [`Hole`].
pub const HOLE: &str = "hole_at_the_cursor";

/// What was noted.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// Names, by their places.
    pub mentions: BTreeMap<Span, Mention>,
    /// What could stand where [`HOLE`] does.
    pub hole: Option<Hole>,
    /// The type that is wanted of the value for which it stands.
    pub wanted: Option<Shape>,
}

/// A name and what it means where it stands.
#[derive(Clone, Debug)]
pub struct Mention {
    /// What kind of thing it names.
    pub named: Named,
    /// The places of the names by which it is declared; two where both arms of an `if` make it, none where the language brings it.
    pub declared: Vec<Span>,
    /// The type of its value.
    pub shape: Shape,
    /// What its declaration says of it, where that is known with its type.
    pub doc: Option<Arc<str>>,
}

/// What a name may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// A workflow.
    Workflow,
    /// A `fn`.
    Function,
    /// A `handler`.
    Handler,
    /// A named type.
    Type,
    /// A connector.
    Connector,
    /// An operation of one.
    Operation,
    /// A persona.
    Persona,
    /// A file that is used.
    File,
    /// A step.
    Step,
    /// A `let`, the item of a loop, a name in a pattern, a variable of a script.
    Local,
    /// A parameter of an operation, a workflow or a `fn`.
    Parameter,
    /// A field of `vars`.
    Variable,
    /// Any other field.
    Field,
    /// A scope: `input`, `vars`, `error` ...
    Scope,
}

/// What could stand at a place where a name is still to be written.
#[derive(Clone, Debug)]
pub enum Hole {
    /// A name in an expression: what is in scope.
    Name(Vec<(Arc<str>, Named, Shape)>),
    /// A field behind a dot.
    Field(Shape),
    /// A parameter of a call, or a field of an object of a known type: those that are not given yet.
    Parameter(Vec<Field>),
    /// A callee, behind these words.
    Callee(Vec<Arc<str>>),
}

impl<'a> Checker<'a> {
    /// Whether names of the file at hand are noted.
    fn is_noting(&self) -> bool {
        self.noting && !self.trees[self.tree].standard
    }

    /// Notes what a name means.
    pub fn mention(&mut self, place: Span, named: Named, declared: Vec<Span>, shape: &Shape) {
        if self.is_noting() {
            let mention = Mention { named, declared, shape: shape.clone(), doc: None };
            self.checked.notes.mentions.insert(place, mention);
        }
    }

    /// Notes what could stand at the hole.
    pub fn hole(&mut self, name: &str, hole: impl FnOnce(&Self) -> Hole) {
        if self.is_noting() && name == HOLE {
            let found = hole(self);
            // What is wanted there says more than what could be read there.
            if !matches!(self.checked.notes.hole, Some(Hole::Parameter(_))) {
                self.checked.notes.hole = Some(found);
            }
        }
    }

    /// Notes which type is wanted of a value, if that is still to be written.
    pub fn hole_wanted(&mut self, source: &str, wanted: &Shape) {
        if self.is_noting() && source == HOLE {
            self.checked.notes.wanted = Some(wanted.clone());
        }
    }

    /// Notes which fields could stand in an object, if one is still to be written.
    pub fn hole_in(&mut self, given: &[Given], known: &Object) {
        if let Some(key) = given.iter().find(|field| &*field.key.text == HOLE) {
            self.hole(&key.key.text, |_| Hole::Parameter(super::call::not_given(given, &known.fields)));
        }
    }

    /// Notes what could stand at the hole in a script that has variables of its own, whose types it knows itself.
    pub fn gap(&mut self, compiled: &script::Expr, of_read: &dyn Fn(usize) -> Shape) {
        if !self.is_noting() || !compiled.text().contains(HOLE) {
            return;
        }
        let found = match compiled.gap(HOLE, of_read) {
            Some(Gap::Field(shape)) => Hole::Field(shape),
            Some(Gap::Name { locals: own, beside }) => {
                if beside.is_some() {
                    self.checked.notes.wanted = beside;
                }
                let mut names = self.in_scope();
                names.extend(own.into_iter().map(|(name, shape)| (name, Named::Local, shape)));
                Hole::Name(names)
            }
            None => return,
        };
        self.hole(HOLE, |_| found);
    }

    /// The same in the body of a `fn`, which sees its parameters and variables, and nothing of their types.
    fn gap_in(&mut self, function: &Function) {
        let source = &function.body.source;
        let Some(at) = source.find(HOLE) else { return };
        let library = self.library();
        let behind_dot = source[..at].ends_with('.');
        let text = |span: &Span| {
            let start = span.range().start.checked_sub(function.body.span.range().start)?;
            source.get(start..start + span.range().len())
        };
        let variables = library.variables_in(&function.name.text).iter().map(|(_, declared)| declared);
        let before = variables.filter(|declared| declared.range().start < function.body.span.range().start + at);
        let mut names: Vec<Arc<str>> = function.params.iter().map(|param| param.text.clone()).collect();
        for name in before.filter_map(text).map(Arc::from) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let names = names.into_iter().map(|name| (name, Named::Local, Shape::Any)).collect();
        self.hole(HOLE, |_| if behind_dot { Hole::Field(Shape::Any) } else { Hole::Name(names) });
    }

    /// Everything that an expression can name here.
    pub fn in_scope(&self) -> Vec<(Arc<str>, Named, Shape)> {
        let bound = self.names.iter().filter(|binding| !binding.placeholder && &*binding.name != HOLE);
        let mut all: Vec<_> =
            bound.map(|binding| (binding.name.clone(), named(binding), binding.shape.clone())).collect();
        let params = self.here.params.iter().flatten();
        all.extend(params.map(|(name, shape)| (name.clone(), Named::Parameter, shape.clone())));
        let words = self.here.words.iter();
        all.extend(words.map(|(word, typed)| (Arc::from(*word), Named::Scope, typed.shape.clone())));
        if self.here.word("steps").is_none() && self.here.before_run.is_none() {
            all.push(("steps".into(), Named::Scope, self.records_here()));
        }
        all
    }

    /// What `steps` holds here.
    pub fn records_here(&self) -> Shape {
        let steps = self.names.iter().filter(|binding| binding.kind == Kind::Step && !binding.placeholder);
        Shape::object(steps.map(|binding| (binding.name.clone(), binding.record.clone())))
    }

    /// Notes what every file declares.
    pub fn mention_declarations(&mut self) {
        for place in 0..self.trees.len() {
            self.tree = place;
            if !self.is_noting() {
                continue;
            }
            for declaration in &self.trees[place].program.declarations {
                self.mention_top(declaration);
            }
        }
        self.tree = 0;
    }

    fn mention_top(&mut self, declaration: &'a Declaration) {
        let mut own = |name: &Name, named: Named| self.mention(name.span, named, vec![name.span], &Shape::Any);
        match declaration {
            Declaration::Use(used) => used.alias.iter().for_each(|alias| own(alias, Named::File)),
            Declaration::Type(ty) => own(&ty.name, Named::Type),
            Declaration::Handler(handler) => own(&handler.name, Named::Handler),
            Declaration::Persona(persona) => own(&persona.name, Named::Persona),
            Declaration::Fn(function) => {
                own(&function.name, Named::Function);
                let library = self.library();
                self.mention_called(library.called_in(&function.name.text));
                for (place, declared) in library.variables_in(&function.name.text) {
                    self.mention(*place, Named::Local, vec![*declared], &Shape::Any);
                }
                self.gap_in(function);
            }
            Declaration::Connector(connector) => {
                own(&connector.name, Named::Connector);
                for item in &connector.items {
                    let ConnectorItem::Operation(operation) = item else { continue };
                    own(&operation.name, Named::Operation);
                    operation.params.iter().for_each(|param| own(&param.name, Named::Parameter));
                }
            }
            // A workflow is noted with what it takes, a test has no name.
            Declaration::Workflow(_) | Declaration::Test(_) => {}
        }
    }

    /// Notes the names that an expression reads, each at every place it stands; `trails` are the types along its reads.
    pub fn mention_reads(&mut self, compiled: &script::Expr, targets: &[Target], trails: &[Vec<Shape>]) {
        if !self.is_noting() {
            return;
        }
        for place in compiled.places() {
            let (Some(read), Some(target)) = (compiled.reads().get(place.read), targets.get(place.read)) else {
                continue;
            };
            let trail = trails.get(place.read).map_or(&[][..], Vec::as_slice);
            self.mention_read(read, place, target, trail);
        }
        for (place, declared) in compiled.variables() {
            self.mention(*place, Named::Local, vec![*declared], &Shape::Any);
        }
        self.mention_called(compiled.functions_called());
    }

    fn mention_read(&mut self, read: &Read, place: &script::Place, target: &Target, trail: &[Shape]) {
        let whole = trail.first().cloned().unwrap_or_default();
        let names = |this: &Self, spans: &[Span]| spans.iter().map(|span| this.name_place(*span)).collect::<Vec<_>>();
        match target {
            Target::Binding(_, spans) => {
                let declared = names(self, spans);
                let is_step = self.names.find(&read.root).is_none_or(|binding| binding.kind == Kind::Step);
                self.mention(place.root, if is_step { Named::Step } else { Named::Local }, declared, &whole);
            }
            Target::Scope(_) | Target::Record(..) => self.mention(place.root, Named::Scope, Vec::new(), &whole),
            Target::Param(name) => {
                let declared = self.course.params.get(name).copied().into_iter().collect();
                self.mention(place.root, Named::Parameter, declared, &whole);
            }
            Target::Calls | Target::Unknown => return,
        }
        for (at, (segment, span)) in read.path.iter().zip(&place.segments).enumerate() {
            let Key::Field(name) = &segment.key else { continue };
            let Some(shape) = trail.get(at + 1) else { return };
            match target {
                Target::Record(_, spans) if at == 0 => {
                    let declared = names(self, spans);
                    self.mention(*span, Named::Step, declared, shape);
                }
                Target::Scope(scope) if at == 0 && &**scope == "steps" => self.mention_step(name, *span),
                Target::Scope(scope) if at == 0 => self.mention_field(scope, name, *span, shape),
                _ => self.mention(*span, Named::Field, Vec::new(), shape),
            }
            if let Some(mention) = self.checked.notes.mentions.get_mut(span) {
                mention.doc = trail.get(at).and_then(|owner| doc_in(owner, name));
            }
        }
    }

    /// Notes a field of a scope.
    pub fn mention_field(&mut self, scope: &str, name: &Arc<str>, place: Span, shape: &Shape) {
        let declared = self.course.fields.get(&(scope.into(), name.clone())).copied();
        let named = if scope == "vars" { Named::Variable } else { Named::Field };
        self.mention(place, named, declared.into_iter().collect(), shape);
    }

    /// Notes where the steps of a workflow are named, for the test at hand.
    pub fn note_steps(&mut self, workflow: &str) {
        let (Some(workflow), true) = (self.declared_as(workflow), self.is_noting()) else { return };
        let mut steps: BTreeMap<Arc<str>, Vec<Span>> = BTreeMap::new();
        walk::block(&workflow.body, &mut |seen| {
            if let Seen::Step(Step { name: Some(name), .. }) = seen {
                steps.entry(name.text.clone()).or_default().push(name.span);
            }
        });
        self.course.steps = steps;
    }

    /// Notes a step that a test names.
    pub fn mention_step(&mut self, name: &str, place: Span) {
        let declared = self.course.steps.get(name).cloned().unwrap_or_default();
        self.mention(place, Named::Step, declared, &Shape::Any);
    }

    /// Notes which functions of the program are called.
    fn mention_called(&mut self, called: &[script::Called]) {
        for called in called.iter().filter(|called| called.origin == Origin::Fixed) {
            self.mention(called.span, Named::Function, Vec::new(), &Shape::Any);
        }
        for called in called.iter().filter(|called| called.origin == Origin::Program) {
            let functions = &self.checked.modules[self.tree].functions;
            let Some(function) = functions.iter().find(|function| function.name == called.name) else { continue };
            let declared = function.name_span;
            let bare = function.name.rsplit('.').next().unwrap_or_default().len() as u32;
            // Behind its alias, where it has one.
            let place = Span { start: called.span.end.saturating_sub(bare), ..called.span };
            self.mention(place, Named::Function, vec![declared], &Shape::Any);
        }
    }

    /// Notes what a declaration declares.
    pub fn mention_declared(&mut self, declare: &Declare, scope: &str, shape: &Shape) {
        let place = declare.name.span;
        self.course.fields.insert((scope.into(), declare.name.text.clone()), place);
        self.mention_field(scope, &declare.name.text, place, shape);
        if let (Some(doc), Some(mention)) = (&declare.doc, self.checked.notes.mentions.get_mut(&place)) {
            mention.doc = Some(doc.text.clone());
        }
        if let Some(ty) = &declare.ty {
            self.mention_type(ty);
        }
    }

    /// Notes a name that is taken in, where it is written.
    pub fn mention_binding(&mut self, binding: &Binding, place: Span) {
        self.mention(place, named(binding), vec![place], &binding.shape);
    }

    /// Notes the names of types in a type.
    pub fn mention_type(&mut self, ty: &Type) {
        if !self.is_noting() {
            return;
        }
        match &ty.kind {
            TypeKind::Named { name, arguments, .. } => {
                arguments.iter().for_each(|argument| self.mention_type(argument));
                let find = |declaration: &Declaration, last: &Name| match declaration {
                    Declaration::Type(ty) if ty.name.text == last.text => Some(ty.name.span),
                    _ => None,
                };
                self.mention_declaration(name, Named::Type, find);
            }
            TypeKind::Object(fields) => {
                fields.iter().filter_map(|field| field.ty.as_ref()).for_each(|ty| self.mention_type(ty))
            }
            TypeKind::Union(members) => members.iter().for_each(|member| self.mention_type(member)),
            TypeKind::Literal(_) => {}
        }
    }

    /// Notes a dotted name of something that `find` recognizes among the declarations of the file it leads to.
    pub fn mention_declaration(
        &mut self,
        path: &Path,
        named: Named,
        find: impl Fn(&Declaration, &Name) -> Option<Span>,
    ) {
        let (Some((last, before)), true) = (path.parts.split_last(), self.is_noting()) else { return };
        let mut place = self.tree;
        for alias in before {
            let Some(next) = self.mention_alias(place, alias) else { return };
            place = next;
        }
        let declared = self.trees[place].program.declarations.iter().find_map(|declaration| find(declaration, last));
        if let Some(declared) = declared {
            self.mention(last.span, named, vec![declared], &Shape::Any);
        }
    }

    /// Notes the alias of a used file; gives its place among the trees.
    fn mention_alias(&mut self, place: usize, alias: &Name) -> Option<usize> {
        let next = self.trees[place].used(&alias.text)?;
        let uses = self.trees[place].program.declarations.iter().filter_map(|declaration| match declaration {
            Declaration::Use(used) => Some(used),
            _ => None,
        });
        let known = |used: &&crate::lang::syntax::ast::Use| crate::lang::catalog::tree::alias_of(used) == alias.text;
        let declared =
            uses.filter(known).map(|used| used.alias.as_ref().map_or(used.path.span, |alias| alias.span)).next();
        self.mention(alias.span, Named::File, declared.into_iter().collect(), &Shape::Any);
        Some(next)
    }

    /// Notes a workflow that is called, with the parameters it is given.
    pub fn mention_workflow(&mut self, path: &Path) {
        self.mention_declaration(path, Named::Workflow, |declaration, last| match declaration {
            Declaration::Workflow(workflow) if workflow.name.text == last.text => Some(workflow.name.span),
            _ => None,
        });
    }

    /// Notes an operation that is called.
    pub fn mention_operation(&mut self, path: &Path, signature: &Signature) {
        let (Some((last, before)), true) = (path.parts.split_last(), self.is_noting()) else { return };
        self.mention(last.span, Named::Operation, vec![signature.span], &signature.result);
        let Some((connector, aliases)) = before.split_last() else { return };
        let declared = self.catalog.connectors.get(&signature.connector).map(|connector| connector.declared.name.span);
        self.mention(connector.span, Named::Connector, declared.into_iter().collect(), &Shape::Any);
        let mut place = Some(self.tree);
        for alias in aliases {
            place = place.and_then(|place| self.mention_alias(place, alias));
        }
    }

    /// Notes a key of an object of a known type.
    pub fn mention_key(&mut self, key: &Name, field: &Field) {
        self.mention(key.span, Named::Field, Vec::new(), &field.shape);
        if let Some(mention) = self.checked.notes.mentions.get_mut(&key.span) {
            mention.doc = field.doc.clone();
        }
    }

    /// Notes the parameters that are given.
    pub fn mention_parameters(&mut self, given: &[Given], wanted: &[Field], callee: &Callable<'_>) {
        for given in given {
            if let Some(field) = wanted.iter().find(|field| field.name == given.key.text) {
                self.mention_parameter(&given.key, field, callee);
            }
        }
    }

    fn mention_parameter(&mut self, key: &Name, field: &Field, callee: &Callable<'_>) {
        if !self.is_noting() {
            return;
        }
        let declared = match callee {
            Callable::Operation(signature) => self
                .catalog
                .connectors
                .get(&signature.connector)
                .and_then(|connector| parameter(connector, signature, &key.text)),
            Callable::Workflow(name) => self.declared_as(name).and_then(|workflow| input(workflow, &key.text)),
        };
        self.mention(key.span, Named::Parameter, declared.into_iter().collect(), &field.shape);
        if let Some(mention) = self.checked.notes.mentions.get_mut(&key.span) {
            mention.doc = field.doc.clone();
        }
    }
}

/// Whose parameters are given.
pub(super) enum Callable<'s> {
    /// An operation's.
    Operation(&'s Signature),
    /// A workflow's, by its name in the package.
    Workflow(&'s str),
}

/// Where an operation declares a parameter.
fn parameter(connector: &Connector, signature: &Signature, name: &str) -> Option<Span> {
    connector.declared.items.iter().find_map(|item| match item {
        ConnectorItem::Operation(operation) if operation.name.span == signature.span => {
            operation.params.iter().find(|param| &*param.name.text == name).map(|param| param.name.span)
        }
        _ => None,
    })
}

/// Where a workflow declares a field of its input.
fn input(workflow: &Workflow, name: &str) -> Option<Span> {
    let declared = workflow.body.items.iter().filter_map(|item| match item {
        Item::Input(declared) => Some(&declared.fields),
        _ => None,
    });
    declared.flatten().find(|field| &*field.name.text == name).map(|field| field.name.span)
}

/// What kind of thing a name in scope is.
fn named(binding: &Binding) -> Named {
    match binding.kind {
        Kind::Step => Named::Step,
        Kind::Local => Named::Local,
    }
}

/// What a type says of one of its fields.
fn doc_in(owner: &Shape, name: &str) -> Option<Arc<str>> {
    match owner.present() {
        Shape::Object(object) => object.fields.iter().find(|field| &*field.name == name)?.doc.clone(),
        _ => None,
    }
}

/// The types along a read, from its root on, as far as they are known; `start` is what lies before segment `first`.
pub(super) fn trail(start: &Shape, read: &Read, first: usize) -> Vec<Shape> {
    let mut trail = vec![Shape::Any; first];
    trail.push(start.clone());
    for segment in &read.path[first.min(read.path.len())..] {
        let here = trail.last().cloned().unwrap_or_default();
        let next = match (&segment.key, here.present()) {
            (Key::Field(name), shape) => match shape.field(name) {
                Lookup::Found(found) => found,
                Lookup::Missing(_) | Lookup::NoFields => return trail,
            },
            (Key::Item(_), Shape::List(item, _)) => (**item).clone(),
            (Key::Item(_), _) => Shape::Any,
        };
        trail.push(next);
    }
    trail
}
