//! `:help NAME`: what is known of a connector, an operation, a function, of what the session declares or names.

use super::help::{self, COMMANDS};
use super::session::Session;
use crate::base::diagnostic::nearest;
use crate::cli::connectors::named;
use crate::cli::exit::{Exit, Refusal, Stop};
use crate::cli::manual::paint;
use crate::cli::paper::{Palette, deliver};
use crate::lang::catalog::standard;
use crate::lang::plan::reference;
use crate::lang::script::functions::{fixed, functions};

/// Says what can be said, or what is known of `name`.
///
/// # Errors
/// If nothing is known of it.
pub fn tell(session: &Session, name: &str) -> Result<Exit, Stop> {
    let name = name.trim().trim_end_matches('?');
    if let Some(text) = help::text(name) {
        deliver(&text);
        return Ok(Exit::Done);
    }
    if let Some(page) = page(session, name)? {
        deliver(&paint(&page, &Palette::for_stdout()));
        return Ok(Exit::Done);
    }
    if let Some(known) = session.names.get(name) {
        deliver(&format!("{name}: {}", known.shape));
        return Ok(Exit::Done);
    }
    let refusal = Refusal::new(format!("nothing is known of `{name}`"));
    let declared = session.declarations.iter().map(|it| it.declared.name.as_str());
    let others = declared.chain(standard::CONNECTORS.iter().map(|file| file.name));
    let others = others.chain(functions().iter().map(|function| function.name));
    let all = COMMANDS.iter().map(|command| command.word).chain(others);
    Err(match nearest(name, all) {
        Some(near) => refusal.hint(format!("did you mean `{near}`?")),
        None => refusal.hint("`:help` lists commands; `:help slack.post_message` tells of an operation"),
    }
    .into())
}

/// What the manual, or the session, says of something, as Markdown.
fn page(session: &Session, name: &str) -> Result<Option<String>, Stop> {
    if let Some(declaration) = session.declarations.iter().find(|it| it.declared.name == name) {
        return Ok(Some(format!("```flow\n{}\n```", declaration.text())));
    }
    if let Some(function) = fixed(name) {
        let (example, value) = function.example;
        let head = format!("```flow\n{}\n```", function.signature);
        return Ok(Some(format!("{head}\n\n{}\n\n`{example}` is `{value}`", function.doc)));
    }
    let connector = name.rsplit_once('.').map_or(name, |(connector, _)| connector);
    if let Ok((program, _)) = session.program()
        && let Some(own) = program.package.connectors.get(connector)
    {
        let operation = name.rsplit_once('.').and_then(|(_, operation)| own.operations.get(operation));
        return Ok(match operation {
            Some(operation) => Some(reference::operation(own, operation)),
            None => (connector == name).then(|| reference::page(own)),
        });
    }
    if standard::connector(connector).is_none() {
        return Ok(None);
    }
    let found = named(name, None)?;
    Ok(Some(match found.operation {
        Some(operation) => reference::operation(&found.connector, &operation),
        None => reference::page(&found.connector),
    }))
}
