//! Versions of a state: how a save names the one that it replaces.

use reqwest::Response;
use serde_json::{Value, json};

use super::{patch, path_of, tag_of};
use crate::app::{TestApp, ask, body_of};
use crate::transcript::Transcript;

/// A state to save.
fn state(n: u32) -> Value {
    json!({ "state": { "n": n } })
}

fn header(answer: &Response) -> String {
    answer.headers()["etag"].to_str().unwrap().to_owned()
}

#[testkit::on_both_databases]
async fn every_save_makes_the_next_version() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let path = path_of(&room, "game");

    for version in 1..=6 {
        let change = match version {
            1 | 4 => counsellor.put(&path, &state(version)),
            // Saving the same document makes another version.
            2 | 5 => counsellor.put(&path, &state(1)),
            _ => patch(&counsellor, &path, &json!({ "n": version })),
        };
        let answer = change.send().await.unwrap();
        let tag = header(&answer);
        let saved = body_of(answer).await;
        assert_eq!((&saved["version"], &tag), (&json!(version), &tag_of(&saved)));

        let answer = counsellor.get(&path).send().await.unwrap();
        assert_eq!(header(&answer), tag);
        assert_eq!(body_of(answer).await, saved);
        let (_, list) = ask(counsellor.get(&path_of(&room, ""))).await;
        assert_eq!(list["states"], json!([saved]));
    }
}

#[testkit::on_both_databases]
async fn a_save_may_name_the_version_that_it_replaces() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let save = |name, tag: &str| counsellor.put(&path, &state(1)).header(name, tag);
    let mut transcript = Transcript::default();

    transcript.say("any, of none", save("if-match", "*")).await;
    transcript.say("none, of none", save("if-none-match", "*")).await;
    transcript.say("none, of one", save("if-none-match", "*")).await;
    let two = transcript.say("any, of one", save("if-match", "*")).await;
    let (first, second) = (tag_of(&two).replacen('2', "1", 1), tag_of(&two));
    transcript.say("the one before", save("if-match", &first)).await;
    transcript.say("a tag of nothing", save("if-match", r#""2""#)).await;
    transcript.say("the current one", save("if-match", &second)).await;
    let several = format!(r#"{first},"x" , {}"#, second.replacen('2', "3", 1));
    transcript.say("one of several", save("if-match", &several)).await;
    transcript.say("none of several", save("if-match", &several)).await;
    let lines = save("if-match", &first).header("if-match", second.replacen('2', "4", 1));
    transcript.say("the second of two lines", lines).await;
    let not_this = save("if-none-match", &second.replacen('2', "5", 1));
    transcript.say("not the current one", not_this).await;
    transcript.say("not an old one", save("if-none-match", &second)).await;
    let weak = format!("W/{}", second.replacen('2', "6", 1));
    transcript.say("the weak tag of a proxy", save("if-match", &weak)).await;
    transcript.say("what is left", counsellor.get(&path)).await;

    transcript.check("gameplay_conditions");
}

#[testkit::on_both_databases]
async fn a_load_may_name_the_version_that_it_has() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let load = |name, tag: &str| counsellor.get(&path).header(name, tag);
    let mut transcript = Transcript::default();

    transcript.say("nothing there", load("if-none-match", "*")).await;
    let first = tag_of(&ask(counsellor.put(&path, &state(1))).await.1);
    let second = tag_of(&ask(counsellor.put(&path, &state(2))).await.1);
    transcript.say("has it", load("if-none-match", &second)).await;
    transcript.say("has it, weakly", load("if-none-match", &format!("W/{second}"))).await;
    let both = format!("{first}, {second}");
    transcript.say("has both", load("if-none-match", &both)).await;
    transcript.say("has any", load("if-none-match", "*")).await;
    transcript.say("has the one before", load("if-none-match", &first)).await;
    transcript.say("wants it", load("if-match", &second)).await;
    transcript.say("wants the one before", load("if-match", &first)).await;
    let contrary = load("if-match", &first).header("if-none-match", &second);
    transcript.say("wants the one before, has it", contrary).await;

    transcript.check("gameplay_conditional_load");
}

#[testkit::on_both_databases]
async fn a_condition_that_cannot_be_read_is_refused() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let (_, saved) = ask(counsellor.put(&path, &state(1))).await;
    let tag = tag_of(&saved);
    let bare = tag.trim_matches('"');

    for name in ["if-match", "if-none-match"] {
        for value in [bare, "", "1", "\"", "w/\"1\"", "*, \"1\"", &format!("{tag}, {bare}")] {
            for request in [
                counsellor.get(&path),
                counsellor.put(&path, &state(2)),
                patch(&counsellor, &path, &json!({ "n": 2 })),
            ] {
                let (status, answer) = ask(request.header(name, value)).await;
                assert_eq!((status, &answer["code"]), (400, &json!("bad_condition")), "{value:?}");
            }
        }
    }
    assert_eq!(ask(counsellor.get(&path)).await, (200, saved));
}

#[testkit::on_both_databases]
async fn a_state_that_was_deleted_begins_at_version_1_again() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");

    for round in 0..3 {
        let first = counsellor.put(&path, &state(round)).header("if-none-match", "*");
        let (status, first) = ask(first).await;
        assert_eq!((status, &first["version"]), (200, &json!(1)), "{first}");
        assert_eq!(ask(counsellor.put(&path, &state(9))).await.1["version"], 2);
        assert_eq!(ask(counsellor.request("DELETE", &path)).await.0, 200);

        for tag in [tag_of(&first), "*".to_owned()] {
            let late = counsellor.put(&path, &state(8)).header("if-match", &tag);
            let (status, answer) = ask(late).await;
            assert_eq!(
                (status, &answer["version"], &answer["etag"]),
                (412, &json!(null), &json!(null))
            );
        }
        let failed = json!([{ "op": "test", "path": "/n", "value": 0 }]);
        assert_eq!(ask(patch(&counsellor, &path, &failed)).await.0, 404);

        let (status, again) = ask(counsellor.put(&path, &state(7))).await;
        assert_eq!((status, &again["version"]), (200, &json!(1)));
        let late = counsellor.put(&path, &state(8)).header("if-match", tag_of(&first));
        let (status, answer) = ask(late).await;
        assert_eq!((status, &answer["etag"]), (412, &json!(tag_of(&again))));
        assert_eq!(ask(counsellor.request("DELETE", &path)).await.0, 200);
    }
}

#[testkit::on_both_databases]
async fn one_of_twenty_saves_of_one_version_is_taken() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let (_, mut current) = ask(counsellor.put(&path, &state(0))).await;

    for round in 2..=11 {
        let tag = tag_of(&current);
        let saves =
            (0..20).map(|n| ask(counsellor.put(&path, &state(n)).header("if-match", tag.as_str())));
        let answers = futures::future::join_all(saves).await;
        let mut taken: Vec<Value> = Vec::new();
        for (status, answer) in answers {
            match status {
                200 => taken.push(answer),
                _ => assert_eq!((status, &answer["version"]), (412, &json!(round))),
            }
        }
        assert_eq!(taken.len(), 1);
        current = taken.remove(0);
        assert_eq!(ask(counsellor.get(&path)).await, (200, current.clone()));
    }
}
