//! Everybody at the same moment: connected before, let go together.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::sync::Barrier;
use tokio::task::spawn_local;

use super::cost::Meter;
use super::{Live, Watch};
use crate::person::Person;
use crate::scenario::Scenario;
use crate::tally::Recording;

/// A burst lasts about as long; only the width of slots depends on it.
const EXPECTED: Duration = Duration::from_secs(2);

pub(super) async fn run(
    scenario: &'static dyn Scenario,
    people: Vec<Person>,
    live: &Arc<Live>,
) -> Result<(Recording, Vec<Person>)> {
    let offered = people.len() as u64;
    let barrier = Rc::new(Barrier::new(people.len()));
    let (watch, begin) = (Rc::new(Watch::new(live, EXPECTED)), Rc::new(OnceCell::new()));
    let meter = Meter::start();
    let tasks: Vec<_> = people
        .into_iter()
        .map(|mut person| {
            let (watch, barrier, begin) = (watch.clone(), barrier.clone(), begin.clone());
            spawn_local(async move {
                barrier.wait().await;
                // The first one through says when it was; the others are late from then on.
                person.intended = *begin.get_or_init(Instant::now);
                person.planned = true;
                scenario.burst(&mut person, &watch).await;
                person
            })
        })
        .collect();
    let mut people = Vec::new();
    for task in tasks {
        people.push(task.await?);
    }
    Ok((watch.finish(&meter, offered), people))
}
