//! The benchmark: what one exchange costs, beside a server that does the bare minimum, in one run.

mod median;
mod report;
mod stages;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};
use daypass_bench::issuer::Issuer;
use daypass_bench::{bare, say, stream, verifier};

use report::Report;

/// Measures the exchange.
///
/// Ratios come from servers that take turns within this run; figures per CPU-second are those of the server's process
/// alone, which has the first processor to itself. Takes about seven minutes.
#[derive(Parser)]
#[command(
    name = "daypass-bench",
    version,
    after_help = "Example: cargo run --release -p daypass-bench -- --json"
)]
struct Arguments {
    /// Print JSON instead of tables in Markdown.
    #[arg(long)]
    json: bool,
    /// Tokens that are exchanged in one turn.
    #[arg(long, default_value_t = 20_000)]
    tokens: usize,
    /// Turns of each server.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Projects of the largest installation.
    #[arg(long, default_value_t = 1_000_000)]
    projects: u64,
    /// Only this part.
    #[arg(long, value_enum)]
    only: Option<Stage>,
    /// The binary to measure, instead of the one that is built.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Internal>,
}

/// The parts of the benchmark.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Stage {
    Exchange,
    Scale,
    Refusals,
    Policy,
    Start,
}

/// What this program starts itself as.
#[derive(Subcommand)]
enum Internal {
    /// The server to compare with.
    #[command(hide = true)]
    Bare {
        #[arg(long)]
        issuer: String,
        #[arg(long)]
        key_set: PathBuf,
    },
    /// An issuer, and tokens of it that are exchanged at several servers in turn, until the end of this process; each answer
    /// is a line of JSON.
    #[command(hide = true)]
    Load {
        /// Where the issuer listens.
        #[arg(long)]
        issuer: SocketAddr,
        #[arg(long, required = true)]
        server: Vec<SocketAddr>,
        #[arg(long)]
        repository: u64,
        #[arg(long)]
        per_second: std::num::NonZeroU32,
    },
    /// An API that checks passes, one a line of stdin; each verdict is a line of JSON.
    #[command(hide = true)]
    Verify {
        #[arg(long)]
        issuer: String,
    },
}

/// What every stage works with.
pub(crate) struct Plan {
    tokens: usize,
    rounds: usize,
    projects: u64,
    daypass: PathBuf,
    own: PathBuf,
}

/// As the server that is measured, so that the one to compare with has no other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(run(Arguments::parse()))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            say(format_args!("daypass-bench: {fault}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> io::Result<()> {
    if let Some(command) = arguments.command {
        return command.run().await;
    }
    let plan = Plan::of(&arguments)?;
    let wanted = |stage| arguments.only.is_none_or(|only| only == stage);
    let mut report = Report::new(&plan);
    if wanted(Stage::Exchange) {
        report.exchange = stages::exchange::run(&plan).await?;
    }
    if wanted(Stage::Scale) {
        report.scale = stages::scale::run(&plan).await?;
    }
    if wanted(Stage::Refusals) {
        report.refusals = stages::refusals::run(&plan).await?;
    }
    if wanted(Stage::Policy) {
        report.policies = Some(stages::policy::run(&plan).await?);
    }
    if wanted(Stage::Start) {
        report.start = Some(stages::start::run(&plan).await?);
    }
    report.print(arguments.json)
}

impl Internal {
    async fn run(self) -> io::Result<()> {
        match self {
            Self::Bare { issuer, key_set } => bare::serve(&issuer, &std::fs::read_to_string(key_set)?).await,
            Self::Load { issuer, server, repository, per_second } => {
                let issuer = Issuer::start_at(issuer).await?;
                let minter = issuer.minter();
                stream::run(stream::Plan { servers: server, minter, repository, per_second }).await
            }
            Self::Verify { issuer } => verifier::run(&issuer).await,
        }
    }
}

impl Plan {
    fn of(arguments: &Arguments) -> io::Result<Self> {
        let own = std::env::current_exe()?;
        let daypass = match &arguments.binary {
            Some(binary) => binary.canonicalize()?,
            None => build(&own)?,
        };
        let Arguments { tokens, rounds, projects, .. } = *arguments;
        Ok(Self { tokens, rounds, projects, daypass, own })
    }
}

/// Builds the server as it is released; it is beside this program then.
fn build(own: &std::path::Path) -> io::Result<PathBuf> {
    say(format_args!("building daypass"));
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--quiet", "-p", "daypass"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()?;
    let binary = own.with_file_name("daypass");
    if status.success() && binary.is_file() {
        Ok(binary)
    } else {
        Err(io::Error::other("daypass was not built"))
    }
}
