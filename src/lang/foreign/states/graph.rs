//! The states of a machine and the ways between them.

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::path::{self, Segment};
use crate::base::diagnostic::nearest;
use crate::lang::foreign::source::{Source, Unusable};
use crate::lang::foreign::ways::Ways;

/// How many states a machine may have.
const STATES_MAX: usize = 5_000;

/// The kinds of states.
const KINDS: [&str; 8] = ["Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"];

/// The states of a machine, or of a part of it that is a machine of its own.
#[derive(Debug)]
pub struct Graph<'a> {
    /// Names and what is said of them, in the order of the document.
    pub states: Vec<(&'a str, &'a Json)>,
    /// The first one.
    pub start: usize,
    /// Where each may lead, by number; [`Graph::end`] is the end.
    pub ways: Ways,
}

impl<'a> Graph<'a> {
    /// Reads the states of a machine.
    pub fn of(source: &Source<'_>, machine: &'a Json) -> Result<Self, Unusable> {
        let Some(states) = machine["States"].as_object().filter(|states| !states.is_empty()) else {
            return Err(Unusable::new("the state machine has no `States`"));
        };
        if states.len() > STATES_MAX {
            let message = format!("the state machine has {} states, {STATES_MAX} are the most", states.len());
            return Err(Unusable::new(message).hint("import parts of it, each a machine of its own"));
        }
        let numbers: IndexMap<&str, usize> = states.keys().map(String::as_str).zip(0..).collect();
        let find = |name: &str, by: &str, line: Option<usize>| {
            numbers.get(name).copied().ok_or_else(|| {
                let unusable = Unusable::new(format!("{by} leads to `{name}`, and no state is called so")).at(line);
                match nearest(name, numbers.keys().copied()) {
                    Some(near) => unusable.hint(format!("did you mean `{near}`?")),
                    None => unusable,
                }
            })
        };
        let Some(start) = machine["StartAt"].as_str() else {
            return Err(Unusable::new("the state machine has no `StartAt`")
                .hint("it names the first state: `\"StartAt\": \"...\"`")
                .at(source.line(&["States"])));
        };
        let start = find(start, "`StartAt`", source.line(&["StartAt"]))?;
        let end = states.len();
        let mut next = Vec::with_capacity(states.len());
        for (name, state) in states {
            let line = source.line(&["States", name]);
            check(name, state, line)?;
            let mut ways = Vec::new();
            for way in ways_of(state) {
                ways.push(match way {
                    Some(target) => find(target, &format!("`{name}`"), line)?,
                    None => end,
                });
            }
            next.push(ways);
        }
        let states = states.iter().map(|(name, state)| (name.as_str(), state)).collect();
        Ok(Self { states, start, ways: Ways(next) })
    }

    /// The names of states that no way leads to.
    pub fn lost(&self) -> Vec<&'a str> {
        let reached = self.ways.reach(self.start, &[]);
        self.states.iter().zip(0..).filter(|(_, at)| !reached.contains(at)).map(|((name, _), _)| *name).collect()
    }

    /// The number that stands for the end of the machine.
    pub fn end(&self) -> usize {
        self.states.len()
    }

    /// The number of a state.
    pub fn number(&self, name: &str) -> usize {
        self.states.iter().position(|(own, _)| *own == name).unwrap_or(self.end())
    }

    /// Where a state leads when all goes well: by `Next`, or to the end.
    pub fn next(&self, state: &Json) -> usize {
        state["Next"].as_str().map_or(self.end(), |name| self.number(name))
    }

    /// Whether a state raises an error.
    pub fn fails(&self, at: usize) -> bool {
        self.states.get(at).is_some_and(|(_, state)| state["Type"] == "Fail")
    }
}

/// What a state says of where it leads: names, `None` for the end.
fn ways_of(state: &Json) -> Vec<Option<&str>> {
    let mut ways: Vec<Option<&str>> = Vec::new();
    match state["Type"].as_str() {
        Some("Choice") => {
            ways.extend(state["Choices"].as_array().into_iter().flatten().map(|choice| choice["Next"].as_str()));
            ways.extend(state["Default"].as_str().map(Some));
        }
        Some("Fail") => {}
        Some("Succeed") => ways.push(None),
        _ => {
            ways.extend(state["Catch"].as_array().into_iter().flatten().map(|catcher| catcher["Next"].as_str()));
            ways.push(state["Next"].as_str());
        }
    }
    ways
}

fn check(name: &str, state: &Json, line: Option<usize>) -> Result<(), Unusable> {
    let Some(kind) = state["Type"].as_str() else {
        return Err(Unusable::new(format!("the state `{name}` has no `Type`"))
            .hint(format!("it is one of {}", KINDS.join(", ")))
            .at(line));
    };
    if !KINDS.contains(&kind) {
        let unusable =
            Unusable::new(format!("the state `{name}` is of the type `{kind}`, which there is not")).at(line);
        return Err(match nearest(kind, KINDS) {
            Some(near) => unusable.hint(format!("did you mean `{near}`?")),
            None => unusable.hint(format!("it is one of {}", KINDS.join(", "))),
        });
    }
    if kind == "Choice" {
        let choices = state["Choices"].as_array().map_or(&[][..], Vec::as_slice);
        if choices.is_empty() || choices.iter().any(|choice| !choice["Next"].is_string()) {
            return Err(Unusable::new(format!("the choices of `{name}` do not say where they lead"))
                .hint("each of its `Choices` has a `Next`")
                .at(line));
        }
        return Ok(());
    }
    let leads_on = matches!(kind, "Succeed" | "Fail") || state["Next"].is_string() || state["End"] == true;
    let caught = state["Catch"].as_array().map_or(&[][..], Vec::as_slice);
    if !leads_on || caught.iter().any(|catcher| !catcher["Next"].is_string()) {
        return Err(Unusable::new(format!("the state `{name}` does not say where it leads"))
            .hint("it has a `Next`, or `\"End\": true`")
            .at(line));
    }
    Ok(())
}

/// The names of a path that leads through fields only, without its `$`.
pub fn fields(text: &str) -> Option<Vec<String>> {
    let segments = path::parsed(text.strip_prefix('$')?)?;
    segments
        .into_iter()
        .map(|segment| match segment {
            Segment::Field(name) => Some(name),
            Segment::Index(_) | Segment::All | Segment::Slice(..) | Segment::Filter(_) => None,
        })
        .collect()
}
