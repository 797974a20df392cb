//! An authorization server on loopback, as strict as those of vendors: PKCE, codes that serve once, refresh tokens that rotate and
//! take everything back when one is used twice. And the service whose tokens it gives.

use std::collections::{HashMap, HashSet};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use url::Url;

/// What it knows.
#[derive(Default)]
struct Known {
    /// Codes, with their challenge and where they were sent.
    codes: HashMap<String, (String, String)>,
    access: HashSet<String>,
    refresh: HashSet<String>,
    used: HashSet<String>,
    given: u32,
    forms: Vec<String>,
    refuses: bool,
}

/// A running authority.
pub struct Authority {
    pub base: String,
    known: Arc<Mutex<Known>>,
}

impl Authority {
    /// Its tokens are good for `seconds`.
    pub fn start(seconds: u32) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port on loopback");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let known: Arc<Mutex<Known>> = Arc::default();
        let (own, here) = (known.clone(), base.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &here, seconds, &mut own.lock().expect("nobody panics with it"));
            }
        });
        Self { base, known }
    }

    /// From now on people say no.
    pub fn refuse(&self) {
        self.known.lock().expect("nobody panics with it").refuses = true;
    }

    /// The forms that were sent for tokens.
    pub fn forms(&self) -> Vec<String> {
        self.known.lock().expect("nobody panics with it").forms.clone()
    }
}

fn answer(mut stream: TcpStream, here: &str, seconds: u32, known: &mut Known) {
    let Some((head, body)) = read(&mut stream) else { return };
    let target = head.split(' ').nth(1).unwrap_or_default();
    let url = Url::parse(here).and_then(|base| base.join(target)).expect("a target");
    let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
    let (status, extra, said) = match url.path() {
        "/authorize" => authorize(&query, known),
        "/token" => {
            known.forms.push(body.clone());
            let form = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            let (status, said) = token(&form, here, seconds, known);
            (status, String::new(), said)
        }
        _ => {
            let bearer = head.lines().find_map(|line| line.strip_prefix("authorization: Bearer ")).unwrap_or_default();
            let status = if known.access.contains(bearer) { 200 } else { 401 };
            (status, String::new(), r#"{ "n": 1 }"#.to_owned())
        }
    };
    let length = said.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n{extra}\r\n{said}"
    );
}

fn authorize(query: &HashMap<String, String>, known: &mut Known) -> (u16, String, String) {
    let of = |name: &str| query.get(name).cloned().unwrap_or_default();
    let fits = of("response_type") == "code"
        && of("client_id") == "app"
        && of("code_challenge_method") == "S256"
        && of("scope") == "look"
        && of("prompt") == "consent";
    if !fits {
        return (400, String::new(), "{}".to_owned());
    }
    let mut back = Url::parse(&of("redirect_uri")).expect("an address");
    back.query_pairs_mut().append_pair("state", &of("state"));
    if known.refuses {
        back.query_pairs_mut().append_pair("error", "access_denied").append_pair("error_description", "Ada says no");
    } else {
        known.given += 1;
        let code = format!("code-{}", known.given);
        back.query_pairs_mut().append_pair("code", &code);
        known.codes.insert(code, (of("code_challenge"), of("redirect_uri")));
    }
    (302, format!("Location: {back}\r\n"), String::new())
}

fn token(form: &HashMap<String, String>, here: &str, seconds: u32, known: &mut Known) -> (u16, String) {
    let of = |name: &str| form.get(name).cloned().unwrap_or_default();
    let refused = (400, r#"{ "error": "invalid_grant" }"#.to_owned());
    if of("client_id") != "app" {
        return (401, r#"{ "error": "invalid_client" }"#.to_owned());
    }
    match &*of("grant_type") {
        "authorization_code" => {
            let Some((challenge, redirect)) = known.codes.remove(&of("code")) else { return refused };
            let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(of("code_verifier")));
            if of("code_verifier").len() < 43 || proof != challenge || of("redirect_uri") != redirect {
                return refused;
            }
        }
        "refresh_token" => {
            let refresh = of("refresh_token");
            if known.used.contains(&refresh) {
                // Somebody else has it: nobody gets anything any more.
                known.refresh.clear();
                known.access.clear();
            }
            if !known.refresh.remove(&refresh) {
                return refused;
            }
            known.used.insert(refresh);
        }
        _ => return refused,
    }
    known.given += 1;
    let (access, refresh) = (format!("access-{}", known.given), format!("refresh-{}", known.given));
    known.access.insert(access.clone());
    known.refresh.insert(refresh.clone());
    let mut said = serde_json::json!({ "access_token": access, "refresh_token": refresh, "expires_in": seconds });
    // Where it lives it says once.
    if of("grant_type") == "authorization_code" {
        said["instance_url"] = here.into();
    }
    (200, said.to_string())
}

/// The head and the body of a request or an answer.
pub fn read(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = headers(head, "content-length").find_map(|value| value.parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        let mut some = [0; 4096];
        match stream.read(&mut some) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&some[..count]),
        }
    }
}

/// Asks for `url` as a browser does, redirects and cookies included: what is on the page in the end.
pub fn browse(url: &str) -> String {
    let mut url = Url::parse(url).expect("an address");
    let mut cookies: HashMap<String, String> = HashMap::new();
    loop {
        let host = (url.host_str().expect("a host"), url.port_or_known_default().expect("a port"));
        let mut stream = TcpStream::connect(host).expect("somebody listens");
        let target = &url[url::Position::BeforePath..];
        let jar: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (host, port) = host;
        write!(stream, "GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {}\r\n\r\n", jar.join("; "))
            .expect("it is sent");
        let (head, body) = read(&mut stream).expect("it is answered");
        cookies.extend(headers(&head, "set-cookie").filter_map(|said| {
            let (name, value) = said.split(';').next()?.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        }));
        let next = headers(&head, "location").next();
        match next {
            Some(next) => url = url.join(next).expect("an address"),
            None => return format!("{} {body}", head.lines().next().unwrap_or_default()),
        }
    }
}

/// The values of the headers called `name`, in order.
fn headers<'a>(head: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    head.lines().filter_map(move |line| {
        let (said, value) = line.split_once(':')?;
        said.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
