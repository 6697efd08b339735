//! A working day in an open loop, for long: does it stay as fast and as small as it was?

use std::time::Duration;

use anyhow::Result;

use super::{Part, Session, find};
use crate::engine::{Course, Model};
use crate::tally::{Slot, row_floor};
use crate::validity::Check;

/// Unless told otherwise.
const RATE: f64 = 500.0;
const TIME: Duration = Duration::from_mins(10);
const PEOPLE: usize = 200;

/// How much more memory than after the first tenth is no leak yet, and how long that has to be: before
/// that the server has not grown to its size.
const GROWTH_MAX: f64 = 1.25;
const GROWN: Duration = Duration::from_secs(30);

/// How much slower the last third may be than the first: rows of the heat map, four to a doubling.
const ROWS_SLOWER_MAX: usize = 4;

impl Session<'_> {
    pub(super) async fn soak(&mut self) -> Result<()> {
        let scenario = find("mixed")?;
        let time = self.arguments.time.unwrap_or(TIME);
        let rate = self.arguments.rate.unwrap_or(RATE);
        let people = self.arguments.users().unwrap_or(PEOPLE);
        let part = |session: &Self, name: &str, time| Part {
            name: name.to_owned(),
            scenario,
            model: Model::Open {
                rate,
                arrivals: session.arguments.arrivals,
                course: Course::new(session.arguments.warm_up, time),
            },
            users: people,
            repeats: 1,
            objectives: session.objectives(scenario, false),
        };
        let first = part(self, "soak, first tenth", time / 10);
        let first = self.measure(first).await?;
        let rest = part(self, "soak", time.mul_f64(0.9));
        let rest = self.measure(rest).await?;
        let memory = [first, rest].map(|it| self.sections[it].cost.resident_bytes);
        let section = &mut self.sections[rest];
        if let [Some(before), Some(after)] = memory
            && time / 10 >= GROWN
        {
            section.claims.push(Check {
                name: "memory, of what it was after a tenth".to_owned(),
                value: format!("{:.0} % of {:.0} MB", after / before * 100.0, before / 1e6),
                limit: format!("<= {:.0} %", GROWTH_MAX * 100.0),
                ok: after <= before * GROWTH_MAX,
            });
        }
        section.claims.extend(slowing(&section.recording.slots.all));
        Ok(())
    }
}

/// Compares the first third with the last.
fn slowing(slots: &[Slot]) -> Option<Check> {
    let third = slots.len() / 3;
    let (first, last) = (slots.get(..third)?, slots.get(slots.len() - third..)?);
    let [first, last] =
        [first, last].map(|slots| median(slots.iter().filter_map(|it| it.quantile_row(0.95))));
    let (first, last) = (first?, last?);
    Some(Check {
        name: "p95 of the last third, after that of the first".to_owned(),
        value: format!("~{} us after ~{} us", row_floor(last), row_floor(first)),
        limit: "at most twice".to_owned(),
        ok: last <= first + ROWS_SLOWER_MAX,
    })
}

fn median(rows: impl Iterator<Item = usize>) -> Option<usize> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_unstable();
    rows.get(rows.len() / 2).copied()
}
