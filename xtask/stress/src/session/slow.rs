//! Other users are served beside thousands of connections that send or read as slowly as possible.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::time::sleep;

use super::{Part, Session};
use crate::finding::Check;
use crate::load::Model;
use crate::objective::show_micros;
use crate::slow_clients::SlowClients;
use crate::statistics::real;
use crate::tally::Recording;
use crate::times::Times;

/// Slow connections by default.
const CONNECTIONS: usize = 2000;

/// Requests of others a second, and their users.
const RATE: f64 = 400.0;
const USERS: usize = 200;

const TIME: Duration = Duration::from_secs(12);

/// How much slower the p99 of the others may be.
const SLOWER_MAX: f64 = 2.0;

/// Below this the difference is not noticed, and two runs differ by as much.
const NEGLIGIBLE: Duration = Duration::from_millis(10);

/// How long the server may keep slow connections: 5 s for a head, 10 s for a body, 30 s for an answer.
const CUT_MAX: Duration = Duration::from_secs(45);

/// Descriptors that vary for other reasons.
const FEW: usize = 10;

const OTHERS: [&str; 4] =
    ["save.success = 100%", "join.success = 100%", "read.success = 100%", "health.success = 100%"];

impl Session<'_> {
    pub(super) async fn slow(&mut self) -> Result<()> {
        let pid = self.pid.context("descriptors are counted of a server that is spawned")?;
        let count = self.arguments.users().unwrap_or(CONNECTIONS);
        let alone = self.others("others alone").await?;
        sleep(Duration::from_secs(1)).await;
        let before = descriptors(pid)?;
        self.progress.say("slow connections begin");
        let slow = SlowClients::start(self.stage.target.address, count)?;
        slow.wait_until_connected().await;
        let beside = self.others(&format!("others beside {count} slow connections")).await?;
        let most = descriptors(pid)?;
        self.progress.say("slow connections end");
        slow.stop_reconnecting();
        let end = Instant::now();
        while descriptors(pid)? > before + FEW && end.elapsed() < CUT_MAX {
            sleep(Duration::from_millis(100)).await;
        }
        let (after, took) = (descriptors(pid)?, end.elapsed().as_secs_f64());
        let [was, is] = [alone, beside].map(|it| slowest(&self.sections[it].recording));
        let claims = &mut self.sections[beside].claims;
        claims.push(slower(was, is));
        claims.push(Check::new(
            "slow connections",
            &slow,
            "closed by the server, and so opened again and again",
            slow.closed_each_kind(),
        ));
        let value = format!(
            "{before} before, {most} beside, {after} {took:.1} s after the last one came, with all \
             clients still connected"
        );
        let limit = format!("<= {} within {} s", before + FEW, CUT_MAX.as_secs());
        let ok = after <= before + FEW && most > before + count;
        claims.push(Check::new("descriptors", value, limit, ok));
        Ok(())
    }

    async fn others(&mut self, name: &str) -> Result<usize> {
        let time = self.arguments.time.unwrap_or(TIME);
        let model = Model::open(RATE, Duration::from_secs(1), time);
        self.measure(Part::new(name, "quick", model, USERS, &OTHERS)?).await
    }
}

/// p99 of all steps together, in microseconds.
fn slowest(recording: &Recording) -> f64 {
    let mut all = Times::default();
    recording.steps.values().for_each(|it| all.merge(&it.response));
    all.quantile(0.99).map_or(f64::INFINITY, real)
}

fn slower(was: f64, is: f64) -> Check {
    let negligible = NEGLIGIBLE.as_secs_f64() * 1e6;
    Check::new(
        "p99 of the others, and what it was without",
        format!("{} and {} ({:.1}x)", show_micros(is), show_micros(was), is / was),
        format!("<= {SLOWER_MAX}x, or <= {}", show_micros(negligible)),
        is.is_finite() && is <= (was * SLOWER_MAX).max(negligible),
    )
}

/// Open files and sockets of a process.
fn descriptors(pid: i32) -> Result<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd")).context("the server is gone")?.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_may_be_twice_as_slow_and_a_negligible_difference_does_not_count() {
        assert!(slower(10_000.0, 19_000.0).ok && !slower(10_000.0, 21_000.0).ok);
        assert!(slower(100.0, 9000.0).ok && !slower(f64::INFINITY, f64::INFINITY).ok);
    }

    #[test]
    fn the_slowest_hundredth_is_that_of_all_steps_together() {
        let mut recording = Recording::default();
        assert!(slowest(&recording).is_infinite());
        for (step, ms) in [("save", 1), ("join", 9)] {
            recording
                .steps
                .entry(step.into())
                .or_default()
                .response
                .record(Duration::from_millis(ms));
        }
        assert!((slowest(&recording) - 9000.0).abs() < 10.0);
    }
}
