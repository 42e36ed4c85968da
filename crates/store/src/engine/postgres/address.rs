//! The URL of a server: where it is, who asks, and how it is known to be the right one.

use std::iter::repeat;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::ClientConfig;
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, Host, SslMode, TargetSessionAttrs};

use super::super::CONNECT_DEADLINE;
use super::tls;
use crate::fault::StoreFault;

const DEFAULT_PORT: u16 = 5432;

/// Where a server is. Holds a password: never shown but by [`Address::shown`].
pub(crate) struct Address {
    pub(super) config: Config,
    /// `None` where the connection does not leave the machine.
    pub(super) tls: Option<Arc<ClientConfig>>,
}

impl Address {
    /// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?…`.
    ///
    /// A server on another machine is reached by TLS only, and its certificate must name it (`sslmode=verify-full`,
    /// which needs not be said); on this machine it may be reached without, and is unless that is said.
    pub(crate) fn parse(url: &str) -> Result<Self, StoreFault> {
        let (url, own) = without_tls_options(url)?;
        // The driver's own words are not passed on: they may repeat a part of the URL.
        let mut config: Config = url.parse().map_err(|_| {
            fault(
                "it is written as `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; in the password, write \
                 `%40` for `@`, `%2F` for `/`, `%3F` for `?` and `%25` for `%`",
            )
        })?;
        if config.get_hosts().is_empty() {
            return Err(fault("it names no host"));
        }
        // Behind or before an `@` in a password, a part of it would be taken for another part of the URL, and shown.
        let shown = config.get_hosts().iter().map(shown_host).chain(config.get_dbname().map(str::to_owned));
        if shown.chain(config.get_user().map(str::to_owned)).any(|part| part.contains(['@', '?', '&'])) {
            return Err(fault("`@` in a password is written as `%40`"));
        }
        if config.get_channel_binding() == ChannelBinding::Require {
            return Err(fault(
                "`channel_binding=require` is not supported; the server's certificate is verified",
            ));
        }
        let is_local =
            config.get_hosts().iter().all(is_local) && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
        let is_encrypted = match own.sslmode.as_deref() {
            None => !is_local,
            Some("verify-full") => true,
            Some("disable") if is_local => false,
            Some("disable") => {
                return Err(fault("`sslmode=disable` is for a server on this machine; leave it out"));
            }
            Some(_) => return Err(fault("of `sslmode`, write `verify-full`, or leave it out")),
        };
        let tls = is_encrypted.then(|| tls::config(own.sslrootcert.as_deref())).transpose()?;
        config.ssl_mode(if is_encrypted { SslMode::Require } else { SslMode::Disable });
        // Of several hosts, the one that takes writes: a standby cannot say which tokens are spent.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        config.connect_timeout(CONNECT_DEADLINE);
        if config.get_application_name().is_none() {
            config.application_name("daypass");
        }
        Ok(Self { config, tls })
    }

    /// The URL without its password and its options.
    pub(crate) fn shown(&self) -> String {
        let ports = self.config.get_ports().iter().map(|port| match *port {
            DEFAULT_PORT => String::new(),
            port => format!(":{port}"),
        });
        let hosts = self.config.get_hosts().iter().map(shown_host);
        let hosts: Vec<String> =
            hosts.zip(ports.chain(repeat(String::new()))).map(|(host, port)| host + &port).collect();
        let user = self.config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
        format!("postgres://{user}{}/{}", hosts.join(","), self.config.get_dbname().unwrap_or_default())
    }
}

/// What the driver does not know.
#[derive(Default)]
struct TlsOptions {
    sslmode: Option<String>,
    sslrootcert: Option<String>,
}

/// Takes `sslmode` and `sslrootcert` out of a URL: the driver knows weaker modes alone.
fn without_tls_options(url: &str) -> Result<(String, TlsOptions), StoreFault> {
    let mut own = TlsOptions::default();
    let Some((start, query)) = url.split_once('?') else { return Ok((url.to_owned(), own)) };
    let mut others = Vec::new();
    for option in query.split('&') {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let place = match name {
            "sslmode" => &mut own.sslmode,
            "sslrootcert" => &mut own.sslrootcert,
            _ => {
                others.push(option);
                continue;
            }
        };
        if value.contains('%') {
            return Err(fault("`sslmode` and `sslrootcert` are written without `%`"));
        }
        if place.replace(value.to_owned()).is_some() {
            return Err(fault("`sslmode` or `sslrootcert` stands twice"));
        }
    }
    let query = if others.is_empty() { String::new() } else { format!("?{}", others.join("&")) };
    Ok((format!("{start}{query}"), own))
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            let bare = name.trim_start_matches('[').trim_end_matches(']');
            name == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

fn shown_host(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    }
}

fn fault(message: &str) -> StoreFault {
    StoreFault::Url(format!("the URL of PostgreSQL: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_machine_is_encrypted_and_verified() {
        for (url, is_encrypted) in [
            ("postgres://u:p@localhost/d", false),
            ("postgres://u:p@127.0.0.1:5433/d", false),
            ("postgres://u:p@[::1]/d", false),
            ("postgresql://u@%2Fvar%2Frun%2Fpostgresql/d", false),
            ("postgres://u:p@localhost/d?sslmode=disable", false),
            ("postgres://u:p@localhost/d?sslmode=verify-full", true),
            ("postgres://u:p@db.example.com/d", true),
            ("postgres://u:p@10.0.0.1/d", true),
            ("postgres://u:p@localhost,db.example.com/d", true),
            ("postgres://u:p@localhost/d?hostaddr=10.0.0.1", true),
            ("postgres://u:p@localhost.example.com/d?connect_timeout=9", true),
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!(address.tls.is_some(), is_encrypted, "{url}");
            let mode = if is_encrypted { SslMode::Require } else { SslMode::Disable };
            assert_eq!(address.config.get_ssl_mode(), mode, "{url}");
        }
    }

    #[test]
    fn a_url_that_asks_for_less_or_is_broken_is_refused_and_its_password_is_not_shown() {
        for url in [
            "postgres://u:s3cret@db.example.com/d?sslmode=disable",
            "postgres://u:s3cret@db.example.com/d?sslmode=require",
            "postgres://u:s3cret@db.example.com/d?sslmode=prefer",
            "postgres://u:s3cret@localhost/d?sslmode=verify-full&sslmode=disable",
            "postgres://u:s3cret@localhost/d?sslmode=disable&hostaddr=10.0.0.1",
            "postgres://u:s3cret@localhost/d?sslmode=verify-full&sslrootcert=missing.pem",
            "postgres://u:s3cret@localhost/d?channel_binding=require",
            "postgres://u:s3cret@localhost/d?s3cret=1",
            "postgres://u:s3cret@localhost:s3cret/d",
            "postgres://u:a@s3cret@localhost/d",
            "postgres://u:a@s3/cret@localhost/d",
            "postgres://u:a@s3?cret@localhost/d",
            "postgres://localhost/d?user=u&password=s3@cret",
            "postgres://localhost/d?user=u&password=s3:b@cret",
            "postgres://",
        ] {
            let Err(StoreFault::Url(why)) = Address::parse(url) else { panic!("{url}") };
            assert!(!why.contains("s3"), "{why}");
        }
    }

    #[test]
    fn what_is_shown_holds_no_password() {
        for (url, shown) in [
            ("postgres://u:s3cret@localhost:5433/d?connect_timeout=9", "postgres://u@localhost:5433/d"),
            ("postgresql://u:s3%40cret@a:1,b/d", "postgres://u@a:1,b/d"),
            ("postgres://u:s3/cret@localhost/d", "postgres://u@localhost/d"),
            ("postgres://u:s3?cret@localhost/d", "postgres://u@localhost/d"),
            ("postgres://localhost/d?user=u&password=s3%40cret", "postgres://u@localhost/d"),
        ] {
            assert_eq!(Address::parse(url).unwrap().shown(), shown);
        }
    }
}
