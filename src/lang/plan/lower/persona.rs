//! Personas, as data.

use indexmap::IndexMap;

use super::super::workflow::Persona;
use super::value::Values;
use crate::lang::syntax::ast::{self, PersonaItem};

pub(super) fn lower(declared: &ast::Persona, values: &Values<'_>) -> Persona {
    let mut persona = Persona {
        name: declared.name.text.clone(),
        title: declared.title.as_ref().map(|title| title.text.clone()),
        about: None,
        intents: IndexMap::new(),
        scripts: IndexMap::new(),
    };
    for item in &declared.items {
        match item {
            PersonaItem::About(about) => persona.about = Some(about.text.clone()),
            PersonaItem::Intent { name, fields, .. } => {
                let says = fields.iter().find(|field| &*field.key.text == "says");
                let says = says.map(|field| values.constant(&field.value)).unwrap_or_default();
                let says = says.as_list().unwrap_or_default().iter().filter_map(|text| Some(text.as_text()?.into()));
                persona.intents.insert(name.text.clone(), says.collect());
            }
            PersonaItem::On { event, params, body, .. } => {
                let params = params.iter().map(|param| param.text.clone()).collect();
                persona.scripts.insert(event.text.clone(), (params, values.code(body)));
            }
        }
    }
    persona
}
