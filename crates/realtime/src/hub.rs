//! All channels of this process, by room.

mod room;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::Utc;
use ids::{RoomId, VisitorId};
use rooms::EndReason;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::broadcast::{NewBroadcast, Sender};
use crate::bus::{Bus, RoomEvent};
use crate::channel::Channel;
use crate::event::ServerEvent;
use crate::handover::{HandedOverChannel, Handover};
use crate::limits::Limits;
use crate::metrics::{self, METRICS};
use crate::presence::PresenceEntry;
use crate::protocol::Body;
use crate::replay::Ring;
use crate::replay_store::ReplayStore;
use crate::session_ended::session_ended;
use crate::socket_permit::SocketCounter;
use crate::topic::Topic;
use room::LiveRoom;

/// The role of the server as the sender of broadcasts.
pub(crate) const SERVER: &str = "server";

/// The reason of channels that end because their room does.
pub(crate) const ROOM_CLOSED: &str = "RoomClosed: this room is closed or over";

/// How often the remaining sockets are counted at shutdown.
const COUNT_EVERY: Duration = Duration::from_millis(5);

/// How long after the start clients may still come back from the process before: they retry every ten
/// seconds at the latest.
const RESTART_WINDOW: Duration = Duration::from_mins(1);

/// The interval between the closes of two sockets at shutdown.
const CLOSE_INTERVAL: Duration = Duration::from_millis(2);

/// All channels of this process, by room.
pub struct Hub {
    pub(crate) limits: Limits,
    pub(crate) sockets: Arc<SocketCounter>,
    rooms: Mutex<HashMap<RoomId, LiveRoom>>,
    /// Channels with an ended membership, by the end of its grace period and a unique id.
    expirations: Mutex<BTreeMap<(Instant, u64), Arc<Channel>>>,
    /// Channels with moves of visitors that are not saved yet, by when they are to be and a unique id.
    unsaved: Mutex<BTreeMap<(Instant, u64), Arc<Channel>>>,
    replay: Arc<ReplayStore>,
    started: Instant,
    last_id: AtomicU64,
    is_closing: AtomicBool,
    closing: watch::Sender<Option<Duration>>,
}

/// A room has as many channels in use as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyChannels;

impl Hub {
    pub(crate) fn new(settings: &settings::Realtime) -> Self {
        metrics::register();
        let limits = Limits::of(settings);
        Self {
            sockets: Arc::new(SocketCounter::new(limits.sockets_per_address)),
            replay: Arc::new(ReplayStore::new(limits.replay_bytes)),
            limits,
            started: Instant::now(),
            rooms: Mutex::default(),
            expirations: Mutex::default(),
            unsaved: Mutex::default(),
            last_id: AtomicU64::new(0),
            is_closing: AtomicBool::new(false),
            closing: watch::Sender::new(None),
        }
    }

    /// An id that is unique in this process.
    pub(crate) fn next_id(&self) -> u64 {
        self.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Runs `act` on a channel, which is created if needed and cannot be evicted meanwhile. When the room
    /// has as many channels as it may, the one that has been unused for longest is evicted.
    ///
    /// # Errors
    /// When all channels of the room are in use.
    pub(crate) fn with_channel<T>(
        &self,
        topic: &Topic,
        is_private: bool,
        act: impl FnOnce(&Arc<Channel>) -> T,
    ) -> Result<T, TooManyChannels> {
        let mut rooms = lock(&self.rooms);
        let room = rooms.entry(topic.room()).or_insert_with(|| LiveRoom::new(&self.limits));
        if let Some(channel) = room.find(topic, is_private) {
            return Ok(act(channel));
        }
        if room.channels.len() >= self.limits.channels_per_room && !room.evict_one() {
            return Err(TooManyChannels);
        }
        let (name, sequence) = ((topic.clone(), is_private), room.sequence.clone());
        let ring = self.ring();
        let settles_at = self.settles_at(Instant::now());
        let remembers_cards = self.limits.shows_table || self.limits.saves_moves;
        let kept = (ring, settles_at, remembers_cards);
        let channel = Channel::new(self.next_id(), name, sequence, kept);
        let channel = Arc::new(channel);
        room.channels.push(channel.clone());
        METRICS.channels.increment(1.0);
        Ok(act(&channel))
    }

    fn ring(&self) -> Ring {
        Ring::new(self.limits.replay, Utc::now().timestamp_millis(), self.replay.clone())
    }

    /// When the members of a new channel are complete. Shortly after a start they may still be rejoining from
    /// the process before.
    fn settles_at(&self, now: Instant) -> Option<Instant> {
        let is_restarting = now.duration_since(self.started) < RESTART_WINDOW;
        (is_restarting && !self.limits.settle.is_zero()).then(|| now + self.limits.settle)
    }

    /// Shows the presence of a room that an earlier process handed over, like that of lost connections.
    pub(crate) fn restore(&self, handover: Handover, now: Instant) {
        let expires = now + self.limits.lost_grace;
        for HandedOverChannel { topic, is_private, entries } in handover.channels {
            let Ok(topic) = Topic::parse(&topic) else { continue };
            let entries = entries.into_iter().map(|it| (self.next_id(), it)).collect();
            let restored = self.with_channel(&topic, is_private, |channel| {
                channel.restore(entries, expires);
                channel.clone()
            });
            if let Ok(channel) = restored {
                self.schedule_expiration(&channel, expires);
            }
        }
    }

    /// The presence of all registered rooms for the next process, as text. Rooms that show nothing, and
    /// those that show too much, are left out.
    pub(crate) fn handovers(&self) -> Vec<(RoomId, String)> {
        let rooms: Vec<(RoomId, Vec<_>)> = {
            let rooms = lock(&self.rooms);
            rooms.iter().map(|(room, it)| (*room, it.channels.clone())).collect()
        };
        let text = |(room, channels): (RoomId, Vec<Arc<Channel>>)| {
            let registered = channels.iter().filter(|it| it.topic.is_registered());
            let channels = registered.map(|it| it.to_hand_over());
            let channels = channels.filter(|it| !it.entries.is_empty()).collect();
            Some((room, Handover { channels }.to_text()?))
        };
        rooms.into_iter().filter_map(text).collect()
    }

    /// Whether a room has channels.
    pub(crate) fn has_channels(&self, room: RoomId) -> bool {
        lock(&self.rooms).contains_key(&room)
    }

    /// Expires an ended membership of a channel at this time.
    pub(crate) fn schedule_expiration(&self, channel: &Arc<Channel>, at: Instant) {
        lock(&self.expirations).insert((at, self.next_id()), channel.clone());
    }

    /// Has the moves of visitors in a channel saved at this time, where the settings say so.
    pub(crate) fn schedule_save(&self, channel: &Arc<Channel>, at: Instant) {
        if self.limits.saves_moves && channel.topic.is_registered() {
            lock(&self.unsaved).insert((at, self.next_id()), channel.clone());
        }
    }

    /// The next channel whose moves are to be saved, at `now` or, with `None`, at any time.
    pub(crate) fn next_unsaved(&self, now: Option<Instant>) -> Option<Arc<Channel>> {
        loop {
            let channel = {
                let mut unsaved = lock(&self.unsaved);
                let first = unsaved.first_entry()?;
                if now.is_some_and(|now| first.key().0 > now) {
                    return None;
                }
                first.remove()
            };
            match channel.unsaved_due() {
                // More was moved since.
                Some(due) if now.is_some_and(|now| due > now) => {
                    self.schedule_save(&channel, due);
                }
                Some(_) => return Some(channel),
                None => {}
            }
        }
    }

    /// Removes the presence of ended memberships whose grace period is over.
    pub(crate) fn expire(&self, now: Instant) {
        loop {
            let mut expirations = lock(&self.expirations);
            let Some(first) = expirations.first_entry() else { return };
            if first.key().0 > now {
                return;
            }
            let channel = first.remove();
            drop(expirations);
            channel.expire(now);
        }
    }

    /// Evicts channels and rate limits that are not needed any more.
    pub(crate) fn sweep(&self, now: Instant) {
        self.sockets.sweep();
        let mut rooms = lock(&self.rooms);
        let mut evicted = 0;
        rooms.retain(|_, LiveRoom { channels, .. }| {
            let before = channels.len();
            channels.retain(|it| !it.is_expired(now));
            evicted += before - channels.len();
            !channels.is_empty()
        });
        (0..evicted).for_each(|_| METRICS.channels.decrement(1.0));
    }

    /// The registered rooms that have members.
    pub(crate) fn rooms_in_use(&self) -> Vec<RoomId> {
        let rooms = lock(&self.rooms);
        let is_used = |it: &Arc<Channel>| it.topic.is_registered() && it.has_members();
        let used = rooms.iter().filter(|(_, it)| it.channels.iter().any(is_used));
        used.map(|(room, _)| *room).collect()
    }

    /// The visitors among the members, by their tokens.
    pub(crate) fn visitors(&self) -> Vec<VisitorId> {
        let mut visitors: Vec<_> = self.all().iter().flat_map(|it| it.visitors()).collect();
        visitors.sort_unstable();
        visitors.dedup();
        visitors
    }

    /// The presence keys with this prefix, by registered room.
    pub(crate) fn presence_keys(&self, prefix: &str) -> HashMap<RoomId, HashSet<Arc<str>>> {
        let mut keys: HashMap<_, HashSet<_>> = HashMap::new();
        for channel in self.all().into_iter().filter(|it| it.topic.is_registered()) {
            let all = channel.presence().into_iter().map(|it| it.key);
            let mut matching = all.filter(|it| it.starts_with(prefix)).peekable();
            if matching.peek().is_some() {
                keys.entry(channel.topic.room()).or_default().extend(matching);
            }
        }
        keys
    }

    /// The presence of a room, by channel.
    pub(crate) fn presence(&self, room: RoomId) -> Vec<(Arc<Channel>, Vec<PresenceEntry>)> {
        let channels = self.channels(room);
        channels.into_iter().map(|it| (it.clone(), it.presence())).collect()
    }

    fn channels(&self, room: RoomId) -> Vec<Arc<Channel>> {
        lock(&self.rooms).get(&room).map(|it| it.channels.clone()).unwrap_or_default()
    }

    fn all(&self) -> Vec<Arc<Channel>> {
        lock(&self.rooms).values().flat_map(|it| &it.channels).cloned().collect()
    }

    /// Whether the process shuts down and accepts no more sockets.
    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }

    /// Waits for the shutdown; returns the time over which the closes are spread.
    pub(crate) async fn closing(&self) -> Duration {
        let mut closing = self.closing.subscribe();
        let window = closing.wait_for(Option::is_some).await;
        window.ok().and_then(|it| *it).unwrap_or_default()
    }

    /// Accepts no more sockets because the process shuts down.
    pub(crate) fn begin_closing(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
    }

    /// Closes every socket because the process shuts down, and waits until they are gone, at most for
    /// `grace_period`. The closes are spread, so that clients do not all reconnect in the same moment.
    pub(crate) async fn close_all(&self, grace_period: Duration) {
        self.begin_closing();
        let sockets = u32::try_from(self.sockets.total()).unwrap_or(u32::MAX);
        let window = (CLOSE_INTERVAL * sockets).min(grace_period / 2);
        self.closing.send_replace(Some(window));
        let gone = async {
            while self.sockets.total() > 0 {
                sleep(COUNT_EVERY).await;
            }
        };
        let _ = timeout(grace_period, gone).await;
    }

    /// Ends the channels of a room. They leave the hub first, with the broadcasts that they keep: when
    /// the room is restored, its channels begin anew and replay nothing of the ended session.
    fn end_room(&self, room: RoomId, reason: EndReason) {
        let Some(LiveRoom { channels, .. }) = lock(&self.rooms).remove(&room) else { return };
        for _ in &channels {
            METRICS.channels.decrement(1.0);
        }
        announce(&channels, ServerEvent::SessionEnded, &session_ended(reason, Utc::now()));
        for channel in &channels {
            channel.close(ROOM_CLOSED);
        }
    }
}

impl Bus for Hub {
    fn publish(&self, event: RoomEvent) {
        match event {
            RoomEvent::Announcement { room, event, payload } => {
                announce(&self.channels(room), event, &payload);
            }
            RoomEvent::Closed { room, reason } => self.end_room(room, reason),
        }
    }
}

/// Sends a broadcast of the server to the main ones of these channels.
fn announce(channels: &[Arc<Channel>], event: ServerEvent, payload: &str) {
    for channel in channels.iter().filter(|it| it.topic.is_main()) {
        let new = NewBroadcast {
            event: event.as_str().into(),
            body: Body::Json(Bytes::copy_from_slice(payload.as_bytes())),
            sender: Sender { name: None, role: SERVER },
            supersedes: None,
        };
        channel.announce(new, None);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
