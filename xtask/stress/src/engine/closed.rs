//! A closed loop: everybody sends the next request when the answer to the last is there.
//!
//! Honest only about a system whose users do the same. A slow answer keeps its user from asking, so
//! a closed loop cannot show what happens to those who would have come meanwhile.
//!
//! Of more people than send at once, whoever has waited longest is next.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
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
    at_once: usize,
) -> Result<(Recording, Vec<Person>)> {
    let watch = Rc::new(Watch::new(live, course.time));
    let meter = Meter::start();
    let start = Instant::now();
    let end = start + course.time;
    let gap = course.ramp.div_f64(real(at_once.max(1) as u64));
    let idle: Rc<RefCell<VecDeque<Person>>> = Rc::new(RefCell::new(people.into()));
    let tasks: Vec<_> = (0_u32..)
        .take(at_once)
        .map(|place| {
            let (watch, idle) = (watch.clone(), idle.clone());
            spawn_local(async move {
                sleep_until((start + gap * place).min(end).into()).await;
                while Instant::now() < end {
                    let Some(mut person) = idle.borrow_mut().pop_front() else { return };
                    person.planned = false;
                    scenario.turn(&mut person, &watch).await;
                    idle.borrow_mut().push_back(person);
                    // A turn that could not even ask must not keep the thread from the others.
                    tokio::task::consume_budget().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await?;
    }
    let people = Rc::into_inner(idle).context("somebody is still busy")?.into_inner();
    let offered = watch.recording.borrow().total();
    Ok((watch.finish(&meter, offered), people.into()))
}
