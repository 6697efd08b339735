//! Presence: the members that a channel shows to each other.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::socket::{Received, Socket};
use crate::app::{TestApp, ask};

const GRACE: (&str, &str) = ("CARDROOM__REALTIME__PRESENCE_GRACE_MS", "400");
const LOST_GRACE: (&str, &str) = ("CARDROOM__REALTIME__PRESENCE_LOST_GRACE_MS", "400");

fn with_key(key: &str) -> Value {
    json!({ "config": { "presence": { "key": key, "enabled": true } } })
}

/// Joins and returns the presence state.
async fn join(socket: &mut Socket, topic: &str, key: &str) -> Value {
    assert_eq!(socket.join(topic, &with_key(key)).await["status"], "ok");
    socket.receive_event("presence_state").await.payload
}

/// The joins and leaves of a diff, without the references.
fn difference(received: &Received) -> Value {
    assert_eq!(received.event, "presence_diff");
    let mut payload = received.payload.clone();
    for side in ["joins", "leaves"] {
        for entry in payload[side].as_object_mut().unwrap().values_mut() {
            for meta in entry["metas"].as_array_mut().unwrap() {
                let reference = meta.as_object_mut().unwrap().remove("phx_ref");
                assert!(reference.is_some_and(|it| it.is_string()));
            }
        }
    }
    payload
}

fn came(key: &str, meta: &Value) -> Value {
    json!({ "joins": { key: { "metas": [meta] } }, "leaves": {} })
}

fn went(key: &str, meta: &Value) -> Value {
    json!({ "joins": {}, "leaves": { key: { "metas": [meta] } } })
}

#[testkit::on_both_databases]
async fn presence_diffs_announce_joins_changes_and_leaves() {
    let app = TestApp::spawn_with(&[GRACE, LOST_GRACE]).await;
    let topic = format!("realtime:room:{}", app.counsellor().await.room().await.id);
    let mut watcher = Socket::second(&app).await;
    assert_eq!(join(&mut watcher, &topic, "watcher").await, json!({}));
    let mut ada = Socket::first(&app).await;
    join(&mut ada, &topic, "ada").await;
    let (one, two) = (json!({ "name": "Ada", "n": 1 }), json!({ "name": "Ada", "n": 2 }));

    assert_eq!(ada.track(&topic, &one).await["status"], "ok");
    assert_eq!(difference(&watcher.receive().await), came("ada", &one));
    assert_eq!(difference(&ada.receive_event("presence_diff").await), came("ada", &one));
    // Tracking the same presence again announces nothing.
    assert_eq!(ada.track(&topic, &one).await["status"], "ok");
    assert_eq!(ada.track(&topic, &two).await["status"], "ok");
    assert_eq!(difference(&watcher.receive().await), went("ada", &one));
    assert_eq!(difference(&watcher.receive().await), came("ada", &two));

    let mut late = Socket::first(&app).await;
    let there = join(&mut late, &topic, "late").await;
    assert_eq!(there["ada"]["metas"][0]["n"], 2);

    drop(ada);
    assert_eq!(difference(&watcher.receive().await), went("ada", &two));
    assert_eq!(difference(&late.receive().await), went("ada", &two));
}

#[testkit::on_both_databases]
async fn a_member_that_rejoins_within_the_grace_period_is_not_announced_as_left() {
    let app = TestApp::spawn_with(&[GRACE, LOST_GRACE]).await;
    let topic = format!("realtime:room:{}", app.counsellor().await.room().await.id);
    let mut watcher = Socket::first(&app).await;
    join(&mut watcher, &topic, "watcher").await;
    let mut owner = Socket::first(&app).await;
    join(&mut owner, &topic, "owner").await;
    let shown = json!({ "role": "owner", "joinedAt": 1 });
    owner.track(&topic, &shown).await;
    assert_eq!(difference(&watcher.receive().await), came("owner", &shown));

    // The web app's double mount: leave, and join without tracking.
    let leave = owner.send_event(&topic, "phx_leave", &json!({})).await;
    owner.reply(&leave).await;
    let there = join(&mut owner, &topic, "owner").await;
    assert_eq!(there["owner"]["metas"][0]["joinedAt"], 1);
    tokio::time::sleep(std::time::Duration::from_millis(800)).await;
    assert!(watcher.is_quiet().await, "the grace was not kept");

    // A lost connection that reconnects and tracks again.
    drop(owner);
    let mut owner = Socket::first(&app).await;
    join(&mut owner, &topic, "owner").await;
    let shown = json!({ "role": "owner", "joinedAt": 2 });
    owner.track(&topic, &shown).await;
    assert_eq!(difference(&watcher.receive().await), came("owner", &shown));
    assert!(watcher.is_quiet().await, "a leave was announced");

    let untrack = json!({ "type": "presence", "event": "untrack" });
    let untracked = owner.send_event(&topic, "presence", &untrack).await;
    assert_eq!(owner.reply(&untracked).await["status"], "ok");
    assert_eq!(difference(&watcher.receive().await), went("owner", &shown));
}

#[testkit::on_both_databases]
async fn a_member_without_presence_gets_none_and_only_objects_are_tracked() {
    let app = TestApp::spawn().await;
    let topic = format!("realtime:room:{}", app.counsellor().await.room().await.id);
    let mut deaf = Socket::second(&app).await;
    deaf.enter(&topic).await;
    let mut socket = Socket::second(&app).await;
    join(&mut socket, &topic, "").await;
    for (payload, reason) in [
        (json!(7), "Presence track payload must be a map"),
        (json!({ "text": "x".repeat(5000) }), "Track message size exceeded"),
    ] {
        let answer = socket.track(&topic, &payload).await;
        assert_eq!(answer, json!({ "status": "error", "response": { "reason": reason } }));
    }
    assert_eq!(socket.track(&topic, &json!({})).await["status"], "ok");
    assert!(deaf.is_quiet().await);
}

#[testkit::on_both_databases]
async fn the_owner_and_visitors_list_the_presence() {
    let app = TestApp::spawn().await;
    let (ada, other) = (app.counsellor().await, app.other_counsellor().await);
    let room = ada.room().await;
    let topic = format!("realtime:realtime:room:{}:gamemode", room.id);
    let mut socket = Socket::first(&app).await;
    join(&mut socket, &topic, "mei").await;
    socket.track(&topic, &json!({ "name": "Mei" })).await;
    let path = format!("/api/rooms/{}/presence", room.id);

    let (status, presence) = ask(ada.get(&path)).await;
    assert_eq!((status, presence.as_array().unwrap().len()), (200, 1));
    assert_eq!(presence[0]["channel"], topic.strip_prefix("realtime:").unwrap());
    assert_eq!(
        (&presence[0]["key"], &presence[0]["shows"]),
        (&json!("mei"), &json!({ "name": "Mei" }))
    );
    let visitor = crate::app::body_of(app.join(&room.code, "session").await).await;
    let token = visitor["visitor_token"].as_str().unwrap();
    assert_eq!(ask(app.get(&path).bearer_auth(token)).await.0, 200);

    assert_eq!(ask(other.get(&path)).await.0, 403);
    assert_eq!(ask(app.get(&path)).await.0, 401);
    let elsewhere = format!("/api/rooms/{}/presence", other.room().await.id);
    assert_eq!(ask(app.get(&elsewhere).bearer_auth(token)).await.0, 403);
}

#[testkit::on_both_databases]
async fn a_visitor_with_presence_counts_as_seen_without_a_heartbeat_and_others_do_not() {
    let app = TestApp::spawn().await;
    let room = app.counsellor().await.room().await;
    let joined =
        async |session: &str| crate::app::body_of(app.join(&room.code, session).await).await;
    let (mut shown, absent) = (joined("session-1").await, joined("session-2").await);
    let mut socket = Socket::first(&app).await;
    let topic = format!("realtime:room:{}", room.id);
    join(&mut socket, &topic, "visitor_session-1").await;
    socket.track(&topic, &json!({ "role": "visitor" })).await;
    let look = async |visitor: &Value| {
        ask(app.get(&format!("/api/visitors/{}", visitor["id"].as_str().unwrap()))).await.1
    };
    let before = look(&shown).await;
    for _ in 0..300 {
        shown = look(&shown).await;
        if shown["last_seen"] != before["last_seen"] {
            assert_eq!(look(&absent).await["last_seen"], absent["last_seen"]);
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("the visitor was not marked as seen");
}

#[testkit::on_both_databases]
async fn a_member_that_rejoins_without_presence_leaves_after_the_grace_period() {
    let app = TestApp::spawn_with(&[GRACE, LOST_GRACE]).await;
    let topic = format!("realtime:room:{}", app.counsellor().await.room().await.id);
    let mut watcher = Socket::first(&app).await;
    join(&mut watcher, &topic, "watcher").await;
    for key in ["ada", ""] {
        let mut ada = Socket::first(&app).await;
        join(&mut ada, &topic, key).await;
        let shown = json!({ "name": "Ada" });
        ada.track(&topic, &shown).await;
        let name = watcher.receive().await.payload["joins"].as_object().unwrap().clone();
        let leave = ada.send_event(&topic, "phx_leave", &json!({})).await;
        ada.reply(&leave).await;
        let deaf = json!({ "config": { "presence": { "key": key, "enabled": false } } });
        assert_eq!(ada.join(&topic, &deaf).await["status"], "ok");
        let name = name.keys().next().unwrap();
        assert_eq!(difference(&watcher.receive().await), went(name, &shown));
    }
}

#[testkit::on_both_databases]
async fn a_lost_connection_has_a_longer_grace_period_than_a_leave() {
    let lost_grace = ("CARDROOM__REALTIME__PRESENCE_LOST_GRACE_MS", "6000");
    let app = TestApp::spawn_with(&[GRACE, lost_grace]).await;
    let topic = format!("realtime:room:{}", app.counsellor().await.room().await.id);
    let mut watcher = Socket::first(&app).await;
    join(&mut watcher, &topic, "watcher").await;
    let (mut lost, mut left) = (Socket::first(&app).await, Socket::first(&app).await);
    for (socket, key) in [(&mut lost, "lost"), (&mut left, "left")] {
        join(socket, &topic, key).await;
        socket.track(&topic, &json!({})).await;
        assert_eq!(difference(&watcher.receive().await), came(key, &json!({})));
    }
    let start = Instant::now();
    drop(lost);
    let leave = left.send_event(&topic, "phx_leave", &json!({})).await;
    left.reply(&leave).await;
    assert_eq!(difference(&watcher.receive().await), went("left", &json!({})));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(difference(&watcher.receive().await), went("lost", &json!({})));
    assert!(start.elapsed() >= Duration::from_secs(6), "{:?}", start.elapsed());
}

#[testkit::on_both_databases]
async fn an_owner_with_two_tabs_who_closes_one_is_not_announced_as_left() {
    let app = TestApp::spawn_with(&[GRACE, LOST_GRACE]).await;
    let topic = format!("realtime:room:{}", app.counsellor().await.room().await.id);
    let mut watcher = Socket::first(&app).await;
    join(&mut watcher, &topic, "watcher").await;
    let mut tabs = [Socket::first(&app).await, Socket::second(&app).await];
    let shown = json!({ "role": "owner" });
    for tab in &mut tabs {
        join(tab, &topic, "owner").await;
        tab.track(&topic, &shown).await;
        assert_eq!(difference(&watcher.receive().await), came("owner", &shown));
    }
    let [mut first, second] = tabs;
    let untrack = json!({ "type": "presence", "event": "untrack" });
    let untracked = first.send_event(&topic, "presence", &untrack).await;
    assert_eq!(first.reply(&untracked).await["status"], "ok");
    assert!(watcher.is_quiet().await, "the owner was seen leaving");
    let mut late = Socket::first(&app).await;
    let present = join(&mut late, &topic, "late").await;
    assert_eq!(present["owner"]["metas"].as_array().unwrap().len(), 1);
    drop(second);
    let left = watcher.receive().await.payload["leaves"]["owner"]["metas"].clone();
    assert_eq!(left.as_array().unwrap().len(), 2, "{left}");
}
