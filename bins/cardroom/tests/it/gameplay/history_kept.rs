//! How much of the history is stored.

use database::schema::{deleted_gameplay_states, gameplay_segments};
use diesel::prelude::*;
use serde_json::{Value, json};

use super::{patch, path_of};
use crate::app::{TestApp, ask};
use crate::behind::Behind;
use crate::client::Counsellor;

/// A server that keeps ten versions, and up to five more.
async fn with_short_history() -> TestApp {
    TestApp::spawn_with(&[
        ("CARDROOM__HISTORY__SEGMENT", "5"),
        ("CARDROOM__HISTORY__VERSIONS", "10"),
    ])
    .await
}

async fn save(counsellor: &Counsellor<'_>, path: &str, n: u64) {
    let (status, saved) = ask(counsellor.put(path, &json!({ "state": { "n": n } }))).await;
    assert_eq!((status, &saved["version"]), (200, &json!(n)));
}

async fn listed(counsellor: &Counsellor<'_>, path: &str) -> Vec<Value> {
    let (_, answer) = ask(counsellor.get(&format!("{path}/history?limit=100"))).await;
    let versions = answer["versions"].as_array().unwrap();
    versions.iter().map(|it| it["version"].clone()).collect()
}

#[testkit::on_both_databases]
async fn the_newest_versions_are_kept_and_the_oldest_deleted() {
    let app = with_short_history().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let (path, other) = (path_of(&room, "game"), path_of(&room, "other"));
    for n in 1..=5 {
        save(&counsellor, &other, n).await;
    }

    for newest in 1..=23 {
        save(&counsellor, &path, newest).await;
        let mut kept = Vec::new();
        for version in (1..=newest).rev() {
            let (status, answer) = ask(counsellor.get(&format!("{path}/history/{version}"))).await;
            if status == 200 {
                assert_eq!(answer["state"]["n"], version);
                kept.push(json!(version));
            } else {
                assert_eq!((status, &answer["code"]), (404, &json!("version_not_found")));
                let restore = format!("{path}/history/{version}/restore");
                assert_eq!(ask(counsellor.request("POST", &restore)).await.0, 404);
            }
        }
        let newest = usize::try_from(newest).unwrap();
        assert!((10.min(newest)..15).contains(&kept.len()), "{} of {newest}", kept.len());
        assert_eq!(listed(&counsellor, &path).await, kept);
    }
    assert_eq!(listed(&counsellor, &other).await, [5, 4, 3, 2, 1]);
}

#[testkit::on_both_databases]
async fn a_deleted_state_is_brought_back_with_its_history() {
    let app = with_short_history().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let (path, other) = (path_of(&room, "game"), path_of(&room, "other"));
    for n in 1..=12 {
        save(&counsellor, &path, n).await;
        save(&counsellor, &other, n).await;
    }
    let (_, before) = ask(counsellor.get(&path)).await;
    let kept = listed(&counsellor, &path).await;
    let delete = || ask(counsellor.request("DELETE", &path));
    let restore = |n: u64| ask(counsellor.request("POST", &format!("{path}/history/{n}/restore")));

    assert_eq!(delete().await.0, 200);
    assert_eq!(ask(counsellor.get(&path)).await.0, 404);
    assert_eq!(delete().await.0, 404);
    assert_eq!(listed(&counsellor, &path).await, kept);
    assert_eq!(ask(counsellor.get(&format!("{path}/history/12"))).await.1["state"]["n"], 12);
    assert_eq!(restore(13).await.0, 404);

    let (status, restored) = restore(11).await;
    assert_eq!((status, &restored["version"]), (200, &json!(13)), "{restored}");
    assert_eq!((&restored["id"], &restored["state"]["n"]), (&before["id"], &json!(11)));
    assert_eq!(restored["created_at"], before["created_at"]);
    assert_eq!(ask(counsellor.get(&path)).await, (200, restored));
    let again = listed(&counsellor, &path).await;
    assert_eq!((&again[0], &again[1..]), (&json!(13), &kept[..]));
    save_after(&counsellor, &path, 14).await;

    // After another deletion and restore it is still the same.
    assert_eq!(delete().await.0, 200);
    let (status, restored) = restore(14).await;
    assert_eq!((status, &restored["version"]), (200, &json!(15)));
    assert_eq!(ask(counsellor.get(&format!("{path}/history/12"))).await.0, 200);
    assert_eq!(listed(&counsellor, &other).await.len(), 12);
}

async fn save_after(counsellor: &Counsellor<'_>, path: &str, version: u64) {
    let (status, saved) = ask(counsellor.put(path, &json!({ "state": { "after": true } }))).await;
    assert_eq!((status, &saved["version"]), (200, &json!(version)));
}

#[testkit::on_both_databases]
async fn a_game_that_is_started_again_has_no_history_of_the_deleted_state() {
    let app = with_short_history().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    for n in 1..=12 {
        save(&counsellor, &path, n).await;
    }
    let (_, before) = ask(counsellor.get(&path)).await;
    assert_eq!(ask(counsellor.request("DELETE", &path)).await.0, 200);

    save(&counsellor, &path, 1).await;

    assert_ne!(ask(counsellor.get(&path)).await.1["id"], before["id"]);
    assert_eq!(listed(&counsellor, &path).await, [1]);
    let (_, second) = ask(counsellor.get(&format!("{path}/history/2"))).await;
    assert_eq!(second["code"], "version_not_found");
    // Its deletion replaces the previous one, whose history is deleted.
    assert_eq!(ask(counsellor.request("DELETE", &path)).await.0, 200);
    assert_eq!(listed(&counsellor, &path).await, [1]);
    let left = Behind::of(&app).0.read_one(gameplay_segments::table.count()).await;
    assert_eq!(left.unwrap(), Some(1_i64));
}

#[testkit::on_both_databases]
async fn deleted_states_are_bounded_and_go_with_their_room() {
    let app = with_short_history().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let behind = Behind::of(&app);
    let counts = async || {
        let deleted = behind.0.read_one(deleted_gameplay_states::table.count()).await;
        let segments = behind.0.read_one(gameplay_segments::table.count()).await;
        (deleted.unwrap().unwrap(), segments.unwrap().unwrap())
    };
    for n in 0..25 {
        let path = path_of(&room, &format!("game-{n}"));
        save(&counsellor, &path, 1).await;
        assert_eq!(ask(counsellor.request("DELETE", &path)).await.0, 200);
    }
    assert_eq!(counts().await, (20_i64, 20_i64));
    for n in 1..=12 {
        save(&counsellor, &path_of(&room, "game"), n).await;
    }
    assert_eq!(counts().await, (20, 22));

    behind.carry_out("DELETE FROM rooms", "DELETE FROM rooms").await;

    assert_eq!(counts().await, (0, 0));
}

#[testkit::on_both_databases]
async fn states_that_were_restored_do_not_count_among_the_deleted_ones() {
    let app = with_short_history().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let path = |n: u64| path_of(&room, &format!("game-{n}"));
    let restore =
        |n: u64| ask(counsellor.request("POST", &format!("{}/history/1/restore", path(n))));
    for n in 0..25 {
        save(&counsellor, &path(n), 1).await;
        assert_eq!(ask(counsellor.request("DELETE", &path(n))).await.0, 200);
        if n == 0 {
            continue;
        }
        if n % 5 == 0 {
            assert_eq!(restore(n).await.0, 200);
        }
    }

    for n in 0..25 {
        // Four were restored; of the other 21 the oldest was deleted.
        let expected = if n == 0 { 404 } else { 200 };
        assert_eq!(restore(n).await.0, expected, "game {n}");
    }
}

#[testkit::on_both_databases]
async fn without_a_history_deleted_states_are_not_stored() {
    let app = TestApp::spawn_with(&[("CARDROOM__HISTORY__VERSIONS", "0")]).await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let behind = Behind::of(&app);
    for condition in [None, Some("*")] {
        save(&counsellor, &path, 1).await;
        let mut delete = counsellor.request("DELETE", &path);
        if let Some(tags) = condition {
            delete = delete.header("if-match", tags);
        }
        assert_eq!(ask(delete).await.0, 200);

        let deleted = behind.0.read_one(deleted_gameplay_states::table.count()).await;
        let segments = behind.0.read_one(gameplay_segments::table.count()).await;
        assert_eq!((deleted.unwrap(), segments.unwrap()), (Some(0_i64), Some(0_i64)));
        let restore = counsellor.request("POST", &format!("{path}/history/1/restore"));
        assert_eq!(ask(restore).await.1["code"], "gameplay_state_not_found");
    }
}

#[testkit::on_both_databases]
async fn without_a_history_a_repeated_patch_gets_the_current_state() {
    let app = TestApp::spawn_with(&[("CARDROOM__HISTORY__VERSIONS", "0")]).await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    save(&counsellor, &path, 1).await;
    let send = || {
        let request = patch(&counsellor, &path, &json!({ "n": 2 }));
        ask(request.header("idempotency-key", "key"))
    };

    let (status, patched) = send().await;
    assert_eq!(status, 200);
    assert_eq!(send().await, (200, patched));
    save(&counsellor, &path, 3).await;
    let (status, answer) = send().await;
    assert_eq!((status, &answer["code"]), (409, &json!("answer_not_kept")));
}
