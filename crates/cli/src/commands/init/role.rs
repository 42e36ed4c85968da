//! The file of the first role.

use super::answer::GitRef;
use super::plan::Plan;
use super::quoting::toml;
use crate::args::Ci;

/// `policies/ROLE.toml`.
pub(super) fn text(plan: &Plan) -> String {
    let role = &plan.role;
    let scopes: Vec<String> = plan.scopes.iter().map(|scope| toml(scope)).collect();
    let description = format!("from {} of {}", plan.git_ref.name(), plan.project.path);
    format!(
        "# The role `{role}`: who may take it, and what it gives. What is not said denies.\n\
         # For help in an editor: daypass policy schema > policy.schema.json, and as the first line here\n\
         # `#:schema ../policy.schema.json`.\n\
         \n\
         [roles.{role}]\n\
         description = {}\n\
         max_ttl     = \"1h\"                 # the longest that anything of this role is valid\n\
         \n\
         {}\
         [roles.{role}.grants.api]          # a pass for your own API\n\
         audience = {}      # the address of your API, which takes passes for this audience alone\n\
         scopes   = [{}]\n",
        toml(&description),
        blocks(plan),
        toml(&plan.audience),
        scopes.join(", ")
    )
}

/// Any block may match; inside a block, all of it must.
fn blocks(plan: &Plan) -> String {
    let real = match plan.ci {
        Ci::Github => "github",
        Ci::Gitlab => "gitlab",
    };
    let mut blocks = String::new();
    if plan.is_try_out {
        blocks.push_str(&for_real_jobs(plan, real));
    } else {
        blocks.push_str(&block(plan, real));
    }
    if plan.is_local() {
        blocks.push_str(
            "# Jobs on this machine, of `daypass emulate`. Delete this block with the issuer `emulator` of the settings.\n",
        );
        blocks.push_str(&block(plan, "emulator"));
    }
    blocks
}

fn block(plan: &Plan, issuer: &str) -> String {
    let project = &plan.project;
    let mut conditions = vec![("issuer", toml(issuer), String::new())];
    let (owner_id, id) = (toml(&project.owner_id.to_string()), toml(&project.id.to_string()));
    let (owner, path) = (project.owner().to_owned(), project.path.clone());
    match plan.ci {
        Ci::Github => {
            conditions.push(("repository_owner_id", owner_id, owner));
            conditions.push(("repository_id", id, path));
            conditions.push(("ref", toml(&plan.git_ref.in_full()), String::new()));
        }
        Ci::Gitlab => {
            let kind = match &plan.git_ref {
                GitRef::Branch(_) => "branch",
                GitRef::Tag(_) => "tag",
            };
            conditions.push(("namespace_id", owner_id, owner));
            conditions.push(("project_id", id, path));
            conditions.push(("ref", toml(plan.git_ref.name()), String::new()));
            conditions.push(("ref_type", toml(kind), String::new()));
            conditions.push((
                "ref_protected",
                toml("true"),
                "only those whom the project lets push there".to_owned(),
            ));
        }
    }
    let environment = plan.environment.iter().map(|name| ("environment", toml(name), String::new()));
    conditions.extend(environment);
    let lines: Vec<String> = conditions.into_iter().map(condition).collect();
    format!("[[roles.{}.trust]]\n{}\n\n", plan.role, lines.join("\n"))
}

fn condition((claim, value, comment): (&str, String, String)) -> String {
    let line = format!("{claim:<19} = {value}");
    if comment.is_empty() { line } else { format!("{line:<40}  # {comment}") }
}

/// The project of the emulator is nobody's: a block for real jobs needs real ids.
fn for_real_jobs(plan: &Plan, issuer: &str) -> String {
    let (ids, how) = match plan.ci {
        Ci::Github => {
            ("`repository_owner_id`, `repository_id`", "gh api repos/OWNER/NAME --jq '.id, .owner.id'")
        }
        Ci::Gitlab => ("`namespace_id`, `project_id`", "the pages of a project and of its group show theirs"),
    };
    format!(
        "# For real jobs, add a block like the one below with `issuer = \"{issuer}\"` and the real {ids}.\n# Ids, since a name \
         can be taken by somebody else: {how}\n\n"
    )
}
