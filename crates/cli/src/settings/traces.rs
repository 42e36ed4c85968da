//! `[traces]`: the collector to which the spans of requests go, and of how many there are any.
//!
//! The variables of OpenTelemetry (`OTEL_EXPORTER_OTLP_ENDPOINT` and the like) are not read: they are often set for a whole
//! machine, and this server connects to nothing that its own settings do not name.

use std::path::PathBuf;

use daypass_fetch::{Endpoint, EndpointRules};
use daypass_jose::IssuerUrl;
use daypass_traces::{ALL_PER_MILLION, HeadersFault, SecretHeaders, TraceSettings};

use super::files::{self, FileFault};
use super::overlay::{Given, Scope};
use super::server::{is_loopback_host, url_help};

const DEFAULT_SERVICE_NAME: &str = "daypass";
/// As OpenTelemetry has it: every request.
const DEFAULT_RATIO: f64 = 1.0;
const MAX_SERVICE_NAME_CHARS: usize = 64;
/// The path of a collector that has no other (OTLP/HTTP).
const USUAL_PATH: &str = "/v1/traces";

/// A collector, before its headers are read.
pub(crate) struct Collector {
    settings: TraceSettings,
    headers_file: Option<PathBuf>,
}

/// What the section says, to be shown.
pub(super) struct ShownTraces {
    pub(super) endpoint: Option<String>,
    pub(super) headers_file: Option<PathBuf>,
    pub(super) sample_ratio: f64,
    pub(super) service_name: String,
    pub(super) insecure_http: bool,
    pub(super) private_network: bool,
    pub(super) ca_file: Option<PathBuf>,
}

/// Why there are no headers to send.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TracesFault {
    /// The file cannot be read.
    #[error("`[traces] headers_file`: `{}`: {fault}{}", path.display(), remedy(path, fault))]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        fault: FileFault,
    },
    /// What it holds cannot be sent.
    #[error("`[traces] headers_file`: `{}`: {fault}", path.display())]
    Headers {
        /// The file.
        path: PathBuf,
        /// Why.
        fault: HeadersFault,
    },
}

impl Collector {
    /// Reads the headers, which must be their owner's alone.
    pub(crate) fn open(self) -> Result<TraceSettings, TracesFault> {
        let Self { mut settings, headers_file } = self;
        if let Some(path) = headers_file {
            let text = files::read_private_text(&path)
                .map_err(|fault| TracesFault::File { path: path.clone(), fault })?;
            settings.headers =
                SecretHeaders::parse(&text).map_err(|fault| TracesFault::Headers { path, fault })?;
        }
        Ok(settings)
    }
}

/// No collector where none is named, or a fault has been reported.
pub(super) fn read(traces: &Scope<'_>) -> (Option<Collector>, ShownTraces) {
    let endpoint = traces.text("endpoint");
    let headers_file = traces.path("headers_file").map(|given| given.value);
    let ratio = traces.number("sample_ratio");
    let service_name = traces.text("service_name");
    let insecure_http = traces.boolean("insecure_http");
    let private_network = traces.boolean("private_network").is_some_and(|given| given.value);
    let ca_file = traces.path("ca_file");
    traces.finish();
    let shown = ShownTraces {
        endpoint: endpoint.as_ref().map(|given| given.value.clone()),
        headers_file: headers_file.clone(),
        sample_ratio: ratio.as_ref().map_or(DEFAULT_RATIO, |given| given.value),
        service_name: name(traces, service_name),
        insecure_http: insecure_http.as_ref().is_some_and(|given| given.value),
        private_network,
        ca_file: ca_file.as_ref().map(|given| given.value.clone()),
    };
    let sampled_per_million = ratio.map_or(Some(ALL_PER_MILLION), |given| per_million(traces, &given));
    let url = endpoint.and_then(|given| url(traces, &given, insecure_http.as_ref()));
    let (Some(url), Some(sampled_per_million)) = (url, sampled_per_million) else { return (None, shown) };
    let rules = EndpointRules {
        plain_http: url.is_plain_http(),
        private_network,
        loopback: is_loopback_host(url.host()),
        any_address: false,
        ca_pem: ca_file.and_then(|given| traces.ca_pem(&given)),
    };
    let settings = TraceSettings {
        url: url.as_str().to_owned(),
        endpoint: Endpoint::new(rules),
        headers: SecretHeaders::default(),
        sampled_per_million,
        service_name: shown.service_name.clone(),
    };
    (Some(Collector { settings, headers_file }), shown)
}

/// The URL, as it stands: nothing is added to it. Plain HTTP never leaves the machine.
fn url(traces: &Scope<'_>, given: &Given<String>, insecure_http: Option<&Given<bool>>) -> Option<IssuerUrl> {
    let text = given.value.as_str();
    let fault = |message: String, help: Option<String>| {
        traces.reading.fault(&given.place, message, help);
        None
    };
    let url = match IssuerUrl::parse(text) {
        Ok(url) => url,
        Err(reason) => return fault(format!("`endpoint`: `{text}` has {}", reason.0), url_help(text)),
    };
    let is_local = is_loopback_host(url.host());
    let wants_http = insecure_http.filter(|given| given.value);
    if let Some(wanted) = wants_http
        && !is_local
    {
        let message = format!("`insecure_http`: `{url}` is not on this machine");
        let help = "write `https://…`; a private CA goes into `ca_file`";
        traces.reading.fault(&wanted.place, message, Some(help.to_owned()));
        return None;
    }
    if url.is_plain_http() && wants_http.is_none() {
        let help = if is_local {
            "for a collector on this machine, write `insecure_http = true`"
        } else {
            "write `https://…`"
        };
        return fault(format!("`endpoint`: `{url}` is reached without TLS"), Some(help.to_owned()));
    }
    let (_, rest) = url.as_str().split_once("://").unwrap_or_default();
    if !rest.contains('/') {
        let help = format!("write `{url}{USUAL_PATH}`, where most collectors take traces");
        return fault(format!("`endpoint`: `{url}` has no path"), Some(help));
    }
    Some(url)
}

fn name(traces: &Scope<'_>, given: Option<Given<String>>) -> String {
    let Some(given) = given else { return DEFAULT_SERVICE_NAME.to_owned() };
    let is_name = (1..=MAX_SERVICE_NAME_CHARS).contains(&given.value.chars().count())
        && !given.value.contains(char::is_control);
    if !is_name {
        let message = format!("`service_name` must have between 1 and {MAX_SERVICE_NAME_CHARS} letters");
        traces.reading.fault(&given.place, message, None);
    }
    given.value
}

/// Of how many requests in a million; `None` where a fault has been reported.
fn per_million(traces: &Scope<'_>, given: &Given<f64>) -> Option<u32> {
    let ratio = given.value;
    let count = (0.0..=1.0).contains(&ratio).then(|| format!("{ratio:.6}").replace('.', ""));
    let count = count.and_then(|digits| digits.parse().ok()).filter(|count| *count > 0 || ratio <= 0.0);
    if count.is_none() {
        let message = "`sample_ratio` must be 0, or between 0.000001 and 1";
        let help = "0.1 traces one request in ten, by chance".to_owned();
        traces.reading.fault(&given.place, message, Some(help));
    }
    count
}

fn remedy(path: &std::path::Path, fault: &FileFault) -> String {
    match fault {
        FileFault::Exposed => format!("\n  help: chmod 600 '{}'", path.display()),
        FileFault::Absent
        | FileFault::TooLarge
        | FileFault::NoFile
        | FileFault::NotText
        | FileFault::Unreadable(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::super::{Overlay, Settings};
    use super::*;

    fn read(lines: &str) -> Result<Option<Collector>, String> {
        let text = format!("public_url = 'https://pass.example.com'\n[traces]\n{lines}\n");
        let settings = Settings::from_text(Path::new("daypass.toml"), &text, &Overlay::default());
        settings.map(|settings| settings.collector).map_err(|faults| faults.to_string())
    }

    fn taken(lines: &str) -> TraceSettings {
        let collector = read(lines).unwrap_or_else(|faults| panic!("{lines}\n{faults}"));
        collector.unwrap().open().unwrap_or_else(|fault| panic!("{fault}"))
    }

    #[test]
    fn without_an_endpoint_there_are_no_traces() {
        assert!(read("").unwrap().is_none());
        assert!(read("sample_ratio = 0.5\nservice_name = 'x'\nprivate_network = true").unwrap().is_none());
    }

    #[test]
    fn an_endpoint_is_enough() {
        let settings = taken("endpoint = 'https://otel.example.com:4318/v1/traces'");
        assert_eq!(settings.url, "https://otel.example.com:4318/v1/traces");
        assert_eq!((settings.sampled_per_million, settings.service_name.as_str()), (1_000_000, "daypass"));
        taken("endpoint = 'http://127.0.0.1:4318/v1/traces'\ninsecure_http = true");
        taken("endpoint = 'https://localhost/otlp'");
    }

    #[test]
    fn a_ratio_is_counted_in_millionths() {
        let ratio = |ratio: &str| {
            taken(&format!("endpoint = 'https://a.example/v1/traces'\nsample_ratio = {ratio}"))
                .sampled_per_million
        };
        let given = ["0", "0.0", "1", "1.0", "0.25", "1e-3", "0.000001", "0.9999999"];
        assert_eq!(given.map(ratio), [0, 0, 1_000_000, 1_000_000, 250_000, 1_000, 1, 1_000_000]);
    }

    #[test]
    fn each_slip_is_told() {
        let endpoint = "endpoint = 'https://a.example/v1/traces'";
        for (lines, told) in [
            ("endpoint = 'collector:4318'", "`endpoint`: `collector:4318` has"),
            ("endpoint = 'https://a.example'", "write `https://a.example/v1/traces`"),
            ("endpoint = 'https://user:hush@a.example/v1/traces'", "`endpoint`"),
            ("endpoint = 'http://a.example/v1/traces'", "is reached without TLS"),
            ("endpoint = 'http://a.example/v1/traces'\ninsecure_http = true", "is not on this machine"),
            (
                "endpoint = 'http://10.0.0.1/v1/traces'\ninsecure_http = true\nprivate_network = true",
                "is not on",
            ),
            ("endpoint = 'http://127.0.0.1:4318/v1/traces'", "write `insecure_http = true`"),
            (&format!("{endpoint}\nsample_ratio = 1.1"), "`sample_ratio` must be 0, or between"),
            (&format!("{endpoint}\nsample_ratio = -0.1"), "`sample_ratio` must be 0, or between"),
            (&format!("{endpoint}\nsample_ratio = nan"), "`sample_ratio` must be 0, or between"),
            (&format!("{endpoint}\nsample_ratio = 0.0000001"), "`sample_ratio` must be 0, or between"),
            (&format!("{endpoint}\nsample_ratio = '0.1'"), "must be a number, not a text"),
            (&format!("{endpoint}\nservice_name = ''"), "`service_name` must have"),
            (&format!("{endpoint}\nca_file = 'none.pem'"), "`ca_file`: `none.pem`"),
            (&format!("{endpoint}\nheaders = 'x'"), "no key `headers`"),
        ] {
            let faults = read(lines).err().unwrap_or_else(|| panic!("taken: {lines}"));
            assert!(faults.contains(told), "{lines}: {faults}");
        }
    }

    #[test]
    fn variables_say_it_too() {
        let variables = [
            ("DAYPASS_TRACES_ENDPOINT", "http://127.0.0.1:4318/v1/traces"),
            ("DAYPASS_TRACES_INSECURE_HTTP", "true"),
            ("DAYPASS_TRACES_SAMPLE_RATIO", "0.5"),
        ];
        let pairs = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let overlay = Overlay::of_environment(&pairs.into());
        let settings = Settings::from_text(Path::new("daypass.toml"), "", &overlay).unwrap();
        assert_eq!(settings.collector.unwrap().settings.sampled_per_million, 500_000);
        let pairs = [("DAYPASS_TRACES_INSECURE_HTTP", "yes"), ("DAYPASS_TRACES_SAMPLE_RATIO", "half")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let faults =
            Settings::from_text(Path::new("daypass.toml"), "", &Overlay::of_environment(&pairs.into()));
        let faults = faults.err().unwrap().to_string();
        assert!(faults.contains("`yes` is not `true` or `false`"), "{faults}");
        assert!(faults.contains("DAYPASS_TRACES_SAMPLE_RATIO: error: `half` is not a number"), "{faults}");
    }

    #[test]
    fn headers_are_their_owners_alone_and_a_fault_does_not_show_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("headers");
        let lines = format!("endpoint = 'https://a.example/v1/traces'\nheaders_file = '{}'", path.display());
        let fault = || read(&lines).unwrap().unwrap().open().err().map(|fault| fault.to_string());
        assert!(fault().unwrap().contains("there is no such file"));
        fs::write(&path, "Authorization: hush\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let told = fault().unwrap();
        assert!(told.contains("other users can read") && told.contains("chmod 600"), "{told}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(fault(), None);
        fs::write(&path, "Authorization = hush\n").unwrap();
        let told = fault().unwrap();
        assert!(told.contains("line 1 is not `Name: value`") && !told.contains("hush"), "{told}");
    }
}
