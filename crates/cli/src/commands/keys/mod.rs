//! `daypass keys`: the keys that sign passes, in the store.

mod give_up;
mod list;
mod rewrap;
mod rotate;
mod tell;

use daypass_app::seal::EncryptionKey;
use daypass_app::signing_keys::{KeyKeeper, SigningKeyFault};
use daypass_store::{Store, StoreFault};

use super::Context;
use super::records::{Absent, Records};
use crate::args::KeysCommand;
use crate::fault::{CommandFault, OK};
use crate::settings::{FoundKey, KeyFault, SealedKeys, Settings, find_encryption_key};

pub(super) async fn run(command: &KeysCommand, context: &Context) -> Result<u8, CommandFault> {
    let config = match command {
        KeysCommand::List(arguments) => &arguments.settings.config,
        KeysCommand::Rotate(arguments) => &arguments.settings.config,
        KeysCommand::Rewrap(arguments) => &arguments.settings.config,
    };
    let records = Records::open(config.as_deref(), context, Absent::Refuse).await?;
    let outcome = match command {
        KeysCommand::List(arguments) => list::run(arguments, &records, context).await,
        KeysCommand::Rotate(arguments) => rotate::run(arguments, &records, context).await,
        KeysCommand::Rewrap(arguments) => rewrap::run(arguments, &records, context).await,
    };
    records.store.close().await;
    outcome.map(|()| OK)
}

/// The encryption key as `daypass serve` finds it, and where it was.
struct Present {
    key: EncryptionKey,
    place: String,
}

impl Present {
    async fn find(records: &Records, context: &Context) -> Result<Self, CommandFault> {
        let settings = &records.settings;
        check_are_keys(&records.store).await?;
        let lost = |fault: KeyFault| fault.with_sealed_keys_in(SealedKeys::of(&settings.store));
        match find_encryption_key(settings, &context.environment).await.map_err(lost)? {
            FoundKey::Key(key, place) => Ok(Self { key, place }),
            FoundKey::Nowhere(path) => {
                Err(KeyFault::Lost { place: Some(path), database: SealedKeys::of(&settings.store) }.into())
            }
        }
    }

    fn keeper<'a>(&'a self, store: &'a Store, context: &'a Context) -> KeyKeeper<'a> {
        KeyKeeper {
            store,
            encryption_key: &self.key,
            clock: context.clock.as_ref(),
            rng: context.rng.as_ref(),
        }
    }

    /// What an operator is told of a fault.
    fn fault(&self, settings: &Settings, fault: SigningKeyFault) -> CommandFault {
        if matches!(fault, SigningKeyFault::Unreadable { .. }) {
            let database = SealedKeys::of(&settings.store);
            return KeyFault::Wrong { place: self.place.clone(), database }.into();
        }
        of_keys(fault)
    }
}

/// Where nothing is sealed, no encryption key is missed.
async fn check_are_keys(store: &Store) -> Result<(), CommandFault> {
    let are_none = store.signing_keys().list_all().await?.is_empty();
    if are_none { Err(of_keys(SigningKeyFault::NoKeys)) } else { Ok(()) }
}

fn of_keys(fault: SigningKeyFault) -> CommandFault {
    match fault {
        SigningKeyFault::Store(StoreFault::Overtaken) => CommandFault::Unavailable(
            "the signing keys were changed by somebody else at the same time, so that nothing was done; look at them with \
             `daypass keys list`"
                .to_owned(),
        ),
        SigningKeyFault::Store(fault) => fault.into(),
        SigningKeyFault::Unknown(_) => {
            CommandFault::Usage(format!("{fault}; `daypass keys list` lists them"))
        }
        SigningKeyFault::Ahead { .. }
        | SigningKeyFault::Full | SigningKeyFault::Mint(_) | SigningKeyFault::Set(_) => {
            CommandFault::Unavailable(fault.to_string())
        }
        SigningKeyFault::NoKeys
        | SigningKeyFault::AllRevoked
        | SigningKeyFault::RevokedBefore(_)
        | SigningKeyFault::Unreadable { .. }
        | SigningKeyFault::NothingLost
        | SigningKeyFault::SameKey => CommandFault::Usage(fault.to_string()),
    }
}
