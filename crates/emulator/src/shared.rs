//! What the routes share: the signer and the jobs.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use crate::config::Provider;
use crate::fault::{EmulatorFault, MAX_JOBS};
use crate::job::RunningJob;
use crate::keys::KeyStyle;
use crate::signer::Signer;

/// What the routes share.
pub(crate) struct Shared {
    pub(crate) style: KeyStyle,
    /// The server's own address, which is the issuer's unless another emulator is that.
    pub(crate) server: String,
    pub(crate) signer: Arc<Signer>,
    pub(crate) jobs: RwLock<BTreeMap<String, Arc<RunningJob>>>,
}

impl Shared {
    pub(crate) fn start_job(&self, provider: Provider) -> Result<Arc<RunningJob>, EmulatorFault> {
        if style_of(&provider) != self.style {
            return Err(EmulatorFault::WrongProvider);
        }
        let job = Arc::new(RunningJob::start(Arc::clone(&self.signer), &self.server, provider)?);
        let mut jobs = self.jobs.write().unwrap_or_else(PoisonError::into_inner);
        if jobs.len() >= MAX_JOBS {
            return Err(EmulatorFault::TooManyJobs);
        }
        jobs.insert(job.id().to_owned(), Arc::clone(&job));
        Ok(job)
    }

    /// The job with this id.
    pub(crate) fn job(&self, id: &str) -> Option<Arc<RunningJob>> {
        self.jobs.read().unwrap_or_else(PoisonError::into_inner).get(id).map(Arc::clone)
    }
}

/// What every path that is not served gets.
pub(crate) async fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "nothing here: this is the CI emulator of daypass\n").into_response()
}

pub(crate) const fn style_of(provider: &Provider) -> KeyStyle {
    match provider {
        Provider::Github(_) => KeyStyle::Github,
        Provider::Gitlab(_) => KeyStyle::Gitlab,
    }
}
