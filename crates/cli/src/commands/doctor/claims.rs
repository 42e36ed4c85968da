//! Claims that no profile knows. The server counts them while it runs and writes them nowhere, so that they are to be had
//! from its metrics alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::ask::Server;
use super::check::Check;
use super::finding::Finding;
use crate::settings::Settings;

/// How a line of the metrics begins that counts one.
const METRIC: &str = "daypass_unaccounted_claims_total{";

/// Nothing where no issuer is registered, whose tokens could carry any.
pub(super) async fn check(settings: &Settings, server: &Server<'_>) -> Vec<Finding> {
    let Some(listen) = settings.metrics_listen.filter(|listen| listen.port() != 0).map(reached) else {
        let text = "not told: only metrics count them, and `[metrics] listen` names no port";
        return vec![Finding::note(Check::UnaccountedClaims, text)];
    };
    let url = format!("http://{listen}/metrics");
    let finding = match server.get_url(url.clone()).await {
        Ok(answer) if answer.response.status == 200 => {
            let claims = counted(&String::from_utf8_lossy(&answer.response.body));
            if claims.is_empty() {
                Finding::ok(Check::UnaccountedClaims, "none since the server started")
            } else {
                let text = format!("tokens carried claims that no profile knows: {}", claims.join(", "));
                Finding::warning(Check::UnaccountedClaims, text)
            }
        }
        Ok(answer) => {
            let text = format!("not told: the metrics answer HTTP {}", answer.response.status);
            Finding::note(Check::UnaccountedClaims, text)
        }
        Err(fault) => Finding::note(Check::UnaccountedClaims, format!("not told: {fault}")),
    };
    vec![finding.at(&url)]
}

/// Where this machine reaches what listens on all of its addresses.
fn reached(listen: SocketAddr) -> SocketAddr {
    let loopback = match listen.ip() {
        IpAddr::V4(_) => IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    if listen.ip().is_unspecified() { SocketAddr::new(loopback, listen.port()) } else { listen }
}

/// Issuer and claim of each line that has counted something.
fn counted(metrics: &str) -> Vec<String> {
    let of_line = |line: &str| {
        let (labels, count) = line.strip_prefix(METRIC)?.rsplit_once("} ")?;
        let label = |name: &str| {
            let (_, rest) = labels.split_once(&format!("{name}=\""))?;
            rest.split('"').next()
        };
        (count.trim() != "0").then_some(format!("{} of `{}`", label("claim")?, label("issuer")?))
    };
    metrics.lines().filter_map(of_line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_asked_on_this_machine() {
        for (listen, asked) in [
            ("0.0.0.0:9", "127.0.0.1:9"),
            ("[::]:9", "[::1]:9"),
            ("127.0.0.2:9", "127.0.0.2:9"),
            ("192.0.2.1:9", "192.0.2.1:9"),
        ] {
            assert_eq!(reached(listen.parse().unwrap()), asked.parse().unwrap(), "{listen}");
        }
    }

    #[test]
    fn claims_that_were_counted_are_found() {
        let metrics = "# HELP x\ndaypass_unaccounted_claims_total{claim=\"new_one\",issuer=\"github\"} 3\n\
                       daypass_unaccounted_claims_total{claim=\"x\",issuer=\"gitlab\"} 0\nother{a=\"b\"} 1\n";
        assert_eq!(counted(metrics), ["new_one of `github`"]);
    }
}
