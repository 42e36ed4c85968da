//! Identifiers that the emulator makes up.

use daypass_jose::Random;

/// A random UUID (RFC 9562 §5.4).
pub(crate) fn random_uuid(rng: &dyn Random) -> String {
    let mut bytes = [0_u8; 16];
    rng.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().as_hyphenated().to_string()
}

/// A random number with eleven digits, as the ids of runs and jobs have.
pub(crate) fn random_number(rng: &dyn Random) -> u64 {
    let mut bytes = [0_u8; 8];
    rng.fill(&mut bytes);
    10_000_000_000_u64.saturating_add(u64::from_be_bytes(bytes).checked_rem(90_000_000_000).unwrap_or(0))
}

/// A made-up numeric id for a name, with nine digits: the same for the same name, whatever its case, on every machine.
///
/// The real id of a repository or an owner is known to its CI system only. A rule that is written for the real one
/// needs the real one given.
pub fn stable_id(name: &str) -> u64 {
    let hash = fnv1a(name.to_ascii_lowercase().as_bytes());
    100_000_000_u64.saturating_add(hash.checked_rem(900_000_000).unwrap_or(0))
}

/// Fowler, Noll and Vo's hash 1a with 64 bits: spreads names, protects nothing.
fn fnv1a(bytes: &[u8]) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    bytes.iter().fold(OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::stable_id;

    #[test]
    fn an_id_that_is_made_up_is_the_same_everywhere_and_ignores_case() {
        assert_eq!(stable_id("acme/shop"), stable_id("Acme/Shop"));
        assert_ne!(stable_id("acme/shop"), stable_id("acme/shops"));
        assert_eq!(stable_id("acme/shop").to_string().len(), 9);
    }
}
