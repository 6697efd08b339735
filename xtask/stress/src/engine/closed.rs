//! A closed loop: everybody sends the next request when the answer to the last is there.
//!
//! Honest only about a system whose users do the same. A slow answer keeps its user from asking, so
//! a closed loop cannot show what happens to those who would have come meanwhile.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::spawn_local;

use super::cost::Meter;
use super::{Live, Watch};
use crate::person::Person;
use crate::scenario::Scenario;
use crate::tally::Recording;

pub(super) async fn run(
    scenario: &'static dyn Scenario,
    people: Vec<Person>,
    live: &Arc<Live>,
    time: Duration,
) -> Result<(Recording, Vec<Person>)> {
    let watch = Rc::new(Watch::new(live, time));
    let meter = Meter::start();
    let end = Instant::now() + time;
    let tasks: Vec<_> = people
        .into_iter()
        .map(|mut person| {
            let watch = watch.clone();
            spawn_local(async move {
                while Instant::now() < end {
                    person.planned = false;
                    scenario.turn(&mut person, &watch).await;
                    // A turn that could not even ask must not keep the thread from the others.
                    tokio::task::consume_budget().await;
                }
                person
            })
        })
        .collect();
    let mut people = Vec::new();
    for task in tasks {
        people.push(task.await?);
    }
    let offered = watch.recording.borrow().total();
    Ok((watch.finish(&meter, offered), people))
}
