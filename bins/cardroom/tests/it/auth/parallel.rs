//! One refresh token, sent many times at once.

use std::collections::HashSet;
use std::env;

use database::schema::sessions;
use diesel::prelude::*;
use futures::future::join_all;
use serde_json::json;

use super::sessions::{Pair, next, pair, status};
use super::{COUNSELLOR, login};
use crate::app::{TestApp, body_of};
use crate::behind::Behind;

/// Concurrent requests.
const CONCURRENT_REQUESTS: usize = 50;

/// The variable with the number of rounds, and the default.
const ROUNDS: (&str, usize) = ("CARDROOM_REFRESH_ROUNDS", 10);

fn rounds() -> usize {
    env::var(ROUNDS.0).ok().and_then(|it| it.parse().ok()).unwrap_or(ROUNDS.1)
}

#[testkit::on_both_databases]
async fn fifty_concurrent_refreshes_through_two_instances_are_one_rotation_and_one_pair() {
    let one = TestApp::spawn().await;
    let other = TestApp::spawn_on(one.database.clone(), &[]).await;
    let behind = Behind::of(&one);
    let mut current = pair(&one).await;

    for round in 0..rounds() {
        let token = current.refresh.clone();
        let all =
            (0..CONCURRENT_REQUESTS).map(|n| next(if n % 2 == 0 { &one } else { &other }, &token));
        let pairs: HashSet<Pair> = join_all(all).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(pairs.len(), 1, "round {round}");
        current = pairs.into_iter().next().unwrap();
    }

    let generations = behind.generations().await;
    assert_eq!(generations, [i64::try_from(rounds()).unwrap() + 1]);
    for app in [&one, &other] {
        assert_eq!(status(app, &current.access).await, 200);
    }
    println!(
        "{} rounds of {CONCURRENT_REQUESTS}: one rotation, one pair, no session ended",
        rounds()
    );
}

#[testkit::on_both_databases]
async fn a_logout_among_refreshes_leaves_no_valid_token() {
    let one = TestApp::spawn().await;
    let other = TestApp::spawn_on(one.database.clone(), &[]).await;
    for _ in 0..10 {
        let first = pair(&one).await;
        let body = json!({ "refresh_token": first.refresh });
        let logout = one.post("/api/auth/logout", &body).send();
        let refreshes = join_all((0..10).map(|_| next(&other, &first.refresh)));
        let (logout, answers) = tokio::join!(logout, refreshes);
        assert_eq!(logout.unwrap().status(), 200);
        for pair in answers.into_iter().flatten() {
            assert_eq!(next(&one, &pair.refresh).await, Err(401));
            assert_eq!(status(&one, &pair.access).await, 401);
        }
    }
}

#[testkit::on_both_databases]
async fn no_login_with_the_old_password_outlives_a_concurrent_change() {
    let app = TestApp::spawn().await;
    let mut password = "demo123".to_owned();
    for round in 0..5 {
        let mine = login(&app, COUNSELLOR, &password).send().await.unwrap();
        let mine = Pair::of(&body_of(mine).await);
        let new = format!("password {round}");
        let body = json!({ "old_password": password, "new_password": new });
        let change = app.post("/api/auth/change-password", &body).bearer_auth(&mine.access).send();
        let logins = join_all((0..10).map(|_| login(&app, COUNSELLOR, &password).send()));
        let (change, logins) = tokio::join!(change, logins);
        assert_eq!(change.unwrap().status(), 200);
        for answer in logins {
            let answer = answer.unwrap();
            if answer.status() == 200 {
                let pair = Pair::of(&body_of(answer).await);
                assert_eq!(status(&app, &pair.access).await, 401);
                assert_eq!(next(&app, &pair.refresh).await, Err(401));
            }
        }
        assert_eq!(status(&app, &mine.access).await, 200);
        password = new;
    }
}

impl Behind {
    /// The generation of each session.
    async fn generations(&self) -> Vec<i64> {
        self.0.read_all(sessions::table.select(sessions::generation)).await.unwrap()
    }
}
