//! One expression or script: compiled once, asked often.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use rhai::{Dynamic, Position};

use super::ambient::{self, Ambient};
use super::broken::{self, Broken};
use super::compute::{self, Bindings, Unbound};
use super::convert;
use super::discreet::Discreet;
use super::emit::{self, Emitter, Marks};
use super::engine;
use super::library::{self, Library};
use super::resolve::{Called, Place, Read, Resolved, Setting};
use super::tree::{Kind, Node};
use crate::base::limit;
use crate::base::secret::Secrets;
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
    /// How long the evaluation may take, in milliseconds of wall time.
    fn millis_max(&self) -> u64 {
        limit::SCRIPT_MILLIS_MAX
    }
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
    /// Whether it consists of what we compute ourselves; see [`compute`].
    ours: bool,
    library: Library,
    plain: OnceLock<Result<Script, Broken>>,
    careful: OnceLock<Result<Script, Broken>>,
}

/// The secrets that an evaluation has met.
#[derive(Default)]
struct Met {
    any: bool,
    /// The reads that gave one, by their numbers.
    reads: BTreeSet<usize>,
    secrets: Secrets,
}

impl Met {
    fn look_at(&mut self, read: Option<usize>, value: &Value) {
        if value.holds_secret() {
            self.any = true;
            self.reads.extend(read);
            self.secrets.join(&value.secrets());
        }
    }
}

/// The expression as Rhai has it.
struct Script {
    ast: rhai::AST,
    marks: Marks,
}

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
        let ours = compute::is_ours(&tree);
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
            Kind::Slot { read, .. } => Some(&self.0.found.reads[read]),
            _ => None,
        }
    }

    /// The names it declares itself, for whoever looks what somebody meant who misspelt one of them.
    pub fn locals(&self) -> &[Arc<str>] {
        &self.0.found.declared
    }

    /// The functions it calls by name, in order, closures and nested functions included.
    pub fn functions_called(&self) -> &[Called] {
        &self.0.found.called
    }

    /// Every place at which it reads one of [`Expr::reads`].
    pub fn places(&self) -> &[Place] {
        &self.0.found.places
    }

    /// Every place of a variable of its own, with the place at which that is declared.
    pub fn variables(&self) -> &[(Span, Span)] {
        &self.0.found.variables
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

    /// The functions it may call.
    pub(super) fn library(&self) -> &Library {
        &self.0.library
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
        if self.0.ours
            && let Some(value) = Bindings::new(&self.0.found, scope).compute(&self.0.tree)?
        {
            return Ok(value);
        }
        self.run(scope)
    }

    // What Rhai computes.

    fn run(&self, scope: &dyn Scope) -> Result<Value, Broken> {
        let mut bindings = Bindings::new(&self.0.found, scope);
        let slots = &self.0.found.slots;
        let mut bound = rhai::Scope::new();
        let mut unbound: Vec<(usize, Unbound)> = Vec::new();
        let mut met = Met::default();
        for (slot, found) in slots.iter().enumerate() {
            match bindings.slot(slot) {
                Ok(value) => {
                    met.look_at(Some(found.read), &value);
                    bound.push_constant_dynamic(emit::slot_name(slot), convert::to_rhai(&value));
                }
                // It counts only if the course of things comes to read it.
                Err(found) => unbound.push((slot, found)),
            }
        }
        // A closure captures what it reads when it is made; where something is missing it asks later instead.
        let careful = unbound.iter().any(|(slot, _)| slots[*slot].captured);
        let script = self.script(careful)?;
        let mut setting = |found: &Setting| {
            let value = if found.secret { scope.secret(&found.name) } else { scope.env(&found.name) };
            value.iter().for_each(|value| met.look_at(None, value));
            (found.name.clone(), found.secret, value)
        };
        let ambient = (self.0.found.asks || careful || !self.0.found.settings.is_empty()).then(|| Ambient {
            now: scope.now(),
            seed: scope.draw(),
            settings: self.uses_settings().map(&mut setting).collect(),
            slots: if careful { self.captured(&bound) } else { Vec::new() },
            ..Ambient::default()
        });
        let (result, ambient) = ambient::around(ambient, scope.millis_max(), || {
            let result = engine::engine().eval_ast_with_scope::<Dynamic>(&mut bound, &script.ast);
            result.map(|value| convert::from_rhai(&value))
        });
        let tainted = met.any && self.may_give_secret(&|read| met.reads.contains(&read));
        let discreet = tainted.then(|| Discreet::new(self, &met.secrets));
        for line in ambient.iter().flat_map(|ambient| &ambient.printed) {
            scope.print(&discreet.as_ref().map_or_else(|| met.secrets.cover(line), |discreet| discreet.line(line)));
        }
        match result {
            Ok(value) => value
                .map(|value| if tainted { value.hidden() } else { value })
                .map_err(|found| broken::unfit(&found, Some(self.0.span))),
            Err(error) => {
                let broken = self.broken(*error, script, unbound);
                Err(match &discreet {
                    Some(discreet) => discreet.broken(broken),
                    None => broken.hiding(&met.secrets),
                })
            }
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
            return found.at(place(position).unwrap_or(self.0.span));
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
