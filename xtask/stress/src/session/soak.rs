//! A working day in an open loop, for long: latency and memory have to stay as they were.

use std::time::Duration;

use anyhow::Result;

use super::overload::usual_row;
use super::{Part, Session, find};
use crate::finding::Check;
use crate::load::{Course, Model};
use crate::tally::{Slot, row_floor};

/// By default.
const RATE: f64 = 500.0;
const TIME: Duration = Duration::from_mins(10);
const USERS: usize = 200;

/// Memory at the end, as a multiple of that after the first tenth, which has to last so long: before that the
/// server has not reached its size.
const GROWTH_MAX: f64 = 1.25;
const GROWN: Duration = Duration::from_secs(30);

/// How much slower the last third may be than the first, in rows of the heat map, four to a doubling.
const ROWS_SLOWER_MAX: usize = 4;

impl Session<'_> {
    pub(super) async fn soak(&mut self) -> Result<()> {
        let scenario = find("mixed")?;
        let time = self.arguments.time.unwrap_or(TIME);
        let rate = self.arguments.rate.unwrap_or(RATE);
        let users = self.arguments.users().unwrap_or(USERS);
        let part = |session: &Self, name: &str, time| Part {
            name: name.to_owned(),
            scenario,
            model: Model::Open {
                rate,
                arrivals: session.arguments.arrivals,
                course: Course::new(session.arguments.warm_up, time),
            },
            users,
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
            section.claims.push(Check::new(
                "memory, of what it was after a tenth",
                format!("{:.0} % of {:.0} MB", after / before * 100.0, before / 1e6),
                format!("<= {:.0} %", GROWTH_MAX * 100.0),
                after <= before * GROWTH_MAX,
            ));
        }
        section.claims.extend(slowing(&section.recording.slots.all));
        Ok(())
    }
}

/// Compares the first third with the last.
fn slowing(slots: &[Slot]) -> Option<Check> {
    let third = slots.len() / 3;
    let (first, last) = (slots.get(..third)?, slots.get(slots.len() - third..)?);
    let (first, last) = (usual_row(first)?, usual_row(last)?);
    Some(Check::new(
        "p95 of the last third, after that of the first",
        format!("~{} us after ~{} us", row_floor(last), row_floor(first)),
        "at most twice",
        last <= first + ROWS_SLOWER_MAX,
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tally::{Outcome, Slots};

    #[test]
    fn a_last_third_that_is_slower_than_twice_the_first_is_found() {
        let slowing_to = |last: u64| {
            let mut slots = Slots::of(Duration::from_mins(2));
            for second in 0..9 {
                let ms = if second < 6 { 10 } else { last };
                slots.add(
                    Duration::from_secs(second),
                    Duration::from_millis(ms),
                    &Outcome::Success,
                );
            }
            slowing(&slots.all).unwrap().ok
        };
        assert!(slowing_to(10) && slowing_to(18) && !slowing_to(30));
        assert!(slowing(&[]).is_none());
    }
}
