//! Sessions: refreshing, listing, ending.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{COUNSELLOR, login};
use crate::app::{TestApp, ask, body_of};
use crate::behind::Behind;
use crate::transcript::Transcript;

/// A pair of tokens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pair {
    pub(super) access: String,
    pub(super) refresh: String,
}

impl Pair {
    pub(super) fn of(answer: &Value) -> Self {
        let text = |key: &str| answer[key].as_str().expect("a token").to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }
}

/// Logs the demo counsellor in.
pub(super) async fn pair(app: &TestApp) -> Pair {
    Pair::of(&body_of(login(app, COUNSELLOR, "demo123").send().await.unwrap()).await)
}

pub(super) fn refresh(app: &TestApp, token: &str) -> RequestBuilder {
    app.post("/api/auth/refresh", &json!({ "refresh_token": token }))
}

/// The next pair, or the status of the refusal.
pub(super) async fn next(app: &TestApp, token: &str) -> Result<Pair, u16> {
    match ask(refresh(app, token)).await {
        (200, answer) => Ok(Pair::of(&answer)),
        (status, _) => Err(status),
    }
}

/// The status of a request with this access token.
pub(crate) async fn status(app: &TestApp, access: &str) -> u16 {
    app.get("/api/auth/me").bearer_auth(access).send().await.unwrap().status().as_u16()
}

async fn sessions(app: &TestApp, access: &str) -> Vec<Value> {
    let (status, answer) = ask(app.get("/api/auth/sessions").bearer_auth(access)).await;
    assert_eq!(status, 200, "{answer}");
    answer.as_array().unwrap().clone()
}

#[testkit::on_both_databases]
async fn refreshing_listing_and_ending_answer_as_described() {
    let app = TestApp::spawn().await;
    let mut transcript = Transcript::default();

    let answer = transcript.say("log in", login(&app, COUNSELLOR, "demo123")).await;
    let first = Pair::of(&answer);
    let answer = transcript
        .say("refresh", app.post("/api/auth/refresh", &json!({ "refresh_token": first.refresh })))
        .await;
    let second = Pair::of(&answer);
    let bearer = |method: &str, path: &str| app.request(method, path).bearer_auth(&second.access);
    transcript.say("list", bearer("GET", "/api/auth/sessions")).await;
    transcript.say("end all others", bearer("DELETE", "/api/auth/sessions")).await;
    transcript.say("end no session", bearer("DELETE", "/api/auth/sessions/no-id")).await;
    let unknown = "/api/auth/sessions/00000000-0000-4000-8000-000000000001";
    transcript.say("end another's", bearer("DELETE", unknown)).await;
    transcript.say("no token", app.request("POST", "/api/auth/refresh")).await;
    transcript
        .say("no good token", app.post("/api/auth/refresh", &json!({ "refresh_token": "x" })))
        .await;
    transcript.say("a number", app.post("/api/auth/refresh", &json!({ "refresh_token": 1 }))).await;
    transcript.say("log out", bearer("POST", "/api/auth/logout")).await;
    transcript.say("the session is over", bearer("GET", "/api/auth/me")).await;
    transcript
        .say(
            "and gives nothing",
            app.post("/api/auth/refresh", &json!({ "refresh_token": second.refresh })),
        )
        .await;
    transcript.say("log out without anything", app.request("POST", "/api/auth/logout")).await;
    transcript.check("sessions");
}

#[testkit::on_both_databases]
async fn a_refresh_token_is_valid_once_and_repeating_it_returns_the_same_pair() {
    let app = TestApp::spawn().await;
    let first = pair(&app).await;

    let second = next(&app, &first.refresh).await.unwrap();
    assert_ne!(second, first);
    assert_eq!(next(&app, &first.refresh).await, Ok(second.clone()));
    assert_eq!(status(&app, &second.access).await, 200);
    assert_eq!(next(&app, &first.refresh).await, Ok(second.clone()));

    let third = next(&app, &second.refresh).await.unwrap();
    assert_eq!(next(&app, &second.refresh).await, Ok(third.clone()));
    assert_eq!(status(&app, &third.access).await, 200);
}

#[testkit::on_both_databases]
async fn a_token_that_was_replaced_before_the_last_ends_the_session() {
    let app = TestApp::spawn().await;
    let other = pair(&app).await;
    let first = pair(&app).await;
    let second = next(&app, &first.refresh).await.unwrap();
    let third = next(&app, &second.refresh).await.unwrap();

    assert_eq!(next(&app, &first.refresh).await, Err(401));

    assert_eq!(status(&app, &third.access).await, 401);
    assert_eq!(next(&app, &third.refresh).await, Err(401));
    assert_eq!(next(&app, &second.refresh).await, Err(401));
    assert_eq!(status(&app, &other.access).await, 200);
    let log = app.admin().await.get("/api/admin/audit-log").send().await.unwrap();
    let log = body_of(log).await;
    let reused =
        log["entries"].as_array().unwrap().iter().filter(|it| it["action"] == "refresh_reused");
    assert_eq!(reused.count(), 1, "{log}");
}

#[testkit::on_both_databases]
async fn after_a_minute_the_token_before_the_current_one_ends_the_session() {
    let app = TestApp::spawn().await;
    let behind = Behind::of(&app);
    let first = pair(&app).await;
    let second = next(&app, &first.refresh).await.unwrap();

    behind.age_rotations(55).await;
    assert!(next(&app, &first.refresh).await.is_ok());
    behind.age_rotations(10).await;
    assert_eq!(next(&app, &first.refresh).await, Err(401));
    assert_eq!(next(&app, &second.refresh).await, Err(401));
}

#[testkit::on_both_databases]
async fn a_token_that_was_never_issued_ends_no_session() {
    let app = TestApp::spawn().await;
    let first = pair(&app).await;
    let second = next(&app, &first.refresh).await.unwrap();
    let third = next(&app, &second.refresh).await.unwrap();

    for token in [&first.refresh, &second.refresh, &third.refresh] {
        // The last characters belong to the secret.
        let (start, end) = token.split_at(token.len() - 4);
        let forged = format!("{start}{}", if end == "AAAA" { "BBBB" } else { "AAAA" });
        assert_eq!(next(&app, &forged).await, Err(401));
        let logout = app.post("/api/auth/logout", &json!({ "refresh_token": forged }));
        assert_eq!(ask(logout).await.0, 401);
    }

    assert_eq!(status(&app, &third.access).await, 200);
    assert!(next(&app, &third.refresh).await.is_ok());
}

#[testkit::on_both_databases]
async fn sessions_end_when_they_are_idle_and_when_they_are_old() {
    let app = TestApp::spawn().await;
    let behind = Behind::of(&app);
    let idle = pair(&app).await;
    behind.end_of_sessions("idle_until").await;
    let old = pair(&app).await;
    behind.end_of_sessions("ends_at").await;
    let good = pair(&app).await;

    for over in [idle, old] {
        assert_eq!(next(&app, &over.refresh).await, Err(401));
        assert_eq!(status(&app, &over.access).await, 401);
    }
    assert_eq!(sessions(&app, &good.access).await.len(), 1);
    assert!(next(&app, &good.refresh).await.is_ok());
}

#[testkit::on_both_databases]
async fn the_sessions_of_an_account_are_bounded() {
    let app = TestApp::spawn_with(&[("CARDROOM__AUTH__SESSIONS_PER_ACCOUNT", "3")]).await;
    let mut pairs = Vec::new();
    for _ in 0..3 {
        pairs.push(pair(&app).await);
    }
    // The oldest is in use, so the second is ended.
    pairs[0] = next(&app, &pairs[0].refresh).await.unwrap();
    pairs.push(pair(&app).await);

    let mut statuses = Vec::new();
    for pair in &pairs {
        statuses.push(status(&app, &pair.access).await);
    }
    assert_eq!(statuses, [200, 401, 200, 200]);
    let listed = sessions(&app, &pairs[3].access).await;
    let current: Vec<_> = listed.iter().map(|it| it["current"].as_bool().unwrap()).collect();
    assert_eq!(current, [true, false, false]);
}

#[testkit::on_both_databases]
async fn an_ended_session_is_refused_here_at_once_and_elsewhere_soon() {
    let app = TestApp::spawn().await;
    let elsewhere = TestApp::spawn_on(app.database.clone(), &[]).await;
    let (kept, one, other) = (pair(&app).await, pair(&app).await, pair(&app).await);
    for pair in [&kept, &one, &other] {
        assert_eq!(
            (status(&app, &pair.access).await, status(&elsewhere, &pair.access).await),
            (200, 200)
        );
    }

    let logout = app.post("/api/auth/logout", &json!({ "refresh_token": one.refresh }));
    assert_eq!(ask(logout).await.0, 200);
    assert_eq!(status(&app, &one.access).await, 401);
    let end = app.request("DELETE", "/api/auth/sessions").bearer_auth(&kept.access);
    assert_eq!(ask(end).await.1["ended"], 1);
    assert_eq!(status(&app, &other.access).await, 401);

    tokio::time::sleep(auth::ACCOUNT_AGE_MAX + Duration::from_millis(50)).await;
    for (pair, expected) in [(&kept, 200), (&one, 401), (&other, 401)] {
        assert_eq!(status(&elsewhere, &pair.access).await, expected);
    }
}

#[testkit::on_both_databases]
async fn an_account_ends_its_own_sessions_and_no_others() {
    let app = TestApp::spawn().await;
    let (mine, other) = (pair(&app).await, pair(&app).await);
    let id = |listed: &[Value], current: bool| {
        let session = listed.iter().find(|it| it["current"] == current).unwrap();
        session["id"].as_str().unwrap().to_owned()
    };
    let path = format!("/api/auth/sessions/{}", id(&sessions(&app, &mine.access).await, false));

    let stranger = app.other_counsellor().await;
    assert_eq!(ask(stranger.request("DELETE", &path)).await.0, 404);
    assert_eq!(status(&app, &other.access).await, 200);
    let end = || app.request("DELETE", &path).bearer_auth(&mine.access);
    assert_eq!(ask(end()).await.0, 200);
    assert_eq!(ask(end()).await.0, 404);
    assert_eq!((status(&app, &other.access).await, status(&app, &mine.access).await), (401, 200));
}

#[testkit::on_both_databases]
async fn a_new_password_ends_all_sessions_but_the_one_that_chose_it() {
    let app = TestApp::spawn().await;
    let (mine, other) = (pair(&app).await, pair(&app).await);
    let change = json!({ "old_password": "demo123", "new_password": "first new" });
    let change = app.post("/api/auth/change-password", &change).bearer_auth(&mine.access);
    assert_eq!(ask(change).await.0, 200);

    assert_eq!((status(&app, &mine.access).await, status(&app, &other.access).await), (200, 401));
    assert_eq!(next(&app, &other.refresh).await, Err(401));
    let mine = next(&app, &mine.refresh).await.unwrap();
    assert_eq!(sessions(&app, &mine.access).await.len(), 1);

    let forgot = app.post("/api/auth/forgot-password", &json!({ "email": COUNSELLOR }));
    let token = ask(forgot).await.1["dev_token"].clone();
    let reset = json!({ "token": token, "new_password": "second new" });
    assert_eq!(ask(app.post("/api/auth/reset-password", &reset)).await.0, 200);
    assert_eq!(status(&app, &mine.access).await, 401);
    assert_eq!(next(&app, &mine.refresh).await, Err(401));
}

#[testkit::on_both_databases]
async fn an_inactive_account_gets_no_tokens() {
    let app = TestApp::spawn().await;
    let pair = pair(&app).await;
    Behind::of(&app).deactivate(COUNSELLOR).await;
    assert_eq!(next(&app, &pair.refresh).await, Err(403));
    assert_eq!(status(&app, &pair.access).await, 403);
}

#[testkit::on_both_databases]
async fn the_refresh_token_is_a_cookie_where_the_settings_ask_for_it() {
    let app = TestApp::spawn_with(&[("CARDROOM__AUTH__REFRESH_COOKIE", "true")]).await;
    let answer = login(&app, COUNSELLOR, "demo123").send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    let (value, rest) = cookie.split_once("; ").unwrap();
    assert!(value.starts_with("__Host-refresh="), "{value}");
    assert_eq!(rest, "HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=2592000");
    assert_eq!(body_of(answer).await.get("refresh_token"), None);

    let refresh = app.request("POST", "/api/auth/refresh").header("cookie", value);
    let answer = refresh.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    let (new, _) = cookie.split_once("; ").unwrap();
    assert_ne!(new, value);
    let logout = app.request("POST", "/api/auth/logout").header("cookie", new);
    let answer = logout.send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("refresh=; ") && cookie.ends_with("; Max-Age=0"), "{cookie}");
    let refresh = app.request("POST", "/api/auth/refresh").header("cookie", new);
    assert_eq!(refresh.send().await.unwrap().status(), 401);
}

#[testkit::on_both_databases]
async fn the_database_stores_no_refresh_token() {
    let app = TestApp::spawn().await;
    let first = pair(&app).await;
    let second = next(&app, &first.refresh).await.unwrap();
    let kept = Behind::of(&app).session_hashes().await;
    for token in [first.refresh, second.refresh] {
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
        let secret = &bytes[24..];
        let hash = Sha256::digest(secret).to_vec();
        assert!(kept.contains(&hash));
        assert!(!kept.iter().any(|it| it == secret));
    }
}

#[testkit::on_both_databases]
async fn the_ended_sessions_of_an_account_are_bounded() {
    let app = TestApp::spawn_with(&[("CARDROOM__AUTH__ENDED_SESSIONS_PER_ACCOUNT", "3")]).await;
    for _ in 0..10 {
        let pair = pair(&app).await;
        let log_out = app.request("POST", "/api/auth/logout").bearer_auth(&pair.access);
        assert_eq!(log_out.send().await.unwrap().status(), 200);
    }
    let active = pair(&app).await;
    assert_eq!(status(&app, &active.access).await, 200);
    assert_eq!(Behind::of(&app).session_hashes().await.len(), 4);
}
