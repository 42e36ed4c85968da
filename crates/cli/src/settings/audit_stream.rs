//! `[audit.stream]`: where each exchange is sent on to.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use daypass_app::audit_stream::{Destination, StreamSettings, Webhook, WebhookSecret};
use daypass_fetch::{CheckedUrl, Endpoint, EndpointRules, check_url};
use daypass_jose::Secret;
use daypass_policy::reader::Section;
use daypass_store::StreamStart;

use super::files::{self, FileFault};
use super::overlay::{Given, Place, Reading, Scope};

/// What the settings say of the stream, and what may be shown of it.
pub(super) struct GivenStream {
    /// Nowhere, where it is `None` or a fault has been reported.
    pub(super) settings: Option<StreamSettings>,
    pub(super) shown: ShownStream,
}

/// The settings for showing: of the URL the host alone, since a path may hold a secret.
pub(super) struct ShownStream {
    pub(super) webhook: Option<String>,
    pub(super) file: Option<PathBuf>,
    pub(super) stdout: bool,
    pub(super) from: &'static str,
    pub(super) secret_file: Option<PathBuf>,
    pub(super) private_network: bool,
    pub(super) insecure_http: bool,
    pub(super) ca_file: Option<PathBuf>,
}

/// What belongs to a webhook alone.
struct Reach {
    secret_file: Option<Given<PathBuf>>,
    private_network: Option<Given<bool>>,
    insecure_http: Option<Given<bool>>,
    ca_file: Option<Given<PathBuf>>,
}

const BEGINNING: &str = "beginning";
const NOW: &str = "now";

pub(super) fn read(reading: &Reading<'_>, audit: Option<&Section<'_>>) -> GivenStream {
    let section = audit.and_then(|audit| audit.section("stream"));
    let stream = Scope::new(reading, section.as_ref(), "audit.stream");
    let (webhook, file) = (stream.text("webhook"), stream.path("file"));
    let stdout = stream.boolean("stdout").filter(|given| given.value);
    let from = stream.text("from");
    let reach = Reach {
        secret_file: stream.path("secret_file"),
        private_network: stream.boolean("private_network"),
        insecure_http: stream.boolean("insecure_http"),
        ca_file: stream.path("ca_file"),
    };
    stream.finish();
    if let Some(audit) = audit {
        audit.finish();
    }
    let checked = webhook.as_ref().and_then(|webhook| checked(&stream, webhook));
    let start = from.map_or(Some(StreamStart::Beginning), |from| start(&stream, &from));
    let shown = ShownStream {
        webhook: checked.as_ref().map(|checked| format!("{}/…", checked.origin)),
        file: file.as_ref().map(|file| file.value.clone()),
        stdout: stdout.is_some(),
        from: if start == Some(StreamStart::Now) { NOW } else { BEGINNING },
        secret_file: reach.secret_file.as_ref().map(|given| given.value.clone()),
        private_network: is_set(reach.private_network.as_ref()),
        insecure_http: is_set(reach.insecure_http.as_ref()),
        ca_file: reach.ca_file.as_ref().map(|given| given.value.clone()),
    };
    reach.check_use(&stream, webhook.is_some());
    let destination = match (webhook, file, stdout) {
        (Some(webhook), None, None) => {
            let receiver = reach.webhook(&stream, &webhook, checked);
            receiver.map(|receiver| Destination::Webhook(Box::new(receiver)))
        }
        (None, Some(file), None) => log_file(&stream, file).map(Destination::File),
        (None, None, Some(_)) => Some(Destination::Stdout),
        (None, None, None) => nowhere(&stream, section.as_ref()),
        (webhook, file, stdout) => {
            let places = [
                webhook.map(|given| given.place),
                file.map(|given| given.place),
                stdout.map(|given| given.place),
            ];
            let place = places.into_iter().flatten().last().unwrap_or(Place::File(0..0));
            let help = "write one of `webhook`, `file` and `stdout`";
            fault(&stream, &place, "the audit stream has one destination, and several are named", Some(help))
        }
    };
    let settings = destination.zip(start).map(|(destination, start)| StreamSettings { destination, start });
    GivenStream { settings, shown }
}

/// A section without a destination is a slip, and no section is none.
fn nowhere<T>(stream: &Scope<'_>, section: Option<&Section<'_>>) -> Option<T> {
    let section = section?;
    let help = "write one of `webhook = \"https://…\"`, `file = \"audit.jsonl\"` and `stdout = true`";
    fault(stream, &Place::File(section.span()), "`[audit.stream]` says nowhere where to", Some(help))
}

fn start(stream: &Scope<'_>, from: &Given<String>) -> Option<StreamStart> {
    match from.value.as_str() {
        BEGINNING => Some(StreamStart::Beginning),
        NOW => Some(StreamStart::Now),
        other => {
            let help = "write `beginning` for all that the ledger holds, or `now`";
            fault(stream, &from.place, &format!("`from`: `{other}` is neither"), Some(help))
        }
    }
}

/// The URL is shown in no fault: its path may hold a secret.
fn checked(stream: &Scope<'_>, webhook: &Given<String>) -> Option<CheckedUrl> {
    match check_url(&webhook.value) {
        Ok(checked) => Some(checked),
        Err(why) => {
            let help = "write `https://HOST/PATH`";
            fault(stream, &webhook.place, &format!("`webhook`: {why}"), Some(help))
        }
    }
}

fn log_file(stream: &Scope<'_>, file: Given<PathBuf>) -> Option<PathBuf> {
    let shown = file.value.display();
    let folder =
        file.value.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        let message = format!("`file`: there is no folder `{}`", folder.display());
        return fault(stream, &file.place, &message, None);
    }
    if file.value.exists() && !file.value.is_file() {
        let help = "a file is appended to; for standard output write `stdout = true`";
        return fault(stream, &file.place, &format!("`file`: `{shown}` is no file"), Some(help));
    }
    Some(file.value)
}

impl Reach {
    /// What says how a webhook is reached is a slip where there is none.
    fn check_use(&self, stream: &Scope<'_>, is_webhook: bool) {
        if is_webhook {
            return;
        }
        let paths = [("secret_file", &self.secret_file), ("ca_file", &self.ca_file)];
        let paths = paths.into_iter().filter_map(|(key, given)| Some((key, &given.as_ref()?.place)));
        let flags = [("private_network", &self.private_network), ("insecure_http", &self.insecure_http)];
        let flags = flags.into_iter().filter_map(|(key, given)| Some((key, &given.as_ref()?.place)));
        for (key, place) in paths.chain(flags) {
            fault::<()>(stream, place, &format!("`{key}` belongs to a `webhook`, and there is none"), None);
        }
    }

    fn webhook(
        &self,
        stream: &Scope<'_>,
        webhook: &Given<String>,
        checked: Option<CheckedUrl>,
    ) -> Option<Webhook> {
        let secret = self.secret(stream, webhook);
        let ca_pem = self.ca_file.as_ref().map(|given| stream.ca_pem(given));
        let checked = checked?;
        let wants_http = is_set(self.insecure_http.as_ref());
        let may_be_plain = wants_http && checked.is_loopback;
        if !(checked.is_tls || may_be_plain) {
            let help = if checked.is_loopback {
                "for a receiver on this machine, write `insecure_http = true`"
            } else {
                "write `https://…`; a private CA goes into `ca_file`"
            };
            let message = format!(
                "`webhook`: `{}` is reached without TLS, and anybody on the way could read along",
                checked.origin
            );
            return fault(stream, &webhook.place, &message, Some(help));
        }
        let rules = EndpointRules {
            plain_http: !checked.is_tls,
            private_network: is_set(self.private_network.as_ref()),
            // The operator names this machine; a name that only leads to it is refused.
            loopback: checked.is_loopback,
            any_address: false,
            ca_pem: match ca_pem {
                Some(pem) => Some(pem?),
                None => None,
            },
        };
        Some(Webhook::new(&webhook.value, &checked, Endpoint::new(rules), secret?))
    }

    fn secret(&self, stream: &Scope<'_>, webhook: &Given<String>) -> Option<WebhookSecret> {
        let help = "one is made by `echo \"whsec_$(openssl rand -base64 32)\"`, for a file that its owner alone can read";
        let Some(given) = &self.secret_file else {
            let message = "a `webhook` needs `secret_file`, by which its receiver knows who sends";
            return fault(stream, &webhook.place, message, Some(help));
        };
        let path = given.value.display();
        let text = match files::read_private_text(&given.value) {
            Ok(text) => Secret::new(text),
            Err(why) => {
                let chmod = format!("chmod 600 '{path}'");
                let help = matches!(why, FileFault::Exposed).then_some(chmod.as_str());
                return fault(stream, &given.place, &format!("`secret_file`: `{path}`: {why}"), help);
            }
        };
        match WebhookSecret::parse(&text) {
            Ok(secret) => Some(secret),
            Err(why) => fault(stream, &given.place, &format!("`secret_file`: `{path}`: {why}"), Some(help)),
        }
    }
}

fn is_set(given: Option<&Given<bool>>) -> bool {
    given.is_some_and(|given| given.value)
}

fn fault<T>(stream: &Scope<'_>, place: &Place, message: &str, help: Option<&str>) -> Option<T> {
    stream.reading.fault(place, message, help.map(str::to_owned));
    None
}
