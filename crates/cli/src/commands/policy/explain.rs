//! `daypass policy check --explain LINT`.

use daypass_policy::{Level, Lint, did_you_mean};

use crate::fault::{CommandFault, OK};
use crate::output;

pub(super) fn run(name: &str) -> Result<u8, CommandFault> {
    let Some(lint) = Lint::from_name(name) else {
        let names = Lint::ALL.map(Lint::name);
        let help = match did_you_mean(name, names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the lints are `{}`", names.join("`, `")),
        };
        return Err(CommandFault::Usage(format!("there is no lint `{name}`\n  help: {help}")));
    };
    let level = match lint.level() {
        Level::Deny if lint.may_be_allowed() => {
            "deny: the policy is refused, unless the settings allow it by `[policy.allow]`"
        }
        Level::Deny => "deny: the policy is refused, and nothing allows it",
        Level::Warn => "warn: the policy is taken, and the finding is logged",
    };
    let title = output::styled(output::BOLD, lint.name());
    output::line(format_args!("{title}: {}\n{level}\n\n{}", lint.summary(), lint.explanation().trim_end()))?;
    Ok(OK)
}
