//! The benchmark: what one exchange costs, beside a server that does the bare minimum, in one run.

mod median;
mod report;
mod stages;

use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};
use daypass_bench::{bare, say};

use report::Report;

/// Measures the exchange.
///
/// Ratios come from servers that take turns within this run; figures per CPU-second are those of the server's process
/// alone, which has the first processor to itself. Takes about ten minutes.
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
    #[arg(long, default_value_t = 40_000)]
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
    if let Some(Internal::Bare { issuer, key_set }) = arguments.command {
        return bare::serve(&issuer, &std::fs::read_to_string(key_set)?).await;
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
    if wanted(Stage::Start) {
        report.start = Some(stages::start::run(&plan).await?);
    }
    report.print(arguments.json)
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
