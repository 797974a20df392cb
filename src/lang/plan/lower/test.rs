//! Tests, as data.

use super::super::formula::Formula;
use super::super::test::{Act, Answer, Mock, Reply, Target, Test};
use super::value::Values;
use crate::base::failure::Kind;
use crate::base::time::Duration;
use crate::lang::check::Callee;
use crate::lang::syntax::ast::{self, MockAnswer, TestItem};

pub(super) fn lower(declared: &ast::Test, values: &Values<'_>) -> Test {
    let mut test = Test {
        title: declared.title.text.clone(),
        workflow: declared.workflow.dotted().into(),
        span: declared.title.span,
        input: None,
        trigger: None,
        state: None,
        at: None,
        mocks: Vec::new(),
        acts: Vec::new(),
    };
    for item in &declared.items {
        match item {
            TestItem::Input(input) => test.input = Some(values.value(input)),
            TestItem::Trigger(trigger) => test.trigger = Some(values.fields(&trigger.fields)),
            TestItem::State(state) => test.state = Some(values.fields(&state.fields)),
            TestItem::At(moment) => test.at = moment.text.parse().ok(),
            TestItem::Mock(mock) => test.mocks.push(self::mock(mock, values)),
            TestItem::Advance(time, span) => {
                test.acts.push(Act::Advance(values.duration(time).unwrap_or(Duration::ZERO), *span));
            }
            TestItem::Signal { name, payload, span } => test.acts.push(Act::Signal {
                name: name.text.clone(),
                payload: values.optional(payload.as_ref()),
                span: *span,
            }),
            TestItem::Event { topic, payload, span } => test.acts.push(Act::Event {
                topic: topic.text.clone(),
                payload: values.optional(payload.as_ref()),
                span: *span,
            }),
            TestItem::Cancel(span) => test.acts.push(Act::Cancel(*span)),
            TestItem::Expect(expected, _) => test.acts.push(Act::Expect(values.script(expected))),
        }
    }
    test
}

fn mock(declared: &ast::Mock, values: &Values<'_>) -> Mock {
    let target = |path: &ast::Path| match values.checked.callees.get(&path.span) {
        Some(Callee::Operation(signature)) => Target::Operation(signature.full_name()),
        Some(Callee::Workflow(name)) => Target::Workflow(name.clone()),
        Some(Callee::Step(name)) => Target::Step(name.clone()),
        None => Target::Step(path.dotted().into()),
    };
    // A condition behind the last of several replies that have none is one for all of them.
    let common = match declared.replies.split_last() {
        Some((last, others)) if others.iter().all(|reply| reply.when.is_none()) => last.when.as_ref(),
        _ => None,
    };
    Mock {
        targets: declared.targets.iter().map(target).collect(),
        replies: declared.replies.iter().map(|reply| self::reply(reply, common, values)).collect(),
        span: declared.span,
    }
}

fn reply(declared: &ast::MockReply, common: Option<&ast::Expr>, values: &Values<'_>) -> Reply {
    Reply {
        after: declared.after.as_ref().and_then(|after| values.duration(after)),
        answer: match &declared.answer {
            MockAnswer::Value(value) => Answer::Value(values.value(value)),
            MockAnswer::Fails { kind, message, fields } => Answer::Fails {
                kind: Kind::named(&kind.text),
                message: message.as_ref().map(|message| values.expr(message)),
                fields: fields.as_ref().map(|fields| -> Formula { values.fields(&fields.fields) }),
            },
            MockAnswer::Never(_) => Answer::Never,
        },
        times: declared.times.as_ref().and_then(|times| values.count(times)),
        when: declared.when.as_ref().or(common).map(|when| values.script(when)),
    }
}
