//! base64url as JOSE writes it (RFC 7515 §2): no padding, no other alphabet, no bits to spare, no white space.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Bytes as base64url.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of the one text that encodes them; `None` for any other text.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_string_has_one_text() {
        assert_eq!(decode("_-8"), Some(vec![0xff, 0xef]));
        for text in ["_-9", "_-8=", "/+8", "_-8 ", "_\n-8", "A", "=", "_-8\0"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
