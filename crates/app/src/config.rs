//! What the settings say, parsed: the shape in which the server is told what to be.

use std::path::PathBuf;

use daypass_fetch::Outbound;
use daypass_jose::IssuerUrl;
use daypass_keys::IssuerKeySettings;
use daypass_policy::{PolicyContext, RegisteredIssuer};
use daypass_traces::TraceSettings;

use crate::audit_stream::StreamSettings;
use crate::seal::EncryptionKey;
use crate::signing_keys::PassKeySettings;

/// The address by which clients know this server; the issuer of its passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(IssuerUrl);

impl PublicUrl {
    /// A public URL has the form of an issuer, since it is one.
    pub fn new(url: IssuerUrl) -> Self {
        Self(url)
    }

    /// As an issuer.
    pub fn issuer(&self) -> &IssuerUrl {
        &self.0
    }

    /// As text, without a slash at its end.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The URL of a path of this server; `path` begins with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The path below which this server's routes are, empty where the URL has none.
    pub fn base_path(&self) -> &str {
        let authority_end = self.as_str().find("://").map_or(0, |at| at.saturating_add(3));
        let rest = self.as_str().get(authority_end..).unwrap_or("");
        rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("")
    }
}

/// An issuer as the settings register it: how its tokens are judged and where its keys come from.
pub struct IssuerConfig {
    /// How its tokens are judged.
    pub registered: RegisteredIssuer,
    /// Where its keys come from.
    pub keys: IssuerKeySettings,
}

/// Everything that the settings say and the server needs.
pub struct Config {
    /// The address of this server.
    pub public_url: PublicUrl,
    /// Whether `public_url` and `listen` are both loopback: only then are the emulator's tokens taken.
    pub loopback_only: bool,
    /// Registered issuers, by unique name and URL.
    pub issuers: Vec<IssuerConfig>,
    /// Outbound proxy.
    pub outbound: Outbound,
    /// Where policy files are; `None` means that there are none.
    pub policy_dir: Option<PathBuf>,
    /// What the policy compiler is told about this installation.
    pub policy_context: PolicyContext,
    /// How signing keys for passes are made and rotated.
    pub pass_keys: PassKeySettings,
    /// For how long exchanges are kept; `None` means for ever.
    pub keep_exchanges_seconds: Option<i64>,
    /// Where the spans of requests go; `None` means that there are none.
    pub traces: Option<TraceSettings>,
    /// Where each exchange is sent on to; `None` means nowhere.
    pub audit_stream: Option<StreamSettings>,
    /// Under which signing keys are stored.
    pub encryption_key: EncryptionKey,
}
