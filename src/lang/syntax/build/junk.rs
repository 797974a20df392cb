//! What could not be read: what was meant, and what is to be written instead.

use super::super::ast::{Declaration, Item};
use super::super::code;
use super::super::grammar::{Node, Rule};
use super::Builder;
use super::step::Label;

/// Where something stands, and so what may stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    File,
    Block,
    Call,
    Fields,
    List,
    Declarations,
    Settings,
    Texts,
    Arms,
    Patterns,
    Names,
    Params,
    Tools,
    Trigger,
    Connector,
    Operation,
    Persona,
    Test,
}

/// What a file declares.
pub(super) const DECLARATIONS: [&str; 8] = ["workflow", "connector", "test", "type", "fn", "handler", "persona", "use"];
/// What a statement begins with.
pub(super) const STATEMENTS: [&str; 38] = [
    "step",
    "let",
    "set",
    "if",
    "for",
    "parallel",
    "match",
    "while",
    "repeat",
    "race",
    "lock",
    "sequence",
    "wait",
    "ask",
    "start",
    "script",
    "emit",
    "reply",
    "return",
    "fail",
    "until",
    "output",
    "on",
    "finally",
    "handle",
    "input",
    "vars",
    "state",
    "trigger",
    "version",
    "deadline",
    "concurrency",
    "key",
    "priority",
    "tags",
    "else",
    "branch",
    "with",
];
/// What a clause of a step begins with.
pub(super) const CLAUSES: [&str; 16] = [
    "when", "after", "timeout", "deadline", "retry", "on", "handle", "undo", "key", "auth", "secret", "remind",
    "escalate", "tools", "memory", "where",
];
/// What a clause of a trigger begins with.
pub(super) const TRIGGER_CLAUSES: [&str; 12] = [
    "auth",
    "where",
    "verify",
    "challenge",
    "zone",
    "overlap",
    "catch_up",
    "on",
    "intent",
    "debounce",
    "batch",
    "throttle",
];
/// What shapes a request.
pub(super) const REQUEST_WORDS: [&str; 7] = ["auth", "limit", "retry_after", "fail", "paginate", "output", "timeout"];

impl Place {
    /// The words something may begin with here.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::File => &DECLARATIONS,
            Self::Block => &STATEMENTS,
            Self::Call => &CLAUSES,
            Self::Trigger => &TRIGGER_CLAUSES,
            Self::Connector => &[
                "config",
                "auth",
                "limit",
                "retry_after",
                "fail",
                "read",
                "keyed",
                "once",
                "native",
                "operation",
                "check",
                "example",
                "webhook",
                "poll",
            ],
            Self::Operation => &[
                "auth",
                "limit",
                "retry_after",
                "fail",
                "paginate",
                "output",
                "timeout",
                "GET",
                "POST",
                "PUT",
                "PATCH",
                "DELETE",
            ],
            Self::Persona => &["about", "intent", "on"],
            Self::Test => &["mock", "expect", "at", "advance", "signal", "event", "cancel"],
            _ => &[],
        }
    }

    /// What may stand here, in words.
    fn expected(self) -> &'static str {
        match self {
            Self::File => "a file declares `use type fn workflow handler connector persona test`",
            Self::Block => "here stand statements, such as `step NAME = connector.operation { ... }`",
            Self::Call => "here stand parameters, `key: value`, and clauses, such as `timeout 30s`",
            Self::Fields => "here stand fields, `key: value`",
            Self::List => "here stand values",
            Self::Declarations => "here stand declarations, `name: type` or `name: type = value`",
            Self::Settings => "here stand a word and its value",
            Self::Texts => "here stand texts in quotes",
            Self::Arms => "here stand arms, `pattern => { ... }`",
            Self::Patterns => "here stand patterns: literals, ranges, lists, a name, `_`",
            Self::Names => "here stand names",
            Self::Params => "here stand the names of parameters, without types",
            Self::Tools => "here stand workflows and operations, each with what is bound: `lookup { id: input.id }`",
            Self::Trigger => "here stand clauses of the trigger, such as `where EXPR`, and `input: { ... }`",
            Self::Connector => "here stand `config`, `auth`, `limit`, operations and what holds for all of them",
            Self::Operation => {
                "here stand one request, such as `POST \"/path\" { body: { ... } }`, and what reads its answer"
            }
            Self::Persona => "here stand `about`, `intent NAME { ... }` and `on ask(question, context) { ... }`",
            Self::Test => "here stand `input:`, `mock`, `expect`, `advance`, `signal`, `event`, `cancel` and `at`",
        }
    }
}

/// What other languages say, by its first word: what is wrong, and what to write.
fn foreign(word: &str) -> Option<(&'static str, &'static str)> {
    Some(match word {
        "elif" | "elsif" | "elseif" => ("stands behind no `if`", "write `if EXPR { ... } else if EXPR { ... }`"),
        "foreach" | "forEach" | "each" | "for_each" | "map" => {
            ("is no loop here", "write `for item in items { ... }`, or `parallel for item in items max 10 { ... }`")
        }
        "loop" | "forever" => {
            ("is no loop here", "write `while EXPR max 500 { ... }`, or `repeat every 10s max 360 { ..., until EXPR }`")
        }
        "do" | "begin" => ("opens no block here", "write `sequence { ... }`"),
        "unless" => ("is no condition here", "write `if !(EXPR) { ... }`"),
        "try" => (
            "is not needed",
            "an error goes to handlers: write `on error retry 3 times` in the step, in the block or in the workflow",
        ),
        "catch" | "except" | "rescue" | "onError" | "on_error" => {
            ("is no handler here", "write `on error alternate { ... }`, or `on not_found skip`")
        }
        "ensure" | "defer" => (
            "is no statement here",
            "what is done at the end of a run stands in `finally { ... }`; what takes a step back, in its `undo`",
        ),
        "switch" | "select" => ("is no statement here", "write `match EXPR { \"a\" => { ... }, _ => { ... } }`"),
        "case" | "default" => ("stands in no `match`", "write `match EXPR { \"a\" => { ... }, _ => { ... } }`"),
        "function" | "def" | "func" | "fun" | "fn" | "lambda" | "sub" => {
            ("cannot stand here", "functions stand outside workflows: `fn NAME(a, b) { a + b }`")
        }
        "const" | "var" | "val" | "local" | "auto" | "my" => (
            "is no statement here",
            "write `let NAME = VALUE`; what changes during a run stands in `vars { ... }` and is changed by `set`",
        ),
        "async" | "await" | "yield" => (
            "is not needed",
            "a step is waited for where something refers to it; what runs at once stands in `parallel { ... }`",
        ),
        "import" | "require" | "include" | "from" | "using" | "package" => (
            "is no statement here",
            "write `use \"lib/alerts.flow\" as alerts` at the top of the file; connectors of the standard library need none",
        ),
        "print" | "println" | "console" | "echo" | "puts" | "log" => {
            ("is no statement here", "write `step log.info { message: \"...\" }`")
        }
        "task" | "job" | "action" | "activity" | "stage" | "call" | "invoke" | "execute" | "exec" | "perform"
        | "do_step" => ("is no statement here", "write `step NAME = connector.operation { ... }`"),
        "sleep" | "delay" | "pause" | "timer" => ("is no statement here", "write `wait 30s`"),
        "break" => ("is no statement here", "a loop ends at `until EXPR`"),
        "continue" | "next" => ("is no statement here", "put what may be left out into `if EXPR { ... }`"),
        "throw" | "raise" | "error" | "panic" => ("is no statement here", "write `fail conflict \"what went wrong\"`"),
        "class" | "struct" | "interface" | "enum" | "record" | "schema" => {
            ("is no declaration here", "write `type NAME { field: string }` or `type NAME = \"a\" | \"b\"`")
        }
        "flow" | "pipeline" | "process" | "saga" | "module" => {
            ("is no declaration here", "write `workflow NAME \"Title\" { ... }`")
        }
        "inputs" | "args" | "arguments" | "parameters" => {
            ("is not the word", "what a run is given stands in `input { name: type }`")
        }
        "outputs" | "result" | "results" => {
            ("is not the word", "what a run gives stands in `output { name: type = value }`")
        }
        "variables" | "env" | "locals" | "globals" => ("is not the word", "variables stand in `vars { name = value }`"),
        "cron" => ("is no statement here", "write `trigger schedule \"0 9 * * MON-FRI\" { zone \"Europe/Berlin\" }`"),
        "end" | "done" | "fi" | "endif" | "endfor" | "endwhile" | "esac" => {
            ("is not needed", "delete it: `}` ends a block")
        }
        "then" => ("is not needed", "delete it: a block begins with `{`"),
        "goto" => ("is no statement here", "order is the order of the lines; repeat with `while` or `repeat`"),
        "send" | "post" | "get" | "put" | "delete" | "http" | "fetch" | "request" => {
            ("is no statement here", "write `step NAME = http.get { url: \"https://...\" }`")
        }
        _ => return None,
    })
}

/// What a `key:` among statements is meant as.
fn foreign_key(key: &str) -> Option<&'static str> {
    Some(match key {
        "depends_on" | "dependsOn" | "needs" | "requires" | "run_after" | "runAfter" | "after" | "upstream" => {
            "order is the order of the lines; inside `parallel` a step waits for what it refers to, and for those in its clause `after [a, b]`"
        }
        "steps" | "tasks" | "jobs" | "actions" | "activities" | "stages" | "nodes" => {
            "delete it: steps stand in the braces of the workflow, one below the other"
        }
        "name" | "title" | "id" | "label" => {
            "the name and the title stand behind the keyword: `workflow NAME \"Title\" { ... }`"
        }
        "description" | "desc" | "doc" | "summary" | "comment" => "write it above, behind `///`",
        "version" => "write `version \"1.0.0\"`",
        "on" | "trigger" | "triggers" | "schedule" | "cron" | "event" => {
            "write `trigger schedule \"0 9 * * MON-FRI\"`, `trigger api POST \"/path\"` or another trigger"
        }
        "input" | "inputs" | "params" | "parameters" | "args" | "arguments" => "write `input { name: type }`",
        "output" | "outputs" | "result" | "return" => "write `output { name: type = value }`",
        "vars" | "variables" | "env" | "locals" | "const" => "write `vars { name = value }`",
        "if" | "when" | "condition" | "only_if" | "unless" => {
            "write `if EXPR { ... }`, or `when EXPR` in the braces of the step"
        }
        "retry" | "retries" | "max_retries" | "attempts" | "max_attempts" => {
            "write `retry 3 times every 10s` in the braces of the step, or `on error retry 3 times` for all steps"
        }
        "timeout" | "timeout_seconds" | "deadline" => {
            "write `timeout 30s` in the braces of the step, or `deadline 2h` for the workflow"
        }
        "on_error" | "onError" | "catch" | "error_handler" | "on_failure" => {
            "write `on error ...`, with `retry 3 times`, `skip`, `notify` or `alternate { ... }`"
        }
        "parallel" | "concurrent" => "write `parallel { ... }`",
        "loop" | "foreach" | "for_each" | "with_items" | "for" => "write `for item in items { ... }`",
        "uses" | "run" | "action" | "call" | "type" | "kind" | "connector" | "operation" | "with" => {
            "write `step NAME = connector.operation { ... }`"
        }
        "concurrency" => "write `concurrency 1`",
        "tags" => "write `tags [\"a\", \"b\"]`",
        _ => return None,
    })
}

impl Builder<'_> {
    /// Reports an item that is none.
    pub(super) fn junk(&mut self, item: super::Item<'_>, place: Place) {
        let range = self.range(&item.node);
        if range.is_empty() {
            return;
        }
        self.poison_text(range.clone());
        if self.is_lost(range.clone()) {
            return;
        }
        let shown = self.shown(range.clone());
        let word = self.first_word(&item.node);
        let (text, span) = (self.text[word.clone()].to_owned(), self.faults.span(word.clone()));
        let behind = item.glued_to.is_some();
        if behind && let Some(fault) = self.behind_an_expression(range.clone()) {
            self.faults.push(fault);
            return;
        }
        let fault = if self.text[range.clone()].starts_with("- ") && !behind {
            let dash = range.start..range.start + 1;
            let dash_span = self.faults.span(dash.clone());
            self.faults.error(code::FOREIGN_WORD, dash, "lists of other languages begin with `-`").fix(
                format!("delete it; {}", place.expected()),
                dash_span,
                "",
            )
        } else if let Some((wrong, right)) = foreign(&text).filter(|_| matches!(place, Place::File | Place::Block)) {
            self.faults.error(code::FOREIGN_WORD, word, format!("`{text}` {wrong}")).hint(right)
        } else if crate::base::diagnostic::nearest(&text, place.words().iter().copied())
            .is_some_and(|near| near != text)
        {
            self.faults.error(code::UNKNOWN_WORD, word, format!("I do not know `{text}` here")).near(
                &text,
                span,
                place.words().iter().copied(),
            )
        } else if behind {
            self.faults
                .error(code::NOT_UNDERSTOOD, shown, format!("`{text}` does not belong behind what stands before it"))
                .hint(format!("put a comma or a line break before it; {}", place.expected()))
        } else {
            self.faults.error(code::NOT_UNDERSTOOD, shown, "this cannot be understood here").hint(place.expected())
        };
        self.faults.push(fault);
    }

    /// The first line of a stretch.
    fn shown(&self, range: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let line = self.mask[range.clone()].lines().next().map_or(0, |line| line.trim_end().len());
        range.start..range.start + line
    }

    /// What stands behind an expression that ended early, where its first characters tell what was meant.
    fn behind_an_expression(&mut self, range: std::ops::Range<usize>) -> Option<crate::base::diagnostic::Diagnostic> {
        let written = self.text[range.clone()].to_owned();
        let line_end = self.mask[range.end..].starts_with(['\n', '\r']) || range.end >= self.mask.len();
        let at = |length: usize| range.start..range.start + length;
        let fix = |builder: &Self, length: usize, message: &str, advice: &str, right: &str| {
            let span = builder.faults.span(at(length));
            builder.faults.error(code::BROKEN_EXPRESSION, at(length), message).fix(advice, span, right)
        };
        let first = written.chars().next()?;
        Some(match () {
            () if written.starts_with("===") || written.starts_with("!==") => {
                let right = &written[..2];
                fix(self, 3, "two signs compare, not three", &format!("write `{right}`"), right)
            }
            () if line_end && written.trim_end().len() <= 2 && written.chars().all(|c| "+-*/%<>&|^!.=?".contains(c)) => {
                let fault = self.faults.error(code::BROKEN_EXPRESSION, range.clone(), "the expression stops in the middle");
                fault.label("nothing follows on this line").hint("an expression ends with its line: put it in brackets `( ... )` to go on below")
            }
            () if written.starts_with('=') && !written.starts_with("=>") => fix(self, 1, "an expression does not assign", "to compare, write `==`", "=="),
            () if written.starts_with("and ") => fix(self, 3, "there is no `and`", "write `&&`", "&&"),
            () if written.starts_with("or ") => fix(self, 2, "there is no `or`", "write `||`", "||"),
            () if written.starts_with("is ") => fix(self, 2, "there is no `is`", "write `==`", "=="),
            () if written.starts_with("not in ") => fix(self, 6, "there is no `not in`", "write `!in`", "!in"),
            () if written.starts_with('?') => self
                .faults
                .error(code::FOREIGN_WORD, at(1), "there is no `? :` here")
                .hint("write `if CONDITION { A } else { B }`; for a default, `A ?? B`"),
            () if "+-*/%<>&|^!.".contains(first) => {
                let fault = self.faults.error(code::BROKEN_EXPRESSION, self.shown(range.clone()), "the expression stops before this");
                fault.hint("what stands before it takes a short value: put all of it in brackets `( ... )`")
            }
            () if first == '[' || first == '(' => self
                .faults
                .error(code::NEEDS_BRACKETS, self.shown(range.clone()), "this belongs to no value")
                .hint("the parameter of a clause is a number, a duration, a text, a path or one call: put anything longer in brackets `( ... )`"),
            () => return None,
        })
    }

    /// Reports what stands too much in a header.
    pub(super) fn header_junk(&mut self, node: &Node<'_>, keyword: &str) {
        let range = self.range(node);
        if range.is_empty() || self.is_lost(range.clone()) {
            return;
        }
        if let Some(fault) = self.behind_an_expression(range.clone()) {
            self.faults.push(fault);
            return;
        }
        let (written, span) = (self.text[range.clone()].to_owned(), self.faults.span(range.clone()));
        let fault = match written.as_str() {
            ":" | "then" | "do" | "begin" => self
                .faults
                .error(code::FOREIGN_WORD, range, format!("`{written}` is not needed"))
                .fix("delete it: a block begins with `{`", span, ""),
            _ if keyword == "for" && (written.starts_with("of ") || written.starts_with("= ")) => self
                .faults
                .error(code::FOREIGN_WORD, range, "a `for` goes through a list with `in`")
                .hint("write `for item in items { ... }`"),
            _ => {
                let example = match keyword {
                    "for" => "write `for item in items max 10 { ... }`",
                    "repeat" => "write `repeat every 10s max 360 { ... }`",
                    "race" => "write `race { branch a { ... }, branch b { ... } }`, or `race for x in items { ... }`",
                    "lock" => "write `lock \"crm\" max 3 { ... }`",
                    "test" => "write `test \"what it shows\" for WORKFLOW { ... }`",
                    "fn" => "write `fn NAME(first, second) { ... }`, without types",
                    "trigger" => {
                        "the header of a trigger ends before its braces: `trigger schedule \"0 9 * * *\" { zone \"Europe/Berlin\" }`"
                    }
                    "operation" => "write `read operation NAME(...) -> type { ... }`",
                    "workflow" | "handler" | "connector" | "persona" => {
                        "behind the name may stand a title in quotes, then `{`"
                    }
                    _ => "the header ends at its `{`; put an expression of several parts in brackets",
                };
                self.faults
                    .error(code::NOT_UNDERSTOOD, range, format!("this does not belong into the header of `{keyword}`"))
                    .hint(example)
            }
        };
        self.faults.push(fault);
    }

    /// Names in text that could not be read; nobody is told that they do not exist.
    fn poison_text(&mut self, range: std::ops::Range<usize>) {
        let mut words = 0;
        let mut at = range.start;
        while at < range.end && words < 64 {
            let rest = &self.mask[at..range.end];
            let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '_') else { break };
            let length =
                rest[start..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len() - start);
            let word = at + start..at + start + length;
            at = word.end;
            words += 1;
            if !self.mask[..word.start].ends_with('.') {
                let span = self.faults.span(word.clone());
                self.poisoned.push(super::Name { text: self.text[word].into(), span });
            }
        }
    }

    /// A statement that is none, but was read as what people mean by it.
    pub(super) fn mistaken_item(&mut self, item: super::Item<'_>) -> Option<Item> {
        let node = item.node.clone();
        match node.as_rule() {
            Rule::mistaken_field => self.field_among_statements(node),
            Rule::mistaken_step => return self.other_word_for_step(node),
            Rule::mistaken_assignment => self.bare_assignment(node),
            Rule::mistaken_call => return self.bare_call(node),
            Rule::mistaken_block => self.unknown_block(node),
            Rule::mistaken_else => {
                let word = self.first_word(&node);
                let shown = self.text[word.clone()].to_owned();
                let fault = self
                    .faults
                    .error(code::MISPLACED, word, format!("this `{shown}` stands behind no `if`"))
                    .hint("write `if EXPR { ... } else { ... }`");
                self.faults.push(fault);
                if let Some(block) = self.block_in(&node) {
                    self.poison_steps(&block);
                }
            }
            _ => self.junk(item, Place::Block),
        }
        None
    }

    fn field_among_statements(&mut self, node: Node<'_>) {
        let range = self.range(&node);
        let Some(key) = node.into_inner().find(|part| part.as_rule() == Rule::key) else { return };
        let (key_range, key) = (self.range(&key), self.written(&key).to_owned());
        self.poison_text(range.clone());
        if self.is_lost(range.clone()) {
            return;
        }
        let fault =
            self.faults.error(code::FOREIGN_WORD, key_range, format!("`{key}:` is a field, and here stand statements"));
        let fault = match foreign_key(&key) {
            Some(advice) => fault.hint(advice),
            None => fault.hint("`key: value` stands in the braces of a call or of an object; here stands `let NAME = VALUE` or `step NAME = ...`"),
        };
        self.faults.push(fault);
    }

    /// `stpe a = b.c { }`, `const a = 1`
    fn other_word_for_step(&mut self, node: Node<'_>) -> Option<Item> {
        let (span, _owner) = (self.span(&node), node.clone());
        let head = self.head(&node);
        let head = self.faults.span(head);
        let (mut word, mut label, mut action, mut value) = (None, (None, None), None, None);
        let mut tail = false;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::word => word = Some(part),
                Rule::label => label = self.label(part),
                Rule::tail => tail = true,
                Rule::mistaken_await => {
                    self.replace(&part, code::FOREIGN_WORD, "a step is waited for without a word", "")
                }
                Rule::value => value = Some(part),
                _ => action = Some(part),
            }
        }
        let word = word?;
        let (text, place) = (self.written(&word).to_owned(), self.span(&word));
        let call = action.is_some() && !tail;
        let binding = matches!(text.as_str(), "const" | "var" | "val" | "local" | "auto" | "my");
        let near = crate::base::diagnostic::nearest(&text, ["step", "let", "set"]);
        let (right, advice) = match near {
            Some(near) => (near, format!("did you mean `{near}`?")),
            None if binding && !call => ("let", "write `let`".to_owned()),
            None => ("step", "write `step`".to_owned()),
        };
        let code = if near.is_some() { code::UNKNOWN_WORD } else { code::FOREIGN_WORD };
        if !self.is_lost(place.range()) {
            let fault = self
                .faults
                .error(code, place.range(), format!("no statement begins with `{text}`"))
                .fix(advice, place, right);
            self.faults.push(fault);
        }
        let poisoned = label.0.clone();
        if let (Some(action), false, "step") = (action, tail, right) {
            let label = Label { doc: None, name: label.0, ty: label.1 };
            if let Some(step) = self.action(action, label, span, head) {
                return Some(Item::Step(Box::new(step)));
            }
        } else if let Some(value) = value {
            self.value(value);
        }
        self.poisoned.extend(poisoned);
        None
    }

    /// `total = 5`, `vars.total = 5`
    fn bare_assignment(&mut self, node: Node<'_>) {
        let range = self.range(&node);
        self.poison_text(range.clone());
        if self.is_lost(range.clone()) {
            return;
        }
        let Some(path) = node.into_inner().find(|part| part.as_rule() == Rule::path) else { return };
        let (place, target) = (self.span(&path), self.written(&path).to_owned());
        let word = if target.contains('.') { "set" } else { "let" };
        let fault = self
            .faults
            .error(code::MISSING, place.range(), format!("nothing says what happens to `{target}`"))
            .fix(format!("write `{word} {target} = ...`"), place.before(), format!("{word} "));
        let fault = if word == "let" {
            fault.hint(format!("to change a variable, write `set vars.{target} = ...`"))
        } else {
            fault
        };
        self.faults.push(fault);
    }

    /// `slack.post_message { }` without `step`
    fn bare_call(&mut self, node: Node<'_>) -> Option<Item> {
        let (span, head) = (self.span(&node), self.head(&node));
        let first = self.first_word(&node);
        let word = self.text[first.clone()].to_owned();
        let head_span = self.faults.span(head.clone());
        if !self.is_lost(span.range()) {
            let fault = match foreign(&word) {
                Some((wrong, right))
                    if !self.text[head.clone()].contains('.') || matches!(word.as_str(), "console" | "log") =>
                {
                    self.faults.error(code::FOREIGN_WORD, first, format!("`{word}` {wrong}")).hint(right)
                }
                _ => {
                    let place = head_span.before();
                    let shown = self.text[head.clone()].split(['(', '{']).next().unwrap_or_default().trim().to_owned();
                    let near = STATEMENTS.contains(&word.as_str());
                    let fault = self.faults.error(code::MISSING, head, "a call is a step");
                    let fault = fault.fix(
                        format!("write `step {shown} {{ ... }}`, or `step NAME = {shown} {{ ... }}`"),
                        place,
                        "step ",
                    );
                    if near { fault } else { fault.near(&word, self.faults.span(first), STATEMENTS) }
                }
            };
            self.faults.push(fault);
        }
        let called = self.call_quietly(node)?;
        Some(Item::Step(Box::new(called.into_step(Label { doc: None, name: None, ty: None }, span, head_span))))
    }

    /// A call whose round brackets belong to the fault that was just reported.
    fn call_quietly(&mut self, node: Node<'_>) -> Option<super::step::Called> {
        if node.clone().into_inner().any(|part| part.as_rule() == Rule::mistaken_arguments) {
            return None;
        }
        self.call(node)
    }

    /// `foreach x in xs { }`, `paralel { }`
    fn unknown_block(&mut self, node: Node<'_>) {
        let word = self.first_word(&node);
        let (text, place) = (self.text[word.clone()].to_owned(), self.faults.span(word.clone()));
        let header = node.clone().into_inner().find(|part| part.as_rule() == Rule::junk_head);
        if let Some(header) = header {
            let range = self.range(&header);
            self.poison_text(range);
        }
        if !self.is_lost(word.clone()) {
            let fault = match foreign(&text) {
                Some((wrong, right)) => {
                    self.faults.error(code::FOREIGN_WORD, word, format!("`{text}` {wrong}")).hint(right)
                }
                None => self
                    .faults
                    .error(code::UNKNOWN_WORD, word, format!("no statement begins with `{text}`"))
                    .near(&text, place, STATEMENTS)
                    .hint(
                        "blocks are `if for parallel match while repeat race lock sequence`; a call begins with `step`",
                    ),
            };
            self.faults.push(fault);
        }
        if let Some(block) = self.block_in(&node) {
            self.poison_steps(&block);
        }
    }

    /// A clause of a step that stands among statements.
    pub(super) fn misplaced_clause(&mut self, node: Node<'_>) {
        let Some(clause) = node.into_inner().next() else { return };
        let word = self.first_word(&clause);
        let shown = self.text[word.clone()].to_owned();
        let fault = self
            .faults
            .error(
                code::MISPLACED,
                self.head(&clause),
                format!("`{shown}` is a clause of a step, and here stand statements"),
            )
            .hint(format!(
                "put it in the braces of the step; for a whole block, behind it: `}} with {{ {shown} ... }}`"
            ));
        self.faults.push(fault);
        self.clause(clause);
    }

    /// A statement among the parameters of a call.
    pub(super) fn statement_inside(&mut self, node: Node<'_>) {
        let Some(statement) = node.into_inner().next() else { return };
        let word = self.first_word(&statement);
        let shown = self.text[word.clone()].to_owned();
        let range = self.range(&statement);
        self.poison_text(self.shown(range));
        let fault = self
            .faults
            .error(
                code::MISPLACED,
                self.head(&statement),
                format!("`{shown}` is a statement, and here stand parameters and clauses"),
            )
            .hint("steps inside a step stand in a block: `step NAME = sequence { ... }`");
        self.faults.push(fault);
    }

    /// A statement outside a workflow.
    pub(super) fn statement_outside(&mut self, node: Node<'_>) {
        let Some(statement) = node.into_inner().next() else { return };
        let word = self.first_word(&statement);
        let shown = self.text[word.clone()].to_owned();
        let fault = self
            .faults
            .error(code::MISPLACED, self.head(&statement), format!("`{shown}` stands outside a workflow"))
            .hint("put it into the braces of a workflow: `workflow NAME \"Title\" { ... }`");
        self.faults.push(fault);
    }

    /// `flow onboarding { }`, `workflw x { }`
    pub(super) fn unknown_declaration(&mut self, node: Node<'_>) -> Option<Declaration> {
        let word = self.first_word(&node);
        let (text, place) = (self.text[word.clone()].to_owned(), self.faults.span(word.clone()));
        let workflow = crate::base::diagnostic::nearest(&text, DECLARATIONS) == Some("workflow");
        let fault = match foreign(&text).filter(|_| !workflow) {
            Some((wrong, right)) => {
                self.faults.error(code::FOREIGN_WORD, word, format!("`{text}` {wrong}")).hint(right)
            }
            None => self
                .faults
                .error(code::UNKNOWN_WORD, word, format!("no declaration begins with `{text}`"))
                .near(&text, place, DECLARATIONS)
                .hint(Place::File.expected()),
        };
        if !self.is_lost(place.range()) {
            self.faults.push(fault);
        }
        let as_workflow = workflow || matches!(text.as_str(), "flow" | "pipeline" | "process" | "saga");
        let range = self.range(&node);
        self.poison_text(self.shown(range));
        if !as_workflow {
            return None;
        }
        let span = self.span(&node);
        let doc = self.doc(span.range().start);
        let title = self.title(&node, "workflow");
        let body = self.block_in(&node)?;
        Some(Declaration::Workflow(super::super::ast::Workflow {
            doc,
            name: title.name?,
            title: title.title,
            body,
            span,
        }))
    }
}
