//! One expression or script: compiled once, asked often.

use std::sync::{Arc, OnceLock};

use rhai::{Dynamic, Position};

use super::ambient::{self, Ambient};
use super::broken::{self, Broken};
use super::convert;
use super::emit::{self, Emitter, Marks};
use super::engine;
use super::library::{self, Library};
use super::path;
use super::resolve::{Called, Demand, Read, Resolved, Setting, Slot};
use super::tree::{Kind, Node, Part};
use crate::base::span::Span;
use crate::base::time::Timestamp;
use crate::base::value::Value;

/// What an expression is evaluated in. Every answer must stay the same for one evaluation, and across recoveries.
pub trait Scope {
    /// The value of the root of `reads()[read]`, whole; `None` where nothing has this name now.
    fn root(&self, read: usize) -> Option<Value>;
    /// What `now()` gives.
    fn now(&self) -> Timestamp;
    /// The next number of chance: everything `random()` and `uuid()` give in one evaluation comes from one draw.
    fn draw(&self) -> u64;
    /// Takes a line that the script prints.
    fn print(&self, text: &str);
    /// The setting `name`; `None` where it is not set.
    fn env(&self, name: &str) -> Option<Value>;
    /// The secret `name`; `None` where it is not set.
    fn secret(&self, name: &str) -> Option<Value>;
}

/// A compiled expression. Cloning it costs a count.
#[derive(Clone)]
pub struct Expr(Arc<Inner>);

struct Inner {
    text: Arc<str>,
    span: Span,
    tree: Node,
    found: Resolved,
    constant: Option<Value>,
    /// Whether we compute it ourselves: constants and paths, and texts, lists and maps of such.
    ours: bool,
    library: Library,
    plain: OnceLock<Result<Script, Broken>>,
    careful: OnceLock<Result<Script, Broken>>,
}

/// The expression as Rhai has it.
struct Script {
    ast: rhai::AST,
    marks: Marks,
}

/// Roots that have been asked for, by name.
type Roots = Vec<(Arc<str>, Option<Value>)>;

impl std::fmt::Debug for Expr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Expr").field(&self.0.text).finish()
    }
}

impl PartialEq for Expr {
    /// Two expressions are equal if their texts are.
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl Expr {
    pub(super) fn new(text: &str, span: Span, tree: Node, found: Resolved, library: Library) -> Self {
        let constant = tree.constant();
        let ours = is_ours(&tree);
        Self(Arc::new(Inner {
            text: text.into(),
            span,
            tree,
            found,
            constant,
            ours,
            library,
            plain: OnceLock::new(),
            careful: OnceLock::new(),
        }))
    }

    /// The text it was compiled from.
    pub fn text(&self) -> &Arc<str> {
        &self.0.text
    }

    /// Its place.
    pub fn span(&self) -> Span {
        self.0.span
    }

    /// Every path it reads from outside, in the order of their first places. One path occurs again only where the second
    /// place is guarded differently.
    pub fn reads(&self) -> &[Read] {
        &self.0.found.reads
    }

    /// Its value, if that is written out.
    pub fn constant(&self) -> Option<&Value> {
        self.0.constant.as_ref()
    }

    /// The path, if it is nothing but one.
    pub fn path(&self) -> Option<&Read> {
        match self.0.tree.kind {
            Kind::Slot(slot) => Some(&self.0.found.reads[self.0.found.slots[slot].read]),
            _ => None,
        }
    }

    /// The functions it calls by name, in order, closures and nested functions included.
    pub fn functions_called(&self) -> &[Called] {
        &self.0.found.called
    }

    /// The settings and secrets it reads, those of the program's functions included where it calls any.
    pub fn uses_settings(&self) -> impl Iterator<Item = &Setting> {
        let calls = self.calls_program();
        self.0.found.settings.iter().chain(self.0.library.settings().iter().filter(move |_| calls))
    }

    /// The names of its own tree, for whoever infers its type.
    pub(super) fn tree(&self) -> (&Node, &Resolved) {
        (&self.0.tree, &self.0.found)
    }

    /// Whether a function of the program may run: only then its functions are compiled and its settings fetched.
    fn calls_program(&self) -> bool {
        self.0.found.asks && self.0.library.names().next().is_some()
    }

    /// Its value in `scope`. Must run on a thread with [`crate::base::limit::STACK_BYTES`] of stack, unless it is a
    /// constant or a path.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, Broken> {
        if let Some(value) = &self.0.constant {
            return Ok(value.clone());
        }
        if self.0.ours {
            return self.compute(&self.0.tree, scope, &mut Roots::new());
        }
        self.run(scope)
    }

    // What we compute ourselves.

    fn compute(&self, node: &Node, scope: &dyn Scope, roots: &mut Roots) -> Result<Value, Broken> {
        match &node.kind {
            Kind::Constant(value) => Ok(value.clone()),
            Kind::Slot(slot) => self.bind(*slot, scope, roots).map_err(|found| found.at(node.span)),
            Kind::Setting(at) => setting(&self.0.found.settings[*at], scope),
            Kind::Text(parts) => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        Part::Plain(plain) => text.push_str(plain),
                        Part::Value(node) => {
                            let value = self.compute(node, scope, roots)?;
                            append(&mut text, &value).map_err(|message| Broken::script(message, Some(node.span)))?;
                        }
                    }
                }
                Ok(Value::from(text))
            }
            Kind::List(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| self.compute(item, scope, roots)).collect();
                Ok(Value::list(items?))
            }
            Kind::Map(entries) => {
                let entries: Result<Vec<_>, Broken> = entries
                    .iter()
                    .map(|(key, value)| Ok((key.text.clone(), self.compute(value, scope, roots)?)))
                    .collect();
                Ok(Value::map(entries?))
            }
            _ => Ok(node.constant().unwrap_or_default()),
        }
    }

    /// The value of a slot, if its path leads to one that is fit for where it is used.
    fn bind(&self, slot: usize, scope: &dyn Scope, roots: &mut Roots) -> Result<Value, Unbound> {
        let Slot { read, demand, .. } = self.0.found.slots[slot];
        let path = &self.0.found.reads[read];
        let known = roots.iter().position(|(name, _)| *name == path.root);
        let known = known.unwrap_or_else(|| {
            roots.push((path.root.clone(), scope.root(read)));
            roots.len() - 1
        });
        let Some(root) = &roots[known].1 else {
            let message = format!("nothing is called `{}` here", path.root);
            return Err(Unbound { broken: Broken::script(message, None), segment: None, path_span: path.span });
        };
        let value = match path::follow(&path.root, root, &path.path) {
            Ok(value) => value,
            // Operations that were never called, events that were never emitted.
            Err(_) if matches!(&*path.root, "calls" | "emitted") => return Ok(Value::list([])),
            Err(dead) => {
                let segment = path.path[dead.segment].span;
                return Err(Unbound {
                    broken: Broken::script(dead.message, None),
                    segment: Some(segment),
                    path_span: path.span,
                });
            }
        };
        match unfit(&value, demand) {
            None => Ok(value),
            Some(wanted) => {
                let written = path::written(&path.root, &path.path, path.path.len());
                let message = match &value {
                    Value::Unit => {
                        format!("`{written}` is `()` here; say by `??` what counts instead: `{written} ?? ...`")
                    }
                    other => format!("`{written}` is {}, which cannot be compared with {wanted}", path::a(other)),
                };
                Err(Unbound { broken: Broken::script(message, None), segment: None, path_span: path.span })
            }
        }
    }

    // What Rhai computes.

    fn run(&self, scope: &dyn Scope) -> Result<Value, Broken> {
        let mut roots = Roots::new();
        let slots = &self.0.found.slots;
        let mut bound = rhai::Scope::new();
        let mut unbound: Vec<(usize, Unbound)> = Vec::new();
        for slot in 0..slots.len() {
            match self.bind(slot, scope, &mut roots) {
                Ok(value) => {
                    bound.push_constant_dynamic(emit::slot_name(slot), convert::to_rhai(&value));
                }
                // It counts only if the course of things comes to read it.
                Err(found) => unbound.push((slot, found)),
            }
        }
        // A closure captures what it reads when it is made; where something is missing it asks later instead.
        let careful = unbound.iter().any(|(slot, _)| slots[*slot].captured);
        let script = self.script(careful)?;
        let ambient = (self.0.found.asks || careful || !self.0.found.settings.is_empty()).then(|| Ambient {
            now: scope.now(),
            seed: scope.draw(),
            settings: self
                .uses_settings()
                .map(|found| {
                    (
                        found.name.clone(),
                        found.secret,
                        if found.secret { scope.secret(&found.name) } else { scope.env(&found.name) },
                    )
                })
                .collect(),
            slots: if careful { self.captured(&bound) } else { Vec::new() },
            ..Ambient::default()
        });
        let (result, ambient) = ambient::around(ambient, || {
            let result = engine::engine().eval_ast_with_scope::<Dynamic>(&mut bound, &script.ast);
            result.map(|value| convert::from_rhai(&value))
        });
        for line in ambient.iter().flat_map(|ambient| &ambient.printed) {
            scope.print(line);
        }
        match result {
            Ok(value) => value.map_err(|found| broken::unfit(&found, Some(self.0.span))),
            Err(error) => Err(self.broken(*error, script, unbound)),
        }
    }

    /// The values closures ask for.
    fn captured(&self, bound: &rhai::Scope<'_>) -> Vec<Option<Dynamic>> {
        (0..self.0.found.slots.len()).map(|slot| bound.get(&emit::slot_name(slot)).cloned()).collect()
    }

    fn broken(&self, error: rhai::EvalAltResult, script: &Script, unbound: Vec<(usize, Unbound)>) -> Broken {
        let place = |position: Position| -> Option<Span> {
            let (line, column) = (position.line()?, position.position().unwrap_or(1));
            if line > library::FIRST_LINE {
                return self.0.library.compiled().ok()?.marks.span(line, column);
            }
            script.marks.span(line, column)
        };
        if let Some((name, position)) = broken::unbound(&error)
            && let Some(slot) = emit::slot_named(name)
            && let Some((_, found)) = unbound.into_iter().find(|(known, _)| *known == slot)
        {
            let span = place(position);
            return span.map_or(found.broken.clone(), |span| found.at(span));
        }
        let mut found = broken::translate(error, &place);
        found.span = found.span.or(Some(self.0.span));
        found
    }

    fn script(&self, careful: bool) -> Result<&Script, Broken> {
        let cell = if careful { &self.0.careful } else { &self.0.plain };
        let compiled = cell.get_or_init(|| {
            let found = &self.0.found;
            let mut emitter = Emitter::new(0, &found.slots, &found.settings, careful);
            emitter.whole(&self.0.tree);
            let (text, marks) = emitter.done();
            let refused =
                |error: String, span| Broken::script(format!("Rhai does not take this expression: {error}"), span);
            let ast = engine::engine().compile(&text).map_err(|error| {
                let position = error.position();
                let span = position.line().and_then(|line| marks.span(line, position.position().unwrap_or(1)));
                refused(error.err_type().to_string(), span.or(Some(self.0.span)))
            })?;
            if !self.calls_program() {
                return Ok(Script { ast, marks });
            }
            let library = self.0.library.compiled().map_err(|error| refused(error, None))?;
            Ok(Script { ast: library.ast.merge(&ast), marks })
        });
        compiled.as_ref().map_err(Clone::clone)
    }
}

/// A path that leads to nothing that could be bound.
struct Unbound {
    broken: Broken,
    /// The segment that is to blame, if one is.
    segment: Option<Span>,
    path_span: Span,
}

impl Unbound {
    /// As an error of the place where it was read: its segment there, if this is the place whose segments we know.
    fn at(self, span: Span) -> Broken {
        let span = if span == self.path_span { self.segment.unwrap_or(span) } else { span };
        Broken { span: Some(span), ..self.broken }
    }
}

/// What a value would have to be, if it is not.
fn unfit(value: &Value, demand: Demand) -> Option<&'static str> {
    match (demand, value) {
        (Demand::Nothing, _) => None,
        (_, Value::Unit) => Some("anything"),
        (Demand::Number, Value::Int(_) | Value::Float(_)) | (Demand::Text, Value::Text(_)) | (Demand::Present, _) => {
            None
        }
        (Demand::Number, _) => Some("a number"),
        (Demand::Text, _) => Some("a text"),
    }
}

fn setting(found: &Setting, scope: &dyn Scope) -> Result<Value, Broken> {
    let value = if found.secret { scope.secret(&found.name) } else { scope.env(&found.name) };
    value.ok_or_else(|| Broken::script(no_setting(&found.name, found.secret), Some(found.span)))
}

/// What is said of a setting that is not there.
pub(super) fn no_setting(name: &str, secret: bool) -> String {
    let what = if secret { "secret" } else { "setting" };
    format!("the {what} `{name}` is not set")
}

/// Adds a value to a text.
pub(super) fn append(text: &mut String, value: &Value) -> Result<(), String> {
    use std::fmt::Write as _;
    match value {
        Value::Unit => {
            Err("this is `()`, which is no text; say by `??` what stands there instead: `${... ?? \"\"}`".into())
        }
        Value::Text(more) => {
            text.push_str(more);
            Ok(())
        }
        other => write!(text, "{other}").map_err(|error| error.to_string()),
    }
}

/// Whether we compute a tree ourselves.
fn is_ours(node: &Node) -> bool {
    match &node.kind {
        Kind::Constant(_) | Kind::Slot(_) | Kind::Setting(_) | Kind::Char(_) => true,
        Kind::Text(parts) => parts.iter().all(|part| match part {
            Part::Plain(_) => true,
            Part::Value(node) => is_ours(node),
        }),
        Kind::List(items) => items.iter().all(is_ours),
        Kind::Map(entries) => entries.iter().all(|(_, value)| is_ours(value)),
        _ => false,
    }
}
