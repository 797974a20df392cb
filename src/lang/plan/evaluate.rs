//! Computing formulas: the one place where a plan's expressions meet the values their names stand for.

use super::formula::{Formula, Root, Script};
use crate::base::failure::Failure;
use crate::base::time::Timestamp;
use crate::base::value::{Map, Value};
use crate::lang::script::{self, Library};

/// What a formula may ask of whoever has it computed.
pub trait Roots {
    /// The value a root stands for; `None` where it has none here.
    fn root(&self, root: &Root) -> Option<Value>;
    /// The moment `now()` stands for.
    fn now(&self) -> Timestamp;
    /// The next number of a fixed sequence, for `random()` and `uuid()`.
    fn draw(&self) -> u64;
    /// Takes what a script prints.
    fn print(&self, text: &str);
    /// A plain setting.
    fn env(&self, name: &str) -> Option<Value>;
    /// A secret setting.
    fn secret(&self, name: &str) -> Option<Value>;
}

/// Names, with one that stands before theirs.
pub struct With<'a> {
    /// Which.
    pub root: Root,
    /// What it stands for.
    pub value: &'a Value,
    /// All others.
    pub others: &'a dyn Roots,
}

impl Roots for With<'_> {
    fn root(&self, root: &Root) -> Option<Value> {
        if *root == self.root { Some(self.value.clone()) } else { self.others.root(root) }
    }
    fn now(&self) -> Timestamp {
        self.others.now()
    }
    fn draw(&self) -> u64 {
        self.others.draw()
    }
    fn print(&self, text: &str) {
        self.others.print(text);
    }
    fn env(&self, name: &str) -> Option<Value> {
        self.others.env(name)
    }
    fn secret(&self, name: &str) -> Option<Value> {
        self.others.secret(name)
    }
}

/// The names of one script, bound to their roots.
struct Bound<'a> {
    script: &'a Script,
    roots: &'a dyn Roots,
}

impl script::Scope for Bound<'_> {
    fn root(&self, read: usize) -> Option<Value> {
        self.script.roots.get(read).and_then(|root| self.roots.root(root))
    }
    fn now(&self) -> Timestamp {
        self.roots.now()
    }
    fn draw(&self) -> u64 {
        self.roots.draw()
    }
    fn print(&self, text: &str) {
        self.roots.print(text);
    }
    fn env(&self, name: &str) -> Option<Value> {
        self.roots.env(name)
    }
    fn secret(&self, name: &str) -> Option<Value> {
        self.roots.secret(name)
    }
}

impl Script {
    /// The value of the script.
    ///
    /// # Errors
    /// `script_error`, `limit_exceeded`, or what the script throws; with the place where it broke.
    pub fn evaluate(&self, library: &Library, roots: &dyn Roots) -> Result<Value, Failure> {
        self.compiled(library).evaluate(&Bound { script: self, roots }).map_err(Failure::from)
    }

    /// What an event must carry for the script to be true, if that can be told without it.
    pub fn demand_of_event(&self, library: &Library, roots: &dyn Roots) -> Option<script::Demand> {
        self.compiled(library).demand("event", &Bound { script: self, roots })
    }

    /// Whether time alone may change its value.
    pub fn reads_the_clock(&self, library: &Library) -> bool {
        self.roots.contains(&Root::Run) || self.compiled(library).asks()
    }

    /// Whether it says the same of an event at any time of the run.
    pub fn is_settled(&self, library: &Library) -> bool {
        let settled = |root: &Root| matches!(root, Root::Event | Root::Input | Root::Trigger);
        self.roots.iter().all(settled) && !self.compiled(library).asks()
    }
}

impl Formula {
    /// An object without fields.
    pub const fn empty() -> Self {
        Self::Object(Vec::new())
    }

    /// The value of the formula. Fields that are `()` stay: whoever sends the value leaves them out.
    ///
    /// # Errors
    /// That of the first script in it that breaks.
    pub fn evaluate(&self, library: &Library, roots: &dyn Roots) -> Result<Value, Failure> {
        Ok(match self {
            Self::Constant(value) => value.clone(),
            Self::Script(script) => script.evaluate(library, roots)?,
            Self::Object(fields) => {
                let mut map = Map::with_capacity(fields.len());
                for (name, formula) in fields {
                    map.insert(name.clone(), formula.evaluate(library, roots)?);
                }
                map.into()
            }
            Self::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.push(item.evaluate(library, roots)?);
                }
                Value::list(list)
            }
        })
    }
}
