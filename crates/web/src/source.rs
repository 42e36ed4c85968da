//! Whose request it is: the peer's, or that of the client whom a trusted proxy names in `X-Forwarded-For`.
//!
//! The header is read from the right, since each proxy adds the peer that it saw at that end: what stands further left than
//! the first address that is no trusted proxy may be the client's own invention, and is not looked at. `Forwarded`
//! (RFC 7239) is not read: a proxy that writes one of the two headers hands the other through as the client sent it, so that
//! whoever reads both lets the client choose.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};

use crate::peer::Peer;
use crate::proxies::TrustedProxies;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Proxies behind each other that are walked through.
const MAX_HOPS: usize = 16;
/// Bytes of one address with its port.
const MAX_ADDRESS_SIZE_BYTES: usize = 64;

/// The address that records name and limits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Source {
    address: IpAddr,
    is_forwarded: bool,
}

/// Why what a trusted proxy says is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Untaken {
    /// It names no address.
    Malformed,
    /// There are more proxies behind each other than are walked through.
    TooLong,
}

impl Source {
    /// Who sent a request with these headers over a connection of this peer.
    pub(crate) fn of(peer: Peer, headers: &HeaderMap, trusted: &TrustedProxies) -> Self {
        let peer = peer.0.to_canonical();
        let itself = Self { address: peer, is_forwarded: false };
        if !trusted.has(peer) {
            return itself;
        }
        match forwarded(headers, trusted) {
            Ok(Some(address)) => Self { address, is_forwarded: true },
            Ok(None) => itself,
            Err(reason) => {
                tracing::debug!(%peer, "the `X-Forwarded-For` of a trusted proxy is not taken: {reason:?}");
                itself
            }
        }
    }

    /// The address, in its canonical form.
    pub(crate) fn address(self) -> IpAddr {
        self.address
    }

    /// Whether a process of this machine has connected by itself, and speaks for nobody else.
    pub(crate) fn is_this_machine(self) -> bool {
        !self.is_forwarded && self.address.is_loopback()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

/// The rightmost address that is no trusted proxy. Several headers are one list, in their order (RFC 9110 §5.3).
fn forwarded(headers: &HeaderMap, trusted: &TrustedProxies) -> Result<Option<IpAddr>, Untaken> {
    let lists = headers.get_all(FORWARDED_FOR).into_iter().rev();
    let entries = lists.flat_map(|list| list.as_bytes().rsplit(|byte| *byte == b','));
    for (hops, entry) in entries.enumerate() {
        if hops >= MAX_HOPS {
            return Err(Untaken::TooLong);
        }
        let address = address(entry).ok_or(Untaken::Malformed)?;
        if !trusted.has(address) {
            return Ok(Some(address));
        }
    }
    Ok(None)
}

/// `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]`, and each with a port. A zone names a network of another machine.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    if text.len() > MAX_ADDRESS_SIZE_BYTES || text.contains('%') {
        return None;
    }
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    text.parse::<IpAddr>().ok().or_else(bracketed).or_else(with_port).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted(networks: &[&str]) -> TrustedProxies {
        TrustedProxies::new(networks.iter().map(|text| TrustedProxies::network(text).unwrap()).collect())
            .unwrap()
    }

    fn source(peer: &str, lists: &[&str], trusted: &TrustedProxies) -> String {
        let mut headers = HeaderMap::new();
        for list in lists {
            headers.append(FORWARDED_FOR, list.parse().unwrap());
        }
        Source::of(Peer(peer.parse().unwrap()), &headers, trusted).to_string()
    }

    #[test]
    fn the_rightmost_address_that_is_no_trusted_proxy_is_the_source() {
        let proxies = trusted(&["10.0.0.0/8", "127.0.0.1", "2001:db8:1::/48"]);
        for (peer, lists, wanted) in [
            ("10.0.0.1", &["203.0.113.5"][..], "203.0.113.5"),
            ("10.0.0.1", &["198.51.100.1, 203.0.113.5"], "203.0.113.5"),
            ("10.0.0.1", &["203.0.113.5, 10.0.0.2,\t10.0.0.3 "], "203.0.113.5"),
            ("10.0.0.1", &["198.51.100.1", "203.0.113.5", "10.0.0.2"], "203.0.113.5"),
            ("10.0.0.1", &["nonsense, 203.0.113.5"], "203.0.113.5"),
            ("10.0.0.1", &["203.0.113.5:4711"], "203.0.113.5"),
            ("10.0.0.1", &["::ffff:203.0.113.5"], "203.0.113.5"),
            ("10.0.0.1", &["[::ffff:203.0.113.5]:80, ::ffff:10.0.0.2"], "203.0.113.5"),
            ("10.0.0.1", &["2001:db8::5"], "2001:db8::5"),
            ("10.0.0.1", &["[2001:db8::5]"], "2001:db8::5"),
            ("10.0.0.1", &["[2001:db8::5]:4711, 2001:db8:1::9"], "2001:db8::5"),
            ("::ffff:10.0.0.1", &["203.0.113.5"], "203.0.113.5"),
            ("127.0.0.1", &["203.0.113.5"], "203.0.113.5"),
        ] {
            assert_eq!(source(peer, lists, &proxies), wanted, "{peer} {lists:?}");
        }
    }

    #[test]
    fn what_names_no_client_leaves_the_proxy_as_the_source() {
        let proxies = trusted(&["10.0.0.0/8"]);
        let long = format!("203.0.113.5,{}", vec!["10.0.0.2"; MAX_HOPS].join(","));
        let wide = format!("{}1", " ".repeat(9_000));
        for list in [
            "",
            " ",
            "unknown",
            "unix:",
            "_hidden",
            "203.0.113.5,",
            "203.0.113.5,,10.0.0.2",
            "203.0.113",
            "0203.0.113.5",
            "203.0.113.5:",
            "203.0.113.5:99999",
            "[203.0.113.5]",
            "[2001:db8::5",
            "2001:db8::5]",
            "[2001:db8::5]:",
            "fe80::1%eth0",
            "[fe80::1%1]:80",
            "fe80::1%1",
            "for=203.0.113.5",
            "\"203.0.113.5\"",
            "203.0.113.5;10.0.0.2",
            "10.0.0.2",
            &long,
            &wide,
        ] {
            assert_eq!(source("10.0.0.1", &[list], &proxies), "10.0.0.1", "{list:?}");
        }
        let longest = format!("203.0.113.5,{}", vec!["10.0.0.2"; MAX_HOPS.saturating_sub(1)].join(","));
        assert_eq!(source("10.0.0.1", &[&longest], &proxies), "203.0.113.5");
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED_FOR, axum::http::HeaderValue::from_bytes(b"203.0.113.\xff").unwrap());
        assert_eq!(Source::of(Peer("10.0.0.1".parse().unwrap()), &headers, &proxies).to_string(), "10.0.0.1");
    }

    #[test]
    fn nobody_else_is_listened_to() {
        for proxies in [TrustedProxies::default(), trusted(&["10.0.0.0/8"])] {
            for peer in ["192.0.2.7", "127.0.0.1", "2001:db8::7"] {
                assert_eq!(source(peer, &["203.0.113.5", "10.0.0.1"], &proxies), peer);
            }
        }
        let mut headers = HeaderMap::new();
        headers.append("forwarded", "for=203.0.113.5".parse().unwrap());
        let peer = Peer("10.0.0.1".parse().unwrap());
        assert_eq!(Source::of(peer, &headers, &trusted(&["10.0.0.0/8"])).to_string(), "10.0.0.1");
    }

    #[test]
    fn whom_a_proxy_on_this_machine_speaks_for_is_not_this_machine() {
        let proxies = trusted(&["127.0.0.1"]);
        let mut headers = HeaderMap::new();
        let peer = Peer("127.0.0.1".parse().unwrap());
        assert!(Source::of(peer, &headers, &proxies).is_this_machine());
        headers.append(FORWARDED_FOR, "127.0.0.2".parse().unwrap());
        let source = Source::of(peer, &headers, &proxies);
        assert_eq!((source.to_string().as_str(), source.is_this_machine()), ("127.0.0.2", false));
    }
}
