//! The published keys, and the one of them that signs.

use std::path::Path;

use daypass_jose::jwt::{MintFault, SigningKey};
use daypass_jose::{Algorithm, Json, Object, Random, Secret, base64url};

use crate::fault::EmulatorFault;
use crate::identity::random_uuid;
use crate::state_file::{self, StoredKeys};

/// What a CI system's key ids look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyStyle {
    /// GitHub: the signing key's id is an upper-case hexadecimal fingerprint that `x5t` repeats; another key's id is a
    /// UUID. Neither says anything to a verifier.
    Github,
    /// GitLab: RFC 7638 thumbprints. The other key is the one that signs log-in tokens of the same issuer.
    Gitlab,
}

/// Two published keys and the private half of one.
pub(crate) struct Keys {
    signing: SigningKey,
    header: Object,
    document: String,
}

impl Keys {
    /// The keys that `state_dir` keeps, else new ones. Blocks for as long as making two RSA keys takes.
    pub(crate) fn load(
        style: KeyStyle,
        state_dir: Option<&Path>,
        rng: &dyn Random,
    ) -> Result<Self, EmulatorFault> {
        let make = || make(style, rng);
        let stored = match state_dir {
            Some(directory) => state_file::load_or_create(directory, style.file_name(), make)?,
            None => make()?,
        };
        let signing = SigningKey::from_pkcs8(Algorithm::RS256, &stored.signing_key)?;
        let names = style.names(&signing);
        let mut published = signing.public_jwk().clone();
        let mut header = Object::default();
        for (name, value) in names {
            published.insert(name, value.clone());
            header.insert(name, value);
        }
        header.insert("typ", "JWT");
        header.insert("alg", Algorithm::RS256.name());
        let keys = vec![Json::Object(stored.other_key), Json::Object(published)];
        let mut document = Object::default();
        document.insert("keys", keys);
        Ok(Self { signing, header, document: document.to_string() })
    }

    /// The JWKS document (RFC 7517 §5).
    pub(crate) fn document(&self) -> &str {
        &self.document
    }

    /// Signs claims, with the header that the CI system writes.
    pub(crate) fn sign(&self, claims: &Object) -> Result<Secret, MintFault> {
        self.signing.sign_with_header(&self.header, claims)
    }
}

impl KeyStyle {
    const fn file_name(self) -> &'static str {
        match self {
            Self::Github => "emulator-github-keys.json",
            Self::Gitlab => "emulator-gitlab-keys.json",
        }
    }

    /// The members by which the JWKS and the token's header name the signing key.
    fn names(self, signing: &SigningKey) -> Vec<(&'static str, String)> {
        match self {
            Self::Github => {
                let fingerprint = fingerprint(signing.key_id());
                let hexadecimal =
                    fingerprint.iter().fold(String::new(), |text, byte| format!("{text}{byte:02X}"));
                vec![("kid", hexadecimal), ("x5t", base64url::encode(fingerprint))]
            }
            Self::Gitlab => vec![("kid", signing.key_id().to_owned())],
        }
    }
}

/// Stands in for the SHA-1 of a certificate, which these keys do not have: 20 bytes of the key's own thumbprint.
fn fingerprint(thumbprint: &str) -> Vec<u8> {
    let mut bytes = base64url::decode(thumbprint).unwrap_or_default();
    bytes.truncate(20);
    bytes
}

fn make(style: KeyStyle, rng: &dyn Random) -> Result<StoredKeys, EmulatorFault> {
    let (_, signing_key) = SigningKey::generate(Algorithm::RS256)?;
    let (other, _) = SigningKey::generate(Algorithm::RS256)?;
    let mut other_key = other.public_jwk().clone();
    if style == KeyStyle::Github {
        other_key.insert("kid", random_uuid(rng));
    }
    Ok(StoredKeys { signing_key, other_key })
}
