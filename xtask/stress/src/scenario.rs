//! What is done under load. Each scenario is a few lines; objectives are data, in `perf/slo.toml`.

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use rand::Rng as _;

use crate::engine::Watch;
use crate::person::Person;

/// Rooms that people join or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rooms {
    None,
    /// All the same one.
    One,
    /// Everybody another one.
    Each,
}

/// One way of using the server.
pub(crate) trait Scenario: Send + Sync {
    fn name(&self) -> &'static str;

    /// What it is about, in a line.
    fn about(&self) -> &'static str;

    /// Which rooms there have to be, in a burst and otherwise.
    fn rooms(&self, burst: bool) -> Rooms;

    /// What one person does once when all do it at once.
    fn burst<'a>(&'a self, person: &'a mut Person, watch: &'a Watch) -> LocalBoxFuture<'a, ()> {
        self.turn(person, watch)
    }

    /// What one person does, again and again.
    fn turn<'a>(&'a self, person: &'a mut Person, watch: &'a Watch) -> LocalBoxFuture<'a, ()>;

    /// The step that a turn is mostly about.
    fn step(&self) -> &'static str;
}

/// Every scenario.
pub(crate) const ALL: [&dyn Scenario; 6] = [&Login, &Save, &Join, &Heartbeat, &Read, &Mixed];

/// The scenario of that name.
pub(crate) fn by_name(name: &str) -> Option<&'static dyn Scenario> {
    ALL.into_iter().find(|it| it.name() == name)
}

struct Login;

impl Scenario for Login {
    fn name(&self) -> &'static str {
        "login"
    }

    fn about(&self) -> &'static str {
        "counsellors log in, each with an account of their own"
    }

    fn rooms(&self, _burst: bool) -> Rooms {
        Rooms::None
    }

    fn turn<'a>(&'a self, person: &'a mut Person, watch: &'a Watch) -> LocalBoxFuture<'a, ()> {
        person.log_in(watch).boxed_local()
    }

    fn step(&self) -> &'static str {
        "login"
    }
}

struct Save;

impl Scenario for Save {
    fn name(&self) -> &'static str {
        "save"
    }

    fn about(&self) -> &'static str {
        "owners create rooms and save states in them (Test 3)"
    }

    fn rooms(&self, burst: bool) -> Rooms {
        if burst { Rooms::None } else { Rooms::Each }
    }

    fn burst<'a>(&'a self, person: &'a mut Person, watch: &'a Watch) -> LocalBoxFuture<'a, ()> {
        async {
            person.open_room(watch).await;
            person.save(watch).await;
        }
        .boxed_local()
    }

    fn turn<'a>(&'a self, person: &'a mut Person, watch: &'a Watch) -> LocalBoxFuture<'a, ()> {
        person.save(watch).boxed_local()
    }

    fn step(&self) -> &'static str {
        "save"
    }
}

struct Join;

impl Scenario for Join {
    fn name(&self) -> &'static str {
        "join"
    }

    fn about(&self) -> &'static str {
        "visitors join one room, give signs of life, and join again (Test 4)"
    }

    fn rooms(&self, burst: bool) -> Rooms {
        if burst { Rooms::One } else { Rooms::Each }
    }

    fn burst<'a>(&'a self, person: &'a mut Person, watch: &'a Watch) -> LocalBoxFuture<'a, ()> {
        async {
            person.join(watch).await;
            person.heartbeat(watch).await;
            person.join_again(watch).await;
        }
        .boxed_local()
    }

    fn turn<'a>(&'a self, person: &'a mut Person, watch: &'a Watch) -> LocalBoxFuture<'a, ()> {
        person.join(watch).boxed_local()
    }

    fn step(&self) -> &'static str {
        "join"
    }
}

struct Heartbeat;

impl Scenario for Heartbeat {
    fn name(&self) -> &'static str {
        "heartbeat"
    }

    fn about(&self) -> &'static str {
        "visitors give signs of life"
    }

    fn rooms(&self, _burst: bool) -> Rooms {
        Rooms::Each
    }

    fn turn<'a>(&'a self, person: &'a mut Person, watch: &'a Watch) -> LocalBoxFuture<'a, ()> {
        async {
            if !person.has_joined() {
                person.join(watch).await;
            }
            person.heartbeat(watch).await;
        }
        .boxed_local()
    }

    fn step(&self) -> &'static str {
        "heartbeat"
    }
}

struct Read;

impl Scenario for Read {
    fn name(&self) -> &'static str {
        "read"
    }

    fn about(&self) -> &'static str {
        "a room is read by its code"
    }

    fn rooms(&self, _burst: bool) -> Rooms {
        Rooms::Each
    }

    fn turn<'a>(&'a self, person: &'a mut Person, watch: &'a Watch) -> LocalBoxFuture<'a, ()> {
        person.read_room(watch).boxed_local()
    }

    fn step(&self) -> &'static str {
        "read"
    }
}

struct Mixed;

/// Of a hundred turns, how many are log-ins, reads and joins; all others are saves.
const MIX: (u32, u32, u32) = (1, 20, 19);

impl Scenario for Mixed {
    fn name(&self) -> &'static str {
        "mixed"
    }

    fn about(&self) -> &'static str {
        "a working day: 60 saves, 20 reads, 19 joins and a log-in in a hundred turns"
    }

    fn rooms(&self, _burst: bool) -> Rooms {
        Rooms::Each
    }

    fn turn<'a>(&'a self, person: &'a mut Person, watch: &'a Watch) -> LocalBoxFuture<'a, ()> {
        async {
            let (logins, reads, joins) = MIX;
            match person.random.random_range(0..100) {
                n if n < logins => person.log_in(watch).await,
                n if n < logins + reads => person.read_room(watch).await,
                n if n < logins + reads + joins => person.join(watch).await,
                _ => person.save(watch).await,
            }
        }
        .boxed_local()
    }

    fn step(&self) -> &'static str {
        "save"
    }
}
