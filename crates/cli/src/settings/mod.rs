//! The settings: `daypass.toml`, overridden by variables and flags. All faults are found in one run.

mod audit_stream;
mod encryption_key;
mod faults;
mod files;
mod http;
mod issuers;
mod keys;
mod limits;
mod metrics;
mod new_encryption_key;
mod origins;
mod outbound;
mod overlay;
mod policy;
mod projects;
mod server;
mod shown;
mod store;
#[cfg(test)]
mod tests;
mod traces;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use daypass_app::Config;
use daypass_app::audit_stream::Destination;
use daypass_app::config::{IssuerConfig, PublicUrl};
use daypass_app::seal::EncryptionKey;
use daypass_app::signing_keys::PassKeySettings;
use daypass_fetch::Outbound;
use daypass_jose::IssuerUrl;
use daypass_policy::{PolicyContext, reader};
use daypass_traces::TraceSettings;
use daypass_web::{Limits, TrustedProxies};

pub(crate) use encryption_key::{
    Found as FoundKey, KeyFault, NewKey, SealedKeys, find as find_encryption_key, make as make_encryption_key,
};
pub(crate) use faults::SettingsFaults;
pub(crate) use files::FileFault;
pub(crate) use http::{CertificateFiles, TlsFault};
pub(crate) use keys::EncryptionKeySource;
pub(crate) use new_encryption_key::{NewKeySource, find as find_new_encryption_key};
pub(crate) use origins::Origin;
pub(crate) use overlay::{Overlay, misspelt_variables};
pub(crate) use shown::ShownSetting;
pub(crate) use store::StoreUrl;
pub(crate) use traces::{Collector, TracesFault};

use audit_stream::GivenStream;
use issuers::{Reach, Registered};
use origins::Origins;
use overlay::{Reading, Scope};
use traces::ShownTraces;

/// The file that is read where none is named.
pub(crate) const DEFAULT_FILE: &str = "daypass.toml";

/// Everything that file, variables and flags say, parsed.
pub(crate) struct Settings {
    pub(crate) public_url: IssuerUrl,
    pub(crate) listen: SocketAddr,
    pub(crate) policy_dir: Option<PathBuf>,
    /// Without one the server speaks plain HTTP.
    pub(crate) certificate: Option<CertificateFiles>,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) store: StoreUrl,
    pub(crate) keep_exchanges_seconds: Option<i64>,
    pub(crate) encryption_key: EncryptionKeySource,
    pub(crate) pass_keys: PassKeySettings,
    pub(crate) issuers: Vec<IssuerConfig>,
    pub(crate) policy: PolicyContext,
    pub(crate) limits: Limits,
    /// Where metrics are shown; nowhere unless it is said.
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// Where the spans of requests go; nowhere unless it is said.
    pub(crate) collector: Option<Collector>,
    pub(crate) outbound: Outbound,
    /// Where each exchange is sent on to; nowhere unless it is said.
    audit_stream: Box<GivenStream>,
    /// How each issuer is reached, in the order of the issuers; for showing alone.
    reaches: Vec<Reach>,
    /// What `[traces]` says; for showing alone.
    shown_traces: ShownTraces,
    origins: Origins,
}

impl Settings {
    /// Reads the named file, or `daypass.toml` of the working directory.
    pub(crate) fn load(file: Option<&Path>, overlay: &Overlay) -> Result<Self, SettingsFaults> {
        let path = file.unwrap_or(Path::new(DEFAULT_FILE));
        let no_file = |message, help| Err(SettingsFaults::no_file(path.display().to_string(), message, help));
        match files::read_text(path) {
            Ok(text) => Self::from_text(path, &text, overlay),
            Err(FileFault::Absent) if file.is_none() && !overlay.is_empty() => {
                Self::from_text(path, "", overlay)
            }
            Err(FileFault::Absent) if file.is_none() => {
                let help = "make one with `daypass init`, or name one with `--config FILE`".to_owned();
                no_file("there is no such file in this folder".to_owned(), Some(help))
            }
            Err(fault) => no_file(fault.to_string(), None),
        }
    }

    /// Reads the text of a file that is called `path`; relative paths in it are relative to its folder.
    pub(crate) fn from_text(path: &Path, text: &str, overlay: &Overlay) -> Result<Self, SettingsFaults> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let shown = path.display().to_string();
        let elsewhere = RefCell::default();
        let (settings, in_file) = reader::read(&shown, text, |top| {
            let (elsewhere_here, origins) = (RefCell::default(), RefCell::default());
            let reading = Reading { top, overlay, folder, elsewhere: elsewhere_here, origins };
            let settings = read(&reading);
            elsewhere.replace(reading.elsewhere.into_inner());
            settings
        });
        let elsewhere = elsewhere.into_inner();
        match settings.flatten() {
            Some(settings) if in_file.is_empty() && elsewhere.is_empty() => Ok(settings),
            _ => Err(SettingsFaults::new(in_file, elsewhere)),
        }
    }

    /// The file of its keys, for each issuer that has one: by the name of the issuer.
    pub(crate) fn key_files(&self) -> BTreeMap<String, PathBuf> {
        let named = self.issuers.iter().map(|issuer| issuer.registered.name.clone()).zip(&self.reaches);
        named.filter_map(|(name, reach)| Some((name, reach.jwks_file.clone()?))).collect()
    }

    /// Where the audit stream goes, where there is one.
    pub(crate) fn stream_destination(&self) -> Option<&Destination> {
        self.audit_stream.settings.as_ref().map(|stream| &stream.destination)
    }

    /// Whether this server can be reached from its own machine only.
    fn is_loopback_only(&self) -> bool {
        is_loopback_url(&self.public_url) && self.listen.ip().is_loopback()
    }

    /// What the server below HTTP is told.
    pub(crate) fn into_config(self, encryption_key: EncryptionKey, traces: Option<TraceSettings>) -> Config {
        Config {
            loopback_only: self.is_loopback_only(),
            public_url: PublicUrl::new(self.public_url),
            issuers: self.issuers,
            outbound: self.outbound,
            policy_dir: self.policy_dir,
            policy_context: self.policy,
            pass_keys: self.pass_keys,
            keep_exchanges_seconds: self.keep_exchanges_seconds,
            traces,
            audit_stream: self.audit_stream.settings,
            encryption_key,
        }
    }
}

/// Whether a URL names this machine itself.
pub(crate) fn is_loopback_url(url: &IssuerUrl) -> bool {
    server::is_loopback_host(url.host())
}

/// Reads every section. `None` only where a fault has been reported.
fn read(reading: &Reading<'_>) -> Option<Settings> {
    let sections =
        ["http", "store", "keys", "projects", "limits", "metrics", "traces", "outbound", "policy", "audit"];
    let [http, store, keys, projects, limits, metrics, traces, outbound, policy, audit] =
        sections.map(|name| reading.top.section(name));
    let http = http::read(&Scope::new(reading, http.as_ref(), "http"));
    let server = server::read(&Scope::new(reading, Some(reading.top), ""), http.certificate.is_some());
    let store = store::read(&Scope::new(reading, store.as_ref(), "store"));
    let keys = keys::read(&Scope::new(reading, keys.as_ref(), "keys"));
    let allowed = policy::read(reading, policy.as_ref());
    let Registered { issuers, reaches, is_whole } = issuers::read(reading, &server, &allowed);
    let projects_scope = Scope::new(reading, projects.as_ref(), "projects");
    let projects = projects::read(&projects_scope, server.public_url.as_ref());
    let limits = limits::read(&Scope::new(reading, limits.as_ref(), "limits"));
    let metrics = metrics::read(&Scope::new(reading, metrics.as_ref(), "metrics"), server.listen);
    let (collector, shown_traces) = traces::read(&Scope::new(reading, traces.as_ref(), "traces"));
    let outbound = outbound::read(&Scope::new(reading, outbound.as_ref(), "outbound"));
    let audit_stream = audit_stream::read(reading, audit.as_ref());
    reading.top.finish();
    let (projects, public_url) = (projects?, server.public_url?);
    let policy = PolicyContext {
        public_url: public_url.clone(),
        issuers: issuers.iter().map(|issuer| issuer.registered.clone()).collect(),
        projects: projects.policy().clone(),
        allowed,
    };
    // What is missing from a broken list of issuers is no fault of the projects.
    if is_whole {
        projects.check(&projects_scope, &policy);
    }
    Some(Settings {
        public_url,
        listen: server.listen?,
        policy_dir: server.policy_dir,
        certificate: http.certificate,
        trusted_proxies: http.trusted_proxies,
        store: store.url?,
        keep_exchanges_seconds: store.keep_exchanges_seconds,
        encryption_key: keys.encryption_key,
        pass_keys: keys.pass_keys,
        issuers,
        policy,
        limits,
        metrics_listen: metrics,
        collector,
        outbound,
        audit_stream: Box::new(audit_stream),
        reaches,
        shown_traces,
        origins: reading.origins.take(),
    })
}
