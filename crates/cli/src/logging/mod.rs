//! The log of the server: lines on stderr, for a person at a terminal, as JSON for everything else.

mod lines;

use std::collections::BTreeMap;

use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;
use crate::environment;
use crate::fault::CommandFault;
use crate::output;
use lines::WrittenAtEnd;

/// The variable that says how much is logged.
const LEVEL_SETTING: &str = "DAYPASS_LOG";
const DEFAULT_LEVEL: &str = "info";

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// A log that has been understood and not been started.
pub(crate) struct Logging {
    filter: EnvFilter,
    as_json: bool,
}

impl Logging {
    /// Reads what is wanted: the flag before the variable.
    pub(crate) fn parse(
        level: Option<&str>,
        format: LogFormat,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, CommandFault> {
        let (level, whence) = match (level, environment::value(environment, LEVEL_SETTING)) {
            (Some(level), _) => (level, "--log-level"),
            (None, Some(level)) => (level, LEVEL_SETTING),
            (None, None) => (DEFAULT_LEVEL, ""),
        };
        let malformed = || {
            let levels = LEVELS.join(", ");
            CommandFault::Usage(format!("{whence}: `{level}` is not a level; write one of {levels}"))
        };
        if !level.split(',').all(is_directive) {
            return Err(malformed());
        }
        let filter = EnvFilter::builder().parse(level).map_err(|_| malformed())?;
        let as_json = match format {
            LogFormat::Auto => !output::stderr_is_terminal(),
            LogFormat::Human => false,
            LogFormat::Json => true,
        };
        Ok(Self { filter, as_json })
    }

    /// Starts it, for the whole process; what is still on its way is written when the value is dropped. A second one in a
    /// process is not started.
    pub(crate) fn start(self) -> WrittenAtEnd {
        let (lines, written) = lines::start(std::io::stderr());
        let builder = tracing_subscriber::fmt().with_env_filter(self.filter).with_writer(lines);
        // A terminal that is gone takes no lines, and no complaint about that either.
        let builder = builder.log_internal_errors(false);
        // An error says that there is a log already.
        drop(if self.as_json {
            builder.json().flatten_event(true).try_init()
        } else {
            builder.with_ansi(output::stderr_is_terminal()).with_target(false).try_init()
        });
        written
    }
}

/// A level, or `target=level`. The filter itself would take any word for the name of a target.
fn is_directive(directive: &str) -> bool {
    let level = directive.rsplit_once('=').map_or(directive, |(_, level)| level);
    LEVELS.contains(&level.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(flag: Option<&str>, variable: &str) -> Result<String, String> {
        let environment = BTreeMap::from([(LEVEL_SETTING.to_owned(), variable.to_owned())]);
        Logging::parse(flag, LogFormat::Json, &environment)
            .map(|logging| logging.filter.to_string())
            .map_err(|fault| fault.to_string())
    }

    #[test]
    fn the_flag_is_heard_before_the_variable() {
        assert_eq!(parse(Some("debug"), "warn").as_deref(), Ok("debug"));
        assert_eq!(parse(None, "warn").as_deref(), Ok("warn"));
        assert_eq!(parse(None, "").as_deref(), Ok("info"));
        assert!(parse(Some("info,daypass_store=debug"), "").is_ok());
    }

    #[test]
    fn what_is_no_level_is_refused_by_name() {
        assert!(parse(Some("loud"), "").unwrap_err().starts_with("--log-level: `loud`"));
        assert!(parse(None, "loud").unwrap_err().starts_with("DAYPASS_LOG: `loud`"));
    }
}
