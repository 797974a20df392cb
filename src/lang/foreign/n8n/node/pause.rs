//! `wait`, and what ends a run.

use crate::lang::foreign::n8n::data::Items;
use crate::lang::foreign::n8n::document::Node;
use crate::lang::foreign::n8n::machine::Machine;
use crate::lang::foreign::term::Term;
use crate::lang::openapi::naming;

impl Machine<'_> {
    /// Waits so long, until a moment, or to be called.
    pub fn wait(&mut self, node: &Node<'_>, items: &Items) -> Items {
        match node.text("resume") {
            "specificTime" => {
                let moment = self.required(node, "dateTime", items).expression();
                self.settle();
                self.draft.line(&format!("wait until datetime({moment})"));
                items.clone()
            }
            kind @ ("webhook" | "form") => {
                self.settle();
                let step = self.draft.name(node.name);
                self.draft.line(&format!("step {step} = wait signal {}", Term::text(&step).expression()));
                self.draft.todo(&format!(
                    "`{}`: a {kind} resumed it; whoever called that answers by `flow signal RUN {step}`",
                    node.name
                ));
                Items::One(crate::lang::foreign::n8n::data::Data::Path(step))
            }
            _ => {
                let unit = match node.text("unit") {
                    "seconds" => "s",
                    "minutes" => "m",
                    "days" => "d",
                    // What stands where nothing is said changed between versions.
                    "" if node.version >= 1.1 => "s",
                    _ => "h",
                };
                let amount = self
                    .param(node, "amount", items)
                    .unwrap_or_else(|| Term::Path(if node.version >= 1.1 { "5" } else { "1" }.to_owned()));
                let amount = amount.expression();
                self.settle();
                match amount.parse::<u64>() {
                    Ok(count) => self.draft.line(&format!("wait {count}{unit}")),
                    Err(_) => self.draft.line(&format!("wait (duration({amount}, \"{unit}\"))")),
                }
                items.clone()
            }
        }
    }

    /// Ends the run with an error.
    pub fn stop_and_error(&mut self, node: &Node<'_>, items: &Items) {
        let is_object = node.text("errorType") == "errorObject";
        let message = self.param(node, if is_object { "errorObject" } else { "errorMessage" }, items);
        self.settle();
        let kind = naming::parameter(node.name);
        let kind = if kind == "error" { "stopped".to_owned() } else { kind };
        match message {
            Some(Term::Path(text)) if text.starts_with('"') => self.draft.line(&format!("fail {kind} {text}")),
            Some(term) => self.draft.line(&format!("fail {kind} \"${{{}}}\"", term.expression())),
            None => self.draft.line(&format!("fail {kind}")),
        }
    }
}
