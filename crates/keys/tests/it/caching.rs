//! When the issuer is asked, and how often.

use std::time::Duration;

use daypass_fetch::{Fetcher, Outbound};
use daypass_jose::IssuerUrl;
use daypass_keys::{DEFAULT_TTL, IssuerKeySettings, KeyFault, MAX_TTL, MIN_TTL};

use crate::issuer::{Reply, TestIssuer, jwks};
use crate::kit::{Kit, settings, until};

#[tokio::test]
async fn a_key_is_fetched_once_and_then_held() {
    let issuer = TestIssuer::start(&["a", "b"]).await;
    let kit = Kit::new(&issuer);
    for key_id in ["a", "b", "a"] {
        assert_eq!(kit.key(key_id).await, Ok(key_id.to_owned()));
    }
    assert_eq!(issuer.counts(), (1, 1));
}

#[tokio::test]
async fn an_unknown_issuer_costs_no_network() {
    let issuer = TestIssuer::start(&["a"]).await;
    let kit = Kit::new(&issuer);
    for url in [format!("{}/x", issuer.url()), "https://other.example".to_owned()] {
        let answer = kit.keys.key(&IssuerUrl::parse(&url).unwrap(), Some("a")).await;
        assert_eq!(answer.map(|_| ()), Err(KeyFault::UnknownIssuer));
    }
    assert_eq!(issuer.counts(), (0, 0));
}

#[tokio::test]
async fn without_a_key_id_only_a_single_key_is_found() {
    let one = TestIssuer::start(&["a"]).await;
    assert_eq!(Kit::new(&one).find(None).await, Ok("a".to_owned()));
    let several = TestIssuer::start(&["a", "b"]).await;
    let kit = Kit::new(&several);
    for _ in 0..3 {
        assert_eq!(kit.find(None).await, Err(KeyFault::AmbiguousKey));
        kit.advance_seconds(10);
    }
    assert_eq!(several.counts(), (1, 1));
}

#[tokio::test]
async fn what_is_sent_names_nobody() {
    let issuer = TestIssuer::start(&["a"]).await;
    issuer.publishes(Reply::with(
        200,
        "Set-Cookie: a=b\r\n",
        crate::issuer::discovery(&issuer.url(), &format!("{}/jwks", issuer.url())),
    ));
    Kit::new(&issuer).key("a").await.unwrap();
    let expected = |path: &str| {
        format!(
            "GET {path} HTTP/1.1\r\naccept: application/json\r\nhost: 127.0.0.1:{}\r\nuser-agent: daypass/{}\r\n\
             accept-encoding: identity\r\nconnection: close\r\n\r\n",
            issuer.port,
            env!("CARGO_PKG_VERSION")
        )
    };
    assert_eq!(issuer.requests(), [expected("/.well-known/openid-configuration"), expected("/jwks")]);
}

#[tokio::test]
async fn a_herd_on_a_cold_cache_is_one_fetch() {
    let issuer = TestIssuer::start(&["a"]).await;
    let kit = Kit::new(&issuer);
    issuer.closes();
    let herd = (0..24).map(|_| kit.spawn("a")).collect::<Vec<_>>();
    until(|| issuer.counts() == (1, 0)).await;
    issuer.opens();
    for caller in herd {
        assert_eq!(caller.await.unwrap(), Ok("a".to_owned()));
    }
    assert_eq!(issuer.counts(), (1, 1));
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_end_the_fetch_for_the_others() {
    let issuer = TestIssuer::start(&["a"]).await;
    let kit = Kit::new(&issuer);
    issuer.closes();
    let first = kit.spawn("a");
    until(|| issuer.counts() == (1, 0)).await;
    let second = kit.spawn("a");
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    issuer.opens();
    assert_eq!(second.await.unwrap(), Ok("a".to_owned()));
    assert_eq!(issuer.counts(), (1, 1));
}

#[tokio::test]
async fn a_flood_of_unknown_key_ids_is_one_fetch() {
    let issuer = TestIssuer::start(&["a"]).await;
    let kit = Kit::new(&issuer);
    kit.key("a").await.unwrap();
    for (seconds, counts) in [(0, (1, 1)), (4, (1, 1)), (2, (2, 2)), (4, (2, 2))] {
        kit.advance_seconds(seconds);
        let flood = (0..60).map(|number| kit.spawn(&format!("x{number}"))).collect::<Vec<_>>();
        for caller in flood {
            assert_eq!(caller.await.unwrap(), Err(KeyFault::UnknownKey));
        }
        assert_eq!(kit.key("a").await, Ok("a".to_owned()));
        assert_eq!(issuer.counts(), counts);
    }
}

#[tokio::test]
async fn keys_are_followed_over_three_generations() {
    let issuer = TestIssuer::start(&["a"]).await;
    let kit = Kit::new(&issuer);
    assert_eq!(kit.key("a").await, Ok("a".to_owned()));
    for (old, new, withdrawn) in [("a", "b", "x"), ("b", "c", "a"), ("c", "d", "b")] {
        issuer.has_keys(&[old, new]);
        kit.advance_seconds(6);
        assert_eq!(kit.key(new).await, Ok(new.to_owned()));
        assert_eq!(kit.key(old).await, Ok(old.to_owned()));
        assert_eq!(kit.key(withdrawn).await, Err(KeyFault::UnknownKey));
    }
    assert_eq!(issuer.counts(), (4, 4));
}

#[tokio::test]
async fn past_its_time_to_live_a_set_answers_and_is_fetched_behind() {
    let issuer = TestIssuer::start(&["a"]).await;
    let kit = Kit::new(&issuer);
    kit.key("a").await.unwrap();
    kit.clock.advance(DEFAULT_TTL);
    issuer.has_keys(&["b"]);
    issuer.closes();
    for _ in 0..5 {
        assert_eq!(kit.key("a").await, Ok("a".to_owned()));
    }
    issuer.opens();
    until(|| kit.age_seconds() == Some(0)).await;
    assert_eq!(kit.key("a").await, Err(KeyFault::UnknownKey));
    assert_eq!((kit.key("b").await, issuer.counts()), (Ok("b".to_owned()), (2, 2)));
}

#[tokio::test]
async fn the_issuers_wish_for_a_time_to_live_is_held_within_bounds() {
    let second = Duration::from_secs(1);
    for (header, ttl) in [
        ("", DEFAULT_TTL),
        ("Cache-Control: max-age=0\r\n", MIN_TTL),
        ("Cache-Control: no-store\r\n", MIN_TTL),
        ("Cache-Control: public, max-age=600\r\n", Duration::from_mins(10)),
        ("Cache-Control: max-age=1000000000000\r\n", MAX_TTL),
        ("Expires: Thu, 01 Jan 1970 00:00:00 GMT\r\n", DEFAULT_TTL),
    ] {
        let issuer = TestIssuer::start(&["a"]).await;
        issuer.serves(Reply::with(200, header, jwks(&["a"])));
        let kit = Kit::new(&issuer);
        kit.key("a").await.unwrap();
        kit.clock.advance(ttl.saturating_sub(second));
        kit.key("a").await.unwrap();
        assert_eq!(issuer.counts(), (1, 1), "{header}");
        kit.clock.advance(second);
        kit.key("a").await.unwrap();
        until(|| issuer.counts() == (2, 2)).await;
    }
}

#[tokio::test]
async fn a_bad_signature_fetches_nothing() {
    let issuer = TestIssuer::start(&["a"]).await;
    let kit = Kit::new(&issuer);
    kit.key("a").await.unwrap();
    kit.advance_seconds(60);
    kit.keys.report_bad_signature(&kit.url);
    kit.key("a").await.unwrap();
    assert_eq!(issuer.counts(), (1, 1));
}

#[tokio::test]
async fn a_bad_signature_under_a_key_id_that_survives_rotation_fetches_once_an_interval() {
    let issuer = TestIssuer::start(&["a"]).await;
    let settings = IssuerKeySettings { key_id_survives_rotation: true, ..settings(&issuer.url()) };
    let kit = Kit::with(settings, Fetcher::new(&Outbound::default()).unwrap());
    let first = kit.keys.key(&kit.url, Some("a")).await.unwrap();
    issuer.has_keys(&["a"]);
    kit.keys.report_bad_signature(&kit.url);
    kit.key("a").await.unwrap();
    assert_eq!(issuer.counts(), (1, 1), "the set is younger than the interval");
    kit.advance_seconds(5);
    let second = kit.keys.key(&kit.url, Some("a")).await.unwrap();
    assert_eq!(issuer.counts(), (2, 2));
    assert!(!std::sync::Arc::ptr_eq(&first, &second));
    kit.advance_seconds(5);
    kit.key("a").await.unwrap();
    assert_eq!(issuer.counts(), (2, 2), "one report is one fetch");
    issuer.is_down();
    kit.keys.report_bad_signature(&kit.url);
    assert_eq!(kit.key("a").await, Ok("a".to_owned()), "a failed fetch takes nothing away");
    assert_eq!(issuer.counts(), (3, 2));
}

#[tokio::test]
async fn the_state_of_the_keys_is_shown() {
    let issuer = TestIssuer::start(&["a", "b"]).await;
    let unusable = r#"{"kty":"OKP","crv":"X25519","kid":"x","x":"AA"}"#;
    issuer.serves(Reply::ok(jwks(&["a", "b"]).replacen('[', &format!("[{unusable},"), 1)));
    let kit = Kit::new(&issuer);
    let state = || kit.keys.states().remove(0);
    assert_eq!((state().keys, state().age_seconds, state().last_fault), (0, None, None));
    kit.key("a").await.unwrap();
    kit.advance_seconds(7);
    let shown = state();
    assert_eq!((shown.keys, shown.skipped_keys, shown.age_seconds, shown.last_fault), (2, 1, Some(7), None));
}
