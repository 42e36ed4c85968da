//! Digests that name content.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};

/// The first 16 bytes of the SHA-256 of some content, in hexadecimal: a name for it, such as an `ETag`.
pub fn short_sha256(content: &[u8]) -> String {
    let mut text = String::with_capacity(32);
    for byte in digest(&SHA256, content).as_ref().iter().take(16) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
