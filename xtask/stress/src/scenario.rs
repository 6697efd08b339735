//! The scenarios, as a table. Their objectives are data, in `perf/slo.toml`.

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use rand::Rng as _;

use crate::user::User;
use crate::watch::Watch;

/// Rooms that have to exist for users to join or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rooms {
    None,
    /// One for all users.
    One,
    /// One for each user.
    Each,
}

/// The requests of one user.
type Turn = for<'a> fn(&'a mut User, &'a Watch) -> LocalBoxFuture<'a, ()>;

/// One way of using the server.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// The request that it is mainly about.
    pub(crate) step: &'static str,
    /// Rooms that have to exist in a burst, and otherwise.
    pub(crate) rooms: [Rooms; 2],
    /// The requests of each user in a burst.
    pub(crate) burst: Turn,
    /// The requests of each turn of a loop.
    pub(crate) turn: Turn,
}

/// Longest wait of a refused log-in, in spite of what `Retry-After` says.
const RETRY_MAX: Duration = Duration::from_secs(10);

/// Of a hundred turns of the mixed load, how many are log-ins, reads and joins; the others are saves.
const MIX: (u32, u32, u32) = (1, 20, 19);

/// Every scenario.
pub(crate) static ALL: [Scenario; 9] = [
    Scenario::same(
        "login",
        "counsellors log in, each with an account of its own",
        Rooms::None,
        |it, watch| it.log_in(watch).boxed_local(),
    ),
    Scenario {
        name: "save",
        about: "owners create rooms and save states in them",
        step: "save",
        rooms: [Rooms::None, Rooms::Each],
        burst: |it, watch| {
            async {
                it.open_room(watch).await;
                it.save(watch).await;
            }
            .boxed_local()
        },
        turn: |it, watch| it.save(watch).boxed_local(),
    },
    Scenario::same("load", "owners load the state that they saved", Rooms::Each, |it, watch| {
        async {
            if !it.has_saved() {
                it.save(watch).await;
            }
            it.load(watch).await;
        }
        .boxed_local()
    }),
    Scenario {
        name: "join",
        about: "visitors join one room, send heartbeats, and join again",
        step: "join",
        rooms: [Rooms::One, Rooms::Each],
        burst: |it, watch| {
            async {
                it.join(watch).await;
                it.heartbeat(watch).await;
                it.join_again(watch).await;
            }
            .boxed_local()
        },
        turn: |it, watch| it.join(watch).boxed_local(),
    },
    Scenario::same("heartbeat", "visitors send heartbeats", Rooms::Each, |it, watch| {
        async {
            if !it.has_joined() {
                it.join(watch).await;
            }
            it.heartbeat(watch).await;
        }
        .boxed_local()
    }),
    Scenario::same("read", "visitors read a room by its code", Rooms::Each, |it, watch| {
        it.read_room(watch).boxed_local()
    }),
    Scenario {
        step: "save",
        ..Scenario::same(
            "mixed",
            "a working day: 60 saves, 20 reads, 19 joins and a log-in in a hundred turns",
            Rooms::Each,
            |it, watch| {
                async {
                    let (logins, reads, joins) = MIX;
                    match it.random.random_range(0..100) {
                        n if n < logins => it.log_in(watch).await,
                        n if n < logins + reads => it.read_room(watch).await,
                        n if n < logins + reads + joins => it.join(watch).await,
                        _ => it.save(watch).await,
                    }
                }
                .boxed_local()
            },
        )
    },
    Scenario {
        step: "save",
        ..Scenario::same(
            "quick",
            "requests that have to be quick under any other load: saves, joins, reads, health",
            Rooms::Each,
            |it, watch| {
                async {
                    match it.random.random_range(0..4) {
                        0 => it.save(watch).await,
                        1 => it.join(watch).await,
                        2 => it.read_room(watch).await,
                        _ => it.read_health(watch).await,
                    }
                }
                .boxed_local()
            },
        )
    },
    Scenario {
        step: "save",
        ..Scenario::same(
            "smoke",
            "users join one room, save in it and read it",
            Rooms::One,
            |it, watch| {
                async {
                    it.join(watch).await;
                    it.save(watch).await;
                    it.read_room(watch).await;
                }
                .boxed_local()
            },
        )
    },
];

/// Logs in as `login` does, and retries a refused log-in after `Retry-After`.
pub(crate) static RETRIED_LOGIN: Scenario = Scenario::same(
    "login",
    "counsellors log in, and retry after `Retry-After`",
    Rooms::None,
    |it, watch| {
        async {
            it.log_in(watch).await;
            it.wait_to_retry(RETRY_MAX).await;
        }
        .boxed_local()
    },
);

impl Scenario {
    /// A scenario that is the same in a burst, and whose main request has its name.
    pub(crate) const fn same(
        name: &'static str,
        about: &'static str,
        rooms: Rooms,
        turn: Turn,
    ) -> Self {
        Self { name, about, step: name, rooms: [rooms; 2], burst: turn, turn }
    }

    pub(crate) fn rooms(&self, burst: bool) -> Rooms {
        self.rooms[usize::from(!burst)]
    }
}

/// The scenario of that name.
pub(crate) fn by_name(name: &str) -> Option<&'static Scenario> {
    ALL.iter().find(|it| it.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_scenarios_share_a_name() {
        for scenario in &ALL {
            let found = by_name(scenario.name).unwrap();
            assert!(std::ptr::eq(found, scenario), "{}", scenario.name);
        }
    }
}
