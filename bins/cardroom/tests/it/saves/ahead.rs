//! Saves that are sent to PostgreSQL while those before them still commit. SQLite sends nothing ahead, so
//! these facts have one half.

use std::time::Duration;

use chrono::Utc;
use database::DatabaseError;
use database::group_commit::{Drain, LaneLimits, Lanes};
use documents::{Bounds, Json};
use futures::FutureExt;
use futures::future::join_all;
use gameplay::{
    Author, Change, Condition, GameplayId, GameplayState, Outcome, Save, SaveWriter, Saves,
};
use ids::{AccountId, RoomId};
use serde_json::{Value, json};
use testkit::{Kind, TestDatabase};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, NoTls};

use super::line::{Saved, check};
use super::{kept, path_of};
use crate::app::TestApp;
use crate::behind::Behind;
use crate::client::Room;

/// A trigger that refuses a state, which no rule of the schema does.
const REFUSE: &str = "
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'poison'; END
    $$;
    CREATE TRIGGER poison BEFORE UPDATE ON gameplay_states FOR EACH ROW
        WHEN (NEW.state->>'marker' LIKE 'poison%') EXECUTE FUNCTION refuse();";

/// A trigger that makes the first update of states wait for a lock on `held`, before it touches a row.
pub(super) const HOLD: &str = "
    CREATE TABLE held ();
    CREATE SEQUENCE updates;
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF nextval('updates') = 1 THEN LOCK TABLE held IN ROW EXCLUSIVE MODE; END IF;
            RETURN NULL;
        END
    $$;
    CREATE TRIGGER hold BEFORE UPDATE ON gameplay_states EXECUTE FUNCTION hold();";

/// Documents that are saved.
const GAMES: usize = 3;

/// Concurrent saves.
const TOGETHER: usize = 9;

const LIMITS: LaneLimits = LaneLimits { lanes: 1, queue: 100, group: 100 };

const BOUNDS: Bounds = Bounds { bytes: 10_000, depth: 8, nodes: 100 };

/// How long a test may wait for a condition on a slow machine.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// The lane of an instance.
pub(super) fn instance(behind: &Behind) -> Saves {
    let writer = SaveWriter::new(BOUNDS, 100, 10, 1_000);
    Lanes::start(&writer, &behind.0, LIMITS, &Handle::current(), &mut Drain::default())
}

pub(super) fn document(value: &Value) -> Json {
    Json::accept(&value.to_string(), BOUNDS).unwrap()
}

pub(super) fn save(room: &Room, game: &str, change: Change) -> Save {
    let room_id: RoomId = serde_json::from_value(json!(room.id)).unwrap();
    let author = Author::Counsellor(AccountId::from_u128(1));
    let (gameplay_id, condition) = (GameplayId::trusted(game), Condition::default());
    let (attempt, restores, at) = (None, None, Utc::now());
    Save {
        room_id,
        gameplay_id,
        author,
        change,
        condition,
        precomputed: None,
        attempt,
        restores,
        at,
    }
}

fn whole(room: &Room, game: usize, marker: &str) -> Save {
    let state = document(&json!({ "marker": marker }));
    save(room, &format!("game-{game}"), Change::Replace(state))
}

pub(super) fn saved(outcome: Result<Outcome, DatabaseError>) -> GameplayState {
    match outcome {
        Ok(Outcome::Saved(state)) => state,
        other => panic!("{other:?}"),
    }
}

fn acknowledged(state: &GameplayState) -> Saved {
    let document: Value = serde_json::from_str(state.state.text()).unwrap();
    let marker = document["marker"].as_str().unwrap().to_owned();
    Saved { version: state.version, marker, base: None }
}

/// Starts a task, whose requests are in the queue when this returns.
pub(super) fn begun<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    let mut task = Box::pin(task);
    assert!((&mut task).now_or_never().is_none(), "nothing held the saves");
    tokio::spawn(task)
}

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let wait = async {
        while !holds().await {
            sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(WAIT_MAX, wait).await.is_ok(), "{what} did not happen in time");
}

pub(crate) async fn client(database: &TestDatabase) -> Client {
    let (client, connection) =
        tokio_postgres::connect(&database.url.expose(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// What a statement waits for, as PostgreSQL names it in `pg_stat_activity.wait_event`.
#[derive(Clone, Copy)]
pub(crate) enum Lock {
    /// A lock on a table.
    Table,
    /// The end of a transaction that has locked a row.
    Row,
}

/// Waits until a statement in the database of this client waits for a lock.
pub(crate) async fn until_a_statement_waits(client: &Client, lock: Lock) {
    let event = match lock {
        Lock::Table => "relation",
        Lock::Row => "transactionid",
    };
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = $1";
    until("a statement that waits", async || {
        client.query_one(waiting, &[&event]).await.unwrap().get::<_, i64>(0) > 0
    })
    .await;
}

/// A save waits for the database; a save that is based on it is sent behind it, and more saves queue up. Then
/// the database refuses the first.
mod saves_that_were_sent_ahead_of_a_refused_one_are_saved_after_it {
    use super::*;

    #[test]
    fn postgres() {
        testkit::run(Kind::Postgres, async {
            let app = TestApp::spawn().await;
            let counsellor = app.counsellor().await;
            let room = counsellor.room().await;
            let behind = Behind::of(&app);
            let (saves, client) = (instance(&behind), client(&app.database).await);
            let mut lines = vec![Vec::new(); GAMES];
            for (game, line) in lines.iter_mut().enumerate() {
                line.push(acknowledged(&saved(saves.commit(whole(&room, game, "first")).await)));
            }
            behind.carry_out(REFUSE, "").await;

            for round in 0..3 {
                let crowd = |number: usize| {
                    let (saves, room) = (saves.clone(), room.clone());
                    begun(async move {
                        join_all((0..TOGETHER).map(|n| {
                            saves.commit(whole(&room, n % GAMES, &format!("{round}-{number}-{n}")))
                        }))
                        .await
                    })
                };
                let (poisoned, first, second) = behind
                    .while_writes_are_blocked("gameplay_states", async {
                        let poison = whole(&room, 0, &format!("poison-{round}"));
                        let lane = saves.clone();
                        let poisoned = begun(async move { lane.commit(poison).await });
                        until_a_statement_waits(&client, Lock::Table).await;
                        let first = crowd(1);
                        // While a group commits, the lane takes a request only to send it ahead.
                        until("a group that is sent ahead", async || saves.waiting() < TOGETHER)
                            .await;
                        let second = crowd(2);
                        assert!(saves.waiting() >= TOGETHER, "{}", saves.waiting());
                        assert!(!poisoned.is_finished() && !first.is_finished());
                        (poisoned, first, second)
                    })
                    .await;

                let refused = poisoned.await.unwrap();
                assert!(matches!(refused, Err(DatabaseError::Refused(_))), "{refused:?}");
                for crowd in [first, second] {
                    for (n, outcome) in crowd.await.unwrap().into_iter().enumerate() {
                        lines[n % GAMES].push(acknowledged(&saved(outcome)));
                    }
                }
            }
            for (game, line) in lines.iter().enumerate() {
                let path = path_of(&room, &format!("game-{game}"));
                assert_eq!(check(line, &kept(&counsellor, &path).await), Ok(()));
            }
        });
    }
}

/// A save waits for the database, and a save that is based on it is sent behind it. In the meantime another
/// instance makes the version that the first would have made, so that the second finds the version that it
/// was planned on, with another document.
mod a_save_that_was_sent_ahead_builds_on_no_version_of_another_instance {
    use super::*;

    #[test]
    fn postgres() {
        testkit::run(Kind::Postgres, async {
            let app = TestApp::spawn().await;
            let counsellor = app.counsellor().await;
            let room = counsellor.room().await;
            let behind = Behind::of(&app);
            let (here, there) = (instance(&behind), instance(&behind));
            let client = client(&app.database).await;
            let created = Change::Replace(document(&json!({ "created": true })));
            saved(here.commit(save(&room, "game", created)).await);
            behind.carry_out(HOLD, "").await;
            let add = |lane: &Saves, key: &str| {
                let change = Change::Merge(document(&json!({ key: true })));
                let (lane, save) = (lane.clone(), save(&room, "game", change));
                begun(async move { saved(lane.commit(save).await) })
            };

            let (first, second, other) = behind
                .while_writes_are_blocked("held", async {
                    let first = add(&here, "first");
                    until_a_statement_waits(&client, Lock::Table).await;
                    let second = add(&here, "second");
                    until("a group that is sent ahead", async || here.waiting() == 0).await;
                    let other = add(&there, "other").await.unwrap();
                    assert!(!first.is_finished() && !second.is_finished());
                    (first, second, other)
                })
                .await;
            let (first, second) = (first.await.unwrap(), second.await.unwrap());

            assert_eq!([other.version, first.version, second.version], [2, 3, 4]);
            for (state, keys) in [
                (other, json!({ "created": true, "other": true })),
                (first, json!({ "created": true, "other": true, "first": true })),
                (second, json!({ "created": true, "other": true, "first": true, "second": true })),
            ] {
                let document: Value = serde_json::from_str(state.state.text()).unwrap();
                assert_eq!(document, keys);
            }
        });
    }
}
