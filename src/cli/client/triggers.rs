//! `flow triggers`: what starts runs, where it is told something, and how asking goes.

use clap::Args;
use serde_json::Value as Json;

use super::reach::Reach;
use crate::cli::check::Format;
use crate::cli::exit::{Exit, Refusal, Stop};
use crate::cli::paper::deliver;
use crate::cli::tree::first_line;

/// List what starts runs: where each trigger is told something, what it asks for and how that goes
#[derive(Debug, Args)]
pub struct Triggers {
    /// For people, or JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Show instead the key that a service gave when it was told to send to this path, such as `/hooks/notion`.
    #[arg(long, value_name = "PATH")]
    key: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

impl Triggers {
    /// Lists them.
    ///
    /// # Errors
    /// If nobody can be asked.
    pub fn run(&self) -> Result<Exit, Stop> {
        if let Some(path) = &self.key {
            return self.show_key(path);
        }
        let found = self.reach.with(async |client| Ok::<_, Stop>(client.get("/v1/triggers").await?))?;
        let triggers = found.get("triggers").and_then(Json::as_array).cloned().unwrap_or_default();
        match self.format {
            Format::Json => deliver(&Json::Array(triggers).to_string()),
            Format::Text => deliver(&triggers.iter().map(line).collect::<String>()),
        }
        Ok(Exit::Done)
    }

    #[cfg(feature = "http")]
    fn show_key(&self, path: &str) -> Result<Exit, Stop> {
        match crate::host::key_given_at(path, self.reach.data()) {
            Ok(Some(key)) => deliver(&format!("{key}\n")),
            Ok(None) => return Err(Refusal::new(format!("no service has given a key at `{path}` yet")).into()),
            Err(reason) => return Err(Refusal::new(reason).into()),
        }
        Ok(Exit::Done)
    }

    #[cfg(not(feature = "http"))]
    fn show_key(&self, _: &str) -> Result<Exit, Stop> {
        let _ = self.reach.data();
        Err(Refusal::new("this build has no HTTP, and keeps no keys").into())
    }
}

/// A trigger: its workflow, what starts it, where, how asking goes.
fn line(trigger: &Json) -> String {
    let text = |of: &Json, name: &str| of.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let (workflow, starts, path) = (text(trigger, "workflow"), text(trigger, "starts"), text(trigger, "path"));
    // What is a request says its path already.
    let at = if path.is_empty() || starts.contains(&path) { String::new() } else { format!("  at {path}") };
    let asks = trigger.get("asks").filter(|asks| asks.is_object()).map(|asks| {
        let how = match asks.get("failing").filter(|failing| failing.is_object()) {
            Some(failing) => {
                let times = failing.get("times").and_then(Json::as_u64).unwrap_or_default();
                let message = text(failing, "message");
                format!(
                    "FAILS since {} ({times} times): {}: {}",
                    text(failing, "since"),
                    text(failing, "type"),
                    first_line(&message)
                )
            }
            None => match text(asks, "answered_at") {
                answered if answered.is_empty() => "not asked yet".to_owned(),
                answered => format!("answered {answered}"),
            },
        };
        let next = text(asks, "next_at");
        let next = if next.is_empty() { String::new() } else { format!(", next {next}") };
        format!("  asks every {}: {how}{next}", text(asks, "every"))
    });
    format!("{workflow}  {starts}{at}{}\n", asks.unwrap_or_default())
}
