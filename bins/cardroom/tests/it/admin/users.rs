//! Accounts one by one and in lists.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::app::{TestApp, ask, body_of};
use crate::auth::{sessions, status_of_login};
use crate::behind::Behind;
use crate::client::Counsellor;
use crate::transcript::Transcript;

const USERS: &str = "/api/admin/users";

/// The ids of demo accounts.
const COUNSELLOR: &str = "00000000-0000-0000-0001-000000000001";
const OTHER: &str = "00000000-0000-0000-0001-000000000002";
const ADMIN: &str = "00000000-0000-0000-0001-000000000003";

fn path(id: &str) -> String {
    format!("{USERS}/{id}")
}

fn patch(by: &Counsellor<'_>, id: &str, body: &Value) -> RequestBuilder {
    by.request("PATCH", &path(id)).json(body)
}

/// The addresses of a list, and its total.
async fn listed(admin: &Counsellor<'_>, query: &str) -> (Vec<String>, i64) {
    let (status, body) = ask(admin.get(&format!("{USERS}?{query}"))).await;
    assert_eq!(status, 200, "{query}: {body}");
    let users = body["users"].as_array().unwrap().iter();
    let emails = users.map(|it| it["email"].as_str().unwrap().to_owned());
    (emails.collect(), body["total"].as_i64().unwrap())
}

/// Adds an account with a given name; its address tells nothing.
async fn add(admin: &Counsellor<'_>, email: &str, name: &str, roles: Value) {
    let user = json!({ "email": email, "name": name, "password": "correct horse", "roles": roles });
    let body = json!({ "users": [user] });
    assert_eq!(ask(admin.post("/api/admin/users/batch", &body)).await.0, 200);
}

/// The actions that were recorded for an account, the latest first.
async fn recorded(admin: &Counsellor<'_>, id: &str) -> Vec<String> {
    let (_, log) = ask(admin.get(&format!("/api/admin/audit-log?account_id={id}"))).await;
    let entries = log["entries"].as_array().unwrap().iter();
    entries.map(|it| it["action"].as_str().unwrap().to_owned()).collect()
}

#[testkit::on_both_databases]
async fn users_are_listed_in_pages() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    for n in 1..=7 {
        add(&admin, &format!("user{n}@example.com"), "User", json!(["client"])).await;
    }
    let (all, total) = listed(&admin, "").await;
    assert_eq!((all.len(), total), (11, 11));
    assert_eq!(all[4], "user1@example.com", "the oldest come first");

    let (mut counted, mut keyed) = (Vec::new(), Vec::new());
    for skip in [0, 4, 8, 12] {
        let (page, total) = listed(&admin, &format!("skip={skip}&limit=4")).await;
        assert_eq!(total, 11);
        counted.extend(page);
    }
    let mut query = "limit=4".to_owned();
    loop {
        let (_, page) = ask(admin.get(&format!("{USERS}?{query}"))).await;
        assert_eq!(page["total"], 11);
        let users = page["users"].as_array().unwrap().iter();
        keyed.extend(users.map(|it| it["email"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        query = format!("limit=4&after={next}");
    }
    assert_eq!((&counted, &keyed), (&all, &all));

    let mut transcript = Transcript::default();
    transcript.say("the first", admin.get(&format!("{USERS}?limit=2"))).await;
    for bad in [
        "skip=-1",
        "skip=100001",
        "limit=0",
        "limit=-1",
        "limit=501",
        "limit=x",
        "after=x",
        "role=x",
        "active=x",
        "q=%00",
    ] {
        transcript.say(bad, admin.get(&format!("{USERS}?{bad}"))).await;
    }
    let nobody = "after=00000000-0000-4000-8000-000000000001";
    transcript.say("after nobody", admin.get(&format!("{USERS}?{nobody}"))).await;
    transcript.check("users_list");
}

#[testkit::on_both_databases]
async fn users_are_found_by_text_role_and_activity() {
    #[track_caller]
    fn check((found, total): (Vec<String>, i64), expected: &[&str]) {
        assert_eq!(found, expected);
        assert_eq!(total, i64::try_from(expected.len()).unwrap());
    }
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let behind = Behind::of(&app);
    for (email, name, roles) in [
        ("one@example.com", "陳美玲", json!(["client"])),
        ("two@example.com", "Élodie 100%", json!(["observer", "client"])),
        ("three_3@example.com", "back\\slash", json!([])),
    ] {
        add(&admin, email, name, roles).await;
    }
    behind.deactivate("two@example.com").await;

    check(listed(&admin, "q=美玲").await, &["one@example.com"]);
    check(listed(&admin, "q=ÉLODIE").await, &["two@example.com"]);
    check(listed(&admin, "q=élodie").await, &["two@example.com"]);
    check(listed(&admin, "q=%20TWO@%20").await, &["two@example.com"]);
    check(listed(&admin, "q=0%25").await, &["two@example.com"]);
    check(listed(&admin, "q=%25").await, &["two@example.com"]);
    check(listed(&admin, "q=e_3").await, &["three_3@example.com"]);
    check(listed(&admin, "q=_").await, &["three_3@example.com"]);
    check(listed(&admin, "q=K\\S").await, &["three_3@example.com"]);
    check(listed(&admin, "q=nobody").await, &[]);
    let (one, two) = ("one@example.com", "two@example.com");
    check(listed(&admin, "role=client").await, &["demo.client@example.com", one, two]);
    check(listed(&admin, "role=client&active=true").await, &["demo.client@example.com", one]);
    check(listed(&admin, "role=observer&active=false&q=two").await, &[two]);
    check(listed(&admin, "active=false").await, &[two]);
    let beyond = listed(&admin, "q=example.com&limit=1&skip=7").await;
    assert_eq!(beyond, (Vec::new(), 7));
}

#[testkit::on_both_databases]
async fn an_administrator_changes_a_user_and_it_counts_at_once() {
    let app = TestApp::spawn().await;
    let (admin, counsellor) = (app.admin().await, app.counsellor().await);
    let mut transcript = Transcript::default();

    let (_, before) = ask(admin.get(&path(COUNSELLOR))).await;
    assert_eq!(before["roles"], json!(["counselor"]));
    let tag = tag_of(admin.get(&path(COUNSELLOR))).await;
    let change = json!({ "name": "Dr. Mei", "roles": ["client"] });
    transcript
        .say(
            "the version that was read",
            patch(&admin, COUNSELLOR, &change).header("if-match", &tag),
        )
        .await;
    let room = json!({ "name": "Room" });
    transcript.say("no counsellor any more", counsellor.post("/api/rooms", &room)).await;
    transcript
        .say("the version before", patch(&admin, COUNSELLOR, &change).header("if-match", &tag))
        .await;
    transcript.say("nothing", patch(&admin, COUNSELLOR, &json!({}))).await;
    let back = json!({ "roles": ["counselor", "counselor"], "is_active": true });
    transcript.say("a counsellor again", patch(&admin, COUNSELLOR, &back)).await;
    assert_eq!(counsellor.post("/api/rooms", &room).send().await.unwrap().status(), 201);

    let off = patch(&admin, COUNSELLOR, &json!({ "is_active": false }));
    transcript.say("deactivated", off).await;
    transcript.say("the session is over", counsellor.get("/api/rooms")).await;
    assert_eq!(status_of_login(&app, "demo.counselor@example.com", "demo123").await, 400);
    let on = patch(&admin, COUNSELLOR, &json!({ "is_active": true }));
    assert_eq!(ask(on).await.0, 200);
    assert_eq!(sessions::status(&app, &counsellor.token).await, 401, "it stays over");
    assert_eq!(status_of_login(&app, "demo.counselor@example.com", "demo123").await, 200);
    transcript.check("users_change");

    let actions = recorded(&admin, COUNSELLOR).await;
    let expected = [
        "logged_in",
        "activated",
        "deactivated",
        "roles_changed",
        "roles_changed",
        "renamed",
        "logged_in",
    ];
    // The two entries of one change have the same time.
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list
    };
    assert_eq!(sorted(actions), sorted(expected.map(str::to_owned).to_vec()));
}

async fn tag_of(request: RequestBuilder) -> String {
    let answer = request.send().await.unwrap();
    answer.headers()["etag"].to_str().unwrap().to_owned()
}

#[testkit::on_both_databases]
async fn a_change_that_is_not_allowed_changes_nothing() {
    let app = TestApp::spawn().await;
    let (admin, counsellor) = (app.admin().await, app.counsellor().await);
    let mut transcript = Transcript::default();
    let nobody = "00000000-0000-4000-8000-000000000001";
    let name = json!({ "name": "Ada" });

    transcript.say("no roles left", patch(&admin, ADMIN, &json!({ "roles": [] }))).await;
    transcript.say("inactive", patch(&admin, ADMIN, &json!({ "is_active": false }))).await;
    transcript.say("nobody", patch(&admin, nobody, &name)).await;
    transcript.say("no id", patch(&admin, "x", &name)).await;
    let invalid = json!({ "name": "", "roles": ["x", 1], "is_active": "perhaps" });
    transcript.say("invalid", patch(&admin, OTHER, &invalid)).await;
    transcript.say("too long", patch(&admin, OTHER, &json!({ "name": "x".repeat(201) }))).await;
    transcript.say("no condition", patch(&admin, OTHER, &name).header("if-match", "x")).await;
    transcript.say("another", patch(&admin, OTHER, &name).header("if-match", "\"x\"")).await;
    transcript.say("a counsellor", patch(&counsellor, OTHER, &name)).await;
    transcript.say("a counsellor reads", counsellor.get(&path(OTHER))).await;
    transcript.say("a counsellor lists", counsellor.get(USERS)).await;
    transcript.say("no token", app.request("PATCH", &path(OTHER)).json(&name)).await;
    transcript.say("read nobody", admin.get(&path(nobody))).await;
    transcript.check("users_change_refused");

    let (_, other) = ask(admin.get(&path(OTHER))).await;
    assert_eq!(other["name"], "Prof. Michael Wang");
    assert_eq!(recorded(&admin, ADMIN).await, ["logged_in"]);
}

#[testkit::on_both_databases]
async fn two_administrators_who_demote_each_other_leave_one() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    add(&admin, "root@example.com", "Root", json!(["admin"])).await;
    let (_, root) = ask(admin.get(&format!("{USERS}?q=root"))).await;
    let root_id = root["users"][0]["id"].as_str().unwrap().to_owned();
    let behind = Behind::of(&app);

    let mut won = [0, 0];
    for round in 0..40 {
        let admin = app.admin().await;
        let root = app.token_of("root@example.com", "correct horse").await;
        let root = Counsellor::new(&app, root);
        let change =
            if round % 2 == 0 { json!({ "roles": [] }) } else { json!({ "is_active": false }) };
        let (one, other) =
            tokio::join!(ask(patch(&admin, &root_id, &change)), ask(patch(&root, ADMIN, &change)));
        let mut statuses = [one.0, other.0];
        won[usize::from(one.0 != 200)] += 1;
        statuses.sort_unstable();
        assert!(statuses[0] == 200 && statuses[1] > 200, "{one:?}, {other:?}");
        assert!([401, 403].contains(&statuses[1]), "{one:?}, {other:?}");
        behind
            .carry_out(
                "UPDATE users SET is_active = true, roles = 'admin' WHERE roles IN ('', 'admin', 'admin,counselor')",
                "UPDATE users SET is_active = 1, roles = 'admin' WHERE roles IN ('', 'admin', 'admin,counselor')",
            )
            .await;
    }
    println!("the first won {} times, the second {}", won[0], won[1]);
}

#[testkit::on_both_databases]
async fn a_reset_password_is_shown_once_and_has_to_be_changed() {
    let app = TestApp::spawn().await;
    let (admin, counsellor) = (app.admin().await, app.counsellor().await);
    let mut transcript = Transcript::default();
    let reset = |id: &str| admin.request("PUT", &format!("{}/password", path(id)));

    let (status, body) = ask(reset(COUNSELLOR)).await;
    assert_eq!((status, body["email"].as_str()), (200, Some("demo.counselor@example.com")));
    assert!(body["reset_at"].as_str().unwrap().ends_with('Z'), "{body}");
    let password = body["password"].as_str().unwrap();
    assert_eq!(password.len(), 12);
    assert_eq!(sessions::status(&app, &counsellor.token).await, 401);
    assert_eq!(status_of_login(&app, "demo.counselor@example.com", "demo123").await, 401);
    let mei = Counsellor::new(&app, app.token_of("demo.counselor@example.com", password).await);
    let room = mei.post("/api/rooms", &json!({ "name": "Room" })).send().await.unwrap();
    assert_eq!(body_of(room).await["code"], "password_change_required");
    assert!(recorded(&admin, COUNSELLOR).await.contains(&"password_assigned".to_owned()));

    transcript.say("no id", reset("x")).await;
    transcript.say("nobody", reset("00000000-0000-4000-8000-000000000001")).await;
    let other = app.other_counsellor().await;
    let by_other = other.request("PUT", &format!("{}/password", path(ADMIN)));
    transcript.say("a counsellor", by_other).await;
    transcript.say("no token", app.request("PUT", &format!("{}/password", path(ADMIN)))).await;
    transcript.check("users_password_refused");
}

#[testkit::on_both_databases]
async fn concurrent_resets_leave_the_password_of_one() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    for _ in 0..10 {
        let reset = || ask(admin.request("PUT", &format!("{}/password", path(OTHER))));
        let (one, other) = tokio::join!(reset(), reset());
        let mut valid = 0;
        for (status, body) in [one, other] {
            assert_eq!(status, 200, "{body}");
            let password = body["password"].as_str().unwrap();
            let login = status_of_login(&app, "demo.counselor2@example.com", password).await;
            valid += u32::from(login == 200);
        }
        assert_eq!(valid, 1);
    }
}

#[testkit::on_both_databases]
async fn a_change_that_cannot_be_recorded_is_rolled_back() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    Behind::of(&app).hide_audit_log().await;
    assert_eq!(ask(patch(&admin, OTHER, &json!({ "is_active": false }))).await.0, 500);
    assert_eq!(ask(admin.request("PUT", &format!("{}/password", path(OTHER)))).await.0, 500);
    Behind::of(&app).show_audit_log().await;
    assert_eq!(status_of_login(&app, "demo.counselor2@example.com", "demo123").await, 200);
}
