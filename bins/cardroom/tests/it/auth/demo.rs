//! The demo accounts.

use serde_json::json;

use super::{COUNSELLOR, status_of_login};
use crate::app::TestApp;
use crate::behind::Behind;
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn the_demo_accounts_are_listed_and_the_missing_ones_created() {
    let app = TestApp::spawn().await;
    Behind::of(&app).delete(COUNSELLOR).await;
    let mut transcript = Transcript::default();

    transcript.say("list", app.get("/api/auth/demo-accounts")).await;
    let init = || app.request("POST", "/api/auth/init-demo-accounts");
    transcript.say("one is missing", init()).await;
    transcript.say("none is missing", init()).await;
    transcript.check("demo");
    assert_eq!(status_of_login(&app, COUNSELLOR, "demo123").await, 200);
}

#[testkit::on_both_databases]
async fn where_the_profile_has_no_demo_accounts_there_are_none() {
    let app = TestApp::spawn_with(&[("CARDROOM__AUTH__DEMO_ACCOUNTS", "false")]).await;
    let mut transcript = Transcript::default();

    transcript.say("list", app.get("/api/auth/demo-accounts")).await;
    transcript.say("create", app.request("POST", "/api/auth/init-demo-accounts")).await;
    transcript.say("log in", super::login(&app, COUNSELLOR, "demo123")).await;
    transcript.check("demo_none");
}

#[testkit::on_both_databases]
async fn the_published_password_ends_when_a_demo_account_changes_it() {
    let app = TestApp::spawn().await;
    let change = json!({ "old_password": "demo123", "new_password": "a secret of mine" });
    let request = app.counsellor().await.post("/api/auth/change-password", &change);
    assert_eq!(request.send().await.unwrap().status(), 200);

    assert_eq!(status_of_login(&app, COUNSELLOR, "demo123").await, 401);
    let init = app.request("POST", "/api/auth/init-demo-accounts").send().await.unwrap();
    assert_eq!(init.status(), 200);
    assert_eq!(status_of_login(&app, COUNSELLOR, "demo123").await, 401);
    assert_eq!(status_of_login(&app, COUNSELLOR, "a secret of mine").await, 200);
}
