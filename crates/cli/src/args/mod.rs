//! The command line. Doc comments are the help that people read.
#![expect(clippy::doc_markdown, reason = "the doc comments are help texts, which are no Markdown")]

mod audit;
mod config;
mod doctor;
mod emulate;
mod init;
mod keys;
mod openapi;
mod policy;
mod project;
mod revoke;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use audit::{
    AuditCommand, AuditExportArguments, AuditFilterArguments, AuditListArguments, AuditShowArguments,
    AuditTailArguments, OutcomeName,
};
pub(crate) use config::{ConfigCommand, ConfigShowArguments};
pub(crate) use doctor::DoctorArguments;
pub(crate) use emulate::{
    ClaimSetChoice, EmulateCommand, GithubArguments, GitlabArguments, IdTokenChoice, RunArguments,
};
pub(crate) use init::{Ci, InitArguments};
pub(crate) use keys::{
    CompromisedKey, KeysCommand, KeysListArguments, KeysRewrapArguments, KeysRotateArguments,
};
pub(crate) use openapi::OpenapiArguments;
pub(crate) use policy::{
    PolicyCanArguments, PolicyCheckArguments, PolicyCommand, PolicyFilesArguments, PolicyMatrixArguments,
    PolicySchemaArguments, PolicyTestArguments, PolicyWhoArguments, RepositoryArguments,
};
pub(crate) use project::{
    ProjectAddArguments, ProjectCommand, ProjectConfigArguments, ProjectListArguments, ProjectNameArguments,
    ProjectSuspendArguments,
};
pub(crate) use revoke::RevokeArguments;

/// Short-lived credentials for CI jobs, from the identity token they already have.
#[derive(Debug, Parser)]
#[command(name = "daypass", version, after_help = TOP_EXAMPLES, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const TOP_EXAMPLES: &str = "\
Start here:
  daypass demo      see the whole flow, with real requests
  daypass init      write daypass.toml, a first role and a workflow, and print the next steps

Exit codes: 0 ok, 1 findings, 2 usage or settings, 3 refused, 4 unreachable.";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(DemoArguments),
    Serve(ServeArguments),
    /// Play a CI system on this machine, and run a command as its job
    #[command(subcommand, after_help = emulate::EXAMPLES)]
    Emulate(Box<EmulateCommand>),
    Exchange(ExchangeArguments),
    /// Onboard repositories, look at them, suspend them
    #[command(subcommand, after_help = project::EXAMPLES)]
    Project(ProjectCommand),
    /// Look at exchanges: who got what, who was refused, and why
    #[command(subcommand, after_help = audit::EXAMPLES)]
    Audit(AuditCommand),
    /// Look at the keys that sign passes, rotate and revoke them, change the encryption key
    #[command(subcommand, after_help = keys::EXAMPLES)]
    Keys(KeysCommand),
    Revoke(Box<RevokeArguments>),
    /// Look at the settings
    #[command(subcommand, after_help = config::EXAMPLES)]
    Config(ConfigCommand),
    /// Work on policy files
    #[command(subcommand, after_help = policy::EXAMPLES)]
    Policy(PolicyCommand),
    Doctor(Box<DoctorArguments>),
    Inspect(InspectArguments),
    Init(Box<InitArguments>),
    Openapi(OpenapiArguments),
    Completions(CompletionsArguments),
    Man(ManArguments),
}

/// See the whole flow, on this machine
///
/// Starts a server on a store in a temporary folder and a CI system that plays GitHub Actions, and walks through an
/// exchange, what it gives, and what is refused. Everything that it shows was sent and answered. Ends with 1 if an answer
/// is not the one that it promises.
#[derive(Debug, Args)]
#[command(after_help = DEMO_EXAMPLES)]
pub(crate) struct DemoArguments {
    /// End after the walk, rather than leaving the server up to be tried
    #[arg(long)]
    pub(crate) once: bool,

    /// Address of the demo's server, on this machine; port 0 lets the system choose
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0", value_parser = loopback)]
    pub(crate) listen: SocketAddr,

    /// Send the requests of the walk to URL/ADDRESS:PORT/…, to something that passes them on to ADDRESS:PORT
    #[arg(long, value_name = "URL", hide = true)]
    pub(crate) through: Option<String>,
}

const DEMO_EXAMPLES: &str = "\
Examples:
  daypass demo
  daypass demo --once | less";

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "it is no address with a port".to_owned())?;
    if address.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST) {
        return Ok(address);
    }
    Err("the demo takes tokens of a CI system that anybody can play: it listens on 127.0.0.1 alone"
        .to_owned())
}

/// Which settings a command reads.
#[derive(Debug, Args)]
pub(crate) struct SettingsArguments {
    /// Settings file [default: ./daypass.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Start the server
///
/// Reads daypass.toml; variables (DAYPASS_LISTEN, DAYPASS_STORE_URL, …: section and key joined by `_`) override the
/// file, and flags override variables. The first line on stderr is `listening on http://ADDR:PORT`, or `https://…` where
/// `[http]` names a certificate. SIGTERM, SIGINT and SIGHUP end it after the requests in flight; a second signal ends it
/// at once.
#[derive(Debug, Args)]
#[command(after_help = SERVE_EXAMPLES)]
pub(crate) struct ServeArguments {
    #[command(flatten)]
    pub(crate) server: ServerArguments,

    #[command(flatten)]
    pub(crate) log: LogArguments,
}

/// The settings of a server, and the flags that override them.
#[derive(Debug, Args)]
pub(crate) struct ServerArguments {
    #[command(flatten)]
    pub(crate) settings: SettingsArguments,

    /// Address to listen on; port 0 lets the system choose
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,

    /// Address by which clients know this server
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,

    /// Where the ledger is, as `sqlite://PATH` or `postgres://USER@HOST/DATABASE`
    #[arg(long, value_name = "URL")]
    pub(crate) store_url: Option<String>,

    /// Folder of the policy files
    #[arg(long, value_name = "FOLDER")]
    pub(crate) policy_dir: Option<String>,

    /// Allow what a lint denies, and say why; may be given several times
    #[arg(long, value_name = "LINT=REASON")]
    pub(crate) allow: Vec<String>,
}

const SERVE_EXAMPLES: &str = "\
Examples:
  daypass serve
  daypass serve --config /etc/daypass/daypass.toml --log-format json
  DAYPASS_STORE_URL=sqlite:///var/lib/daypass/daypass.db daypass serve --listen 0.0.0.0:8080";

/// How a server logs.
#[derive(Debug, Args)]
pub(crate) struct LogArguments {
    /// Form of the log lines on stderr
    #[arg(long, value_enum, default_value_t = LogFormat::Auto)]
    pub(crate) log_format: LogFormat,

    /// Level: off, error, warn, info, debug or trace [variable: DAYPASS_LOG] [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// human at a terminal, json elsewhere
    Auto,
    /// for reading
    Human,
    /// one JSON object a line
    Json,
}

/// Swap the identity token of this CI job for credentials
///
/// Finds the job's identity token (GitHub Actions, GitLab CI, or `daypass emulate`), exchanges it, and prints the pass
/// and nothing else on stdout, so that `TOKEN=$(daypass exchange)` works. Everything else is on stderr. The audience of
/// the identity token is never taken from a server's answer.
#[derive(Debug, Args)]
#[command(after_help = EXCHANGE_EXAMPLES)]
pub(crate) struct ExchangeArguments {
    /// The daypass server [variable: DAYPASS_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// Audience of the identity token [variable: DAYPASS_AUDIENCE] [default: host of the URL]
    #[arg(long)]
    pub(crate) audience: Option<String>,

    /// Role to take; without one, what onboarded repositories may have
    #[arg(long)]
    pub(crate) role: Option<String>,

    /// Kinds of credential, with commas between; without any, all that the role grants
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub(crate) credentials: Vec<String>,

    /// For how long, as `15m`; can only shorten what the role says
    #[arg(long, value_name = "DURATION")]
    pub(crate) ttl: Option<String>,

    /// Variable that holds the identity token [variable: DAYPASS_ID_TOKEN_VARIABLE]
    #[arg(long, value_name = "NAME")]
    pub(crate) token_variable: Option<String>,

    /// Say what would be given, or why not; spend and mint nothing, and end with 0 whatever comes
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print the whole answer as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const EXCHANGE_EXAMPLES: &str = "\
Examples:
  TOKEN=$(daypass exchange --url https://pass.example.com --role deploy)
  daypass exchange --role deploy --dry-run
  daypass emulate github -- daypass exchange --url http://127.0.0.1:8080";

/// Decode a JSON Web Token for reading
///
/// Shows header, claims and times, and what kind of token it looks like. Nothing is verified and nobody is asked: what
/// it shows may be forged. A token on the command line stays in the shell's history; `-` reads it from stdin.
#[derive(Debug, Args)]
#[command(after_help = INSPECT_EXAMPLES)]
pub(crate) struct InspectArguments {
    /// The token, or `-` to read it from stdin; GitHub's whole answer `{"value":…}` is taken too
    pub(crate) token: String,

    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const INSPECT_EXAMPLES: &str = "\
Examples:
  echo \"$DAYPASS_ID_TOKEN\" | daypass inspect -
  daypass exchange --url https://pass.example.com | daypass inspect -";

/// Print a script that completes commands and flags in a shell
#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct CompletionsArguments {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(daypass completions bash)
  daypass completions fish > ~/.config/fish/completions/daypass.fish";

/// Print the man page of daypass, or write those of all commands
#[derive(Debug, Args)]
#[command(after_help = MAN_EXAMPLES)]
pub(crate) struct ManArguments {
    /// Folder for a page of each command, as daypass-serve.1; it is made, and what is there is overwritten
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
}

const MAN_EXAMPLES: &str = "\
Examples:
  daypass man | man -l -
  daypass man --out ~/.local/share/man/man1";
