//! The options of the example's command line, each checked before anything else happens.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Parser;

/// Trains the 784-128-64-10 network on MNIST and draws what it learned.
#[derive(Debug, Clone, Parser)]
pub(crate) struct Options {
    /// Passes over the training set
    #[arg(long, value_name = "N", default_value = "5", value_parser = count, allow_negative_numbers = true)]
    pub(crate) epochs: usize,
    /// Images in each training step
    #[arg(long, value_name = "N", default_value = "32", value_parser = count, allow_negative_numbers = true)]
    pub(crate) batch_size: usize,
    /// Learning rate of Adam
    #[arg(long, value_name = "RATE", default_value = "1e-3", value_parser = rate, allow_hyphen_values = true)]
    pub(crate) lr: f64,
    /// Seed of the weights and of the order of the images
    #[arg(long, value_name = "N", default_value = "0", allow_negative_numbers = true)]
    pub(crate) seed: u64,
    /// Folder of four MNIST-shaped IDX files, plain or .gz [default: the MNIST of this repository]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Threads to compute with [default: all cores]
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub(crate) threads: Option<usize>,
    /// Folder for the pictures
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub(crate) out: PathBuf,
}

fn count(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|&n| n > 0).ok_or("expected a whole number of at least 1")
}

fn rate(text: &str) -> Result<f64, &'static str> {
    let finite = |rate: &f64| rate.is_finite() && *rate > 0.0;
    text.parse().ok().filter(finite).ok_or("expected a positive finite number")
}

impl Options {
    /// The folder of the data: the one given, or the MNIST of this repository.
    pub(crate) fn data(&self) -> PathBuf {
        let here = PathBuf::from("examples/data/mnist");
        let repository = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(&here);
        self.data.clone().unwrap_or(if repository.is_dir() { repository } else { here })
    }

    /// Makes the folder for the pictures and returns the paths of `names` in it.
    pub(crate) fn pictures<const N: usize>(&self, names: [&str; N]) -> Result<[PathBuf; N]> {
        std::fs::create_dir_all(&self.out)
            .with_context(|| format!("--out {}: cannot make the folder", self.out.display()))?;
        Ok(names.map(|name| self.out.join(name)))
    }

    /// Refuses a batch larger than the training set of `images`, and says when the last one is smaller.
    pub(crate) fn check_batch(&self, images: usize) -> Result<()> {
        let size = self.batch_size;
        ensure!(size <= images, "--batch-size {size}: the training set has only {images} images");
        match images % size {
            0 => {}
            rest => println!(
                "The last batch of each epoch has {rest} images: the step compiles once more for it."
            ),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first line of the message with which a command line is refused.
    fn refusal(arguments: &[&str]) -> String {
        let error = Options::try_parse_from([&["mnist"], arguments].concat()).unwrap_err();
        error.to_string().lines().next().unwrap_or_default().to_owned()
    }

    #[test]
    fn defaults_are_those_of_the_recipe() {
        let options = Options::parse_from(["mnist"]);
        assert_eq!((options.epochs, options.batch_size, options.lr, options.seed), (5, 32, 1e-3, 0));
        assert_eq!((options.threads, options.out.to_str()), (None, Some("out")));
        assert!(options.data().join("README.md").is_file());
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
    }

    #[test]
    fn batch_larger_than_the_data_is_refused() {
        let options = Options::parse_from(["mnist", "--batch-size", "33"]);
        assert!(options.check_batch(33).is_ok());
        let error = options.check_batch(32).unwrap_err();
        assert_eq!(error.to_string(), "--batch-size 33: the training set has only 32 images");
    }
}
