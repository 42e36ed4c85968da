//! One look at an issuer, for a person: what the server would come to, and what its answers said besides.

use daypass_fetch::Fetcher;
use daypass_jose::Clock;
use daypass_jose::jwk::KeySet;

use crate::discovery::Source;
use crate::fault::{FetchKeysFault, KeySetRefused};
use crate::seen::{Seen, SeenAnswer};
use crate::settings::{self, IssuerKeySettings, KeySource};

/// What a look at an issuer came to.
pub struct IssuerLook {
    /// Its keys, by the same steps as those of a server.
    pub keys: Result<KeySet, LookFault>,
    /// Its answers, in their order: two at most, none where the keys are in a file.
    pub answers: Vec<SeenAnswer>,
}

/// Why a look gave no keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookFault {
    /// They could not be fetched.
    #[error("{0}")]
    Fetch(#[from] FetchKeysFault),
    /// Those of the file are not used.
    #[error("{0}")]
    File(#[from] KeySetRefused),
}

/// Fetches the keys of an issuer once, within [`FETCH_DEADLINE`](crate::FETCH_DEADLINE), and keeps nothing.
pub async fn look(settings: IssuerKeySettings, fetcher: &Fetcher, clock: &dyn Clock) -> IssuerLook {
    let IssuerKeySettings { issuer, algorithms, source, jwks_hosts, key_id_survives_rotation: _ } = settings;
    match source {
        KeySource::Fixed(document) => IssuerLook {
            keys: settings::parse(&document, &algorithms).map_err(LookFault::from),
            answers: Vec::new(),
        },
        KeySource::Discovery(endpoint) => {
            let source = Source { issuer, algorithms, endpoint, jwks_hosts };
            let mut seen = Seen { clock: Some(clock), answers: Vec::new() };
            let outcome = source.fetch_seeing(fetcher, &mut seen).await;
            let keys = outcome.map(|fetched| fetched.keys).map_err(LookFault::from);
            IssuerLook { keys, answers: seen.answers }
        }
    }
}
