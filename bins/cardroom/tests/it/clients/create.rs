//! Creating clients: the answers, the first room, and the bounds.

use serde_json::{Value, json};

use super::{create, path_of};
use crate::app::{TestApp, ask};
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn a_client_begins_with_a_room() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let mut transcript = Transcript::default();

    let all = json!({ "name": "陳同學", "email": " Mei@Example.com ", "phone": "0912-345-678",
        "notes": "Likes \"quotes\"", "tags": ["轉職", ""], "unknown": { "is": "ignored" } });
    transcript.say("with everything", counsellor.post("/api/clients", &all)).await;
    let client = transcript.say("with nothing", counsellor.post("/api/clients/", &json!({}))).await;
    let form = json!({ "name": "Lin", "email": "", "phone": "" });
    transcript.say("with empty texts", counsellor.post("/api/clients", &form)).await;
    let nulls = json!({ "name": null, "email": null, "phone": null, "notes": null, "tags": null });
    transcript.say("with nulls", counsellor.post("/api/clients", &nulls)).await;
    transcript.say("the list", counsellor.get("/api/clients")).await;
    transcript.say("one of them", counsellor.get(&path_of(&client))).await;
    transcript.say("its rooms", counsellor.get(&format!("{}/rooms", path_of(&client)))).await;

    transcript.check("clients_create");
}

#[testkit::on_both_databases]
async fn an_address_is_one_clients_of_a_counsellor_in_any_case() {
    let app = TestApp::spawn().await;
    let (counsellor, other) = (app.counsellor().await, app.other_counsellor().await);
    let with = |email: &str| json!({ "name": "Mei", "email": email });
    let mut transcript = Transcript::default();

    for email in ["mei@example.com", "ÄNNE@example.com"] {
        assert_eq!(ask(counsellor.post("/api/clients", &with(email))).await.0, 200);
    }
    for email in ["MEI@Example.com", " mei@example.com", "änne@EXAMPLE.com"] {
        transcript.say("taken", counsellor.post("/api/clients", &with(email))).await;
    }
    assert_eq!(ask(other.post("/api/clients", &with("mei@example.com"))).await.0, 200);
    let third = create(&counsellor, "Third").await;
    let change = json!({ "email": "Mei@example.com" });
    transcript.say("a change to it", counsellor.put(&path_of(&third), &change)).await;

    let (_, clients) = ask(counsellor.get("/api/clients")).await;
    assert_eq!(clients.as_array().unwrap().len(), 3);
    let (_, rooms) = ask(counsellor.get("/api/rooms")).await;
    assert_eq!(rooms.as_array().unwrap().len(), 3, "a refused client leaves no room");
    transcript.check("clients_email_taken");
}

#[testkit::on_both_databases]
async fn the_clients_and_rooms_of_an_account_are_bounded() {
    let bounds = [("CARDROOM__CLIENTS__PER_ACCOUNT", "2"), ("CARDROOM__ROOMS__PER_ACCOUNT", "3")];
    let app = TestApp::spawn_with(&bounds).await;
    let (counsellor, other) = (app.counsellor().await, app.other_counsellor().await);
    let one_more = json!({ "name": "One more" });
    let mut transcript = Transcript::default();

    create(&counsellor, "Mei").await;
    create(&counsellor, "Lin").await;
    transcript.say("too many clients", counsellor.post("/api/clients", &one_more)).await;
    create(&other, "Mei").await;
    other.room().await;
    other.room().await;
    transcript.say("too many rooms", other.post("/api/clients", &one_more)).await;
    let (_, clients) = ask(other.get("/api/clients")).await;
    assert_eq!(clients.as_array().unwrap().len(), 1, "a client without a room is not left");

    transcript.check("clients_too_many");
}

#[testkit::on_both_databases]
async fn a_repeated_request_creates_one_client() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let post = |name: &str| {
        let body = json!({ "name": name });
        counsellor.post("/api/clients", &body).header("idempotency-key", "the-key")
    };

    let (_, first) = ask(post("Mei")).await;
    let (status, again) = ask(post("Mei")).await;
    assert_eq!((status, &again), (200, &first));
    let (status, other) = ask(post("Lin")).await;
    assert_eq!((status, &other["code"]), (422, &json!("idempotency_key_reused")));
    let (_, clients) = ask(counsellor.get("/api/clients")).await;
    assert_eq!(clients.as_array().map(Vec::len), Some(1));
    assert_eq!(first["rooms"], Value::Array(Vec::new()));
}
