//! `flow repl`, by its door: what is piped in is answered, values on stdout, everything else on stderr.

use super::{Done, Folder};

/// A session in a folder of its own.
fn say(lines: &str) -> Done {
    Folder::with("").flow_fed(lines.as_bytes(), &["repl"])
}

/// What comes of lines that go well.
fn answers(lines: &str) -> String {
    let done = say(lines);
    assert_eq!((done.code, &*done.stderr), (0, ""), "{lines}\n{}", done.stdout);
    done.stdout
}

#[test]
fn expressions_are_answered_as_programs_write_values() {
    let rows = [
        ("1 + 2", "3\n"),
        ("[3, 1, 2].sorted()", "[1, 2, 3]\n"),
        ("{ name: \"Ada\", \"full name\": [1, 2] }", "{ name: \"Ada\", \"full name\": [1, 2] }\n"),
        ("#{ a: 1 }.a", "1\n"),
        ("\"a\\nb\"", "\"a\\nb\"\n"),
        ("90m + 30m", "2h\n"),
        ("if 1 > 2 { \"more\" } else { \"less\" }", "\"less\"\n"),
        ("switch 3 { 3 => \"three\", _ => \"other\" }", "\"three\"\n"),
        ("let n = 5; n * n", "25\n"),
        ("let sum = 0; for i in 0..4 { sum += i } sum", "6\n"),
        ("()", ""),
        ("// nothing\n\n/* at /* all */ */", ""),
    ];
    for (said, shown) in rows {
        assert_eq!(answers(said), shown, "{said}");
    }
}

#[test]
fn the_last_value_is_it() {
    assert_eq!(answers("20 + 1\nit * 2\nit - 2"), "21\n42\n40\n");
}

#[test]
fn names_stay_and_are_made_anew() {
    assert_eq!(answers("let n = 1\nlet n = n + 1\nlet n = n + 1\nn"), "1\n2\n3\n3\n");
    assert_eq!(answers("let a = [1]\nlet b = a\nlet a = 7\n[a, b]"), "[1]\n[1]\n7\n[7, [1]]\n");
}

#[test]
fn what_is_open_goes_on_over_lines() {
    let lines = "let total = [1, 2,\n  3]\n  .map(|n| n * 2)\n\nfor n in total {\n    step log.info { message: \"n\" }\n}\n\
                 \"\"\"\n  two\n  lines\n\"\"\"\nif true { 1 }\nelse { 2 }\n";
    let done = say(lines);
    assert_eq!(done.stdout, "[2, 4, 6]\n\"  two\\n  lines\"\n1\n", "{}", done.stderr);
    assert_eq!(done.stderr.matches("info n").count(), 3, "{}", done.stderr);
}

#[test]
fn a_step_happens_and_has_its_name() {
    let folder = Folder::with("");
    let lines = "step made = files.write { path: \"a.txt\", content: \"hello\" }\n\
                 step text = files.read { path: \"a.txt\", format: \"text\" }\ntext.to_upper()\n";
    let done = folder.flow_fed(lines.as_bytes(), &["repl"]);
    assert!(done.stdout.ends_with("\"hello\"\n\"HELLO\"\n"), "{}\n{}", done.stdout, done.stderr);
    assert_eq!(done.code, 0);
    assert_eq!(std::fs::read_to_string(folder.path().join("a.txt")).ok().as_deref(), Some("hello"));
}

#[test]
fn a_step_happens_once() {
    let folder = Folder::with("");
    let lines = "step files.append { path: \"log.txt\", content: \"x\" }\n1\n2\nlet a = 3\na\n";
    let done = folder.flow_fed(lines.as_bytes(), &["repl"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert_eq!(std::fs::read_to_string(folder.path().join("log.txt")).ok().as_deref(), Some("x"));
}

#[test]
fn what_is_wrong_is_said_where_it_was_typed() {
    let done =
        say("let n = 1\n\nlet total = n + cout([1])\nfn count(list) { list.len() }\ncount([1, 2])\ncuont([1])\n");
    assert_eq!(done.code, 2);
    assert_eq!(done.stdout, "1\n2\n");
    assert!(
        done.stderr.contains("[2]:1:17: error[") && done.stderr.contains("let total = n + cout([1])"),
        "{}",
        done.stderr
    );
    assert!(
        done.stderr.contains("[5]:1:1: error[") && done.stderr.contains("did you mean `count`?"),
        "{}",
        done.stderr
    );
    assert!(!done.stderr.contains("session") && !done.stderr.contains("this_"), "{}", done.stderr);
}

#[test]
fn what_fails_says_where_and_the_session_goes_on() {
    let done = say("let broken = [1, 2][7]\nstep page = http.get { url: \"http://127.0.0.1:1/\" }\n\"still here\"\n");
    assert_eq!((done.code, &*done.stdout), (1, "\"still here\"\n"), "{}", done.stderr);
    assert!(done.stderr.contains("error: script_error") && done.stderr.contains("[1]:1:"), "{}", done.stderr);
    assert!(done.stderr.contains("error: permission_denied in step `page`"), "{}", done.stderr);
}

#[test]
fn types_are_known_without_a_run() {
    let lines = "let page = { status: 200, body: \"x\" }\n:type page.status\n:type [1, 2].map(|n| \"${n}\")\n\
                 let due = now() + 3d\n:type due\n:type page.sttus\n";
    let done = say(lines);
    assert!(done.stdout.contains("}\nint\nlist<string>\n"), "{}\n{}", done.stdout, done.stderr);
    assert!(done.stdout.ends_with("Z\ndatetime\n"), "{}\n{}", done.stdout, done.stderr);
    assert!(done.stderr.contains("[6]:1:6") && done.stderr.contains("did you mean `status`?"), "{}", done.stderr);
}

const GREETING: &str = "workflow greet {\n    input { name: string }\n    step told = log.info { message: \"to ${input.name}\" }\n    \
                        output { text: string = hello(input.name) }\n}\n";

#[test]
fn workflows_are_declared_run_and_declared_again() {
    let lines = format!(
        "fn hello(name) {{ \"Hello \" + name }}\n{GREETING}\n:run greet {{\"name\": \"Ada\"}}\nit.text\nfn hello(name) {{ \"Bye \" + name }}\n\
         :run greet {{\"name\": \"Ada\"}}\n:type it\n"
    );
    let done = say(&lines);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert_eq!(
        done.stdout, "{ text: \"Hello Ada\" }\n\"Hello Ada\"\n{ text: \"Bye Ada\" }\n{ text: string }\n",
        "{}",
        done.stderr
    );
    assert!(done.stderr.contains("greet  completed"), "{}", done.stderr);
}

#[test]
fn a_declaration_that_breaks_another_is_refused() {
    let done = say(&format!(
        "fn hello(name) {{ name }}\n{GREETING}\nfn hello(first, last) {{ first + last }}\n:run greet {{\"name\": \"Ada\"}}\n"
    ));
    assert_eq!((done.code, &*done.stdout), (2, "{ text: \"Ada\" }\n"), "{}", done.stderr);
    assert!(done.stderr.contains("[2]:4:"), "{}", done.stderr);
}

#[test]
fn in_a_sandbox_stand_ins_answer() {
    let done = say(
        ":sandbox on\nstep sent = slack.post_message { channel: \"#a\", text: \"hi\" }\n:type sent.ts\nwait 3d\n\"there\"\n",
    );
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.ends_with("string\n\"there\"\n"), "{}", done.stdout);
    assert!(
        done.stderr.contains("sandbox: one thing was sent") && done.stderr.contains("slack.post_message"),
        "{}",
        done.stderr
    );
}

#[test]
fn operations_are_answered_by_hand() {
    let lines = ":mock slack.post_message => { ts: \"1\", channel: params.channel }\n\
                 step sent = slack.post_message { channel: \"#a\", text: \"hi\" }\nsent.channel\n\
                 :mock slack.post_message fails rate_limited 1 times then { ts: \"2\", channel: \"b\" }\n\
                 step again = slack.post_message { channel: \"#a\", text: \"hi\" }\n\
                 step again = slack.post_message { channel: \"#a\", text: \"hi\" }\nagain.ts\n:mock slack.post => 1\n";
    let done = say(lines);
    assert_eq!(done.code, 2);
    assert!(done.stdout.contains("\"#a\"\n") && done.stdout.ends_with("\"2\"\n"), "{}\n{}", done.stdout, done.stderr);
    assert!(done.stderr.contains("error: rate_limited in step `again`"), "{}", done.stderr);
    assert!(
        done.stderr.contains("did you mean `post_message`?") || done.stderr.contains("post_message"),
        "{}",
        done.stderr
    );
}

#[test]
fn files_are_loaded_and_the_session_is_saved() {
    let folder = Folder::with(&format!(
        "use \"lib/words.flow\"\n\nfn hello(name) {{ words.loud(\"Hello \" + name) }}\n\n{GREETING}"
    ));
    std::fs::create_dir(folder.path().join("lib")).expect("a folder");
    folder.write("lib/words.flow", b"fn loud(text) { text.to_upper() }\n");
    let lines = ":load main.flow\nlet name = \"Ada\"\nname + \"!\"\nstep greeted = greet { name: it }\nlet name = \"Bob\"\n:save out.flow\n:plan greet\n";
    let done = folder.flow_fed(lines.as_bytes(), &["repl"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.contains("{ text: \"HELLO ADA!\" }\n") && done.stdout.contains("greet"), "{}", done.stdout);
    let run = folder.flow(&["run", "out.flow", "session"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(folder.flow(&["fmt", "--check", "out.flow"]).code, 0);
    // Loaded from elsewhere, a file still finds what it uses.
    std::fs::create_dir(folder.path().join("sub")).expect("a folder");
    folder.write("sub/inner.flow", b"use \"../lib/words.flow\" as words\nfn shout(text) { words.loud(text) }\n");
    let done = folder.flow_fed(b"shout(\"a\")\n", &["repl", "sub/inner.flow"]);
    assert_eq!((done.code, &*done.stdout), (0, "\"A\"\n"), "{}", done.stderr);
}

#[test]
fn what_says_something_of_a_whole_workflow_is_refused_with_advice() {
    let rows = [
        ("set vars.a = 1", "let NAME"),
        ("return 1", "type the expression alone"),
        ("on error skip", "workflow NAME"),
        (":hepl", "did you mean `:help`?"),
        (":run", "the session has no workflow"),
        (":load none.flow", "cannot be read"),
        (":run greet {", "greet"),
        ("1 +", "error["),
        ("let", "error["),
        ("workflow {", "error["),
    ];
    for (said, advice) in rows {
        let done = say(&format!("{said}\n"));
        assert_eq!(done.code, 2, "{said}: {}{}", done.stdout, done.stderr);
        assert!(done.stderr.contains(advice), "{said}: {}", done.stderr);
    }
}

#[test]
fn a_secret_is_not_shown() {
    let folder = Folder::with("");
    let done = folder.flow_in_fed(
        &[("TOKEN", "s3cr3t-word")],
        b"let token = secret(\"TOKEN\")\n\"a ${token}\"\ntoken\n",
        &["repl"],
    );
    assert!(
        !done.stdout.contains("s3cr3t-word") && !done.stderr.contains("s3cr3t-word"),
        "{}{}",
        done.stdout,
        done.stderr
    );
    assert!(done.stdout.contains("***"), "{}\n{}", done.stdout, done.stderr);
}

#[test]
fn a_run_is_looked_at_as_it_stood() {
    let lines = "workflow pay {\n    input { cents: int }\n    let net = input.cents * 100 / 119\n    step noted = script { net + 1 }\n    \
                 step log.info { message: \"done\" }\n    output noted\n}\n:run pay {\"cents\": 119}\n:open\nnet\nrun.status\n\
                 :at 1\ninput.cents\nnet\n:next 2\n:back\n:why noted\nlet a = 1\n:at 99\n:open off\n\"back\"\n";
    let done = say(lines);
    assert_eq!(done.code, 2, "{}", done.stderr);
    let shown = &done.stdout;
    assert!(shown.contains("100\n\"completed\"\n") && shown.contains("event 1 of "), "{shown}\n{}", done.stderr);
    assert!(shown.contains("\n119\n") && shown.ends_with("\"back\"\n"), "{shown}\n{}", done.stderr);
    assert!(shown.contains("event 3 of ") && shown.contains("event 2 of ") && shown.contains("noted  "), "{shown}");
    assert!(
        done.stderr.contains("what has happened in it stays")
            && done.stderr.contains("is no event")
            && done.stderr.contains("`net` has no value yet at event 1\n  hint: `:at "),
        "{}",
        done.stderr
    );
}

#[test]
fn a_run_that_failed_is_looked_at_with_what_was_done_at_its_end() {
    let lines = "workflow pay {\n    step due = script { 40 }\n    fail conflict \"no\"\n    on failure { step told = log.info { message: error.message } }\n\
                 finally { step log.info { message: \"over\" } }\n}\n:run pay\n:why told\ndue\n:open\ndue + 2\nsteps.told.status\n:at\n:back 4\nerror.type\n";
    let done = say(lines);
    // `:why` alone opens nothing.
    assert!(
        done.stdout.contains("told  completed\n") && done.stderr.contains("[2]:1:1: error["),
        "{}\n{}",
        done.stdout,
        done.stderr
    );
    assert!(
        done.stdout.contains("42\n\"completed\"\n") && done.stdout.ends_with("\"conflict\"\n"),
        "{}\n{}",
        done.stdout,
        done.stderr
    );
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
}

#[test]
fn tests_of_a_session_are_run() {
    let lines = format!(
        "fn hello(name) {{ name }}\n{GREETING}\ntest \"greets\" for greet {{ input: {{ name: \"Ada\" }}, expect output.text == \"Ada\" }}\n\
         test \"shouts\" for greet {{ input: {{ name: \"Ada\" }}, expect output.text == \"ADA\" }}\n:test greets\n:test\n"
    );
    let done = say(&lines);
    assert_eq!(done.code, 1, "{}", done.stderr);
    assert_eq!(done.stdout.matches("✓ greets").count(), 2, "{}", done.stdout);
    assert!(done.stdout.contains("✗ shouts") && done.stdout.contains("[4]:1:"), "{}", done.stdout);
}

#[test]
#[cfg(unix)]
fn what_was_typed_is_edited() {
    let folder = Folder::with("");
    folder.write("editor.sh", b"sed -i 's/1/41/' \"$1\"\n");
    let done = folder.flow_in_fed(&[("EDITOR", "sh editor.sh")], b"1 + 1\n:edit\n:edit none\n", &["repl"]);
    assert_eq!((done.code, &*done.stdout), (2, "2\n42\n"), "{}", done.stderr);
    let done = say("1\n:edit\n");
    assert!(done.stderr.contains("no editor is set"), "{}", done.stderr);
}

#[test]
fn nothing_that_is_typed_breaks_it() {
    // Every prefix of a session, as though the hand had stopped there; and bytes that are no text.
    let whole = format!(
        "{GREETING}:run greet {{\"name\": \"A\"}}\nlet a = [1, #{{ b: \"${{1}}\" }}]\n\"\"\"\n x\n:type a\n:mock http.get => 1\n"
    );
    for end in (0..whole.len()).step_by(7).filter(|end| whole.is_char_boundary(*end)) {
        let done = say(&whole[..end]);
        assert!(
            (0..=3).contains(&done.code) && !done.stderr.contains("panicked"),
            "{}\n{}",
            &whole[..end],
            done.stderr
        );
    }
    let folder = Folder::with("");
    let mut state = 7u32;
    let mut bytes = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let noise: Vec<u8> = (0..4_000).map(|_| bytes()).collect();
    let long = format!("let long = [{}]\nlong.len()\n", "1, ".repeat(9_000));
    let deep = format!("{}1{}\n", "(".repeat(400), ")".repeat(400));
    for said in [
        noise.as_slice(),
        long.as_bytes(),
        deep.as_bytes(),
        b"\0\n\xff\n:\n: \n:::\n:at\n:next\n:why\n",
        b"\xef\xbb\xbf1 + 1\n",
    ] {
        let done = folder.flow_fed(said, &["repl"]);
        assert!((0..=3).contains(&done.code) && !done.stderr.contains("panicked"), "{}", done.stderr);
    }
}

#[test]
fn records_of_steps_are_read_later() {
    let folder = Folder::with("");
    let lines = "step made = files.write { path: \"a.txt\", content: \"x\" }\nsteps.made.status\n[1].map(|n| n + steps.made.attempts)\n\
                 \"it ${steps.made.status}, and steps.made stays\"\nstep page = http.get { url: \"http://127.0.0.1:1/\" }\n\
                 steps.page.error.type\nsteps.page.status == \"failed\"\n:type steps.made.attempts\n\
                 if steps.page.status == \"failed\" { step log.info { message: \"was ${steps.page.status}\" } }\n\
                 let made = 1\nsteps.made.status\nsteps.page.eror\nsteps.pge.error\n";
    let done = folder.flow_fed(lines.as_bytes(), &["repl"]);
    let (shown, said) = (&done.stdout, &done.stderr);
    let answers = "\"completed\"\n[2]\n\"it completed, and steps.made stays\"\n\"permission_denied\"\ntrue\nint\n1\n";
    assert!(shown.ends_with(answers), "{shown}\n{said}");
    assert!(said.contains("info was failed"), "{said}");
    assert!(said.contains("[11]:1:7: error[") && said.contains("`steps` has no field `made`"), "{said}");
    assert!(said.contains("[12]:1:12: error[") && said.contains("did you mean `error`?"), "{said}");
    assert!(said.contains("[13]:1:7: error[") && said.contains("did you mean `page`?"), "{said}");
    assert!(!said.contains("input."), "{said}");
}

#[test]
fn steps_that_wait_are_answered_by_hand() {
    let lines = ":mock ok => { keep: true }\nstep ok: { keep: bool } = ask role \"boss\" { question: \"Keep it?\" }\n\
                 :mock paid after 10ms => { cents: 7 }\nstep paid = wait event \"order.paid\"\n:mock pause => ()\nstep pause = wait 3d\n\
                 workflow inner {\n    step ready: int = wait signal \"ready\"\n    output ready\n}\n\
                 workflow outer {\n    input { who: string }\n    step approved: bool = ask person \"a@b.example\" { question: \"?\" }\n    step got = inner {}\n\
                 output { approved: any = approved, got: any = got }\n}\n\
                 :mock ready => 5\n:mock approved => true\n:run outer {\"who\": \"a\"}\n:mock inner => 9\n:run outer {\"who\": \"a\"}\n\
                 :mock ready fails timeout\n:run inner\n:mock redy => 1\n:mock approved => 7\n";
    for also in ["", ":sandbox on\n"] {
        let done = say(&format!("{also}{lines}"));
        let (shown, said) = (&done.stdout, &done.stderr);
        let answers = "{ keep: true }\n{ cents: 7 }\n{ approved: true, got: 5 }\n{ approved: true, got: 9 }\n";
        assert_eq!((done.code, &**shown), (2, answers), "{said}");
        assert!(said.contains("error: timeout in step `ready`: a mocked timeout"), "{said}");
        assert!(said.contains("did you mean `ready`?") && said.contains("this must be"), "{said}");
    }
}

/// How a step stands that has not begun.
const PENDING: &str = "\"pending\"\n";

#[test]
fn the_item_of_a_turn_is_seen_at_its_events() {
    let lines = "workflow pick {\n    input { lines: list<string> }\n    for line in input.lines {\n        let loud = line.to_upper()\n\
                 step noted = log.info { message: loud }\n    }\n    repeat max 2 { step log.info { message: \"again\" } }\n}\n\
                 :run pick {\"lines\": [\"a\", \"b\"]}\n:open\nline\n:at 6\nline\nloud\n";
    let done = say(lines);
    let turn = done.stderr.split("`:at ").nth(1).and_then(|rest| rest.split('`').next());
    let first: usize = turn.and_then(|event| event.parse().ok()).unwrap_or_else(|| panic!("{}", done.stderr));
    assert!(done.stderr.contains("is the first event of for[0]"), "{}", done.stderr);
    let listed = say(&format!("{lines}:at {first}\n:at\n")).stdout;
    assert!(listed.contains(&format!(">{first:>5} ")) && listed.contains("opened for[1].noted"), "{listed}");
    // In the first turn and in the second, before and after what is named there; and outside again.
    let at = |event: usize| say(&format!("{lines}:at {event}\n\"from here\"\nline\nloud\nsteps.noted.status\n"));
    let seen = |event: usize| {
        let done = at(event);
        done.stdout.split_once("\"from here\"\n").map(|(_, seen)| seen.to_owned()).unwrap_or_default()
    };
    assert_eq!((seen(first - 1), seen(first)), (PENDING.to_owned(), format!("\"a\"\n{PENDING}")));
    assert!(at(first).stdout.contains("in for[0]: line = \"a\""), "{}", at(first).stdout);
    let all: Vec<String> = (first..first + 18).map(seen).collect();
    let place = |wanted: &str| all.iter().position(|seen| seen == wanted);
    let done = "\"completed\"\n";
    let wanted =
        [("\"a\"\n\"A\"\n", done), ("\"b\"\n", PENDING), ("\"b\"\n\"B\"\n", PENDING), ("\"b\"\n\"B\"\n", done)];
    let places = wanted.map(|(names, record)| place(&format!("{names}{record}")).expect(names));
    assert!(places.is_sorted(), "{all:?}");
}

#[test]
#[cfg(feature = "sqlite")]
fn runs_that_are_kept_are_opened() {
    let program = "workflow pay {\n    input { cents: int }\n    let net = input.cents * 100 / 119\n    \
                   step noted = log.info { message: \"${net} to pay\" }\n    output net\n}\n\
                   workflow patient {\n    let asked = [1, 2]\n    step made = log.info { message: \"made\" }\n    wait 1h\n}\n";
    let folder = Folder::with(program);
    let done = folder.flow(&["run", "main.flow", "pay", "--data", "state", "--input", "{ \"cents\": 119 }"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    // One that was killed in its middle.
    let mut killed = folder.start(&["run", "main.flow", "patient", "--data", "state", "--format", "plain"]);
    let mut said = std::io::BufReader::new(killed.stderr.take().expect("it was asked for"));
    let mut line = String::new();
    while !line.contains("waits") && std::io::BufRead::read_line(&mut said, &mut line).is_ok_and(|count| count > 0) {}
    // What is shown is on disk a moment later.
    std::thread::sleep(std::time::Duration::from_millis(500));
    killed.kill().and_then(|()| killed.wait()).expect("it ends");

    let listed = folder.flow_fed(b":runs\n", &["repl", "--data", "state"]);
    let lines: Vec<Vec<&str>> = listed.stdout.lines().map(|line| line.split("  ").collect()).collect();
    let [patient, pay] = lines.as_slice() else { panic!("{}{}", listed.stdout, listed.stderr) };
    assert_eq!((patient[2], pay[2], pay[3]), ("patient", "pay", "completed"), "{}", listed.stdout);
    let look = |lines: String| folder.flow_fed(lines.as_bytes(), &["repl", "--data", "state"]);
    let done = look(format!(":open {}\nnet\nrun.status\n:at 1\ninput.cents\nnet\n:why noted\n", pay[0]));
    assert!(done.stdout.contains("100\n\"completed\"\nevent 1 of "), "{}\n{}", done.stdout, done.stderr);
    assert!(done.stdout.contains("\n119\nnoted") && done.stderr.contains("net"), "{}\n{}", done.stdout, done.stderr);
    // By how it begins, and the last one where nothing is said.
    for open in [format!(":open {}", &patient[0][..patient[0].len() - 2]), ":open".to_owned()] {
        let done = look(format!("{open}\nasked.len() + 40\nsteps.made.status\nrun.status\n:why wait\n"));
        assert!(done.stdout.contains("42\n\"completed\"\n"), "{}\n{}", done.stdout, done.stderr);
        assert!(done.stdout.contains("waits"), "{}\n{}", done.stdout, done.stderr);
    }
    // Nothing of it has changed: it still can be gone on with.
    assert_eq!(look(":open none\n".to_owned()).code, 2);
    let none = folder.flow_fed(b"", &["repl", "--data", "nowhere"]);
    assert!(none.code == 2 && none.stderr.contains("there is no store in `nowhere`"), "{}", none.stderr);
    assert!(!folder.path().join("nowhere").exists());
}

#[test]
fn lines_that_end_in_the_middle_end_the_session() {
    // Of a block, and of a run.
    let done = say("1 + 1\nworkflow greet {\n    input { name: string }\n");
    assert_eq!((done.code, &*done.stdout), (2, "2\n"), "{}", done.stderr);
    assert!(done.stderr.contains("never closed"), "{}", done.stderr);
    let done = say("step slow = sequence { wait 300ms }\n\"after\"");
    assert_eq!((done.code, &*done.stdout), (0, "\"after\"\n"), "{}", done.stderr);
}

#[test]
fn help_tells_of_what_has_a_name() {
    let done = say(
        ":help slack.whoami\n:help files\nsum?\nfn twice(n) { n * 2 }\n:help twice\nlet total = 3\ntotal?\n:help at\nhelp\n:help sumn\n",
    );
    let shown = &done.stdout;
    for part in ["# slack.whoami\n", "# Files", "sum(list:", "fn twice(n) { n * 2 }", "total: int\n", ":at [EVENT]"] {
        assert!(shown.contains(part), "{part}: {shown}\n{}", done.stderr);
    }
    assert_eq!(shown.matches(":quit").count(), 1, "{shown}");
    assert!(done.code == 2 && done.stderr.contains("did you mean `sum`?"), "{}", done.stderr);
    assert_eq!(say("1\nexit\n2\n").stdout, "1\n");
}

#[test]
fn files_are_loaded_again_as_they_are_then() {
    let folder = Folder::with("fn two() { 2 }\n");
    let lines = ":load\n:load main.flow\ntwo()\nstep files.write { path: \"main.flow\", content: \"fn two() { 22 }\" }\n:load\ntwo()\n";
    let done = folder.flow_fed(lines.as_bytes(), &["repl"]);
    assert!(done.stdout.starts_with("2\n") && done.stdout.ends_with("22\n"), "{}\n{}", done.stdout, done.stderr);
    assert!(done.stderr.contains("it is written `:load FILE`"), "{}", done.stderr);
}
