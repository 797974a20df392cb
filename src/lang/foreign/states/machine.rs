//! What is known while the states of a machine are written.

use indexmap::IndexMap;

use super::document::{Document, Reads};
use crate::lang::foreign::draft::Draft;
use crate::lang::foreign::source::Source;

/// A state machine on its way to being a workflow.
pub struct Machine<'a> {
    /// The document, for the lines of what is wrong.
    pub source: &'a Source<'a>,
    /// The program.
    pub draft: &'a mut Draft,
    /// What is read of the input.
    pub reads: Reads,
    /// Variables of the workflow.
    pub variables: Vec<String>,
    /// Those that states assign, by the names they have there.
    assigned: IndexMap<String, String>,
    /// What the maps around go through, innermost last.
    pub items: Vec<Item>,
    /// The state that is being written.
    pub state: String,
    /// Whether the input of the machine is that of the workflow.
    pub input_is_near: bool,
    /// What is left to do and has no place yet: comments before the next line.
    pending: Vec<String>,
}

/// What a map goes through.
#[derive(Debug)]
pub struct Item {
    /// Where one of them stands in the list.
    pub index: String,
    /// One of them.
    pub value: Document,
}

impl<'a> Machine<'a> {
    /// Before its first state.
    pub fn new(source: &'a Source<'a>, draft: &'a mut Draft, reads: Reads) -> Self {
        Self {
            source,
            draft,
            reads,
            variables: Vec::new(),
            assigned: IndexMap::new(),
            items: Vec::new(),
            state: String::new(),
            input_is_near: true,
            pending: Vec::new(),
        }
    }

    /// Something to be said before the next statement.
    pub fn later(&mut self, text: String) {
        self.pending.push(text);
    }

    /// Says what is pending: comes before each statement, when its values are known.
    pub fn settle(&mut self) {
        let state = self.state.clone();
        std::mem::take(&mut self.pending).iter().for_each(|text| self.draft.todo(&format!("`{state}`: {text}")));
    }

    /// A new variable of the workflow.
    pub fn new_variable(&mut self, wanted: &str) -> String {
        let name = self.draft.name(wanted);
        self.variables.push(name.clone());
        name
    }

    /// The variable that stands for one that states assign.
    pub fn assigned(&mut self, name: &str) -> String {
        if let Some(known) = self.assigned.get(name) {
            return known.clone();
        }
        let own = self.new_variable(name);
        self.assigned.insert(name.to_owned(), own.clone());
        own
    }
}
