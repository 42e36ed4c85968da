//! What to do after `daypass init`: command lines that work as they are printed, in the folder that it wrote to.

use daypass_emulator::{Checkout, GithubJob, GitlabJob};
use daypass_jose::IssuerUrl;

use super::{POLICY_FILE, templates};
use crate::args::Ci;
use crate::settings::host_of;

/// A server on this machine: first with a job of the emulator, then with real ones.
pub(super) fn with_emulator(ci: Ci, url: &IssuerUrl, checkout: Option<&Checkout>) -> String {
    let listen = templates::emulator_listen(url);
    let emulate = match ci {
        Ci::Github => format!("daypass emulate github --listen {listen}"),
        Ci::Gitlab => {
            let token = word(&format!("DAYPASS_ID_TOKEN={}", host_of(url)));
            format!("daypass emulate gitlab --id-token {token} --listen {listen}")
        }
    };
    let exchange = format!("{emulate} -- daypass exchange --url {}", word(url.as_str()));
    let try_out = [
        ("onboard the repository of the emulated job", onboard_emulated(ci, checkout)),
        ("start the server", "daypass serve".to_owned()),
        ("in another terminal, in this folder, be that job and get a pass", exchange),
    ];
    format!("{}\n\nThen, for jobs of {}:\n{}", told(&try_out), title(ci), told(&for_real_jobs(ci)))
}

/// A server that others reach.
pub(super) fn for_others(ci: Ci) -> String {
    let make = "(umask 077; openssl rand -base64 32 > daypass.key)".to_owned();
    let mut steps = vec![
        ("make the key under which signing keys are stored", make),
        ("start the server", "daypass serve".to_owned()),
    ];
    steps.extend(for_real_jobs(ci));
    told(&steps)
}

/// The repository is the one that `daypass emulate` will play in this folder.
fn onboard_emulated(ci: Ci, checkout: Option<&Checkout>) -> String {
    let (path, id, owner_id) = match ci {
        Ci::Github => {
            let repository = checkout.map_or_else(GithubJob::default, GithubJob::in_checkout).repository;
            (repository.to_string(), repository.id, repository.owner_id)
        }
        Ci::Gitlab => {
            let project = checkout.map_or_else(GitlabJob::default, GitlabJob::in_checkout).project;
            (project.path(), project.id, project.namespace_id)
        }
    };
    format!("daypass project add {path} --issuer emulator --id {id} --owner-id {owner_id}")
}

fn for_real_jobs(ci: Ci) -> [(&'static str, String); 2] {
    let (owner, issuer) = match ci {
        Ci::Github => ("OWNER", "github"),
        Ci::Gitlab => ("GROUP", "gitlab"),
    };
    [
        (
            "onboard a repository: its jobs get passes without a role",
            format!("daypass project add {owner}/NAME --issuer {issuer} --id ID --owner-id ID"),
        ),
        ("write the first role", format!("$EDITOR {POLICY_FILE}")),
    ]
}

fn title(ci: Ci) -> &'static str {
    match ci {
        Ci::Github => "GitHub Actions",
        Ci::Gitlab => "GitLab CI",
    }
}

fn told(steps: &[(&str, String)]) -> String {
    let step = |(what, command): &(&str, String)| format!("  {what}:\n    {command}");
    steps.iter().map(step).collect::<Vec<_>>().join("\n")
}

/// A word for a shell. `[::1]` would be a pattern.
fn word(text: &str) -> String {
    if text.contains('[') { format!("'{text}'") } else { text.to_owned() }
}
