//! The URL of an issuer, as OpenID Connect Discovery §3 and RFC 8414 §2 restrict it.

use std::fmt;

use serde::Serialize;

/// An issuer's URL in the one form that is accepted. Two issuers are the same if and only if their bytes are.
///
/// No URL is ever normalised: no trailing slash is added or removed, nothing is decoded or lower-cased.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct IssuerUrl(String);

/// Why a text is not an issuer URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not allowed in an issuer's URL")]
pub struct IssuerUrlFault(pub &'static str);

impl IssuerUrl {
    /// Takes `https://host[:port][/path]` (or `http://…`, whose use the settings restrict): at most 255
    /// characters, no user, query, fragment, empty or dot segment, upper-case host or default port.
    pub fn parse(text: &str) -> Result<Self, IssuerUrlFault> {
        let fault = |what| Err(IssuerUrlFault(what));
        if text.len() > 255 {
            return fault("more than 255 characters");
        }
        let Some((scheme, rest)) = text.split_once("://") else { return fault("no scheme") };
        let default_port = match scheme {
            "https" => ":443",
            "http" => ":80",
            _ => return fault("a scheme other than https"),
        };
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        if authority.contains('@') {
            return fault("a user name");
        }
        if authority.ends_with(default_port) {
            return fault("the default port");
        }
        if !is_authority(authority) {
            return fault("a host that is not lower-case ASCII");
        }
        if !path.split('/').skip(1).all(is_segment) {
            return fault("a path with empty, dot or reserved segments");
        }
        Ok(Self(text.to_owned()))
    }

    /// The URL as it is written in `iss`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is reached without TLS.
    pub fn is_plain_http(&self) -> bool {
        self.0.starts_with("http://")
    }

    /// Host and port, as written.
    pub fn authority(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.split_once('/').map_or(rest, |(authority, _)| authority)
    }

    /// The host, as written: without the port, an IPv6 address in its brackets.
    pub fn host(&self) -> &str {
        let authority = self.authority();
        let host_end =
            authority.rfind(']').map_or_else(|| authority.find(':'), |at| Some(at.saturating_add(1)));
        host_end.and_then(|end| authority.get(..end)).unwrap_or(authority)
    }
}

impl fmt::Display for IssuerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_authority(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((v6, rest)) => {
            let is_canonical =
                v6.parse::<std::net::Ipv6Addr>().is_ok_and(|address| address.to_string() == v6);
            return is_canonical && (rest.is_empty() || is_port(rest));
        }
        None => authority.find(':').map_or((authority, ""), |at| authority.split_at(at)),
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    // A host whose last label is a number, be it hexadecimal, is an IPv4 address to resolvers
    // (WHATWG URL, "ends in a number"), and only the plain dotted form is taken for one.
    let is_number = |label: &str| {
        label.bytes().all(|byte| byte.is_ascii_digit())
            || label.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let looks_like_address = host.rsplit('.').next().is_some_and(is_number);
    host.split('.').all(is_label)
        && (!looks_like_address || host.parse::<std::net::Ipv4Addr>().is_ok())
        && (port.is_empty() || is_port(port))
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':').is_some_and(|digits| {
        !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && digits.parse::<u16>().is_ok()
    })
}

fn is_segment(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..")
        && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}
