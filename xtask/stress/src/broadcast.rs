//! Members of rooms that broadcast over sockets, as the web app does: each has to receive every message of
//! the others, once and in order.

mod member;
mod messages;
mod receipts;

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
use member::Member;
pub(crate) use receipts::Received;

/// The step under which deliveries are counted.
pub(crate) const STEP: &str = "delivery";

/// Sockets that are opened at once.
const OPENING: usize = 32;

/// Longest wait for messages in flight after the last one.
const ARRIVAL_TIMEOUT: Duration = Duration::from_secs(10);

/// A load of broadcasts.
pub(crate) struct BroadcastLoad {
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
    pub(crate) received: Received,
}

/// The recorder that all members share.
struct Recorder {
    start: Instant,
    /// Start of the measurement.
    from: Instant,
    live: Arc<Live>,
    outcomes: RefCell<Outcomes>,
}

/// Runs a load on a thread of its own.
pub(crate) async fn run(load: BroadcastLoad, live: Arc<Live>) -> Result<Outcomes> {
    on_own_thread(move || drive(load, live)).await
}

async fn drive(load: BroadcastLoad, live: Arc<Live>) -> Result<Outcomes> {
    let members = connect_all(&load).await?;
    let start = Instant::now();
    let from = start + load.warm_up;
    let outcomes = Outcomes { recording: Recording::of(load.time), received: Received::default() };
    let recorder = Rc::new(Recorder { start: from, from, live, outcomes: RefCell::new(outcomes) });
    let meter = Meter::start();
    let mut sending = JoinSet::new();
    let every = Duration::from_secs_f64(real(members.len() as u64) / load.rate);
    let mut random = StdRng::seed_from_u64(load.seed);
    for member in members {
        // Each begins at another moment, as users do.
        let first = start + every.mul_f64(random.random_range(0.0..1.0));
        let until = from + load.time;
        sending.spawn_local(participate(
            member,
            recorder.clone(),
            (first, every, until),
            load.members,
        ));
    }
    while let Some(ended) = sending.join_next().await {
        ended?.context("a member was cut off")?;
    }
    let mut outcomes = recorder.outcomes.take();
    let recording = &mut outcomes.recording;
    (recording.seconds, recording.generator) = (load.time.as_secs_f64(), meter.read());
    Ok(outcomes)
}

/// Opens all sockets, room after room.
async fn connect_all(load: &BroadcastLoad) -> Result<Vec<Member>> {
    let (mut opening, mut members) = (JoinSet::new(), Vec::new());
    let places = load.rooms.iter().flat_map(|it| (0..load.members).map(move |number| (it, number)));
    for (user, (room, number)) in places.enumerate() {
        opening.spawn_local(Member::enter(load.target.clone(), room.clone(), user, number));
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

/// Sends until the end and receives everything, or notes the messages that did not arrive in time.
async fn participate(
    mut member: Member,
    recorder: Rc<Recorder>,
    (first, every, until): (Instant, Duration, Instant),
    members: usize,
) -> Result<()> {
    let mut receipts = receipts::Receipts::of(members, member.number);
    let mut due = first;
    while due < until {
        tokio::select! {
            biased;
            () = sleep_until(due.into()) => {
                let sent = Instant::now();
                member.send_due(recorder.since(due)).await?;
                recorder.sent(due, sent);
                due += every;
            }
            received = member.receive() => recorder.receive(&mut receipts, &received?),
        }
    }
    member.send_last().await?;
    let rest = async {
        while !receipts.is_complete() {
            let received = member.receive().await?;
            recorder.receive(&mut receipts, &received);
        }
        Ok::<_, anyhow::Error>(())
    };
    if let Ok(outcome) = timeout(ARRIVAL_TIMEOUT, rest).await {
        outcome?;
    }
    recorder.note_missing(&mut receipts);
    Ok(())
}

impl Recorder {
    /// A moment as messages carry it: microseconds since the load began, which may be before it.
    fn since(&self, moment: Instant) -> i64 {
        let after = moment.saturating_duration_since(self.start).as_micros();
        let before = self.start.saturating_duration_since(moment).as_micros();
        i64::try_from(after).unwrap_or(i64::MAX) - i64::try_from(before).unwrap_or(i64::MAX)
    }

    fn sent(&self, due: Instant, sent: Instant) {
        if due >= self.from {
            let recording = &mut self.outcomes.borrow_mut().recording;
            recording.offered += 1;
            recording.lag.record(sent.saturating_duration_since(due));
        }
    }

    fn receive(&self, receipts: &mut receipts::Receipts, message: &messages::Message) {
        let done = Instant::now();
        let mut outcomes = self.outcomes.borrow_mut();
        let is_new = receipts.receive(message, &mut outcomes.received);
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
    fn note_missing(&self, receipts: &mut receipts::Receipts) {
        let mut outcomes = self.outcomes.borrow_mut();
        let now = Instant::now();
        for message in receipts.missing() {
            outcomes.received.note_lost(message);
            let outcome = Outcome::Failed("a message never came".to_owned());
            let sample =
                Sample { step: STEP, intended: now, begun: now, sent: now, done: now, outcome };
            self.live.count(&sample.outcome);
            outcomes.recording.add(self.start, 0, false, &sample);
        }
    }
}
