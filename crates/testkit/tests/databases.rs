//! Each test has its own migrated database, on PostgreSQL and on SQLite.

use std::collections::HashSet;
use std::time::Duration;

use database::migrations;
use testkit::{Kind, database, kind, on_both_databases};

#[on_both_databases]
async fn a_fresh_database_is_migrated() {
    let database = database().await;

    let status = migrations::status(&database.url).await.unwrap();

    assert_eq!(database.kind, kind());
    assert!(!status.is_empty());
    assert!(status.iter().all(|migration| migration.applied));
    let missing = migrations::up(&database.url, Duration::from_secs(1)).await.unwrap();
    assert_eq!(missing, Vec::<String>::new());
}

#[on_both_databases]
async fn no_two_databases_are_the_same() {
    let (first, second) = (database().await, database().await);

    let urls = HashSet::from([first.url.expose(), second.url.expose()]);

    assert_eq!(urls.len(), 2);
}

#[on_both_databases]
async fn a_dropped_database_is_gone() {
    let database = database().await;
    let url = database.url.clone();

    drop(database);

    match kind() {
        Kind::Sqlite => assert!(!std::path::Path::new(&url.expose()["sqlite://".len()..]).exists()),
        Kind::Postgres => assert!(migrations::status(&url).await.is_err()),
    }
}

#[on_both_databases]
#[should_panic(expected = "expected")]
async fn attributes_of_a_test_go_with_both_halves() {
    panic!("expected");
}

#[on_both_databases]
async fn a_test_may_return_a_result() -> anyhow::Result<()> {
    anyhow::ensure!(!database().await.url.expose().is_empty());
    Ok(())
}
