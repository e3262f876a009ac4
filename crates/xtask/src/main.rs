//! Developer commands of gradus: `cargo xtask spec`.

mod spec;

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
    /// Writes docs/spec.md from the rules of the primitives.
    Spec {
        /// Only checks that it is fresh.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Spec { check: true } => spec::check(),
        Command::Spec { check: false } => spec::write(),
    }
}
