//! The client of a request, as its address identifies it.

use std::fmt;
use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest};
use api::Problem;

use crate::hops::TrustedHops;

/// The header to which each proxy appends the address of its client.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Bits of an IPv6 address that name a network; its owner assigns the others freely (RFC 6177).
const IPV6_NETWORK_BITS: u32 = 64;

/// A client as limits see it: an IPv4 address, or an IPv6 network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// The client of a request that came through these proxies; `None` when the connection has no
    /// address.
    pub fn of(request: &HttpRequest, TrustedHops(hops): TrustedHops) -> Option<Self> {
        let headers = request.headers().get_all(FORWARDED_FOR);
        let entries = headers.filter_map(|it| it.to_str().ok()).flat_map(|it| it.split(','));
        request.peer_addr().map(|peer| Self::behind(peer.ip(), entries, hops))
    }

    /// The network of the client as the list of sessions shows it: an IPv4 /24 or an IPv6 /48. Clients of
    /// one network are different clients.
    pub fn network(self) -> String {
        match self.0 {
            IpAddr::V4(host) => {
                let [a, b, c, _] = host.octets();
                format!("{a}.{b}.{c}.0/24")
            }
            IpAddr::V6(host) => {
                let site = Ipv6Addr::from_bits(host.to_bits() >> 80 << 80);
                format!("{site}/48")
            }
        }
    }

    /// The IPv6 site of the client, a /48, of which one owner has all networks (RFC 6177); `None` of an
    /// IPv4 address.
    pub(crate) fn site(self) -> Option<Ipv6Addr> {
        match self.0 {
            IpAddr::V4(_) => None,
            IpAddr::V6(host) => Some(Ipv6Addr::from_bits(host.to_bits() >> 80 << 80)),
        }
    }

    /// The client of a connection of `peer`, with these `entries` of the proxies.
    ///
    /// With as many proxies as `hops`, that entry from the right is the client, and everything left of it
    /// was written by the client itself. Without such an entry the request bypassed a proxy, and the
    /// client is the peer of the connection.
    fn behind<'a>(
        peer: IpAddr,
        entries: impl DoubleEndedIterator<Item = &'a str>,
        hops: usize,
    ) -> Self {
        let noted = hops.checked_sub(1).and_then(|index| entries.rev().nth(index));
        noted.and_then(address).unwrap_or(peer).into()
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        Self(network(address))
    }
}

impl FromRequest for ClientAddress {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request, TrustedHops::of(request)).ok_or_else(no_address))
    }
}

/// 400: no limit can count a request whose client has no address, so it is refused. The server drops
/// such connections before.
pub(crate) fn no_address() -> Problem {
    let detail = "The connection has no address";
    Problem::new(StatusCode::BAD_REQUEST, "no_client_address", detail)
}

/// The address in an entry, which may have a port.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let with_port = || entry.parse::<SocketAddr>().ok().map(|it| it.ip());
    entry.parse().ok().or_else(with_port)
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(host) => {
            Ipv6Addr::from_bits(host.to_bits() >> IPV6_NETWORK_BITS << IPV6_NETWORK_BITS).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behind(header: &str, hops: usize) -> String {
        let peer = "::ffff:10.0.0.1".parse().unwrap();
        ClientAddress::behind(peer, header.split(','), hops).0.to_string()
    }

    #[test]
    fn the_client_is_counted_from_the_right() {
        let forged = "1.1.1.1, 2.2.2.2, 198.51.100.7, 203.0.113.9";
        assert_eq!(behind(forged, 0), "10.0.0.1");
        assert_eq!(behind(forged, 1), "203.0.113.9");
        assert_eq!(behind(forged, 2), "198.51.100.7");
    }

    #[test]
    fn an_entry_that_is_no_address_is_ignored() {
        for header in ["", "unknown", "203.0.113.9, x", "_hidden", "1.1.1.1, 999.0.0.1"] {
            assert_eq!(behind(header, 1), "10.0.0.1", "{header}");
        }
        assert_eq!(behind("203.0.113.9", 2), "10.0.0.1");
    }

    #[test]
    fn ports_and_mapped_addresses_are_unwrapped() {
        assert_eq!(behind("203.0.113.9:4711", 1), "203.0.113.9");
        assert_eq!(behind("::ffff:203.0.113.9", 1), "203.0.113.9");
        assert_eq!(behind("[2001:db8::1]:443", 1), "2001:db8::");
    }

    #[test]
    fn the_network_of_a_client_is_a_24_or_a_48() {
        let network = |text: &str| ClientAddress::from(text.parse::<IpAddr>().unwrap()).network();
        assert_eq!(network("203.0.113.9"), "203.0.113.0/24");
        assert_eq!(network("2001:db8:1:2::3"), "2001:db8:1::/48");
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        assert_eq!(behind("2001:db8:1:2:3:4:5:6", 1), behind("2001:db8:1:2:ffff::", 1));
        assert_ne!(behind("2001:db8:1:2::1", 1), behind("2001:db8:1:3::1", 1));
    }
}
