//! [`CsvLog`]: the history of a run as a file of comma-separated values.

use std::io::{self, Write};
use std::path::PathBuf;

use super::{Callback, CallbackError, History, Moment, Next};
use crate::checkpoint::file::replace;

/// A file with a line for each epoch: its number from 1, then its metrics.
///
/// It is written anew after each epoch, so that it never holds one twice, however often a run was cut off.
#[derive(Debug, Clone)]
pub struct CsvLog {
    path: PathBuf,
}

impl CsvLog {
    /// The log in the file `path`, which is replaced.
    pub fn new(path: impl Into<PathBuf>) -> CsvLog {
        CsvLog { path: path.into() }
    }
}

impl<S> Callback<S> for CsvLog {
    fn epoch(&mut self, moment: &mut Moment<'_, S>) -> Result<Next, CallbackError> {
        let written = replace(&self.path, |out| write(moment.history, out));
        written.map_err(|error| format!("{}: {error}", self.path.display()))?;
        Ok(Next::Continue)
    }
}

/// Header and lines.
fn write(history: &History, out: &mut dyn Write) -> io::Result<()> {
    let names: Vec<String> = history.curves().map(|(name, _)| quoted(name)).collect();
    writeln!(out, "epoch,{}", names.join(","))?;
    for epoch in 0..history.epochs() {
        let value = |(_, curve): (&str, &[f64])| curve.get(epoch).map_or(String::new(), f64::to_string);
        let values: Vec<String> = history.curves().map(value).collect();
        writeln!(out, "{},{}", epoch + 1, values.join(","))?;
    }
    Ok(())
}

/// A field, in quotes where it holds what would end it (RFC 4180).
fn quoted(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}
