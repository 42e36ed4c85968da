//! Why a client in a job ends without a credential, worded for the person who wrote the workflow.

use daypass_fetch::FetchFault;

use crate::refusal::Refusal;

/// Why a client ends without a credential.
#[derive(Debug, thiserror::Error)]
pub enum ClientFault {
    /// A URL to which no token may be sent.
    #[error("{what} `{url}` is refused: {reason}")]
    UrlRefused {
        /// Whose URL it is.
        what: &'static str,
        /// The URL.
        url: String,
        /// Why.
        reason: &'static str,
    },
    /// No CI system was recognised.
    #[error(
        "no CI job that daypass knows: none of {looked_for} is set\n  on a laptop, start it as a job: daypass emulate github -- COMMAND"
    )]
    NotInCi {
        /// What was looked for.
        looked_for: String,
    },
    /// The CI system is known, but this job has no token.
    #[error("this {provider} job has no identity token: {missing}\n  {advice}")]
    TokenNotOffered {
        /// The CI system.
        provider: &'static str,
        /// What is not there.
        missing: String,
        /// What to add to the workflow.
        advice: String,
    },
    /// The variable that was named to hold the token is absent or empty.
    #[error("the variable `{0}`, which was named to hold the identity token, is not set")]
    VariableMissing(String),
    /// What should be a token has characters that no token has.
    #[error(
        "what {0} holds is not an identity token: it has blanks, line breaks or other characters that none has"
    )]
    TokenMalformed(String),
    /// The CI system does not give this job a token.
    #[error("{provider} refused to give this job an identity token (HTTP {status})\n  {advice}")]
    TokenRequestRefused {
        /// The CI system.
        provider: &'static str,
        /// Its answer.
        status: u16,
        /// What to look at.
        advice: String,
    },
    /// The server said no, and says why.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// Nothing was sent; the fault names the host by itself.
    #[error("{0}")]
    NotSent(FetchFault),
    /// No answer, or one that means "later".
    #[error("cannot reach `{host}`: {reason}")]
    Unreachable {
        /// The host.
        host: String,
        /// Why.
        reason: String,
    },
    /// An answer that no daypass gives.
    #[error(
        "the answer of `{host}` is not one of a daypass server: {reason}\n  check the URL (`--url`, DAYPASS_URL)"
    )]
    AnswerUnreadable {
        /// The host.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ClientFault {
    /// The status with which a command ends: 2 usage, 3 refused, 4 unreachable.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::UrlRefused { .. }
            | Self::NotInCi { .. }
            | Self::TokenNotOffered { .. }
            | Self::VariableMissing(_)
            | Self::TokenMalformed(_) => 2,
            Self::TokenRequestRefused { .. } | Self::Refused(_) => 3,
            Self::NotSent(_) | Self::Unreachable { .. } | Self::AnswerUnreadable { .. } => 4,
        }
    }

    pub(crate) fn unreachable(host: &str, fault: FetchFault) -> Self {
        match fault {
            FetchFault::Connect { .. } | FetchFault::AddressRefused { .. } => Self::NotSent(fault),
            FetchFault::UrlMalformed(_)
            | FetchFault::SchemeRefused
            | FetchFault::Timeout(_)
            | FetchFault::TooLarge { .. }
            | FetchFault::Encoded
            | FetchFault::Broken(_) => Self::Unreachable { host: host.to_owned(), reason: fault.to_string() },
        }
    }
}
