//! `daypass serve`.

pub(crate) mod start;

use tokio::signal::unix::{Signal, SignalKind, signal};

use self::start::{Prepared, Surroundings};
use super::Context;
use crate::args::ServeArguments;
use crate::fault::{self, CommandFault};
use crate::logging::Logging;
use crate::output;
use crate::settings::{Overlay, Settings};

/// The two signals that end a server.
pub(crate) struct Ends {
    interrupt: Signal,
    terminate: Signal,
}

pub(super) async fn run(arguments: ServeArguments, context: &Context) -> Result<u8, CommandFault> {
    let log = &arguments.log;
    let logging = Logging::parse(log.log_level.as_deref(), log.log_format, &context.environment)?;
    let settings = settings(&arguments, context)?;
    let mut ends = Ends::listen()?;
    let prepared = Prepared::new(settings, Surroundings::of(context)).await?;
    // The first line, before any of the log: whoever started the server waits for it, and reads the port from it.
    output::note(format_args!("listening on http://{}", prepared.address()));
    logging.start();
    prepared.log();
    let mut serving = prepared.serve();
    let signal = tokio::select! {
        signal = ends.next() => signal,
        () = serving.ended() => {
            return Err(CommandFault::Unavailable("the server has stopped by itself".to_owned()));
        }
    };
    tracing::info!("ending, after the requests in flight; a second signal ends at once");
    tokio::select! {
        drained = serving.stop() => {
            tracing::info!(drained = ?drained, "ended");
            Ok(fault::OK)
        }
        _ = ends.next() => {
            tracing::warn!("ended at once");
            Ok(signal.saturating_add(128))
        }
    }
}

fn settings(arguments: &ServeArguments, context: &Context) -> Result<Settings, CommandFault> {
    let overlay = Overlay::of_environment(&context.environment)
        .with_flag("listen", "--listen", arguments.listen.as_deref())
        .with_flag("public_url", "--public-url", arguments.public_url.as_deref())
        .with_flag("store.url", "--store-url", arguments.store_url.as_deref())
        .with_flag("policy_dir", "--policy-dir", arguments.policy_dir.as_deref())
        .with_allowed(&arguments.allow);
    Ok(Settings::load(arguments.settings.config.as_deref(), &overlay)?)
}

impl Ends {
    pub(crate) fn listen() -> Result<Self, CommandFault> {
        let in_signals = |fault| CommandFault::Unavailable(format!("cannot listen for signals: {fault}"));
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(in_signals)?,
            terminate: signal(SignalKind::terminate()).map_err(in_signals)?,
        })
    }

    /// The number of the next one.
    pub(crate) async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => 2,
            _ = self.terminate.recv() => 15,
        }
    }
}
