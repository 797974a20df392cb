//! What starts runs.

use super::super::ast::{Field, Name, Trigger, TriggerClause, TriggerClauseKind, TriggerKind, Value};
use super::super::code;
use super::super::grammar::{Node, Rule};
use super::super::word;
use super::Builder;
use super::junk::Place;

impl Builder<'_> {
    pub(super) fn trigger(&mut self, node: Node<'_>) -> Option<Trigger> {
        let (span, owner) = (self.span(&node), node.clone());
        let doc = self.doc(span.range().start);
        let (mut kind, mut clauses, mut params, mut named) = (None, Vec::new(), Vec::new(), false);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::kw_trigger => {}
                Rule::junk_tail => {
                    if kind.is_some() {
                        self.header_junk(&part, "trigger");
                    }
                }
                Rule::trigger_body => (clauses, params) = self.trigger_body(part),
                Rule::trigger_below => {
                    if let Some(body) = self.below(part) {
                        (clauses, params) = self.trigger_body(body);
                    }
                }
                _ => {
                    named = true;
                    kind = self.trigger_kind(part);
                }
            }
        }
        if !named {
            self.missing(
                &owner,
                "this trigger does not say what starts a run",
                "write `trigger api POST \"/orders\"`, `trigger every 15m` or another kind",
            );
        }
        let mut kind = kind?;
        match &mut kind {
            TriggerKind::Connector { params: own, .. } => *own = params,
            _ => params.iter().for_each(|field| self.no_parameter(field)),
        }
        Some(Trigger { doc, kind, clauses, span })
    }

    fn no_parameter(&mut self, field: &Field) {
        let shown = &field.key.text;
        if word::TRIGGER_CLAUSES.contains(&&**shown) {
            return self.colon_of_clause(field);
        }
        let fault = self
            .faults
            .error(code::MISPLACED, field.span.range(), format!("this trigger has no parameter `{shown}`"))
            .near(shown, field.key.span, word::TRIGGER_CLAUSES)
            .hint("what a run gets is written `input: { ... }`; clauses have no colon, as in `zone \"Europe/Berlin\"`");
        self.faults.push(fault);
    }

    fn trigger_kind(&mut self, node: Node<'_>) -> Option<TriggerKind> {
        Some(match node.as_rule() {
            Rule::api_trigger => self.api_trigger(node)?,
            Rule::webhook_trigger => {
                TriggerKind::Webhook(self.only_text(node, "webhook", "trigger webhook \"/hooks/shop\"")?)
            }
            Rule::schedule_trigger => {
                TriggerKind::Schedule(self.only_text(node, "schedule", "trigger schedule \"0 9 * * MON-FRI\"")?)
            }
            Rule::every_trigger => {
                TriggerKind::Every(self.only_arg(node, "every", "a duration", "trigger every 15m")?)
            }
            Rule::file_trigger => {
                TriggerKind::File(self.only_text(node, "file", "trigger file \"inbox/*.csv\" { on created }")?)
            }
            Rule::event_trigger => {
                TriggerKind::Event(self.only_text(node, "event", "trigger event \"customer.created\"")?)
            }
            Rule::form_trigger => TriggerKind::Form(self.only_text(node, "form", "trigger form \"/request\"")?),
            Rule::persona_trigger => self.persona_trigger(node),
            _ => {
                let path = self.path(node.into_inner().next()?);
                if path.parts.len() == 1 {
                    return self.unknown_trigger(&path.parts[0]);
                }
                TriggerKind::Connector { path, params: Vec::new() }
            }
        })
    }

    fn api_trigger(&mut self, node: Node<'_>) -> Option<TriggerKind> {
        let owner = node.clone();
        let (mut method, mut path) = (None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::method => method = Some(self.name(&part)),
                Rule::string => path = Some(self.plain(&part)),
                _ => {}
            }
        }
        if method.is_none() || path.is_none() {
            self.missing(&owner, "an api trigger has a method and a path", "write `trigger api POST \"/orders/{id}\"`");
        }
        Some(TriggerKind::Api { method: method?, path: path? })
    }

    fn persona_trigger(&mut self, node: Node<'_>) -> TriggerKind {
        let owner = node.clone();
        let mut names = Vec::new();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => names.push(self.name(&part)),
                Rule::name_list => names = self.names(part, Place::Names),
                _ => {}
            }
        }
        if names.is_empty() {
            self.missing(
                &owner,
                "this trigger names no persona",
                "write `trigger persona [cherry] { intent \"onboard_customer\" }`",
            );
        }
        TriggerKind::Persona(names)
    }

    fn unknown_trigger(&mut self, word: &Name) -> Option<TriggerKind> {
        let fault =
            self.faults.error(code::UNKNOWN_WORD, word.span.range(), format!("there is no trigger `{}`", word.text));
        let meant = match &*word.text.to_ascii_lowercase() {
            "cron" | "timer" | "scheduled" | "at" => Some("schedule"),
            "http" | "rest" | "request" | "endpoint" | "post" | "get" | "route" => Some("api"),
            "interval" | "each" => Some("every"),
            "hook" => Some("webhook"),
            "message" | "topic" | "queue" => Some("event"),
            _ => None,
        };
        let fault = match meant {
            Some(right) => fault.fix(format!("write `{right}`"), word.span, right),
            None => fault.near(
                &word.text,
                word.span,
                ["api", "webhook", "schedule", "every", "file", "event", "form", "persona"],
            ),
        };
        let fault = match &*word.text {
            "manual" => fault.hint("a workflow without a trigger is started by hand: delete this line"),
            _ => fault.hint("there are `api webhook schedule every file event form persona`, and those of connectors, such as `slack.message`"),
        };
        self.faults.push(fault);
        None
    }

    fn trigger_body(&mut self, node: Node<'_>) -> (Vec<TriggerClause>, Vec<Field>) {
        let (mut clauses, mut params) = (Vec::new(), Vec::new());
        for item in self.items(node) {
            let span = self.span(&item.node);
            match item.node.as_rule() {
                Rule::field | Rule::short | Rule::mistaken_clause_equals => {
                    let Some(field) = self.field(item.node) else { continue };
                    match field.value {
                        Value::Object(input) if &*field.key.text == "input" => {
                            clauses.push(TriggerClause { kind: TriggerClauseKind::Input(input), span });
                        }
                        _ => params.push(field),
                    }
                }
                Rule::junk_field => self.junk(item, Place::Trigger),
                _ => clauses.extend(self.trigger_clause(item.node)),
            }
        }
        (clauses, params)
    }

    pub(super) fn trigger_clause(&mut self, node: Node<'_>) -> Option<TriggerClause> {
        let span = self.span(&node);
        let kind = match node.as_rule() {
            Rule::trigger_auth => TriggerClauseKind::Auth(self.only_word(node, "auth", "auth required")?),
            Rule::where_ => TriggerClauseKind::Where(self.where_(node)?),
            Rule::verify => self.verify(node)?,
            Rule::challenge => {
                TriggerClauseKind::Challenge(self.only_expr(node, "challenge", "challenge body.challenge")?)
            }
            Rule::zone => TriggerClauseKind::Zone(self.only_text(node, "zone", "zone \"Europe/Berlin\"")?),
            Rule::overlap => TriggerClauseKind::Overlap(self.only_word(node, "overlap", "overlap skip")?),
            Rule::catch_up => TriggerClauseKind::CatchUp(self.only_word(node, "catch_up", "catch_up latest")?),
            Rule::trigger_on => self.happenings(node),
            Rule::trigger_intent => {
                TriggerClauseKind::Intent(self.only_text(node, "intent", "intent \"onboard_customer\"")?)
            }
            Rule::debounce => self.debounce(node)?,
            Rule::batch => self.batch(node),
            Rule::throttle => self.throttle(node)?,
            _ => return None,
        };
        Some(TriggerClause { kind, span })
    }

    fn verify(&mut self, node: Node<'_>) -> Option<TriggerClauseKind> {
        let owner = node.clone();
        let (scheme, fields) = self.word_and_fields(node);
        if scheme.is_none() {
            self.missing(
                &owner,
                "`verify` names no way of signing",
                "write `verify hmac_sha256 { key: secret(\"KEY\"), header: \"X-Signature\" }`",
            );
        }
        Some(TriggerClauseKind::Verify { scheme: scheme?, fields })
    }

    fn happenings(&mut self, node: Node<'_>) -> TriggerClauseKind {
        let owner = node.clone();
        let mut kinds = Vec::new();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => kinds.push(self.name(&part)),
                Rule::mistaken_or => self.replace(&part, code::FOREIGN_WORD, "between alternatives stands `|`", "|"),
                _ => {}
            }
        }
        if kinds.is_empty() {
            self.missing(&owner, "`on` does not say on what", "write `on created`");
        }
        TriggerClauseKind::On(kinds)
    }

    fn debounce(&mut self, node: Node<'_>) -> Option<TriggerClauseKind> {
        let owner = node.clone();
        let (mut quiet, mut by, mut max) = (None, None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::arg => quiet = Some(self.arg(part)),
                Rule::by => by = self.only_arg(part, "by", "a key", "by input.id"),
                Rule::limit => max = self.limit(part),
                _ => {}
            }
        }
        if quiet.is_none() {
            self.missing(&owner, "`debounce` does not say how long it waits", "write `debounce 5s by input.id max 1m`");
        }
        Some(TriggerClauseKind::Debounce { quiet: quiet?, by, max })
    }

    fn batch(&mut self, node: Node<'_>) -> TriggerClauseKind {
        let owner = node.clone();
        let (mut count, mut within, mut until) = (None, None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::arg if count.is_none() => count = Some(self.arg(part)),
                Rule::arg => within = Some(self.arg(part)),
                Rule::string => until = Some(self.plain(&part)),
                _ => {}
            }
        }
        if count.is_none() && until.is_none() {
            self.missing(
                &owner,
                "`batch` does not say when it is full",
                "write `batch 100 or 1m`, or `batch until \"0 17 * * *\"`",
            );
        }
        TriggerClauseKind::Batch { count, within, until }
    }

    fn throttle(&mut self, node: Node<'_>) -> Option<TriggerClauseKind> {
        let owner = node.clone();
        let (mut count, mut per, mut by) = (None, None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::arg => count = Some(self.arg(part)),
                Rule::per => per = self.only_arg(part, "per", "a duration", "per 1m"),
                Rule::by => by = self.only_arg(part, "by", "a key", "by input.id"),
                _ => {}
            }
        }
        if count.is_none() || per.is_none() {
            self.missing(&owner, "this `throttle` is not complete", "write `throttle 10 per 1m`");
        }
        Some(TriggerClauseKind::Throttle { count: count?, per: per?, by })
    }

    /// What leads `WORD { ... }`, and the fields in its braces.
    pub(super) fn word_and_fields(&mut self, node: Node<'_>) -> (Option<Name>, Vec<Field>) {
        let (mut word, mut fields) = (None, Vec::new());
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::word | Rule::name => word = Some(self.name(&part)),
                Rule::object => fields = self.fields(part),
                _ => {}
            }
        }
        (word, fields)
    }
}
