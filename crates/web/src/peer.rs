//! Who is at the other end of a connection, and how many connections they have.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::proxies::TrustedProxies;

/// Connections that one address may have at once: a quarter of all, since it may be a proxy with everybody behind it.
/// Loopback and trusted proxies are not counted.
pub const MAX_CONNECTIONS_PER_PEER: u32 = 1_024;

/// The address of the peer of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// Open connections by peer. Holds no address that has none.
#[derive(Clone, Default)]
pub(crate) struct PeerCounts(Arc<Mutex<HashMap<IpAddr, u32>>>);

/// One counted connection; dropping it counts it no more.
pub(crate) struct Place {
    counts: PeerCounts,
    address: Option<IpAddr>,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PeerCounts {
    /// Counts one more connection; `None` where the peer has as many as it may.
    pub(crate) fn admit(&self, peer: Peer, trusted: &TrustedProxies) -> Option<Place> {
        let address = peer.0.to_canonical();
        if address.is_loopback() || trusted.has(address) {
            return Some(Place { counts: self.clone(), address: None });
        }
        let address = counted(address);
        let mut counts = self.lock();
        let count = counts.entry(address).or_default();
        if *count >= MAX_CONNECTIONS_PER_PEER {
            return None;
        }
        *count = count.saturating_add(1);
        Some(Place { counts: self.clone(), address: Some(address) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One source: an IPv4 address, or the /64 that one IPv6 subscriber has.
pub(crate) fn counted(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut counts = self.counts.lock();
        let left = counts.get(&address).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            counts.remove(&address);
        } else {
            counts.insert(address, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_its_share_of_connections_and_loopback_and_trusted_proxies_all() {
        let counts = PeerCounts::default();
        let trusted = TrustedProxies::new(vec![TrustedProxies::network("10.0.0.0/8").unwrap()]).unwrap();
        let admit = |text: &str| counts.admit(Peer(text.parse().unwrap()), &trusted);
        let places: Vec<Option<Place>> =
            (0..=MAX_CONNECTIONS_PER_PEER).map(|_| admit("203.0.113.5")).collect();
        assert_eq!(places.iter().filter(|place| place.is_none()).count(), 1);
        assert!(admit("::ffff:203.0.113.5").is_none(), "the same host, written as IPv6");
        assert!(admit("203.0.113.6").is_some());
        let local: Vec<_> = (0..=MAX_CONNECTIONS_PER_PEER).map(|_| admit("127.0.0.1")).collect();
        let proxied: Vec<_> = (0..=MAX_CONNECTIONS_PER_PEER).map(|_| admit("::ffff:10.0.0.1")).collect();
        assert!(local.iter().chain(&proxied).all(Option::is_some));
        drop(places);
        assert!(admit("203.0.113.5").is_some());
        drop((local, proxied));
        assert!(counts.lock().is_empty());
    }

    #[test]
    fn a_subscriber_does_not_multiply_by_the_addresses_of_his_network() {
        let counts = PeerCounts::default();
        let admit = |text: &str| counts.admit(Peer(text.parse().unwrap()), &TrustedProxies::default());
        let places: Vec<Option<Place>> =
            (0..=MAX_CONNECTIONS_PER_PEER).map(|host| admit(&format!("2001:db8::{host:x}"))).collect();
        assert_eq!(places.iter().filter(|place| place.is_none()).count(), 1);
        assert!(admit("2001:db8:0:1::1").is_some(), "the next subscriber");
        drop(places);
        assert!(counts.lock().is_empty());
    }
}
