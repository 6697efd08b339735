//! Fairness: fifty ordinary users beside one greedy client of each kind.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures::FutureExt as _;

use super::{Part, Session, realtime};
use crate::broadcast::{self, BroadcastLoad, STEP};
use crate::engine::{self, Load};
use crate::finding::Check;
use crate::load::Model;
use crate::objective::show_micros;
use crate::scenario::{Rooms, Scenario};
use crate::statistics::real;
use crate::tally::Recording;
use crate::watch::Live;

/// The sockets of ordinary users send no tokens.
pub(super) const SETTINGS: [(&str, &str); 1] = [("CARDROOM__REALTIME__ADMISSION", "room-id")];

/// Ordinary users, and the requests a second of all together.
const USERS: usize = 50;
const RATE: f64 = 200.0;

/// Rooms of ordinary users that broadcast, and the members of each.
const ROOMS: usize = 10;
const MEMBERS: usize = 5;

/// Measured time of each phase by default.
const TIME: Duration = Duration::from_secs(10);

/// The greedy client is there before the measurement, and after it.
const MARGIN: Duration = Duration::from_secs(1);

/// Connections of the greedy client, all from one address and with one account.
const CONNECTIONS: usize = 8;

/// How much higher the p99 of the ordinary users may be beside a greedy client.
const RATIO_MAX: f64 = 2.0;

/// The requests of ordinary users whose p99 is compared.
const STEPS: [&str; 4] = ["save", "join", "read", STEP];

/// The greedy clients, one of each kind.
static GREEDY: [Scenario; 6] = [
    Scenario::same("largest saves", "", Rooms::Each, |it, watch| {
        it.save_largest(watch).boxed_local()
    }),
    Scenario::same("patches", "", Rooms::Each, |it, watch| it.patch_widest(watch).boxed_local()),
    Scenario::same("joins", "", Rooms::One, |it, watch| it.join_often(watch).boxed_local()),
    Scenario::same("lists and history", "", Rooms::Each, |it, watch| {
        it.read_lists(watch).boxed_local()
    }),
    Scenario::same("broadcasts", "", Rooms::Each, |it, watch| {
        it.broadcast_largest(watch).boxed_local()
    }),
    Scenario::same("log-ins", "", Rooms::None, |it, watch| it.log_in_often(watch).boxed_local()),
];

impl Session<'_> {
    pub(super) async fn neighbour(&mut self) -> Result<()> {
        let alone = self.ordinary("ordinary users alone").await?;
        for greedy in &GREEDY {
            let load = self.greedy(greedy).await?;
            tokio::time::sleep(MARGIN).await;
            let beside = self.ordinary(&format!("beside greedy {}", greedy.name)).await?;
            let (taken, _) = load.await??;
            let was = p99s(&self.sections[alone].recording);
            let section = &mut self.sections[beside];
            section.claims = claims(was, p99s(&section.recording));
            section.name = format!("{} ({})", section.name, answers(&taken));
        }
        Ok(())
    }

    /// Starts a greedy client on a thread of its own.
    async fn greedy(
        &self,
        scenario: &'static Scenario,
    ) -> Result<tokio::task::JoinHandle<Result<(Recording, Vec<crate::user::User>)>>> {
        let mut users = self.stage.users(CONNECTIONS);
        let account = users[0].account.clone();
        for user in &mut users {
            user.at_address_of(USERS);
            user.account = account.clone();
        }
        self.stage.open_rooms(scenario.rooms(false), &mut users).await?;
        let model = Model::closed(Duration::ZERO, self.phase() + 2 * MARGIN);
        let load = Load { model, scenario, at_once: None, seed: self.seed };
        Ok(tokio::spawn(engine::run(load, users, Arc::new(Live::default()))))
    }

    fn phase(&self) -> Duration {
        self.arguments.time.unwrap_or(TIME)
    }

    /// Measures the ordinary users: requests in an open loop, and broadcasts over sockets.
    async fn ordinary(&mut self, name: &str) -> Result<usize> {
        let rate = self.arguments.rate.unwrap_or(RATE);
        let model = Model::open(rate, Duration::ZERO, self.phase());
        let part = Part::new(name, "quick", model, USERS, &[])?;
        let users = self.ready(part.scenario, USERS).await?;
        let sockets = BroadcastLoad {
            target: self.stage.target.clone(),
            rooms: self.stage.rooms(ROOMS).await?,
            members: MEMBERS,
            rate: realtime::RATE_OF_ONE * real((ROOMS * MEMBERS) as u64),
            time: self.phase(),
            warm_up: Duration::ZERO,
            seed: self.seed,
        };
        let observation = self.observe(name).await;
        let load = Load { model, scenario: part.scenario, at_once: None, seed: self.seed };
        let requests = engine::run(load, users, observation.live.clone());
        let broadcasts = broadcast::run(sockets, Arc::new(Live::default()));
        let ((mut recording, users), outcomes) = tokio::try_join!(requests, broadcasts)?;
        let observed = observation.end(&self.stage.client).await;
        for user in users {
            self.evidence.add(user.evidence);
        }
        recording.steps.extend(outcomes.recording.steps);
        let received = outcomes.received;
        self.findings.extend([received.reached, received.once, received.in_order]);
        Ok(self.conclude(part, recording, observed))
    }
}

/// The p99 of each step in microseconds; infinite where nothing succeeded.
fn p99s(recording: &Recording) -> [f64; STEPS.len()] {
    STEPS.map(|step| {
        let tally = recording.steps.get(step);
        tally.and_then(|it| it.response.quantile(0.99)).map_or(f64::INFINITY, real)
    })
}

fn claims(was: [f64; STEPS.len()], is: [f64; STEPS.len()]) -> Vec<Check> {
    let claim = |((step, was), is): ((&str, f64), f64)| {
        let ratio = is / was;
        Check::new(
            format!("p99 of {step} beside it, and alone"),
            format!("{} and {} ({ratio:.2}x)", show_micros(is), show_micros(was)),
            format!("< {RATIO_MAX}x"),
            ratio < RATIO_MAX,
        )
    };
    STEPS.into_iter().zip(was).zip(is).map(claim).collect()
}

/// How the greedy client was answered.
fn answers(taken: &Recording) -> String {
    let mut sums = [0; 3];
    for tally in taken.steps.values() {
        let counts = [tally.successes(), tally.refusals(), tally.failed];
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    let [ok, refused, failed] = sums;
    format!("{ok} answered, {refused} refused, {failed} failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_may_not_double_the_p99() {
        let ok = |is| claims([1000.0; 4], is).iter().map(|it| it.ok).collect::<Vec<_>>();
        assert_eq!(ok([1000.0, 1999.0, 2000.0, f64::INFINITY]), [true, true, false, false]);
    }

    #[test]
    fn a_step_without_success_has_no_p99() {
        let mut recording = Recording::default();
        recording.steps.entry("save".into()).or_default().response.record(Duration::from_millis(1));

        assert!((p99s(&recording)[0] - 1000.0).abs() < 1e-9 && p99s(&recording)[1].is_infinite());
        assert_eq!(answers(&recording), "1 answered, 0 refused, 0 failed");
    }
}
