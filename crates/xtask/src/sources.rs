//! The files of the repository that commands look at.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("internal: xtask lies two folders below the root").to_path_buf()
}

/// Every file below `dir` whose name ends in `.extension`, in order.
pub(crate) fn files(dir: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut all = vec![];
    collect(dir, extension, &mut all)?;
    all.sort();
    Ok(all)
}

fn collect(dir: &Path, extension: &str, all: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(&path, extension, all)?;
            }
        } else if path.extension().is_some_and(|e| e == extension) {
            all.push(path);
        }
    }
    Ok(())
}

/// The folders of all packages but the first, in order.
pub(crate) fn packages() -> Result<Vec<PathBuf>> {
    let mut all = vec![root().join("tests")];
    for parent in ["crates", "examples"] {
        for entry in std::fs::read_dir(root().join(parent))? {
            let folder = entry?.path();
            if folder.join("Cargo.toml").is_file() {
                all.push(folder);
            }
        }
    }
    all.sort();
    Ok(all)
}

/// `path` as it is named in messages: relative to the root.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
