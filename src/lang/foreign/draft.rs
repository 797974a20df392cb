//! A program that is being written: its workflows, what they need beside them, and what is left to do.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::term::Term;
use super::{Language, TODO};
use crate::lang::catalog::standard;
use crate::lang::check::reserved::{CLAUSES, SCOPES};
use crate::lang::layout;
use crate::lang::openapi::{naming, wording};

/// How long a line may be before its values are put on several.
const WIDTH: usize = 100;

/// A program that is being written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What the first workflow is called where the document does not say.
    pub title: String,
    /// Names that are taken, anywhere in the program: they do not shadow each other.
    taken: BTreeSet<String>,
    /// Workflows under way, innermost last.
    pages: Vec<Page>,
    /// Workflows that are written, in the order in which they were begun.
    workflows: Vec<String>,
    connectors: IndexMap<String, Connector>,
    functions: IndexMap<&'static str, &'static str>,
    /// Those that stand for what one document says.
    own_functions: IndexMap<String, String>,
    parts: usize,
    /// How many were begun, with those that were taken back.
    tried: usize,
    /// Those of the parts of which something is left to do.
    marked: BTreeSet<usize>,
}

#[derive(Clone, Debug, Default)]
struct Page {
    /// The place of the workflow among the others: that at which it was begun.
    number: usize,
    text: String,
    indent: usize,
}

/// A connector that stands for a service the language has none for.
#[derive(Clone, Debug, Default)]
struct Connector {
    title: String,
    /// Operations by what they are called in the document.
    operations: IndexMap<String, Stub>,
    /// What answers mean, one clause a line.
    answers: BTreeSet<String>,
}

#[derive(Clone, Debug)]
struct Stub {
    name: String,
    text: String,
}

impl Draft {
    /// An empty program.
    pub fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            taken: BTreeSet::new(),
            pages: Vec::new(),
            workflows: Vec::new(),
            connectors: IndexMap::new(),
            functions: IndexMap::new(),
            own_functions: IndexMap::new(),
            parts: 0,
            tried: 0,
            marked: BTreeSet::new(),
        }
    }

    /// Begins another part of the document, to which what is left to do from now on belongs.
    pub fn part(&mut self) {
        self.parts += 1;
        self.tried += 1;
    }

    /// How many parts were begun in all, those that were taken back too.
    pub fn tried(&self) -> usize {
        self.tried
    }

    /// Takes back what was written since `before`.
    pub fn back_to(&mut self, before: Self) {
        *self = Self { tried: self.tried, ..before };
    }

    /// How many parts there are, and of how many nothing is left to do.
    pub fn tally(&self) -> (usize, usize) {
        (self.parts, self.parts - self.marked.iter().filter(|part| **part > 0).count())
    }

    /// A name that the program can use, as near to the wanted one as may be, and nobody else's from now on.
    pub fn name(&mut self, wanted: &str) -> String {
        let mut name = naming::parameter(wanted);
        let is_kept = |name: &str| CLAUSES.contains(&name) || SCOPES.contains(&name);
        if is_kept(&name) || standard::connector(&name).is_some() {
            name.push_str("_step");
        }
        let name = naming::unique(name, |name| self.taken.contains(name));
        self.taken.insert(name.clone());
        name
    }

    /// Begins a workflow, with what the document says of it.
    pub fn begin(&mut self, name: &str, about: Option<&str>) {
        self.pages.push(Page { number: self.workflows.len(), ..Page::default() });
        self.workflows.push(String::new());
        if let Some(about) = about.map(wording::line).filter(|about| !about.is_empty()) {
            self.line(&format!("/// {about}"));
        }
        self.open(&format!("workflow {name}"));
    }

    /// Ends the workflow that was begun last.
    pub fn end(&mut self) {
        self.close("");
        if let Some(page) = self.pages.pop()
            && let Some(workflow) = self.workflows.get_mut(page.number)
        {
            *workflow = page.text;
        }
    }

    /// How much of the workflow is written: a place to come back to.
    pub fn place(&self) -> usize {
        self.pages.last().map_or(0, |page| page.text.len())
    }

    /// Puts lines in at a place of the workflow.
    pub fn insert(&mut self, place: usize, lines: &str) {
        if let Some(page) = self.pages.last_mut()
            && page.text.is_char_boundary(place)
        {
            page.text.insert_str(place, lines);
        }
    }

    /// Takes what was written since a place out of the workflow again, to be put where it belongs once that is known.
    pub fn cut(&mut self, place: usize) -> String {
        match self.pages.last_mut() {
            Some(page) if page.text.is_char_boundary(place) => page.text.split_off(place),
            _ => String::new(),
        }
    }

    /// Writes what was cut.
    pub fn paste(&mut self, text: &str) {
        if let Some(page) = self.pages.last_mut() {
            page.text.push_str(text);
        }
    }

    /// Whether the next lines stand in a block that is not begun yet.
    pub fn deeper(&mut self, deeper: bool) {
        if let Some(page) = self.pages.last_mut() {
            page.indent = if deeper { page.indent + 4 } else { page.indent.saturating_sub(4) };
        }
    }

    /// A line; where it has line breaks, they are laid out already.
    pub fn line(&mut self, text: &str) {
        if let Some(page) = self.pages.last_mut() {
            if !text.is_empty() {
                page.text.extend(std::iter::repeat_n(' ', page.indent));
                page.text.push_str(text);
            }
            page.text.push('\n');
        }
    }

    /// How deep the next line stands.
    pub fn indent(&self) -> usize {
        self.pages.last().map_or(0, |page| page.indent)
    }

    /// Begins a block: `if x`, `parallel`, `step each = for one in list`.
    pub fn open(&mut self, head: &str) {
        self.line(&format!("{head} {{"));
        self.pages.iter_mut().last().into_iter().for_each(|page| page.indent += 4);
    }

    /// Ends a block and begins the next one: `else`, `else if x`.
    pub fn otherwise(&mut self, head: &str) {
        self.back();
        self.open(&format!("}} {head}"));
    }

    /// Ends a block; `with` may stand behind it.
    pub fn close(&mut self, tail: &str) {
        self.back();
        self.line(format!("}} {tail}").trim_end());
    }

    fn back(&mut self) {
        self.pages.iter_mut().last().into_iter().for_each(|page| page.indent = page.indent.saturating_sub(4));
    }

    /// A comment.
    pub fn comment(&mut self, text: &str) {
        let text = wording::line(text);
        if !text.is_empty() {
            self.line(&format!("// {text}"));
        }
    }

    /// Something that cannot be said, where whoever looks at the program needs it. The part it belongs to is not carried over alike.
    pub fn todo(&mut self, text: &str) {
        self.marked.insert(self.parts);
        let text = wording::line(text);
        self.line(&format!("{TODO}{text}"));
    }

    /// A statement that ends with a value: `let order`, `output`, `set vars.total`.
    pub fn statement(&mut self, head: &str, term: &Term) {
        let before = self.indent() + head.chars().count() + 1;
        let value = term.laid_out(self.indent(), before);
        self.line(&format!("{head} {value}"));
    }

    /// A step that calls an operation or a workflow, with its parameters and clauses.
    pub fn step(&mut self, head: &str, callee: &str, params: &[(String, Term)], clauses: &[String]) {
        let head = if head.is_empty() { format!("step {callee}") } else { format!("step {head} = {callee}") };
        let short: Vec<String> = params
            .iter()
            .map(|(name, it)| format!("{}: {}", layout::key(name), it.value()))
            .chain(clauses.iter().cloned())
            .collect();
        if short.is_empty() {
            return self.line(&head);
        }
        let line = format!("{head} {{ {} }}", short.join(", "));
        // Handlers read better on lines of their own.
        let is_plain = !short.iter().any(|part| part.starts_with("on ") || part.contains('\n'));
        if is_plain && self.indent() + line.chars().count() <= WIDTH {
            return self.line(&line);
        }
        self.open(&head);
        for (name, it) in params {
            self.statement(&format!("{}:", layout::key(name)), it);
        }
        clauses.iter().for_each(|clause| self.line(clause));
        self.close("");
    }

    /// The full name of an operation that stands for what the document calls `original`; it is declared once. `text` is its
    /// declaration without the name: what stands before and behind it, such as `once operation`, `(payload: any) -> any { .. }`.
    pub fn stub(&mut self, service: &str, title: &str, original: &str, wanted: &str, text: (&str, &str)) -> String {
        let mut connector = naming::parameter(service);
        if standard::connector(&connector).is_some() || CLAUSES.contains(&&*connector) || SCOPES.contains(&&*connector)
        {
            connector.push_str("_service");
        }
        self.taken.insert(connector.clone());
        let declared = self.connectors.entry(connector.clone()).or_default();
        if declared.title.is_empty() {
            title.clone_into(&mut declared.title);
        }
        if let Some(stub) = declared.operations.get(original) {
            return format!("{connector}.{}", stub.name);
        }
        let is_taken = |name: &str| declared.operations.values().any(|stub| stub.name == name);
        let name = naming::unique(naming::parameter(wanted), is_taken);
        let (before, behind) = text;
        let text = format!("    {before} {name}{behind}\n");
        declared.operations.insert(original.to_owned(), Stub { name: name.clone(), text });
        format!("{connector}.{name}")
    }

    /// A clause of a connector that was declared by [`Draft::stub`]: what an answer means.
    pub fn answer(&mut self, operation: &str, clause: &str) {
        let service = operation.split('.').next().unwrap_or_default();
        if let Some(connector) = self.connectors.get_mut(service) {
            connector.answers.insert(clause.to_owned());
        }
    }

    /// Keeps names free that are given out later.
    pub fn keep(&mut self, names: &[&str]) {
        self.taken.extend(names.iter().map(|name| (*name).to_owned()));
    }

    /// Declares a function of the program, once.
    pub fn function(&mut self, name: &'static str, text: &'static str) {
        self.taken.insert(name.to_owned());
        self.functions.insert(name, text);
    }

    /// Declares a function that stands for what this document says, under a name that is its own.
    pub fn own_function(&mut self, name: &str, text: String) {
        self.own_functions.insert(name.to_owned(), text);
    }

    /// The whole text.
    pub fn finish(self, language: Language) -> String {
        let mut parts = vec![format!("// Imported from {}.\n", language.title())];
        parts.extend(self.workflows);
        parts.extend(self.own_functions.into_values());
        parts.extend(self.functions.values().map(|text| (*text).to_owned()));
        parts.extend(self.connectors.iter().map(|(name, connector)| connector.text(name)));
        parts.iter().map(|part| part.trim_end()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n") + "\n"
    }
}

impl Connector {
    fn text(&self, name: &str) -> String {
        let mut text = format!(
            "{TODO}`{name}` stands for {0}: say in the settings where it is reached over HTTP\nconnector {name} {1} {{\n    \
             config {{\n        base_url: url\n        token:    secret?\n    }}\n    auth bearer config.token\n",
            self.title,
            layout::text(&self.title),
        );
        self.answers.iter().for_each(|clause| text.push_str(&format!("    {clause}\n")));
        self.operations.values().for_each(|stub| {
            text.push('\n');
            text.push_str(&stub.text);
        });
        text.push_str("}\n");
        text
    }
}
