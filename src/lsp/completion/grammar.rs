//! What may be written where: the forms of each zone, a bracket of the language. The order is the order in which they are offered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::form::{Form, Next, Walk};
use super::lexeme::{Lexeme, Mark};

/// The zones with their forms; `+zone` takes in the forms of another.
const ZONES: &[(&str, &[&str])] = &[
    (
        "program",
        &[
            "workflow NAME TEXT? {workflow}",
            "test TEXT for WORKFLOW {test}",
            "type NAME =? TYPE",
            "fn NAME (names) {rhai}",
            "connector NAME TEXT? {connector}",
            "handler NAME TEXT? {handler}",
            "persona NAME TEXT? {persona}",
            "use FILE ( as NAME )?",
        ],
    ),
    // Statements.
    (
        "block",
        &[
            "step ( NAME ( : TYPE )? = )? @action",
            "let NAME ( : TYPE )? = @value",
            "set TARGET ( = | += ) @value",
            "@control",
            "emit TOPIC {object}?",
            "reply EXPR? {reply}",
            "return @value?",
            "fail ERROR EXPR? @guard?",
            "output ( {output} | @value )",
            "until EXPR",
            "+handler",
        ],
    ),
    (
        "workflow",
        &[
            "+block",
            "input {declare}",
            "vars {declare}",
            "state ( by EXPR )? {declare}",
            "trigger @trigger",
            "on ( success | failure | cancel ) {block}",
            "finally {block}",
            "version TEXT",
            "deadline DURATION",
            "concurrency EXPR ( per EXPR )? {concurrency}?",
            "key EXPR {key}?",
            "priority EXPR",
            "tags [texts]",
        ],
    ),
    ("control", &["( @blocks | @wait | @ask | script {rhai} | start WORKFLOW {call}? ) ( with {with} )?"]),
    ("action", &["@control", "CALLEE {call}? ( with {with} )?"]),
    (
        "blocks",
        &[
            "if EXPR {block} ( else if EXPR {block} )* ( else {block} )?",
            "for NAME ( in EXPR | from CALLEE {call}? ) @limits {block}",
            "match EXPR {arms}",
            "parallel ( {block} | for NAME ( in EXPR | from CALLEE {call}? ) @limits {block} )",
            "while EXPR ( max EXPR )? {block}",
            "repeat ( every DURATION | max EXPR )* {block}",
            "race ( {race} | EXPR for NAME in EXPR @limits {block} )",
            "lock EXPR ( max EXPR )? {block}",
            "sequence {block}",
        ],
    ),
    ("limits", &["( max EXPR | tolerate EXPR )*"]),
    ("wait", &["wait ( until EXPR | event TOPIC | signal SIGNAL | DURATION ) {waited}?"]),
    ("ask", &["ask ( role EXPR | person EXPR | model EXPR | persona PERSONA ) {asked}?"]),
    ("guard", &["when EXPR"]),
    ("value", &["{object}", "[list]", "EXPR"]),
    ("arms", &["PATTERN ( '|' PATTERN )* ( if EXPR )? => ( {block} | @block )"]),
    ("race", &["branch NAME {block}"]),
    // Handlers.
    ("handler", &["on ERROR ( '|' ERROR )* @handled @guard?", "handle HANDLER"]),
    (
        "handled",
        &[
            "@retry",
            "skip ( item | @value )?",
            "notify CALLEE {call}?",
            "alternate {block}",
            "fail ERROR? EXPR?",
            "park",
        ],
    ),
    ("retry", &["retry ( EXPR times )? ( every DURATION | backoff DURATION ( to DURATION )? )*"]),
    // Declarations.
    ("declare", &["NAME '?'? ( : TYPE )? ( = @value )? ( for DURATION )?"]),
    ("fields", &["+declare"]),
    ("output", &["NAME ( : TYPE )? = @value", "NAME : @value"]),
    ("names", &["NAME"]),
    ("texts", &["TEXT"]),
    ("concurrency", &["overflow ( queue | skip | restart )"]),
    ("key", &["keep DURATION"]),
    // Clauses of steps.
    (
        "clauses",
        &[
            "when EXPR",
            "timeout DURATION",
            "@retry",
            "+handler",
            "undo CALLEE {call}?",
            "key EXPR",
            "deadline DURATION",
            "after ( [steps] | STEP )",
            "secret",
        ],
    ),
    ("call", &["KEY : @value", "+clauses", "@auth"]),
    ("with", &["+clauses"]),
    ("waiting", &["remind every DURATION {block}", "escalate after DURATION {block}", "+clauses"]),
    ("waited", &["where EXPR", "+waiting"]),
    (
        "asked",
        &[
            "question : @value",
            "system : @value",
            "context : @value",
            "tools [tools]",
            "memory ( by EXPR )?",
            "+waiting",
        ],
    ),
    ("tools", &["CALLEE {object}?"]),
    ("steps", &["STEP"]),
    ("reply", &["body : @value", "headers : @value", "raw : @value", "KEY : @value"]),
    (
        "auth",
        &[
            "auth ( bearer EXPR | basic {basic} | header TEXT EXPR | query TEXT EXPR | oauth2 {oauth2} | jwt {jwt} | none )",
        ],
    ),
    ("basic", &["user : @value", "password : @value"]),
    (
        "oauth2",
        &[
            "grant : @value",
            "token_url : @value",
            "authorize_url : @value",
            "client_id : @value",
            "client_secret : @value",
            "refresh_token : @value",
            "scope : @value",
            "audience : @value",
            "resource : @value",
            "client_auth : @value",
            "send : @value",
            "base_url : @value",
        ],
    ),
    (
        "jwt",
        &[
            "issuer : @value",
            "subject : @value",
            "audience : @value",
            "scope : @value",
            "key : @value",
            "key_id : @value",
            "token_url : @value",
            "client_id : @value",
            "client_secret : @value",
            "client_auth : @value",
            "send : @value",
            "base_url : @value",
        ],
    ),
    // Triggers.
    (
        "trigger",
        &[
            "api ( GET | POST | PUT | PATCH | DELETE | HEAD | OPTIONS ) TEXT {of_api}?",
            "webhook TEXT {of_webhook}?",
            "schedule CRON {of_schedule}?",
            "every DURATION {of_every}?",
            "event TOPIC {started}?",
            "file TEXT {of_file}?",
            "form TEXT {started}?",
            "persona ( [personas] | PERSONA ) {of_persona}?",
            "SOURCE {of_source}?",
        ],
    ),
    (
        "started",
        &[
            "input : {object}",
            "where EXPR",
            "debounce DURATION ( by EXPR | max DURATION )*",
            "throttle EXPR per DURATION ( by EXPR )?",
            "batch ( until CRON | EXPR or DURATION )",
            "auth ( required | none | optional )",
        ],
    ),
    ("of_api", &["+started", "@verify", "challenge EXPR"]),
    ("of_webhook", &["@verify", "challenge EXPR", "+started"]),
    ("timed", &["overlap ( skip | queue | restart )", "catch_up ( none | latest | all )", "zone ZONE", "+started"]),
    ("of_schedule", &["zone ZONE", "+timed"]),
    ("of_every", &["+timed"]),
    ("of_file", &["on @moment ( '|' @moment )*", "+started"]),
    ("moment", &["created", "changed", "deleted"]),
    ("of_persona", &["intent INTENT", "+started"]),
    ("of_source", &["KEY : @value", "+timed"]),
    ("personas", &["PERSONA"]),
    ("verify", &["verify ( hmac_sha256 | hmac_sha1 | hmac_sha512 | token ) {verified}"]),
    (
        "verified",
        &[
            "key : @value",
            "header : @value",
            "prefix : @value",
            "encoding : @value",
            "timestamp : @value",
            "window : @value",
            "field : @value",
            "id : @value",
            "signed : @value",
            "given : @value",
            "learn : @value",
        ],
    ),
    // Connectors.
    (
        "connector",
        &[
            "config {declare}",
            "@auth",
            "@effect operation NAME (declare) ( -> TYPE )? {operation}?",
            "+answer",
            "check OPERATION",
            "example OPERATION {object} ( gets NAME? EXPR? ( headers {object} )? @value )* ( gives @value | fails ERROR )",
            "webhook NAME (declare) ( -> TYPE )? {source}",
            "poll NAME (declare) ( -> TYPE )? ( every DURATION )? {source}",
            "@verify",
            "challenge EXPR",
        ],
    ),
    ("effect", &["( native | read | once | keyed TEXT? ( for DURATION )? )*"]),
    (
        "answer",
        &[
            "limit EXPR per DURATION",
            "timeout DURATION",
            "fail ERROR @guard",
            "accept @guard",
            "retry_after @where TEXT",
            "remaining header TEXT ( reset @where TEXT )?",
        ],
    ),
    ("where", &["header", "milliseconds"]),
    (
        "operation",
        &[
            "@request",
            "output ( {object} | @value )",
            "paginate ( cursor | page | offset | link ) {paginate}",
            "let NAME = ( file EXPR | @request )",
            "+answer",
            "@auth",
        ],
    ),
    ("request", &["( GET | POST | PUT | PATCH | DELETE | HEAD | OPTIONS ) URL {request_parts}?"]),
    (
        "request_parts",
        &[
            "query : @value",
            "headers : @value",
            "body : @value",
            "form : @value",
            "multipart : @value",
            "raw : @value",
            "as : @value",
        ],
    ),
    (
        "paginate",
        &["send : @value", "next : @value", "items : @value", "size : @value", "limit : @value", "max : @value"],
    ),
    (
        "source",
        &[
            "where EXPR",
            "item @value",
            "items EXPR",
            "by EXPR",
            "start ( @request | @value )",
            "state @value",
            "anew @value? @guard",
            "@verify",
            "challenge EXPR",
            "+operation",
            "OPERATION {object}",
        ],
    ),
    // Tests.
    (
        "test",
        &[
            "input : @value",
            "mock ( [mocks] | MOCKED ) @answered ( then ( @answered | @value ( EXPR times )? @guard? ) )*",
            "expect EXPR",
            "trigger : {object}",
            "state : {object}",
            "at TEXT",
            "advance DURATION",
            "event TOPIC @value?",
            "signal SIGNAL @value?",
            "cancel",
        ],
    ),
    ("mocks", &["MOCKED"]),
    ("answered", &["( after DURATION )? ( => @value | fails ERROR TEXT? {failed}? | never ) ( EXPR times )? @guard?"]),
    ("failed", &["status : @value", "body : @value", "details : @value"]),
    // Personas.
    ("persona", &["about TEXT", "intent NAME {intent}", "on ( ask | update ) (names) {rhai}"]),
    ("intent", &["says : @value"]),
    // Values, and Rhai.
    ("object", &["KEY : @value"]),
    ("list", &["@value"]),
    ("expr", &["EXPR"]),
    ("template", &["EXPR"]),
    ("rhai", &["EXPR"]),
    ("map", &["NAME : EXPR"]),
    ("switch", &["PATTERN => EXPR"]),
    ("calls", &["MOCKED"]),
    ("topics", &["TOPIC"]),
];

static FORMS: LazyLock<BTreeMap<&'static str, Vec<Form>>> = LazyLock::new(|| {
    ZONES.iter().map(|(name, _)| (*name, lines(name).into_iter().map(Form::read).collect())).collect()
});

/// The forms of a zone as they are written, those of others taken in.
fn lines(zone: &str) -> Vec<&'static str> {
    let own = ZONES.iter().filter(|(name, _)| *name == zone).flat_map(|(_, lines)| lines.iter());
    own.flat_map(|line| line.strip_prefix('+').map_or_else(|| vec![*line], lines)).collect()
}

fn forms(zone: &str) -> &'static [Form] {
    FORMS.get(zone).map_or(&[], Vec::as_slice)
}

/// Whether lines mean nothing in a zone: Rhai goes on where the language would end.
pub fn is_rhai(zone: &str) -> bool {
    matches!(zone, "expr" | "template" | "rhai" | "map" | "switch" | "calls" | "topics")
}

/// What may come behind the lexemes of a statement in a zone.
pub fn next(zone: &str, lexemes: &[Lexeme<'_>]) -> Vec<Next> {
    let mut walk = Walk { lexemes, rule: forms, next: Vec::new() };
    let start = BTreeSet::from([0]);
    for form in forms(zone) {
        walk.along(form, &start);
    }
    let found = walk.next;
    // Behind a `}` another statement may stand on the same line.
    let is_block = |lexeme: &Lexeme<'_>| lexeme.mark == Mark::Group && lexeme.text.starts_with('{');
    match lexemes.iter().position(is_block) {
        Some(at) if found.is_empty() => next(zone, &lexemes[at + 1..]),
        _ => found,
    }
}

/// The words with a colon behind them that a zone has.
pub fn keys(zone: &str) -> Vec<&'static str> {
    forms(zone).iter().filter_map(Form::key).collect()
}

/// The zone that a bracket opens behind the lexemes of a statement.
pub fn opened(zone: &str, lexemes: &[Lexeme<'_>], open: char) -> &'static str {
    let last = lexemes.last().map_or("", |last| last.text);
    if open == '{' && last == "#" {
        return "map";
    }
    let next = next(zone, lexemes);
    let begun = next.iter().filter_map(|next| match next {
        Next::More(from) | Next::Slot(_, from) if *from < lexemes.len() => Some(*from),
        _ => None,
    });
    if open == '{'
        && let Some(own) = begun.min().and_then(|from| in_value(&lexemes[from..]))
    {
        return own;
    }
    let inner = next.iter().find_map(|next| match next {
        Next::Inner(bracket, zone) if *bracket == open => Some(*zone),
        _ => None,
    });
    match (inner, open) {
        (Some(zone), _) => zone,
        (None, '(') if last == "calls" => "calls",
        (None, '(') if last == "emitted" => "topics",
        (None, '{') if is_rhai(zone) => "rhai",
        (None, '{') => "unknown",
        (None, _) => "expr",
    }
}

/// What a brace opens that belongs to an expression: it stands behind `if`, `else`, `switch` or the bars of a closure.
fn in_value(lexemes: &[Lexeme<'_>]) -> Option<&'static str> {
    let is_block = |lexeme: &&Lexeme<'_>| lexeme.mark == Mark::Group && lexeme.text.starts_with('{');
    let heads = lexemes.iter().enumerate().filter(|(at, lexeme)| {
        let doubled = lexeme.text == "if" && at.checked_sub(1).is_some_and(|before| lexemes[before].text == "else");
        lexeme.mark == Mark::Word && matches!(lexeme.text, "if" | "else" | "switch") && !doubled
    });
    let heads: Vec<&str> = heads.map(|(_, lexeme)| lexeme.text).collect();
    if lexemes.last().is_some_and(|last| matches!(last.text, "|" | "||")) {
        return Some("rhai");
    }
    (heads.len() > lexemes.iter().filter(is_block).count())
        .then(|| if heads.last() == Some(&"switch") { "switch" } else { "rhai" })
}
