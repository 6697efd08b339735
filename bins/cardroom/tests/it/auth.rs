//! Accounts: logging in, tokens, passwords.

mod audit;
mod change;
mod crowd;
mod demo;
pub(crate) mod forged;
mod keys;
mod login;
mod me;
mod model;
mod old_hashes;
mod parallel;
mod register;
mod reset;
pub(crate) mod sessions;
mod together;
mod tokens;

use reqwest::RequestBuilder;
use serde_json::json;

use crate::app::TestApp;

const COUNSELLOR: &str = "demo.counselor@example.com";
const ADMIN: &str = "demo.admin@example.com";

/// A log-in.
fn login(app: &TestApp, email: &str, password: &str) -> RequestBuilder {
    app.post("/api/auth/login", &json!({ "email": email, "password": password }))
}

/// The status that a log-in is answered with.
pub(crate) async fn status_of_login(app: &TestApp, email: &str, password: &str) -> u16 {
    login(app, email, password).send().await.unwrap().status().as_u16()
}
