//! Changes of a large document, which are computed before they are queued.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{counsellors, instances, path_of};
use crate::app::ask;

/// Members of the document, of a hundred bytes each: far more than a lane computes with.
const MEMBERS: usize = 1_000;

/// Changes that are sent at once.
const CHANGES: usize = 24;

/// A document that holds one changed member for each number.
fn document(changed: impl Iterator<Item = usize>) -> Value {
    let mut members = serde_json::Map::new();
    for member in 0..MEMBERS {
        members.insert(format!("m{member}"), json!("x".repeat(90)));
    }
    members.extend(changed.map(|n| (format!("m{n}"), json!(n))));
    Value::Object(members)
}

/// Merge patches and JSON patches, sent at once to all instances, each change another member.
#[testkit::on_both_databases]
async fn changes_of_a_large_document_at_once_are_all_carried_out() {
    let apps = instances().await;
    let counsellors = counsellors(&apps).await;
    let path = path_of(&counsellors[0].room().await, "game");
    let created = counsellors[0].put(&path, &json!({ "state": document(0..0) }));
    assert_eq!(ask(created).await.0, 200);

    let changes = (0..CHANGES).map(|n| {
        let (media, body) = match n % 3 {
            0 => {
                let name = format!("/m{n}");
                let operation = json!({ "op": "replace", "path": name, "value": n });
                ("application/json-patch+json", json!([operation]))
            }
            _ => ("application/merge-patch+json", json!({ (format!("m{n}")): n })),
        };
        let counsellor = &counsellors[n % counsellors.len()];
        ask(counsellor.request("PATCH", &path).header("content-type", media).body(body.to_string()))
    });
    let mut versions = Vec::new();
    for (status, answer) in join_all(changes).await {
        assert_eq!(status, 200, "{answer}");
        versions.push(answer["version"].as_i64().unwrap());
    }
    versions.sort_unstable();
    let expected: Vec<i64> = (2..).take(CHANGES).collect();
    assert_eq!(versions, expected);

    let (_, state) = ask(counsellors[0].get(&path)).await;
    // Not printed: it has a hundred kilobytes.
    assert!(state["state"] == document(0..CHANGES), "a change was lost");
    // Every change differs from the version before in one member.
    for version in expected {
        let (status, snapshot) =
            ask(counsellors[0].get(&format!("{path}/history/{version}"))).await;
        assert_eq!(status, 200, "{snapshot}");
        let members = snapshot["state"].as_object().unwrap();
        let numbers = members.values().filter(|value| value.is_number()).count();
        assert_eq!(i64::try_from(numbers).unwrap(), version - 1);
    }
}

/// A patch that does not fit a large document is refused by what the database holds, and so is one whose
/// condition no longer holds.
#[testkit::on_both_databases]
async fn a_change_that_does_not_fit_a_large_document_is_refused() {
    let apps = instances().await;
    let counsellors = counsellors(&apps).await;
    let path = path_of(&counsellors[0].room().await, "game");
    let created = counsellors[0].put(&path, &json!({ "state": document(0..0) }));
    let (_, first) = ask(created).await;

    let change = |operations: Value| {
        let request = counsellors[0].request("PATCH", &path).body(operations.to_string());
        request.header("content-type", "application/json-patch+json")
    };
    let absent = json!([{ "op": "remove", "path": "/none" }]);
    let (status, refused) = ask(change(absent)).await;
    assert_eq!((status, &refused["code"]), (409, &json!("patch_path_not_found")), "{refused}");

    let fits = json!([{ "op": "remove", "path": "/m0" }]);
    assert_eq!(ask(change(fits.clone())).await.0, 200);
    let id = first["id"].as_str().unwrap().replace('-', "");
    let late = change(fits).header("if-match", format!(r#""1-{id}""#));
    let (status, stale) = ask(late).await;
    assert_eq!((status, &stale["version"]), (412, &json!(2)), "{stale}");
}

/// Whole documents that differ in everything: the way back is the document before, and ten of them would
/// make a row that every save writes again.
#[testkit::on_both_databases]
async fn the_history_of_large_documents_leads_back_through_all_of_them() {
    let apps = instances().await;
    let counsellors = counsellors(&apps).await;
    let path = path_of(&counsellors[0].room().await, "game");
    let text = |n: i64| n.to_string().repeat(40_000);
    for n in 1..=8 {
        let state = json!({ "state": { (format!("t{n}")): text(n) } });
        let (status, answer) = ask(counsellors[0].put(&path, &state)).await;
        assert_eq!((status, &answer["version"]), (200, &json!(n)));
    }
    for n in 1..=8 {
        let (_, snapshot) = ask(counsellors[0].get(&format!("{path}/history/{n}"))).await;
        assert_eq!(snapshot["state"], json!({ (format!("t{n}")): text(n) }));
    }
}
