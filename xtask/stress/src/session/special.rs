//! The catalog of everything that can be run.

use anyhow::Result;
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;

use super::Session;
use crate::scenario;

/// A run of several loads, or of one that needs more than a scenario.
pub(crate) struct Special {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// The profile of a spawned server, if not `development`.
    pub(crate) profile: Option<&'static str>,
    /// Settings of a spawned server, named as in the environment.
    pub(crate) settings: &'static [(&'static str, &'static str)],
    pub(super) work: for<'a> fn(&'a mut Session<'_>) -> LocalBoxFuture<'a, Result<()>>,
}

/// Every special run.
static SPECIAL: [Special; 10] = [
    special("ladder", "more and more users, until the objective breaks", |it| {
        it.climb().boxed_local()
    }),
    special("overload", "more than the server can do, then recovery", |it| {
        it.overload().boxed_local()
    }),
    Special {
        settings: &super::waiting::SETTINGS,
        ..special("waiting", "others are served while 250 log-ins wait", |it| {
            it.waiting().boxed_local()
        })
    },
    special("slow", "others are served beside 2,000 slow connections", |it| {
        it.slow().boxed_local()
    }),
    special("hang", "every query of PostgreSQL sleeps for 20 s", |it| it.hang().boxed_local()),
    special("soak", "a working day, for long", |it| it.soak().boxed_local()),
    special(super::realtime::NAME, "members of rooms broadcast over sockets", |it| {
        it.realtime().boxed_local()
    }),
    Special {
        // Its limits are what keeps an address from taking everything.
        profile: Some("production"),
        settings: &super::neighbour::SETTINGS,
        ..special("neighbour", "fifty ordinary users beside one greedy client of each kind", |it| {
            it.neighbour().boxed_local()
        })
    },
    special("bench", "closed loops of saves, joins and heartbeats", |it| it.bench().boxed_local()),
    special("figures", "every figure that the service is held to", |it| it.figures().boxed_local()),
];

const fn special(
    name: &'static str,
    about: &'static str,
    work: for<'a> fn(&'a mut Session<'_>) -> LocalBoxFuture<'a, Result<()>>,
) -> Special {
    Special { name, about, profile: None, settings: &[], work }
}

/// The special run of that name.
pub(crate) fn find_special(name: &str) -> Option<&'static Special> {
    SPECIAL.iter().find(|it| it.name == name)
}

/// Everything that can be run, with what it is about.
pub(crate) fn catalog() -> impl Iterator<Item = (&'static str, &'static str)> {
    let special = SPECIAL.iter().map(|it| (it.name, it.about));
    scenario::ALL.iter().map(|it| (it.name, it.about)).chain(special)
}
