//! `flow doctor`: what is missing is named, and the line that it gives for it does away with it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Command;

use regex::Regex;
use serde_json::Value as Json;

use super::far::Far;
use super::{Done, Folder};

/// A path in which `flow` is this one.
fn path() -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_flow")).parent().expect("it lies in a folder");
    format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default())
}

/// Calls the doctor with these variables, `flow` in the path.
fn doctor(folder: &Folder, environment: &[(&str, &str)], args: &[&str]) -> Done {
    let path = path();
    let environment = [&[("PATH", path.as_str()), ("TZ", "UTC")], environment].concat();
    let mut done = folder.flow_in(&environment, &[&["doctor"], args].concat());
    let covers = [
        (r"\d+ [GM]B are free", "ROOM are free"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d", "MOMENT"),
        (r#"flow \d+\.\d+\.\d+[^"\n]*"#, "VERSION"),
    ];
    for (pattern, word) in covers {
        done.stdout = Regex::new(pattern).expect("a pattern").replace_all(&done.stdout, word).into_owned();
    }
    done
}

/// The lines that the doctor gives: what is indented below what was found.
fn lines_to_type(said: &str) -> Vec<&str> {
    said.lines().filter(|line| line.starts_with("   ")).map(str::trim).collect()
}

/// A folder in which `flow new` was called.
fn project() -> Folder {
    let folder = Folder::with("");
    fs::remove_file(folder.path().join("main.flow")).expect("it is there");
    assert_eq!(folder.flow(&["new", "."]).code, 0);
    folder
}

#[test]
fn a_new_project_is_told_what_a_run_in_earnest_needs_and_with_that_it_is_ready() {
    let folder = project();
    let done = doctor(&folder, &[], &[]);
    assert_eq!((done.code, &*done.stderr), (1, ""));
    insta::assert_snapshot!(done.stdout, @r#"
    ok       version      VERSION
    ok       programs     welcome.flow is right
    ok       settings     flow.toml is right
    fault    connector    email: needs SMTP_HOST
                            export SMTP_HOST=...
    fault    connector    slack: needs SLACK_BOT_TOKEN, or SLACK_CLIENT_ID and SLACK_CLIENT_SECRET and SLACK_REFRESH_TOKEN, or SLACK_CLIENT_ID and SLACK_CLIENT_SECRET and `flow connectors login slack`
                            export SLACK_BOT_TOKEN=...
                            flow connectors login slack
    ok       data         `.flow` is not there: the first run that is kept makes it
    ok       data         ROOM are free for `.`
    ok       clock        MOMENT UTC
    ok       editor       `flow` is in the path, where editors find `flow lsp`

    2 faults
    "#);
    let given: Vec<(&str, &str)> = lines_to_type(&done.stdout)
        .into_iter()
        .filter_map(|line| Some((line.strip_prefix("export ")?.strip_suffix("=...")?, "something.example")))
        .collect();
    assert_eq!(given.len(), 2, "{given:?}");
    let done = doctor(&folder, &given, &[]);
    assert_eq!(done.code, 0, "{}", done.stdout);
    assert!(
        done.stdout.ends_with("\neverything is ready; `flow doctor --online` asks the services, too\n"),
        "{}",
        done.stdout
    );
    assert!(!folder.path().join(".flow").exists(), "nothing was changed");
}

#[test]
fn settings_that_are_wrong_are_told_with_their_place() {
    let folder = project();
    let rows = [
        (
            "[http]\nallow_host = [\"a\"]\n",
            "fault    settings     flow.toml:2: there is no setting `http.allow_host`\n",
            "did you mean `http.allow_hosts`?",
        ),
        ("[run]\ntimeout = 5\n", "fault    settings     flow.toml:2: `run.timeout` must be a duration", ""),
        ("[run\n", "fault    settings     flow.toml:1: flow.toml is no TOML here: ", ""),
        (
            "[connectors.slakc]\ntoken = \"x\"\n",
            "warning  settings     flow.toml:2: the program uses no connector `slakc`\n",
            "did you mean `connectors.slack`?",
        ),
    ];
    for (text, said, hint) in rows {
        folder.write("flow.toml", text.as_bytes());
        let done = doctor(&folder, &[("SMTP_HOST", "mail.example"), ("SLACK_BOT_TOKEN", "t")], &[]);
        assert_eq!(done.code, i32::from(said.starts_with("fault")), "{}", done.stdout);
        assert!(done.stdout.contains(said) && done.stdout.contains(hint), "{}", done.stdout);
    }
}

#[test]
fn what_programs_read_themselves_is_told_once_with_its_variable() {
    let folder = Folder::with(
        r#"workflow a {
    step page = http.get { url: "https://shop.example/", auth bearer secret("SHOP_TOKEN") }
    step rows = sql.query { database: "crm", sql: "SELECT 1" }
    output { region: string = env("REGION") }
}
workflow b { output { region: string = env("REGION") } }
"#,
    );
    folder.write("broken.flow", b"workflow c { stpe x = log.info {} }\n");
    let done = doctor(&folder, &[], &[]);
    assert_eq!(done.code, 1);
    for line in [
        "fault    programs     broken.flow cannot run: ",
        "fault    settings     main.flow:2: the secret `SHOP_TOKEN` is not set\n",
        "fault    settings     main.flow:3: the database `crm` is not set\n",
        "fault    settings     main.flow:4: the setting `REGION` is not set\n",
    ] {
        assert!(done.stdout.contains(line), "{line}: {}", done.stdout);
    }
    let lines = lines_to_type(&done.stdout);
    let exports = ["export SHOP_TOKEN=...", "export FLOW_DATABASE_CRM_URL=...", "export REGION=..."];
    assert!(lines.contains(&"flow check broken.flow") && exports.iter().all(|it| lines.contains(it)), "{lines:?}");
    let given = [("SHOP_TOKEN", "t"), ("FLOW_DATABASE_CRM_URL", "postgres://u:p@db.example/crm"), ("REGION", "eu")];
    let done = doctor(&folder, &given, &["main.flow"]);
    assert_eq!(done.code, 0, "{}", done.stdout);
    assert!(!done.stdout.contains("broken.flow"), "what is not named is not looked at: {}", done.stdout);
}

#[cfg(not(feature = "mongodb"))]
#[test]
fn what_this_build_cannot_carry_out_is_told_with_the_build_that_can() {
    let folder =
        Folder::with("workflow a { step rows = mongodb.find { database: \"crm\", collection: \"people\" } }\n");
    let done = doctor(&folder, &[("FLOW_DATABASE_CRM_URL", "mongodb://db.example/crm")], &[]);
    assert_eq!(done.code, 1);
    assert!(
        done.stdout.contains("fault    programs     this build cannot carry out mongodb.find: "),
        "{}",
        done.stdout
    );
    assert!(lines_to_type(&done.stdout).contains(&"cargo build --release --features mongodb"), "{}", done.stdout);
}

#[cfg(unix)]
#[test]
fn the_lines_about_files_do_away_with_what_they_are_about() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::with("workflow a { output 1 }\n");
    fs::create_dir_all(folder.path().join(".flow/credentials")).expect("a folder");
    folder.write(".flow/credentials/key", format!("{}\n", "ab".repeat(32)).as_bytes());
    folder.write(".flow/credentials/crm-0123.sealed", b"nonsense");
    let chmod = |name: &str, mode: u32| {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(mode)).expect("they can be set");
    };
    chmod(".flow", 0o755);
    chmod(".flow/credentials/key", 0o644);
    let done = doctor(&folder, &[], &[]);
    assert_eq!(done.code, 1);
    assert!(done.stdout.contains("warning  data         others may look into `.flow`\n"), "{}", done.stdout);
    assert!(
        done.stdout.contains("fault    credentials  `.flow/credentials/key` may be read by others"),
        "{}",
        done.stdout
    );
    let lines = lines_to_type(&done.stdout);
    assert_eq!(lines, ["chmod 700 .flow", "chmod 600 .flow/credentials/key"]);
    for line in lines {
        let typed = Command::new("sh").args(["-c", line]).current_dir(folder.path()).status().expect("a shell");
        assert!(typed.success(), "{line}");
    }
    let done = doctor(&folder, &[], &[]);
    assert!(!done.stdout.contains("may look into") && !done.stdout.contains("may be read"), "{}", done.stdout);
    assert!(done.stdout.contains("crm-0123.sealed` is damaged: delete it and sign in again"), "{}", done.stdout);
    assert_eq!(lines_to_type(&done.stdout), ["flow connectors login crm"]);
    let done = doctor(&folder, &[("FLOW_KEY", "short")], &[]);
    assert!(done.stdout.contains("`FLOW_KEY` is no key: ") && !done.stdout.contains("short"), "{}", done.stdout);
}

#[test]
fn runs_that_began_with_another_program_are_counted() {
    let program = "workflow patient {\n    step sent: int = wait signal \"go\"\n    output { sent: sent }\n}\n";
    let folder = Folder::with(program);
    let mut child = folder.start(&["run", "main.flow", "--data", ".flow", "--key", "one"]);
    let told = BufReader::new(child.stderr.take().expect("it was asked for")).lines().map_while(Result::ok);
    assert!(told.into_iter().any(|line| line.contains("waits for")), "the run waits");
    child.kill().expect("it can be ended");
    child.wait().expect("it ends");
    let done = doctor(&folder, &[], &[]);
    assert!(
        done.stdout.contains("ok       runs         1 run under way, by the programs as they are\n"),
        "{}",
        done.stdout
    );
    folder.write("main.flow", program.replace("int", "float").as_bytes());
    let done = doctor(&folder, &[], &[]);
    assert_eq!(done.code, 0);
    assert!(
        done.stdout.contains("warning  runs         1 run of `patient` under way, by another version of it\n"),
        "{}",
        done.stdout
    );
    let line = lines_to_type(&done.stdout).pop().expect("a line").to_owned();
    assert_eq!(line, "flow deploy . --data .flow --dry-run");
    let typed = folder.flow(&line.split(' ').skip(1).collect::<Vec<_>>());
    assert!(typed.code == 0 && typed.stdout.starts_with("workflow patient\n"), "{}{}", typed.stdout, typed.stderr);
    folder.write("main.flow", program.replace("patient", "hasty").as_bytes());
    let done = doctor(&folder, &[], &[]);
    assert!(done.stdout.contains("1 run of `patient` under way, which no program here declares\n"), "{}", done.stdout);
}

#[test]
fn this_machine_is_looked_at_too() {
    let folder = Folder::with("workflow a { output 1 }\n");
    let done = doctor(&folder, &[("PATH", "/nowhere")], &[]);
    assert_eq!(done.code, 0);
    assert!(
        done.stdout.contains("warning  editor       `flow` is not in the path: no editor finds it\n"),
        "{}",
        done.stdout
    );
    let json: Json = serde_json::from_str(&doctor(&folder, &[], &["--format", "json"]).stdout).expect("JSON");
    let findings = json.as_array().expect("a list");
    assert!(findings.iter().all(|it| it["state"] == "ok"), "{json:#}");
    let about: Vec<&str> = findings.iter().filter_map(|it| it["about"].as_str()).collect();
    assert_eq!(about, ["version", "programs", "data", "data", "clock", "editor"]);
    let empty = Folder::with("");
    fs::remove_file(empty.path().join("main.flow")).expect("it is there");
    let done = doctor(&empty, &[], &[]);
    assert_eq!(done.code, 0);
    assert!(done.stdout.contains("warning  programs     there is no `.flow` file here\n"), "{}", done.stdout);
}

#[test]
fn services_are_asked_only_where_that_is_said() {
    let crm = r#"
connector crm "House CRM" {
    config {
        base_url: url = "https://crm.example"
        token: secret? = secret("CRM_TOKEN")
    }
    auth bearer config.token
    read operation me() -> { name: string } { GET "/me" }
    check me
}
workflow greet {
    step me = crm.me {}
    output { name: me.name }
}
"#;
    let folder = Folder::with(crm);
    let far = Far::start(|line, head| match (line, head.contains("Bearer t0ken")) {
        ("GET /me", true) => (200, r#"{ "name": "Ada" }"#),
        _ => (401, r#"{ "error": "who?" }"#),
    });
    let base = format!("connectors.crm.base_url={}", far.base);
    let done = doctor(&folder, &[("CRM_TOKEN", "t0ken")], &["--set", &base]);
    assert!(done.code == 0 && far.asked().is_empty(), "{}", done.stdout);
    let done = doctor(&folder, &[("CRM_TOKEN", "t0ken")], &["--set", &base, "--online"]);
    assert_eq!((done.code, far.asked()), (0, vec!["GET /me".to_owned()]), "{}", done.stdout);
    assert!(done.stdout.contains("ok       service      crm: fine, as Ada (crm.me, "), "{}", done.stdout);
    assert!(done.stdout.ends_with("\neverything is ready\n"), "{}", done.stdout);
    let done = doctor(&folder, &[("CRM_TOKEN", "0ther-secret")], &["--set", &base, "--online"]);
    assert_eq!(done.code, 1);
    assert!(done.stdout.contains("fault    service      crm: auth_error from crm.me: "), "{}", done.stdout);
    assert!(!done.stdout.contains("0ther-secret"), "{}", done.stdout);
    let done = doctor(&folder, &[], &["--set", &base, "--online"]);
    assert_eq!((done.code, far.asked().len()), (1, 2), "nobody is asked without credentials: {}", done.stdout);
}

#[test]
fn hosts_and_databases_are_asked_by_the_rules_for_runs() {
    let far = Far::start(|_, _| (404, "{}"));
    let host = far.base.trim_start_matches("http://").to_owned();
    let folder = Folder::with(&format!(
        r#"workflow a {{
    step page = http.get {{ url: "http://{host}/tasks" }}
    step rows = sql.query {{ database: "crm", sql: "SELECT 2" }}
}}
"#
    ));
    let database = ("FLOW_DATABASE_CRM_URL", "sqlite:crm.db");
    let done = doctor(&folder, &[database], &["--online"]);
    assert_eq!((done.code, far.asked().len()), (1, 0), "a private address is not asked unless that is allowed");
    assert!(done.stdout.contains(&format!("fault    host         {host}: ")), "{}", done.stdout);
    assert!(done.stdout.contains("ok       database     crm answers\n"), "{}", done.stdout);
    let allow = "http.allow_hosts=127.0.0.1";
    let done = doctor(&folder, &[database], &["--online", "--set", allow]);
    assert_eq!((done.code, far.asked()), (0, vec!["HEAD /".to_owned()]), "{}", done.stdout);
    assert!(done.stdout.contains(&format!("ok       host         {host} answers\n")), "{}", done.stdout);
    let nobody = ("FLOW_DATABASE_CRM_URL", "postgres://ada:hunter2@127.0.0.1:1/crm");
    let done = doctor(&folder, &[nobody], &["--online", "--set", allow]);
    assert_eq!(done.code, 1);
    assert!(done.stdout.contains("fault    database     crm: ") && !done.stdout.contains("hunter2"), "{}", done.stdout);
}

#[test]
fn a_store_is_told_by_its_version_and_its_damage() {
    let folder = Folder::with("workflow a { output 1 }\n");
    fs::create_dir(folder.path().join("data")).expect("a folder");
    let file = folder.path().join("data/flow.db");
    let store = rusqlite::Connection::open(&file).expect("it is made");
    store.execute_batch(include_str!("../store/version_1.sql")).expect("it is filled");
    store.pragma_update(None, "user_version", 1).expect("it is set");
    drop(store);
    let done = doctor(&folder, &[], &["--data", "data"]);
    assert_eq!(done.code, 0);
    assert!(
        done.stdout.contains("warning  data         `data/flow.db` was written by an earlier version"),
        "{}",
        done.stdout
    );
    assert_eq!(folder.flow(&["run", "main.flow", "--data", "data"]).code, 0);
    let done = doctor(&folder, &[], &["--data", "data"]);
    assert!(
        done.stdout.contains("ok       data         `data/flow.db` can be read, its tables are of version "),
        "{}",
        done.stdout
    );
    let mut bytes = fs::read(&file).expect("it is there");
    bytes[..100].fill(b'x');
    fs::write(&file, bytes).expect("it can be written");
    let done = doctor(&folder, &[], &["--data", "data"]);
    assert_eq!(done.code, 1);
    assert!(done.stdout.contains("fault    data         the store cannot be opened: "), "{}", done.stdout);
}

#[test]
fn settings_are_looked_at_beside_a_program_that_is_wrong() {
    let folder = Folder::with("workflow broken { step }\n");
    folder.write("flow.toml", b"[[[\n");
    let done = folder.flow(&["doctor"]);
    assert_eq!(done.code, 1, "{}", done.stderr);
    assert!(done.stdout.contains("fault    programs     main.flow cannot run: "), "{}", done.stdout);
    assert!(done.stdout.contains("fault    settings     flow.toml:1: flow.toml is no TOML here: "), "{}", done.stdout);
    folder.write("flow.toml", b"[http]\nallow_host = [\"a\"]\n");
    let done = folder.flow(&["doctor", "main.flow"]);
    let said = "fault    settings     flow.toml:2: there is no setting `http.allow_host`\n";
    assert!(done.code == 1 && done.stdout.contains(said), "{}", done.stdout);
    let empty = tempfile::tempdir().expect("a folder");
    assert!(!folder.flow(&["doctor", &empty.path().display().to_string()]).stdout.contains("settings"));
}
