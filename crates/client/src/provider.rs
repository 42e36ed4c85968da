//! The CI systems that a job can be in: how each is recognised, and where it keeps the identity token. Data only.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// A CI system.
#[derive(Debug)]
pub struct CiProvider {
    /// The name that profiles and commands use.
    pub name: &'static str,
    /// The name that people use.
    pub title: &'static str,
    /// What its jobs have in their environment: any one of these.
    pub(crate) markers: &'static [Marker],
    /// Where the identity token comes from.
    pub(crate) source: TokenSource,
    /// What to add to the workflow where there is none; `{audience}` stands for the audience.
    pub(crate) advice: &'static str,
}

/// How a job shows which CI system it is in.
#[derive(Debug)]
pub(crate) enum Marker {
    /// The variable has this value.
    Is(&'static str, &'static str),
}

/// Where the identity token comes from.
#[derive(Debug)]
pub(crate) enum TokenSource {
    /// `GET` of a URL, with a token of the job and the audience; the answer's `value` is the identity token. As many as
    /// the job likes.
    Request {
        /// The variable that holds the URL.
        url: &'static str,
        /// The variable that holds the job's token.
        token: &'static str,
    },
    /// A variable of the job: the first of these that is not empty. One token for the whole job.
    Variable(&'static [VariableName]),
}

/// The name of a variable.
#[derive(Debug)]
pub(crate) enum VariableName {
    /// This name.
    Fixed(&'static str),
    /// `<AUDIENCE>_ID_TOKEN`, in the spelling that other tools use.
    OfAudience,
}

/// All CI systems, in the order in which they are looked for.
pub const PROVIDERS: &[CiProvider] = &[
    CiProvider {
        name: "github",
        title: "GitHub Actions",
        markers: &[Marker::Is("GITHUB_ACTIONS", "true")],
        source: TokenSource::Request {
            url: "ACTIONS_ID_TOKEN_REQUEST_URL",
            token: "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        },
        advice: "add to the job in the workflow file:
    permissions:
      id-token: write
      contents: read
  a pull request from a fork gets no identity token, whatever the workflow says",
    },
    CiProvider {
        name: "gitlab",
        title: "GitLab CI",
        markers: &[Marker::Is("GITLAB_CI", "true")],
        source: TokenSource::Variable(&[VariableName::Fixed("DAYPASS_ID_TOKEN"), VariableName::OfAudience]),
        advice: "add to the job in `.gitlab-ci.yml`:
    id_tokens:
      DAYPASS_ID_TOKEN:
        aud: {audience}",
    },
];

/// The CI system whose job has this environment.
pub fn detect(environment: &BTreeMap<String, String>) -> Option<&'static CiProvider> {
    PROVIDERS.iter().find(|provider| provider.markers.iter().any(|marker| marker.is_in(environment)))
}

impl CiProvider {
    /// What to add to the workflow so that its jobs get a token for `audience`.
    pub fn advice(&self, audience: &str) -> String {
        self.advice.replace("{audience}", audience)
    }
}

impl Marker {
    fn is_in(&self, environment: &BTreeMap<String, String>) -> bool {
        match self {
            Self::Is(name, value) => environment.get(*name).is_some_and(|found| found == value),
        }
    }

    /// How it is written in a shell.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Is(name, value) => format!("{name}={value}"),
        }
    }
}

impl VariableName {
    /// The name for this audience.
    pub(crate) fn for_audience(&self, audience: &str) -> String {
        match self {
            Self::Fixed(name) => (*name).to_owned(),
            Self::OfAudience => format!("{}_ID_TOKEN", variable_part(audience)),
        }
    }

    /// Whether a person recognises the audience in the name.
    pub(crate) fn is_readable_for(&self, audience: &str) -> bool {
        match self {
            Self::Fixed(_) => true,
            Self::OfAudience => !is_address(audience),
        }
    }
}

/// Whether this is an address and no name: nobody would call a variable after it.
fn is_address(audience: &str) -> bool {
    audience.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
}

/// Upper case, with `_` for everything but `A` to `Z`, `0` to `9` and `_`, and for a digit at the start.
fn variable_part(audience: &str) -> String {
    let allowed = |(at, letter): (usize, char)| match letter {
        'A'..='Z' | '_' => letter,
        '0'..='9' if at > 0 => letter,
        _ => '_',
    };
    audience.to_uppercase().chars().enumerate().map(allowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_job_is_recognised_by_its_marker_and_nothing_else() {
        for (pairs, name) in [
            (&[("GITHUB_ACTIONS", "true")][..], Some("github")),
            (&[("GITLAB_CI", "true"), ("CI", "true")][..], Some("gitlab")),
            (&[("GITHUB_ACTIONS", "true"), ("GITLAB_CI", "true")][..], Some("github")),
            (&[("GITHUB_ACTIONS", "1")][..], None),
            (&[("GITLAB_CI", "")][..], None),
            (&[("CI", "true")][..], None),
            (&[][..], None),
        ] {
            assert_eq!(detect(&environment(pairs)).map(|provider| provider.name), name, "{pairs:?}");
        }
    }

    #[test]
    fn the_variable_of_an_audience_is_spelled_as_other_tools_do() {
        for (audience, name) in [
            ("sigstore", "SIGSTORE_ID_TOKEN"),
            ("pass.example.com", "PASS_EXAMPLE_COM_ID_TOKEN"),
            ("https://pass.example.com", "HTTPS___PASS_EXAMPLE_COM_ID_TOKEN"),
            ("127.0.0.1", "_27_0_0_1_ID_TOKEN"),
            ("", "_ID_TOKEN"),
        ] {
            assert_eq!(VariableName::OfAudience.for_audience(audience), name);
        }
    }
}
