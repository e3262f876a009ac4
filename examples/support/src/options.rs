//! The options that examples share, in groups to flatten, each value checked before anything else happens.
//!
//! ```
//! use clap::Parser;
//! use gradus_examples::options::{self, Run, Training};
//!
//! /// Trains a network.
//! #[derive(Parser)]
//! struct Options {
//!     #[command(flatten)]
//!     training: Training,
//!     #[command(flatten)]
//!     run: Run,
//! }
//!
//! let given = ["example", "--seed", "7"];
//! let options: Options = options::parse_from(given, &[("epochs", "30")])?;
//! assert_eq!((options.training.epochs, options.run.seed), (30, 7));
//! # Ok::<(), clap::Error>(())
//! ```

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser};
use gradus::Config;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How long and how fast to train.
#[derive(Debug, Clone, Args)]
pub struct Training {
    /// Passes over the training set
    #[arg(long, value_name = "N", default_value = "5", value_parser = count, allow_negative_numbers = true)]
    pub epochs: usize,
    /// Examples in each training step
    #[arg(long, value_name = "N", default_value = "32", value_parser = count, allow_negative_numbers = true)]
    pub batch_size: usize,
    /// Learning rate of the optimizer
    #[arg(long, value_name = "RATE", default_value = "1e-3", value_parser = rate, allow_hyphen_values = true)]
    pub lr: f64,
}

/// What every run has: a seed, threads, a folder for what it writes.
#[derive(Debug, Clone, Args)]
pub struct Run {
    /// Seed of all that is random: the weights, the order of the examples
    #[arg(long, value_name = "N", default_value = "0", allow_negative_numbers = true)]
    pub seed: u64,
    /// Threads to compute with [default: all cores]
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// Folder for pictures and other results
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub out: PathBuf,
}

/// Where the data lies.
#[derive(Debug, Clone, Args)]
pub struct Data {
    /// Folder or file of the data [default: the data of this example]
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
}

/// What a run begins with; a run begins with one of the two or with new weights.
#[derive(Debug, Clone, Args)]
pub struct Start {
    /// Continue where the last run into the same --out stopped
    #[arg(long, conflicts_with = "load")]
    pub resume: bool,
    /// Weights to begin with, a safetensors file
    #[arg(long, value_name = "FILE")]
    pub load: Option<PathBuf>,
}

/// Whether to take the long run instead of the short one.
#[derive(Debug, Clone, Args)]
pub struct Length {
    /// Train until the published quality is reached, instead of for minutes
    #[arg(long)]
    pub long: bool,
}

/// The options of the command line, with `defaults` (name of the field, value) in place of this module's.
///
/// Whatever is wrong with them is printed, and the process ends, as by [`Parser::parse`].
///
/// # Panics
/// If no option has a name of `defaults`.
pub fn parse<P: Parser>(defaults: &[(&'static str, &'static str)]) -> P {
    parse_from(std::env::args_os(), defaults).unwrap_or_else(|error| error.exit())
}

/// The options of `arguments`, the first of which is the program's name; else as [`parse`].
///
/// # Errors
/// An unknown option or a value that it refuses.
///
/// # Panics
/// If no option has a name of `defaults`.
pub fn parse_from<P: Parser, A: Into<OsString> + Clone>(
    arguments: impl IntoIterator<Item = A>,
    defaults: &[(&'static str, &'static str)],
) -> Result<P, clap::Error> {
    let command = defaults.iter().fold(P::command(), |command, &(name, value)| {
        command.mut_arg(name, |argument| argument.default_value(value))
    });
    let mut matches = command.clone().try_get_matches_from(arguments)?;
    P::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command.clone()))
}

fn count(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|&n| n > 0).ok_or("expected a whole number of at least 1")
}

fn rate(text: &str) -> Result<f64, &'static str> {
    let finite = |rate: &f64| rate.is_finite() && *rate > 0.0;
    text.parse().ok().filter(finite).ok_or("expected a positive finite number")
}

impl Training {
    /// Refuses a batch larger than the training set of `count` `nouns`, and says when the last one is smaller.
    ///
    /// # Errors
    /// If there are fewer than a batch.
    pub fn check_batch(&self, count: usize, nouns: &str) -> Result<()> {
        let size = self.batch_size;
        ensure!(size <= count, "--batch-size {size}: the training set has only {count} {nouns}");
        match count % size {
            0 => {}
            rest => println!(
                "The last batch of each epoch has {rest} {nouns}: the step compiles once more for it."
            ),
        }
        Ok(())
    }
}

impl Run {
    /// How to compile: gradus' defaults with the given number of threads.
    pub fn config(&self) -> Config {
        let mut config = Config::default();
        config.threads = self.threads.unwrap_or(config.threads);
        config
    }

    /// Makes the folder for results and returns the paths of `names` in it.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn files<const N: usize>(&self, names: [&str; N]) -> Result<[PathBuf; N]> {
        std::fs::create_dir_all(&self.out)
            .with_context(|| format!("--out {}: cannot make the folder", self.out.display()))?;
        Ok(names.map(|name| self.out.join(name)))
    }
}

impl Data {
    /// The data: what was given, or `name` in `examples/data` of this repository.
    pub fn path(&self, name: &str) -> PathBuf {
        let here = Path::new("examples/data").join(name);
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("data").join(name);
        self.data.clone().unwrap_or(if repository.exists() { repository } else { here })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every group at once.
    #[derive(Debug, Parser)]
    struct All {
        #[command(flatten)]
        training: Training,
        #[command(flatten)]
        run: Run,
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        start: Start,
        #[command(flatten)]
        length: Length,
    }

    fn parsed(arguments: &[&str]) -> Result<All, clap::Error> {
        parse_from([&["example"], arguments].concat(), &[("batch_size", "48")])
    }

    /// The first line of the message with which a command line is refused.
    fn refusal(arguments: &[&str]) -> String {
        let error = parsed(arguments).unwrap_err();
        error.to_string().lines().next().unwrap_or_default().to_owned()
    }

    #[test]
    fn defaults_are_those_of_the_module_but_where_an_example_has_its_own() {
        let options = parsed(&[]).unwrap();
        let Training { epochs, batch_size, lr } = options.training;
        assert_eq!((epochs, batch_size, lr, options.run.seed), (5, 48, 1e-3, 0));
        assert_eq!((options.run.threads, options.run.out.to_str()), (None, Some("out")));
        assert_eq!((options.start.resume, options.start.load, options.length.long), (false, None, false));
        assert!(options.data.path("mnist").join("README.md").is_file());
        assert_eq!(options.data.path("nowhere"), Path::new("examples/data/nowhere"));
        let help = parse_from::<All, _>(["example", "--help"], &[("batch_size", "48")]).unwrap_err();
        assert!(help.to_string().contains("[default: 48]"), "{help}");
    }

    #[test]
    fn what_is_given_wins() {
        let options = parsed(&[
            "--epochs",
            "2",
            "--batch-size",
            "8",
            "--lr",
            "0.5",
            "--seed",
            "3",
            "--threads",
            "2",
            "--out",
            "here",
            "--data",
            "there",
            "--resume",
            "--long",
        ])
        .unwrap();
        let Training { epochs, batch_size, lr } = options.training;
        assert_eq!((epochs, batch_size, lr, options.run.seed), (2, 8, 0.5, 3));
        assert_eq!((options.run.config().threads, options.run.out.to_str()), (2, Some("here")));
        assert_eq!(options.data.path("mnist"), Path::new("there"));
        assert!(options.start.resume && options.length.long);
        let options = parsed(&["--load", "weights.safetensors"]).unwrap();
        assert_eq!(options.start.load, Some("weights.safetensors".into()));
    }

    #[test]
    fn bad_values_are_refused_with_what_is_expected() {
        let count = "expected a whole number of at least 1";
        for option in ["--epochs", "--batch-size", "--threads"] {
            for value in ["0", "-1", "1.5", "many"] {
                let expected = format!("error: invalid value '{value}' for '{option} <N>': {count}");
                assert_eq!(refusal(&[option, value]), expected);
            }
        }
        for value in ["0", "-1e-3", "NaN", "inf", "fast"] {
            let expected = format!(
                "error: invalid value '{value}' for '--lr <RATE>': expected a positive finite number"
            );
            assert_eq!(refusal(&["--lr", value]), expected);
        }
        assert!(refusal(&["--seed", "-1"]).starts_with("error: invalid value '-1' for '--seed <N>'"));
        assert!(refusal(&["--resume", "--load", "w"]).contains("cannot be used with"));
    }

    #[test]
    fn batch_larger_than_the_data_is_refused() {
        let training = parsed(&["--batch-size", "33"]).unwrap().training;
        assert!(training.check_batch(33, "images").is_ok());
        let error = training.check_batch(32, "images").unwrap_err();
        assert_eq!(error.to_string(), "--batch-size 33: the training set has only 32 images");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let error = parsed(&["--out", &format!("{file}/x")]).unwrap().run.files(["a.png"]).unwrap_err();
        assert_eq!(error.to_string(), format!("--out {file}/x: cannot make the folder"));
    }
}
