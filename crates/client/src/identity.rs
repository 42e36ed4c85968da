//! The identity of a job: a token in hand, or the place where fresh ones are to be had.

use std::collections::BTreeMap;

use daypass_fetch::Fetcher;
use daypass_jose::Secret;

use crate::answer::is_token;
use crate::fault::ClientFault;
use crate::provider::{CiProvider, PROVIDERS, TokenSource, VariableName, detect};
use crate::token_request::TokenEndpoint;

/// The variable that names the variable which holds the token.
pub const TOKEN_VARIABLE_SETTING: &str = "DAYPASS_ID_TOKEN_VARIABLE";

/// The identity of a job.
pub struct Identity(Source);

enum Source {
    Given { token: Secret, variable: Option<String> },
    Endpoint(TokenEndpoint),
}

/// A token of the job with this environment, for `audience`: [`Identity::find`] and [`Identity::token`].
pub async fn find_identity_token(
    environment: &BTreeMap<String, String>,
    audience: &str,
    fetcher: &Fetcher,
) -> Result<Secret, ClientFault> {
    Identity::find(environment, audience, None)?.token(fetcher).await
}

impl Identity {
    /// A token in hand. It can be used as often as its issuer's profile lets it, and not be renewed.
    pub fn given(token: Secret) -> Self {
        Self(Source::Given { token, variable: None })
    }

    /// Looks through a job's environment; asks nobody. `variable`, or `DAYPASS_ID_TOKEN_VARIABLE`, names the variable
    /// that holds the token, and wins over everything else. A CI system that is recognised but gives no token is a fault
    /// with advice: no other is tried in its stead.
    pub fn find(
        environment: &BTreeMap<String, String>,
        audience: &str,
        variable: Option<&str>,
    ) -> Result<Self, ClientFault> {
        let variable = variable.or_else(|| value(environment, TOKEN_VARIABLE_SETTING));
        if let Some(variable) = variable {
            let found = value(environment, variable);
            let token = found.ok_or_else(|| ClientFault::VariableMissing(variable.to_owned()))?;
            return in_variable(variable, token);
        }
        let provider = detect(environment).ok_or_else(|| ClientFault::NotInCi { looked_for: markers() })?;
        match &provider.source {
            TokenSource::Request { url, token } => match (value(environment, url), value(environment, token))
            {
                (Some(url), Some(token)) => {
                    Ok(Self(Source::Endpoint(TokenEndpoint::new(provider, url, token, audience)?)))
                }
                (None, _) => Err(not_offered(provider, &[(*url).to_owned()], audience)),
                (Some(_), None) => Err(not_offered(provider, &[(*token).to_owned()], audience)),
            },
            TokenSource::Variable(names) => Self::in_variables(environment, provider, names, audience),
        }
    }

    fn in_variables(
        environment: &BTreeMap<String, String>,
        provider: &'static CiProvider,
        names: &[VariableName],
        audience: &str,
    ) -> Result<Self, ClientFault> {
        for name in names {
            let name = name.for_audience(audience);
            if let Some(token) = value(environment, &name) {
                return in_variable(&name, token);
            }
        }
        let worth_naming = names.iter().filter(|name| name.is_readable_for(audience));
        let names: Vec<String> = worth_naming.map(|name| name.for_audience(audience)).collect();
        Err(not_offered(provider, &names, audience))
    }

    /// The variable that holds the token, where it is one of the environment: its audience was chosen when it was made.
    pub fn variable(&self) -> Option<&str> {
        match &self.0 {
            Source::Given { variable, .. } => variable.as_deref(),
            Source::Endpoint(_) => None,
        }
    }

    /// Whether [`Identity::token`] gives a new token each time.
    pub const fn is_renewable(&self) -> bool {
        matches!(self.0, Source::Endpoint(_))
    }

    /// A token: a fresh one where there are any.
    pub async fn token(&self, fetcher: &Fetcher) -> Result<Secret, ClientFault> {
        match &self.0 {
            Source::Given { token, .. } => Ok(Secret::new(token.reveal().to_owned())),
            Source::Endpoint(endpoint) => endpoint.fetch(fetcher).await,
        }
    }
}

/// A variable's value; an empty one counts as absent.
fn value<'a>(environment: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

fn in_variable(name: &str, token: &str) -> Result<Identity, ClientFault> {
    if !is_token(token) {
        return Err(ClientFault::TokenMalformed(format!("the variable `{name}`")));
    }
    let token = Secret::new(token.to_owned());
    Ok(Identity(Source::Given { token, variable: Some(name.to_owned()) }))
}

fn not_offered(provider: &CiProvider, variables: &[String], audience: &str) -> ClientFault {
    let missing = match variables {
        [one] => format!("`{one}` is not set"),
        several => format!("none of `{}` is set", several.join("`, `")),
    };
    ClientFault::TokenNotOffered { provider: provider.title, missing, advice: provider.advice(audience) }
}

fn markers() -> String {
    let all: Vec<String> = PROVIDERS
        .iter()
        .flat_map(|provider| provider.markers)
        .map(|marker| format!("`{}`", marker.shown()))
        .collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(pairs: &[(&str, &str)], variable: Option<&str>) -> Result<Identity, ClientFault> {
        let environment =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Identity::find(&environment, "pass.example.com", variable)
    }

    fn found(pairs: &[(&str, &str)], variable: Option<&str>) -> String {
        match find(pairs, variable).map(|identity| identity.0) {
            Ok(Source::Given { token, .. }) => token.reveal().to_owned(),
            Ok(Source::Endpoint(_)) => "endpoint".to_owned(),
            Err(fault) => panic!("{fault}"),
        }
    }

    fn refused(pairs: &[(&str, &str)], variable: Option<&str>) -> String {
        let fault = find(pairs, variable).err().expect("a token was found");
        assert_eq!(fault.exit_code(), 2);
        fault.to_string()
    }

    #[test]
    fn a_named_variable_wins_then_our_own_then_the_audiences() {
        let all = [
            ("GITLAB_CI", "true"),
            ("MINE", "mine"),
            ("OTHER", "other"),
            ("DAYPASS_ID_TOKEN", "ours"),
            ("PASS_EXAMPLE_COM_ID_TOKEN", "audience"),
            (TOKEN_VARIABLE_SETTING, "OTHER"),
        ];
        assert_eq!(found(&all, Some("MINE")), "mine");
        assert_eq!(found(&all, None), "other");
        assert_eq!(found(&all[..5], None), "ours");
        assert_eq!(found(&[all[0], all[4], ("DAYPASS_ID_TOKEN", "")], None), "audience");
        assert_eq!(found(&[("MINE", "mine")], Some("MINE")), "mine");
    }

    #[test]
    fn where_a_token_was_found_is_known() {
        let variable = |pairs, named| find(pairs, named).unwrap().variable().map(ToOwned::to_owned);
        assert_eq!(variable(&[("MINE", "mine")], Some("MINE")).as_deref(), Some("MINE"));
        let job = [("GITLAB_CI", "true"), ("PASS_EXAMPLE_COM_ID_TOKEN", "a.b.c")];
        assert_eq!(variable(&job, None).as_deref(), Some("PASS_EXAMPLE_COM_ID_TOKEN"));
        assert_eq!(Identity::given(Secret::new("a.b.c".to_owned())).variable(), None);
    }

    #[test]
    fn a_github_job_asks_its_endpoint() {
        let pairs = [
            ("GITHUB_ACTIONS", "true"),
            ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://actions.example/t?v=2"),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "secret"),
        ];
        assert_eq!(found(&pairs, None), "endpoint");
        assert!(find(&pairs, None).unwrap().is_renewable());
        assert!(!find(&[("MINE", "mine")], Some("MINE")).unwrap().is_renewable());
    }

    #[test]
    fn a_job_without_a_token_is_told_what_to_add() {
        insta::assert_snapshot!(refused(&[("GITHUB_ACTIONS", "true"), ("DAYPASS_ID_TOKEN", "x")], None), @"
        this GitHub Actions job has no identity token: `ACTIONS_ID_TOKEN_REQUEST_URL` is not set
          add to the job in the workflow file:
            permissions:
              id-token: write
              contents: read
          a pull request from a fork gets no identity token, whatever the workflow says
        ");
        insta::assert_snapshot!(refused(&[("GITLAB_CI", "true")], None), @"
        this GitLab CI job has no identity token: none of `DAYPASS_ID_TOKEN`, `PASS_EXAMPLE_COM_ID_TOKEN` is set
          add to the job in `.gitlab-ci.yml`:
            id_tokens:
              DAYPASS_ID_TOKEN:
                aud: pass.example.com
        ");
        let environment = BTreeMap::from([("GITLAB_CI".to_owned(), "true".to_owned())]);
        for address in ["127.0.0.1", "[::1]"] {
            let fault = Identity::find(&environment, address, None).err().unwrap().to_string();
            assert!(
                fault.contains("`DAYPASS_ID_TOKEN` is not set") && !fault.contains("_1_ID_TOKEN"),
                "{fault}"
            );
        }
        insta::assert_snapshot!(refused(&[("CI", "true")], None), @"
        no CI job that daypass knows: none of `GITHUB_ACTIONS=true`, `GITLAB_CI=true` is set
          on a laptop, start it as a job: daypass emulate github -- COMMAND
        ");
        insta::assert_snapshot!(refused(&[("GITLAB_CI", "true"), ("DAYPASS_ID_TOKEN", "x")], Some("MINE")), @"the variable `MINE`, which was named to hold the identity token, is not set");
    }

    #[test]
    fn a_token_endpoint_that_would_leak_its_token_is_not_asked() {
        for url in ["http://actions.example/t", "https://a@actions.example/t", "actions.example/t"] {
            let pairs = [
                ("GITHUB_ACTIONS", "true"),
                ("ACTIONS_ID_TOKEN_REQUEST_URL", url),
                ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "secret"),
            ];
            assert!(refused(&pairs, None).contains(url));
        }
    }

    #[test]
    fn what_is_no_token_is_not_sent() {
        for token in ["a b", "a\nb", "{\"value\":\"a\"}"] {
            assert!(!refused(&[("MINE", token)], Some("MINE")).contains(token));
        }
        let request = [
            ("GITHUB_ACTIONS", "true"),
            ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://actions.example/t"),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "a\r\nb"),
        ];
        assert!(!refused(&request, None).contains("a\r\nb"));
    }
}
