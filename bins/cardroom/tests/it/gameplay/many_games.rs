//! Rooms with many games, or large ones.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{patch, path_of};
use crate::app::{TestApp, ask};

#[testkit::on_both_databases]
async fn a_room_takes_a_bounded_number_of_games() {
    let app = TestApp::spawn_with(&[("CARDROOM__LIMITS__ROOM_GAMES", "3")]).await;
    let counsellor = app.counsellor().await;
    let (room, elsewhere) = (counsellor.room().await, counsellor.room().await);
    let save = |room, game| ask(counsellor.put(&path_of(room, game), &json!({ "state": {} })));
    for game in ["a", "b", "c", "c"] {
        assert_eq!(save(&room, game).await.0, 200, "{game}");
    }

    let (status, answer) = save(&room, "d").await;

    assert_eq!((status, &answer["code"]), (409, &json!("too_many_games")), "{answer}");
    assert_eq!(save(&room, "a").await.0, 200);
    assert_eq!(ask(patch(&counsellor, &path_of(&room, "b"), &json!({ "n": 1 }))).await.0, 200);
    assert_eq!(save(&elsewhere, "d").await.0, 200);
    assert_eq!(ask(counsellor.request("DELETE", &path_of(&room, "b"))).await.0, 200);
    assert_eq!(save(&room, "d").await.0, 200);
    assert_eq!(save(&room, "b").await.0, 409);
}

/// The first saves of the games of a room are concurrent, in different groups.
#[testkit::on_both_databases]
async fn games_that_are_saved_at_once_do_not_exceed_the_bound() {
    let app = TestApp::spawn_with(&[("CARDROOM__LIMITS__ROOM_GAMES", "5")]).await;
    let counsellor = app.counsellor().await;
    for _ in 0..5 {
        let room = counsellor.room().await;
        let saves = (0..30).map(|n| {
            let path = path_of(&room, &format!("game-{n}"));
            ask(counsellor.put(&path, &json!({ "state": {} })))
        });
        let answers = futures::future::join_all(saves).await;
        let taken = answers.iter().filter(|(status, _)| *status == 200).count();
        assert_eq!(taken, 5);
        assert!(answers.iter().all(|(status, _)| [200, 409].contains(status)));
    }
}

#[testkit::on_both_databases]
async fn a_list_that_is_too_long_for_one_answer_comes_in_pages() {
    let app = TestApp::spawn_with(&[("CARDROOM__LIMITS__LIST_BYTES", "10000")]).await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let text = "x".repeat(1_000);
    let mut saved = Vec::new();
    for n in 0..50 {
        let path = path_of(&room, &format!("game-{n}"));
        let (status, state) = ask(counsellor.put(&path, &json!({ "state": { "t": text } }))).await;
        assert_eq!(status, 200);
        saved.insert(0, state);
    }

    let all = path_of(&room, "");
    let (mut page, mut listed, mut pages) = (all.clone(), Vec::new(), 0);
    loop {
        let (status, answer) = ask(counsellor.get(&page)).await;
        assert_eq!(status, 200, "{answer}");
        let games = answer["states"].as_array().unwrap();
        assert!((1..=11).contains(&games.len()), "{}", games.len());
        listed.extend(games.clone());
        assert_eq!(answer["summary"]["total_gameplays_played"], 50);
        assert_eq!(answer["summary"]["most_recent_gameplay"], "game-49");
        pages += 1;
        let Some(next) = answer["next_after"].as_str() else { break };
        page = format!("{all}?after={next}");
    }
    assert_eq!(listed, saved);
    assert_eq!(pages, 5);

    for wrong in ["", "x", "1-2"] {
        let (status, answer) = ask(counsellor.get(&format!("{all}?after={wrong}"))).await;
        assert_eq!((status, &answer["detail"][0]["loc"]), (422, &json!(["query", "after"])));
    }
}

#[testkit::on_both_databases]
async fn a_page_of_the_history_is_short_where_versions_are_large() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let text = "x".repeat(250_000);
    for n in 1..=40 {
        let (status, saved) =
            ask(counsellor.put(&path, &json!({ "state": { "t": text, "n": n } }))).await;
        assert_eq!(status, 200, "{saved}");
    }

    let (mut page, mut numbers, mut sizes) =
        (format!("{path}/history?limit=100"), Vec::new(), Vec::new());
    loop {
        let (status, answer) = ask(counsellor.get(&page)).await;
        assert_eq!(status, 200, "{answer}");
        let versions = answer["versions"].as_array().unwrap();
        numbers.extend(versions.iter().map(|it| it["version"].as_i64().unwrap()));
        sizes.push(versions.len());
        let Some(before) = answer["next_before"].as_i64() else { break };
        page = format!("{path}/history?limit=100&before={before}");
    }

    assert_eq!(numbers, (1..=40).rev().collect::<Vec<_>>());
    assert!(sizes.iter().all(|size| (1..20).contains(size)), "{sizes:?}");
    let distinct: HashSet<&i64> = numbers.iter().collect();
    assert_eq!(distinct.len(), 40);
    let (_, first) = ask(counsellor.get(&format!("{path}/history/1"))).await;
    assert_eq!((&first["state"]["n"], &first["state"]["t"]), (&json!(1), &Value::from(text)));
}
