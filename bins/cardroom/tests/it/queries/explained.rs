//! The statements of the query functions, as each database plans them.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use super::filled::Filled;

/// What finds rows in the large tables, by the name of the function that makes the query: `$1` to
/// `$3` stand for an id, a hash and a moment. Written by hand, since a query value does not tell
/// its text; `scans` watches the real ones. The three game rules are read more quickly than any
/// index, and left out.
const STATEMENTS: [(&str, &str); 32] = [
    ("auth by_id", "SELECT * FROM users WHERE id = $1"),
    ("auth by_email", "SELECT * FROM users WHERE email = '7@example.com'"),
    ("auth taken", "SELECT email FROM users WHERE email IN ('7@example.com', '8@example.com')"),
    ("auth replace_password", "UPDATE users SET name = '' WHERE id = $1 AND hashed_password = ''"),
    ("auth assign_password", "UPDATE users SET name = '' WHERE email = '7@example.com'"),
    (
        "auth resettable",
        "SELECT id FROM users WHERE reset_token_hash = $2 AND reset_expires_at > $3",
    ),
    (
        "auth reset_password",
        "UPDATE users SET name = '' WHERE reset_token_hash = $2 AND reset_expires_at > $3",
    ),
    (
        "session rotate",
        "UPDATE sessions SET generation = 2 WHERE id = $1 AND generation = 1 AND EXISTS (
            SELECT 1 FROM users WHERE users.id = sessions.account_id AND is_active = true)",
    ),
    (
        "session account_of",
        "SELECT users.* FROM sessions JOIN users ON users.id = sessions.account_id
         WHERE sessions.id = $1 AND sessions.epoch = users.session_epoch",
    ),
    (
        "session accounts_of",
        "SELECT users.* FROM sessions JOIN users ON users.id = sessions.account_id
         WHERE sessions.id IN ($1, $1) AND sessions.epoch = users.session_epoch",
    ),
    (
        "session of_account",
        "SELECT * FROM sessions WHERE account_id = $1 AND ended_at IS NULL
         ORDER BY rotated_at DESC, id",
    ),
    ("session end", "UPDATE sessions SET ended_at = $3 WHERE account_id = $1 AND id IN ($1)"),
    ("session forget_old", "DELETE FROM sessions WHERE idle_until <= $3"),
    (
        "audit before",
        "SELECT * FROM audit_log WHERE at <= $3 AND (at < $3 OR (at = $3 AND id < $1))
         ORDER BY at DESC, id DESC LIMIT 50",
    ),
    (
        "audit before_of",
        "SELECT * FROM audit_log WHERE account_id = $1 AND at <= $3
         ORDER BY at DESC, id DESC LIMIT 50",
    ),
    ("audit forget_old", "DELETE FROM audit_log WHERE at < $3"),
    ("room", "SELECT * FROM rooms WHERE id = $1"),
    ("room_by_code", "SELECT * FROM rooms WHERE share_code = 'ROOM7'"),
    ("rooms_of", "SELECT * FROM rooms WHERE counselor_id = $1 ORDER BY created_at DESC, id"),
    (
        "open_rooms_of",
        "SELECT * FROM rooms WHERE counselor_id = $1 AND is_active = true
         ORDER BY created_at DESC, id",
    ),
    ("describe", "UPDATE rooms SET name = '', description = NULL WHERE id = $1 RETURNING *"),
    ("close", "UPDATE rooms SET is_active = false WHERE id = $1 RETURNING *"),
    ("restore", "UPDATE rooms SET is_active = true WHERE id = $1 AND is_active = false"),
    ("visitor", "SELECT * FROM visitors WHERE id = $1"),
    (
        "present",
        "SELECT * FROM visitors WHERE room_id = $1 AND is_active = true ORDER BY joined_at, id",
    ),
    ("heartbeat", "UPDATE visitors SET last_seen = $3 WHERE id = $1 AND is_active = true"),
    ("leave", "UPDATE visitors SET is_active = false WHERE id = $1 RETURNING *"),
    ("visits", "SELECT count(*), max(last_seen) FROM visitors WHERE room_id = $1"),
    ("state", "SELECT * FROM gameplay_states WHERE room_id = $1 AND gameplay_id = 'game-7'"),
    ("states", "SELECT * FROM gameplay_states WHERE room_id = $1 ORDER BY last_played_at DESC, id"),
    ("remove", "DELETE FROM gameplay_states WHERE room_id = $1 AND gameplay_id = 'game-7'"),
    ("saves", "SELECT count(*), max(last_played_at) FROM gameplay_states WHERE room_id = $1"),
];

#[testkit::on_both_databases]
async fn every_statement_finds_its_rows_by_an_index() {
    let database = testkit::database().await;
    let mut filled = Filled::with_rows(&database).await;

    for (name, statement) in STATEMENTS {
        let plan = filled.plan(statement).await;
        assert!(plan.contains("INDEX"), "{name}: {plan}");
        assert!(!plan.contains("SCAN"), "{name}: {plan}");
    }
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

impl Filled {
    /// The plan in capital letters, where `SCAN` stands for reading a whole table or index.
    async fn plan(&mut self, statement: &str) -> String {
        match self {
            Self::Postgres(client) => {
                let statement = statement
                    .replace("$1", "'00000000-0000-0000-0000-000000000007'::uuid")
                    .replace("$2", "sha256('7')")
                    .replace("$3", "'2026-01-01'::timestamptz");
                let plan = client.query(&format!("EXPLAIN {statement}"), &[]).await.unwrap();
                let lines: Vec<&str> = plan.iter().map(|row| row.get(0)).collect();
                let plan = lines.join("\n").to_uppercase();
                plan.replace("INDEX SCAN", "INDEX")
                    .replace("INDEX ONLY SCAN", "INDEX")
                    .replace("BITMAP HEAP SCAN", "BITMAP HEAP")
            }
            Self::Sqlite(file) => {
                let statement = statement
                    .replace("$1", "X'00000000000000000000000000000007'")
                    .replace("$2", "X'07'")
                    .replace("$3", "7");
                let steps = sql_query(format!("EXPLAIN QUERY PLAN {statement}"));
                let steps: Vec<Step> = steps.load(file).unwrap();
                let lines: Vec<String> = steps.into_iter().map(|step| step.detail).collect();
                lines.join("\n").to_uppercase()
            }
        }
    }
}
