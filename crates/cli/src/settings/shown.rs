//! The settings for showing: each with what it comes to and where it has that from. No secret is among them.

#[cfg(test)]
mod tests;

use std::path::Path;

use daypass_app::config::IssuerConfig;
use daypass_app::signing_keys::PassKeySettings;
use daypass_fetch::Outbound;
use daypass_jose::Algorithm;
use daypass_policy::{PolicyContext, ProjectsPolicy, RegisteredIssuer, show_duration};
use daypass_web::{Limits, TrustedProxies};
use serde_json::{Value, json};

use super::audit_stream::ShownStream;
use super::issuers::Reach;
use super::origins::Origin;
use super::traces::ShownTraces;
use super::{CertificateFiles, EncryptionKeySource, Settings};

/// One setting.
#[derive(Debug)]
pub(crate) struct ShownSetting {
    /// Section and key, as `store.url`, `issuers.github.url`.
    pub(crate) name: String,
    /// What the server goes by; null where there is none.
    pub(crate) value: Value,
    /// Where that is from.
    pub(crate) origin: Origin,
}

/// Names and values.
type Values = Vec<(String, Value)>;

impl ShownSetting {
    /// What it means that there is no value.
    pub(crate) fn absence(&self) -> &'static str {
        match self.name.rsplit('.').next() {
            Some("keep_exchanges") => "for ever",
            Some("events") => "trusted and review ones",
            Some("ca_file") => "the system's roots",
            Some(_) | None => "none",
        }
    }
}

impl Settings {
    /// Every setting, in the order in which they are documented.
    pub(crate) fn shown(&self) -> Vec<ShownSetting> {
        // Without `..`, here and below: no field is added without being thought of here.
        let Self {
            public_url,
            listen,
            policy_dir,
            certificate,
            trusted_proxies,
            store,
            keep_exchanges_seconds,
            encryption_key,
            pass_keys,
            issuers,
            policy: PolicyContext { public_url: _, issuers: _, projects, allowed },
            limits,
            metrics_listen,
            // Its headers are secrets, which only the server reads.
            collector: _,
            outbound,
            audit_stream,
            reaches,
            shown_traces,
            origins,
        } = self;
        let mut values = Values::new();
        add(&mut values, "public_url", json!(public_url.as_str()));
        add(&mut values, "listen", json!(listen.to_string()));
        add(&mut values, "policy_dir", path(policy_dir.as_deref()));
        add_http(&mut values, certificate.as_ref(), trusted_proxies);
        // Displayed, a store's URL has no password.
        add(&mut values, "store.url", json!(store.to_string()));
        add(&mut values, "store.keep_exchanges", json!(keep_exchanges_seconds.map(show_duration)));
        add_encryption_key(&mut values, encryption_key);
        add_pass_keys(&mut values, pass_keys);
        for (IssuerConfig { registered, keys: _ }, reach) in issuers.iter().zip(reaches) {
            add_issuer(&mut values, registered, reach);
        }
        add_projects(&mut values, projects);
        for (lint, reason) in allowed {
            values.push((format!("policy.allow.{}", lint.name()), json!(reason)));
        }
        let Limits { failures_per_minute_per_source } = limits;
        add(&mut values, "limits.failures_per_minute_per_source", json!(failures_per_minute_per_source));
        add(&mut values, "metrics.listen", json!(metrics_listen.map(|address| address.to_string())));
        add_traces(&mut values, shown_traces);
        add_audit_stream(&mut values, &audit_stream.shown);
        let Outbound { proxy, no_proxy } = outbound;
        // The reader takes no proxy with a user or password.
        add(&mut values, "outbound.proxy", json!(proxy));
        add(&mut values, "outbound.no_proxy", json!(no_proxy));
        let shown = |(name, value): (String, Value)| ShownSetting { origin: origins.of(&name), name, value };
        values.into_iter().map(shown).collect()
    }
}

fn add(values: &mut Values, name: &str, value: Value) {
    values.push((name.to_owned(), value));
}

fn path(path: Option<&Path>) -> Value {
    json!(path.map(|path| path.display().to_string()))
}

fn add_http(values: &mut Values, certificate: Option<&CertificateFiles>, proxies: &TrustedProxies) {
    let [certificate, key] = certificate.map_or([None; 2], |files| files.paths().map(Some));
    add(values, "http.tls_certificate_file", path(certificate));
    add(values, "http.tls_key_file", path(key));
    let proxies: Vec<String> = proxies.networks().iter().map(ToString::to_string).collect();
    add(values, "http.trusted_proxies", json!(proxies));
}

/// Where the key comes from, never the key.
fn add_encryption_key(values: &mut Values, source: &EncryptionKeySource) {
    let (file, command) = match source {
        EncryptionKeySource::File(path) => (Some(path.as_path()), None),
        EncryptionKeySource::Command(command) => (None, Some(command)),
        EncryptionKeySource::Unnamed => (None, None),
    };
    add(values, "keys.encryption_key_file", path(file));
    add(values, "keys.encryption_key_command", json!(command));
}

fn add_pass_keys(values: &mut Values, keys: &PassKeySettings) {
    let PassKeySettings { algorithm, rotate_after_seconds, jwks_max_age_seconds } = keys;
    add(values, "keys.algorithm", json!(algorithm.name()));
    add(values, "keys.rotate_after", json!(show_duration(*rotate_after_seconds)));
    add(values, "keys.jwks_max_age", json!(show_duration(i64::from(*jwks_max_age_seconds))));
}

fn add_issuer(values: &mut Values, issuer: &RegisteredIssuer, reach: &Reach) {
    let RegisteredIssuer { name, url, profile, audiences, algorithms, is_shared, token_reuse } = issuer;
    let Reach { insecure_http, private_network, ca_file, jwks_file } = reach;
    let algorithms: Vec<&str> = algorithms.iter().copied().map(Algorithm::name).collect();
    let keys = [
        ("name", json!(name)),
        ("provider", json!(profile.name)),
        ("url", json!(url.as_str())),
        ("audiences", json!(audiences)),
        ("algorithms", json!(algorithms)),
        ("shared", json!(is_shared)),
        ("token_reuse", json!(token_reuse.name())),
        ("insecure_http", json!(insecure_http)),
        ("private_network", json!(private_network)),
        ("ca_file", path(ca_file.as_deref())),
        ("jwks_file", path(jwks_file.as_deref())),
    ];
    values.extend(keys.map(|(key, value)| (format!("issuers.{name}.{key}"), value)));
}

/// The file of the headers, never what stands in it.
fn add_traces(values: &mut Values, traces: &ShownTraces) {
    let ShownTraces {
        endpoint,
        headers_file,
        sample_ratio,
        service_name,
        insecure_http,
        private_network,
        ca_file,
    } = traces;
    add(values, "traces.endpoint", json!(endpoint));
    add(values, "traces.headers_file", path(headers_file.as_deref()));
    add(values, "traces.sample_ratio", json!(sample_ratio));
    add(values, "traces.service_name", json!(service_name));
    add(values, "traces.insecure_http", json!(insecure_http));
    add(values, "traces.private_network", json!(private_network));
    add(values, "traces.ca_file", path(ca_file.as_deref()));
}

fn add_audit_stream(values: &mut Values, stream: &ShownStream) {
    let ShownStream { webhook, file, stdout, from, secret_file, private_network, insecure_http, ca_file } =
        stream;
    add(values, "audit.stream.webhook", json!(webhook));
    add(values, "audit.stream.file", path(file.as_deref()));
    add(values, "audit.stream.stdout", json!(stdout));
    add(values, "audit.stream.from", json!(from));
    add(values, "audit.stream.secret_file", path(secret_file.as_deref()));
    add(values, "audit.stream.private_network", json!(private_network));
    add(values, "audit.stream.insecure_http", json!(insecure_http));
    add(values, "audit.stream.ca_file", path(ca_file.as_deref()));
}

fn add_projects(values: &mut Values, projects: &ProjectsPolicy) {
    let ProjectsPolicy { scopes, audience, events, ttl_seconds } = projects;
    add(values, "projects.scopes", json!(scopes));
    add(values, "projects.audience", json!(audience));
    add(values, "projects.events", json!(events));
    add(values, "projects.ttl", json!(show_duration(*ttl_seconds)));
}
