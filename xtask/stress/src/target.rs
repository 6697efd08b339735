//! The server that is put under load.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _};

use anyhow::{Context as _, Result, bail, ensure};

/// Users with a loopback address of their own: 127.10.0.1 to 127.249.249.250.
const SOURCES: usize = 240 * 250 * 250;

/// The address of the server.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// The `Host` header.
    pub(crate) host: String,
}

impl Target {
    /// Reads a URL. Another machine has to be allowed by name.
    pub(crate) fn parse(url: &str, allowed: Option<&str>) -> Result<Self> {
        let host = url.strip_prefix("http://").context("the target is no http:// URL")?;
        let host = host.trim_end_matches('/');
        ensure!(!host.contains(['/', '?', '#', '@']), "the target is a host, not a page: {url}");
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let address = if has_port { host.to_owned() } else { format!("{host}:80") };
        let mut addresses = address.to_socket_addrs().with_context(|| format!("no {host}"))?;
        let address = addresses.next().with_context(|| format!("{host} has no address"))?;
        let name = if has_port { host.rsplit_once(':').map_or(host, |it| it.0) } else { host };
        if !address.ip().is_loopback() && allowed != Some(name) {
            bail!("{name} is not this machine; if it is yours, say --allow-remote {name}");
        }
        Ok(Self { address, host: host.to_owned() })
    }

    /// A server on this machine.
    pub(crate) fn local(address: SocketAddr) -> Self {
        Self { address, host: address.to_string() }
    }

    /// An address of a user's own, so that limits by address apply as to so many machines. None where the
    /// server is on another machine.
    pub(crate) fn source(&self, user: usize) -> Option<IpAddr> {
        let user = user % SOURCES;
        let octet = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
        let source = Ipv4Addr::new(
            127,
            octet(10 + user / 62_500),
            octet(user / 250 % 250),
            octet(1 + user % 250),
        );
        (self.address.ip() == Ipv4Addr::LOCALHOST).then_some(source.into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn another_machine_must_be_allowed_by_name() {
        assert!(Target::parse("http://127.0.0.1:8000", None).is_ok());
        assert!(Target::parse("http://192.0.2.1", None).is_err());
        assert!(Target::parse("http://192.0.2.1", Some("192.0.2.2")).is_err());
        assert!(Target::parse("http://192.0.2.1:8000/", Some("192.0.2.1")).is_ok());
    }

    #[test]
    fn a_target_is_a_host_over_http() {
        for wrong in
            ["https://127.0.0.1", "127.0.0.1:80", "http://127.0.0.1/api", "http://a@127.0.0.1"]
        {
            assert!(Target::parse(wrong, None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nobody_shares_an_address() {
        let target = Target::local((Ipv4Addr::LOCALHOST, 80).into());

        let sources: HashSet<_> = (0..70_000).filter_map(|it| target.source(it)).collect();

        assert_eq!(sources.len(), 70_000);
    }
}
