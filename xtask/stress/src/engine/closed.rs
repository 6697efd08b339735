//! A closed loop: each user sends the next request when the answer to the last is there.
//!
//! It shows throughput, not latency under a given demand: a slow answer delays the next request of its user.
//! With more users than send at once, the one that has waited longest is next.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use tokio::task::{consume_budget, spawn_local};
use tokio::time::sleep_until;

use crate::load::Course;
use crate::scenario::Scenario;
use crate::statistics::real;
use crate::tally::Recording;
use crate::user::User;
use crate::watch::{Live, Watch};

pub(super) async fn run(
    scenario: &'static Scenario,
    users: Vec<User>,
    live: &Arc<Live>,
    course: Course,
    at_once: usize,
) -> Result<(Recording, Vec<User>)> {
    let watch = Rc::new(Watch::new(live, course.time));
    let start = Instant::now();
    let end = start + course.time;
    let gap = course.ramp.div_f64(real(at_once.max(1) as u64));
    let idle: Rc<RefCell<VecDeque<User>>> = Rc::new(RefCell::new(users.into()));
    let loop_from = |place: u32| {
        let (watch, idle) = (watch.clone(), idle.clone());
        spawn_local(async move {
            sleep_until((start + gap * place).min(end).into()).await;
            while Instant::now() < end {
                let Some(mut user) = idle.borrow_mut().pop_front() else { return };
                user.due_now();
                (scenario.turn)(&mut user, &watch).await;
                idle.borrow_mut().push_back(user);
                // A turn that fails immediately must not starve the other tasks.
                consume_budget().await;
            }
        })
    };
    let tasks: Vec<_> = (0..).take(at_once).map(loop_from).collect();
    for task in tasks {
        task.await?;
    }
    let users = Rc::into_inner(idle).context("a user is still busy")?.into_inner();
    Ok((watch.finish(None), users.into()))
}
