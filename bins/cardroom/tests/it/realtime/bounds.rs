//! The limits of sockets, channels, rooms and addresses.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

use super::raw::{RawSocket, address};
use super::socket::Socket;
use crate::app::TestApp;

async fn topic(app: &TestApp) -> String {
    format!("realtime:room:{}", app.counsellor().await.room().await.id)
}

fn with_answers() -> Value {
    json!({ "config": { "broadcast": { "ack": true }, "presence": { "enabled": false } } })
}

#[testkit::on_both_databases]
async fn sockets_channels_and_messages_are_counted() {
    let app = TestApp::spawn_with(&[
        ("CARDROOM__REALTIME__SOCKETS_PER_ADDRESS", "2"),
        ("CARDROOM__REALTIME__CHANNELS_PER_SOCKET", "2"),
        ("CARDROOM__REALTIME__CHANNELS_PER_ROOM", "3"),
        ("CARDROOM__REALTIME__MESSAGES_PER_SECOND", "5"),
    ])
    .await;
    let topic = topic(&app).await;
    let (mut one, mut two) = (Socket::first(&app).await, Socket::second(&app).await);
    let Err(Error::Http(refused)) = Socket::open(&app, "apikey=anon").await else {
        panic!("a third socket was opened");
    };
    assert_eq!(refused.status(), 429);
    one.join(&topic, &with_answers()).await;
    one.enter(&format!("{topic}:a")).await;
    let third = one.join(&format!("{topic}:b"), &json!({})).await;
    assert_eq!(third["response"]["reason"], "ChannelRateLimitReached: Too many channels");
    two.enter(&format!("{topic}:c")).await;
    let fourth = two.join(&format!("{topic}:d"), &json!({})).await;
    assert_eq!(fourth["status"], "error");
    let mut refs = Vec::new();
    for _ in 0..50 {
        refs.push(one.broadcast(&topic, "msg", &json!({})).await);
    }
    let mut statuses = Vec::new();
    for reference in refs {
        statuses.push(one.reply(&reference).await["status"].as_str().unwrap().to_owned());
    }
    assert!(statuses.iter().any(|it| it == "ok") && statuses.iter().any(|it| it == "error"));
    drop(one);
    for _ in 0..200 {
        if Socket::open(&app, "apikey=anon").await.is_ok() {
            return;
        }
        tokio::time::sleep(super::socket::MOMENT / 3).await;
    }
    panic!("the place of a socket that is gone stays taken");
}

#[testkit::on_both_databases]
async fn the_messages_of_all_members_and_channels_of_a_room_are_limited_together() {
    const MESSAGES: usize = 30;
    let app = TestApp::spawn_with(&[("CARDROOM__REALTIME__ROOM_MESSAGES_PER_SECOND", "3")]).await;
    let topic = topic(&app).await;
    let topics = [topic.clone(), format!("{topic}:cards")];
    let (mut one, mut two) = (Socket::first(&app).await, Socket::second(&app).await);
    let start = std::time::Instant::now();
    let mut taken = 0;
    for (socket, topic) in [&mut one, &mut two].into_iter().zip(&topics) {
        socket.join(topic, &with_answers()).await;
        for _ in 0..MESSAGES {
            let reference = socket.broadcast(topic, "msg", &json!({})).await;
            let answer = socket.reply(&reference).await;
            match answer["status"].as_str() {
                Some("ok") => taken += 1,
                _ => assert_eq!(
                    answer["response"]["reason"],
                    "RoomRateLimitReached: too many messages per second in this room"
                ),
            }
        }
    }
    // Six at once, and three a second.
    let seconds = usize::try_from(start.elapsed().as_secs()).unwrap() + 1;
    assert!((6..=6 + 3 * seconds).contains(&taken), "{taken} in {seconds} s");
}

#[testkit::on_both_databases]
async fn a_slow_reader_loses_its_socket_and_others_do_not_wait() {
    const MESSAGES: usize = 400;
    let app = TestApp::spawn_with(&[
        ("CARDROOM__REALTIME__QUEUE_BYTES", "65536"),
        ("CARDROOM__REALTIME__MESSAGES_PER_SECOND", "100000"),
    ])
    .await;
    let topic = topic(&app).await;
    let mut slow = Socket::second(&app).await;
    slow.enter(&topic).await;
    let (mut sender, mut receiver) = (Socket::second(&app).await, Socket::second(&app).await);
    sender.join(&topic, &with_answers()).await;
    receiver.enter(&topic).await;
    let payload = json!({ "text": "x".repeat(60_000) });
    for number in 1..=MESSAGES {
        sender.broadcast(&topic, "msg", &payload).await;
        assert_eq!(receiver.receive_event("broadcast").await.payload["meta"]["seq"], number);
    }
    // More than all buffers in between can hold was sent, so some of it never arrives.
    let mut number = 0;
    let lost = loop {
        let Ok(message) =
            tokio::time::timeout(std::time::Duration::from_secs(20), slow.try_receive()).await
        else {
            panic!("the socket neither ends nor goes on after {number}");
        };
        match message {
            Some(message) => {
                assert_eq!(message.payload["meta"]["seq"], number + 1, "a gap without an error");
                number += 1;
            }
            None => break number < MESSAGES,
        }
    };
    assert!(lost, "everything was read, so nothing was slow");
}

#[testkit::on_both_databases]
async fn a_socket_that_is_closed_ends_even_if_its_client_reads_nothing() {
    const MESSAGES: usize = 400;
    let app = TestApp::spawn_with(&[
        ("CARDROOM__REALTIME__QUEUE_BYTES", "65536"),
        ("CARDROOM__REALTIME__MESSAGES_PER_SECOND", "100000"),
        ("CARDROOM__REALTIME__SOCKETS_PER_ADDRESS", "2"),
    ])
    .await;
    let topic = topic(&app).await;
    let (mut slow, mut sender) = (Socket::second(&app).await, Socket::second(&app).await);
    slow.enter(&topic).await;
    sender.join(&topic, &with_answers()).await;
    let large = json!({ "text": "x".repeat(60_000) });
    // More than all buffers in between can hold.
    for _ in 0..MESSAGES {
        let reference = sender.broadcast(&topic, "msg", &large).await;
        assert_eq!(sender.reply(&reference).await["status"], "ok");
    }
    // The third socket is opened in the place of the first.
    reopen(&app).await;
    drop(slow);
}

#[testkit::on_both_databases]
async fn a_silent_socket_is_closed() {
    let app = TestApp::spawn_with(&[("CARDROOM__REALTIME__IDLE_TIMEOUT_SECS", "5")]).await;
    let topic = topic(&app).await;
    let mut socket = Socket::first(&app).await;
    socket.enter(&topic).await;
    assert_eq!(socket.close_code().await, 1000);
}

#[testkit::on_both_databases]
async fn a_frame_with_a_too_large_length_closes_the_socket_before_its_end() {
    const SENT_MAX: usize = 64 * 1024 * 1024;
    let app = TestApp::spawn().await;
    let address = address(&app);
    let stream = move || {
        let mut socket = RawSocket::open(&address).unwrap();
        // A masked text of 2^40 bytes.
        let head = [&[0x81, 0xFF][..], &(1_u64 << 40).to_be_bytes(), &[0; 4]].concat();
        socket.send(&head).unwrap();
        let (piece, mut sent) = (vec![b'x'; 65_536], 0);
        while sent < SENT_MAX && socket.send(&piece).is_ok() {
            sent += piece.len();
        }
        sent
    };
    let sent = tokio::task::spawn_blocking(stream).await.unwrap();
    // Bytes in the buffers of both sides count as sent, too.
    assert!(sent < SENT_MAX / 2, "{sent} bytes were taken");
}

#[testkit::on_both_databases]
async fn large_messages_that_arrive_together_are_all_accepted() {
    let app = TestApp::spawn().await;
    let topic = topic(&app).await;
    let mut socket = Socket::second(&app).await;
    socket.join(&topic, &with_answers()).await;
    let payload = json!({ "text": "x".repeat(260_000) });
    let mut refs = Vec::new();
    for _ in 0..30 {
        refs.push(socket.broadcast(&topic, "msg", &payload).await);
    }
    for reference in refs {
        assert_eq!(socket.reply(&reference).await["status"], "ok");
    }
}

#[testkit::on_both_databases]
async fn the_joins_of_an_address_are_limited_across_its_sockets() {
    let app = TestApp::spawn_with(&[("CARDROOM__REALTIME__SOCKETS_PER_ADDRESS", "1")]).await;
    let topic = topic(&app).await;
    let mut refused = Value::Null;
    // Eight at once, and one a second.
    for _ in 0..40 {
        let mut socket = reopen(&app).await;
        refused = socket.join(&topic, &with_answers()).await;
        if refused["status"] != "ok" {
            break;
        }
    }
    assert_eq!(
        refused["response"]["reason"],
        "ClientJoinRateLimitReached: Too many joins per second"
    );
}

/// Opens a socket, as soon as a slot is free.
async fn reopen(app: &TestApp) -> Socket {
    for _ in 0..200 {
        if let Ok(socket) = Socket::open(app, "apikey=anon").await {
            return socket;
        }
        tokio::time::sleep(super::socket::MOMENT / 30).await;
    }
    panic!("the place of a socket that is gone stays taken");
}

#[testkit::on_both_databases]
async fn the_stored_broadcasts_of_all_rooms_are_bounded_together() {
    let app = TestApp::spawn_with(&[("CARDROOM__REALTIME__REPLAY_TOTAL_BYTES", "100000")]).await;
    let (first, second) = (topic(&app).await, topic(&app).await);
    let mut socket = Socket::second(&app).await;
    let body = json!({ "text": "x".repeat(5000) });
    for (topic, count) in [(&first, 5), (&second, 30)] {
        socket.join(topic, &with_answers()).await;
        for _ in 0..count {
            let reference = socket.broadcast(topic, "msg", &body).await;
            assert_eq!(socket.reply(&reference).await["status"], "ok");
        }
    }
    let replay = json!({ "config": { "broadcast": { "replay": { "since": 0, "limit": 100 } }, "presence": { "enabled": false } } });
    let mut late = Socket::second(&app).await;
    late.join(&first, &replay).await;
    assert_eq!(late.receive().await.payload["event"], "replay_incomplete");
    assert!(late.is_quiet().await, "the oldest broadcasts are kept");
    late.join(&second, &replay).await;
    assert_eq!(late.receive().await.payload["event"], "replay_incomplete");
    let seq = late.receive().await.payload["meta"]["seq"].as_u64().unwrap();
    assert!((11..20).contains(&seq), "{seq}");
}

#[testkit::on_both_databases]
async fn channels_without_members_are_evicted_for_new_ones() {
    let app = TestApp::spawn_with(&[("CARDROOM__REALTIME__CHANNELS_PER_ROOM", "3")]).await;
    let topic = topic(&app).await;
    let mut first = Socket::first(&app).await;
    first.enter(&topic).await;
    let messages = (1..=5).map(|n| {
        let topic = format!("{}:x{n}", topic.strip_prefix("realtime:").unwrap());
        json!({ "topic": topic, "event": "e", "payload": {} })
    });
    let batch = json!({ "messages": messages.collect::<Vec<_>>() });
    let answer = app.post("/realtime/v1/api/broadcast?apikey=anon", &batch).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    for name in ["cards", "gamemode"] {
        first.enter(&format!("{topic}:{name}")).await;
    }
    // Channels with members stay.
    let mut second = Socket::second(&app).await;
    let answer = second.join(&format!("{topic}:one_more"), &with_answers()).await;
    assert_eq!(answer["response"]["reason"], "RoomFull: this room has as many channels as it may");
    second.join(&topic, &with_answers()).await;
    second.broadcast(&topic, "msg", &json!({})).await;
    assert_eq!(first.receive_event("broadcast").await.topic, topic);
}
