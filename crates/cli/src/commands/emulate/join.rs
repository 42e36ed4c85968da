//! Looking whether the emulator that is joined is there, and has the key with which this one signs.

use std::time::Duration;

use bytes::Bytes;
use daypass_emulator::Running;
use daypass_fetch::{Endpoint, EndpointRules, Fetcher, Outbound, Request};
use http::Method;

use crate::fault::CommandFault;

/// An emulator on this machine that does not answer in this time is none.
const DEADLINE: Duration = Duration::from_secs(5);
/// Far above what two keys need.
const MAX_BYTES: usize = 64 * 1024;

/// Nobody would take the tokens of an emulator whose key its issuer does not publish: better told now.
pub(super) async fn check(emulator: &Running) -> Result<(), CommandFault> {
    let (url, keys) = emulator.key_set();
    let issuer = emulator.issuer_url();
    let absent = |reason: String| {
        CommandFault::Unavailable(format!(
            "no emulator of this CI system answers at {issuer} ({reason}); start it: `daypass emulate … --serve`"
        ))
    };
    let fetcher = Fetcher::new(&Outbound::default()).map_err(|fault| absent(fault.to_string()))?;
    let rules = EndpointRules { plain_http: true, loopback: true, ..EndpointRules::default() };
    let request = Request {
        method: Method::GET,
        url,
        headers: Vec::new(),
        body: Bytes::new(),
        max_response_bytes: MAX_BYTES,
        deadline: DEADLINE,
    };
    let answer =
        fetcher.send(&Endpoint::new(rules), request).await.map_err(|fault| absent(fault.to_string()))?;
    if answer.status != 200 {
        return Err(absent(format!("status {}", answer.status)));
    }
    if answer.body != keys.as_bytes() {
        return Err(CommandFault::Unavailable(format!(
            "the emulator at {issuer} signs with another key: it was started by another user, or with another HOME or \
             XDG_STATE_HOME"
        )));
    }
    Ok(())
}
