//! Commands that ask a server, and the same without one: what runs are told is written down for the next.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const PROGRAM: &str = r#"
workflow order {
    input { id: int }
    step first = log.info { message: "before" }
    step paid: { cents: int } = wait signal "paid"
    step second = log.info { message: "after" }
    output { id: input.id, cents: paid.cents }
}

workflow broken {
    step a = log.info { message: "before" }
    fail out_of_cheese "there is none"
}

workflow turns {
    input { bad: int = 2 }
    step xs = for i in 0..4 {
        step one = log.info { message: "one" }
        step two = sequence { fail out_of_cheese "there is none" when i == input.bad }
    }
}
"#;

/// A directory with programs, and the server of it if there is one.
struct Desk {
    folder: TempDir,
    server: Option<Child>,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("orders.flow"), PROGRAM).expect("a program");
        Self { folder, server: None }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flow"));
        command.args(args).current_dir(self.folder.path()).env_remove("FLOW_TOKEN").env_remove("FLOW_SERVER");
        command
    }

    /// Starts a server, and waits until it listens.
    fn serve(&mut self) {
        let mut command = self.command(&["serve", ".", "--listen", "127.0.0.1:0"]);
        let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut line = String::new();
        let out = server.stdout.take().expect("stdout is piped");
        BufReader::new(out).read_line(&mut line).expect("it says where it listens");
        assert!(line.starts_with("listening on http://127.0.0.1:"), "{line}");
        self.server = Some(server);
    }

    /// Ends the server at once, as a crash does.
    fn crash(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().expect("it runs");
            server.wait().expect("it is gone");
        }
    }

    fn ask(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("it starts")
    }

    /// What it says on stdout, if all went well.
    fn told(&self, args: &[&str]) -> String {
        let done = self.ask(args);
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).expect("it writes UTF-8").trim_end().to_owned()
    }

    /// Why it was not done: the exit code and stderr.
    fn refused(&self, args: &[&str]) -> (Option<i32>, String) {
        let done = self.ask(args);
        assert!(!done.status.success(), "{args:?} was done");
        (done.status.code(), String::from_utf8(done.stderr).expect("it writes UTF-8"))
    }

    /// Waits until the run is in this state.
    fn until(&self, run: &str, status: &str) {
        let begun = Instant::now();
        loop {
            let shown = self.told(&["show", run, "--format", "json"]);
            if shown.contains(&format!("\"status\":\"{status}\"")) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "it is never {status}: {shown}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.crash();
    }
}

#[test]
fn a_run_is_started_looked_at_and_told_things() {
    let mut desk = Desk::new();
    desk.serve();
    let run = desk.told(&["start", "order", "--input", r#"{"id": 7}"#]);
    desk.until(&run, "waiting");
    let list = desk.told(&["runs", "--workflow", "order"]);
    assert!(list.contains(&run) && list.contains("waiting"), "{list}");
    assert!(desk.told(&["runs", "--status", "failed"]).is_empty());
    assert!(desk.told(&["runs", "--where", "id=7"]).contains(&run));
    assert!(desk.told(&["runs", "--where", "id=8"]).is_empty());
    let why = desk.told(&["why", &run, "paid"]);
    assert!(why.contains("its turn had come: `first` had ended"), "{why}");
    assert!(why.ends_with("waits: the signal \"paid\" is to come"), "{why}");
    assert_eq!(desk.told(&["why", &format!("{run}.paid")]), why, "one word for both");
    let (code, said) = desk.refused(&["why", &format!("{run}.nowhere")]);
    assert!(code == Some(2) && said.contains("the run has no step `nowhere`"), "{said}");
    desk.told(&["pause", &run]);
    desk.until(&run, "paused");
    desk.told(&["resume", &run]);
    desk.told(&["signal", &run, "paid", r#"{"cents": 1200}"#]);
    desk.until(&run, "completed");
    let shown = desk.told(&["show", &run]);
    assert!(shown.contains("✓ second") && shown.contains(r#"{"id":7,"cents":1200}"#), "{shown}");
    assert_eq!(desk.refused(&["cancel", &run]).0, Some(2));
}

#[test]
fn a_run_is_shown_as_it_stood_after_any_of_its_events() {
    let mut desk = Desk::new();
    desk.serve();
    let run = desk.told(&["start", "order", "--input", r#"{"id": 7}"#]);
    desk.until(&run, "waiting");
    desk.told(&["signal", &run, "paid", r#"{"cents": 1}"#]);
    desk.until(&run, "completed");
    let events = desk.told(&["show", &run, "--events"]);
    let waited = events.lines().position(|line| line.contains("listen")).expect("it began to wait") + 1;
    let then = desk.told(&["show", &run, "--at", &waited.to_string()]);
    assert!(then.contains("waits for the signal") && !then.contains("second"), "{then}");
    let json = desk.told(&["show", &run, "--at", &waited.to_string(), "--format", "json"]);
    assert!(json.contains(r#""waits":["`paid`: the signal \"paid\" is to come"]"#), "{json}");
    let (code, said) = desk.refused(&["show", &run, "--at", "1000"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("the run has no event 1000"), "{said}");
}

#[test]
fn without_a_server_what_runs_are_told_is_written_down() {
    let mut desk = Desk::new();
    let (code, said) = desk.refused(&["runs"]);
    assert!(code == Some(2) && said.contains("flow serve DIR"), "{said}");
    desk.serve();
    let run = desk.told(&["start", "order", "--input", r#"{"id": 7}"#]);
    desk.until(&run, "waiting");
    desk.crash();
    let other = desk.told(&["start", "order", "--input", r#"{"id": 8}"#]);
    desk.told(&["signal", &run, "paid", r#"{"cents": 5}"#]);
    let list = desk.told(&["runs"]);
    assert!(list.contains(&other) && list.contains("queued"), "{list}");
    assert!(desk.told(&["why", &run]).contains("order"));
    let (code, said) = desk.refused(&["start", "order", "--input", r#"{"id": "x"}"#]);
    assert!(code == Some(2) && said.contains("id: "), "{said}");
    desk.serve();
    desk.until(&run, "completed");
    desk.until(&other, "waiting");
}

#[test]
fn a_wait_ends_as_the_run_does() {
    let mut desk = Desk::new();
    desk.serve();
    let (code, _) = desk.refused(&["start", "broken", "--wait", "30s"]);
    assert_eq!(code, Some(1));
    let once = desk.told(&["start", "order", "--key", "monday", "--input", r#"{"id": 1}"#]);
    assert_eq!(desk.told(&["start", "order", "--key", "monday", "--input", r#"{"id": 1}"#]), once);
    let (code, said) = desk.refused(&["start", "ordr"]);
    assert!(code == Some(2) && said.contains("ordr"), "{said}");
    let (_, said) = desk.refused(&["show", "nobody"]);
    assert!(said.contains("there is no run `nobody`"), "{said}");
}

#[test]
fn a_run_is_watched_until_it_rests() {
    let mut desk = Desk::new();
    desk.serve();
    let run = desk.told(&["start", "order", "--input", r#"{"id": 7}"#]);
    let mut watching = desk.command(&["watch", &run]);
    let watching = watching.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    desk.until(&run, "waiting");
    desk.told(&["signal", &run, "paid", r#"{"cents": 5}"#]);
    let watched = watching.wait_with_output().expect("it ends with the run");
    let told = String::from_utf8_lossy(&watched.stderr);
    assert!(watched.status.success(), "{told}");
    let place = |what: &str| told.find(what).unwrap_or_else(|| panic!("{what} is not told: {told}"));
    assert!(place("first  ok") < place("got the signal \"paid\""), "{told}");
    assert!(place("got the signal \"paid\"") < place("order  completed"), "{told}");
    let again = desk.ask(&["watch", &desk.told(&["start", "broken"])]);
    assert_eq!(again.status.code(), Some(1), "a run that failed is told so");
}

#[test]
fn a_run_that_failed_is_retried_or_dismissed() {
    let mut desk = Desk::new();
    desk.serve();
    let run = desk.told(&["start", "broken"]);
    desk.until(&run, "failed");
    let failures = desk.told(&["failures"]);
    assert!(failures.contains("broken.broken  out_of_cheese: there is none"), "{failures}");
    let preview = desk.told(&["retry", &run, "--from", "a", "--preview"]);
    assert_eq!(preview, "do again       a (asked)\nhappens again  a (log.info)");
    let (code, said) = desk.refused(&["retry", &run, "--from", "a"]);
    assert!(code == Some(2) && said.contains("say `--accept` if it may"), "{said}");
    let (_, said) = desk.refused(&["retry", &run, "--from", "b"]);
    assert!(said.contains("the run has no step `b`"), "{said}");
    let (code, said) = desk.refused(&["retry", &run, "--set", "message"]);
    assert!(code == Some(2) && said.contains("message=VALUE"), "{said}");
    assert_eq!(desk.told(&["retry", &run, "--why", "mended"]), "keep           a");
    desk.until(&run, "failed");
    let shown = desk.told(&["show", &run]);
    assert!(shown.contains("✓ a") && shown.contains("rewound by"), "{shown}");
    desk.told(&["retry", &run, "--from", "a", "--accept", "--why", "once more"]);
    desk.until(&run, "failed");
    let why = desk.told(&["why", &run, "a"]);
    assert!(why.contains("let the run go on from `a`: once more"), "{why}");
    let group = failures.split_whitespace().next().expect("an id");
    assert_eq!(desk.told(&["retry", "--group", group, "--why", "a test"]), "keep           a~1");
    desk.until(&run, "failed");
    desk.told(&["dismiss", &run, "--why", "a test"]);
    assert_eq!(desk.told(&["failures"]), "");
    assert_eq!(desk.refused(&["dismiss", &run]).0, Some(2));
}

/// A program whose `look` finds nothing; what comes after it says this.
fn careful(look: &str, last: &str) -> String {
    format!(
        r#"workflow careful {{
            step first = log.info {{ message: "first" }}
            step look = files.read {{ path: "{look}", on not_found park }}
            step last = log.info {{ message: "{last}" }}
        }}"#
    )
}

/// 44: one fix for all steps that are parked alike, looked at on one of them, as for runs that failed.
#[test]
fn steps_that_are_parked_alike_go_on_with_one_fix() {
    let mut desk = Desk::new();
    let file = desk.folder.path().join("careful.flow");
    std::fs::write(&file, careful("missing.txt", "old")).expect("it can be written");
    desk.serve();
    let runs = [desk.told(&["start", "careful"]), desk.told(&["start", "careful"])];
    runs.iter().for_each(|run| desk.until(run, "parked"));
    let failures = desk.told(&["failures"]);
    let group = failures.split_whitespace().next().expect("an id");
    let retry = |more: &[&'static str]| -> Vec<&str> { [&["retry", "--group", group], more].concat() };
    assert_eq!(desk.told(&retry(&["--preview"])), "do again       look (failed)\nkeep           first");
    for (wrong, told) in [
        (["--input", "{}"], "the input of its run stays as it is"),
        (["--from", "first"], "it goes on there, and from no other step"),
        (["--set", "pat=x"], "did you mean `path`?"),
    ] {
        let (code, said) = desk.refused(&retry(&wrong));
        assert!(code == Some(2) && said.contains(told), "{said}");
    }
    // The step itself was changed: it is under way, and stays.
    std::fs::write(&file, careful("other.txt", "new")).expect("it can be written");
    desk.told(&["deploy", "."]);
    let (_, said) = desk.refused(&retry(&["--plan", "newest"]));
    assert!(said.contains("`look` is under way and was changed; let the step fail first"), "{said}");
    // What comes after it was changed: it goes on under the newest plan.
    std::fs::write(&file, careful("missing.txt", "new")).expect("it can be written");
    desk.told(&["deploy", "."]);
    let newest = ["--plan", "newest", "--set", "path=careful.flow", "--why", "mended"];
    let preview = desk.told(&[&retry(&newest)[..], &["--preview"]].concat());
    assert!(preview.contains("do again       look (failed)"), "{preview}");
    desk.told(&retry(&newest));
    for run in &runs {
        desk.until(run, "completed");
        let events = desk.told(&["show", run, "--events"]);
        assert!(events.contains("moved") && events.contains("new") && !events.contains("\"old\""), "{events}");
    }
    assert_eq!(desk.told(&["failures"]), "");
}

#[test]
fn a_fork_of_a_run_goes_its_own_way() {
    let mut desk = Desk::new();
    desk.serve();
    let run = desk.told(&["start", "order", "--input", r#"{"id": 7}"#]);
    desk.until(&run, "waiting");
    let paid = ["signal", &run, "paid", r#"{"cents": 5}"#];
    desk.told(&paid);
    desk.until(&run, "completed");
    let (_, said) = desk.refused(&["retry", &run]);
    assert!(said.contains("`flow fork` starts a new run"), "{said}");
    let edited = ["--from", "paid", "--input", r#"{"id": 8}"#];
    let preview = desk.told(&[&["fork", &run, "--preview"], &edited[..]].concat());
    assert!(preview.contains("keep           first") && preview.contains("happens again  second"), "{preview}");
    let (_, said) = desk.refused(&[&["fork", &run], &edited[..]].concat());
    assert!(said.contains("say `--accept`"), "{said}");
    desk.crash();
    // Without a server it is written down.
    let fork = desk.told(&[&["fork", &run, "--accept", "--why", "a test"], &edited[..]].concat());
    let (_, said) = desk.refused(&["fork", "nobody"]);
    assert!(said.contains("there is no run `nobody`"), "{said}");
    desk.serve();
    desk.until(&fork, "waiting");
    let shown = desk.told(&["show", &fork]);
    assert!(shown.contains(&format!("fork of {run}, from `paid`, by ")) && shown.contains(": a test"), "{shown}");
    desk.told(&["signal", &fork, "paid", r#"{"cents": 6}"#]);
    desk.until(&fork, "completed");
    assert!(desk.told(&["show", &fork]).contains(r#"{"id":8,"cents":6}"#));
    assert!(desk.told(&["show", &run]).contains(r#"{"id":7,"cents":5}"#));
}

/// What is kept keeps its lines, and turns that go on stand in their loop.
#[test]
fn a_run_that_was_retried_is_shown_with_what_it_kept() {
    let mut desk = Desk::new();
    desk.serve();
    let run = desk.told(&["start", "turns"]);
    desk.until(&run, "failed");
    desk.told(&["retry", &run, "--from", "xs[1].one", "--input", r#"{"bad": 9}"#, "--accept"]);
    desk.until(&run, "completed");
    let shown = desk.told(&["show", &run]);
    let loop_line = shown.lines().find(|line| line.contains("xs")).expect("the loop has its line");
    assert!(loop_line.contains('✓'), "{shown}");
    assert!(!shown.lines().any(|line| line.starts_with("✓ one")), "{shown}");
}

#[test]
fn an_output_is_written_out_alone_with_a_server_and_without() {
    let mut desk = Desk::new();
    desk.serve();
    let run = desk.told(&["start", "order", "--input", r#"{"id": 7}"#]);
    desk.until(&run, "waiting");
    let (code, says) = desk.refused(&["show", &run, "--output"]);
    assert!(code == Some(2) && says.ends_with("has no output: it is waiting\n"), "{says}");
    let text = "ä".repeat(500_000);
    let carries = desk.folder.path().join("paid.json");
    std::fs::write(&carries, format!(r#"{{"cents": 1200, "note": "{text}"}}"#)).expect("it is written");
    desk.told(&["signal", &run, "paid", &format!("@{}", carries.display())]);
    desk.until(&run, "completed");
    for _ in ["with a server", "without"] {
        assert_eq!(desk.told(&["show", &run, "--output"]), r#"{"id":7,"cents":1200}"#);
        let paid = desk.told(&["show", &run, "paid", "--output"]);
        assert!(paid.starts_with(r#"{"cents":1200"#), "{paid:.100}");
        let (code, says) = desk.refused(&["show", &run, "pad", "--output"]);
        assert!(code == Some(2) && says.contains("the run has no step `pad`; did you mean `paid`?"), "{says}");
        desk.crash();
    }
    assert_eq!(desk.refused(&["show", &run, "paid"]).0, Some(2), "a step is named only for its output");
}

#[test]
fn an_event_is_told_and_a_question_says_how_it_is_answered() {
    let mut desk = Desk::new();
    let program = r#"
workflow listens {
    step paid: { cents: int } = wait event "order.paid"
    step ok: { keep: bool } = ask role "boss" { question: "Keep it?" }
    output { keep: ok.keep, cents: paid.cents }
}
"#;
    std::fs::write(desk.folder.path().join("listens.flow"), program).expect("a program");
    desk.serve();
    let run = desk.told(&["start", "listens"]);
    desk.until(&run, "waiting");
    desk.told(&["emit", "order.paid", r#"{"cents": 5}"#]);
    let begun = Instant::now();
    let mut why = String::new();
    while !why.contains("`ok`") && begun.elapsed() < Duration::from_secs(20) {
        why = desk.told(&["why", &run]);
    }
    assert!(why.contains("role boss is to answer; the answer is a { keep: bool }: `flow answer RUN ok JSON`"), "{why}");
    desk.told(&["answer", &run, "ok", r#"{"keep": true}"#]);
    desk.until(&run, "completed");
    assert_eq!(desk.told(&["show", &run, "--output"]), r#"{"keep":true,"cents":5}"#);
}

#[test]
fn who_starts_a_run_without_a_server_is_told_why_the_programs_cannot_run() {
    let mut desk = Desk::new();
    desk.serve();
    desk.crash();
    let mail = r##"workflow mail { step sent = slack.post_message { channel: "#x", text: "x" } }"##;
    std::fs::write(desk.folder.path().join("mail.flow"), mail).expect("a program");
    let (code, said) = desk.refused(&["start", "order", "--input", r#"{"id": 7}"#]);
    assert_eq!(code, Some(2));
    assert!(said.contains("the programs in `.` cannot run here") && said.contains("SLACK_BOT_TOKEN"), "{said}");
}
