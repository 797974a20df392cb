//! Statements, and what a workflow declares.

use super::super::ast::{
    Arg, Block, Concurrency, Emit, Expr, Fail, Item, Let, Name, Reply, Return, RunKey, Set, State, Text, Type, Until,
    Value,
};
use super::super::code;
use super::super::grammar::{Node, Rule};
use super::super::letter;
use super::Builder;
use super::junk::Place;
use super::step::Label;

impl Builder<'_> {
    /// The block among the parts of a node, on the header's line or below it.
    pub(super) fn block_in(&mut self, node: &Node<'_>) -> Option<Block> {
        let body = node.clone().into_inner().find(|part| matches!(part.as_rule(), Rule::block | Rule::block_below))?;
        let block = if body.as_rule() == Rule::block_below { self.below(body)? } else { body };
        Some(self.block(block))
    }

    pub(super) fn block(&mut self, node: Node<'_>) -> Block {
        let span = self.span(&node);
        let mut items = Vec::new();
        for item in self.items(node) {
            items.extend(self.item(item));
        }
        Block { items, span }
    }

    pub(super) fn item(&mut self, item: super::Item<'_>) -> Option<Item> {
        let node = item.node.clone();
        let span = self.span(&node);
        Some(match node.as_rule() {
            Rule::step => Item::Step(Box::new(self.step(node)?)),
            Rule::let_ => return self.let_(node),
            Rule::set => Item::Set(self.set(node)?),
            Rule::output => Item::Output(self.output(node)),
            Rule::lifecycle => Item::Lifecycle(self.lifecycle(node)),
            Rule::on => Item::On(self.on(node)?),
            Rule::fail => Item::Fail(self.fail(node)?),
            Rule::until => {
                let condition = self.only_expr(node, "until", "until job.status == \"done\"")?;
                Item::Until(Until { condition, span })
            }
            Rule::return_ => {
                if let Some(guard) = node.clone().into_inner().find(|part| part.as_rule() == Rule::mistaken_guard) {
                    let fault =
                        self.faults.error(code::FOREIGN_WORD, self.range(&guard), "a `return` has no condition");
                    self.faults.push(fault.hint("write `if CONDITION { return VALUE }`"));
                }
                let value = node.into_inner().find(|part| part.as_rule() == Rule::value).map(|value| self.value(value));
                Item::Return(Return { value, span })
            }
            Rule::emit => Item::Emit(self.emit(node)?),
            Rule::reply => Item::Reply(self.reply(node)),
            Rule::input => Item::Input(self.declarations(node, "input")),
            Rule::vars => {
                let mut vars = self.declarations(node, "vars");
                self.colons_for_equals(&mut vars);
                Item::Vars(vars)
            }
            Rule::state => Item::State(self.state(node)),
            Rule::trigger => Item::Trigger(Box::new(self.trigger(node)?)),
            Rule::handle => Item::Handle(self.only_path(node, "handle", "handle alerts.page")?),
            Rule::version => Item::Version(self.only_text(node, "version", "version \"1.0.0\"")?),
            Rule::deadline => Item::Deadline(self.only_arg(node, "deadline", "a duration", "deadline 2h")?, span),
            Rule::priority => {
                Item::Priority(self.only_arg(node, "priority", "a number from 0 to 9", "priority 5")?, span)
            }
            Rule::concurrency => Item::Concurrency(self.concurrency(node)?),
            Rule::run_key => Item::Key(self.run_key(node)?),
            Rule::tags => Item::Tags(self.tags(node), span),
            Rule::misplaced_clause => {
                self.misplaced_clause(node);
                return None;
            }
            rule if is_action(rule) => {
                let (head, doc) = (self.head(&node), self.doc(span.range().start));
                let head = self.faults.span(head);
                Item::Step(Box::new(self.action(node, Label { doc, name: None, ty: None }, span, head)?))
            }
            _ => return self.mistaken_item(item),
        })
    }

    fn let_(&mut self, node: Node<'_>) -> Option<Item> {
        let (span, owner) = (self.span(&node), node.clone());
        let (mut name, mut ty, mut value, mut assigned, mut call) = (None, None, None, false, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::type_ => ty = Some(self.type_(part)),
                Rule::mistaken_bound_call => call = Some(part),
                Rule::value => value = Some(self.value(part)),
                Rule::assign => assigned = true,
                Rule::mistaken_assign => {
                    assigned = true;
                    self.other_assignment(&part, "=");
                }
                _ => {}
            }
        }
        if let Some(call) = call {
            let word = self.faults.span(self.first_word(&owner));
            let fault = self.faults.error(code::FOREIGN_WORD, word.range(), "the result of a call has no `let`");
            self.faults.push(fault.fix(
                "write `step NAME = ...`: a step is waited for, and its name is its output",
                word,
                "step",
            ));
            return self.bound_call(call, Self::labelled(name, ty, None), span).map(|step| Item::Step(Box::new(step)));
        }
        if name.is_none() || value.is_none() || !assigned {
            let hint = match (&name, &ty) {
                (Some(name), Some(ty)) if !assigned => {
                    let shown = self.slice(ty.span.range());
                    format!("behind `:` stands a type; write `let {} = {shown}`", name.text)
                }
                _ => "write `let NAME = VALUE`".to_owned(),
            };
            self.missing(&owner, "this `let` is not complete", hint);
        }
        let value = value.unwrap_or_else(|| Value::Expr(Expr::hole(span.after())));
        Some(Item::Let(Let { name: name?, ty, value, span }))
    }

    /// `:=`, `:`, `-=` and the like, where `right` is written.
    pub(super) fn other_assignment(&mut self, node: &Node<'_>, right: &str) {
        let (written, span) = (self.written(node).to_owned(), self.span(node));
        let mut fault =
            self.faults.error(code::COLON_OR_EQUALS, self.range(node), format!("`{written}` does not assign here"));
        fault = match written.as_str() {
            "-=" | "*=" | "/=" => fault.hint(format!("write it out: `set vars.n = vars.n {} 1`", &written[..1])),
            _ => fault.fix(format!("write `{right}`"), span, right),
        };
        self.faults.push(fault);
    }

    fn set(&mut self, node: Node<'_>) -> Option<Set> {
        let (span, owner) = (self.span(&node), node.clone());
        let (mut target, mut add, mut value, mut assigned) = (None, false, None, false);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::path => target = Some(self.path(part)),
                Rule::add => (add, assigned) = (true, true),
                Rule::assign => assigned = true,
                Rule::mistaken_assign => {
                    assigned = true;
                    self.other_assignment(&part, "=");
                }
                Rule::value => value = Some(self.value(part)),
                _ => {}
            }
        }
        if target.is_none() || value.is_none() || !assigned {
            self.missing(
                &owner,
                "this `set` is not complete",
                "write `set vars.NAME = VALUE` or `set state.NAME += VALUE`",
            );
        }
        let value = value.unwrap_or_else(|| Value::Expr(Expr::hole(span.after())));
        Some(Set { target: target?, add, value, span })
    }

    pub(super) fn fail(&mut self, node: Node<'_>) -> Option<Fail> {
        let (span, owner) = (self.span(&node), node.clone());
        let (mut kind, mut message, mut when) = (None, None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::fail_kind => kind = Some(self.name(&part)),
                Rule::expr => message = Some(self.expr(&part)),
                Rule::guard => when = self.guard(part),
                _ => {}
            }
        }
        if kind.is_none() {
            self.missing(
                &owner,
                "this `fail` names no type of error",
                "write `fail conflict \"what went wrong\"`; the type may be a name of your own",
            );
        }
        Some(Fail { kind: kind?, message, when, span })
    }

    /// `when expr` behind something.
    pub(super) fn guard(&mut self, node: Node<'_>) -> Option<Expr> {
        self.only_expr(node, "when", "when error.status == 404")
    }

    fn emit(&mut self, node: Node<'_>) -> Option<Emit> {
        let (span, owner) = (self.span(&node), node.clone());
        let (mut topic, mut payload) = (None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::string => topic = Some(self.plain(&part)),
                Rule::mistaken_topic => topic = Some(self.unquoted(&part, "emit")),
                Rule::object => payload = Some(Value::Object(self.object(part))),
                _ => {}
            }
        }
        if topic.is_none() {
            self.missing(
                &owner,
                "this `emit` names no event",
                "write `emit \"customer.onboarded\" { id: account.Id }`",
            );
        }
        Some(Emit { topic: topic?, payload, span })
    }

    fn reply(&mut self, node: Node<'_>) -> Reply {
        let span = self.span(&node);
        let (mut status, mut fields) = (None, Vec::new());
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::arg => status = Some(self.arg(part)),
                Rule::object => fields = self.fields(part),
                _ => {}
            }
        }
        Reply { status, fields, span }
    }

    fn state(&mut self, node: Node<'_>) -> State {
        let span = self.span(&node);
        let mut by = None;
        let wants_key = node.clone().into_inner().any(|part| part.as_rule() == Rule::kw_by);
        if wants_key {
            by = self.only_arg(node.clone(), "by", "a key", "state by input.account { ... }");
        }
        let declarations = self.declarations(node, "state");
        State { by, fields: declarations.fields, span }
    }

    fn concurrency(&mut self, node: Node<'_>) -> Option<Concurrency> {
        let (span, owner) = (self.span(&node), node.clone());
        let (mut places, mut per, mut overflow, mut behind_per) = (None, None, None, false);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::kw_per => behind_per = true,
                Rule::arg if behind_per => per = Some(self.arg(part)),
                Rule::arg => places = Some(self.arg(part)),
                Rule::settings => {
                    for (word, arg) in self.settings(part, &["overflow"]) {
                        let Arg::Expr(value) = arg else { continue };
                        debug_assert_eq!(&*word.text, "overflow", "other settings are reported and left out");
                        overflow = Some(Name { text: value.source, span: value.span });
                    }
                }
                _ => {}
            }
        }
        if places.is_none() || (behind_per && per.is_none()) {
            self.missing(
                &owner,
                "this `concurrency` is not complete",
                "write `concurrency 1` or `concurrency 1 per input.account { overflow queue }`",
            );
        }
        Some(Concurrency { places: places?, per, overflow, span })
    }

    fn run_key(&mut self, node: Node<'_>) -> Option<RunKey> {
        let (span, owner) = (self.span(&node), node.clone());
        let mut keep = None;
        if let Some(settings) = node.clone().into_inner().find(|part| part.as_rule() == Rule::settings) {
            keep = self.settings(settings, &["keep"]).pop().map(|(_, arg)| arg);
        }
        let key = self.only_arg(owner, "key", "a value", "key input.order { keep 1d }")?;
        Some(RunKey { key, keep, span })
    }

    /// `{ overflow queue }`: words with a parameter, of which only `known` are kept.
    fn settings(&mut self, node: Node<'_>, known: &[&'static str]) -> Vec<(Name, Arg)> {
        let mut settings = Vec::new();
        for item in self.items(node) {
            if item.node.as_rule() != Rule::setting {
                self.junk(item, Place::Settings);
                continue;
            }
            let (mut word, mut arg) = (None, None);
            for part in item.node.into_inner() {
                match part.as_rule() {
                    Rule::word => word = Some(self.name(&part)),
                    Rule::arg => arg = Some(self.arg(part)),
                    Rule::colon => self.colon_behind_keyword(&part),
                    _ => {}
                }
            }
            let (Some(word), Some(arg)) = (word, arg) else { continue };
            if known.contains(&&*word.text) {
                settings.push((word, arg));
            } else {
                let fault = self
                    .faults
                    .error(
                        code::NOT_UNDERSTOOD,
                        word.span.range(),
                        format!("`{}` is nothing that can be set here", word.text),
                    )
                    .near(&word.text, word.span, known.iter().copied())
                    .hint(format!("here stands `{}`", known.join("`, `")));
                self.faults.push(fault);
            }
        }
        settings
    }

    pub(super) fn colon_behind_keyword(&mut self, node: &Node<'_>) {
        let span = self.span(node);
        let fault = self
            .faults
            .error(code::COLON_OR_EQUALS, self.range(node), "a clause takes no `:`")
            .label("`key: value` is data, `keyword value` is behaviour")
            .fix("delete the `:`", span, "");
        self.faults.push(fault);
    }

    fn tags(&mut self, node: Node<'_>) -> Vec<Text> {
        let owner = node.clone();
        let Some(texts) = node.into_inner().find(|part| part.as_rule() == Rule::texts) else {
            self.missing(&owner, "`tags` needs a list of texts", "write `tags [\"sales\", \"eu\"]`");
            return Vec::new();
        };
        let mut tags = Vec::new();
        for item in self.items(texts) {
            match item.node.as_rule() {
                Rule::string => tags.push(self.plain(&item.node)),
                _ => self.junk(item, Place::Texts),
            }
        }
        tags
    }

    /// A name in quotes, where a bare one is written.
    pub(super) fn title_for_name(&mut self, node: &Node<'_>) -> Option<Name> {
        let text = self.plain(node);
        let name = letter::name_of(&text.text.to_lowercase());
        let fault = self.faults.error(code::MALFORMED_NAME, text.span.range(), "a name stands without quotes");
        let fault = match &name {
            Some(name) => fault.fix(format!("write `{name}`"), text.span, name.clone()),
            None => fault,
        };
        self.faults.push(fault);
        name.map(|name| Name { text: name.into(), span: text.span })
    }

    /// What the types and names of a step with a broken header would have been: nobody is told that they do not exist.
    pub(super) fn poison_steps(&mut self, block: &Block) {
        let names = block.items.iter().filter_map(|item| match item {
            Item::Step(step) => step.name.clone(),
            Item::Let(binding) => Some(binding.name.clone()),
            _ => None,
        });
        self.poisoned.extend(names);
    }

    /// A step whose type is given and whose name is known.
    pub(super) fn labelled(name: Option<Name>, ty: Option<Type>, doc: Option<Text>) -> Label {
        Label { doc, name, ty }
    }
}

/// Rules that are steps without a name when they stand as statements.
fn is_action(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::if_
            | Rule::for_
            | Rule::parallel_for
            | Rule::parallel
            | Rule::match_
            | Rule::while_
            | Rule::repeat
            | Rule::race
            | Rule::lock
            | Rule::sequence
            | Rule::wait
            | Rule::ask
            | Rule::start
            | Rule::script
    )
}
