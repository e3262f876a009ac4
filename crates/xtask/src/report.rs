//! The figures for people: the table of `cargo xtask bench`, and the one in README.
//!
//! README's table is made from the committed `benches/results.jsonl`; tidy checks that they agree.

use crate::bench::Row;
use crate::sources::root;
use anyhow::{Context, Result};

pub(crate) fn print_header() {
    eprintln!(
        "{:<28} {:>10} {:>9} {:>8} {:>7} {:>10}  peer",
        "workload", "ms", "GFLOP/s", "GB/s", "limit", "peer ms"
    );
}

pub(crate) fn print_row(row: &Row) {
    let number = |x: Option<f64>, digits: usize| x.map_or(String::new(), |x| format!("{x:.digits$}"));
    eprintln!(
        "{:<28} {:>10} {:>9} {:>8} {:>7} {:>10}  {}",
        row.workload,
        figure(row.ms),
        number(row.gflops, 1),
        number(row.gbs, 1),
        row.limit_fraction.map_or(String::new(), |x| format!("{:.0} %", 100.0 * x)),
        row.peer_ms.map_or(String::new(), figure),
        row.peer.as_deref().unwrap_or_default()
    );
}

/// Three significant digits.
fn figure(ms: f64) -> String {
    match ms {
        0.0 => String::new(),
        x if x >= 100.0 => format!("{x:.0}"),
        x if x >= 10.0 => format!("{x:.1}"),
        x if x >= 1.0 => format!("{x:.2}"),
        x if x >= 0.01 => format!("{x:.4}"),
        x => format!("{x:.6}"),
    }
}

const BEGIN: &str = "<!-- figures: written by `cargo xtask figures` from benches/results.jsonl -->";
const END: &str = "<!-- end of figures -->";

/// The table as it stands in README.
fn table() -> Result<String> {
    let path = root().join("benches/results.jsonl");
    let text = std::fs::read_to_string(&path).context("benches/results.jsonl")?;
    let rows = text.lines().map(serde_json::from_str).collect::<Result<Vec<Row>, _>>()?;
    let mut table = String::new();
    if let Some(machine) = rows.iter().find_map(|r| r.machine.as_ref()) {
        table += &format!("Measured on {machine}, all in one run; ms are medians.\n\n");
    }
    table +=
        "| workload | gradus ms | of the machine's limit | best peer ms | peer |\n|---|---:|---:|---:|---|\n";
    for row in rows.iter().filter(|r| r.machine.is_none()) {
        let limit = row.limit_fraction.map_or(String::new(), |x| format!("{:.0} %", 100.0 * x));
        let peer_ms = row.peer_ms.map_or(String::new(), figure);
        let peer = row.peer.as_deref().unwrap_or_default();
        table += &format!("| {} | {} | {limit} | {peer_ms} | {peer} |\n", row.workload, figure(row.ms));
    }
    Ok(table)
}

/// Writes the table into README.
pub(crate) fn write_readme() -> Result<()> {
    let path = root().join("README.md");
    let text = std::fs::read_to_string(&path)?;
    let (before, rest) = text.split_once(BEGIN).context("README.md has no place for the figures")?;
    let (_, after) = rest.split_once(END).context("README.md has no end of the figures")?;
    std::fs::write(&path, format!("{before}{BEGIN}\n{}{END}{after}", table()?))?;
    Ok(())
}

/// README's figures are those of the committed results.
pub(crate) fn check_readme(complaints: &mut Vec<String>) -> Result<()> {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap_or_default();
    let written =
        text.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)).map(|(table, _)| table.trim());
    if written != Some(table()?.trim()) {
        complaints.push(
            "README.md: the figures are not those of benches/results.jsonl; run `cargo xtask figures`".into(),
        );
    }
    Ok(())
}
