//! A closed loop: everybody sends the next request when the answer to the last is there.
//!
//! Honest only about a system whose users do the same. A slow answer keeps its user from asking, so
//! a closed loop cannot show what happens to those who would have come meanwhile.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use tokio::task::spawn_local;
use tokio::time::sleep_until;

use super::cost::Meter;
use super::{Course, Live, Watch};
use crate::person::Person;
use crate::scenario::Scenario;
use crate::statistics::real;
use crate::tally::Recording;

pub(super) async fn run(
    scenario: &'static dyn Scenario,
    people: Vec<Person>,
    live: &Arc<Live>,
    course: Course,
) -> Result<(Recording, Vec<Person>)> {
    let watch = Rc::new(Watch::new(live, course.time));
    let meter = Meter::start();
    let start = Instant::now();
    let end = start + course.time;
    let gap = course.ramp.div_f64(real(people.len().max(1) as u64));
    let tasks: Vec<_> = people
        .into_iter()
        .zip(0_u32..)
        .map(|(mut person, place)| {
            let watch = watch.clone();
            spawn_local(async move {
                sleep_until((start + gap * place).min(end).into()).await;
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
