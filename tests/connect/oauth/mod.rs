//! `auth oauth2` and `auth jwt` with an authorization server that others wrote: oidc-provider.

mod peer;

use peer::Peer;

use crate::cli::Folder;
use crate::cli::authority::browse;
use crate::cli::login::login;

const KEY: &str = include_str!("../keys/service.pem");

/// A program that asks the service of `peer`, with one way to prove who asks.
fn folder(peer: &Peer, auth: &str) -> Folder {
    let base = &peer.base;
    let folder = Folder::with(&format!(
        r#"
connector shop {{
    config {{ base_url: url = "{base}", client_secret: secret? = secret("SHOP_SECRET"), key: secret? = secret("SHOP_KEY") }}
    auth {auth}
    read operation look() -> {{ who: string }} {{ GET "/look" }}
}}
workflow ask {{ step look = shop.look {{}}, output {{ who: look.who }} }}
"#
    ));
    folder.write("flow.toml", format!("[connectors.shop]\nbase_url = \"{base}\"\n").as_bytes());
    folder
}

/// Runs the program; the exit code, and everything it said.
fn ask(folder: &Folder) -> (i32, String) {
    let done = folder.flow_in(&[("SHOP_SECRET", "a secret: with signs"), ("SHOP_KEY", KEY)], &["run", "main.flow"]);
    (done.code, format!("{}{}", done.stdout.trim(), done.stderr))
}

fn answers(folder: &Folder, who: &str) {
    let (code, said) = ask(folder);
    assert!(code == 0 && said.starts_with(&format!(r#"{{"who":"{who}"}}"#)), "{code}: {said}");
}

#[test]
fn a_person_agrees_and_each_run_renews_with_a_rotated_token() {
    // Tokens that are about to expire when they come: each run renews.
    let Some(peer) = Peer::start(30) else { return };
    let base = &peer.base;
    let folder = folder(
        &peer,
        &format!(
            r#"oauth2 {{
        grant: "authorization_code", authorize_url: "{base}/auth?prompt=consent", token_url: "{base}/token"
        client_id: "app", scope: "openid offline_access look"
    }}"#
        ),
    );
    let sign_in = || {
        let (mut child, _, url) = login(&folder);
        let page = browse(&url);
        assert!(page.contains("You are signed in"), "{page}");
        assert!(child.wait().expect("it ends").success());
    };
    sign_in();
    for _ in 0..3 {
        answers(&folder, "ada");
    }
    peer.take_back();
    let (code, said) = ask(&folder);
    assert!(code == 1 && said.contains("auth_error") && said.contains("invalid_grant"), "{code}: {said}");
    assert!(said.contains("flow connectors login shop"), "{said}");
    sign_in();
    answers(&folder, "ada");
}

#[test]
fn an_app_proves_itself_in_a_header_and_in_the_form() {
    let Some(peer) = Peer::start(3600) else { return };
    let base = &peer.base;
    let auth = |client: &str, more: &str| {
        format!(
            r#"oauth2 {{
        grant: "client_credentials", token_url: "{base}/token", client_id: "{client}", client_secret: config.client_secret
        scope: "look"{more}
    }}"#
        )
    };
    answers(&folder(&peer, &auth("robot_header", r#", client_auth: "basic""#)), "robot_header");
    answers(&folder(&peer, &auth("robot_form", "")), "robot_form");
    let (code, said) = ask(&folder(&peer, &auth("nobody", "")));
    assert!(code == 1 && said.contains("auth_error") && said.contains("invalid_client"), "{code}: {said}");
    assert!(!said.contains("with signs"), "{said}");
}

#[test]
fn a_service_account_signs_what_a_server_of_others_believes() {
    let Some(peer) = Peer::start(3600) else { return };
    let base = &peer.base;
    let auth = |issuer: &str, audience: &str| {
        format!(
            r#"jwt {{
        issuer: "{issuer}", audience: "{base}/{audience}", scope: "look", key: config.key, token_url: "{base}/token"
    }}"#
        )
    };
    answers(&folder(&peer, &auth("robot_signs", "token")), "robot_signs");
    let (code, said) = ask(&folder(&peer, &auth("robot_signs", "elsewhere")));
    assert!(code == 1 && said.contains("auth_error") && said.contains("invalid_grant"), "{code}: {said}");
}
