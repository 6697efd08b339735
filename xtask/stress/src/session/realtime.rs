//! People who talk in rooms over sockets: reach, order, latency.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::Session;
use crate::arrivals::Arrivals;
use crate::engine::{Course, Live, Model, Sampled};
use crate::metrics::{Cost, Scrape};
use crate::processors::Used;
use crate::record::Section;
use crate::statistics::real;
use crate::talk::{self, Heard, Outcomes, STEP, Talk};
use crate::validity::{self, Check};
use crate::verify::Finding;

/// What the scenario is called.
pub(crate) const NAME: &str = "realtime";

/// People in a room unless told otherwise.
const MEMBERS: usize = 50;

/// What somebody says in a second who moves cards in the web app.
const RATE_OF_ONE: f64 = 7.0;

impl Session<'_> {
    pub(super) async fn realtime(&mut self) -> Result<()> {
        let arguments = self.arguments;
        let few = self.gate().and_then(|it| it.users.get(NAME).copied());
        let members = arguments.users().or(few).unwrap_or(MEMBERS);
        ensure!(members >= 2, "nobody hears who is alone in a room");
        let users = members * arguments.rooms;
        let rate = arguments.rate.unwrap_or(RATE_OF_ONE * real(users as u64));
        ensure!(rate > 0.0, "--rate has to be above 0");
        let (time, warm_up) = (arguments.time.unwrap_or(super::part::TIME), arguments.warm_up);
        let course = Course::new(warm_up, time);
        let model = Model::Open { rate, arrivals: Arrivals::Uniform, course };
        let name = match arguments.rooms {
            1 => format!("realtime, one room of {members}"),
            rooms => format!("realtime, {rooms} rooms of {members}"),
        };
        let rooms = self.stage.rooms(arguments.rooms).await?;
        let target = self.stage.target.clone();
        let talk = Talk { target, rooms, members, rate, time, warm_up, seed: self.seed };
        let url = self.stage.target.url();
        let live = Arc::new(Live::default());
        let bar = self.progress.load(&name, model, 1, live.clone());
        let before = Scrape::of(&url).await;
        let used = self.pid.map(|pid| (pid, Used::now(pid), Instant::now()));
        let Outcomes { recording, heard } = talk::run(talk, live).await?;
        bar.finish();
        let cores = used
            .map(|(pid, used, start)| Used::now(pid).since(used, start.elapsed().as_secs_f64()));
        let limits = match self.gate() {
            Some(gate) => self.slo.validity.widened(gate.headroom),
            None => self.slo.validity,
        };
        let mut checks = validity::checks(&limits, model, STEP, &recording, Sampled::default());
        checks.extend(cores.map(|it| validity::others(self.others_max(), it)));
        let verdicts =
            self.asked_of(NAME, |_| true).iter().map(|it| it.judge(&recording)).collect();
        self.sections.push(Section {
            name,
            scenario: NAME.to_owned(),
            model,
            users,
            repeats: 1,
            in_flight: 0.0,
            cost: Cost { cores, ..Scrape::of(&url).await.since(&before) },
            checks,
            verdicts,
            is_rung: false,
            disturbed: 0,
            claims: claims(&heard),
            recording,
        });
        self.findings.extend([heard.reached, heard.once, heard.in_order]);
        Ok(())
    }
}

fn claims(heard: &Heard) -> Vec<Check> {
    let Heard { reached, once, in_order } = heard;
    let missing = |finding: &Finding| finding.checked - finding.faults.min(finding.checked);
    let share = real(missing(reached)) / real(reached.checked.max(1)) * 100.0;
    let claim = |name: &str, value: String, limit: &str, ok| Check {
        name: name.to_owned(),
        value,
        limit: limit.to_owned(),
        ok,
    };
    let none =
        |name, finding: &Finding| claim(name, finding.faults.to_string(), "0", finding.holds());
    vec![
        claim("reach", format!("{share:.3} %"), "100 %", reached.holds() && reached.checked > 0),
        none("heard twice", once),
        none("out of order", in_order),
    ]
}
