//! Saves whose state was changed by another request since it was read or the save was planned.

use std::time::Duration;

use database::idempotency::{IdempotentRequest, InFlight};
use futures::future::join;
use gameplay::{Author, Change, Condition, Deleted, Outcome, Save, Tag, Versions};
use ids::{AccountId, GameplayStateId};
use serde_json::{Value, json};
use testkit::Kind;
use tokio::time::sleep;
use values::IdempotencyKey;

use super::ahead::{
    HOLD, Lock, begun, client, document, instance, save, saved, until_a_statement_waits,
};
use super::{acknowledged, kept, path_of};
use crate::app::{TestApp, ask};
use crate::behind::Behind;
use crate::client::Room;

/// How often a race is run.
const ROUNDS: usize = 40;

/// Restores a deleted state, which had this last version when it was read.
fn restore(room: &Room, state: &Value) -> Save {
    let id: GameplayStateId = serde_json::from_value(state["id"].clone()).unwrap();
    let tag = Tag { state: id, version: state["version"].as_i64().unwrap() };
    let created_at = serde_json::from_value(state["created_at"].clone()).unwrap();
    let change = Change::Replace(document(&json!({ "marker": "restored" })));
    Save {
        condition: Condition { matches: None, matches_not: Some(Versions::Any) },
        restores: Some(Deleted { tag, created_at }),
        ..save(room, "game", change)
    }
}

#[testkit::on_both_databases]
async fn a_restore_that_was_read_before_another_one_and_a_delete_is_refused() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let path = path_of(&room, "game");
    let saves = instance(&Behind::of(&app));
    let (_, first) = ask(super::save(&counsellor, &path, "first")).await;
    let delete = async || assert_eq!(ask(counsellor.request("DELETE", &path)).await.0, 200);
    delete().await;

    let again = counsellor.request("POST", &format!("{path}/history/1/restore"));
    let (status, second) = ask(again).await;
    assert_eq!((status, &second["version"]), (200, &json!(2)));
    let late = saves.commit(restore(&room, &first)).await.unwrap();
    assert!(matches!(late, Outcome::Stale(Some(_))), "{late:?}");
    delete().await;

    let late = saves.commit(restore(&room, &first)).await.unwrap();
    assert_eq!(late, Outcome::Stale(None));
    let restored = saved(saves.commit(restore(&room, &second)).await);
    assert_eq!(restored.tag().version, 3);
    assert_eq!(kept(&counsellor, &path).await.len(), 3);
    delete().await;
    super::save(&counsellor, &path, "new").send().await.unwrap();
    delete().await;
    let late = saves.commit(restore(&room, &second)).await.unwrap();
    assert_eq!(late, Outcome::Stale(None), "its history was replaced");
}

#[testkit::on_both_databases]
async fn a_restore_that_meets_a_delete_begins_no_new_state() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let (_, first) = ask(super::save(&counsellor, &path, "first")).await;
    let mut versions = 1;

    for round in 0..ROUNDS {
        let restore = ask(counsellor.request("POST", &format!("{path}/history/1/restore")));
        let delete = async {
            sleep(Duration::from_micros(u64::try_from(round).unwrap() * 100)).await;
            ask(counsellor.request("DELETE", &path)).await
        };
        let ((status, restored), _) = join(restore, delete).await;
        match status {
            200 => assert_eq!(restored["id"], first["id"], "a new state began"),
            _ => assert_eq!(status, 412, "{restored}"),
        }
        let (status, current) = ask(counsellor.get(&path)).await;
        if status == 200 {
            versions = current["version"].as_i64().unwrap();
        } else {
            let again = counsellor.request("POST", &format!("{path}/history/1/restore"));
            let (status, restored) = ask(again).await;
            assert_eq!(status, 200, "{restored}");
            assert!(restored["version"].as_i64().unwrap() > versions);
        }
    }
}

/// The same conditional save, under one idempotency key, as another instance receives it.
fn conditional(room: &Room, tag: Tag, marker: &str) -> Save {
    let author = AccountId::from_u128(1);
    let key = IdempotencyKey { key: "key".to_owned(), fingerprint: vec![1] };
    let attempt: Option<IdempotentRequest> =
        InFlight::default().begin(author.into(), key, chrono::Utc::now().into());
    let change = Change::Replace(document(&json!({ "marker": marker })));
    Save {
        author: Author::Counsellor(author),
        condition: Condition {
            matches: Some(Versions::Tagged(vec![tag.to_string()])),
            matches_not: None,
        },
        attempt,
        ..save(room, "game", change)
    }
}

/// One instance has an old version in its cache while another carries the request out. SQLite has one
/// instance.
mod a_conditional_save_that_another_instance_is_carrying_out_gets_its_answer {
    use super::*;

    #[test]
    fn postgres() {
        testkit::run(Kind::Postgres, async {
            let app = TestApp::spawn().await;
            let counsellor = app.counsellor().await;
            let room = counsellor.room().await;
            let path = path_of(&room, "game");
            let behind = Behind::of(&app);
            let (here, there) = (instance(&behind), instance(&behind));
            let client = client(&app.database).await;
            let change = |marker: &str| Change::Replace(document(&json!({ "marker": marker })));
            saved(here.commit(save(&room, "game", change("first"))).await);
            let (_, second) = ask(super::super::save(&counsellor, &path, "second")).await;
            assert_eq!(acknowledged(&second).version, 2);
            let id: GameplayStateId = serde_json::from_value(second["id"].clone()).unwrap();
            let tag = Tag { state: id, version: 2 };
            behind.carry_out(HOLD, "").await;

            let (first, repeated) = behind
                .while_writes_are_blocked("held", async {
                    let (lane, request) = (there.clone(), conditional(&room, tag, "third"));
                    let first = begun(async move { lane.commit(request).await });
                    until_a_statement_waits(&client, Lock::Table).await;
                    let (lane, request) = (here.clone(), conditional(&room, tag, "third"));
                    let repeated = begun(async move { lane.commit(request).await });
                    until_a_statement_waits(&client, Lock::Row).await;
                    (first, repeated)
                })
                .await;

            assert_eq!(saved(first.await.unwrap()).version, 3);
            let repeated = repeated.await.unwrap().unwrap();
            assert!(matches!(repeated, Outcome::Repeated(_)), "{repeated:?}");
        });
    }
}
