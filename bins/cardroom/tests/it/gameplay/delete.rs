//! Conditional deletion: only of the version that the client has seen.

use serde_json::json;

use super::{path_of, tag_of};
use crate::app::{TestApp, ask};

#[testkit::on_both_databases]
async fn a_state_is_deleted_only_while_the_condition_holds() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let save = |n: i32| ask(counsellor.put(&path, &json!({ "state": { "n": n } })));
    let delete = |name, value: &str| {
        let request = counsellor.request("DELETE", &path);
        ask(request.header(name, value.to_owned()))
    };

    assert_eq!(delete("if-match", "*").await.0, 404);
    let (_, first) = save(1).await;
    let (_, second) = save(2).await;
    for (name, value) in [
        ("if-match", tag_of(&first)),
        ("if-match", "\"x\"".to_owned()),
        ("if-none-match", tag_of(&second)),
        ("if-none-match", "*".to_owned()),
    ] {
        let (status, answer) = delete(name, &value).await;
        assert_eq!((status, &answer["code"]), (412, &json!("version_mismatch")), "{name} {value}");
        assert_eq!((&answer["version"], &answer["etag"]), (&json!(2), &json!(tag_of(&second))));
    }
    assert_eq!(delete("if-match", "2").await.0, 400);
    assert_eq!(ask(counsellor.get(&path)).await, (200, second.clone()));

    assert_eq!(delete("if-match", &format!("W/{}", tag_of(&second))).await.0, 200);
    assert_eq!(ask(counsellor.get(&path)).await.0, 404);
    save(3).await;
    assert_eq!(delete("if-match", &tag_of(&second)).await.0, 412);
    assert_eq!(delete("if-match", "*").await.0, 200);
}
