//! The issuer by which keys are looked up and the one that is verified are read once: no text has two readings.

use daypass_jose::Algorithm;
use daypass_jose::jwt::UnverifiedIdToken;
use proptest::prelude::*;

use crate::support::{Bench, ISSUER, payload};

const EVIL: &str = "https://evil.example";

/// Spellings of names as they stand in JSON, and what they mean.
const NAMES: [(&str, &str); 7] = [
    (r#""iss""#, "iss"),
    (r#""i\u0073s""#, "iss"),
    (r#""\u0069ss""#, "iss"),
    (r#""ISS""#, "ISS"),
    (r#""iss ""#, "iss "),
    (r#""sub""#, "sub"),
    (r#""x""#, "x"),
];

/// Values, and the text that they are, where they are one.
fn values() -> Vec<(String, Option<&'static str>)> {
    vec![
        (format!("\"{ISSUER}\""), Some(ISSUER)),
        (format!("\"{}\"", ISSUER.replace('/', r"\/")), Some(ISSUER)),
        (format!("\"{EVIL}\""), Some(EVIL)),
        (format!("[\"{ISSUER}\"]"), None),
        (format!("{{\"iss\":\"{ISSUER}\"}}"), None),
        ("null".to_owned(), None),
        ("1".to_owned(), None),
    ]
}

proptest! {
    #[test]
    fn a_token_is_looked_up_and_verified_by_the_same_issuer_or_refused(
        drawn in prop::collection::vec((0_usize..NAMES.len(), 0_usize..7, any::<bool>()), 0..5),
    ) {
        let (bench, values) = (Bench::new(Algorithm::EdDSA), values());
        let (mut before, mut behind, mut names) = (String::new(), String::new(), vec!["sub"]);
        let mut issuers = Vec::new();
        for (name, value, is_before) in drawn {
            let ((spelled, meant), (json, text)) = (NAMES[name], &values[value]);
            names.push(meant);
            issuers.extend((meant == "iss").then_some(*text));
            let member = format!("{spelled}:{json}");
            if is_before { before = format!("{before}{member},") } else { behind = format!("{behind},{member}") }
        }
        let base = payload(&[("iss", None)]);
        let inner = base.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap();
        let token = bench.signer.token(bench.header(&[]), format!("{{{before}{inner}{behind}}}"));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        let wanted = match issuers.as_slice() {
            [Some(issuer)] if names.len() == count => Some(*issuer),
            _ => None,
        };
        let read = UnverifiedIdToken::parse(&token).ok();
        prop_assert_eq!(read.as_ref().map(UnverifiedIdToken::claimed_issuer), wanted);
        let verified = bench.verify(&token).ok();
        prop_assert_eq!(verified.map(|claims| claims.issuer().as_str().to_owned()), wanted.filter(|one| *one == ISSUER).map(ToOwned::to_owned));
    }
}
