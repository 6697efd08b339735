//! States that are not JSON objects, or contain values that one of the databases cannot store.

use serde_json::json;

use super::{path_of, save};
use crate::app::{TestApp, ask};
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn a_state_must_be_an_object() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let mut transcript = Transcript::default();

    for (what, body) in [
        ("no state", "{}"),
        ("null", r#"{"state":null}"#),
        ("an array", r#"{"state":[{}]}"#),
        ("text", r#"{"state":"{}"}"#),
        ("a number", r#"{"state":1.5}"#),
        ("a body that is no object", "[]"),
        ("no body", ""),
    ] {
        transcript.say(what, save(&counsellor, &path, body)).await;
    }

    let number = save(&counsellor, &path, r#"{"state":1.50}"#).send().await.unwrap();
    assert!(number.text().await.unwrap().contains(r#""input":1.50"#));
    assert_eq!(ask(counsellor.get(&path)).await.0, 404);
    transcript.check("gameplay_no_object");
}

#[testkit::on_both_databases]
async fn values_that_a_database_cannot_store_are_refused() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let mut transcript = Transcript::default();

    for (what, body) in [
        ("U+0000 in a text", r#"{"state":{"a":"\u0000"}}"#),
        ("U+0000 in a key", r#"{"state":{"a\u0000":1}}"#),
        ("half a surrogate pair", r#"{"state":{"a":"\ud83d"}}"#),
        ("the wrong half", r#"{"state":{"\ude00":1}}"#),
        ("a number beyond all doubles", r#"{"state":{"a":1e400}}"#),
        ("a number of too many digits", r#"{"state":{"a":1e-401}}"#),
    ] {
        transcript.say(what, save(&counsellor, &path, body)).await;
    }

    assert_eq!(ask(counsellor.get(&path)).await.0, 404);
    transcript.check("gameplay_unkeepable");
}

#[testkit::on_both_databases]
async fn a_body_that_is_no_json_is_refused_for_every_caller() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let mut transcript = Transcript::default();

    for (what, body) in [
        ("cut off", r#"{"state":{"#),
        ("a comma too many", r#"{"state":{"a":1,}}"#),
        ("not a number", r#"{"state":{"a":NaN}}"#),
        ("a second line", "{\n\"state\":{\"a\":+1}}"),
        ("two documents", r#"{"state":{}}{}"#),
    ] {
        transcript.say(what, save(&counsellor, &path, body)).await;
    }
    let request = app.request("PUT", &path).header("content-type", "application/json");
    transcript.say("nobody sends no JSON", request.body("{")).await;
    let request = counsellor.request("PUT", &path).header("content-type", "text/plain");
    transcript.say("the wrong type", request.body(r#"{"state":{}}"#)).await;

    let (status, answer) = ask(save(&counsellor, &path, *b"{\"state\":{\"a\":\"\xff\"}}")).await;
    assert_eq!((status, &answer["detail"][0]["type"]), (422, &json!("json_invalid")));
    transcript.check("gameplay_no_json");
}

#[testkit::on_both_databases]
async fn a_refused_state_leaves_the_one_before_it() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let (_, kept) = ask(save(&counsellor, &path, r#"{"state":{"n":1}}"#)).await;

    for body in [r#"{"state":[]}"#, r#"{"state":{"a":"\u0000"}}"#, r#"{"state":{"a":1e400}}"#] {
        assert_eq!(ask(save(&counsellor, &path, body)).await.0, 422, "{body}");
    }

    assert_eq!(ask(counsellor.get(&path)).await, (200, kept));
}
