//! The words of the language, and those that other languages have in their place.

/// What a file declares.
pub const DECLARATIONS: [&str; 8] = ["workflow", "connector", "test", "type", "fn", "handler", "persona", "use"];
/// What a statement begins with.
pub const STATEMENTS: [&str; 38] = [
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
/// The statements that say something of a whole workflow, or of its end.
pub const OF_WORKFLOWS: [&str; 18] = [
    "on",
    "handle",
    "finally",
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
    "output",
    "return",
    "reply",
    "until",
    "set",
];
/// What a clause of a step begins with.
pub const CLAUSES: [&str; 16] = [
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

/// Every word of the language that has a place of its own, so that one that is misspelt can be found.
pub(super) const KEYWORDS: [&str; 118] = [
    "about",
    "accept",
    "advance",
    "after",
    "alternate",
    "api",
    "ask",
    "auth",
    "backoff",
    "batch",
    "branch",
    "cancel",
    "catch_up",
    "challenge",
    "check",
    "concurrency",
    "config",
    "connector",
    "deadline",
    "debounce",
    "else",
    "emit",
    "escalate",
    "event",
    "every",
    "example",
    "expect",
    "fail",
    "fails",
    "failure",
    "file",
    "finally",
    "for",
    "form",
    "from",
    "gets",
    "gives",
    "handle",
    "handler",
    "headers",
    "if",
    "in",
    "input",
    "intent",
    "item",
    "key",
    "keyed",
    "let",
    "limit",
    "lock",
    "match",
    "max",
    "memory",
    "mock",
    "model",
    "native",
    "never",
    "notify",
    "on",
    "once",
    "operation",
    "output",
    "overflow",
    "overlap",
    "paginate",
    "parallel",
    "park",
    "per",
    "person",
    "persona",
    "poll",
    "priority",
    "race",
    "read",
    "remaining",
    "remind",
    "repeat",
    "reply",
    "reset",
    "retry",
    "retry_after",
    "return",
    "role",
    "schedule",
    "script",
    "secret",
    "sequence",
    "set",
    "signal",
    "skip",
    "start",
    "state",
    "step",
    "success",
    "tags",
    "test",
    "then",
    "throttle",
    "timeout",
    "times",
    "to",
    "tolerate",
    "trigger",
    "type",
    "undo",
    "until",
    "use",
    "vars",
    "verify",
    "version",
    "wait",
    "webhook",
    "when",
    "where",
    "while",
    "with",
    "workflow",
    "zone",
];

/// Whether a word has a place of its own in the language.
pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.binary_search(&word).is_ok()
}

/// The types that need no declaration.
pub(super) const TYPES: [&str; 16] = [
    "string", "int", "float", "bool", "any", "bytes", "list", "set", "map", "secret", "email", "url", "date",
    "datetime", "duration", "uuid",
];

/// What other languages say, by its first word: what is wrong, and what to write.
pub(super) fn foreign(word: &str) -> Option<(&'static str, &'static str)> {
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
        "run" | "task" | "job" | "action" | "activity" | "stage" | "call" | "invoke" | "execute" | "exec"
        | "perform" | "do_step" => ("is no statement here", "write `step NAME = connector.operation { ... }`"),
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
        "steps" | "tasks" | "jobs" | "stages" | "activities" => {
            ("is not needed", "steps stand in the braces of the workflow, one below the other")
        }
        "stop" | "exit" | "quit" | "abort" => {
            ("is no statement here", "a run ends early with `return`, or with `fail conflict \"why\"`")
        }
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
pub(super) fn foreign_key(key: &str) -> Option<&'static str> {
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
        "output" | "outputs" | "result" => "write `output { name: type = value }`",
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
        "finally" => "write `finally { ... }`",
        "try" => "delete it: an error goes to handlers, `on error retry 3 times`",
        "case" | "default" | "switch" => "write `match EXPR { \"a\" => { ... }, _ => { ... } }`",
        "else" | "elif" => "write `if EXPR { ... } else { ... }`",
        "while" | "repeat" | "until" => {
            "write `while EXPR max 500 { ... }`, or `repeat every 10s max 360 { ..., until EXPR }`"
        }
        "wait" | "sleep" | "delay" => "write `wait 30s`",
        "return" => "write `return { ... }`",
        "tags" => "write `tags [\"a\", \"b\"]`",
        _ => return None,
    })
}

/// Whether the braces behind a word of other languages hold statements.
pub(super) fn holds_statements(word: &str) -> bool {
    matches!(
        word,
        "foreach"
            | "forEach"
            | "each"
            | "for_each"
            | "loop"
            | "forever"
            | "do"
            | "begin"
            | "unless"
            | "try"
            | "catch"
            | "except"
            | "rescue"
            | "ensure"
            | "defer"
            | "onError"
            | "on_error"
            | "then"
            | "stage"
            | "async"
            | "await"
    )
}
