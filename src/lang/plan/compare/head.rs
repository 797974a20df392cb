//! What a workflow says besides what it does: its input, variables, state, triggers and clauses; the functions and operations it
//! is made of.

use super::super::connector::Operation;
use super::super::fingerprint;
use super::super::formula::Formula;
use super::super::trigger::Trigger;
use super::super::workflow::Plan;
use super::super::written;
use super::align::align;
use super::change::{Change, Part};
use super::differences::{compare_parts, part};
use super::parts::{self, Parts};
use crate::base::shape::Field;
use crate::lang::layout;

/// The differences of what stands above the steps.
pub(super) fn differences(old: &Plan, new: &Plan, changes: &mut Vec<Change>) {
    compare_parts(&head(old), &head(new), "", changes);
    triggers(old, new, changes);
}

fn head(plan: &Plan) -> Parts {
    let mut parts = Parts::new();
    let mut clause = |word: &str, text: Option<String>| {
        parts.extend(text.map(|text| (Part::Clause(word.to_owned()), text)));
    };
    clause("title", plan.title.as_ref().map(|title| format!("{title:?}")));
    clause("version", plan.version.as_ref().map(|version| format!("{version:?}")));
    clause("deadline", plan.deadline.as_ref().map(ToString::to_string));
    clause(
        "concurrency",
        plan.concurrency.as_ref().map(|concurrency| {
            let per = concurrency.per.as_ref().map(|per| format!(" per {per}")).unwrap_or_default();
            format!("{}{per}, then {}", concurrency.places, concurrency.overflow)
        }),
    );
    clause(
        "key",
        plan.key.as_ref().map(|key| {
            let keep = key.keep.map(|keep| format!(" for {keep}")).unwrap_or_default();
            format!("{}{keep}", key.key)
        }),
    );
    clause("priority", plan.priority.as_ref().map(ToString::to_string));
    clause("tags", (!plan.tags.is_empty()).then(|| plan.tags.join(", ")));
    for field in &plan.input.fields {
        let name = field.name.to_string();
        let default = field.default.as_ref().map(|default| format!(" = {}", layout::value(default)));
        let text = format!("{}{}", field.shape, default.unwrap_or_default());
        parts.push((Part::Input(name), text));
    }
    parts.extend(plan.vars.iter().map(|(field, first)| (Part::Variable(field.name.to_string()), typed(field, first))));
    if let Some(state) = &plan.state {
        parts.extend(state.by.iter().map(|by| (Part::Clause("state by".into()), parts::line(&by.source))));
        for (field, first) in &state.fields {
            let keep = state.keep.get(&field.name).map(|keep| format!(" for {keep}")).unwrap_or_default();
            parts.push((Part::State(field.name.to_string()), format!("{}{keep}", typed(field, first))));
        }
    }
    parts
}

fn typed(field: &Field, first: &Formula) -> String {
    format!("{} = {first}", field.shape)
}

fn triggers(old: &Plan, new: &Plan, changes: &mut Vec<Change>) {
    let digests = |plan: &Plan| plan.triggers.iter().map(fingerprint::whole).collect::<Vec<_>>();
    let same = align(&digests(old), &digests(new));
    let mut gone: Vec<&Trigger> = left(&old.triggers, |at| same.iter().any(|(old, _)| *old == at));
    let fresh = left(&new.triggers, |at| same.iter().any(|(_, new)| *new == at));
    let mut say = |before: Option<&Trigger>, after: Option<&Trigger>| {
        let (before, after) = (before.map(parts::trigger), after.map(parts::trigger));
        changes.push(Change { at: String::new(), what: part(Part::Trigger, before, after) });
    };
    for trigger in fresh {
        let kindred = gone.iter().position(|old| old.kind.word() == trigger.kind.word());
        say(kindred.map(|at| gone.remove(at)), Some(trigger));
    }
    gone.into_iter().for_each(|trigger| say(Some(trigger), None));
}

fn left(triggers: &[Trigger], is_same: impl Fn(usize) -> bool) -> Vec<&Trigger> {
    triggers.iter().enumerate().filter(|(at, _)| !is_same(*at)).map(|(_, trigger)| trigger).collect()
}

/// The differences of the functions and operations that both plans use.
pub(super) fn surroundings(old: &Plan, new: &Plan, changes: &mut Vec<Change>) {
    compare_parts(&functions(old), &functions(new), "", changes);
    for (name, before) in &old.operations {
        let Some(after) = new.operations.get(name) else { continue };
        if fingerprint::whole(&**before) != fingerprint::whole(&**after) {
            let part = part(Part::Operation(name.to_string()), Some(operation(before)), Some(operation(after)));
            changes.push(Change { at: String::new(), what: part });
        }
    }
}

fn functions(plan: &Plan) -> Parts {
    let text = |function: &crate::lang::script::Function| {
        let params = function.params.join(", ");
        (Part::Function(function.name.to_string()), format!("({params}) {{ {} }}", parts::line(&function.body)))
    };
    plan.functions.sources.iter().map(text).collect()
}

/// What an operation takes and gives, and where it goes.
fn operation(operation: &Operation) -> String {
    let signature = &operation.signature;
    let params: Vec<String> = signature.params.iter().map(|param| format!("{}: {}", param.name, param.shape)).collect();
    let method = operation.request.as_ref().map(|request| format!(" {}", request.method)).unwrap_or_default();
    format!("{} ({}) -> {}{method}", written::effect(&signature.effect), params.join(", "), signature.result)
}
