//! A running server, made as `daypass serve` makes it: the same use cases, the same router, the same sockets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use daypass_app::config::{IssuerConfig, PublicUrl};
use daypass_app::seal::EncryptionKey;
use daypass_app::signing_keys::PassKeySettings;
use daypass_app::{App, Config, Parts};
use daypass_fetch::{Endpoint, EndpointRules, Outbound, Resolve, SystemResolver};
use daypass_jose::ids::{AccountId, ProjectId};
use daypass_jose::{Algorithm, Clock, IssuerUrl, Secret};
use daypass_keys::{IssuerKeySettings, KeySource};
use daypass_policy::{PolicyContext, Profile, ProjectsPolicy, RegisteredIssuer};
use daypass_store::{
    AccountStatus, ExchangeFilter, ExchangeRecord, NewAccount, NewProject, Outcome, Project, Store,
};
use daypass_web::{Drained, Entrance, Limits, LiveCertificate, TrustedProxies, Web, router, serve};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::clock::{TestClock, TestRandom};
use super::http::{Answer, send};

/// For whom identity tokens must be.
pub(crate) const AUDIENCE: &str = "pass.example.com";

/// What one test's server is to be.
#[derive(Clone)]
pub(crate) struct Setup {
    issuers: Vec<RegisteredIssuer>,
    policy: String,
    scopes: Vec<String>,
    loopback_only: bool,
    limits: Limits,
    resolver: Option<Arc<dyn Resolve>>,
    pass_keys: PassKeySettings,
    certificate: Option<Arc<LiveCertificate>>,
    trusted_proxies: TrustedProxies,
    strict_transport: bool,
    keep_exchanges_seconds: Option<i64>,
}

pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) app: Arc<App>,
    folder: Arc<tempfile::TempDir>,
    setup: Setup,
    /// Of the store, as text.
    encryption_key: Arc<Secret>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Drained>,
}

impl Setup {
    pub(crate) fn new() -> Self {
        let limits = Limits { failures_per_minute_per_source: 0 };
        let scopes = vec!["config:read".to_owned()];
        let pass_keys = PassKeySettings {
            algorithm: Algorithm::ES256,
            rotate_after_seconds: 30 * 86_400,
            jwks_max_age_seconds: 300,
        };
        Self {
            issuers: Vec::new(),
            policy: String::new(),
            scopes,
            loopback_only: true,
            limits,
            resolver: None,
            pass_keys,
            certificate: None,
            trusted_proxies: TrustedProxies::default(),
            strict_transport: false,
            keep_exchanges_seconds: None,
        }
    }

    /// An issuer that strangers share, as github.com is.
    pub(crate) fn shared(mut self, name: &str, url: &str, provider: &str, algorithms: &[&str]) -> Self {
        let url = IssuerUrl::parse(url).unwrap();
        let profile = Profile::by_name(provider).unwrap();
        let mut issuer = RegisteredIssuer::new(name, url, profile, vec![AUDIENCE.to_owned()]);
        issuer.is_shared = true;
        issuer.algorithms = algorithms.iter().map(|name| Algorithm::from_name(name).unwrap()).collect();
        self.issuers.push(issuer);
        self
    }

    /// Names have the addresses that this says.
    pub(crate) fn resolving(mut self, resolver: Arc<dyn Resolve>) -> Self {
        self.resolver = Some(resolver);
        self
    }

    pub(crate) fn policy(mut self, text: &str) -> Self {
        text.clone_into(&mut self.policy);
        self
    }

    /// What onboarded repositories may do.
    pub(crate) fn scopes(mut self, scopes: &[&str]) -> Self {
        self.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self
    }

    pub(crate) fn reachable_from_elsewhere(mut self) -> Self {
        self.loopback_only = false;
        self
    }

    /// How signing keys are made and rotated.
    pub(crate) fn keys(mut self, algorithm: Algorithm, rotate_after_seconds: i64, jwks_max_age: u32) -> Self {
        self.pass_keys =
            PassKeySettings { algorithm, rotate_after_seconds, jwks_max_age_seconds: jwks_max_age };
        self
    }

    /// By TLS with this certificate.
    pub(crate) fn certificate(mut self, certificate: Arc<LiveCertificate>) -> Self {
        self.certificate = Some(certificate);
        self
    }

    pub(crate) fn trusted_proxies(mut self, trusted_proxies: TrustedProxies) -> Self {
        self.trusted_proxies = trusted_proxies;
        self
    }

    pub(crate) fn keep_exchanges(mut self, seconds: i64) -> Self {
        self.keep_exchanges_seconds = Some(seconds);
        self
    }

    pub(crate) fn strict_transport(mut self) -> Self {
        self.strict_transport = true;
        self
    }

    pub(crate) async fn start(self) -> TestApp {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        std::fs::create_dir(folder.path().join("policies")).unwrap();
        std::fs::write(folder.path().join("policies/roles.toml"), &self.policy).unwrap();
        let encryption_key = Arc::new(EncryptionKey::generate(&TestRandom).1);
        self.start_in(folder, Arc::new(TestClock::new()), encryption_key, None).await
    }

    /// A server that clients know by `public_url`, or else by its own address.
    async fn start_in(
        mut self,
        folder: Arc<tempfile::TempDir>,
        clock: Arc<TestClock>,
        encryption_key: Arc<Secret>,
        public_url: Option<SocketAddr>,
    ) -> TestApp {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let store = Store::open(&store_url(folder.path())).await.unwrap();
        let setup = self.clone();
        let (limits, strict_transport) = (self.limits, self.strict_transport);
        let resolver = self.resolver.clone().unwrap_or_else(|| Arc::new(SystemResolver));
        let trusted_proxies = std::mem::take(&mut self.trusted_proxies);
        let entrance = Entrance {
            listener,
            certificate: self.certificate.take(),
            trusted_proxies: trusted_proxies.clone(),
        };
        let config = self.config(public_url.unwrap_or(address), folder.path(), &encryption_key);
        let given: Arc<dyn Clock> = Arc::<TestClock>::clone(&clock);
        let parts = Parts { store, clock: given, rng: Arc::new(TestRandom), resolver };
        let (app, _) = App::start(config, parts).await.unwrap_or_else(|fault| panic!("{fault}"));
        let app = Arc::new(app);
        let web = Web::new(Arc::clone(&app), limits).behind(trusted_proxies);
        let web = if strict_transport { web.with_strict_transport() } else { web };
        let router = router(Arc::new(web));
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(serve(entrance, router, async move { drop(stopped.await) }));
        TestApp { address, clock, app, folder, setup, encryption_key, stop, server }
    }

    fn config(self, address: SocketAddr, folder: &Path, encryption_key: &Secret) -> Config {
        let public_url = IssuerUrl::parse(&format!("http://{address}")).unwrap();
        let context = PolicyContext {
            public_url: public_url.clone(),
            issuers: self.issuers.clone(),
            projects: ProjectsPolicy {
                scopes: self.scopes,
                ..ProjectsPolicy::default_for(public_url.as_str())
            },
            allowed: BTreeMap::new(),
        };
        Config {
            public_url: PublicUrl::new(public_url),
            loopback_only: self.loopback_only,
            issuers: self.issuers.into_iter().map(issuer_config).collect(),
            outbound: Outbound { proxy: None, no_proxy: Vec::new() },
            policy_dir: Some(folder.join("policies")),
            policy_context: context,
            pass_keys: self.pass_keys,
            keep_exchanges_seconds: self.keep_exchanges_seconds,
            traces: None,
            audit_stream: None,
            encryption_key: EncryptionKey::from_base64(encryption_key)
                .unwrap_or_else(|fault| panic!("{fault}")),
        }
    }
}

fn issuer_config(registered: RegisteredIssuer) -> IssuerConfig {
    let rules = EndpointRules {
        plain_http: true,
        private_network: false,
        loopback: true,
        any_address: false,
        ca_pem: None,
    };
    let keys = IssuerKeySettings {
        issuer: registered.url.clone(),
        algorithms: registered.algorithms.clone(),
        source: KeySource::Discovery(Endpoint::new(rules)),
        jwks_hosts: registered.profile.jwks_hosts.clone(),
        key_id_survives_rotation: registered.profile.key_id_survives_rotation,
    };
    IssuerConfig { registered, keys }
}

fn store_url(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("daypass.db").display())
}

/// What a pass says.
pub(crate) fn claims_of(pass: &str) -> serde_json::Value {
    use base64::Engine as _;
    let payload = pass.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap())
        .unwrap()
}

impl TestApp {
    /// Another server on the same store, with the same clock and, unless another is given, encryption key.
    pub(crate) async fn replica(&self, encryption_key: Option<Arc<Secret>>) -> Self {
        let public_url = self.app.public_url().as_str().strip_prefix("http://").unwrap().parse().unwrap();
        let encryption_key = encryption_key.unwrap_or_else(|| Arc::clone(&self.encryption_key));
        let (folder, clock) = (Arc::clone(&self.folder), Arc::clone(&self.clock));
        self.setup.clone().start_in(folder, clock, encryption_key, Some(public_url)).await
    }

    /// Lets time go by; the server looks at its keys as it does every second.
    pub(crate) async fn advance(&self, seconds: i64) {
        self.clock.advance(seconds);
        self.app.tend_pass_keys().await;
    }

    /// The encryption key of the store.
    pub(crate) fn encryption_key(&self) -> EncryptionKey {
        EncryptionKey::from_base64(&self.encryption_key).unwrap_or_else(|fault| panic!("{fault}"))
    }

    /// How signing keys are made and rotated.
    pub(crate) fn pass_key_settings(&self) -> PassKeySettings {
        self.setup.pass_keys
    }

    /// Onboards a repository, as `daypass project add` does.
    pub(crate) async fn onboard(
        &self,
        issuer: &str,
        repository_id: &str,
        owner_id: &str,
        status: AccountStatus,
    ) -> Project {
        let now = self.clock.now();
        let account = NewAccount {
            id: AccountId::new(now, &TestRandom),
            issuer: issuer.to_owned(),
            external_id: owner_id.to_owned(),
            name: "octo-org".to_owned(),
            tenant: Some("acme".to_owned()),
            status,
        };
        let store = self.app.store();
        let account = store.accounts().upsert(account, now).await.unwrap();
        let project = NewProject {
            id: ProjectId::new(now, &TestRandom),
            account_id: account.id,
            issuer: issuer.to_owned(),
            external_id: repository_id.to_owned(),
            path: "octo-org/octo-repo".to_owned(),
        };
        store.projects().upsert(project, now).await.unwrap()
    }

    /// Exchanges a token at the seed face.
    pub(crate) async fn exchange(&self, token: &str, role: Option<&str>) -> Answer {
        let path = role.map_or("/v1.0/auth/jwt".to_owned(), |role| format!("/v1.0/auth/jwt?role={role}"));
        self.get(&path, Some(token)).await
    }

    pub(crate) async fn get(&self, path: &str, bearer: Option<&str>) -> Answer {
        let bearer = bearer.map(|token| format!("Bearer {token}"));
        let headers: Vec<(&str, &str)> =
            bearer.iter().map(|value| ("Authorization", value.as_str())).collect();
        send(self.address, "GET", path, &headers, b"").await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &serde_json::Value) -> Answer {
        send(self.address, "POST", path, &[("Content-Type", "application/json")], body.to_string().as_bytes())
            .await
    }

    /// All exchanges that are recorded, the refusals that waited included.
    pub(crate) async fn records(&self) -> Vec<ExchangeRecord> {
        // A refusal is written with the next commit, and a ping is a commit behind it.
        self.app.store().ping().await.unwrap();
        self.app.store().ping().await.unwrap();
        self.app.store().ledger().list(&ExchangeFilter::default(), 1_000).await.unwrap()
    }

    pub(crate) async fn successes(&self) -> usize {
        self.records().await.iter().filter(|record| record.outcome == Outcome::Success).count()
    }

    /// Ends the server as a signal does, and gives how that went, and the folder of the database.
    pub(crate) async fn end(self) -> (Drained, Arc<tempfile::TempDir>) {
        drop(self.stop);
        (self.server.await.unwrap(), self.folder)
    }

    /// Where the database is.
    pub(crate) fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("daypass.db")
    }

    /// Where the policy files are.
    pub(crate) fn policy_file(&self) -> std::path::PathBuf {
        self.folder.path().join("policies/roles.toml")
    }
}
