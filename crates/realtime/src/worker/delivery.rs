//! From the queue of a worker into the outboxes of its sockets.
//!
//! Most of the cost of a frame is its system call. So the events of a large channel are batched for a
//! moment, and a socket writes them with one call. Each channel batches by itself: the members of a
//! small channel do not wait for a large one.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use actix_web::rt;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::sleep;

use super::Worker;
use crate::local::LocalMember;
use crate::metrics::{METRICS, dropped};
use crate::outbox::SendOutcome;
use crate::presence::SocketId;
use crate::queue::{ChannelEvent, QueuedEvent};

/// Largest number of events that are taken from the queue at once.
const RECEIVE_MAX: usize = 64;

/// Frames that are queued before the sockets get a turn to write.
const FRAMES_PER_TURN: u64 = 4096;

/// Number of members from which on a channel batches.
const BATCHING_MEMBERS: u64 = 32;

/// Length of a batch for each member: about three times the time of one write, so that a channel that
/// is always busy takes a fourth of the thread. The first event after a pause is not held back.
const BATCH_PER_MEMBER: Duration = Duration::from_micros(14);

/// Longest batch.
const BATCH_TIME_MAX: Duration = Duration::from_millis(7);

/// Largest number of events in a batch: as many frames are written with one system call.
const BATCH_EVENTS_MAX: usize = 64;

impl Worker {
    /// Delivers all events until the queue is closed.
    pub(super) async fn deliver_all(self, mut queue: mpsc::Receiver<QueuedEvent>) {
        let mut events = Vec::with_capacity(RECEIVE_MAX);
        let mut turn = Turn::default();
        while queue.recv_many(&mut events, RECEIVE_MAX).await > 0 {
            for event in events.drain(..) {
                turn.count(self.accept(event));
            }
            if self.local().queue.take_overflow() {
                self.close_after_overflow();
            }
            // The sockets write later while the queue holds more: it may be for them.
            turn.end().await;
        }
    }

    /// Delivers an event unless its channel batches. Returns the number of receivers.
    fn accept(&self, event: QueuedEvent) -> u64 {
        let Some(due) = self.hold_back(event) else { return 0 };
        let receivers = self.deliver(&due);
        if receivers >= BATCHING_MEMBERS {
            self.start_batching(due.channel, receivers);
        }
        receivers
    }

    /// Holds an event back if its channel batches. Returns the event that is due: this one, or the oldest
    /// of a full batch.
    fn hold_back(&self, event: QueuedEvent) -> Option<QueuedEvent> {
        let channel = event.channel;
        let mut event = Some(event);
        let due = self.local().with_channel(channel, |it| {
            let batch = it.batch.as_mut()?;
            batch.extend(event.take());
            (batch.len() > BATCH_EVENTS_MAX).then(|| batch.pop_front()).flatten()
        });
        event.or(due.flatten())
    }

    fn start_batching(&self, channel: u64, members: u64) {
        let starts = self.local().with_channel(channel, |it| {
            let starts = it.batch.is_none();
            it.batch.get_or_insert_with(VecDeque::new);
            starts
        });
        if starts == Some(true) {
            rt::spawn(self.clone().deliver_batches(channel, batch_time(members)));
        }
    }

    /// Delivers the batches of a channel until one is empty.
    async fn deliver_batches(self, channel: u64, time: Duration) {
        let mut turn = Turn::default();
        loop {
            sleep(time).await;
            let mut is_empty = true;
            while let Some(event) = self.next_of_batch(channel) {
                is_empty = false;
                turn.count(self.deliver(&event));
                turn.end().await;
            }
            if is_empty {
                break;
            }
        }
        self.local().with_channel(channel, |it| it.batch = None);
    }

    fn next_of_batch(&self, channel: u64) -> Option<QueuedEvent> {
        self.local().with_channel(channel, |it| it.batch.as_mut()?.pop_front()).flatten()
    }

    /// Fills the outboxes of all receivers; returns their number.
    fn deliver(&self, event: &QueuedEvent) -> u64 {
        let delivery = self.local().with_channel(event.channel, |channel| {
            let mut delivery = Delivery::default();
            for member in channel.members.iter().filter(|it| it.order < event.order) {
                delivery.send(member, &event.event);
            }
            delivery
        });
        let Some(Delivery { receivers, overflowed, closed }) = delivery else { return 0 };
        METRICS.delivered(event.queued_at.elapsed(), receivers);
        for socket in overflowed.into_iter().filter_map(|it| self.socket(it)) {
            dropped("slow_reader_closed");
            socket.leave_all();
        }
        if let ChannelEvent::Closed(reason) = event.event {
            for (socket, topic) in closed {
                if let Some(socket) = self.socket(socket) {
                    socket.end_for_good(&topic, reason);
                }
            }
        }
        receivers
    }
}

/// The delivery of one event.
#[derive(Default)]
struct Delivery {
    receivers: u64,
    /// Sockets whose outbox overflowed.
    overflowed: Vec<SocketId>,
    /// Members whose channel is closed.
    closed: Vec<(SocketId, Rc<str>)>,
}

impl Delivery {
    /// Puts the event into the outbox of a member, in its version.
    fn send(&mut self, member: &LocalMember, event: &ChannelEvent) {
        let LocalMember { outbox, version, .. } = member;
        let outcome = match event {
            ChannelEvent::Broadcast(_, Some(except)) if *except == member.member => return,
            ChannelEvent::Broadcast(encoded, _) => match encoded.frame(*version) {
                Some(frame) => outbox.send_volatile(frame, encoded.broadcast.supersedes),
                None => return,
            },
            ChannelEvent::Answer(_, asker) if *asker != member.member => return,
            ChannelEvent::Answer(frames, _) => {
                let mut outcomes = frames.iter().map(|it| outbox.send(it.clone()));
                outcomes.find(|it| *it != SendOutcome::Queued).unwrap_or(SendOutcome::Queued)
            }
            ChannelEvent::Presence(_) if !member.has_presence => return,
            ChannelEvent::Presence(frames) => outbox.send(frames.frame(*version)),
            ChannelEvent::Closed(_) => {
                return self.closed.push((member.socket, member.topic.clone()));
            }
        };
        self.receivers += u64::from(outcome != SendOutcome::Closed);
        match outcome {
            SendOutcome::Queued | SendOutcome::Closed => {}
            SendOutcome::Superseded => dropped("superseded"),
            SendOutcome::Dropped | SendOutcome::Evicted => dropped("slow_reader"),
            SendOutcome::Overflowed => self.overflowed.push(member.socket),
        }
    }
}

/// The number of frames since the sockets had a turn to write.
#[derive(Default)]
struct Turn(u64);

impl Turn {
    fn count(&mut self, frames: u64) {
        self.0 += frames;
    }

    /// Yields to the sockets after enough frames.
    async fn end(&mut self) {
        if self.0 >= FRAMES_PER_TURN {
            self.0 = 0;
            yield_now().await;
        }
    }
}

/// The length of a batch of a channel with this number of members.
fn batch_time(members: u64) -> Duration {
    u32::try_from(members).map_or(BATCH_TIME_MAX, |it| BATCH_TIME_MAX.min(BATCH_PER_MEMBER * it))
}
