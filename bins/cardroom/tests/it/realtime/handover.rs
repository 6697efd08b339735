//! Presence across a restart of the process: members that come back are not seen leaving.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::TestDatabase;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::socket::{MOMENT, Socket};
use crate::process::Process;
use crate::process::stop::{game, server};

/// Who is in the room, by presence key; the keyless channel has one more member for each.
const KEYS: [&str; 3] = ["owner-1", "visitor_mei", "visitor_lin"];

/// The orders in which they come back.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

const LOST_GRACE: Duration = Duration::from_secs(4);

async fn start(database: &TestDatabase) -> (Process, String) {
    server(database, &[("CARDROOM__REALTIME__PRESENCE_LOST_GRACE_MS", "4000")]).await
}

async fn stop(mut server: Process) {
    let status = spawn_blocking(move || server.stop()).await.unwrap();
    assert!(status.success(), "{status}");
}

/// The topic of a new room's main channel.
async fn topic(address: &str) -> String {
    let (_, path) = game(address).await;
    format!("realtime:room:{}", path.split('/').nth(3).unwrap())
}

fn shown(key: &str, round: usize) -> Value {
    let role = if key.starts_with("owner") { "owner" } else { "visitor" };
    json!({ "id": key, "role": role, "joinedAt": round })
}

/// Opens a socket and joins; returns the presence that the member receives first.
async fn join(address: &str, topic: &str, key: &str) -> (Socket, Value) {
    let query =
        if key.ends_with("mei") { "apikey=anon&vsn=2.0.0" } else { "apikey=anon&vsn=1.0.0" };
    let mut socket = Socket::connect(address, query).await.unwrap();
    let config = json!({ "config": { "presence": { "key": key, "enabled": true } } });
    assert_eq!(socket.join(topic, &config).await["status"], "ok");
    let state = socket.receive_event("presence_state").await.payload;
    (socket, state)
}

/// The `phx_ref` of each key, which must have one meta.
fn references(state: &Value) -> Vec<(String, String)> {
    let entries = state.as_object().unwrap().iter();
    let reference = |(key, entry): (&String, &Value)| {
        let metas = entry["metas"].as_array().unwrap();
        assert_eq!(metas.len(), 1, "{state}");
        (key.clone(), metas[0]["phx_ref"].as_str().unwrap().to_owned())
    };
    entries.map(reference).collect()
}

/// The leaves that a member receives until nothing arrives.
async fn leaves(socket: &mut Socket) -> Vec<Value> {
    let mut leaves = Vec::new();
    while let Ok(Some(received)) = timeout(MOMENT, socket.try_receive()).await {
        let left = &received.payload["leaves"];
        if left.as_object().is_some_and(|it| !it.is_empty()) {
            leaves.push(left.clone());
        }
    }
    leaves
}

#[testkit::on_both_databases]
async fn members_that_come_back_after_a_restart_in_any_order_see_nobody_leave() {
    let database = testkit::database().await;
    let (mut process, mut address) = start(&database).await;
    let topic = topic(&address).await;
    let mut members = Vec::new();
    for key in KEYS {
        let (mut socket, _) = join(&address, &topic, key).await;
        assert_eq!(socket.track(&topic, &shown(key, 0)).await["status"], "ok");
        members.push(socket);
    }
    let (_, state) = join(&address, &topic, "watcher").await;
    let before = references(&state);
    assert_eq!(before.len(), 3);

    for (round, order) in (1..).zip(ORDERS) {
        stop(process).await;
        (process, address) = start(&database).await;
        members.clear();
        for index in order {
            let key = KEYS[index];
            let (mut socket, state) = join(&address, &topic, key).await;
            // Clients compare the references with those that they know, and see a leave for each that is gone.
            assert_eq!(references(&state), before, "{key} in {order:?}");
            // A page whose script is loaded anew tracks another time.
            let shown = shown(key, if index == 2 { 0 } else { round });
            assert_eq!(socket.track(&topic, &shown).await["status"], "ok");
            members.push(socket);
        }
        for member in &mut members {
            assert_eq!(leaves(member).await, [] as [Value; 0], "{order:?}");
        }
    }
    sleep(LOST_GRACE).await;
    for member in &mut members {
        assert_eq!(leaves(member).await, [] as [Value; 0]);
    }
}

#[testkit::on_both_databases]
async fn a_member_that_does_not_come_back_leaves_after_the_grace_period_and_once() {
    let database = testkit::database().await;
    let (process, address) = start(&database).await;
    let topic = topic(&address).await;
    let keyless = topic.replace("realtime:", "realtime:realtime:") + ":gamemode";
    let mut members = Vec::new();
    for key in KEYS {
        let (mut socket, _) = join(&address, &topic, key).await;
        socket.track(&topic, &shown(key, 0)).await;
        members.push(socket);
    }
    let (mut owner, _) = join(&address, &keyless, "").await;
    owner.track(&keyless, &json!({ "role": "owner" })).await;
    stop(process).await;

    let (process, address) = start(&database).await;
    let (mut visitor, state) = join(&address, &topic, KEYS[1]).await;
    assert_eq!(state["owner-1"]["metas"][0]["role"], "owner", "{state}");
    let (_other, state) = join(&address, &keyless, "").await;
    assert_eq!(state.as_object().unwrap().values().next().unwrap()["metas"][0]["role"], "owner");
    let mut left = Vec::new();
    while left.len() < 2 {
        let diff = visitor.receive_event("presence_diff").await.payload;
        left.extend(diff["leaves"].as_object().unwrap().keys().cloned());
    }
    left.sort_unstable();
    assert_eq!(left, ["owner-1", "visitor_lin"]);

    // A process that is killed hands nothing over, and an earlier handover is not used again.
    drop(process);
    let (_process, address) = start(&database).await;
    let (_visitor, state) = join(&address, &topic, KEYS[1]).await;
    assert_eq!(state, json!({}));
}
