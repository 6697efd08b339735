//! Broadcasts: who receives them, in which form and order.

use futures::future::join_all;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::socket::{Socket, binary};
use crate::app::TestApp;

async fn room(app: &TestApp) -> String {
    format!("realtime:room:{}", app.counsellor().await.room().await.id)
}

#[testkit::on_both_databases]
async fn both_versions_receive_each_others_broadcasts_in_one_room() {
    let app = TestApp::spawn().await;
    let topic = room(&app).await;
    let (mut one, mut two) = (Socket::first(&app).await, Socket::second(&app).await);
    one.enter(&topic).await;
    two.enter(&topic).await;
    let payload = json!({ "u": "héé 卡 🃏", "n": [1, 2.5, null] });

    one.broadcast(&topic, "msg", &payload).await;
    let received = two.receive().await;
    assert_eq!((received.topic.as_str(), received.event.as_str()), (topic.as_str(), "broadcast"));
    assert_eq!(received.payload["event"], "msg");
    assert_eq!(received.payload["payload"], payload);
    assert_eq!(
        (&received.payload["meta"]["seq"], &received.payload["meta"]["role"]),
        (&json!(1), &json!("anyone"))
    );

    two.send(binary(("", "9"), &topic, "evt-日本", payload.to_string().as_bytes(), true)).await;
    let received = one.receive().await;
    assert_eq!(received.reference, Value::Null);
    assert_eq!(received.payload["event"], "evt-日本");
    assert_eq!(received.payload["payload"], payload);
    assert_eq!(received.payload["meta"]["seq"], 2);
    assert!(one.is_quiet().await && two.is_quiet().await, "a broadcast came back");
}

#[testkit::on_both_databases]
async fn a_client_that_asks_for_its_own_broadcasts_and_for_replies_gets_both() {
    let app = TestApp::spawn().await;
    let topic = room(&app).await;
    for mut socket in [Socket::first(&app).await, Socket::second(&app).await] {
        let config = json!({ "config": { "broadcast": { "self": true, "ack": true } } });
        assert_eq!(socket.join(&topic, &config).await["status"], "ok");
        let reference = socket.broadcast(&topic, "msg", &json!({})).await;
        let mut received = Vec::new();
        while received.len() < 2 {
            let it = socket.receive().await;
            if it.event != "presence_state" {
                received.push(it.event);
            }
            if received.last().is_some_and(|it| it == "phx_reply") {
                assert!(!reference.is_empty());
            }
        }
        received.sort();
        assert_eq!(received, ["broadcast", "phx_reply"]);
    }
}

#[testkit::on_both_databases]
async fn binary_broadcasts_reach_version_2_and_are_not_sent_to_version_1() {
    let app = TestApp::spawn().await;
    let topic = room(&app).await;
    let mut sockets = [Socket::second(&app).await, Socket::second(&app).await];
    let mut first = Socket::first(&app).await;
    first.enter(&topic).await;
    for socket in &mut sockets {
        socket.enter(&topic).await;
    }
    let [mut sender, mut receiver] = sockets;
    sender.send(binary(("", "1"), &topic, "bytes", &[0, 255, 16], false)).await;
    assert_eq!(receiver.receive().await.bytes, [0, 255, 16]);
    assert!(first.is_quiet().await);
}

/// Opens this number of clients, which all send this number of broadcasts at once and receive all.
async fn exchange(clients: usize, messages: usize) {
    let app = TestApp::spawn().await;
    let topic = room(&app).await;
    let mut sockets = Vec::new();
    for index in 0..clients {
        let mut socket =
            if index % 2 == 0 { Socket::first(&app).await } else { Socket::second(&app).await };
        let config = json!({ "config": { "broadcast": { "self": true }, "presence": { "enabled": false } } });
        assert_eq!(socket.join(&topic, &config).await["status"], "ok");
        sockets.push(socket);
    }
    let exchanges = sockets.into_iter().enumerate().map(|(index, mut socket)| {
        let topic = topic.clone();
        async move {
            for n in 0..messages {
                socket.broadcast(&topic, "msg", &json!({ "from": index, "n": n })).await;
            }
            let mut received = Vec::new();
            for number in 1..=clients * messages {
                let payload = socket.receive_event("broadcast").await.payload;
                assert_eq!(payload["meta"]["seq"], number);
                received.push(payload["payload"].to_string());
            }
            received
        }
    });
    let received = join_all(exchanges).await;
    assert!(received.windows(2).all(|pair| pair[0] == pair[1]), "the order differs");
}

#[testkit::on_both_databases]
async fn all_members_receive_all_broadcasts_in_one_order_without_gaps() {
    exchange(8, 40).await;
}

#[testkit::on_both_databases]
async fn many_members_receive_batched_broadcasts_in_one_order_without_gaps() {
    exchange(80, 5).await;
}

#[testkit::on_both_databases]
async fn broadcasts_are_counted_in_their_channel_and_in_their_room() {
    let app = TestApp::spawn().await;
    let topics = [room(&app).await, room(&app).await];
    let topics = [&topics[0], &format!("{}:cards", topics[0]), &topics[1]];
    let (mut sender, mut receiver) = (Socket::first(&app).await, Socket::second(&app).await);
    for topic in topics {
        sender.enter(topic).await;
        receiver.enter(topic).await;
    }
    for (topic, seq, room_seq) in [(0, 1, 1), (1, 1, 2), (0, 2, 3), (2, 1, 1), (1, 2, 4)] {
        sender.broadcast(topics[topic], "msg", &json!({})).await;
        let meta = &receiver.receive_event("broadcast").await.payload["meta"];
        assert_eq!((&meta["seq"], &meta["room_seq"]), (&json!(seq), &json!(room_seq)), "{meta}");
    }
}

#[testkit::on_both_databases]
async fn heartbeats_are_answered_and_refs_given_back_as_they_came() {
    let app = TestApp::spawn().await;
    let mut socket = Socket::first(&app).await;
    for reference in [json!("7"), json!(0), Value::Null] {
        socket
            .send_event_as((Value::Null, reference.clone()), "phoenix", "heartbeat", &json!({}))
            .await;
        let received = socket.receive().await;
        assert_eq!((received.topic.as_str(), received.event.as_str()), ("phoenix", "phx_reply"));
        assert_eq!(received.reference, reference);
        assert_eq!(received.payload, json!({ "status": "ok", "response": {} }));
    }
}

#[testkit::on_both_databases]
async fn leaving_and_joining_again_is_answered_as_each_version_needs_it() {
    let app = TestApp::spawn().await;
    let topic = room(&app).await;
    for (mut socket, closes) in
        [(Socket::first(&app).await, false), (Socket::second(&app).await, true)]
    {
        socket.enter(&topic).await;
        let leave = socket.send_event(&topic, "phx_leave", &json!({})).await;
        assert_eq!(socket.reply(&leave).await, json!({ "status": "ok", "response": {} }));
        if closes {
            assert_eq!(socket.receive().await.event, "phx_close");
        }
        let push = socket.broadcast(&topic, "msg", &json!({})).await;
        assert_eq!(socket.reply(&push).await["response"]["reason"], "unmatched topic");
        socket.enter(&topic).await;
        // A second join without a leave: no end of the first membership is sent.
        socket.enter(&topic).await;
        assert!(socket.is_quiet().await);
    }
}

#[testkit::on_both_databases]
async fn messages_of_an_earlier_membership_are_ignored() {
    let app = TestApp::spawn().await;
    let topic = room(&app).await;
    let mut receiver = Socket::first(&app).await;
    receiver.enter(&topic).await;
    let mut socket = Socket::second(&app).await;
    let config = json!({ "config": { "presence": { "enabled": false } } });
    socket.send_event_as((json!("5"), json!("5")), &topic, "phx_join", &config).await;
    socket.reply("5").await;
    for (join_ref, event) in [("4", "stale"), ("5", "current")] {
        let payload = json!({ "type": "broadcast", "event": event, "payload": {} });
        socket.send_event_as((json!(join_ref), json!("6")), &topic, "broadcast", &payload).await;
    }
    assert_eq!(receiver.receive().await.payload["event"], "current");
}

#[testkit::on_both_databases]
async fn a_late_leave_of_an_earlier_membership_does_not_cancel_a_rejoin() {
    let app = TestApp::spawn().await;
    let topic = room(&app).await;
    let config = json!({ "config": { "broadcast": { "ack": true } } });
    for mut socket in [Socket::first(&app).await, Socket::second(&app).await] {
        socket.send_event_as((json!("5"), json!("5")), &topic, "phx_join", &config).await;
        assert_eq!(socket.reply("5").await["status"], "ok");
        // The leave is read before the join is authorized.
        let rejoin = socket.message((json!("6"), json!("6")), &topic, "phx_join", &config);
        let leave = socket.message((json!("5"), json!("7")), &topic, "phx_leave", &json!({}));
        socket.send_together([rejoin, leave]).await;
        assert_eq!(socket.reply("7").await["status"], "ok");
        assert_eq!(socket.reply("6").await["status"], "ok");
        // A leave of the membership that is being joined still cancels it.
        let rejoin = socket.message((json!("8"), json!("8")), &topic, "phx_join", &config);
        let leave = socket.message((json!("8"), json!("9")), &topic, "phx_leave", &json!({}));
        socket.send_together([rejoin, leave]).await;
        assert_eq!(socket.reply("9").await["status"], "ok");
        let push = socket.broadcast(&topic, "msg", &json!({})).await;
        assert_eq!(socket.reply(&push).await["response"]["reason"], "unmatched topic");
    }
}

#[testkit::on_both_databases]
async fn broken_frames_are_dropped_and_the_socket_stays() {
    let app = TestApp::spawn().await;
    let topic = room(&app).await;
    let mut socket = Socket::second(&app).await;
    socket.enter(&topic).await;
    for frame in ["", "{", "[]", "null", r#"["1","2","t","broadcast",{"event":7}]"#] {
        socket.send(Message::text(frame)).await;
    }
    for frame in [&b""[..], &[3], &[9, 9], &[3, 255, 0, 0, 0, 0, 1]] {
        socket.send(Message::binary(frame.to_vec())).await;
    }
    socket.send(binary(("", "1"), &topic, "broken", b"{\"a\":", true)).await;
    let beat = socket.send_event("phoenix", "heartbeat", &json!({})).await;
    assert_eq!(socket.reply(&beat).await["status"], "ok");
}

#[testkit::on_both_databases]
async fn a_member_that_rejoins_gets_the_broadcasts_that_it_missed() {
    let app = TestApp::spawn_with(&[("CARDROOM__REALTIME__REPLAY_MESSAGES", "3")]).await;
    let topic = room(&app).await;
    let mut sender = Socket::first(&app).await;
    let ack =
        json!({ "config": { "broadcast": { "ack": true }, "presence": { "enabled": false } } });
    let joined = sender.join(&topic, &ack).await;
    let start = joined["response"]["latest"].as_str().unwrap().to_owned();
    for n in 1..=3 {
        let reference = sender.broadcast(&topic, "msg", &json!({ "n": n })).await;
        sender.reply(&reference).await;
    }
    let replay = |replay: Value| json!({ "config": { "broadcast": { "replay": replay }, "presence": { "enabled": false } } });
    for (version, wanted, expected) in [
        (1, json!({ "since": 0, "limit": 2 }), vec!["replay_incomplete", "2", "3"]),
        (2, json!({ "limit": 2 }), vec!["2", "3"]),
        (2, json!({ "after": start.replace("-0", "-1") }), vec!["2", "3"]),
        (1, json!({ "after": "another-life-1" }), vec!["replay_incomplete", "1", "2", "3"]),
    ] {
        let mut late =
            if version == 1 { Socket::first(&app).await } else { Socket::second(&app).await };
        assert_eq!(late.join(&topic, &replay(wanted.clone())).await["status"], "ok");
        for expected in expected {
            let payload = late.receive().await.payload;
            assert_eq!(payload["meta"]["replayed"], true, "{wanted}");
            let number = payload["payload"]["n"].as_u64().map(|n| n.to_string());
            assert_eq!(number.as_deref().or(payload["event"].as_str()), Some(expected), "{wanted}");
        }
        assert!(late.is_quiet().await);
    }
}
