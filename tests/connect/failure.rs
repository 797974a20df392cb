//! The table of `docs/requests.md`, row by row: peers that misbehave, and what a run ends with.

use std::any::Any;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt as _;
use orchestra_flow::{Builder, Program, Value};
use tokio::net::{TcpSocket, TcpStream};

use super::authority::{certified, certified_until};
use super::peer::{Deed, Peer, answer, says};

/// How what a row speaks of comes about.
struct Case {
    base_url: String,
    path: &'static str,
    /// What follows the path.
    fields: &'static str,
    /// What stands before the request.
    ahead: &'static str,
    /// What follows the request.
    clauses: &'static str,
    timeout: &'static str,
    settings: Vec<String>,
    text: String,
    /// Who must live as long.
    _peer: Option<Box<dyn Any>>,
}

impl Case {
    fn at(base_url: String) -> Self {
        Self {
            base_url,
            path: "/x",
            fields: "body: { text }",
            ahead: "",
            clauses: "",
            timeout: "20s",
            settings: Vec::new(),
            text: "hello".to_owned(),
            _peer: None,
        }
    }

    async fn peer(deeds: impl IntoIterator<Item = Deed>) -> Self {
        let peer = Peer::new(deeds).await;
        Self { base_url: peer.url(""), _peer: Some(Box::new(peer)), ..Self::at(String::new()) }
    }

    /// A peer that is asked to speak TLS and does this instead.
    async fn in_the_clear(deed: Deed) -> Self {
        let case = Self::peer([deed]).await;
        Self { base_url: case.base_url.replace("http:", "https:"), ..case }
    }

    /// The same with little time.
    fn hurried(self) -> Self {
        Self { timeout: "700ms", ..self }
    }

    /// A peer over TLS with a certificate that ends with a year. `trusted` is the authority in the settings, if it is not its own.
    async fn tls(name: &str, year: i32, trusted: Option<String>, home: &Path) -> Self {
        Self::encrypted(name, year, trusted, home, says(200, "{}")).await
    }

    /// The same, that does this.
    async fn encrypted(name: &str, year: i32, trusted: Option<String>, home: &Path, deed: Deed) -> Self {
        let (ca, tls) = certified_until(name, year);
        let file = home.join("ca.pem");
        std::fs::write(&file, trusted.unwrap_or(ca)).expect("a file");
        let peer = Peer::encrypted(tls, [deed]).await;
        let settings = vec![format!("connectors.far.ca_file={}", file.display())];
        let base_url = format!("https://{}", peer.address);
        Self { settings, _peer: Some(Box::new(peer)), ..Self::at(base_url) }
    }

    /// What a run ends with whose step calls `operation`.
    async fn end_of(&self, operation: &str) -> String {
        let Self { path, fields, ahead, clauses, timeout, .. } = self;
        let text = format!(
            "connector far {{
                config {{ base_url: url, ca_file: string? }}
                timeout {timeout}
                {operation} operation do(text: string) -> any {{
                    {ahead}
                    POST \"{path}\" {{ {fields} }}
                    {clauses}
                }}
            }}
            workflow w {{
                input {{ text: string }}
                step far.do {{ text: input.text }}
            }}"
        );
        let program = Program::from_text("failure.flow", &text).unwrap_or_else(|faults| panic!("{faults}"));
        let settings = self.settings.iter().fold(Builder::new(program), |builder, setting| builder.set(setting));
        let engine = settings.set(format!("connectors.far.base_url={}", self.base_url)).build();
        let engine = engine.unwrap_or_else(|error| panic!("{error}"));
        let input = Value::map([("text", Value::from(self.text.as_str()))]);
        let run = engine.start("w", &input).await.unwrap_or_else(|error| panic!("{error}"));
        let failure = run.end().await.failure.expect("it fails");
        let cause = failure.details.get("cause").map(|cause| format!(" of {cause}")).unwrap_or_default();
        format!("{}{cause}", failure.kind.name())
    }
}

/// A listener whose queue is full: it takes no connection any more.
async fn full() -> Case {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
    let listener = socket.listen(1).expect("a listener");
    let address = listener.local_addr().expect("an address");
    let mut waiting = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
        waiting.push(stream);
    }
    Case { _peer: Some(Box::new((listener, waiting))), ..Case::at(format!("http://{address}")) }
}

fn to(status: u16, place: &str) -> Deed {
    answer(status, &format!("Location: {place}\r\n"), "")
}

fn cut_short() -> String {
    "HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nhalf".to_owned()
}

/// All ways in which what a row speaks of comes about.
async fn cases(row: &str, home: &Path) -> Vec<Case> {
    let peer = async |deed: Deed| Case::peer([deed]).await;
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|it| it.local_addr()).expect("a free port");
    vec![match row {
        "the request cannot be made, such as one to a path with an empty segment" => {
            Case { path: "/x/{text}", text: String::new(), ..peer(says(200, "{}")).await }
        }
        "the name leads nowhere" => Case::at("http://nobody.invalid".to_owned()),
        "the address is private and nobody allowed it" => {
            Case { path: "http://10.0.0.1/x", ..peer(says(200, "{}")).await }
        }
        "it would carry credentials unencrypted where nobody wrote `http://`" => {
            let settings = vec!["http.allow_hosts=0.0.0.0".to_owned()];
            let clauses = "auth bearer \"t0ken\"";
            Case { path: "http://0.0.0.0:9/x", clauses, settings, ..peer(says(200, "{}")).await }
        }
        "nobody listens" => Case::at(format!("http://{free}")),
        "nobody takes the connection in time" => full().await.hurried(),
        "the peer does not speak TLS" => Case::in_the_clear(Deed::Blurt("220 this is no TLS\r\n".into())).await,
        "the connection breaks while keys are agreed" => Case::in_the_clear(Deed::Break).await,
        "no keys are agreed in time" => Case::in_the_clear(Deed::Silence).await.hurried(),
        "the certificate is of an unknown authority" => {
            Case::tls("127.0.0.1", 4000, Some(certified("127.0.0.1").0), home).await
        }
        "the certificate is for another name" => Case::tls("far.example", 4000, None, home).await,
        "the certificate has expired" => Case::tls("127.0.0.1", 2020, None, home).await,
        "what is asked ahead fails" => Case { ahead: "let first = POST \"/first\"", ..peer(says(500, "{}")).await },
        "the connection breaks while the request leaves" => {
            Case { text: "x".repeat(8 << 20), ..peer(Deed::Break).await }
        }
        "the connection breaks before an answer comes" => peer(Deed::Close).await,
        "the connection breaks in the middle of the answer" => peer(Deed::Say(cut_short())).await,
        "what comes is no HTTP" => peer(Deed::Say("this is no HTTP\r\n\r\n".into())).await,
        "no answer comes in time" => peer(Deed::Silence).await.hurried(),
        "the answer begins, and does not end in time" => peer(Deed::Stall(cut_short())).await.hurried(),
        "the answer is larger than allowed" => {
            let settings = vec!["http.response_bytes_max=1000".to_owned()];
            Case { settings, ..peer(answer(200, "", &"x".repeat(2_000))).await }
        }
        "it is redirected to a private address" => peer(to(307, "http://10.0.0.1/")).await,
        "it carries credentials, and is redirected from `https:` to `http:`" => {
            let clauses = "auth query \"key\" \"t0ken\"";
            let elsewhere = to(307, "http://127.0.0.1:9/?key=t0ken");
            Case { clauses, ..Case::encrypted("127.0.0.1", 4000, None, home, elsewhere).await }
        }
        "it is redirected more than ten times" => peer(to(307, "/again")).await,
        "it was done, and what came of it (a redirect to a GET) is not found" => {
            Case::peer([to(303, "/receipt"), says(404, "{}")]).await
        }
        "a `fail ... when` rule applies" => {
            let clauses = "fail conflict when response.body.error == \"twice\"";
            Case { clauses, ..peer(says(200, "{\"error\": \"twice\"}")).await }
        }
        "a `fail server_error when` rule applies" => {
            let clauses = "fail server_error when response.body.error == \"fatal\"";
            Case { clauses, ..peer(says(200, "{\"error\": \"fatal\"}")).await }
        }
        "a `fail timeout when` rule applies" => {
            let clauses = "fail timeout when response.body.error == \"late\"";
            Case { clauses, ..peer(says(200, "{\"error\": \"late\"}")).await }
        }
        "JSON was wanted, and the answer is none" => Case {
            fields: "body: { text }, as: \"json\"",
            ..peer(answer(200, "Content-Type: text/html\r\n", "<p>")).await
        },
        "the answer came, and `output` cannot be computed from it" => {
            Case { clauses: "output response.body.a.b", ..peer(says(200, "{}")).await }
        }
        statuses => {
            let mut cases = Vec::new();
            for status in statuses.split(", ") {
                let status = status.parse().unwrap_or_else(|_| panic!("nobody knows how this comes about: {row}"));
                cases.push(peer(says(status, "{}")).await);
            }
            return cases;
        }
    }]
}

/// The rows of the table, each cell as it is written.
fn table() -> Vec<[String; 3]> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/requests.md"));
    let page = page.expect("the page is there");
    let rows = page.lines().skip_while(|line| !line.starts_with("| what happened | `read`, `keyed` | `once` |"));
    let cells = rows.skip(2).take_while(|line| line.starts_with('|')).map(|line| {
        let mut cells = line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned());
        [(); 3].map(|()| cells.next().unwrap_or_default())
    });
    cells.collect()
}

#[tokio::test]
async fn each_row_of_the_table_is_what_a_run_ends_with() {
    let rows = table();
    assert!(rows.len() > 30, "{rows:?}");
    let checked = rows.iter().map(async |[row, repeated, once]| {
        let word = |cell: &str| cell.trim_matches('`').to_owned();
        // What the cells leave to the case.
        let (repeated, once) = match row.as_str() {
            "what is asked ahead fails" => ("server_error".to_owned(), "server_error".to_owned()),
            "a `fail ... when` rule applies" => ("conflict".to_owned(), "conflict".to_owned()),
            _ => (word(repeated), word(once)),
        };
        let once = if once == "outcome_unknown" { format!("{once} of {repeated}") } else { once };
        let home = tempfile::tempdir().expect("a directory");
        let mut wrong = Vec::new();
        for (operation, expected) in [("read", &repeated), ("keyed \"Idempotency-Key\"", &repeated), ("once", &once)] {
            for case in cases(row, home.path()).await {
                let got = case.end_of(operation).await;
                if got != *expected {
                    wrong.push(format!("{operation}: {row}: {got}, not {expected}"));
                }
            }
        }
        wrong
    });
    // A few at a time: a peer that has to wait for its turn would seem to be silent.
    let wrong: Vec<Vec<String>> = futures_util::stream::iter(checked).buffer_unordered(8).collect().await;
    let wrong = wrong.concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_peer_that_proves_itself_is_asked() {
    let home = tempfile::tempdir().expect("a directory");
    let case = Case::tls("127.0.0.1", 4000, None, home.path()).await;
    let asked = async |setting: String| {
        let text = "connector far { config { base_url: url, ca_file: string? }
            once operation do() -> any { POST \"/x\" } }
            workflow w { step far.do }";
        let program = Program::from_text("trust.flow", text).unwrap_or_else(|faults| panic!("{faults}"));
        let builder = Builder::new(program).set(format!("connectors.far.base_url={}", case.base_url)).set(setting);
        let engine = builder.build().unwrap_or_else(|error| panic!("{error}"));
        engine.start("w", &Value::Unit).await.unwrap_or_else(|error| panic!("{error}")).end().await.failure
    };
    let file = home.path().join("ca.pem").display().to_string();
    for setting in ["connectors.far.ca_file", "http.ca_file"] {
        assert_eq!(asked(format!("{setting}={file}")).await, None, "{setting}");
    }
    std::fs::write(home.path().join("empty.pem"), "").expect("a file");
    for setting in ["connectors.far.ca_file", "http.ca_file"] {
        let empty = home.path().join("empty.pem").display().to_string();
        let failure = asked(format!("{setting}={empty}")).await.expect("it fails");
        assert_eq!(failure.kind.name(), "validation_error", "{}", failure.message);
        assert!(failure.message.contains("it holds no certificate"), "{}", failure.message);
    }
}
