//! Secrets and personal texts that must never reach the log.

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::Process;
use crate::app::ask;

/// Part of every text that no log may contain.
const CANARY: &str = "canary7f3a";

#[testkit::on_both_databases]
async fn no_secret_and_no_personal_text_is_logged_even_at_debug() {
    let database = testkit::database().await;
    let url = database.url.expose().into_owned();
    let variables =
        [("CARDROOM__LOG__FILTER", "debug"), ("CARDROOM__LOG__FORMAT", "json"), ("PORT", "0")];
    let started = spawn_blocking(move || {
        let server = Process::start_with(&url, &variables);
        let address = server.logged_address();
        (server, address)
    });
    let (mut server, address) = started.await.unwrap();
    let mut client =
        CanaryClient { client: Client::new(), address, secrets: vec![CANARY.to_owned()] };

    let token = client.log_in().await;
    let (room, code) = client.open_room(&token).await;
    let pass = client.join(&code).await;
    client.play(&room, &token, &pass).await;
    client.counsel(&room, &token).await;
    client.err().await;

    let log = spawn_blocking(move || {
        server.stop();
        server.log()
    });
    let log = log.await.unwrap();
    for secret in client.secrets {
        let leak = log.lines().find(|line| line.contains(&secret));
        assert!(leak.is_none(), "{secret}: {leak:?}");
    }
    check_lines(&log);
}

/// A client that puts the canary into every field of its requests, and collects the secrets of the answers.
struct CanaryClient {
    client: Client,
    address: String,
    secrets: Vec<String>,
}

impl CanaryClient {
    fn request(&self, method: &str, path: &str, body: &Value) -> RequestBuilder {
        let url = format!("{}{path}", self.address);
        let key = format!("{CANARY}-{}", Uuid::new_v4());
        let request = self.client.request(method.parse().unwrap(), url).json(body);
        request.header("idempotency-key", key)
    }

    async fn ask(&self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let (answered, answer) = ask(self.request(method, path, body)).await;
        assert_eq!(answered, status, "{method} {path}: {answer}");
        answer
    }

    async fn ask_as(&self, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        ask(self.request(method, path, &body).bearer_auth(token)).await
    }

    /// Collects a field of an answer as a secret.
    fn keep(&mut self, answer: &Value, field: &str) -> String {
        let secret = answer[field].as_str().unwrap().to_owned();
        self.secrets.push(secret.clone());
        secret
    }

    /// Registers, refreshes, and logs in with right and wrong passwords; returns the access token.
    async fn log_in(&mut self) -> String {
        let email = format!("{CANARY}@example.com");
        let account = json!({ "email": email, "password": CANARY, "full_name": CANARY });
        let registered = self.ask("POST", "/api/auth/register", &account, 201).await;
        let token = self.keep(&registered, "access_token");
        let refresh = json!({ "refresh_token": self.keep(&registered, "refresh_token") });
        let refreshed = self.ask("POST", "/api/auth/refresh", &refresh, 200).await;
        self.keep(&refreshed, "refresh_token");
        let wrong = json!({ "email": email, "password": format!("{CANARY}-wrong") });
        let partly = json!({ "email": CANARY });
        for (body, status) in [(&account, 200), (&wrong, 401), (&partly, 422)] {
            self.ask("POST", "/api/auth/login", body, status).await;
        }
        token
    }

    /// Returns the room's id and its share code.
    async fn open_room(&mut self, token: &str) -> (String, String) {
        let (_, room) = self.ask_as(token, "POST", "/api/rooms", json!({ "name": CANARY })).await;
        (room["id"].as_str().unwrap().to_owned(), self.keep(&room, "share_code"))
    }

    /// Returns the visitor's token.
    async fn join(&mut self, code: &str) -> String {
        let visitor = json!({ "name": CANARY, "session_id": CANARY });
        let path = format!("/api/visitors/join-room/{code}");
        let joined = self.ask("POST", &path, &visitor, 201).await;
        self.keep(&joined, "id");
        self.keep(&joined, "visitor_token")
    }

    async fn play(&self, room: &str, token: &str, pass: &str) {
        let path = format!("/api/rooms/{room}/gameplay-states/{CANARY}");
        let state = json!({ "state": { CANARY: CANARY } });
        assert_eq!(self.ask_as(token, "PUT", &path, state).await.0, 200);
        let faulty = json!({ "state": CANARY });
        assert_eq!(self.ask_as(token, "PUT", &path, faulty).await.0, 422);
        assert_eq!(self.ask_as(pass, "GET", &path, Value::Null).await.0, 200);
    }

    /// Writes a note, and creates a client, whose texts all hold the canary, and a record.
    async fn counsel(&self, room: &str, token: &str) {
        let note = format!("/api/rooms/{room}/notes");
        for text in [CANARY, ""] {
            let note = self.ask_as(token, "PUT", &note, json!({ "content": text })).await;
            assert_eq!(note.0, 200);
        }
        let client = json!({ "name": CANARY, "phone": CANARY, "notes": CANARY, "tags": [CANARY] });
        let (status, client) = self.ask_as(token, "POST", "/api/clients", client).await;
        assert_eq!(status, 200, "{client}");
        let path = format!("/api/clients/{}", client["id"].as_str().unwrap());
        let email = format!("{CANARY}@example.org");
        let bind = json!({ "client_id": client["id"], "email": email });
        assert_eq!(self.ask_as(token, "POST", &format!("{path}/bind-email"), bind).await.0, 200);
        let search = format!("/api/clients?search={CANARY}");
        assert_eq!(self.ask_as(token, "GET", &search, Value::Null).await.0, 200);
        let verify = format!("/api/clients/verify-email?token={CANARY}");
        self.ask("GET", &verify, &Value::Null, 400).await;
        let record = json!({ "client_id": client["id"], "room_id": room, "session_date": "2026-11-30",
            "notes": CANARY, "topics": [CANARY], "game_state": { CANARY: CANARY } });
        let records = format!("{path}/consultation-records");
        assert_eq!(self.ask_as(token, "POST", &records, record).await.0, 200);
        let faulty = json!({ "name": [CANARY], "status": CANARY });
        assert_eq!(self.ask_as(token, "PUT", &path, faulty).await.0, 422);
    }

    /// Sends requests that are refused.
    async fn err(&self) {
        let nothing = Value::Null;
        let lost = format!("/api/visitors/join-room/{CANARY}");
        self.ask("POST", &lost, &json!({ "name": CANARY, "session_id": CANARY }), 404).await;
        self.ask("GET", &format!("/{CANARY}?password={CANARY}"), &nothing, 404).await;
        assert_eq!(self.ask_as(CANARY, "GET", "/api/rooms", nothing.clone()).await.0, 401);
        let broken = self.request("POST", "/api/rooms", &nothing).body(CANARY);
        assert_eq!(ask(broken).await.0, 422);
    }
}

/// Checks that every line is an object with the fields that Google Cloud Logging reads, and that log-ins and
/// principals are logged.
fn check_lines(log: &str) {
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|it| it["severity"].is_string() && it["time"].is_string()), "{log}");
    let attempts = lines.iter().filter(|it| it["message"] == "login_attempt");
    let outcomes: Vec<_> = attempts.map(|it| it["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["succeeded", "wrong_credentials"]);
    let request = |route: &str, principal: &str| {
        lines.iter().any(|it| {
            let who = it["principal"].as_str().unwrap_or_default();
            it["httpRequest"]["requestUrl"] == route && who.starts_with(principal)
        })
    };
    let state = "/api/rooms/{room_id}/gameplay-states/{gameplay_id}";
    let waited = |what: &str| lines.iter().any(|it| it[what].as_f64() > Some(0.0));
    assert!(waited("pool_ms") && waited("hash_ms") && waited("commit_ms"), "{log}");
    assert!(request(state, "account:") && request(state, "visitor:"), "{log}");
}
