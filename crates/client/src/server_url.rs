//! The server's URL as the user gave it, and the audience that follows from it.

use std::collections::BTreeMap;
use std::fmt;

use http::Uri;

use crate::fault::ClientFault;

/// The variable that names the audience.
pub const AUDIENCE_SETTING: &str = "DAYPASS_AUDIENCE";

/// The URL of a daypass server: `https://…`, or `http://…` on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl(SafeUrl);

/// A URL to which a token may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SafeUrl {
    text: String,
    host: String,
    is_plain_http: bool,
}

impl ServerUrl {
    /// Reads the URL; a slash at its end makes no difference.
    pub fn parse(text: &str) -> Result<Self, ClientFault> {
        let refused =
            |reason| ClientFault::UrlRefused { what: "the server's URL", url: text.to_owned(), reason };
        let url = SafeUrl::parse(text.trim_end_matches('/')).map_err(refused)?;
        if url.text.contains('?') { Err(refused("it has a query")) } else { Ok(Self(url)) }
    }

    /// The host, without the port.
    pub fn host(&self) -> &str {
        self.0.host()
    }

    /// The URL of an endpoint below it; `path` begins with a slash.
    pub(crate) fn endpoint(&self, path: &str) -> SafeUrl {
        SafeUrl { text: format!("{}{path}", self.0.text), ..self.0.clone() }
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl SafeUrl {
    /// Takes `https://` anywhere and `http://` on loopback, without user and fragment.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.contains('#') {
            return Err("it has a fragment");
        }
        let uri: Uri = text.parse().map_err(|_| "it is not a URL")?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err("it does not begin with `https://`");
        };
        if authority.as_str().contains('@') {
            return Err("it has a user name");
        }
        let is_plain_http = match scheme {
            "https" => false,
            "http" if is_loopback(authority.host()) => true,
            "http" => return Err("without TLS everybody on the way could take the token; use `https://`"),
            _ => return Err("it does not begin with `https://`"),
        };
        Ok(Self { text: text.to_owned(), host: authority.host().to_ascii_lowercase(), is_plain_http })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn is_plain_http(&self) -> bool {
        self.is_plain_http
    }

    /// Adds a parameter to the query.
    pub(crate) fn with_parameter(mut self, name: &str, value: &str) -> Self {
        let separator = if self.text.contains('?') { '&' } else { '?' };
        // A blank as `%20`: some servers take `+` for itself.
        let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        self.text = format!("{}{separator}{name}={}", self.text, value.replace('+', "%20"));
        self
    }
}

/// The audience to ask the CI system for: the given one, else that of the environment, else the server's host. Never
/// something that a server has answered.
pub fn audience(given: Option<&str>, environment: &BTreeMap<String, String>, url: &ServerUrl) -> String {
    let configured = given.or_else(|| environment.get(AUDIENCE_SETTING).map(String::as_str));
    configured.filter(|audience| !audience.is_empty()).unwrap_or_else(|| url.host()).to_owned()
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_over_tls_or_stays_on_this_machine() {
        for (text, shown, host) in [
            ("https://pass.example.com", "https://pass.example.com", "pass.example.com"),
            ("https://Pass.Example.com:8443/base/", "https://Pass.Example.com:8443/base", "pass.example.com"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1"),
            ("http://localhost:8080/", "http://localhost:8080", "localhost"),
            ("http://[::1]:8080", "http://[::1]:8080", "[::1]"),
            ("https://10.0.0.7", "https://10.0.0.7", "10.0.0.7"),
        ] {
            let url = ServerUrl::parse(text).unwrap();
            assert_eq!((url.to_string().as_str(), url.host()), (shown, host));
        }
    }

    #[test]
    fn urls_that_would_leak_a_token_are_refused() {
        for text in [
            "",
            "pass.example.com",
            "http://pass.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://10.0.0.7",
            "ftp://pass.example.com",
            "https://user@pass.example.com",
            "https://user:secret@pass.example.com",
            "https://pass.example.com#x",
            "https://pass.example.com/?a=b",
            "https://",
            "https://exa mple.com",
            "file:///etc/passwd",
        ] {
            let fault = ServerUrl::parse(text).err().unwrap_or_else(|| panic!("`{text}` was taken"));
            assert_eq!(fault.exit_code(), 2, "{text}");
        }
    }

    #[test]
    fn the_audience_is_what_was_said_or_the_host() {
        let url = ServerUrl::parse("https://pass.example.com:8443/x").unwrap();
        let said = BTreeMap::from([(AUDIENCE_SETTING.to_owned(), "from-variable".to_owned())]);
        let empty = BTreeMap::from([(AUDIENCE_SETTING.to_owned(), String::new())]);
        assert_eq!(audience(Some("given"), &said, &url), "given");
        assert_eq!(audience(None, &said, &url), "from-variable");
        assert_eq!(audience(None, &empty, &url), "pass.example.com");
        assert_eq!(audience(None, &BTreeMap::new(), &url), "pass.example.com");
    }

    #[test]
    fn a_parameter_is_appended_to_the_query_and_escaped() {
        let url = |text| SafeUrl::parse(text).unwrap();
        let escaped = url("https://a.example/t?v=2").with_parameter("audience", "https://x y&z+ä");
        assert_eq!(escaped.as_str(), "https://a.example/t?v=2&audience=https%3A%2F%2Fx%20y%26z%2B%C3%A4");
        assert_eq!(
            url("https://a.example/t").with_parameter("audience", "x").as_str(),
            "https://a.example/t?audience=x"
        );
    }
}
