//! What requests about clients are refused for.

use serde_json::{Value, json};

use super::{create, path_of, record};
use crate::app::{TestApp, ask};
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn every_fault_of_a_request_is_named() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let client = create(&counsellor, "Mei").await;
    let path = path_of(&client);
    let mut transcript = Transcript::default();

    let wrong = json!({ "name": 1, "email": ["x"], "phone": "x".repeat(51), "notes": "\0",
        "tags": ["ok", 2, "y".repeat(51)] });
    transcript.say("a new client", counsellor.post("/api/clients", &wrong)).await;
    let many = json!({ "tags": vec!["tag"; 51] });
    transcript.say("too many tags", counsellor.post("/api/clients", &many)).await;
    for status in [json!(null), json!("gone"), json!(1)] {
        transcript.say("a status", counsellor.put(&path, &json!({ "status": status }))).await;
    }
    transcript.say("no object", counsellor.put(&path, &json!([]))).await;
    transcript.say("no id", counsellor.get("/api/clients/x")).await;
    let filter = "/api/clients?status=gone&limit=0&after=x";
    transcript.say("a filter", counsellor.get(filter)).await;
    let records = format!("{path}/consultation-records");
    transcript.say("an empty record", counsellor.post(&records, &json!({}))).await;
    let wrong = json!({ "client_id": "x", "room_id": 1, "session_date": "soon", "duration_minutes": -1,
        "game_state": [], "topics": "x", "notes": 1, "follow_up_required": "perhaps",
        "follow_up_date": "2026-11-30T10:00:00Z" });
    transcript.say("a record", counsellor.post(&records, &wrong)).await;
    let mut deep = json!({});
    for _ in 0..64 {
        deep = json!({ "deeper": deep });
    }
    let mut too_deep = record(&client, &client["default_room_id"], "2026-11-21");
    too_deep["game_state"] = deep;
    let (status, refused) = ask(counsellor.post(&records, &too_deep)).await;
    assert_eq!((status, &refused["detail"][0]["loc"]), (422, &json!(["body", "game_state"])));
    transcript.say("pages", counsellor.get(&format!("{records}?limit=101&offset=-1"))).await;
    transcript.check("clients_valid");
}

#[testkit::on_both_databases]
async fn texts_are_kept_up_to_their_bounds() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let letter = |count: usize| "學".repeat(count);
    let fits = json!({ "name": letter(100), "email": letter(255), "phone": letter(50),
        "notes": letter(10_000), "tags": vec![letter(50); 50] });
    let (status, client) = ask(counsellor.post("/api/clients", &fits)).await;
    assert_eq!(status, 200, "{client}");
    for field in ["name", "email", "phone", "notes", "tags"] {
        assert_eq!(client[field], fits[field], "{field}");
    }
    for (field, count) in [("name", 101), ("email", 256), ("phone", 51), ("notes", 10_001)] {
        let (status, refused) =
            ask(counsellor.post("/api/clients", &json!({ field: letter(count) }))).await;
        assert_eq!(status, 422, "{field}");
        assert_eq!(refused["detail"][0]["type"], "string_too_long", "{field}");
        assert_eq!(refused["detail"][0]["loc"], Value::from(vec!["body", field]));
    }
}
