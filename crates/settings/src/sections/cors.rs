//! Web pages that may call the API.

use crate::keys::Keys;

/// Web pages that may call the API.
#[derive(Clone, Debug)]
pub struct Cors {
    /// Origins as browsers send them, `scheme://host[:port]`; `*` is any.
    pub origins: Vec<String>,
}

impl Cors {
    pub(crate) fn read(keys: &mut Keys) -> Self {
        let accepted = "http(s)://host[:port] in small letters, without a path, or *";
        Self { origins: keys.list("cors.origins", accepted, check_origin) }
    }
}

/// Refuses what no browser sends as `Origin`: origins are compared byte by byte.
fn check_origin(text: &str) -> Result<(), &'static str> {
    if text == "*" {
        return Ok(());
    }
    let https = text.strip_prefix("https://").map(|host| (host, "443"));
    let http = text.strip_prefix("http://").map(|host| (host, "80"));
    let (host, default_port) = https.or(http).ok_or("does not fit")?;
    let is_plain =
        |c: char| c.is_ascii_graphic() && !c.is_ascii_uppercase() && !"/?#@*".contains(c);
    if host.is_empty() || !host.chars().all(is_plain) {
        return Err("does not fit");
    }
    match port(host) {
        Some(port) if port == default_port => {
            Err("names the default port, which browsers leave out: leave it out as well")
        }
        Some(port) if !is_port(port) => Err("names a port that is none"),
        _ => Ok(()),
    }
}

/// The port of `host:port` or `[::1]:port`.
fn port(host: &str) -> Option<&str> {
    let after = host.rsplit_once(']').map_or(host, |(_, after)| after);
    after.split_once(':').map(|(_, port)| port)
}

/// Whether this is a port as browsers write it: without leading zeros.
fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port > 0 && port.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for text in [
            "*",
            "http://localhost:3000",
            "http://localhost:443",
            "https://a.example:80",
            "https://app.example.org",
            "http://[::1]:3000",
        ] {
            assert!(check_origin(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "app.example.org",
            "ftp://example.org",
            "https://",
            "https://app.example.org/",
            "https://App.example.org",
            "https://*.example.org",
            "https://a b",
            "https://app.example.org:443",
            "http://localhost:80",
            "http://[::1]:80",
            "https://app.example.org:",
            "https://app.example.org:08443",
            "https://app.example.org:65536",
            "https://app.example.org:web",
        ] {
            assert!(check_origin(text).is_err(), "{text}");
        }
    }
}
