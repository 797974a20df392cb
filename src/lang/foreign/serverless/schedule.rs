//! `schedule`: what starts the workflow.

use serde_json::Value as Json;

use super::author::{Author, Frame};
use super::expression::Scope;
use super::value::Value;
use super::wait;
use crate::lang::foreign::cron;
use crate::lang::layout;

impl Author<'_> {
    /// Writes the triggers.
    pub fn schedule(&mut self) {
        let said = &self.source.document["schedule"];
        if let Some(line) = said["cron"].as_str() {
            let is_read = cron::is_read(line);
            if !is_read {
                self.later(cron::unread(line));
                self.settle();
            }
            let line = if is_read { line } else { cron::DAILY };
            self.draft.line(&format!("trigger schedule {}", layout::text(line)));
        }
        if let Some(every) = wait::duration(&said["every"]) {
            self.draft.line(&format!("trigger every {every}"));
        }
        if let Some(after) = wait::duration(&said["after"]) {
            self.later(format!(
                "a run began {after} after the one before had ended; here every {after}, unless one is at work"
            ));
            self.settle();
            self.draft.line(&format!("trigger every {after} {{ overlap skip }}"));
        }
        let on = &said["on"];
        let (one, several) = (&on["one"], [&on["any"], &on["all"]]);
        if one.is_object() {
            self.started_by(one);
        }
        for filter in several.into_iter().filter_map(Json::as_array).flatten() {
            self.started_by(filter);
        }
        if on["all"].as_array().is_some_and(|all| all.len() > 1) {
            self.later("all of these events together started one run; here each starts one");
            self.settle();
        }
    }

    fn started_by(&mut self, filter: &Json) {
        let with = &filter["with"];
        let kind = with["type"].as_str().unwrap_or("any").to_owned();
        let holds = self.filtered(with, &Scope::new(&Value::nothing(), &Frame::default()));
        self.settle();
        let head = format!("trigger event {}", layout::text(&kind));
        match holds.as_slice() {
            [] => self.draft.line(&head),
            holds => self.draft.line(&format!("{head} {{ where {} }}", holds.join(" && "))),
        }
    }
}
