//! Both databases return every saved document unchanged, byte by byte.

mod generate;

use std::cell::Cell;

use documents::{Bounds, canonical};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use testkit::Kind;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::app::TestApp;
use crate::client::Counsellor;

/// States that are saved, and documents in each of them.
const STATES: u32 = 150;
const DOCUMENTS: usize = 10;

/// Documents that are saved one by one because many of them are refused.
const DOUBTFUL: u32 = 300;

/// The bounds of the `test` profile.
const BOUNDS: Bounds = Bounds { bytes: 262_144, depth: 64, nodes: 10_000 };

/// One test for both databases; it counts as one of PostgreSQL's, without which it cannot run.
mod both_databases_return_a_document_unchanged {
    use super::*;

    #[test]
    fn postgres() {
        testkit::run(Kind::Postgres, async {
            let strategy = prop::collection::vec(generate::document(), DOCUMENTS);
            let strategy = strategy.prop_map(|documents| generate::state_of(&documents));
            let counts = compare(STATES, &strategy).await;
            assert_eq!(counts, Counts { kept: STATES, refused: 0 });
        });
    }
}

/// As above, for documents of which many are refused.
mod a_document_is_refused_alike_by_both_databases {
    use super::*;

    #[test]
    fn postgres() {
        testkit::run(Kind::Postgres, async {
            let strategy = generate::doubtful_document();
            let strategy = strategy.prop_map(|document| generate::state_of(&[document]));
            let counts = compare(DOUBTFUL, &strategy).await;
            assert!(counts.kept > DOUBTFUL / 10 && counts.refused > DOUBTFUL / 10, "{counts:?}");
        });
    }
}

/// Saves generated documents in both databases, and compares the answers with each other and with the
/// canonical form.
async fn compare(cases: u32, strategy: &impl Strategy<Value = String>) -> Counts {
    let lite = TestApp::spawn_on(testkit::sqlite_database().await.unwrap(), &[]).await;
    let post = TestApp::spawn().await;
    let sides = [Side::new(&lite).await, Side::new(&post).await];
    let counts = Cell::new(Counts::default());
    let handle = Handle::current();
    let outcome = block_in_place(|| {
        runner(cases).run(strategy, |state| {
            let [lite, post] = sides.each_ref().map(|side| handle.block_on(side.save(&state)));
            prop_assert_eq!(&lite, &post);
            check(&state, &lite)?;
            counts.set(counts.get().with(&lite));
            Ok(())
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    counts.get()
}

/// Prints the seed, which repeats the same cases.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let seed = match config.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => rand::random(),
    };
    println!("PROPTEST_RNG_SEED={seed} draws these documents again");
    TestRunner::new(Config { rng_seed: RngSeed::Fixed(seed), ..config })
}

/// How many states were saved and how many were refused, so that no test passes without either.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counts {
    kept: u32,
    refused: u32,
}

impl Counts {
    fn with(self, outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Kept(_) => Self { kept: self.kept + 1, ..self },
            Outcome::Refused(..) => Self { refused: self.refused + 1, ..self },
        }
    }
}

/// The outcome of a save in one database: stored as this text, or refused with this status and body.
#[derive(Debug, PartialEq)]
enum Outcome {
    Kept(String),
    Refused(u16, Value),
}

fn check(state: &str, outcome: &Outcome) -> Result<(), TestCaseError> {
    let raw = RawValue::from_string(state.to_owned()).unwrap();
    let expected = canonical(raw.get(), BOUNDS);
    match (outcome, expected) {
        (Outcome::Kept(text), Ok(canonical)) => prop_assert_eq!(text, canonical.get()),
        (Outcome::Refused(422, body), Err(refusal)) => {
            let message = format!("Value error, {refusal}");
            prop_assert_eq!(&body["detail"][0]["msg"], &Value::from(message));
        }
        (_, expected) => prop_assert!(false, "{outcome:?} where {expected:?} was expected"),
    }
    Ok(())
}

/// A server on one of the databases, and the path that documents are saved at.
struct Side<'a> {
    counsellor: Counsellor<'a>,
    path: String,
}

impl<'a> Side<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let counsellor = app.counsellor().await;
        let room = counsellor.room().await;
        Self { counsellor, path: format!("/api/rooms/{}/gameplay-states/game", room.id) }
    }

    /// Saves a state and loads it again; both answers must be equal.
    async fn save(&self, state: &str) -> Outcome {
        let request = self.counsellor.request("PUT", &self.path);
        let request = request.header("content-type", "application/json");
        let answer = request.body(format!(r#"{{"state":{state}}}"#)).send().await.unwrap();
        let status = answer.status().as_u16();
        let saved = answer.text().await.unwrap();
        if status != 200 {
            let mut body: Value = serde_json::from_str(&saved).unwrap();
            body["request_id"].take();
            return Outcome::Refused(status, body);
        }
        let loaded = self.counsellor.get(&self.path).send().await.unwrap().text().await.unwrap();
        assert_eq!(saved, loaded);
        let answer: Answer<'_> = serde_json::from_str(&saved).unwrap();
        Outcome::Kept(answer.state.get().to_owned())
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    state: &'a RawValue,
}
