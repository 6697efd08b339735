//! Saves that are sent while those before them still commit.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use testkit::Kind;

use super::line::check;
use super::{acknowledged, counsellors, instances, kept, path_of, save};
use crate::app::ask;
use crate::behind::Behind;
use crate::client::Counsellor;

/// Refuses a state, which no rule of ours does.
const ON_POSTGRES: &str = "
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'poison'; END
    $$;
    CREATE TRIGGER poison BEFORE UPDATE ON gameplay_states FOR EACH ROW
        WHEN (NEW.state->>'marker' LIKE 'poison%') EXECUTE FUNCTION refuse();";

/// The same on SQLite.
const ON_SQLITE: &str = "
    CREATE TRIGGER poison BEFORE UPDATE ON gameplay_states
        WHEN NEW.state->>'$.marker' LIKE 'poison%'
        BEGIN SELECT RAISE(ABORT, 'poison'); END;";

/// Lets the first update of states wait for whoever writes to `held`, before it touches a row.
const HOLD_ON_POSTGRES: &str = "
    CREATE TABLE held ();
    CREATE SEQUENCE updates;
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF nextval('updates') = 1 THEN LOCK TABLE held IN ROW EXCLUSIVE MODE; END IF;
            RETURN NULL;
        END
    $$;
    CREATE TRIGGER hold BEFORE UPDATE ON gameplay_states EXECUTE FUNCTION hold();";

/// Documents that everybody saves.
const GAMES: usize = 3;

/// Saves that come together.
const TOGETHER: usize = 9;

/// A save waits for the database, and what builds on it is sent or gathers behind it. Then the database
/// refuses it.
#[testkit::on_both_databases]
async fn what_was_sent_ahead_of_a_save_that_is_refused_is_saved_after_it() {
    let apps = instances().await;
    let counsellors = counsellors(&apps[..1]).await;
    let counsellor = &counsellors[0];
    let room = counsellor.room().await;
    let paths: Vec<_> = (0..GAMES).map(|n| path_of(&room, &format!("game-{n}"))).collect();
    let mut lines = vec![Vec::new(); GAMES];
    for (path, line) in paths.iter().zip(&mut lines) {
        line.push(acknowledged(&ask(save(counsellor, path, "first")).await.1));
    }
    let behind = Behind::of(&apps[0]);
    behind.carry_out(ON_POSTGRES, ON_SQLITE).await;

    for round in 0..3 {
        let paths = &paths;
        let crowd = async |number: u64| {
            tokio::time::sleep(Duration::from_millis(100 * number)).await;
            let send = |n: usize| {
                ask(save(counsellor, &paths[n % GAMES], &format!("{round}-{number}-{n}")))
            };
            join_all((0..TOGETHER).map(send)).await
        };
        let poisoned = ask(save(counsellor, &paths[0], &format!("poison-{round}")));
        let mut all = Box::pin(async { futures::join!(poisoned, crowd(1), crowd(2)) });
        let wait = tokio::time::timeout(Duration::from_millis(400), &mut all);
        let waited = behind.while_nobody_writes("gameplay_states", wait).await;
        assert!(waited.is_err(), "nothing held the saves");
        let ((status, answer), first, second) = all.await;

        assert_eq!((status, &answer["code"]), (500, &json!("internal_error")));
        for (n, (status, answer)) in first.iter().chain(&second).enumerate() {
            assert_eq!(*status, 200, "{answer}");
            lines[n % TOGETHER % GAMES].push(acknowledged(answer));
        }
    }
    for (path, line) in paths.iter().zip(&lines) {
        assert_eq!(check(line, &kept(counsellor, path).await), Ok(()));
    }
}

/// A save waits for the database, and what builds on it is on its way. Meanwhile another instance makes
/// the version that the first would have made, so that the second finds the version it was planned for,
/// and another document.
#[testkit::on_both_databases]
async fn what_was_sent_ahead_builds_on_no_version_of_another_instance() {
    let apps = instances().await;
    let counsellors = counsellors(&apps).await;
    let (here, there) = (&counsellors[0], counsellors.last().unwrap());
    let path = path_of(&here.room().await, "game");
    let (_, created) = ask(save(here, &path, "created")).await;
    let behind = Behind::of(&apps[0]);
    behind.carry_out(HOLD_ON_POSTGRES, "").await;

    let add = async |who: &Counsellor<'_>, key: &str, milliseconds: u64| {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        let change = who.request("PATCH", &path).body(json!({ key: true }).to_string());
        ask(change.header("content-type", "application/merge-patch+json")).await
    };
    let mut all = Box::pin(async {
        futures::join!(add(here, "first", 0), add(here, "second", 200), add(there, "other", 400))
    });
    let wait = tokio::time::timeout(Duration::from_millis(800), &mut all);
    let waited = behind.while_nobody_writes("held", wait).await;
    assert!(waited.is_err(), "nothing held the saves");
    let (first, second, other) = all.await;

    if apps[0].database.kind == Kind::Postgres {
        assert_eq!(other.1["version"], 2, "the other save was not the first: {other:?}");
    }
    let mut made = [first, second, other].map(|(status, answer)| {
        assert_eq!(status, 200, "{answer}");
        answer
    });
    made.sort_by_key(|state| state["version"].as_i64());
    let mut before = created;
    for (state, version) in made.into_iter().zip(2..) {
        let (_, past) = ask(here.get(&format!("{path}/history/{version}"))).await;
        assert_eq!((&state["version"], &past["state"]), (&json!(version), &state["state"]));
        assert!(adds_one_key(&before["state"], &state["state"]), "{before}, then {state}");
        before = state;
    }
}

/// Whether `after` is `before` and one key more.
fn adds_one_key(before: &Value, after: &Value) -> bool {
    let (before, after) = (before.as_object().unwrap(), after.as_object().unwrap());
    let kept = before.iter().all(|(key, value)| after.get(key) == Some(value));
    kept && after.len() == before.len() + 1
}
