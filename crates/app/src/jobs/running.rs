//! Jobs that run beside the server, each by its name. None of them ends while the server runs.

use std::collections::HashMap;
use std::future::{Future, pending};

use tokio::task::{Id, JoinSet};

/// Jobs that run; dropping it cuts them off.
#[derive(Default)]
pub struct Jobs {
    running: JoinSet<()>,
    names: HashMap<Id, &'static str>,
}

/// A job that runs no more, though the server does. What a panic says is not in it: that is on stderr already, and is no
/// text of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JobFault {
    /// It failed in a way that nobody thought of.
    #[error("the job `{0}` has panicked")]
    Panicked(&'static str),
    /// It returned, or was cut off.
    #[error("the job `{0}` has ended")]
    Ended(&'static str),
}

impl Jobs {
    /// Starts one more.
    pub fn start(&mut self, name: &'static str, job: impl Future<Output = ()> + Send + 'static) {
        let id = self.running.spawn(job).id();
        self.names.insert(id, name);
    }

    /// Returns when one of them runs no more, and says which. Where there are none, it never does.
    pub async fn ended(&mut self) -> JobFault {
        let Some(ended) = self.running.join_next_with_id().await else { return pending().await };
        let (id, has_panicked) = match &ended {
            Ok((id, ())) => (*id, false),
            Err(fault) => (fault.id(), fault.is_panic()),
        };
        let name = self.names.remove(&id).unwrap_or("nameless");
        if has_panicked { JobFault::Panicked(name) } else { JobFault::Ended(name) }
    }

    /// Cuts all of them off, and returns when they are gone.
    pub async fn stop(mut self) {
        self.running.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_runs_no_more_is_told_by_its_name() {
        let mut jobs = Jobs::default();
        jobs.start("steady", pending());
        jobs.start("brief", async {});
        assert_eq!(jobs.ended().await, JobFault::Ended("brief"));
        jobs.start("broken", async { panic!("not even thought of") });
        let fault = jobs.ended().await;
        assert_eq!(fault, JobFault::Panicked("broken"));
        assert_eq!(fault.to_string(), "the job `broken` has panicked");
        jobs.stop().await;
    }
}
