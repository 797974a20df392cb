//! Requests by which the triggers of programs start runs, over real HTTP.

use super::*;

const PROGRAM: &str = r#"
workflow order {
    input { id: string, lines: int(1..9) }
    trigger api POST "/orders/{id}" { auth required, input: { id: trigger.path.id, lines: trigger.body.lines } }
    fail out_of_stock "there is none" when input.lines == 9
    output { id: input.id, lines: input.lines }
}
workflow shop {
    trigger webhook "/hooks/shop" { verify hmac_sha256 { key: "it is a secret", header: "X-Signature" }, input: {} }
    output { ok: true }
}
workflow leave {
    input { name: string }
    trigger form "/leave"
    output { hello: input.name }
}
workflow whole {
    trigger api GET "/whole"
    reply 418 { raw: "short and stout", headers: { "Content-Type": "text/x-tea" } }
}
workflow silent {
    trigger api GET "/silent"
    reply 204 { body: { a: 1 } }
}
workflow framed {
    trigger api GET "/framed"
    reply 200 {
        raw: "longer than five"
        headers: { "Content-Length": "5", "Transfer-Encoding": "chunked", "Connection": "close", "X-Own": "7" }
    }
}
"#;

fn serves(test: impl AsyncFnOnce(&Client, &Path)) {
    let folder = folder(&[("main.flow", PROGRAM)]);
    runtime().block_on(async {
        let served = Served::start(folder.path()).await;
        test(&served.client, folder.path()).await;
        served.stop().await;
    });
}

#[test]
fn an_api_trigger_asks_for_a_token_where_the_program_says_so() {
    serves(async |client, folder| {
        let (viewer, _) = Served::token(folder, Role::Viewer, None);
        let (operator, _) = Served::token(folder, Role::Operator, Some(&["order"]));
        let (other, _) = Served::token(folder, Role::Operator, Some(&["shop"]));
        let lines = json!({ "lines": 3 });
        client.with(None).post("/orders/7", lines.clone()).await.problem(401);
        client.with(Some("nonsense")).post("/orders/7", lines.clone()).await.problem(401);
        client.with(Some(&viewer)).post("/orders/7", lines.clone()).await.problem(403);
        client.with(Some(&other)).post("/orders/7", lines.clone()).await.problem(403);
        let answer = client.with(Some(&operator)).post("/orders/7", lines).await;
        assert_eq!((answer.status.as_u16(), answer.json), (200, json!({ "id": "7", "lines": 3 })));
        let answer = client.with(None).get("/whole").await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (418, "text/x-tea"));
        assert_eq!(answer.json, json!("short and stout"));
        let answer = client.get("/silent").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type"), answer.header("content-length")),
            (204, "", "")
        );
        let answer = client.get("/framed").await;
        assert_eq!((answer.header("content-length"), answer.header("x-own")), ("16", "7"), "{answer:?}");
        assert_eq!(answer.json, json!("longer than five"));
    });
}

#[test]
fn what_cannot_be_answered_is_a_problem_document() {
    serves(async |client, _| {
        let failed = client.post("/orders/7", json!({ "lines": 9 })).await;
        assert_eq!(failed.problem(422), "there is none");
        assert_eq!(failed.json["error"], json!("out_of_stock"));
        let run = client.get(&format!("/v1/runs/{}", failed.json["run"].as_str().expect("a run"))).await;
        assert_eq!(run.json["status"], json!("failed"));
        let misfit = client.post("/orders/7", json!({ "lines": 10 })).await;
        misfit.problem(422);
        assert_eq!(misfit.json["errors"][0]["path"], json!("lines"));
        let method = client.get("/orders/7").await;
        method.problem(405);
        assert_eq!(method.header("allow"), "POST");
        client.get("/nothing/here").await.problem(404);
    });
}

#[test]
fn a_webhook_needs_no_token_but_its_signature() {
    serves(async |client, _| {
        let nobody = client.with(None);
        let send = async |signature: &str| {
            let request = nobody.request(Method::POST, "/hooks/shop").header("X-Signature", signature).body("{}");
            Answer::of(request.send().await.expect("an answer")).await
        };
        send("00").await.problem(401);
        // The code of `{}` under the key.
        let answer = send("37230427e2fb14aac70eb7c0dee0d743533d0ee2a053b90b2ecbbf19a6582eeb").await;
        assert_eq!(answer.status.as_u16(), 202, "{answer:?}");
        client.get(&format!("/v1/runs/{}", answer.json["id"].as_str().expect("an id"))).await;
    });
}

#[test]
fn a_form_is_filled_in_by_a_browser() {
    serves(async |client, _| {
        let nobody = client.with(None);
        let page = nobody.get("/leave").await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
        assert!(page.header("content-security-policy").contains("default-src 'none'"));
        let cookie = page.header("set-cookie").split(';').next().expect("a value").to_owned();
        let html = page.json.as_str().expect("a page").to_owned();
        let mark = |name: &str| {
            let behind = html.split_once(&format!("name=\"{name}\" value=\"")).expect("a mark").1;
            behind.split('"').next().expect("its value").to_owned()
        };
        let fields = [("flow_form", mark("flow_form")), ("flow_page", mark("flow_page")), ("name", "Ada".to_owned())];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = nobody.request(Method::POST, "/leave").header("cookie", cookie).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        // The client goes where it is led to, as a browser does.
        let stands = Answer::of(request.send().await.expect("an answer")).await;
        assert_eq!(stands.status.as_u16(), 200);
        assert!(stands.json.as_str().expect("a page").contains("Your request"), "{stands:?}");
    });
}

#[test]
fn programs_that_mean_the_same_requests_are_refused_with_both_places() {
    let program = |name: &str, path: &str| {
        format!("workflow {name} {{\n    trigger api POST \"{path}\"\n    output {{ ok: true }}\n}}")
    };
    let said = |programs: &[(&str, &str)]| {
        let folder = folder(programs);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_flow"));
        let command = command.arg("serve").arg(folder.path()).args(["--listen", "127.0.0.1:0", "--no-auth"]);
        let output = command.stdin(std::process::Stdio::null()).output().expect("it starts");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).expect("it is text")
    };
    let clash = said(&[("a.flow", &program("a", "/x/{id}")), ("b.flow", &program("b", "/x/{key}"))]);
    assert!(clash.contains("a.flow:2") && clash.contains("b.flow:2") && clash.contains("F0704"), "{clash}");
    let taken = said(&[("a.flow", &program("a", "/v1/mine"))]);
    assert!(taken.contains("for the server itself"), "{taken}");
}
