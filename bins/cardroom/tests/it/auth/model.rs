//! Sessions, compared with a small model of them.

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use super::login;
use super::sessions::{Pair, next, status};
use crate::app::{TestApp, ask, body_of};
use crate::behind::Behind;

/// Random sequences of actions that are run.
const CASES: u32 = 16;

/// Seconds of one wait: one is within the grace period of a minute, two are not.
const PASSING: u32 = 35;

/// What a client does. `session` is an index, modulo the number of sessions.
#[derive(Clone, Debug)]
enum Action {
    LogIn,
    /// Refreshes with the token that the session got `back` refreshes ago.
    Refresh {
        session: usize,
        back: usize,
    },
    /// Logs out with the token that the session got `back` refreshes ago.
    LogOut {
        session: usize,
        back: usize,
    },
    EndOthers {
        session: usize,
    },
    ChangePassword {
        session: usize,
    },
    Wait,
}

fn action() -> impl Strategy<Value = Action> {
    let session = 0_usize..6;
    prop_oneof![
        2 => Just(Action::LogIn),
        8 => (session.clone(), prop::sample::select(vec![0, 0, 0, 1, 1, 2, 3]))
            .prop_map(|(session, back)| Action::Refresh { session, back }),
        1 => (session.clone(), 0_usize..3)
            .prop_map(|(session, back)| Action::LogOut { session, back }),
        1 => session.clone().prop_map(|session| Action::EndOthers { session }),
        1 => session.prop_map(|session| Action::ChangePassword { session }),
        2 => Just(Action::Wait),
    ]
}

/// The expected state of a session.
struct Model {
    lasts: bool,
    /// Seconds since the last pair was issued.
    age: u32,
    /// All pairs of the session, oldest first.
    pairs: Vec<Pair>,
}

impl Model {
    fn back(&self, back: usize) -> Option<&Pair> {
        self.pairs.iter().rev().nth(back)
    }

    fn last(&self) -> &Pair {
        self.back(0).unwrap()
    }
}

/// An account, and the expected state of its sessions.
struct Run<'a> {
    app: &'a TestApp,
    behind: &'a Behind,
    email: String,
    password: String,
    sessions: Vec<Model>,
}

impl Run<'_> {
    async fn log_in(&mut self) {
        let answer = login(self.app, &self.email, &self.password).send().await.unwrap();
        let pair = Pair::of(&body_of(answer).await);
        self.sessions.push(Model { lasts: true, age: 0, pairs: vec![pair] });
    }

    async fn carry_out(&mut self, action: &Action) -> Result<(), TestCaseError> {
        let count = self.sessions.len();
        match *action {
            Action::LogIn => self.log_in().await,
            Action::Refresh { session, back } => self.refresh(session % count, back).await?,
            Action::LogOut { session, back } => self.log_out(session % count, back).await?,
            Action::EndOthers { session } => {
                let end = self.app.request("DELETE", "/api/auth/sessions");
                self.end_others(session % count, end).await?;
            }
            Action::ChangePassword { session } => self.change_password(session % count).await?,
            Action::Wait => {
                self.behind.age_rotations(PASSING).await;
                self.sessions.iter_mut().for_each(|it| it.age += PASSING);
            }
        }
        self.check().await
    }

    async fn refresh(&mut self, at: usize, back: usize) -> Result<(), TestCaseError> {
        let session = &mut self.sessions[at];
        let Some(shown) = session.back(back) else { return Ok(()) };
        let answer = next(self.app, &shown.refresh).await;
        match back {
            _ if !session.lasts => prop_assert_eq!(answer, Err(401)),
            0 => {
                let new = answer.map_err(|it| TestCaseError::fail(it.to_string()))?;
                prop_assert!(!session.pairs.contains(&new));
                session.pairs.push(new);
                session.age = 0;
            }
            // The access token contains the time of rotation, which was moved into the past.
            1 if session.age <= 60 => {
                let again = answer.map_err(|it| TestCaseError::fail(it.to_string()))?;
                prop_assert_eq!(&again.refresh, &session.last().refresh);
                prop_assert!(session.age > 0 || again == *session.last());
            }
            _ => {
                prop_assert_eq!(answer, Err(401));
                session.lasts = false;
            }
        }
        Ok(())
    }

    async fn log_out(&mut self, at: usize, back: usize) -> Result<(), TestCaseError> {
        let session = &mut self.sessions[at];
        let Some(shown) = session.back(back) else { return Ok(()) };
        let body = json!({ "refresh_token": shown.refresh });
        prop_assert_eq!(ask(self.app.post("/api/auth/logout", &body)).await.0, 200);
        session.lasts = false;
        Ok(())
    }

    async fn end_others(
        &mut self,
        at: usize,
        request: reqwest::RequestBuilder,
    ) -> Result<(), TestCaseError> {
        let session = &self.sessions[at];
        let expected = if session.lasts { 200 } else { 401 };
        let (status, body) = ask(request.bearer_auth(&session.last().access)).await;
        prop_assert_eq!(status, expected, "{}", body);
        if session.lasts {
            self.sessions.iter_mut().enumerate().for_each(|(n, it)| it.lasts &= n == at);
        }
        Ok(())
    }

    async fn change_password(&mut self, at: usize) -> Result<(), TestCaseError> {
        let new = format!("password {}", self.password.len());
        let body = json!({ "old_password": self.password, "new_password": new });
        let lasts = self.sessions[at].lasts;
        self.end_others(at, self.app.post("/api/auth/change-password", &body)).await?;
        if lasts {
            self.password = new;
        }
        Ok(())
    }

    /// Checks every session against the model.
    async fn check(&self) -> Result<(), TestCaseError> {
        for session in &self.sessions {
            let expected = if session.lasts { 200 } else { 401 };
            for pair in [&session.pairs[0], session.last()] {
                prop_assert_eq!(status(self.app, &pair.access).await, expected);
            }
        }
        Ok(())
    }
}

#[testkit::on_both_databases]
async fn sessions_are_what_the_model_says() {
    let app = TestApp::spawn().await;
    let behind = Behind::of(&app);
    let handle = Handle::current();
    let (runs, ended) = (RefCell::new(0_usize), RefCell::new(0_usize));
    let outcome = block_in_place(|| {
        runner().run(&prop::collection::vec(action(), 1..25), |actions| {
            *runs.borrow_mut() += 1;
            handle.block_on(async {
                let email = format!("ada{}@example.com", runs.borrow());
                let (password, sessions) = ("correct horse".to_owned(), Vec::new());
                let body = json!({ "email": email, "password": password, "full_name": "Ada" });
                assert_eq!(ask(app.post("/api/auth/register", &body)).await.0, 201);
                let mut run = Run { app: &app, behind: &behind, email, password, sessions };
                run.log_in().await;
                for action in &actions {
                    run.carry_out(action).await?;
                }
                *ended.borrow_mut() += run.sessions.iter().filter(|it| !it.lasts).count();
                Ok(())
            })
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!(*ended.borrow() > 0, "no run ended a session");
}

/// Prints the seed, which repeats the same runs.
fn runner() -> TestRunner {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let seed = match config.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => rand::random(),
    };
    println!("PROPTEST_RNG_SEED={seed} repeats these runs");
    TestRunner::new(Config { rng_seed: RngSeed::Fixed(seed), ..config })
}
