//! The file that declares a connector, and where in it an example goes.

use std::sync::Arc;

use crate::base::value::Value;
use crate::cli::exit::Refusal;
use crate::host::Program;
use crate::lang::catalog::standard;
use crate::lang::plan::Root;
use crate::lang::plan::connector::{Connector, Operation, PageKind};
use crate::lang::plan::formula::Script;
use crate::lang::script::Key;
use crate::lang::syntax::{self, ast};

/// The file of a connector.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its path.
    pub name: String,
    /// What the file itself calls the connector.
    pub connector: Arc<str>,
    /// Whether it belongs to the standard library.
    pub is_standard: bool,
    text: String,
    /// Where an example is put in.
    place: usize,
}

/// The file that declares `connector`, as it is now.
///
/// # Errors
/// Where the declaration cannot be found in it.
pub fn of(program: &Program, connector: &Connector, operation: &Operation) -> Result<Page, Refusal> {
    let source = program.sources.get(operation.signature.span.file);
    let own: Arc<str> = connector.name.rsplit('.').next().unwrap_or(&connector.name).into();
    let read = syntax::read(operation.signature.span.file, source).program;
    let declared = read.declarations.iter().find_map(|declaration| match declaration {
        ast::Declaration::Connector(it) if it.name.text == own => Some(it.span),
        _ => None,
    });
    let text = source.text.to_string();
    let place = declared.and_then(|span| text.get(..span.end as usize)?.rfind('}'));
    let place = place.ok_or_else(|| Refusal::new(format!("`{own}` was not found in {}", source.name)))?;
    let is_standard = standard::connector(&own).is_some_and(|file| *file.path == *source.name);
    Ok(Page { name: source.name.to_string(), connector: own, is_standard, text, place })
}

impl Page {
    /// The file with `example` as the last thing in the connector.
    pub fn with(&self, example: &str) -> String {
        let (before, after) = self.text.split_at(self.place);
        format!("{}\n{example}{after}", before.trim_end())
    }
}

/// Takes out of a page what would ask for the next one: an example shows one.
pub fn let_it_end(connector: &Connector, operation: &Operation, body: &mut Value) {
    let Some(paginate) = &operation.shaping.paginate else { return };
    match (&paginate.next, paginate.kind) {
        (Some(next), _) => change(connector, next, body, None),
        // Nothing says that a page is the last one but that it is empty.
        (None, PageKind::Page | PageKind::Offset) if paginate.size.is_none() => {
            change(connector, &paginate.items, body, Some(Value::list([])));
        }
        (None, _) => {}
    }
}

/// Puts another value where a script reads in the body, if it is nothing but a path.
fn change(connector: &Connector, script: &Script, body: &mut Value, value: Option<Value>) {
    let compiled = script.compiled(connector.functions.library());
    let Some(read) = compiled.path().filter(|_| script.roots.first() == Some(&Root::Response)) else { return };
    let names: Option<Vec<Arc<str>>> = read
        .path
        .iter()
        .map(|segment| match &segment.key {
            Key::Field(name) => Some(name.clone()),
            Key::Item(_) => None,
        })
        .collect();
    if let Some([first, rest @ ..]) = names.as_deref()
        && &**first == "body"
    {
        put(body, rest, value);
    }
}

fn put(here: &mut Value, path: &[Arc<str>], value: Option<Value>) {
    match (path, value) {
        ([], Some(value)) => *here = value,
        ([], None) => *here = Value::Unit,
        ([name, rest @ ..], value) => {
            if let Value::Map(map) = here
                && let Some(inner) = Arc::make_mut(map).get_mut(name)
            {
                put(inner, rest, value);
            }
        }
    }
}
