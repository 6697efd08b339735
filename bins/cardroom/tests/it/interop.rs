//! The packages that clients use, each in a process of its own, all in one room; and tools that
//! read the description of the API.
//!
//! `cargo xtask test --interop` installs them and names the folder in `CARDROOM_INTEROP`; without it these
//! tests are left out.

mod description;
mod peer;

use std::net::TcpListener;

use serde_json::{Value, json};
use testkit::TestDatabase;

use crate::process::Process;
use peer::{Peer, all, is_subscribed};

/// A server on a free port, which it keeps after a restart, and a room.
struct Setup {
    server: Option<Process>,
    database: TestDatabase,
    port: String,
    room: String,
}

impl Setup {
    async fn new() -> Self {
        let database = testkit::database().await;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut setup =
            Self { server: None, database, port: port.to_string(), room: String::new() };
        setup.start().await;
        setup.room = setup.open_room().await;
        setup
    }

    async fn start(&mut self) {
        let (url, port) = (self.database.url.expose().into_owned(), self.port.clone());
        let start = move || {
            let mut server = Process::start_with(&url, &[("PORT", &port)]);
            server.address();
            server
        };
        self.server = Some(tokio::task::spawn_blocking(start).await.unwrap());
    }

    async fn stop(&mut self) {
        let mut server = self.server.take().unwrap();
        let status = tokio::task::spawn_blocking(move || server.stop()).await.unwrap();
        assert!(status.success(), "{status}");
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The address of the API's description.
    fn description(&self) -> String {
        format!("{}/api/openapi.json", self.url())
    }

    /// The access token of a demo account.
    async fn log_in(&self, email: &str) -> String {
        let login = json!({ "email": email, "password": "demo123" });
        let login =
            reqwest::Client::new().post(format!("{}/api/auth/login", self.url())).json(&login);
        let login: Value = login.send().await.unwrap().json().await.unwrap();
        login["access_token"].as_str().unwrap().to_owned()
    }

    async fn open_room(&self) -> String {
        let token = self.log_in("demo.counselor@example.com").await;
        let rooms = format!("{}/api/rooms", self.url());
        let room = reqwest::Client::new().post(rooms).json(&json!({ "name": "x" }));
        let room = room.bearer_auth(token).send().await.unwrap();
        room.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// All peers in the room's channel, each under its own name.
    fn peers(&self) -> Vec<Peer> {
        let mut peers = all(&self.url());
        for peer in &mut peers {
            peer.enter("main", &format!("room:{}", self.room), &json!({ "key": peer.name }));
        }
        peers
    }
}

/// Values that break encodings with a limited character set or number format.
fn words() -> Value {
    json!({ "text": "héé 卡片 🃏 \"\\ \u{2028}", "n": [1, 2.5, null, true], "deep": { "a": {} } })
}

/// Each peer sends a broadcast, and all others receive it.
fn exchange_broadcasts(peers: &mut [Peer], event: &str) {
    for sender in 0..peers.len() {
        let payload = json!({ "from": peers[sender].name, "text": words() });
        peers[sender].send("main", event, &payload);
        for (index, peer) in peers.iter_mut().enumerate() {
            if index != sender {
                let received = peer.wait(|it| it["heard"] == event && it["payload"] == payload);
                assert_eq!(received["channel"], "main", "{received}");
            }
        }
    }
    for peer in peers.iter() {
        let name = json!(peer.name);
        let own =
            peer.all_received().find(|it| it["heard"] == event && it["payload"]["from"] == name);
        assert!(own.is_none(), "{} received its own broadcast: {own:?}", peer.name);
    }
}

/// Each peer tracks its presence, and each sees all presences.
fn exchange_presence(peers: &mut [Peer], n: u32) {
    for peer in peers.iter_mut() {
        peer.command("track", "main", &json!({ "payload": { "name": peer.name, "n": n } }));
    }
    let names: Vec<_> = peers.iter().map(|it| it.name).collect();
    for peer in peers {
        peer.wait(|it| {
            it["people"]
                .as_object()
                .is_some_and(|people| names.iter().all(|name| people.contains_key(*name)))
        });
    }
}

fn is_wanted() -> bool {
    let is_wanted = std::env::var_os(peer::FOLDER).is_some();
    if !is_wanted {
        testkit::left_out("`cargo xtask test --interop` installs what this needs");
    }
    is_wanted
}

#[testkit::on_both_databases]
async fn all_packages_exchange_broadcasts_and_presence_and_reconnect() {
    if !is_wanted() {
        return;
    }
    let mut setup = Setup::new().await;
    let mut peers = setup.peers();
    exchange_broadcasts(&mut peers, "first");
    exchange_presence(&mut peers, 1);

    // After a restart all peers reconnect by themselves.
    peers.iter_mut().for_each(Peer::forget);
    setup.stop().await;
    setup.start().await;
    for peer in &mut peers {
        peer.wait(is_subscribed);
    }
    exchange_broadcasts(&mut peers, "second");
    exchange_presence(&mut peers, 2);

    // A peer that untracks, one that leaves and one that disconnects are all announced as left.
    let mut leaver = peers.remove(0);
    leaver.command("untrack", "main", &json!({}));
    for peer in &mut peers {
        peer.wait(|it| it["left"] == leaver.name);
    }
    let mut leaver = peers.remove(0);
    leaver.command("leave", "main", &json!({}));
    for peer in &mut peers {
        peer.wait(|it| it["left"] == leaver.name);
    }
    let vanished = peers.remove(0);
    let name = vanished.name;
    drop(vanished);
    for peer in &mut peers {
        peer.wait(|it| it["left"] == name);
    }
}

#[testkit::on_both_databases]
async fn peers_get_their_own_broadcasts_and_replies_on_request_and_send_before_joining() {
    if !is_wanted() {
        return;
    }
    let setup = Setup::new().await;
    let mut peers = setup.peers();
    for peer in &mut peers {
        let topic = format!("room:{}:echo-{}", setup.room, peer.name);
        peer.enter("echo", &topic, &json!({ "self": true, "ack": true }));
        assert_eq!(peer.send("echo", "mine", &words()), "ok", "{}", peer.name);
        let received = peer.wait(|it| it["heard"] == "mine");
        assert_eq!(received["payload"], words(), "{received}");
    }
    // Packages for JavaScript send over HTTP while they are not in the channel.
    let (senders, receivers) = peers.split_at_mut(1);
    let [sender] = senders else { panic!("no peer") };
    sender.command("leave", "main", &json!({}));
    let topic = json!({ "topic": format!("room:{}", setup.room) });
    sender.command("open", "early", &topic);
    assert_eq!(sender.send("early", "over http", &words()), "ok");
    for receiver in receivers {
        let received = receiver.wait(|it| it["heard"] == "over http");
        assert_eq!(received["payload"], words());
    }
}

#[testkit::on_both_databases]
async fn the_double_mount_of_the_web_app_is_not_announced() {
    if !is_wanted() {
        return;
    }
    let setup = Setup::new().await;
    let mut peers = setup.peers();
    // As the web app has it. Some packages drop the socket with the last channel.
    for peer in &mut peers {
        peer.enter("game", &format!("realtime:room:{}:gamemode", setup.room), &json!({}));
    }
    exchange_presence(&mut peers, 1);
    for mounted in 0..peers.len() {
        let topic = format!("room:{}", setup.room);
        let name = peers[mounted].name;
        peers.iter_mut().for_each(Peer::forget);
        peers[mounted].command("leave", "main", &json!({}));
        peers[mounted].enter("main", &topic, &json!({ "key": name }));
        // The new presence replaces the old one without a leave.
        peers[mounted].command("track", "main", &json!({ "payload": { "name": name, "n": 2 } }));
        for (index, peer) in peers.iter_mut().enumerate() {
            if index != mounted {
                peer.wait(|it| it["channel"] == "main" && it["people"].is_object());
            }
        }
    }
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    for peer in &mut peers {
        peer.catch_up();
        let left: Vec<_> = peer.all_received().filter(|it| !it["left"].is_null()).collect();
        assert!(left.is_empty(), "{}: {left:?}", peer.name);
        let last = peer
            .all_received()
            .filter(|it| it["channel"] == "main" && it["people"].is_object())
            .last()
            .unwrap();
        let people = last["people"].as_object().unwrap();
        assert!(people.values().all(|count| *count == 1), "{}: {people:?}", peer.name);
    }
}

#[testkit::on_both_databases]
async fn the_newest_packages_exchange_binary_broadcasts() {
    if !is_wanted() {
        return;
    }
    let setup = Setup::new().await;
    let mut peers = setup.peers();
    peers.retain(|it| it.name.contains("newest"));
    let bytes = json!({ "bytes": [0, 255, 16] });
    peers[0].send("main", "bytes", &bytes);
    assert_eq!(peers[1].wait(|it| it["heard"] == "bytes")["payload"], bytes);
}
