//! Blocks.

use serde_json::{Map, Value as Json, json};

use super::handler;
use super::writer::{Writer, has_until, has_until_within};
use crate::base::failure;
use crate::lang::plan::body::{Body, Branch, Pattern};
use crate::lang::plan::node::{For, ForSource, Kind, Node, Race, Runners};
use crate::lang::plan::written;
use crate::lang::plan::{Formula, Script};

impl Writer<'_> {
    /// A block as one task.
    pub fn block(&mut self, node: &Node) -> Map<String, Json> {
        match &node.kind {
            Kind::If { arms, otherwise } => {
                let mut ways = Vec::new();
                for (at, (when, branch)) in arms.iter().enumerate() {
                    let when = self.condition(when);
                    ways.push((format!("case_{}", at + 1), Some(when), branch));
                }
                ways.extend(otherwise.as_ref().map(|branch| ("otherwise".to_owned(), None, branch)));
                self.ways(ways)
            }
            Kind::Match { subject, arms } => {
                let mut ways = Vec::new();
                for (at, arm) in arms.iter().enumerate() {
                    let mut when = self.fits(subject, &arm.patterns);
                    if arm.guard.is_some() {
                        self.later("the guard of an arm is left out");
                    }
                    if when.as_ref().is_some_and(|when| when == "${ true }") {
                        when = None;
                    }
                    ways.push((format!("case_{}", at + 1), when, &arm.branch));
                }
                self.ways(ways)
            }
            Kind::Sequence(body) => self.tasks(body),
            Kind::Lock { body, .. } => {
                self.later(format!("`{}` is left out: nothing keeps others out there", written::head(&node.kind)));
                self.tasks(body)
            }
            Kind::Parallel(body) => self.fork(body),
            Kind::For(each) => self.each(node, each),
            Kind::While { condition, max, body, gathers } => {
                if !gathers.is_empty() {
                    self.later("of steps in it that are read behind it only what the last turn gave is known");
                }
                self.turns(node, Some(condition), None, max.as_ref(), body)
            }
            Kind::Repeat { every, max, body, .. } => self.turns(node, None, every.as_ref(), max.as_ref(), body),
            Kind::Race(race) => self.race(race),
            _ => Map::new(),
        }
    }

    /// One of several bodies: where each begins is said first, and each ends the whole.
    fn ways(&mut self, ways: Vec<(String, Option<Json>, &Branch)>) -> Map<String, Json> {
        let mut cases: Vec<Json> = Vec::new();
        let mut bodies: Vec<Json> = Vec::new();
        let mut is_open = true;
        for (name, when, branch) in ways {
            let mut case = Map::new();
            is_open &= when.is_some();
            case.extend(when.map(|when| ("when".to_owned(), when)));
            case.insert("then".to_owned(), name.clone().into());
            cases.push(json!({ &name: case }));
            let tasks = self.aside(&branch.body, "result");
            bodies.push(json!({ name: { "do": tasks, "then": "exit" } }));
        }
        if is_open {
            cases.push(json!({ "none": { "then": "exit" } }));
        }
        let mut tasks = vec![json!({ "decide": { "switch": cases } })];
        tasks.extend(bodies);
        Map::from_iter([("do".to_owned(), tasks.into())])
    }

    /// Whether a value fits one of some patterns.
    fn fits(&mut self, subject: &Script, patterns: &[Pattern]) -> Option<Json> {
        let of = self.jq(subject);
        let mut parts = Vec::new();
        for pattern in patterns {
            let part = match (pattern, &of) {
                (Pattern::Any, _) => return None,
                (Pattern::Literal(value), Some(of)) => format!("({of}) == {}", value.to_json()),
                (Pattern::Range { from, to, inclusive }, Some(of)) => {
                    let sign = if *inclusive { "<=" } else { "<" };
                    let from = from.as_ref().map(|from| format!("({of}) >= {}", from.to_json()));
                    let to = to.as_ref().map(|to| format!("({of}) {sign} {}", to.to_json()));
                    from.into_iter().chain(to).collect::<Vec<_>>().join(" and ")
                }
                _ => {
                    self.later(format!("jq has no equal of a pattern of `match {}`", subject.source.trim()));
                    "false".to_owned()
                }
            };
            parts.push(part);
        }
        Some(format!("${{ {} }}", parts.join(" or ")).into())
    }

    fn tasks(&mut self, body: &Body) -> Map<String, Json> {
        let tasks = self.aside(body, "result");
        Map::from_iter([("do".to_owned(), tasks.into())])
    }

    /// The tasks of a body inside of a task: what is pending stays with the task around.
    pub fn aside(&mut self, body: &Body, result: &str) -> Vec<Json> {
        let pending = std::mem::take(&mut self.pending);
        let ends_a_turn = std::mem::take(&mut self.ends_a_turn);
        let tasks = self.body(body, result);
        self.ends_a_turn = ends_a_turn;
        let mut tasks = self.handled("work", tasks, &body.handlers);
        self.ends_a_turn = false;
        if !body.handlers.is_empty() && has_until(self.plan, body) {
            tasks.extend(self.leaves("work"));
        }
        self.pending = pending;
        if tasks.is_empty() { vec![json!({ "nothing": { "set": "${ . }" } })] } else { tasks }
    }

    /// Turns, by jumps back: as long as a condition holds or until enough was done, and not more often than may be.
    fn turns(
        &mut self,
        node: &Node,
        condition: Option<&Script>,
        every: Option<&Formula>,
        max: Option<&Formula>,
        body: &Body,
    ) -> Map<String, Json> {
        if node.slot.is_some() {
            self.later("what its turns give is not gathered: only the last is known behind it");
        }
        let (count, over) = (format!("turns_{}", node.id.0), format!("over_{}", node.id.0));
        let over = has_until_within(self.plan, body).then_some(over);
        let when = condition.map(|condition| self.condition(condition));
        let most = max.and_then(|max| self.whole(max));
        if let (Some(max), None) = (max, &most) {
            self.later(format!("`max {max}` is left out: jq has no equal"));
        }
        let pause = every.map(|every| self.time(every));
        self.loops.push(over.clone());
        let body = self.aside(body, "result");
        self.loops.pop();
        let name = |wanted: &str| free(&body, wanted);

        let mut first: Vec<String> = Vec::new();
        first.extend(over.map(|over| format!("{over}: false")));
        first.extend(most.as_ref().map(|_| format!("{count}: 0")));
        let mut tasks = Vec::new();
        if !first.is_empty() {
            let export = format!("${{ $context + {{ {} }} }}", first.join(", "));
            tasks.push(json!({ name("begin"): { "set": "${ . }", "export": { "as": export } } }));
        }
        // Where the next turn begins.
        let mut head = None;
        if let Some(when) = when {
            tasks.push(json!({ name("check"): { "switch": [
                { "more": { "when": when, "then": "continue" } },
                { "enough": { "then": "exit" } },
            ] } }));
            head = Some(name("check"));
        }
        if let Some(most) = &most {
            let error =
                handler::raised(&failure::Kind::LimitExceeded, Some(format!("no more than {most} turns").into()));
            let holds = format!("${{ $context.{count} >= {most} }}");
            tasks.push(json!({ name("bound"): { "if": holds, "raise": { "error": error } } }));
            head = head.or_else(|| Some(name("bound")));
        }
        let head = head.unwrap_or_else(|| {
            tasks.push(json!({ name("turn"): { "set": "${ . }" } }));
            name("turn")
        });
        tasks.extend(body.iter().cloned());
        let (wanted, mut back) = match pause {
            Some(pause) => ("pause", json!({ "wait": pause, "then": head })),
            None => ("again", json!({ "set": "${ . }", "then": head })),
        };
        if most.is_some() {
            back["export"] = json!({ "as": format!("${{ $context + {{ {count}: ($context.{count} + 1) }} }}") });
        }
        tasks.push(json!({ name(wanted): back }));
        Map::from_iter([("do".to_owned(), tasks.into())])
    }

    /// Statements that run at once; those that wait for others stand behind them.
    fn fork(&mut self, body: &Body) -> Map<String, Json> {
        let plan = self.plan;
        let mut levels: Vec<usize> = Vec::new();
        for id in &body.statements {
            let waits = &plan.node(*id).waits;
            levels.push(waits.iter().filter_map(|at| levels.get(*at as usize)).max().map_or(0, |level| level + 1));
        }
        let deepest = levels.iter().copied().max().unwrap_or(0);
        let pending = std::mem::take(&mut self.pending);
        let mut tasks: Vec<Json> = Vec::new();
        let mut lost = false;
        for level in 0..=deepest {
            let mut branches: Vec<Json> = Vec::new();
            let mut names: Vec<String> = Vec::new();
            for (id, _) in body.statements.iter().zip(&levels).filter(|(_, own)| **own == level) {
                let node = plan.node(*id);
                let written = self.node(node);
                for mut branch in written {
                    // Branches do not see each other: what they give is kept when all are done.
                    let task = branch.as_object_mut().and_then(|outer| outer.values_mut().next());
                    let export = task.and_then(Json::as_object_mut).and_then(|task| task.remove("export"));
                    match (&node.name, export) {
                        (Some(name), Some(_)) => names.push(format!("{name}: .[{}]", branches.len())),
                        (None, Some(_)) => lost = true,
                        (_, None) => {}
                    }
                    branches.push(branch);
                }
            }
            let name = if deepest == 0 { "together".to_owned() } else { format!("together_{}", level + 1) };
            let mut task = Map::new();
            task.insert("fork".to_owned(), json!({ "compete": false, "branches": branches }));
            if !names.is_empty() {
                let export = format!("${{ $context + {{ {} }} }}", names.join(", "));
                task.insert("export".to_owned(), json!({ "as": export }));
            }
            tasks.push(self.finished(&name, task));
        }
        if let Some(output) = &body.output {
            let task = self.setting(output);
            tasks.push(self.finished("result", task));
        }
        let tasks = self.handled("work", tasks, &body.handlers);
        self.pending = pending;
        if lost {
            self.later("variables that are set beside each other are not seen behind them there");
        }
        Map::from_iter([("do".to_owned(), tasks.into())])
    }

    fn each(&mut self, node: &Node, each: &For) -> Map<String, Json> {
        let list = match &each.source {
            ForSource::Items(items) => self.value(&Formula::Script(items.clone())),
            ForSource::Stream(_) => {
                self.later("it goes through pages as they come: there, through a list");
                "${ [] }".into()
            }
        };
        if each.parallel {
            self.later("its turns run at once: there, one after the other");
        } else if let Some(max) = &each.max {
            self.later(format!("`max {max}` is left out"));
        }
        if each.tolerate.is_some() {
            self.later("`tolerate` is left out");
        }
        if !each.gathers.is_empty() {
            self.later("of steps in it that are read behind it only what the last turn gave is known");
        }
        // What is caught around a whole turn ends it; of a list of outputs it would be a part.
        self.ends_a_turn = node.slot.is_none();
        let over = has_until(self.plan, &each.body).then(|| format!("over_{}", node.id.0));
        self.loops.push(over.clone());
        let mut tasks = self.aside(&each.body, "result");
        self.loops.pop();
        // A turn that is left gives its output all the same.
        if each.body.output.is_some() && each.body.handlers.is_empty() {
            for task in tasks.iter_mut().filter_map(Json::as_object_mut).flat_map(|task| task.values_mut()) {
                if let Some(then) = task.pointer_mut("/switch/0/enough/then") {
                    *then = "result".into();
                }
            }
        }
        let mut task = Map::new();
        let gathered = node.name.as_ref().filter(|_| node.slot.is_some());
        let mut first: Vec<String> = Vec::new();
        if let Some(name) = gathered {
            first.push(format!("{name}: []"));
            let last = tasks.last_mut().and_then(Json::as_object_mut).and_then(|outer| outer.values_mut().next());
            if let Some(last) = last.and_then(Json::as_object_mut) {
                let export = format!("${{ $context + {{ {name}: ($context.{name} + [ . ]) }} }}");
                last.insert("export".to_owned(), json!({ "as": export }));
            }
        }
        task.insert("for".to_owned(), json!({ "each": &*each.name, "in": list }));
        if let Some(over) = over {
            task.insert("while".to_owned(), format!("${{ $context.{over} | not }}").into());
            first.push(format!("{over}: false"));
        }
        task.insert("do".to_owned(), tasks.into());
        if first.is_empty() {
            return task;
        }
        // The loop may stand in a loop, and the list be empty: what its turns keep begins anew.
        let export = format!("${{ $context + {{ {} }} }}", first.join(", "));
        let tasks = json!([{ "begin": { "set": "${ . }", "export": { "as": export } } }, { "turns": task }]);
        let mut task = Map::from_iter([("do".to_owned(), tasks)]);
        if gathered.is_some() {
            // The list is in its place already.
            task.insert("export".to_owned(), json!({ "as": "${ $context }" }));
        }
        task
    }

    fn race(&mut self, race: &Race) -> Map<String, Json> {
        if race.wins.is_some() {
            self.later("several successes decide here: there, one does");
        }
        let branches: Vec<Json> = match &race.runners {
            Runners::Branches(branches) => {
                let branches = branches
                    .iter()
                    .map(|branch| json!({ &*branch.name: { "do": self.aside(&branch.body, "result") } }));
                branches.collect()
            }
            Runners::Items { .. } => {
                self.later("a race of the items of a list has no equal there");
                Vec::new()
            }
        };
        if branches.is_empty() {
            return Map::from_iter([("set".to_owned(), "${ {} }".into())]);
        }
        Map::from_iter([("fork".to_owned(), json!({ "compete": true, "branches": branches }))])
    }
}

/// A name that none of these tasks has.
fn free(tasks: &[Json], wanted: &str) -> String {
    let is_taken = |name: &str| tasks.iter().any(|task| task.get(name).is_some());
    let numbered = (2..).map(|number| format!("{wanted}_{number}"));
    std::iter::once(wanted.to_owned()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
}
