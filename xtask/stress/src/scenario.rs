//! What is done under load. Each scenario is a few lines; objectives are data, in `perf/slo.toml`.

use std::time::Duration;

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
pub(crate) const ALL: [&dyn Scenario; 8] =
    [&Login, &Save, &Load, &Join, &Heartbeat, &Read, &Mixed, &Quick];

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
        "owners create rooms and save states in them"
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

struct Load;

impl Scenario for Load {
    fn name(&self) -> &'static str {
        "load"
    }

    fn about(&self) -> &'static str {
        "owners load the state that they saved"
    }

    fn rooms(&self, _burst: bool) -> Rooms {
        Rooms::Each
    }

    fn turn<'a>(&'a self, person: &'a mut Person, watch: &'a Watch) -> LocalBoxFuture<'a, ()> {
        async {
            if !person.has_saved() {
                person.save(watch).await;
            }
            person.load(watch).await;
        }
        .boxed_local()
    }

    fn step(&self) -> &'static str {
        "load"
    }
}

struct Join;

impl Scenario for Join {
    fn name(&self) -> &'static str {
        "join"
    }

    fn about(&self) -> &'static str {
        "visitors join one room, give signs of life, and join again"
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

/// Logs in as [`Login`] does, and comes back when a refusal says so.
pub(crate) struct PatientLogin;

/// How long the patient wait at most, whatever they were told.
const PATIENCE: Duration = Duration::from_secs(10);

impl Scenario for PatientLogin {
    fn name(&self) -> &'static str {
        "login"
    }

    fn about(&self) -> &'static str {
        "counsellors log in, and come back when they are told"
    }

    fn rooms(&self, _burst: bool) -> Rooms {
        Rooms::None
    }

    fn turn<'a>(&'a self, person: &'a mut Person, watch: &'a Watch) -> LocalBoxFuture<'a, ()> {
        async {
            person.log_in(watch).await;
            person.wait_as_told(PATIENCE).await;
        }
        .boxed_local()
    }

    fn step(&self) -> &'static str {
        "login"
    }
}

struct Quick;

impl Scenario for Quick {
    fn name(&self) -> &'static str {
        "quick"
    }

    fn about(&self) -> &'static str {
        "what has to be quick whatever else goes on: saves, joins, reads, a look at the health"
    }

    fn rooms(&self, _burst: bool) -> Rooms {
        Rooms::Each
    }

    fn turn<'a>(&'a self, person: &'a mut Person, watch: &'a Watch) -> LocalBoxFuture<'a, ()> {
        async {
            match person.random.random_range(0..4) {
                0 => person.save(watch).await,
                1 => person.join(watch).await,
                2 => person.read_room(watch).await,
                _ => person.look_at_health(watch).await,
            }
        }
        .boxed_local()
    }

    fn step(&self) -> &'static str {
        "save"
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
