//! What a flow may name: operations, triggers, personas, as signatures.
//!
//! In: the connectors and personas that a program declares or names, and the standard library's. Out: signatures.
//! Never: how an operation is carried out; that is `connect`'s affair (held by `tests/architecture.rs`).

pub mod code;
pub mod connector;
pub mod signature;
pub mod standard;
pub mod tree;
pub mod types;
pub mod volume;

use std::sync::Arc;

use indexmap::IndexMap;

pub use connector::{BASE_URL, Brings, Connector, OF_EVERY_SOURCE, SourceSignature, base_url_fault};
pub use signature::{Effect, KEY_HEADER, Signature};
pub use tree::Tree;
pub use types::Types;

use crate::base::diagnostic::Diagnostic;
use crate::lang::syntax::ast;

/// Everything that may be named in one compilation.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The named types.
    pub types: Types,
    /// Connectors by name: `slack`, or `alias.slack` for one that a used file declares. What the program declares comes
    /// first and hides what the standard library calls the same.
    pub connectors: IndexMap<Arc<str>, Connector>,
    /// Personas by name, likewise.
    pub personas: IndexMap<Arc<str>, Arc<ast::Persona>>,
}

impl Catalog {
    /// The catalog of `trees`: the file itself, the files it uses, then those of the standard library.
    pub fn new(trees: &[Tree]) -> (Self, Vec<Diagnostic>) {
        let (types, mut found) = Types::new(trees);
        let mut catalog = Self { types, ..Self::default() };
        for (place, tree) in trees.iter().enumerate() {
            for declaration in &tree.program.declarations {
                match declaration {
                    ast::Declaration::Connector(declared) => {
                        let name = tree.qualified(&declared.name.text);
                        if !catalog.connectors.contains_key(&name) {
                            let connector = Connector::new(trees, place, declared, &catalog.types, &mut found);
                            catalog.connectors.insert(name, connector);
                        }
                    }
                    ast::Declaration::Persona(persona) => {
                        let name = tree.qualified(&persona.name.text);
                        catalog.personas.entry(name).or_insert_with(|| Arc::new(persona.clone()));
                    }
                    ast::Declaration::Use(_)
                    | ast::Declaration::Type(_)
                    | ast::Declaration::Fn(_)
                    | ast::Declaration::Workflow(_)
                    | ast::Declaration::Handler(_)
                    | ast::Declaration::Test(_) => {}
                }
            }
        }
        (catalog, found)
    }
}
