//! Deletion of old rows.

use std::time::Duration;

use chrono::TimeDelta;
use database::schema::{audit_log, gameplay_segments, idempotency_keys, rooms, sessions, visitors};
use diesel::prelude::*;
use serde_json::{Value, json};
use testkit::Kind;

use crate::app::{TestApp, ask};
use crate::behind::Behind;
use crate::client::Room;
use crate::saves::ahead::{Lock, client, until_a_statement_waits};

/// Short enough that a few saves fill some.
const SEGMENT: [(&str, &str); 2] =
    [("CARDROOM__HISTORY__SEGMENT", "5"), ("CARDROOM__HISTORY__VERSIONS", "1000")];

/// Numbers of rows: of the history, of stored answers, of sessions, of the audit log.
type Rows = [i64; 4];

#[testkit::on_both_databases]
async fn only_rows_that_are_old_enough_are_deleted() {
    let app = TestApp::spawn_with(&SEGMENT).await;
    let counsellor = app.counsellor().await;
    let path = format!("/api/rooms/{}/gameplay-states/game", counsellor.room().await.id);
    for n in 1..=12 {
        let save = counsellor.put(&path, &json!({ "state": { "n": n } }));
        assert_eq!(ask(save.header("idempotency-key", n.to_string())).await.0, 200);
    }
    let behind = Behind::of(&app);
    let before = behind.rows().await;
    assert_eq!(before, [2, 12, 1, 1]);

    // Each is an hour older than its retention time.
    let (history, answers, sessions, log) = (30, 1, 30, 365);
    let age = |column: &'static str, table: &'static str, days: i64| {
        let behind = &behind;
        async move { behind.age(column, table, TimeDelta::days(days) - TimeDelta::hours(1)).await }
    };
    age("saved_at", "gameplay_segments", history).await;
    age("answered_at", "idempotency_keys", answers).await;
    age("idle_until", "sessions", sessions).await;
    age("at", "audit_log", log).await;
    let next = TestApp::spawn_on(app.database.clone(), &SEGMENT).await;
    assert_eq!(behind.rows_after(&next, before).await, before);

    for (column, table) in [
        ("saved_at", "gameplay_segments"),
        ("answered_at", "idempotency_keys"),
        ("idle_until", "sessions"),
        ("at", "audit_log"),
    ] {
        behind.age(column, table, TimeDelta::hours(2)).await;
    }
    let last = TestApp::spawn_on(app.database.clone(), &SEGMENT).await;
    assert_eq!(behind.rows_after(&last, [0; 4]).await, [0; 4]);

    let counsellor = last.counsellor().await;
    let (_, state) = ask(counsellor.get(&path)).await;
    assert_eq!((&state["version"], &state["state"]["n"]), (&json!(12), &json!(12)));
    let (_, history) = ask(counsellor.get(&format!("{path}/history"))).await;
    let kept: Vec<&Value> =
        history["versions"].as_array().unwrap().iter().map(|it| &it["version"]).collect();
    assert_eq!(kept, [12, 11], "what is in the state itself stays");
    let again = counsellor.put(&path, &json!({ "state": { "n": "again" } }));
    let (_, saved) = ask(again.header("idempotency-key", "1")).await;
    assert_eq!(saved["version"], 13, "a key that was forgotten stands for another request");
}

#[testkit::on_both_databases]
async fn visitors_who_are_not_seen_for_long_are_deleted_and_idle_rooms_when_asked_for() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let (open, closed, played) =
        (counsellor.room().await, counsellor.room().await, counsellor.room().await);
    app.join(&open.code, "old").await;
    let behind = Behind::of(&app);
    behind.age("last_seen", "visitors", TimeDelta::days(366)).await;
    app.join(&open.code, "young").await;
    for room in [&closed, &played] {
        let path = format!("/api/rooms/{}", room.id);
        assert_eq!(ask(counsellor.request("DELETE", &path)).await.0, 200);
    }
    let game = |room: &Room| format!("/api/rooms/{}/gameplay-states/game", room.id);
    for room in [&open, &closed, &played] {
        let save = counsellor.put(&game(room), &json!({ "state": {} }));
        assert_eq!(ask(save).await.0, 200);
    }
    behind.age("created_at", "rooms", TimeDelta::days(31)).await;
    behind.age("last_played_at", "gameplay_states", TimeDelta::days(31)).await;
    assert_eq!(ask(counsellor.put(&game(&played), &json!({ "state": {} }))).await.0, 200);

    let next = TestApp::spawn_on(app.database.clone(), &[]).await;
    assert_eq!(behind.rooms_and_visitors_after(&next, [3, 1]).await, [3, 1]);
    let asked_for = [("CARDROOM__ROOMS__ENDED_DAYS", "30")];
    let last = TestApp::spawn_on(app.database.clone(), &asked_for).await;
    assert_eq!(behind.rooms_and_visitors_after(&last, [2, 1]).await, [2, 1]);

    let found = async |room: &Room| ask(last.get(&format!("/api/rooms/{}", room.id))).await.0;
    assert_eq!((found(&open).await, found(&closed).await, found(&played).await), (200, 404, 200));
}

#[testkit::on_both_databases]
async fn an_ended_session_is_kept_for_the_configured_days() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    assert_eq!(ask(counsellor.post("/api/auth/logout", &json!({}))).await.0, 200);
    let behind = Behind::of(&app);
    let before = behind.rows().await;

    behind.age("ended_at", "sessions", TimeDelta::days(7) - TimeDelta::hours(1)).await;
    let next = TestApp::spawn_on(app.database.clone(), &[]).await;
    assert_eq!(behind.rows_after(&next, before).await, before);

    behind.age("ended_at", "sessions", TimeDelta::hours(2)).await;
    let last = TestApp::spawn_on(app.database.clone(), &[]).await;
    let [segments, answers, _, log] = before;
    let expected = [segments, answers, 0, log];
    assert_eq!(behind.rows_after(&last, expected).await, expected);
}

#[testkit::on_both_databases]
async fn a_step_that_fails_does_not_stop_the_others() {
    let app = TestApp::spawn().await;
    let room = app.counsellor().await.room().await;
    app.join(&room.code, "old").await;
    let behind = Behind::of(&app);
    behind.age("last_seen", "visitors", TimeDelta::days(366)).await;
    behind.hide_audit_log().await;

    let next = TestApp::spawn_on(app.database.clone(), &[]).await;

    assert_eq!(behind.rooms_and_visitors_after(&next, [1, 0]).await, [1, 0]);
}

#[testkit::on_both_databases]
async fn idle_rooms_are_all_deleted_however_many_there_are() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    for _ in 0..45 {
        let room = counsellor.room().await;
        assert_eq!(
            ask(counsellor.request("DELETE", &format!("/api/rooms/{}", room.id))).await.0,
            200
        );
    }
    counsellor.room().await;
    let behind = Behind::of(&app);
    behind.age("created_at", "rooms", TimeDelta::days(31)).await;

    let asked_for = [("CARDROOM__ROOMS__ENDED_DAYS", "30")];
    let next = TestApp::spawn_on(app.database.clone(), &asked_for).await;
    assert_eq!(behind.rooms_and_visitors_after(&next, [1, 0]).await, [1, 0]);
}

/// On SQLite writes run one after another.
mod a_room_in_which_a_game_is_saved_while_it_is_to_be_deleted_is_kept {
    use super::*;

    #[test]
    fn postgres() {
        testkit::run(Kind::Postgres, async {
            let app = TestApp::spawn().await;
            let counsellor = app.counsellor().await;
            let room = counsellor.room().await;
            let path = format!("/api/rooms/{}", room.id);
            let game = format!("{path}/gameplay-states/game");
            let save = counsellor.put(&game, &json!({ "state": {} }));
            assert_eq!(ask(save).await.0, 200);
            assert_eq!(ask(counsellor.request("DELETE", &path)).await.0, 200);
            let behind = Behind::of(&app);
            behind.age("created_at", "rooms", TimeDelta::days(31)).await;
            behind.age("last_played_at", "gameplay_states", TimeDelta::days(31)).await;
            let client = client(&app.database).await;
            let save = "BEGIN; UPDATE gameplay_states SET last_played_at = now()";
            client.batch_execute(save).await.unwrap();

            let asked_for = [("CARDROOM__ROOMS__ENDED_DAYS", "30")];
            let next = TestApp::spawn_on(app.database.clone(), &asked_for).await;
            until_a_statement_waits(&client, Lock::Row).await;
            client.batch_execute("COMMIT").await.unwrap();

            assert_eq!(behind.rooms_and_visitors_after(&next, [1, 0]).await, [1, 0]);
        });
    }
}

#[testkit::on_both_databases]
async fn reset_tokens_are_deleted_once_they_expired() {
    let app = TestApp::spawn().await;
    let forgot = |email: &str| app.post("/api/auth/forgot-password", &json!({ "email": email }));
    let behind = Behind::of(&app);
    assert_eq!(ask(forgot("demo.counselor@example.com")).await.0, 200);
    // More than one statement deletes.
    let columns =
        "password_resets (account_id, slot, token_hash, epoch, expires_at) SELECT account_id";
    let postgres = format!(
        "INSERT INTO {columns}, n, sha256(n::text::bytea), 0, expires_at \
         FROM password_resets, generate_series(10, 2509) n"
    );
    let sqlite = format!(
        "WITH RECURSIVE numbers(n) AS (SELECT 10 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2509) \
         INSERT INTO {columns}, n, randomblob(32), 0, expires_at FROM password_resets, numbers"
    );
    behind.carry_out(&postgres, &sqlite).await;
    assert_eq!(behind.reset_hashes().await.len(), 2501);
    behind.age("expires_at", "password_resets", TimeDelta::minutes(31)).await;
    assert_eq!(ask(forgot("demo.admin@example.com")).await.0, 200);

    let next = TestApp::spawn_on(app.database.clone(), &[]).await;
    assert_eq!(ask(next.get("/health")).await.0, 200);
    for _ in 0..500 {
        if behind.reset_hashes().await.len() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(behind.reset_hashes().await.len(), 1, "a valid token stays");
}

impl Behind {
    async fn rooms_and_visitors(&self) -> [i64; 2] {
        [
            self.0.read_one(rooms::table.count()).await.unwrap().unwrap(),
            self.0.read_one(visitors::table.count()).await.unwrap().unwrap(),
        ]
    }

    /// The rooms and visitors after a server has begun to delete old rows.
    async fn rooms_and_visitors_after(&self, app: &TestApp, expected: [i64; 2]) -> [i64; 2] {
        assert_eq!(ask(app.get("/health")).await.0, 200);
        for _ in 0..500 {
            if self.rooms_and_visitors().await == expected {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // A wrong deletion would happen in this moment.
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.rooms_and_visitors().await
    }

    async fn rows(&self) -> Rows {
        let count =
            async |answer: Result<Option<i64>, database::DatabaseError>| answer.unwrap().unwrap();
        [
            count(self.0.read_one(gameplay_segments::table.count()).await).await,
            count(self.0.read_one(idempotency_keys::table.count()).await).await,
            count(self.0.read_one(sessions::table.count()).await).await,
            count(self.0.read_one(audit_log::table.count()).await).await,
        ]
    }

    /// The rows after a server has begun to delete old rows, which it does at its start.
    async fn rows_after(&self, app: &TestApp, expected: Rows) -> Rows {
        assert_eq!(ask(app.get("/health")).await.0, 200);
        for _ in 0..500 {
            if self.rows().await == expected {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // A wrong deletion would happen in this moment.
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.rows().await
    }

    /// Moves the times in a column of a table into the past.
    async fn age(&self, column: &str, table: &str, by: TimeDelta) {
        let seconds = by.num_seconds();
        let postgres = format!("UPDATE {table} SET {column} = {column} - interval '{seconds} s'");
        let sqlite = format!("UPDATE {table} SET {column} = {column} - {seconds} * 1000000");
        self.carry_out(&postgres, &sqlite).await;
    }
}
