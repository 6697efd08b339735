//! Table scans that PostgreSQL counts while every route of the API is requested.

mod routes;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use testkit::Kind;
use tokio_postgres::Client;

use super::filled::Filled;
use crate::app::TestApp;
use crate::client::Counsellor;
use crate::clients::mailed_token;
use routes::Routes;

/// The tables that grow.
const TABLES: [&str; 15] = [
    "users",
    "sessions",
    "audit_log",
    "clients",
    "consultation_records",
    "consultation_screenshots",
    "counselor_notes",
    "counselor_note_versions",
    "rooms",
    "visitors",
    "files",
    "gameplay_states",
    "deleted_gameplay_states",
    "gameplay_segments",
    "idempotency_keys",
];

/// Routes that are not requested, each with the reason.
const LEFT_OUT: [(&str, &str); 7] = [
    ("DELETE /api/admin/db/table/{table_name}", "it empties a table, page by page"),
    ("GET /api/admin/db/status", "it asks for the size of the files"),
    ("GET /api/admin/db/table/{table_name}", "it counts the first rows"),
    ("GET /api/admin/db/tables", "it counts the first rows"),
    ("GET /api/admin/users", "it counts the users, and no index finds a part of a name"),
    ("GET /realtime/v1/websocket", "a join runs the same lookups as a broadcast over HTTP"),
    ("POST /api/admin/import-whitelist", "it runs the statements of a batch and of a change"),
];

/// Segments are written and read, visitors' tokens are checked in the database, and the row counts for
/// `/metrics` are off.
const SETTINGS: [(&str, &str); 3] = [
    ("CARDROOM__HISTORY__SEGMENT", "2"),
    ("CARDROOM__REALTIME__ADMISSION", "token"),
    ("CARDROOM__SERVER__COUNT_EVERY_SECS", "0"),
];

/// SQLite has no such counters, so this test runs on PostgreSQL only.
mod no_route_reads_a_whole_table {
    use super::*;

    #[test]
    fn postgres() {
        testkit::run(Kind::Postgres, async {
            let database = testkit::database().await;
            let Filled::Postgres(client) = Filled::with_rows(&database).await else {
                unreachable!("the database is PostgreSQL");
            };
            let mut before = scans(&client).await;
            let app = TestApp::spawn_on(database, &SETTINGS).await;
            let mut routes = Routes::described();
            ask_of_accounts(&mut routes, &app).await;
            ask_of_rooms(&mut routes, &app).await;
            ask_of_clients(&mut routes, &app).await;
            ask_of_operations(&mut routes, &app).await;
            flush(&client).await;

            assert_eq!(routes.left(), LEFT_OUT.map(|(route, _)| route));
            // The costs of all hashes are read once, at the start.
            let users = before.iter_mut().find(|(table, _)| table == "users").unwrap();
            users.1 += 1;
            assert_eq!(scans(&client).await, before);
            assert!(index_scans(&client).await > 80);
        });
    }
}

async fn ask_of_accounts(routes: &mut Routes, app: &TestApp) {
    let newcomer = json!({ "email": "ada@example.com", "password": "correct horse",
        "full_name": "Ada" });
    let newcomer = routes.ask(app.post("/api/auth/register", &newcomer)).await;
    let newcomer = Counsellor::new(app, text(&newcomer, "access_token"));
    let password = json!({ "old_password": "correct horse", "new_password": "another-one-1" });
    routes.ask(newcomer.post("/api/auth/change-password", &password)).await;
    let reset = json!({ "email": "demo.client@example.com" });
    let reset = routes.ask(app.post("/api/auth/forgot-password", &reset)).await;
    let reset = json!({ "token": reset["dev_token"], "new_password": "another-one-1" });
    routes.ask(app.post("/api/auth/reset-password", &reset)).await;
    routes.ask(app.post("/api/auth/init-demo-accounts", &json!({}))).await;
    routes.ask(app.get("/api/auth/demo-accounts")).await;

    let counsellor = app.counsellor().await;
    let login = json!({ "email": "demo.counselor@example.com", "password": "demo123" });
    let pair = routes.ask(app.post("/api/auth/login", &login)).await;
    let refresh = json!({ "refresh_token": pair["refresh_token"] });
    routes.ask(app.post("/api/auth/refresh", &refresh)).await;
    routes.ask(counsellor.get("/api/auth/me")).await;
    routes.ask(app.post("/api/auth/logout", &refresh)).await;
    routes.ask(counsellor.request("DELETE", "/api/auth/sessions")).await;
    let sessions = routes.ask(counsellor.get("/api/auth/sessions")).await;
    let session = format!("/api/auth/sessions/{}", text(&sessions[0], "id"));
    routes.ask(counsellor.request("DELETE", &session)).await;

    let admin = app.admin().await;
    let users = json!({ "users": [{ "email": "new@example.com" }, { "email": "7@example.com" }] });
    routes.ask(admin.post("/api/admin/users/batch", &users)).await;
    let somebody = "00000000-0000-0000-0000-000000000007";
    let sessions = format!("/api/admin/users/{somebody}/sessions");
    routes.ask(admin.get(&sessions)).await;
    routes.ask(admin.request("DELETE", &sessions)).await;
    let user = format!("/api/admin/users/{somebody}");
    routes.ask(admin.get(&user)).await;
    routes.ask(admin.request("PATCH", &user).json(&json!({ "name": "Another" }))).await;
    routes.ask(admin.request("PUT", &format!("{user}/password"))).await;
    routes.ask(admin.post("/api/admin/db/seed", &json!({ "include_test": true }))).await;
    routes.ask(admin.request("POST", "/api/admin/db/seed/test")).await;
    routes.ask(admin.get("/api/admin/audit-log")).await;
    routes.ask(admin.get(&format!("/api/admin/audit-log?account_id={somebody}"))).await;
}

async fn ask_of_rooms(routes: &mut Routes, app: &TestApp) {
    let counsellor = app.counsellor().await;
    // Each request with a key is repeated, and answered from the stored answer.
    let body = json!({ "name": "A room" });
    let open = || counsellor.post("/api/rooms", &body).header("idempotency-key", "opening");
    routes.ask(open()).await;
    let room = routes.ask(open()).await;
    let (id, code) = (text(&room, "id"), text(&room, "share_code"));
    let room = format!("/api/rooms/{id}");
    routes.ask(counsellor.get("/api/rooms")).await;
    routes.ask(counsellor.get("/api/rooms?include_inactive=true")).await;
    routes.ask(app.get(&room)).await;
    routes.ask(app.get(&format!("/api/rooms/by-code/{code}"))).await;
    routes.ask(counsellor.put(&room, &json!({ "name": "Another name" }))).await;
    let join = json!({ "name": "Mei", "session_id": "session-1" });
    let join = || app.post(&format!("/api/visitors/join-room/{code}"), &join);
    routes.ask(join()).await;
    let visitor = routes.ask(join()).await;
    let mei = Counsellor::new(app, text(&visitor, "visitor_token"));

    let part = Part::bytes(&b"%PDF-1.7"[..]).file_name("x.pdf");
    let form = Form::new().part("file", part.mime_str("application/pdf").unwrap());
    let upload = counsellor.request("POST", &format!("{room}/upload")).multipart(form);
    let file = text(&routes.ask(upload).await, "url");
    routes.ask(app.get(&file[file.find("/files/").unwrap()..])).await;

    ask_of_games(routes, &counsellor, &room).await;
    ask_of_notes(routes, &counsellor, &room).await;
    for who in [&counsellor, &mei] {
        ask_of_patches(routes, who, &room).await;
        ask_of_broadcasts(routes, who, &id).await;
    }

    let visitor = format!("/api/visitors/{}", text(&visitor, "id"));
    routes.ask(app.get(&visitor)).await;
    for method in ["PUT", "PATCH"] {
        routes.ask(app.request(method, &format!("{visitor}/heartbeat"))).await;
    }
    routes.ask(counsellor.get(&format!("/api/visitors/room/{id}"))).await;
    routes.ask(counsellor.get(&format!("{room}/statistics"))).await;
    routes.ask(app.request("DELETE", &visitor)).await;
    routes.ask(counsellor.request("DELETE", &format!("{room}/gameplay-states/game"))).await;
    routes.ask(counsellor.request("POST", &format!("{room}/close"))).await;
    routes.ask(counsellor.request("POST", &format!("{room}/restore"))).await;
    routes.ask(counsellor.request("DELETE", &room)).await;
}

async fn ask_of_clients(routes: &mut Routes, app: &TestApp) {
    let counsellor = app.counsellor().await;
    let body = json!({ "name": "Mei" });
    let create = || counsellor.post("/api/clients", &body).header("idempotency-key", "creating");
    routes.ask(create()).await;
    let client = routes.ask(create()).await;
    let path = format!("/api/clients/{}", text(&client, "id"));
    routes.ask(counsellor.get("/api/clients?search=mei&status=active")).await;
    routes.ask(counsellor.get(&path)).await;
    routes.ask(counsellor.put(&path, &json!({ "phone": "1" }))).await;
    routes.ask(counsellor.get(&format!("{path}/rooms"))).await;
    let bind = json!({ "client_id": client["id"], "email": "mei@example.com" });
    routes.ask(counsellor.post(&format!("{path}/bind-email"), &bind)).await;
    let token = mailed_token(app).await;
    routes.ask(app.get(&format!("/api/clients/verify-email?token={token}"))).await;
    let records = format!("{path}/consultation-records");
    let record = json!({ "client_id": client["id"], "room_id": client["default_room_id"],
        "session_date": "2026-11-30" });
    routes.ask(counsellor.post(&records, &record)).await;
    routes.ask(counsellor.get(&records)).await;
    let room = json!({ "name": "A room", "client_id": client["id"] });
    routes.ask(counsellor.post("/api/rooms", &room)).await;
    routes.ask(counsellor.get("/api/rooms")).await;
    routes.ask(counsellor.request("DELETE", &path)).await;
}

async fn ask_of_notes(routes: &mut Routes, owner: &Counsellor<'_>, room: &str) {
    let note = format!("{room}/notes");
    routes.ask(owner.get(&note)).await;
    for text in ["one", "two", ""] {
        routes.ask(owner.put(&note, &json!({ "content": text }))).await;
    }
    routes.ask(owner.get(&format!("{note}/history"))).await;
    routes.ask(owner.request("POST", &format!("{note}/history/1/restore"))).await;
}

async fn ask_of_games(routes: &mut Routes, owner: &Counsellor<'_>, room: &str) {
    let state = format!("{room}/gameplay-states/game");
    for version in ["one", "one", "two", "three"] {
        let save = owner.put(&state, &json!({ "state": { "version": version } }));
        routes.ask(save.header("idempotency-key", version)).await;
    }
    routes.ask(owner.get(&format!("{room}/gameplay-states"))).await;
    routes.ask(owner.get(&format!("{state}/history"))).await;
    routes.ask(owner.get(&format!("{state}/history/1"))).await;
    routes.ask(owner.request("POST", &format!("{state}/history/1/restore"))).await;
}

/// By the owner or by a visitor.
async fn ask_of_patches(routes: &mut Routes, who: &Counsellor<'_>, room: &str) {
    let state = format!("{room}/gameplay-states/game");
    for _ in 0..2 {
        let change = who.request("PATCH", &state).header("idempotency-key", "moving");
        let change = change.header("content-type", "application/merge-patch+json");
        routes.ask(change.body(r#"{"card":"like"}"#)).await;
    }
    routes.ask(who.get(&state)).await;
}

/// By the owner or by a visitor.
async fn ask_of_broadcasts(routes: &mut Routes, who: &Counsellor<'_>, room: &str) {
    let broadcast = "/realtime/v1/api/broadcast";
    let message = json!({ "topic": format!("room:{room}"), "event": "moved", "payload": {} });
    routes.ask(who.post(broadcast, &json!({ "messages": [message] }))).await;
    routes.ask(who.post(&format!("{broadcast}/room:{room}/events/moved"), &json!({}))).await;
    routes.ask(who.get(&format!("/api/rooms/{room}/presence"))).await;
}

/// Health, metrics and public routes.
async fn ask_of_operations(routes: &mut Routes, app: &TestApp) {
    for path in [
        "/",
        "/health",
        "/health/live",
        "/health/ready",
        "/health/startup",
        "/metrics",
        "/debug/db-pool",
        "/debug/db-test",
        "/api/game-rules/by-slug/skill_assessment",
    ] {
        routes.ask(app.get(path)).await;
    }
    routes.ask(app.get("/api/game-rules/types")).await;
    let counsellor = app.counsellor().await;
    let templates = routes.ask(counsellor.get("/api/game-rules/templates")).await;
    let template = format!("/api/game-rules/templates/{}", text(&templates[0], "id"));
    routes.ask(counsellor.get(&template)).await;
    let rules = routes.ask(app.get("/api/game-rules")).await;
    routes.ask(app.get(&format!("/api/game-rules/{}", text(&rules[0], "id")))).await;
}

fn text(answer: &Value, field: &str) -> String {
    answer[field].as_str().unwrap_or_else(|| panic!("no {field} in {answer}")).to_owned()
}

/// Ends the server's connections, which report their statistics when they end.
async fn flush(client: &Client) {
    let others = "FROM pg_stat_activity WHERE datname = current_database()
        AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    let end = format!("SELECT pg_terminate_backend(pid, 5000) {others}");
    client.batch_execute(&end).await.unwrap();
}

async fn scans(client: &Client) -> Vec<(String, i64)> {
    let counted = "SELECT relname::text, seq_scan FROM pg_stat_user_tables
        WHERE relname = ANY($1) ORDER BY relname";
    let rows = client.query(counted, &[&&TABLES[..]]).await.unwrap();
    assert_eq!(rows.len(), TABLES.len());
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn index_scans(client: &Client) -> i64 {
    let counted = "SELECT sum(idx_scan)::bigint FROM pg_stat_user_tables WHERE relname = ANY($1)";
    client.query_one(counted, &[&&TABLES[..]]).await.unwrap().get(0)
}
