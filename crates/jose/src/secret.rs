//! Text that must not be seen: tokens, passes, keys.

use zeroize::Zeroizing;

/// A secret text, wiped from memory when dropped.
///
/// Has no `Debug`, `Display`, `Serialize` or `Clone`: it cannot reach a log or an answer by accident.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of a secret text.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Only a face, on its way out to the one whom it is meant for, may call this.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Number of bytes.
    pub fn size_bytes(&self) -> usize {
        self.0.len()
    }

    /// Whether both hold the same bytes, in a time that depends on the lengths alone.
    pub fn ct_eq(&self, other: &Self) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(self.0.as_bytes(), other.0.as_bytes()).is_ok()
    }
}
