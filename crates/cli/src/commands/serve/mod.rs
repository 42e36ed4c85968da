//! `daypass serve`.

mod certificate;
mod key;
pub(crate) mod serving;
pub(crate) mod start;
#[cfg(test)]
mod tests;

use daypass_web::Drained;

use self::serving::Serving;
use self::start::{Prepared, Surroundings};
use super::Context;
use super::ends::Ends;
use crate::args::{ServeArguments, ServerArguments};
use crate::fault::{self, CommandFault};
use crate::logging::Logging;
use crate::output;
use crate::settings::{Overlay, Settings, SettingsFaults, misspelt_variables};

pub(super) async fn run(arguments: ServeArguments, context: &Context) -> Result<u8, CommandFault> {
    let log = &arguments.log;
    let logging = Logging::parse(log.log_level.as_deref(), log.log_format, &context.environment)?;
    let settings = settings(&arguments.server, context)?;
    let mut ends = Ends::listen()?;
    let prepared = Prepared::new(settings, Surroundings::of(context)).await?;
    // The first line, before any of the log: whoever started the server waits for it, and reads the port from it.
    output::note(format_args!("listening on {}", prepared.address()));
    let _written_at_end = logging.start();
    prepared.log();
    for warning in misspelt_variables(&context.environment) {
        tracing::warn!("{warning}");
    }
    until_the_end(prepared.serve(), &mut ends).await
}

/// Returns when the server has ended: because a signal asked for it, or because it cannot go on.
async fn until_the_end(mut serving: Serving, ends: &mut Ends) -> Result<u8, CommandFault> {
    let asked = tokio::select! {
        end = ends.next() => Ok(end),
        ended = serving.ended() => Err(ended),
    };
    if let Err(ended) = &asked {
        tracing::error!("{ended}");
    }
    tracing::info!("ending, after the requests in flight; a second signal ends at once");
    let is_at_once = tokio::select! {
        drained = serving.stop() => {
            match drained {
                Drained::Completely => tracing::info!("ended; every request in flight was answered"),
                Drained::CutOff => tracing::warn!("ended; requests in flight took too long and were cut off"),
            }
            false
        }
        _ = ends.next() => {
            tracing::warn!("ended at once");
            true
        }
    };
    let end = asked?;
    Ok(if is_at_once { end.exit_code() } else { fault::OK })
}

/// The settings by which a server goes that is started with these arguments.
pub(super) fn settings(arguments: &ServerArguments, context: &Context) -> Result<Settings, SettingsFaults> {
    let overlay = Overlay::of_environment(&context.environment)
        .with_flag("listen", "--listen", arguments.listen.as_deref())
        .with_flag("public_url", "--public-url", arguments.public_url.as_deref())
        .with_flag("store.url", "--store-url", arguments.store_url.as_deref())
        .with_flag("policy_dir", "--policy-dir", arguments.policy_dir.as_deref())
        .with_allowed(&arguments.allow);
    Settings::load(arguments.settings.config.as_deref(), &overlay)
}
