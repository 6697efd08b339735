//! Which rooms a counsellor sees in the list.

use serde_json::{Value, json};

use crate::app::{TestApp, ask, body_of};
use crate::behind::Behind;
use crate::client::Counsellor;
use crate::transcript::Transcript;

async fn listed(counsellor: &Counsellor<'_>, query: &str) -> Vec<String> {
    let (status, rooms) = ask(counsellor.get(&format!("/api/rooms{query}"))).await;
    assert_eq!(status, 200, "{query}: {rooms}");
    let id = |room: &Value| room["id"].as_str().unwrap().to_owned();
    rooms.as_array().unwrap().iter().map(id).collect()
}

#[testkit::on_both_databases]
async fn rooms_are_listed_with_their_owners_name() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let mut transcript = Transcript::default();

    transcript.say("no rooms yet", counsellor.get("/api/rooms/")).await;
    counsellor.room().await;
    transcript.say("one room", counsellor.get("/api/rooms")).await;
    transcript.say("nobody asks", app.get("/api/rooms")).await;
    let client = app.client_account().await;
    transcript.say("a client asks", client.get("/api/rooms")).await;

    transcript.check("rooms_list");
}

#[testkit::on_both_databases]
async fn the_newest_room_comes_first_and_only_ones_own_come() {
    let app = TestApp::spawn().await;
    let (counsellor, other) = (app.counsellor().await, app.other_counsellor().await);
    let (first, foreign) = (counsellor.room().await, other.room().await);
    let (second, third) = (counsellor.room().await, counsellor.room().await);

    assert_eq!(listed(&counsellor, "").await, [third.id, second.id, first.id]);
    assert_eq!(listed(&other, "").await, [foreign.id]);
    assert!(listed(&app.admin().await, "?include_inactive=true").await.is_empty());
}

#[testkit::on_both_databases]
async fn inactive_rooms_are_listed_when_asked_for_in_any_spelling() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let (open, closed) = (counsellor.room().await, counsellor.room().await);
    let path = super::path_of(&closed.id);
    assert_eq!(ask(counsellor.request("DELETE", &path)).await.0, 200);

    for yes in ["true", "True", "1", "yes", "on", "t", "Y"] {
        let query = format!("?include_inactive={yes}");
        assert_eq!(listed(&counsellor, &query).await, [&*closed.id, &*open.id], "{yes}");
    }
    for no in ["false", "FALSE", "0", "no", "off", "f", "n"] {
        let query = format!("?include_inactive={no}");
        assert_eq!(listed(&counsellor, &query).await, [&*open.id], "{no}");
    }
    assert_eq!(listed(&counsellor, "").await, [&*open.id]);
    assert_eq!(listed(&counsellor, "?unknown=true").await, [&*open.id]);
}

#[testkit::on_both_databases]
async fn a_value_that_is_not_a_boolean_is_refused() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let mut transcript = Transcript::default();

    for query in ["maybe", "", "2"] {
        let path = format!("/api/rooms?include_inactive={query}");
        transcript.say("neither yes nor no", counsellor.get(&path)).await;
    }

    transcript.check("rooms_list_invalid");
}

#[testkit::on_both_databases]
async fn rooms_are_listed_in_pages_when_asked_for() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let foreign = app.other_counsellor().await.room().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.insert(0, counsellor.room().await.id);
    }
    let closed = super::path_of(&ids[1]);
    assert_eq!(ask(counsellor.request("DELETE", &closed)).await.0, 200);

    let open = [&ids[0], &ids[2], &ids[3], &ids[4]].map(Clone::clone);
    assert_eq!(pages(&counsellor, "/api/rooms?limit=2").await, [&open[..2], &open[2..]]);
    assert_eq!(pages(&counsellor, "/api/rooms?limit=3").await, [&open[..3], &open[3..]]);
    assert_eq!(pages(&counsellor, "/api/rooms").await, [&open[..]]);
    let all = pages(&counsellor, "/api/rooms?include_inactive=true&limit=3").await;
    assert_eq!(all, [&ids[..3], &ids[3..]]);
    let after_closed = format!("?limit=1&after={}", ids[1]);
    assert_eq!(listed(&counsellor, &after_closed).await, [&*ids[2]]);

    let after_foreign = format!("/api/rooms?after={}", foreign.id);
    assert_eq!(ask(counsellor.get(&after_foreign)).await.0, 404);
    for query in ["limit=0", "limit=1001", "limit=x", "after=first"] {
        assert_eq!(ask(counsellor.get(&format!("/api/rooms?{query}"))).await.0, 422, "{query}");
    }
}

/// Rooms that were opened in the same microsecond are ordered by id, across all pages.
#[testkit::on_both_databases]
async fn rooms_of_the_same_moment_are_listed_once_each() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(counsellor.room().await.id);
    }
    let same = "UPDATE rooms SET created_at = (SELECT min(created_at) FROM rooms)";
    Behind::of(&app).carry_out(same, same).await;
    ids.sort();

    let pages = pages(&counsellor, "/api/rooms?limit=2").await;

    assert_eq!(pages, [&ids[..2], &ids[2..4], &ids[4..]]);
}

/// Times outside the calendar's range, as a broken import leaves them.
#[testkit::on_both_databases]
async fn a_damaged_room_does_not_take_the_others_from_the_list() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let (first, damaged, last) =
        (counsellor.room().await, counsellor.room().await, counsellor.room().await);
    let code = &damaged.code;
    let postgres = format!("UPDATE rooms SET expires_at = 'infinity' WHERE share_code = '{code}'");
    let sqlite = format!("UPDATE rooms SET expires_at = {} WHERE share_code = '{code}'", i64::MAX);
    Behind::of(&app).carry_out(&postgres, &sqlite).await;

    assert_eq!(listed(&counsellor, "").await, [last.id, first.id]);
}

/// The ids of all pages of a list, from the one at this path on.
pub(crate) async fn pages(counsellor: &Counsellor<'_>, first: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut next = Some(first.to_owned());
    while let Some(path) = next {
        let answer = counsellor.get(&path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let link = answer.headers().get("link").map(|it| it.to_str().unwrap().to_owned());
        next = link.map(|it| {
            let path = it.strip_prefix('<').and_then(|it| it.strip_suffix(">; rel=\"next\""));
            path.expect("a link to the next page").to_owned()
        });
        let page = body_of(answer).await;
        let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
        pages.push(page.as_array().unwrap().iter().map(id).collect());
    }
    pages
}

/// An expired room still belongs to its owner, and is still marked as active.
#[testkit::on_both_databases]
async fn an_expired_room_is_listed() {
    let app = TestApp::spawn().await;
    let counsellor = app.counsellor().await;
    let body = json!({ "name": "Over", "expires_at": "2020-01-01" });
    let (_, room) = ask(counsellor.post("/api/rooms", &body)).await;

    let (_, rooms) = ask(counsellor.get("/api/rooms")).await;

    assert_eq!(rooms[0]["id"], room["id"]);
    assert_eq!(rooms[0]["is_active"], true);
}
