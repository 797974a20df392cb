//! `flow connectors login`: from the address that a person opens to the run that asks for them.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr};

use super::Folder;
use super::authority::{Authority, browse};

fn folder(authority: &Authority) -> Folder {
    let base = &authority.base;
    // The answer with the token says where it lives.
    let folder = Folder::with(&format!(
        r#"
connector shop {{
    config {{ base_url: url?, client_id: string? = env("SHOP_CLIENT_ID") }}
    auth oauth2 {{
        grant: "authorization_code", authorize_url: "{base}/authorize?prompt=consent", token_url: "{base}/token"
        client_id: config.client_id, scope: "look", base_url: response.body.instance_url
    }}
    read operation look() -> any {{ GET "/look" }}
}}
workflow ask {{ step look = shop.look {{}}, output {{ n: look.n }} }}
"#
    ));
    folder.write("flow.toml", b"[connectors.shop]\nclient_id = \"app\"\n[http]\nallow_hosts = [\"127.0.0.1\"]\n");
    folder
}

/// A login that waits, and the address it said.
pub fn login(folder: &Folder) -> (Child, BufReader<ChildStderr>, String) {
    let mut child = folder.start(&["connectors", "login", "shop", "main.flow"]);
    let mut said = BufReader::new(child.stderr.take().expect("it was asked for"));
    let mut line = String::new();
    while !line.trim_start().starts_with("http") {
        line.clear();
        assert!(said.read_line(&mut line).expect("it is text") > 0, "it said no address");
    }
    (child, said, line.trim().to_owned())
}

fn rest(mut said: BufReader<ChildStderr>) -> String {
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut said, &mut rest).expect("it is text");
    rest
}

#[test]
fn a_person_signs_in_once_and_runs_go_on_from_there() {
    // Tokens that are about to expire when they come: each run renews, and none may use a refresh token twice.
    let authority = Authority::start(30);
    let folder = folder(&authority);
    let done = folder.flow(&["run", "main.flow"]);
    assert!(
        done.stderr.contains("nobody is signed in to `shop`, or no longer: `flow connectors login shop`"),
        "{}",
        done.stderr
    );
    let (mut child, said, url) = login(&folder);
    let back = url::Url::parse(&url).expect("an address");
    let back =
        back.query_pairs().find(|(name, _)| name == "redirect_uri").expect("it says where it waits").1.into_owned();
    // Somebody else's browser changes nothing.
    assert!(browse(&format!("{back}?code=stolen&state=guessed")).contains("does not belong to the login"));
    assert!(browse(&url).contains("You are signed in"));
    assert!(child.wait().expect("it ends").success());
    assert!(rest(said).contains("signed in to shop; kept in ./.flow"));
    for _ in 0..3 {
        let done = folder.flow(&["run", "main.flow"]);
        assert_eq!((done.code, done.stdout.trim()), (0, r#"{"n":1}"#), "{}", done.stderr);
    }
    let grants: Vec<bool> =
        authority.forms().iter().map(|form| form.contains("grant_type=authorization_code")).collect();
    assert_eq!(grants, [true, false, false, false]);
}

#[test]
fn who_says_no_is_told_to_the_person_and_the_terminal() {
    let authority = Authority::start(3600);
    authority.refuse();
    let folder = folder(&authority);
    let (mut child, said, url) = login(&folder);
    assert!(browse(&url).contains("This did not work: the service gave no access: access_denied: Ada says no"));
    assert_eq!(child.wait().expect("it ends").code(), Some(2));
    assert!(rest(said).contains("error: the service gave no access: access_denied: Ada says no"));
    assert_eq!(authority.forms().len(), 0);
}

#[test]
fn what_a_login_lacks_is_said() {
    let folder = Folder::with("workflow w { output 1 }");
    let rows: [(&[&str], &str); 4] = [
        (&["connectors", "login", "nobody"], "there is no connector `nobody`"),
        (&["connectors", "login", "trello"], "nobody signs in to `trello` in a browser"),
        (
            &["connectors", "login", "google_drive"],
            "`google_drive` needs an app that asks for access: set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET",
        ),
        (&["connectors", "login", "jira", "main.flow"], "`jira` needs a setting that is missing: `base_url`"),
    ];
    for (args, expected) in rows {
        let done = folder.flow(args);
        assert_eq!(done.code, 2);
        assert!(done.stderr.contains(expected), "{args:?}: {}", done.stderr);
    }
}
