//! How much memory the system and the container leave.
//!
//! Asked before every call that needs much, so the files are read into the stack.

use std::fmt;
use std::fs::File;
use std::io::{Read, Write};

/// Calls that need less than this are not checked.
pub(crate) const ALWAYS_THERE: usize = 64 << 20;

/// The start of a file: as much as holds what is looked for.
type Text = [u8; TEXT];

const TEXT: usize = 8192;

/// Bytes that can still be used; `usize::MAX` where the system does not say.
pub(crate) fn available() -> usize {
    let mut text: Text = [0; TEXT];
    let system = read(format_args!("/proc/meminfo"), &mut text).and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemAvailable:"))?;
        line.split_whitespace().nth(1)?.parse::<usize>().ok()?.checked_mul(1024)
    });
    system.unwrap_or(usize::MAX).min(left_in_container().unwrap_or(usize::MAX))
}

/// The start of the file at `path`, a path of a few hundred bytes.
fn read<'t>(path: fmt::Arguments<'_>, text: &'t mut Text) -> Option<&'t str> {
    let mut name = [0; 512];
    let mut rest = &mut name[..];
    rest.write_fmt(path).ok()?;
    let unused = rest.len();
    let mut file = File::open(std::str::from_utf8(&name[..name.len() - unused]).ok()?).ok()?;
    let mut len = 0;
    while len < text.len() {
        match file.read(&mut text[len..]).ok()? {
            0 => break,
            more => len += more,
        }
    }
    std::str::from_utf8(&text[..len]).ok()
}

fn number(path: fmt::Arguments<'_>) -> Option<usize> {
    let mut text: Text = [0; TEXT];
    read(path, &mut text)?.trim().parse().ok()
}

/// What the control group of this process leaves; page cache counts as free.
fn left_in_container() -> Option<usize> {
    let mut group: Text = [0; TEXT];
    let group = read(format_args!("/proc/self/cgroup"), &mut group)?;
    let unified = group.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/");
    let mut path = unified.trim_end_matches('/');
    let mut left = None;
    loop {
        let limits = (
            number(format_args!("/sys/fs/cgroup{path}/memory.max")),
            number(format_args!("/sys/fs/cgroup{path}/memory.current")),
        );
        if let (Some(limit), Some(used)) = limits {
            let cache = cached(format_args!("/sys/fs/cgroup{path}/memory.stat"), "inactive_file");
            left = Some(least(left, limit, used, cache));
        }
        match path.rfind('/') {
            Some(end) => path = &path[..end],
            None => break,
        }
    }
    let limits = (
        number(format_args!("/sys/fs/cgroup/memory/memory.limit_in_bytes")),
        number(format_args!("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
    );
    if let (Some(limit), Some(used)) = limits {
        let cache = cached(format_args!("/sys/fs/cgroup/memory/memory.stat"), "total_inactive_file");
        left = Some(least(left, limit, used, cache));
    }
    left
}

/// The least of what was left so far and what a group leaves.
fn least(left: Option<usize>, limit: usize, used: usize, cache: usize) -> usize {
    let here = limit.saturating_sub(used.saturating_sub(cache));
    left.map_or(here, |left| left.min(here))
}

fn cached(path: fmt::Arguments<'_>, name: &str) -> usize {
    let mut text: Text = [0; TEXT];
    let text = read(path, &mut text).unwrap_or_default();
    let found = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    found.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_system_says_how_much_there_is() {
        let available = super::available();
        assert!(available > 1 << 20, "{available}");
        #[cfg(target_os = "linux")]
        assert!(available < 1 << 50, "{available}");
    }
}
