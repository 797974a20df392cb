//! What is wrong with a text, as data: the wording, the place and the way out. How it looks is the affair of faces.

use serde::{Deserialize, Serialize};

use super::span::Span;

/// How grave it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The program does not run.
    Error,
    /// The program runs, but probably not as meant.
    Warning,
}

/// The name of one kind of diagnostic, such as `F0204`; `flow explain` has a page for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Code(pub &'static str);

/// A place with a few words on what it has to do with the matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place, underlined.
    pub span: Span,
    /// What is said beside the underline; may be empty.
    pub text: String,
}

/// A way out, that can be typed; with `edit`, a tool can type it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The advice, beginning in lower case: "write `x` instead".
    pub text: String,
    /// What to put in which place, where that is certain enough.
    pub edit: Option<(Span, String)>,
}

/// One finding about a source text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which kind of finding.
    pub code: Code,
    /// How grave.
    pub severity: Severity,
    /// What is wrong, in the writer's words, beginning in lower case, one line.
    pub message: String,
    /// The place it is about, with words for the underline.
    pub primary: Label,
    /// Other places that have to do with it ("first declared here").
    pub others: Vec<Label>,
    /// Ways out, best first.
    pub hints: Vec<Hint>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            primary: Label { span, text: String::new() },
            others: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// A warning at `span`.
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// Says something beside the underline.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Points at a second place.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.others.push(Label { span, text: text.into() });
        self
    }

    /// Gives advice.
    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hints.push(Hint { text: text.into(), edit: None });
        self
    }

    /// Gives advice that a tool can carry out: put `text` where `span` is.
    #[must_use]
    pub fn fix(mut self, advice: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        self.hints.push(Hint { text: advice.into(), edit: Some((span, text.into())) });
        self
    }

    /// Offers the nearest of `known` to `wrong`, if one is near enough to be meant.
    #[must_use]
    pub fn near<'a>(self, wrong: &str, span: Span, known: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(wrong, known) {
            Some(name) => self.fix(format!("did you mean `{name}`?"), span, name),
            None => self,
        }
    }

    /// All places that it names.
    pub fn spans_mut(&mut self) -> impl Iterator<Item = &mut Span> {
        let labels = std::iter::once(&mut self.primary).chain(&mut self.others).map(|label| &mut label.span);
        labels.chain(self.hints.iter_mut().filter_map(|hint| hint.edit.as_mut().map(|(place, _)| place)))
    }

    /// Whether the program cannot run.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The name among `known` that somebody who wrote `wrong` probably meant.
///
/// Damerau-Levenshtein distance of at most a third of the length; ties go to the first.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (wrong.chars().count() / 3).max(1);
    let fold = |name: &str| name.to_lowercase().replace(['_', '-'], "");
    let wrong = fold(wrong);
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&wrong, &fold(name)), name))
        .filter(|(distance, name)| *distance <= allowed && *distance < name.chars().count().max(2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
