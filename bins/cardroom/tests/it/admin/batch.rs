//! Batches of accounts.

use serde_json::{Value, json};

use crate::app::{TestApp, body_of};
use crate::behind::Behind;
use crate::client::Counsellor;
use crate::transcript::Transcript;

const PATH: &str = "/api/admin/users/batch";

/// The answer to a batch, which has to succeed.
async fn batch(admin: &Counsellor<'_>, body: Value) -> Value {
    let answer = admin.post(PATH, &body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    body_of(answer).await
}

/// The account that a log-in answers with, or `null`.
async fn user(app: &TestApp, email: &str, password: &Value) -> Value {
    let body = json!({ "email": email, "password": password });
    body_of(app.post("/api/auth/login", &body).send().await.unwrap()).await["user"].clone()
}

#[testkit::on_both_databases]
async fn a_batch_reports_the_outcome_for_each_user() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let mut transcript = Transcript::default();

    let users = json!({ "emails": ["not@looked.at"], "users": [
        { "email": " Test.User1@Example.com ", "password": "TestPassword123!" },
        { "email": "test.user1@example.com", "password": "another password" },
        { "email": "grace@example.com", "password": "short", "name": "Grace", "roles": ["client"] },
        { "email": "root@example.com", "password": "TestPassword123!", "roles": ["admin"] },
        { "email": "demo.client@example.com", "password": "TestPassword123!" },
        { "email": "no address", "password": "TestPassword123!" },
        { "email": "long@example.com", "password": "x".repeat(72) },
    ] });
    transcript.say("users of all kinds", admin.post(PATH, &users)).await;
    transcript.say("the same again", admin.post(PATH, &users)).await;
    let reset = json!({
        "on_duplicate": "reset_password",
        "users": [{ "email": "Grace@example.com", "password": "a new password" }],
    });
    transcript.say("a password reset", admin.post(PATH, &reset)).await;
    transcript.check("batch");

    let password = json!("TestPassword123!");
    let one = user(&app, "test.user1@example.com", &password).await;
    assert_eq!((&one["name"], &one["roles"]), (&json!("test.user1"), &json!(["counselor"])));
    assert_eq!(one["must_change_password"], false);
    assert_eq!(user(&app, "root@example.com", &password).await["roles"], json!(["admin"]));
    assert_eq!(user(&app, "demo.client@example.com", &password).await, Value::Null);
    assert_eq!(user(&app, "grace@example.com", &json!("short")).await, Value::Null);
    let grace = user(&app, "grace@example.com", &json!("a new password")).await;
    assert_eq!((&grace["name"], &grace["roles"]), (&json!("Grace"), &json!(["client"])));
    assert_eq!(user(&app, "not@looked.at", &password).await, Value::Null);
}

#[testkit::on_both_databases]
async fn an_invalid_batch_is_refused() {
    let app = TestApp::spawn_with(&[("CARDROOM__LIMITS__BATCH_USERS", "2")]).await;
    let admin = app.admin().await;
    let mut transcript = Transcript::default();

    for (what, body) in [
        ("nothing", json!({})),
        ("no users", json!({ "users": [] })),
        ("null", json!({ "emails": null, "users": null })),
        ("too many", json!({ "emails": ["a@example.com", "b@example.com", "c@example.com"] })),
        ("no lists", json!({ "emails": "a@example.com", "users": {} })),
        ("a number", json!({ "emails": [1] })),
        (
            "users without what they need",
            json!({ "users": [{}, 1, { "email": "a", "roles": ["x"] }] }),
        ),
        ("an unknown word", json!({ "emails": ["a@example.com"], "on_duplicate": "overwrite" })),
    ] {
        transcript.say(what, admin.post(PATH, &body)).await;
    }
    transcript.check("batch_refused");
}

#[testkit::on_both_databases]
async fn an_empty_list_of_addresses_is_an_empty_batch() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let empty = json!({ "success": [], "existing": [], "failed": [] });
    assert_eq!(batch(&admin, json!({ "emails": [] })).await, empty);
    assert_eq!(batch(&admin, json!({ "emails": [], "users": [] })).await, empty);
}

#[testkit::on_both_databases]
async fn a_password_that_breaks_the_rules_allows_only_a_change() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    for (n, unfit) in ["a", "1234567", "password1", "iloveyou"].into_iter().enumerate() {
        let email = format!("weak{n}@example.com");
        let body = json!({ "users": [{ "email": email, "password": unfit }] });
        let made = batch(&admin, body.clone()).await;
        assert_eq!(made["success"][0]["must_change_password"], true, "{unfit}");
        let reset = json!({ "on_duplicate": "reset_password", "users": body["users"] });
        let again = batch(&admin, reset).await;
        assert_eq!(again["existing"][0]["must_change_password"], true, "{unfit}");

        let weak = Counsellor::new(&app, app.token_of(&email, unfit).await);
        let room = json!({ "name": "Room" });
        let answer = body_of(weak.post("/api/rooms", &room).send().await.unwrap()).await;
        assert_eq!(answer["code"], "password_change_required", "{unfit}");
    }
}

#[testkit::on_both_databases]
async fn only_an_active_administrator_runs_a_batch() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let behind = Behind::of(&app);
    let emails = json!({ "emails": ["ada@example.com"] });
    let mut transcript = Transcript::default();

    transcript.say("nobody", app.post(PATH, &emails)).await;
    transcript.say("a counsellor", app.counsellor().await.post(PATH, &emails)).await;
    behind.deactivate("demo.admin@example.com").await;
    transcript.say("an inactive administrator", admin.post(PATH, &emails)).await;
    behind.delete("demo.admin@example.com").await;
    transcript.say("a deleted administrator", admin.post(PATH, &emails)).await;
    transcript.check("batch_forbidden");
}

#[testkit::on_both_databases]
async fn a_generated_password_allows_one_login_and_a_change() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;

    let made = batch(&admin, json!({ "emails": ["Ada@example.com", "grace@example.com"] })).await;
    assert_eq!(made["success"][0]["email"], "ada@example.com");
    let password = &made["success"][0]["password"];
    assert_ne!(*password, made["success"][1]["password"]);
    let text = password.as_str().unwrap();
    assert_eq!(text.len(), 12);
    for kind in [char::is_lowercase, char::is_uppercase, |it| char::is_ascii_digit(&it)] {
        assert!(text.chars().any(kind), "{text}");
    }
    assert!(text.contains(|it| "!@#$%^&*".contains(it)), "{text}");
    assert_eq!(user(&app, "ada@example.com", password).await["must_change_password"], true);

    let again = json!({ "emails": ["ada@example.com"], "on_duplicate": "reset_password" });
    let again = batch(&admin, again).await;
    let new = &again["existing"][0]["password"];
    assert_eq!(again["existing"][0]["action"], "password_reset");
    assert_ne!(new, password);
    assert_eq!(user(&app, "ada@example.com", password).await, Value::Null);
    assert_eq!(user(&app, "ada@example.com", new).await["must_change_password"], true);
}

#[testkit::on_both_databases]
async fn the_spellings_of_one_address_in_a_batch_are_one_user() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let emails = ["Ada@Bücher.example", "ada@xn--bcher-kva.example", "Ada <ada@BÜCHER.example>"];
    let body = json!({ "emails": emails, "on_duplicate": "reset_password" });
    let made = batch(&admin, body).await;
    assert_eq!(made["success"].as_array().unwrap().len(), 1, "{made}");
    assert_eq!((&made["existing"], &made["failed"]), (&json!([]), &json!([])));
    let password = &made["success"][0]["password"];
    assert!(user(&app, emails[0], password).await.is_object());
    // An invalid address is reported once for each spelling.
    let refused = batch(&admin, json!({ "emails": ["nothing", " NOTHING ", "nowhere"] })).await;
    assert_eq!(refused["failed"].as_array().unwrap().len(), 2, "{refused}");
}

#[testkit::on_both_databases]
async fn fifty_users_are_created_in_one_batch_and_once() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let users: Vec<_> = (1..=50)
        .map(|n| json!({ "email": format!("test.user{n}@example.com"), "password": "TestPassword123!" }))
        .collect();
    let body = json!({ "users": users });

    // Two administrators have the same list.
    let (one, other) = tokio::join!(batch(&admin, body.clone()), batch(&admin, body));

    let count = |answer: &Value, key: &str| answer[key].as_array().unwrap().len();
    assert_eq!(count(&one, "success") + count(&other, "success"), 50);
    assert_eq!(count(&one, "existing") + count(&other, "existing"), 50);
    assert_eq!(count(&one, "failed") + count(&other, "failed"), 0);
    for answer in [&one, &other] {
        for existing in answer["existing"].as_array().unwrap() {
            assert!(existing["created_at"].is_string(), "{existing}");
        }
    }
    for n in [1, 25, 50] {
        let email = format!("test.user{n}@example.com");
        assert!(user(&app, &email, &json!("TestPassword123!")).await.is_object(), "{email}");
    }
}

#[testkit::on_both_databases]
async fn two_concurrent_resets_leave_one_valid_password_for_each_user() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let emails: Vec<_> = (1..=20).map(|n| format!("test.user{n}@example.com")).collect();
    let body = json!({ "emails": emails, "on_duplicate": "reset_password" });

    let (one, other) = tokio::join!(batch(&admin, body.clone()), batch(&admin, body));

    let password = |answer: &Value, email: &str| {
        let lists = ["success", "existing"].iter().flat_map(|it| answer[it].as_array().unwrap());
        lists.into_iter().find(|it| it["email"] == email).unwrap()["password"].clone()
    };
    for email in &emails {
        let (one, other) = (password(&one, email), password(&other, email));
        assert!(one.is_string() && other.is_string(), "{email}: {one}, {other}");
        let (one, other) = (user(&app, email, &one).await, user(&app, email, &other).await);
        assert!(one.is_object() != other.is_object(), "{email}: {one}, {other}");
    }
}
