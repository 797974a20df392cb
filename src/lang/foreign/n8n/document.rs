//! The nodes of a document and the ways between them.

use std::collections::VecDeque;

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::lang::foreign::source::{Source, Unusable};

/// How many nodes a document may have.
const NODES_MAX: usize = 5_000;
/// How many states a search for where ways meet looks at.
const REACH_MAX: usize = 600;

/// Where a way leads to: a node and one of its inputs.
pub type Way = (usize, usize);

/// A node.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its type without the package it comes from: `httpRequest`.
    pub kind: &'a str,
    /// Which shape its parameters have.
    pub version: f64,
    /// All that is said of it.
    pub json: &'a Json,
}

impl<'a> Node<'a> {
    /// One of its parameters; a locator (`{ mode, value }`) is its value.
    pub fn param(&self, name: &str) -> &'a Json {
        let param = &self.json["parameters"][name];
        if param["__rl"] == true { &param["value"] } else { param }
    }

    /// A parameter that is a text.
    pub fn text(&self, name: &str) -> &'a str {
        self.param(name).as_str().unwrap_or_default()
    }

    /// Whether it is passed over.
    pub fn is_disabled(&self) -> bool {
        self.json["disabled"] == true
    }

    /// Whether it is where runs begin.
    pub fn is_trigger(&self) -> bool {
        self.kind.ends_with("Trigger")
            || matches!(self.kind, "webhook" | "cron" | "interval" | "start" | "emailReadImap" | "rssFeedReadTrigger")
    }

    /// Whether an error leads out by an output of its own.
    pub fn has_error_output(&self) -> bool {
        self.json["onError"] == "continueErrorOutput"
    }

    /// Whether an error is passed over.
    pub fn goes_on_after_error(&self) -> bool {
        self.json["onError"] == "continueRegularOutput" || self.json["continueOnFail"] == true
    }

    /// Whether it looks at all items at once.
    pub fn gathers(&self) -> bool {
        match self.kind {
            "merge" | "aggregate" | "summarize" | "limit" | "sort" | "removeDuplicates" | "splitInBatches"
            | "itemLists" | "respondToWebhook" | "compareDatasets" | "convertToFile" | "spreadsheetFile" | "filter" => {
                true
            }
            "code" | "function" => self.text("mode") != "runOnceForEachItem",
            _ => self.json["executeOnce"] == true,
        }
    }

    /// Whether only one of its ways is taken.
    pub fn chooses(&self) -> bool {
        matches!(self.kind, "if" | "switch") || self.has_error_output()
    }
}

/// The nodes of a document and the ways between them.
#[derive(Debug)]
pub struct Graph<'a> {
    /// The nodes, in the order of the document.
    pub nodes: Vec<Node<'a>>,
    /// Where each leads to, by its outputs.
    next: Vec<Vec<Vec<Way>>>,
    /// Whether each leads back to itself.
    pub turns: Vec<bool>,
    /// Ways that lead nowhere, in words.
    pub dangling: Vec<String>,
}

impl<'a> Graph<'a> {
    /// Reads the nodes of a document.
    pub fn of(source: &Source<'_>, document: &'a Json) -> Result<Self, Unusable> {
        let listed = document["nodes"].as_array().map_or(&[][..], Vec::as_slice);
        if listed.is_empty() {
            return Err(Unusable::new("the workflow has no `nodes`"));
        }
        if listed.len() > NODES_MAX {
            let message = format!("the workflow has {} nodes, {NODES_MAX} are the most", listed.len());
            return Err(Unusable::new(message).hint("import parts of it, each a workflow of its own"));
        }
        let mut nodes: Vec<Node<'a>> = Vec::with_capacity(listed.len());
        let mut numbers: IndexMap<&str, usize> = IndexMap::new();
        for json in listed {
            let (Some(name), Some(kind)) = (json["name"].as_str(), json["type"].as_str()) else {
                let what = json["name"].as_str().or(json["type"].as_str()).unwrap_or("one of them");
                return Err(Unusable::new(format!("a node has no `name` or no `type`: {what}"))
                    .hint("each of `nodes` has both")
                    .at(source.line(&["nodes"])));
            };
            let kind = kind.rsplit('.').next().unwrap_or(kind);
            numbers.insert(name, nodes.len());
            nodes.push(Node { name, kind, version: json["typeVersion"].as_f64().unwrap_or(1.0), json });
        }
        let mut next: Vec<Vec<Vec<Way>>> = vec![Vec::new(); nodes.len()];
        let mut dangling = Vec::new();
        for (from, ways) in document["connections"].as_object().into_iter().flatten() {
            let Some(&at) = numbers.get(from.as_str()) else {
                dangling.push(format!("a way began at `{from}`, and no node is called so"));
                continue;
            };
            for output in ways["main"].as_array().into_iter().flatten() {
                let mut targets: Vec<Way> = Vec::new();
                for way in output.as_array().into_iter().flatten() {
                    let to = way["node"].as_str().unwrap_or_default();
                    match numbers.get(to) {
                        Some(&to) => {
                            targets.push((to, way["index"].as_u64().map_or(0, |index| index.min(64) as usize)))
                        }
                        None => dangling.push(format!("`{from}` led to `{to}`, and no node is called so")),
                    }
                }
                // The order in which n8n takes them: from the top of the canvas to its bottom, then from left to right.
                targets.sort_by(|a, b| place(nodes[a.0].json).total_cmp(&place(nodes[b.0].json)));
                next[at].push(targets);
            }
        }
        let turns = turning(&next);
        Ok(Self { nodes, next, turns, dangling })
    }

    /// Where an output of a node leads to.
    pub fn ways(&self, at: usize, output: usize) -> &[Way] {
        self.next.get(at).and_then(|outputs| outputs.get(output)).map_or(&[], Vec::as_slice)
    }

    /// How many outputs of a node are connected.
    pub fn outputs(&self, at: usize) -> usize {
        self.next.get(at).map_or(0, Vec::len)
    }

    /// The number of a node.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.nodes.iter().rposition(|node| node.name == name)
    }

    /// All nodes that a node leads to.
    fn all(&self, at: usize) -> impl Iterator<Item = usize> {
        self.next.get(at).into_iter().flatten().flatten().map(|(to, _)| *to)
    }

    /// The inputs of a node to which ways lead from `among`.
    pub fn inputs(&self, at: usize, among: &[bool]) -> Vec<usize> {
        let mut inputs: Vec<usize> = Vec::new();
        for ways in self.next.iter().zip(among).filter(|(_, is_in)| **is_in).flat_map(|(outputs, _)| outputs) {
            for (_, input) in ways.iter().filter(|(to, _)| *to == at) {
                if !inputs.contains(input) {
                    inputs.push(*input);
                }
            }
        }
        inputs.sort_unstable();
        inputs
    }

    /// The nodes that can be come to from some, themselves included, as far as none of `walls` lies between; in the order
    /// in which they are come to.
    pub fn reach(&self, from: &[usize], walls: &[usize]) -> Vec<usize> {
        let mut seen = vec![false; self.nodes.len()];
        let mut order = Vec::new();
        let mut open: VecDeque<usize> = from.iter().copied().collect();
        while let Some(at) = open.pop_front() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            order.push(at);
            if !walls.contains(&at) && order.len() < REACH_MAX {
                open.extend(self.all(at));
            }
        }
        order
    }

    /// Which nodes can be come to from some.
    pub fn reached(&self, from: &[usize]) -> Vec<bool> {
        let mut seen = vec![false; self.nodes.len()];
        let mut open: Vec<usize> = from.to_vec();
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut seen[at], true) {
                open.extend(self.all(at));
            }
        }
        seen
    }

    /// The nodes that lead back to one and are led to by it, without passing `walls`: a loop, or nothing.
    pub fn circle(&self, head: usize, walls: &[usize]) -> Vec<usize> {
        if !self.turns[head] {
            return Vec::new();
        }
        let ahead = self.reach(&[head], walls);
        let mut back: IndexMap<usize, Vec<usize>> = IndexMap::new();
        for at in ahead.iter().copied().filter(|at| !walls.contains(at)) {
            self.all(at).for_each(|to| back.entry(to).or_default().push(at));
        }
        let mut seen = vec![false; self.nodes.len()];
        let mut open = back.get(&head).cloned().unwrap_or_default();
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut seen[at], true) {
                open.extend(back.get(&at).into_iter().flatten());
            }
        }
        ahead.into_iter().filter(|at| seen[*at]).collect()
    }

    /// Whether each way from a node comes to another one, as far as none of `walls` lies between.
    pub fn surely(&self, from: usize, to: usize, walls: &[usize]) -> bool {
        // Backwards from `to`: a node that chooses is sure when each of its outputs is, another one when one of its ways is.
        let ahead = self.reach(&[from], walls);
        if ahead.len() >= REACH_MAX {
            return false;
        }
        let mut sure = vec![false; self.nodes.len()];
        sure[to] = true;
        loop {
            let mut changed = false;
            for at in ahead.iter().rev().copied().filter(|at| !walls.contains(at)) {
                if !sure[at] && self.is_sure(at, &sure) {
                    sure[at] = true;
                    changed = true;
                }
            }
            if !changed || sure[from] {
                return sure[from];
            }
        }
    }

    fn is_sure(&self, at: usize, sure: &[bool]) -> bool {
        let node = &self.nodes[at];
        let leads = |output: usize| self.ways(at, output).iter().any(|(to, _)| sure[*to]);
        if node.kind == "if" {
            leads(0) && leads(1)
        } else if node.chooses() {
            self.outputs(at) > 1 && (0..self.outputs(at)).all(leads)
        } else if matches!(node.kind, "filter" | "stopAndError") {
            false
        } else {
            (0..self.outputs(at)).any(leads)
        }
    }
}

/// Which nodes lead back to themselves: each is in a ring of several, or leads to itself.
fn turning(next: &[Vec<Vec<Way>>]) -> Vec<bool> {
    let count = next.len();
    let ways: Vec<Vec<usize>> =
        next.iter().map(|outputs| outputs.iter().flatten().map(|(to, _)| *to).collect()).collect();
    let mut back: Vec<Vec<usize>> = vec![Vec::new(); count];
    ways.iter().enumerate().for_each(|(at, to)| to.iter().for_each(|to| back[*to].push(at)));
    // In the order in which they are left, then backwards from the last one left: what is met is one ring.
    let (mut seen, mut left) = (vec![false; count], Vec::with_capacity(count));
    for start in 0..count {
        let mut open = vec![(start, 0usize)];
        while let Some((at, place)) = open.pop() {
            if place == 0 && std::mem::replace(&mut seen[at], true) {
                continue;
            }
            match ways[at].get(place) {
                Some(to) => open.extend([(at, place + 1), (*to, 0)]),
                None => left.push(at),
            }
        }
    }
    let (mut seen, mut turns) = (vec![false; count], vec![false; count]);
    for start in left.into_iter().rev() {
        let (mut ring, mut open) = (Vec::new(), vec![start]);
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut seen[at], true) {
                ring.push(at);
                open.extend(&back[at]);
            }
        }
        let is_ring = ring.len() > 1 || ways[start].contains(&start);
        ring.into_iter().for_each(|at| turns[at] = is_ring);
    }
    turns
}

/// Where a node lies on the canvas.
fn place(json: &Json) -> f64 {
    let one = |at: usize| json["position"][at].as_f64().filter(|it| it.is_finite()).unwrap_or_default();
    one(1) * 1_000_000.0 + one(0)
}
