//! A socket: what its client says, and the channels that it is in.

mod join;
mod stream;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix_web::rt;
use bytes::Bytes;
use chrono::Utc;
use governor::DefaultDirectRateLimiter;
use serde::Deserialize;

use crate::channel::Channel;
use crate::door::{Guest, OWNER};
use crate::figures::{FIGURES, dropped, refused};
use crate::hub::Counted;
use crate::limits::{NAME_BYTES_MAX, WAITING_MAX, meter};
use crate::message::{Utterance, superseding_key};
use crate::outbox::Outbox;
use crate::presence::{MemberId, SocketId};
use crate::protocol::{Body, Deed, Incoming, Malformed, Ref, Track, Version, push, quoted, reply};
use crate::topic::Topic;
use crate::worker::Worker;

pub(crate) use stream::open;

/// What only the server says, and only the owner.
const OF_SERVER: [&str; 2] = ["state_saved", "replay_incomplete"];
const OF_OWNER: &str = "session_ended";

/// How long a client may take to answer the last frame.
const FAREWELL: std::time::Duration = std::time::Duration::from_secs(1);

const NORMAL_CLOSURE: u16 = 1000;

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
    _counted: Counted,
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
    token: Option<String>,
    checked: Instant,
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
            _counted: counted,
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

    /// Ends what is over, and asks anew about what may have changed.
    pub(crate) fn look_after(self: &Rc<Self>, now: Instant) {
        if self.closing_since.get().is_some_and(|since| now.duration_since(since) > FAREWELL) {
            return self.outbox.finish();
        }
        if self.outbox.is_closed() {
            return self.part();
        }
        if now.saturating_duration_since(self.heard.get()) > self.worker.hub().limits.idle {
            return self.close(NORMAL_CLOSURE, "nothing was heard for too long");
        }
        self.end_expired();
        self.recheck(now);
    }

    /// Ends a channel so that the client does not come back.
    pub(crate) fn end_for_good(&self, topic: &str, reason: &str) {
        self.end(topic, reason, "phx_close");
    }

    /// Ends a channel so that the client comes back by itself, perhaps with a better token.
    fn end_softly(&self, topic: &str, reason: &str) {
        self.end(topic, reason, "phx_error");
    }

    fn end(&self, topic: &str, reason: &str, event: &str) {
        let Some(slot) = self.slots.borrow_mut().remove(topic) else { return };
        if let Slot::Seated(seat) = &slot {
            let short = seat.channel.topic.short();
            let (reason, short) = (quoted(reason), quoted(short));
            let system = format!(
                r#"{{"extension":"system","status":"error","message":{reason},"channel":{short}}}"#
            );
            self.push(&Ref::NONE, topic, "system", &system);
            self.push(&seat.join_ref, topic, event, &format!(r#"{{"reason":{reason}}}"#));
        }
        self.vacate(slot);
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

    fn end_expired(&self) {
        let now = Utc::now();
        let over = self.topics(|seat| seat.guest.until.is_some_and(|end| end <= now));
        for topic in over {
            refused("token_expired");
            self.end_softly(&topic, "InvalidJWTToken: the time of the token is over");
        }
    }

    /// Judges members anew who showed a token: it may be revoked by now.
    fn recheck(self: &Rc<Self>, now: Instant) {
        let every = self.worker.hub().limits.recheck;
        let due = self.topics(|seat| {
            seat.guest.is_strict && now.saturating_duration_since(seat.checked) > every
        });
        for topic in due {
            let token = match self.slots.borrow_mut().get_mut(&topic) {
                Some(Slot::Seated(seat)) => {
                    seat.checked = now;
                    seat.token.clone()
                }
                _ => None,
            };
            self.judge(&topic, token);
        }
    }

    fn topics(&self, is_meant: impl Fn(&Seat) -> bool) -> Vec<Rc<str>> {
        let slots = self.slots.borrow();
        let meant = slots.iter().filter(|(_, slot)| match slot {
            Slot::Seated(seat) => is_meant(seat),
            Slot::Knocking { .. } => false,
        });
        meant.map(|(topic, _)| topic.clone()).collect()
    }

    /// Judges a member by a token, without anybody waiting for it.
    fn judge(self: &Rc<Self>, topic: &Rc<str>, token: Option<String>) {
        let (socket, topic) = (self.clone(), topic.clone());
        let Ok(name) = Topic::parse(&topic) else { return };
        rt::spawn(async move {
            match socket.worker.door().admit(&name, token.as_deref()).await {
                Ok(guest) => socket.know_better(&topic, guest, token),
                // Who cannot be judged at the moment is judged the next time.
                Err(crate::door::Refusal::Busy) => {}
                Err(refusal) => {
                    refused(refusal.name());
                    socket.end_softly(&topic, &refusal.to_string());
                }
            }
        });
    }

    fn know_better(&self, topic: &str, guest: Guest, token: Option<String>) {
        if let Some(Slot::Seated(seat)) = self.slots.borrow_mut().get_mut(topic) {
            (seat.guest, seat.token, seat.checked) = (guest, token, Instant::now());
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

    fn act(self: &Rc<Self>, seat: &Seat, message: &Incoming) {
        match &message.deed {
            Deed::Broadcast { event, body } => {
                let said = self.say(seat, event, body);
                if let Err(reason) = said {
                    dropped("refused");
                    if seat.wants_answers {
                        self.refuse(message, reason);
                    }
                } else if seat.wants_answers {
                    self.reply(message, Ok("{}"));
                }
            }
            Deed::Track(track) => match self.track(seat, track) {
                Ok(()) => self.reply(message, Ok("{}")),
                Err(reason) => self.refuse(message, reason),
            },
            Deed::Untrack => {
                seat.channel.untrack(seat.member, &seat.key);
                self.reply(message, Ok("{}"));
            }
            Deed::AccessToken(shown) => {
                // A key that is shown as a token takes nothing away from the token that is known.
                let token = self.worker.door().credential(shown.as_deref(), &self.key);
                let is_new = token.is_some() && token == shown.as_deref();
                if is_new && token != seat.token.as_deref() {
                    self.judge(&Rc::from(message.topic.as_str()), token.map(str::to_owned));
                }
            }
            _ => self.reply(message, Err(r#"{"reason":"unknown event"}"#)),
        }
    }

    fn say(&self, seat: &Seat, event: &str, body: &Body) -> Result<(), &'static str> {
        let limits = &self.worker.hub().limits;
        if body.len() > limits.payload_bytes {
            return Err("PayloadTooLarge: the payload is larger than it may be");
        }
        check_event(event, &seat.guest)?;
        let supersedes = if limits.is_volatile(event) {
            superseding_key(seat.member, event, body)
        } else {
            None
        };
        let (event, body, sender) = (event.into(), body.clone(), seat.guest.sender());
        let said = Utterance { event, body, sender, supersedes };
        let except = (!seat.hears_itself).then_some(seat.member);
        let outcome = seat.channel.say(said, except);
        outcome.map_err(|_| "RoomRateLimitReached: too many messages per second in this channel")
    }

    fn track(&self, seat: &Seat, track: &Track) -> Result<(), &'static str> {
        let Track::Object(object) = track else {
            return Err("Presence track payload must be a map");
        };
        if object.len() > self.worker.hub().limits.presence_bytes {
            return Err("Track message size exceeded");
        }
        if !seat.guest.may_act_as_owner() && claims_to_own(object) {
            return Err("Unauthorized: only the room's owner is shown as owner");
        }
        // The object is a part of a frame, and would keep all of it in memory.
        let object = Bytes::copy_from_slice(object);
        let member = (seat.member, self.id);
        let outcome = seat.channel.track(member, &seat.key, object, Utc::now());
        outcome.map_err(|_| "ChannelFull: too many people show too much in this channel")
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

/// Whether somebody may send such messages.
pub(crate) fn check_event(event: &str, guest: &Guest) -> Result<(), &'static str> {
    if event.is_empty() || event.len() > NAME_BYTES_MAX {
        Err("InvalidEvent: an event has 1 to 255 bytes")
    } else if OF_SERVER.contains(&event) {
        Err("Unauthorized: only the server sends this event")
    } else if event == OF_OWNER && !guest.may_act_as_owner() {
        Err("Unauthorized: only the room's owner sends this event")
    } else {
        Ok(())
    }
}

/// Whether somebody wants to be shown as the owner of the room.
fn claims_to_own(object: &Bytes) -> bool {
    #[derive(Deserialize)]
    struct Claim {
        role: Option<serde_json::Value>,
    }
    // Of two fields with one name the last counts for clients; serde refuses them.
    let claim: Result<Claim, _> = serde_json::from_slice(object);
    claim.map_or(true, |it| it.role.is_some_and(|role| role == OWNER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_to_own_the_room_is_seen_through_all_spellings() {
        for (object, claims) in [
            (r#"{"role":"owner"}"#, true),
            (r#"{"role":"\u006fwner"}"#, true),
            (r#"{"role":"visitor","role":"owner"}"#, true),
            (r#"{"role":"visitor"}"#, false),
            (r#"{"name":"owner"}"#, false),
            (r#"{"role":null}"#, false),
        ] {
            assert_eq!(claims_to_own(&Bytes::from_static(object.as_bytes())), claims, "{object}");
        }
    }
}
