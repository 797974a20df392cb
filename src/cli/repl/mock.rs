//! `:mock TARGET => VALUE`: what is answered by hand, with all that tests can say behind `mock`.

use std::sync::Arc;

use super::body;
use super::session::Session;
use super::sheet::Sheet;
use crate::base::diagnostic::nearest;
use crate::base::span::{FileId, Source};
use crate::cli::exit::{Exit, Stop};
use crate::cli::paper::deliver;
use crate::cli::run::example_input;
use crate::host::Program;
use crate::host::answers::Answers;
use crate::lang::layout;
use crate::lang::plan::{Kind, Plan};
use crate::lang::syntax::{ast, read};

/// Something that is answered by hand.
#[derive(Clone, Debug)]
pub struct Answered {
    /// What stands behind `mock`.
    text: Source,
    /// Whose steps it names.
    home: Home,
}

/// Whose steps an answer names.
#[derive(Clone, Debug)]
enum Home {
    /// Those of this workflow.
    Workflow {
        /// Its name.
        name: Arc<str>,
        /// An input that fits it, as a program writes it.
        input: String,
    },
    /// Nobody's.
    None,
    /// These, which may be typed later.
    Later(Vec<Arc<str>>),
}

/// Answers by hand from now on; lists what is answered so; forgets all of it.
///
/// # Errors
/// What is wrong with the answer.
pub fn answer(session: &mut Session, text: &str) -> Result<Exit, Stop> {
    match text {
        "" => {
            let list = session.answers.iter().map(|answer| format!("mock {}", answer.text.text.trim()));
            deliver(&list.collect::<Vec<_>>().join("\n"));
            return Ok(Exit::Done);
        }
        "off" => {
            session.answers.clear();
            session.stage.answers = None;
            return Ok(Exit::Done);
        }
        _ => {}
    }
    let text = session.next_source(text);
    let home = home(session, &text)?;
    let newest = Answered { text: text.clone(), home };
    // The first that is written counts: the newest comes first.
    let all: Vec<Answered> = std::iter::once(newest).chain(session.answers.iter().cloned()).collect();
    let sheet = written(session, &all);
    let program = Program::from_text("session", sheet.text()).map_err(|faults| session.wrong(faults, &sheet, &text))?;
    let tests = &program.package.tests;
    let answers = Answers::of(program.package.clone(), &tests[tests.len().saturating_sub(all.len())..]);
    session.stage.answers = Some(Arc::new(answers));
    if let Some(Answered { home: Home::Later(steps), .. }) = all.first() {
        let steps: Vec<String> = steps.iter().map(|step| format!("`{step}`")).collect();
        session.remark(&format!("no step {} waits yet; one that is typed later is answered so", steps.join(", ")));
    }
    session.answers = all;
    Ok(Exit::Done)
}

/// The text in which answers are read: each in a test of its own.
fn written(session: &Session, all: &[Answered]) -> Sheet {
    let mut sheet = Sheet::default();
    body::put_declarations(&mut sheet, &session.declarations);
    let name = body::free_name(&session.declarations);
    sheet.put(&format!("workflow {name} {{\n"));
    let mut later: Vec<&Arc<str>> = all.iter().flat_map(|answer| answer.home.later()).collect();
    later.sort();
    later.dedup();
    later.iter().for_each(|step| sheet.put(&format!("step {step} = wait signal \"{step}\"\n")));
    sheet.put("}\n");
    for answer in all {
        let (workflow, input) = match &answer.home {
            Home::Workflow { name, input } => (&**name, input.as_str()),
            Home::None | Home::Later(_) => (name.as_str(), "{}"),
        };
        sheet.put(&format!("test \"answered by hand\" for {workflow} {{\ninput: {input}\nmock "));
        sheet.quote(&answer.text, 0..answer.text.text.len());
        sheet.put("\nexpect true\n}\n");
    }
    sheet
}

impl Home {
    fn later(&self) -> &[Arc<str>] {
        match self {
            Self::Workflow { .. } | Self::None => &[],
            Self::Later(steps) => steps,
        }
    }
}

/// Whose steps an answer names: those of a workflow of the session, or else of what will be typed.
fn home(session: &Session, text: &Source) -> Result<Home, Stop> {
    let (program, _) = session.program()?;
    let plans = &program.package.plans;
    let bare = bare_targets(&text.text);
    let steps: Vec<&Arc<str>> = bare.iter().filter(|name| !plans.contains_key(*name)).collect();
    let of = |fits: &dyn Fn(&Plan, &str) -> bool| {
        let plan = plans.values().find(|plan| steps.iter().all(|step| fits(plan, step)));
        plan.map(|plan| Home::Workflow { name: plan.name.clone(), input: layout::value(&example_input(plan)) })
    };
    let near = |plan: &Plan, step: &str| nearest(step, waiting(plan)).is_some();
    Ok(match steps.as_slice() {
        [] => Home::None,
        _ => of(&|plan, step| waiting(plan).any(|known| known == step))
            .or_else(|| of(&|plan, step| named(plan).any(|known| known == step)))
            .or_else(|| of(&near))
            .unwrap_or_else(|| match steps.iter().any(|step| is_connector(session, step)) {
                true => Home::None,
                false => Home::Later(steps.into_iter().cloned().collect()),
            }),
    })
}

fn is_connector(session: &Session, name: &str) -> bool {
    session.declarations.named("connector").any(|known| known == name) || Program::of_standard(name).is_some()
}

/// The targets of an answer that are no operations.
fn bare_targets(text: &str) -> Vec<Arc<str>> {
    let source = Source::new("", &format!("test \"\" for session {{\nmock {text}\n}}\n"));
    let tests = read(FileId(0), &source).program.declarations.into_iter().filter_map(|declaration| match declaration {
        ast::Declaration::Test(test) => Some(test.items),
        _ => None,
    });
    let targets = tests.flatten().filter_map(|item| match item {
        ast::TestItem::Mock(mock) => Some(mock.targets),
        _ => None,
    });
    let bare = targets.flatten().filter_map(|target| match target.parts.as_slice() {
        [name] => Some(name.text.clone()),
        _ => None,
    });
    bare.collect()
}

/// The names of the steps of a workflow.
fn named(plan: &Plan) -> impl Iterator<Item = &str> {
    plan.nodes.iter().filter_map(|node| node.name.as_deref())
}

/// The names of its steps that wait or ask.
fn waiting(plan: &Plan) -> impl Iterator<Item = &str> {
    let waits = plan.nodes.iter().filter(|node| matches!(node.kind, Kind::Wait(_) | Kind::Ask(_)));
    waits.filter_map(|node| node.name.as_deref())
}
