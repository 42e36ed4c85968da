//! Where an issuer's keys come from, and what may be done to get them.

use std::path::PathBuf;

use daypass_fetch::{Endpoint, EndpointRules, check_ca_pem};
use daypass_jose::{Algorithm, IssuerUrl};
use daypass_keys::{KeySource, check_key_set};
use daypass_policy::reader::{Located, Section};

use super::Surroundings;
use crate::settings::files;
use crate::settings::overlay::{Place, Reading};
use crate::settings::server::is_loopback_host;

/// How the keys of an issuer are reached, as it is shown.
pub(in crate::settings) struct Reach {
    pub(in crate::settings) insecure_http: bool,
    pub(in crate::settings) private_network: bool,
    pub(in crate::settings) ca_file: Option<PathBuf>,
    pub(in crate::settings) jwks_file: Option<PathBuf>,
}

/// What an issuer's section says of the way to its keys.
pub(super) struct GivenReach {
    insecure_http: Option<Located<bool>>,
    private_network: bool,
    ca_file: Option<Located<String>>,
    jwks_file: Option<Located<String>>,
}

impl GivenReach {
    pub(super) fn read(section: &Section<'_>) -> Self {
        Self {
            insecure_http: section.boolean("insecure_http"),
            private_network: section.boolean("private_network").is_some_and(|given| given.value),
            ca_file: section.text("ca_file"),
            jwks_file: section.text("jwks_file"),
        }
    }

    pub(super) fn resolved(self, reading: &Reading<'_>) -> Reach {
        let resolved = |given: Located<String>| reading.resolve(&given.value, &Place::File(given.span));
        Reach {
            insecure_http: self.insecure_http.is_some_and(|given| given.value),
            private_network: self.private_network,
            ca_file: self.ca_file.map(resolved),
            jwks_file: self.jwks_file.map(resolved),
        }
    }
}

impl Surroundings<'_> {
    /// `None` where a fault has been reported.
    pub(super) fn key_source(
        &self,
        section: &Section<'_>,
        reach: &GivenReach,
        url: Option<&IssuerUrl>,
        algorithms: &[Algorithm],
    ) -> Option<KeySource> {
        let ca_pem = reach.ca_file.as_ref().map(|given| self.ca_pem(section, given));
        if let Some(given) = &reach.jwks_file {
            return self.key_set(section, given, algorithms).map(KeySource::Fixed);
        }
        let url = url?;
        // Where the addresses of the server are at fault themselves, nothing is said about those of its issuers.
        let loopback_only = self.server.loopback_only();
        let wants_http = reach.insecure_http.as_ref().is_some_and(|given| given.value);
        self.check_reach(section, url, reach.insecure_http.as_ref());
        let is_local = is_loopback_host(url.host()) && loopback_only == Some(true);
        let rules = EndpointRules {
            plain_http: wants_http && loopback_only == Some(true) && url.is_plain_http(),
            private_network: reach.private_network,
            loopback: is_local,
            any_address: false,
            ca_pem: ca_pem.flatten(),
        };
        Some(KeySource::Discovery(Endpoint::new(rules)))
    }

    fn check_reach(&self, section: &Section<'_>, url: &IssuerUrl, insecure_http: Option<&Located<bool>>) {
        let wants_http = insecure_http.is_some_and(|given| given.value);
        if url.is_plain_http() && !wants_http {
            let help = if is_loopback_host(url.host()) {
                "for an issuer on this machine, the emulator say, write `insecure_http = true`"
            } else {
                "write `https://…`"
            };
            let message = format!(
                "`{url}` is reached without TLS, so that anybody on the way could give it other keys"
            );
            section.error(message, Some(help.to_owned()));
        }
        if wants_http && !is_loopback_host(url.host()) {
            let help = "write `https://…`; a private CA goes into `ca_file`".to_owned();
            section.error(format!("`insecure_http`: `{url}` is not on this machine"), Some(help));
        }
        if self.server.loopback_only() != Some(false) {
            return;
        }
        let only = "only while `public_url` and `listen` are both loopback";
        if let Some(given) = insecure_http.filter(|given| given.value) {
            section.source().error(given.span.clone(), format!("`insecure_http` works {only}"), None);
        } else if is_loopback_host(url.host()) && !url.is_plain_http() {
            section.error(format!("`{url}` is on this machine, and taken {only}"), None);
        }
    }

    fn ca_pem(&self, section: &Section<'_>, given: &Located<String>) -> Option<Vec<u8>> {
        let pem = self.file(section, "ca_file", given)?;
        if let Err(fault) = check_ca_pem(&pem) {
            section.source().error(
                given.span.clone(),
                format!("`ca_file`: `{}`: {fault}", given.value),
                None,
            );
            return None;
        }
        Some(pem)
    }

    fn key_set(
        &self,
        section: &Section<'_>,
        given: &Located<String>,
        algorithms: &[Algorithm],
    ) -> Option<Vec<u8>> {
        let document = self.file(section, "jwks_file", given)?;
        if let Err(fault) = check_key_set(&document, algorithms) {
            section.source().error(
                given.span.clone(),
                format!("`jwks_file`: `{}`: {fault}", given.value),
                None,
            );
            return None;
        }
        Some(document)
    }

    fn file(&self, section: &Section<'_>, key: &str, given: &Located<String>) -> Option<Vec<u8>> {
        let path = self.reading.resolve(&given.value, &Place::File(given.span.clone()));
        match files::read_bytes(&path) {
            Ok(bytes) => Some(bytes),
            Err(fault) => {
                let message = format!("`{key}`: `{}`: {fault}", path.display());
                section.source().error(given.span.clone(), message, None);
                None
            }
        }
    }
}
