//! `/healthz`: the process answers. `/readyz`: it can do its work, and says why not. Neither depends on an issuer.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use daypass_store::StoreFault;
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer;
use crate::describe::{Answer, Components, Header, Operation};
use crate::state::Web;

const UNAVAILABLE: &str = "unavailable: see the log of the server";

/// The process answers
#[derive(Serialize, JsonSchema)]
struct Health {
    /// `ok`
    status: &'static str,
}

/// Whether the server can do its work
#[derive(Serialize, JsonSchema)]
struct Readiness {
    ready: bool,
    checks: Checks,
}

/// What it looked at
#[derive(Serialize, JsonSchema)]
struct Checks {
    /// `ok`, or why an exchange cannot be recorded
    store: String,
    /// The version in force
    policy: String,
    /// `ok`, or why no key signs
    keys: &'static str,
}

/// How the document describes `/healthz`.
pub(crate) fn healthz_operation(components: &mut Components) -> Operation {
    Operation {
        id: "getHealth",
        tag: "operations",
        summary: "Whether the process answers",
        description: "Depends on nothing else.",
        answers: vec![Answer {
            status: 200,
            description: "it does",
            content: vec![("application/json", components.answer::<Health>())],
            headers: vec![Header::always("cache-control")],
        }],
        ..Operation::default()
    }
}

/// How the document describes `/readyz`.
pub(crate) fn readyz_operation(components: &mut Components) -> Operation {
    let schema = components.answer::<Readiness>();
    let content = || vec![("application/json", schema.clone())];
    let headers = vec![Header::always("cache-control"), Header::always("retry-after")];
    Operation {
        id: "getReadiness",
        tag: "operations",
        summary: "Whether an exchange can be recorded and a key signs",
        description: "Does not depend on issuers. The answer is kept for a second, whoever asks.",
        answers: vec![
            Answer {
                status: 200,
                description: "it can do its work",
                content: content(),
                headers: vec![Header::always("cache-control")],
            },
            Answer { status: 503, description: "it cannot, and why", content: content(), headers },
        ],
        ..Operation::default()
    }
}

/// Whether the process answers.
pub(crate) async fn healthz() -> Response {
    answer::json_no_store(StatusCode::OK, &Health { status: "ok" })
}

/// What is wrong in full is for the log: strangers may ask, and it names files of this machine.
fn unavailable(fault: &StoreFault) -> String {
    tracing::warn!("not ready: {fault}");
    UNAVAILABLE.to_owned()
}

fn policy(web: &Web) -> String {
    let policy = web.app.policy();
    let newer = if policy.is_newer_refused() { "; the files hold a newer one that is refused" } else { "" };
    format!("version {}{newer}", policy.snapshot().version())
}

/// Whether it can exchange: the store takes writes, a policy is in force, a key signs.
pub(crate) async fn readyz(State(web): State<Arc<Web>>) -> Response {
    let store = web.app.store_answers().await;
    let are_keys_usable = web.app.pass_keys().are_usable(web.app.monotonic());
    let ready = store.is_ok() && are_keys_usable;
    let body = Readiness {
        ready,
        checks: Checks {
            store: store.map_or_else(|fault| unavailable(&fault), |()| "ok".to_owned()),
            policy: policy(&web),
            keys: if are_keys_usable { "ok" } else { UNAVAILABLE },
        },
    };
    if ready {
        return answer::json_no_store(StatusCode::OK, &body);
    }
    let mut response = answer::json_no_store(StatusCode::SERVICE_UNAVAILABLE, &body);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    response
}
