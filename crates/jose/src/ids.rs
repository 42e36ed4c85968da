//! Identifiers that daypass gives out: time-ordered UUIDs (RFC 9562 §5.7), one type a thing.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::random::Random;
use crate::time::Timestamp;

macro_rules! id {
    ($(#[$doc:meta] $name:ident)*) => {$(
        #[$doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new one: the moment in its first 48 bits, the rest from `rng`.
            pub fn new(now: Timestamp, rng: &dyn Random) -> Self {
                Self(time_ordered(now, rng))
            }

            /// Reads the hyphenated form; `None` for anything else.
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::try_parse(text).ok().filter(|id| id.as_hyphenated().to_string() == text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }
    )*};
}

impl ExchangeId {
    /// An id below which are those of all exchanges before this moment, and above which are all others.
    pub fn first_of(moment: Timestamp) -> Self {
        Self(of_moment(moment, &[0; 10]))
    }

    /// The moment with which it begins.
    pub fn moment(self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.0.as_u128() >> 80).unwrap_or(i64::MAX))
    }
}

id! {
    /// One attempt to exchange a token, and its record.
    ExchangeId
    /// One credential; a pass carries it as `jti`.
    CredentialId
    /// An organisation or user on a provider.
    AccountId
    /// An onboarded repository.
    ProjectId
    /// One HTTP request.
    RequestId
}

fn time_ordered(now: Timestamp, rng: &dyn Random) -> Uuid {
    let mut random = [0_u8; 10];
    rng.fill(&mut random);
    of_moment(now, &random)
}

fn of_moment(moment: Timestamp, rest: &[u8; 10]) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(moment.millis()).unwrap_or(0), rest).into_uuid()
}
