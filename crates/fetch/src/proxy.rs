//! The outbound proxy of the settings, and what does not go through it.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::fault::FetchSetupFault;
use crate::target::{Host, host_of, split_authority};

/// How requests leave this machine. The environment's proxy variables are not read here.
#[derive(Debug, Clone, Default)]
pub struct Outbound {
    /// `http://host:port` of a proxy that opens tunnels (`CONNECT`), without a user.
    ///
    /// Names are then resolved by the proxy, so that the rules on their addresses are the proxy's to keep; an address in
    /// place of a name is still judged here.
    pub proxy: Option<String>,
    /// What is reached without the proxy: a host, `*.suffix` (what is below it, not itself), an address or a CIDR. The
    /// last two compare with addresses in URLs alone: no name is resolved for them.
    pub no_proxy: Vec<String>,
}

/// [`Outbound`], parsed.
#[derive(Debug)]
pub(crate) struct ProxyRules {
    proxy: Option<Proxy>,
    exempt: Vec<Exempt>,
}

/// Where the proxy is.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) host: Host,
    pub(crate) port: u16,
}

#[derive(Debug)]
enum Exempt {
    Host(String),
    /// With the dot before it.
    Below(String),
    Network(IpNet),
}

impl ProxyRules {
    pub(crate) fn parse(outbound: &Outbound) -> Result<Self, FetchSetupFault> {
        let proxy = outbound.proxy.as_deref().map(Proxy::parse).transpose();
        let exempt = outbound.no_proxy.iter().map(|entry| Exempt::parse(entry)).collect::<Result<_, _>>()?;
        Ok(Self { proxy: proxy.map_err(FetchSetupFault::ProxyMalformed)?, exempt })
    }

    /// The proxy for this host. This machine is never looked for behind one.
    pub(crate) fn proxy_for(&self, host: &Host) -> Option<&Proxy> {
        let is_direct = is_this_machine(host) || self.exempt.iter().any(|exempt| exempt.covers(host));
        self.proxy.as_ref().filter(|_| !is_direct)
    }
}

impl Proxy {
    fn parse(url: &str) -> Result<Self, &'static str> {
        let authority = url.strip_prefix("http://").ok_or("it does not begin with `http://`")?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let (host, port) = split_authority(authority)?;
        Ok(Self { host, port: port.ok_or("it has no port")? })
    }
}

impl Exempt {
    fn parse(entry: &str) -> Result<Self, FetchSetupFault> {
        let malformed = || FetchSetupFault::NoProxyMalformed(entry.to_owned());
        if let Ok(network) = entry.parse() {
            return Ok(Self::Network(network));
        }
        if let Ok(address) = entry.parse::<IpAddr>() {
            return Ok(Self::Network(address.into()));
        }
        let (suffix, is_below) = entry.strip_prefix("*.").map_or((entry, false), |suffix| (suffix, true));
        match host_of(suffix) {
            Ok(Host::Name(name)) if is_below => Ok(Self::Below(format!(".{name}"))),
            Ok(Host::Name(name)) => Ok(Self::Host(name)),
            Ok(Host::Address(_)) | Err(_) => Err(malformed()),
        }
    }

    fn covers(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Host(exempt), Host::Name(name)) => exempt == name,
            (Self::Below(suffix), Host::Name(name)) => name.ends_with(suffix.as_str()),
            (Self::Network(network), Host::Address(address)) => network.contains(&address.to_canonical()),
            (Self::Host(_) | Self::Below(_), Host::Address(_)) | (Self::Network(_), Host::Name(_)) => false,
        }
    }
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Name(name) => name == "localhost",
        Host::Address(address) => address.to_canonical().is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(no_proxy: &[&str]) -> Result<ProxyRules, FetchSetupFault> {
        ProxyRules::parse(&Outbound {
            proxy: Some("http://proxy.corp:3128".to_owned()),
            no_proxy: no_proxy.iter().map(|&entry| entry.to_owned()).collect(),
        })
    }

    #[test]
    fn no_proxy_means_what_it_says() {
        let rules = rules(&["ghes.corp", "*.intern.corp", "10.1.2.3", "172.16.0.0/12", "fd00::/8"]).unwrap();
        for (authority, is_direct) in [
            ("ghes.corp", true),
            ("GHES.corp", true),
            ("x.ghes.corp", false),
            ("ghes.corp.example", false),
            ("a.intern.corp", true),
            ("a.b.intern.corp", true),
            ("intern.corp", false),
            ("xintern.corp", false),
            ("10.1.2.3", true),
            ("10.1.2.4", false),
            ("172.31.0.1", true),
            ("172.32.0.1", false),
            ("[::ffff:10.1.2.3]", true),
            ("[fd12::1]", true),
            ("[2001:db8::1]", false),
            ("localhost", true),
            ("127.0.0.9", true),
            ("[::1]", true),
            ("github.com", false),
        ] {
            let (host, _) = split_authority(authority).unwrap();
            assert_eq!(rules.proxy_for(&host).is_none(), is_direct, "{authority}");
        }
    }

    #[test]
    fn entries_of_other_forms_are_refused() {
        for entry in
            ["", "*", "*.", ".corp", "*corp", "a.*.corp", "ghes.corp:443", "https://ghes.corp", "10.0.0.0/33"]
        {
            let refused = rules(&[entry]).map(|_| ());
            assert_eq!(refused, Err(FetchSetupFault::NoProxyMalformed(entry.to_owned())));
        }
    }

    #[test]
    fn proxies_of_other_forms_are_refused() {
        for proxy in [
            "",
            "proxy.corp:3128",
            "https://proxy.corp:3128",
            "socks5://proxy.corp:1080",
            "http://proxy.corp",
            "http://user:secret@proxy.corp:3128",
            "http://proxy.corp:3128/path",
            "http://proxy.corp:0",
        ] {
            let outbound = Outbound { proxy: Some(proxy.to_owned()), no_proxy: Vec::new() };
            let fault = ProxyRules::parse(&outbound).unwrap_err();
            assert!(matches!(fault, FetchSetupFault::ProxyMalformed(_)), "{proxy}");
            assert!(!fault.to_string().contains("secret"));
        }
    }
}
