//! What an endpoint of the settings may reach, and whom it trusts.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::ClientConfig;

use crate::fault::{FetchFault, FetchSetupFault};
use crate::kind::AddressKind;
use crate::target::{Host, Target};
use crate::tls;

/// What requests to one endpoint may do. The default is the strictest: TLS, and public addresses only.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each lifts one restriction, and any of them go together")]
pub struct EndpointRules {
    /// `http://` is allowed, to loopback addresses alone: plain HTTP never leaves the machine, whatever else is allowed.
    pub plain_http: bool,
    /// Private networks are allowed: RFC 1918, shared space, unique local. Metadata services inside them are not.
    pub private_network: bool,
    /// This machine is allowed. Such an endpoint never goes through a proxy.
    pub loopback: bool,
    /// Any address is allowed but those of no machine (unspecified, multicast, broadcast): for `client`, inside a job.
    pub any_address: bool,
    /// Certificates (PEM) that are trusted instead of the system's, for this endpoint alone.
    pub ca_pem: Option<Vec<u8>>,
}

/// One configured place to which requests go.
#[derive(Debug, Clone)]
pub struct Endpoint {
    rules: EndpointRules,
    /// Of `ca_pem`, where there is one.
    tls: Option<Result<Arc<ClientConfig>, FetchSetupFault>>,
}

/// Whether `ca_pem` holds at least one certificate, and none that cannot be used.
pub fn check_ca_pem(ca_pem: &[u8]) -> Result<(), FetchSetupFault> {
    tls::config_of_ca(ca_pem).map(|_| ())
}

impl Endpoint {
    /// An endpoint under these rules. A `ca_pem` that [`check_ca_pem`] refuses fails every request to it.
    pub fn new(rules: EndpointRules) -> Self {
        let tls = rules.ca_pem.as_deref().map(tls::config_of_ca);
        Self { rules, tls }
    }

    /// The endpoint's own trust, else the system's.
    pub(crate) fn tls(&self, system: &Arc<ClientConfig>) -> Result<Arc<ClientConfig>, FetchSetupFault> {
        self.tls.clone().unwrap_or_else(|| Ok(Arc::clone(system)))
    }

    /// Whether a proxy may carry its requests at all.
    pub(crate) fn may_use_proxy(&self) -> bool {
        !self.rules.loopback
    }

    /// Judges what can be judged before a name is resolved: the scheme, and an address in place of a name.
    pub(crate) fn admit_target(&self, target: &Target) -> Result<(), FetchFault> {
        if !target.is_tls && !self.rules.plain_http {
            return Err(FetchFault::SchemeRefused);
        }
        match target.host {
            Host::Address(address) => self.admit_address(target, address),
            Host::Name(_) => Ok(()),
        }
    }

    /// Judges one address of the target.
    pub(crate) fn admit_address(&self, target: &Target, address: IpAddr) -> Result<(), FetchFault> {
        let kind = AddressKind::of(address);
        if self.admits(kind) && (target.is_tls || kind == AddressKind::Loopback) {
            return Ok(());
        }
        Err(FetchFault::AddressRefused { host: target.host.to_string(), kind })
    }

    fn admits(&self, kind: AddressKind) -> bool {
        let rules = &self.rules;
        match kind {
            AddressKind::Public => true,
            AddressKind::Loopback => rules.loopback || rules.any_address,
            AddressKind::Private => rules.private_network || rules.any_address,
            AddressKind::LinkLocal | AddressKind::Metadata | AddressKind::Reserved => rules.any_address,
            AddressKind::Nowhere => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESSES: [(&str, AddressKind); 7] = [
        ("8.8.8.8", AddressKind::Public),
        ("127.0.0.1", AddressKind::Loopback),
        ("10.0.0.1", AddressKind::Private),
        ("169.254.169.254", AddressKind::LinkLocal),
        ("fd00:ec2::254", AddressKind::Metadata),
        ("192.0.2.1", AddressKind::Reserved),
        ("0.0.0.0", AddressKind::Nowhere),
    ];

    /// The kinds that are admitted for a URL of this scheme.
    fn admitted(scheme: &str, rules: EndpointRules) -> Vec<AddressKind> {
        let target = Target::parse(&format!("{scheme}://a.example/")).unwrap();
        let endpoint = Endpoint::new(rules);
        let admits = |address: &str| endpoint.admit_address(&target, address.parse().unwrap()).is_ok();
        ADDRESSES.iter().filter(|(address, _)| admits(address)).map(|(_, kind)| *kind).collect()
    }

    #[test]
    fn rules_admit_what_they_say_and_no_more() {
        use AddressKind::{LinkLocal, Loopback, Metadata, Private, Public, Reserved};
        let strict = EndpointRules::default;
        for (rules, kinds) in [
            (strict(), vec![Public]),
            (EndpointRules { plain_http: true, ..strict() }, vec![Public]),
            (EndpointRules { loopback: true, ..strict() }, vec![Public, Loopback]),
            (EndpointRules { private_network: true, ..strict() }, vec![Public, Private]),
            (
                EndpointRules { any_address: true, ..strict() },
                vec![Public, Loopback, Private, LinkLocal, Metadata, Reserved],
            ),
        ] {
            assert_eq!(admitted("https", rules.clone()), kinds, "{rules:?}");
        }
    }

    #[test]
    fn plain_http_never_leaves_the_machine() {
        let all = EndpointRules {
            plain_http: true,
            private_network: true,
            loopback: true,
            any_address: true,
            ca_pem: None,
        };
        assert_eq!(admitted("http", all), [AddressKind::Loopback]);
        let alone = EndpointRules { plain_http: true, ..EndpointRules::default() };
        assert_eq!(admitted("http", alone), []);
    }
}
