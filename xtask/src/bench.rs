//! `cargo xtask bench [NAME]`: the benchmarks of the bars, each with its method and figure.

mod backlog;
mod dataverse;
mod durability;
mod history;
mod intake;
mod load;
mod million;
mod postgres;
mod raw_limits;
mod size;
mod start;

use std::{fs, process::ExitCode};

use anyhow::Result;
use serde_json::{Value, json};

use crate::{build, shell::step, workspace::Workspace};

type Benchmark = fn(&Workspace, &std::path::Path) -> Result<BenchReport>;

const BENCHMARKS: &[(&str, &str, Benchmark)] = &[
    ("size", "how many bytes the first visit loads", size::measure),
    ("dataverse", "rows through client and emulator, and a million of them in memory", dataverse::measure),
    ("durability", "a hundred kills under load, and what was promised", durability::measure),
    ("intake", "records a second, each on disk before its answer", intake::measure),
    ("backlog", "ten thousand records that wait for Dataverse", backlog::measure),
    (
        "history",
        "90 days of 10,000 to 1,000,000 runs, beside DuckDB; `--large` adds 10,000,000",
        history::measure,
    ),
    ("history-postgres", "the same on a PostgreSQL of its own", history::measure_on_postgres),
    ("million", "start and memory with a million runs", million::measure),
    ("start", "how long a start takes, and the memory that it holds when idle", start::measure),
];

/// What is measured of history besides: ten million runs, of which the ledger is full after a quarter of an hour.
const LARGE: &str = "--large";

/// What a benchmark found: how it measured, and each figure with its bar.
pub struct BenchReport {
    pub method: String,
    pub figures: Vec<Figure>,
}

pub struct Figure {
    pub what: String,
    pub value: f64,
    pub unit: &'static str,
    /// The most that it may be, where there is a bar.
    pub bar: Option<f64>,
    /// The bar is the least that it may be.
    pub more_is_better: bool,
}

impl Figure {
    fn at_most(what: impl Into<String>, value: f64, unit: &'static str, bar: impl Into<Option<f64>>) -> Self {
        Self { what: what.into(), value, unit, bar: bar.into(), more_is_better: false }
    }

    fn at_least(what: impl Into<String>, value: f64, unit: &'static str, bar: f64) -> Self {
        Self { what: what.into(), value, unit, bar: Some(bar), more_is_better: true }
    }

    /// None where there is no bar.
    fn holds(&self) -> Option<bool> {
        self.bar.map(|bar| if self.more_is_better { self.value >= bar } else { self.value <= bar })
    }
}

pub fn command(workspace: &Workspace, names: &[String]) -> Result<ExitCode> {
    if names.is_empty() {
        eprint!("Which one? `cargo xtask bench NAME…`, or `all`:\n\n{}", help());
        return Ok(ExitCode::from(2));
    }
    let names: Vec<&String> = names.iter().filter(|name| *name != LARGE).collect();
    let all = names.iter().any(|name| *name == "all");
    if let Some(unknown) =
        names.iter().find(|name| !all && !BENCHMARKS.iter().any(|(known, ..)| known == *name))
    {
        eprint!("there is no benchmark `{unknown}`; there are:\n\n{}", help());
        return Ok(ExitCode::from(2));
    }
    let binary = build::release(workspace)?;
    for (name, what, measure) in BENCHMARKS {
        if all || names.iter().any(|wanted| *wanted == name) {
            let report =
                step(&format!("{name}: {what}"), "seconds to ten minutes", || measure(workspace, &binary))?;
            show(&report);
            write(workspace, name, &report)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub fn help() -> String {
    BENCHMARKS.iter().map(|(name, what, _)| format!("  {name:<16} {what}\n")).collect()
}

fn show(report: &BenchReport) {
    println!("{}", report.method);
    for figure in &report.figures {
        let Figure { what, value, unit, bar, .. } = figure;
        let bar = bar.map(|bar| format!("{bar} {unit}")).unwrap_or_default();
        let verdict = match figure.holds() {
            Some(false) => format!("  MISSES its bar of {bar}"),
            Some(true) => format!("  (bar {bar})"),
            None => String::new(),
        };
        println!("  {what:<46} {value:>9.1} {unit}{verdict}");
    }
}

/// Kept where a page can read it: `target/bench/NAME.json`.
fn write(workspace: &Workspace, name: &str, report: &BenchReport) -> Result<()> {
    let figures: Vec<Value> = report
        .figures
        .iter()
        .map(|figure| json!({"what": figure.what, "value": figure.value, "unit": figure.unit, "bar": figure.bar}))
        .collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let text = json!({"name": name, "method": report.method, "cores": cores, "figures": figures}).to_string();
    let folder = workspace.root.join("target/bench");
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join(format!("{name}.json")), text)?)
}

/// The middle one: timings on shared machines wander, and one slow run says nothing.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_slow_run_does_not_count() {
        assert_eq!(super::median(vec![3.0, 900.0, 1.0]).to_bits(), 3.0_f64.to_bits());
    }
}
