//! An open loop: a plan says when requests are due, and their times count from then.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::load::{Arrivals, Course, schedule};
use crate::scenario::Scenario;
use crate::tally::Recording;
use crate::user::User;
use crate::watch::{Live, Watch};

/// The arrivals of a loop.
pub(super) struct Plan {
    pub(super) rate: f64,
    pub(super) arrivals: Arrivals,
    pub(super) course: Course,
    pub(super) seed: u64,
}

/// Wake-ups a second of the thread that announces arrivals. Where more are due, those of a quarter of a
/// millisecond are sent together: a wake-up for each would take the cores from the server.
const WAKES_MAX: f64 = 4000.0;

pub(super) async fn run(
    scenario: &'static Scenario,
    users: Vec<User>,
    live: &Arc<Live>,
    plan: Plan,
) -> Result<(Recording, Vec<User>)> {
    let mut random = StdRng::seed_from_u64(plan.seed);
    let moments = schedule(plan.arrivals, plan.rate, plan.course, &mut random);
    let offered = moments.len() as u64;
    let watch = Rc::new(Watch::new(live, plan.course.time));
    let mut arrivals = announce(moments, plan.rate)?;
    // The user that has waited longest is next.
    let idle: Rc<RefCell<VecDeque<User>>> = Rc::new(RefCell::new(users.into()));
    let mut under_way = JoinSet::new();
    while let Some(due) = arrivals.recv().await {
        while under_way.try_join_next().is_some() {}
        let Some(mut user) = idle.borrow_mut().pop_front() else {
            watch.drop_arrival();
            continue;
        };
        user.due_at(due);
        let (watch, idle) = (watch.clone(), idle.clone());
        under_way.spawn_local(async move {
            (scenario.turn)(&mut user, &watch).await;
            idle.borrow_mut().push_back(user);
        });
    }
    while under_way.join_next().await.is_some() {}
    let users = Rc::into_inner(idle).context("a user is still busy")?.into_inner();
    Ok((watch.finish(Some(offered)), users.into()))
}

/// Announces arrivals when they are due, from a thread of its own: timers of the runtime have a resolution
/// of a millisecond.
fn announce(moments: Vec<Duration>, rate: f64) -> Result<mpsc::UnboundedReceiver<Instant>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let least = Duration::from_secs_f64(if rate > WAKES_MAX { WAKES_MAX.recip() } else { 0.0 });
    thread::Builder::new().name("schedule".into()).spawn(move || {
        let start = Instant::now();
        for moment in moments {
            let due = start + moment;
            let early = due.saturating_duration_since(Instant::now());
            if !early.is_zero() {
                thread::sleep(early.max(least));
            }
            if sender.send(due).is_err() {
                return;
            }
        }
    })?;
    Ok(receiver)
}
