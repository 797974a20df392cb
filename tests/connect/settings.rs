//! What is set beside a program, and what is said when it is missing or wrong.

use orchestra_flow::base::span::Sources;
use orchestra_flow::base::value::Value;
use orchestra_flow::connect::Configured;
use orchestra_flow::host::settings::Settings;
use orchestra_flow::host::settings::configure::Uses;
use orchestra_flow::run::world::Settings as _;

use super::declared::package;

/// Reads settings, and says what is wrong with them, one line each: place, code, message, hints.
fn read(file: Option<&str>, environment: &[(&str, &str)], given: &[&str]) -> (Settings, Sources, Vec<String>) {
    let home = tempfile::tempdir().expect("a directory");
    if let Some(file) = file {
        std::fs::write(home.path().join("flow.toml"), file).expect("a file");
    }
    let variables = environment.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
    let given: Vec<String> = given.iter().map(|&it| it.to_owned()).collect();
    let mut sources = Sources::default();
    let (settings, diagnostics) = Settings::read(home.path(), variables, &given, &mut sources);
    let shown = diagnostics.iter().map(|it| show(it, &sources)).collect();
    (settings, sources, shown)
}

fn show(it: &orchestra_flow::base::diagnostic::Diagnostic, sources: &Sources) -> String {
    let hints: Vec<&str> = it.hints.iter().map(|hint| hint.text.as_str()).collect();
    let at = sources.iter().nth(usize::from(it.primary.span.file.0)).map(|(_, source)| {
        let place = source.position(it.primary.span.start);
        let file = source.name.rsplit('/').next().unwrap_or_default().to_owned();
        format!("{file}:{}:{} `{}`", place.line, place.column, sources.text(it.primary.span))
    });
    format!("{} {}: {}; {}", at.unwrap_or_default(), it.code.0, it.message, hints.join("; "))
}

#[test]
fn unknown_and_wrong_settings_are_named_with_their_place() {
    let rows = [
        ("http.allow_hosts = [\"a\"]\n[run]\ntimeout = \"30s\"\n[env]\nANY = 1", ""),
        (
            "[http]\nallow_host = [\"a\"]",
            "flow.toml:2:1 `allow_host = ***` F0802: there is no setting `http.allow_host`; did you mean `http.allow_hosts`?",
        ),
        (
            "[htp]\nallow_hosts = [\"a\"]",
            "flow.toml:2:1 `allow_hosts = ***` F0802: there is no setting `htp.allow_hosts`; did you mean `http.allow_hosts`?",
        ),
        (
            "[conectors.slack]\ntoken = \"t\"",
            "flow.toml:2:1 `token = ***` F0802: there is no setting `conectors.slack.token`; did you mean `connectors`?",
        ),
        (
            "[http]\nallow_hosts = \"a\"",
            "flow.toml:2:1 `allow_hosts = ***` F0803: `http.allow_hosts` must be a list of texts, such as `[\"one\", \"two\"]`; ",
        ),
        (
            "[http]\nproxy = \"proxy.example:3128\"",
            "flow.toml:2:1 `proxy = ***` F0803: `http.proxy` must be an address, such as `\"http://proxy.example:3128\"`; ",
        ),
        (
            "[run]\ntimeout = \"soon\"",
            "flow.toml:2:1 `timeout = ***` F0803: `run.timeout` must be a duration, such as `\"30s\"`; ",
        ),
        (
            "[http]\nresponse_bytes_max = 0",
            "flow.toml:2:1 `response_bytes_max = ***` F0803: `http.response_bytes_max` must be a whole number of at least 1; ",
        ),
    ];
    for (file, expected) in rows {
        assert_eq!(read(Some(file), &[], &[]).2.join("\n"), expected, "{file}");
    }
    let broken = read(Some("[http\nallow_hosts = 1"), &[], &[]).2;
    assert!(broken[0].contains("F0801: flow.toml is no TOML here"), "{broken:?}");
    assert!(read(None, &[], &["nonsense"]).2[0].contains("F0805"));
    assert!(read(None, &[], &["http.allow_host=[]"]).2[0].contains("F0802"));
}

#[test]
fn the_later_one_wins() {
    let file = "[env]\nA = \"file\"\nB = \"file\"\nC = \"file\"\n[secrets]\nS = \"file-secret\"";
    let (settings, _, wrong) =
        read(Some(file), &[("B", "variable"), ("C", "variable"), ("S", "variable-secret")], &["env.C=given"]);
    assert_eq!(wrong, Vec::<String>::new());
    let text = |name: &str| settings.env(name).map(|value| value.to_string());
    assert_eq!(
        [text("A"), text("B"), text("C"), text("D")],
        [Some("file".into()), Some("variable".into()), Some("given".into()), None]
    );
    assert_eq!(settings.secret("S"), Some("variable-secret".into()));
    assert_eq!(settings.mask().cover("it is variable-secret"), "it is ***");
}

/// A connector of a used file is called `house.crm`, and no shell can set a variable with a dot in its name.
#[test]
fn a_connector_of_a_used_file_is_set_by_a_name_that_a_shell_can_set() {
    struct Shelf;
    impl orchestra_flow::lang::Files for Shelf {
        fn read(&self, _: &str) -> Result<String, String> {
            Ok("connector crm { config { base_url: url } read operation get() -> any { GET \"/x\" } }".to_owned())
        }
    }
    let text = "use \"crm.flow\" as house\nworkflow w { step house.crm.get }\n";
    let configured = |text: &str, environment: &[(&str, &str)], given: &[&str]| {
        let package = orchestra_flow::lang::compile("main.flow", text, &Shelf).package.expect("it compiles");
        let (settings, mut sources, _) = read(None, environment, given);
        let (configured, wrong) = settings.configure(&package, &Uses::of_all(&package), &mut sources);
        let homes: Vec<String> = configured.iter().map(|it| it.setting("base_url").to_string()).collect();
        (homes, wrong.iter().map(|it| show(it, &sources)).collect::<Vec<_>>().join("\n"))
    };
    let variable = ("FLOW_CONNECTOR_HOUSE_CRM_BASE_URL", "https://crm.example");
    assert_eq!(configured(text, &[variable], &[]), (vec!["https://crm.example".to_owned()], String::new()));
    let given = ["connectors.\"house.crm\".base_url=https://given.example"];
    assert_eq!(configured(text, &[variable], &given), (vec!["https://given.example".to_owned()], String::new()));
    let (_, wrong) = configured(text, &[], &[]);
    for hint in
        ["set the environment variable `FLOW_CONNECTOR_HOUSE_CRM_BASE_URL`", "under `[connectors.\"house.crm\"]`"]
    {
        assert!(wrong.contains(hint), "{hint}: {wrong}");
    }
    // Two settings that share a name are told, where it is used.
    let both = format!(
        "{text}connector house_crm {{ config {{ base_url: url }} read operation get() -> any {{ GET \"/\" }} }}\n"
    );
    let (homes, wrong) = configured(&both, &[variable], &["connectors.house_crm.base_url=https://own.example"]);
    assert_eq!(homes, ["https://crm.example"]);
    let told = "`FLOW_CONNECTOR_HOUSE_CRM_BASE_URL` sets `connectors.\"house.crm\".base_url` and `connectors.house_crm.base_url`";
    assert!(wrong.contains(told) && wrong.contains("F0802"), "{wrong}");
    assert_eq!(configured(&both, &[], &given).1, "");
}

const PROGRAM: &str = r#"
    connector svc "Service" {
        config {
            base_url: url
            token: secret = secret("SVC_TOKEN")
            region: string = env("SVC_REGION")
            retries: int(0..9) = 3
            tags: list<string>?
            wait: duration = 5s
            user: string?
        }
        auth basic { user: config.user, password: config.token }
        once operation do() -> any { POST "/x" }
    }
    workflow w {
        let a = 1
        step svc.do
    }
    workflow idle { let a = 1 }
"#;

fn configure(
    workflow: &str,
    file: Option<&str>,
    environment: &[(&str, &str)],
    given: &[&str],
) -> (Vec<Configured>, Vec<String>) {
    let package = package(PROGRAM);
    let (settings, mut sources, mut wrong) = {
        let (settings, _, wrong) = read(file, environment, given);
        let mut sources = Sources::default();
        sources.add(orchestra_flow::base::span::Source::new("program.flow", PROGRAM));
        (settings, sources, wrong)
    };
    let (configured, diagnostics) = settings.configure(&package, &Uses::of(&package, workflow), &mut sources);
    wrong.extend(diagnostics.iter().map(|it| show(it, &sources)));
    (configured, wrong)
}

#[test]
fn what_is_missing_is_named_before_the_run() {
    let (_, wrong) = configure("w", None, &[], &[]);
    let expected = [
        "program.flow:17:9 `step svc.do` F0804: `svc` needs a setting that is missing: `base_url`; set the environment variable `FLOW_CONNECTOR_SVC_BASE_URL`; or write `base_url = ...` under `[connectors.svc]` in flow.toml",
        "program.flow:17:9 `step svc.do` F0804: `svc` needs a setting that is missing: `token`; set the environment variable `SVC_TOKEN` or `FLOW_CONNECTOR_SVC_TOKEN`",
        "program.flow:17:9 `step svc.do` F0804: `svc` needs a setting that is missing: `region`; set the environment variable `SVC_REGION` or `FLOW_CONNECTOR_SVC_REGION`; or write `region = ...` under `[connectors.svc]` in flow.toml",
    ];
    assert_eq!(wrong, expected);
    // What a workflow does not use need not be set.
    assert_eq!(configure("idle", None, &[], &[]).1, Vec::<String>::new());
}

#[test]
fn without_credentials_nothing_starts() {
    let environment =
        [("FLOW_CONNECTOR_SVC_BASE_URL", "https://svc.example"), ("SVC_TOKEN", "t0ken"), ("SVC_REGION", "eu")];
    let (_, wrong) = configure("w", None, &environment, &[]);
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(
        wrong[0].contains("F0804: `svc` has no credentials; set the environment variable `FLOW_CONNECTOR_SVC_"),
        "{wrong:?}"
    );
}

#[test]
fn what_the_program_itself_names_must_be_there() {
    let program = r#"
        workflow w {
            let url = env("SHOP_URL") + "/orders"
            step http.get { url: url, auth bearer secret("SHOP_TOKEN") }
            step email.send { to: "a@b.example", subject: "x", template: "nowhere" }
            step again = email.send { to: "a@b.example", subject: env("SHOP_URL"), template: "welcome_email" }
        }"#;
    let package = package(program);
    let (settings, mut sources, _) = read(None, &[("FLOW_CONNECTOR_EMAIL_HOST", "mail.example")], &[]);
    sources.add(orchestra_flow::base::span::Source::new("program.flow", program));
    let (_, wrong) = settings.configure(&package, &Uses::of(&package, "w"), &mut sources);
    let wrong: Vec<String> = wrong.iter().map(|it| show(it, &sources)).collect();
    assert_eq!(wrong.len(), 3, "{wrong:?}");
    assert!(
        wrong[0].starts_with("program.flow:3:23 `env(\"SHOP_URL\")` F0804: the setting `SHOP_URL` is not set"),
        "{wrong:?}"
    );
    assert!(
        wrong[1].contains("F0804: the secret `SHOP_TOKEN` is not set; set the environment variable `SHOP_TOKEN`"),
        "{wrong:?}"
    );
    assert!(wrong[2].contains("F0806: there is no template `nowhere`; make `templates/nowhere.html`"), "{wrong:?}");
}

#[test]
fn values_have_the_declared_types_whereever_they_come_from() {
    let file =
        "[connectors.svc]\nbase_url = \"http://file.example:81/x\"\nretries = 5\ntags = [\"a\"]\nuser = \"file\"";
    let environment = [
        ("SVC_TOKEN", "t0ken-of-the-service"),
        ("FLOW_CONNECTOR_SVC_REGION", "eu"),
        ("FLOW_CONNECTOR_SVC_RETRIES", "7"),
        ("FLOW_CONNECTOR_SVC_WAIT", "2m"),
    ];
    let (configured, wrong) =
        configure("w", Some(file), &environment, &["connectors.svc.user=given", "connectors.svc.tags=x, y"]);
    assert!(wrong.len() == 1 && wrong[0].contains("F0807"), "it is no `https://`: {wrong:?}");
    let svc = &configured[0];
    let shown = svc.config.to_json().to_string();
    let expected = r#"{"base_url":"http://file.example:81/x","token":"t0ken-of-the-service","region":"eu","retries":7,"tags":["x","y"],"wait":"2m","user":"given"}"#;
    assert_eq!(shown, expected);
    // The settings named this host, so it may be private.
    assert_eq!(svc.hosts.iter().map(|host| &**host).collect::<Vec<_>>(), ["file.example:81"]);
    assert_eq!(svc.setting("retries"), Value::Int(7));
}

#[test]
fn wrong_settings_of_connectors_are_named() {
    let good = [
        ("FLOW_CONNECTOR_SVC_BASE_URL", "https://svc.example"),
        ("SVC_TOKEN", "t0ken"),
        ("SVC_REGION", "eu"),
        ("FLOW_CONNECTOR_SVC_USER", "u"),
    ];
    let rows = [
        (
            Some("[connectors.svc]\nretrys = 1"),
            None,
            "F0802: the connector `svc` has no setting `retrys`; did you mean `retries`?",
        ),
        (
            Some("[connectors.svk]\nuser = \"u\""),
            None,
            "F0802: the program uses no connector `svk`; did you mean `connectors.svc`?",
        ),
        (Some("[connectors.svc]\nretries = \"many\""), None, "F0803: `svc.retries` must be"),
        (
            None,
            Some(("FLOW_CONNECTOR_SVC_RETRIES", "77")),
            "environment:1:1 `FLOW_CONNECTOR_SVC_RETRIES` F0803: `svc.retries` must be",
        ),
        (
            None,
            Some(("FLOW_CONNECTOR_SVC_USR", "u")),
            "`FLOW_CONNECTOR_SVC_USR` F0802: the connector `svc` has no setting `usr`; did you mean `FLOW_CONNECTOR_SVC_USER`?",
        ),
    ];
    for (file, more, expected) in rows {
        let environment: Vec<(&str, &str)> = good.into_iter().chain(more).collect();
        let (_, wrong) = configure("w", file, &environment, &[]);
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(wrong[0].contains(expected), "{expected} is not in {wrong:?}");
    }
    // What is wrong with a secret is said without it.
    let (_, wrong) = configure("w", Some("[connectors.svc]\ntoken = [\"hush-hush\"]"), &good, &[]);
    assert!(wrong.iter().any(|it| it.contains("F0803: `svc.token` is of the wrong type")), "{wrong:?}");
}
