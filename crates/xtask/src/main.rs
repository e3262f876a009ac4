//! Developer commands of gradus: `cargo xtask tidy | size | bench | figures | replay | build-time | data`.

mod bench;
mod build_time;
mod data;
mod imports;
mod limits;
mod peers;
mod replay;
mod report;
mod size;
mod sources;
mod tidy;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "Developer commands of gradus")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Checks what the compiler does not: headers, sizes, crate edges, figures in README.
    Tidy,
    /// Counts the lines of each crate.
    Size,
    /// Writes the committed figures into README.
    Figures,
    /// Compares the kernels of two revisions: those of `BASE` and those of the working tree.
    Replay(replay::Options),
    /// Measures what the first command, the tests and an added record take to build.
    BuildTime(build_time::Options),
    /// Fetches a data set or weights into `data/NAME` from a package; lists them without a name.
    Data(data::Options),
    /// Measures the workloads; one JSON line each on stdout, a table on stderr.
    Bench(bench::Options),
}

fn main() -> Result<ExitCode> {
    if let Some(code) = build_time::wrapped() {
        return Ok(code);
    }
    match Arguments::parse().command {
        Command::Tidy => tidy::run(),
        Command::Size => size::run(),
        Command::Figures => report::write_readme(),
        Command::Replay(options) => replay::run(&options),
        Command::BuildTime(options) => build_time::run(&options),
        Command::Data(options) => data::run(&options),
        Command::Bench(options) => bench::run(&options),
    }?;
    Ok(ExitCode::SUCCESS)
}
