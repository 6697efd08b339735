//! How large a state may be: every bound is exact to the last unit.

use serde_json::{Value, json};

use super::{path_of, save};
use crate::app::{TestApp, ask};
use crate::client::Counsellor;

/// A server whose states have at most 2,000 bytes.
async fn small() -> TestApp {
    TestApp::spawn_with(&[("CARDROOM__LIMITS__STATE_BYTES", "2000")]).await
}

async fn check(counsellor: &Counsellor<'_>, path: &str, state: &str, refusal: Option<&str>) {
    let (status, answer) = ask(save(counsellor, path, format!(r#"{{"state":{state}}}"#))).await;
    let Some(reason) = refusal else {
        assert_eq!(status, 200, "{answer}");
        return;
    };
    assert_eq!(status, 422, "{answer}");
    let issue = json!([{
        "type": "value_error",
        "loc": ["body", "state"],
        "msg": format!("Value error, {reason}"),
        "input": Value::Null,
        "ctx": { "error": reason },
    }]);
    assert_eq!(answer["detail"], issue);
}

#[testkit::on_both_databases]
async fn a_state_is_nested_64_levels_deep_at_most() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let objects = |levels: usize| r#"{"a":"#.repeat(levels - 1) + "{}" + &"}".repeat(levels - 1);
    let arrays =
        |levels: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(levels - 1), "]".repeat(levels - 1));
    let refusal = Some("the document is nested more than 64 levels deep");

    check(&counsellor, &path, &objects(64), None).await;
    check(&counsellor, &path, &arrays(64), None).await;
    check(&counsellor, &path, &objects(65), refusal).await;
    check(&counsellor, &path, &arrays(65), refusal).await;
    // Deep enough for a stack to overflow.
    check(&counsellor, &path, &arrays(130_000), refusal).await;
    check(&counsellor, &path, &objects(40_000), refusal).await;
}

#[testkit::on_both_databases]
async fn a_state_has_ten_thousand_values_at_most() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    // The object and the array are values, too.
    let of = |values: usize| format!(r#"{{"a":[1{}]}}"#, ",1".repeat(values - 3));

    check(&counsellor, &path, &of(10_000), None).await;
    let refusal = Some("the document has more than 10000 values");
    check(&counsellor, &path, &of(10_001), refusal).await;
}

#[testkit::on_both_databases]
async fn a_state_is_measured_in_its_canonical_form() {
    let app = small().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let of = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
    let refusal = Some("the document is larger than 2000 bytes");

    check(&counsellor, &path, &of(2000), None).await;
    check(&counsellor, &path, &of(2001), refusal).await;
    let spacious = of(2000).replace(':', &format!(":{}", " ".repeat(3000)));
    check(&counsellor, &path, &spacious, None).await;
    let escaped = of(2000).replace('x', r"\u0078").replacen(r"\u0078", "x", 1330);
    check(&counsellor, &path, &escaped, None).await;
    check(
        &counsellor,
        &path,
        r#"{"a":1e399}"#,
        Some("the document contains a number out of range"),
    )
    .await;
}

#[testkit::on_both_databases]
async fn a_body_beyond_the_limit_is_not_read() {
    let app = small().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await, "game");
    let of = |bytes: usize| format!(r#"{{"state":{{}}{}}}"#, " ".repeat(bytes - 12));
    let limit = 2000 + 4096;

    assert_eq!(ask(save(&counsellor, &path, of(limit))).await.0, 200);
    for request in [
        save(&counsellor, &path, of(limit + 1)),
        save(&counsellor, &path, "x".repeat(limit + 1)),
        app.request("PUT", &path).header("content-type", "application/json").body(of(limit + 1)),
    ] {
        let (status, answer) = ask(request).await;
        assert_eq!((status, &answer["code"]), (413, &json!("payload_too_large")));
        assert_eq!(answer["detail"], "The body is larger than 6096 bytes");
    }
}
