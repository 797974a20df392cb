//! What the expressions of a trigger see before there is a run: `trigger`, settings and secrets.

use crate::base::failure::Failure;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::plan::{Formula, Plan, Root, Roots};
use crate::run::world::Settings;

/// The names of one trigger, as something happens that it waits for.
pub struct Names<'a> {
    /// What `trigger` is; `()` before anything has happened.
    pub trigger: &'a Value,
    /// When.
    pub now: Timestamp,
    /// What `env` and `secret` give.
    pub settings: &'a dyn Settings,
}

impl Names<'_> {
    /// The value of a formula of the trigger.
    ///
    /// # Errors
    /// Where it cannot be computed.
    pub fn evaluate(&self, plan: &Plan, formula: &Formula) -> Result<Value, Failure> {
        formula.evaluate(plan.functions.library(), self)
    }
}

impl Roots for Names<'_> {
    fn root(&self, root: &Root) -> Option<Value> {
        match root {
            Root::Trigger => Some(self.trigger.clone()),
            Root::Event => Some(self.trigger.get("body").cloned().unwrap_or_default()),
            _ => None,
        }
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn draw(&self) -> u64 {
        0
    }

    fn print(&self, text: &str) {
        tracing::info!("{text}");
    }

    fn env(&self, name: &str) -> Option<Value> {
        self.settings.env(name)
    }

    fn secret(&self, name: &str) -> Option<Value> {
        self.settings.secret(name)
    }
}
