//! Limits that count every request of an address, beside the routes they guard.

use std::num::NonZeroU32;

use actix_governor::governor::NotUntil;
use actix_governor::governor::clock::{Clock, DefaultClock, QuantaInstant};
use actix_governor::governor::middleware::NoOpMiddleware;
use actix_governor::{Governor, GovernorConfig, GovernorConfigBuilder, KeyExtractor};
use actix_web::dev::{HttpServiceFactory, ServiceRequest};
use actix_web::guard::fn_guard;
use actix_web::middleware::Condition;
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError, web};
use api::Problem;

use crate::address::{ClientAddress, no_address};
use crate::bucket::{Bucket, Buckets};
use crate::hops::TrustedHops;
use crate::path_pattern::matches;
use crate::policy::{Limited, Policy};

/// Bytes of a body that count as one more request: a save of the largest document takes as long as a dozen
/// usual ones.
const BYTES_OF_ONE: usize = 16 << 10;

/// A limit of the requests that one address sends. Cloning shares the count.
#[derive(Clone)]
pub struct Gate {
    config: GovernorConfig<ByAddress, NoOpMiddleware>,
    counted: ByAddress,
    is_on: bool,
}

/// Counts by client address, and writes the refusal.
#[derive(Clone)]
pub struct ByAddress {
    policy: Policy,
    buckets: Buckets,
    hops: TrustedHops,
    exempts: fn(&str) -> bool,
}

impl Gate {
    /// A gate that enforces `policy`, except for the paths that `exempts` names.
    ///
    /// `None` when the policy allows nothing, which the settings rule out.
    pub(crate) fn new(
        policy: Policy,
        buckets: Buckets,
        hops: TrustedHops,
        exempts: fn(&str) -> bool,
        is_on: bool,
    ) -> Option<Self> {
        let counted = ByAddress { policy, buckets, hops, exempts };
        let config = GovernorConfigBuilder::default()
            .period(policy.quota.replenish_interval())
            .burst_size(policy.quota.burst_size().get())
            .key_extractor(counted.clone())
            .finish()?;
        Some(Self { config, counted, is_on })
    }

    /// The layer that counts; it lets every request through when limits are off.
    pub fn layer(&self) -> Condition<Governor<ByAddress, NoOpMiddleware>> {
        Condition::new(self.is_on, Governor::new(&self.config))
    }

    /// Counts the body of a request that the layer let through: one more for each 16 KiB, up to the burst.
    ///
    /// # Errors
    /// When the address has no such quota left.
    pub(crate) fn count_body(&self, request: &ServiceRequest, bytes: usize) -> Result<(), Problem> {
        let burst = self.counted.policy.quota.burst_size().get();
        let further = u32::try_from(bytes / BYTES_OF_ONE).unwrap_or(u32::MAX).min(burst);
        let Some(further) = NonZeroU32::new(further).filter(|_| self.is_on) else { return Ok(()) };
        let bucket = self.counted.extract(request)?;
        if bucket == Bucket::EXEMPT {
            return Ok(());
        }
        match self.config.limiter().check_key_n(&bucket, further) {
            Ok(Err(negative)) => Err(self.counted.limited(&negative).into()),
            // More than the burst is not counted at once.
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }

    /// A route behind this gate; `P` is its description, which names the path.
    ///
    /// Requests of every method with this path go to `route` alone. If the path has several routes, hand
    /// them over as a tuple; all of them count.
    pub fn guard<P: utoipa::Path, R: HttpServiceFactory + 'static>(
        &self,
        route: R,
    ) -> impl HttpServiceFactory + use<P, R> {
        let pattern = P::path();
        let is_it = fn_guard(move |request| matches(&pattern, request.head().uri.path()));
        web::scope("").guard(is_it).wrap(self.layer()).service(route)
    }

    /// Evicts addresses whose quota is full again.
    pub(crate) fn sweep(&self) {
        let limiter = self.config.limiter();
        limiter.retain_recent();
        limiter.shrink_to_fit();
    }
}

impl ByAddress {
    fn limited(&self, negative: &NotUntil<QuantaInstant>) -> Limited {
        let retry_after = negative.wait_time_from(DefaultClock::default().now());
        Limited { policy: self.policy, retry_after }
    }
}

impl KeyExtractor for ByAddress {
    type Key = Bucket;
    type KeyExtractionError = Problem;

    fn extract(&self, request: &ServiceRequest) -> Result<Bucket, Problem> {
        if (self.exempts)(request.path()) {
            return Ok(Bucket::EXEMPT);
        }
        let client = ClientAddress::of(request.request(), self.hops);
        client.map(|client| self.buckets.of(client)).ok_or_else(no_address)
    }

    fn exceed_rate_limit_response(
        &self,
        negative: &NotUntil<QuantaInstant>,
        _: HttpResponseBuilder,
    ) -> HttpResponse {
        Problem::from(self.limited(negative)).error_response()
    }

    fn whitelisted_keys(&self) -> Vec<Bucket> {
        vec![Bucket::EXEMPT]
    }
}
