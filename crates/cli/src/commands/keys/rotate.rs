//! `daypass keys rotate`.

use super::super::Context;
use super::super::records::Records;
use super::{Present, check_are_keys, tell};
use crate::args::{CompromisedKey, KeysRotateArguments};
use crate::fault::CommandFault;
use crate::output;
use crate::settings::{FoundKey, find_encryption_key, make_encryption_key};

pub(super) async fn run(
    arguments: &KeysRotateArguments,
    records: &Records,
    context: &Context,
) -> Result<(), CommandFault> {
    if arguments.lost_encryption_key {
        return give_up_unreadable(arguments, records, context).await;
    }
    let (settings, store) = (&records.settings, &records.store);
    let present = Present::find(records, context).await?;
    let keeper = present.keeper(store, context);
    match &arguments.compromised {
        None => {
            let rotated = keeper.rotate(&settings.pass_keys).await;
            let rotated = rotated.map_err(|fault| present.fault(settings, fault))?;
            tell::rotated(&rotated, context.clock.now(), arguments.json)
        }
        Some(compromised) => {
            let key_id = match compromised {
                CompromisedKey::Signing => None,
                CompromisedKey::Id(key_id) => Some(key_id.as_str()),
            };
            let revoked = keeper.revoke(key_id, settings.pass_keys.algorithm).await;
            let revoked = revoked.map_err(|fault| present.fault(settings, fault))?;
            tell::revoked(&revoked, &settings.pass_keys, arguments.json)
        }
    }
}

/// The one place that goes on without the encryption key under which keys are sealed.
async fn give_up_unreadable(
    arguments: &KeysRotateArguments,
    records: &Records,
    context: &Context,
) -> Result<(), CommandFault> {
    let settings = &records.settings;
    check_are_keys(&records.store).await?;
    let (key, place) = match find_encryption_key(settings, &context.environment).await? {
        FoundKey::Key(key, place) => (key, place),
        FoundKey::Nowhere(path) => {
            let place = format!("`{}`", path.display());
            let (key, new) = make_encryption_key(path, context.rng.as_ref())?;
            if let Some(new) = new {
                output::note(new);
            }
            (key, place)
        }
    };
    let present = Present { key, place };
    let keeper = present.keeper(&records.store, context);
    let given_up = keeper.give_up_unreadable(settings.pass_keys.algorithm).await;
    let (lost, new) = given_up.map_err(|fault| present.fault(settings, fault))?;
    tell::given_up(&lost, new.as_ref(), arguments.json)
}
