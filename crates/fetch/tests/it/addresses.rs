//! Which addresses are reached, whatever a name resolves to.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use daypass_fetch::{
    AddressKind, ConnectFault, Endpoint, EndpointRules, FetchFault, Fetcher, Outbound, Resolve, Resolving,
};

use crate::server::{Reply, Server, fetcher, get, loopback};

/// Gives one list of addresses after the other, the same for every name, and fails when there is none left.
pub(crate) struct Scripted(Mutex<VecDeque<Vec<IpAddr>>>);

impl Scripted {
    pub(crate) fn answering(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |list: &&[&str]| list.iter().map(|address| address.parse().unwrap()).collect();
        Arc::new(Self(Mutex::new(answers.iter().map(parse).collect())))
    }

    fn left(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Resolve for Scripted {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        let answer = self.0.lock().unwrap().pop_front();
        Box::pin(async move { answer.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)) })
    }
}

fn resolving(resolver: &Arc<Scripted>) -> Fetcher {
    let resolver: Arc<dyn Resolve> = Arc::<Scripted>::clone(resolver);
    Fetcher::with_resolver(&Outbound::default(), resolver).unwrap()
}

fn refused(host: &str, kind: AddressKind) -> FetchFault {
    FetchFault::AddressRefused { host: host.to_owned(), kind }
}

#[tokio::test]
async fn a_name_is_resolved_once_and_the_judged_address_is_the_one_that_is_reached() {
    let server = Server::start(Reply::ok("")).await;
    let resolver = Scripted::answering(&[&["127.0.0.1"], &["169.254.169.254"]]);
    let url = format!("http://issuer.test:{}/", server.port);
    let endpoint = Endpoint::new(loopback());
    assert_eq!(resolving(&resolver).send(&endpoint, get(&url)).await.unwrap().status, 200);
    assert_eq!(resolver.left(), 1);
    assert!(server.requests()[0].contains(&format!("host: issuer.test:{}\r\n", server.port)));
    let rebound = resolving(&resolver).send(&endpoint, get(&url)).await.unwrap_err();
    assert_eq!(rebound, refused("issuer.test", AddressKind::LinkLocal));
}

#[tokio::test]
async fn one_address_that_is_not_allowed_refuses_the_whole_name() {
    let server = Server::start(Reply::ok("")).await;
    for (answer, kind) in [
        (&["127.0.0.1", "10.0.0.1"], AddressKind::Private),
        (&["10.0.0.1", "127.0.0.1"], AddressKind::Private),
        (&["127.0.0.1", "fd00:ec2::254"], AddressKind::Metadata),
        (&["127.0.0.1", "0.0.0.0"], AddressKind::Nowhere),
        (&["::1", "::ffff:169.254.169.254"], AddressKind::LinkLocal),
        (&["127.0.0.1", "64:ff9b::7f00:1"], AddressKind::Reserved),
    ] {
        let fetcher = resolving(&Scripted::answering(&[answer]));
        let url = format!("http://issuer.test:{}/", server.port);
        let fault = fetcher.send(&Endpoint::new(loopback()), get(url)).await.unwrap_err();
        assert_eq!(fault, refused("issuer.test", kind));
    }
    assert_eq!(server.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn an_endpoint_without_permission_reaches_no_special_address() {
    let strict = Endpoint::new(EndpointRules::default());
    for (address, kind) in [
        ("127.0.0.1", AddressKind::Loopback),
        ("::1", AddressKind::Loopback),
        ("::ffff:127.0.0.1", AddressKind::Loopback),
        ("10.0.0.1", AddressKind::Private),
        ("100.64.0.1", AddressKind::Private),
        ("fd00::1", AddressKind::Private),
        ("169.254.169.254", AddressKind::LinkLocal),
        ("100.100.100.200", AddressKind::Metadata),
        ("fd00:ec2::254", AddressKind::Metadata),
        ("224.0.0.1", AddressKind::Nowhere),
        ("0.0.0.0", AddressKind::Nowhere),
        ("2002:7f00:1::", AddressKind::Reserved),
    ] {
        let fetcher = resolving(&Scripted::answering(&[&[address]]));
        let fault = fetcher.send(&strict, get("https://issuer.test/")).await.unwrap_err();
        assert_eq!((fault.is_transient(), fault), (false, refused("issuer.test", kind)), "{address}");
    }
}

#[tokio::test]
async fn an_address_in_place_of_a_name_is_judged_too() {
    let strict = Endpoint::new(EndpointRules::default());
    for (host, kind) in [
        ("127.0.0.1", AddressKind::Loopback),
        ("[::1]", AddressKind::Loopback),
        ("[::ffff:10.0.0.1]", AddressKind::Private),
        ("169.254.169.254", AddressKind::LinkLocal),
    ] {
        let fault = fetcher().send(&strict, get(format!("https://{host}/"))).await.unwrap_err();
        assert!(
            matches!(&fault, FetchFault::AddressRefused { kind: found, .. } if *found == kind),
            "{fault}"
        );
    }
}

#[tokio::test]
async fn the_systems_resolver_is_judged_as_well() {
    let fault = fetcher().send(&Endpoint::new(EndpointRules::default()), get("https://localhost/")).await;
    assert_eq!(fault.unwrap_err(), refused("localhost", AddressKind::Loopback));
}

#[tokio::test]
async fn plain_http_is_for_endpoints_that_allow_it_and_for_this_machine() {
    let server = Server::start(Reply::ok("")).await;
    let tls_only = Endpoint::new(EndpointRules { plain_http: false, ..loopback() });
    let fault = fetcher().send(&tls_only, get(server.url("/"))).await.unwrap_err();
    assert_eq!((fault.is_transient(), fault), (false, FetchFault::SchemeRefused));

    let any = EndpointRules { any_address: true, private_network: true, ..loopback() };
    let resolver = Scripted::answering(&[&["10.0.0.1"], &["8.8.8.8"]]);
    for kind in [AddressKind::Private, AddressKind::Public] {
        let sent = resolving(&resolver).send(&Endpoint::new(any.clone()), get("http://issuer.test/")).await;
        assert_eq!(sent.unwrap_err(), refused("issuer.test", kind));
    }
    assert_eq!(server.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn the_next_address_is_tried_where_one_does_not_answer() {
    let server = Server::start(Reply::ok("")).await;
    let resolver = Scripted::answering(&[&["127.0.0.2", "::1", "127.0.0.1"]]);
    let url = format!("http://issuer.test:{}/", server.port);
    assert_eq!(resolving(&resolver).send(&Endpoint::new(loopback()), get(url)).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_name_without_address_is_no_connection() {
    let resolver = Scripted::answering(&[&[]]);
    for _ in ["no address", "no name"] {
        let fault = resolving(&resolver).send(&Endpoint::new(loopback()), get("https://issuer.test/")).await;
        let unresolved =
            FetchFault::Connect { authority: "issuer.test:443".to_owned(), fault: ConnectFault::Unresolved };
        assert_eq!(fault.unwrap_err(), unresolved);
    }
}

#[tokio::test]
async fn other_schemes_and_unclear_urls_are_refused() {
    let any =
        Endpoint::new(EndpointRules { any_address: true, plain_http: true, ..EndpointRules::default() });
    for url in ["file:///etc/passwd", "data:application/json,{}", "ftp://127.0.0.1/"] {
        assert_eq!(fetcher().send(&any, get(url)).await.unwrap_err(), FetchFault::SchemeRefused, "{url}");
    }
    for url in ["", "//127.0.0.1/", "https://user@127.0.0.1/", "https://127.0.0.1/#x", "https://127.1/"] {
        let fault = fetcher().send(&any, get(url)).await.unwrap_err();
        assert!(matches!(fault, FetchFault::UrlMalformed(_)), "{url}");
    }
}
