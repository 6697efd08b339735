//! A socket: the messages of its client, and its channels.

mod check;
mod frames;
mod join;
mod membership;
mod requests;
mod table;
mod token_checks;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use governor::DefaultDirectRateLimiter;

use crate::limits::{EXCESS_FACTOR, PENDING_MESSAGES_MAX, rate_limiter};
use crate::local::Local;
use crate::metrics::dropped;
use crate::outbox::Outbox;
use crate::presence::SocketId;
use crate::protocol::{ClientMessage, CloseCode, Ref, Request, Version, push, quoted, reply};
use crate::socket_permit::SocketPermit;
pub(crate) use check::CLOSE_TIMEOUT;
use membership::{Channels, Departure, JoinState};

/// A socket.
pub(crate) struct Socket {
    pub(crate) id: SocketId,
    pub(crate) version: Version,
    pub(crate) outbox: Rc<Outbox>,
    local: Rc<Local>,
    /// The API key of the handshake.
    key: String,
    last_received: Cell<Instant>,
    closing_since: Cell<Option<Instant>>,
    channels: RefCell<Channels>,
    /// The limit of frames, beyond which messages are refused.
    rate: DefaultDirectRateLimiter,
    /// The limit of frames beyond `rate`, at which the socket is closed.
    excess_rate: DefaultDirectRateLimiter,
    permit: SocketPermit,
}

impl Socket {
    pub(crate) fn new(
        version: Version,
        key: String,
        local: Rc<Local>,
        permit: SocketPermit,
    ) -> Rc<Self> {
        let hub = local.hub.clone();
        let per_second = hub.limits.messages_per_second;
        Rc::new(Self {
            id: hub.next_id(),
            version,
            outbox: Rc::new(Outbox::new(hub.limits.outbox)),
            local,
            key,
            last_received: Cell::new(Instant::now()),
            closing_since: Cell::default(),
            channels: RefCell::default(),
            rate: rate_limiter(per_second),
            excess_rate: rate_limiter(per_second.saturating_mul(EXCESS_FACTOR)),
            permit,
        })
    }

    /// Sends the close frame and leaves all channels.
    pub(crate) fn close(&self, code: CloseCode, reason: &str) {
        self.outbox.close(code, reason);
        self.leave_all();
    }

    /// Leaves all channels.
    pub(crate) fn leave_all(&self) {
        if self.closing_since.get().is_none() {
            self.closing_since.set(Some(Instant::now()));
        }
        let states: Vec<_> = self.channels.borrow_mut().drain().map(|(_, state)| state).collect();
        for state in states {
            self.end_membership(state, Departure::Lost);
        }
    }

    fn end_membership(&self, state: JoinState, departure: Departure) {
        let JoinState::Joined(membership) = state else { return };
        self.local.remove(membership.channel.id, membership.member);
        let hub = &self.local.hub;
        let grace = match departure {
            Departure::Left => hub.limits.grace,
            Departure::Lost => hub.limits.lost_grace,
        };
        let expires = Instant::now() + grace;
        let (member, key) = (membership.member, &membership.key);
        if membership.channel.leave(member, key, &self.local.queue, expires) {
            hub.schedule_expiration(&membership.channel, expires);
        }
    }

    fn refuse_excess(&self, message: &ClientMessage) {
        dropped("rate");
        let reason = match message.request {
            Request::Join(_) => "ClientJoinRateLimitReached: Too many joins per second",
            _ => "MessageRateLimitReached: this client sends too many messages per second",
        };
        self.refuse(message, reason);
    }

    fn receive_in_channel(self: &Rc<Self>, message: ClientMessage) {
        let mut channels = self.channels.borrow_mut();
        match channels.get_mut(&*message.topic) {
            None => {
                drop(channels);
                self.reply(&message, Err(r#"{"reason":"unmatched topic"}"#));
            }
            // The message belongs to an earlier membership.
            Some(state) if !message.join_ref.belongs_to(state.join_ref()) => dropped("stale"),
            Some(JoinState::Pending { messages, .. }) if messages.len() < PENDING_MESSAGES_MAX => {
                messages.push(message);
            }
            Some(JoinState::Pending { .. }) => dropped("not_joined_yet"),
            Some(JoinState::Joined(membership)) => self.handle(membership, &message),
        }
    }

    fn leave(&self, message: &ClientMessage) {
        let left = {
            let mut channels = self.channels.borrow_mut();
            let state = channels.get(&*message.topic);
            let is_current = state.is_some_and(|it| message.join_ref.belongs_to(it.join_ref()));
            if is_current { channels.remove(&*message.topic) } else { None }
        };
        self.reply(message, Ok("{}"));
        let Some(state) = left else { return };
        // Clients of version 1.0.0 look only at the topic, and would take `phx_close` for the end of the
        // channel that they join next.
        if let (Version::V2, JoinState::Joined(membership)) = (self.version, &state) {
            self.push(&membership.join_ref, &message.topic, "phx_close", "{}");
        }
        self.end_membership(state, Departure::Left);
    }

    fn reply(&self, message: &ClientMessage, outcome: Result<&str, &str>) {
        let refs = (&message.join_ref, &message.reference);
        self.outbox.send(reply(self.version, refs, &message.topic, outcome));
    }

    fn refuse(&self, message: &ClientMessage, reason: &str) {
        let response = format!(r#"{{"reason":{}}}"#, quoted(reason));
        self.reply(message, Err(&response));
    }

    fn push(&self, join_ref: &Ref, topic: &str, event: &str, payload: &str) {
        self.outbox.send(push(self.version, join_ref, topic, event, payload));
    }
}
