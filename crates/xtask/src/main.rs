//! Developer commands of gradus: `cargo xtask tidy | size | bench | figures | replay`.

mod bench;
mod limits;
mod peers;
mod replay;
mod report;
mod size;
mod sources;
mod tidy;

use anyhow::Result;
use clap::{Parser, Subcommand};

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
    /// Measures the workloads; one JSON line each on stdout, a table on stderr.
    Bench(bench::Options),
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Tidy => tidy::run(),
        Command::Size => size::run(),
        Command::Figures => report::write_readme(),
        Command::Replay(options) => replay::run(&options),
        Command::Bench(options) => bench::run(&options),
    }
}
