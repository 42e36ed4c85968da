//! Keys on another host that the settings name, and names that resolve to something else than before.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use daypass_fetch::{Endpoint, EndpointRules, Fetcher, Outbound, Resolve, Resolving};
use daypass_keys::{FetchKeysFault, IssuerKeySettings, KeySource, LookFault, look};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::issuer::{Reply, TestIssuer, discovery};
use crate::kit::{Kit, TestClock, settings};

/// Gives one address after the other, whatever the name; the last again and again.
struct Scripted(Mutex<VecDeque<IpAddr>>);

impl Resolve for Scripted {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        let mut left = self.0.lock().unwrap();
        let address = if left.len() > 1 { left.pop_front() } else { left.front().copied() };
        Box::pin(async move { Ok(address.into_iter().collect()) })
    }
}

fn resolving(addresses: &[&str]) -> Fetcher {
    let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
    Fetcher::with_resolver(&Outbound::default(), Arc::new(Scripted(Mutex::new(addresses)))).unwrap()
}

/// A server for `issuer.test` and `keys.test`, and the CA that says so.
fn certified() -> (ServerConfig, Vec<u8>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let names = vec!["issuer.test".to_owned(), "keys.test".to_owned()];
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &ca).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (config, ca.pem().into_bytes())
}

/// An issuer over TLS whose keys are on `keys.test`.
async fn issuer_with_keys_elsewhere() -> (TestIssuer, IssuerKeySettings) {
    let (config, ca_pem) = certified();
    let issuer = TestIssuer::start_tls(config).await;
    let url = format!("https://issuer.test:{}", issuer.port);
    issuer.publishes(Reply::ok(discovery(&url, &format!("https://keys.test:{}/jwks", issuer.port))));
    issuer.has_keys(&["a"]);
    let rules = EndpointRules { loopback: true, ca_pem: Some(ca_pem), ..EndpointRules::default() };
    let source = KeySource::Discovery(Endpoint::new(rules));
    (issuer, IssuerKeySettings { source, ..settings(&url) })
}

#[tokio::test]
async fn keys_may_be_on_a_host_that_the_settings_name() {
    let (issuer, settings) = issuer_with_keys_elsewhere().await;
    let jwks_hosts = vec![format!("keys.test:{}", issuer.port)];
    let kit = Kit::with(IssuerKeySettings { jwks_hosts, ..settings }, resolving(&["127.0.0.1"]));
    assert_eq!(kit.key("a").await, Ok("a".to_owned()));
}

#[tokio::test]
async fn keys_on_a_host_that_the_settings_do_not_name_are_not_fetched() {
    let (issuer, settings) = issuer_with_keys_elsewhere().await;
    let jwks_hosts = vec!["test".to_owned(), "s.test".to_owned(), "keys.test".to_owned()];
    let kit = Kit::with(IssuerKeySettings { jwks_hosts, ..settings }, resolving(&["127.0.0.1"]));
    let told = kit.reason("a").await;
    assert_eq!(told, "`jwks_uri` is on another scheme, host or port than the issuer's");
    assert_eq!(issuer.counts(), (1, 0));
}

#[tokio::test]
async fn a_host_that_the_settings_name_is_under_the_rules_of_the_issuer() {
    let (issuer, settings) = issuer_with_keys_elsewhere().await;
    let jwks_hosts = vec![format!("keys.test:{}", issuer.port)];
    let kit = Kit::with(IssuerKeySettings { jwks_hosts, ..settings }, resolving(&["127.0.0.1", "10.0.0.1"]));
    let told = kit.reason("a").await;
    assert_eq!(
        told,
        "the key set: `keys.test` is, or resolves to, a private address, which is not allowed for it"
    );
    assert_eq!(issuer.counts(), (1, 0));
}

#[tokio::test]
async fn an_issuer_that_is_not_trusted_gives_no_keys() {
    let (issuer, settings) = issuer_with_keys_elsewhere().await;
    let rules = EndpointRules { loopback: true, ..EndpointRules::default() };
    let source = KeySource::Discovery(Endpoint::new(rules));
    let kit = Kit::with(IssuerKeySettings { source, ..settings }, resolving(&["127.0.0.1"]));
    assert!(kit.reason("a").await.contains("UnknownIssuer"));
    assert_eq!(issuer.counts(), (0, 0));
}

#[tokio::test]
async fn a_name_that_turns_to_another_address_is_judged_again() {
    for (address, kind) in [
        ("169.254.169.254", "a link-local address"),
        ("fd00:ec2::254", "the address of a cloud's metadata service"),
        ("0.0.0.0", "an address of no machine"),
        ("::ffff:10.0.0.1", "a private address"),
    ] {
        let issuer = TestIssuer::start(&["a"]).await;
        let url = format!("http://issuer.test:{}", issuer.port);
        issuer.publishes(Reply::ok(discovery(&url, &format!("{url}/jwks"))));
        let kit = Kit::with(settings(&url), resolving(&["127.0.0.1", address]));
        let told = kit.reason("a").await;
        assert_eq!(
            told,
            format!("the key set: `issuer.test` is, or resolves to, {kind}, which is not allowed for it")
        );
        assert_eq!(issuer.counts(), (1, 0));
    }
}

#[tokio::test]
async fn a_look_at_an_issuer_comes_to_what_a_server_comes_to_and_tells_what_was_answered_besides() {
    let (issuer, settings) = issuer_with_keys_elsewhere().await;
    let settings = IssuerKeySettings { jwks_hosts: vec![format!("keys.test:{}", issuer.port)], ..settings };
    let clock = TestClock::default();
    let found = look(settings, &resolving(&["127.0.0.1"]), &clock).await;
    assert_eq!(found.keys.unwrap().len(), 1);
    assert_eq!(found.answers.len(), 2);
    assert!(found.answers.iter().all(|answer| answer.certificate.is_some() && answer.date.is_none()));

    let (issuer, settings) = issuer_with_keys_elsewhere().await;
    let found = look(settings, &resolving(&["127.0.0.1"]), &clock).await;
    assert_eq!(found.keys.err(), Some(LookFault::Fetch(FetchKeysFault::JwksElsewhere)));
    assert_eq!(found.answers.len(), 1, "the answer that led nowhere is told too");
    drop(issuer);
}

#[tokio::test]
async fn a_look_at_a_file_of_keys_asks_nobody() {
    let document = br#"{"keys":[]}"#.to_vec();
    let settings =
        IssuerKeySettings { source: KeySource::Fixed(document), ..settings("https://issuer.test") };
    let found = look(settings, &resolving(&[]), &TestClock::default()).await;
    assert!(matches!(found.keys.err(), Some(LookFault::File(_))) && found.answers.is_empty());
}
