//! `daypass policy who ROLE`: in words, who may take a role.

use daypass_client::printable;
use daypass_policy::{
    Condition, Given, Matrix, Pattern, Place, Policy, Role, SupposedRepository, TrustBlock, When,
};
use serde_json::{Value, json};

use super::files::{self, Loaded};
use super::matrix::given_as_json;
use crate::args::PolicyWhoArguments;
use crate::commands::Context;
use crate::fault::{CommandFault, OK};
use crate::output::{self, BOLD, styled};

pub(super) fn run(arguments: &PolicyWhoArguments, context: &Context) -> Result<u8, CommandFault> {
    let loaded = files::load(&arguments.files, context)?;
    let role = loaded.role(&arguments.role)?;
    let (repositories, is_cut) = SupposedRepository::bound(&loaded.policy, &loaded.context);
    let matrix = Matrix::new(repositories, "main", &loaded.policy, &loaded.context);
    if arguments.json {
        output::json(&as_json(role, &matrix, &loaded))?;
    } else {
        output::line(told(role, &matrix, &loaded))?;
    }
    if is_cut {
        output::note(
            "the rules name more repositories than are shown: ask about one by `daypass policy can`",
        );
    }
    Ok(OK)
}

fn told(role: &Role, matrix: &Matrix, loaded: &Loaded) -> String {
    let mut lines = vec![match &role.description {
        Some(description) => format!("{}: {}", styled(BOLD, &printable(&role.name)), printable(description)),
        None => styled(BOLD, &printable(&role.name)),
    }];
    if role.onboarded_only {
        lines.push("  only of an onboarded repository".to_owned());
    }
    for block in trust(role) {
        lines.push(format!("  may be taken by {block}"));
    }
    for block in deny(role, &loaded.policy) {
        lines.push(format!("  never by {block}"));
    }
    lines.push(String::new());
    let takers = takers(role, matrix, loaded);
    if takers.is_empty() {
        lines.push("  no job of any repository that a rule names can take it".to_owned());
    }
    for (title, jobs) in takers {
        lines.push(format!("  of {}", printable(&title)));
        lines.extend(jobs.iter().map(|job| format!("    {}", printable(job))));
    }
    lines.push("  it gives".to_owned());
    lines.extend(
        given(role, matrix).iter().map(|given| format!("    {} {}", given.kind, printable(&given.what))),
    );
    if loaded.policy.not_fully_linted().any(|name| name == role.name) {
        lines.extend(loaded.not_fully_linted());
    }
    lines.join("\n")
}

fn as_json(role: &Role, matrix: &Matrix, loaded: &Loaded) -> Value {
    let takers = takers(role, matrix, loaded).into_iter();
    json!({
        "role": role.name,
        "description": role.description,
        "onboarded_only": role.onboarded_only,
        "trust": trust(role),
        "deny": deny(role, &loaded.policy),
        "takers": takers.map(|(repository, jobs)| json!({ "repository": repository, "jobs": jobs })).collect::<Vec<_>>(),
        "given": given_as_json(&given(role, matrix)),
        "not_fully_linted": loaded.policy.not_fully_linted().any(|name| name == role.name),
    })
}

/// For each repository of which some job can take the role, those jobs.
fn takers(role: &Role, matrix: &Matrix, loaded: &Loaded) -> Vec<(String, Vec<String>)> {
    let of = matrix.of.iter().filter_map(|of| {
        let issuer = loaded.context.issuer(of.repository.issuer())?;
        let jobs: Vec<String> = of.takers(&role.name).map(str::to_owned).collect();
        let title = format!("{}, by the issuer `{}`", of.repository.title(issuer), issuer.name);
        (!jobs.is_empty()).then_some((title, jobs))
    });
    of.collect()
}

/// What the role gives the jobs that can take it, each once.
fn given(role: &Role, matrix: &Matrix) -> Vec<Given> {
    let cells = matrix.of.iter().flat_map(|of| &of.rows).flat_map(|row| &row.cells);
    let given = cells.filter(|cell| cell.role == role.name).flat_map(|cell| cell.given.clone());
    given.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

fn trust(role: &Role) -> Vec<String> {
    let sentence = |block: &TrustBlock| {
        let triggers = if block.untrusted_triggers { ", untrusted events too" } else { "" };
        let said = sentence(&block.issuer, &block.conditions, block.when.as_ref());
        format!("{said}{triggers} {}", place(&block.place))
    };
    role.trust.iter().map(sentence).collect()
}

fn deny(role: &Role, policy: &Policy) -> Vec<String> {
    let sentence = |block: &daypass_policy::DenyBlock| {
        let absent = if block.absent_matches { ", or where such a claim is absent" } else { "" };
        let said = sentence(&block.issuer, &block.conditions, block.when.as_ref());
        format!("{said}{absent} {}", place(&block.place))
    };
    policy.deny().iter().chain(&role.deny).map(sentence).collect()
}

fn sentence(issuer: &str, conditions: &[Condition], when: Option<&When>) -> String {
    let conditions = conditions.iter().map(condition);
    let all: Vec<String> =
        conditions.chain(when.map(|when| format!("`{}` holds", printable(when.as_str())))).collect();
    if all.is_empty() {
        return format!("every job of the issuer `{issuer}`");
    }
    format!("jobs of the issuer `{issuer}` whose {}", all.join(", and whose "))
}

fn condition(condition: &Condition) -> String {
    let claim = printable(&condition.claim);
    let wanted = condition.pattern.wanted().iter().map(|wanted| {
        let text = printable(&wanted.to_string());
        if wanted.as_exact().is_some() { format!("`{text}`") } else { format!("like `{text}`") }
    });
    let wanted: Vec<String> = wanted.collect();
    match &condition.pattern {
        Pattern::AnyOf(_) => format!("{claim} is {}", wanted.join(" or ")),
        Pattern::Contains(_) => format!("{claim} has {}", wanted.join(" or ")),
    }
}

fn place(place: &Place) -> String {
    format!("({}:{})", printable(&place.file), place.line)
}
