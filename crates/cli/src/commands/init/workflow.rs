//! The workflow that takes the role: a file of GitHub Actions, a fragment for GitLab CI.

use super::answer::GitRef;
use super::plan::Plan;
use super::quoting::yaml;
use crate::args::Ci;

/// Its name in `workflows/`.
pub(super) fn file_name(ci: Ci) -> &'static str {
    match ci {
        Ci::Github => "daypass.yml",
        Ci::Gitlab => "daypass.gitlab-ci.yml",
    }
}

/// What is done with it.
pub(super) fn destination(plan: &Plan) -> String {
    let path = if plan.is_try_out { "your repository" } else { plan.project.path.as_str() };
    match plan.ci {
        Ci::Github => format!("copy it to `.github/workflows/daypass.yml` of {path}"),
        Ci::Gitlab => format!("put it into `.gitlab-ci.yml` of {path}, or `include` it there"),
    }
}

/// The text.
pub(super) fn text(plan: &Plan) -> String {
    match plan.ci {
        Ci::Github => github(plan),
        Ci::Gitlab => gitlab(plan),
    }
}

/// Who reaches the server that the file names.
fn reach(plan: &Plan) -> &'static str {
    if plan.is_local() {
        "# Only jobs of `daypass emulate` reach a server on this machine: for others, put in the address of one that they reach.\n"
    } else {
        ""
    }
}

fn github(plan: &Plan) -> String {
    let (role, pushes) = (
        &plan.role,
        match &plan.git_ref {
            GitRef::Branch(name) => format!("branches: [{}]", yaml(&filter(name))),
            GitRef::Tag(name) => format!("tags: [{}]", yaml(&filter(name))),
        },
    );
    let environment =
        plan.environment.as_ref().map_or(String::new(), |name| format!("    environment: {}\n", yaml(name)));
    format!(
        r#"# Takes the role `{role}` of daypass: {destination}.
# No secret is stored: GitHub gives the job a token that says what it is, and daypass swaps it for a pass.
{reach}
name: daypass-{role}
on:
  push:
    {pushes}
  workflow_dispatch:

permissions: {{}}

jobs:
  daypass-{role}:
    runs-on: ubuntu-latest
{environment}    permissions:
      id-token: write      # the job may ask GitHub for its identity token
      contents: read
    steps:
      - name: Swap the identity token for a pass, and use it
        shell: bash
        env:
          DAYPASS_URL: {url}
          DAYPASS_AUDIENCE: {audience}
        run: |
          # `-H @-`: curl reads the header from a pipe, since every user of a machine can read the command lines on it.
          ID_TOKEN=$(echo "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" | curl -fsSG -H @- \
            --data-urlencode "audience=$DAYPASS_AUDIENCE" "$ACTIONS_ID_TOKEN_REQUEST_URL" | jq -r .value)
          PASS=$(echo "Authorization: Bearer $ID_TOKEN" |
            curl -sS --fail-with-body -H @- "$DAYPASS_URL/v1.0/auth/jwt?role={role}") ||
            {{ [ $? -ne 22 ] || echo "$PASS"; exit 1; }}   # 22: it was refused, and what stands there says why
          echo "::add-mask::$PASS"
          # Here goes what needs the pass. This shows whom it stands for:
          echo "Authorization: Bearer $PASS" | curl -sS --fail-with-body -H @- "$DAYPASS_URL/v1.0/whoami"
"#,
        destination = destination(plan),
        reach = reach(plan),
        url = yaml(plan.public_url.as_str()),
        audience = yaml(plan.public_url.host()),
    )
}

/// A name as a filter of GitHub's that matches it alone: `+` stands for more of what is before it. Nothing else that has a
/// meaning there is in the alphabet of names (GitHub Docs, "Workflow syntax", "Filter pattern cheat sheet").
fn filter(name: &str) -> String {
    name.replace('+', "\\+")
}

fn gitlab(plan: &Plan) -> String {
    let role = &plan.role;
    let condition = match &plan.git_ref {
        GitRef::Branch(name) => format!("$CI_COMMIT_BRANCH == \"{name}\""),
        GitRef::Tag(name) => format!("$CI_COMMIT_TAG == \"{name}\""),
    };
    let environment = plan
        .environment
        .as_ref()
        .map_or(String::new(), |name| format!("  environment:\n    name: {}\n", yaml(name)));
    format!(
        r#"# Takes the role `{role}` of daypass: {destination}.
# No secret is stored: GitLab gives the job a token that says what it is, and daypass swaps it for a pass.
# The job's image must have curl.
{reach}
daypass-{role}:
  stage: deploy
  rules:
    - if: {condition}
{environment}  id_tokens:
    DAYPASS_ID_TOKEN:
      aud: {audience}
  variables:
    DAYPASS_URL: {url}
  script:
    - |
      # `-H @-`: curl reads the header from a pipe, since every user of a machine can read the command lines on it.
      PASS=$(echo "Authorization: Bearer $DAYPASS_ID_TOKEN" |
        curl -sS --fail-with-body -H @- "$DAYPASS_URL/v1.0/auth/jwt?role={role}") ||
        {{ [ $? -ne 22 ] || echo "$PASS"; exit 1; }}   # 22: it was refused, and what stands there says why
    # Here goes what needs the pass. This shows whom it stands for:
    - |
      echo "Authorization: Bearer $PASS" | curl -sS --fail-with-body -H @- "$DAYPASS_URL/v1.0/whoami"
"#,
        destination = destination(plan),
        reach = reach(plan),
        condition = yaml(&condition),
        audience = yaml(plan.public_url.host()),
        url = yaml(plan.public_url.as_str()),
    )
}
