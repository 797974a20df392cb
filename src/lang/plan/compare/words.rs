//! Changes in words.

use std::fmt;

use super::change::{Change, Part, Position, What};
use super::excerpt::{excerpt, excerpts};

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Added { thing, position } => write!(f, "{thing} was added{position}"),
            What::Gone { thing } => write!(f, "{thing} is gone"),
            What::Moved { thing, position } => write!(f, "{thing} was moved{position}"),
            What::Renamed { was } => write!(f, "step `{was}` is called `{}` now", self.at),
            What::Part { part, before, after } => {
                let texts = match (before, after) {
                    (Some(before), Some(after)) => {
                        let (before, after) = excerpts(before, after);
                        (Some(before), Some(after))
                    }
                    (before, after) => (before.as_deref().map(excerpt), after.as_deref().map(excerpt)),
                };
                match self.at.as_str() {
                    "" => of_workflow(part, texts, f),
                    at => {
                        write!(f, "`{at}`: ")?;
                        of_step(part, texts, f)
                    }
                }
            }
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(inside) = &self.inside {
            write!(f, " in {inside}")?;
        }
        match (&self.after, &self.before) {
            (Some(after), _) => write!(f, " after {after}"),
            (None, Some(before)) => write!(f, " before {before}"),
            (None, None) => Ok(()),
        }
    }
}

/// What a part was and what it is.
type Texts = (Option<String>, Option<String>);

/// `the input wants ...`
fn of_workflow(part: &Part, texts: Texts, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match (part, texts) {
        (Part::Input(name), (None, Some(new))) => {
            let verb = if may_be_left_out(&new) { "takes" } else { "wants" };
            write!(f, "the input {verb} one more field `{name}: {new}`")
        }
        (Part::Input(name), (Some(old), None)) => write!(f, "the input has no field `{name}: {old}` any more"),
        (Part::Input(name), texts) => changed(&format!("the input field `{name}`"), texts, f),
        (Part::Variable(name), texts) => named("variable", name, texts, f),
        (Part::State(name), texts) => named("state", name, texts, f),
        (Part::Trigger, texts) => listed("the trigger", texts, f),
        (Part::Handler, (Some(old), None)) => write!(f, "handler `{old}` of the workflow is gone"),
        (Part::Handler, (None, Some(new))) => write!(f, "handler `{new}` of the workflow is new"),
        (Part::Handler, texts) => changed("a handler of the workflow", texts, f),
        (Part::Output(path), texts) if path.is_empty() => changed("the output", texts, f),
        (Part::Output(path), texts) => named("the output", path, texts, f),
        (Part::Function(name), texts) => changed(&format!("function `{name}`"), texts, f),
        (Part::Operation(name), (Some(old), Some(new))) if old == new => {
            write!(f, "operation `{name}` is carried out otherwise")
        }
        (Part::Operation(name), texts) => changed(&format!("operation `{name}`"), texts, f),
        (Part::Clause(word), texts) => clause(word, texts, f),
        (Part::HandlerOrder, (_, new)) => {
            write!(f, "handler `{}` of the workflow is asked later", new.unwrap_or_default())
        }
        (Part::Head | Part::Text | Part::Type | Part::Parameter(_) | Part::After, _) => {
            f.write_str("the order of its parts differs")
        }
    }
}

/// What follows the name of a step.
fn of_step(part: &Part, texts: Texts, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match (part, texts) {
        (Part::Head, (Some(old), Some(new))) => write!(f, "`{old}` -> `{new}`"),
        (Part::Text, (Some(old), Some(new))) => write!(f, "`{old}` -> `{new}`"),
        (Part::Parameter(path), texts) => changed(&format!("parameter `{path}`"), texts, f),
        (Part::Clause(word), texts) => clause(word, texts, f),
        (Part::Type, texts) => changed("its type", texts, f),
        (Part::Handler, (Some(old), None)) => write!(f, "handler `{old}` is gone"),
        (Part::Handler, (None, Some(new))) => write!(f, "handler `{new}` is new"),
        (Part::Handler, texts) => changed("handler", texts, f),
        (Part::HandlerOrder, (_, new)) => write!(f, "handler `{}` is asked later", new.unwrap_or_default()),
        (Part::After, (None, Some(new))) => write!(f, "waits for {new} now"),
        (Part::After, (Some(old), _)) => write!(f, "waits for {old} no more"),
        (Part::Output(path), texts) if path.is_empty() => changed("output", texts, f),
        (Part::Output(path), texts) => changed(&format!("output `{path}`"), texts, f),
        (Part::Text | Part::Head, texts) => changed("what it says", texts, f),
        (
            Part::After
            | Part::Input(_)
            | Part::Variable(_)
            | Part::State(_)
            | Part::Trigger
            | Part::Function(_)
            | Part::Operation(_),
            _,
        ) => f.write_str("differs"),
    }
}

/// A clause is shown as it is written.
fn clause(word: &str, texts: Texts, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let line = |text: String| if text.is_empty() { format!("`{word}`") } else { format!("`{word} {text}`") };
    match texts {
        (Some(old), Some(new)) => write!(f, "`{word}` {old} -> {new}"),
        (Some(old), None) => write!(f, "{} is gone", line(old)),
        (None, Some(new)) => write!(f, "{} is new", line(new)),
        (None, None) => write!(f, "`{word}` differs"),
    }
}

fn named(what: &str, name: &str, texts: Texts, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match texts {
        (Some(old), Some(new)) => write!(f, "{what} `{name}`: `{old}` -> `{new}`"),
        (Some(old), None) => write!(f, "{what} `{name}: {old}` is gone"),
        (None, Some(new)) => write!(f, "{what} `{name}: {new}` is new"),
        (None, None) => write!(f, "{what} `{name}` differs"),
    }
}

fn listed(what: &str, texts: Texts, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match texts {
        (Some(old), Some(new)) => write!(f, "{what} `{old}` -> `{new}`"),
        (Some(old), None) => write!(f, "{what} `{old}` is gone"),
        (None, Some(new)) => write!(f, "{what} `{new}` is new"),
        (None, None) => write!(f, "{what} differs"),
    }
}

fn changed(what: &str, texts: Texts, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match texts {
        (Some(old), Some(new)) => write!(f, "{what}: `{old}` -> `{new}`"),
        (Some(old), None) => write!(f, "{what} is gone: `{old}`"),
        (None, Some(new)) => write!(f, "{what} is new: `{new}`"),
        (None, None) => write!(f, "{what} differs"),
    }
}

/// Whether a field of this type need not be given.
fn may_be_left_out(field: &str) -> bool {
    field.ends_with('?') || field.contains(" = ")
}
