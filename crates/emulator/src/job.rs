//! A job that runs in the emulator: its variables and its tokens.

use std::collections::BTreeMap;
use std::sync::Arc;

use daypass_jose::random::hex_secret;
use daypass_jose::{Json, Secret};

use crate::claim_override::{ClaimOverride, finish};
use crate::config::Provider;
use crate::fault::EmulatorFault;
use crate::github::{self, GithubJob, RunnerFiles};
use crate::gitlab::{self, GitlabJob, IdToken};
use crate::identity::random_uuid;
use crate::signer::Signer;

/// A job that runs in the emulator.
///
/// Holds the variables, secrets among them, that the job's process is to be started with.
pub struct RunningJob {
    id: String,
    signer: Arc<Signer>,
    kind: Kind,
    environment: BTreeMap<String, String>,
}

enum Kind {
    Github {
        job: GithubJob,
        /// None where the job may not ask for tokens.
        request_token: Option<Secret>,
        #[expect(dead_code, reason = "keeps the runner's files until the job is dropped")]
        files: RunnerFiles,
    },
    Gitlab(GitlabJob),
}

impl RunningJob {
    /// Starts a job: chooses its numbers, makes the runner's files, mints the tokens that it is given. Those that it
    /// asks for it asks for at `server`.
    pub(crate) fn start(
        signer: Arc<Signer>,
        server: &str,
        provider: Provider,
    ) -> Result<Self, EmulatorFault> {
        let id = random_uuid(signer.rng());
        match provider {
            Provider::Github(job) => Self::start_github(id, signer, server, job),
            Provider::Gitlab(job) => Self::start_gitlab(id, signer, job),
        }
    }

    fn start_github(
        id: String,
        signer: Arc<Signer>,
        server: &str,
        job: GithubJob,
    ) -> Result<Self, EmulatorFault> {
        let job = job.started(signer.rng())?;
        let request_token = hex_secret::<32>(signer.rng());
        let request_token = job.has_id_tokens().then_some(request_token);
        let files = RunnerFiles::create(&job, signer.rng())?;
        let request_url = github::request_url(server, &id);
        let environment = github::environment(&job, &files, &request_url, request_token.as_ref());
        Ok(Self { id, signer, kind: Kind::Github { job, request_token, files }, environment })
    }

    fn start_gitlab(id: String, signer: Arc<Signer>, mut job: GitlabJob) -> Result<Self, EmulatorFault> {
        job.id_tokens = IdToken::merged(job.id_tokens);
        let job = job.started(signer.rng())?;
        let mint = |token: &IdToken| {
            let claims = job.claims(signer.issuer(), token.audience_claim(), signer.now(), signer.rng());
            Ok((token.variable().to_owned(), signer.sign(&claims)?))
        };
        let tokens = job.id_tokens.iter().map(mint).collect::<Result<Vec<_>, EmulatorFault>>()?;
        let environment = gitlab::environment(&job, signer.issuer(), &tokens);
        Ok(Self { id, signer, kind: Kind::Gitlab(job), environment })
    }

    /// The variables with which the job's process is to be started.
    pub fn environment(&self) -> BTreeMap<String, String> {
        self.environment.clone()
    }

    /// A token of this job, as its CI system would give it at this moment, with `overrides` upon those of the job.
    /// GitHub has an audience for those who name none; GitLab has not. A job of GitHub that may not ask for tokens has
    /// none.
    pub fn mint(&self, audience: Option<&str>, overrides: &[ClaimOverride]) -> Result<Secret, EmulatorFault> {
        let signer = &self.signer;
        let (issuer, now, rng) = (signer.issuer(), signer.now(), signer.rng());
        let mut claims = match (&self.kind, audience) {
            (Kind::Github { request_token: None, .. }, _) => return Err(EmulatorFault::NoIdTokens),
            (Kind::Github { job, .. }, audience) => job.claims(issuer, audience, now, rng)?,
            (Kind::Gitlab(job), Some(audience)) => job.claims(issuer, Json::from(audience), now, rng),
            (Kind::Gitlab(_), None) => return Err(EmulatorFault::AudienceMissing("mint".to_owned())),
        };
        finish(&mut claims, overrides);
        signer.sign(&claims)
    }

    /// Its id, which is in the address at which it asks for tokens.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether a request for a token of this job may be answered.
    pub(crate) fn is_request_token(&self, claimed: &Secret) -> bool {
        match &self.kind {
            Kind::Github { request_token, .. } => {
                request_token.as_ref().is_some_and(|token| token.ct_eq(claimed))
            }
            Kind::Gitlab(_) => false,
        }
    }
}
