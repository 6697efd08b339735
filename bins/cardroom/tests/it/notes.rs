//! The notes of rooms: who may, versions, earlier texts, and many at once.

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::app::{TestApp, ask};
use crate::behind::Behind;
use crate::client::{Counsellor, Room};
use crate::transcript::Transcript;

fn path_of(room: &Room) -> String {
    format!("/api/rooms/{}/notes", room.id)
}

async fn write(counsellor: &Counsellor<'_>, path: &str, content: &str) -> Value {
    let (status, note) = ask(counsellor.put(path, &json!({ "content": content }))).await;
    assert_eq!(status, 200, "{note}");
    note
}

/// The versions and texts of the history.
async fn history(counsellor: &Counsellor<'_>, path: &str) -> Vec<(i64, String)> {
    let (status, history) = ask(counsellor.get(&format!("{path}/history"))).await;
    assert_eq!(status, 200, "{history}");
    let text =
        |it: &Value| (it["version"].as_i64().unwrap(), it["content"].as_str().unwrap().into());
    history.as_array().unwrap().iter().map(text).collect()
}

#[testkit::on_both_databases]
async fn a_note_is_read_and_written_with_its_version() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let room = counsellor.room().await;
    let path = path_of(&room);
    let put = |content: Value| counsellor.put(&path, &json!({ "content": content }));
    let tag = |version: u32| format!("\"{version}-{}\"", room.id.replace('-', ""));
    let mut transcript = Transcript::default();

    transcript.say("nothing yet", counsellor.get(&path)).await;
    transcript.say("an empty text", put(json!(""))).await;
    transcript
        .say("at any version, of which there is none", put(json!("x")).header("if-match", "*"))
        .await;
    transcript.say("the first", put(json!("他喜歡")).header("if-match", tag(0))).await;
    transcript.say("the same again", put(json!("他喜歡"))).await;
    transcript.say("a stale one", put(json!("she")).header("if-match", tag(0))).await;
    transcript.say("the next", put(json!("他喜歡跟人一起工作。")).header("if-match", tag(1))).await;
    transcript.say("a malformed condition", put(json!("x")).header("if-match", "1")).await;
    transcript.say("read", counsellor.get(&path)).await;
    transcript.say("no text", put(json!(1))).await;
    transcript.say("no field", counsellor.put(&path, &json!({}))).await;
    let unknown = "/api/rooms/00000000-0000-4000-8000-000000000000/notes";
    transcript.say("an unknown room", counsellor.get(unknown)).await;
    transcript.say("an unknown room", counsellor.put(unknown, &json!({ "content": "x" }))).await;
    transcript.check("notes");
}

#[testkit::on_both_databases]
async fn the_owner_of_the_room_alone_reads_and_writes_its_note() {
    let app = TestApp::spawn().await;
    let owner = app.counsellor().await;
    let room = owner.room().await;
    let path = path_of(&room);
    write(&owner, &path, "secret").await;
    write(&owner, &path, "").await;
    let (_, visitor) = ask(app.post(
        &format!("/api/visitors/join-room/{}", room.code),
        &json!({ "name": "Mei", "session_id": "session-1" }),
    ))
    .await;
    let visitor = Counsellor::new(&app, visitor["visitor_token"].as_str().unwrap().into());
    let mut transcript = Transcript::default();

    let admin = app.admin().await;
    for (who, counsellor) in [
        ("another counsellor", &app.other_counsellor().await),
        ("an administrator", &admin),
        ("a client", &app.client_account().await),
        ("a visitor", &visitor),
    ] {
        transcript.say(who, counsellor.get(&path)).await;
        transcript.say(who, counsellor.put(&path, &json!({ "content": "x" }))).await;
        transcript.say(who, counsellor.get(&format!("{path}/history"))).await;
        let restore = counsellor.post(&format!("{path}/history/1/restore"), &json!({}));
        transcript.say(who, restore).await;
    }
    transcript.say("nobody", app.get(&path)).await;
    transcript.check("notes_access");
}

#[testkit::on_both_databases]
async fn a_wiped_text_is_restored_by_one_call() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await);
    let long = "a long text 學".repeat(1_000);
    write(&counsellor, &path, &long).await;

    // What the page of the web app does while the text has not arrived yet.
    assert_eq!(ask(counsellor.get(&path)).await.1["content"], long);
    let wiped = write(&counsellor, &path, "").await;
    assert_eq!((&wiped["version"], &wiped["content"]), (&json!(2), &json!("")));

    assert_eq!(history(&counsellor, &path).await, [(1, long.clone())]);
    let restore = |version: u32| {
        ask(counsellor.post(&format!("{path}/history/{version}/restore"), &json!({})))
    };
    let (status, restored) = restore(1).await;
    assert_eq!(
        (status, &restored["content"], &restored["version"]),
        (200, &json!(long), &json!(3))
    );
    assert_eq!(restore(3).await.1, restored, "the current version is there already");
    let (status, unknown) = restore(2).await;
    assert_eq!((status, &unknown["detail"]), (404, &json!("Version 2 is not kept")));
    assert_eq!(restore(0).await.0, 422);
}

#[testkit::on_both_databases]
async fn writing_on_does_not_push_earlier_texts_out() {
    let settings = [("CARDROOM__NOTES__VERSIONS", "3")];
    let app = TestApp::spawn_with(&settings).await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await);
    write(&counsellor, &path, "the old text").await;
    for length in 0..30 {
        write(&counsellor, &path, &"x".repeat(length)).await;
    }
    assert_eq!(history(&counsellor, &path).await, [(1, "the old text".to_owned())]);

    for n in 0..5 {
        write(&counsellor, &path, &format!("{n} is another")).await;
    }
    let kept = history(&counsellor, &path).await;
    let texts: Vec<&str> = kept.iter().map(|it| it.1.as_str()).collect();
    assert_eq!(texts, ["3 is another", "2 is another", "1 is another"]);
}

#[testkit::on_both_databases]
async fn the_bytes_of_earlier_texts_are_bounded_but_for_the_latest() {
    let settings = [("CARDROOM__NOTES__HISTORY_BYTES", "1024")];
    let app = TestApp::spawn_with(&settings).await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await);
    for letter in ["a", "b", "c"] {
        write(&counsellor, &path, &letter.repeat(600)).await;
    }
    write(&counsellor, &path, "").await;
    assert_eq!(history(&counsellor, &path).await, [(3, "c".repeat(600))]);
    let largest = "學".repeat(80_000);
    write(&counsellor, &path, &largest).await;
    write(&counsellor, &path, "").await;
    assert_eq!(history(&counsellor, &path).await, [(5, largest)]);
    let more = json!({ "content": "x".repeat(80_001) });
    assert_eq!(ask(counsellor.put(&path, &more)).await.0, 422);
    let more = json!({ "content": "x".repeat(400_000) });
    assert_eq!(ask(counsellor.put(&path, &more)).await.0, 413);
}

#[testkit::on_both_databases]
async fn twenty_first_texts_at_once_all_succeed_and_none_is_lost() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    for _ in 0..5 {
        let path = path_of(&counsellor.room().await);
        let writes = (0..20)
            .map(|n| ask(counsellor.put(&path, &json!({ "content": format!("text {n:02}") }))));
        let answers = join_all(writes).await;

        assert!(answers.iter().all(|it| it.0 == 200), "{answers:?}");
        let mut versions: Vec<i64> =
            answers.iter().map(|it| it.1["version"].as_i64().unwrap()).collect();
        versions.sort_unstable();
        assert_eq!(versions, (1..=20).collect::<Vec<i64>>());
        let (_, note) = ask(counsellor.get(&path)).await;
        let mut texts: Vec<String> =
            history(&counsellor, &path).await.into_iter().map(|it| it.1).collect();
        texts.push(note["content"].as_str().unwrap().to_owned());
        texts.sort();
        assert_eq!(texts, (0..20).map(|n| format!("text {n:02}")).collect::<Vec<_>>());
    }
}

#[testkit::on_both_databases]
async fn reading_writes_nothing() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await);
    let reads = join_all((0..20).map(|_| ask(counsellor.get(&path)))).await;
    assert!(reads.iter().all(|it| it.0 == 200 && it.1 == reads[0].1));
    let count = database::schema::counselor_notes::table;
    let rows = Behind::of(&app).0.read_one(diesel::QueryDsl::count(count)).await.unwrap();
    assert_eq!(rows, Some(0));
}

#[testkit::on_both_databases]
async fn earlier_texts_are_deleted_some_days_after_they_were_replaced() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let path = path_of(&counsellor.room().await);
    for text in ["one", "two", "three"] {
        write(&counsellor, &path, text).await;
    }
    let behind = Behind::of(&app);
    let age = async |days: i64| {
        let seconds = TimeDelta::days(days).num_seconds();
        let set = "UPDATE counselor_note_versions SET replaced_at = replaced_at";
        let (postgres, sqlite) = (
            format!("{set} - interval '{seconds} s' WHERE version = 1"),
            format!("{set} - {seconds} * 1000000 WHERE version = 1"),
        );
        behind.carry_out(&postgres, &sqlite).await;
    };
    let kept = async |expected: usize| {
        let next = TestApp::spawn_on(app.database.clone(), &[]).await;
        assert_eq!(ask(next.get("/health")).await.0, 200);
        for _ in 0..300 {
            if history(&counsellor, &path).await.len() == expected {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        // A wrong deletion would happen in this moment.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        history(&counsellor, &path).await.len()
    };

    age(89).await;
    assert_eq!(kept(2).await, 2);
    age(2).await;
    assert_eq!(kept(1).await, 1);
}

#[testkit::on_both_databases]
async fn an_idle_room_goes_with_its_note_unless_that_was_written_lately() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let (old, young) = (counsellor.room().await, counsellor.room().await);
    for room in [&old, &young] {
        write(&counsellor, &path_of(room), "one").await;
        write(&counsellor, &path_of(room), "two").await;
        let close = counsellor.request("DELETE", &format!("/api/rooms/{}", room.id));
        assert_eq!(ask(close).await.0, 200);
    }
    let month = TimeDelta::days(31).num_seconds();
    let behind = Behind::of(&app);
    for (table, column) in [("rooms", "created_at"), ("counselor_notes", "updated_at")] {
        let set = format!("UPDATE {table} SET {column} = {column}");
        let (postgres, sqlite) =
            (format!("{set} - interval '{month} s'"), format!("{set} - {month} * 1000000"));
        behind.carry_out(&postgres, &sqlite).await;
    }
    write(&counsellor, &path_of(&young), "three").await;

    let asked_for = [("CARDROOM__ROOMS__ENDED_DAYS", "30")];
    let next = TestApp::spawn_on(app.database.clone(), &asked_for).await;
    let found = async |room: &Room| ask(next.get(&format!("/api/rooms/{}", room.id))).await.0;
    for _ in 0..300 {
        if found(&old).await == 404 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!((found(&old).await, found(&young).await), (404, 200));
    // The owner is cached by the first server, which finds out when it writes.
    let (status, gone) = ask(counsellor.put(&path_of(&old), &json!({ "content": "x" }))).await;
    assert_eq!((status, &gone["detail"]), (404, &json!("Room not found")));
}
