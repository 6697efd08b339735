//! Rows that are damaged in the database: the others are served, and a full save repairs them.

use serde_json::{Value, json};
use testkit::Kind;

use super::{patch, path_of};
use crate::app::{TestApp, ask};
use crate::behind::Behind;

fn games(list: &Value) -> Vec<&str> {
    let states = list["states"].as_array().expect("a list of states");
    states.iter().map(|it| it["gameplay_id"].as_str().unwrap()).collect()
}

/// PostgreSQL validates JSON, so this test runs on SQLite only.
mod a_state_that_is_no_json_is_left_out_and_can_be_saved_again {
    use super::*;

    #[test]
    fn sqlite() {
        testkit::run(Kind::Sqlite, async {
            let app = TestApp::spawn().await;
            let counsellor = app.counsellor().await;
            let room = counsellor.room().await;
            let path = path_of(&room, "b");
            for game in ["a", "b", "c"] {
                let state = json!({ "state": { "game": game } });
                assert_eq!(ask(counsellor.put(&path_of(&room, game), &state)).await.0, 200);
            }
            let damage =
                "UPDATE gameplay_states SET state = '{', version = 2 WHERE gameplay_id = 'b'";
            Behind::of(&app).carry_out("", damage).await;

            let (status, list) = ask(counsellor.get(&path_of(&room, ""))).await;
            assert_eq!((status, games(&list)), (200, vec!["c", "a"]));
            assert_eq!(ask(counsellor.get(&path)).await.0, 500);
            let change = json!({ "n": 1 });
            let (status, answer) = ask(patch(&counsellor, &path, &change)).await;
            assert_eq!((status, &answer["code"]), (500, &json!("internal_error")));
            let (status, saved) = ask(counsellor.put(&path, &json!({ "state": { "n": 1 } }))).await;
            assert_eq!((status, &saved["version"]), (200, &json!(3)), "{saved}");
            let (status, list) = ask(counsellor.get(&path_of(&room, ""))).await;
            assert_eq!((status, games(&list)), (200, vec!["b", "c", "a"]));
            let (status, changed) = ask(patch(&counsellor, &path, &json!({ "m": 2 }))).await;
            assert_eq!((status, &changed["state"]), (200, &json!({ "n": 1, "m": 2 })));
        });
    }
}

#[testkit::on_both_databases]
async fn a_damaged_journal_hides_no_other_version() {
    let app = TestApp::spawn_with(&[("CARDROOM__HISTORY__SEGMENT", "3")]).await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    for n in 1..=11 {
        assert_eq!(ask(counsellor.put(&path, &json!({ "state": { "n": n } }))).await.0, 200);
    }
    let damage = "UPDATE gameplay_segments SET journal = '[' WHERE last_version = 6;
        UPDATE gameplay_states SET journal = 'x';";
    Behind::of(&app).carry_out(damage, damage).await;

    let (status, history) = ask(counsellor.get(&format!("{path}/history?limit=100"))).await;

    assert_eq!(status, 200, "{history}");
    let versions = history["versions"].as_array().unwrap();
    let numbers: Vec<_> = versions.iter().map(|it| it["version"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [9, 8, 7, 3, 2, 1]);
    for (version, expected) in [(11, 404), (9, 200), (7, 200), (5, 404), (2, 200)] {
        let (status, snapshot) = ask(counsellor.get(&format!("{path}/history/{version}"))).await;
        assert_eq!(status, expected, "{version}: {snapshot}");
        if status == 200 {
            assert_eq!(snapshot["state"]["n"], version);
        }
    }
    assert_eq!(ask(counsellor.put(&path, &json!({ "state": { "n": 12 } }))).await.0, 200);
    let (status, history) = ask(counsellor.get(&format!("{path}/history"))).await;
    assert_eq!((status, &history["versions"][0]["version"]), (200, &json!(12)));
}
