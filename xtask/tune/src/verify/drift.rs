//! The drift of the machine since the calibration, measured with loads of the calibration.
//!
//! A shared machine and its disk may be half as fast in one minute as in the next. Each prediction is
//! therefore scaled by the drift that was measured beside it: what is judged is the step from one load to
//! another, from a closed loop to an open one beyond capacity, from some users at once to more. A large drift
//! calls for a new calibration.

use anyhow::{Context as _, Result};
use stress::Section;

use super::rows::Row;
use super::{REPEAT, Verifier};
use crate::calibration::Operation;
use crate::solve::at_once_ms;

/// Seconds of a loop that is measured again.
const LOOP: &str = "3s";

/// Users at once of the repeated burst.
const USERS: usize = 36;

/// The largest loop of the calibration, repeated.
pub(super) struct Loop {
    pub(super) section: Section,
    /// Its rate, as a multiple of the plateau of the calibration.
    pub(super) drift: f64,
}

impl Verifier<'_> {
    /// Repeats the largest loop.
    pub(super) async fn rate_now(&self, name: &str, then: &Operation) -> Result<Loop> {
        let users = then.users.last().context("nothing was calibrated")?.to_string();
        eprintln!(" measuring   {name}: {users} users, as for the calibration");
        let words = [name, "--users", &users, "--model", "closed", "--for", LOOP];
        let section = self.stress(&words).await?;
        let drift = section.rate(name) / then.plateau();
        Ok(Loop { section, drift })
    }

    /// Repeats the burst; returns it, and its 95th percentile as a multiple of that of the calibration.
    pub(super) async fn burst_now(&self, name: &str, then: &Operation) -> Result<(Section, f64)> {
        eprintln!(" measuring   {name}: {USERS} at once, as for the calibration");
        let users = USERS.to_string();
        let section = self.stress(&[name, "--users", &users, "--repeat", REPEAT]).await?;
        let p95 = section.p95(name).unwrap_or(f64::INFINITY) / 1e3;
        Ok((section, p95 / at_once_ms(then, USERS)))
    }
}

/// A drift, which is not judged.
pub(super) fn drift_row(name: &str, drift: f64) -> Row {
    Row::new(format!("{name}: same load by now"), "1.00 x", format!("{drift:.2} x"))
}
