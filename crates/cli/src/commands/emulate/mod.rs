//! `daypass emulate`: a CI system on this machine, and a command that runs as its job.

mod child;
mod github;
mod gitlab;
mod join;
mod standing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daypass_emulator::{Checkout, ClaimOverride, Emulator, EmulatorConfig, Provider};
use daypass_policy::Profile;

use super::Context;
use super::ends::Ends;
use crate::args::{EmulateCommand, RunArguments};
use crate::environment;
use crate::fault::CommandFault;
use crate::output;

/// A job as it was asked for.
struct Job {
    provider: Provider,
    /// The name of the provider in settings.
    name: &'static str,
    /// What its tokens say, told from the job's variables.
    told: fn(&BTreeMap<String, String>) -> String,
    /// What its user may miss.
    hints: Vec<String>,
}

pub(super) async fn run(command: EmulateCommand, context: &Context) -> Result<u8, CommandFault> {
    // Before there is anything that a signal could leave behind.
    let mut ends = Ends::listen()?;
    let checkout = Checkout::read(Path::new(".")).await;
    let (job, run) = match command {
        EmulateCommand::Github(arguments) => github::job(arguments, checkout.as_ref()),
        EmulateCommand::Gitlab(arguments) => gitlab::job(arguments, checkout.as_ref()),
    };
    let state_dir = state_dir(context);
    let config = EmulatorConfig {
        listen: run.listen,
        join: run.join.clone(),
        state_dir: state_dir.clone(),
        ..EmulatorConfig::new(job.provider)
    };
    let emulator = Emulator::start(config, Arc::clone(&context.clock), Arc::clone(&context.rng)).await?;
    if run.join.is_some() {
        join::check(&emulator).await?;
    }
    let told = (job.told)(&emulator.environment());
    output::note(format_args!("daypass: the issuer is {}; {told}", emulator.issuer_url()));
    for hint in job.hints {
        output::note(format_args!("daypass: {hint}"));
    }
    let status = match run {
        RunArguments { print_env: true, json, .. } => {
            standing::print_environment(&emulator, json, &mut ends).await
        }
        RunArguments { serve: true, .. } => {
            standing::serve(&emulator, job.name, state_dir.as_deref(), &mut ends).await
        }
        RunArguments { command, .. } => {
            child::run(&command, &emulator.environment(), &context.environment, &mut ends).await
        }
    };
    emulator.stop().await;
    status
}

/// Claims of no token of the provider, as far as its profile knows. They are set all the same: perhaps that is the test.
fn unknown_claims(provider: &str, claims: &[ClaimOverride]) -> Vec<String> {
    const OF_EVERY_TOKEN: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];
    let Some(profile) = Profile::by_name(provider) else { return Vec::new() };
    let names = claims.iter().map(ClaimOverride::name);
    names
        .filter(|name| profile.claim_type(name).is_none() && !OF_EVERY_TOKEN.contains(name))
        .map(|name| format!("no token of {} has a claim `{name}`, as far as is known", profile.title))
        .collect()
}

/// Replaces what a flag gives another value.
fn set<T>(to: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *to = value;
    }
}

fn variable<'a>(variables: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    variables.get(name).map_or("", String::as_str)
}

/// The user's folder for state, where the signing key is kept between runs.
fn state_dir(context: &Context) -> Option<PathBuf> {
    let variable = |name| environment::value(&context.environment, name).map(PathBuf::from);
    let state = variable("XDG_STATE_HOME")
        .filter(|folder| folder.is_absolute())
        .or_else(|| Some(variable("HOME")?.join(".local/state")))?;
    Some(state.join("daypass"))
}
