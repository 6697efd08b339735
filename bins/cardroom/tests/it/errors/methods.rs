//! Every path of the description, with every method.

use reqwest::{Client, redirect::Policy};
use serde_json::{Value, json};

use super::fails;
use crate::app::{TestApp, body_of};

/// An id that no row has.
const ID: &str = "5f0c9a52-4a5e-4b9f-9c1f-0d6a3c1b7e42";

/// A path of the description, filled in, and the methods it documents.
struct Documented {
    path: String,
    /// The path with its variables.
    template: String,
    methods: Vec<String>,
}

async fn documented(app: &TestApp) -> Vec<Documented> {
    let document: Value = body_of(app.get("/api/openapi.json").send().await.unwrap()).await;
    let paths = document["paths"].as_object().unwrap().iter();
    let all: Vec<_> = paths
        .map(|(path, item)| Documented {
            path: filled_in(path),
            template: path.clone(),
            methods: item.as_object().unwrap().keys().map(|it| it.to_uppercase()).collect(),
        })
        .collect();
    assert!(all.len() > 20, "the description lists the API");
    all
}

/// `/api/rooms/{room_id}` with an id in place of the braces.
fn filled_in(path: &str) -> String {
    path.split('/')
        .map(|it| if it.starts_with('{') { ID } else { it })
        .collect::<Vec<_>>()
        .join("/")
}

/// Whether a request for the path reaches a route of this template as well.
fn fits(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template.zip(path).all(|(part, segment)| part.starts_with('{') || part == segment)
}

/// Both spellings of a path; of the root there is one.
fn spellings(path: &str) -> Vec<String> {
    if path == "/" { vec![path.into()] } else { vec![path.into(), format!("{path}/")] }
}

#[testkit::on_both_databases]
async fn an_unsupported_method_is_answered_with_the_allowed_ones() {
    const METHODS: [&str; 9] =
        ["DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT", "TRACE", "BREW", "PROPFIND"];
    let app = TestApp::spawn().await;
    let all = documented(&app).await;
    for Documented { path, methods, .. } in &all {
        // A fixed path beside a variable: its other methods are those of the variable one.
        let others = all.iter().filter(|it| it.path != *path && fits(&it.template, path));
        let others: Vec<&String> = others.flat_map(|it| &it.methods).collect();
        let mut known = methods.clone();
        let reads = methods.iter().any(|it| it == "GET");
        known.extend(reads.then(|| "HEAD".to_owned()));
        known.sort();
        for path in spellings(path) {
            let is_known =
                |it: &&str| known.iter().chain(others.iter().copied()).any(|known| known == it);
            for method in METHODS.into_iter().filter(|it| !is_known(it)) {
                let answer = app.request(method, &path).send().await.unwrap();
                assert_eq!(answer.status(), 405, "{method} {path}");
                let allowed = answer.headers()["allow"].to_str().unwrap();
                let mut allowed: Vec<_> = allowed.split(", ").collect();
                allowed.sort_unstable();
                assert_eq!(allowed, known, "{method} {path}");
                let body = fails(app.request(method, &path), 405, "method_not_allowed").await;
                assert_eq!(body["detail"], "Method Not Allowed");
            }
            let head = app.request("HEAD", &path).send().await.unwrap();
            if reads {
                let get = app.get(&path).send().await.unwrap();
                assert_eq!(head.status(), get.status(), "HEAD {path}");
                assert_eq!(head.headers()["content-type"], get.headers()["content-type"]);
                assert_eq!(head.text().await.unwrap(), "");
            } else {
                assert_eq!(head.status(), 405, "HEAD {path}");
            }
        }
    }
}

#[testkit::on_both_databases]
async fn the_description_and_its_pages_are_only_read() {
    let app = TestApp::spawn().await;
    for path in ["/api/openapi.json", "/api/docs", "/api/docs/index.html"] {
        for path in spellings(path) {
            assert_eq!(app.get(&path).send().await.unwrap().status(), 200, "{path}");
            for method in ["DELETE", "OPTIONS", "PATCH", "POST", "PUT"] {
                let answer = app.request(method, &path).send().await.unwrap();
                assert_eq!(answer.headers()["allow"], "GET, HEAD", "{method} {path}");
                fails(app.request(method, &path), 405, "method_not_allowed").await;
            }
            let head = app.request("HEAD", &path).send().await.unwrap();
            assert_eq!(head.status(), 200, "HEAD {path}");
            assert_eq!(head.text().await.unwrap(), "");
        }
    }
}

#[testkit::on_both_databases]
async fn without_a_description_its_path_is_not_found_with_any_method() {
    let app = TestApp::spawn_with(&[("CARDROOM__SERVER__DOCS", "false")]).await;
    for path in ["/api/openapi.json", "/api/docs", "/api/docs/index.html"] {
        for method in ["GET", "POST"] {
            fails(app.request(method, path), 404, "not_found").await;
        }
    }
}

#[testkit::on_both_databases]
async fn both_spellings_of_a_path_are_answered_alike_and_never_by_a_redirect() {
    let app = TestApp::spawn().await;
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    for Documented { path, methods, .. } in documented(&app).await {
        for method in methods {
            let mut answers = Vec::new();
            for path in spellings(&path) {
                // One of the requests logs out, so each pair gets a new session.
                let admin = app.admin().await;
                for request in [app.request(&method, &path), admin.request(&method, &path)] {
                    let request = if method == "GET" { request } else { request.json(&json!({})) };
                    let answer = client.execute(request.build().unwrap()).await.unwrap();
                    let status = answer.status().as_u16();
                    assert!(!(300..400).contains(&status), "{method} {path}: {status}");
                    // The metrics are no JSON.
                    let body = answer.json().await.unwrap_or(Value::Null);
                    assert_ne!(body["code"], "not_found", "{method} {path}");
                    answers.push((status, body["code"].clone(), body["detail"].clone()));
                }
            }
            if let [anyone, admin, with_slash @ ..] = &answers[..] {
                assert!(with_slash.is_empty() || with_slash == [anyone.clone(), admin.clone()]);
            }
        }
    }
}
