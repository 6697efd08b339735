//! Who may read and change clients.

use serde_json::{Value, json};

use super::{UNKNOWN_ID, create, path_of, record};
use crate::app::{TestApp, ask};
use crate::behind::Behind;
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn clients_are_their_counsellors_and_administrators() {
    let app = TestApp::spawn().await;
    let (owner, other) = (app.counsellor().await, app.other_counsellor().await);
    let (admin, client_account) = (app.admin().await, app.client_account().await);
    let client = create(&owner, "Mei").await;
    let path = path_of(&client);
    let records = format!("{path}/consultation-records");
    let new = record(&client, &client["default_room_id"], "2026-11-22T21:00:00Z");
    let bind = json!({ "client_id": client["id"], "email": "mei@example.com" });
    let change = json!({ "phone": "1" });
    let mut transcript = Transcript::default();

    for (who, counsellor) in [("another counsellor", &other), ("a client", &client_account)] {
        transcript.say(who, counsellor.get(&path)).await;
        transcript.say(who, counsellor.put(&path, &change)).await;
        transcript.say(who, counsellor.request("DELETE", &path)).await;
        transcript.say(who, counsellor.get(&format!("{path}/rooms"))).await;
        transcript.say(who, counsellor.post(&format!("{path}/bind-email"), &bind)).await;
        transcript.say(who, counsellor.get(&records)).await;
        transcript.say(who, counsellor.post(&records, &new)).await;
    }
    transcript.say("a client", client_account.get("/api/clients")).await;
    transcript.say("a client", client_account.post("/api/clients", &json!({}))).await;
    transcript.say("nobody", app.get("/api/clients")).await;
    transcript.say("nobody", app.get(&path)).await;
    transcript.say("an administrator", admin.post(&records, &new)).await;
    transcript.say("an administrator", admin.post(&format!("{path}/bind-email"), &bind)).await;
    transcript.say("an unknown client", owner.get(&format!("/api/clients/{UNKNOWN_ID}"))).await;
    transcript.check("clients_access");

    let (status, seen) = ask(admin.get(&path)).await;
    assert_eq!((status, &seen["name"]), (200, &json!("Mei")));
    assert_eq!(ask(admin.put(&path, &change)).await.1["phone"], "1");
    assert_eq!(ask(admin.get(&records)).await, (200, json!([])));
    assert_eq!(ask(admin.get(&format!("{path}/rooms"))).await.0, 200);
    assert_eq!(ask(admin.request("DELETE", &path)).await.0, 200);
    assert_eq!(ask(admin.get("/api/clients")).await, (200, json!([])));
    assert_eq!(ask(other.get("/api/clients")).await, (200, json!([])));
}

#[testkit::on_both_databases]
async fn roles_and_activity_of_the_account_decide_and_not_the_token() {
    let app = TestApp::spawn().await;
    let (owner, email) = (app.counsellor().await, "demo.counselor@example.com");
    create(&owner, "Mei").await;
    let behind = Behind::of(&app);

    behind.set_roles(email, "client").await;
    let (status, refused) = ask(owner.get("/api/clients")).await;
    assert_eq!(
        (status, &refused["detail"]),
        (403, &json!("Only counselors can perform this action"))
    );
    behind.set_roles(email, "counselor").await;
    assert_eq!(ask(owner.get("/api/clients")).await.0, 200);
    behind.deactivate(email).await;
    let (status, refused) = ask(owner.get("/api/clients")).await;
    assert_eq!((status, &refused["code"]), (403, &json!("user_inactive")));
}

#[testkit::on_both_databases]
async fn a_token_of_a_deleted_account_creates_nothing() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    create(&counsellor, "Mei").await;
    let behind = Behind::of(&app);
    let rooms = "DELETE FROM rooms";
    behind.carry_out(rooms, rooms).await;

    // The clients of the account go with it.
    behind.delete("demo.counselor@example.com").await;

    let (status, refused) = ask(counsellor.post("/api/clients", &json!({}))).await;
    assert_eq!((status, &refused["detail"]), (404, &json!("User not found")));
    let (_, none) = ask(app.admin().await.get("/api/clients")).await;
    assert_eq!(none, Value::Array(Vec::new()));
}
