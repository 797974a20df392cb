//! `flow retry`, `flow fork`: runs that go on from a step, and new runs that begin there.

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::reach::{Reach, path};
use crate::cli::exit::{Exit, Stop};
use crate::cli::input;
use crate::cli::paper::{deliver, say};
use crate::cli::tree::first_line;

/// Let a run that failed or was cancelled go on, or all runs of a group of failures.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow retry RUN --preview                   says what would be done again, and what would happen again
  flow retry RUN                             goes on where it failed
  flow retry RUN --from 'orders[3].reserve' --set amount=12
  flow retry RUN --plan newest               goes on under the program as it is now
  flow retry --group 6ecb7d2f2735            all runs that failed alike; `flow failures` lists the groups")]
pub struct Retry {
    /// The id of the run.
    #[arg(value_name = "RUN", required_unless_present = "group", conflicts_with = "group")]
    run: Option<String>,
    /// All open failures of this group.
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    reach: Reach,
}

/// Start a new run that begins with what another one has done up to a step; the other one stays as it is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow fork RUN --from charge --preview      says what the new run would do, and what would happen again
  flow fork RUN --from charge --set amount=12
  flow fork RUN --input '{\"size\": 3}'        of a run that has completed: the whole of it once more")]
pub struct Fork {
    /// The id of the run, however it stands.
    #[arg(value_name = "RUN")]
    run: String,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    reach: Reach,
}

/// From where a run goes on, and with what.
#[derive(Debug, Args)]
struct How {
    /// From this step, by its place or its name, and not where it failed.
    #[arg(long, value_name = "STEP")]
    from: Option<String>,
    /// The input from now on: JSON, `@FILE`, or `-` for stdin.
    #[arg(long, value_name = "JSON|@FILE|-", allow_hyphen_values = true)]
    input: Option<String>,
    /// A parameter of that step, or of the one that failed; JSON, or a text. May be given several times.
    #[arg(long = "set", value_name = "PARAM=VALUE", value_parser = parameter)]
    params: Vec<(String, Json)>,
    /// On the plan it is on, or on the one that new runs are pinned to, if it may.
    #[arg(long, value_enum, default_value_t = Which::Own)]
    plan: Which,
    /// Only say what it would mean.
    #[arg(long)]
    preview: bool,
    /// What would happen again may.
    #[arg(long)]
    accept: bool,
    /// Why; it is kept in the journal.
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
}

/// On which plan.
#[derive(Clone, Copy, Debug, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
enum Which {
    /// The one it is on.
    Own,
    /// The one that new runs are pinned to.
    Newest,
}

impl Retry {
    /// Lets it go on, or says what that would mean.
    ///
    /// # Errors
    /// If it cannot go on so.
    pub fn run(&self) -> Result<Exit, Stop> {
        let body = self.how.body()?;
        let at = match (&self.run, &self.group) {
            (Some(run), _) => path(&["v1", "runs", run, "retry"]),
            (None, group) => path(&["v1", "failures", group.as_deref().unwrap_or_default(), "retry"]),
        };
        self.reach.with(async |client| {
            let answer = client.post(&at, &[], Some(&body)).await?;
            let preview = answer.get("preview").unwrap_or(&answer);
            deliver(&told(preview));
            for refused in list(&answer, "refused") {
                let part = |at: usize| refused.get(at).and_then(Json::as_str).unwrap_or_default();
                say(&format!("{} does not go on: {}", part(0), first_line(part(1))));
            }
            match &self.group {
                _ if self.how.preview => {}
                Some(_) => say(&format!("{} go on", list(&answer, "done").count())),
                None if client.is_within() => say(WRITTEN_DOWN),
                None => say("the run goes on"),
            }
            Ok(Exit::Done)
        })
    }
}

impl Fork {
    /// Starts it, or says what it would mean. What it means goes to stderr then: the new run's id is the answer.
    ///
    /// # Errors
    /// If there cannot be one.
    pub fn run(&self) -> Result<Exit, Stop> {
        let body = self.how.body()?;
        let at = path(&["v1", "runs", &self.run, "fork"]);
        self.reach.with(async |client| {
            let answer = client.post(&at, &[], Some(&body)).await?;
            match answer.get("id").and_then(Json::as_str) {
                None => deliver(&told(&answer)),
                Some(run) => {
                    deliver(&format!("{run}\n"));
                    answer.get("preview").map(told).iter().flat_map(|told| told.lines()).for_each(say);
                    if client.is_within() {
                        say(WRITTEN_DOWN);
                    }
                }
            }
            Ok(Exit::Done)
        })
    }
}

/// What is said where nobody carries out what was asked.
const WRITTEN_DOWN: &str = "no server runs on the data directory: it is written down for the next one";

/// A parameter with its value: JSON, or a text as it stands.
fn parameter(given: &str) -> Result<(String, Json), String> {
    let (name, value) = given.split_once('=').ok_or_else(|| format!("say what it is to be: `{given}=VALUE`"))?;
    Ok((name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| json!(value))))
}

impl How {
    fn body(&self) -> Result<Json, Stop> {
        let mut body = Map::new();
        let texts = [("from", &self.from), ("why", &self.why)];
        body.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?)))));
        if let Some(input) = &self.input {
            body.insert("input".to_owned(), input::read(input)?.to_json());
        }
        if !self.params.is_empty() {
            let params: Map<_, _> = self.params.iter().cloned().collect();
            body.insert("params".to_owned(), params.into());
        }
        body.insert("plan".to_owned(), json!(self.plan));
        body.insert("preview".to_owned(), self.preview.into());
        body.insert("accept".to_owned(), self.accept.into());
        Ok(body.into())
    }
}

fn list<'a>(value: &'a Json, name: &str) -> impl Iterator<Item = &'a Json> {
    value.get(name).and_then(Json::as_array).into_iter().flatten()
}

/// What a rewind means, line by line.
fn told(preview: &Json) -> String {
    let text = |value: &Json| first_line(value.as_str().unwrap_or_default());
    let part = |value: &Json, name: &str| value.get(name).map(text).unwrap_or_default();
    let mut lines = Vec::new();
    lines.extend(preview.get("plan").map(|plan| format!("plan           {}", text(plan))));
    lines.extend(list(preview, "undo").map(|place| format!("undo first     {}", text(place))));
    lines.extend(
        list(preview, "redo")
            .map(|redo| format!("do again       {} ({})", part(redo, "place"), part(redo, "why").replace('_', " "))),
    );
    lines.extend(list(preview, "continues").map(|run| format!("goes on        the run {}", text(run))));
    lines.extend(list(preview, "again").map(|again| {
        let doubt = again.get("in_doubt").and_then(Json::as_bool).unwrap_or_default();
        let doubt = if doubt { ", if it happened" } else { "" };
        format!("happens again  {} ({}{doubt})", part(again, "place"), part(again, "what"))
    }));
    lines.extend(list(preview, "kept").map(|place| format!("keep           {}", text(place))));
    lines.extend(
        list(preview, "reads_edited_input")
            .map(|place| format!("keep           {}, though its input changes", text(place))),
    );
    lines.into_iter().fold(String::new(), |text, line| text + line.as_str() + "\n")
}
