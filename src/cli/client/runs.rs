//! `flow runs`: the runs of a server, the one accepted last first.

use anstyle::Style;
use clap::Args;
use serde_json::Value as Json;

use super::clock::Clock;
use super::reach::Reach;
use crate::base::time::{Duration, Timestamp};
use crate::cli::check::Format;
use crate::cli::elapsed::elapsed;
use crate::cli::exit::{Exit, Stop};
use crate::cli::paper::{Palette, deliver, styled};
use crate::cli::tree::{clock, first_line};

/// How many runs are asked for at a time.
const PAGE: usize = 500;

/// List runs, the latest first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow runs --status failed
  flow runs --workflow orders --tag vip --limit 200
  flow runs --where customer.id=42           whose input has this value there")]
pub struct Runs {
    /// Of this workflow.
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// In this state: queued, running, waiting, paused, parked, completed, failed, cancelled, skipped, undone.
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
    /// Failed with an error of this type.
    #[arg(long, value_name = "TYPE")]
    error: Option<String>,
    /// Whose workflow has this tag.
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Whose input has this value at this place; may be given several times.
    #[arg(long = "where", value_name = "FIELD=VALUE")]
    fields: Vec<String>,
    /// Accepted at this moment or later.
    #[arg(long, value_name = "MOMENT")]
    since: Option<String>,
    /// Accepted before this moment.
    #[arg(long, value_name = "MOMENT")]
    until: Option<String>,
    /// So many at most.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: usize,
    /// For people, or JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    reach: Reach,
}

impl Runs {
    /// Lists them.
    ///
    /// # Errors
    /// If nobody can be asked, or a condition is none.
    pub fn run(&self) -> Result<Exit, Stop> {
        let (runs, clock) = self.reach.with(async |client| {
            let mut runs: Vec<Json> = Vec::new();
            let mut cursor = None;
            while runs.len() < self.limit {
                let page = client.get(&self.page(self.limit - runs.len(), cursor.as_deref())).await?;
                runs.extend(page.get("runs").and_then(Json::as_array).cloned().unwrap_or_default());
                cursor = page.get("next_cursor").and_then(Json::as_str).map(str::to_owned);
                if cursor.is_none() {
                    break;
                }
            }
            Ok::<_, Stop>((runs, Clock::of(client).await?))
        })?;
        match self.format {
            Format::Json => deliver(&Json::Array(runs).to_string()),
            Format::Text => deliver(&table(&runs, clock.now(), &Palette::for_stdout())),
        }
        Ok(Exit::Done)
    }

    fn page(&self, limit: usize, cursor: Option<&str>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("limit", &limit.min(PAGE).to_string());
        let conditions = [
            ("workflow", &self.workflow),
            ("status", &self.status),
            ("error", &self.error),
            ("tag", &self.tag),
            ("since", &self.since),
            ("until", &self.until),
        ];
        for (name, value) in conditions {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        for field in &self.fields {
            let (path, value) = field.split_once('=').unwrap_or((field, ""));
            query.append_pair(&format!("input.{path}"), value);
        }
        if let Some(cursor) = cursor {
            query.append_pair("cursor", cursor);
        }
        format!("/v1/runs?{}", query.finish())
    }
}

/// The runs in columns.
fn table(runs: &[Json], now: Timestamp, palette: &Palette) -> String {
    let rows: Vec<[String; 5]> = runs.iter().map(|run| row(run, now)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..5).map(width).collect();
    rows.iter().zip(runs).fold(String::new(), |text, (row, run)| {
        let [id, workflow, status, began, rest] = row;
        let style = style(run, palette);
        let status = styled(style, format!("{status:<width$}", width = widths[2]));
        let line = format!(
            "{id:<ids$}  {workflow:<names$}  {status}  {began:<begins$}  {rest}",
            ids = widths[0],
            names = widths[1],
            begins = widths[3],
        );
        text + line.trim_end() + "\n"
    })
}

fn row(run: &Json, now: Timestamp) -> [String; 5] {
    let text = |name: &str| run.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let moment = |name: &str| run.get(name).and_then(Json::as_str).and_then(|text| text.parse::<Timestamp>().ok());
    let began = moment("started_at");
    let took = began.map(|began| elapsed(Duration::between(began, moment("ended_at").unwrap_or(now))));
    let error = run.pointer("/error/type").and_then(Json::as_str).map(first_line).unwrap_or_default();
    let rest = format!("{:<8}  {error}", took.unwrap_or_default()).trim_end().to_owned();
    [text("id"), text("workflow"), text("status"), began.map(|began| clock(began, true)).unwrap_or_default(), rest]
}

fn style(run: &Json, palette: &Palette) -> Style {
    match run.get("status").and_then(Json::as_str) {
        Some("completed") => palette.good,
        Some("failed") => palette.bad,
        Some("parked" | "paused") => palette.doubtful,
        Some("running") => palette.busy,
        _ => palette.faint,
    }
}
