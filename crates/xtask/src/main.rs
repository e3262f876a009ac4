//! Developer commands of gradus: `cargo xtask tidy | spec | size | bench | figures`.

mod bench;
mod limits;
mod peers;
mod report;
mod size;
mod sources;
mod spec;
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
    /// Checks what the compiler does not: headers, sizes, crate edges, generated files, figures in README.
    Tidy,
    /// Writes docs/spec.md from the rules of the primitives.
    Spec {
        /// Only checks that it is fresh.
        #[arg(long)]
        check: bool,
    },
    /// Counts the lines of each crate.
    Size,
    /// Writes the committed figures into README.
    Figures,
    /// Measures the workloads; one JSON line each on stdout, a table on stderr.
    Bench(bench::Options),
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Tidy => tidy::run(),
        Command::Spec { check: true } => spec::check(),
        Command::Spec { check: false } => spec::write(),
        Command::Size => size::run(),
        Command::Figures => report::write_readme(),
        Command::Bench(options) => bench::run(&options),
    }
}
