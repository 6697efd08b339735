//! Bounds of clients and their consultation records, and the mail that verifies their addresses.

use super::server::{PUBLIC_URL, public_url};
use crate::keys::Keys;

/// Bounds of clients and their consultation records, and the mail that verifies their addresses.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Clients that one account has at most, archived ones included, 1 to 100,000.
    pub per_account: i64,
    /// Consultation records that one client has at most, 1 to 100,000.
    pub records_per_client: i64,
    /// How long a link that verifies an address is valid, in minutes, 1 to 10,080.
    pub verification_minutes: u32,
    /// URL of the route that verifies an address, without its query; empty: below `server.public_url`.
    pub verification_url: String,
}

impl Clients {
    pub(crate) fn read(keys: &mut Keys) -> Self {
        let url = |text: &str| if text.is_empty() { Ok(String::new()) } else { public_url(text) };
        let accepted = format!("nothing, or {PUBLIC_URL}");
        Self {
            per_account: keys.number("clients.per_account", 1..=100_000),
            records_per_client: keys.number("clients.records_per_client", 1..=100_000),
            verification_minutes: keys.number("clients.verification_minutes", 1..=10_080),
            verification_url: keys
                .text("clients.verification_url", &accepted, url)
                .unwrap_or_default(),
        }
    }
}
