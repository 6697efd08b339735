//! More than the server can do: it has to keep its throughput, to refuse the rest, and to recover.

use std::time::Duration;

use anyhow::Result;

use super::{Part, Session, find};
use crate::finding::Check;
use crate::load::Model;
use crate::objective::Objective;
use crate::record::Section;
use crate::statistics::real;
use crate::tally::{Slot, Slots};
use crate::user::User;
use crate::validity::{DROPPED, LAG};

/// Share of its capacity that the server keeps when more is asked, and when far more is.
const GOODPUT_MIN: f64 = 0.9;
const GOODPUT_FAR_MIN: f64 = 0.8;

/// Far more, in multiples of the capacity.
const FAR: f64 = 2.0;

/// Users at a demand equal to the capacity. An arrival that finds all of them waiting is dropped.
const USERS: f64 = 1000.0;

/// Users at once in the closed loop that shows the capacity.
const CAPACITY_USERS: usize = 50;

/// Time of the overload before it is measured.
const WARM_UP: Duration = Duration::from_secs(3);

/// Requests a second before and afterwards, at most and as a share of the capacity.
const EASE_RATE: f64 = 50.0;
const EASE_SHARE: f64 = 0.2;

/// Longest time until answers are as before.
const RECOVERY_MAX: Duration = Duration::from_secs(10);

/// An answer is as before when it takes no longer than `QUICK`, or is at most `ROWS_SLOWER_MAX` rows of the
/// heat map (four to a doubling) above the usual one.
const QUICK: Duration = Duration::from_millis(50);
const ROWS_SLOWER_MAX: usize = 8;

impl Session<'_> {
    pub(super) async fn overload(&mut self) -> Result<()> {
        let capacity = self.capacity().await?;
        let step = find(&self.arguments.on)?.step;
        let can = self.sections[capacity].recording.rate(step);
        // In a mixed load the main step is a part.
        let recording = &self.sections[capacity].recording;
        let turns = real(recording.total()) / recording.seconds;
        let asked = self.arguments.rate.unwrap_or(turns * self.arguments.factor);
        let ease = EASE_RATE.min(turns * EASE_SHARE);
        let before = self.flood("before", ease, USERS_AT_EASE, Vec::new()).await?;
        self.progress.say(&format!("the capacity is {turns:.0}/s, the demand {asked:.0}/s"));

        let over = self.too_many(asked, users_for(asked / turns)).await?;
        claim_overload(&mut self.sections[over], step, can, asked / turns);

        let after = self.flood("right after", ease, USERS_AT_EASE, Vec::new()).await?;
        let usual = usual_row(&self.sections[before].recording.slots.all);
        let section = &mut self.sections[after];
        section.checks.retain(|check| check.name != DROPPED);
        section.claims.push(recovery(&section.recording.slots, usual));
        let objectives = self.objectives(find(&self.arguments.on)?, false);
        self.flood("later", ease, USERS_AT_EASE, objectives).await?;
        Ok(())
    }

    /// The capacity for as many users as the overload has, while few of them send at once. For fewer it would
    /// be higher, because their rows are cached.
    async fn capacity(&mut self) -> Result<usize> {
        let crowd = users_for(self.arguments.factor);
        let at_once = self.arguments.users().unwrap_or(CAPACITY_USERS);
        let part = self.rung(at_once)?;
        let part = Part { name: format!("{} of {crowd}", part.name), ..part };
        let ready = self.crowd(crowd).await?;
        self.measure_with(part, Some(ready)).await
    }

    /// Users that save one state each, again and again.
    async fn crowd(&self, count: usize) -> Result<Vec<User>> {
        let mut users = self.ready(find(&self.arguments.on)?, count).await?;
        users.iter_mut().for_each(User::play_one_game);
        Ok(users)
    }

    /// The overload. The capacity was measured with existing states, and a first save costs more: the warm-up
    /// is for those.
    async fn too_many(&mut self, rate: f64, users: usize) -> Result<usize> {
        let part = self.open("overload", rate, users, WARM_UP)?;
        let ready = self.crowd(users).await?;
        self.measure_with(part, Some(ready)).await
    }

    pub(super) async fn flood(
        &mut self,
        name: &str,
        rate: f64,
        users: usize,
        objectives: Vec<Objective>,
    ) -> Result<usize> {
        let part = self.open(name, rate, users, Duration::ZERO)?;
        self.measure(Part { objectives, ..part }).await
    }

    fn open(&self, name: &str, rate: f64, users: usize, warm_up: Duration) -> Result<Part> {
        let scenario = find(&self.arguments.on)?;
        let time = self.arguments.time.unwrap_or(Duration::from_secs(6));
        let model = Model::open(rate, warm_up, time);
        let name = format!("{} {name}", scenario.name);
        Ok(Part { name, scenario, model, users, repeats: 1, objectives: Vec::new() })
    }
}

/// Users of a low load: more than ever wait at once.
const USERS_AT_EASE: usize = 500;

/// Users for a demand of `factor` times the capacity: with a higher demand more requests wait.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousands")]
fn users_for(factor: f64) -> usize {
    (USERS * factor.clamp(1.0, 10.0)) as usize
}

/// Claims about the overload.
fn claim_overload(section: &mut Section, step: &str, can: f64, factor: f64) {
    // Late and dropped arrivals are the point of an overload.
    section.checks.retain(|check| ![DROPPED, LAG].contains(&&*check.name));
    let recording = &section.recording;
    let tally = recording.steps.get(step).cloned().unwrap_or_default();
    let share = recording.rate(step) / can;
    let least = if factor > FAR { GOODPUT_FAR_MIN } else { GOODPUT_MIN };
    section.claims = vec![
        Check::new(
            "throughput, of what the server can do",
            format!("{:.0} % while {factor:.1} times as much is asked", share * 100.0),
            format!(">= {:.0} %", least * 100.0),
            share >= least,
        ),
        Check::none("requests that failed without a refusal", tally.failed),
        Check::new(
            "refusals without Retry-After",
            format!("{} of {}", tally.refused_without_when, tally.refusals()),
            "0",
            tally.refused_without_when == 0,
        ),
    ];
    let gone = real(recording.dropped) / real(recording.offered.max(1));
    section.name = format!("{} ({:.0} % went away)", section.name, gone * 100.0);
}

/// The median row of the p95 of each slot; `None` where nothing succeeded.
pub(super) fn usual_row(slots: &[Slot]) -> Option<usize> {
    let mut rows: Vec<_> = slots.iter().filter_map(|it| it.quantile_row(0.95)).collect();
    rows.sort_unstable();
    rows.get(rows.len() / 2).copied()
}

/// The time until answers are as before.
pub(super) fn recovery(slots: &Slots, usual: Option<usize>) -> Check {
    let seconds = back_to_normal(slots, usual.unwrap_or(0));
    Check::new(
        "time to recovery",
        format!("{seconds:.1} s"),
        format!("<= {} s", RECOVERY_MAX.as_secs()),
        seconds <= RECOVERY_MAX.as_secs_f64(),
    )
}

/// The end of the last slot with a refusal, a failure or a slow answer, in seconds.
fn back_to_normal(slots: &Slots, usual: usize) -> f64 {
    let quick = crate::tally::row(QUICK).max(usual + ROWS_SLOWER_MAX);
    let odd = slots.all.iter().rposition(|slot| {
        slot.refused + slot.failed > 0 || slot.quantile_row(1.0).is_some_and(|row| row > quick)
    });
    real(odd.map_or(0, |it| it as u64 + 1) * slots.length) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::Outcome;

    #[test]
    fn all_is_as_before_after_the_last_refused_or_slow_answer() {
        let mut slots = Slots::of(Duration::from_mins(2));
        let mut add = |at, response, outcome| {
            slots.add(Duration::from_secs(at), Duration::from_millis(response), &outcome);
        };
        add(1, 900, Outcome::Success);
        add(3, 1, Outcome::Refused { status: 503, has_retry_after: true });
        add(5, 1, Outcome::Success);

        assert!((back_to_normal(&slots, 0) - 4.0).abs() < 1e-9);
        assert!(back_to_normal(&Slots::default(), 0).abs() < 1e-9);
    }
}
