//! base64url: each byte string has one text, in every part of a token (RFC 4648 §3.5, RFC 7515 §2).

use daypass_jose::{Algorithm, base64url};
use proptest::prelude::*;

use crate::support::{Bench, payload};

/// Signs texts that stand for header and payload, whatever they are.
fn signed(bench: &Bench, header: &str, payload: &str) -> String {
    let input = format!("{header}.{payload}");
    let signature = base64url::encode(bench.signer.signature(input.as_bytes()));
    format!("{input}.{signature}")
}

#[test]
fn spare_bits_are_refused_in_every_part() {
    let bench = Bench::new(Algorithm::EdDSA);
    // Texts of 4n + 2 and 4n + 3 characters have bits to spare.
    for pad in ["\"\"", "\"p\"", "\"pp\""] {
        let header = base64url::encode(bench.header(&[("pad", Some(pad))]));
        let claims = base64url::encode(payload(&[("pad", Some(pad))]));
        bench.verify(&signed(&bench, &header, &claims)).unwrap();
        for (header, claims) in
            [(next_last(&header), Some(claims.clone())), (Some(header.clone()), next_last(&claims))]
        {
            let (Some(header), Some(claims)) = (header, claims) else { continue };
            assert!(bench.verify(&signed(&bench, &header, &claims)).is_err(), "{header}.{claims}");
        }
    }
    let token = bench.token(&[], &[]);
    assert!(bench.verify(&next_last(&token).unwrap()).is_err());
}

/// The text with its last character, which has bits to spare, set to one that stands for the same bytes.
fn next_last(text: &str) -> Option<String> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let part = text.rsplit('.').next()?;
    if part.len() % 4 == 0 {
        return None;
    }
    let (rest, last) = text.split_at(text.len() - 1);
    let at = ALPHABET.find(last)?;
    Some(format!("{rest}{}", &ALPHABET[at + 1..at + 2]))
}

#[test]
fn other_texts_of_the_same_bytes_are_refused_though_signed() {
    let bench = Bench::new(Algorithm::EdDSA);
    let (header, claims) = (base64url::encode(bench.header(&[])), base64url::encode(payload(&[])));
    bench.verify(&signed(&bench, &header, &claims)).unwrap();
    for junk in
        ["=", "==", "\n", "\r\n", " ", "\t", "\0", "%3D", "#", "?", "\u{200b}", "\u{feff}", "\\", "\""]
    {
        for (header, claims) in [
            (format!("{header}{junk}"), claims.clone()),
            (format!("{junk}{header}"), claims.clone()),
            (header.clone(), format!("{claims}{junk}")),
            (header.clone(), format!("{}{junk}{}", &claims[..4], &claims[4..])),
        ] {
            assert!(bench.verify(&signed(&bench, &header, &claims)).is_err(), "{junk:?}");
        }
        let token = signed(&bench, &header, &claims);
        assert!(bench.verify(&format!("{token}{junk}")).is_err(), "{junk:?}");
        assert!(bench.verify(&format!("{junk}{token}")).is_err(), "{junk:?}");
    }
}

#[test]
fn the_other_alphabet_is_refused_though_signed() {
    let bench = Bench::new(Algorithm::EdDSA);
    // `\u{3ff}` and `?` give the characters 62 and 63.
    let claims = base64url::encode(payload(&[("pad", Some("\"??>>~~??>>~~\u{3ff}\u{fbff}\""))]));
    assert!(claims.contains('-') && claims.contains('_'), "{claims}");
    let header = base64url::encode(bench.header(&[]));
    bench.verify(&signed(&bench, &header, &claims)).unwrap();
    for other in [claims.replace('-', "+"), claims.replace('_', "/")] {
        assert!(bench.verify(&signed(&bench, &header, &other)).is_err(), "{other}");
    }
}

proptest! {
    #[test]
    fn bytes_survive_and_every_text_that_is_read_is_the_one_that_is_written(
        bytes in proptest::collection::vec(any::<u8>(), 0..80),
        text in "[A-Za-z0-9_=+/. -]{0,12}",
    ) {
        prop_assert_eq!(base64url::decode(&base64url::encode(&bytes)), Some(bytes));
        if let Some(read) = base64url::decode(&text) {
            prop_assert_eq!(base64url::encode(read), text);
        }
    }
}
