//! Errors: one shape, whatever went wrong and wherever it did.

mod bodies;
mod bounds;
mod cors;
mod garbage;
mod headers;
mod languages;
mod methods;
mod order;
mod panics;
mod paths;
mod secrets;
mod slow;
mod unread;

use reqwest::RequestBuilder;
use serde_json::Value;

/// Sends a request that must fail, and checks the shape of the answer. Returns its body.
async fn fails(request: RequestBuilder, status: u16, code: &str) -> Value {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let found = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    assert_eq!((found, &body["code"]), (status, &Value::from(code)), "{body}");
    let keys: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["code", "detail", "request_id"], "serde_json sorts them here");
    assert_eq!(body["request_id"], id);
    body
}
