//! The errors of both databases, each provoked: recognized by their codes, not by their messages.

use std::time::Duration;

use database::{DatabaseError, Db};
use diesel::sql_query;
use testkit::TestDatabase;
use testkit::cluster::Cluster;
use tokio::time::sleep;

use crate::behind::Behind;

/// How a database error is classified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Unavailable,
    Refused,
    InDoubt,
}

async fn answer(db: &Db, statement: &str) -> Option<Answer> {
    match db.write(sql_query(statement)).await {
        Ok(_) => None,
        Err(DatabaseError::Unavailable(_)) => Some(Answer::Unavailable),
        Err(DatabaseError::Refused(_)) => Some(Answer::Refused),
        Err(DatabaseError::InDoubt) => Some(Answer::InDoubt),
        Err(error) => panic!("{error:?}"),
    }
}

#[track_caller]
fn check(statement: &str, found: Option<Answer>, expected: Answer) {
    assert_eq!(found, Some(expected), "{statement}");
}

/// Fails with the SQLSTATE and the message that it is called with.
const FAIL: &str = "CREATE FUNCTION fail(code text, message text) RETURNS void LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message; END'";

/// SQLSTATEs of a database that is temporarily unavailable, and some that report a bug.
const CODES: [(&str, Answer); 23] = [
    ("40001", Answer::Unavailable),
    ("40P01", Answer::Unavailable),
    ("55P03", Answer::Unavailable),
    ("57014", Answer::Unavailable),
    ("25006", Answer::Unavailable),
    ("25P03", Answer::Unavailable),
    ("57P01", Answer::Unavailable),
    ("57P02", Answer::Unavailable),
    ("57P03", Answer::Unavailable),
    ("57P05", Answer::Unavailable),
    ("08006", Answer::InDoubt),
    ("08P01", Answer::InDoubt),
    ("25P04", Answer::Unavailable),
    ("53100", Answer::Unavailable),
    ("53200", Answer::Unavailable),
    ("53300", Answer::Unavailable),
    ("58030", Answer::Unavailable),
    ("58P01", Answer::Unavailable),
    ("42601", Answer::Refused),
    ("22P02", Answer::Refused),
    ("23505", Answer::Refused),
    ("23514", Answer::Refused),
    ("P0001", Answer::Refused),
];

/// The same on a server that speaks English and on one that does not.
async fn check_postgresql(db: &Db) {
    assert_eq!(answer(db, FAIL).await, None);
    for (code, expected) in CODES {
        // A message in no known language.
        let statement = format!("SELECT fail('{code}', '代码 {code}')");
        check(&statement, answer(db, &statement).await, expected);
    }
    let timeout = "SELECT pg_sleep(30)";
    check(timeout, answer(db, timeout).await, Answer::Unavailable);
    let shutdown = "SELECT pg_terminate_backend(pg_backend_pid())";
    check(shutdown, answer(db, shutdown).await, Answer::Unavailable);
    check_locks(db).await;
    let bug = "SELECT nothing FROM nowhere";
    check(bug, answer(db, bug).await, Answer::Refused);
}

/// A lock timeout, and a deadlock: two transactions that take two locks in opposite orders.
async fn check_locks(db: &Db) {
    let held = "DO 'BEGIN PERFORM pg_advisory_xact_lock(1); PERFORM pg_sleep(1.5); END'";
    let wanted = "SELECT pg_advisory_xact_lock(1)";
    let waits = async {
        sleep(Duration::from_millis(300)).await;
        answer(db, wanted).await
    };
    let (held, waits) = tokio::join!(answer(db, held), waits);
    assert_eq!(held, None);
    check(wanted, waits, Answer::Unavailable);

    let [one, other] = [(1, 2), (2, 1)].map(|(first, second)| {
        format!(
            "DO 'BEGIN SET LOCAL lock_timeout = 20000;
             PERFORM pg_advisory_xact_lock({first}); PERFORM pg_sleep(0.5);
             PERFORM pg_advisory_xact_lock({second}); END'"
        )
    });
    let (one, other) = tokio::join!(answer(db, &one), answer(db, &other));
    let failed: Vec<_> = [one, other].into_iter().flatten().collect();
    assert_eq!(failed, [Answer::Unavailable], "one of the two is the victim");
}

const SHORT: [(&str, &str); 2] = [
    ("CARDROOM__DATABASE__STATEMENT_TIMEOUT_MS", "3000"),
    ("CARDROOM__DATABASE__LOCK_TIMEOUT_MS", "500"),
];

#[testkit::on_both_databases]
async fn errors_of_both_databases_are_classified_by_code() {
    let database = testkit::database().await;
    database.expect_deadlocks();
    let Behind(db) = Behind::with(&database.url, &SHORT);
    match &db {
        Db::Postgres { .. } => check_postgresql(&db).await,
        Db::Sqlite { .. } => check_sqlite(&database, &db).await,
    }
}

async fn check_sqlite(database: &TestDatabase, db: &Db) {
    let add = "INSERT INTO __diesel_schema_migrations (version) VALUES (hex(randomblob(50000)))";
    let other = Behind::with(&database.url, &[]);
    let busy = "PRAGMA busy_timeout = 100";
    let _ = db.write(sql_query(busy)).await;
    other
        .while_writes_are_blocked("rooms", async {
            check(add, answer(db, add).await, Answer::Unavailable);
        })
        .await;

    let full = "PRAGMA max_page_count = 1";
    let _ = db.write(sql_query(full)).await;
    check(add, answer(db, add).await, Answer::Unavailable);
    let _ = db.write(sql_query("PRAGMA max_page_count = 1000000")).await;

    let _ = db.write(sql_query("PRAGMA query_only = ON")).await;
    check(add, answer(db, add).await, Answer::Unavailable);
    let _ = db.write(sql_query("PRAGMA query_only = OFF")).await;
    assert_eq!(answer(db, add).await, None);

    let bug = "DELETE FROM nowhere";
    check(bug, answer(db, bug).await, Answer::Refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_a_german_postgresql_are_classified() {
    let cluster = match Cluster::start_in_german() {
        Ok(cluster) => cluster,
        Err(error) => return testkit::left_out(format!("no German PostgreSQL: {error:#}")),
    };
    let Behind(db) = Behind::with(&cluster.url().parse().unwrap(), &SHORT);
    let error = db.write(sql_query("SELECT nothing FROM nowhere")).await.unwrap_err();
    let error = format!("{:?}", std::error::Error::source(&error));
    assert!(error.contains("existiert nicht"), "it speaks another language: {error}");

    check_postgresql(&db).await;
}
