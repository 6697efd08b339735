//! Rooms of clients: opened for them, listed, and seen by their owner alone.

use serde_json::{Value, json};

use super::{UNKNOWN_ID, create, path_of};
use crate::app::{TestApp, ask};
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn a_room_is_opened_for_a_client_of_ones_own() {
    let app = TestApp::spawn().await;
    let (counsellor, other) = (app.counsellor().await, app.other_counsellor().await);
    let client = create(&counsellor, "Mei").await;
    let foreign = create(&other, "Foreign").await;
    let body = |client: &Value| json!({ "name": "A room", "client_id": client });
    let mut transcript = Transcript::default();

    transcript.say("one's own", counsellor.post("/api/rooms", &body(&client["id"]))).await;
    let nameless = create_nameless(&counsellor).await;
    transcript.say("nameless", counsellor.post("/api/rooms", &body(&nameless["id"]))).await;
    transcript.say("another's", counsellor.post("/api/rooms", &body(&foreign["id"]))).await;
    transcript.say("unknown", counsellor.post("/api/rooms", &body(&json!(UNKNOWN_ID)))).await;
    transcript.check("clients_room_opened");

    let (_, rooms) = ask(counsellor.get("/api/rooms")).await;
    let of = |client: &Value| {
        rooms.as_array().unwrap().iter().filter(|it| it["client_id"] == client["id"]).count()
    };
    assert_eq!((of(&client), of(&nameless), rooms.as_array().unwrap().len()), (2, 2, 4));
    assert_eq!(ask(other.get("/api/rooms")).await.1.as_array().unwrap().len(), 1);
    let (_, seen) = ask(counsellor.get(&path_of(&client))).await;
    assert_eq!(seen["rooms"].as_array().unwrap().len(), 2);
    assert_eq!(seen["default_room_name"], "A room", "the newest");
    assert_eq!(seen["active_rooms_count"], 2);
}

async fn create_nameless(counsellor: &crate::client::Counsellor<'_>) -> Value {
    let (status, client) = ask(counsellor.post("/api/clients", &json!({}))).await;
    assert_eq!(status, 200);
    client
}

#[testkit::on_both_databases]
async fn a_repeated_opening_shows_the_same_client() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let client = create(&counsellor, "Mei").await;
    let body = json!({ "name": "A room", "client_id": client["id"] });
    let open = || counsellor.post("/api/rooms", &body).header("idempotency-key", "opening");

    let (_, first) = ask(open()).await;
    assert_eq!((&first["client_id"], &first["client_name"]), (&client["id"], &json!("Mei")));
    assert_eq!(ask(open()).await, (201, first));
}

#[testkit::on_both_databases]
async fn only_the_owner_and_administrators_see_the_client_of_a_room() {
    let app = TestApp::spawn().await;
    let (owner, other) = (app.counsellor().await, app.other_counsellor().await);
    let client = create(&owner, "Mei").await;
    let room = format!("/api/rooms/{}", client["default_room_id"].as_str().unwrap());
    let (_, seen) = ask(owner.get(&room)).await;
    let code = seen["share_code"].as_str().unwrap().to_owned();
    let (_, visitor) = ask(app.post(
        &format!("/api/visitors/join-room/{code}"),
        &json!({ "name": "Mei", "session_id": "session-1" }),
    ))
    .await;
    let visitor = app.get(&room).bearer_auth(visitor["visitor_token"].as_str().unwrap());

    let shown = (client["id"].clone(), json!("Mei"));
    let admin = app.admin().await;
    for (who, request, expected) in [
        ("owner", owner.get(&room), shown.clone()),
        ("administrator", admin.get(&room), shown.clone()),
        ("owner, by close", owner.post(&format!("{room}/close"), &json!({})), shown.clone()),
        ("owner, by change", owner.put(&room, &json!({ "name": "New" })), shown),
        ("nobody", app.get(&room), Default::default()),
        ("a bad token", app.get(&room).bearer_auth("x"), Default::default()),
        ("another counsellor", other.get(&room), Default::default()),
        ("visitor", visitor, Default::default()),
        ("by code", owner.get(&format!("/api/rooms/by-code/{code}")), Default::default()),
    ] {
        let (status, room) = ask(request).await;
        let seen = (room["client_id"].clone(), room["client_name"].clone());
        assert_eq!((status, seen), (200, expected), "{who}");
    }
}
