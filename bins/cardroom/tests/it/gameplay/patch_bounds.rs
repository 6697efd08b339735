//! Bounds of the result of a patch, and of its cost.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{MERGE, OPERATIONS, patch_text, path_of, save};
use crate::app::{TestApp, ask};
use crate::client::Counsellor;

/// How long a refusal may take on a slow machine.
const REFUSAL_MAX: Duration = Duration::from_secs(3);

async fn refused(counsellor: &Counsellor<'_>, path: &str, kind: &str, body: String, reason: &str) {
    let start = Instant::now();
    let (status, answer) = ask(patch_text(counsellor, path, kind, body)).await;
    assert_eq!((status, &answer["code"]), (422, &json!("patch_result_invalid")), "{answer}");
    let detail = answer["detail"].as_str().unwrap();
    assert!(detail.ends_with(reason), "{detail}");
    assert!(start.elapsed() < REFUSAL_MAX, "{:?}", start.elapsed());
}

/// A list that repeats these operations.
fn repeated(operations: &Value, times: usize) -> String {
    let operations = operations.to_string();
    let operations = operations.trim_matches(['[', ']']);
    format!("[{}]", vec![operations; times].join(","))
}

#[testkit::on_both_databases]
async fn the_result_of_a_patch_has_the_bounds_of_a_saved_state() {
    let app = TestApp::spawn_with(&[("CARDROOM__LIMITS__STATE_BYTES", "2000")]).await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let text = "x".repeat(1900);
    let body = json!({ "state": { "text": text, "deep": {} } });
    let (_, saved) = ask(save(&counsellor, &path, body.to_string())).await;
    let large = json!("y".repeat(100));
    let deep = (1..63).fold(json!({}), |inner, _| json!([inner]));

    let large_reason = "the document is larger than 2000 bytes";
    let merge = json!({ "more": large }).to_string();
    refused(&counsellor, &path, MERGE, merge, large_reason).await;
    let add = json!([{ "op": "add", "path": "/more", "value": large }]).to_string();
    refused(&counsellor, &path, OPERATIONS, add, large_reason).await;
    let copy = json!([{ "op": "copy", "from": "/text", "path": "/more" }]).to_string();
    refused(&counsellor, &path, OPERATIONS, copy, large_reason).await;
    let deep_reason = "the document is nested more than 64 levels deep";
    let add = json!([
        { "op": "remove", "path": "/text" },
        { "op": "add", "path": "/deep/a", "value": deep },
    ]);
    refused(&counsellor, &path, OPERATIONS, add.to_string(), deep_reason).await;
    let nul = json!([{ "op": "replace", "path": "/text", "value": "\0" }]).to_string();
    let nul_reason = "the document contains the character U+0000";
    refused(&counsellor, &path, OPERATIONS, nul, nul_reason).await;

    assert_eq!(ask(counsellor.get(&path)).await, (200, saved));
}

/// Each copy doubles the document: forty of them would exhaust any memory.
#[testkit::on_both_databases]
async fn a_patch_that_copies_the_whole_document_repeatedly_is_refused() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let (_, saved) = ask(save(&counsellor, &path, r#"{"state":{"a":"aaaaaaaaaa"}}"#)).await;

    let reason = "the document is larger than 262144 bytes";
    let doubling =
        (0..40).map(|n| json!({ "op": "copy", "from": "", "path": format!("/copy-{n}") }));
    let doubling = doubling.collect::<Value>().to_string();
    refused(&counsellor, &path, OPERATIONS, doubling, reason).await;
    let undone = json!([
        { "op": "copy", "from": "", "path": "/b" },
        { "op": "copy", "from": "/b", "path": "/b/c" },
        { "op": "remove", "path": "/b" },
    ]);
    let large = json!({ "state": { "a": "x".repeat(100_000) } });
    ask(save(&counsellor, &path, large.to_string())).await;
    refused(&counsellor, &path, OPERATIONS, repeated(&undone, 333), reason).await;

    let (_, now) = ask(counsellor.get(&path)).await;
    assert_eq!((&now["version"], &now["id"]), (&json!(2), &saved["id"]));
}

/// Repeated moves of the document into itself nest it until a stack overflows.
#[testkit::on_both_databases]
async fn a_patch_that_nests_deeper_and_deeper_is_refused() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let (_, saved) = ask(save(&counsellor, &path, r#"{"state":{"a":0}}"#)).await;
    let levels = 60;
    let deep = (0..levels).fold(json!(0), |inner, _| json!([inner]));
    let bottom = format!("/b{}", "/0".repeat(levels));
    let digging = json!([
        { "op": "add", "path": "/b", "value": deep },
        { "op": "move", "from": "/a", "path": bottom },
        { "op": "move", "from": "/b", "path": "/a" },
    ]);

    let body = repeated(&digging, 333);

    let reason = "the document is nested more than 64 levels deep";
    refused(&counsellor, &path, OPERATIONS, body, reason).await;
    assert_eq!(ask(counsellor.get(&path)).await, (200, saved));
}

/// Each operation may traverse the whole state while the other saves of the lane wait.
#[testkit::on_both_databases]
async fn a_patch_has_at_most_a_thousand_operations() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    ask(save(&counsellor, &path, r#"{"state":{"a":0}}"#)).await;
    let test = json!([{ "op": "test", "path": "/a", "value": 0 }]);

    for (operations, expected) in [(1000, 200), (1001, 422)] {
        let body = repeated(&test, operations);
        let (status, answer) = ask(patch_text(&counsellor, &path, OPERATIONS, body)).await;
        assert_eq!(status, expected, "{operations}: {answer}");
    }
}

/// Each move visits every value that it moves, while the other saves of the lane wait.
#[testkit::on_both_databases]
async fn a_patch_that_visits_too_many_values_is_refused() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let members: serde_json::Map<String, Value> =
        (0..9_900).map(|n| (format!("m{n}"), json!(n))).collect();
    let (status, saved) =
        ask(save(&counsellor, &path, json!({ "state": { "a": members } }).to_string())).await;
    assert_eq!(status, 200);
    let moves = json!([
        { "op": "move", "from": "/a", "path": "/b" },
        { "op": "move", "from": "/b", "path": "/a" },
    ]);

    let (status, answer) =
        ask(patch_text(&counsellor, &path, OPERATIONS, repeated(&moves, 500))).await;

    assert_eq!((status, &answer["code"]), (422, &json!("patch_too_expensive")), "{answer}");
    assert_eq!(ask(counsellor.get(&path)).await, (200, saved));
    let few = ask(patch_text(&counsellor, &path, OPERATIONS, repeated(&moves, 2))).await;
    assert_eq!(few.0, 200);
}
