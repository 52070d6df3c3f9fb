//! The address of a client behind trusted proxies.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use ipnet::IpNet;
use rfc7239::NodeName;

/// The proxies in front of the service. Forwarding headers of all other peers are
/// ignored.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    /// The networks from which they connect.
    pub networks: Vec<IpNet>,
    /// The header in which they name their client.
    pub header: ForwardingHeader,
}

/// The header in which proxies name their client. Only one is read: a proxy may not
/// know the other, and pass on what a client forged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardingHeader {
    /// `X-Forwarded-For`: addresses, that of the last proxy's client last.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The prefix that a proxy has removed from the path.
const X_FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// The size of the IPv6 network that counts as one client: providers usually give a
/// customer a /56.
const IPV6_PREFIX: u32 = 56;

impl TrustedProxies {
    /// Returns the client's network, to which limits apply: its IPv4 address, or the
    /// /56 of its IPv6 address.
    pub(super) fn client_network(&self, request: &HttpRequest) -> IpAddr {
        // Absent only in tests without a connection.
        let peer = request
            .peer_addr()
            .map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip());
        match self.client(peer.to_canonical(), request.headers()) {
            IpAddr::V6(address) => {
                let mask = u128::MAX << (u128::BITS - IPV6_PREFIX);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
            v4 => v4,
        }
    }

    /// Returns the nearest address that is not a proxy's. Each proxy, beginning with
    /// the peer, is believed about the hop before it.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer;
        if !self.trusts(nearest) {
            return nearest;
        }
        for hop in self.header.hops(headers).into_iter().rev() {
            // Nothing beyond an unreadable hop can be believed.
            let Some(address) = hop else { break };
            nearest = address;
            if !self.trusts(nearest) {
                break;
            }
        }
        nearest
    }

    /// Returns the path prefix that the peer names, if it is trusted. Takes the last
    /// value, because some proxies append theirs to those that they receive.
    pub(crate) fn prefix<'a>(&self, head: &'a RequestHead) -> Option<&'a str> {
        let line = head.headers().get_all(X_FORWARDED_PREFIX).last()?;
        let is_trusted = |peer: SocketAddr| self.trusts(peer.ip().to_canonical());
        if !head.peer_addr.is_some_and(is_trusted) {
            return None;
        }
        line.to_str().ok()?.rsplit(',').next().map(str::trim)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }
}

impl ForwardingHeader {
    /// Returns the addresses in all lines of the header, the nearest last; `None`
    /// stands for a hop that is not an address.
    fn hops(self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let name = match self {
            Self::XForwardedFor => X_FORWARDED_FOR,
            Self::Forwarded => header::FORWARDED,
        };
        let lines = headers.get_all(name);
        lines
            .flat_map(|line| match (self, line.to_str()) {
                (_, Err(_)) => vec![None],
                (Self::XForwardedFor, Ok(line)) => line.split(',').map(address).collect(),
                (Self::Forwarded, Ok(line)) => rfc7239::parse(line).map(forwarded_for).collect(),
            })
            .collect()
    }
}

/// Parses an address with or without a port, as proxies write it.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = IpAddr::from_str(text)
        .or_else(|_| SocketAddr::from_str(text).map(|address| address.ip()))
        .ok()?;
    Some(address.to_canonical())
}

fn forwarded_for(hop: Result<rfc7239::Forwarded<'_>, rfc7239::RfcError>) -> Option<IpAddr> {
    match hop.ok()?.forwarded_for?.name {
        NodeName::Ip(address) => Some(address.to_canonical()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn proxies(networks: &[&str], header: ForwardingHeader) -> TrustedProxies {
        TrustedProxies {
            networks: networks
                .iter()
                .map(|network| network.parse().unwrap())
                .collect(),
            header,
        }
    }

    fn network_of(peer: &str, headers: &[(&str, &str)], proxies: &TrustedProxies) -> String {
        let mut request = TestRequest::get().peer_addr(peer.parse().unwrap());
        for header in headers {
            request = request.append_header(*header);
        }
        proxies
            .client_network(&request.to_http_request())
            .to_string()
    }

    #[test]
    fn headers_of_untrusted_peers_are_ignored() {
        let headers = [
            ("x-forwarded-for", "203.0.113.9"),
            ("forwarded", "for=203.0.113.9"),
        ];
        for trusted in [&[][..], &["10.0.0.0/8"]] {
            for header in [ForwardingHeader::XForwardedFor, ForwardingHeader::Forwarded] {
                let proxies = proxies(trusted, header);
                assert_eq!(network_of("192.0.2.1:1", &headers, &proxies), "192.0.2.1");
            }
        }
    }

    #[test]
    fn the_client_is_the_first_hop_that_is_no_trusted_proxy() {
        let proxies = proxies(
            &["127.0.0.1/32", "10.0.0.0/8"],
            ForwardingHeader::XForwardedFor,
        );
        for (lines, client) in [
            (&["203.0.113.9"][..], "203.0.113.9"),
            // The client forged the first one.
            (&["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
            (&["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
            (&["203.0.113.9, 10.1.1.1"], "203.0.113.9"),
            (&["203.0.113.9:4711"], "203.0.113.9"),
            (&["::ffff:203.0.113.9"], "203.0.113.9"),
            (&["[2001:db8:1:2aff::1]:4711"], "2001:db8:1:2a00::"),
            (&["10.3.3.3, 10.1.1.1"], "10.3.3.3"),
            (&["203.0.113.9, nonsense"], "127.0.0.1"),
            (&["203.0.113.9, nonsense, 10.1.1.1"], "10.1.1.1"),
            (&[""], "127.0.0.1"),
            (&[], "127.0.0.1"),
        ] {
            let headers: Vec<_> = lines
                .iter()
                .map(|line| ("x-forwarded-for", *line))
                .collect();
            assert_eq!(
                network_of("127.0.0.1:1", &headers, &proxies),
                client,
                "{lines:?}"
            );
        }
        let other = [("forwarded", "for=198.51.100.1")];
        assert_eq!(network_of("127.0.0.1:1", &other, &proxies), "127.0.0.1");
    }

    #[test]
    fn a_prefix_is_taken_from_trusted_proxies_only() {
        let proxies = proxies(&["127.0.0.1/32"], ForwardingHeader::XForwardedFor);
        for (peer, lines, prefix) in [
            ("127.0.0.1:1", &["/api"][..], Some("/api")),
            ("[::ffff:127.0.0.1]:1", &["/api"], Some("/api")),
            ("127.0.0.1:1", &["/made/up, /api"], Some("/api")),
            ("127.0.0.1:1", &["/made/up", "/api"], Some("/api")),
            ("127.0.0.1:1", &[], None),
            ("127.0.0.1:1", &["/api", "/\u{e9}"], None),
            ("127.0.0.2:1", &["/api"], None),
            ("[::1]:1", &["/api"], None),
        ] {
            let mut request = TestRequest::get().peer_addr(peer.parse().unwrap());
            for line in lines {
                request = request.append_header(("x-forwarded-prefix", *line));
            }
            let request = request.to_http_request();
            assert_eq!(proxies.prefix(request.head()), prefix, "{peer} {lines:?}");
            let untrusting = TrustedProxies::default();
            assert_eq!(untrusting.prefix(request.head()), None);
        }
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_defines_it() {
        let proxies = proxies(&["::1/128"], ForwardingHeader::Forwarded);
        for (line, client) in [
            ("for=203.0.113.9;proto=https;by=10.0.0.1", "203.0.113.9"),
            ("for=198.51.100.1, For=\"203.0.113.9:81\"", "203.0.113.9"),
            ("for=\"[2001:db8:0:00ab::1]:4711\"", "2001:db8::"),
            ("for=unknown", "::"),
            ("for=_hidden", "::"),
            ("for=\"", "::"),
        ] {
            assert_eq!(
                network_of("[::1]:1", &[("forwarded", line)], &proxies),
                client,
                "{line}"
            );
        }
    }
}
