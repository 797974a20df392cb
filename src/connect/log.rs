//! `log.info`, `log.warn`, `log.error`: lines in the log of the run.

use std::sync::Arc;

use super::registry::{Call, Natives};
use crate::base::failure::Failure;
use crate::base::id::RunId;
use crate::base::value::Value;

/// How grave a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Somebody should look at it.
    Warn,
    /// Something went wrong.
    Error,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Which run said it.
    pub run: RunId,
    /// Where in the run.
    pub place: Arc<str>,
    /// How grave it is.
    pub level: Level,
    /// What is said; secrets are masked.
    pub message: Arc<str>,
    /// What belongs to it: an object, or `()`.
    pub values: Value,
}

/// Where lines go.
#[derive(Clone)]
pub struct Log(Arc<dyn Fn(Line) + Send + Sync>);

impl Log {
    /// Lines go to `take`.
    pub fn new(take: impl Fn(Line) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    /// Takes a line.
    pub fn take(&self, line: Line) {
        (self.0)(line);
    }
}

impl Default for Log {
    /// Lines go to `tracing`, for whoever subscribes.
    fn default() -> Self {
        Self::new(|line| match line.level {
            Level::Info => {
                tracing::info!(run = %line.run, place = %line.place, values = %line.values, "{}", line.message)
            }
            Level::Warn => {
                tracing::warn!(run = %line.run, place = %line.place, values = %line.values, "{}", line.message)
            }
            Level::Error => {
                tracing::error!(run = %line.run, place = %line.place, values = %line.values, "{}", line.message);
            }
        })
    }
}

/// Binds the operations of the standard library's `log`.
pub fn register(natives: &mut Natives) {
    for (name, level) in [("log.info", Level::Info), ("log.warn", Level::Warn), ("log.error", Level::Error)] {
        natives.bind_fn(name, move |call| say(call, level));
    }
}

async fn say(call: Call, level: Level) -> Result<Value, Failure> {
    let mask = &call.environment.mask;
    let values = match call.param("values") {
        Value::Unit => Value::Unit,
        // Through its text, so that secrets are masked however deep they lie.
        values => {
            serde_json::from_str(&mask.cover(&values.to_json().to_string())).map_or(Value::Unit, Value::from_json)
        }
    };
    let message = mask.cover(&call.param("message").to_string()).into();
    call.environment.log.take(Line {
        run: call.act.run.clone(),
        place: call.act.place.clone(),
        level,
        message,
        values,
    });
    Ok(Value::Unit)
}
