//! What was measured, as tables that a person reads and as JSON.

use std::fmt::Write as _;
use std::io;
use std::process::Command;
use std::time::Duration;

use daypass_bench::load::Outcome;
use serde::Serialize;

use crate::Plan;
use crate::median::median;

/// All of it.
#[derive(Serialize)]
pub(crate) struct Report {
    machine: Machine,
    tokens_a_turn: usize,
    rounds: usize,
    pub(crate) exchange: Vec<Exchange>,
    pub(crate) scale: Vec<Scale>,
    pub(crate) refusals: Vec<Refusals>,
    pub(crate) policies: Option<Policies>,
    pub(crate) start: Option<Start>,
}

#[derive(Serialize)]
struct Machine {
    processor: String,
    processors: usize,
    kernel: String,
    commit: String,
}

/// One server under load.
#[derive(Serialize)]
pub(crate) struct Exchange {
    name: &'static str,
    per_cpu_second: f64,
    micros: f64,
    pub(crate) micros_by_turn: Vec<f64>,
    /// Exchanges per CPU-second, as a part of the bare server's, in the same round.
    of_bare: f64,
    per_second: f64,
    half_rate_p50_ms: f64,
    half_rate_p99_ms: f64,
    peak_mib: f64,
    pub(crate) exchanges_per_commit: Option<f64>,
}

/// One size of installation.
#[derive(Serialize)]
pub(crate) struct Scale {
    pub(crate) projects: u64,
    pub(crate) roles: u32,
    pub(crate) micros: f64,
    pub(crate) of_one: f64,
}

/// One kind of answer.
#[derive(Serialize)]
pub(crate) struct Refusals {
    pub(crate) name: &'static str,
    pub(crate) micros: f64,
    pub(crate) of_success: f64,
}

/// What policies cost.
#[derive(Serialize)]
pub(crate) struct Policies {
    pub(crate) checks: Vec<Check>,
    pub(crate) hostile: Vec<Hostile>,
}

/// `daypass policy check` of so many roles.
#[derive(Serialize)]
pub(crate) struct Check {
    pub(crate) roles: u32,
    pub(crate) median_ms: f64,
    pub(crate) of_one: f64,
}

/// An exchange where globs are hostile.
#[derive(Serialize)]
pub(crate) struct Hostile {
    pub(crate) roles: u32,
    pub(crate) globs_a_role: usize,
    pub(crate) micros: f64,
    pub(crate) of_none: f64,
}

/// The starts.
#[derive(Serialize)]
pub(crate) struct Start {
    pub(crate) median_ms: f64,
    pub(crate) longest_ms: f64,
    pub(crate) starts: usize,
}

impl Exchange {
    pub(crate) fn new(
        name: &'static str,
        micros: Vec<f64>,
        bare: Option<Vec<f64>>,
        per_second: f64,
        (half, peak_mib): (&Outcome, f64),
    ) -> Self {
        let bare = bare.unwrap_or_else(|| micros.clone());
        let ratios = bare.iter().zip(&micros).map(|(bare, here)| bare / here).collect();
        let median_micros = median(micros.clone());
        Self {
            name,
            per_cpu_second: 1e6 / median_micros,
            micros: median_micros,
            micros_by_turn: micros,
            of_bare: median(ratios),
            per_second,
            half_rate_p50_ms: millis(half.percentile(50)),
            half_rate_p99_ms: millis(half.percentile(99)),
            peak_mib,
            exchanges_per_commit: None,
        }
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

impl Report {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            machine: Machine::here(),
            tokens_a_turn: plan.tokens,
            rounds: plan.rounds,
            exchange: Vec::new(),
            scale: Vec::new(),
            refusals: Vec::new(),
            policies: None,
            start: None,
        }
    }

    #[expect(clippy::print_stdout, reason = "the report is what this program is for")]
    pub(crate) fn print(&self, as_json: bool) -> io::Result<()> {
        if as_json {
            println!("{}", serde_json::to_string_pretty(self)?);
        } else {
            println!("{}", self.tables().map_err(io::Error::other)?);
        }
        Ok(())
    }

    fn tables(&self) -> Result<String, std::fmt::Error> {
        let Machine { processor, processors, kernel, commit } = &self.machine;
        let mut text = format!("{processor}, {processors} processors, {kernel}, commit {commit}\n");
        if !self.exchange.is_empty() {
            text += "\n| Server | exchanges per CPU-second | of bare | p50, p99 at half its rate | peak memory | exchanges a commit |\n|---|---|---|---|---|---|\n";
        }
        for row in &self.exchange {
            let batch = row.exchanges_per_commit.map_or("–".to_owned(), |batch| format!("{batch:.0}"));
            let Exchange {
                name, per_cpu_second, of_bare, half_rate_p50_ms, half_rate_p99_ms, peak_mib, ..
            } = row;
            writeln!(
                text,
                "| {name} | {per_cpu_second:.0} | {of_bare:.2} | {half_rate_p50_ms:.1} ms, {half_rate_p99_ms:.1} ms | {peak_mib:.0} MiB | {batch} |"
            )?;
        }
        if !self.scale.is_empty() {
            text += "\n| Projects | Roles | cost of an exchange, of that with one of each |\n|---|---|---|\n";
        }
        for Scale { projects, roles, of_one, .. } in &self.scale {
            writeln!(text, "| {projects} | {roles} | {of_one:.2} |")?;
        }
        if !self.refusals.is_empty() {
            text += "\n| Answer | per CPU-second | cost, of a success |\n|---|---|---|\n";
        }
        for Refusals { name, micros, of_success } in &self.refusals {
            writeln!(text, "| {name} | {:.0} | {of_success:.2} |", 1e6 / micros)?;
        }
        if let Some(policies) = &self.policies {
            text += &policies.tables()?;
        }
        if let Some(Start { median_ms, longest_ms, starts }) = &self.start {
            writeln!(
                text,
                "\nStart to ready: {median_ms:.0} ms, the longest of {starts} {longest_ms:.0} ms."
            )?;
        }
        Ok(text)
    }
}

impl Policies {
    fn tables(&self) -> Result<String, std::fmt::Error> {
        let mut text = "\n| Roles | `daypass policy check` | of that of one |\n|---|---|---|\n".to_owned();
        for Check { roles, median_ms, of_one } in &self.checks {
            writeln!(text, "| {roles} | {median_ms:.0} ms | {of_one:.2} |")?;
        }
        text +=
            "\n| Roles | hostile globs in each | an exchange, of one without | more |\n|---|---|---|---|\n";
        let without = self.hostile.first().map_or(0.0, |first| first.micros);
        for Hostile { roles, globs_a_role, micros, of_none } in &self.hostile {
            let more = micros - without;
            writeln!(text, "| {roles} | {globs_a_role} | {of_none:.2} | {more:.0} µs |")?;
        }
        Ok(text)
    }
}

impl Machine {
    fn here() -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Self {
            processor: model.map_or("unknown", |(_, name)| name).to_owned(),
            processors: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease")
                .unwrap_or_default()
                .trim()
                .to_owned(),
            commit: commit().unwrap_or_else(|| "unknown".to_owned()),
        }
    }
}

fn commit() -> Option<String> {
    let output =
        Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12"]).output().ok()?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
}
