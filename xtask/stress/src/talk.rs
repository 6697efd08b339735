//! Members of rooms who broadcast over sockets, as the web app does: each has to receive every message of
//! the others, once and in order.

mod hearing;
mod member;
mod wire;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use crate::engine::on_own_thread;
use crate::evidence::Room;
use crate::statistics::real;
use crate::tally::{Outcome, Recording, Sample};
use crate::target::Target;
use crate::watch::{Live, Meter};
pub(crate) use hearing::Heard;
use member::Member;

/// The step under which deliveries are counted.
pub(crate) const STEP: &str = "delivery";

/// Sockets that are opened at once.
const OPENING: usize = 32;

/// Longest wait for messages in flight after the last one.
const PATIENCE: Duration = Duration::from_secs(10);

/// A load of broadcasts.
pub(crate) struct Talk {
    pub(crate) target: Target,
    pub(crate) rooms: Vec<Arc<Room>>,
    /// Members of each room.
    pub(crate) members: usize,
    /// Messages a second of all together.
    pub(crate) rate: f64,
    pub(crate) time: Duration,
    /// Messages before this are received and not measured.
    pub(crate) warm_up: Duration,
    pub(crate) seed: u64,
}

/// The result of a load.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    pub(crate) recording: Recording,
    pub(crate) heard: Heard,
}

/// The shared record of all members.
struct Notes {
    start: Instant,
    /// From when on it is measured.
    from: Instant,
    live: Arc<Live>,
    outcomes: RefCell<Outcomes>,
}

/// Lets them talk, on a thread of its own.
pub(crate) async fn run(talk: Talk, live: Arc<Live>) -> Result<Outcomes> {
    on_own_thread(move || drive(talk, live)).await
}

async fn drive(talk: Talk, live: Arc<Live>) -> Result<Outcomes> {
    let members = gather(&talk).await?;
    let start = Instant::now();
    let from = start + talk.warm_up;
    let outcomes = Outcomes { recording: Recording::of(talk.time), heard: Heard::default() };
    let notes = Rc::new(Notes { start: from, from, live, outcomes: RefCell::new(outcomes) });
    let meter = Meter::start();
    let mut talking = JoinSet::new();
    let every = Duration::from_secs_f64(real(members.len() as u64) / talk.rate);
    let mut random = StdRng::seed_from_u64(talk.seed);
    for member in members {
        // Each begins at another moment, as users do.
        let first = start + every.mul_f64(random.random_range(0.0..1.0));
        let until = from + talk.time;
        talking.spawn_local(attend(member, notes.clone(), (first, every, until), talk.members));
    }
    while let Some(ended) = talking.join_next().await {
        ended?.context("a member was cut off")?;
    }
    let mut outcomes = notes.outcomes.take();
    let recording = &mut outcomes.recording;
    (recording.seconds, recording.generator) = (talk.time.as_secs_f64(), meter.read());
    Ok(outcomes)
}

/// Opens all sockets, room after room.
async fn gather(talk: &Talk) -> Result<Vec<Member>> {
    let (mut opening, mut members) = (JoinSet::new(), Vec::new());
    let everybody =
        talk.rooms.iter().flat_map(|it| (0..talk.members).map(move |number| (it, number)));
    for (person, (room, number)) in everybody.enumerate() {
        opening.spawn_local(Member::enter(talk.target.clone(), room.clone(), person, number));
        if opening.len() >= OPENING
            && let Some(member) = opening.join_next().await
        {
            members.push(member??);
        }
    }
    while let Some(member) = opening.join_next().await {
        members.push(member??);
    }
    Ok(members)
}

/// Sends until the end and receives everything, or notes what did not arrive in time.
async fn attend(
    mut member: Member,
    notes: Rc<Notes>,
    (first, every, until): (Instant, Duration, Instant),
    members: usize,
) -> Result<()> {
    let mut hearing = hearing::Hearing::of(members, member.number);
    let mut due = first;
    while due < until {
        tokio::select! {
            biased;
            () = sleep_until(due.into()) => {
                let sent = Instant::now();
                member.say(notes.since(due)).await?;
                notes.said(due, sent);
                due += every;
            }
            heard = member.hear() => notes.hear(&mut hearing, &heard?),
        }
    }
    member.say_last().await?;
    let rest = async {
        while !hearing.is_complete() {
            let heard = member.hear().await?;
            notes.hear(&mut hearing, &heard);
        }
        Ok::<_, anyhow::Error>(())
    };
    if let Ok(outcome) = timeout(PATIENCE, rest).await {
        outcome?;
    }
    notes.miss(&mut hearing);
    Ok(())
}

impl Notes {
    /// A moment as messages carry it: microseconds since the load began, which may be before it.
    fn since(&self, moment: Instant) -> i64 {
        let after = moment.saturating_duration_since(self.start).as_micros();
        let before = self.start.saturating_duration_since(moment).as_micros();
        i64::try_from(after).unwrap_or(i64::MAX) - i64::try_from(before).unwrap_or(i64::MAX)
    }

    fn said(&self, due: Instant, sent: Instant) {
        if due >= self.from {
            let recording = &mut self.outcomes.borrow_mut().recording;
            recording.offered += 1;
            recording.lag.record(sent.saturating_duration_since(due));
        }
    }

    fn hear(&self, hearing: &mut hearing::Hearing, message: &wire::Message) {
        let done = Instant::now();
        let mut outcomes = self.outcomes.borrow_mut();
        let is_new = hearing.hear(message, &mut outcomes.heard);
        let Some(due) = u64::try_from(message.due).ok().filter(|_| is_new) else { return };
        let due = self.start + Duration::from_micros(due);
        let sample = Sample {
            step: STEP,
            intended: due,
            begun: due,
            sent: due,
            done,
            outcome: Outcome::Success,
        };
        self.live.count(&sample.outcome);
        outcomes.recording.add(self.start, message.from, false, &sample);
    }

    /// Notes the messages that never arrived.
    fn miss(&self, hearing: &mut hearing::Hearing) {
        let mut outcomes = self.outcomes.borrow_mut();
        let now = Instant::now();
        for message in hearing.missing() {
            outcomes.heard.lose(message);
            let outcome = Outcome::Failed("a message never came".to_owned());
            let sample =
                Sample { step: STEP, intended: now, begun: now, sent: now, done: now, outcome };
            self.live.count(&sample.outcome);
            outcomes.recording.add(self.start, 0, false, &sample);
        }
    }
}
