//! What to do after `daypass init`: command lines that work as they are printed, in the folder in which it was run.

use std::path::Path;

use super::files::Files;
use super::plan::Plan;
use super::quoting::shell;
use super::{answer::GitRef, templates, workflow};
use crate::args::Ci;
use crate::settings::DEFAULT_FILE;

/// A step: what it is for, and its command.
type Step = (&'static str, String);

/// The steps, for a server on this machine first with a job of the emulator.
pub(super) fn after(plan: &Plan, folder: &Path, files: &Files) -> String {
    let into: Vec<Step> = if folder == Path::new(".") {
        Vec::new()
    } else {
        vec![(
            "go into the folder, here and in each new terminal",
            format!("cd {}", shell(&folder.display().to_string())),
        )]
    };
    let project = &plan.project;
    let onboard = |issuer: &str| {
        let path = shell(&project.path);
        format!(
            "daypass project add {path} --issuer {issuer} --id {} --owner-id {}",
            project.id, project.owner_id
        )
    };
    if plan.is_local() {
        let mut steps = into;
        steps.extend(with_emulator(plan, onboard));
        return format!(
            "{}\n\nThen, for jobs of {}:\n{}",
            told(&steps),
            title(plan.ci),
            told(&for_real_jobs(plan, onboard, files))
        );
    }
    let mut steps = into;
    steps.push((
        "make the key under which signing keys are stored",
        "(umask 077; openssl rand -base64 32 > daypass.key)".to_owned(),
    ));
    steps.push(("say in `[http]` who ends TLS", format!("$EDITOR {DEFAULT_FILE}")));
    steps.push(("start the server", "daypass serve".to_owned()));
    steps.extend(for_real_jobs(plan, onboard, files));
    told(&steps)
}

fn with_emulator(plan: &Plan, onboard: impl Fn(&str) -> String) -> [Step; 4] {
    let exchange = format!("daypass exchange --url {}", shell(plan.public_url.as_str()));
    let job = emulate(plan);
    [
        ("onboard the repository of the emulated job", onboard("emulator")),
        ("start the server", "daypass serve".to_owned()),
        ("in another terminal, in this folder, be that job and get a pass", format!("{job} -- {exchange}")),
        ("and one of the role", format!("{job} -- {exchange} --role {}", plan.role)),
    ]
}

/// The job that the role lets in. What the emulator plays anyway is not said.
fn emulate(plan: &Plan) -> String {
    let listen = templates::emulator_listen(&plan.public_url);
    let mut words = match plan.ci {
        Ci::Github => vec!["daypass emulate github".to_owned()],
        Ci::Gitlab => {
            let token = format!("DAYPASS_ID_TOKEN={}", plan.public_url.host());
            vec![format!("daypass emulate gitlab --id-token {}", shell(&token))]
        }
    };
    words.push(format!("--listen {listen}"));
    if !plan.is_try_out {
        let (path, id, owner_id) = match plan.ci {
            Ci::Github => ("--repository", "--repository-id", "--repository-owner-id"),
            Ci::Gitlab => ("--project-path", "--project-id", "--namespace-id"),
        };
        let project = &plan.project;
        words.push(format!(
            "{path} {} {id} {} {owner_id} {}",
            shell(&project.path),
            project.id,
            project.owner_id
        ));
    }
    if !plan.is_try_out || plan.git_ref != GitRef::Branch("main".to_owned()) {
        words.push(format!("--ref {}", shell(&plan.git_ref.in_full())));
        // GitLab protects the default branch; the emulator, `main` and `master`.
        words.extend((plan.ci == Ci::Gitlab).then(|| "--ref-protected".to_owned()));
    }
    words.extend(plan.environment.iter().map(|name| format!("--environment {}", shell(name))));
    words.join(" ")
}

fn for_real_jobs(plan: &Plan, onboard: impl Fn(&str) -> String, files: &Files) -> Vec<Step> {
    let (issuer, owner) = match plan.ci {
        Ci::Github => ("github", "OWNER"),
        Ci::Gitlab => ("gitlab", "GROUP"),
    };
    if plan.is_try_out {
        return vec![
            (
                "onboard a repository: its jobs get passes without a role",
                format!("daypass project add {owner}/NAME --issuer {issuer} --id ID --owner-id ID"),
            ),
            ("add its block to the role", format!("$EDITOR {}", files.role_name())),
            (
                "or begin anew in an empty folder, and say which repository it is",
                format!("daypass init --ci {issuer}"),
            ),
        ];
    }
    vec![
        ("onboard the repository: its jobs get passes without a role too", onboard(issuer)),
        ("use the workflow", format!("{}: {}", files.workflow.path.display(), workflow::destination(plan))),
    ]
}

fn title(ci: Ci) -> &'static str {
    match ci {
        Ci::Github => "GitHub Actions",
        Ci::Gitlab => "GitLab CI",
    }
}

fn told(steps: &[Step]) -> String {
    let step = |(what, command): &Step| format!("  {what}:\n    {command}");
    steps.iter().map(step).collect::<Vec<_>>().join("\n")
}
