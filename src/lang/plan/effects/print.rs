//! The account of effects on paper.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::{Effects, Target};

impl fmt::Display for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "workflow {}", self.workflow)?;
        section(f, "starts by", self.starts.iter().map(|start| (start.clone(), String::new())))?;
        let operations = self.operations.iter();
        section(
            f,
            "operations",
            operations.map(|called| (format!("{:<5}  {}", called.effect, called.operation), called.steps.join(", "))),
        )?;
        for (title, targets) in [
            ("hosts", &self.hosts),
            ("files", &self.files),
            ("databases", &self.databases),
            ("programs", &self.programs),
            ("models", &self.models),
            ("people", &self.people),
        ] {
            section(f, title, targets.iter().map(row))?;
        }
        for (title, names) in [
            ("secrets", &self.secrets),
            ("settings", &self.settings),
            ("personas", &self.personas),
            ("workflows", &self.workflows),
            ("emits", &self.emits),
            ("awaits", &self.awaits),
            ("signals", &self.signals),
        ] {
            section(f, title, plain(names))?;
        }
        Ok(())
    }
}

fn row(target: &Target) -> (String, String) {
    let name = if target.known { target.name.clone() } else { format!("decided at run time by {}", target.name) };
    (name, target.steps.join(", "))
}

fn plain(names: &BTreeSet<Arc<str>>) -> impl Iterator<Item = (String, String)> {
    names.iter().map(|name| (name.to_string(), String::new()))
}

/// A title and two columns; nothing where there is nothing.
fn section(f: &mut fmt::Formatter<'_>, title: &str, rows: impl Iterator<Item = (String, String)>) -> fmt::Result {
    let rows: Vec<(String, String)> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    let width = rows.iter().map(|(left, _)| left.chars().count()).max().unwrap_or(0);
    writeln!(f, "\n{title}")?;
    for (left, right) in rows {
        writeln!(f, "{}", format!("  {left:<width$}  {right}").trim_end())?;
    }
    Ok(())
}
