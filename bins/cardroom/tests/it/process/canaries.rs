//! What never reaches the log.

use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::Process;

/// Stands in everything that no log may hold.
const CANARY: &str = "canary7f3a";

/// A request that carries canaries wherever it can.
async fn send(client: &Client, address: &str, method: &str, path: &str, body: &Value) -> Response {
    let url = format!("{address}{path}");
    client.request(method.parse().unwrap(), url).json(body).send().await.unwrap()
}

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
    let client = Client::new();
    let email = format!("{CANARY}@example.com");
    let mut secrets = vec![CANARY.to_owned()];

    let account = json!({ "email": email, "password": CANARY, "full_name": CANARY });
    let registered = send(&client, &address, "POST", "/api/auth/register", &account).await;
    assert_eq!(registered.status(), 201);
    let registered: Value = registered.json().await.unwrap();
    let token = registered["access_token"].as_str().unwrap().to_owned();
    let refresh = json!({ "refresh_token": registered["refresh_token"] });
    let refreshed = send(&client, &address, "POST", "/api/auth/refresh", &refresh).await;
    let refreshed: Value = refreshed.json().await.unwrap();
    for pair in [&registered, &refreshed] {
        secrets.push(pair["refresh_token"].as_str().unwrap().to_owned());
    }
    let wrong = json!({ "email": email, "password": format!("{CANARY}-wrong") });
    for (body, status) in [(&account, 200), (&wrong, 401), (&json!({ "email": CANARY }), 422)] {
        let answer = send(&client, &address, "POST", "/api/auth/login", body).await;
        assert_eq!(answer.status(), status);
    }

    let as_caller = |method: &str, path: String, body: Value| {
        let request = client.request(method.parse().unwrap(), format!("{address}{path}"));
        let key = format!("{CANARY}-{}", Uuid::new_v4());
        request.bearer_auth(&token).header("idempotency-key", key).json(&body)
    };
    let room = as_caller("POST", "/api/rooms".into(), json!({ "name": CANARY }));
    let room: Value = room.send().await.unwrap().json().await.unwrap();
    let (id, code) = (room["id"].as_str().unwrap(), room["share_code"].as_str().unwrap());
    let visitor = json!({ "name": CANARY, "session_id": CANARY });
    let join = format!("/api/visitors/join-room/{code}");
    let joined = send(&client, &address, "POST", &join, &visitor).await;
    assert_eq!(joined.status(), 201);
    let joined: Value = joined.json().await.unwrap();
    for secret in [&room["share_code"], &joined["visitor_token"], &joined["id"]] {
        secrets.push(secret.as_str().unwrap().to_owned());
    }
    let state = format!("/api/rooms/{id}/gameplay-states/{CANARY}");
    let kept = as_caller("PUT", state.clone(), json!({ "state": { CANARY: CANARY } }));
    assert_eq!(kept.send().await.unwrap().status(), 200);
    let faulty = as_caller("PUT", state.clone(), json!({ "state": CANARY }));
    assert_eq!(faulty.send().await.unwrap().status(), 422);
    let pass = joined["visitor_token"].as_str().unwrap();
    let read = client.get(format!("{address}{state}")).bearer_auth(pass);
    assert_eq!(read.send().await.unwrap().status(), 200);
    let lost = format!("/api/visitors/join-room/{CANARY}");
    assert!(send(&client, &address, "POST", &lost, &visitor).await.status().is_client_error());
    let nowhere = format!("/{CANARY}?password={CANARY}");
    assert_eq!(send(&client, &address, "GET", &nowhere, &visitor).await.status(), 404);
    let forged = client.get(format!("{address}/api/rooms")).bearer_auth(CANARY);
    assert_eq!(forged.send().await.unwrap().status(), 401);
    let broken = client.post(format!("{address}/api/rooms")).body(CANARY);
    assert!(broken.send().await.unwrap().status().is_client_error());
    secrets.push(token);

    let log = spawn_blocking(move || {
        server.stop();
        server.log()
    });
    let log = log.await.unwrap();
    for secret in secrets {
        let leak = log.lines().find(|line| line.contains(&secret));
        assert!(leak.is_none(), "{secret}: {leak:?}");
    }
    check_lines(&log);
}

/// Every line is an object with the fields that Google Cloud Logging reads, and the log-ins and
/// principals are told.
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
