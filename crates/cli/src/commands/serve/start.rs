//! From settings to a running server: the one path, for `serve`, for the demo and for tests.

use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use daypass_app::policy_source::PolicyFault;
use daypass_app::{App, Parts, jobs};
use daypass_fetch::SystemResolver;
use daypass_jose::{Clock, Random};
use daypass_policy::{Finding, Rendering, render, show_duration};
use daypass_store::{Store, StoreFault};
use daypass_traces::TraceSettings;
use daypass_web::{Entrance, Limits, TrustedProxies, Web};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::certificate::{self, Served};
use super::key;
use super::serving::Serving;
use crate::commands::Context;
use crate::fault::{self, CommandFault};
use crate::settings::{
    Collector, FoundKey, KeyFault, NewKey, Settings, TlsFault, TracesFault, is_loopback_url,
};

/// What names the address of a server.
pub(crate) const LISTEN: &str = "`--listen`";

/// What a server is given beside its settings.
pub(crate) struct Surroundings {
    /// Variables, of which the encryption key may be one.
    pub(crate) environment: BTreeMap<String, String>,
    /// Tells the time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Gives randomness.
    pub(crate) rng: Arc<dyn Random>,
    /// A socket that is bound already, in place of `listen`: whoever must know the port before the settings are written
    /// binds it first.
    pub(crate) listener: Option<TcpListener>,
}

/// A server that is ready, and does not answer yet: connections wait.
pub(crate) struct Prepared {
    listener: TcpListener,
    address: SocketAddr,
    app: Arc<App>,
    store: Store,
    clock: Arc<dyn Clock>,
    certificate: Option<Served>,
    trusted_proxies: TrustedProxies,
    limits: Limits,
    metrics: Option<(TcpListener, SocketAddr)>,
    warnings: Warnings,
}

/// What an operator should know of the start.
struct Warnings {
    new_key: Option<NewKey>,
    store: Option<String>,
    policy: Vec<Finding>,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartFault {
    /// There is no encryption key.
    #[error("{0}")]
    Key(#[from] KeyFault),
    /// There is no certificate to show.
    #[error("{0}")]
    Tls(#[from] TlsFault),
    /// The headers for the collector cannot be sent.
    #[error("{0}")]
    Traces(#[from] TracesFault),
    /// The address is not to be had.
    #[error("cannot listen on `{address}`: {source}{}", help_of(source, setting))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What names it.
        setting: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The store does not open.
    #[error("`{url}`: {fault}")]
    Store {
        /// The store.
        url: String,
        /// Why.
        fault: StoreFault,
    },
    /// Something below HTTP is missing.
    #[error("{0}")]
    App(#[from] daypass_app::StartFault),
}

impl From<StartFault> for CommandFault {
    fn from(fault: StartFault) -> Self {
        let status = fault.exit_code();
        if let StartFault::App(daypass_app::StartFault::Policy(PolicyFault::Refused(findings))) = &fault {
            return Self::NotStarted { text: render(findings, Rendering::Coloured), status, is_list: true };
        }
        Self::NotStarted { text: fault.to_string(), status, is_list: false }
    }
}

impl StartFault {
    /// The store of these settings, and why it does not open.
    pub(crate) fn of_store(settings: &Settings, fault: StoreFault) -> Self {
        Self::Store { url: settings.store.to_string(), fault }
    }

    /// The status with which the process ends.
    fn exit_code(&self) -> u8 {
        match self {
            Self::Key(_)
            | Self::Tls(_)
            | Self::Traces(_)
            | Self::Store { fault: StoreFault::Url(_), .. }
            | Self::App(
                daypass_app::StartFault::Policy(_)
                | daypass_app::StartFault::Outbound(_)
                | daypass_app::StartFault::SigningKey(_),
            ) => fault::USAGE,
            Self::Listen { .. }
            | Self::Store { .. }
            | Self::App(daypass_app::StartFault::Store(_) | daypass_app::StartFault::Metrics(_)) => {
                fault::UNREACHABLE
            }
        }
    }
}

impl Surroundings {
    /// The machine's own.
    pub(crate) fn of(context: &Context) -> Self {
        Self {
            environment: context.environment.clone(),
            clock: Arc::clone(&context.clock),
            rng: Arc::clone(&context.rng),
            listener: None,
        }
    }
}

impl Prepared {
    /// Binds the address, reads the certificate, finds the encryption key, opens the store, compiles the policy.
    pub(crate) async fn new(mut settings: Settings, surroundings: Surroundings) -> Result<Self, StartFault> {
        let Surroundings { environment, clock, rng, listener } = surroundings;
        let (listener, address) = bound((settings.listen, LISTEN), listener).await?;
        let host = settings.public_url.host().to_owned();
        let certificate = settings.certificate.take();
        let certificate = certificate.map(|files| Served::load(files, &host, clock.as_ref())).transpose()?;
        let traces = settings.collector.take().map(Collector::open).transpose()?;
        let trusted_proxies = std::mem::take(&mut settings.trusted_proxies);
        let key = key::find(&settings, &environment).await?;
        let limits = settings.limits;
        let metrics = match settings.metrics_listen {
            Some(address) => Some(bound((address, "`[metrics] listen`"), None).await?),
            None => None,
        };
        let store = settings.store.open().await.map_err(|fault| StartFault::of_store(&settings, fault))?;
        let parts = Parts {
            store: store.clone(),
            clock: Arc::clone(&clock),
            rng,
            resolver: Arc::new(SystemResolver),
        };
        match Box::pin(start(settings, key, traces, parts)).await {
            Ok((app, warnings)) => {
                let app = Arc::new(app);
                Ok(Self {
                    listener,
                    address,
                    app,
                    store,
                    clock,
                    certificate,
                    trusted_proxies,
                    limits,
                    metrics,
                    warnings,
                })
            }
            Err(fault) => {
                store.close().await;
                Err(fault)
            }
        }
    }

    /// Where it listens, as a URL; the port is a real one.
    pub(crate) fn address(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Logs what an operator should know of the start.
    pub(crate) fn log(&self) {
        let policy = self.app.policy().snapshot();
        let issuers: Vec<&str> = self.app.issuers().iter().map(|issuer| issuer.name.as_str()).collect();
        tracing::info!(
            public_url = self.app.public_url().as_str(),
            issuers = issuers.join(" "),
            policy.version = policy.version(),
            "daypass {}",
            env!("CARGO_PKG_VERSION")
        );
        if issuers.is_empty() {
            tracing::warn!("no issuer is registered in the settings, so that every token is refused");
        }
        if let Some(warning) = &self.warnings.new_key {
            tracing::warn!("{warning}");
        }
        if let Some(warning) = &self.warnings.store {
            tracing::warn!("{warning}");
        }
        if let Some((next, current)) = self.app.pass_keys().changing_algorithm() {
            tracing::warn!(
                "the key that signs is of {current} and the settings say {next}: the next rotation makes one, on schedule or by \
                 `daypass keys rotate`"
            );
        }
        if let (Some(seconds), Some(from)) =
            (self.app.keep_exchanges_seconds(), self.app.keeps_exchanges_from())
        {
            let kept = show_duration(seconds);
            tracing::info!("exchanges are forgotten after {kept}: now those from before {from}");
        }
        match &self.certificate {
            Some(certificate) => certificate.log(),
            None => {
                if let Some(warning) = certificate::without(self.address, &self.trusted_proxies) {
                    tracing::warn!("{warning}");
                }
            }
        }
        if let Some((_, address)) = &self.metrics {
            tracing::info!("metrics are at http://{address}/metrics");
            if !address.ip().is_loopback() {
                tracing::warn!(
                    "everybody who reaches {address} can read the metrics, by plain HTTP: only Prometheus should"
                );
            }
        }
        jobs::log_what_no_lint_follows(&policy);
        if self.app.traces().is_on() {
            tracing::info!("spans of requests go to the collector of `[traces]`");
        }
        for finding in &self.warnings.policy {
            tracing::warn!(policy.version = policy.version(), "{finding}");
        }
    }

    /// Begins to answer, and starts the jobs beside.
    pub(crate) fn serve(self) -> Serving {
        let (end, ended) = oneshot::channel();
        let mut jobs = jobs::start(&self.app);
        let audit_stream = self.app.audit_stream().map(Arc::clone);
        let web = Web::new(Arc::clone(&self.app), self.limits).behind(self.trusted_proxies.clone());
        // A browser that is told so comes to no other server on `localhost` without TLS either.
        let is_strict = self.certificate.is_some() && !is_loopback_url(self.app.public_url().issuer());
        let web = if is_strict { web.with_strict_transport() } else { web };
        let certificate = self.certificate.as_ref().map(|served| Arc::clone(&served.live));
        if let Some(served) = self.certificate {
            jobs.start("certificate", served.watch(self.clock));
        }
        if let Some((listener, _)) = self.metrics {
            let router = daypass_web::metrics_router(Arc::clone(&self.app));
            jobs.start("metrics", async move {
                daypass_web::serve(listener, router, pending()).await;
            });
        }
        let router = daypass_web::router(Arc::new(web));
        let entrance =
            Entrance { listener: self.listener, certificate, trusted_proxies: self.trusted_proxies };
        let traces = Arc::clone(self.app.traces());
        let mut server = JoinSet::new();
        server.spawn(daypass_web::serve(entrance, router, async move {
            // Whoever drops the other end wants the end too.
            drop(ended.await);
        }));
        Serving { store: self.store, traces, end, server, jobs, audit_stream }
    }
}

/// Starts what works on the store.
async fn start(
    settings: Settings,
    key: FoundKey,
    traces: Option<TraceSettings>,
    parts: Parts,
) -> Result<(App, Warnings), StartFault> {
    let store = parts.store.clone();
    let of_store = settings.store.warning();
    let (key, new_key) = key::obtain(key, &settings, &store, parts.rng.as_ref()).await?;
    match App::start(settings.into_config(key, traces), parts).await {
        Ok((app, policy)) => Ok((app, Warnings { new_key, store: of_store, policy })),
        Err(fault) => {
            if let Some(new_key) = new_key {
                key::withdraw(new_key, &store).await;
            }
            Err(fault.into())
        }
    }
}

async fn bound(
    (address, setting): (SocketAddr, &'static str),
    listener: Option<TcpListener>,
) -> Result<(TcpListener, SocketAddr), StartFault> {
    let in_address = |source| StartFault::Listen { address, setting, source };
    let listener = match listener {
        Some(listener) => listener,
        None => TcpListener::bind(address).await.map_err(in_address)?,
    };
    let address = listener.local_addr().map_err(in_address)?;
    Ok((listener, address))
}

fn help_of(source: &io::Error, setting: &str) -> String {
    if source.kind() != io::ErrorKind::AddrInUse {
        return String::new();
    }
    format!(
        "\n  help: something else listens there, perhaps another daypass; choose another address with {setting}"
    )
}
