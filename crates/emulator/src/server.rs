//! The server on loopback: discovery, keys, and for GitHub the endpoint that gives tokens to jobs.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use daypass_jose::{Clock, Random, Secret};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::claim_override::ClaimOverride;
use crate::config::{EmulatorConfig, Provider};
use crate::fault::EmulatorFault;
use crate::job::RunningJob;
use crate::keys::{KeyStyle, Keys};
use crate::shared::{Shared, not_found, style_of};
use crate::signer::Signer;
use crate::{github, gitlab, token_endpoint};

/// How long requests that are being answered may hold up the end.
const DRAIN_DEADLINE: Duration = Duration::from_secs(1);

/// The emulator, before it runs.
pub struct Emulator;

/// A running emulator and its first job; stops when dropped.
pub struct Running {
    shared: Arc<Shared>,
    first: Arc<RunningJob>,
    stop: oneshot::Sender<()>,
    server: JoinSet<()>,
}

impl Emulator {
    /// Binds, loads or makes the keys, starts the first job, and serves.
    pub async fn start(
        config: EmulatorConfig,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Random>,
    ) -> Result<Running, EmulatorFault> {
        let address = config.loopback()?;
        let in_address = |source| EmulatorFault::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(in_address)?;
        let port = listener.local_addr().map_err(in_address)?.port();
        let style = style_of(&config.provider);
        let server = format!("http://127.0.0.1:{port}");
        let issuer = config.joined()?.unwrap_or(&server).to_owned();
        let keys = load_keys(style, config.state_dir, Arc::clone(&rng)).await?;
        let signer = Arc::new(Signer::new(issuer, keys, clock, rng));
        let shared = Arc::new(Shared { style, server, signer, jobs: RwLock::default() });
        let first = shared.start_job(config.provider)?;
        let (stop, stopped) = oneshot::channel();
        let mut server = JoinSet::new();
        server.spawn(serve(listener, Arc::clone(&shared), stopped));
        Ok(Running { shared, first, stop, server })
    }
}

impl Running {
    /// `http://127.0.0.1:PORT`, exactly as in `iss`.
    pub fn issuer_url(&self) -> &str {
        self.shared.signer.issuer()
    }

    /// The published keys, as a JWK set, and the URL at which the issuer has them. An emulator that was joined, and has
    /// other ones there, is no issuer of this one's tokens.
    pub fn key_set(&self) -> (String, &str) {
        let path = keys_path(self.shared.style);
        (format!("{}{path}", self.issuer_url()), self.shared.signer.key_set())
    }

    /// The variables of the first job.
    pub fn environment(&self) -> BTreeMap<String, String> {
        self.first.environment()
    }

    /// A token of the first job: [`RunningJob::mint`].
    pub fn mint(&self, audience: Option<&str>, overrides: &[ClaimOverride]) -> Result<Secret, EmulatorFault> {
        self.first.mint(audience, overrides)
    }

    /// Starts one more job of the same CI system, at the same issuer.
    pub fn start_job(&self, provider: Provider) -> Result<Arc<RunningJob>, EmulatorFault> {
        self.shared.start_job(provider)
    }

    /// Stops listening, lets what is being answered end, and returns.
    pub async fn stop(mut self) {
        drop(self.stop);
        // Whatever has not ended by then ends with the server's task, which is dropped here.
        drop(tokio::time::timeout(DRAIN_DEADLINE, self.server.join_next()).await);
    }
}

/// Making RSA keys takes long, so it must not hold up the runtime.
async fn load_keys(
    style: KeyStyle,
    state_dir: Option<std::path::PathBuf>,
    rng: Arc<dyn Random>,
) -> Result<Keys, EmulatorFault> {
    let work = move || Keys::load(style, state_dir.as_deref(), rng.as_ref());
    match tokio::task::spawn_blocking(work).await {
        Ok(keys) => keys,
        Err(fault) => Err(EmulatorFault::Interrupted(fault.to_string())),
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>, stopped: oneshot::Receiver<()>) {
    let server = axum::serve(listener, routes(shared)).with_graceful_shutdown(async move {
        drop(stopped.await);
    });
    if let Err(fault) = server.await {
        tracing::error!(fault = %fault, "the emulator has stopped");
    }
}

fn routes(shared: Arc<Shared>) -> Router {
    let is_issuer = shared.server == shared.signer.issuer();
    let routes = match shared.style {
        KeyStyle::Github => token_endpoint::routes(),
        KeyStyle::Gitlab => Router::new(),
    };
    let routes = if is_issuer {
        let keys_path = keys_path(shared.style);
        routes.route("/.well-known/openid-configuration", get(discovery)).route(keys_path, get(keys))
    } else {
        routes
    };
    routes.fallback(not_found).with_state(shared)
}

const fn keys_path(style: KeyStyle) -> &'static str {
    match style {
        KeyStyle::Github => "/.well-known/jwks",
        KeyStyle::Gitlab => "/oauth/discovery/keys",
    }
}

async fn discovery(State(shared): State<Arc<Shared>>) -> Response {
    let document = match shared.style {
        KeyStyle::Github => github::discovery(shared.signer.issuer()),
        KeyStyle::Gitlab => gitlab::discovery(shared.signer.issuer()),
    };
    json(document.to_string())
}

async fn keys(State(shared): State<Arc<Shared>>) -> Response {
    let document = json(shared.signer.key_set().to_owned());
    match shared.style {
        KeyStyle::Github => document,
        KeyStyle::Gitlab => ([(CACHE_CONTROL, gitlab::KEYS_CACHE_CONTROL)], document).into_response(),
    }
}

fn json(document: String) -> Response {
    ([(CONTENT_TYPE, "application/json; charset=utf-8")], document).into_response()
}
