//! `[outbound]`: the proxy through which issuers are reached.

use daypass_fetch::{Fetcher, Outbound};

use super::overlay::Scope;

pub(super) fn read(outbound: &Scope<'_>) -> Outbound {
    let proxy = outbound.text("proxy");
    let no_proxy = outbound.texts("no_proxy");
    outbound.finish();
    if proxy.is_none() && no_proxy.is_some() {
        let message = "`no_proxy` says what to reach without the proxy, and there is none";
        let help = "name it: `proxy = \"http://proxy.example.com:3128\"`".to_owned();
        outbound.reading.fault(&outbound.place_of("no_proxy"), message, Some(help));
    }
    let place = proxy.as_ref().map(|proxy| proxy.place.clone());
    let settings = Outbound {
        proxy: proxy.map(|proxy| proxy.value),
        no_proxy: no_proxy.unwrap_or_default().into_iter().map(|pattern| pattern.value).collect(),
    };
    if let Some(place) = place
        && let Err(fault) = Fetcher::new(&settings)
    {
        outbound.reading.fault(&place, fault.to_string(), None);
    }
    settings
}
