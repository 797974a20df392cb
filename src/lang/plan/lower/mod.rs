//! From what is checked to the plan: one file per noun of the language.
//!
//! In: trees, and what the checker found out about them, without errors. Out: plans, connectors, personas, tests.
//! Never: a diagnostic; whatever can be wrong was said before (held by `tests/architecture.rs`).

use std::sync::Arc;

use super::workflow::Package;
use crate::lang::check::Checked;
use crate::lang::syntax::ast::Declaration;

mod block;
mod body;
mod builder;
mod connector;
mod frame;
mod handler;
mod persona;
mod request;
mod source;
mod step;
mod survey;
mod test;
mod trigger;
mod value;
mod workflow;

/// The package of a program that was checked and found without errors.
pub fn lower(checked: &Checked) -> Package {
    let flat = value::Values::flat(checked);
    let mut package = Package::default();
    for (name, declared) in &checked.connectors {
        let mut connector = connector::lower(name, declared, &flat);
        let home = checked.modules.iter().find(|module| module.program.file == declared.span.file);
        connector.functions = home.map(workflow::functions).unwrap_or_default();
        package.connectors.insert(name.clone(), Arc::new(connector));
    }
    for module in &checked.modules {
        for declaration in &module.program.declarations {
            let Declaration::Workflow(declared) = declaration else { continue };
            let name: Arc<str> = match &*module.alias {
                "" => declared.name.text.clone(),
                alias => format!("{alias}.{}", declared.name.text).into(),
            };
            let plan = workflow::lower(declared, name.clone(), module, checked, &package.connectors);
            package.plans.insert(name, Arc::new(plan));
        }
    }
    package.personas = checked.personas.values().map(|declared| Arc::new(persona::lower(declared, &flat))).collect();
    if let Some(module) = checked.modules.first() {
        package.functions = workflow::functions(module);
        for declaration in &module.program.declarations {
            if let Declaration::Test(declared) = declaration {
                package.tests.push(Arc::new(test::lower(declared, &flat)));
            }
        }
    }
    package
}
