//! How fast the machine is by now, measured with loads of the calibration.
//!
//! A shared machine and its disk are half as fast in one minute as in the next. So what was measured
//! for the calibration is measured again beside each prediction, which is then held to what it says for
//! a machine like that. What it is held to is the way from one load to another: from a closed loop to an
//! open one beyond capacity, from some people at once to more. A machine that is another one altogether
//! is seen in the drift, and wants to be calibrated again.

use anyhow::{Context as _, Result};

use super::{REPEAT, Row, Verifier};
use crate::calibration::Operation;
use crate::solve::at_once_ms;
use crate::stress::Section;

/// Seconds of a loop that is measured again.
const LOOP: &str = "3s";

/// People at once who are measured again.
const PEOPLE: usize = 36;

/// The largest loop of the calibration, brought again.
pub(super) struct Loop {
    pub(super) section: Section,
    /// How many times the plateau of the calibration its rate is.
    pub(super) drift: f64,
}

impl Verifier<'_> {
    /// The largest loop by now.
    pub(super) async fn rate_now(&self, name: &str, then: &Operation) -> Result<Loop> {
        let users = then.users.last().context("nothing was calibrated")?.to_string();
        eprintln!(" measuring   {name}: {users} users, as for the calibration");
        let wanted = format!("{name}.rate > 1/s");
        let words = [name, "--users", &users, "--model", "closed", "--for", LOOP];
        let section = self.stress(&[&words[..], &["--threshold", &wanted]].concat()).await?;
        let rate = section.value(name, "rate").unwrap_or_default();
        Ok(Loop { section, drift: rate / then.plateau() })
    }

    /// The 95th percentile of people who come at once, and how many times the one of the calibration it
    /// is.
    pub(super) async fn burst_now(&self, name: &str, then: &Operation) -> Result<(Section, f64)> {
        eprintln!(" measuring   {name}: {PEOPLE} at once, as for the calibration");
        let people = PEOPLE.to_string();
        let section = self.stress(&[name, "--users", &people, "--repeat", REPEAT]).await?;
        let p95 = section.value(name, "p95").unwrap_or(f64::INFINITY) / 1e3;
        Ok((section, p95 / at_once_ms(then, PEOPLE)))
    }
}

/// A drift, which is nobody's mistake.
pub(super) fn drift_row(name: &str, drift: f64) -> Row {
    Row {
        name: format!("{name}: same load by now"),
        predicted: "1.00 x".to_owned(),
        measured: format!("{drift:.2} x"),
        error: None,
        holds: None,
        disturbed: false,
    }
}
