//! What has changed, as data; in words by `Display`.

use serde::Serialize;

/// One change between two plans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Whom it is about: a step by its name, a statement or block without one by its place among others of its kind
    /// (`wait-2`), what stands in a clause with the word of the clause (`charge.undo`). Empty for the workflow itself.
    pub at: String,
    /// What has changed.
    #[serde(flatten)]
    pub what: What,
}

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum What {
    /// It is new, with all that stands in it.
    Added {
        /// What it is: `` step `reserve` ``, `` `wait 1d` ``.
        thing: String,
        /// Where it stands.
        #[serde(flatten)]
        position: Position,
    },
    /// It is gone, with all that stood in it.
    Gone {
        /// What it was.
        thing: String,
    },
    /// It stands elsewhere.
    Moved {
        /// What it is.
        thing: String,
        /// Where it stands now.
        #[serde(flatten)]
        position: Position,
    },
    /// It says the same under another name.
    Renamed {
        /// What it was called.
        was: String,
    },
    /// A part of it is new, gone or another.
    Part {
        /// Which part.
        #[serde(flatten)]
        part: Part,
        /// What it was, as a program writes it; absent where it is new.
        before: Option<String>,
        /// What it is; absent where it is gone.
        after: Option<String>,
    },
}

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Position {
    /// In which block; absent where it is the body of the workflow.
    pub inside: Option<String>,
    /// Behind what; absent where it is the first.
    pub after: Option<String>,
    /// Before what, where it is the first.
    pub before: Option<String>,
}

/// A part of a step or of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "part", content = "name", rename_all = "snake_case")]
pub enum Part {
    /// What it does.
    Head,
    /// A parameter, by its path.
    Parameter(String),
    /// A clause, by its word.
    Clause(String),
    /// Its text, where it has no other parts: a script, a value.
    Text,
    /// The type it states.
    Type,
    /// A handler.
    Handler,
    /// The order in which its handlers are asked.
    HandlerOrder,
    /// What it waits for in `parallel`.
    After,
    /// A field of the input.
    Input(String),
    /// A variable.
    Variable(String),
    /// What is kept between runs.
    State(String),
    /// A trigger.
    Trigger,
    /// A field of the output, or all of it.
    Output(String),
    /// A function.
    Function(String),
    /// An operation that is called.
    Operation(String),
}
