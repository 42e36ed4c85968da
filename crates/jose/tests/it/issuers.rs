//! Issuer URLs: one form, compared byte for byte.

use daypass_jose::IssuerUrl;
use proptest::prelude::*;

#[test]
fn real_issuers_are_taken_as_they_are() {
    for (url, authority) in [
        ("https://token.actions.githubusercontent.com", "token.actions.githubusercontent.com"),
        ("https://token.actions.githubusercontent.com/octocorp", "token.actions.githubusercontent.com"),
        ("https://ghes.example.com/_services/token", "ghes.example.com"),
        ("https://gitlab.example.com:8443", "gitlab.example.com:8443"),
        ("https://oidc.circleci.com/org/6f4762ed-3f2b-4c4e-9b5e-2d5c3e8f0a11", "oidc.circleci.com"),
        ("https://agent.buildkite.com", "agent.buildkite.com"),
        ("https://kubernetes.default.svc.cluster.local", "kubernetes.default.svc.cluster.local"),
        ("https://xn--exmple-cua.com", "xn--exmple-cua.com"),
        ("https://0x7f.example", "0x7f.example"),
        ("https://localhost", "localhost"),
        ("https://192.0.2.7", "192.0.2.7"),
        ("http://127.0.0.1:4011", "127.0.0.1:4011"),
        ("http://[::1]:4011", "[::1]:4011"),
        ("https://[2001:db8::1]/a", "[2001:db8::1]"),
    ] {
        let issuer = IssuerUrl::parse(url).unwrap();
        assert_eq!(
            (issuer.as_str(), issuer.to_string(), issuer.authority()),
            (url, url.to_owned(), authority)
        );
        assert_eq!(issuer.is_plain_http(), url.starts_with("http:"));
    }
}

/// Texts that are no issuer, though some reach one.
const LOOK_ALIKES: &[&str] = &[
    "",
    "https",
    "https:",
    "https:/",
    "https://",
    "://example.com",
    "//example.com",
    "token.actions.githubusercontent.com",
    "ftp://example.com",
    "file:///etc/passwd",
    "HTTPS://example.com",
    "Https://example.com",
    " https://example.com",
    "https://example.com ",
    "https://example.com\n",
    "https://exa\tmple.com",
    "https://example.com\0",
    "https:///example.com",
    "https:\\\\example.com",
    "https://Example.com",
    "https://example.com/",
    "https://example.com//",
    "https://example.com//a",
    "https://example.com/a/",
    "https://example.com/a/../b",
    "https://example.com/..",
    "https://example.com/.",
    "https://example.com/./a",
    "https://example.com?x=1",
    "https://example.com/?",
    "https://example.com#x",
    "https://example.com/#",
    "https://user@example.com",
    "https://user:pw@example.com",
    "https://@example.com",
    "https://example.com/a@b",
    "https://example.com:443",
    "http://example.com:80",
    "https://[::1]:443",
    "https://example.com:",
    "https://example.com:0",
    "https://example.com:09000",
    "https://example.com:99999",
    "https://example.com:+1",
    "https://example.com:1:2",
    "https://example.com:8443x",
    "https://example.com.",
    "https://.example.com",
    "https://example..com",
    "https://-example.com",
    "https://example-.com",
    "https://exa mple.com",
    "https://exa_mple.com",
    "https://example.com/%2e",
    "https://example%2ecom",
    "https://ex\u{e4}mple.com",
    "https://ex\u{430}mple.com",
    "https://example\u{ff0e}com",
    "https://example.com\u{200b}",
    "https://\u{202e}example.com",
    "https://example.com\\evil",
    "https://*.example.com",
    "https://example.com/*",
    "https://2130706433",
    "https://0177.0.0.1",
    "https://127.1",
    "https://127.0.0.1.",
    "https://1.2.3.4.5",
    "https://256.0.0.1",
    "https://0x7f000001",
    "https://0x7f.0.0.1",
    "https://127.0.0.0x1",
    "https://0x",
    "https://a.0x1",
    "https://example.1",
    "https://[::1",
    "https://::1",
    "https://[]",
    "https://[::1]x",
    "https://[::1]:",
    "https://[::A]",
    "https://[0:0:0:0:0:0:0:1]",
    "https://[::ffff:7f00:1]",
    "https://[fe80::1%25eth0]",
    "https://[127.0.0.1]",
];

#[test]
fn look_alikes_are_refused() {
    for url in LOOK_ALIKES {
        assert!(IssuerUrl::parse(url).is_err(), "{url:?}");
    }
}

#[test]
fn an_issuer_has_255_characters_at_most() {
    let url = |size: usize| format!("https://example.com/{}", "a".repeat(size - 20));
    assert_eq!(url(255).len(), 255);
    assert!(IssuerUrl::parse(&url(255)).is_ok());
    assert!(IssuerUrl::parse(&url(256)).is_err());
}

proptest! {
    #[test]
    fn any_text_is_refused_or_kept_as_it_is(
        text in any::<String>(),
        near in "https?://[a-z0-9.:@\\[\\]xA%-]{0,20}(/[a-zA-Z0-9._~%?#-]{0,6}){0,3}",
    ) {
        for text in [text, near] {
            let Ok(issuer) = IssuerUrl::parse(&text) else { continue };
            prop_assert_eq!(issuer.as_str(), &text);
            prop_assert!(text.is_ascii() && !text.contains(['?', '#', '@', '%', '\\', ' ']) && !text.ends_with('/'));
            prop_assert_eq!(text.split('/').nth(2), Some(issuer.authority()));
            prop_assert_eq!(issuer.authority().to_ascii_lowercase(), issuer.authority());
            // What is joined behind it stays behind it.
            let joined = format!("{text}/a");
            prop_assert!(IssuerUrl::parse(&joined).is_ok() || joined.len() > 255);
        }
    }
}
