//! Figures of the language and the engine, each beside a floor measured in the same run.
//!
//! `cargo bench --bench speed` prints the table of `docs/benchmarks.md`. Absolute times say little on a shared machine;
//! the ratios are what is promised.

use std::env;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use orchestra_flow::base::span::{FileId, Span};
use orchestra_flow::base::stack::with_room;
use orchestra_flow::base::status::Status;
use orchestra_flow::base::time::Timestamp;
use orchestra_flow::base::value::Value;
use orchestra_flow::lang::script::{self, Form, Library, Scope};
use orchestra_flow::lang::{self, NoFiles};
use orchestra_flow::{Builder, Program};

/// Set for the process that only prints.
const ONLY_PRINT: &str = "FLOW_BENCH_ONLY_PRINT";
/// How often a short measurement is repeated; the median counts.
const ROUNDS: usize = 15;

fn main() {
    if env::var_os(ONLY_PRINT).is_some() {
        println!("{{}}");
        return;
    }
    let work = || {
        println!("| what | figure | floor | ratio | reach |");
        println!("|---|---|---|---|---|");
        whole_process();
        front_end();
        condition();
        steps();
    };
    // Programs run on threads with a large stack; so do the measurements.
    with_room(true, work).expect("a thread can be started");
}

fn row(what: &str, figure: &str, floor: &str, ratio: f64, reach: &str) {
    println!("| {what} | {figure} | {floor} | {ratio:.2} | {reach} |");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The median time of `rounds` calls after one that is not counted.
fn timed(rounds: usize, mut work: impl FnMut()) -> Duration {
    work();
    median(
        (0..rounds)
            .map(|_| {
                let start = Instant::now();
                work();
                start.elapsed()
            })
            .collect(),
    )
}

fn whole_process() {
    let folder = env::temp_dir().join(format!("flow-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the program");
    let file = folder.join("one.flow");
    let text = "workflow one {\n    step greet = script { \"hello\" }\n    output { said: greet }\n}\n";
    std::fs::write(&file, text).expect("the program is written");
    let run = |command: &mut Command| {
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(status.expect("the process runs").success());
    };
    let this = env::current_exe().expect("this program has a name");
    let floor = timed(ROUNDS * 2, || run(Command::new(&this).env(ONLY_PRINT, "1")));
    let flow = timed(ROUNDS * 2, || run(Command::new(env!("CARGO_BIN_EXE_flow")).arg("run").arg(&file)));
    row(
        "`flow run` of a one-step program, whole process",
        &format!("{:.1} ms", flow.as_secs_f64() * 1e3),
        &format!("a program that only prints: {:.1} ms", floor.as_secs_f64() * 1e3),
        flow.as_secs_f64() / floor.as_secs_f64(),
        "at most 3, or 10 ms",
    );
    // What is left in the folder for temporary files is the system's to clear.
    let _ = std::fs::remove_dir_all(&folder);
}

/// A program of so many lines, at least.
fn program(lines: usize) -> String {
    let mut text = String::new();
    let mut count = 0;
    while text.lines().count() < lines {
        count += 1;
        text.push_str(&format!(
            r##"/// Takes orders of kind {count}.
workflow order_{count} "Order {count}" {{
    input {{
        id:    string
        lines: list<{{ sku: string, pieces: int(1..), price: float }}>
        email: email
        note:  string?
    }}
    vars {{ total = 0.0 }}

    step found = http.get {{ url: "https://shop.example.com/orders/${{input.id}}", query: {{ full: true }} }}
    for line in input.lines {{
        if line.pieces > 10 && line.price < 100.0 {{
            set vars.total += line.pieces * line.price * 0.9
        }} else {{
            set vars.total += line.pieces * line.price
        }}
    }}
    parallel {{
        step told = slack.post_message {{ channel: "#orders", text: "Order ${{input.id}}: ${{vars.total}} EUR" }}
        step kept = files.write {{ path: "orders/${{input.id}}.json", content: found.body, format: "json" }}
    }}
    on connection_error retry 3 times every 10s
    on error notify log.error {{ message: "order ${{input.id}}: ${{error.message}}" }}
    output {{ total: float = vars.total, status: int = found.status }}
}}

"##
        ));
    }
    text
}

/// A script of so many bytes, at least, that Rhai reads as it is: the same loop, conditions and texts.
fn plain_script(bytes: usize) -> String {
    let mut text = String::new();
    let mut count = 0;
    while text.len() < bytes {
        count += 1;
        text.push_str(&format!(
            r##"/// Takes orders of kind {count}.
fn order_{count}(input) {{
    let total = 0.0;
    let found = get(#{{ url: `https://shop.example.com/orders/${{input.id}}`, query: #{{ full: true }} }});
    for line in input.lines {{
        if line.pieces > 10 && line.price < 100.0 {{
            total += line.pieces * line.price * 0.9;
        }} else {{
            total += line.pieces * line.price;
        }}
    }}
    let told = post_message(#{{ channel: "#orders", text: `Order ${{input.id}}: ${{total}} EUR` }});
    let kept = write(#{{ path: `orders/${{input.id}}.json`, content: found.body, format: "json" }});
    #{{ total: total, status: found.status }}
}}

"##
        ));
    }
    text
}

fn front_end() {
    let compile = |text: &str| {
        let compilation = lang::compile("bench.flow", text, &NoFiles);
        assert!(compilation.package.is_some(), "{:?}", compilation.diagnostics.first());
    };
    // The floor is a front end that only parses: of a known language, and as many bytes.
    let engine = rhai::Engine::new();
    let parse = |script: &str| {
        black_box(engine.compile(script)).expect("Rhai reads it");
    };
    let editor = program(1_000);
    let time = timed(ROUNDS, || compile(&editor));
    let script = plain_script(editor.len());
    let floor = timed(ROUNDS, || parse(&script));
    row(
        "parse, check and plan a 1,000-line file",
        &format!("{:.1} ms", time.as_secs_f64() * 1e3),
        &format!("Rhai parses as many bytes: {:.1} ms", floor.as_secs_f64() * 1e3),
        time.as_secs_f64() / floor.as_secs_f64(),
        "below 30 ms",
    );
    let mut large = program(1_000);
    while large.len() < 1_000_000 {
        large = program(large.lines().count() * 2);
    }
    let megabytes = large.len() as f64 / 1e6;
    let time = timed(3, || compile(&large));
    let script = plain_script(large.len());
    let floor = timed(3, || parse(&script));
    row(
        &format!("parse, check and plan {megabytes:.1} MB"),
        &format!("{:.2} MB/s", megabytes / time.as_secs_f64()),
        &format!("Rhai parses as many bytes: {:.2} MB/s", megabytes / floor.as_secs_f64()),
        time.as_secs_f64() / floor.as_secs_f64(),
        "1 MB/s or better",
    );
}

/// An input of about 100 KB with the two fields of the condition in it.
fn large_input() -> Value {
    let filler = (0..700).map(|index| {
        (format!("field_{index}"), Value::map([("name", Value::from("x".repeat(100))), ("count", Value::Int(index))]))
    });
    let order = Value::map([("total", Value::Int(12_000)), ("country", "DE".into())]);
    Value::map(filler.chain([("order".to_owned(), order)]))
}

struct Input(Value);

impl Scope for Input {
    fn root(&self, _: usize) -> Option<Value> {
        Some(self.0.clone())
    }
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    fn draw(&self) -> u64 {
        0
    }
    fn print(&self, _: &str) {}
    fn env(&self, _: &str) -> Option<Value> {
        None
    }
    fn secret(&self, _: &str) -> Option<Value> {
        None
    }
}

fn condition() {
    const TIMES: u32 = 20_000;
    let compile = |text: &str| {
        let span = Span::new(FileId(0), 0..text.len());
        script::compile(text, span, Form::Expression, &Library::default()).expect("it compiles")
    };
    let scope = Input(large_input());
    let ours = compile("input.order.total > 10000 && input.order.country == \"DE\"");
    let time = timed(ROUNDS, || {
        for _ in 0..TIMES {
            assert!(black_box(ours.evaluate(&scope)).is_ok_and(|value| value.is_true()));
        }
    }) / TIMES;
    let engine = rhai::Engine::new();
    let bare = engine.compile_expression("total > 10000 && country == \"DE\"").expect("it compiles");
    let mut values = rhai::Scope::new();
    values.push_constant("total", 12_000_i64).push_constant("country", "DE");
    let floor = timed(ROUNDS, || {
        for _ in 0..TIMES {
            assert!(black_box(engine.eval_ast_with_scope::<bool>(&mut values, &bare)).unwrap_or_default());
        }
    }) / TIMES;
    row(
        "a condition on two fields of a 100 KB input",
        &format!("{} ns", time.as_nanos()),
        &format!("bare Rhai, values in scope: {} ns", floor.as_nanos()),
        time.as_secs_f64() / floor.as_secs_f64(),
        "at most 1.5",
    );
    let path = compile("input.order.total");
    let time = timed(ROUNDS, || {
        for _ in 0..TIMES {
            assert!(black_box(path.evaluate(&scope)).is_ok());
        }
    }) / TIMES;
    let floor = timed(ROUNDS, || {
        for _ in 0..TIMES {
            let found = scope.0.get("order").and_then(|order| order.get("total"));
            assert!(black_box(found).is_some());
        }
    }) / TIMES;
    row(
        "a plain path",
        &format!("{} ns", time.as_nanos()),
        &format!("two look-ups: {} ns", floor.as_nanos()),
        time.as_secs_f64() / floor.as_secs_f64().max(1e-9),
        "below 200 ns",
    );
}

fn steps() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(orchestra_flow::base::limit::STACK_BYTES)
        .enable_all()
        .build()
        .expect("a runtime");
    let run = |text: &str| {
        runtime.block_on(async {
            let program = Program::from_text("bench.flow", text).map_err(|_| ()).expect("it compiles");
            let engine = Builder::new(program).build().map_err(|_| ()).expect("it is set up");
            let running = engine.start("bench", &Value::Unit).await.expect("it starts");
            let summary = running.end().await;
            assert_eq!(summary.status, Status::Completed, "{:?}", summary.failure);
        });
    };
    let in_order = |count: u32| {
        format!("workflow bench {{ for i in 0..{count} {{ step work = script {{ i }} }} output {{ done: true }} }}")
    };
    let at_once = |count: u32| {
        format!(
            "workflow bench {{ parallel for i in 0..{count} {{ step work = script {{ i }} }} output {{ done: true }} }}"
        )
    };
    // The floors run on a thread of the runtime, as runs do: what is spawned there need not wake another thread first.
    let floor_in_order = |count: u32| {
        let floor = runtime.spawn(async move {
            for i in 0..count {
                black_box(tokio::spawn(async move { i }).await).expect("it ends");
            }
        });
        runtime.block_on(floor).expect("it ends");
    };
    let floor_at_once = |count: u32| {
        let floor = runtime.spawn(async move {
            let tasks: Vec<_> = (0..count).map(|i| tokio::spawn(async move { i })).collect();
            for task in tasks {
                black_box(task.await).expect("it ends");
            }
        });
        runtime.block_on(floor).expect("it ends");
    };
    let per = |time: Duration, count: u32| time.as_secs_f64() / f64::from(count) * 1e9;
    for count in [10_000, 100_000, 1_000_000] {
        let text: Arc<str> = in_order(count).into();
        let time = per(timed(3, || run(&text)), count);
        let floor = per(timed(3, || floor_in_order(count)), count);
        row(
            &format!("{count} trivial steps in sequence, each"),
            &format!("{time:.0} ns"),
            &format!("spawn and join of a task: {floor:.0} ns"),
            time / floor,
            "at most 3, flat as it grows",
        );
    }
    for count in [10_000, 100_000] {
        let text: Arc<str> = at_once(count).into();
        let time = per(timed(3, || run(&text)), count);
        let floor = per(timed(3, || floor_at_once(count)), count);
        row(
            &format!("{count} trivial steps in parallel, each"),
            &format!("{time:.0} ns"),
            &format!("spawn and join of a task: {floor:.0} ns"),
            time / floor,
            "at most 3, flat as it grows",
        );
    }
}
