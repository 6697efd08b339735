//! A database with so many rows that its planner would rather use an index than read them all.

use diesel::{Connection, RunQueryDsl, SqliteConnection, sql_query};
use settings::DatabaseUrl;
use testkit::TestDatabase;
use tokio_postgres::{Client, NoTls};

/// 3,000 accounts with as many sessions, resets, audit entries and stored answers, and as many rooms, every
/// tenth of which belongs to the first account; each of the first thousand rooms has six visitors and six
/// games, each with one segment of history, and three deleted games. Every account has a client, the first one
/// 300 more; each client has two records with a screenshot. Answers, segments and deletions are
/// recent: otherwise the sweep at the start would delete half a table, and rightly scan all of it.
const POSTGRES: &str = "
    CREATE FUNCTION pg_temp.id(n bigint) RETURNS uuid LANGUAGE sql
        RETURN lpad(to_hex(n), 32, '0')::uuid;
    INSERT INTO users (id, email, name, hashed_password, roles, created_at, reset_token_hash,
        reset_expires_at)
        SELECT pg_temp.id(n), n || '@example.com', 'Name', '', 'counselor', now(),
            sha256(n::text::bytea), now() FROM generate_series(1, 3000) n;
    INSERT INTO sessions (id, account_id, epoch, generation, token_hash, rotated_at, device, network,
        created_at, idle_until, ends_at)
        SELECT pg_temp.id(n), pg_temp.id(n), 0, 1, '', now(), '', '', now(),
            now() + n * interval '1 h', now() + interval '90 d' FROM generate_series(1, 3000) n;
    INSERT INTO password_resets (account_id, slot, token_hash, epoch, expires_at)
        SELECT pg_temp.id(n), 0, sha256(n::text::bytea), 0, now() + interval '1 h'
        FROM generate_series(1, 3000) n;
    INSERT INTO audit_log (id, at, action, account_id, address, device)
        SELECT pg_temp.id(n), now() - n * interval '1 h', 'logged_in', pg_temp.id(n), '', ''
        FROM generate_series(1, 3000) n;
    INSERT INTO clients (id, counselor_id, name, name_key, email, email_key, tags, status, email_verified,
        verification_hash, verification_expires_at, version, created_at, updated_at)
        SELECT pg_temp.id(n), pg_temp.id(CASE WHEN n % 10 = 0 THEN 1 ELSE n END), 'Mei', 'mei',
            n || '@example.com', n || '@example.com', '[]', 'active', false, sha256(n::text::bytea), now(),
            1, now(), now() FROM generate_series(1, 3000) n;
    INSERT INTO rooms (id, name, counselor_id, share_code, created_at, client_id)
        SELECT pg_temp.id(n), 'A room', pg_temp.id(CASE WHEN n % 10 = 0 THEN 1 ELSE n END),
            'ROOM' || n, now(), pg_temp.id(n) FROM generate_series(1, 3000) n;
    INSERT INTO visitors (id, name, room_id, session_id, joined_at, last_seen)
        SELECT pg_temp.id(n), 'Mei', pg_temp.id(1 + n % 1000), 'session-' || n, now(), now()
        FROM generate_series(1, 6000) n;
    INSERT INTO gameplay_states (id, room_id, gameplay_id, state, last_played_at, created_at,
        updated_at)
        SELECT pg_temp.id(n), pg_temp.id(1 + n % 1000), 'game-' || n, '{}', now(), now(), now()
        FROM generate_series(1, 6000) n;
    INSERT INTO deleted_gameplay_states (id, room_id, gameplay_id, version, created_at, deleted_at)
        SELECT pg_temp.id(10000 + n), pg_temp.id(1 + n % 1000), 'deleted-' || n, 10, now(),
            now() - n * interval '1 s' FROM generate_series(1, 3000) n;
    INSERT INTO gameplay_segments (state_id, last_version, saved_at, document, journal)
        SELECT pg_temp.id(n), 10, now() - n * interval '1 s', '{}', ''
        FROM generate_series(1, 6000) n;
    INSERT INTO consultation_records (id, client_id, counselor_id, room_id, session_date, topics,
        follow_up_required, created_at, updated_at)
        SELECT pg_temp.id(n), pg_temp.id(1 + n % 3000), pg_temp.id(1), pg_temp.id(n), now(), '[]', false,
            now(), now() FROM generate_series(1, 6000) n;
    INSERT INTO consultation_screenshots (record_id, file_id, added_at)
        SELECT pg_temp.id(n), pg_temp.id(n), now() FROM generate_series(1, 6000) n;
    INSERT INTO counselor_notes (room_id, content, version, created_at, updated_at)
        SELECT pg_temp.id(n), 'A note', 3, now(), now() FROM generate_series(1, 3000) n;
    INSERT INTO counselor_note_versions (room_id, version, content, bytes, saved_at, replaced_at)
        SELECT pg_temp.id(1 + n % 3000), 1 + n / 3000, 'An earlier text', 15, now(), now() - n * interval '1 s'
        FROM generate_series(0, 5999) n;
    INSERT INTO idempotency_keys (author_id, key, fingerprint, answer, answered_at)
        SELECT pg_temp.id(n), 'key-' || n, '', '{}', now() - n * interval '1 s'
        FROM generate_series(1, 3000) n;
    INSERT INTO files (id, owner_id, room_id, kind, object_key, name, content_type, bytes, created_at,
        stored_at)
        SELECT pg_temp.id(n), pg_temp.id(n), pg_temp.id(1 + n % 1000), 'upload', 'key-' || n, 'x.pdf',
            'application/pdf', 1, now(), now() FROM generate_series(1, 3000) n;
    ANALYZE;";

/// The same rows.
const SQLITE: [&str; 17] = [
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 3000)
     INSERT INTO users (id, email, name, hashed_password, roles, created_at, reset_token_hash,
        reset_expires_at)
        SELECT unhex(printf('%032x', n)), n || '@example.com', 'Name', '', 'counselor', 0,
            unhex(printf('%064x', n)), 0 FROM s",
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 3000)
     INSERT INTO sessions (id, account_id, epoch, generation, token_hash, rotated_at, device, network,
        created_at, idle_until, ends_at)
        SELECT unhex(printf('%032x', n)), unhex(printf('%032x', n)), 0, 1, X'', 0, '', '', 0, n, n
        FROM s",
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 3000)
     INSERT INTO password_resets (account_id, slot, token_hash, epoch, expires_at)
        SELECT unhex(printf('%032x', n)), 0, unhex(printf('%064x', n)), 0, n FROM s",
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 3000)
     INSERT INTO audit_log (id, at, action, account_id, address, device)
        SELECT unhex(printf('%032x', n)), n, 'logged_in', unhex(printf('%032x', n)), '', '' FROM s",
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 3000)
     INSERT INTO clients (id, counselor_id, name, name_key, email, email_key, tags, status, email_verified,
        verification_hash, verification_expires_at, version, created_at, updated_at)
        SELECT unhex(printf('%032x', n)), unhex(printf('%032x', CASE WHEN n % 10 = 0 THEN 1 ELSE n END)),
            'Mei', 'mei', n || '@example.com', n || '@example.com', '[]', 'active', 0,
            unhex(printf('%064x', n)), 0, 1, 0, 0 FROM s",
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 3000)
     INSERT INTO rooms (id, name, counselor_id, share_code, created_at, client_id)
        SELECT unhex(printf('%032x', n)), 'A room',
            unhex(printf('%032x', CASE WHEN n % 10 = 0 THEN 1 ELSE n END)), 'ROOM' || n, 0,
            unhex(printf('%032x', n)) FROM s",
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 6000)
     INSERT INTO visitors (id, name, room_id, session_id, joined_at, last_seen)
        SELECT unhex(printf('%032x', n)), 'Mei', unhex(printf('%032x', 1 + n % 1000)),
            'session-' || n, 0, 0 FROM s",
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 6000)
     INSERT INTO gameplay_states (id, room_id, gameplay_id, state, last_played_at, created_at,
        updated_at)
        SELECT unhex(printf('%032x', n)), unhex(printf('%032x', 1 + n % 1000)), 'game-' || n, '{}',
            0, 0, 0 FROM s",
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 3000)
     INSERT INTO deleted_gameplay_states (id, room_id, gameplay_id, version, created_at, deleted_at)
        SELECT unhex(printf('%032x', 10000 + n)), unhex(printf('%032x', 1 + n % 1000)),
            'deleted-' || n, 10, 0, n FROM s",
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 6000)
     INSERT INTO gameplay_segments (state_id, last_version, saved_at, document, journal)
        SELECT unhex(printf('%032x', n)), 10, n, '{}', '' FROM s",
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 6000)
     INSERT INTO consultation_records (id, client_id, counselor_id, room_id, session_date, topics,
        follow_up_required, created_at, updated_at)
        SELECT unhex(printf('%032x', n)), unhex(printf('%032x', 1 + n % 3000)), unhex(printf('%032x', 1)),
            unhex(printf('%032x', n)), 0, '[]', 0, 0, 0 FROM s",
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 6000)
     INSERT INTO consultation_screenshots (record_id, file_id, added_at)
        SELECT unhex(printf('%032x', n)), unhex(printf('%032x', n)), 0 FROM s",
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 3000)
     INSERT INTO counselor_notes (room_id, content, version, created_at, updated_at)
        SELECT unhex(printf('%032x', n)), 'A note', 3, 0, 0 FROM s",
    "WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < 5999)
     INSERT INTO counselor_note_versions (room_id, version, content, bytes, saved_at, replaced_at)
        SELECT unhex(printf('%032x', 1 + n % 3000)), 1 + n / 3000, 'An earlier text', 15, 0, n FROM s",
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 3000)
     INSERT INTO idempotency_keys (author_id, key, fingerprint, answer, answered_at)
        SELECT unhex(printf('%032x', n)), 'key-' || n, X'', '{}', n FROM s",
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 3000)
     INSERT INTO files (id, owner_id, room_id, kind, object_key, name, content_type, bytes, created_at,
        stored_at)
        SELECT unhex(printf('%032x', n)), unhex(printf('%032x', n)), unhex(printf('%032x', 1 + n % 1000)),
            'upload', 'key-' || n, 'x.pdf', 'application/pdf', 1, 0, 0 FROM s",
    "ANALYZE",
];

/// A direct connection to the filled database.
pub(super) enum Filled {
    Postgres(Client),
    Sqlite(SqliteConnection),
}

impl Filled {
    /// Fills the database.
    pub(super) async fn with_rows(database: &TestDatabase) -> Self {
        match &database.url {
            DatabaseUrl::Postgres(_) => {
                let url = database.url.expose();
                let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
                tokio::spawn(connection);
                client.batch_execute(POSTGRES).await.unwrap();
                Self::Postgres(client)
            }
            DatabaseUrl::Sqlite(path) => {
                let mut file = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
                for statement in SQLITE {
                    sql_query(statement).execute(&mut file).unwrap();
                }
                Self::Sqlite(file)
            }
        }
    }
}
