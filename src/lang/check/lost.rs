//! Outputs that nobody gets: of blocks without a name, in a workflow that gives nothing itself.

use super::checker::Checker;
use super::code;
use crate::base::diagnostic::Diagnostic;
use crate::lang::syntax::ast::{Block, Item, Workflow};

impl<'a> Checker<'a> {
    /// Who writes `if ... { output 1 }` mostly means the workflow's output, or a step that takes the block's.
    pub fn lost_outputs(&mut self, workflow: &'a Workflow) {
        let gives = |item: &Item| matches!(item, Item::Output(_) | Item::Return(_));
        if !workflow.body.items.iter().any(gives) {
            self.lost_in(&workflow.body);
        }
    }

    fn lost_in(&mut self, block: &'a Block) {
        for item in &block.items {
            let Item::Step(step) = item else { continue };
            if step.name.is_some() {
                continue;
            }
            for body in step.action.bodies() {
                for item in &body.items {
                    if let Item::Output(output) = item {
                        self.report(
                            Diagnostic::warning(code::LOST_OUTPUT, output.span, "nobody gets this output")
                                .label("the block it belongs to has no name")
                                .hint("name the block, `step result = ...`, and let the workflow give it: `output result`"),
                        );
                    }
                }
                self.lost_in(body);
            }
        }
    }
}
