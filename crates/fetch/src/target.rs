//! A URL taken apart once, in the one reading that all checks and the connection share.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use http::Uri;
use http::uri::PathAndQuery;

use crate::fault::FetchFault;

/// Longest URL in bytes. CI systems' token endpoints have a few hundred.
pub const MAX_URL_BYTES: usize = 8 * 1024;

/// Longest name of a host in characters (RFC 1035 §2.3.4).
const MAX_HOST_CHARACTERS: usize = 253;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) is_tls: bool,
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) path_and_query: PathAndQuery,
}

/// A host: a name in lower case, or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    Name(String),
    Address(IpAddr),
}

/// What can be said of a URL before it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedUrl {
    /// Whether it is `https://…`.
    pub is_tls: bool,
    /// Its scheme, host and port: what of it may be shown, where a path may hold a secret.
    pub origin: String,
    /// Whether its host is this machine itself, whatever any name server says.
    pub is_loopback: bool,
}

/// Reads a URL as a request to it would.
///
/// # Errors
/// A request to it would be refused before anything is resolved.
pub fn check_url(url: &str) -> Result<CheckedUrl, FetchFault> {
    let target = Target::parse(url)?;
    let scheme = if target.is_tls { "https" } else { "http" };
    let is_loopback = match &target.host {
        Host::Name(name) => name == "localhost",
        Host::Address(address) => address.to_canonical().is_loopback(),
    };
    Ok(CheckedUrl {
        is_tls: target.is_tls,
        origin: format!("{scheme}://{}", target.authority()),
        is_loopback,
    })
}

impl Target {
    /// Reads an absolute URL.
    pub(crate) fn parse(url: &str) -> Result<Self, FetchFault> {
        if url.len() > MAX_URL_BYTES {
            return Err(FetchFault::UrlMalformed("it is too long"));
        }
        let is_tls = match url.split_once(':') {
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => true,
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") => false,
            Some(_) => return Err(FetchFault::SchemeRefused),
            None => return Err(FetchFault::UrlMalformed("it has no scheme")),
        };
        if url.contains('#') {
            return Err(FetchFault::UrlMalformed("it has a fragment"));
        }
        let uri: Uri = url.parse().map_err(|_| FetchFault::UrlMalformed("it is not a URL"))?;
        let authority = uri.authority().ok_or(FetchFault::UrlMalformed("it has no host"))?.as_str();
        let (host, port) = split_authority(authority).map_err(FetchFault::UrlMalformed)?;
        let path_and_query = uri.path_and_query().cloned();
        Ok(Self {
            is_tls,
            host,
            port: port.unwrap_or(if is_tls { 443 } else { 80 }),
            path_and_query: path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/")),
        })
    }

    /// Host and port, the port only where it is not the scheme's own: the value of `Host` (RFC 9110 §7.2).
    pub(crate) fn authority(&self) -> String {
        let default_port = if self.is_tls { 443 } else { 80 };
        if self.port == default_port { self.host.to_string() } else { self.host_and_port() }
    }

    /// Host and port: the target of a `CONNECT` (RFC 9110 §9.3.6).
    pub(crate) fn host_and_port(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Takes `host`, `host:port`, `[v6]` and `[v6]:port` apart.
pub(crate) fn split_authority(authority: &str) -> Result<(Host, Option<u16>), &'static str> {
    if authority.contains('@') {
        return Err("it has a user name");
    }
    if let Some((v6, port)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let address: Ipv6Addr = v6.parse().map_err(|_| "its host is not an address")?;
        return Ok((Host::Address(address.into()), port_of(port)?));
    }
    let (host, port) = authority.find(':').map_or((authority, ""), |at| authority.split_at(at));
    Ok((host_of(host)?, port_of(port)?))
}

/// An IPv4 address or a name. A name that some parsers read as a number (`0x7f.1`, `2130706433`, `127.1`) is neither.
pub(crate) fn host_of(text: &str) -> Result<Host, &'static str> {
    if let Ok(address) = text.parse() {
        return Ok(Host::Address(IpAddr::V4(address)));
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let last = text.rsplit('.').next().unwrap_or("");
    let is_numeric = |label: &str| {
        label.bytes().all(|byte| byte.is_ascii_digit()) || label.starts_with("0x") || label.starts_with("0X")
    };
    if text.len() > MAX_HOST_CHARACTERS || !text.split('.').all(is_label) || is_numeric(last) {
        return Err("its host is neither a name nor an address in plain form");
    }
    Ok(Host::Name(text.to_ascii_lowercase()))
}

fn port_of(text: &str) -> Result<Option<u16>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.strip_prefix(':').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let port = digits.and_then(|digits| digits.parse().ok()).filter(|port| *port != 0);
    port.map(Some).ok_or("its port is not a number from 1 to 65535")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_taken_reads_the_same_when_written_again(rest in r"[a-z0-9.:@\[\]/?#%_\\ -]{0,24}") {
            if let Ok(target) = Target::parse(&format!("https://{rest}")) {
                let written = format!("https://{}{}", target.authority(), target.path_and_query);
                let again = Target::parse(&written).unwrap();
                prop_assert_eq!(again.host_and_port(), target.host_and_port());
                prop_assert_eq!(again.path_and_query.to_string(), target.path_and_query.to_string());
            }
        }
    }

    #[test]
    fn urls_are_read_in_one_way() {
        for (url, authority, host_and_port, path) in [
            ("https://a.example", "a.example", "a.example:443", "/"),
            ("https://A.Example:443/x?y=z", "a.example", "a.example:443", "/x?y=z"),
            ("HTTPS://a.example:8443/", "a.example:8443", "a.example:8443", "/"),
            ("http://127.0.0.1:80/p", "127.0.0.1", "127.0.0.1:80", "/p"),
            ("https://[::1]:4011/p", "[::1]:4011", "[::1]:4011", "/p"),
            ("https://a_b.example?x", "a_b.example", "a_b.example:443", "/?x"),
        ] {
            let target = Target::parse(url).unwrap();
            assert_eq!(
                (target.authority().as_str(), target.host_and_port().as_str()),
                (authority, host_and_port)
            );
            assert_eq!(target.path_and_query.to_string(), path);
        }
    }

    #[test]
    fn other_schemes_are_refused() {
        for url in
            ["file:///etc/passwd", "data:application/json,{}", "ftp://a.example", "gopher://a.example:70/x"]
        {
            assert_eq!(Target::parse(url), Err(FetchFault::SchemeRefused), "{url}");
        }
    }

    #[test]
    fn urls_that_two_parsers_could_read_in_two_ways_are_refused() {
        for url in [
            "",
            "a.example",
            "https:",
            "https://",
            "https:///x",
            "https://user@a.example",
            "https://a.example#@b.example",
            "https://a.example/#x",
            "https://a.example\\@b.example",
            "https://a.example:",
            "https://a.example:0",
            "https://a.example:99999",
            "https://a.example:+443",
            "https://a.example.",
            "https://.a.example",
            "https://a..example",
            "https://2130706433",
            "https://0x7f000001",
            "https://0x7f.0.0.1",
            "https://127.1",
            "https://0177.0.0.1",
            "https://[fe80::1%25eth0]",
            "https://[::1",
            "https://[127.0.0.1]",
            "https://ex\u{e4}mple.com",
            "https://a b.example",
            "https://%61.example",
        ] {
            assert!(matches!(Target::parse(url), Err(FetchFault::UrlMalformed(_))), "{url}");
        }
        let long = format!("https://a.example/{}", "a".repeat(MAX_URL_BYTES));
        assert!(matches!(Target::parse(&long), Err(FetchFault::UrlMalformed(_))));
    }
}
