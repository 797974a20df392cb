//! `form`: a page made from `input`, for browsers without scripts.

use orchestra_flow::trigger::request::{Answer, Request};

use super::request::request;
use super::*;

const PROGRAM: &str = r#"
/// Asks for <b>leave</b>.
workflow leave "Leave & \"rest\"" {
    input {
        /// Who you are, <script>alert(1)</script>
        name: string(1..20)
        mail: email
        days: int(1..30) = 5
        half: bool
        kind: "holiday" | "sick"
        with: list<"tea" | "cake">
        notes: list<string>
        from: date?
        pin: secret?
        more: map<int>?
    }
    trigger form "/leave"
    reply { thanks: input.name, days: input.days, with: input.with }
    step done = wait signal "done"
    output { ok: true }
}
"#;

fn page(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).expect("it is text")
}

/// What stands behind `before` up to a quote.
fn behind<'a>(page: &'a str, before: &str) -> &'a str {
    let (_, rest) = page.split_once(before).unwrap_or_else(|| panic!("no {before} in {page}"));
    rest.split('"').next().expect("a quote")
}

/// The marks of a page: the browser's, its own, and the cookie.
fn marks(answer: &Answer) -> (String, String, String) {
    let page = page(answer);
    let cookie = answer.headers.iter().find(|(name, _)| name == "set-cookie").expect("a cookie").1.clone();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().expect("its value").to_owned();
    let mark = |name: &str| behind(&page, &format!("name=\"{name}\" value=\"")).to_owned();
    (mark("flow_form"), mark("flow_page"), cookie)
}

fn sent(marks: &(String, String, String), fields: &[(&str, &str)]) -> Request {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.append_pair("flow_form", &marks.0).append_pair("flow_page", &marks.1).extend_pairs(fields);
    let mut request = request("POST", "/leave", &body.finish());
    request.headers = vec![
        ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
        ("cookie".to_owned(), format!("other=1; {}", marks.2)),
    ];
    request
}

const RIGHT: [(&str, &str); 9] = [
    ("name", "Ada"),
    ("mail", "ada@example.com"),
    ("days", "3"),
    ("half", "true"),
    ("kind", "sick"),
    ("with", "cake"),
    ("notes", "one\r\n\r\ntwo "),
    ("from", ""),
    ("more", "{ \"x\": 1 }"),
];

#[test]
fn a_page_asks_for_each_field_and_says_nothing_that_it_should_not() {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), PROGRAM, None, async |house| {
        let answer = house.ask(request("GET", "/leave", "")).await.expect("a page");
        let html = page(&answer);
        assert_eq!(answer.status, 200);
        for part in [
            "<title>Leave &amp; &quot;rest&quot;</title>",
            "Asks for &lt;b&gt;leave&lt;/b&gt;.",
            "&lt;script&gt;alert(1)&lt;/script&gt;",
            "<input type=text id=\"name\" name=\"name\" required minlength=1 maxlength=20 value=\"\">",
            "<input type=email id=\"mail\" name=\"mail\" required value=\"\">",
            "<input type=number id=\"days\" name=\"days\" min=1 max=30 step=1 value=\"5\">",
            "<input type=checkbox value=true id=\"half\" name=\"half\">",
            "<option value=\"sick\">sick</option>",
            "<input type=checkbox name=\"with\" value=\"cake\">",
            "<input type=date id=\"from\" name=\"from\" value=\"\">",
            "<input type=password id=\"pin\" name=\"pin\">",
        ] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
        assert!(!html.contains("<script"), "{html}");
    });
}

#[test]
fn a_form_that_is_sent_starts_one_run_and_shows_where_it_stands() {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), PROGRAM, None, async |house| {
        let marks = marks(&house.ask(request("GET", "/leave", "")).await.expect("a page"));
        let mut led = Vec::new();
        for _ in 0..2 {
            let answer = house.ask(sent(&marks, &RIGHT)).await.expect("it is taken");
            assert_eq!(answer.status, 303, "{}", page(&answer));
            led.push(answer.headers.iter().find(|(name, _)| name == "location").expect("a place").1.clone());
        }
        assert_eq!(led[0], led[1], "a page that is sent twice is one run");
        let runs = house.runs("leave").await;
        assert_eq!((runs.len(), led[0].clone()), (1, format!("/leave?run={}", runs[0].run)));
        let body = house.heard("leave").await[0].get("body").expect("a body").to_json();
        assert_eq!(
            body,
            serde_json::json!({
                "name": "Ada", "mail": "ada@example.com", "days": 3, "half": true, "kind": "sick",
                "with": ["cake"], "notes": ["one", "two"], "more": { "x": 1 }
            })
        );
        let mut stands = String::new();
        for _ in 0..200 {
            stands = page(&house.ask(request("GET", &led[0], "")).await.expect("a page"));
            if stands.contains("thanks") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(stands.contains("&quot;thanks&quot;: &quot;Ada&quot;"), "{stands}");
        assert!(stands.contains("http-equiv=refresh"), "{stands}");
        let none = house.ask(request("GET", "/leave?run=elsewhere", "")).await.expect("a page");
        assert_eq!(none.status, 404);
    });
}

#[test]
fn what_does_not_fit_is_said_beside_its_field() {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), PROGRAM, None, async |house| {
        let marks = marks(&house.ask(request("GET", "/leave", "")).await.expect("a page"));
        let wrong = [
            ("name", "\"><i>x"),
            ("mail", "nobody"),
            ("days", "31"),
            ("kind", "other"),
            ("pin", "1234567"),
            ("more", "{}"),
        ];
        let answer = house.ask(sent(&marks, &wrong)).await.expect("a page");
        let html = page(&answer);
        assert_eq!(answer.status, 422, "{html}");
        assert!(html.contains("value=\"&quot;&gt;&lt;i&gt;x\""), "{html}");
        let of_mail = &html[html.find("id=\"mail\"").expect("it is there")..];
        assert!(of_mail[..of_mail.find("</p>").expect("a fault")].contains("an address looks like"), "{html}");
        assert!(
            html.contains("value=\"31\"") && !html.contains("1234567"),
            "what was typed stays, but no secret: {html}"
        );
        let unreadable = house.ask(sent(&marks, &[("days", "many"), ("more", "{")])).await.expect("a page");
        assert!(page(&unreadable).contains("must be a whole number") && page(&unreadable).contains("is no JSON"));
        // What can be read and does not fit is said with it, and not the next time.
        let both = house.ask(sent(&marks, &[("days", "many"), ("mail", "nobody"), ("kind", "other")])).await;
        let html = page(&both.expect("a page"));
        assert!(html.contains("must be a whole number") && html.contains("an address looks like"), "{html}");
        assert_eq!(html.matches("aria-invalid=true").count(), 5, "days, mail, kind, and two that are missing: {html}");
        assert_eq!(house.runs("leave").await.len(), 0);
    });
}

#[test]
fn another_site_cannot_send_a_form() {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), PROGRAM, None, async |house| {
        let marks = marks(&house.ask(request("GET", "/leave", "")).await.expect("a page"));
        let mut foreign = sent(&marks, &RIGHT);
        foreign.headers.retain(|(name, _)| name != "cookie");
        let guessed = sent(&("0".repeat(32), marks.1.clone(), marks.2.clone()), &RIGHT);
        for forged in [foreign, guessed] {
            let answer = house.ask(forged).await.expect("a page");
            assert_eq!(answer.status, 403);
            assert!(page(&answer).contains("value=\"Ada\""), "nothing that was typed is lost");
        }
        assert_eq!(house.runs("leave").await.len(), 0);
    });
}
