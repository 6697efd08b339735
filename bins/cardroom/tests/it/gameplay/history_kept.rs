//! How much of the past is kept.

use database::schema::gameplay_segments;
use diesel::prelude::*;
use serde_json::{Value, json};

use super::path_of;
use crate::app::{TestApp, ask};
use crate::behind::Behind;
use crate::client::Counsellor;

/// A server that keeps ten versions, and up to five more.
async fn forgetful() -> TestApp {
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
async fn the_newest_versions_are_kept_and_the_oldest_forgotten() {
    let app = forgetful().await;
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
async fn a_state_takes_its_history_with_it() {
    let app = forgetful().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let (path, other) = (path_of(&room, "game"), path_of(&room, "other"));
    for n in 1..=12 {
        save(&counsellor, &path, n).await;
        save(&counsellor, &other, n).await;
    }

    assert_eq!(ask(counsellor.request("DELETE", &path)).await.0, 200);

    for this in ["/history", "/history/12"] {
        let (status, answer) = ask(counsellor.get(&format!("{path}{this}"))).await;
        assert_eq!((status, &answer["code"]), (404, &json!("gameplay_state_not_found")));
    }
    save(&counsellor, &path, 1).await;
    assert_eq!(listed(&counsellor, &path).await, [1]);
    let (_, second) = ask(counsellor.get(&format!("{path}/history/2"))).await;
    assert_eq!(second["code"], "version_not_found");
    assert_eq!(listed(&counsellor, &other).await.len(), 12);
    let left = Behind::of(&app).0.read_one(gameplay_segments::table.count()).await;
    assert_eq!(left.unwrap(), Some(2_i64));
}
