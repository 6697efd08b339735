//! A channel of a room, live.
//!
//! Everything that members hear gets its place under one lock: the number of a broadcast, and its
//! place in the queue of every worker that has members. So all of them hear it in one order, and who
//! enters knows exactly what was said before.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use ids::VisitorId;

use crate::limits::{Limits, PEOPLE_BYTES_MAX};
use crate::message::{Underway, Utterance};
use crate::presence::{Difference, Full, MemberId, Person, Presence, SocketId};
use crate::protocol::{Ref, Replay, Version, push};
use crate::pulse::{Pulse, TooMuch};
use crate::ring::{Past, Ring};
use crate::topic::Topic;
use crate::worker::Port;

/// How long a channel that nobody is in remembers what was said, unless others need its place.
const LINGER: Duration = Duration::from_mins(10);

/// A channel of a room, live.
pub(crate) struct Channel {
    /// Which one, in this process.
    pub(crate) id: u64,
    /// What clients call it.
    pub(crate) topic: Topic,
    /// Whether it is the private one of this name.
    pub(crate) is_private: bool,
    name: Arc<str>,
    pulse: Arc<Pulse>,
    state: Mutex<State>,
}

struct State {
    /// Names this life of the channel.
    epoch: Arc<str>,
    number: u64,
    /// Counts all that members hear, so that who enters hears nothing twice.
    order: u64,
    ring: Ring,
    presence: Presence,
    ports: Vec<(Port, usize)>,
    visitors: Vec<(MemberId, VisitorId)>,
    deserted_since: Instant,
}

/// Something for the members of a channel on one worker.
#[derive(Clone)]
pub(crate) struct Post {
    /// Which channel.
    pub(crate) channel: u64,
    /// Its place among all that is heard there.
    pub(crate) order: u64,
    /// When it was said.
    pub(crate) born: Instant,
    /// What it is.
    pub(crate) matter: Matter,
}

/// What members hear.
#[derive(Clone)]
pub(crate) enum Matter {
    /// A broadcast, which one of them does not need to hear.
    Said(Arc<Underway>, Option<MemberId>),
    /// Who came or went, for those who want to know.
    People(Arc<PeopleFrames>),
    /// That the channel is over.
    Over(&'static str),
}

/// A difference of who is there, encoded once for each version.
pub(crate) struct PeopleFrames {
    topic: Arc<str>,
    difference: Difference,
    encoded: [OnceLock<Bytes>; 2],
}

/// Who enters.
pub(crate) struct Newcomer<'a> {
    pub(crate) member: MemberId,
    pub(crate) socket: SocketId,
    pub(crate) port: &'a Port,
    /// Under which name; empty: one of the server's choice.
    pub(crate) key: &'a str,
    pub(crate) visitor: Option<VisitorId>,
    pub(crate) sees_people: bool,
    pub(crate) replay: Option<&'a Replay>,
}

/// What somebody finds who enters.
pub(crate) struct Entrance {
    /// The name under which they are shown.
    pub(crate) key: Arc<str>,
    /// What comes after this is new to them.
    pub(crate) from: u64,
    /// Who is there, if they want to know.
    pub(crate) people: Option<String>,
    /// What was said before, if they want to know.
    pub(crate) past: Option<Past>,
    /// Names the latest broadcast.
    pub(crate) latest: String,
}

impl Channel {
    /// A channel that begins its life.
    pub(crate) fn new(
        id: u64,
        (topic, is_private): (Topic, bool),
        pulse: Arc<Pulse>,
        limits: &Limits,
    ) -> Self {
        let now = Utc::now();
        // Two lives of one channel do not begin in the same microsecond, here or elsewhere.
        let epoch: Arc<str> = format!("{:x}", now.timestamp_micros()).into();
        let state = State {
            number: 0,
            order: 0,
            ring: Ring::new(limits.ring, now.timestamp_millis()),
            presence: Presence::new(epoch.clone(), PEOPLE_BYTES_MAX),
            ports: Vec::new(),
            visitors: Vec::new(),
            deserted_since: Instant::now(),
            epoch,
        };
        Self { id, name: topic.as_str().into(), topic, is_private, pulse, state: Mutex::new(state) }
    }

    /// Lets somebody in.
    pub(crate) fn enter(&self, newcomer: &Newcomer<'_>) -> Entrance {
        let mut state = self.lock();
        state.count_in(newcomer.port);
        let member = (newcomer.member, newcomer.socket);
        state.visitors.extend(newcomer.visitor.map(|it| (newcomer.member, it)));
        let key: Arc<str> = match newcomer.key {
            "" => state.name_before(newcomer).unwrap_or_else(|| anonym(&member)),
            key => key.into(),
        };
        // Who has no eye for people does not know what would be shown, and would never take it back.
        if newcomer.sees_people {
            state.presence.inherit(member, &key);
        }
        Entrance {
            key,
            from: state.order,
            people: newcomer.sees_people.then(|| state.presence.state()),
            past: newcomer.replay.map(|it| state.ring.replay(it)),
            latest: format!("{}-{}", state.epoch, state.number),
        }
    }

    /// Sees somebody out, who is still shown until then. Says whether there is anything to be shown.
    pub(crate) fn leave(
        &self,
        member: MemberId,
        key: &Arc<str>,
        port: &Port,
        until: Instant,
    ) -> bool {
        let mut state = self.lock();
        state.count_out(port);
        state.visitors.retain(|(it, _)| *it != member);
        state.presence.depart(member, key, until)
    }

    /// Says something to all members but one.
    ///
    /// # Errors
    /// When too much is said in the room.
    pub(crate) fn say(&self, said: Utterance, except: Option<MemberId>) -> Result<(), TooMuch> {
        self.pulse.admit()?;
        self.announce(said, except);
        Ok(())
    }

    /// Says something that is not limited, because the server says it.
    pub(crate) fn announce(&self, said: Utterance, except: Option<MemberId>) {
        let at = Utc::now().timestamp_millis();
        let mut state = self.lock();
        state.number += 1;
        let numbers = (state.number, self.pulse.next());
        let broadcast = said.placed(&self.name, &state.epoch, numbers, at);
        let broadcast = Arc::new(broadcast);
        state.ring.keep(broadcast.clone());
        state.post(self.id, &Matter::Said(Arc::new(Underway::new(broadcast)), except));
    }

    /// Shows something of a member.
    ///
    /// # Errors
    /// When it does not fit.
    pub(crate) fn track(
        &self,
        member: (MemberId, SocketId),
        key: &Arc<str>,
        object: Bytes,
        now: DateTime<Utc>,
    ) -> Result<(), Full> {
        let mut state = self.lock();
        let differences = state.presence.track(member, key, object, now)?;
        self.tell(&mut state, differences);
        Ok(())
    }

    /// Shows nothing of a member any more.
    pub(crate) fn untrack(&self, member: MemberId, key: &Arc<str>) {
        let mut state = self.lock();
        let differences = state.presence.untrack(member, key);
        self.tell(&mut state, differences);
    }

    /// Sees off everybody who did not come back in time.
    pub(crate) fn expire(&self, now: Instant) {
        let mut state = self.lock();
        let differences = state.presence.expire(now);
        self.tell(&mut state, differences);
    }

    /// Ends it for all members.
    pub(crate) fn end(&self, reason: &'static str) {
        self.lock().post(self.id, &Matter::Over(reason));
    }

    /// Who is there.
    pub(crate) fn people(&self) -> Vec<Person> {
        self.lock().presence.people()
    }

    /// The visitors among the members, by their tokens.
    pub(crate) fn visitors(&self) -> Vec<VisitorId> {
        self.lock().visitors.iter().map(|(_, visitor)| *visitor).collect()
    }

    /// Whether somebody is in it.
    pub(crate) fn has_members(&self) -> bool {
        !self.lock().ports.is_empty()
    }

    /// Since when nobody is in it, nor may come back unnoticed.
    pub(crate) fn deserted_since(&self) -> Option<Instant> {
        let state = self.lock();
        let is_deserted = state.ports.is_empty() && !state.presence.has_gone();
        is_deserted.then_some(state.deserted_since)
    }

    /// Whether nobody needs it any more.
    pub(crate) fn is_forgotten(&self, now: Instant) -> bool {
        self.deserted_since().is_some_and(|since| now.duration_since(since) >= LINGER)
    }

    fn tell(&self, state: &mut State, differences: Vec<Difference>) {
        for difference in differences {
            let (topic, encoded) = (self.name.clone(), <[OnceLock<_>; 2]>::default());
            let frames = Arc::new(PeopleFrames { topic, difference, encoded });
            state.post(self.id, &Matter::People(frames));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The name that somebody had who was just here and brings none.
    fn name_before(&self, newcomer: &Newcomer<'_>) -> Option<Arc<str>> {
        newcomer.sees_people.then(|| self.presence.name_of_gone(newcomer.socket)).flatten()
    }

    fn post(&mut self, channel: u64, matter: &Matter) {
        self.order += 1;
        let born = Instant::now();
        for (port, _) in &self.ports {
            port.post(Post { channel, order: self.order, born, matter: matter.clone() });
        }
    }

    fn count_in(&mut self, port: &Port) {
        match self.ports.iter_mut().find(|(it, _)| it.is(port)) {
            Some((_, count)) => *count += 1,
            None => self.ports.push((port.clone(), 1)),
        }
    }

    fn count_out(&mut self, port: &Port) {
        if let Some(index) = self.ports.iter().position(|(it, _)| it.is(port)) {
            self.ports[index].1 -= 1;
            if self.ports[index].1 == 0 {
                self.ports.swap_remove(index);
            }
        }
        if self.ports.is_empty() {
            self.deserted_since = Instant::now();
        }
    }
}

impl PeopleFrames {
    /// As it travels in this version.
    pub(crate) fn frame(&self, version: Version) -> Bytes {
        let slot = match version {
            Version::V1 => &self.encoded[0],
            Version::V2 => &self.encoded[1],
        };
        let encode = || push(version, &Ref::NONE, &self.topic, "presence_diff", &self.difference);
        slot.get_or_init(encode).clone()
    }
}

/// A name for who brings none, which nobody else has.
fn anonym((member, socket): &(MemberId, SocketId)) -> Arc<str> {
    format!("anonymous-{socket:x}-{member:x}").into()
}
