//! The language of errors.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use api::texts;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::app::{TestApp, ask};

/// What a browser in Taiwan sends.
const TAIWAN: &str = "zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7";

fn wrong_login(app: &TestApp) -> RequestBuilder {
    let body = json!({ "email": "demo.counselor@example.com", "password": "wrong" });
    app.post("/api/auth/login", &body)
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |it| it.to_str().unwrap())
}

#[testkit::on_both_databases]
async fn errors_are_explained_in_the_language_of_the_request() {
    let app = TestApp::spawn().await;
    for (sent, language, detail) in [
        (None, "en", "Incorrect email or password"),
        (Some("en-US,en;q=0.9"), "en", "Incorrect email or password"),
        (Some("fr"), "en", "Incorrect email or password"),
        (Some(TAIWAN), "zh-TW", "電子郵件或密碼不正確"),
        (Some("zh-CN"), "zh-TW", "電子郵件或密碼不正確"),
    ] {
        let request = sent
            .into_iter()
            .fold(wrong_login(&app), |it, language| it.header("accept-language", language));
        let answer = request.header("origin", "http://localhost:3000").send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(header(&answer, "content-language"), language, "{sent:?}");
        assert_eq!(header(&answer, "www-authenticate"), "Bearer");
        let vary: BTreeSet<_> = answer
            .headers()
            .get_all("vary")
            .iter()
            .flat_map(|it| it.to_str().unwrap().split(','))
            .map(|it| it.trim().to_lowercase())
            .collect();
        assert!(vary.contains("accept-language") && vary.contains("origin"), "{vary:?}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!((&body["detail"], &body["code"]), (&json!(detail), &json!("wrong_credentials")));
        assert_eq!(body.get("message"), None);
    }
}

#[testkit::on_both_databases]
async fn an_invalid_form_has_a_sentence_beside_its_list() {
    let app = TestApp::spawn().await;
    let form = json!({ "email": "ada@localhost", "password": "correct horse", "full_name": "" });
    let register = |language: &str| {
        let request = app.post("/api/auth/register", &form);
        if language.is_empty() { request } else { request.header("accept-language", language) }
    };
    let (status, chinese) = ask(register(TAIWAN)).await;
    assert_eq!(status, 422);
    assert_eq!(chinese["message"], "電子郵件：格式不正確；姓名：至少需要 1 個字");
    let (_, english) = ask(register("en")).await;
    let sentence = english["message"].as_str().unwrap();
    assert!(sentence.starts_with("email: ") && sentence.contains("; full_name: "), "{sentence}");
    let (_, program) = ask(register("")).await;
    assert_eq!(program.get("message"), None);
    assert_eq!((&program["detail"], &program["detail"]), (&english["detail"], &chinese["detail"]));
    assert_eq!(program["detail"].as_array().unwrap().len(), 2);
}

#[testkit::on_both_databases]
async fn successes_and_preflights_have_no_language() {
    let app = TestApp::spawn().await;
    let health = app.get("/health").header("accept-language", TAIWAN).send().await.unwrap();
    assert_eq!(header(&health, "content-language"), "");
    assert!(!header(&health, "vary").to_lowercase().contains("accept-language"));
    let preflight = app
        .request("OPTIONS", "/api/rooms")
        .header("origin", "http://localhost:3000")
        .header("access-control-request-method", "POST")
        .header("accept-language", TAIWAN)
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.status(), 200);
    assert_eq!(header(&preflight, "content-language"), "");
}

/// Words in the places of codes that are none.
const NO_CODES: [&str; 7] = ["away", "error", "etag", "message", "missing", "schema", "version"];

#[test]
fn every_code_has_a_text() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut codes = BTreeSet::new();
    for folder in ["crates", "bins/cardroom/src"] {
        gather(&root.join(folder), &mut codes);
    }
    assert!(codes.len() > 60, "{codes:?}");
    for known in ["wrong_credentials", "password_too_short", "rate_limited_login", "database_busy"]
    {
        assert!(codes.contains(known), "{known} was not found");
    }
    let missing: Vec<_> = codes.iter().filter(|it| texts::chinese(it).is_none()).collect();
    assert!(missing.is_empty(), "add to crates/api/src/texts.rs: {missing:?}");
}

/// The codes in the sources of a folder.
fn gather(folder: &Path, codes: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let is_product =
                !["tests", "testkit", "testkit-macros"].iter().any(|it| path.ends_with(it));
            if is_product {
                gather(&path, codes);
            }
        } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("tests.rs") {
            let source = fs::read_to_string(&path).unwrap();
            codes.extend(codes_of(source.split("#[cfg(test)]").next().unwrap()));
        }
    }
}

/// Words in quotes that stand where an error gets its code.
fn codes_of(source: &str) -> impl Iterator<Item = String> + '_ {
    const MARKS: [&str; 9] = [
        "StatusCode::",
        "unavailable(",
        "Policy::new(",
        "gate(",
        "FailureKind::",
        "UnfitPassword::",
        "ChangeError::",
        "(status, ",
        "refuse(",
    ];
    let starts = MARKS.iter().flat_map(move |mark| source.match_indices(mark));
    starts.filter_map(move |(start, mark)| {
        let rest = &source[start + mark.len()..];
        // As far as the next place that may have a code, or the end of the statement.
        let end = [";", "\n\n"].iter().chain(&MARKS).filter_map(|it| rest.find(it)).min();
        let rest = &rest[..end.unwrap_or(rest.len())];
        let words = rest.split('"').skip(1).step_by(2).filter(|it| {
            it.len() > 3 && it.bytes().all(|it| it.is_ascii_lowercase() || it == b'_')
        });
        let words: Vec<&str> = words.collect();
        // The name of a limit stands before its code.
        let code = words.iter().find(|it| it.contains('_')).or(words.first())?;
        Some(*code).filter(|it| !NO_CODES.contains(it)).map(str::to_owned)
    })
}
