//! `trigger form "/request"`: a page made from `input`, for people; it needs no script in the browser.
//!
//! A page carries two marks: one that only this browser has, also as a cookie, so that no other site can send the form in its
//! name; and one of its own, so that a page that is sent twice starts one run.

use super::Triggers;
use super::declared::Declared;
use super::field;
use super::page::{self, Shown};
use super::request::{Answer, Refusal, Request};
use super::route::Matched;
use crate::base::id::{Digest, RunId};
use crate::base::shape::Misfit;
use crate::base::value::Value;
use crate::lang::plan::Plan;
use crate::run::driver::Summary;
use crate::run::event::Event;
use crate::run::intake;
use crate::run::journal::Broken;

/// The cookie and the field that prove that a form came from a page of ours.
const BROWSER: &str = "flow_form";
/// The field that tells one page from another.
const PAGE: &str = "flow_page";
/// How long a mark is, in digits.
const MARK_DIGITS: usize = 32;

impl Triggers {
    pub(super) async fn form(&self, matched: &Matched, request: &Request) -> Result<Answer, Refusal> {
        let declared = &matched.declared;
        let pairs = Request::pairs(if request.method == "POST" { &request.body } else { request.query.as_bytes() });
        if request.method == "POST" {
            return self.sent(matched, request, &pairs).await;
        }
        match pairs.iter().find(|(name, _)| name == "run") {
            Some((_, run)) => self.shown(declared, &RunId(run.as_str().into())).await,
            None => Ok(blank(declared, request, 200, &field::defaults(&declared.plan.input), &[], None)),
        }
    }

    /// A form was sent: its run starts, and the browser is led to where it stands.
    async fn sent(&self, matched: &Matched, request: &Request, pairs: &[(String, String)]) -> Result<Answer, Refusal> {
        let declared = &matched.declared;
        let mark = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let ours = mark(BROWSER).is_some_and(|mark| is_mark(mark) && request.cookie(BROWSER) == Some(mark));
        let page = mark(PAGE).filter(|page| ours && is_mark(page));
        let Some(page) = page else {
            let note = "This page was open for too long, or came from elsewhere. Please send it again.";
            return Ok(blank(declared, request, 403, pairs, &[], Some(note)));
        };
        let (body, unread) = field::read(&declared.plan.input, pairs);
        if !unread.is_empty() {
            let faults = with_all_others(unread, &declared.plan, &body);
            return Ok(blank(declared, request, 422, pairs, &faults, None));
        }
        let trigger = request.to_trigger("form", &matched.parts, body, self.now());
        let run = declared.run(page);
        match self.submit(declared, trigger.into(), Some(run), Vec::new()).await {
            Ok(Ok(running)) => {
                Ok(Answer::empty(303).header("location", format!("{}?run={}", request.path, running.id())))
            }
            Ok(Err(_)) => Ok(page::said(declared, 202, "Thank you. It was received.")),
            Err(refusal) if refusal.status == 422 => {
                Ok(blank(declared, request, 422, pairs, &refusal.faults, Some(&refusal.detail)))
            }
            Err(refusal) => Ok(page::said(declared, refusal.status, &refusal.detail)),
        }
    }

    /// Where the run stands that a form has started.
    async fn shown(&self, declared: &Declared, run: &RunId) -> Result<Answer, Refusal> {
        let Some(summary) = self.started_by(declared, run).await? else {
            return Ok(page::said(declared, 404, "There is no such request."));
        };
        Ok(page::status(declared, &shown(&summary)))
    }

    /// How the run stands that this form has started; `None` if it has started no such run.
    async fn started_by(&self, declared: &Declared, run: &RunId) -> Result<Option<Summary>, Refusal> {
        let unreadable = |broken: Broken| Refusal::new(503, broken.to_string());
        let is_ours = |event: &Event| match event {
            Event::Accepted(accepted) => {
                let kind = accepted.trigger.get("type").and_then(Value::as_text);
                accepted.workflow == declared.plan.name && kind == Some("form")
            }
            _ => false,
        };
        let history = self.driver().history(run, 0).await.map_err(unreadable)?;
        if !history.records.first().is_some_and(|first| is_ours(&first.event)) {
            return Ok(None);
        }
        self.driver().summary(run).await.map_err(unreadable)
    }
}

/// What cannot be read, and whatever else does not fit: a person hears of it all at once.
fn with_all_others(unread: Vec<Misfit>, plan: &Plan, body: &Value) -> Vec<Misfit> {
    let is_new = |fault: &Misfit| !unread.iter().any(|known| known.path == fault.path);
    let others = intake::fit(plan, body).err().unwrap_or_default();
    let others: Vec<Misfit> = others.into_iter().filter(is_new).collect();
    unread.into_iter().chain(others).collect()
}

/// What the person who sent the form gets to see of its run.
fn shown(summary: &Summary) -> Shown {
    let reply = summary.reply.as_ref().and_then(|reply| reply.get("body").cloned());
    Shown {
        status: summary.status.to_string(),
        rests: summary.status.is_at_rest(),
        answer: reply.unwrap_or_else(|| summary.output.clone()),
        failure: summary.failure.as_ref().map(|failure| failure.message.to_string()),
    }
}

/// A page with these texts in its fields.
fn blank(
    declared: &Declared,
    request: &Request,
    status: u16,
    texts: &[(String, String)],
    faults: &[Misfit],
    note: Option<&str>,
) -> Answer {
    let known = request.cookie(BROWSER).filter(|mark| is_mark(mark)).map(str::to_owned);
    let browser = known.unwrap_or_else(new_mark);
    let marks = [(BROWSER, browser.clone()), (PAGE, new_mark())];
    let html = page::form(declared, &marks, texts, faults, note);
    let cookie = format!("{BROWSER}={browser}; Path={}; HttpOnly; SameSite=Strict", request.path);
    page::private(Answer::page(status, html)).header("set-cookie", cookie)
}

/// A text that nobody can guess.
fn new_mark() -> String {
    // Each has 74 bits of chance.
    let chance = [uuid::Uuid::now_v7(), uuid::Uuid::now_v7()].map(uuid::Uuid::into_bytes);
    Digest::of(&chance.concat()).to_string()
}

fn is_mark(text: &str) -> bool {
    text.len() == MARK_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
