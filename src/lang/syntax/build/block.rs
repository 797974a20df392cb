//! Statements, blocks, and what a workflow declares.

use super::super::ast::{
    Action, Arg, Arm, Block, Branch, Concurrency, Emit, Expr, Fail, For, ForSource, If, Item, Let, Lock, Match, Name,
    Path, Pattern, Race, Repeat, Reply, Return, RunKey, Runners, Set, State, Step, Text, Type, Until, Value, While,
};
use super::super::code;
use super::super::grammar::{Node, Rule};
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

    fn item(&mut self, item: super::Item<'_>) -> Option<Item> {
        let node = item.node.clone();
        let span = self.span(&node);
        Some(match node.as_rule() {
            Rule::step => Item::Step(Box::new(self.step(node)?)),
            Rule::let_ => Item::Let(self.let_(node)?),
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
                let value = node.into_inner().find(|part| part.as_rule() == Rule::value).map(|value| self.value(value));
                Item::Return(Return { value, span })
            }
            Rule::emit => Item::Emit(self.emit(node)?),
            Rule::reply => Item::Reply(self.reply(node)),
            Rule::input => Item::Input(self.declarations(node, "input")),
            Rule::vars => {
                let vars = self.declarations(node, "vars");
                self.colons_for_equals(&vars);
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

    /// The parameter of a clause that has just one; reports its absence.
    pub(super) fn only_arg(&mut self, node: Node<'_>, keyword: &str, what: &str, example: &str) -> Option<Arg> {
        let owner = node.clone();
        let arg = node.into_inner().find(|part| part.as_rule() == Rule::arg);
        if arg.is_none() {
            self.missing(&owner, format!("`{keyword}` needs {what}"), format!("write `{example}`"));
        }
        arg.map(|arg| self.arg(arg))
    }

    pub(super) fn only_expr(&mut self, node: Node<'_>, keyword: &str, example: &str) -> Option<Expr> {
        let owner = node.clone();
        let expr = node.into_inner().find(|part| part.as_rule() == Rule::expr);
        if expr.is_none() {
            self.missing(&owner, format!("`{keyword}` needs an expression"), format!("write `{example}`"));
        }
        expr.map(|expr| self.expr(&expr))
    }

    pub(super) fn only_text(&mut self, node: Node<'_>, keyword: &str, example: &str) -> Option<Text> {
        let owner = node.clone();
        let text = node.into_inner().find(|part| part.as_rule() == Rule::string);
        if text.is_none() {
            self.missing(&owner, format!("`{keyword}` needs a text in quotes"), format!("write `{example}`"));
        }
        text.map(|text| self.plain(&text))
    }

    pub(super) fn only_word(&mut self, node: Node<'_>, keyword: &str, example: &str) -> Option<Name> {
        let owner = node.clone();
        let word = node.into_inner().find(|part| matches!(part.as_rule(), Rule::word | Rule::name));
        if word.is_none() {
            self.missing(&owner, format!("`{keyword}` needs a word behind it"), format!("write `{example}`"));
        }
        word.map(|word| self.name(&word))
    }

    pub(super) fn only_path(&mut self, node: Node<'_>, keyword: &str, example: &str) -> Option<Path> {
        let owner = node.clone();
        let path = node.into_inner().find(|part| part.as_rule() == Rule::path);
        if path.is_none() {
            self.missing(&owner, format!("`{keyword}` needs a name"), format!("write `{example}`"));
        }
        path.map(|path| self.path(path))
    }

    fn let_(&mut self, node: Node<'_>) -> Option<Let> {
        let (span, owner) = (self.span(&node), node.clone());
        let (mut name, mut ty, mut value, mut assigned) = (None, None, None, false);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::type_ => ty = Some(self.type_(part)),
                Rule::value => value = Some(self.value(part)),
                Rule::assign => assigned = true,
                Rule::mistaken_assign => {
                    assigned = true;
                    self.other_assignment(&part, "=");
                }
                _ => {}
            }
        }
        if name.is_none() || value.is_none() || !assigned {
            self.missing(&owner, "this `let` is not complete", "write `let NAME = VALUE`");
        }
        let value = value.unwrap_or_else(|| Value::Expr(Expr::hole(span.after())));
        Some(Let { name: name?, ty, value, span })
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

    // Blocks as actions.

    pub(super) fn if_(&mut self, node: &Node<'_>) -> Action {
        let (mut arms, mut otherwise) = (Vec::new(), None);
        for part in node.clone().into_inner() {
            match part.as_rule() {
                Rule::arm_if => arms.push(self.arm_if(part)),
                Rule::else_if => {
                    for inner in part.into_inner() {
                        match inner.as_rule() {
                            Rule::mistaken_elif => {
                                let (span, written) = (self.span(&inner), self.written(&inner).to_owned());
                                let fault = self
                                    .faults
                                    .error(code::FOREIGN_WORD, self.range(&inner), format!("there is no `{written}`"))
                                    .fix("write `else if`", span, "else if");
                                self.faults.push(fault);
                            }
                            Rule::arm_if => arms.push(self.arm_if(inner)),
                            _ => {}
                        }
                    }
                }
                Rule::else_ => {
                    if let Some(junk) = part.clone().into_inner().find(|inner| inner.as_rule() == Rule::junk_head) {
                        self.header_junk(&junk, "else");
                    }
                    let block = self.block_in(&part);
                    otherwise = Some(self.body(block, &part, "this `else`"));
                }
                _ => {}
            }
        }
        Action::If(If { arms, otherwise })
    }

    fn arm_if(&mut self, node: Node<'_>) -> (Expr, Block) {
        let condition = self.condition(&node, "if", "if order.total > 100 { ... }");
        let block = self.block_in(&node);
        let lost = block.is_none() && self.range(&node).is_empty();
        let body = if lost {
            Block { items: Vec::new(), span: self.span(&node) }
        } else {
            self.body(block, &node, "this `if`")
        };
        (condition, body)
    }

    /// The expression of a header, and what stands too much behind it.
    fn condition(&mut self, node: &Node<'_>, keyword: &str, example: &str) -> Expr {
        let mut condition = None;
        let mut junk = false;
        for part in node.clone().into_inner() {
            match part.as_rule() {
                Rule::expr => condition = Some(self.expr(&part)),
                Rule::junk_head => {
                    junk = true;
                    self.header_junk(&part, keyword);
                }
                _ => {}
            }
        }
        condition.unwrap_or_else(|| {
            let span = self.span(node);
            if !junk {
                let word = span.range().start.saturating_sub(keyword.len() + 1)..span.range().start;
                let place = if self.range(node).is_empty() || !self.mask.is_char_boundary(word.start) {
                    span.range()
                } else {
                    word
                };
                let fault = self
                    .faults
                    .error(code::MISSING, place, format!("this `{keyword}` has no condition"))
                    .hint(format!("write `{example}`"));
                self.faults.push(fault);
            }
            Expr::hole(span.before())
        })
    }

    pub(super) fn match_(&mut self, node: &Node<'_>) -> Action {
        let subject = self.condition(node, "match", "match order.country { \"DE\" => { ... }, _ => { ... } }");
        let mut arms = None;
        for part in node.clone().into_inner() {
            match part.as_rule() {
                Rule::match_body => arms = Some(self.arms(part)),
                Rule::match_below => arms = self.below(part).map(|body| self.arms(body)),
                _ => {}
            }
        }
        if arms.is_none() {
            self.missing(node, "this `match` has no arms", "write `match x { \"a\" => { ... }, _ => { ... } }`");
        }
        Action::Match(Match { subject, arms: arms.unwrap_or_default() })
    }

    fn arms(&mut self, node: Node<'_>) -> Vec<Arm> {
        let mut arms = Vec::new();
        for item in self.items(node) {
            match item.node.as_rule() {
                Rule::arm => arms.push(self.arm(item.node)),
                _ => self.junk(item, Place::Arms),
            }
        }
        arms
    }

    fn arm(&mut self, node: Node<'_>) -> Arm {
        let (span, owner) = (self.span(&node), node.clone());
        let (mut patterns, mut guard, mut body) = (Vec::new(), None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::pattern => patterns.push(self.pattern(part)),
                Rule::arm_guard => {
                    if let Some(word) = part.clone().into_inner().find(|inner| inner.as_rule() == Rule::kw_when) {
                        self.replace(&word, code::FOREIGN_WORD, "the guard of an arm begins with `if`", "if");
                    }
                    guard = self.only_expr(part, "if", "x if x > 10 => { ... }");
                }
                Rule::mistaken_case => self.replace(&part, code::FOREIGN_WORD, "an arm begins with its pattern", ""),
                Rule::mistaken_arrow => {
                    self.replace(&part, code::FOREIGN_WORD, "between a pattern and its block stands `=>`", "=>")
                }
                Rule::block => body = Some(self.block(part)),
                Rule::block_below => body = self.below(part).map(|block| self.block(block)),
                Rule::arm_item => {
                    let place = self.span(&part);
                    let fault = self
                        .faults
                        .error(code::MISSING, self.head(&part), "an arm is a block")
                        .label("this stands without braces")
                        .hint("put `{ ... }` around it");
                    self.faults.push(fault);
                    let items = self.items(part).into_iter().filter_map(|item| self.item(item)).collect();
                    body = Some(Block { items, span: place });
                }
                _ => {}
            }
        }
        let body = self.body(body, &owner, "this arm");
        Arm { patterns, guard, body, span }
    }

    /// Reports a piece that is written otherwise here.
    pub(super) fn replace(&mut self, node: &Node<'_>, code: crate::base::diagnostic::Code, message: &str, right: &str) {
        let (span, written) = (self.span(node), self.written(node).to_owned());
        let advice = if right.is_empty() {
            format!("delete `{written}`")
        } else {
            format!("write `{right}` instead of `{written}`")
        };
        let fault = self.faults.error(code, self.range(node), message).fix(advice, span, right);
        self.faults.push(fault);
    }

    fn pattern(&mut self, node: Node<'_>) -> Pattern {
        let span = self.span(&node);
        let Some(form) = node.into_inner().next() else { return Pattern::Any(span) };
        match form.as_rule() {
            Rule::pattern_list => {
                let mut members = Vec::new();
                for item in self.items(form) {
                    match item.node.as_rule() {
                        Rule::pattern => members.push(self.pattern(item.node)),
                        _ => self.junk(item, Place::Patterns),
                    }
                }
                Pattern::List(members, span)
            }
            Rule::pattern_range => {
                let (mut from, mut to, mut inclusive, mut dots) = (None, None, false, false);
                for part in form.into_inner() {
                    match part.as_rule() {
                        Rule::pattern_end => *(if dots { &mut to } else { &mut from }) = Some(self.expr(&part)),
                        Rule::range_closed => (dots, inclusive) = (true, true),
                        _ => dots = true,
                    }
                }
                Pattern::Range { from, to, inclusive, span }
            }
            Rule::pattern_literal => Pattern::Literal(self.expr(&form)),
            _ => match form.as_str() {
                "_" => Pattern::Any(span),
                word @ ("default" | "else" | "otherwise") => {
                    let fault = self
                        .faults
                        .error(code::FOREIGN_WORD, span.range(), format!("`{word}` is no pattern"))
                        .fix("what fits anything is written `_`", span, "_");
                    self.faults.push(fault);
                    Pattern::Any(span)
                }
                _ => Pattern::Name(self.name(&form)),
            },
        }
    }

    /// What stands behind `for`; also of a race.
    pub(super) fn for_head(&mut self, node: &Node<'_>, parallel: bool) -> Option<For> {
        let owner = node;
        let head = node.clone().into_inner().find(|part| part.as_rule() == Rule::for_head)?;
        let (mut item, mut source, mut max, mut tolerate, mut junk) = (None, None, None, None, false);
        for part in head.clone().into_inner() {
            match part.as_rule() {
                Rule::name => item = Some(self.name(&part)),
                Rule::expr => source = Some(ForSource::Items(self.expr(&part))),
                Rule::stream => source = self.stream(part).map(|step| ForSource::Stream(Box::new(step))),
                Rule::limits => (max, tolerate) = self.limits(part),
                Rule::junk_head => {
                    junk = true;
                    self.header_junk(&part, "for");
                }
                _ => {}
            }
        }
        if !junk && (item.is_none() || source.is_none()) {
            self.missing(
                owner,
                "this `for` is not complete",
                "write `for item in items { ... }` or `for row from sql.query { ... } { ... }`",
            );
        }
        let block = self.block_in(&head);
        let body = self.body(block, owner, "this `for`");
        let span = self.span(&head);
        let source = source.unwrap_or_else(|| ForSource::Items(Expr::hole(span.before())));
        match item {
            Some(item) => Some(For { parallel, item, source, max, tolerate, body }),
            None => {
                self.poison_steps(&body);
                None
            }
        }
    }

    fn stream(&mut self, node: Node<'_>) -> Option<Step> {
        let (span, head) = (self.span(&node), self.head(&node));
        let head = self.faults.span(head);
        let call = self.call(node)?;
        Some(call.into_step(Label { doc: None, name: None, ty: None }, span, head))
    }

    /// `max N` and `tolerate N`.
    fn limits(&mut self, node: Node<'_>) -> (Option<Arg>, Option<Arg>) {
        let (mut max, mut tolerate) = (None, None);
        for limit in node.into_inner() {
            let tolerates = limit.clone().into_inner().any(|part| part.as_rule() == Rule::kw_tolerate);
            if tolerates {
                tolerate =
                    self.only_arg(limit, "tolerate", "a number, a percentage or `all`", "tolerate 5%").map(|arg| {
                        match arg {
                            Arg::Expr(expr) if &*expr.source == "all" => Arg::All(expr.span),
                            other => other,
                        }
                    });
            } else {
                max = self.limit(limit);
            }
        }
        (max, tolerate)
    }

    pub(super) fn limit(&mut self, node: Node<'_>) -> Option<Arg> {
        self.only_arg(node, "max", "a number", "max 10")
    }

    pub(super) fn while_(&mut self, node: &Node<'_>) -> Action {
        let condition = self.condition(node, "while", "while vars.cursor != () max 500 { ... }");
        let limits = node.clone().into_inner().find(|part| part.as_rule() == Rule::limits);
        let max = limits.and_then(|limits| self.limits(limits).0);
        let block = self.block_in(node);
        Action::While(While { condition, max, body: self.body(block, node, "this `while`") })
    }

    pub(super) fn repeat(&mut self, node: &Node<'_>) -> Action {
        let (mut every, mut max) = (None, None);
        for part in node.clone().into_inner() {
            match part.as_rule() {
                Rule::every => every = self.every(part),
                Rule::limit => max = self.limit(part),
                Rule::junk_head => self.header_junk(&part, "repeat"),
                _ => {}
            }
        }
        let block = self.block_in(node);
        Action::Repeat(Repeat { every, max, body: self.body(block, node, "this `repeat`") })
    }

    pub(super) fn every(&mut self, node: Node<'_>) -> Option<Arg> {
        self.only_arg(node, "every", "a duration", "every 10s")
    }

    pub(super) fn lock(&mut self, node: &Node<'_>) -> Option<Action> {
        let (mut key, mut max) = (None, None);
        for part in node.clone().into_inner() {
            match part.as_rule() {
                Rule::arg => key = Some(self.arg(part)),
                Rule::limits => max = self.limits(part).0,
                Rule::junk_head => self.header_junk(&part, "lock"),
                _ => {}
            }
        }
        if key.is_none() {
            self.missing(node, "this `lock` does not say what it locks", "write `lock \"crm\" max 3 { ... }`");
        }
        let block = self.block_in(node);
        let body = self.body(block, node, "this `lock`");
        let key = key.unwrap_or_else(|| Arg::Expr(Expr::hole(body.span.before())));
        Some(Action::Lock(Lock { key, max, body }))
    }

    pub(super) fn race(&mut self, node: &Node<'_>) -> Option<Action> {
        let (mut wins, mut runners) = (None, None);
        for part in node.clone().into_inner() {
            match part.as_rule() {
                Rule::arg => wins = Some(self.arg(part)),
                Rule::junk_head => self.header_junk(&part, "race"),
                Rule::race_for => {
                    let turns = self.for_head(&part, false)?;
                    let items = match turns.source {
                        ForSource::Items(items) => items,
                        ForSource::Stream(call) => {
                            let fault = self
                                .faults
                                .error(code::MISPLACED, call.span.range(), "a race does not stream its runners")
                                .hint("call the operation in a step of its own and write `race for x in STEP { ... }`");
                            self.faults.push(fault);
                            Expr::hole(call.span)
                        }
                    };
                    runners = Some(Runners::Items { item: turns.item, items, max: turns.max, body: turns.body });
                }
                Rule::race_body => runners = Some(Runners::Branches(self.branches(part))),
                Rule::race_below => runners = self.below(part).map(|body| Runners::Branches(self.branches(body))),
                _ => {}
            }
        }
        if runners.is_none() {
            self.missing(node, "nobody takes part in this race", "write `race { branch a { ... }, branch b { ... } }`");
        }
        Some(Action::Race(Race { wins, runners: runners.unwrap_or(Runners::Branches(Vec::new())) }))
    }

    fn branches(&mut self, node: Node<'_>) -> Vec<Branch> {
        let mut branches = Vec::new();
        for item in self.items(node) {
            if item.node.as_rule() == Rule::branch {
                branches.extend(self.branch(item.node));
                continue;
            }
            let (head, known) = (self.head(&item.node), !super::is_junk(item.node.as_rule()));
            if known {
                let fault = self
                    .faults
                    .error(code::MISPLACED, head, "a race consists of branches")
                    .hint("put it into a branch: `branch NAME { ... }`");
                self.faults.push(fault);
            }
            self.item(item);
        }
        branches
    }

    fn branch(&mut self, node: Node<'_>) -> Option<Branch> {
        let (span, owner) = (self.span(&node), node.clone());
        let mut name = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::mistaken_title => name = self.title_for_name(&part),
                Rule::junk_head => self.header_junk(&part, "branch"),
                _ => {}
            }
        }
        if name.is_none() {
            self.missing(&owner, "this branch has no name", "write `branch NAME { ... }`");
        }
        let block = self.block_in(&owner);
        let body = self.body(block, &owner, "this branch");
        Some(Branch { name: name?, body, span })
    }

    /// A name in quotes, where a bare one is written.
    pub(super) fn title_for_name(&mut self, node: &Node<'_>) -> Option<Name> {
        let text = self.plain(node);
        let name: String =
            text.text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
        let name = name.trim_matches('_').to_owned();
        let fault = self.faults.error(code::MALFORMED_NAME, text.span.range(), "a name stands without quotes");
        let sound = name.starts_with(|c: char| c.is_ascii_alphabetic());
        let fault = if sound { fault.fix(format!("write `{name}`"), text.span, name.clone()) } else { fault };
        self.faults.push(fault);
        sound.then(|| Name { text: name.into(), span: text.span })
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
