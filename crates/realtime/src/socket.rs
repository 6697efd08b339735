//! A socket: what its client says, and the channels that it is in.

mod intake;
mod join;
mod speak;
mod stay;
mod stream;
mod verdicts;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use governor::DefaultDirectRateLimiter;

use crate::channel::Channel;
use crate::door::Guest;
use crate::figures::{FIGURES, dropped};
use crate::hub::Counted;
use crate::limits::{WAITING_MAX, meter};
use crate::outbox::Outbox;
use crate::presence::{MemberId, SocketId};
use crate::protocol::{Deed, Incoming, Malformed, Ref, Version, push, quoted, reply};
use crate::worker::Worker;

pub use stream::Frames;
pub(crate) use stream::open;
use verdicts::Verdicts;

/// A socket and its client.
pub(crate) struct Socket {
    pub(crate) id: SocketId,
    pub(crate) version: Version,
    pub(crate) outbox: Outbox,
    worker: Worker,
    /// What the client showed when it came.
    key: String,
    heard: Cell<Instant>,
    closing_since: Cell<Option<Instant>>,
    slots: RefCell<HashMap<Rc<str>, Slot>>,
    meter: DefaultDirectRateLimiter,
    counted: Counted,
}

/// What a socket has of a channel.
enum Slot {
    /// It asked to enter; what it says meanwhile waits.
    Knocking { knock: u64, waiting: Vec<Incoming> },
    /// It is in.
    Seated(Box<Seat>),
}

/// A membership of a channel.
struct Seat {
    channel: Arc<Channel>,
    member: MemberId,
    /// The name under which the member is shown.
    key: Arc<str>,
    join_ref: Ref,
    hears_itself: bool,
    wants_answers: bool,
    guest: Guest,
    /// What says who the guest is.
    token: Option<String>,
    checked: Instant,
    verdicts: Verdicts,
}

impl Socket {
    fn new(version: Version, key: String, worker: Worker, counted: Counted) -> Rc<Self> {
        let hub = worker.hub().clone();
        Rc::new(Self {
            id: hub.next_id(),
            version,
            outbox: Outbox::new(hub.limits.outbox),
            worker,
            key,
            heard: Cell::new(Instant::now()),
            closing_since: Cell::default(),
            slots: RefCell::default(),
            meter: meter(hub.limits.messages_per_second),
            counted,
        })
    }

    /// Sends the last frame, and leaves all channels.
    pub(crate) fn close(&self, code: u16, reason: &str) {
        self.outbox.close(code, reason);
        self.part();
    }

    /// Leaves all channels.
    pub(crate) fn part(&self) {
        if self.closing_since.get().is_none() {
            self.closing_since.set(Some(Instant::now()));
        }
        let slots: Vec<_> = self.slots.borrow_mut().drain().map(|(_, slot)| slot).collect();
        for slot in slots {
            self.vacate(slot);
        }
    }

    fn vacate(&self, slot: Slot) {
        let Slot::Seated(seat) = slot else { return };
        self.worker.unseat(seat.channel.id, seat.member);
        let hub = self.worker.hub();
        let until = Instant::now() + hub.limits.grace;
        if seat.channel.leave(seat.member, &seat.key, self.worker.port(), until) {
            hub.await_return(&seat.channel, until);
        }
    }

    /// Takes in a message of the client.
    fn hear(self: &Rc<Self>, message: Result<Incoming, Malformed>) {
        FIGURES.received.increment(1);
        let Ok(message) = message else { return dropped("malformed") };
        match message.deed {
            Deed::Heartbeat => self.reply(&message, Ok("{}")),
            Deed::Leave => self.leave(&message),
            _ if self.meter.check().is_err() => self.refuse_excess(&message),
            Deed::Join(_) if !self.counted.may_knock() => self.refuse_excess(&message),
            Deed::Join(_) => self.knock(message),
            _ => self.hear_in_channel(message),
        }
    }

    fn refuse_excess(&self, message: &Incoming) {
        dropped("rate");
        let reason = match message.deed {
            Deed::Join(_) => "ClientJoinRateLimitReached: Too many joins per second",
            _ => "MessageRateLimitReached: this client sends too many messages per second",
        };
        self.refuse(message, reason);
    }

    fn hear_in_channel(self: &Rc<Self>, message: Incoming) {
        let mut slots = self.slots.borrow_mut();
        match slots.get_mut(&*message.topic) {
            None => {
                drop(slots);
                self.reply(&message, Err(r#"{"reason":"unmatched topic"}"#));
            }
            Some(Slot::Knocking { waiting, .. }) if waiting.len() < WAITING_MAX => {
                waiting.push(message);
            }
            Some(Slot::Knocking { .. }) => dropped("not_joined_yet"),
            // What belongs to an earlier membership is of no interest any more.
            Some(Slot::Seated(seat)) if message.join_ref.belongs_to(&seat.join_ref) => {
                self.act(seat, &message);
            }
            Some(Slot::Seated(_)) => dropped("stale"),
        }
    }

    fn leave(&self, message: &Incoming) {
        let left = {
            let mut slots = self.slots.borrow_mut();
            let is_current = match slots.get(&*message.topic) {
                Some(Slot::Seated(seat)) => message.join_ref.belongs_to(&seat.join_ref),
                Some(Slot::Knocking { .. }) => true,
                None => false,
            };
            if is_current { slots.remove(&*message.topic) } else { None }
        };
        self.reply(message, Ok("{}"));
        let Some(slot) = left else { return };
        // Clients of version 1.0.0 look only at the topic, and would take this for the end of the
        // channel that they join next.
        if let (Version::V2, Slot::Seated(seat)) = (self.version, &slot) {
            self.push(&seat.join_ref, &message.topic, "phx_close", "{}");
        }
        self.vacate(slot);
    }

    fn reply(&self, message: &Incoming, outcome: Result<&str, &str>) {
        let refs = (&message.join_ref, &message.reference);
        self.outbox.send(reply(self.version, refs, &message.topic, outcome));
    }

    fn refuse(&self, message: &Incoming, reason: &str) {
        let response = format!(r#"{{"reason":{}}}"#, quoted(reason));
        self.reply(message, Err(&response));
    }

    fn push(&self, join_ref: &Ref, topic: &str, event: &str, payload: &str) {
        self.outbox.send(push(self.version, join_ref, topic, event, payload));
    }
}
