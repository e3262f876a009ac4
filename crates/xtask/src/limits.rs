//! The machine's limits and the same loops in C, from small programs that answer requests, so that their runs and ours
//! alternate.

use crate::sources::root;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// How often an idle thread of the C program looks for work before it sleeps: for some 80 µs, as long as ours looks.
/// By default it looks 300,000 times, for some 7.5 ms, and takes a core from whatever is timed next.
const AWAKE: &str = "3200";

/// A running `benches/limits.c` or `benches/loops.c`.
pub(crate) struct Limits {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Limits {
    /// Compiles the program with the machine's C compiler and starts it.
    pub(crate) fn start(name: &str) -> Result<Limits> {
        let dir = root().join("target/limits");
        std::fs::create_dir_all(&dir)?;
        let (source, program) = (root().join(format!("benches/{name}.c")), dir.join(name));
        let compiled = Command::new("cc")
            .args(["-O3", "-march=native", "-fopenmp", "-o"])
            .args([&program, &source])
            .arg("-lm")
            .status()
            .context("limits need a C compiler named `cc`")?;
        if !compiled.success() {
            bail!("cc could not compile benches/{name}.c");
        }
        let mut child = Command::new(&program)
            .env("GOMP_SPINCOUNT", AWAKE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let requests = child.stdin.take().context("internal: a piped stdin")?;
        let answers = BufReader::new(child.stdout.take().context("internal: a piped stdout")?);
        Ok(Limits { child, requests, answers })
    }
    /// The answer to one request: seconds, or GFLOP/s for `fma`.
    pub(crate) fn ask(&mut self, request: &str) -> Result<f64> {
        writeln!(self.requests, "{request}")?;
        self.requests.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        line.trim().parse().with_context(|| format!("limits answered {line:?} to {request:?}"))
    }
    /// The median answer of several.
    pub(crate) fn median(&mut self, request: &str, times: usize) -> Result<f64> {
        let mut all = (0..times).map(|_| self.ask(request)).collect::<Result<Vec<_>>>()?;
        all.sort_by(f64::total_cmp);
        Ok(all[all.len() / 2])
    }
}

impl Drop for Limits {
    fn drop(&mut self) {
        // The program ends by itself when its input does; killing it as well leaves no zombie on an early error.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
