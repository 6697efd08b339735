//! Rate limits. The requests come through one trusted proxy, so each may have any client address.

use std::collections::{BTreeSet, HashSet};

use futures::future::join_all;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::app::{TestApp, ask, body_of};
use crate::behind::Behind;

const ADA: &str = "demo.counselor@example.com";

/// An app behind one proxy, with rate limits.
async fn app(rates: &[(&str, &str)]) -> TestApp {
    TestApp::spawn_with(&changes(rates)).await
}

/// Another process on the database of `before`, with empty caches.
async fn restarted(before: &TestApp, rates: &[(&str, &str)]) -> TestApp {
    TestApp::spawn_on(before.database.clone(), &changes(rates)).await
}

fn changes<'a>(rates: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let behind = [("CARDROOM__RATES__ENABLED", "true"), ("CARDROOM__SERVER__TRUSTED_HOPS", "1")];
    behind.into_iter().chain(rates.iter().copied()).collect()
}

fn from(address: &str, request: RequestBuilder) -> RequestBuilder {
    request.header("x-forwarded-for", address)
}

fn login(app: &TestApp, address: &str, email: &str, password: &str) -> RequestBuilder {
    let body = json!({ "email": email, "password": password });
    from(address, app.post("/api/auth/login", &body))
}

fn join(app: &TestApp, address: &str, code: &str, session: usize) -> RequestBuilder {
    let body = json!({ "name": "Mei", "session_id": session.to_string() });
    from(address, app.post(&format!("/api/visitors/join-room/{code}"), &body))
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |it| it.to_str().unwrap())
}

#[testkit::on_both_databases]
async fn a_limited_request_gets_the_name_of_the_limit_and_retry_after() {
    let app = app(&[("CARDROOM__RATES__LOGIN", "60/hour burst 3")]).await;
    for _ in 0..3 {
        assert_eq!(status(login(&app, "203.0.113.1", ADA, "demo123")).await, 200);
    }

    let refused = login(&app, "203.0.113.1", ADA, "demo123")
        .header("origin", "http://localhost:3000")
        .send()
        .await
        .unwrap();

    assert_eq!(refused.status(), 429);
    let wait: u64 = header(&refused, "retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(header(&refused, "ratelimit-policy"), r#""login";q=3;w=180"#);
    assert_eq!(header(&refused, "ratelimit"), format!(r#""login";r=0;t={wait}"#));
    assert_eq!(header(&refused, "access-control-allow-origin"), "http://localhost:3000");
    let id = header(&refused, "x-request-id").to_owned();
    let body = body_of(refused).await;
    let detail = "Too many requests, please try again later";
    let expected = json!({ "detail": detail, "code": "rate_limited_login", "request_id": id });
    assert_eq!(body, expected);
    assert_eq!(status(login(&app, "203.0.113.2", ADA, "demo123")).await, 200);
}

#[testkit::on_both_databases]
async fn a_forwarded_address_that_a_client_sent_itself_is_ignored() {
    let app = app(&[("CARDROOM__RATES__GENERAL", "1/hour burst 5")]).await;
    let forged =
        |n: usize| app.get("/").header("x-forwarded-for", format!("198.51.100.{n}, 203.0.113.1"));
    let statuses = join_all((0..20).map(|n| status(forged(n)))).await;
    assert_eq!(statuses.iter().filter(|it| **it == 200).count(), 5);
    let sibling = |n: usize| from(&format!("2001:db8::{n:x}"), app.get("/"));
    let statuses = join_all((0..20).map(|n| status(sibling(n)))).await;
    assert_eq!(statuses.iter().filter(|it| **it == 200).count(), 5);
    assert_eq!(status(from("203.0.113.2", app.get("/"))).await, 200);
}

#[testkit::on_both_databases]
async fn all_workers_count_together_and_health_is_not_counted() {
    let app = app(&[("CARDROOM__RATES__GENERAL", "1/hour burst 50")]).await;
    let statuses = join_all((0..100).map(|_| status(app.get("/")))).await;
    assert_eq!(statuses.iter().filter(|it| **it == 200).count(), 50);
    assert_eq!(statuses.iter().filter(|it| **it == 429).count(), 50);
    assert_eq!(status(app.get("/health")).await, 200);
    let metrics = app.get("/metrics").send().await.unwrap().text().await.unwrap();
    let series = r#"cardroom_rate_limited_total{limit="general"} "#;
    let refused = metrics.lines().find_map(|line| line.strip_prefix(series)).unwrap_or_default();
    assert!(refused.parse::<f64>().is_ok_and(|it| it >= 50.0), "{metrics}");
}

#[testkit::on_both_databases]
async fn a_limited_route_still_checks_its_methods_and_its_input() {
    let app = app(&[]).await;
    let answer = app.get("/api/auth/login").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), header(&answer, "allow")), (405, "POST"));
    assert_eq!(status(app.post("/api/auth/login/", &json!({}))).await, 422);
    assert_eq!(status(app.post("/api/visitors/join-room/ABC234", &json!({}))).await, 422);
}

/// The limits that guard routes of their own, from the metrics of all limits.
async fn limits_of_routes(app: &TestApp) -> BTreeSet<String> {
    let metrics = app.get("/metrics").send().await.unwrap().text().await.unwrap();
    let series = r#"cardroom_rate_limited_total{limit=""#;
    let names = metrics.lines().filter_map(|line| line.strip_prefix(series)?.split('"').next());
    let others = ["general", "login-failures", "wrong-codes"];
    names.filter(|it| !others.contains(it)).map(str::to_owned).collect()
}

#[testkit::on_both_databases]
async fn no_spelling_of_a_path_gets_round_its_limit() {
    let routes = [
        ("POST", "/api/auth/login", "login"),
        ("POST", "/api/auth/register", "registration"),
        ("POST", "/api/auth/forgot-password", "reset"),
        ("POST", "/api/visitors/join-room/ABC234", "join"),
        ("POST", "/api/clients/7/bind-email", "verification"),
        ("GET", "/realtime/v1/websocket", "websocket"),
        ("GET", "/socket/websocket", "websocket"),
    ];
    let limits: BTreeSet<String> = routes.iter().map(|(_, _, limit)| (*limit).into()).collect();
    let keys = limits.iter().map(|it| format!("CARDROOM__RATES__{}", it.to_uppercase()));
    let keys: Vec<_> = keys.collect();
    let app = app(&keys.iter().map(|it| (it.as_str(), "1/hour burst 1")).collect::<Vec<_>>()).await;
    assert_eq!(limits_of_routes(&app).await, limits, "every limit of a route is tested here");
    for (method, path, limit) in routes {
        let code = format!("rate_limited_{limit}");
        let address = format!("2001:db8:{}::1", path.len());
        let first = body_of(from(&address, app.request(method, path)).send().await.unwrap()).await;
        assert_ne!(first["code"], code, "{path}");
        let encoded = |letter: &str, code: &str| path.replace(letter, code);
        for spelling in [
            encoded("o", "%6F"),
            encoded("o", "%6f"),
            encoded("i", "%69"),
            encoded("e", "%65"),
            encoded("/", "//"),
            format!("{path}/"),
        ] {
            let again = from(&address, app.request(method, &spelling)).send().await.unwrap();
            assert_eq!(body_of(again).await["code"], code, "{spelling}");
        }
    }
}

#[testkit::on_both_databases]
async fn after_wrong_passwords_the_right_one_is_limited_too() {
    let app = app(&[("CARDROOM__RATES__LOGIN_FAILURES", "1/hour burst 5")]).await;
    let known = login(&app, "203.0.113.9", ADA, "demo123");
    assert_eq!(status(known).await, 200);
    let guesses = join_all((0..20).map(|_| status(login(&app, "203.0.113.1", ADA, "guess")))).await;
    assert_eq!(guesses.iter().filter(|it| **it == 401).count(), 5);

    let (refused, right) = ask(login(&app, "203.0.113.1", ADA, "demo123")).await;
    let (_, wrong) = ask(login(&app, "203.0.113.1", ADA, "guess")).await;

    assert_eq!(refused, 429);
    assert_eq!(right["code"], "rate_limited_login_failures");
    assert_eq!((&right["detail"], &right["code"]), (&wrong["detail"], &wrong["code"]));
    let nobody = join_all(
        (0..20).map(|_| status(login(&app, "203.0.113.1", "nobody@example.com", "guess"))),
    );
    assert_eq!(nobody.await.iter().filter(|it| **it == 401).count(), 5);
    assert_eq!(status(login(&app, "203.0.113.9", ADA, "demo123")).await, 200);
}

#[testkit::on_both_databases]
async fn after_a_restart_failures_elsewhere_do_not_keep_an_owner_out_of_a_network_used_before() {
    let limits = [("CARDROOM__RATES__ACCOUNT_FAILURES", "1/hour burst 5")];
    let before = app(&limits).await;
    assert_eq!(status(login(&before, "198.51.100.7", ADA, "demo123")).await, 200);
    let after = restarted(&before, &limits).await;
    for n in 0..5 {
        let guess = login(&after, &format!("203.0.113.{n}"), ADA, "guess");
        assert_eq!(status(guess).await, 401);
    }

    assert_eq!(status(login(&after, "192.0.2.1", ADA, "demo123")).await, 429);
    assert_eq!(status(login(&after, "198.51.100.8", ADA, "demo123")).await, 200);
}

#[testkit::on_both_databases]
async fn networks_are_known_also_of_an_account_whose_domain_is_stored_in_unicode() {
    let limits = [("CARDROOM__RATES__ACCOUNT_FAILURES", "1/hour burst 5")];
    let before = app(&limits).await;
    let behind = Behind::of(&before);
    let hash = behind.hash(ADA).await;
    behind.import("eve@bücher.example", &hash).await;
    for (number, spelling) in ["eve@bücher.example", "eve@xn--bcher-kva.example"].iter().enumerate()
    {
        let known = format!("198.51.{number}.7");
        assert_eq!(status(login(&before, &known, spelling, "demo123")).await, 200);
        let after = restarted(&before, &limits).await;
        for n in 0..5 {
            let guess = login(&after, &format!("203.0.113.{n}"), spelling, "guess");
            assert_eq!(status(guess).await, 401);
        }
        assert_eq!(status(login(&after, "192.0.2.1", spelling, "demo123")).await, 429);
        assert_eq!(status(login(&after, &known, spelling, "demo123")).await, 200);
    }
}

#[testkit::on_both_databases]
async fn wrong_old_passwords_of_a_change_are_limited_like_those_of_a_login() {
    let app = app(&[("CARDROOM__RATES__LOGIN_FAILURES", "1/hour burst 3")]).await;
    let counsellor = app.counsellor().await;
    let guess = json!({ "old_password": "guess", "new_password": "long enough" });
    let request = || counsellor.post("/api/auth/change-password", &guess);
    let guesses = join_all((0..10).map(|_| status(request()))).await;
    assert_eq!(guesses.iter().filter(|it| **it == 400).count(), 3);
    assert_eq!(guesses.iter().filter(|it| **it == 429).count(), 7);
}

#[testkit::on_both_databases]
async fn a_change_that_is_refused_for_wrong_guesses_beside_it_is_not_made() {
    let app = app(&[("CARDROOM__RATES__LOGIN_FAILURES", "1/hour burst 3")]).await;
    let counsellor = app.counsellor().await;
    let change = |old: &str, new: &str| {
        let change = json!({ "old_password": old, "new_password": new });
        ask(counsellor.post("/api/auth/change-password", &change))
    };
    let behind = Behind::of(&app);
    let before = behind.hash(ADA).await;
    // Usually all are admitted before the first has failed, and the right one is hashed last.
    let guesses = (0..60).map(|_| change("guess", "long enough"));
    let (guesses, right) = tokio::join!(join_all(guesses), change("demo123", "long enough"));

    assert_eq!(guesses.iter().filter(|(status, _)| *status == 400).count(), 3);
    match right.0 {
        429 => assert_eq!(behind.hash(ADA).await, before),
        200 => assert_ne!(behind.hash(ADA).await, before),
        _ => panic!("{right:?}"),
    }
}

#[testkit::on_both_databases]
async fn after_wrong_codes_a_right_one_is_limited_too_and_others_join() {
    let app = app(&[("CARDROOM__RATES__WRONG_CODES", "1/hour burst 5")]).await;
    let room = app.counsellor().await.room().await;
    let looks = (0..10).map(|n| {
        let code = if n == 0 { "AAAAAA" } else { "BBBBBB" };
        status(from("203.0.113.1", app.get(&format!("/api/rooms/by-code/{code}"))))
    });
    assert_eq!(join_all(looks).await.iter().filter(|it| **it == 404).count(), 5);

    let (refused, body) = ask(join(&app, "203.0.113.1", &room.code, 1)).await;

    assert_eq!((refused, body["code"].as_str()), (429, Some("rate_limited_wrong_codes")));
    let look = from("203.0.113.1", app.get(&format!("/api/rooms/by-code/{}", room.code)));
    assert_eq!(status(look).await, 429);
    assert_eq!(status(join(&app, "203.0.113.2", &room.code, 1)).await, 201);
}

#[testkit::on_both_databases]
async fn a_class_of_forty_behind_one_address_joins_at_once() {
    let app = app(&[]).await;
    let room = app.counsellor().await.room().await;
    let joins = join_all((0..40).map(|n| ask(join(&app, "203.0.113.1", &room.code, n)))).await;
    let ids: HashSet<Value> = joins.iter().map(|(_, body)| body["id"].clone()).collect();
    assert!(joins.iter().all(|(status, _)| *status == 201), "{joins:?}");
    assert_eq!(ids.len(), 40);
}

#[testkit::on_both_databases]
async fn the_handshakes_of_sockets_are_limited() {
    let app = app(&[("CARDROOM__RATES__WEBSOCKET", "1/hour burst 5")]).await;
    let opened = |address: &'static str, path: &'static str| {
        let handshake = from(address, app.get(path))
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        async move { handshake.send().await.unwrap() }
    };
    let (first, second) = ("/realtime/v1/websocket?vsn=1.0.0", "/socket/websocket?vsn=1.0.0");
    for n in 0..5 {
        let path = if n % 2 == 0 { first } else { second };
        assert_eq!(opened("203.0.113.1", path).await.status(), 101);
    }

    let refused = opened("203.0.113.1", first).await;

    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "ratelimit-policy"), r#""websocket";q=5;w=18000"#);
    assert_eq!(body_of(refused).await["code"], "rate_limited_websocket");
    assert_eq!(opened("203.0.113.1", second).await.status(), 429);
    assert_eq!(opened("203.0.113.2", second).await.status(), 101);
    assert_eq!(app.get("/health").send().await.unwrap().status(), 200);
}

/// A save of 200 KiB counts as thirteen requests.
#[testkit::on_both_databases]
async fn a_large_body_counts_as_many_requests() {
    let app = app(&[("CARDROOM__RATES__GENERAL", "1/hour burst 40")]).await;
    let token = app.token(ADA).await;
    let room = app.counsellor().await.room().await;
    let path = format!("/api/rooms/{}/gameplay-states/game", room.id);
    let save = |address: &str, bytes: usize| {
        let body = json!({ "state": { "x": "x".repeat(bytes) } });
        let request = app.request("PUT", &path).json(&body).bearer_auth(&token);
        from(address, request)
    };

    for _ in 0..3 {
        assert_eq!(status(save("203.0.113.7", 200 << 10)).await, 200);
    }
    let (refused, answer) = ask(save("203.0.113.7", 200 << 10)).await;
    assert_eq!((refused, &answer["code"]), (429, &json!("rate_limited_general")), "{answer}");
    for _ in 0..20 {
        assert_eq!(status(save("203.0.113.8", 100)).await, 200);
    }
}
