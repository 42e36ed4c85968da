//! Variables and flags that override the file, and the one way to ask for a setting wherever it stands.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use daypass_fetch::check_ca_pem;
use daypass_policy::reader::{Located, Section, Span};
use daypass_policy::{did_you_mean, parse_duration, show_duration};

use super::faults::Elsewhere;
use super::files;
use super::origins::{Origin, Origins};

/// How the names of all variables begin.
const PREFIX: &str = "DAYPASS_";

/// Settings that a variable `DAYPASS_…` or a flag can give, by section and key: all that are one value.
pub(super) const SCALARS: &[&str] = &[
    "public_url",
    "listen",
    "policy_dir",
    "http.tls_certificate_file",
    "http.tls_key_file",
    "store.url",
    "store.keep_exchanges",
    "keys.encryption_key_file",
    "keys.algorithm",
    "keys.rotate_after",
    "keys.jwks_max_age",
    "projects.audience",
    "projects.ttl",
    "limits.failures_per_minute_per_source",
    "metrics.listen",
    "traces.endpoint",
    "traces.headers_file",
    "traces.sample_ratio",
    "traces.service_name",
    "traces.insecure_http",
    "traces.private_network",
    "traces.ca_file",
    "audit.stream.webhook",
    "audit.stream.file",
    "audit.stream.stdout",
    "audit.stream.from",
    "audit.stream.secret_file",
    "audit.stream.private_network",
    "audit.stream.insecure_http",
    "audit.stream.ca_file",
    "outbound.proxy",
];

/// What else is called `DAYPASS_…`: variables of the server and of `keys`, and those of the clients.
const OTHERS: &[&str] =
    &["ENCRYPTION_KEY", "NEW_ENCRYPTION_KEY", "LOG", "URL", "AUDIENCE", "ID_TOKEN", "ID_TOKEN_VARIABLE"];

/// Settings that stand outside the file.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    values: BTreeMap<&'static str, (String, String)>,
    allowed: Vec<String>,
}

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// In the file.
    File(Span),
    /// In a variable or flag of this name.
    Elsewhere(String),
}

/// A setting and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Given<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// The file while it is read, what overrides it, and what is wrong outside it.
pub(super) struct Reading<'a> {
    pub(super) top: &'a Section<'a>,
    pub(super) overlay: &'a Overlay,
    /// The folder of the file.
    pub(super) folder: &'a Path,
    pub(super) elsewhere: RefCell<Vec<Elsewhere>>,
    /// Where each setting stands that was asked for.
    pub(super) origins: RefCell<Origins>,
}

/// One section of the settings; it may be absent from the file and have settings all the same.
pub(super) struct Scope<'a> {
    pub(super) reading: &'a Reading<'a>,
    section: Option<&'a Section<'a>>,
    name: &'static str,
}

impl Overlay {
    /// What variables say.
    pub(crate) fn of_environment(environment: &BTreeMap<String, String>) -> Self {
        let variable = |name: &'static str| {
            let variable = variable_of(name);
            let value = crate::environment::value(environment, &variable)?.to_owned();
            Some((name, (variable, value)))
        };
        Self { values: SCALARS.iter().copied().filter_map(variable).collect(), allowed: Vec::new() }
    }

    /// What a flag says, before any variable.
    #[must_use]
    pub(crate) fn with_flag(mut self, name: &'static str, flag: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.values.insert(name, (flag.to_owned(), value.to_owned()));
        }
        self
    }

    /// Lints that flags allow, each as `LINT=REASON`.
    #[must_use]
    pub(crate) fn with_allowed(mut self, allowed: &[String]) -> Self {
        self.allowed.extend_from_slice(allowed);
        self
    }

    /// Whether nothing stands outside the file.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn allowed(&self) -> &[String] {
        &self.allowed
    }
}

impl Reading<'_> {
    /// Reports a fault where the setting stands.
    pub(super) fn fault(&self, place: &Place, message: impl Into<String>, help: Option<String>) {
        match place {
            Place::File(span) => self.top.source().error(span.clone(), message, help),
            Place::Elsewhere(name) => {
                let fault = Elsewhere { place: name.clone(), message: message.into(), help };
                self.elsewhere.borrow_mut().push(fault);
            }
        }
    }

    /// Keeps where a setting stands; `None` is nowhere.
    pub(super) fn keep(&self, name: String, place: Option<&Place>) {
        let origin = match place {
            None => Origin::Default,
            Some(Place::File(span)) => {
                let source = self.top.source();
                Origin::File { file: source.file().to_owned(), line: source.position(span.start).0 }
            }
            Some(Place::Elsewhere(flag)) if flag.starts_with("--") => Origin::Flag(flag.clone()),
            Some(Place::Elsewhere(variable)) => Origin::Variable(variable.clone()),
        };
        self.origins.borrow_mut().keep(name, origin);
    }

    /// A path that is relative to the file if it stands in the file, else to the working directory.
    pub(super) fn resolve(&self, path: &str, place: &Place) -> PathBuf {
        match place {
            Place::File(_) => self.folder.join(path),
            Place::Elsewhere(_) => PathBuf::from(path),
        }
    }
}

impl<'a> Scope<'a> {
    pub(super) fn new(
        reading: &'a Reading<'a>,
        section: Option<&'a Section<'a>>,
        name: &'static str,
    ) -> Self {
        Self { reading, section, name }
    }

    /// The text of this key.
    pub(super) fn text(&self, key: &str) -> Option<Given<String>> {
        let in_file = self.section.and_then(|section| section.text(key)).map(located);
        let given = self.overriding(key).or(in_file);
        self.keep(key, given.as_ref().map(|given| &given.place));
        given
    }

    /// The path of this key.
    pub(super) fn path(&self, key: &str) -> Option<Given<PathBuf>> {
        let Given { value, place } = self.text(key)?;
        if value.is_empty() {
            self.reading.fault(&place, format!("`{key}` is empty"), None);
            return None;
        }
        Some(Given { value: self.reading.resolve(&value, &place), place })
    }

    /// The whole number of this key.
    pub(super) fn integer(&self, key: &str) -> Option<Given<i64>> {
        let in_file = self.section.and_then(|section| section.integer(key)).map(located);
        self.parsed(key, in_file, "a whole number")
    }

    /// The number of this key, with a fraction or without.
    pub(super) fn number(&self, key: &str) -> Option<Given<f64>> {
        let in_file = self.section.and_then(|section| section.number(key)).map(located);
        self.parsed(key, in_file, "a number")
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self, key: &str) -> Option<Given<bool>> {
        let in_file = self.section.and_then(|section| section.boolean(key)).map(located);
        self.parsed(key, in_file, "`true` or `false`")
    }

    /// What is outside the file, read as what stands in it, or else that.
    fn parsed<T: FromStr>(&self, key: &str, in_file: Option<Given<T>>, wanted: &str) -> Option<Given<T>> {
        let Some(Given { value, place }) = self.overriding(key) else {
            self.keep(key, in_file.as_ref().map(|given| &given.place));
            return in_file;
        };
        self.keep(key, Some(&place));
        if let Ok(value) = value.parse() {
            return Some(Given { value, place });
        }
        self.reading.fault(&place, format!("`{value}` is not {wanted}"), None);
        None
    }

    /// The duration of this key, in seconds.
    pub(super) fn duration(&self, key: &str) -> Option<Given<i64>> {
        let Given { value, place } = self.text(key)?;
        match parse_duration(&value) {
            Ok(value) => Some(Given { value, place }),
            Err(fault) => {
                self.reading.fault(&place, format!("`{key}` is {fault}"), None);
                None
            }
        }
    }

    /// The duration of this key, in seconds, which must lie within bounds.
    pub(super) fn duration_within(&self, key: &str, bounds: RangeInclusive<i64>) -> Option<i64> {
        let given = self.duration(key)?;
        if bounds.contains(&given.value) {
            return Some(given.value);
        }
        let [least, most] = [bounds.start(), bounds.end()].map(|seconds| show_duration(*seconds));
        self.reading.fault(&given.place, format!("`{key}` must be between {least} and {most}"), None);
        None
    }

    /// The list of texts of this key, which stands in the file only.
    pub(super) fn texts(&self, key: &str) -> Option<Vec<Given<String>>> {
        let texts = self.section.and_then(|section| section.texts(key));
        self.keep(key, texts.as_ref().map(|_| self.place_of(key)).as_ref());
        Some(texts?.into_iter().map(located).collect())
    }

    /// Where this key, or else the section, stands in the file.
    pub(super) fn place_of(&self, key: &str) -> Place {
        let entry = self.section.and_then(|section| section.entry(key)).map(|entry| entry.value_span());
        Place::File(entry.or_else(|| self.section.map(Section::span)).unwrap_or(0..0))
    }

    /// The certificates of a `ca_file`, for one endpoint alone.
    pub(super) fn ca_pem(&self, given: &Given<PathBuf>) -> Option<Vec<u8>> {
        let fault = |why: String| {
            let message = format!("`ca_file`: `{}`: {why}", given.value.display());
            self.reading.fault(&given.place, message, None);
        };
        let pem = files::read_bytes(&given.value).map_err(|why| fault(why.to_string())).ok()?;
        check_ca_pem(&pem).map_err(|why| fault(why.to_string())).ok()?;
        Some(pem)
    }

    /// Reports every key that nothing has asked for.
    pub(super) fn finish(&self) {
        if let Some(section) = self.section {
            section.finish();
        }
    }

    fn overriding(&self, key: &str) -> Option<Given<String>> {
        let (place, value) = self.reading.overlay.values.get(self.full_name(key).as_str())?;
        Some(Given { value: value.clone(), place: Place::Elsewhere(place.clone()) })
    }

    fn keep(&self, key: &str, place: Option<&Place>) {
        self.reading.keep(self.full_name(key), place);
    }

    fn full_name(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }
}

fn located<T>(located: Located<T>) -> Given<T> {
    Given { value: located.value, place: Place::File(located.span) }
}

fn variable_of(name: &str) -> String {
    format!("{PREFIX}{}", name.replace('.', "_").to_ascii_uppercase())
}

/// What is said of variables that look like a slip: no setting, and almost one.
pub(crate) fn misspelt_variables(environment: &BTreeMap<String, String>) -> Vec<String> {
    let settings: Vec<String> = SCALARS.iter().copied().map(variable_of).collect();
    // Without what all of them begin with: each would be like the others.
    let known = settings.iter().filter_map(|name| name.strip_prefix(PREFIX)).chain(OTHERS.iter().copied());
    let known: Vec<&str> = known.collect();
    let names = environment.keys().filter_map(|name| name.strip_prefix(PREFIX));
    let unknown = names.filter(|name| !known.contains(name));
    let slip = |name: &str| {
        let meant = did_you_mean(name, known.iter().copied())?;
        Some(format!("the variable `{PREFIX}{name}` is no setting; did you mean `{PREFIX}{meant}`?"))
    };
    unknown.filter_map(slip).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_is_almost_a_setting_is_told_and_others_are_not() {
        let told = |names: &[&str]| {
            let pairs = names.iter().map(|name| ((*name).to_owned(), "x".to_owned()));
            misspelt_variables(&pairs.collect())
        };
        for (name, meant) in [
            ("DAYPASS_LISTN", "DAYPASS_LISTEN"),
            ("DAYPASS_STORE_ULR", "DAYPASS_STORE_URL"),
            ("DAYPASS_ENCRYPTION_KEYS", "DAYPASS_ENCRYPTION_KEY"),
            ("DAYPASS_AUDENCE", "DAYPASS_AUDIENCE"),
        ] {
            let told = told(&[name]);
            assert_eq!(told.len(), 1, "{name}");
            assert!(
                told[0].contains(name) && told[0].contains(&format!("did you mean `{meant}`?")),
                "{told:?}"
            );
        }
        let known =
            ["DAYPASS_LISTEN", "DAYPASS_URL", "DAYPASS_ID_TOKEN", "DAYPASS_LOG", "DAYPASS_ENCRYPTION_KEY"];
        assert_eq!(told(&known), Vec::<String>::new());
        // Kubernetes sets these for a service that is called `daypass`.
        let foreign =
            ["DAYPASS_SERVICE_HOST", "DAYPASS_PORT", "DAYPASS_PORT_8080_TCP_ADDR", "MY_LISTN", "LISTN"];
        assert_eq!(told(&foreign), Vec::<String>::new());
    }

    #[test]
    fn a_flag_is_heard_before_the_variable_and_an_empty_variable_not_at_all() {
        let environment = BTreeMap::from(
            [("DAYPASS_LISTEN", "a"), ("DAYPASS_STORE_URL", "b"), ("DAYPASS_POLICY_DIR", "")]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let overlay = Overlay::of_environment(&environment)
            .with_flag("listen", "--listen", Some("c"))
            .with_flag("public_url", "--public-url", None);
        let shown: Vec<_> = overlay
            .values
            .iter()
            .map(|(name, (place, value))| (*name, place.as_str(), value.as_str()))
            .collect();
        assert_eq!(shown, [("listen", "--listen", "c"), ("store.url", "DAYPASS_STORE_URL", "b")]);
    }
}
