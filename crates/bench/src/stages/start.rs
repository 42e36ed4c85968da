//! How long it takes from the start of the process until the server is ready.

use std::io;

use daypass_bench::issuer::Issuer;
use daypass_bench::populate;
use daypass_bench::server::{Place, start_to_ready};

use crate::Plan;
use crate::median::median;
use crate::report::Start;

/// Starts.
const STARTS: usize = 11;

/// Starts a server again and again on one database.
pub(crate) async fn run(plan: &Plan) -> io::Result<Start> {
    let issuer = Issuer::start().await?;
    let place = Place::new()?;
    let url = format!("sqlite://{}", place.path("daypass.db").display());
    place.configure(issuer.url(), &url)?;
    populate::onboard(&url, 1).await.map_err(io::Error::other)?;
    populate::write_roles(&place, 1)?;
    let mut millis = Vec::new();
    for _ in 0..STARTS {
        let (server, took) = start_to_ready(place.serve(&plan.daypass, None)).await?;
        millis.push(took.as_secs_f64() * 1e3);
        server.end()?;
    }
    let longest = millis.iter().copied().fold(0.0, f64::max);
    Ok(Start { median_ms: median(millis), longest_ms: longest, starts: STARTS })
}
