//! The encryption key of a start: found, or made as late as can be, and never in the place of one that is lost.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use daypass_app::policy_source::LivePolicy;
use daypass_app::seal::EncryptionKey;
use daypass_app::signing_keys::PURPOSE;
use daypass_jose::Random;
use daypass_store::{SigningKeyRow, Store, StoreFault};

use super::start::StartFault;
use crate::output;
use crate::settings::{
    FoundKey, KeyFault, NewKey, SealedKeys, Settings, find_encryption_key, make_encryption_key,
};

/// Looks for the key. Where there must be one and is none, the fault says whether anything depends on it.
pub(super) async fn find(
    settings: &Settings,
    environment: &BTreeMap<String, String>,
) -> Result<FoundKey, StartFault> {
    let fault = match find_encryption_key(settings, environment).await {
        Ok(found) => return Ok(found),
        Err(fault) => fault,
    };
    // Looking must not make a database.
    let is_there = settings.store.path().is_none_or(Path::exists);
    let is_needed = is_there && holds_sealed(settings).await;
    Err(if is_needed { fault.with_sealed_keys_in(SealedKeys::of(&settings.store)) } else { fault }.into())
}

/// Whether the store holds what is sealed. One that does not open does not say; without a key it is of no use either way.
async fn holds_sealed(settings: &Settings) -> bool {
    let Ok(store) = settings.store.open().await else { return false };
    let rows = sealed(&store).await;
    store.close().await;
    rows.is_ok_and(|rows| !rows.is_empty())
}

/// The key that was found, if it opens what the store holds; else a new one, if nothing needs the old.
pub(super) async fn obtain(
    found: FoundKey,
    settings: &Settings,
    store: &Store,
    rng: &dyn Random,
) -> Result<(EncryptionKey, Option<NewKey>), StartFault> {
    let rows = sealed(store).await.map_err(|fault| StartFault::of_store(settings, fault))?;
    match found {
        FoundKey::Key(key, place) => {
            let opens = |row: &SigningKeyRow| key.open(PURPOSE, &row.key_id, &row.sealed).is_ok();
            let is_used = |row: &&SigningKeyRow| row.revoked_at.is_none();
            if rows.is_empty() || rows.iter().filter(is_used).any(opens) {
                Ok((key, None))
            } else {
                Err(KeyFault::Wrong { place, database: SealedKeys::of(&settings.store) }.into())
            }
        }
        FoundKey::Nowhere(path) if rows.is_empty() => {
            // What can be known to fail fails before there is a key.
            LivePolicy::load(settings.policy_dir.clone(), settings.policy.clone())
                .map_err(daypass_app::StartFault::from)?;
            Ok(make_encryption_key(path, rng)?)
        }
        FoundKey::Nowhere(path) => {
            Err(KeyFault::Lost { place: Some(path), database: SealedKeys::of(&settings.store) }.into())
        }
    }
}

/// Takes a new key away again after a start that failed, unless something is sealed under it already; then it is told of.
pub(super) async fn withdraw(new: NewKey, store: &Store) {
    let is_unused = sealed(store).await.is_ok_and(|rows| rows.is_empty());
    if !is_unused || fs::remove_file(&new.0).is_err() {
        output::note(format_args!("warning: {new}"));
    }
}

async fn sealed(store: &Store) -> Result<Vec<SigningKeyRow>, StoreFault> {
    store.signing_keys().list(PURPOSE).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use daypass_jose::Timestamp;

    #[tokio::test]
    async fn a_new_key_goes_away_with_the_start_that_failed_unless_it_was_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daypass.db.key");
        let store =
            Store::open(&format!("sqlite://{}", folder.path().join("daypass.db").display())).await.unwrap();
        fs::write(&path, "key").unwrap();
        withdraw(NewKey(path.clone()), &store).await;
        assert!(!path.exists());
        fs::write(&path, "key").unwrap();
        let moment = Timestamp::from_millis(0);
        let row = SigningKeyRow {
            key_id: "1".to_owned(),
            purpose: PURPOSE.to_owned(),
            algorithm: "ES256".to_owned(),
            sealed: vec![1],
            public_jwk: "{}".to_owned(),
            created_at: moment,
            activates_at: moment,
            revoked_at: None,
        };
        assert!(store.signing_keys().insert_first(&row).await.unwrap());
        withdraw(NewKey(path.clone()), &store).await;
        assert!(path.exists());
        store.close().await;
    }
}
