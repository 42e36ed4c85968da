//! Identifiers, times, secrets: the small types.

use daypass_jose::digest::short_sha256;
use daypass_jose::ids::{ExchangeId, ProjectId};
use daypass_jose::random::hex_secret;
use daypass_jose::{Random, Secret, Timestamp};
use proptest::prelude::*;

/// Gives one byte again and again.
struct Always(u8);

impl Random for Always {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

#[test]
fn an_id_holds_its_moment_and_is_a_uuid_of_version_7() {
    let id = ExchangeId::new(Timestamp::from_millis(0x0123_4567_89ab), &Always(0xff));
    assert_eq!(id.to_string(), "01234567-89ab-7fff-bfff-ffffffffffff");
    let id = ExchangeId::new(Timestamp::from_millis(0x0123_4567_89ab), &Always(0));
    assert_eq!(id.to_string(), "01234567-89ab-7000-8000-000000000000");
    let before_1970 = ExchangeId::new(Timestamp::from_millis(-1), &Always(0));
    assert_eq!(before_1970.to_string(), "00000000-0000-7000-8000-000000000000");
}

#[test]
fn ids_of_later_moments_sort_behind_as_values_and_as_texts() {
    let ids: Vec<ExchangeId> = [0, 1, 0xffff, 0x0001_0000, 1_800_000_000_000, 1_800_000_000_001]
        .map(|millis| {
            ExchangeId::new(Timestamp::from_millis(millis), &Always(if millis == 1 { 0 } else { 0xff }))
        })
        .to_vec();
    assert!(ids.is_sorted());
    assert!(ids.iter().map(ToString::to_string).is_sorted());
}

#[test]
fn an_id_is_read_in_its_one_form_only() {
    let text = "01234567-89ab-7fff-bfff-ffffffffffff";
    assert_eq!(ProjectId::parse(text).unwrap().to_string(), text);
    for other in [
        "",
        "01234567-89AB-7fff-bfff-ffffffffffff",
        "0123456789ab7fffbfffffffffffffff",
        "{01234567-89ab-7fff-bfff-ffffffffffff}",
        "urn:uuid:01234567-89ab-7fff-bfff-ffffffffffff",
        " 01234567-89ab-7fff-bfff-ffffffffffff",
        "01234567-89ab-7fff-bfff-ffffffffffff\n",
        "01234567-89ab-7fff-bfff-fffffffffff",
        "01234567-89ab-7fff-bfff-fffffffffffff",
        "0123456789ab-7fff-bfff-ffffffffffff-",
    ] {
        assert_eq!(ProjectId::parse(other), None, "{other:?}");
    }
}

#[test]
fn secrets_are_equal_if_all_their_bytes_are() {
    let secret = |text: &str| Secret::new(text.to_owned());
    assert!(secret("abc").ct_eq(&secret("abc")));
    for other in ["", "ab", "abd", "abcd", "Abc"] {
        assert!(!secret("abc").ct_eq(&secret(other)), "{other}");
    }
}

#[test]
fn random_secrets_are_lower_case_hexadecimal() {
    assert_eq!(hex_secret::<4>(&Always(0xa5)).reveal(), "a5a5a5a5");
    assert_eq!(hex_secret::<20>(&Always(0x0f)).reveal(), "0f".repeat(20));
}

#[test]
fn a_short_digest_is_the_first_half_of_sha_256() {
    assert_eq!(short_sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223");
}

#[test]
fn whole_seconds_are_rounded_towards_the_past_and_sums_stay_in_range() {
    assert_eq!(Timestamp::from_millis(-1).seconds(), -1);
    assert_eq!(Timestamp::from_millis(1_999).seconds(), 1);
    assert_eq!(Timestamp::from_millis(5).plus_seconds(-2).millis(), -1_995);
    assert_eq!(Timestamp::from_millis(0).plus_seconds(i64::MIN).millis(), i64::MIN);
    assert_eq!(Timestamp::from_millis(i64::MIN).millis_since(Timestamp::from_millis(i64::MAX)), i64::MIN);
    assert_eq!(Timestamp::from_millis(7).millis_since(Timestamp::from_millis(9)), -2);
}

proptest! {
    #[test]
    fn ids_survive_being_written_and_read(millis in 0_i64..1 << 48, byte in any::<u8>()) {
        let id = ProjectId::new(Timestamp::from_millis(millis), &Always(byte));
        prop_assert_eq!(ProjectId::parse(&id.to_string()), Some(id));
    }

    #[test]
    fn any_moment_is_shown(millis in any::<i64>()) {
        let shown = Timestamp::from_millis(millis).to_string();
        prop_assert!(shown.ends_with('Z') && shown.contains('T'), "{}", shown);
    }

    #[test]
    fn any_text_is_an_id_or_not(text in any::<String>(), near in "[0-9a-fA-F{}-]{30,40}") {
        for text in [text, near] {
            if let Some(id) = ProjectId::parse(&text) {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
