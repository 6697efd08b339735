//! All channels of this process, by room.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ids::{RoomId, VisitorId};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::Address;
use crate::bus::{Bus, News};
use crate::channel::Channel;
use crate::figures::{self, FIGURES};
use crate::knocks::Knocks;
use crate::limits::Limits;
use crate::message::{Sender, Utterance};
use crate::presence::Person;
use crate::protocol::Body;
use crate::pulse::Pulse;
use crate::topic::Topic;

/// The role under which the server speaks.
pub(crate) const SERVER: &str = "server";

/// Why a channel ends when its room does.
pub(crate) const ROOM_CLOSED: &str = "RoomClosed: this room is closed or over";

/// How often sockets that are told to leave are counted.
const COUNT_EVERY: Duration = Duration::from_millis(5);

/// All channels of this process, by room.
pub struct Hub {
    pub(crate) limits: Limits,
    rooms: Mutex<HashMap<RoomId, Room>>,
    /// Channels somebody went from, and when the grace is over. As all graces are as long, the first
    /// is always over first.
    departures: Mutex<VecDeque<(Instant, Arc<Channel>)>>,
    addresses: Mutex<HashMap<Address, usize>>,
    knocks: Knocks,
    sockets: AtomicUsize,
    last_id: AtomicU64,
    is_closing: AtomicBool,
    closing: watch::Sender<Option<Duration>>,
}

/// The live part of a room.
struct Room {
    pulse: Arc<Pulse>,
    channels: Vec<Arc<Channel>>,
}

/// A room has as many channels that somebody is in as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyChannels;

/// A socket, counted as long as this lives.
pub(crate) struct Counted {
    hub: Arc<Hub>,
    address: Address,
}

impl Hub {
    pub(crate) fn new(settings: &settings::Realtime) -> Self {
        figures::show();
        let limits = Limits::of(settings);
        Self {
            knocks: Knocks::new(limits.sockets_per_address),
            limits,
            rooms: Mutex::default(),
            departures: Mutex::default(),
            addresses: Mutex::default(),
            sockets: AtomicUsize::new(0),
            last_id: AtomicU64::new(0),
            is_closing: AtomicBool::new(false),
            closing: watch::Sender::new(None),
        }
    }

    /// An id that nothing else has in this process.
    pub(crate) fn next_id(&self) -> u64 {
        self.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Lets `act` work on a channel, which is made if it is not there. While it does, nobody forgets
    /// the channel. Where there are as many as there may be, the one makes room that was deserted first.
    ///
    /// # Errors
    /// When the room has too many that somebody is in.
    pub(crate) fn within<T>(
        &self,
        topic: &Topic,
        is_private: bool,
        act: impl FnOnce(&Arc<Channel>) -> T,
    ) -> Result<T, TooManyChannels> {
        let mut rooms = lock(&self.rooms);
        let room = rooms.entry(topic.room()).or_insert_with(|| Room::new(&self.limits));
        let found =
            room.channels.iter().find(|it| it.topic == *topic && it.is_private == is_private);
        if let Some(channel) = found {
            return Ok(act(channel));
        }
        if room.channels.len() >= self.limits.channels_per_room && !room.forget_one() {
            return Err(TooManyChannels);
        }
        let (name, pulse) = ((topic.clone(), is_private), room.pulse.clone());
        let channel = Arc::new(Channel::new(self.next_id(), name, pulse, &self.limits));
        room.channels.push(channel.clone());
        FIGURES.channels.increment(1.0);
        Ok(act(&channel))
    }

    /// Notes that somebody went from a channel who may come back.
    pub(crate) fn await_return(&self, channel: &Arc<Channel>, until: Instant) {
        lock(&self.departures).push_back((until, channel.clone()));
    }

    /// Sees off everybody whose grace is over.
    pub(crate) fn expire(&self, now: Instant) {
        loop {
            let mut departures = lock(&self.departures);
            if departures.front().is_none_or(|(until, _)| *until > now) {
                return;
            }
            let over = departures.pop_front();
            drop(departures);
            if let Some((_, channel)) = over {
                channel.expire(now);
            }
        }
    }

    /// Forgets channels and addresses that nobody needs any more.
    pub(crate) fn sweep(&self, now: Instant) {
        self.knocks.sweep();
        let mut rooms = lock(&self.rooms);
        let mut forgotten = 0;
        rooms.retain(|_, Room { channels, .. }| {
            let before = channels.len();
            channels.retain(|it| !it.is_forgotten(now));
            forgotten += before - channels.len();
            !channels.is_empty()
        });
        (0..forgotten).for_each(|_| FIGURES.channels.decrement(1.0));
    }

    /// The rooms that somebody is in.
    pub(crate) fn rooms_in_use(&self) -> Vec<RoomId> {
        let rooms = lock(&self.rooms);
        let used = rooms.iter().filter(|(_, it)| it.channels.iter().any(|it| it.has_members()));
        used.map(|(room, _)| *room).collect()
    }

    /// The visitors who are there, by their tokens.
    pub(crate) fn visitors(&self) -> Vec<VisitorId> {
        let mut visitors: Vec<_> = self.all().iter().flat_map(|it| it.visitors()).collect();
        visitors.sort_unstable();
        visitors.dedup();
        visitors
    }

    /// The names under which people are shown that begin like this, by room.
    pub(crate) fn names(&self, beginning: &str) -> HashMap<RoomId, HashSet<Arc<str>>> {
        let mut names: HashMap<_, HashSet<_>> = HashMap::new();
        for channel in self.all() {
            let keys = channel.people().into_iter().map(|it| it.key);
            let mut meant = keys.filter(|it| it.starts_with(beginning)).peekable();
            if meant.peek().is_some() {
                names.entry(channel.topic.room()).or_default().extend(meant);
            }
        }
        names
    }

    /// Who is in a room, channel by channel.
    pub(crate) fn people(&self, room: RoomId) -> Vec<(Arc<Channel>, Vec<Person>)> {
        let channels = self.channels(room);
        channels.into_iter().map(|it| (it.clone(), it.people())).collect()
    }

    fn channels(&self, room: RoomId) -> Vec<Arc<Channel>> {
        lock(&self.rooms).get(&room).map(|it| it.channels.clone()).unwrap_or_default()
    }

    fn all(&self) -> Vec<Arc<Channel>> {
        lock(&self.rooms).values().flat_map(|it| &it.channels).cloned().collect()
    }

    /// Counts a socket of this client; nothing when it has as many as it may.
    pub(crate) fn count(self: &Arc<Self>, address: Address) -> Option<Counted> {
        let mut addresses = lock(&self.addresses);
        let sockets = addresses.entry(address).or_default();
        if *sockets >= self.limits.sockets_per_address {
            return None;
        }
        *sockets += 1;
        self.sockets.fetch_add(1, Ordering::Relaxed);
        FIGURES.sockets.increment(1.0);
        Some(Counted { hub: self.clone(), address })
    }

    /// Whether no more sockets are welcome.
    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }

    /// Waits until the sockets are to be closed, and says over what time.
    pub(crate) async fn closing(&self) -> Duration {
        let mut closing = self.closing.subscribe();
        let over = closing.wait_for(Option::is_some).await;
        over.ok().and_then(|it| *it).unwrap_or_default()
    }

    /// Tells every socket that the process ends, spread over some time so that not all clients come
    /// back in the same moment, and waits until they are gone, at most until `patience` is over.
    pub async fn close_all(&self, patience: Duration) {
        self.is_closing.store(true, Ordering::Relaxed);
        let sockets = u32::try_from(self.sockets.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        let window = (CLOSING_STEP * sockets).min(patience / 2);
        self.closing.send_replace(Some(window));
        let gone = async {
            while self.sockets.load(Ordering::Relaxed) > 0 {
                sleep(COUNT_EVERY).await;
            }
        };
        let _ = timeout(patience, gone).await;
    }
}

/// How far apart two sockets are closed when the process ends.
const CLOSING_STEP: Duration = Duration::from_millis(2);

impl Bus for Hub {
    fn publish(&self, news: News) {
        match news {
            News::Announcement { room, event, payload } => {
                let channels = self.channels(room);
                for channel in channels.iter().filter(|it| it.topic.is_main()) {
                    let said = Utterance {
                        event: event.as_str().into(),
                        body: Body::Json(Bytes::copy_from_slice(payload.as_bytes())),
                        sender: Sender { name: None, role: SERVER },
                        supersedes: None,
                    };
                    channel.announce(said, None);
                }
            }
            News::Closed { room } => {
                self.channels(room).iter().for_each(|it| it.end(ROOM_CLOSED));
            }
        }
    }
}

impl Room {
    fn new(limits: &Limits) -> Self {
        Self { pulse: Arc::new(Pulse::new(limits)), channels: Vec::new() }
    }

    /// Forgets the channel that nobody has been in for longest. Says whether there is one.
    fn forget_one(&mut self) -> bool {
        let deserted = self.channels.iter().enumerate();
        let deserted = deserted.filter_map(|(index, it)| Some((it.deserted_since()?, index)));
        let Some((_, first)) = deserted.min() else { return false };
        self.channels.swap_remove(first);
        FIGURES.channels.decrement(1.0);
        true
    }
}

impl Counted {
    /// Whether a client of this address may ask at the door once more.
    pub(crate) fn may_knock(&self) -> bool {
        self.hub.knocks.admit(self.address)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut addresses = lock(&self.hub.addresses);
        if let Some(sockets) = addresses.get_mut(&self.address) {
            *sockets -= 1;
            if *sockets == 0 {
                addresses.remove(&self.address);
            }
        }
        self.hub.sockets.fetch_sub(1, Ordering::Relaxed);
        FIGURES.sockets.decrement(1.0);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
