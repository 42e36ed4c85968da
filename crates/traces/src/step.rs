//! The steps of the flow that have spans: a closed list.

/// A step of an exchange, in the order in which they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The whole of it.
    Exchange,
    /// The token is split, and its size and form are judged.
    Parse,
    /// The issuer's key is found.
    IssuerKey,
    /// Part of it: the keys of the issuer are fetched, or a fetch is waited for that another request began.
    FetchKeys,
    /// The signature and the claims are verified.
    Verify,
    /// A place among the exchanges that are worked on is waited for.
    Turn,
    /// The claims are read through the profile of their issuer.
    Workload,
    /// The project and its account are looked up.
    Standing,
    /// Policy decides.
    Decide,
    /// What was asked narrows the grant.
    Narrow,
    /// Only in a dry run: it is looked whether the token was spent.
    Unspent,
    /// The claims of the pass are settled.
    Mint,
    /// The record and the spent token are made durable.
    Record,
    /// The pass is signed.
    Sign,
}

/// How a span stands to other programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Within this one.
    Internal,
    /// It answers another.
    Server,
    /// It asks another.
    Client,
}

impl Step {
    /// Its name in a trace.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::Parse => "parse token",
            Self::IssuerKey => "find issuer key",
            Self::FetchKeys => "fetch issuer keys",
            Self::Verify => "verify token",
            Self::Turn => "wait for turn",
            Self::Workload => "read workload",
            Self::Standing => "look up project",
            Self::Decide => "decide",
            Self::Narrow => "narrow grant",
            Self::Unspent => "look up spent token",
            Self::Mint => "mint pass",
            Self::Record => "record in ledger",
            Self::Sign => "sign pass",
        }
    }

    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::FetchKeys => Kind::Client,
            Self::Exchange
            | Self::Parse
            | Self::IssuerKey
            | Self::Verify
            | Self::Turn
            | Self::Workload
            | Self::Standing
            | Self::Decide
            | Self::Narrow
            | Self::Unspent
            | Self::Mint
            | Self::Record
            | Self::Sign => Kind::Internal,
        }
    }
}
