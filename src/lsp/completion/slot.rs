//! The kinds of things that stand in forms.

/// A kind of thing that stands in a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A name that is made here, or any other word that nobody can guess.
    Name,
    /// A text that nobody can guess.
    Text,
    /// An expression.
    Expr,
    /// A duration.
    Duration,
    /// A type.
    Type,
    /// A type of errors.
    Error,
    /// Who is called.
    Callee,
    /// A workflow.
    Workflow,
    /// A handler.
    Handler,
    /// A persona.
    Persona,
    /// A step beside this one.
    Step,
    /// A file of the language.
    File,
    /// The name of an event.
    Topic,
    /// The name of a signal.
    Signal,
    /// A time zone.
    Zone,
    /// When a schedule is due.
    Cron,
    /// What `set` sets.
    Target,
    /// A parameter, or a field of an object.
    Key,
    /// What a test stands in for.
    Mocked,
    /// A trigger of a connector.
    Source,
    /// An operation of the connector at hand.
    Operation,
    /// What a value may look like.
    Pattern,
    /// An intent of a persona.
    Intent,
    /// The path of a request, in which parameters stand in braces.
    Url,
}

/// What a slot takes up of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A word.
    Word,
    /// A text in quotes.
    Text,
    /// Words with dots between them.
    Path,
    /// A type.
    Type,
    /// An expression.
    Value,
}

/// The slots by their names in the table.
const NAMES: [(&str, Slot); 24] = [
    ("NAME", Slot::Name),
    ("TEXT", Slot::Text),
    ("EXPR", Slot::Expr),
    ("DURATION", Slot::Duration),
    ("TYPE", Slot::Type),
    ("ERROR", Slot::Error),
    ("CALLEE", Slot::Callee),
    ("WORKFLOW", Slot::Workflow),
    ("HANDLER", Slot::Handler),
    ("PERSONA", Slot::Persona),
    ("STEP", Slot::Step),
    ("FILE", Slot::File),
    ("TOPIC", Slot::Topic),
    ("SIGNAL", Slot::Signal),
    ("ZONE", Slot::Zone),
    ("CRON", Slot::Cron),
    ("TARGET", Slot::Target),
    ("KEY", Slot::Key),
    ("MOCKED", Slot::Mocked),
    ("SOURCE", Slot::Source),
    ("OPERATION", Slot::Operation),
    ("PATTERN", Slot::Pattern),
    ("INTENT", Slot::Intent),
    ("URL", Slot::Url),
];

impl Slot {
    /// The slot that the table calls `name`.
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, slot)| *slot)
    }

    /// What it takes up of a statement.
    pub fn takes(self) -> Takes {
        match self {
            Self::Name | Self::Error | Self::Persona | Self::Step | Self::Key | Self::Operation => Takes::Word,
            Self::Text | Self::File | Self::Topic | Self::Signal | Self::Zone | Self::Cron | Self::Intent => {
                Takes::Text
            }
            Self::Callee | Self::Workflow | Self::Handler | Self::Target | Self::Mocked | Self::Source => Takes::Path,
            Self::Type => Takes::Type,
            Self::Expr | Self::Duration | Self::Pattern | Self::Url => Takes::Value,
        }
    }
}
