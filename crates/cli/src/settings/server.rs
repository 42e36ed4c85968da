//! The settings outside every section: what the server is called, where it listens, where policy files are.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use daypass_jose::IssuerUrl;

use super::overlay::{Given, Place, Scope};

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

/// What the settings outside every section say; `None` where a fault has been reported.
pub(super) struct Server {
    pub(super) public_url: Option<IssuerUrl>,
    pub(super) listen: Option<SocketAddr>,
    pub(super) policy_dir: Option<PathBuf>,
}

impl Server {
    /// Whether the server can be reached from its own machine only; `None` where that cannot be told.
    pub(super) fn loopback_only(&self) -> Option<bool> {
        let host = self.public_url.as_ref()?.host();
        Some(is_loopback_host(host) && self.listen?.ip().is_loopback())
    }
}

/// Reads them; the server speaks TLS where it has a certificate.
pub(super) fn read(top: &Scope<'_>, has_certificate: bool) -> Server {
    let listen = match top.text("listen") {
        Some(given) => listen_address(top, &given),
        None => Some(DEFAULT_LISTEN),
    };
    let public_url = match top.text("public_url") {
        Some(given) => public_url(top, &given, has_certificate),
        None => listen.and_then(|listen| local_url(top, listen, has_certificate)),
    };
    let policy_dir = top.path("policy_dir").map(|given| {
        if !given.value.is_dir() {
            let message = format!("`policy_dir`: there is no folder `{}`", given.value.display());
            top.reading.fault(&given.place, message, None);
        }
        given.value
    });
    Server { public_url, listen, policy_dir }
}

pub(super) fn listen_address(top: &Scope<'_>, given: &Given<String>) -> Option<SocketAddr> {
    if let Ok(address) = given.value.parse() {
        return Some(address);
    }
    let help = match given.value.rsplit_once(':') {
        Some(("localhost", port)) => format!("write `127.0.0.1:{port}`"),
        Some(("" | "*", port)) => format!("write `0.0.0.0:{port}` for all addresses of this machine"),
        _ => "write an IP address and a port, as `127.0.0.1:8080`".to_owned(),
    };
    top.reading.fault(&given.place, format!("`listen`: `{}` is not an address", given.value), Some(help));
    None
}

fn public_url(top: &Scope<'_>, given: &Given<String>, has_certificate: bool) -> Option<IssuerUrl> {
    let text = given.value.as_str();
    let fault = |message: String, help| top.reading.fault(&given.place, message, help);
    let url = match IssuerUrl::parse(text) {
        Ok(url) => url,
        Err(reason) => {
            fault(format!("`public_url`: `{text}` has {}", reason.0), url_help(text));
            return None;
        }
    };
    if url.is_plain_http() && !is_loopback_host(url.host()) {
        let help = "tokens and passes travel to this address; put TLS in front of it, or a certificate into `[http]`, and write `https://…`";
        fault(
            "`public_url` must be `https://…` unless its host is this machine's own".to_owned(),
            Some(help.to_owned()),
        );
        return None;
    }
    if url.is_plain_http() && has_certificate {
        let help = text.replacen("http://", "https://", 1);
        fault(
            "`public_url` is `http://…`, and with a certificate the server speaks TLS alone".to_owned(),
            Some(format!("write `{help}`, or take `tls_certificate_file` out of `[http]`")),
        );
        return None;
    }
    Some(url)
}

/// The slips that are made most often.
pub(super) fn url_help(text: &str) -> Option<String> {
    let without_slash = text.trim_end_matches('/');
    if without_slash != text && IssuerUrl::parse(without_slash).is_ok() {
        return Some(format!("write it without the slash at its end: `{without_slash}`"));
    }
    let with_scheme = format!("https://{text}");
    (!text.contains("://") && IssuerUrl::parse(&with_scheme).is_ok())
        .then(|| format!("write `{with_scheme}`"))
}

/// The address of a server that is only used on its own machine.
fn local_url(top: &Scope<'_>, listen: SocketAddr, has_certificate: bool) -> Option<IssuerUrl> {
    let missing = |why: &str| {
        let help = "write the address by which clients reach this server: `public_url = \"https://pass.example.com\"`";
        top.reading.fault(
            &Place::File(0..0),
            format!("`public_url` is missing, {why}"),
            Some(help.to_owned()),
        );
    };
    if !listen.ip().is_loopback() {
        missing("and cannot be guessed since `listen` is not a loopback address");
        return None;
    }
    let url = match listen.port() {
        0 => {
            missing("and cannot be guessed since the port of `listen` is 0");
            return None;
        }
        443 if has_certificate => format!("https://{}", listen.to_string().trim_end_matches(":443")),
        _ if has_certificate => format!("https://{listen}"),
        80 => format!("http://{}", listen.to_string().trim_end_matches(":80")),
        _ => format!("http://{listen}"),
    };
    IssuerUrl::parse(&url).ok()
}

/// Whether a host is this machine itself, whatever any name server says.
pub(super) fn is_loopback_host(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_cut_out_of_a_url() {
        for (url, host, is_loopback) in [
            ("https://pass.example.com", "pass.example.com", false),
            ("https://pass.example.com:8443/base", "pass.example.com", false),
            ("http://127.0.0.1:8080", "127.0.0.1", true),
            ("http://[::1]:8080", "[::1]", true),
            ("http://[::1]", "[::1]", true),
            ("http://localhost:8080", "localhost", true),
            ("https://127.0.0.1.example.com", "127.0.0.1.example.com", false),
            ("https://localhost.example.com", "localhost.example.com", false),
        ] {
            let url = IssuerUrl::parse(url).unwrap();
            assert_eq!((url.host(), is_loopback_host(url.host())), (host, is_loopback));
        }
    }
}
