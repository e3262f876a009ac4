//! `cargo xtask bench`: every workload, the machine's limits and the peers, in one run.
//!
//! Invariant: one JSON line a workload on stdout and nothing else there; people read the table on stderr.

use crate::limits::Limits;
use crate::peers::Peers;
use anyhow::Result;
use clap::Args;
use gradus_tests::workloads::{self, Limit, Workload};
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

#[derive(Args)]
pub(crate) struct Options {
    /// Only the workloads whose name matches.
    #[arg(long, value_name = "REGEX")]
    only: Option<Regex>,
    /// Seconds for each workload.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

/// One line of output.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) workload: String,
    /// The median, in milliseconds.
    pub(crate) ms: f64,
    pub(crate) min_ms: f64,
    pub(crate) max_ms: f64,
    /// Timed runs.
    pub(crate) n: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gflops: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gbs: Option<f64>,
    /// What the machine could do at most, over what was reached: 1 is the limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit_fraction: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) peer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) peer_ms: Option<f64>,
    /// The machine, on the lines of its limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) machine: Option<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let wanted = |name: &str| options.only.as_ref().is_none_or(|r| r.is_match(name));
    let chosen: Vec<Workload> = workloads::all().into_iter().filter(|w| wanted(w.name)).collect();
    let names: Vec<&str> = chosen.iter().map(|w| w.name).collect();
    let start = |name: &str| {
        let started = Limits::start(name);
        started.inspect_err(|error| eprintln!("{name} are not measured: {error:#}")).ok()
    };
    let (mut limits, mut loops) = (start("limits"), start("loops"));
    limits.as_mut().map(machine_rows).transpose()?;
    let peers = Peers::run(&names)?;
    crate::report::print_header();
    for workload in chosen {
        let mut row = measure(&workload, options.seconds, [limits.as_mut(), loops.as_mut()])?;
        if let Some((peer, ms)) = peers.best(workload.name) {
            row.peer = Some(peer);
            row.peer_ms = Some(ms);
        }
        println!("{}", serde_json::to_string(&row)?);
        crate::report::print_row(&row);
    }
    Ok(())
}

/// Prints the machine's limits.
fn machine_rows(limits: &mut Limits) -> Result<()> {
    let machine = machine();
    let n = 16_000_000;
    for threads in [1, 2] {
        let gflops = limits.median(&format!("fma {threads}"), 9)?;
        print_limit(&format!("HW_fma_f32_{threads}thread"), Some(gflops), None, &machine)?;
        for (name, request, streams) in [("triad", "triad", 3.0), ("read", "read", 1.0)] {
            let seconds = limits.median(&format!("{request} {n} {threads}"), 25)?;
            let gbs = streams * 4.0 * n as f64 / seconds / 1e9;
            print_limit(&format!("HW_{name}_{threads}thread"), None, Some(gbs), &machine)?;
        }
    }
    Ok(())
}

fn print_limit(name: &str, gflops: Option<f64>, gbs: Option<f64>, machine: &str) -> Result<()> {
    let row = Row {
        workload: name.into(),
        ms: 0.0,
        min_ms: 0.0,
        max_ms: 0.0,
        n: 1,
        gflops,
        gbs,
        limit_fraction: None,
        peer: None,
        peer_ms: None,
        machine: Some(machine.into()),
    };
    println!("{}", serde_json::to_string(&row)?);
    crate::report::print_row(&row);
    Ok(())
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = info.lines().find(|l| l.starts_with(name))?;
        line.split_once(':').map(|(_, v)| v.trim().to_string())
    };
    let widest = ["avx512f", "avx2", "sse2"].into_iter().find(|f| info.split_whitespace().any(|w| w == *f));
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    format!(
        "{} (family {}, model {}), {cores} cores, {}",
        field("model name").unwrap_or_else(|| "unknown processor".into()),
        field("cpu family").unwrap_or_default(),
        field("model\t").unwrap_or_default(),
        widest.unwrap_or("no SIMD known"),
    )
}

/// Times a workload, each run after what it is held against: what C reaches in memory or in the peak of arithmetic, or
/// the same loops in C. So both meet the same machine, whose neighbours come and go.
fn measure(w: &Workload, seconds: f64, [mut limits, mut loops]: [Option<&mut Limits>; 2]) -> Result<Row> {
    let mut run = (w.prepare)();
    for _ in 0..w.warm_up {
        run();
    }
    let one = timed(&mut run, 1);
    let batch = if w.warm_up == 0 { 1 } else { (2e-4 / one.as_secs_f64().max(1e-9)).ceil().min(1e5) as u32 };
    let (mut ours, mut theirs) = (vec![], vec![]);
    let start = Instant::now();
    while ours.len() < w.least_runs || start.elapsed().as_secs_f64() < seconds && ours.len() < 2000 {
        let asked = match &w.limit {
            Limit::Flops => limits.as_deref_mut().map(|c| c.ask("fma 2")),
            Limit::Memory(request) => limits.as_deref_mut().map(|c| c.ask(request)),
            Limit::Loop(request) => loops.as_deref_mut().map(|c| c.ask(request)),
            Limit::None => None,
        };
        if let Some(answer) = asked {
            theirs.push(answer?);
            // Wakes our threads, as the C program has woken its own.
            run();
        }
        ours.push(timed(&mut run, batch).as_secs_f64() * 1e3 / f64::from(batch));
    }
    let ms = median(&mut ours);
    let limit_fraction = match w.limit {
        _ if theirs.is_empty() => None,
        Limit::Flops => Some(w.flops / ms / 1e6 / median(&mut theirs)),
        _ => Some(median(&mut theirs) * 1e3 / ms),
    };
    Ok(Row {
        workload: w.name.into(),
        ms,
        min_ms: ours[0],
        max_ms: ours[ours.len() - 1],
        n: ours.len(),
        gflops: (w.flops > 0.0).then(|| w.flops / ms / 1e6),
        gbs: (w.bytes > 0.0).then(|| w.bytes / ms / 1e6),
        limit_fraction,
        peer: None,
        peer_ms: None,
        machine: None,
    })
}

fn timed(run: &mut dyn FnMut(), times: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..times {
        run();
    }
    start.elapsed()
}

/// Sorts.
fn median(all: &mut [f64]) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}
