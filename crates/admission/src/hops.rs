//! Proxies that are trusted to name the client.

use actix_web::HttpRequest;

/// Proxies of ours that every request comes through. Each adds the address it serves to the end of
/// `X-Forwarded-For`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrustedHops(pub usize);

impl TrustedHops {
    /// The hops that the application was configured with; none where it was not.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        request.app_data().copied().unwrap_or_default()
    }
}
