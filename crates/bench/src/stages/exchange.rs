//! What one exchange costs: the bare minimum, daypass on SQLite, daypass on PostgreSQL, by turns.

use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use daypass_bench::issuer::Issuer;
use daypass_bench::load::{self, Outcome};
use daypass_bench::server::{Place, pinned};
use daypass_bench::{populate, say};

use super::{SERVER_CORE, Subject, Turn, all};
use crate::Plan;
use crate::median::median;
use crate::report::Exchange;

/// For how long the load at half the rate goes on.
const PACED: Duration = Duration::from_secs(8);

/// PostgreSQL of this machine, started for the run.
struct Database {
    folder: tempfile::TempDir,
    url: String,
}

/// Measures the three.
pub(crate) async fn run(plan: &Plan) -> io::Result<Vec<Exchange>> {
    let issuer = Issuer::start().await?;
    let database = match Database::start() {
        Ok(database) => Some(database),
        Err(fault) => {
            say(format_args!("without PostgreSQL: {fault}"));
            None
        }
    };
    let mut subjects = vec![("bare", bare(plan, &issuer)?)];
    subjects.push(("SQLite", daypass(plan, &issuer, None).await?));
    if let Some(database) = &database {
        subjects.push(("PostgreSQL", daypass(plan, &issuer, Some(&database.url)).await?));
    }
    let mut turns: Vec<Vec<Turn>> = subjects.iter().map(|_| Vec::new()).collect();
    for round in 0..plan.rounds {
        say(format_args!("exchange: round {} of {}", round.saturating_add(1), plan.rounds));
        let tokens = issuer.minter().tokens(plan.tokens, 1)?;
        for ((_, subject), turns) in subjects.iter().zip(&mut turns) {
            turns.push(subject.turn(tokens.clone(), 200).await?);
        }
    }
    let mut rows: Vec<Exchange> = Vec::new();
    for ((name, subject), turns) in subjects.into_iter().zip(&turns) {
        say(format_args!("exchange: {name} at half its rate"));
        let rate = median(turns.iter().map(|turn| turn.outcome.per_second(200)).collect());
        let (flooded, log, subject) = subject.restart()?;
        let half = half(&subject, &issuer, rate / 2.0).await?;
        let peak_mib = flooded.peak_mib.max(subject.server.usage()?.peak_mib);
        let micros: Vec<f64> = turns.iter().map(|turn| turn.micros).collect();
        let bare = rows.first().map(|bare| bare.micros_by_turn.clone());
        rows.push(Exchange::new(name, micros, bare, rate, (&half, peak_mib)));
        if let Some(row) = rows.last_mut() {
            row.exchanges_per_commit = batch(&log);
        }
    }
    Ok(rows)
}

/// A rate at which the server is half busy, so that what is slow is the server's own doing.
async fn half(subject: &Subject, issuer: &Issuer, per_second: f64) -> io::Result<Outcome> {
    let mut count = 0_usize;
    while f64::from(u32::try_from(count).unwrap_or(u32::MAX)) < per_second * PACED.as_secs_f64() {
        count = count.saturating_add(1_000);
    }
    let tokens = issuer.minter().tokens(count, 1)?;
    let outcome = load::paced(&subject.target, tokens, per_second).await?;
    all(&outcome, 200)?;
    Ok(outcome)
}

fn bare(plan: &Plan, issuer: &Issuer) -> io::Result<Subject> {
    let place = Place::new()?;
    std::fs::write(place.path("jwks.json"), issuer.key_set())?;
    let mut command = pinned(&plan.own, Some(SERVER_CORE));
    command.args(["bare", "--issuer", issuer.url(), "--key-set"]).arg(place.path("jwks.json"));
    Subject::start(command, place, "/v1.0/auth/jwt")
}

async fn daypass(plan: &Plan, issuer: &Issuer, database: Option<&str>) -> io::Result<Subject> {
    let place = Place::new()?;
    let file = format!("sqlite://{}", place.path("daypass.db").display());
    let url = database.unwrap_or(&file);
    place.configure(issuer.url(), url)?;
    populate::onboard(url, 1).await.map_err(io::Error::other)?;
    populate::write_roles(&place, 1)?;
    Subject::start(place.serve(&plan.daypass, Some(SERVER_CORE)), place, "/v1.0/auth/jwt?role=role-0")
}

/// How many exchanges one commit took along, as the server says when it ends.
fn batch(log: &str) -> Option<f64> {
    let number = |name: &str| -> Option<f64> {
        let (_, rest) = log.rsplit_once(&format!("\"{name}\":"))?;
        rest.split([',', '}']).next()?.parse().ok()
    };
    let (exchanges, commits) = (number("ledger.requests")?, number("ledger.commits")?);
    (commits > 0.0).then(|| exchanges / commits)
}

impl Database {
    fn start() -> io::Result<Self> {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::Builder::new().prefix("daypass-bench").tempdir()?;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
        let data = folder.path().join("postgres");
        std::fs::create_dir(&data)?;
        let output = script("start", &data).output()?;
        if !output.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        let url = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(Self { folder, url })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(fault) = script("stop", &self.folder.path().join("postgres")).output() {
            say(format_args!("PostgreSQL was not stopped: {fault}"));
        }
    }
}

fn script(what: &str, folder: &Path) -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/postgres"));
    command.arg(what).arg(folder);
    command
}
