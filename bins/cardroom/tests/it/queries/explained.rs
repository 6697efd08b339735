//! The plans of each database for statements like those of the query functions.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;

use super::filled::Filled;

/// Statements that find rows in the large tables, named after the functions that make such queries: `$1`
/// to `$3` stand for an id, a hash and a time.
///
/// Written by hand, since a query value does not expose its text: `scans` checks the real ones on
/// PostgreSQL, including those of whole groups. Left out are the three game rules, which are read faster
/// than any index, and the counts for `/metrics`, which read whole tables on purpose.
const STATEMENTS: [(&str, &str); 85] = [
    ("auth by_id", "SELECT * FROM users WHERE id = $1"),
    (
        "auth by_email",
        "SELECT * FROM users WHERE email = '7@example.com' OR email = '8@example.com'
         ORDER BY created_at",
    ),
    ("auth taken", "SELECT email FROM users WHERE email IN ('7@example.com', '8@example.com')"),
    (
        "auth replace_password, choose_password",
        "UPDATE users SET name = '' WHERE id = $1 AND hashed_password = ''",
    ),
    (
        "managed page",
        "SELECT * FROM users WHERE created_at >= $3 AND (created_at > $3 OR (created_at = $3 AND id > $1))
         ORDER BY created_at, id LIMIT 101",
    ),
    ("managed place, write, write_password", "UPDATE users SET name = '' WHERE id = $1"),
    ("managed lock", "SELECT * FROM users WHERE id IN ($1, $1) ORDER BY id"),
    ("auth assign_password", "UPDATE users SET name = '' WHERE id = $1"),
    ("resets insert", "UPDATE password_resets SET epoch = 1 WHERE account_id = $1 AND slot = 0"),
    (
        "resets find",
        "SELECT users.id FROM password_resets JOIN users ON users.id = password_resets.account_id
         WHERE token_hash = $2 AND expires_at > $3 AND epoch = users.session_epoch",
    ),
    ("resets reset_password", "UPDATE users SET name = '' WHERE id = $1 AND session_epoch = 1"),
    (
        "sessions rotate",
        "UPDATE sessions SET generation = 2 WHERE id = $1 AND generation = 1 AND token_hash = $2
         AND ended_at IS NULL AND idle_until > $3 AND ends_at > $3 AND EXISTS (
            SELECT 1 FROM users WHERE users.id = sessions.account_id
            AND users.session_epoch = sessions.epoch AND users.is_active = true)",
    ),
    (
        "sessions find",
        "SELECT * FROM sessions JOIN users ON users.id = sessions.account_id WHERE sessions.id = $1",
    ),
    (
        "sessions account_of",
        "SELECT users.* FROM sessions JOIN users ON users.id = sessions.account_id
         WHERE sessions.id = $1 AND sessions.ended_at IS NULL AND sessions.idle_until > $3
         AND sessions.ends_at > $3 AND sessions.epoch = users.session_epoch",
    ),
    (
        "sessions accounts_of",
        "SELECT users.* FROM sessions JOIN users ON users.id = sessions.account_id
         WHERE sessions.id IN ($1, $1) AND sessions.ended_at IS NULL AND sessions.idle_until > $3
         AND sessions.ends_at > $3 AND sessions.epoch = users.session_epoch",
    ),
    (
        "sessions of_account",
        "SELECT sessions.* FROM sessions JOIN users ON users.id = sessions.account_id
         WHERE sessions.account_id = $1 AND sessions.ended_at IS NULL AND sessions.idle_until > $3
         AND sessions.ends_at > $3 AND sessions.epoch = users.session_epoch
         ORDER BY sessions.rotated_at DESC, sessions.id",
    ),
    (
        "sessions surplus",
        "SELECT id FROM sessions WHERE account_id = $1 AND ended_at IS NULL
         ORDER BY rotated_at DESC, id LIMIT 2147483647 OFFSET 10",
    ),
    (
        "sessions end",
        "UPDATE sessions SET ended_at = $3 WHERE id = $1 AND account_id = $1 AND ended_at IS NULL",
    ),
    (
        "sessions end_all_except",
        "UPDATE sessions SET ended_at = $3 WHERE account_id = $1 AND id <> $1 AND ended_at IS NULL",
    ),
    ("sessions carry_over", "UPDATE sessions SET epoch = 1 WHERE id = $1"),
    (
        "sessions surplus_ended",
        "SELECT id FROM sessions WHERE account_id = $1 AND ended_at IS NOT NULL
         ORDER BY ended_at DESC, id LIMIT 100 OFFSET 1",
    ),
    ("sessions delete", "DELETE FROM sessions WHERE id IN ($1, $1)"),
    ("sessions forget_old", "DELETE FROM sessions WHERE idle_until <= $3 OR ended_at <= $3"),
    (
        "audit page",
        "SELECT * FROM audit_log WHERE at <= $3 AND (at < $3 OR (at = $3 AND id < $1))
         ORDER BY at DESC, id DESC LIMIT 50",
    ),
    (
        "audit page_of",
        "SELECT * FROM audit_log WHERE account_id = $1 AND at <= $3
         AND (at < $3 OR (at = $3 AND id < $1)) ORDER BY at DESC, id DESC LIMIT 50",
    ),
    ("audit forget_old", "DELETE FROM audit_log WHERE at < $3"),
    ("rooms room, owner", "SELECT * FROM rooms WHERE id = $1"),
    ("rooms rooms, owners", "SELECT * FROM rooms WHERE id IN ($1, $1)"),
    ("rooms room_by_code", "SELECT * FROM rooms WHERE share_code = 'ROOM7'"),
    ("rooms rooms_by_codes", "SELECT * FROM rooms WHERE share_code IN ('ROOM7', 'ROOM8')"),
    (
        "rooms rooms_of_after",
        "SELECT * FROM rooms WHERE counselor_id = $1 AND (is_active = true OR false)
         AND created_at <= $3 AND (created_at < $3 OR (created_at = $3 AND id > $1))
         ORDER BY created_at DESC, id LIMIT 1001",
    ),
    (
        "rooms count_rooms",
        "SELECT counselor_id, count(*) FROM rooms WHERE counselor_id IN ($1, $1)
         GROUP BY counselor_id",
    ),
    ("rooms ends_after", "SELECT id, is_active FROM rooms WHERE id > $1 ORDER BY id LIMIT 1000"),
    (
        "rooms delete_idle",
        "DELETE FROM rooms WHERE id IN ($1, $1) AND created_at < $3 AND is_active = false
         AND NOT EXISTS (SELECT 1 FROM visitors WHERE room_id = rooms.id AND last_seen >= $3)",
    ),
    ("rooms describe, close", "UPDATE rooms SET is_active = false WHERE id = $1 RETURNING *"),
    (
        "rooms restore",
        "UPDATE rooms SET is_active = true WHERE id = $1 AND is_active = false RETURNING *",
    ),
    ("rooms clients", "SELECT id, counselor_id, name FROM clients WHERE id IN ($1, $1)"),
    (
        "rooms rooms_of_clients",
        "SELECT * FROM rooms WHERE client_id IN ($1, $1) ORDER BY created_at DESC, id",
    ),
    ("clients client, lock_client, save_client", "SELECT * FROM clients WHERE id = $1"),
    ("clients lock_account", "SELECT id FROM users WHERE id = $1"),
    ("clients count_clients", "SELECT count(*) FROM clients WHERE counselor_id = $1"),
    (
        "clients clients_after",
        "SELECT clients.*,
            (SELECT count(*) FROM consultation_records WHERE client_id = clients.id),
            (SELECT max(session_date) FROM consultation_records WHERE client_id = clients.id)
         FROM clients WHERE counselor_id = $1 AND (status = 'active' OR false)
         AND (name_key LIKE '%mei%' ESCAPE '\\' OR email_key LIKE '%mei%' ESCAPE '\\' OR false)
         AND created_at <= $3 AND (created_at < $3 OR (created_at = $3 AND id > $1))
         ORDER BY created_at DESC, id LIMIT 1001",
    ),
    (
        "clients place_of_client",
        "SELECT created_at, id FROM clients WHERE id = $1 AND counselor_id = $1",
    ),
    (
        "clients verify",
        "UPDATE clients SET email_verified = true WHERE verification_hash = $2
         AND verification_expires_at > $3 RETURNING id",
    ),
    ("clients count_records", "SELECT count(*) FROM consultation_records WHERE client_id = $1"),
    (
        "clients records_of",
        "SELECT * FROM consultation_records WHERE client_id = $1
         ORDER BY session_date DESC, id LIMIT 10 OFFSET 10",
    ),
    (
        "clients record_counsellor, lock_record",
        "SELECT counselor_id FROM consultation_records WHERE id = $1",
    ),
    (
        "clients screenshots_of",
        "SELECT record_id, file_id FROM consultation_screenshots WHERE record_id IN ($1, $1)
         ORDER BY added_at, file_id",
    ),
    (
        "clients count_screenshots",
        "SELECT count(*) FROM consultation_screenshots WHERE record_id = $1",
    ),
    ("notes note, lock_note, save_note", "SELECT * FROM counselor_notes WHERE room_id = $1"),
    (
        "rooms lock_notes",
        "SELECT room_id FROM counselor_notes WHERE room_id IN ($1, $1) ORDER BY room_id",
    ),
    (
        "notes versions, lengths",
        "SELECT * FROM counselor_note_versions WHERE room_id = $1 ORDER BY version DESC",
    ),
    ("notes version", "SELECT * FROM counselor_note_versions WHERE room_id = $1 AND version = 1"),
    (
        "notes delete_versions",
        "DELETE FROM counselor_note_versions WHERE room_id = $1 AND version <= 1",
    ),
    ("notes delete_replaced_before", "DELETE FROM counselor_note_versions WHERE replaced_at < $3"),
    ("rooms visitor", "SELECT * FROM visitors WHERE id = $1"),
    (
        "rooms visit",
        "SELECT * FROM visitors JOIN rooms ON rooms.id = visitors.room_id WHERE visitors.id = $1",
    ),
    (
        "rooms visits",
        "SELECT * FROM visitors JOIN rooms ON rooms.id = visitors.room_id
         WHERE visitors.id IN ($1, $1)",
    ),
    (
        "rooms present",
        "SELECT * FROM visitors WHERE room_id = $1 AND is_active = true ORDER BY joined_at, id",
    ),
    (
        "rooms present_after",
        "SELECT * FROM visitors WHERE room_id = $1 AND is_active = true AND joined_at >= $3
         AND (joined_at > $3 OR (joined_at = $3 AND id > $1)) ORDER BY joined_at, id LIMIT 1001",
    ),
    (
        "rooms count_visitors",
        "SELECT room_id, count(*) FROM visitors WHERE room_id IN ($1, $1) GROUP BY room_id",
    ),
    (
        "rooms evictable",
        "SELECT id FROM visitors WHERE room_id = $1 AND (is_active = false OR last_seen < $3)
         ORDER BY last_seen LIMIT 33",
    ),
    (
        "rooms last_seen_after",
        "SELECT id, last_seen FROM visitors WHERE id > $1 ORDER BY id LIMIT 1000",
    ),
    (
        "rooms heartbeat",
        "UPDATE visitors SET last_seen = $3 WHERE id = $1 AND is_active = true RETURNING *",
    ),
    ("rooms leave", "UPDATE visitors SET is_active = false WHERE id = $1 RETURNING *"),
    ("rooms visit_statistics", "SELECT count(*), max(last_seen) FROM visitors WHERE room_id = $1"),
    (
        "gameplay state, read_current",
        "SELECT * FROM gameplay_states WHERE room_id = $1 AND gameplay_id = 'game-7'",
    ),
    (
        "gameplay index",
        "SELECT id, gameplay_id, last_played_at FROM gameplay_states WHERE room_id = $1
         ORDER BY last_played_at DESC, id",
    ),
    ("gameplay states", "SELECT * FROM gameplay_states WHERE id IN ($1, $1)"),
    (
        "gameplay games",
        "SELECT room_id, count(*) FROM gameplay_states WHERE room_id IN ($1, $1) GROUP BY room_id",
    ),
    (
        "gameplay delete",
        "DELETE FROM gameplay_states WHERE room_id = $1 AND gameplay_id = 'game-7' RETURNING *",
    ),
    (
        "gameplay delete_version",
        "DELETE FROM gameplay_states WHERE id = $1 AND version = 1 RETURNING *",
    ),
    (
        "gameplay deleted",
        "SELECT * FROM deleted_gameplay_states WHERE room_id = $1 AND gameplay_id = 'deleted-7'",
    ),
    ("gameplay delete_stored", "DELETE FROM deleted_gameplay_states WHERE deleted_at < $3"),
    ("gameplay saves", "SELECT version, last_played_at FROM gameplay_states WHERE room_id = $1"),
    ("gameplay journal", "SELECT state, journal FROM gameplay_states WHERE id = $1"),
    (
        "gameplay save_one",
        "UPDATE gameplay_states SET version = 2 WHERE id = $1 AND version = 1 RETURNING version",
    ),
    (
        "gameplay save_one, of old segments",
        "DELETE FROM gameplay_segments WHERE state_id = $1 AND last_version <= 10",
    ),
    (
        "gameplay segment_before",
        "SELECT * FROM gameplay_segments WHERE state_id = $1 AND last_version < 15
         ORDER BY last_version DESC LIMIT 1",
    ),
    (
        "gameplay segment_from",
        "SELECT * FROM gameplay_segments WHERE state_id = $1 AND last_version >= 5
         ORDER BY last_version LIMIT 1",
    ),
    ("gameplay delete_segments", "DELETE FROM gameplay_segments WHERE saved_at < $3"),
    (
        "idempotency answers",
        "SELECT * FROM idempotency_keys WHERE author_id IN ($1, $1) AND key IN ('key-7', 'key-8')",
    ),
    (
        "idempotency beyond_of",
        "SELECT answered_at FROM idempotency_keys WHERE author_id = $1
         ORDER BY answered_at DESC LIMIT 1 OFFSET 10",
    ),
    (
        "idempotency delete_of",
        "DELETE FROM idempotency_keys WHERE author_id = $1 AND answered_at <= $3",
    ),
    ("idempotency forget_old", "DELETE FROM idempotency_keys WHERE answered_at <= $3"),
];

#[testkit::on_both_databases]
async fn statements_like_ours_find_their_rows_by_an_index() {
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
                    .replace("$3", "now() - interval '1 y'");
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
