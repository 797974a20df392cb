//! Steps, their calls and their clauses.

use super::super::ast::{
    Action, Arg, Ask, Auth, Call, Clause, ClauseKind, Code, Expr, Field, Name, Path, Step, Text, Tool, Type, Wait, Whom,
};
use super::super::code;
use super::super::grammar::{Node, Rule};
use super::super::word;
use super::Builder;
use super::junk::Place;
use crate::base::span::Span;

/// What stands before the `=` of a step.
pub(super) struct Label {
    pub(super) doc: Option<Text>,
    pub(super) name: Option<Name>,
    pub(super) ty: Option<Type>,
}

/// What the braces of a call hold.
#[derive(Default)]
pub(super) struct Inside {
    params: Vec<Field>,
    clauses: Vec<Clause>,
    tools: Option<(Vec<Tool>, Span)>,
    memory: Option<(Arg, Span)>,
    filter: Option<(Expr, Span)>,
}

/// A callee with all its braces hold.
pub(super) struct Called {
    callee: Path,
    inside: Inside,
}

impl Called {
    /// The call as a step.
    pub(super) fn into_step(self, label: Label, span: Span, head: Span) -> Step {
        let Self { callee, inside } = self;
        let action = Action::Call(Call { callee, params: inside.params });
        Step {
            doc: label.doc,
            name: label.name,
            ty: label.ty,
            action,
            clauses: inside.clauses,
            with: false,
            span,
            head,
        }
    }
}

impl Builder<'_> {
    pub(super) fn step(&mut self, node: Node<'_>) -> Option<Step> {
        let (span, owner) = (self.span(&node), node.clone());
        let head = self.head(&node);
        let head = self.faults.span(head);
        let doc = self.doc(span.range().start);
        let (mut name, mut ty, mut action, mut mistaken) = (None, None, None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::kw_step => {}
                Rule::label => (name, ty) = self.label(part),
                Rule::mistaken_label => mistaken = Some(part),
                Rule::mistaken_call_word => {
                    self.replace(&part, code::FOREIGN_WORD, "a call needs no word before it", "")
                }
                _ => action = Some(part),
            }
        }
        if let Some(label) = mistaken {
            name = self.mistaken_label(label, action.is_some());
        }
        let Some(action) = action else {
            self.no_action(&owner, name.as_ref());
            self.poisoned.extend(name);
            return None;
        };
        let label = Self::labelled(name.clone(), ty, doc);
        let step = self.action(action, label, span, head);
        if step.is_none() {
            self.poisoned.extend(name);
        }
        step
    }

    /// A step without anything to do: what stands in its place tells why.
    fn no_action(&mut self, node: &Node<'_>, name: Option<&Name>) {
        let end = self.range(node).end;
        let rest = self.mask[end..].trim_start_matches([' ', '\t']);
        let shown = name.map_or("NAME", |name| &name.text).to_owned();
        let hint = format!("write `step {shown} = connector.operation {{ ... }}`");
        if name.is_none() && rest.starts_with('=') {
            return self.missing(node, "this step has no name", hint);
        }
        if !rest.starts_with(|c: char| c.is_ascii_digit() || "\"[{#'".contains(c)) {
            return self.missing(node, "this step does nothing", hint);
        }
        let word = self.first_word(node);
        let span = self.faults.span(word.clone());
        self.incomplete = Some(end);
        self.unseparated.remove(&end);
        let fault = self.faults.error(code::FOREIGN_WORD, word, "a step does something, and here stands a value");
        self.faults.push(fault.fix(format!("write `let {shown} = ...`"), span, "let").hint(hint));
    }

    /// What stands behind `await`, or where a `let` should be a step.
    pub(super) fn bound_call(&mut self, node: Node<'_>, label: Label, span: Span) -> Option<Step> {
        let head = self.head(&node);
        let head = self.faults.span(head);
        let action = node.clone().into_inner().find(|part| part.as_rule() != Rule::mistaken_await)?;
        if action.as_rule() == Rule::path {
            return self.call(node).map(|called| called.into_step(label, span, head));
        }
        self.action(action, label, span, head)
    }

    pub(super) fn label(&mut self, node: Node<'_>) -> (Option<Name>, Option<Type>) {
        let (mut name, mut ty) = (None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::type_ => ty = Some(self.type_(part)),
                _ => {}
            }
        }
        (name, ty)
    }

    fn mistaken_label(&mut self, node: Node<'_>, goes_on: bool) -> Option<Name> {
        let (mut name, mut mark) = (None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::mistaken_title => name = self.title_for_name(&part),
                Rule::assign => mark = Some(None),
                _ => mark = Some(Some(part)),
            }
        }
        match (mark, &name) {
            (Some(Some(mark)), _) => {
                let (written, span) = (self.written(&mark).to_owned(), self.span(&mark));
                let right = if self.mask[..span.range().start].ends_with(' ') { "=" } else { " =" };
                let fault = self
                    .faults
                    .error(
                        code::COLON_OR_EQUALS,
                        self.range(&mark),
                        format!("between a step's name and what it does stands `=`, not `{written}`"),
                    )
                    .fix("write `step NAME = connector.operation { ... }`", span, right);
                self.faults.push(fault);
            }
            (None, Some(name)) if goes_on => {
                let (place, shown) = (name.span.after(), name.text.clone());
                let fault = self
                    .faults
                    .error(code::MISSING, name.span.range(), format!("between `{shown}` and what it does stands `=`"))
                    .fix(format!("write `step {shown} = ...`"), place, " =");
                self.faults.push(fault);
            }
            _ => {}
        }
        name
    }

    /// A step from what it does. `None`: it could not be read, and that is reported.
    pub(super) fn action(&mut self, node: Node<'_>, label: Label, span: Span, head: Span) -> Option<Step> {
        let mut inside = Inside::default();
        let action = match node.as_rule() {
            Rule::call_step => {
                let call = node.clone().into_inner().find(|part| part.as_rule() == Rule::call)?;
                let called = self.call(call)?;
                inside = called.inside;
                Action::Call(Call { callee: called.callee, params: std::mem::take(&mut inside.params) })
            }
            Rule::start => {
                let Some(call) = node.clone().into_inner().find(|part| part.as_rule() == Rule::call) else {
                    self.missing(&node, "this `start` names no workflow", "write `start WORKFLOW { ... }`");
                    return None;
                };
                let called = self.call(call)?;
                inside = called.inside;
                Action::Start(Call { callee: called.callee, params: std::mem::take(&mut inside.params) })
            }
            Rule::script => Action::Script(self.script(&node)),
            Rule::ask => Action::Ask(self.ask(&node, &mut inside)?),
            Rule::wait => Action::Wait(self.wait(&node, &mut inside)?),
            Rule::if_ => self.if_(&node),
            Rule::match_ => self.match_(&node),
            Rule::for_ => Action::For(self.for_head(&node, false)?),
            Rule::parallel_for => Action::For(self.for_head(&node, true)?),
            Rule::while_ => self.while_(&node),
            Rule::repeat => self.repeat(&node),
            Rule::race => self.race(&node)?,
            Rule::lock => self.lock(&node)?,
            rule => {
                let keyword = if rule == Rule::parallel { "parallel" } else { "sequence" };
                if let Some(junk) = node.clone().into_inner().find(|part| part.as_rule() == Rule::junk_head) {
                    self.header_junk(&junk, keyword);
                }
                let block = self.block_in(&node);
                let block = self.body(block, &node, &format!("this `{keyword}`"));
                if rule == Rule::parallel { Action::Parallel(block) } else { Action::Sequence(block) }
            }
        };
        let with = node.into_inner().find(|part| part.as_rule() == Rule::with);
        let has_with = with.is_some();
        if let Some(with) = with {
            self.with(with, &mut inside);
        }
        let clauses = self.settle(&action, inside);
        Some(Step { doc: label.doc, name: label.name, ty: label.ty, action, clauses, with: has_with, span, head })
    }

    /// The clauses of a step, once it is known what it does; reports those that belong to other steps.
    fn settle(&mut self, action: &Action, inside: Inside) -> Vec<Clause> {
        let ask = matches!(action, Action::Ask(_));
        let mut misplaced = |span: Span, what: &str, where_: &str| {
            let fault = self.faults.error(code::MISPLACED, span.range(), format!("`{what}` belongs to {where_}"));
            self.faults.push(fault.hint(format!("delete it, or make this {where_}")));
        };
        if let Some((_, span)) = inside.tools.filter(|_| !ask) {
            misplaced(span, "tools", "an `ask`");
        }
        if let Some((_, span)) = inside.memory.filter(|_| !ask) {
            misplaced(span, "memory", "an `ask`");
        }
        if let Some((_, span)) = inside.filter {
            misplaced(span, "where", "a `wait event`");
        }
        inside.clauses
    }

    pub(super) fn call(&mut self, node: Node<'_>) -> Option<Called> {
        let (mut callee, mut inside) = (None, Inside::default());
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::path => callee = Some(self.path(part)),
                Rule::call_body => inside = self.call_body(part),
                Rule::call_below => inside = self.below(part).map(|body| self.call_body(body)).unwrap_or_default(),
                Rule::mistaken_arguments => self.arguments(&part),
                Rule::mistaken_params => inside.params = self.bare_params(part),
                _ => {}
            }
        }
        Some(Called { callee: callee?, inside })
    }

    /// `slack.post_message(channel: "x")`
    pub(super) fn arguments(&mut self, node: &Node<'_>) {
        let (range, span) = (self.range(node), self.span(node));
        if self.is_lost(range.clone()) || range.len() < 2 {
            return;
        }
        let inside = self.slice(range.start + 1..range.end - 1).trim().to_owned();
        let fault = self.faults.error(
            code::FOREIGN_WORD,
            range,
            "the parameters of a call stand in braces, each with its name",
        );
        let fault = match inside.as_str() {
            "" => fault.fix("delete the brackets", span, ""),
            // Named parameters only need other brackets.
            named if named.contains(':') && !named.contains("->") => {
                fault.fix(format!("write `{{ {named} }}`"), span, format!(" {{ {named} }}"))
            }
            other => fault.hint(format!("write `{{ NAME: {other} }}`")),
        };
        self.faults.push(fault);
    }

    /// `email.send to: "x", subject: "y"`
    fn bare_params(&mut self, node: Node<'_>) -> Vec<Field> {
        let span = self.span(&node);
        let written = self.slice(span.range()).to_owned();
        let fault = self.faults.error(code::MISSING, span.range(), "the parameters of a call stand in braces");
        self.faults.push(fault.fix(format!("write `{{ {written} }}`"), span, format!("{{ {written} }}")));
        node.into_inner().filter_map(|field| self.field(field)).collect()
    }

    fn with(&mut self, node: Node<'_>, inside: &mut Inside) {
        let owner = node.clone();
        let Some(body) = node.into_inner().find(|part| part.as_rule() == Rule::call_body) else {
            self.missing(&owner, "`with` has no braces", "write `with { timeout 30s }`");
            return;
        };
        let more = self.call_body(body);
        for field in &more.params {
            let shown = &field.key.text;
            if word::CLAUSES.contains(&&**shown) {
                self.colon_of_clause(field);
                continue;
            }
            let fault = self
                .faults
                .error(
                    code::MISPLACED,
                    field.span.range(),
                    format!("`{shown}:` is a parameter, and `with` holds clauses"),
                )
                .near(shown, field.key.span, word::CLAUSES)
                .hint("a clause is written without a colon, as in `with { timeout 30s }`");
            self.faults.push(fault);
        }
        inside.clauses.extend(more.clauses);
        inside.tools = inside.tools.take().or(more.tools);
        inside.memory = inside.memory.take().or(more.memory);
        inside.filter = inside.filter.take().or(more.filter);
    }

    /// `timeout: 30s` where only a clause can be meant.
    pub(super) fn colon_of_clause(&mut self, field: &Field) {
        let (key, value) = (field.key.span, field.value.span());
        let colon = key.after().to(value.before());
        let fault = self
            .faults
            .error(
                code::COLON_OR_EQUALS,
                key.range(),
                format!("`{}` is a clause here, and takes no `:`", field.key.text),
            )
            .label("`key: value` is data, `keyword value` is behaviour")
            .fix("delete the `:`", colon, " ");
        self.faults.push(fault);
    }

    fn call_body(&mut self, node: Node<'_>) -> Inside {
        let mut inside = Inside::default();
        for item in self.items(node) {
            let span = self.span(&item.node);
            match item.node.as_rule() {
                // What stands behind a clause that lacks something is what it lacks, misspelt.
                Rule::short if self.explains_incomplete(&item) => {
                    let range = self.range(&item.node);
                    self.poison_text(range);
                }
                Rule::field | Rule::short => inside.params.extend(self.field(item.node)),
                Rule::mistaken_clause_equals => self.clause_with_equals(item.node, &mut inside),
                Rule::tools => inside.tools = Some((self.tools(item.node), span)),
                Rule::memory => {
                    let memory = self.only_arg(
                        item.node,
                        "memory",
                        "`by` and what tells one memory from another",
                        "memory by input.session",
                    );
                    inside.memory = memory.map(|arg| (arg, span));
                }
                Rule::where_ => inside.filter = self.where_(item.node).map(|filter| (filter, span)),
                Rule::mistaken_statement => self.statement_inside(item.node),
                Rule::junk_field => self.junk(item, Place::Call),
                _ => inside.clauses.extend(self.clause(item.node)),
            }
        }
        inside
    }

    /// `channel = "x"` and `timeout = 30s` in the braces of a call.
    fn clause_with_equals(&mut self, node: Node<'_>, inside: &mut Inside) {
        let word = self.first_word(&node);
        let word = self.slice(word).to_owned();
        if word::CLAUSES.contains(&word.as_str()) {
            let Some(equals) = node.into_inner().find(|part| part.as_rule() == Rule::assign) else { return };
            let (range, span) = (self.range(&equals), self.span(&equals));
            let fault = self
                .faults
                .error(code::COLON_OR_EQUALS, range, format!("the clause `{word}` takes no `=`"))
                .fix(format!("write `{word} ...`"), span, "");
            self.faults.push(fault);
            return;
        }
        inside.params.extend(self.field(node));
    }

    pub(super) fn where_(&mut self, node: Node<'_>) -> Option<Expr> {
        self.only_expr(node, "where", "where event.order == input.id")
    }

    pub(super) fn clause(&mut self, node: Node<'_>) -> Option<Clause> {
        let (span, owner) = (self.span(&node), node.clone());
        let kind = match node.as_rule() {
            Rule::when => ClauseKind::When(self.only_expr(node, "when", "when order.total > 100")?),
            Rule::after => ClauseKind::After(self.after(node)?),
            Rule::timeout => ClauseKind::Timeout(self.only_arg(node, "timeout", "a duration", "timeout 30s")?),
            Rule::deadline => ClauseKind::Deadline(self.only_arg(node, "deadline", "a duration", "deadline 10m")?),
            Rule::retry_clause => ClauseKind::Retry(self.retry(node.into_inner().next()?)),
            Rule::on => ClauseKind::On(self.on(node)?),
            Rule::handle => ClauseKind::Handle(self.only_path(node, "handle", "handle alerts.page")?),
            Rule::undo => {
                ClauseKind::Undo(Box::new(self.bare_step(&owner, "undo", "undo crm.delete { id: output.id }")?))
            }
            Rule::key_clause => {
                ClauseKind::Key(self.only_arg(node, "key", "a value", "key \"charge-${input.order}\"")?)
            }
            Rule::auth => ClauseKind::Auth(self.auth(node)?),
            Rule::secret => ClauseKind::Secret,
            Rule::remind => {
                let every = self.ladder(&owner, "remind", Rule::kw_every, "every", "remind every 1d { ... }");
                let block = self.block_in(&owner);
                ClauseKind::Remind { every: every?, body: self.body(block, &owner, "this `remind`") }
            }
            Rule::escalate => {
                let after = self.ladder(&owner, "escalate", Rule::kw_after, "after", "escalate after 2h { ... }");
                let block = self.block_in(&owner);
                ClauseKind::Escalate { after: after?, body: self.body(block, &owner, "this `escalate`") }
            }
            _ => return None,
        };
        Some(Clause { kind, span })
    }

    /// The duration of `remind every` and `escalate after`.
    fn ladder(&mut self, node: &Node<'_>, keyword: &str, second: Rule, word: &str, example: &str) -> Option<Arg> {
        let (mut has_word, mut arg) = (false, None);
        for part in node.clone().into_inner() {
            match part.as_rule() {
                rule if rule == second => has_word = true,
                Rule::arg => arg = Some(self.arg(part)),
                Rule::junk_head => self.header_junk(&part, keyword),
                _ => {}
            }
        }
        if arg.is_none() || !has_word {
            self.missing(node, format!("`{keyword}` needs `{word}` and a duration"), format!("write `{example}`"));
        }
        arg
    }

    fn after(&mut self, node: Node<'_>) -> Option<Vec<Name>> {
        let owner = node.clone();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => return Some(vec![self.name(&part)]),
                Rule::name_list => return Some(self.names(part, Place::Names)),
                _ => {}
            }
        }
        self.missing(&owner, "`after` names no step", "write `after first_step` or `after [one, other]`");
        None
    }

    /// What stands behind `undo` and `notify`.
    pub(super) fn bare_step(&mut self, node: &Node<'_>, keyword: &str, example: &str) -> Option<Step> {
        let action = node.clone().into_inner().find(|part| !matches!(part.as_rule(), Rule::kw_undo | Rule::kw_notify));
        let Some(action) = action else {
            self.missing(node, format!("`{keyword}` does not say what is done"), format!("write `{example}`"));
            return None;
        };
        let (span, head) = (self.span(&action), self.head(&action));
        let head = self.faults.span(head);
        self.action(action, Label { doc: None, name: None, ty: None }, span, head)
    }

    pub(super) fn auth(&mut self, node: Node<'_>) -> Option<Auth> {
        let (span, owner) = (self.span(&node), node.clone());
        let (mut scheme, mut args, mut fields) = (None, Vec::new(), Vec::new());
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::word => scheme = Some(self.name(&part)),
                Rule::arg => args.push(self.arg(part)),
                Rule::object => fields = self.fields(part),
                _ => {}
            }
        }
        if scheme.is_none() {
            self.missing(&owner, "`auth` names no way to sign in", "write `auth bearer secret(\"TOKEN\")`");
        }
        Some(Auth { scheme: scheme?, args, fields, span })
    }

    fn script(&mut self, node: &Node<'_>) -> Code {
        for part in node.clone().into_inner() {
            match part.as_rule() {
                Rule::code => return self.code(part),
                Rule::code_below => {
                    if let Some(code) = self.below(part) {
                        return self.code(code);
                    }
                }
                _ => {}
            }
        }
        self.missing(node, "this script has no body", "write `script { ... }`");
        Code { source: "".into(), span: self.span(node).after() }
    }

    fn wait(&mut self, node: &Node<'_>, inside: &mut Inside) -> Option<Wait> {
        let mut wait = None;
        for part in node.clone().into_inner() {
            match part.as_rule() {
                Rule::mistaken_for => self.replace(&part, code::FOREIGN_WORD, "`wait` takes its duration at once", ""),
                Rule::wait_event => {
                    let topic = self.only_text(part, "wait event", "wait event \"payment.received\"")?;
                    wait = Some(Wait::Event { topic, filter: None });
                }
                Rule::wait_signal => {
                    wait = Some(Wait::Signal { name: self.only_text(part, "wait signal", "wait signal \"approve\"")? })
                }
                Rule::wait_until => {
                    wait = Some(Wait::Until(self.only_expr(part, "wait until", "wait until input.start_at")?))
                }
                Rule::arg => wait = Some(Wait::For(self.arg(part))),
                Rule::call_body => {
                    *inside = self.call_body(part);
                    for field in std::mem::take(&mut inside.params) {
                        let fault = self
                            .faults
                            .error(code::MISPLACED, field.span.range(), "a `wait` has no parameters")
                            .hint("in its braces stand clauses: `where`, `timeout`, `remind`, `escalate`, `on`");
                        self.faults.push(fault);
                    }
                }
                _ => {}
            }
        }
        if wait.is_none() {
            self.missing(
                node,
                "this `wait` does not say what for",
                "write `wait 3d`, `wait until EXPR`, `wait event \"topic\"` or `wait signal \"name\"`",
            );
        }
        if let Some(Wait::Event { filter, .. }) = &mut wait {
            *filter = inside.filter.take().map(|(expr, _)| expr);
        }
        wait
    }

    fn ask(&mut self, node: &Node<'_>, inside: &mut Inside) -> Option<Ask> {
        let mut whom = None;
        for part in node.clone().into_inner() {
            match part.as_rule() {
                Rule::whom => whom = self.whom(part),
                Rule::call_body => *inside = self.call_body(part),
                _ => {}
            }
        }
        if whom.is_none() {
            self.missing(
                node,
                "this `ask` does not say whom",
                "write `ask role \"finance\" { question: \"...\" }`, or `person`, `persona` or `model` instead of `role`",
            );
        }
        let tools = inside.tools.take().map(|(tools, _)| tools).unwrap_or_default();
        let memory = inside.memory.take().map(|(memory, _)| memory);
        Some(Ask { whom: whom?, params: std::mem::take(&mut inside.params), tools, memory })
    }

    fn whom(&mut self, node: Node<'_>) -> Option<Whom> {
        let (mut kind, mut arg) = (None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::arg => arg = Some(self.arg(part)),
                rule => kind = Some(rule),
            }
        }
        let arg = arg?;
        Some(match (kind?, arg) {
            (Rule::kw_role, arg) => Whom::Role(arg),
            (Rule::kw_person, arg) => Whom::Person(arg),
            (Rule::kw_persona, Arg::Expr(name)) => {
                Whom::Persona(Name { text: name.source.trim_matches('"').into(), span: name.span })
            }
            (_, arg) => Whom::Model(arg),
        })
    }

    fn tools(&mut self, node: Node<'_>) -> Vec<Tool> {
        let owner = node.clone();
        let Some(list) = node.into_inner().find(|part| part.as_rule() == Rule::tool_list) else {
            self.missing(&owner, "`tools` needs a list", "write `tools [lookup_orders { email: input.email }]`");
            return Vec::new();
        };
        let mut tools = Vec::new();
        for item in self.items(list) {
            if item.node.as_rule() != Rule::tool {
                self.junk(item, Place::Tools);
                continue;
            }
            let (mut callee, mut bound) = (None, Vec::new());
            for part in item.node.into_inner() {
                match part.as_rule() {
                    Rule::path => callee = Some(self.path(part)),
                    _ => bound = self.fields(part),
                }
            }
            tools.extend(callee.map(|callee| Tool { callee, bound }));
        }
        tools
    }
}
