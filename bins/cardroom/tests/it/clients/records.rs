//! Records of consultations.

use clients::records::append_screenshot;
use database::Transaction;
use futures::future::join_all;
use ids::{AccountId, FileId, RecordId};
use serde_json::{Value, json};

use super::{UNKNOWN_ID, create, path_of, record};
use crate::app::{TestApp, ask};
use crate::behind::Behind;
use crate::transcript::Transcript;

#[testkit::on_both_databases]
async fn a_record_belongs_to_the_paths_client_and_a_room_of_the_counsellor() {
    let app = TestApp::spawn().await;
    let (counsellor, other) = (app.counsellor().await, app.other_counsellor().await);
    let client = create(&counsellor, "Mei").await;
    let foreign = create(&other, "Foreign").await;
    let room = &client["default_room_id"];
    let path = format!("{}/consultation-records", path_of(&client));
    let mut transcript = Transcript::default();

    let all = json!({ "room_id": room, "client_id": client["id"], "session_date": "2026-11-22T21:00:00+08:00",
        "duration_minutes": 50, "game_state": { "gameplay": "value_ranking", "n": 1.50 },
        "topics": ["轉職", ""], "notes": "She likes people.", "follow_up_required": true,
        "follow_up_date": "2026-12-06", "game_rule_id": UNKNOWN_ID });
    transcript.say("with everything", counsellor.post(&path, &all)).await;
    let least = record(&client, room, "2026-11-21");
    transcript.say("with the least", counsellor.post(&path, &least)).await;
    let nulls = json!({ "room_id": room, "client_id": client["id"], "session_date": 1_795_000_000,
        "duration_minutes": null, "game_state": null, "topics": null, "notes": null,
        "follow_up_date": null });
    transcript.say("with nulls", counsellor.post(&path, &nulls)).await;
    let of_another = record(&foreign, room, "2026-11-21");
    transcript.say("of another client", counsellor.post(&path, &of_another)).await;
    let foreign_room = record(&client, &foreign["default_room_id"], "2026-11-21");
    transcript.say("in another's room", counsellor.post(&path, &foreign_room)).await;
    let no_room = record(&client, &json!(UNKNOWN_ID), "2026-11-21");
    transcript.say("in an unknown room", counsellor.post(&path, &no_room)).await;
    let unknown = format!("/api/clients/{UNKNOWN_ID}/consultation-records");
    let of_unknown =
        json!({ "room_id": room, "client_id": UNKNOWN_ID, "session_date": "2026-11-21" });
    transcript.say("of an unknown client", counsellor.post(&unknown, &of_unknown)).await;
    transcript.say("an unknown client", counsellor.get(&unknown)).await;
    transcript.say("the list", counsellor.get(&path)).await;
    transcript.check("clients_records");

    let (_, foreign) = ask(other.get(&format!("{}/consultation-records", path_of(&foreign)))).await;
    assert_eq!(foreign, json!([]));
}

#[testkit::on_both_databases]
async fn records_are_listed_in_pages_the_latest_first() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let client = create(&counsellor, "Mei").await;
    let path = format!("{}/consultation-records", path_of(&client));
    for day in 1..=12 {
        let new = record(&client, &client["default_room_id"], &format!("2026-11-{day:02}"));
        assert_eq!(ask(counsellor.post(&path, &new)).await.0, 200);
    }
    let days = async |query: &str| {
        let (status, records) = ask(counsellor.get(&format!("{path}{query}"))).await;
        assert_eq!(status, 200, "{records}");
        let records = records.as_array().unwrap().iter();
        let day = |it: &Value| it["session_date"].as_str().unwrap()[8..10].parse().unwrap();
        records.map(day).collect::<Vec<u8>>()
    };
    assert_eq!(days("").await, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
    assert_eq!(days("?limit=2&offset=11").await, [1]);
    assert_eq!(days("?limit=100").await.len(), 12);
    assert!(days("?offset=9223372036854775807").await.is_empty());
}

#[testkit::on_both_databases]
async fn a_record_outlives_its_room_and_goes_with_its_client() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let client = create(&counsellor, "Mei").await;
    let path = format!("{}/consultation-records", path_of(&client));
    let new = record(&client, &client["default_room_id"], "2026-11-22");
    assert_eq!(ask(counsellor.post(&path, &new)).await.0, 200);
    let behind = Behind::of(&app);

    let delete = "DELETE FROM rooms";
    behind.carry_out(delete, delete).await;
    let (_, records) = ask(counsellor.get(&path)).await;
    assert_eq!(records[0]["room_id"], client["default_room_id"]);
    let (_, seen) = ask(counsellor.get(&path_of(&client))).await;
    assert_eq!((&seen["default_room_id"], &seen["total_consultations"]), (&Value::Null, &json!(1)));
}

#[testkit::on_both_databases]
async fn screenshots_that_are_added_at_once_all_stay() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let client = create(&counsellor, "Mei").await;
    let path = format!("{}/consultation-records", path_of(&client));
    let new = record(&client, &client["default_room_id"], "2026-11-22");
    let (_, added) = ask(counsellor.post(&path, &new)).await;
    let id = |value: &Value| value.as_str().unwrap().to_owned();
    let record: RecordId = id(&added["id"]).parse().unwrap();
    let owner: AccountId = id(&client["counselor_id"]).parse().unwrap();
    let behind = Behind::of(&app);
    let files: Vec<FileId> = (0..20).map(|_| FileId::new()).collect();
    let append = |owner, record, file| {
        behind.0.transaction(async move |transaction: &mut Transaction<'_>| {
            append_screenshot(transaction, owner, record, file, chrono::Utc::now()).await
        })
    };

    let counts = join_all(files.iter().map(|file| append(owner, record, *file))).await;

    let mut counts: Vec<i64> = counts.into_iter().map(Result::unwrap).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=20).collect::<Vec<i64>>());
    let (_, records) = ask(counsellor.get(&path)).await;
    let mut listed: Vec<String> =
        records[0]["screenshots"].as_array().unwrap().iter().map(id).collect();
    listed.sort_unstable();
    let mut expected: Vec<String> = files.iter().map(|it| format!("/api/files/{it}")).collect();
    expected.sort_unstable();
    assert_eq!(listed, expected);

    assert!(append(AccountId::new(), record, FileId::new()).await.is_err());
    assert!(append(owner, RecordId::new(), FileId::new()).await.is_err());
    let (_, records) = ask(counsellor.get(&path)).await;
    assert_eq!(records[0]["screenshots"].as_array().map(Vec::len), Some(20));
}
