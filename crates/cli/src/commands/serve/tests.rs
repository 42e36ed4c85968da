//! What becomes of a server of which a part has ended by itself.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use daypass_app::jobs::Jobs;
use daypass_store::Store;
use daypass_web::Drained;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::super::ends::Ends;
use super::serving::Serving;
use super::until_the_end;
use crate::fault::CommandFault;

/// A server that answers until it is told to end, or for no moment, and a store in a folder of its own.
async fn serving(jobs: Jobs, answers: bool) -> (Serving, Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("daypass.db").display());
    let store = Store::open(&url).await.unwrap();
    let (end, ended) = oneshot::channel::<()>();
    let mut server = JoinSet::new();
    server.spawn(async move {
        if answers {
            drop(ended.await);
        }
        Drained::Completely
    });
    let traces = Arc::default();
    (Serving { store: store.clone(), traces, end, server, jobs, audit_stream: None }, store, folder)
}

/// Why it has ended.
async fn why_it_ended(serving: Serving) -> CommandFault {
    let mut ends = Ends::listen().unwrap();
    let ended = tokio::time::timeout(Duration::from_mins(1), until_the_end(serving, &mut ends));
    ended.await.expect("the server goes on").unwrap_err()
}

#[tokio::test]
async fn a_server_does_not_go_on_without_one_of_its_jobs_and_ends_with_4() {
    let mut broken = Jobs::default();
    broken.start("policy files", pending());
    broken.start("signing keys", async { panic!("a job fails") });
    let mut brief = Jobs::default();
    brief.start("signing keys", async {});
    for (jobs, how) in [(broken, "has panicked"), (brief, "has ended")] {
        let (serving, store, _folder) = serving(jobs, true).await;
        let fault = why_it_ended(serving).await;
        assert_eq!(fault.exit_code(), 4);
        let text = fault.to_string();
        assert!(
            text.starts_with(&format!("the job `signing keys` {how}, and the server does not go on")),
            "{text}"
        );
        assert!(store.ping().await.is_err(), "the store is closed");
    }
}

#[tokio::test]
async fn a_server_that_stops_by_itself_ends_with_4() {
    let mut jobs = Jobs::default();
    jobs.start("signing keys", pending());
    let (serving, _store, _folder) = serving(jobs, false).await;
    let fault = why_it_ended(serving).await;
    assert_eq!((fault.exit_code(), fault.to_string().as_str()), (4, "the server has stopped by itself"));
}
