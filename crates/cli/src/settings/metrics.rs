//! `[metrics]`.

use std::net::SocketAddr;

use super::overlay::Scope;
use super::server;

/// Where Prometheus comes; nowhere unless it is said, or a fault has been reported.
pub(super) fn read(metrics: &Scope<'_>, listen: Option<SocketAddr>) -> Option<SocketAddr> {
    let given = metrics.text("listen");
    metrics.finish();
    let given = given?;
    let address = server::listen_address(metrics, &given)?;
    if address.port() != 0 && Some(address) == listen {
        let message = "`listen` of `[metrics]` is that of the server itself";
        let help =
            "metrics have an address of their own, which only Prometheus should reach: `127.0.0.1:9464`";
        metrics.reading.fault(&given.place, message, Some(help.to_owned()));
        return None;
    }
    Some(address)
}
