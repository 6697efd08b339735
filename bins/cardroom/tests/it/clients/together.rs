//! Many requests about clients at once.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{create, path_of, record};
use crate::app::{TestApp, ask};

#[testkit::on_both_databases]
async fn fifty_creations_with_one_address_make_one_client() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    for round in 0..4 {
        let email = |n: usize| if n.is_multiple_of(2) { "mei" } else { "MEI" };
        let creations = (0..50).map(|n| {
            let body = json!({ "email": format!("{}{round}@example.com", email(n)) });
            ask(counsellor.post("/api/clients", &body))
        });
        let answers = join_all(creations).await;
        let created = answers.iter().filter(|it| it.0 == 200).count();
        let refused = answers.iter().filter(|it| it.1["code"] == "client_email_taken").count();
        assert_eq!((created, refused), (1, 49), "{answers:?}");
    }
    let (_, clients) = ask(counsellor.get("/api/clients")).await;
    assert_eq!(clients.as_array().unwrap().len(), 4);
    let (_, rooms) = ask(counsellor.get("/api/rooms")).await;
    assert_eq!(rooms.as_array().unwrap().len(), 4);
}

#[testkit::on_both_databases]
async fn the_bound_of_clients_holds_however_many_come_at_once() {
    let app = TestApp::spawn_with(&[("CARDROOM__CLIENTS__PER_ACCOUNT", "5")]).await;
    let counsellor = app.counsellor().await;
    let creations = (0..30).map(|_| ask(counsellor.post("/api/clients", &json!({}))));
    let answers = join_all(creations).await;
    assert_eq!(answers.iter().filter(|it| it.0 == 200).count(), 5, "{answers:?}");
    assert_eq!(answers.iter().filter(|it| it.0 == 409).count(), 25);
}

#[testkit::on_both_databases]
async fn of_changes_of_one_version_one_succeeds_and_without_a_condition_all_do() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let client = create(&counsellor, "Mei").await;
    let path = path_of(&client);
    let tag = format!("\"1-{}\"", client["id"].as_str().unwrap().replace('-', ""));

    let changes = (0..20).map(|n| {
        let change = counsellor.put(&path, &json!({ "name": format!("Mei {n}") }));
        ask(change.header("if-match", &tag))
    });
    let answers = join_all(changes).await;
    assert_eq!(answers.iter().filter(|it| it.0 == 200).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|it| it.0 == 412).count(), 19);

    let fields = ["name", "phone", "notes"];
    let changes = (0..30)
        .map(|n| ask(counsellor.put(&path, &json!({ fields[n % 3]: format!("value {n}") }))));
    let answers = join_all(changes).await;
    assert!(answers.iter().all(|it| it.0 == 200), "{answers:?}");
    let (_, client) = ask(counsellor.get(&path)).await;
    assert_eq!(client["version"], 32, "no change was lost");
    assert!(fields.iter().all(|it| client[*it].as_str().unwrap().starts_with("value ")));
}

#[testkit::on_both_databases]
async fn records_that_are_added_at_once_all_stay_and_no_more_than_the_bound() {
    let app = TestApp::spawn_with(&[("CARDROOM__CLIENTS__RECORDS_PER_CLIENT", "20")]).await;
    let counsellor = app.counsellor().await;
    let client = create(&counsellor, "Mei").await;
    let path = format!("{}/consultation-records", path_of(&client));
    let add = |n: usize| {
        let date = format!("2026-11-22T21:00:{n:02}Z");
        ask(counsellor.post(&path, &record(&client, &client["default_room_id"], &date)))
    };

    let answers = join_all((0..30).map(add)).await;
    assert_eq!(answers.iter().filter(|it| it.0 == 200).count(), 20, "{answers:?}");
    assert_eq!(answers.iter().filter(|it| it.1["code"] == "too_many_records").count(), 10);
    let (_, records) = ask(counsellor.get(&format!("{path}?limit=100"))).await;
    assert_eq!(records.as_array().map(Vec::len), Some(20));
    let (_, client) = ask(counsellor.get(&path_of(&client))).await;
    let latest = &records[0]["session_date"];
    assert_eq!(
        (&client["total_consultations"], &client["last_consultation_date"]),
        (&json!(20), latest)
    );
}

#[testkit::on_both_databases]
async fn a_token_is_honoured_once_however_often_it_is_sent_at_once() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let client = create(&counsellor, "Mei").await;
    let body = json!({ "client_id": client["id"], "email": "mei@example.com" });
    let bind = counsellor.post(&format!("{}/bind-email", path_of(&client)), &body);
    assert_eq!(ask(bind).await.0, 200);
    let token = super::mailed_token(&app).await;

    let path = format!("/api/clients/verify-email?token={token}");
    let answers: Vec<(u16, Value)> = join_all((0..20).map(|_| ask(app.get(&path)))).await;

    assert_eq!(answers.iter().filter(|it| it.0 == 200).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|it| it.0 == 400).count(), 19);
}
