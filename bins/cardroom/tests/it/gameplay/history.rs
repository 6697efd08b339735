//! The history of a state: its list of versions, and their documents.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{patch, path_of};
use crate::app::{TestApp, ask, body_of};
use crate::client::Counsellor;
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn the_history_of_a_state_is_listed_read_and_restored() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let path = path_of(&room, "game");
    let history = format!("{path}/history");
    let visitor = body_of(app.join(&room.code, "session").await).await;
    let visitor = Counsellor::new(&app, visitor["visitor_token"].as_str().unwrap().to_owned());
    let mut transcript = Transcript::default();

    transcript.say("of nothing", counsellor.get(&history)).await;
    transcript.say("a version of nothing", counsellor.get(&format!("{history}/1"))).await;
    let restore_nothing = counsellor.request("POST", &format!("{history}/1/restore"));
    transcript.say("restore nothing", restore_nothing).await;
    let first = json!({ "state": { "a": 1, "cards": { "x": null, "y": [1] } } });
    ask(counsellor.put(&path, &first)).await;
    ask(patch(&visitor, &path, &json!({ "b": "two", "cards": { "x": 3 } }))).await;
    ask(counsellor.put(&path, &json!({ "state": { "b": "two" } }))).await;
    transcript.say("three versions", counsellor.get(&history)).await;
    transcript.say("two of them", counsellor.get(&format!("{history}?limit=2"))).await;
    transcript.say("the rest", counsellor.get(&format!("{history}?before=2&limit=2"))).await;
    transcript.say("none", counsellor.get(&format!("{history}?before=1"))).await;
    transcript.say("the first", counsellor.get(&format!("{history}/1"))).await;
    transcript.say("the second", counsellor.get(&format!("{history}/2"))).await;
    let restore = counsellor.request("POST", &format!("{history}/1/restore"));
    transcript.say("restore the first", restore).await;
    transcript.say("the newest", counsellor.get(&format!("{history}?limit=1"))).await;
    transcript.say("what is there now", counsellor.get(&path)).await;
    transcript.say("one to come", counsellor.get(&format!("{history}/5"))).await;
    let restore = counsellor.request("POST", &format!("{history}/5/restore"));
    transcript.say("restore one to come", restore).await;

    transcript.check("gameplay_history");
}

#[testkit::on_both_databases]
async fn a_version_is_a_number_from_1() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    ask(counsellor.put(&path, &json!({ "state": {} }))).await;

    for version in ["0", "-1", "one", "1.5", "9223372036854775808"] {
        let this = format!("{path}/history/{version}");
        for request in [counsellor.get(&this), counsellor.request("POST", &(this + "/restore"))] {
            let (status, answer) = ask(request).await;
            assert_eq!((status, &answer["detail"][0]["loc"]), (422, &json!(["path", "version"])));
        }
    }
    for query in ["before=0", "before=x", "limit=0", "limit=101", "limit="] {
        let (status, answer) = ask(counsellor.get(&format!("{path}/history?{query}"))).await;
        assert_eq!((status, &answer["detail"][0]["loc"][0]), (422, &json!("query")), "{query}");
    }
    for query in ["before=9223372036854775807", "limit=100", "limit=1", ""] {
        let (status, answer) = ask(counsellor.get(&format!("{path}/history?{query}"))).await;
        assert_eq!((status, &answer["versions"][0]["version"]), (200, &json!(1)), "{query}");
    }
    let last = format!("{path}/history/9223372036854775807");
    assert_eq!(ask(counsellor.get(&last)).await.1["code"], "version_not_found");
}

#[testkit::on_both_databases]
async fn only_the_owner_reads_the_history() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let (_, saved) = ask(counsellor.put(&path, &json!({ "state": {} }))).await;

    for asks in [app.admin().await, app.other_counsellor().await, app.client_account().await] {
        for request in [
            asks.get(&format!("{path}/history")),
            asks.get(&format!("{path}/history/1")),
            asks.request("POST", &format!("{path}/history/1/restore")),
        ] {
            let (status, answer) = ask(request).await;
            assert_eq!((status, &answer["code"]), (403, &json!("not_room_owner")));
        }
    }
    assert_eq!(ask(counsellor.get(&path)).await, (200, saved));
}

/// A state that differs from the one before in a way that depends on `n`.
fn document(n: u32) -> Value {
    match n % 10 {
        0 => json!({}),
        1 => json!({ "a": n, "b": { "c": [n, null], "d": {} } }),
        2 => json!({ "a": n, "b": { "c": [n, null], "d": { "e": null } } }),
        3 => json!({ "a": null, "b": { "c": [], "d": { "e": n } } }),
        4 => json!({ "a": null, "b": [1, { "c": null }] }),
        5 => json!({ "a": { "b": { "c": { "d": n } } }, "long": "x".repeat(2000) }),
        6 => json!({ "a": { "b": { "c": { "d": n } } }, "long": "x".repeat(2000), "z": n }),
        7 => json!({ "a": { "b": { "c": {} } }, "long": "y", "\"\\": "é🃏\n" }),
        8 => json!({ "long": "y", "\"\\": "é🃏\t", "": null }),
        _ => json!({ "entirely": ["different", n, 1, { "null": null }] }),
    }
}

/// The members that differ, in the order of canonical form.
fn changed(old: &Value, new: &Value) -> Value {
    let (old, new) = (old.as_object().unwrap(), new.as_object().unwrap());
    let mut keys: Vec<&String> =
        old.keys().chain(new.keys()).filter(|key| old.get(*key) != new.get(*key)).collect();
    keys.sort_unstable_by_key(|key| (key.len(), *key));
    keys.dedup();
    json!(keys)
}

#[testkit::on_both_databases]
async fn every_version_is_what_was_saved() {
    for segment in ["1", "7", "1000"] {
        let app = TestApp::spawn_with(&[("CARDROOM__HISTORY__SEGMENT", segment)]).await;
        let counsellor = app.counsellor().await;
        let path = path_of(&counsellor.room().await, "game");
        let mut saved = vec![json!({})];
        for n in 0..50 {
            let request = match n % 3 {
                2 => patch(&counsellor, &path, &document(n)),
                _ => counsellor.put(&path, &json!({ "state": document(n) })),
            };
            let (status, answer) = ask(request).await;
            assert_eq!(status, 200, "{answer}");
            saved.push(answer["state"].clone());
        }

        let mut listed = Vec::new();
        let mut page = format!("{path}/history?limit=15");
        loop {
            let (_, answer) = ask(counsellor.get(&page)).await;
            assert_eq!(answer["version"], 50);
            listed.extend(answer["versions"].as_array().unwrap().clone());
            let Some(before) = answer["next_before"].as_u64() else { break };
            page = format!("{path}/history?limit=15&before={before}");
        }
        assert_eq!(listed.len(), 50);
        for (version, it) in (1..=50).rev().zip(&listed) {
            assert_eq!(it["version"], version);
            assert_eq!(it["bytes"], saved[version].to_string().len());
            assert_eq!(it["changed"], changed(&saved[version - 1], &saved[version]), "{version}");
            let (status, snapshot) =
                ask(counsellor.get(&format!("{path}/history/{version}"))).await;
            assert_eq!((status, &snapshot["state"]), (200, &saved[version]), "{version}");
            assert_eq!(snapshot["saved_at"], it["saved_at"]);
        }
    }
}

#[testkit::on_both_databases]
async fn versions_that_were_saved_together_are_all_in_the_history() {
    let app = TestApp::spawn_with(&[("CARDROOM__HISTORY__SEGMENT", "7")]).await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    ask(counsellor.put(&path, &json!({ "state": {} }))).await;

    for round in 0..3 {
        let card = |n: usize| json!({ format!("card-{n}"): round });
        let saves = (0..30).map(|n| match n % 3 {
            0 => ask(counsellor.put(&path, &json!({ "state": card(n) }))),
            _ => ask(patch(&counsellor, &path, &card(n))),
        });
        for (status, saved) in join_all(saves).await {
            assert_eq!(status, 200, "{saved}");
            let this = format!("{path}/history/{}", saved["version"]);
            let (_, snapshot) = ask(counsellor.get(&this)).await;
            assert_eq!(snapshot["state"], saved["state"]);
            assert_eq!(snapshot["saved_at"], saved["updated_at"]);
        }
    }
    assert_eq!(ask(counsellor.get(&path)).await.1["version"], 91);
}

/// A version moves from the journal into a segment while it is read.
#[testkit::on_both_databases]
async fn a_version_is_found_while_others_are_saved() {
    let app = TestApp::spawn_with(&[("CARDROOM__HISTORY__SEGMENT", "2")]).await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let state = |n: usize| json!({ "state": { "n": n } });
    ask(counsellor.put(&path, &state(1))).await;

    for version in 1..40 {
        let save = ask(counsellor.put(&path, &state(version + 1)));
        let look = |n: usize| ask(counsellor.get(&format!("{path}/history/{n}")));
        let looks = join_all((0..4).map(|_| look(version)));
        let ((status, _), found) = futures::join!(save, looks);
        assert_eq!(status, 200);
        for (status, snapshot) in found {
            assert_eq!((status, &snapshot["state"]["n"]), (200, &json!(version)), "{snapshot}");
        }
    }
}
