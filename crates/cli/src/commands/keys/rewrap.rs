//! `daypass keys rewrap`.

use daypass_app::signing_keys::Rewrapped;
use serde_json::json;

use super::super::Context;
use super::super::records::Records;
use super::Present;
use crate::args::KeysRewrapArguments;
use crate::fault::CommandFault;
use crate::output;
use crate::settings::{NewKeySource, find_new_encryption_key};

pub(super) async fn run(
    arguments: &KeysRewrapArguments,
    records: &Records,
    context: &Context,
) -> Result<(), CommandFault> {
    let settings = &records.settings;
    let present = Present::find(records, context).await?;
    let source = source(arguments);
    let (new, new_place) = find_new_encryption_key(&source, &context.environment).await?;
    if source == NewKeySource::Unnamed {
        output::note(format_args!(
            "keep the key of {new_place} where it does not go with this shell: it alone opens the signing keys from now on"
        ));
    }
    let rewrapped = present.keeper(&records.store, context).rewrap(&new).await;
    let Rewrapped { count, left } = rewrapped.map_err(|fault| present.fault(settings, fault))?;
    if arguments.json {
        return output::line(
            json!({ "sealed_anew": count, "left": left, "from": present.place, "to": new_place }),
        );
    }
    if !left.is_empty() {
        let left = left.join(", ");
        output::note(format_args!(
            "revoked keys that the encryption key of {} does not open stay as they are: {left}",
            present.place
        ));
    }
    let keys = if count == 1 { "1 signing key is".to_owned() } else { format!("{count} signing keys are") };
    output::line(format_args!(
        "{keys} sealed under the encryption key of {new_place}, and no longer under that of {}\n\
         next:\n  \
         1. give the new key to the settings, where the old one is now\n  \
         2. restart every server; until then they go on with the keys that they have, and cannot make or open another\n  \
         3. keep the old key for as long as you keep backups of the database from before",
        present.place
    ))
}

fn source(arguments: &KeysRewrapArguments) -> NewKeySource {
    match (&arguments.new_key_file, arguments.new_key_command.as_slice()) {
        (Some(file), _) => NewKeySource::File(file.clone()),
        (None, []) => NewKeySource::Unnamed,
        (None, command) => NewKeySource::Command(command.to_vec()),
    }
}
