//! Issuers, or those who answer for them, that send something else than keys.

use std::time::Duration;

use daypass_fetch::{Fetcher, Outbound};
use daypass_jose::Algorithm;
use daypass_keys::{
    FIXED_RETRY_SECONDS, IssuerKeySettings, KeyFault, KeySetRefused, KeySource, MAX_DOCUMENT_BYTES,
    check_key_set,
};

use crate::issuer::{Reply, TestIssuer, discovery, jwk, jwks};
use crate::kit::{Kit, settings, unavailable, until};

/// What is told when the discovery document is answered like this.
async fn told_of_discovery(reply: Reply) -> String {
    let issuer = TestIssuer::start(&["a"]).await;
    issuer.publishes(reply);
    let told = Kit::new(&issuer).reason("a").await;
    assert_eq!(issuer.counts(), (1, 0), "{told}");
    told
}

/// What is told when the key set is answered like this.
async fn told_of_key_set(reply: Reply) -> String {
    let issuer = TestIssuer::start(&["a"]).await;
    issuer.serves(reply);
    let told = Kit::new(&issuer).reason("a").await;
    assert_eq!(issuer.counts(), (1, 1), "{told}");
    told
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let canary = TestIssuer::start(&["a"]).await;
    for status in [301, 302, 303, 307, 308] {
        let moved = Reply::with(status, &format!("Location: {}/jwks\r\n", canary.url()), "");
        let told = told_of_discovery(moved.clone()).await;
        assert_eq!(told, format!("the discovery document: the answer is HTTP {status}"));
        assert_eq!(told_of_key_set(moved).await, format!("the key set: the answer is HTTP {status}"));
    }
    assert_eq!(canary.counts(), (0, 0));
}

#[tokio::test]
async fn a_discovery_document_of_another_issuer_is_refused() {
    let issuer = TestIssuer::start(&["a"]).await;
    let (url, keys) = (issuer.url(), format!("{}/jwks", issuer.url()));
    for document in [
        discovery("https://other.example", &keys),
        discovery(&format!("{url}/"), &keys),
        discovery(&url.to_ascii_uppercase(), &keys),
        format!(r#"{{"jwks_uri":"{keys}"}}"#),
        format!(r#"{{"issuer":["{url}"],"jwks_uri":"{keys}"}}"#),
    ] {
        issuer.publishes(Reply::ok(&document));
        let told = Kit::new(&issuer).reason("a").await;
        assert_eq!(told, "the discovery document names another issuer, or none", "{document}");
    }
    assert_eq!(issuer.counts().1, 0);
}

#[tokio::test]
async fn keys_on_another_host_are_not_fetched() {
    let (issuer, canary) = (TestIssuer::start(&["a"]).await, TestIssuer::start(&["a"]).await);
    let port = issuer.port;
    for jwks_uri in [
        format!("{}/jwks", canary.url()),
        format!("http://127.0.0.2:{port}/jwks"),
        format!("http://localhost:{port}/jwks"),
        format!("https://127.0.0.1:{port}/jwks"),
        format!("http://127.0.0.1:{port}@127.0.0.1:{}/jwks", canary.port),
        "file:///etc/passwd".to_owned(),
        format!("data:application/json,{}", jwks(&["a"])),
        "/jwks".to_owned(),
        String::new(),
    ] {
        issuer.publishes(Reply::ok(discovery(&issuer.url(), &jwks_uri)));
        let told = Kit::new(&issuer).reason("a").await;
        assert_eq!(told, "`jwks_uri` is on another scheme, host or port than the issuer's", "{jwks_uri}");
    }
    issuer.publishes(Reply::ok(format!(r#"{{"issuer":"{}"}}"#, issuer.url())));
    assert_eq!(Kit::new(&issuer).reason("a").await, "the discovery document has no `jwks_uri`");
    assert_eq!((issuer.counts().1, canary.counts()), (0, (0, 0)));
}

#[tokio::test]
async fn statuses_other_than_200_are_no_documents() {
    for status in [201, 204, 206, 304, 400, 401, 404, 429, 500, 503] {
        assert!(told_of_discovery(Reply::status(status)).await.contains("HTTP "), "{status}");
        assert!(told_of_key_set(Reply::status(status)).await.contains("HTTP "), "{status}");
    }
}

#[tokio::test]
async fn documents_without_bound_are_refused() {
    let limit = format!("the answer is larger than {MAX_DOCUMENT_BYTES} bytes");
    let head = "HTTP/1.1 200 OK\r\n\r\n{";
    let endless = Reply::Endless(head.into(), vec![b' '; 65536]);
    let announced =
        Reply::Endless("HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n".into(), vec![b' '; 65536]);
    let padded = Reply::ok(format!("{}{}", " ".repeat(MAX_DOCUMENT_BYTES), jwks(&["a"])));
    for reply in [endless, announced, padded] {
        assert_eq!(told_of_discovery(reply.clone()).await, format!("the discovery document: {limit}"));
        assert_eq!(told_of_key_set(reply).await, format!("the key set: {limit}"));
    }
}

#[tokio::test]
async fn compressed_documents_are_refused() {
    let told = told_of_key_set(Reply::with(200, "Content-Encoding: gzip\r\n", b"\x1f\x8b\x08")).await;
    assert_eq!(told, "the key set: the answer has a content encoding, which was not asked for");
}

#[tokio::test]
async fn connections_that_break_are_no_documents() {
    assert!(told_of_discovery(Reply::Reset).await.contains("no whole answer"));
    assert!(told_of_key_set(Reply::Reset).await.contains("no whole answer"));
}

#[tokio::test]
async fn both_documents_share_one_deadline() {
    let issuer = TestIssuer::start(&["a"]).await;
    issuer.serves(Reply::Hang);
    let kit = Kit::new(&issuer);
    issuer.closes();
    let caller = kit.spawn("a");
    until(|| issuer.counts() == (1, 0)).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3)).await;
    tokio::time::resume();
    issuer.opens();
    until(|| issuer.counts() == (1, 1)).await;
    tokio::time::pause();
    assert_eq!(unavailable(&caller.await.unwrap()), Some(1));
    assert_eq!(kit.last_fault().unwrap(), "the two documents were not here within 5s");
}

#[tokio::test]
async fn broken_discovery_documents_are_refused() {
    let deep = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
    for document in [
        "",
        "{",
        "[]",
        "null",
        "<html></html>",
        "\u{feff}{}",
        r#"{"issuer":"x","issuer":"y"}"#,
        "{} {}",
        &deep,
    ] {
        let told = told_of_discovery(Reply::ok(document)).await;
        assert!(told.starts_with("the discovery document "), "{document}: {told}");
    }
}

#[tokio::test]
async fn broken_and_dangerous_key_sets_are_refused_whole() {
    let good = jwk("a");
    let with = |other: &str| format!(r#"{{"keys":[{good},{other}]}}"#);
    let deep = format!(r#"{{"keys":[{good}],"x":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    for (document, told) in [
        (String::new(), "the key set is not one JSON object (at line 1, column 0)"),
        ("{\"keys\":[{".to_owned(), "the key set is not one JSON object (at line 1, column 10)"),
        ("{}".to_owned(), "the key set has no array `keys` of objects"),
        (r#"{"keys":{}}"#.to_owned(), "the key set has no array `keys` of objects"),
        (with("7"), "the key set has no array `keys` of objects"),
        (r#"{"keys":[]}"#.to_owned(), "the key set has no key that is usable for this issuer"),
        (deep, "the key set is nested deeper than 32 levels"),
        (
            format!(r#"{{"keys":[{good}],"keys":[{}]}}"#, jwk("b")),
            "the key set is a member name stands twice",
        ),
        (with(&jwk("a")), "two keys of the set have one key id"),
        (with(r#"{"kty":"oct","k":"AA","kid":"o"}"#), "the key set holds a symmetric key"),
        (with(&jwk("p").replace("\"kty\"", "\"d\":\"AA\",\"kty\"")), "the key set publishes a private key"),
        (jwks(&["x"; 65]), "the key set has more than 64 keys"),
    ] {
        assert_eq!(told_of_key_set(Reply::ok(&document)).await, told, "{document}");
    }
}

#[tokio::test]
async fn a_weak_key_beside_good_ones_is_unknown() {
    let issuer = TestIssuer::start(&["a"]).await;
    let weak = r#"{"kty":"RSA","kid":"weak","alg":"RS256","n":"AQAB","e":"AQ"}"#;
    issuer.serves(Reply::ok(format!(r#"{{"keys":[{weak},{}]}}"#, jwk("a"))));
    let algorithms = vec![Algorithm::ES256, Algorithm::RS256];
    let settings = IssuerKeySettings { algorithms, ..settings(&issuer.url()) };
    let kit = Kit::with(settings, Fetcher::new(&Outbound::default()).unwrap());
    assert_eq!(kit.key("weak").await, Err(KeyFault::UnknownKey));
    assert_eq!(kit.key("a").await, Ok("a".to_owned()));
}

#[tokio::test]
async fn a_fixed_set_needs_no_network() {
    let fixed = |document: &str| {
        let source = KeySource::Fixed(document.as_bytes().to_vec());
        let settings = IssuerKeySettings { source, ..settings("https://ghes.example") };
        Kit::with(settings, Fetcher::new(&Outbound::default()).unwrap())
    };
    let kit = fixed(&jwks(&["a", "b"]));
    kit.clock.advance(Duration::MAX);
    kit.keys.report_bad_signature(&kit.url);
    assert_eq!(kit.key("a").await, Ok("a".to_owned()));
    assert_eq!(kit.key("x").await, Err(KeyFault::UnknownKey));
    assert_eq!(kit.find(None).await, Err(KeyFault::AmbiguousKey));

    let broken = fixed("{}");
    assert_eq!(unavailable(&broken.key("a").await), Some(FIXED_RETRY_SECONDS));
    assert_eq!(broken.last_fault().unwrap(), "the key set has no array `keys` of objects");
    assert_eq!(check_key_set(jwks(&["a"]).as_bytes(), &[Algorithm::ES256]), Ok(()));
    let refused = check_key_set(jwks(&["a"]).as_bytes(), &[Algorithm::RS256]);
    assert_eq!(refused, Err(KeySetRefused::NoUsableKey));
}
