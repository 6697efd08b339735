//! A channel: the broadcasts and the presence of one topic.
//!
//! Every event gets its position under the lock of the channel: its number, and its place in the queue
//! of every worker that has members. So all members receive the events in one order, and a new member
//! knows exactly which events came before its join.

mod cards;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use ids::VisitorId;

use crate::broadcast::{EncodedBroadcast, NewBroadcast};
use crate::card_moves::CardMoves;
use crate::handover::{HandedOverChannel, HandedOverEntry};
use crate::limits::PRESENCE_BYTES_MAX;
use crate::presence::{
    MemberId, Presence, PresenceDiff, PresenceEntry, PresenceFrames, PresenceFull, SocketId,
};
use crate::protocol::Replay;
use crate::queue::{ChannelEvent, QueuedEvent, WorkerQueue};
use crate::replay::{ReplayResult, Ring};
use crate::room_sequence::{RoomRateExceeded, RoomSequence};
use crate::topic::Topic;
use crate::unsaved_moves::Unsaved;

/// How long a channel without members keeps its broadcasts, unless another channel needs its place.
const LINGER: Duration = Duration::from_mins(10);

/// A channel.
pub(crate) struct Channel {
    /// Its id in this process.
    pub(crate) id: u64,
    /// Its topic.
    pub(crate) topic: Topic,
    /// Whether it is the private channel of this topic.
    pub(crate) is_private: bool,
    name: Arc<str>,
    sequence: Arc<RoomSequence>,
    /// Whether moves of cards are remembered.
    has_cards: bool,
    state: Mutex<State>,
}

struct State {
    /// Distinguishes this channel from earlier and later ones of its topic.
    epoch: Arc<str>,
    /// The number of the last broadcast.
    number: u64,
    /// The position of the last event.
    order: u64,
    ring: Ring,
    presence: Presence,
    /// The moves of cards, in a channel of cards.
    moves: CardMoves,
    tables_sent: u64,
    /// The moves of visitors that are not saved yet.
    unsaved: Option<Unsaved>,
    /// When the presence settles, if the members of an earlier process are still coming back.
    settles_at: Option<Instant>,
    /// The workers that have members, with their number.
    workers: Vec<(WorkerQueue, usize)>,
    visitors: Vec<(MemberId, VisitorId)>,
    empty_since: Instant,
}

/// A member that joins.
pub(crate) struct NewMember<'a> {
    pub(crate) member: MemberId,
    pub(crate) socket: SocketId,
    pub(crate) queue: &'a WorkerQueue,
    /// Its presence key; empty: the server chooses one.
    pub(crate) key: &'a str,
    pub(crate) visitor: Option<VisitorId>,
    pub(crate) has_presence: bool,
    pub(crate) replay: Option<&'a Replay>,
}

/// The state of a channel at the moment of a join.
pub(crate) struct JoinSnapshot {
    /// The presence key of the new member.
    pub(crate) key: Arc<str>,
    /// Events after this position are new to the member.
    pub(crate) order: u64,
    /// The presence that the member receives first.
    pub(crate) presence: InitialPresence,
    /// The broadcasts that the member asked for.
    pub(crate) replay: Option<ReplayResult>,
    /// The id of the latest broadcast.
    pub(crate) latest: String,
}

/// The presence that a new member receives first.
pub(crate) enum InitialPresence {
    /// The member does not receive presence.
    None,
    /// The payload of `presence_state`.
    State(String),
    /// The presence of a restarted process settles at this time; `presence_state` is sent then.
    Later(Instant),
}

impl Channel {
    /// A new channel.
    pub(crate) fn new(
        id: u64,
        (topic, is_private): (Topic, bool),
        sequence: Arc<RoomSequence>,
        (ring, settles_at, remembers_cards): (Ring, Option<Instant>, bool),
    ) -> Self {
        // Two channels of one topic do not begin in the same microsecond, in this process or another.
        let epoch: Arc<str> = format!("{:x}", Utc::now().timestamp_micros()).into();
        let state = State {
            number: 0,
            order: 0,
            ring,
            presence: Presence::new(epoch.clone(), PRESENCE_BYTES_MAX),
            workers: Vec::new(),
            visitors: Vec::new(),
            empty_since: Instant::now(),
            moves: CardMoves::default(),
            tables_sent: 0,
            unsaved: None,
            settles_at,
            epoch,
        };
        let state = Mutex::new(state);
        Self {
            id,
            name: topic.as_str().into(),
            has_cards: remembers_cards && topic.game().is_some(),
            topic,
            is_private,
            sequence,
            state,
        }
    }

    /// Adds a member.
    pub(crate) fn join(&self, new: &NewMember<'_>) -> JoinSnapshot {
        let mut state = self.lock();
        state.add_to_worker(new.queue);
        let member = (new.member, new.socket);
        state.visitors.extend(new.visitor.map(|it| (new.member, it)));
        let key: Arc<str> = match new.key {
            "" => state.earlier_key(new).unwrap_or_else(|| generated_key(&member)),
            key => key.into(),
        };
        // A member without presence cannot untrack, so it inherits nothing.
        if new.has_presence {
            state.presence.inherit(member, &key);
        }
        JoinSnapshot {
            key,
            order: state.order,
            presence: match state.settles_at.filter(|it| *it > Instant::now()) {
                _ if !new.has_presence => InitialPresence::None,
                Some(at) => InitialPresence::Later(at),
                None => InitialPresence::State(state.presence.state()),
            },
            replay: new.replay.map(|it| state.ring.replay(it)),
            latest: format!("{}-{}", state.epoch, state.number),
        }
    }

    /// Removes a member, whose presence stays until `expires`. Returns whether it has presence.
    pub(crate) fn leave(
        &self,
        member: MemberId,
        key: &Arc<str>,
        queue: &WorkerQueue,
        expires: Instant,
    ) -> bool {
        let mut state = self.lock();
        state.remove_from_worker(queue);
        state.visitors.retain(|(it, _)| *it != member);
        state.presence.depart(member, key, expires)
    }

    /// Sends a broadcast of a client to all members except one. Returns when its moves of cards are to be saved,
    /// if it is the first such broadcast since the last save.
    ///
    /// # Errors
    /// When the rate limit of the room is reached.
    pub(crate) fn broadcast(
        &self,
        new: NewBroadcast,
        except: Option<MemberId>,
    ) -> Result<Option<Instant>, RoomRateExceeded> {
        self.sequence.admit()?;
        Ok(self.announce(new, except))
    }

    /// Sends a broadcast without a rate limit: the server is the sender.
    pub(crate) fn announce(&self, new: NewBroadcast, except: Option<MemberId>) -> Option<Instant> {
        let now = Utc::now();
        let at = now.timestamp_millis();
        let change = self.card_change(&new, now);
        let mut state = self.lock();
        let was_saved = state.unsaved.is_none();
        state.record(change);
        let due = state.unsaved.filter(|_| was_saved).map(Unsaved::due);
        state.number += 1;
        let numbers = (state.number, self.sequence.next());
        let broadcast = Arc::new(new.numbered(&self.name, &state.epoch, numbers, at));
        state.ring.push(broadcast.clone());
        let encoded = Arc::new(EncodedBroadcast::new(broadcast));
        state.publish(self.id, &ChannelEvent::Broadcast(encoded, except));
        due
    }

    /// Sets the presence of a member.
    ///
    /// # Errors
    /// When it does not fit.
    pub(crate) fn track(
        &self,
        member: (MemberId, SocketId),
        key: &Arc<str>,
        object: Bytes,
        now: DateTime<Utc>,
    ) -> Result<(), PresenceFull> {
        let mut state = self.lock();
        let diffs = state.presence.track(member, key, object, now)?;
        self.publish_presence(&mut state, diffs);
        Ok(())
    }

    /// Removes the presence of a member.
    pub(crate) fn untrack(&self, member: MemberId, key: &Arc<str>) {
        let mut state = self.lock();
        let diffs = state.presence.untrack(member, key);
        self.publish_presence(&mut state, diffs);
    }

    /// Removes the presence of ended memberships whose grace period is over.
    pub(crate) fn expire(&self, now: Instant) {
        let mut state = self.lock();
        let diffs = state.presence.expire(now);
        self.publish_presence(&mut state, diffs);
    }

    /// Ends the channel for all members.
    pub(crate) fn close(&self, reason: &'static str) {
        self.lock().publish(self.id, &ChannelEvent::Closed(reason));
    }

    /// The payload of `presence_state`.
    pub(crate) fn presence_state(&self) -> String {
        self.lock().presence.state()
    }

    /// Shows presence that an earlier process handed over until `expires`. The members are known, so nothing
    /// has to settle.
    pub(crate) fn restore(&self, entries: Vec<(MemberId, HandedOverEntry)>, expires: Instant) {
        let mut state = self.lock();
        for (member, entry) in entries {
            state.presence.restore(member, entry, expires);
        }
        state.settles_at = None;
    }

    /// The presence to be handed over to the next process.
    pub(crate) fn to_hand_over(&self) -> HandedOverChannel {
        HandedOverChannel {
            topic: self.topic.as_str().into(),
            is_private: self.is_private,
            entries: self.lock().presence.to_hand_over(),
        }
    }

    /// The presence of all members.
    pub(crate) fn presence(&self) -> Vec<PresenceEntry> {
        self.lock().presence.entries()
    }

    /// The visitors among the members, by their tokens.
    pub(crate) fn visitors(&self) -> Vec<VisitorId> {
        self.lock().visitors.iter().map(|(_, visitor)| *visitor).collect()
    }

    /// Whether it has members.
    pub(crate) fn has_members(&self) -> bool {
        !self.lock().workers.is_empty()
    }

    /// Since when it has had neither members nor ended memberships in their grace period.
    pub(crate) fn unused_since(&self) -> Option<Instant> {
        let state = self.lock();
        let is_unused = state.workers.is_empty() && !state.presence.has_departed();
        is_unused.then_some(state.empty_since)
    }

    /// Whether it can be evicted.
    pub(crate) fn is_expired(&self, now: Instant) -> bool {
        self.unused_since().is_some_and(|since| now.duration_since(since) >= LINGER)
    }

    fn publish_presence(&self, state: &mut State, diffs: Vec<PresenceDiff>) {
        for diff in diffs {
            let frames = Arc::new(PresenceFrames::new(self.name.clone(), diff));
            state.publish(self.id, &ChannelEvent::Presence(frames));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The key of an earlier membership of the same socket, for a join without a key.
    fn earlier_key(&self, new: &NewMember<'_>) -> Option<Arc<str>> {
        new.has_presence.then(|| self.presence.departed_key(new.socket)).flatten()
    }

    fn publish(&mut self, channel: u64, event: &ChannelEvent) {
        self.order += 1;
        let queued_at = Instant::now();
        for (queue, _) in &self.workers {
            queue.push(QueuedEvent { channel, order: self.order, queued_at, event: event.clone() });
        }
    }

    fn add_to_worker(&mut self, queue: &WorkerQueue) {
        match self.workers.iter_mut().find(|(it, _)| it.is(queue)) {
            Some((_, count)) => *count += 1,
            None => self.workers.push((queue.clone(), 1)),
        }
    }

    fn remove_from_worker(&mut self, queue: &WorkerQueue) {
        if let Some(index) = self.workers.iter().position(|(it, _)| it.is(queue)) {
            self.workers[index].1 -= 1;
            if self.workers[index].1 == 0 {
                self.workers.swap_remove(index);
            }
        }
        if self.workers.is_empty() {
            self.empty_since = Instant::now();
        }
    }
}

/// A unique key for a member that names none.
fn generated_key((member, socket): &(MemberId, SocketId)) -> Arc<str> {
    format!("anonymous-{socket:x}-{member:x}").into()
}
