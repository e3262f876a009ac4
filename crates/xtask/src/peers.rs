//! The peers' times of the same workloads, measured in the same run.
//!
//! `$PEERS` names a folder with a Python environment `venv` that has JAX (and others); the scripts lie in
//! `peers` of `$GRADUS_SHARED` or `../shared`. Without them the rows have no peer.

use crate::sources::root;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The fastest mode of any peer for each workload.
#[derive(Default)]
pub(crate) struct Peers(BTreeMap<String, (String, f64)>);

#[derive(Deserialize)]
struct Line {
    workload: String,
    framework: String,
    mode: String,
    steady_ms: Option<f64>,
    first_call_s: Option<f64>,
}

impl Peers {
    /// Runs every peer that is installed on the groups (`W1`, `W2`, ..) of the workloads.
    pub(crate) fn run(workloads: &[&str]) -> Result<Peers> {
        let Some(folder) = std::env::var_os("PEERS").map(PathBuf::from) else {
            eprintln!("no peers: set PEERS to a folder with their Python environment");
            return Ok(Peers::default());
        };
        let shared =
            std::env::var_os("GRADUS_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
        let scripts = shared.join("peers");
        // The first call of the MLP is timed by the group of its step.
        let group =
            |w: &str| if w.starts_with("W8") { "W1".into() } else { w.chars().take(2).collect::<String>() };
        let groups: BTreeSet<String> = workloads.iter().map(|w| group(w)).collect();
        let mut peers = Peers::default();
        for (script, python) in [
            ("jax_bench.py", "venv"),
            ("torch_bench.py", "venv"),
            ("numpy_bench.py", "venv"),
            ("tf_bench.py", "venv_tf"),
        ] {
            let python = folder.join(python).join("bin/python");
            if python.exists() && scripts.join(script).exists() {
                peers.run_script(&python, &scripts, script, &groups, &folder)?;
            }
        }
        Ok(peers)
    }
    fn run_script(
        &mut self,
        python: &Path,
        scripts: &Path,
        script: &str,
        groups: &BTreeSet<String>,
        folder: &Path,
    ) -> Result<()> {
        eprintln!("running {script} {groups:?}");
        let output = Command::new(python)
            .arg(script)
            .args(groups)
            .current_dir(scripts)
            .env("PEERS", folder)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("OMP_NUM_THREADS", "2")
            .env("MKL_NUM_THREADS", "2")
            .output()
            .with_context(|| format!("{} {script}", python.display()))?;
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            if let Ok(line) = serde_json::from_str::<Line>(line) {
                self.add(line);
            }
        }
        Ok(())
    }
    fn add(&mut self, line: Line) {
        let name = format!("{}: {}", line.framework, line.mode);
        if let (Some(seconds), "W1_mnist_mlp_train_step") = (line.first_call_s, line.workload.as_str()) {
            // An eager peer compiles nothing: only compiled ones have a first call to compare with.
            if line.mode.contains("jit") || line.mode.contains("compile") {
                self.keep("W8_first_call_mlp", name.clone(), seconds * 1e3);
            }
        }
        if let Some(ms) = line.steady_ms {
            self.keep(&line.workload, name, ms);
        }
    }
    fn keep(&mut self, workload: &str, name: String, ms: f64) {
        let best = self.0.entry(workload.into()).or_insert((String::new(), f64::INFINITY));
        if ms < best.1 {
            *best = (name, ms);
        }
    }
    /// The fastest peer and its milliseconds.
    pub(crate) fn best(&self, workload: &str) -> Option<(String, f64)> {
        self.0.get(workload).cloned()
    }
}
