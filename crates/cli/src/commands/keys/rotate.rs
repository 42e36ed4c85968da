//! `daypass keys rotate`.

use super::super::Context;
use super::super::records::Records;
use super::{Present, give_up, tell};
use crate::args::{CompromisedKey, KeysRotateArguments};
use crate::fault::CommandFault;

pub(super) async fn run(
    arguments: &KeysRotateArguments,
    records: &Records,
    context: &Context,
) -> Result<(), CommandFault> {
    if arguments.lost_encryption_key {
        return give_up::run(arguments, records, context).await;
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
