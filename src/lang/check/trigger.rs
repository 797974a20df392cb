//! Triggers: what starts runs, and whether it can.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::checker::{Checker, Typed};
use super::code;
use crate::base::calendar::Calendar;
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::{Field as ShapeField, Object, Shape};
use crate::base::span::Span;
use crate::base::time::Duration;
use crate::base::value::Value as Constant;
use crate::lang::syntax::ast::{
    Arg, Declaration, Field, Item, Name, Text, Trigger, TriggerClause, TriggerClauseKind, TriggerKind, Value, Workflow,
};

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
/// The fields of `verify` that there are, over all schemes.
const VERIFIED: [&str; 11] =
    ["key", "header", "prefix", "encoding", "field", "timestamp", "window", "id", "signed", "given", "learn"];
/// The ways of signing.
const SCHEMES: [&str; 4] = ["hmac_sha256", "hmac_sha1", "hmac_sha512", "token"];

/// What is wrong with a cron line, as far as one of its fields alone tells.
fn wrong_cron(line: &str) -> Option<String> {
    const FIELDS: [&str; 5] = ["minute", "hour", "day of the month", "month", "day of the week"];
    if line.starts_with('@') {
        return Some(format!("`{line}` is not one of @hourly, @daily, @weekly, @monthly and @yearly"));
    }
    let fields: Vec<&str> = line.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Some(format!("a cron line has five fields, and here are {}", fields.len()));
    }
    let alone = |at: usize| {
        let mut line = ["*"; FIELDS.len()];
        line[at] = fields[at];
        line.join(" ")
    };
    let wrong = (0..FIELDS.len()).find(|at| Calendar::read(&alone(*at), None).is_err())?;
    Some(format!("`{}` is no {}", fields[wrong], FIELDS[wrong]))
}

impl<'a> Checker<'a> {
    /// What `trigger` is in a workflow: as much as all its triggers have in common.
    pub fn trigger_shape(&self, workflow: &Workflow) -> Shape {
        let kinds: Vec<&TriggerKind> = workflow
            .body
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Trigger(trigger) => Some(&trigger.kind),
                _ => None,
            })
            .collect();
        match kinds[..] {
            [TriggerKind::Connector { path, .. }] => self.brought(path),
            [kind] => shape_of(kind),
            _ => Shape::Any,
        }
    }

    /// The triggers of a workflow.
    pub fn triggers(&mut self, workflow: &'a Workflow, input: &Arc<Object>) {
        for item in &workflow.body.items {
            if let Item::Trigger(trigger) = item {
                self.trigger(trigger, input);
            }
        }
    }

    fn trigger(&mut self, trigger: &'a Trigger, input: &Arc<Object>) {
        // A run gets several items at once then: `{ items }`, each as `input:` makes it. What is only debounced starts with the
        // last item.
        let batch = trigger.clauses.iter().find(|clause| matches!(clause.kind, TriggerClauseKind::Batch { .. }));
        let item = batch.map(|batch| self.batched(batch.span, input));
        let mut here = self.here.clone();
        here.words.retain(|(word, _)| !matches!(*word, "trigger" | "vars" | "state" | "run" | "input"));
        let brought = match &trigger.kind {
            TriggerKind::Connector { path, .. } => self.brought(path),
            kind => shape_of(kind),
        };
        here.words.push(("trigger", Typed::of(brought)));
        match &trigger.kind {
            TriggerKind::Event(_) => here.words.push(("event", Typed::default())),
            TriggerKind::Connector { path, .. } => {
                let item = self.source_named(path).map(|(_, signature)| signature.item.clone());
                here.words.push(("event", Typed::of(item.unwrap_or_default())));
            }
            _ => {}
        }
        here.before_run = Some("a clause of a trigger");
        self.at(here, |this| {
            this.trigger_kind(&trigger.kind);
            this.trigger_clauses(trigger, input, item);
        });
    }

    /// What one item of a batch must be for the workflow to take it: a run gets `{ items }` and nothing else.
    fn batched(&mut self, batch: Span, input: &Object) -> Shape {
        let needs = |field: &&ShapeField| field.default.is_none() && !field.shape.may_be_absent();
        let others = input.fields.iter().filter(|field| *field.name != *"items").filter(needs);
        let others: Vec<&str> = others.map(|field| &*field.name).collect();
        let items = input.fields.iter().find(|field| *field.name == *"items").map(|field| field.shape.present());
        let wrong = match items {
            None => ", and the workflow's `input` has no `items`".to_owned(),
            Some(Shape::List(..) | Shape::Any) if others.is_empty() => String::new(),
            Some(Shape::List(..) | Shape::Any) => {
                format!(" and nothing else, and the workflow needs {}", super::expression::listed(others.into_iter()))
            }
            Some(other) => format!(", a list, and the workflow's `items` is {}", other.described()),
        };
        if !wrong.is_empty() {
            let message = format!("the run of a `batch` gets `{{ items }}`{wrong}");
            self.report(
                Diagnostic::error(code::TRIGGER, batch, message)
                    .hint("`input { items: list<{ id: string }> }`: each item as `input:` of the trigger makes it"),
            );
        }
        match items {
            Some(Shape::List(item, _)) => (**item).clone(),
            _ => Shape::Any,
        }
    }

    fn trigger_kind(&mut self, kind: &'a TriggerKind) {
        match kind {
            TriggerKind::Api { method, path } => {
                let upper = method.text.to_uppercase();
                if !METHODS.contains(&&*upper) {
                    let message = format!("there is no method `{}`", method.text);
                    self.unknown_of(code::UNKNOWN_WORD, &method.text, method.span, message, &METHODS);
                }
                self.path(path);
            }
            TriggerKind::Webhook(path) | TriggerKind::Form(path) => self.path(path),
            TriggerKind::Schedule(line) => self.cron(line),
            TriggerKind::Every(every) => {
                self.argument(every, &Shape::Duration, "`every`");
                self.known_before(every, "`every`");
            }
            TriggerKind::File(pattern) => {
                if pattern.text.trim().is_empty() {
                    self.report(
                        Diagnostic::error(code::TRIGGER, pattern.span, "no file fits an empty pattern")
                            .hint("`trigger file \"inbox/*.csv\" { on created }`"),
                    );
                }
            }
            TriggerKind::Event(topic) => self.event_name(topic),
            TriggerKind::Persona(names) => names.iter().for_each(|name| self.persona_named(name)),
            TriggerKind::Connector { path, params } => {
                let [connector, source] = &path.parts[..] else {
                    let message = format!("there is no trigger `{}`", path.dotted());
                    self.report(Diagnostic::error(code::UNKNOWN_CALLEE, path.span, message).hint(
                        "the kinds are api, webhook, schedule, every, file, event, form, persona and CONNECTOR.TRIGGER",
                    ));
                    self.object(params);
                    return;
                };
                let own = self.trees[self.tree].qualified(&connector.text);
                let catalog = self.catalog;
                let known = catalog.connectors.get(&own).or_else(|| catalog.connectors.get(&connector.text));
                let Some(known) = known else {
                    let names: Vec<&str> = catalog
                        .connectors
                        .keys()
                        .map(|name| &**name)
                        .chain(crate::lang::catalog::standard::CONNECTORS.iter().map(|file| file.name))
                        .collect();
                    let message = format!("there is no connector `{}`", connector.text);
                    self.unknown_of(code::UNKNOWN_CALLEE, &connector.text, connector.span, message, &names);
                    self.object(params);
                    return;
                };
                self.checked.connectors.entry(known.name.clone()).or_insert_with(|| known.declared.clone());
                match known.sources.get(&source.text) {
                    Some(signature) => {
                        self.parameters(params, &signature.takes(), &path.dotted(), path.span, None);
                    }
                    None => {
                        let names: Vec<&str> = known.sources.keys().map(|name| &**name).collect();
                        let message = format!("the connector `{}` has no trigger `{}`", connector.text, source.text);
                        self.unknown_of(code::UNKNOWN_CALLEE, &source.text, source.span, message, &names);
                        self.object(params);
                    }
                }
            }
        }
    }

    /// A path of requests: it begins with a slash, and `{name}` stands for parts that vary.
    fn path(&mut self, path: &Text) {
        if !path.text.starts_with('/') {
            self.report(Diagnostic::error(code::TRIGGER, path.span, "a path begins with a slash").fix(
                "put it in front",
                path.span,
                format!("{:?}", format!("/{}", path.text)),
            ));
        } else if path.text.contains(['?', '#', ' ']) {
            self.report(
                Diagnostic::error(code::TRIGGER, path.span, "a path has no `?`, `#` or blank in it")
                    .hint("what follows `?` is in `trigger.query`"),
            );
        }
        let mut seen: Vec<&str> = Vec::new();
        for part in path.text.split('/') {
            let inside = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            match inside {
                Some(name) if seen.contains(&name) => {
                    let message = format!("`{{{name}}}` stands in this path twice");
                    self.report(Diagnostic::error(code::TRIGGER, path.span, message));
                }
                Some(name) => seen.push(name),
                None if part.contains(['{', '}']) || part.starts_with(':') => {
                    self.report(
                        Diagnostic::error(code::TRIGGER, path.span, format!("`{part}` is no part of a path"))
                            .hint("a part that varies is `{name}`, as a whole: `\"/orders/{id}\"`"),
                    );
                }
                None => {}
            }
        }
    }

    /// A line of `cron`, as the scheduler reads it.
    pub fn cron(&mut self, line: &Text) {
        if let Err(reason) = Calendar::read(&line.text, None) {
            let mut diagnostic = Diagnostic::error(
                code::CRON,
                line.span,
                wrong_cron(&line.text).unwrap_or_else(|| format!("this is no cron line: {reason}")),
            );
            diagnostic = diagnostic
                .hint("five fields: minute, hour, day of month, month, day of week, as in `\"0 9 * * MON-FRI\"`");
            if line.text.parse::<Duration>().is_ok() {
                diagnostic = diagnostic.hint(format!("so often is `trigger every {}`", line.text));
            }
            self.report(diagnostic);
        }
    }

    fn zone(&mut self, zone: &Text) {
        let zones = jiff::tz::db();
        if zones.is_definitively_empty() || zones.get(&zone.text).is_ok() {
            return;
        }
        let names: Vec<String> = zones.available().map(|name| name.to_string()).collect();
        if names.is_empty() {
            return;
        }
        let message = format!("there is no time zone `{}`", zone.text);
        let mut diagnostic = Diagnostic::error(code::ZONE, zone.span, message);
        diagnostic = match crate::base::diagnostic::nearest(&zone.text, names.iter().map(String::as_str)) {
            Some(near) => diagnostic.fix(format!("did you mean \"{near}\"?"), zone.span, format!("{near:?}")),
            None => diagnostic.hint("zones have names such as \"Europe/Berlin\", \"America/New_York\", \"UTC\""),
        };
        self.report(diagnostic);
    }

    fn trigger_clauses(&mut self, trigger: &'a Trigger, input: &Arc<Object>, item: Option<Shape>) {
        let mut seen: Vec<(&'static str, Span)> = Vec::new();
        let mut mapped = false;
        for clause in &trigger.clauses {
            let word = word(clause);
            match seen.iter().find(|(known, _)| *known == word) {
                Some((_, first)) => {
                    let first = *first;
                    self.report(
                        Diagnostic::error(code::SAID_TWICE, clause.span, format!("`{word}` is said twice"))
                            .also(first, "first said here"),
                    );
                }
                None => seen.push((word, clause.span)),
            }
            self.belongs(trigger, clause, word);
            match &clause.kind {
                TriggerClauseKind::Auth(auth) => self.one_word(auth, "auth", &["required", "none", "optional"]),
                TriggerClauseKind::Input(object) => {
                    mapped = true;
                    let (wanted, what) = match &item {
                        Some(item) => (item.clone(), "an item"),
                        None => (Shape::Object(input.clone()), "the input"),
                    };
                    self.wanted(&Value::Object(object.clone()), &wanted, what);
                }
                TriggerClauseKind::Where(filter) => {
                    self.condition(filter, "`where`");
                }
                TriggerClauseKind::Verify { scheme, fields } => self.verify(scheme, fields),
                TriggerClauseKind::Challenge(challenge) => {
                    self.expression(challenge);
                }
                TriggerClauseKind::Zone(zone) => self.zone(zone),
                TriggerClauseKind::Overlap(overlap) => self.one_word(overlap, "overlap", &["skip", "queue", "restart"]),
                TriggerClauseKind::CatchUp(catch_up) => {
                    self.one_word(catch_up, "catch_up", &["none", "latest", "all"]);
                }
                TriggerClauseKind::On(moments) => {
                    for moment in moments {
                        self.one_word(moment, "on", &["created", "changed", "modified", "deleted", "removed"]);
                    }
                }
                TriggerClauseKind::Intent(intent) => self.intent(trigger, intent),
                TriggerClauseKind::Debounce { quiet, by, max } => {
                    self.known_duration(quiet, "`debounce`");
                    by.iter().for_each(|by| {
                        self.argument(by, &Shape::Any, "`by`");
                    });
                    max.iter().for_each(|max| self.known_duration(max, "`max`"));
                }
                TriggerClauseKind::Batch { count, within, until } => {
                    if let Some(count) = count {
                        self.count(count, "`batch`");
                        self.known_before(count, "`batch`");
                    }
                    within.iter().for_each(|within| self.known_duration(within, "`batch`"));
                    until.iter().for_each(|until| self.cron(until));
                }
                TriggerClauseKind::Throttle { count, per, by } => {
                    self.count(count, "`throttle`");
                    self.known_before(count, "`throttle`");
                    self.known_duration(per, "`per`");
                    by.iter().for_each(|by| {
                        self.argument(by, &Shape::Any, "`by`");
                    });
                }
            }
        }
        self.starts_without(trigger, input, mapped || item.is_some());
        if !mapped && item.is_none() {
            self.item_is_input(trigger, input);
        }
    }

    /// A clock brings nothing, so a workflow that needs something must be told what.
    fn starts_without(&mut self, trigger: &'a Trigger, input: &Object, told: bool) {
        let bare = matches!(trigger.kind, TriggerKind::Schedule(_) | TriggerKind::Every(_));
        if !bare || told {
            return;
        }
        let needed: Vec<&str> = input
            .fields
            .iter()
            .filter(|field| field.default.is_none() && !field.shape.may_be_absent())
            .map(|field| &*field.name)
            .collect();
        if needed.is_empty() {
            return;
        }
        let names = super::expression::listed(needed.iter().copied());
        self.report(
            Diagnostic::error(
                code::TRIGGER,
                trigger.span,
                format!("a clock brings no input, and the workflow needs {names}"),
            )
            .hint(format!("say what it is then: `input: {{ {}: ... }}`, or make it optional", needed[0])),
        );
    }

    /// Whether a clause means something to this kind of trigger.
    fn belongs(&mut self, trigger: &Trigger, clause: &TriggerClause, word: &'static str) {
        let kind = &trigger.kind;
        let fits = match &clause.kind {
            TriggerClauseKind::Zone(_) => matches!(kind, TriggerKind::Schedule(_)) || has_times(trigger),
            TriggerClauseKind::Overlap(_) | TriggerClauseKind::CatchUp(_) => {
                matches!(kind, TriggerKind::Schedule(_) | TriggerKind::Every(_) | TriggerKind::Connector { .. })
            }
            TriggerClauseKind::On(_) => matches!(kind, TriggerKind::File(_) | TriggerKind::Connector { .. }),
            TriggerClauseKind::Intent(_) => matches!(kind, TriggerKind::Persona(_)),
            TriggerClauseKind::Verify { .. } | TriggerClauseKind::Challenge(_) => {
                matches!(kind, TriggerKind::Webhook(_) | TriggerKind::Api { .. } | TriggerKind::Connector { .. })
            }
            TriggerClauseKind::Auth(_)
            | TriggerClauseKind::Input(_)
            | TriggerClauseKind::Where(_)
            | TriggerClauseKind::Debounce { .. }
            | TriggerClauseKind::Batch { .. }
            | TriggerClauseKind::Throttle { .. } => true,
        };
        if !fits {
            let name = name_of(kind);
            self.report(
                Diagnostic::error(
                    code::TRIGGER,
                    clause.span,
                    format!("`{word}` means nothing to a trigger of kind `{name}`"),
                )
                .hint("leave it out"),
            );
        }
    }

    pub(super) fn verify(&mut self, scheme: &Name, fields: &'a [Field]) {
        if !SCHEMES.contains(&&*scheme.text) {
            let message = format!("there is no way of signing called `{}`", scheme.text);
            self.unknown_of(code::UNKNOWN_WORD, &scheme.text, scheme.span, message, &SCHEMES);
        }
        for field in fields.iter().filter(|field| !VERIFIED.contains(&&*field.key.text)) {
            let message = format!("`verify` has no field `{}`", field.key.text);
            self.unknown_of(code::UNKNOWN_WORD, &field.key.text, field.key.span, message, &VERIFIED);
        }
        // A key may come from the sender, a token may stand elsewhere than in a header.
        let has = |name: &str| fields.iter().any(|field| &*field.key.text == name);
        let needs = [("key", has("key") || has("learn")), ("header", has("header") || has("given"))];
        let missing = needs.into_iter().find(|(_, is_there)| !is_there).map(|(name, _)| name);
        if let Some(missing) = missing {
            let hint = "write `verify hmac_sha256 { key: secret(\"KEY\"), header: \"X-Signature\" }`";
            let message = format!("`verify` needs a `{missing}`");
            self.report(Diagnostic::error(code::TRIGGER, scheme.span, message).hint(hint));
        }
        self.object(fields);
    }

    fn intent(&mut self, trigger: &Trigger, intent: &Text) {
        let TriggerKind::Persona(names) = &trigger.kind else { return };
        let mut known: Vec<&str> = Vec::new();
        let mut own = false;
        for name in names {
            if let Some((intents, declared_here)) = self.intents_of(&name.text) {
                known.extend(intents);
                own |= declared_here;
            }
        }
        if known.contains(&&*intent.text) || known.is_empty() || !own {
            return;
        }
        let message = format!("none of these personas has the intent `{}`", intent.text);
        let mut diagnostic = Diagnostic::warning(code::UNKNOWN_WORD, intent.span, message);
        diagnostic = match crate::base::diagnostic::nearest(&intent.text, known.iter().copied()) {
            Some(near) => diagnostic.fix(format!("did you mean \"{near}\"?"), intent.span, format!("{near:?}")),
            None => diagnostic.hint(format!("they have {}", super::expression::listed(known.iter().copied()))),
        };
        self.report(diagnostic);
    }

    /// An argument that must be a duration and known before anything runs.
    fn known_duration(&mut self, arg: &'a Arg, what: &str) {
        self.argument(arg, &Shape::Duration, what);
        self.known_before(arg, what);
    }

    /// Triggers work before there is a run, so what bounds them cannot be computed in one.
    pub fn known_before(&mut self, arg: &Arg, what: &str) {
        let Arg::Expr(expr) = arg else { return };
        if self.compile(&expr.source, expr.span, crate::lang::script::Form::Expression).is_some()
            && self.constant(expr).is_none()
        {
            self.report(
                Diagnostic::error(code::ARGUMENT, expr.span, format!("{what} must be known before anything runs"))
                    .hint("write a constant"),
            );
        }
    }

    /// A time in which something is counted is longer than none.
    pub fn lasts(&mut self, arg: &Arg, what: &str) {
        let Arg::Expr(expr) = arg else { return };
        if let Some(Constant::Duration(Duration::ZERO)) = self.constant(expr) {
            let message = format!("{what} must be longer than 0s");
            self.report(Diagnostic::error(code::ARGUMENT, expr.span, message).hint("such as `limit 10 per 1s`"));
        }
    }

    /// An event that nobody sends, where a similar one is sent.
    pub fn event_name(&mut self, topic: &Text) {
        let sent = &self.events;
        if sent.contains(&topic.text) || topic.text.starts_with("run.") {
            let engine = ["run.completed", "run.failed", "run.cancelled"];
            if !sent.contains(&topic.text) && !engine.contains(&&*topic.text) {
                let message = format!("nobody sends `{}`", topic.text);
                self.report(
                    Diagnostic::warning(code::EVENT, topic.span, message)
                        .hint("the engine itself sends run.completed, run.failed and run.cancelled"),
                );
            }
            return;
        }
        // Short names are near each other by accident.
        let slips = if topic.text.len() >= 8 { 2 } else { 1 };
        let near = sent.iter().find(|known| strsim::damerau_levenshtein(known, &topic.text) <= slips).cloned();
        if let Some(near) = near {
            let message = format!("nothing here sends `{}`, but something sends `{near}`", topic.text);
            self.report(Diagnostic::warning(code::EVENT, topic.span, message).fix(
                format!("did you mean \"{near}\"?"),
                topic.span,
                format!("{near:?}"),
            ));
        }
    }

    /// Two triggers for one request, in whatever workflows.
    pub fn same_triggers(&mut self) {
        let mut seen: BTreeMap<(String, String), Span> = BTreeMap::new();
        for tree in self.trees.iter().filter(|tree| !tree.standard) {
            for declaration in &tree.program.declarations {
                let Declaration::Workflow(workflow) = declaration else { continue };
                for item in &workflow.body.items {
                    let Item::Trigger(trigger) = item else { continue };
                    let (method, path) = match &trigger.kind {
                        TriggerKind::Api { method, path } => (method.text.to_uppercase(), path),
                        TriggerKind::Webhook(path) => ("POST".to_owned(), path),
                        TriggerKind::Form(path) => ("form".to_owned(), path),
                        _ => continue,
                    };
                    // The names of the parts that vary make no difference.
                    let plain: Vec<&str> =
                        path.text.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
                    if let Some(first) = seen.insert((method, plain.join("/")), path.span) {
                        self.found.push(
                            Diagnostic::error(
                                code::SAME_TRIGGER,
                                path.span,
                                "this request starts something else already",
                            )
                            .also(first, "here")
                            .hint("give one of them another path"),
                        );
                    }
                }
            }
        }
    }
}

/// What a trigger of a kind brings.
fn shape_of(kind: &TriggerKind) -> Shape {
    match kind {
        TriggerKind::Api { path, .. } | TriggerKind::Webhook(path) => {
            let parts = path.text.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
            let inside = Shape::object(parts.map(|part| (part, Shape::text())));
            let mut fields = vec![
                ("type", Shape::text()),
                ("method", Shape::Any),
                ("body", Shape::Any),
                ("raw", Shape::Any),
                ("headers", Shape::Any),
                ("query", Shape::Any),
                ("path", inside),
                ("caller", Shape::Any),
                ("user", Shape::Any),
                ("received_at", Shape::Any),
                ("items", Shape::Any),
                ("due", Shape::Any),
                ("id", Shape::Any),
                ("url", Shape::Any),
                ("ip", Shape::Any),
                ("host", Shape::Any),
                ("cookies", Shape::Any),
                ("params", Shape::Any),
                ("name", Shape::Any),
                ("at", Shape::Any),
                ("event", Shape::Any),
            ];
            if matches!(kind, TriggerKind::Webhook(_)) {
                fields.push(("signature", Shape::Any));
            }
            Shape::object(fields)
        }
        TriggerKind::Schedule(_)
        | TriggerKind::Every(_)
        | TriggerKind::File(_)
        | TriggerKind::Event(_)
        | TriggerKind::Form(_)
        | TriggerKind::Persona(_)
        | TriggerKind::Connector { .. } => Shape::Any,
    }
}

/// Whether it collects until a time of the calendar.
fn has_times(trigger: &Trigger) -> bool {
    trigger.clauses.iter().any(|clause| matches!(clause.kind, TriggerClauseKind::Batch { until: Some(_), .. }))
}

fn name_of(kind: &TriggerKind) -> &'static str {
    match kind {
        TriggerKind::Api { .. } => "api",
        TriggerKind::Webhook(_) => "webhook",
        TriggerKind::Schedule(_) => "schedule",
        TriggerKind::Every(_) => "every",
        TriggerKind::File(_) => "file",
        TriggerKind::Event(_) => "event",
        TriggerKind::Form(_) => "form",
        TriggerKind::Persona(_) => "persona",
        TriggerKind::Connector { .. } => "connector",
    }
}

fn word(clause: &TriggerClause) -> &'static str {
    match &clause.kind {
        TriggerClauseKind::Auth(_) => "auth",
        TriggerClauseKind::Input(_) => "input:",
        TriggerClauseKind::Where(_) => "where",
        TriggerClauseKind::Verify { .. } => "verify",
        TriggerClauseKind::Challenge(_) => "challenge",
        TriggerClauseKind::Zone(_) => "zone",
        TriggerClauseKind::Overlap(_) => "overlap",
        TriggerClauseKind::CatchUp(_) => "catch_up",
        TriggerClauseKind::On(_) => "on",
        TriggerClauseKind::Intent(_) => "intent",
        TriggerClauseKind::Debounce { .. } => "debounce",
        TriggerClauseKind::Batch { .. } => "batch",
        TriggerClauseKind::Throttle { .. } => "throttle",
    }
}
