//! The story, step by step. Each step sends a real request, and the demo fails where the answer is not the one that it
//! promises: a refusal that does not come is worse than none that was shown.

use std::collections::BTreeMap;

use daypass_jose::{Secret, base64url};
use daypass_store::{ExchangeRecord, Outcome};

use super::caller::{Answer, Caller};
use super::stage::{ROLE, Stage};
use super::tell;
use crate::fault::CommandFault;
use crate::output::{self, BAD, BOLD, GOOD, styled};
use crate::table::{Cell, Table};
use crate::words;

/// For whom the demo's identity tokens are: the host of the server's URL.
const AUDIENCE: &str = "127.0.0.1";

const PROBLEM: &str = "A job in CI often needs to call an API. The usual way is to store the API's key as a secret in \
the CI system, where it stays, and leaks. Here nothing is stored. A CI system can sign a statement about each of its \
jobs: which repository, which branch, which run. That statement is an identity token. daypass checks the signature and a \
rule that you wrote before, and gives the job a pass that ends within minutes.";

const STAGE: &str = "This is a real server, and a CI system that plays GitHub Actions, both on this machine. Every line \
below is a request that was sent and the answer that came back.";

/// The variables of a job.
type Job = BTreeMap<String, String>;

/// Walks through the flow and tells it.
pub(super) async fn walk(stage: &Stage, caller: &Caller) -> Result<(), CommandFault> {
    let (main, branch, stranger) = (stage.first_job(), stage.branch_job()?, stage.strangers_job()?);
    introduce()?;
    let token = a_job_asks_its_ci_system_who_it_is(caller, &main).await?;
    let pass = the_token_becomes_a_pass(caller, &token).await?;
    the_pass_opens_the_api(caller, &pass).await?;
    a_token_is_good_for_one_pass(caller, &token).await?;
    a_repository_that_nobody_onboarded(caller, &stranger).await?;
    main_takes_a_role(caller, &main).await?;
    let token = a_branch_asks_for_the_role(caller, &branch).await?;
    a_branch_that_says_it_is_main(caller, &token).await?;
    a_token_that_was_made_for_somebody_else(caller, &main).await?;
    who_got_what(stage, caller).await
}

fn introduce() -> Result<(), CommandFault> {
    output::line(styled(BOLD, "A CI job swaps its identity token for a pass"))?;
    output::line(words::wrapped(PROBLEM, ""))?;
    output::line(format_args!("\n{}", words::wrapped(STAGE, "")))
}

async fn a_job_asks_its_ci_system_who_it_is(caller: &Caller, job: &Job) -> Result<Secret, CommandFault> {
    tell::chapter(
        1,
        "A job asks its CI system who it is",
        "It is a push to main of octo-org/octo-repo. The token names the audience that it is meant for: this server.",
    )?;
    tell::request(&format!("GET $ACTIONS_ID_TOKEN_REQUEST_URL&audience={AUDIENCE}"), None)?;
    let token = identity_token(caller, job, AUDIENCE).await?;
    output::line("   ← an identity token, signed by the CI system:")?;
    tell::claims(
        &token,
        &["iss", "aud", "repository", "repository_id", "repository_owner_id", "ref", "event_name", "run_id"],
    )?;
    Ok(token)
}

async fn the_token_becomes_a_pass(caller: &Caller, token: &Secret) -> Result<Secret, CommandFault> {
    tell::chapter(
        2,
        "It swaps the token for a pass",
        "octo-org/octo-repo is onboarded, so its jobs may have one. What the pass says comes from the verified token.",
    )?;
    let pass =
        given(caller, "/v1.0/auth/jwt", token, "a pass, signed by daypass, valid for 15 minutes:").await?;
    tell::claims(
        &pass,
        &["sub", "aud", "scope", "account.name", "project.path", "run.id", "run.job", "run.ref"],
    )?;
    Ok(pass)
}

async fn the_pass_opens_the_api(caller: &Caller, pass: &Secret) -> Result<(), CommandFault> {
    tell::chapter(3, "The pass opens the API", "The API knows which project and which run is calling.")?;
    tell::request("GET /v1.0/config", Some(pass))?;
    let answer = caller.get("/v1.0/config", Some(pass)).await?;
    expect(&answer, 200, None)?;
    let config = answer.json();
    tell::given(
        &answer,
        &format!("the configuration of the project: {}", config.get("config").cloned().unwrap_or_default()),
    )
}

async fn a_token_is_good_for_one_pass(caller: &Caller, token: &Secret) -> Result<(), CommandFault> {
    tell::chapter(4, "The same token once more", "Whoever finds the token, in a log say, finds it used up.")?;
    refused(caller, "/v1.0/auth/jwt", token, (401, "token_already_used")).await
}

async fn a_repository_that_nobody_onboarded(caller: &Caller, job: &Job) -> Result<(), CommandFault> {
    tell::chapter(
        5,
        "A repository that nobody has onboarded",
        "somebody/else has a token of the same CI system, just as valid. Strangers learn no more than a no.",
    )?;
    let token = identity_token(caller, job, AUDIENCE).await?;
    refused(caller, "/v1.0/auth/jwt", &token, (403, "not_allowed")).await
}

async fn main_takes_a_role(caller: &Caller, job: &Job) -> Result<(), CommandFault> {
    tell::chapter(
        6,
        "A role, for what not every job may do",
        "policies/deploy.toml says who may take the role `deploy`, and what it gives:",
    )?;
    output::line(format_args!("\n     {}\n", ROLE.trim_end().replace('\n', "\n     ")))?;
    let token = identity_token(caller, job, AUDIENCE).await?;
    let pass =
        given(caller, "/v1.0/auth/jwt?role=deploy", &token, "a pass for another API, with more in it:")
            .await?;
    tell::claims(&pass, &["sub", "aud", "scope"])
}

async fn a_branch_asks_for_the_role(caller: &Caller, job: &Job) -> Result<Secret, CommandFault> {
    tell::chapter(
        7,
        "A feature branch asks for that role",
        "The role names its repository, so it is told the one claim that differs.",
    )?;
    let token = identity_token(caller, job, AUDIENCE).await?;
    refused(caller, "/v1.0/auth/jwt?role=deploy", &token, (403, "not_allowed")).await?;
    Ok(token)
}

async fn a_branch_that_says_it_is_main(caller: &Caller, token: &Secret) -> Result<(), CommandFault> {
    tell::heading(8, "The branch edits its token to say `refs/heads/main`")?;
    refused(caller, "/v1.0/auth/jwt?role=deploy", &forged(token), (401, "signature_invalid")).await
}

async fn a_token_that_was_made_for_somebody_else(caller: &Caller, job: &Job) -> Result<(), CommandFault> {
    tell::chapter(
        9,
        "A token that was made for somebody else",
        "The job asked for a token for AWS. Whoever was sent it there cannot use it here.",
    )?;
    let token = identity_token(caller, job, "sts.amazonaws.com").await?;
    refused(caller, "/v1.0/auth/jwt", &token, (401, "audience_mismatch")).await
}

async fn who_got_what(stage: &Stage, caller: &Caller) -> Result<(), CommandFault> {
    tell::chapter(
        10,
        "Who got what, and who was refused",
        "Each pass was recorded before it left. `daypass audit show ID` explains one exchange to the operator.",
    )?;
    // Refusals are written with the next commit; a readiness check is one.
    expect(&caller.get("/readyz", None).await?, 200, None)?;
    let mut table = Table::indented("     ");
    table.row(["outcome", "repository", "ref", "role", "code"].map(|title| Cell::new(title, BOLD)));
    for record in stage.ledger().await? {
        table.row(row(&record));
    }
    output::line(table)
}

fn row(record: &ExchangeRecord) -> [Cell; 5] {
    let style = match record.outcome {
        Outcome::Success => GOOD,
        Outcome::Refused | Outcome::DryRun => BAD,
    };
    let text = |value: &Option<String>| Cell::from(value.as_deref().unwrap_or("-"));
    [
        Cell::new(record.outcome.as_str(), style),
        text(&record.repository),
        record.git_ref.as_deref().map_or("-", words::short_ref).into(),
        text(&record.role),
        text(&record.code),
    ]
}

/// What a job does to get an identity token.
async fn identity_token(caller: &Caller, job: &Job, audience: &str) -> Result<Secret, CommandFault> {
    let variable = |name: &str| job.get(name).cloned().unwrap_or_default();
    let url = format!("{}&audience={audience}", variable("ACTIONS_ID_TOKEN_REQUEST_URL"));
    let request_token = Secret::new(variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
    let answer = caller.get_url(url, Some(&request_token)).await?;
    expect(&answer, 200, None)?;
    answer
        .member("value")
        .map(Secret::new)
        .ok_or_else(|| CommandFault::Unexpected("the CI system's answer holds no token".to_owned()))
}

/// Exchanges a token that must be taken.
async fn given(caller: &Caller, path: &str, token: &Secret, what: &str) -> Result<Secret, CommandFault> {
    tell::request(&format!("GET {path}"), Some(token))?;
    let answer = caller.get(path, Some(token)).await?;
    expect(&answer, 200, None)?;
    tell::given(&answer, what)?;
    Ok(Secret::new(answer.body))
}

/// Exchanges a token that must be refused, in exactly this way.
async fn refused(
    caller: &Caller,
    path: &str,
    token: &Secret,
    (status, code): (u16, &str),
) -> Result<(), CommandFault> {
    tell::request(&format!("GET {path}"), None)?;
    let answer = caller.get(path, Some(token)).await?;
    expect(&answer, status, Some(code))?;
    tell::refused(&answer)
}

fn expect(answer: &Answer, status: u16, code: Option<&str>) -> Result<(), CommandFault> {
    let got = answer.member("code");
    if answer.status == status && code.is_none_or(|code| got.as_deref() == Some(code)) {
        return Ok(());
    }
    let wanted = code.map(|code| format!(" {code}")).unwrap_or_default();
    let got = got.map(|code| format!(" {code}")).unwrap_or_default();
    Err(CommandFault::Unexpected(format!(
        "the demo promised {status}{wanted} and got {}{got}: this server does not do what it should",
        answer.status
    )))
}

/// The token with another branch in it, and the signature that it had.
fn forged(token: &Secret) -> Secret {
    let claims = tell::payload(token).to_string().replace("refs/heads/feature", "refs/heads/main");
    let mut parts: Vec<&str> = token.reveal().split('.').collect();
    let payload = base64url::encode(claims);
    if let Some(part) = parts.get_mut(1) {
        *part = &payload;
    }
    Secret::new(parts.join("."))
}
