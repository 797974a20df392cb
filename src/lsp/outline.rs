//! What a text declares, in the order and nesting of the text: symbols, folds, lenses and hover all begin here.

use crate::base::span::Span;
use crate::lang::syntax::ast::{
    Action, Block, ClauseKind, ConnectorItem, Declaration, Declare, Field, HandlerAction, Item, Name, Output,
    OutputForm, PersonaItem, Program, Step, Text, TypeKind, Value,
};

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `use`
    Use,
    /// `type`
    Type,
    /// `fn`
    Function,
    /// `workflow`
    Workflow,
    /// `handler`
    Handler,
    /// `connector`
    Connector,
    /// An operation of one.
    Operation,
    /// A trigger of one.
    Source,
    /// `persona`
    Persona,
    /// `test`
    Test,
    /// A step with a name, or without.
    Step,
    /// A `let`.
    Let,
    /// A field of `input`, `vars`, `state`, `config` or of a type.
    Field,
}

/// Something that a text declares.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Its name, as people look for it.
    pub name: String,
    /// Where its name stands.
    pub place: Span,
    /// All of it.
    pub span: Span,
    /// The `///` above it.
    pub doc: Option<Text>,
    /// What is declared in it.
    pub children: Vec<Entry>,
}

/// What a text declares, and which of its parts can be folded.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// In the order of the text.
    pub entries: Vec<Entry>,
    /// Whatever may be long: blocks, objects, lists.
    pub folds: Vec<Span>,
    /// Who is called, with what.
    pub calls: Vec<Called>,
    /// Its blocks.
    pub blocks: Vec<Items>,
    /// The statements of Rhai in it.
    pub scripts: Vec<Span>,
}

/// A call in a step.
#[derive(Clone, Debug)]
pub struct Called {
    /// The step.
    pub span: Span,
    /// Whom it names.
    pub callee: Span,
    /// What it gives, by name.
    pub fields: Vec<(Span, String)>,
}

/// The items of a block: of steps, the whole and its head.
#[derive(Clone, Debug)]
pub struct Items {
    /// Braces included.
    pub span: Span,
    /// In their order.
    pub items: Vec<Option<(Span, Span)>>,
}

impl Outline {
    /// The outline of one file.
    pub fn of(program: &Program) -> Self {
        let mut outline = Self::default();
        outline.entries = program.declarations.iter().map(|declaration| outline.declaration(declaration)).collect();
        outline
    }

    /// Every entry, also those in others, each after what it is in.
    pub fn all(&self) -> Vec<&Entry> {
        let mut all = Vec::new();
        let mut open: Vec<&Entry> = self.entries.iter().rev().collect();
        while let Some(entry) = open.pop() {
            all.push(entry);
            open.extend(entry.children.iter().rev());
        }
        all
    }

    fn declaration(&mut self, declaration: &Declaration) -> Entry {
        match declaration {
            Declaration::Use(used) => {
                let place = used.alias.as_ref().map_or(used.path.span, |alias| alias.span);
                entry(Kind::Use, &used.path.text, place, used.span, None, Vec::new())
            }
            Declaration::Type(ty) => {
                let fields = match &ty.ty.kind {
                    TypeKind::Object(fields) => self.fields(fields, ty.ty.span),
                    TypeKind::Named { .. } | TypeKind::Union(_) | TypeKind::Literal(_) => Vec::new(),
                };
                named(Kind::Type, &ty.name, ty.span, ty.doc.as_ref(), fields)
            }
            Declaration::Fn(function) => {
                self.folds.push(function.span);
                self.scripts.push(function.body.span);
                named(Kind::Function, &function.name, function.span, function.doc.as_ref(), Vec::new())
            }
            Declaration::Workflow(workflow) => {
                let children = self.block(&workflow.body);
                self.folds.push(workflow.span);
                named(Kind::Workflow, &workflow.name, workflow.span, workflow.doc.as_ref(), children)
            }
            Declaration::Handler(handler) => {
                let children = self.block(&handler.body);
                self.folds.push(handler.span);
                named(Kind::Handler, &handler.name, handler.span, handler.doc.as_ref(), children)
            }
            Declaration::Connector(connector) => {
                self.folds.push(connector.span);
                let children = connector.items.iter().flat_map(|item| self.connector_item(item)).collect();
                named(Kind::Connector, &connector.name, connector.span, connector.doc.as_ref(), children)
            }
            Declaration::Persona(persona) => {
                self.folds.push(persona.span);
                for item in &persona.items {
                    if let PersonaItem::On { span, .. } | PersonaItem::Intent { span, .. } = item {
                        self.folds.push(*span);
                    }
                }
                named(Kind::Persona, &persona.name, persona.span, persona.doc.as_ref(), Vec::new())
            }
            Declaration::Test(test) => {
                self.folds.push(test.span);
                entry(Kind::Test, &test.title.text, test.title.span, test.span, test.doc.as_ref(), Vec::new())
            }
        }
    }

    fn connector_item(&mut self, item: &ConnectorItem) -> Vec<Entry> {
        match item {
            ConnectorItem::Config(config) => self.fields(&config.fields, config.span),
            ConnectorItem::Operation(operation) => {
                self.folds.push(operation.span);
                let params = self.fields(&operation.params, operation.name.span);
                vec![named(Kind::Operation, &operation.name, operation.span, operation.doc.as_ref(), params)]
            }
            ConnectorItem::Source(source) => {
                self.folds.push(source.span);
                vec![named(Kind::Source, &source.name, source.span, source.doc.as_ref(), Vec::new())]
            }
            ConnectorItem::Example(example) => {
                self.folds.push(example.span);
                Vec::new()
            }
            ConnectorItem::Default(_) | ConnectorItem::Check(_) | ConnectorItem::Hook(_) => Vec::new(),
        }
    }

    fn fields(&mut self, fields: &[Declare], span: Span) -> Vec<Entry> {
        self.folds.push(span);
        let own = |field: &Declare| named(Kind::Field, &field.name, field.span, field.doc.as_ref(), Vec::new());
        fields.iter().map(own).collect()
    }

    fn block(&mut self, block: &Block) -> Vec<Entry> {
        self.folds.push(block.span);
        let step = |item: &Item| match item {
            Item::Step(step) => Some((step.span, step.head)),
            _ => None,
        };
        self.blocks.push(Items { span: block.span, items: block.items.iter().map(step).collect() });
        block.items.iter().flat_map(|item| self.item(item)).collect()
    }

    fn item(&mut self, item: &Item) -> Vec<Entry> {
        match item {
            Item::Step(step) => self.step(step),
            Item::Let(binding) => {
                self.value(&binding.value);
                vec![named(Kind::Let, &binding.name, binding.span, None, Vec::new())]
            }
            Item::Input(declared) | Item::Vars(declared) => self.fields(&declared.fields, declared.span),
            Item::State(state) => self.fields(&state.fields, state.span),
            Item::Lifecycle(lifecycle) => {
                self.folds.push(lifecycle.span);
                self.block(&lifecycle.body)
            }
            Item::On(on) => self.action_of(&on.action, on.span),
            Item::Output(Output { form, span }) => {
                self.folds.push(*span);
                if let OutputForm::Fields(fields) = form {
                    fields.iter().filter_map(|field| field.value.as_ref()).for_each(|value| self.value(value));
                }
                Vec::new()
            }
            Item::Set(set) => {
                self.value(&set.value);
                Vec::new()
            }
            Item::Emit(emit) => {
                self.folds.push(emit.span);
                Vec::new()
            }
            Item::Reply(reply) => {
                self.folds.push(reply.span);
                Vec::new()
            }
            Item::Trigger(trigger) => {
                self.folds.push(trigger.span);
                Vec::new()
            }
            Item::Return(_)
            | Item::Fail(_)
            | Item::Until(_)
            | Item::Handle(_)
            | Item::Version(_)
            | Item::Deadline(..)
            | Item::Concurrency(_)
            | Item::Key(_)
            | Item::Priority(..)
            | Item::Tags(..) => Vec::new(),
        }
    }

    /// A step with what is in it; one without a name that holds others gives these.
    fn step(&mut self, step: &Step) -> Vec<Entry> {
        self.folds.push(step.span);
        let mut children: Vec<Entry> = step.action.bodies().into_iter().flat_map(|body| self.block(body)).collect();
        let callee = match &step.action {
            Action::Call(call) | Action::Start(call) => {
                self.given(&call.params);
                let fields = call.params.iter().map(|field| (field.span, field.key.text.to_string())).collect();
                self.calls.push(Called { span: step.span, callee: call.callee.span, fields });
                Some((call.callee.dotted(), call.callee.span))
            }
            Action::Ask(ask) => {
                self.given(&ask.params);
                None
            }
            Action::Script(code) => {
                self.scripts.push(code.span);
                None
            }
            _ => None,
        };
        for clause in &step.clauses {
            self.folds.push(clause.span);
            children.extend(match &clause.kind {
                ClauseKind::On(on) => self.action_of(&on.action, on.span),
                ClauseKind::Undo(undo) => self.step(undo),
                ClauseKind::Remind { body, .. } | ClauseKind::Escalate { body, .. } => self.block(body),
                _ => Vec::new(),
            });
        }
        match (&step.name, callee) {
            (Some(name), _) => vec![named(Kind::Step, name, step.span, step.doc.as_ref(), children)],
            (None, Some((callee, place))) => {
                vec![entry(Kind::Step, &callee, place, step.span, step.doc.as_ref(), children)]
            }
            (None, None) => children,
        }
    }

    fn action_of(&mut self, action: &HandlerAction, span: Span) -> Vec<Entry> {
        self.folds.push(span);
        match action {
            HandlerAction::Alternate(body) => self.block(body),
            HandlerAction::Notify(step) => self.step(step),
            HandlerAction::Retry(_)
            | HandlerAction::Skip(_)
            | HandlerAction::SkipItem
            | HandlerAction::Fail { .. }
            | HandlerAction::Park => Vec::new(),
        }
    }

    fn given(&mut self, fields: &[Field]) {
        fields.iter().for_each(|field| self.value(&field.value));
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Object(object) => {
                self.folds.push(object.span);
                self.given(&object.fields);
            }
            Value::List(list) => {
                self.folds.push(list.span);
                list.items.iter().for_each(|item| self.value(item));
            }
            Value::Expr(expr) => self.folds.push(expr.span),
        }
    }
}

fn named(kind: Kind, name: &Name, span: Span, doc: Option<&Text>, children: Vec<Entry>) -> Entry {
    entry(kind, &name.text, name.span, span, doc, children)
}

fn entry(kind: Kind, name: &str, place: Span, span: Span, doc: Option<&Text>, children: Vec<Entry>) -> Entry {
    Entry { kind, name: name.to_owned(), place, span: span.to(place), doc: doc.cloned(), children }
}
