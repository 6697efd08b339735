//! Changing a part of a state.

use serde_json::{Value, json};

use super::{MERGE, OPERATIONS, patch, patch_text, path_of, save, tag_of};
use crate::app::{TestApp, ask};
use crate::transcript::Transcript;

/// The state that the tests patch.
const STATE: &str = r#"{"state":{"cards":{"a":"like","b":"dislike"},"list":[1,2],"n":1}}"#;

#[testkit::on_both_databases]
async fn a_merge_patch_changes_the_members_it_names() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let mut transcript = Transcript::default();

    transcript.say("of nothing", patch(&counsellor, &path, &json!({ "n": 2 }))).await;
    ask(save(&counsellor, &path, STATE)).await;
    for (what, change) in [
        ("changes", json!({ "n": 2 })),
        ("adds and removes", json!({ "cards": { "a": null, "c": { "x": null, "y": 1 } } })),
        ("replaces lists as a whole", json!({ "list": [null, {}] })),
        ("changes nothing", json!({})),
        ("no object", json!("text")),
    ] {
        transcript.say(what, patch(&counsellor, &path, &change)).await;
    }
    let list = patch_text(&counsellor, &path, MERGE, "[]".into());
    transcript.say("a list", list).await;
    transcript.say("what is left", counsellor.get(&path)).await;

    transcript.check("gameplay_merge_patch");
}

#[testkit::on_both_databases]
async fn a_list_of_operations_is_carried_out_as_a_whole_or_not_at_all() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let mut transcript = Transcript::default();

    let test = json!([{ "op": "test", "path": "/n", "value": 1 }]);
    transcript.say("of nothing", patch(&counsellor, &path, &test)).await;
    ask(save(&counsellor, &path, STATE)).await;
    for (what, change) in [
        (
            "all six",
            json!([
                { "op": "test", "path": "/cards/a", "value": "like" },
                { "op": "replace", "path": "/n", "value": 2 },
                { "op": "add", "path": "/list/-", "value": 3 },
                { "op": "remove", "path": "/list/0" },
                { "op": "move", "from": "/cards/a", "path": "/cards/x~1y~0" },
                { "op": "copy", "from": "/list", "path": "/copy" },
            ]),
        ),
        ("none", json!([])),
        (
            "a test that fails after a change",
            json!([
                { "op": "replace", "path": "/n", "value": 3 },
                { "op": "test", "path": "/cards/b", "value": "like" },
            ]),
        ),
        ("a test of nothing", json!([{ "op": "test", "path": "/x", "value": null }])),
        (
            "a place that is not there",
            json!([
                { "op": "replace", "path": "/n", "value": 3 },
                { "op": "remove", "path": "/cards/z" },
            ]),
        ),
        ("beyond a list", json!([{ "op": "add", "path": "/list/9", "value": 1 }])),
        ("no index", json!([{ "op": "replace", "path": "/list/01", "value": 1 }])),
        ("within itself", json!([{ "op": "move", "from": "/cards", "path": "/cards/a" }])),
        ("the whole", json!([{ "op": "remove", "path": "" }])),
        ("no object", json!([{ "op": "replace", "path": "", "value": [] }])),
        ("no operation", json!([{ "op": "sort", "path": "/list" }])),
        ("no pointer", json!([{ "op": "remove", "path": "n" }])),
    ] {
        transcript.say(what, patch(&counsellor, &path, &change)).await;
    }
    let object = patch_text(&counsellor, &path, OPERATIONS, "{}".into());
    transcript.say("no list", object).await;
    transcript.say("what is left", counsellor.get(&path)).await;

    transcript.check("gameplay_operations");
}

#[testkit::on_both_databases]
async fn a_patch_may_name_the_version_that_it_changes() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let (_, saved) = ask(save(&counsellor, &path, STATE)).await;
    let tag = tag_of(&saved);

    for (name, value, expected) in [
        ("if-none-match", "*", 412),
        ("if-none-match", &tag, 412),
        ("if-match", r#""1""#, 412),
        ("if-match", &tag, 200),
        ("if-match", &tag, 412),
        ("if-match", "*", 200),
        ("if-none-match", &tag, 200),
    ] {
        let request = patch(&counsellor, &path, &json!({ "n": 1 })).header(name, value);
        let (status, answer) = ask(request).await;
        assert_eq!(status, expected, "{name}: {value}");
        if status == 412 {
            let (_, current) = ask(counsellor.get(&path)).await;
            assert_eq!(answer["code"], "version_mismatch");
            assert_eq!(answer["version"], current["version"]);
            assert_eq!(answer["etag"], json!(tag_of(&current)));
        }
    }
}

#[testkit::on_both_databases]
async fn a_patch_says_which_kind_it_is() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    ask(save(&counsellor, &path, STATE)).await;
    let mut transcript = Transcript::default();

    for kind in ["application/json", "text/plain", "application/x+json", ""] {
        let request = patch_text(&counsellor, &path, kind, "{}".into());
        transcript.say(&format!("as {kind:?}"), request).await;
    }
    let unnamed = counsellor.request("PATCH", &path).body("{}");
    transcript.say("without a type", unnamed).await;
    let put = counsellor.request("PUT", &path).header("content-type", "text/plain");
    transcript.say("a PUT as text", put.body("{}")).await;
    transcript.say("without a body", counsellor.request("PATCH", &path)).await;
    let empty = patch_text(&counsellor, &path, MERGE, String::new());
    transcript.say("with an empty body", empty).await;
    transcript.say("no JSON", patch_text(&counsellor, &path, MERGE, "{".into())).await;

    transcript.check("gameplay_patch_kinds");
    for kind in ["Application/Merge-Patch+JSON", "application/merge-patch+json; charset=utf-8"] {
        assert_eq!(ask(patch_text(&counsellor, &path, kind, "{}".into())).await.0, 200, "{kind}");
    }
}

#[testkit::on_both_databases]
async fn numbers_that_a_patch_does_not_touch_keep_their_digits() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let numbers = r#"{"a":1.50,"b":123456789012345678901234567890,"c":-0.10,"d":[2.00]}"#;
    let body = format!(r#"{{"state":{{"n":{numbers}}}}}"#);
    assert_eq!(ask(save(&counsellor, &path, body)).await.0, 200);

    for (kind, body) in [
        (MERGE, r#"{"m":7.10}"#),
        (OPERATIONS, r#"[{"op":"add","path":"/o","value":0.30}]"#),
        (OPERATIONS, r#"[{"op":"test","path":"/n/a","value":1.50},{"op":"remove","path":"/o"}]"#),
        (OPERATIONS, r#"[{"op":"copy","from":"/n","path":"/n/e"},{"op":"remove","path":"/n/e"}]"#),
    ] {
        let request = patch_text(&counsellor, &path, kind, body.into());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        for answer in [answer, counsellor.get(&path).send().await.unwrap()] {
            let text = answer.text().await.unwrap();
            assert!(text.contains(numbers) && text.contains(r#""m":7.10"#), "{body} -> {text}");
        }
    }
    assert_eq!(ask(counsellor.get(&path)).await.1["version"], Value::from(5));
}
