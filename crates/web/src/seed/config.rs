//! `GET /v1.0/config`: what an API behind the pass would give: the project's configuration, with who asks.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use daypass_app::pass::{self, VerifiedPass};
use daypass_app::{Code, Refusal};
use daypass_jose::Object;
use daypass_jose::ids::ProjectId;
use daypass_store::{AccountStatus, Project, ProjectStatus};
use schemars::JsonSchema;
use serde::Serialize;

use crate::describe::{
    self, Account, Answer, Components, Credential, Header, Operation, Parameter, Refusals, Run,
};
use crate::state::{Context, Web};
use crate::{answer, bearer, problem};

/// The scope that reads a project's configuration.
const SCOPE: &str = "config:read";

/// The configuration of the pass's project, and who asks
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Config")]
struct Body<'a> {
    #[schemars(with = "Option<describe::Project>")]
    project: Option<&'a Object>,
    #[schemars(with = "Option<Account>")]
    account: Option<&'a Object>,
    #[schemars(with = "Option<Run>")]
    run: Option<&'a Object>,
    /// What `daypass project config` has set
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    config: Object,
}

/// How the document describes it.
pub(crate) fn operation(components: &mut Components) -> Operation {
    let headers = || vec![Header::always("etag"), Header::always("cache-control")];
    Operation {
        id: "getConfig",
        tag: "api",
        summary: "The configuration of the pass's project",
        description: "Takes a pass for `[projects].audience` with the scope `config:read`, of a project in good standing.",
        credential: Credential::Pass(&[SCOPE]),
        parameters: vec![Parameter::if_none_match()],
        answers: vec![
            Answer {
                status: 200,
                description: "the configuration, and who asks",
                content: vec![("application/json", components.answer::<Body<'_>>())],
                headers: headers(),
            },
            Answer { status: 304, description: "unchanged", content: Vec::new(), headers: headers() },
        ],
        refusals: vec![Refusals::of(
            problem::BEARER,
            &[
                bearer::REFUSALS,
                pass::REFUSALS,
                &[
                    Code::PassForAnother,
                    Code::InsufficientScope,
                    Code::ProjectUnavailable,
                    Code::InternalError,
                ],
            ],
        )],
        ..Operation::default()
    }
}

/// Gives the configuration of the pass's project.
pub(crate) async fn show(
    State(web): State<Arc<Web>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
) -> Response {
    match read(&web, &headers).await {
        Ok(response) => response,
        Err(refusal) => {
            tracing::info!(request.id = %context.request_id, code = %refusal.code, "configuration refused");
            problem::of_credential(&refusal, None)
        }
    }
}

async fn read(web: &Web, headers: &HeaderMap) -> Result<Response, Refusal> {
    let token = bearer::token(headers)?;
    let pass =
        VerifiedPass::verify(&web.app, &token, Some(web.app.project_audience()), web.app.now()).await?;
    if !pass.has_scope(SCOPE) {
        return Err(
            Refusal::new(Code::InsufficientScope).with_detail(format!("this needs the scope `{SCOPE}`"))
        );
    }
    let project = project_of(web, &pass).await?;
    let config = Object::parse(project.config.as_bytes())
        .map_err(|fault| Refusal::internal(format!("configuration of project `{}`: {fault}", project.id)))?;
    let body = Body {
        project: pass.object("project"),
        account: pass.object("account"),
        run: pass.object("run"),
        config,
    };
    let bytes = serde_json::to_vec(&body).map_err(|fault| Refusal::internal(fault.to_string()))?;
    Ok(with_etag(&bytes, headers))
}

/// The project that the pass names, if it and the account that owns it are still in good standing.
async fn project_of(web: &Web, pass: &VerifiedPass) -> Result<Project, Refusal> {
    let id = pass.field("project", "id").and_then(ProjectId::parse);
    let id = id.ok_or_else(|| {
        Refusal::new(Code::ProjectUnavailable).with_detail("the pass belongs to no onboarded project")
    })?;
    let (store, unavailable) = (web.app.store(), || Refusal::new(Code::ProjectUnavailable));
    let found = store.projects().with_account(id).await.map_err(|fault| Refusal::of_store(&fault))?;
    let (project, account) =
        found.filter(|(project, _)| project.status == ProjectStatus::Active).ok_or_else(unavailable)?;
    let is_accepted = account.is_some_and(|account| account.status == AccountStatus::Accepted);
    if is_accepted { Ok(project) } else { Err(unavailable()) }
}

/// RFC 9110 §8.8.3 and §13.1.2. Private to one caller, and checked again at each use.
fn with_etag(bytes: &[u8], headers: &HeaderMap) -> Response {
    let etag = answer::etag(bytes);
    let mut response = if answer::is_known(&etag, headers) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        (StatusCode::OK, json, bytes.to_vec()).into_response()
    };
    response.headers_mut().insert(header::CACHE_CONTROL, answer::NO_STORE);
    if let Ok(value) = HeaderValue::try_from(etag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}
