//! How much memory the system and the container leave.

use std::fs;

/// Calls that need less than this are not checked.
pub(crate) const ALWAYS_THERE: usize = 64 << 20;

/// Bytes that can still be used; `usize::MAX` where the system does not say.
pub(crate) fn available() -> usize {
    let system = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemAvailable:"))?;
        line.split_whitespace().nth(1)?.parse::<usize>().ok()?.checked_mul(1024)
    });
    system.unwrap_or(usize::MAX).min(left_in_container().unwrap_or(usize::MAX))
}

/// What the control group of this process leaves; page cache counts as free.
fn left_in_container() -> Option<usize> {
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<usize>().ok();
    let group = fs::read_to_string("/proc/self/cgroup").ok()?;
    let unified = group.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/");
    let mut left = None;
    let mut path = unified.trim_end_matches('/').to_string();
    loop {
        let folder = format!("/sys/fs/cgroup{path}");
        if let (Some(limit), Some(used)) =
            (number(&format!("{folder}/memory.max")), number(&format!("{folder}/memory.current")))
        {
            let cache = cached(&format!("{folder}/memory.stat"), "inactive_file");
            let here = limit.saturating_sub(used.saturating_sub(cache));
            left = Some(left.map_or(here, |left: usize| left.min(here)));
        }
        match path.rfind('/') {
            Some(end) => path.truncate(end),
            None => break,
        }
    }
    let old = "/sys/fs/cgroup/memory";
    if let (Some(limit), Some(used)) =
        (number(&format!("{old}/memory.limit_in_bytes")), number(&format!("{old}/memory.usage_in_bytes")))
    {
        let cache = cached(&format!("{old}/memory.stat"), "total_inactive_file");
        let here = limit.saturating_sub(used.saturating_sub(cache));
        left = Some(left.map_or(here, |left: usize| left.min(here)));
    }
    left
}

fn cached(path: &str, name: &str) -> usize {
    let text = fs::read_to_string(path).unwrap_or_default();
    let found = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    found.unwrap_or(0)
}
