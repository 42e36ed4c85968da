//! Which certificates the server begins with, and which it goes over to while it runs.

use daypass_jose::{Clock as _, Secret, Timestamp};
use daypass_web::{Certificate, CertificateFault, CertificatePem, LiveCertificate, Look, Validity};
use rcgen::{ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};

use crate::support::clock::TestClock;
use crate::support::tls::TestCa;

fn now() -> Timestamp {
    TestClock::new().now()
}

fn copy(pem: &CertificatePem) -> CertificatePem {
    CertificatePem { chain: pem.chain.clone(), key: Secret::new(pem.key.reveal().to_owned()) }
}

fn fault(pem: &CertificatePem) -> CertificateFault {
    Certificate::parse(pem, now()).err().unwrap_or_else(|| panic!("the certificate was taken"))
}

#[test]
fn a_pair_of_each_kind_of_key_is_taken() {
    let kinds = [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
        &rcgen::PKCS_RSA_SHA256,
    ];
    for kind in kinds {
        let key = KeyPair::generate_for(kind).unwrap();
        let params = rcgen::CertificateParams::new(vec!["pass.example.com".to_owned()]).unwrap();
        let chain = params.self_signed(&key).unwrap().pem().into_bytes();
        let pem = CertificatePem { chain, key: Secret::new(key.serialize_pem()) };
        let certificate = Certificate::parse(&pem, now()).unwrap();
        assert!(
            certificate.is_for("pass.example.com") && !certificate.is_for("other.example.com"),
            "{kind:?}"
        );
    }
}

#[test]
fn a_certificate_knows_its_hosts_and_its_end() {
    let ca = TestCa::new();
    let pem = ca.pem("*.example.com", |params| {
        params.subject_alt_names.push(rcgen::SanType::IpAddress("::1".parse().unwrap()));
        params.not_before = date_time_ymd(2026, 3, 4);
        params.not_after = date_time_ymd(2027, 1, 2);
    });
    let certificate = Certificate::parse(&pem, now()).unwrap();
    let moment = |text| Timestamp::parse(text).unwrap();
    let validity = certificate.validity().unwrap();
    assert_eq!(validity.not_before, moment("2026-03-04T00:00:00Z"));
    assert_eq!(validity.not_after, moment("2027-01-02T00:00:00Z"));
    assert_eq!(Validity::of(b"no certificate"), None);
    for (host, is_for) in [
        ("pass.example.com", true),
        ("[::1]", true),
        ("example.com", false),
        ("a.pass.example.com", false),
        ("127.0.0.1", false),
        ("", false),
    ] {
        assert_eq!(certificate.is_for(host), is_for, "{host}");
    }
    assert_eq!(certificate.not_after().to_string(), "2027-01-02T00:00:00Z");
}

#[test]
fn a_pair_that_clients_would_refuse_is_refused_and_no_text_shows_the_key() {
    let ca = TestCa::new();
    let (good, other) = (ca.pem("pass.example.com", |_| {}), ca.pem("pass.example.com", |_| {}));
    let with_key = |key: &str| CertificatePem { chain: good.chain.clone(), key: Secret::new(key.to_owned()) };
    let with_chain =
        |chain: Vec<u8>| CertificatePem { chain, key: Secret::new(good.key.reveal().to_owned()) };
    let old = ca.pem("pass.example.com", |params| params.not_after = date_time_ymd(2026, 11, 24));
    let early = ca.pem("pass.example.com", |params| params.not_before = date_time_ymd(2026, 11, 25));
    let of_client = ca.pem("pass.example.com", |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let locked = good.key.reveal().replace("PRIVATE", "ENCRYPTED PRIVATE");
    let cut = good.key.reveal().get(..80).unwrap();
    assert_eq!(fault(&with_key(other.key.reveal())), CertificateFault::KeyMismatch);
    assert_eq!(
        fault(&with_chain([other.chain.clone(), good.chain.clone()].concat())),
        CertificateFault::KeyMismatch
    );
    assert!(matches!(fault(&old), CertificateFault::Expired(_)));
    assert!(matches!(fault(&early), CertificateFault::NotYetValid(_)));
    assert_eq!(fault(&of_client), CertificateFault::NotForServers);
    assert_eq!(fault(&with_chain(Vec::new())), CertificateFault::Absent);
    assert_eq!(fault(&with_chain(good.key.reveal().as_bytes().to_vec())), CertificateFault::Absent);
    assert_eq!(fault(&with_chain(good.chain.repeat(11))), CertificateFault::TooMany);
    for key in ["", "nonsense", &locked, cut] {
        assert_eq!(fault(&with_key(key)), CertificateFault::KeyMalformed);
    }
    let unknown = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert_eq!(fault(&with_key(unknown)), CertificateFault::KeyUnsupported);
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for chain in [broken.as_bytes().to_vec(), good.chain[..100].to_vec()] {
        assert!(matches!(fault(&with_chain(chain)), CertificateFault::Malformed(_)));
    }
    let of_key = cut.lines().nth(1).unwrap();
    let told = fault(&with_chain(cut.as_bytes().to_vec())).to_string() + &fault(&with_key(cut)).to_string();
    assert!(!told.contains(of_key), "{told}");
    Certificate::parse(&good, now()).unwrap();
}

#[test]
fn a_new_pair_is_taken_when_two_looks_see_it_whole() {
    let ca = TestCa::new();
    let (first, second) = (ca.pem("one.test", |_| {}), ca.pem("two.test", |_| {}));
    let live = LiveCertificate::new(copy(&first), now()).unwrap();
    let look = |pem: &CertificatePem| live.look(Ok(copy(pem)), now());
    assert_eq!(look(&first), Look::Unchanged);
    // A new certificate beside the old key is what a renewal leaves for a moment.
    let half =
        CertificatePem { chain: second.chain.clone(), key: Secret::new(first.key.reveal().to_owned()) };
    assert_eq!(look(&half), Look::Unsettled);
    assert_eq!(look(&second), Look::Unsettled);
    assert!(live.current().is_for("one.test"));
    assert_eq!(look(&second), Look::Replaced);
    assert!(live.current().is_for("two.test"));
    assert_eq!(look(&second), Look::Unchanged);
    assert_eq!(look(&first), Look::Unsettled);
    assert_eq!(look(&second), Look::Unchanged);
    assert_eq!(look(&first), Look::Unsettled, "what was away in between is seen anew");
}

#[test]
fn a_bad_new_pair_is_told_once_and_the_old_one_stays() {
    let ca = TestCa::new();
    let (first, other) = (ca.pem("one.test", |_| {}), ca.pem("two.test", |_| {}));
    let old = ca.pem("one.test", |params| params.not_after = date_time_ymd(2026, 11, 24));
    let live = LiveCertificate::new(copy(&first), now()).unwrap();
    let mixed =
        CertificatePem { chain: other.chain.clone(), key: Secret::new(first.key.reveal().to_owned()) };
    for (bad, fault) in [(&mixed, "does not belong"), (&old, "ended at 2026-11-24T00:00:00Z")] {
        assert_eq!(live.look(Ok(copy(bad)), now()), Look::Unsettled);
        let told = live.look(Ok(copy(bad)), now());
        assert!(matches!(&told, Look::Refused(why) if why.contains(fault)), "{told:?}");
        assert_eq!(live.look(Ok(copy(bad)), now()), Look::Unchanged);
        assert!(live.current().is_for("one.test"));
    }
    let gone = || Err("there is no such file".to_owned());
    assert_eq!(live.look(gone(), now()), Look::Unsettled, "a moment between two files");
    assert_eq!(live.look(gone(), now()), Look::Refused("there is no such file".to_owned()));
    assert_eq!(live.look(gone(), now()), Look::Unchanged);
    assert_eq!(live.look(Ok(copy(&other)), now()), Look::Unsettled);
    assert_eq!(live.look(Ok(copy(&other)), now()), Look::Replaced);
}

#[test]
fn a_pair_that_is_not_valid_yet_is_taken_when_it_is() {
    let ca = TestCa::new();
    let clock = TestClock::new();
    let next = ca.pem("two.test", |params| params.not_before = date_time_ymd(2026, 11, 25));
    let live = LiveCertificate::new(ca.pem("one.test", |_| {}), clock.now()).unwrap();
    assert_eq!(live.look(Ok(copy(&next)), clock.now()), Look::Unsettled);
    assert!(matches!(live.look(Ok(copy(&next)), clock.now()), Look::Refused(_)));
    assert_eq!(live.look(Ok(copy(&next)), clock.now()), Look::Unchanged);
    clock.advance(86_400);
    assert_eq!(live.look(Ok(copy(&next)), clock.now()), Look::Replaced);
}
