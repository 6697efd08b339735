//! Many writers of one document, through all instances at once.

use futures::future::join_all;
use serde_json::{Value, json};

use super::line::{Saved, check};
use super::{acknowledged, counsellors, instances, kept, path_of, save};
use crate::app::ask;
use crate::client::Counsellor;

/// Writers of one document.
const WRITERS: usize = 16;

/// Saves of each of them.
const SAVES: usize = 4;

/// Tries of one save: in each round one writer succeeds, so there are never more tries than saves.
const TRIES_MAX: usize = 4 * WRITERS * SAVES;

fn tag(state: &Value) -> String {
    let id = state["id"].as_str().unwrap().replace('-', "");
    format!(r#""{}-{id}""#, state["version"])
}

/// Saves onto the version that was read, and retries while other writers are faster.
async fn save_in_turn(counsellor: &Counsellor<'_>, path: &str, marker: String) -> Saved {
    for _ in 0..TRIES_MAX {
        let (status, read) = ask(counsellor.get(path)).await;
        let base = read["version"].as_i64().unwrap_or(0);
        let request = save(counsellor, path, &marker);
        let request = match status {
            200 => request.header("if-match", tag(&read)),
            _ => request.header("if-none-match", "*"),
        };
        let (status, answer) = ask(request).await;
        match status {
            200 => return Saved { base: Some(base), ..acknowledged(&answer) },
            _ => assert_eq!(status, 412, "{answer}"),
        }
    }
    panic!("no save was taken in {TRIES_MAX} tries");
}

#[testkit::on_both_databases]
async fn conditional_saves_of_one_document_form_a_line() {
    let apps = instances().await;
    let counsellors = counsellors(&apps).await;
    let path = path_of(&counsellors[0].room().await, "game");

    let writers = (0..WRITERS).map(async |writer| {
        let counsellor = &counsellors[writer % counsellors.len()];
        let mut saved = Vec::new();
        for n in 0..SAVES {
            saved.push(save_in_turn(counsellor, &path, format!("{writer}-{n}")).await);
        }
        saved
    });
    let saved: Vec<Saved> = join_all(writers).await.into_iter().flatten().collect();

    assert_eq!(saved.len(), WRITERS * SAVES);
    for counsellor in &counsellors {
        assert_eq!(check(&saved, &kept(counsellor, &path).await), Ok(()));
    }
}

#[testkit::on_both_databases]
async fn saves_of_several_documents_at_once_form_a_line_each() {
    let apps = instances().await;
    let counsellors = counsellors(&apps).await;
    let rooms = [counsellors[0].room().await, counsellors[0].room().await];
    let games = ["a", "b", "c"];
    let paths = rooms.each_ref().map(|room| games.map(|game| path_of(room, game))).concat();

    let requests = (0..300).map(|n| {
        let path = &paths[n % paths.len()];
        ask(save(&counsellors[n / 7 % counsellors.len()], path, &n.to_string()))
    });
    let answers = join_all(requests).await;

    for (at, path) in paths.iter().enumerate() {
        let mut saved = Vec::new();
        for (status, answer) in answers.iter().skip(at).step_by(paths.len()) {
            assert_eq!(*status, 200, "{answer}");
            saved.push(acknowledged(answer));
        }
        assert_eq!(saved.len(), 300 / paths.len());
        assert_eq!(check(&saved, &kept(&counsellors[0], path).await), Ok(()));
    }
}

/// A stale document in an instance's cache is no reason to refuse a save.
#[testkit::on_both_databases]
async fn changes_by_another_instance_count_at_once() {
    let apps = instances().await;
    let counsellors = counsellors(&apps).await;
    let (here, there) = (&counsellors[0], counsellors.last().unwrap());
    let path = path_of(&here.room().await, "game");
    let state = |n: i32| json!({ "state": { "n": n } });

    for _ in 0..5 {
        let created = here.put(&path, &state(0)).header("if-none-match", "*");
        let (status, mut current) = ask(created).await;
        assert_eq!((status, &current["version"]), (200, &json!(1)), "{current}");
        for n in 1..6 {
            let (who, other) = if n % 2 == 0 { (here, there) } else { (there, here) };
            let onto = who.put(&path, &state(n)).header("if-match", tag(&current));
            let (status, saved) = ask(onto).await;
            assert_eq!((status, &saved["version"]), (200, &json!(n + 1)), "{saved}");
            let late = other.put(&path, &state(n)).header("if-match", tag(&current));
            let (status, answer) = ask(late).await;
            assert_eq!((status, &answer["version"]), (412, &json!(n + 1)));
            current = saved;
        }
        let test = json!([{ "op": "test", "path": "/n", "value": 5 }]);
        for who in [here, there] {
            let change = who.request("PATCH", &path).body(test.to_string());
            let change = change.header("content-type", "application/json-patch+json");
            assert_eq!(ask(change).await.0, 200);
        }
        assert_eq!(ask(there.request("DELETE", &path)).await.0, 200);
    }
}
