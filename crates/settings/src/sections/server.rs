//! The HTTP server.

use std::net::{IpAddr, Ipv4Addr};

use secrecy::SecretString;
use url::Url;

use crate::keys::Keys;
use crate::secrets;

/// The HTTP server.
#[derive(Clone, Debug)]
pub struct Server {
    /// Address to listen on.
    pub host: IpAddr,
    /// Port to listen on; 0 takes any free one.
    pub port: u16,
    /// Threads that serve requests, 1 to 256 or the number of cores.
    pub workers: usize,
    /// Whether to serve the OpenAPI description and Swagger UI.
    pub docs: bool,
    /// URL of the web app, without a slash at the end; links in mails begin with it.
    pub public_url: String,
    /// How long an idle connection stays open, in seconds, 0 to 3600; 0 closes after every answer.
    pub keep_alive_secs: u64,
    /// How long a client may take to send a request's head, in milliseconds, 100 to 60,000.
    pub request_head_timeout_ms: u64,
    /// How long a client may leave an answer unread, in milliseconds, 1,000 to 600,000.
    pub unread_timeout_ms: u64,
    /// From SIGTERM to the exit at the latest, in milliseconds, 0 to 8,500.
    pub shutdown_grace_ms: u64,
    /// Bearer token that gives access to `/metrics` from anywhere; empty: no token does.
    pub metrics_token: SecretString,
    /// How often sessions, rooms and visitors are counted for `/metrics`, in seconds, 0 to 86,400; 0 is
    /// never.
    pub count_every_secs: u64,
    /// Open connections at most, over all workers, 1 to 1,000,000.
    pub connections_max: usize,
    /// Open connections of one address at most, 0 to 1,000,000; 0 for no bound, and so it is behind
    /// proxies of ours.
    pub connections_per_address: usize,
    /// Proxies of ours that every request comes through, 0 to 10.
    pub trusted_hops: usize,
}

/// Cloud Run kills 10 s after SIGTERM; the rest is for the exit itself.
const SHUTDOWN_GRACE_MS_MAX: u64 = 8_500;

impl Server {
    pub(crate) fn read(keys: &mut Keys) -> Self {
        Self {
            host: keys.text("server.host", "an IP address or localhost", host).unwrap_or(LOCALHOST),
            port: keys.number("server.port", 0..=u16::MAX),
            workers: keys.threads("server.workers", 256),
            docs: keys.flag("server.docs"),
            public_url: keys.text("server.public_url", PUBLIC_URL, public_url).unwrap_or_default(),
            keep_alive_secs: keys.number("server.keep_alive_secs", 0..=3_600),
            request_head_timeout_ms: keys.number("server.request_head_timeout_ms", 100..=60_000),
            unread_timeout_ms: keys.number("server.unread_timeout_ms", 1_000..=600_000),
            shutdown_grace_ms: keys.number("server.shutdown_grace_ms", 0..=SHUTDOWN_GRACE_MS_MAX),
            metrics_token: keys.masked("server.metrics_token", METRICS_TOKEN, check_metrics_token),
            count_every_secs: keys.number("server.count_every_secs", 0..=86_400),
            connections_max: keys.number("server.connections_max", 1..=1_000_000),
            connections_per_address: keys.number("server.connections_per_address", 0..=1_000_000),
            trusted_hops: keys.number("server.trusted_hops", 0..=10),
        }
    }
}

const METRICS_TOKEN: &str = "nothing, or 32 to 256 visible ASCII characters";

fn check_metrics_token(text: &str) -> Result<(), &'static str> {
    if secrets::has_blank_ends(text) {
        Err(secrets::BLANK_ENDS)
    } else if !(32..=256).contains(&text.len()) || !text.bytes().all(|it| it.is_ascii_graphic()) {
        Err("does not fit")
    } else if secrets::is_monotonous(text) {
        Err(secrets::MONOTONOUS)
    } else {
        Ok(())
    }
}

pub(super) const PUBLIC_URL: &str = "http:// or https:// and a host";

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn host(text: &str) -> Result<IpAddr, &'static str> {
    match text {
        "localhost" => Ok(LOCALHOST),
        text => text.parse().map_err(|_| "is not an IP address"),
    }
}

pub(super) fn public_url(text: &str) -> Result<String, &'static str> {
    let place = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let place = place.ok_or("begins with neither http:// nor https://")?;
    if place.is_empty() || place.starts_with('/') {
        Err("names no host")
    } else if place.contains(['?', '#', '@']) || place.contains(char::is_whitespace) {
        Err("has parts that a link cannot continue")
    } else if Url::parse(text).is_err() {
        Err("is no URL")
    } else {
        Ok(text.trim_end_matches('/').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_what_a_path_can_follow() {
        #[track_caller]
        fn check(text: &str, url: Option<&str>) {
            assert_eq!(public_url(text).ok().as_deref(), url, "{text}");
        }
        check("http://localhost:3000", Some("http://localhost:3000"));
        check("https://app.example.org/", Some("https://app.example.org"));
        check("https://example.org/cards", Some("https://example.org/cards"));
        check("app.example.org", None);
        check("https://", None);
        check("https:///reset", None);
        check("https://app.example.org/?page=", None);
        check("https://app.example.org/a b", None);
        check("https://[::1", None);
        check("https://app.example.org:99999", None);
    }
}
