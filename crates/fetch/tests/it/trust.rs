//! TLS: whose certificates are taken.

use std::sync::Arc;

use daypass_fetch::{
    ConnectFault, Endpoint, EndpointRules, FetchFault, Fetcher, Outbound, Response, check_ca_pem,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::aws_lc_rs;
use rustls::{HandshakeKind, ServerConfig};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::addresses::Scripted;
use crate::server::{Reply, Server, get};

/// A CA that tests make and nobody else trusts.
pub(crate) struct TestCa(CertifiedIssuer<'static, KeyPair>);

impl TestCa {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> Vec<u8> {
        self.0.pem().into_bytes()
    }

    /// A server with a certificate for `host`, made after `change`.
    pub(crate) fn server(&self, host: &str, change: impl FnOnce(&mut CertificateParams)) -> ServerConfig {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap()
    }
}

pub(crate) fn trusting(ca_pem: Vec<u8>) -> Endpoint {
    Endpoint::new(EndpointRules { loopback: true, ca_pem: Some(ca_pem), ..EndpointRules::default() })
}

/// Asks `https://issuer.test`, which is this server.
async fn ask(config: ServerConfig, endpoint: &Endpoint) -> Result<Response, FetchFault> {
    let server = Server::start_tls(config, Reply::ok("secret")).await;
    let fetcher =
        Fetcher::with_resolver(&Outbound::default(), Scripted::answering(&[&["127.0.0.1"]])).unwrap();
    let answer = fetcher.send(endpoint, get(format!("https://issuer.test:{}/", server.port))).await;
    assert_eq!(server.requests().len(), usize::from(answer.is_ok()), "what is not trusted is sent nothing");
    answer
}

#[tokio::test]
async fn a_private_ca_is_trusted_by_the_endpoint_that_names_it() {
    let ca = TestCa::new();
    let answer = ask(ca.server("issuer.test", |_| {}), &trusting(ca.pem())).await.unwrap();
    assert_eq!((answer.status, answer.body.as_ref()), (200, b"secret".as_slice()));
}

#[tokio::test]
async fn an_answer_tells_the_servers_own_certificate_and_one_without_tls_tells_none() {
    let ca = TestCa::new();
    let config = ca.server("issuer.test", |params| params.not_after = date_time_ymd(2060, 7, 9));
    let answer = ask(config, &trusting(ca.pem())).await.unwrap();
    let shown = answer.certificate.unwrap();
    // UTCTime of RFC 5280 §4.1.2.5.1 ends with 2049; this is a GeneralizedTime.
    assert!(shown.windows(15).any(|part| part == b"20600709000000Z"), "the leaf, not its issuer");
    let plain = Server::start(Reply::ok("")).await;
    let rules = EndpointRules { plain_http: true, loopback: true, ..EndpointRules::default() };
    let fetcher = Fetcher::new(&Outbound::default()).unwrap();
    let url = format!("http://127.0.0.1:{}/", plain.port);
    let answer = fetcher.send(&Endpoint::new(rules), get(url)).await.unwrap();
    assert_eq!(answer.certificate, None);
}

#[tokio::test]
async fn every_connection_shows_its_certificate_again() {
    let ca = TestCa::new();
    let server = Server::start_tls(ca.server("127.0.0.1", |_| {}), Reply::ok("")).await;
    let (fetcher, endpoint) = (Fetcher::new(&Outbound::default()).unwrap(), trusting(ca.pem()));
    let url = format!("https://127.0.0.1:{}/", server.port);
    fetcher.send(&endpoint, get(&url)).await.unwrap();
    fetcher.send(&endpoint, get(&url)).await.unwrap();
    assert!(!server.handshakes().contains(&HandshakeKind::Resumed), "{:?}", server.handshakes());
    assert_eq!(server.handshakes().len(), 2);
}

#[tokio::test]
async fn an_address_is_looked_for_in_the_certificate_too() {
    let ca = TestCa::new();
    let server = Server::start_tls(ca.server("127.0.0.1", |_| {}), Reply::ok("")).await;
    let fetcher = Fetcher::new(&Outbound::default()).unwrap();
    let url = format!("https://127.0.0.1:{}/", server.port);
    assert_eq!(fetcher.send(&trusting(ca.pem()), get(url)).await.unwrap().status, 200);
}

#[tokio::test]
async fn certificates_that_prove_nothing_are_refused() {
    let (ca, other) = (TestCa::new(), TestCa::new());
    let system = || Endpoint::new(EndpointRules { loopback: true, ..EndpointRules::default() });
    let expired = |params: &mut CertificateParams| params.not_after = date_time_ymd(2020, 1, 1);
    let too_early = |params: &mut CertificateParams| params.not_before = date_time_ymd(2999, 1, 1);
    for (case, config, endpoint, told) in [
        ("not trusted", ca.server("issuer.test", |_| {}), system(), "UnknownIssuer"),
        ("of another CA", ca.server("issuer.test", |_| {}), trusting(other.pem()), "certificate"),
        ("expired", ca.server("issuer.test", expired), trusting(ca.pem()), "expired"),
        ("not yet valid", ca.server("issuer.test", too_early), trusting(ca.pem()), "not valid yet"),
        ("of another host", ca.server("other.test", |_| {}), trusting(ca.pem()), "not valid for name"),
        ("of a host below", ca.server("x.issuer.test", |_| {}), trusting(ca.pem()), "not valid for name"),
    ] {
        let fault = ask(config, &endpoint).await.unwrap_err();
        let FetchFault::Connect { fault: ConnectFault::Untrusted(reason), .. } = &fault else {
            panic!("{case}: {fault}");
        };
        assert!(reason.contains(told), "{case}: {reason}");
        assert!(!fault.is_transient(), "{case}");
    }
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused() {
    let ca = TestCa::new();
    let own = rcgen::generate_simple_self_signed(vec!["issuer.test".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let fault = ask(config, &trusting(ca.pem())).await.unwrap_err();
    assert!(matches!(fault, FetchFault::Connect { fault: ConnectFault::Untrusted(_), .. }), "{fault}");
}

#[tokio::test]
async fn a_server_without_tls_is_no_tls_server() {
    let server = Server::start(Reply::ok("")).await;
    let fetcher = Fetcher::new(&Outbound::default()).unwrap();
    let endpoint = Endpoint::new(EndpointRules { loopback: true, ..EndpointRules::default() });
    let url = format!("https://127.0.0.1:{}/", server.port);
    let fault = fetcher.send(&endpoint, get(url)).await.unwrap_err();
    assert!(matches!(fault, FetchFault::Connect { fault: ConnectFault::NotTls, .. }), "{fault}");
    assert!(fault.to_string().contains("it speaks plain HTTP") && !fault.is_transient(), "{fault}");
}

#[tokio::test]
async fn a_ca_that_cannot_be_used_fails_its_requests_and_the_check() {
    let ca = TestCa::new();
    assert_eq!(check_ca_pem(&ca.pem()), Ok(()));
    assert!(check_ca_pem(b"nonsense").is_err());
    let fault = ask(ca.server("issuer.test", |_| {}), &trusting(b"nonsense".to_vec())).await.unwrap_err();
    assert!(matches!(&fault, FetchFault::Connect { fault: ConnectFault::Setup(_), .. }), "{fault}");
    assert!(!fault.is_transient());
}
