//! Patches at the same moment.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{patch, path_of, save};
use crate::app::{TestApp, ask};

/// How often each race is run.
const ROUNDS: usize = 10;

/// Concurrent clients.
const CROWD: usize = 24;

#[testkit::on_both_databases]
async fn patches_of_different_cards_at_once_all_survive() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;

    for round in 0..ROUNDS {
        let path = path_of(&counsellor.room().await, "game");
        assert_eq!(ask(save(&counsellor, &path, r#"{"state":{"cards":{}}}"#)).await.0, 200);
        let placed = |n: usize| match n % 2 {
            0 => json!({ "cards": { format!("card-{n}"): round } }),
            _ => json!([{ "op": "add", "path": format!("/cards/card-{n}"), "value": round }]),
        };
        let answers =
            join_all((0..CROWD).map(|n| ask(patch(&counsellor, &path, &placed(n))))).await;

        let mut versions = Vec::new();
        for (n, (status, answer)) in answers.iter().enumerate() {
            assert_eq!(*status, 200, "{answer}");
            assert_eq!(answer["state"]["cards"][format!("card-{n}")], json!(round));
            versions.push(answer["version"].as_u64().unwrap());
        }
        versions.sort_unstable();
        assert_eq!(versions, (2..2 + CROWD as u64).collect::<Vec<_>>());
        let (_, kept) = ask(counsellor.get(&path)).await;
        let cards = (0..CROWD).map(|n| (format!("card-{n}"), json!(round)));
        assert_eq!(kept["state"]["cards"], cards.collect::<Value>());
    }
}

/// A `test` operation is checked against the result of the patch before it.
#[testkit::on_both_databases]
async fn a_card_that_many_take_concurrently_goes_to_one() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;

    for _ in 0..ROUNDS {
        let path = path_of(&counsellor.room().await, "game");
        assert_eq!(ask(save(&counsellor, &path, r#"{"state":{"holder":null}}"#)).await.0, 200);
        let take = |n: usize| {
            json!([
                { "op": "test", "path": "/holder", "value": null },
                { "op": "replace", "path": "/holder", "value": n },
            ])
        };
        let answers = join_all((0..CROWD).map(|n| ask(patch(&counsellor, &path, &take(n))))).await;

        let (taken, late): (Vec<_>, Vec<_>) =
            answers.iter().enumerate().partition(|(_, (status, _))| *status == 200);
        assert_eq!(taken.len(), 1);
        for (_, (status, answer)) in late {
            assert_eq!((*status, &answer["code"]), (409, &json!("patch_test_failed")));
        }
        assert_eq!(ask(counsellor.get(&path)).await.1["state"]["holder"], json!(taken[0].0));
    }
}
