//! Where one of several ways is taken: what a choice decides, what becomes of an error.

use super::document::Document;
use super::graph::Graph;
use super::machine::Machine;
use super::walk::{Around, Stop, Way};
use crate::lang::foreign::condition::negated;
use crate::lang::foreign::term::field;

/// One of several ways.
#[derive(Debug)]
pub struct Arm {
    /// When it is taken; the last one has none.
    pub when: Option<String>,
    /// The state it leads to.
    pub to: usize,
    /// The document there.
    pub document: Document,
    /// What is written before all else.
    pub first: String,
}

impl Arm {
    /// A way without anything on it but its states.
    pub fn new(when: Option<String>, to: usize, document: Document) -> Self {
        Self { when, to, document, first: String::new() }
    }
}

impl Machine<'_> {
    /// Writes ways as an `if`, up to the state where they meet.
    pub fn fork(&mut self, graph: &Graph<'_>, name: &str, arms: Vec<Arm>, around: &Around) -> Result<Way, Stop> {
        self.bounded(around)?;
        let stop = if around.jump.is_some() { graph.end() } else { Self::meeting(graph, &arms, around)? };
        let inner = around.within(stop);
        let begin = self.draft.place();
        let mut written: Vec<(Option<String>, String, Option<Document>)> = Vec::new();
        self.draft.deeper(true);
        for arm in arms {
            self.draft.paste(&arm.first);
            let then = self.walk(graph, arm.to, arm.document, &inner)?;
            written.push((arm.when, self.draft.cut(begin), then));
        }
        self.draft.deeper(false);
        let ends: Vec<&Document> = written.iter().filter_map(|(.., then)| then.as_ref()).collect();
        let Some(first) = ends.first().copied().cloned() else {
            self.blocks(written, None);
            return Ok(Way::Over);
        };
        if ends.iter().all(|end| **end == first) {
            self.blocks(written, None);
            return Ok(Way::On(stop, first));
        }
        let common = Document::common(&ends);
        let step = self.draft.name(name);
        let Some((base, mut fields, differ)) = common else {
            self.blocks(written, Some(&step));
            return Ok(Way::On(stop, Document::Path(step)));
        };
        // Only that in which the ways differ is what the block gives.
        for (.., then) in &mut written {
            let Some(end) = then.as_mut() else { continue };
            let own = |name: &String| end.over(name).cloned().unwrap_or_else(Document::empty);
            *end = match differ.as_slice() {
                [only] => own(only),
                all => Document::Made(None, all.iter().map(|name| (name.clone(), own(name))).collect()),
            };
        }
        match differ.as_slice() {
            [only] => drop(fields.insert(only.clone(), Document::Path(step.clone()))),
            all => all.iter().for_each(|name| {
                fields.insert(name.clone(), Document::Path(format!("{step}{}", field(name))));
            }),
        }
        self.blocks(written, Some(&step));
        Ok(Way::On(stop, Document::Over(Box::new(base), fields)))
    }

    /// Writes the blocks; with a name for what they give, each says what that is.
    fn blocks(&mut self, written: Vec<(Option<String>, String, Option<Document>)>, step: Option<&str>) {
        let mut written = written;
        if step.is_none()
            && let [(Some(when), first, _), (None, second, _)] = written.as_slice()
            && first.is_empty()
            && !second.is_empty()
        {
            written = vec![(Some(negated(when)), second.clone(), None)];
        }
        let is_last_empty = written.last().is_some_and(|(when, text, _)| when.is_none() && text.is_empty());
        if step.is_none() && is_last_empty {
            written.pop();
        }
        let count = written.len();
        for (at, (when, text, then)) in written.into_iter().enumerate() {
            let head = match (at, &when) {
                (0, Some(when)) => format!("if {when}"),
                (_, Some(when)) => format!("else if {when}"),
                (_, None) => "else".to_owned(),
            };
            if at == 0 {
                let head = step.map_or_else(|| head.clone(), |step| format!("step {step}: any = {head}"));
                self.draft.open(&head);
            } else {
                self.draft.otherwise(&head);
            }
            self.draft.paste(&text);
            if let (Some(_), Some(then)) = (step, then) {
                let term = then.term(&mut self.reads);
                self.draft.statement("output", &term);
            }
            if at + 1 == count {
                self.draft.close("");
            }
        }
    }

    /// The state at which the ways meet, so that each state is written once.
    fn meeting(graph: &Graph<'_>, arms: &[Arm], around: &Around) -> Result<usize, Stop> {
        let walls = around.walls(graph);
        let mut targets: Vec<usize> = Vec::new();
        for arm in arms {
            if !targets.contains(&arm.to) {
                targets.push(arm.to);
            }
        }
        let reached: Vec<Vec<usize>> = targets.iter().map(|to| graph.ways.reach(*to, &walls)).collect();
        let shared = shared(&reached, &walls, graph.end());
        if shared.is_empty() && targets.len() == arms.len() {
            let through: Vec<usize> = targets
                .iter()
                .zip(&reached)
                .filter(|(_, reached)| reached.contains(&around.stop))
                .map(|(to, _)| *to)
                .collect();
            return Ok(match through.as_slice() {
                [only] => *only,
                _ => around.stop,
            });
        }
        // Two ways to one state meet there.
        let candidates = if shared.is_empty() { targets.clone() } else { shared };
        for candidate in candidates {
            let mut walls = walls.clone();
            walls.push(candidate);
            let reached: Vec<Vec<usize>> =
                targets.iter().filter(|to| **to != candidate).map(|to| graph.ways.reach(*to, &walls)).collect();
            let is_met = self::shared(&reached, &walls, graph.end()).is_empty();
            let is_passed = candidate != around.stop && reached.iter().any(|reached| reached.contains(&around.stop));
            let ends_early = !around.returns && reached.iter().any(|reached| reached.contains(&graph.end()));
            if is_met && !is_passed && !ends_early {
                return Ok(candidate);
            }
        }
        Err(Stop::Tangled)
    }
}

/// The states that several ways lead to, but for walls, in the order in which they are come to.
fn shared(reached: &[Vec<usize>], walls: &[usize], end: usize) -> Vec<usize> {
    let mut counts = vec![0usize; end + 1];
    reached.iter().flatten().for_each(|at| counts[*at] += 1);
    let mut shared = Vec::new();
    for at in reached.iter().flatten() {
        if counts[*at] > 1 && !walls.contains(at) && !shared.contains(at) {
            shared.push(*at);
        }
    }
    shared
}
