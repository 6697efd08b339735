//! All rate limits.

use std::time::Duration;

use settings::Rates;

use crate::bucket::Buckets;
use crate::codes::Codes;
use crate::concurrency::is_watching;
use crate::gate::Gate;
use crate::hops::TrustedHops;
use crate::logins::Logins;
use crate::policy::Policy;

/// How often limits evict clients that they need not remember any more.
pub const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// All rate limits. Each counts in this process alone.
pub struct RateLimits {
    /// Every request but those about health and metrics.
    pub general: Gate,
    /// Log-ins.
    pub login: Gate,
    /// Joins.
    pub join: Gate,
    /// Requests and uses of password reset tokens.
    pub reset: Gate,
    /// Registrations.
    pub registration: Gate,
    /// Verification mails.
    pub verification: Gate,
    /// Handshakes of websockets.
    pub websocket: Gate,
    /// Failed log-ins.
    pub logins: Logins,
    /// Wrong share codes.
    pub codes: Codes,
}

impl RateLimits {
    /// The limits of the settings, for requests that come through these proxies.
    ///
    /// `None` when one of them allows nothing, which the settings rule out.
    pub fn new(rates: &Rates, hops: TrustedHops) -> Option<Self> {
        let buckets = Buckets::default();
        let gate = |name, code, rate, exempts| {
            let policy = Policy::new(name, code, rate);
            Gate::new(policy, buckets.clone(), hops, exempts, rates.enabled)
        };
        let none: fn(&str) -> bool = |_| false;
        Some(Self {
            general: gate(
                "general",
                "rate_limited_general",
                rates.general,
                is_watching as fn(&str) -> bool,
            )?,
            login: gate("login", "rate_limited_login", rates.login, none)?,
            join: gate("join", "rate_limited_join", rates.join, none)?,
            reset: gate("reset", "rate_limited_reset", rates.reset, none)?,
            registration: gate(
                "registration",
                "rate_limited_registration",
                rates.registration,
                none,
            )?,
            verification: gate(
                "verification",
                "rate_limited_verification",
                rates.verification,
                none,
            )?,
            websocket: gate("websocket", "rate_limited_websocket", rates.websocket, none)?,
            logins: Logins::new(rates, buckets.clone()),
            codes: Codes::new(rates, buckets.clone()),
        })
    }

    /// Evicts clients that no limit needs to remember any more. Every limiter is named here: a new one
    /// does not compile until it is.
    pub fn sweep(&self) {
        let Self {
            general,
            login,
            join,
            reset,
            registration,
            verification,
            websocket,
            logins,
            codes,
        } = self;
        [general, login, join, reset, registration, verification, websocket]
            .into_iter()
            .for_each(Gate::sweep);
        logins.sweep();
        codes.sweep();
    }
}
