//! One request that is sent many times at the same moment, to all instances.

use futures::future::join_all;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{counsellors, instances, path_of, save};
use crate::app::ask;

/// How often each race is run.
const ROUNDS: usize = 5;

/// How often the request is sent.
const TIMES: usize = 20;

/// The single answer of all requests that were not refused as in flight.
async fn one_answer(send: impl Fn(usize) -> RequestBuilder, success: u16) -> Value {
    let mut answers: Vec<Value> = Vec::new();
    for (status, answer) in join_all((0..TIMES).map(|n| ask(send(n)))).await {
        if status == 409 {
            assert_eq!(answer["code"], "request_in_flight");
        } else {
            assert_eq!(status, success, "{answer}");
            answers.push(answer);
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    answers.remove(0)
}

#[testkit::on_both_databases]
async fn a_save_that_is_sent_many_times_at_once_is_carried_out_once() {
    let apps = instances().await;
    let counsellors = counsellors(&apps).await;
    let path = path_of(&counsellors[0].room().await, "game");

    for round in 1..=ROUNDS {
        let key = format!("round-{round}");
        let send = |n: usize| {
            let request = save(&counsellors[n % counsellors.len()], &path, &key);
            request.header("idempotency-key", key.as_str())
        };
        let saved = one_answer(send, 200).await;
        assert_eq!(saved["version"], round);
        assert_eq!(ask(counsellors[0].get(&path)).await, (200, saved.clone()));
        assert_eq!(ask(send(0)).await, (200, saved.clone()));
        assert_eq!(ask(send(1)).await, (200, saved));
    }
}

#[testkit::on_both_databases]
async fn a_room_that_is_asked_for_many_times_at_once_is_opened_once() {
    let apps = instances().await;
    let counsellors = counsellors(&apps).await;
    let rooms = async || {
        let (_, list) = ask(counsellors[0].get("/api/rooms")).await;
        list.as_array().unwrap().len()
    };
    let before = rooms().await;

    for round in 1..=ROUNDS {
        let (key, body) = (format!("round-{round}"), json!({ "name": "A room" }));
        let send = |n: usize| {
            let request = counsellors[n % counsellors.len()].post("/api/rooms", &body);
            request.header("idempotency-key", key.as_str())
        };
        let opened = one_answer(send, 201).await;
        assert_eq!(rooms().await, before + round);
        assert_eq!(ask(send(1)).await, (201, opened));
    }
}
