//! `daypass demo`: the whole flow on one machine, with real requests to a real server.

mod caller;
mod stage;
mod tell;
mod walk;

use self::caller::Caller;
use self::stage::Stage;
use super::Context;
use super::ends::Ends;
use crate::args::DemoArguments;
use crate::fault::{self, CommandFault};
use crate::output;

pub(super) async fn run(arguments: &DemoArguments, context: &Context) -> Result<u8, CommandFault> {
    let mut ends = Ends::listen()?;
    let stage = Box::pin(Stage::set(arguments.listen, context)).await?;
    let address = stage.address();
    let base = match &arguments.through {
        Some(between) => format!("{between}/{address}"),
        None => format!("http://{address}"),
    };
    let caller = Caller::new(base)?;
    let walked = tokio::select! {
        walked = walk::walk(&stage, &caller) => walked,
        _ = ends.next() => {
            stage.strike().await;
            return Ok(fault::OK);
        }
    };
    if walked.is_ok() && !arguments.once {
        tell::what_next(address, &stage.first_job())?;
        ends.next().await;
    }
    stage.strike().await;
    walked?;
    if arguments.once {
        output::line("\nThat was all of it. Without `--once`, the server stays up to be tried.")?;
    }
    Ok(fault::OK)
}
