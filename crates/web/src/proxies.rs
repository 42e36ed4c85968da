//! The proxies whose word is taken on where a request comes from.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

/// Networks that may be named; each is looked at for every address that a proxy adds.
pub const MAX_TRUSTED_PROXIES: usize = 64;

/// Networks of proxies in front of this server. Empty unless an operator says otherwise: nobody's word is taken then.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

/// Why a text names no proxies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyFault {
    /// It is neither an address nor a network.
    #[error("`{0}` is neither an address nor a network")]
    Malformed(String),
    /// The address has bits outside the network.
    #[error("`{text}` is not a network: its first address is `{network}`")]
    NotFirst {
        /// As it was written.
        text: String,
        /// The network that this address is in.
        network: IpNet,
    },
    /// It is IPv4 in the clothes of IPv6, which no peer is compared as.
    #[error("`{0}` is IPv4 that is written as IPv6")]
    Mapped(String),
    /// Everybody would be a proxy, and could say to be anybody.
    #[error("`{0}` is every address there is, so that everybody could say to be anybody")]
    Everybody(String),
    /// More than [`MAX_TRUSTED_PROXIES`].
    #[error("more than {MAX_TRUSTED_PROXIES} are named")]
    TooMany,
}

impl TrustedProxies {
    /// Takes networks as [`TrustedProxies::network`] reads them.
    pub fn new(networks: Vec<IpNet>) -> Result<Self, ProxyFault> {
        if networks.len() > MAX_TRUSTED_PROXIES {
            return Err(ProxyFault::TooMany);
        }
        Ok(Self(networks.into()))
    }

    /// Reads an address, or a network as `10.0.0.0/8`.
    pub fn network(text: &str) -> Result<IpNet, ProxyFault> {
        let network = match text.parse::<IpNet>() {
            Ok(network) => network,
            Err(_) => {
                IpNet::from(text.parse::<IpAddr>().map_err(|_| ProxyFault::Malformed(text.to_owned()))?)
            }
        };
        if network.prefix_len() == 0 {
            return Err(ProxyFault::Everybody(text.to_owned()));
        }
        if network.trunc() != network {
            return Err(ProxyFault::NotFirst { text: text.to_owned(), network: network.trunc() });
        }
        if network.addr().to_canonical() != network.addr() {
            return Err(ProxyFault::Mapped(text.to_owned()));
        }
        Ok(network)
    }

    /// The networks that are trusted.
    pub fn networks(&self) -> &[IpNet] {
        &self.0
    }

    /// Whether nobody's word is taken.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this address, in its canonical form, is one of them.
    pub(crate) fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_a_network_is_taken_and_nothing_else() {
        for (text, network) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("127.0.0.1", "127.0.0.1/32"),
            ("::1", "::1/128"),
            ("2001:db8::/32", "2001:db8::/32"),
        ] {
            assert_eq!(TrustedProxies::network(text).unwrap().to_string(), network);
        }
        for (text, fault) in [
            ("", "neither"),
            ("proxy.corp", "neither"),
            ("10.0.0.0/33", "neither"),
            ("10.0.0.1:80", "neither"),
            ("fe80::1%eth0", "neither"),
            ("10.0.0.1/8", "its first address is `10.0.0.0/8`"),
            ("::ffff:10.0.0.1", "IPv4 that is written as IPv6"),
            ("::ffff:10.0.0.0/104", "IPv4 that is written as IPv6"),
            ("0.0.0.0/0", "every address"),
            ("::/0", "every address"),
        ] {
            let told = TrustedProxies::network(text).unwrap_err().to_string();
            assert!(told.contains(fault), "{text}: {told}");
        }
        let one = TrustedProxies::network("10.0.0.1").unwrap();
        assert_eq!(
            TrustedProxies::new(vec![one; MAX_TRUSTED_PROXIES.saturating_add(1)]).unwrap_err(),
            ProxyFault::TooMany
        );
    }
}
