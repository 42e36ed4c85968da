//! Sealing what is stored: AES-256-GCM (NIST SP 800-38D) under a subkey of the encryption key (RFC 5869).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use daypass_jose::{Random, Secret};
use zeroize::Zeroizing;

/// Number of bytes of an encryption key.
pub const KEY_SIZE_BYTES: usize = 32;

/// First byte of everything sealed this way, so that the form can change.
const FORM: u8 = 1;

/// The 32 bytes from which the keys that seal stored secrets are derived.
pub struct EncryptionKey(Zeroizing<[u8; KEY_SIZE_BYTES]>);

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    /// The text is not 32 bytes in base64.
    #[error("an encryption key is 32 bytes in base64 (make one with: openssl rand -base64 32)")]
    NotAKey,
    /// Sealed under another key, for another purpose, or altered.
    #[error("sealed under another encryption key, or altered")]
    CannotOpen,
    /// The cryptographic library failed.
    #[error("the cryptographic library refused to seal")]
    CannotSeal,
}

impl EncryptionKey {
    /// Reads 32 bytes in base64; white space around them is ignored.
    pub fn from_base64(text: &Secret) -> Result<Self, SealFault> {
        let bytes = Zeroizing::new(STANDARD.decode(text.reveal().trim()).map_err(|_| SealFault::NotAKey)?);
        let key = <[u8; KEY_SIZE_BYTES]>::try_from(bytes.as_slice()).map_err(|_| SealFault::NotAKey)?;
        Ok(Self(Zeroizing::new(key)))
    }

    /// A new random one, and its base64 text.
    pub fn generate(rng: &dyn Random) -> (Self, Secret) {
        let mut key = Zeroizing::new([0_u8; KEY_SIZE_BYTES]);
        rng.fill(key.as_mut_slice());
        let text = Secret::new(STANDARD.encode(key.as_slice()));
        (Self(key), text)
    }

    /// Whether it is the same key.
    pub fn is_same_as(&self, other: &Self) -> bool {
        verify_slices_are_equal(self.0.as_slice(), other.0.as_slice()).is_ok()
    }

    /// Seals `plain` for `purpose`; `name` (a key id, say) is bound to it and must be given to open it.
    pub fn seal(
        &self,
        purpose: &str,
        name: &str,
        plain: &Secret,
        rng: &dyn Random,
    ) -> Result<Vec<u8>, SealFault> {
        let mut nonce = [0_u8; NONCE_LEN];
        rng.fill(&mut nonce);
        let mut text = Zeroizing::new(plain.reveal().as_bytes().to_vec());
        let tag = self
            .subkey(purpose)?
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(name.as_bytes()),
                &mut text,
            )
            .map_err(|_| SealFault::CannotSeal)?;
        Ok([&[FORM], nonce.as_slice(), text.as_slice(), tag.as_ref()].concat())
    }

    /// Opens what [`Self::seal`] made for the same purpose and name.
    pub fn open(&self, purpose: &str, name: &str, sealed: &[u8]) -> Result<Secret, SealFault> {
        let rest = sealed.strip_prefix(&[FORM]).ok_or(SealFault::CannotOpen)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealFault::CannotOpen)?;
        let mut text = Zeroizing::new(text.to_vec());
        let plain = self
            .subkey(purpose)?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(name.as_bytes()), &mut text)
            .map_err(|_| SealFault::CannotOpen)?;
        String::from_utf8(plain.to_vec()).map(Secret::new).map_err(|_| SealFault::CannotOpen)
    }

    fn subkey(&self, purpose: &str) -> Result<LessSafeKey, SealFault> {
        let mut bytes = Zeroizing::new([0_u8; KEY_SIZE_BYTES]);
        Salt::new(HKDF_SHA256, b"daypass")
            .extract(self.0.as_slice())
            .expand(&[purpose.as_bytes()], SubkeySize)
            .and_then(|okm| okm.fill(bytes.as_mut_slice()))
            .map_err(|_| SealFault::CannotSeal)?;
        let key = UnboundKey::new(&AES_256_GCM, bytes.as_slice()).map_err(|_| SealFault::CannotSeal)?;
        Ok(LessSafeKey::new(key))
    }
}

struct SubkeySize;

impl KeyType for SubkeySize {
    fn len(&self) -> usize {
        KEY_SIZE_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for byte in bytes {
                *byte = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
    }

    fn rng() -> Counting {
        Counting(std::sync::atomic::AtomicU8::new(0))
    }

    #[test]
    fn what_is_sealed_opens_for_the_same_purpose_and_name_alone() {
        let rng = rng();
        let (key, text) = EncryptionKey::generate(&rng);
        let (other, _) = EncryptionKey::generate(&rng);
        let sealed = key.seal("pass", "kid-1", &Secret::new("private".into()), &rng).unwrap();
        let again = EncryptionKey::from_base64(&text).unwrap_or_else(|_| panic!("own text is read back"));
        assert_eq!(
            again.open("pass", "kid-1", &sealed).map(|plain| plain.reveal().to_owned()).ok().as_deref(),
            Some("private")
        );
        assert!(key.open("federation", "kid-1", &sealed).is_err());
        assert!(key.open("pass", "kid-2", &sealed).is_err());
        assert!(other.open("pass", "kid-1", &sealed).is_err());
    }

    #[test]
    fn a_key_is_the_same_as_itself_and_as_no_other() {
        let rng = rng();
        let (key, text) = EncryptionKey::generate(&rng);
        let again = EncryptionKey::from_base64(&text).unwrap_or_else(|_| panic!("own text is read back"));
        assert!(key.is_same_as(&again));
        assert!(!key.is_same_as(&EncryptionKey::generate(&rng).0));
    }

    #[test]
    fn no_altered_byte_opens() {
        let rng = rng();
        let (key, _) = EncryptionKey::generate(&rng);
        let sealed = key.seal("pass", "kid", &Secret::new("private".into()), &rng).unwrap();
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(key.open("pass", "kid", &altered).is_err(), "byte {at}");
        }
        assert!(key.open("pass", "kid", &sealed[..sealed.len() - 1]).is_err());
        assert!(key.open("pass", "kid", b"").is_err());
    }

    #[test]
    fn only_32_bytes_are_a_key() {
        for text in
            ["", "AAAA", "not base64 at all!", &STANDARD.encode([0_u8; 31]), &STANDARD.encode([0_u8; 33])]
        {
            assert!(EncryptionKey::from_base64(&Secret::new(text.to_owned())).is_err(), "{text}");
        }
    }
}
