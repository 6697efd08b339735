//! Members of rooms that broadcast over sockets: reach, order, latency.

use anyhow::{Result, ensure};

use super::{Part, Session};
use crate::broadcast::{self, BroadcastLoad, Outcomes, Received, STEP};
use crate::finding::{Check, Finding};
use crate::load::{Arrivals, Course, Model};
use crate::scenario::{Rooms, Scenario};
use crate::statistics::real;

/// The name of the run.
pub(super) const NAME: &str = "realtime";

/// Members of a room by default.
const MEMBERS: usize = 50;

/// Messages a second of a user that moves cards in the web app.
pub(super) const RATE_OF_ONE: f64 = 7.0;

/// Names the section; the members are not driven by the engine.
static SCENARIO: Scenario = Scenario {
    step: STEP,
    ..Scenario::same(NAME, "members of rooms broadcast", Rooms::None, |_, _| {
        Box::pin(std::future::ready(()))
    })
};

impl Session<'_> {
    pub(super) async fn realtime(&mut self) -> Result<()> {
        let arguments = self.arguments;
        let few = self.gate().and_then(|it| it.users.get(NAME).copied());
        let members = arguments.users().or(few).unwrap_or(MEMBERS);
        ensure!(members >= 2, "a room of one has no receivers");
        let users = members * arguments.rooms;
        let rate = arguments.rate.unwrap_or(RATE_OF_ONE * real(users as u64));
        ensure!(rate > 0.0, "--rate has to be above 0");
        let (time, warm_up) = (arguments.time.unwrap_or(super::part::TIME), arguments.warm_up);
        let name = match arguments.rooms {
            1 => format!("realtime, one room of {members}"),
            rooms => format!("realtime, {rooms} rooms of {members}"),
        };
        let rooms = self.stage.rooms(arguments.rooms).await?;
        let target = self.stage.target.clone();
        let load = BroadcastLoad { target, rooms, members, rate, time, warm_up, seed: self.seed };
        let observation = self.observe(&name).await;
        let Outcomes { recording, received } =
            broadcast::run(load, observation.live.clone()).await?;
        let observed = observation.end(&self.stage.client).await;
        let course = Course::new(warm_up, time);
        let part = Part {
            name,
            scenario: &SCENARIO,
            model: Model::Open { rate, arrivals: Arrivals::Uniform, course },
            users,
            repeats: 1,
            objectives: self.objectives_of(NAME, |_| true),
        };
        let index = self.conclude(part, recording, observed);
        self.sections[index].claims = claims(&received);
        self.findings.extend([received.reached, received.once, received.in_order]);
        Ok(())
    }
}

fn claims(received: &Received) -> Vec<Check> {
    let Received { reached, once, in_order } = received;
    let arrived = reached.checked - reached.faults.min(reached.checked);
    let share = real(arrived) / real(reached.checked.max(1)) * 100.0;
    let ok = reached.holds() && reached.checked > 0;
    let none = |name, finding: &Finding| Check::none(name, finding.faults);
    vec![
        Check::new("reach", format!("{share:.3} %"), "100 %", ok),
        none("received twice", once),
        none("out of order", in_order),
    ]
}
