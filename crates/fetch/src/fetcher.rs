//! The one door through which requests leave.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::connect::Connector;
use crate::conversation;
use crate::endpoint::Endpoint;
use crate::fault::{FetchFault, FetchSetupFault};
use crate::message::{Request, Response};
use crate::proxy::{Outbound, ProxyRules};
use crate::resolve::{Resolve, SystemResolver};
use crate::target::Target;
use crate::tls;

/// Requests of one [`Fetcher`], and its clones, at the same time; more wait, inside their deadlines. Without it, slow
/// endpoints could use up this process's sockets.
pub const MAX_CONCURRENT_REQUESTS: usize = 64;

/// Sends requests. Clones share everything, the bound on concurrent requests too.
///
/// Each request is one fresh connection. Its host is resolved once and every address that comes back is judged by the
/// endpoint's rules: one address that is not allowed refuses the whole name, and the connection goes to an address that
/// was judged, so a resolver that answers differently the next time gains nothing. Behind a proxy this holds for
/// addresses in URLs alone, see [`Outbound::proxy`].
///
/// No redirect is followed, no cookie kept, nothing decompressed, no client certificate shown.
#[derive(Clone)]
pub struct Fetcher(Arc<Inner>);

struct Inner {
    connector: Connector,
    places: Semaphore,
}

impl Fetcher {
    /// With the system's resolver and trusted certificates, which are read now (from where `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR` say, if they are set).
    pub fn new(outbound: &Outbound) -> Result<Self, FetchSetupFault> {
        Self::with_resolver(outbound, Arc::new(SystemResolver))
    }

    /// With another resolver.
    pub fn with_resolver(outbound: &Outbound, resolver: Arc<dyn Resolve>) -> Result<Self, FetchSetupFault> {
        let proxy_rules = ProxyRules::parse(outbound)?;
        let system_tls = tls::config_of_system()?;
        let connector = Connector { resolver, proxy_rules, system_tls };
        Ok(Self(Arc::new(Inner { connector, places: Semaphore::new(MAX_CONCURRENT_REQUESTS) })))
    }

    /// Sends one request to `endpoint` and reads its whole answer, all within the request's deadline.
    pub async fn send(&self, endpoint: &Endpoint, request: Request) -> Result<Response, FetchFault> {
        let deadline = request.deadline;
        let answer = tokio::time::timeout(deadline, self.0.send(endpoint, request)).await;
        answer.unwrap_or(Err(FetchFault::Timeout(deadline)))
    }
}

impl Inner {
    async fn send(&self, endpoint: &Endpoint, request: Request) -> Result<Response, FetchFault> {
        let target = Target::parse(&request.url)?;
        // INVARIANT: nobody closes the semaphore, so there is always a place in the end.
        let _place = self.places.acquire().await.ok();
        let connected = self.connector.connect(endpoint, &target).await?;
        conversation::hold(connected, &target, request).await
    }
}
