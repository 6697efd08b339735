//! Callers that are cancelled before their save is committed.

use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;

use super::{instances, kept, path_of, save};
use crate::app::ask;
use crate::behind::Behind;

/// Saves that wait.
const SAVES: usize = 20;

#[testkit::on_both_databases]
async fn a_cancelled_caller_delays_no_other() {
    let apps = instances().await;
    let counsellor = apps[0].counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let (_, before) = ask(save(&counsellor, &path, "before")).await;

    let behind = Behind::of(&apps[0]);
    let waiting = behind
        .while_writes_are_blocked("gameplay_states", async {
            let saves = (0..SAVES).map(|n| save(&counsellor, &path, &n.to_string()));
            let waiting: Vec<_> = saves.map(|it| tokio::spawn(ask(it))).collect();
            tokio::time::sleep(Duration::from_millis(300)).await;
            for gone in waiting.iter().step_by(2) {
                assert!(!gone.is_finished(), "nothing held the save");
                gone.abort();
            }
            waiting
        })
        .await;

    let mut answers: Vec<Value> = vec![before];
    for (n, waited) in join_all(waiting).await.into_iter().enumerate() {
        assert_eq!(waited.is_err(), n % 2 == 0);
        if let Ok((status, answer)) = waited {
            assert_eq!(status, 200, "{answer}");
            answers.push(answer);
        }
    }
    assert_eq!(answers.len(), 1 + SAVES / 2);
    // A save whose caller was cancelled was carried out as a whole or not at all.
    let kept = kept(&counsellor, &path).await;
    for answer in answers {
        let shown = kept.iter().find(|it| answer["version"] == it.version).unwrap();
        assert_eq!(answer["state"]["marker"], shown.marker.as_str());
    }
    let last = save(&counsellor, &path, "last");
    assert_eq!(ask(last).await.1["version"], kept.len() + 1);
}
