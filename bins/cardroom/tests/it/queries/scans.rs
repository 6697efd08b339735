//! What PostgreSQL counted while every route of the API was asked.

use serde_json::json;
use testkit::Kind;
use tokio_postgres::Client;

use super::filled::Filled;
use crate::app::{TestApp, ask, body_of};

/// The tables that grow.
const TABLES: [&str; 6] =
    ["users", "sessions", "audit_log", "rooms", "visitors", "gameplay_states"];

/// SQLite counts nothing of the kind, so this fact has one half.
mod no_route_reads_a_whole_table {
    use super::*;

    #[test]
    fn postgres() {
        testkit::run(Kind::Postgres, async {
            let database = testkit::database().await;
            let Filled::Postgres(client) = Filled::with_rows(&database).await else {
                unreachable!("the database is PostgreSQL");
            };
            let before = scans(&client).await;
            let app = TestApp::spawn_on(database, &[]).await;
            ask_every_route(&app).await;
            flush(&client).await;

            assert_eq!(scans(&client).await, before);
            assert!(index_scans(&client).await > 40);
        });
    }
}

async fn ask_every_route(app: &TestApp) {
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let room_path = format!("/api/rooms/{}", room.id);
    let state = format!("{room_path}/gameplay-states/game");
    let visitor = body_of(app.join(&room.code, "session-1").await).await;
    app.join(&room.code, "session-1").await;
    let visitor = format!("/api/visitors/{}", visitor["id"].as_str().unwrap());
    let reset = json!({ "email": "demo.client@example.com" });
    let (_, reset) = ask(app.post("/api/auth/forgot-password", &reset)).await;
    let reset = json!({ "token": reset["dev_token"], "new_password": "another-one-1" });
    let users = json!({ "users": [{ "email": "new@example.com" }, { "email": "7@example.com" }] });
    let admin = app.admin().await;
    let login = json!({ "email": "demo.counselor@example.com", "password": "demo123" });
    let (_, pair) = ask(app.post("/api/auth/login", &login)).await;
    let refresh = json!({ "refresh_token": pair["refresh_token"] });

    for request in [
        counsellor.get("/api/auth/me"),
        app.post("/api/auth/refresh", &refresh),
        counsellor.get("/api/auth/sessions"),
        app.post("/api/auth/logout", &refresh),
        counsellor.request("DELETE", "/api/auth/sessions"),
        admin.get("/api/admin/audit-log"),
        admin.get("/api/admin/users/00000000-0000-0000-0000-000000000007/sessions"),
        admin.request("DELETE", "/api/admin/users/00000000-0000-0000-0000-000000000007/sessions"),
        admin.get("/api/admin/audit-log?account_id=00000000-0000-0000-0000-000000000007"),
        app.post("/api/auth/reset-password", &reset),
        app.post("/api/auth/init-demo-accounts", &json!({})),
        admin.post("/api/admin/users/batch", &users),
        counsellor.get("/api/rooms"),
        counsellor.get("/api/rooms?include_inactive=true"),
        app.get(&room_path),
        app.get(&format!("/api/rooms/by-code/{}", room.code)),
        counsellor.put(&room_path, &json!({ "name": "Another name" })),
        counsellor.put(&state, &json!({ "state": {} })),
        counsellor.put(&state, &json!({ "state": {} })),
        counsellor.get(&state),
        counsellor.get(&format!("{room_path}/gameplay-states")),
        counsellor.get(&format!("{room_path}/statistics")),
        counsellor.request("DELETE", &state),
        counsellor.get(&format!("/api/visitors/room/{}", room.id)),
        app.get(&visitor),
        app.request("PUT", &format!("{visitor}/heartbeat")),
        app.request("DELETE", &visitor),
        counsellor.request("POST", &format!("{room_path}/close")),
        counsellor.request("POST", &format!("{room_path}/restore")),
        counsellor.request("DELETE", &room_path),
    ] {
        let (status, answer) = ask(request).await;
        assert!((200..300).contains(&status), "{status}: {answer}");
    }
}

/// Ends the server's connections, which report what they counted as they go.
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
