//! `switch`: the first case that holds says where to go on. Ways that part, and where they meet.

use super::author::Author;
use super::expression::Scope;
use super::graph::{Graph, cases};
use super::value::Value;
use super::walk::{Around, Stop, Way};
use crate::lang::foreign::condition::negated;

/// How many tasks are looked at as the one where ways meet.
const CANDIDATES_MAX: usize = 60;

/// One of several ways that were written.
pub struct Arm {
    /// When it is taken; the last one has none.
    pub when: Option<String>,
    /// What is done there.
    pub text: String,
    /// What comes of it, if anything comes behind.
    pub then: Option<Value>,
}

impl Author<'_> {
    /// Writes a switch, up to where its ways meet.
    pub fn switch(&mut self, graph: &Graph<'_>, at: usize, value: Value, around: &Around) -> Result<Way, Stop> {
        let (name, task) = graph.tasks[at];
        let taken = self.taken(task, &value, &around.frame);
        let scope = Scope::new(&taken, &around.frame);
        let mut ways: Vec<(Option<String>, usize)> = Vec::new();
        for (_, case) in cases(task) {
            let to = graph.next(at, case);
            let Some(when) = case["when"].as_str() else {
                ways.push((None, to));
                break;
            };
            ways.push((Some(self.condition(when, &scope)), to));
        }
        if ways.last().is_none_or(|(when, _)| when.is_some()) {
            ways.push((None, graph.next(at, task)));
        }
        let then = self.given_on(task, &value, &taken, taken.clone(), &around.frame);
        self.settle();
        // A case that leads where all others lead, too, decides nothing.
        while ways.len() > 1 && ways[ways.len() - 2].1 == ways[ways.len() - 1].1 {
            ways.remove(ways.len() - 2);
        }
        if let [(_, only)] = ways.as_slice() {
            return Ok(Way::On(*only, then));
        }
        if self.is_deep(&around.frame) {
            let value = self.tangled(then);
            return Ok(Way::On(around.stop, value));
        }
        let targets: Vec<usize> = ways.iter().map(|(_, to)| *to).collect();
        let stop = meeting(graph, &targets, around);
        let inner = around.within(stop);
        let mut arms = Vec::new();
        for (when, to) in ways {
            let (text, then) = self.aside(|author| author.walk(graph, to, then.clone(), &inner))?;
            arms.push(Arm { when, text, then });
        }
        name.clone_into(&mut self.task);
        Ok(match self.join(name, arms, &then) {
            Some(then) => Way::On(stop, then),
            None => Way::Over,
        })
    }

    /// What is written inside of a block that is not begun yet.
    pub fn aside<T>(&mut self, write: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<(String, T), Stop> {
        let begin = self.draft.place();
        self.draft.deeper(true);
        let done = write(self)?;
        self.settle();
        self.draft.deeper(false);
        Ok((self.draft.cut(begin), done))
    }

    /// Writes ways as an `if`; what comes of it, if anything comes behind.
    pub fn join(&mut self, name: &str, mut arms: Vec<Arm>, before: &Value) -> Option<Value> {
        let ends: Vec<&Value> = arms.iter().filter_map(|arm| arm.then.as_ref()).collect();
        let first = ends.first().copied().cloned();
        let is_alike = ends.iter().all(|end| *end == before)
            || ends.len() > 1 && ends.iter().all(|end| Some(*end) == first.as_ref());
        let result = if ends.is_empty() {
            None
        } else if is_alike {
            first
        } else {
            Some(Value::nothing())
        };
        let step = (!is_alike && result.is_some()).then(|| self.draft.name(name));
        if step.is_none() {
            if let [one, other] = arms.as_slice()
                && one.text.is_empty()
                && !other.text.is_empty()
            {
                let when = one.when.as_deref().map(negated);
                arms.remove(0);
                arms[0].when = when;
            }
            if arms.last().is_some_and(|arm| arm.when.is_none() && arm.text.is_empty()) {
                arms.pop();
            }
        }
        if arms.iter().all(|arm| arm.text.is_empty()) && step.is_none() {
            return result;
        }
        for (at, arm) in arms.iter().enumerate() {
            let head = match (at, &arm.when) {
                (0, Some(when)) => format!("if {when}"),
                (_, Some(when)) => format!("else if {when}"),
                (_, None) => "else".to_owned(),
            };
            match (at, &step) {
                (0, Some(step)) => self.draft.open(&format!("step {step}: any = {head}")),
                (0, None) => self.draft.open(&head),
                _ => self.draft.otherwise(&head),
            }
            self.draft.paste(&arm.text);
            if let (Some(_), Some(then)) = (&step, &arm.then) {
                let term = then.term(&mut self.reads);
                self.draft.statement("output", &term);
            }
        }
        self.draft.close("");
        match step {
            Some(step) => Some(Value::path(step)),
            None => result,
        }
    }
}

/// The task at which ways meet, so that each task is written once: the first that no way which goes on goes past.
fn meeting(graph: &Graph<'_>, targets: &[usize], around: &Around) -> usize {
    let walls = around.walls(graph);
    let reached: Vec<Vec<usize>> = targets.iter().map(|to| graph.ways.reach(*to, &walls)).collect();
    let goes_on: Vec<(usize, &Vec<usize>)> =
        targets.iter().copied().zip(&reached).filter(|(_, reached)| reached.contains(&around.stop)).collect();
    let Some((_, first)) = goes_on.first() else { return around.stop };
    let candidates = first.iter().copied().filter(|at| *at != around.stop && !walls.contains(at)).take(CANDIDATES_MAX);
    for candidate in candidates {
        let mut walls = walls.clone();
        walls.push(candidate);
        let is_passed = goes_on.iter().any(|(to, reached)| {
            !reached.contains(&candidate) || *to != candidate && graph.ways.reach(*to, &walls).contains(&around.stop)
        });
        if !is_passed {
            return candidate;
        }
    }
    around.stop
}
