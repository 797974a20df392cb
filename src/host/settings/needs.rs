//! What a program itself needs beside its text: the settings and secrets its expressions name, the templates of its messages.

use super::{Settings, code};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::base::value::Value;
#[cfg(feature = "mail")]
use crate::lang::plan::node::Kind;
use crate::lang::plan::{Formula, Plan, settings_read};
use crate::lang::script::Setting;
use crate::run::world::Settings as _;

/// Something that a program itself reads of the settings, and that nobody has set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// What it is: "the secret `SHOP_TOKEN`".
    pub what: String,
    /// The environment variable that sets it.
    pub variable: String,
    /// Where it is read.
    pub span: Span,
}

impl Settings {
    /// What `plan` itself reads that nobody has set: settings, secrets, databases.
    pub fn lacks(&self, plan: &Plan) -> Vec<Lack> {
        let named = self.unset(plan).into_iter().map(|setting| Lack {
            what: format!("the {} `{}`", if setting.secret { "secret" } else { "setting" }, setting.name),
            variable: setting.name.to_string(),
            span: setting.span,
        });
        named.chain(self.lacking_databases(plan)).collect()
    }

    fn unset(&self, plan: &Plan) -> Vec<Setting> {
        let is_set = |setting: &Setting| match setting.secret {
            true => self.secret(&setting.name).is_some(),
            false => self.env(&setting.name).is_some(),
        };
        settings_read(plan).into_iter().filter(|setting| !is_set(setting)).collect()
    }

    /// Everything that `plan` needs and that is not there.
    pub(super) fn needs(&self, plan: &Plan, diagnostics: &mut Vec<Diagnostic>) {
        for setting in self.unset(plan) {
            let (what, table) = if setting.secret { ("secret", "secrets") } else { ("setting", "env") };
            let message = format!("the {what} `{}` is not set", setting.name);
            let diagnostic = Diagnostic::error(code::MISSING, setting.span, message)
                .label("read here")
                .hint(format!("set the environment variable `{}`", setting.name))
                .hint(format!("or write `{} = ...` under `[{table}]` in flow.toml", setting.name));
            diagnostics.push(diagnostic);
        }
        self.needs_databases(plan, diagnostics);
        #[cfg(feature = "mail")]
        self.templates(plan, diagnostics);
    }

    /// Templates that are named by a fixed text must be there before the first message is due.
    #[cfg(feature = "mail")]
    fn templates(&self, plan: &Plan, diagnostics: &mut Vec<Diagnostic>) {
        for node in &plan.nodes {
            let Kind::Call { operation, params } = &node.kind else { continue };
            if &**operation == "email.send"
                && let Some(Value::Text(name)) = fixed(params, "template")
                && !crate::connect::mail::has_template(self.directory(), name)
            {
                let message = format!("there is no template `{name}`");
                let diagnostic = Diagnostic::error(code::TEMPLATE, node.span, message)
                    .label("sent here")
                    .hint(format!("make `templates/{name}.html` or `templates/{name}.txt` beside the program"));
                diagnostics.push(diagnostic);
            }
        }
    }
}

/// A field of an object, where its value is known before anything runs.
pub(super) fn fixed<'a>(params: &'a Formula, name: &str) -> Option<&'a Value> {
    match params {
        Formula::Constant(params) => params.get(name),
        Formula::Object(fields) => {
            fields.iter().find(|(field, _)| **field == *name).and_then(|(_, value)| match value {
                Formula::Constant(value) => Some(value),
                _ => None,
            })
        }
        Formula::Script(_) | Formula::List(_) => None,
    }
}
