//! The quota of a rate limit, and the answer to a request that it refuses.

use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use api::Problem;
use governor::Quota;
use metrics::{Counter, counter};
use settings::Rate;
use thiserror::Error;

/// The header of what a limit allows (draft-ietf-httpapi-ratelimit-headers).
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The header of what is left, and when it is replenished.
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// The name of a limit, and its quota: a burst, and one more after each interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    name: &'static str,
    code: &'static str,
    pub(crate) quota: Quota,
}

/// Too many requests; a retry makes sense after `retry_after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too many requests")]
pub struct Limited {
    pub(crate) policy: Policy,
    pub(crate) retry_after: Duration,
}

impl Policy {
    /// A limit that is called `name` in headers and metrics, and `code` in bodies.
    pub(crate) fn new(name: &'static str, code: &'static str, rate: Rate) -> Self {
        let burst = NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(rate.interval()).unwrap_or(Quota::per_second(burst));
        // Registered at the start, so that the first refusal is visible as an increase.
        refused(name).increment(0);
        Self { name, code, quota: quota.allow_burst(burst) }
    }

    /// The same policy for a group of clients: `factor` times as many at once, and as many more.
    pub(crate) fn times(self, factor: u32) -> Self {
        let burst = self
            .quota
            .burst_size()
            .saturating_mul(NonZeroU32::new(factor).unwrap_or(NonZeroU32::MIN));
        let interval = self.quota.replenish_interval() / factor.max(1);
        let quota = Quota::with_period(interval).unwrap_or(self.quota).allow_burst(burst);
        Self { quota, ..self }
    }

    /// Seconds until the whole quota is replenished, rounded up.
    fn window(&self) -> u64 {
        whole_seconds(self.quota.burst_size_replenished_in())
    }
}

impl From<Limited> for Problem {
    fn from(limited: Limited) -> Self {
        let Policy { name, code, quota } = limited.policy;
        refused(name).increment(1);
        let seconds = whole_seconds(limited.retry_after);
        let (burst, window) = (quota.burst_size(), limited.policy.window());
        let policy = format!("\"{name}\";q={burst};w={window}");
        let left = format!("\"{name}\";r=0;t={seconds}");
        let detail = "Too many requests, please try again later";
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail).retry_after(seconds);
        [(POLICY, policy), (LEFT, left)].into_iter().fold(problem, |problem, (header, value)| {
            match HeaderValue::try_from(value) {
                Ok(value) => problem.with_header(header, value),
                Err(_) => problem,
            }
        })
    }
}

fn refused(limit: &'static str) -> Counter {
    counter!("cardroom_rate_limited_total", "limit" => limit)
}

/// Rounded up, so that no client comes back too early, and at least one.
pub(crate) fn whole_seconds(time: Duration) -> u64 {
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)).max(1)
}
