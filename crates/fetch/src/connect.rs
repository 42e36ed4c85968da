//! From a target to a stream that is ready for the request: resolve once, judge every address, connect, shake hands.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::net::TcpStream;

use crate::endpoint::Endpoint;
use crate::fault::{ConnectFault, FetchFault};
use crate::proxy::{Proxy, ProxyRules};
use crate::resolve::Resolve;
use crate::stream::{Connected, Stream};
use crate::target::{Host, Target};
use crate::tls;
use crate::tunnel::{self, Tunnel};

/// Addresses of one host that are tried, the families in turn. More would only wait for a deadline that is over.
pub const MAX_CONNECT_ATTEMPTS: usize = 4;
/// How long an address may take to answer before the next is tried. Longer, and one that swallows packets uses up the
/// whole deadline of a request whose host has another.
pub const CONNECT_ATTEMPT: Duration = Duration::from_millis(1500);

/// Makes connections.
pub(crate) struct Connector {
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) proxy_rules: ProxyRules,
    pub(crate) system_tls: Arc<ClientConfig>,
}

impl Connector {
    /// A fresh connection, over TLS where the target asks for it.
    pub(crate) async fn connect(
        &self,
        endpoint: &Endpoint,
        target: &Target,
    ) -> Result<Connected, FetchFault> {
        endpoint.admit_target(target)?;
        let failed = |fault| FetchFault::Connect { authority: target.host_and_port(), fault };
        let config = endpoint.tls(&self.system_tls).map_err(|fault| failed(fault.into()))?;
        let stream: Stream = match self.proxy_for(endpoint, target) {
            Some(proxy) => Box::new(self.through(proxy, target).await.map_err(failed)?),
            None => Box::new(self.direct(endpoint, target).await?),
        };
        if !target.is_tls {
            return Ok(Connected { stream, certificate: None });
        }
        let stream = tls::handshake(config, &target.host, stream).await.map_err(failed)?;
        let certificate = tls::certificate_of(&stream);
        Ok(Connected { stream: Box::new(stream), certificate })
    }

    fn proxy_for(&self, endpoint: &Endpoint, target: &Target) -> Option<&Proxy> {
        let may = target.is_tls && endpoint.may_use_proxy();
        self.proxy_rules.proxy_for(&target.host).filter(|_| may)
    }

    /// Connects to an address that was judged, never to the name: a second answer of the resolver changes nothing.
    async fn direct(&self, endpoint: &Endpoint, target: &Target) -> Result<TcpStream, FetchFault> {
        let failed = |fault| FetchFault::Connect { authority: target.host_and_port(), fault };
        let addresses = self.addresses(&target.host).await.map_err(failed)?;
        // One that is not allowed refuses the name: who mixes them in is not to choose which is taken.
        addresses.iter().try_for_each(|address| endpoint.admit_address(target, *address))?;
        dial(&addresses, target.port).await.map_err(failed)
    }

    /// The proxy is the operator's own, so its address is not judged.
    async fn through(&self, proxy: &Proxy, target: &Target) -> Result<Tunnel, ConnectFault> {
        let addresses = self.addresses(&proxy.host).await;
        let addresses = addresses.map_err(|fault| ConnectFault::Proxy(format!("is not reached: {fault}")))?;
        let stream = dial(&addresses, proxy.port).await;
        let stream = stream.map_err(|fault| ConnectFault::Proxy(format!("is not reached: {fault}")))?;
        tunnel::open(stream, target).await
    }

    async fn addresses(&self, host: &Host) -> Result<Vec<IpAddr>, ConnectFault> {
        let addresses = match host {
            Host::Address(address) => vec![address.to_canonical()],
            Host::Name(name) => {
                let found = self.resolver.resolve(name).await.map_err(|_| ConnectFault::Unresolved)?;
                found.into_iter().map(|address| address.to_canonical()).collect()
            }
        };
        if addresses.is_empty() { Err(ConnectFault::Unresolved) } else { Ok(addresses) }
    }
}

/// The first of `addresses` that takes a connection.
async fn dial(addresses: &[IpAddr], port: u16) -> Result<TcpStream, ConnectFault> {
    let mut last = ConnectFault::Unresolved;
    for address in families_in_turn(addresses).into_iter().take(MAX_CONNECT_ATTEMPTS) {
        let attempt = TcpStream::connect(SocketAddr::new(address, port));
        match tokio::time::timeout(CONNECT_ATTEMPT, attempt).await {
            Ok(Ok(stream)) => {
                // A small request leaves at once; where that cannot be had, it leaves a little later.
                stream.set_nodelay(true).ok();
                return Ok(stream);
            }
            Ok(Err(fault)) => last = ConnectFault::Tcp(fault.kind().to_string()),
            Err(_) => last = ConnectFault::Tcp(format!("no answer within {CONNECT_ATTEMPT:?}")),
        }
    }
    Err(last)
}

/// The family of the first address first, then the other, and so on, so that a broken family costs one attempt.
fn families_in_turn(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let first_is_v6 = addresses.first().is_some_and(IpAddr::is_ipv6);
    let (first, second): (Vec<IpAddr>, Vec<IpAddr>) =
        addresses.iter().partition(|address| address.is_ipv6() == first_is_v6);
    let turns = first.len().max(second.len());
    (0..turns).flat_map(|turn| [first.get(turn).copied(), second.get(turn).copied()]).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_get_a_turn() {
        let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        for (given, tried) in [
            (vec!["::1", "::2", "1.1.1.1"], vec!["::1", "1.1.1.1", "::2"]),
            (vec!["1.1.1.1", "1.1.1.2", "::1"], vec!["1.1.1.1", "::1", "1.1.1.2"]),
            (vec!["1.1.1.1"], vec!["1.1.1.1"]),
            (vec![], vec![]),
        ] {
            assert_eq!(families_in_turn(&parse(&given)), parse(&tried));
        }
    }
}
