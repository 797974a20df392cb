//! What is offered in each slot of the grammar: a program with the caret at `▮`, what must be among the offers, what must not.

use serde_json::Value;

use super::editor::Editor;

struct Slot {
    text: &'static str,
    wanted: &'static str,
    unwanted: &'static str,
}

const fn slot(text: &'static str, wanted: &'static str, unwanted: &'static str) -> Slot {
    Slot { text, wanted, unwanted }
}

/// What is around the programs below: `§` stands for it.
const AROUND: &str = r##"type Plan = "free" | "pro"
type Order { id: string, plan: Plan, lines: list<string> }
persona ada "Ada" {
    intent welcome_them { says: ["hello"] }
}
handler usual {
    on timeout park
}
fn twice(number) { number * 2 }
workflow other {
    input { order: Order, plan: Plan, express: bool = false }
    state { seen: set<string> }
    trigger event "order.made" { input: { order: event.order, plan: "free" } }
    step paid: Plan = wait signal "paid"
    step told = slack.post_message { channel: "#a", text: "b" }
    fail too_late "too late"
    emit "order.done" {}
    output { order: Order = input.order }
}
"##;

const SLOTS: &[Slot] = &[
    // Declarations.
    slot("▮", "workflow connector test type fn handler persona use", "step retry"),
    slot("§\ntype X = ▮", "string list Plan Order", "step workflow"),
    slot("§\ntype X = { a: ▮ }", "string Plan", "step"),
    slot("§\ntest \"x\" for ▮", "other", "string"),
    slot(
        "§\nworkflow a {\n    step q: ▮ = ask role \"x\" { question: \"y\" }\n}",
        "string bool Plan list",
        "step slack",
    ),
    slot("§\nworkflow a {\n    step q: { ok: ▮ } = ask role \"x\" { question: \"y\" }\n}", "bool Plan", "step when"),
    slot("§\nworkflow a {\n    step q: { ▮ } = ask role \"x\" { question: \"y\" }\n}", "", "step when let"),
    slot("§\nworkflow a {\n    input { x: list<▮> }\n}", "Order string", "step"),
    // Statements, and what comes behind their words.
    slot("workflow a {\n    ▮\n}", "step parallel trigger on input wait", "workflow retry"),
    slot("§\nworkflow a {\n    on ▮\n}", "connection_error error failure success too_late", "step alternate"),
    slot("workflow a {\n    on error ▮\n}", "retry skip notify alternate fail park", "step timeout"),
    slot("handler h {\n    on error ▮\n}", "retry skip notify alternate fail park", "step"),
    slot("handler h {\n    ▮\n}", "on handle", ""),
    slot("workflow a {\n    on error | ▮\n}", "timeout conflict", "string step"),
    slot("workflow a {\n    on error retry 3 times ▮\n}", "every backoff when", "channel step"),
    slot("workflow a {\n    on error retry 3 ▮\n}", "times", "step"),
    slot("workflow a {\n    on error retry 3 times backoff 1s ▮\n}", "to", "step"),
    slot("workflow a {\n    on error notify ▮\n}", "slack log", "timeout"),
    slot("workflow a {\n    on error skip ▮\n}", "item", "timeout"),
    slot("workflow a {\n    step x = http.get { url: \"u\", retry 3 times ▮ }\n}", "every backoff", "query"),
    slot("workflow a {\n    step x = http.get { url: \"u\", on not_found ▮ }\n}", "skip park", "query"),
    slot("workflow a {\n    step x = http.get { url: \"u\", timeout ▮ }\n}", "30s", "query"),
    slot("workflow a {\n    step x = http.get { url: \"u\", auth ▮ }\n}", "bearer basic oauth2 none", "body"),
    slot("workflow a {\n    vars { tries: int = 0 }\n    set ▮\n}", "vars vars.tries", "step log"),
    slot("workflow a {\n    vars { tries: int = 0 }\n    set vars.▮ = 3\n}", "tries", "step len"),
    slot("workflow a {\n    state { seen: int }\n    set state.▮\n}", "seen", "step"),
    slot("workflow a {\n    wait ▮\n}", "until event signal 30s", "step role"),
    slot("§\nworkflow a {\n    wait event \"▮\"\n}", "order.done order.made", "step"),
    slot("§\nworkflow a {\n    wait signal \"▮\"\n}", "paid", "order.done"),
    slot("workflow a {\n    wait event \"x\" { ▮ }\n}", "where timeout remind escalate", "step parallel"),
    slot("§\nworkflow a {\n    emit \"▮\"\n}", "order.done", ""),
    slot("workflow a {\n    ask ▮\n}", "role person persona model", "step"),
    slot("§\nworkflow a {\n    ask persona ▮ { question: \"x\" }\n}", "ada", "step"),
    slot("workflow a {\n    step x = ask role \"x\" { ▮ }\n}", "question tools memory timeout remind", "step"),
    slot("§\nworkflow a {\n    step x = start ▮\n}", "other", "slack"),
    slot("§\nworkflow a {\n    handle ▮\n}", "usual", "other"),
    slot("workflow a {\n    repeat ▮\n}", "every max", "step"),
    slot("workflow a {\n    for x ▮\n}", "in from", "step"),
    slot("workflow a {\n    for x in [1] ▮ {\n    }\n}", "max tolerate", "step"),
    slot("workflow a {\n    race {\n        ▮\n    }\n}", "branch", "step"),
    slot("workflow a {\n    if true {\n        ▮\n    }\n}", "step let", "trigger input"),
    slot("workflow a {\n    if true {\n    }\n    ▮\n}", "else step with", "then"),
    slot("workflow a {\n    fail ▮\n}", "conflict not_found", "error step"),
    slot("workflow a {\n    fail conflict \"x\" ▮\n}", "when", "step"),
    slot(
        "workflow a {\n    parallel {\n        step x = log.info { message: \"\" }\n        step y = log.info { message: \"\", after ▮ }\n    }\n}",
        "x",
        "message",
    ),
    slot("workflow a {\n    concurrency 1 { ▮ }\n}", "overflow", "step"),
    slot("workflow a {\n    concurrency 1 { overflow ▮ }\n}", "queue skip restart", "step"),
    // Triggers.
    slot("workflow a {\n    trigger ▮\n}", "api webhook schedule every file event form persona slack", "step"),
    slot("workflow a {\n    trigger slack.▮\n}", "message", "post_message"),
    slot("workflow a {\n    trigger api ▮\n}", "GET POST", "step"),
    slot("workflow a {\n    trigger api POST \"/x\" { ▮ }\n}", "auth input where", "step zone intent"),
    slot("workflow a {\n    trigger api POST \"/x\" { auth ▮ }\n}", "required none", "bearer"),
    slot("workflow a {\n    trigger webhook \"/x\" { verify ▮ }\n}", "hmac_sha256 token", "step"),
    slot("workflow a {\n    trigger webhook \"/x\" { verify token { ▮ } }\n}", "key header", "step"),
    slot("workflow a {\n    trigger every 5m { ▮ }\n}", "overlap catch_up input", "step verify"),
    slot("workflow a {\n    trigger every 5m { overlap ▮ }\n}", "skip queue restart", "latest"),
    slot("workflow a {\n    trigger every 5m { catch_up ▮ }\n}", "none latest all", "queue"),
    slot("workflow a {\n    trigger schedule \"▮\"\n}", "0 9 * * *", "step"),
    slot("workflow a {\n    trigger schedule \"0 9 * * *\" { zone \"▮\" }\n}", "Europe/Berlin", "step"),
    slot("workflow a {\n    trigger schedule \"0 9 * * *\" { zone \"Europe/Ber▮\" }\n}", "Europe/Berlin", "step"),
    slot("workflow a {\n    trigger file \"x\" { on ▮ }\n}", "created changed deleted", "timeout"),
    slot("§\nworkflow a {\n    trigger persona [▮]\n}", "ada", "step"),
    slot("§\nworkflow a {\n    trigger persona [ada] { intent \"▮\" }\n}", "welcome_them", "step"),
    slot("workflow a {\n    input { who: string }\n    trigger every 5m { input: { ▮ } }\n}", "who", "step when"),
    // Values.
    slot("§\nworkflow a {\n    input { kind: Plan }\n    if input.kind == \"▮\" {\n    }\n}", "free pro", "step input"),
    slot(
        "§\nworkflow a {\n    input { kind: Plan }\n    if input.kind == ▮ {\n    }\n}",
        "\"free\" \"pro\" input",
        "step",
    ),
    slot(
        "§\nworkflow a {\n    input { kind: Plan }\n    if input.kind == \"fr▮\n    step x = log.info { message: \"\" }\n}",
        "free",
        "step",
    ),
    slot(
        "§\nworkflow a {\n    input { kind: Plan }\n    match input.kind {\n        ▮\n    }\n}",
        "\"free\" \"pro\" _",
        "step",
    ),
    slot(
        "§\nworkflow a {\n    input { kind: Plan }\n    match input.kind {\n        \"▮\" => {}\n    }\n}",
        "free pro",
        "step",
    ),
    slot("§\nworkflow a {\n    input { kind: Plan }\n    match input.kind { \"free\" => {}, ▮ }\n}", "\"pro\"", "step"),
    slot(
        "§\nworkflow a {\n    input { kind: Plan }\n    let x = switch input.kind { \"▮\" => 1, _ => 2 }\n}",
        "free pro",
        "step",
    ),
    slot("§\nworkflow a {\n    step x = other { plan: \"▮\" }\n}", "free pro", "step"),
    slot("§\nworkflow a {\n    step x = other { plan: ▮ }\n}", "\"free\"", "step"),
    slot("§\nworkflow a {\n    step x = other { ▮ }\n}", "order plan express when retry", "step"),
    slot("§\nworkflow a {\n    step x = other { order: { ▮ } }\n}", "id plan lines", "when retry step"),
    slot("§\nworkflow a {\n    step x = other { order: { plan: \"▮\" } }\n}", "free", "when"),
    slot("§\nworkflow a {\n    step x = ▮\n}", "slack other if parallel script", "input2 timeout"),
    slot("§\nworkflow a {\n    step x = slack.▮\n}", "post_message", "message"),
    slot("§\nworkflow a {\n    let x = \"abc\".▮\n}", "to_upper len contains slug", "random keys map"),
    slot(
        "§\nworkflow a {\n    input { o: Order }\n    let x = input.o.lines.▮\n}",
        "len map filter sorted",
        "random to_upper keys",
    ),
    slot("§\nworkflow a {\n    input { o: map<int> }\n    let x = input.o.▮\n}", "keys values len", "random to_upper"),
    slot("§\nworkflow a {\n    let x = now().▮\n}", "year hour format in_zone", "slug to_upper random"),
    slot("§\nworkflow a {\n    let y = 3.5\n    let x = y.▮\n}", "round floor", "slug random"),
    slot("§\nworkflow a {\n    input { o: Order }\n    let x = \"so ${input.o.▮} it is\"\n}", "id plan", "step"),
    slot(
        "§\nworkflow a {\n    input { o: Order }\n    step s = script {\n        let a = 1;\n        input.o.▮\n    }\n}",
        "id plan",
        "step",
    ),
    slot("§\nworkflow a {\n    let x = tw▮\n}", "twice trimmed", "step"),
    // Behind an unclosed text.
    slot("§\nworkflow a {\n    input { o: Order }\n    let y = \"abc\n    let x = input.o.▮\n}", "id plan", "step"),
    slot("§\nworkflow a {\n    let y = \"abc\n    on error ▮\n}", "retry skip", "step"),
    // Connectors.
    slot("connector c {\n    ▮\n}", "config auth operation limit read once verify poll", "step"),
    slot("connector c {\n    auth ▮\n}", "bearer basic header query oauth2 jwt", "step"),
    slot("connector c {\n    auth oauth2 { ▮ }\n}", "grant token_url", "step"),
    slot("connector c {\n    read ▮\n}", "operation", "step"),
    slot("connector c {\n    read operation get(id: string) -> ▮\n}", "string list", "step"),
    slot(
        "connector c {\n    read operation get(id: string) {\n        ▮\n    }\n}",
        "GET POST output paginate fail",
        "step",
    ),
    slot("connector c {\n    read operation get(id: string) {\n        GET \"/x/{▮}\"\n    }\n}", "id", "step"),
    slot(
        "connector c {\n    read operation get(id: string) {\n        GET \"/x\" { ▮ }\n    }\n}",
        "query headers body",
        "step when",
    ),
    slot(
        "connector c {\n    read operation get(id: string) {\n        GET \"/x\" { query: { a: ▮ } }\n    }\n}",
        "id config",
        "step",
    ),
    slot(
        "connector c {\n    read operation get(id: string) {\n        GET \"/x\"\n        paginate ▮\n    }\n}",
        "cursor page offset link",
        "step",
    ),
    slot(
        "connector c {\n    read operation get(id: string) {\n        GET \"/x\"\n        paginate cursor { ▮ }\n    }\n}",
        "send next items",
        "step",
    ),
    slot(
        "connector c {\n    read operation get(id: string) {\n        GET \"/x\"\n    }\n    check ▮\n}",
        "get",
        "step",
    ),
    slot("connector c {\n    verify ▮\n}", "hmac_sha256 token", "step"),
    slot("connector c {\n    retry_after ▮\n}", "header milliseconds", "step"),
    slot("connector c {\n    webhook told() -> string {\n        ▮\n    }\n}", "where item by items", "step"),
    // Tests.
    slot("§\ntest \"x\" for other {\n    ▮\n}", "input mock expect at advance", "step"),
    slot("§\ntest \"x\" for other {\n    input: { ▮ }\n}", "order plan express", "when step"),
    slot("§\ntest \"x\" for other {\n    input: { order: { ▮ } }\n}", "id plan", "when step"),
    slot("§\ntest \"x\" for other {\n    input: { plan: \"▮\" }\n}", "free pro", "when"),
    slot("§\ntest \"x\" for other {\n    state: { ▮ }\n}", "seen", "when step"),
    slot("§\ntest \"x\" for other {\n    mock ▮\n}", "slack.post_message paid slack other", "step"),
    slot("§\ntest \"x\" for other {\n    mock slack.▮\n}", "post_message", "step"),
    slot("§\ntest \"x\" for other {\n    mock [▮]\n}", "slack.post_message", "step"),
    slot("§\ntest \"x\" for other {\n    mock slack.post_message ▮\n}", "fails never after", "step"),
    slot("§\ntest \"x\" for other {\n    mock slack.post_message => { ▮ }\n}", "ts channel", "slug step when"),
    slot("§\ntest \"x\" for other {\n    mock slack.post_message fails ▮\n}", "timeout conflict", "step"),
    slot("§\ntest \"x\" for other {\n    mock paid => \"▮\"\n}", "free pro", "step"),
    slot("§\ntest \"x\" for other {\n    signal \"▮\"\n}", "paid", "order.done"),
    slot("§\ntest \"x\" for other {\n    event \"▮\"\n}", "order.made", "paid"),
    slot("§\ntest \"x\" for other {\n    expect calls(▮).len() == 1\n}", "slack.post_message slack", "paid step"),
    slot("§\ntest \"x\" for other {\n    expect calls(slack.▮).len() == 1\n}", "post_message", "step"),
    slot("§\ntest \"x\" for other {\n    expect emitted(\"▮\").len() == 1\n}", "order.done", "step"),
    slot("§\ntest \"x\" for other {\n    expect run.status == \"▮\"\n}", "completed failed cancelled", "step"),
    slot("§\ntest \"x\" for other {\n    expect output.order.▮ == 1\n}", "id plan", "step"),
    slot("§\ntest \"x\" for other {\n    expect ▮\n}", "output run calls steps error", "step"),
    // Personas.
    slot("persona p {\n    ▮\n}", "about intent on", "step"),
    slot("persona p {\n    on ▮\n}", "ask update", "timeout"),
];

fn labels(answer: &Value) -> Vec<&str> {
    let items = answer["items"].as_array().map_or(&[][..], Vec::as_slice);
    items.iter().filter_map(|item| item["label"].as_str()).collect()
}

/// The words of a row; what has blanks in it stands alone.
fn words(row: &str) -> Vec<&str> {
    if row.starts_with('0') { vec![row] } else { row.split_whitespace().collect() }
}

#[test]
fn every_slot_offers_what_belongs_there() {
    let mut editor = Editor::with(&[]);
    let mut wrong = Vec::new();
    for Slot { text, wanted, unwanted } in SLOTS {
        let text = text.replace('§', AROUND);
        let (before, after) = text.split_once('▮').expect("a caret");
        let bare = format!("{before}{after}");
        editor.open("main.flow", &bare);
        let answer = editor.ask("textDocument/completion", editor.place("main.flow", &bare, before.len()));
        editor.close("main.flow");
        let found = labels(&answer);
        let missing: Vec<&str> = words(wanted).into_iter().filter(|word| !found.contains(word)).collect();
        let extra: Vec<&str> = words(unwanted).into_iter().filter(|word| found.contains(word)).collect();
        if !missing.is_empty() || !extra.is_empty() {
            let shown: Vec<&&str> = found.iter().take(12).collect();
            let place = text.strip_prefix(AROUND).unwrap_or(&text);
            wrong.push(format!("{place}\n  missing {missing:?}, wrong {extra:?}, found {}: {shown:?}", found.len()));
        }
    }
    assert!(wrong.is_empty(), "{} of {} slots:\n{}", wrong.len(), SLOTS.len(), wrong.join("\n"));
}
