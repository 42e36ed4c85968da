//! Every change of a valid token turns yes into no.

use daypass_jose::Algorithm;
use daypass_jose::jwt::TokenFault;

use crate::support::Bench;

/// Every character of the alphabet, and bytes that are none, among them the dot, padding and the other alphabet.
const REPLACEMENTS: &str =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\r\t\0%\\\"~\u{7f}\u{e9}\u{ff0e}";
/// Changes that are taken all the same: algorithm, position, change, and the reason.
const DEVIATIONS: &[(Algorithm, usize, &str, &str)] = &[];

/// Each change of one byte that is taken: position and change.
fn taken(bench: &Bench, token: &str) -> Vec<(usize, String)> {
    let mut deviations = Vec::new();
    let mut tried = 0_usize;
    let mut show = |position: usize, change: String, text: &str| {
        assert_ne!(text, token);
        tried += 1;
        if bench.verify(text).is_ok() {
            deviations.push((position, change));
        }
    };
    for (position, old) in token.char_indices() {
        let (before, after) = (&token[..position], &token[position + 1..]);
        for new in REPLACEMENTS.chars().filter(|new| *new != old) {
            show(position, format!("replaced by {new:?}"), &format!("{before}{new}{after}"));
        }
        show(position, "deleted".to_owned(), &format!("{before}{after}"));
    }
    for position in 0..=token.len() {
        let (before, after) = token.split_at(position);
        for new in ['A', '.', '=', ' ', '\n', '\0'] {
            show(position, format!("inserted {new:?}"), &format!("{before}{new}{after}"));
        }
    }
    assert!(tried > 80 * token.len(), "{tried}");
    deviations
}

fn every_change_is_refused(algorithm: Algorithm) {
    let bench = Bench::new(algorithm);
    let token = bench.token(&[], &[]);
    bench.verify(&token).unwrap();
    let listed = DEVIATIONS.iter().filter(|(of, ..)| *of == algorithm);
    let listed: Vec<_> = listed.map(|(_, position, change, _)| (*position, (*change).to_owned())).collect();
    assert_eq!(taken(&bench, &token), listed, "{algorithm}: deviations found (left) and listed (right)");
}

#[test]
fn every_change_of_an_rs256_token_is_refused() {
    every_change_is_refused(Algorithm::RS256);
}

#[test]
fn every_change_of_a_ps256_token_is_refused() {
    every_change_is_refused(Algorithm::PS256);
}

#[test]
fn every_change_of_an_es256_token_is_refused() {
    every_change_is_refused(Algorithm::ES256);
}

#[test]
fn every_change_of_an_es384_token_is_refused() {
    every_change_is_refused(Algorithm::ES384);
}

#[test]
fn every_change_of_an_eddsa_token_is_refused() {
    every_change_is_refused(Algorithm::EdDSA);
}

#[test]
fn every_required_claim_is_required_of_every_algorithm() {
    for algorithm in Algorithm::ALL {
        let bench = Bench::new(algorithm);
        bench.verify(&bench.token(&[], &[])).unwrap();
        bench.verify(&bench.token(&[], &[("nbf", None), ("repository_id", None)])).unwrap();
        for claim in ["iss", "sub", "aud", "iat", "exp", "jti"] {
            assert_eq!(bench.refusal(&[(claim, None)]), Some(TokenFault::ClaimMissing(claim)), "{algorithm}");
        }
    }
}
