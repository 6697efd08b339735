//! The database as administrators see it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::app::{TestApp, ask};
use crate::auth::{sessions, status_of_login};
use crate::behind::Behind;
use crate::client::Counsellor;
use crate::transcript::Transcript;

const SCHEMA: &str = include_str!("../../../../../crates/database/src/schema.rs");

fn table(name: &str) -> String {
    format!("/api/admin/db/table/{name}")
}

/// The page of a table.
async fn page(admin: &Counsellor<'_>, name: &str, query: &str) -> Value {
    let (status, body) = ask(admin.get(&format!("{}?{query}", table(name)))).await;
    assert_eq!(status, 200, "{name}: {body}");
    body
}

/// The number of rows of a table.
async fn rows(admin: &Counsellor<'_>, name: &str) -> i64 {
    page(admin, name, "limit=1").await["total"].as_i64().unwrap()
}

/// The tables of the schema, each with its columns.
fn schema() -> Vec<(String, BTreeSet<String>)> {
    let mut tables: Vec<(String, BTreeSet<String>)> = Vec::new();
    for line in SCHEMA.lines() {
        let line = line.trim();
        if let Some((name, _)) = line.strip_suffix(") {").and_then(|it| it.split_once(" (")) {
            tables.push((name.to_owned(), BTreeSet::new()));
        } else if let Some((column, _)) = line.split_once(" -> ")
            && let Some((_, columns)) = tables.last_mut().filter(|_| line.ends_with(','))
        {
            columns.insert(column.to_owned());
        }
    }
    tables
}

/// Fills every table that a request can fill.
async fn fill(app: &TestApp) {
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    assert_eq!(app.join(&room.code, "secret-session-id").await.status(), 201);
    let state = |game: &str| format!("/api/rooms/{}/gameplay-states/{game}", room.id);
    for game in ["kept", "deleted"] {
        for n in 0..3 {
            let body = json!({ "state": { "secret document": n } });
            let save = counsellor.put(&state(game), &body);
            let key = format!("secret-key-{game}-{n}");
            assert_eq!(ask(save.header("idempotency-key", key)).await.0, 200);
        }
    }
    assert_eq!(ask(counsellor.request("DELETE", &state("deleted"))).await.0, 200);
    let forgot = json!({ "email": "demo.client@example.com" });
    assert_eq!(ask(app.post("/api/auth/forgot-password", &forgot)).await.0, 200);
}

#[testkit::on_both_databases]
async fn only_listed_columns_are_shown_and_no_secret_in_any_table() {
    let app = TestApp::spawn_with(&[("CARDROOM__HISTORY__SEGMENT", "2")]).await;
    let admin = app.admin().await;
    fill(&app).await;
    let behind = Behind::of(&app);
    let mut secrets: Vec<String> =
        ["secret-session-id", "secret document", "secret-key", "$2b$", "\"hash"]
            .map(str::to_owned)
            .into();
    secrets.push(behind.hash("demo.admin@example.com").await);
    for hash in behind.session_hashes().await.into_iter().chain(behind.reset_hashes().await) {
        secrets.push(hash.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")));
    }

    let (mut shown, mut hidden) = (BTreeSet::new(), BTreeSet::new());
    for (name, columns) in schema() {
        let (status, body) = ask(admin.get(&table(&name))).await;
        if status == 404 {
            hidden.insert(name);
            continue;
        }
        assert_eq!(status, 200, "{name}: {body}");
        let listed: BTreeSet<String> = body["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap().to_owned())
            .collect();
        assert!(listed.is_subset(&columns), "{name}: {listed:?}");
        let data = body["data"].as_array().unwrap();
        assert!(!data.is_empty(), "{name} has no rows to look at");
        for row in data {
            let keys: BTreeSet<String> = row.as_object().unwrap().keys().cloned().collect();
            assert_eq!(keys, listed, "{name}");
        }
        let text = body.to_string();
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} in {name}: {text}");
        }
        shown.insert(name);
    }
    let (_, tables) = ask(admin.get("/api/admin/db/tables")).await;
    let tables: BTreeSet<String> = tables
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(tables, shown);
    for name in ["gameplay_segments", "idempotency_keys", "password_resets"] {
        assert!(hidden.contains(name), "{name}");
    }
}

#[testkit::on_both_databases]
async fn tables_are_read_in_pages() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let all = page(&admin, "users", "").await;
    assert_eq!((&all["total"], &all["limit"], &all["offset"]), (&json!(4), &json!(100), &json!(0)));
    assert_eq!((&all["is_estimate"], &all["next"]), (&json!(false), &Value::Null));
    let all = all["data"].as_array().unwrap().clone();

    let (mut counted, mut keyed) = (Vec::new(), Vec::new());
    for offset in 0..5 {
        let page = page(&admin, "users", &format!("limit=1&offset={offset}")).await;
        counted.extend(page["data"].as_array().unwrap().clone());
    }
    let mut query = "limit=3".to_owned();
    loop {
        let page = page(&admin, "users", &query).await;
        keyed.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        query = format!("limit=3&after={next}");
    }
    assert_eq!((&counted, &keyed), (&all, &all));

    let mut transcript = Transcript::default();
    transcript.say("tables", admin.get("/api/admin/db/tables")).await;
    transcript.say("rules", admin.get(&format!("{}?limit=1", table("game_rule_templates")))).await;
    for bad in ["limit=0", "limit=501", "limit=-1", "offset=-1", "offset=100001", "after=x"] {
        transcript.say(bad, admin.get(&format!("{}?{bad}", table("users")))).await;
    }
    for name in ["password_resets", "pg_user", "users;", "USERS", "__diesel_schema_migrations"] {
        transcript.say(name, admin.get(&table(name))).await;
    }
    transcript.check("database_tables");
}

#[testkit::on_both_databases]
async fn many_rows_are_estimated() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    let insert = |id: &str, now: &str, numbers: &str| {
        format!(
            "INSERT INTO audit_log (id, at, action, address, device)
             SELECT {id}, {now}, 'x', 'x', 'x' FROM {numbers}; ANALYZE audit_log;"
        )
    };
    let postgres = insert("gen_random_uuid()", "now()", "generate_series(1, 12000)");
    let numbers = "(WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers
         WHERE n < 12000) SELECT n FROM numbers)";
    let sqlite = insert("randomblob(16)", "unixepoch() * 1000000", numbers);
    Behind::of(&app).carry_out(&postgres, &sqlite).await;

    let page = page(&admin, "audit_log", "limit=2&offset=11000").await;
    assert_eq!(page["is_estimate"], true);
    let total = page["total"].as_i64().unwrap();
    assert!((11_900..12_200).contains(&total), "{total}");
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
}

#[testkit::on_both_databases]
async fn the_status_names_the_database_and_its_size() {
    let app = TestApp::spawn().await;
    let (status, body) = ask(app.admin().await.get("/api/admin/db/status")).await;
    assert_eq!((status, &body["status"]), (200, &json!("connected")));
    assert!(!body["database"].as_str().unwrap().is_empty(), "{body}");
    let size = body["size"].as_str().unwrap();
    assert!(size.ends_with(" kB") || size.ends_with(" MB"), "{size}");
}

#[testkit::on_both_databases]
async fn cleared_states_are_neither_served_nor_resurrected() {
    let app = TestApp::spawn_with(&[("CARDROOM__HISTORY__SEGMENT", "2")]).await;
    let (admin, counsellor) = (app.admin().await, app.counsellor().await);
    let room = counsellor.room().await;
    let state = format!("/api/rooms/{}/gameplay-states/game", room.id);
    let save = async |body: Value| ask(counsellor.put(&state, &json!({ "state": body }))).await;
    let mut last = Value::Null;
    for n in 0..5 {
        last = save(json!({ "n": n, "old": "yes" })).await.1;
    }
    assert_eq!(last["version"], 5);

    let (status, cleared) = ask(admin.request("DELETE", &table("gameplay_states"))).await;
    let expected = json!({
        "status": "success",
        "message": "Table 'gameplay_states' cleared successfully",
        "deleted": 1,
        "also_cleared": ["gameplay_segments"],
    });
    assert_eq!((status, cleared), (200, expected));
    assert_eq!(ask(counsellor.get(&state)).await.0, 404);
    assert_eq!(ask(counsellor.get(&format!("{state}/history"))).await.0, 404);
    assert_eq!(rows(&admin, "gameplay_states").await, 0);

    // A patch is not applied to the document that the lane remembers.
    let patch =
        counsellor.request("PATCH", &state).header("content-type", "application/merge-patch+json");
    let (status, patched) = ask(patch.body(r#"{"new":"yes"}"#)).await;
    if status == 200 {
        assert_eq!((&patched["state"], &patched["version"]), (&json!({ "new": "yes" }), &json!(1)));
    } else {
        assert_eq!(status, 404, "{patched}");
    }
    let (status, saved) = save(json!({ "n": 1 })).await;
    assert_eq!((status, &saved["state"]), (200, &json!({ "n": 1 })));
    assert_ne!(saved["id"], last["id"]);
    assert!(saved["version"].as_i64().unwrap() <= 2, "{saved}");
    let (_, history) = ask(counsellor.get(&format!("{state}/history"))).await;
    assert!(!history.to_string().contains("old"), "{history}");
}

#[testkit::on_both_databases]
async fn saves_beside_a_clear_are_kept_or_gone_as_a_whole() {
    let app = TestApp::spawn().await;
    let (admin, counsellor) = (app.admin().await, app.counsellor().await);
    let room = counsellor.room().await;
    for round in 0..10 {
        let saves = async {
            for n in 0..20 {
                let state = format!("/api/rooms/{}/gameplay-states/game-{}", room.id, n % 5);
                let body = json!({ "state": { "round": round, "n": n } });
                let (status, saved) = ask(counsellor.put(&state, &body)).await;
                assert_eq!((status, &saved["state"]), (200, &body["state"]), "{saved}");
            }
        };
        let clear = ask(admin.request("DELETE", &table("gameplay_states")));
        let ((), (status, cleared)) = tokio::join!(saves, clear);
        assert_eq!(status, 200, "{cleared}");
    }
    assert_eq!(ask(admin.request("DELETE", &table("gameplay_states"))).await.0, 200);
    assert_eq!(rows(&admin, "gameplay_states").await, 0);
}

#[testkit::on_both_databases]
async fn cleared_rooms_are_gone_with_all_that_belongs_to_them() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    fill(&app).await;
    let counsellor = app.counsellor().await;
    for _ in 0..25 {
        counsellor.room().await;
    }
    let room = counsellor.room().await;
    // The owner is cached now.
    let states = format!("/api/rooms/{}/gameplay-states", room.id);
    assert_eq!(
        ask(counsellor.put(&format!("{states}/game"), &json!({ "state": {} }))).await.0,
        200
    );
    let visitor = app.join(&room.code, "session").await;
    let visitor: Value = visitor.json().await.unwrap();

    let (answered, cleared) = ask(admin.request("DELETE", &table("rooms"))).await;
    assert_eq!((answered, &cleared["deleted"]), (200, &json!(27)), "{cleared}");
    for name in ["rooms", "visitors", "gameplay_states", "deleted_gameplay_states"] {
        assert_eq!(rows(&admin, name).await, 0, "{name}");
    }
    assert_eq!(ask(app.get(&format!("/api/rooms/{}", room.id))).await.0, 404);
    assert_eq!(ask(counsellor.get(&states)).await.0, 404);
    let save = counsellor.put(&format!("{states}/game"), &json!({ "state": {} }));
    assert_eq!(ask(save).await.0, 404);
    assert_eq!(app.join(&room.code, "session").await.status(), 404);
    let heartbeat = format!("/api/visitors/{}/heartbeat", visitor["id"].as_str().unwrap());
    assert_eq!(ask(app.request("PUT", &heartbeat)).await.0, 404);
    assert_eq!(rows(&admin, "users").await, 4);
    let room = counsellor.room().await;
    assert_eq!(app.join(&room.code, "session").await.status(), 201);
}

#[testkit::on_both_databases]
async fn visitors_and_deleted_states_are_cleared_alone() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    fill(&app).await;
    for name in ["visitors", "deleted_gameplay_states"] {
        assert_eq!(rows(&admin, name).await, 1, "{name}");
        let (status, cleared) = ask(admin.request("DELETE", &table(name))).await;
        assert_eq!((status, &cleared["deleted"]), (200, &json!(1)), "{name}");
        assert_eq!(rows(&admin, name).await, 0, "{name}");
        let again = ask(admin.request("DELETE", &table(name))).await;
        assert_eq!((again.0, &again.1["deleted"]), (200, &json!(0)), "{name}");
    }
    assert_eq!((rows(&admin, "rooms").await, rows(&admin, "gameplay_states").await), (1, 1));
    let (_, log) = ask(admin.get("/api/admin/audit-log")).await;
    let actions: Vec<&str> = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["action"].as_str().unwrap())
        .collect();
    for action in ["visitors_cleared", "deleted_gameplay_states_cleared"] {
        assert_eq!(actions.iter().filter(|it| **it == action).count(), 2, "{actions:?}");
    }
}

#[testkit::on_both_databases]
async fn protected_tables_and_clears_that_cannot_be_recorded_are_refused() {
    let app = TestApp::spawn().await;
    let (admin, counsellor) = (app.admin().await, app.counsellor().await);
    counsellor.room().await;
    let mut transcript = Transcript::default();
    let clear = |by: &Counsellor<'_>, name: &str| by.request("DELETE", &table(name));
    let mut refused: Vec<String> = schema().into_iter().map(|(name, _)| name).collect();
    let allowed = ["deleted_gameplay_states", "gameplay_states", "rooms", "visitors"];
    refused.retain(|it| !allowed.contains(&it.as_str()));
    for name in &refused {
        let status = ask(clear(&admin, name)).await.0;
        assert!([403, 404].contains(&status), "{name}: {status}");
    }
    for name in [
        "users",
        "sessions",
        "audit_log",
        "game_rule_templates",
        "idempotency_keys",
        "alembic_version",
        "__diesel_schema_migrations",
        "nothing",
    ] {
        transcript.say(name, clear(&admin, name)).await;
    }
    transcript.say("a counsellor", clear(&counsellor, "rooms")).await;
    transcript.say("no token", app.request("DELETE", &table("rooms"))).await;
    transcript.check("database_protected");
    for path in ["status", "tables", "table/users"] {
        let path = format!("/api/admin/db/{path}");
        assert_eq!(ask(counsellor.get(&path)).await.0, 403, "{path}");
        assert_eq!(ask(app.get(&path)).await.0, 401, "{path}");
    }

    Behind::of(&app).hide_audit_log().await;
    assert_eq!(ask(clear(&admin, "rooms")).await.0, 500);
    Behind::of(&app).show_audit_log().await;
    assert_eq!(rows(&admin, "rooms").await, 1);
}

#[testkit::on_both_databases]
async fn demo_data_is_created_once_and_only_where_the_profile_has_it() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;
    Behind::of(&app).delete("demo.client@example.com").await;
    let seed = |body: Value| ask(admin.post("/api/admin/db/seed", &body));
    let success = |message: &str| (200, json!({ "status": "success", "message": message }));

    let production = success("Database seeded with production data");
    assert_eq!(seed(json!({ "include_test": false })).await, production);
    assert_eq!(seed(json!({})).await, production);
    assert_eq!(ask(admin.request("POST", "/api/admin/db/seed")).await, production);
    assert_eq!(status_of_login(&app, "demo.client@example.com", "demo123").await, 200);
    assert_eq!(status_of_login(&app, "test@example.com", "demo123").await, 401);

    let both = success("Database seeded with production and test data");
    assert_eq!(seed(json!({ "include_test": true })).await, both);
    let query = admin.request("POST", "/api/admin/db/seed?include_test=true");
    assert_eq!(ask(query).await, both);
    let test = ask(admin.request("POST", "/api/admin/db/seed/test")).await;
    assert_eq!(test, success("Database seeded with test data"));
    for (email, password) in [
        ("test@example.com", "demo123"),
        ("counselor@example.com", "password123"),
        ("admin@example.com", "admin123"),
    ] {
        assert_eq!(status_of_login(&app, email, password).await, 200, "{email}");
    }
    assert_eq!(rows(&admin, "users").await, 7);
    assert_eq!(seed(json!({ "include_test": "perhaps" })).await.0, 422);
    let counsellor = app.counsellor().await;
    assert_eq!(ask(counsellor.post("/api/admin/db/seed", &json!({}))).await.0, 403);
    assert_eq!(sessions::status(&app, &admin.token).await, 200);

    // The same database under a profile without demo accounts.
    let database = app.database.clone();
    let strict = TestApp::spawn_on(database, &[("CARDROOM__AUTH__DEMO_ACCOUNTS", "false")]).await;
    let admin = strict.admin().await;
    for path in ["/api/admin/db/seed", "/api/admin/db/seed/test"] {
        let (status, body) = ask(admin.post(path, &json!({}))).await;
        assert_eq!((status, body["code"].as_str()), (403, Some("no_demo_accounts")), "{path}");
    }
}
