//! Randomness as an argument.

use crate::secret::Secret;

/// Fills bytes with unpredictable values. One implementation asks the operating system; tests bring a seeded one.
pub trait Random: Send + Sync {
    /// Overwrites all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// A secret of `N` random bytes as lower-case hexadecimal text.
pub fn hex_secret<const N: usize>(rng: &dyn Random) -> Secret {
    let mut bytes = zeroize::Zeroizing::new([0_u8; N]);
    rng.fill(bytes.as_mut_slice());
    let mut text = String::with_capacity(N.saturating_mul(2));
    for byte in bytes.iter() {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    Secret::new(text)
}
