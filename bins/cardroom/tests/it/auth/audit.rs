//! The audit log, and passwords that administrators set.

use std::time::Duration;

use serde_json::{Value, json};

use super::sessions::{Pair, next, pair, status};
use super::{COUNSELLOR, login, status_of_login};
use crate::app::{TestApp, ask, body_of};
use crate::behind::Behind;
use crate::client::Counsellor;

const LOG: &str = "/api/admin/audit-log";

/// The id of the account `COUNSELLOR`.
const COUNSELLOR_ID: &str = "00000000-0000-0000-0001-000000000001";

/// The entries of a page, and the cursor of the next one.
async fn page(admin: &Counsellor<'_>, query: &str) -> (Vec<Value>, Value) {
    let (status, body) = ask(admin.get(&format!("{LOG}{query}"))).await;
    assert_eq!(status, 200, "{body}");
    (body["entries"].as_array().unwrap().clone(), body["next"].clone())
}

fn actions(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|it| it["action"].as_str().unwrap()).collect()
}

#[testkit::on_both_databases]
async fn actions_on_an_account_are_recorded() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let batch = json!({ "users": [{ "email": "ada@example.com", "password": "correct horse" }] });
    ask(admin.post("/api/admin/users/batch", &batch)).await;
    assert_eq!(status_of_login(&app, "ada@example.com", "wrong").await, 401);
    // A failure is recorded in the background.
    wait_for(&admin, "login_failed").await;
    let ada = login(&app, "ada@example.com", "correct horse").header("user-agent", "Tests/1");
    let (_, ada) = ask(ada).await;
    let (id, pair) = (ada["user"]["id"].as_str().unwrap(), Pair::of(&ada));
    let pair = next(&app, &pair.refresh).await.unwrap();
    let change = json!({ "old_password": "correct horse", "new_password": "battery staple" });
    let as_ada = Counsellor::new(&app, pair.access);
    ask(as_ada.post("/api/auth/change-password", &change)).await;
    ask(as_ada.request("DELETE", "/api/auth/sessions")).await;
    ask(as_ada.request("POST", "/api/auth/logout")).await;
    let reset = json!({ "users": [{ "email": "ada@example.com", "password": "another one" }],
        "on_duplicate": "reset_password" });
    ask(admin.post("/api/admin/users/batch", &reset)).await;

    let (entries, _) = page(&admin, &format!("?account_id={id}")).await;
    let expected = [
        "password_assigned",
        "logged_out",
        "other_sessions_ended",
        "password_changed",
        "logged_in",
        "login_failed",
        "created",
    ];
    assert_eq!(actions(&entries), expected);
    let admin_id = &json!("00000000-0000-0000-0001-000000000003");
    assert_eq!((&entries[0]["actor_id"], &entries[6]["actor_id"]), (admin_id, admin_id));
    assert_eq!((&entries[1]["actor_id"], &entries[5]["actor_id"]), (&json!(id), &Value::Null));
    assert_eq!(
        (&entries[4]["device"], &entries[4]["address"]),
        (&json!("Tests/1"), &json!("127.0.0.1"))
    );
    assert!(entries.iter().all(|it| it["account_id"] == id), "{entries:?}");
}

async fn wait_for(admin: &Counsellor<'_>, action: &str) {
    for _ in 0..500 {
        if actions(&page(admin, "").await.0).contains(&action) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{action} was not written down");
}

#[testkit::on_both_databases]
async fn an_action_that_cannot_be_recorded_is_rolled_back() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let mine = pair(&app).await;
    Behind::of(&app).hide_audit_log().await;

    let register = json!({ "email": "ada@example.com", "password": "correct horse",
        "full_name": "Ada Lovelace" });
    let (status_of_registration, _) = ask(app.post("/api/auth/register", &register)).await;
    let change = json!({ "old_password": "demo123", "new_password": "battery staple" });
    let change = app.post("/api/auth/change-password", &change).bearer_auth(&mine.access);
    let logout = app.post("/api/auth/logout", &json!({ "refresh_token": mine.refresh }));
    let end = admin.request("DELETE", &format!("/api/admin/users/{COUNSELLOR_ID}/sessions"));
    for failed in [
        status_of_registration,
        ask(change).await.0,
        ask(logout).await.0,
        ask(end).await.0,
        status_of_login(&app, COUNSELLOR, "demo123").await,
    ] {
        assert_eq!(failed, 500);
    }

    assert_eq!(status(&app, &mine.access).await, 200);
    Behind::of(&app).show_audit_log().await;
    assert_eq!(status_of_login(&app, COUNSELLOR, "demo123").await, 200);
    assert_eq!(ask(app.post("/api/auth/register", &register)).await.0, 201);
}

#[testkit::on_both_databases]
async fn an_administrator_ends_the_sessions_of_others() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let path = format!("/api/admin/users/{COUNSELLOR_ID}/sessions");
    let (one, other) = (pair(&app).await, pair(&app).await);

    let (_, listed) = ask(admin.get(&path)).await;
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let (status_of_end, ended) = ask(admin.request("DELETE", &path)).await;
    assert_eq!((status_of_end, &ended["ended"]), (200, &json!(2)));

    for pair in [one, other] {
        assert_eq!(status(&app, &pair.access).await, 401);
        assert_eq!(next(&app, &pair.refresh).await, Err(401));
    }
    assert_eq!(ask(admin.get(&path)).await.1, json!([]));
    let (entries, _) = page(&admin, &format!("?account_id={COUNSELLOR_ID}&limit=1")).await;
    assert_eq!(actions(&entries), ["sessions_ended"]);
    assert_eq!(status_of_login(&app, COUNSELLOR, "demo123").await, 200);

    let nobody = "/api/admin/users/00000000-0000-4000-8000-000000000001/sessions";
    assert_eq!(ask(admin.request("DELETE", nobody)).await.0, 404);
    let stranger = app.other_counsellor().await;
    assert_eq!(ask(stranger.get(&path)).await.0, 403);
    assert_eq!(ask(stranger.request("DELETE", &path)).await.0, 403);
}

#[testkit::on_both_databases]
async fn an_administrator_pages_through_the_log() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    for _ in 0..6 {
        assert_eq!(status_of_login(&app, COUNSELLOR, "demo123").await, 200);
    }

    let (all, next) = page(&admin, "").await;
    assert_eq!((all.len(), next), (7, Value::Null));
    let mut read = Vec::new();
    let mut query = "?limit=3".to_owned();
    loop {
        let (entries, next) = page(&admin, &query).await;
        read.extend(entries);
        let Some(next) = next.as_str() else { break };
        query = format!("?limit=3&before={next}");
    }
    assert_eq!(read, all);

    for bad in ["?limit=0", "?limit=501", "?before=x", "?before=1.x", FAR, "?account_id=x"] {
        assert_eq!(ask(admin.get(&format!("{LOG}{bad}"))).await.0, 422, "{bad}");
    }
    assert_eq!(ask(app.counsellor().await.get(LOG)).await.0, 403);
    assert_eq!(ask(app.get(LOG)).await.0, 401);
}

/// A cursor whose time no database can store.
const FAR: &str = "?before=-300000000000000000.00000000-0000-0000-0000-000000000000";

#[testkit::on_both_databases]
async fn a_handed_out_password_has_to_be_changed_before_anything_else() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let pair = Pair::of(&body_of(login(&app, COUNSELLOR, "demo123").send().await.unwrap()).await);
    Behind::of(&app).require_change(COUNSELLOR).await;

    let (refused, body) = ask(counsellor.get("/api/rooms")).await;
    assert_eq!((refused, body["code"].as_str()), (403, Some("password_change_required")));
    assert_eq!(status(&app, &pair.access).await, 200);
    assert_eq!(ask(counsellor.get("/api/auth/sessions")).await.0, 200);
    let pair = next(&app, &pair.refresh).await.unwrap();
    let logout = app.request("POST", "/api/auth/logout").bearer_auth(&pair.access);
    assert_eq!(ask(logout).await.0, 200);

    let change = json!({ "old_password": "demo123", "new_password": "first new" });
    assert_eq!(ask(counsellor.post("/api/auth/change-password", &change)).await.0, 200);
    assert_eq!(ask(counsellor.get("/api/rooms")).await.0, 200);
}
