//! Others are served beside thousands of connections that send or read as slowly as they can.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::time::sleep;

use super::Session;
use super::figures::figure;
use crate::arrivals::Arrivals;
use crate::engine::{Course, Model};
use crate::objective::show_micros;
use crate::slowness::Slowness;
use crate::statistics::real;
use crate::tally::{Recording, Times};
use crate::validity::Check;

/// Slow connections unless told otherwise.
const CONNECTIONS: usize = 2000;

/// Requests of others a second, and how many others there are.
const RATE: f64 = 400.0;
const PEOPLE: usize = 200;

const TIME: Duration = Duration::from_secs(12);

/// So much slower may the slowest hundredth of the others be.
const SLOWER_MAX: f64 = 2.0;

/// Below this nobody notices, and two runs differ by as much.
const UNNOTICED: Duration = Duration::from_millis(10);

/// How long the server may keep connections that get nowhere: a head 5 s, a body 10 s, an answer 30 s.
const CUT_MAX: Duration = Duration::from_secs(45);

/// Descriptors that come and go for other reasons.
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
        let slowness = Slowness::start(self.stage.target.address, count)?;
        slowness.all_there().await;
        let beside = self.others(&format!("others beside {count} slow connections")).await?;
        let most = descriptors(pid)?;
        self.progress.say("slow connections end");
        slowness.come_no_more();
        let end = Instant::now();
        while descriptors(pid)? > before + FEW && end.elapsed() < CUT_MAX {
            sleep(Duration::from_millis(100)).await;
        }
        let (after, took) = (descriptors(pid)?, end.elapsed().as_secs_f64());
        let [was, is] = [alone, beside].map(|it| slowest(&self.sections[it].recording));
        let claims = &mut self.sections[beside].claims;
        claims.push(slower(was, is));
        claims.push(Check {
            name: "slow connections".to_owned(),
            value: slowness.to_string(),
            limit: "cut, and so opened again and again".to_owned(),
            ok: slowness.was_cut(),
        });
        claims.push(Check {
            name: "descriptors".to_owned(),
            value: format!(
                "{before} before, {most} beside, {after} {took:.1} s after the last one came, with \
                 all clients still there"
            ),
            limit: format!("<= {} within {} s", before + FEW, CUT_MAX.as_secs()),
            ok: after <= before + FEW && most > before + count,
        });
        Ok(())
    }

    async fn others(&mut self, name: &str) -> Result<usize> {
        let time = self.arguments.time.unwrap_or(TIME);
        let course = Course::new(Duration::from_secs(1), time);
        let model = Model::Open { rate: RATE, arrivals: Arrivals::Poisson, course };
        self.measure(figure(name, "quick", model, PEOPLE, 1, &OTHERS)?).await
    }
}

/// p99 of all steps together, in microseconds.
fn slowest(recording: &Recording) -> f64 {
    let mut all = Times::default();
    recording.steps.values().for_each(|it| all.merge(&it.response));
    all.quantile(0.99).map_or(f64::INFINITY, real)
}

fn slower(was: f64, is: f64) -> Check {
    let unnoticed = UNNOTICED.as_secs_f64() * 1e6;
    Check {
        name: "p99 of the others, and what it was without".to_owned(),
        value: format!("{} and {} ({:.1}x)", show_micros(is), show_micros(was), is / was),
        limit: format!("<= {SLOWER_MAX}x, or <= {}", show_micros(unnoticed)),
        ok: is <= (was * SLOWER_MAX).max(unnoticed),
    }
}

/// Open files and sockets of a process.
fn descriptors(pid: i32) -> Result<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd")).context("the server is gone")?.count())
}
