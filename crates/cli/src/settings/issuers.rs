//! `[[issuers]]`: who is trusted to say what a job is.

mod keys;

pub(super) use keys::Reach;

use std::collections::BTreeMap;

use daypass_app::config::IssuerConfig;
use daypass_jose::{Algorithm, IssuerUrl};
use daypass_keys::IssuerKeySettings;
use daypass_policy::reader::{Located, Section};
use daypass_policy::{Lint, Profile, RegisteredIssuer, TokenReuse, did_you_mean, foreign_audience};

use self::keys::GivenReach;
use super::overlay::{Place, Reading};
use super::server::{self, Server};

const MAX_NAME_CHARS: usize = 64;

/// What surrounds an issuer and what it is judged by.
pub(super) struct Surroundings<'a> {
    pub(super) reading: &'a Reading<'a>,
    pub(super) server: &'a Server,
    pub(super) allowed: &'a BTreeMap<Lint, String>,
}

/// Every issuer without a fault. Faults have been reported.
pub(super) struct Registered {
    pub(super) issuers: Vec<IssuerConfig>,
    /// How each of them is reached.
    pub(super) reaches: Vec<Reach>,
    /// Whether these are all that the settings name.
    pub(super) is_whole: bool,
}

pub(super) fn read(reading: &Reading<'_>, server: &Server, allowed: &BTreeMap<Lint, String>) -> Registered {
    let surroundings = Surroundings { reading, server, allowed };
    let (mut issuers, mut reaches): (Vec<IssuerConfig>, Vec<Reach>) = Default::default();
    let mut is_whole = true;
    for section in reading.top.sections("issuers") {
        let issuer = surroundings.issuer(&section);
        let asked = section.asked();
        section.finish();
        is_whole &= issuer.is_some();
        if let Some((issuer, reach)) = issuer {
            for (key, span) in asked {
                let name = format!("issuers.{}.{key}", issuer.registered.name);
                reading.keep(name, span.map(Place::File).as_ref());
            }
            check_unique(&section, &issuer.registered, &issuers);
            issuers.push(issuer);
            reaches.push(reach);
        }
    }
    Registered { issuers, reaches, is_whole }
}

fn check_unique(section: &Section<'_>, issuer: &RegisteredIssuer, others: &[IssuerConfig]) {
    for other in others.iter().map(|other| &other.registered) {
        if other.name == issuer.name {
            section.error(format!("two issuers have the name `{}`", issuer.name), None);
        }
        if other.url == issuer.url {
            let help = "one issuer may have several audiences".to_owned();
            section.error(format!("two issuers have the URL `{}`", issuer.url), Some(help));
        }
    }
}

impl Surroundings<'_> {
    fn issuer(&self, section: &Section<'_>) -> Option<(IssuerConfig, Reach)> {
        let name = section.required_text("name").and_then(|name| checked_name(section, name));
        let profile = section.required_text("provider").and_then(|provider| profile(section, &provider));
        let url = self.url(section, profile);
        let audiences = self.audiences(section);
        let algorithms = section.texts("algorithms").map(|names| algorithms(section, &names));
        let is_shared = section.boolean("shared");
        let token_reuse = section.text("token_reuse").and_then(|given| token_reuse(section, &given));
        let signs_by = algorithms.or_else(|| profile.map(|profile| profile.algorithms.clone()));
        let reach = GivenReach::read(section);
        let source = self.key_source(section, &reach, url.as_ref(), &signs_by.clone().unwrap_or_default());
        let (profile, url) = (profile?, url?);
        let mut registered = RegisteredIssuer::new(&name?, url.clone(), profile, audiences?);
        registered.algorithms = signs_by?;
        if let Some(is_shared) = is_shared {
            check_shared(section, &registered, &is_shared);
            registered.is_shared = is_shared.value;
        }
        registered.token_reuse = token_reuse.unwrap_or(profile.token_reuse);
        let keys = IssuerKeySettings {
            issuer: url,
            algorithms: registered.algorithms.clone(),
            source: source?,
            jwks_hosts: profile.jwks_hosts.clone(),
            key_id_survives_rotation: profile.key_id_survives_rotation,
        };
        Some((IssuerConfig { registered, keys }, reach.resolved(self.reading)))
    }

    fn url(&self, section: &Section<'_>, profile: Option<&Profile>) -> Option<IssuerUrl> {
        let Some(given) = section.text("url") else {
            let default = profile?.default_url.as_deref().and_then(|url| IssuerUrl::parse(url).ok());
            if default.is_none() {
                let help = "write it byte for byte as the `iss` of its tokens".to_owned();
                section.error("`issuers` lacks `url`, and its provider has no default", Some(help));
            }
            return default;
        };
        let fault = |message: String, help| section.source().error(given.span.clone(), message, help);
        let url = match IssuerUrl::parse(&given.value) {
            Ok(url) => url,
            Err(reason) => {
                fault(format!("`url`: `{}` has {}", given.value, reason.0), server::url_help(&given.value));
                return None;
            }
        };
        if let (Some(profile), Some(owner)) = (profile, Profile::owner_of_url(url.as_str()))
            && profile.name != owner.name
        {
            let help = format!("write `provider = \"{}\"`", owner.name);
            fault(format!("`{url}` is {}, whose tokens have rules of their own", owner.title), Some(help));
        }
        let public_url = self.server.public_url.as_ref().map(IssuerUrl::as_str);
        let below = public_url.and_then(|top| url.as_str().strip_prefix(top));
        if below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            fault(
                "this server cannot be an issuer of its own jobs: `url` is at or below `public_url`"
                    .to_owned(),
                None,
            );
        }
        Some(url)
    }

    /// `None` where they cannot be told.
    fn audiences(&self, section: &Section<'_>) -> Option<Vec<String>> {
        let Some(entry) = section.entry("audiences") else {
            return Some(vec![self.server.public_url.as_ref()?.host().to_owned()]);
        };
        let audiences = entry.texts()?;
        if audiences.is_empty() {
            let help = "leave `audiences` out for the host of `public_url`".to_owned();
            section.source().error(entry.value_span(), "without an audience no token is taken", Some(help));
        }
        for audience in &audiences {
            self.check_audience(section, audience);
        }
        Some(audiences.into_iter().map(|audience| audience.value).collect())
    }

    fn check_audience(&self, section: &Section<'_>, audience: &Located<String>) {
        let (text, span) = (audience.value.as_str(), audience.span.clone());
        if text.is_empty() || text.contains(char::is_control) {
            section.source().error(span, format!("{text:?} is not an audience"), None);
        } else if let Some(owner) = foreign_audience(text)
            && !self.allowed.contains_key(&Lint::ForeignAudience)
        {
            let message = format!(
                "the audience `{text}` belongs to {owner}: whoever is given a token for it could use that token here"
            );
            let own = self.server.public_url.as_ref().map_or("pass.example.com", IssuerUrl::host);
            let help = format!("let jobs ask for a token of your own audience: `audiences = [\"{own}\"]`");
            section.source().lint(span, Lint::ForeignAudience, message, Some(help));
        }
    }
}

fn checked_name(section: &Section<'_>, name: Located<String>) -> Option<String> {
    let is_name = (1..=MAX_NAME_CHARS).contains(&name.value.len())
        && name
            .value
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte));
    if !is_name {
        let help = format!("a name has at most {MAX_NAME_CHARS} of a–z, 0–9, `-` and `_`");
        section.source().error(
            name.span,
            format!("{:?} is not a name for an issuer", name.value),
            Some(help),
        );
        return None;
    }
    Some(name.value)
}

fn profile(section: &Section<'_>, provider: &Located<String>) -> Option<&'static Profile> {
    let found = Profile::by_name(&provider.value);
    if found.is_none() {
        let names: Vec<&str> = Profile::all().iter().map(|profile| profile.name.as_str()).collect();
        let help = match did_you_mean(&provider.value, names.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the providers are `{}`", names.join("`, `")),
        };
        section.source().error(
            provider.span.clone(),
            format!("there is no provider `{}`", provider.value),
            Some(help),
        );
    }
    found
}

fn algorithms(section: &Section<'_>, names: &[Located<String>]) -> Vec<Algorithm> {
    if names.is_empty() {
        let help = "leave `algorithms` out for those of the provider".to_owned();
        section.error("`algorithms` is empty, so that no token would be taken", Some(help));
    }
    let known = |name: &Located<String>| {
        let found = Algorithm::from_name(&name.value);
        if found.is_none() {
            let all = Algorithm::ALL.map(Algorithm::name);
            let message =
                format!("`algorithms`: `{}` is not a signature algorithm that daypass takes", name.value);
            let help = format!("write some of `{}`", all.join("`, `"));
            section.source().error(name.span.clone(), message, Some(help));
        }
        found
    };
    names.iter().filter_map(known).collect()
}

fn token_reuse(section: &Section<'_>, given: &Located<String>) -> Option<TokenReuse> {
    let found = TokenReuse::from_name(&given.value);
    if found.is_none() {
        let message = format!("`token_reuse` is not `{}`", given.value);
        let help = "write `once` or `until-expiry`".to_owned();
        section.source().error(given.span.clone(), message, Some(help));
    }
    found
}

/// Strangers of a public CI system do not stop being strangers.
fn check_shared(section: &Section<'_>, issuer: &RegisteredIssuer, is_shared: &Located<bool>) {
    if issuer.is_shared && !is_shared.value {
        let message = format!("`shared`: everybody can run jobs at `{}`, so it is shared", issuer.url);
        section.source().error(is_shared.span.clone(), message, Some("leave `shared` out".to_owned()));
    }
}
