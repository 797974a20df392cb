//! The tasks of one `do`, and the ways between them.

use serde_json::Value as Json;

use crate::base::diagnostic::nearest;
use crate::lang::foreign::source::{Source, Unusable};
use crate::lang::foreign::ways::Ways;

/// How many tasks one `do` may have.
const TASKS_MAX: usize = 500;

/// Tasks in a row.
#[derive(Debug)]
pub struct Graph<'a> {
    /// Names and what is said of them, in the order of the document.
    pub tasks: Vec<(&'a str, &'a Json)>,
    /// Where each may lead, by number; [`Graph::exit`] is behind the last.
    pub ways: Ways,
    /// Whether these are the tasks of the workflow itself.
    is_whole: bool,
}

impl<'a> Graph<'a> {
    /// Reads the tasks of a `do`; `is_whole` for those of the workflow itself.
    pub fn of(source: &Source<'_>, tasks: &'a Json, is_whole: bool) -> Result<Self, Unusable> {
        let mut read: Vec<(&str, &Json)> = Vec::new();
        // Each item names one task; older documents name all in one object.
        let items = match tasks {
            Json::Array(items) => items.iter().collect(),
            other => vec![other],
        };
        for item in items {
            let Some(fields) = item.as_object() else {
                return Err(Unusable::new("the tasks under `do` are no list of `name: task`").at(source.line(&["do"])));
            };
            read.extend(fields.iter().map(|(name, task)| (name.as_str(), task)));
        }
        if read.len() > TASKS_MAX {
            return Err(Unusable::new(format!("a `do` has {} tasks, {TASKS_MAX} are the most", read.len())));
        }
        let mut graph = Self { tasks: read, ways: Ways::default(), is_whole };
        graph.ways = Ways((0..graph.tasks.len()).map(|at| graph.leads(source, at)).collect::<Result<_, _>>()?);
        Ok(graph)
    }

    /// Behind the last task.
    pub fn exit(&self) -> usize {
        self.tasks.len()
    }

    /// The end of the workflow.
    pub fn end(&self) -> usize {
        if self.is_whole { self.exit() } else { self.exit() + 1 }
    }

    fn leads(&self, source: &Source<'_>, at: usize) -> Result<Vec<usize>, Unusable> {
        let (name, task) = self.tasks[at];
        let mut directives: Vec<&str> = Vec::new();
        let mut has_default = false;
        for (_, case) in cases(task) {
            directives.push(case["then"].as_str().unwrap_or("continue"));
            has_default |= case["when"].is_null();
        }
        if task["raise"].is_null() && !has_default {
            directives.push(task["then"].as_str().unwrap_or("continue"));
        }
        if !task["if"].is_null() {
            directives.push(task["then"].as_str().unwrap_or("continue"));
        }
        let mut leads = Vec::new();
        for directive in directives {
            let Some(to) = self.target(at, directive) else {
                let unusable =
                    Unusable::new(format!("`{name}` leads to `{directive}`, and no task beside it is called so"))
                        .at(source.line(&[name]));
                let near = nearest(directive, self.tasks.iter().map(|(name, _)| *name));
                return Err(match near {
                    Some(near) => unusable.hint(format!("did you mean `{near}`?")),
                    None => unusable,
                });
            };
            if !leads.contains(&to) {
                leads.push(to);
            }
        }
        Ok(leads)
    }

    /// Where a directive leads from a task.
    fn target(&self, at: usize, directive: &str) -> Option<usize> {
        match directive {
            "continue" => Some(at + 1),
            "exit" => Some(self.exit()),
            "end" => Some(self.end()),
            name => self.tasks.iter().position(|(own, _)| *own == name),
        }
    }

    /// Where a task, or a case of one, leads.
    pub fn next(&self, at: usize, said: &Json) -> usize {
        self.target(at, said["then"].as_str().unwrap_or("continue")).unwrap_or(at + 1)
    }
}

/// The cases of a switch: their names and what is said of them.
pub fn cases(task: &Json) -> Vec<(&str, &Json)> {
    let items = match &task["switch"] {
        Json::Array(items) => items.iter().collect(),
        Json::Null => Vec::new(),
        other => vec![other],
    };
    items.into_iter().filter_map(Json::as_object).flatten().map(|(name, case)| (name.as_str(), case)).collect()
}
