//! Trees of arrays in safetensors files, one tensor for each leaf under the leaf's path (`layers.3.w`).
//!
//! Invariant: the file at the given path is always a whole one, the old or the new; and reading returns every leaf or
//! none. Leaves that share their memory are stored once.

pub(crate) mod file;
mod rotation;

pub use rotation::{Checkpoints, Goal, Snapshot};

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use gradus::{Array, Dtype, Stored, Tree};

use file::{Opened, describe};

/// A checkpoint that cannot be written or read, and why.
#[derive(Debug, thiserror::Error)]
#[error("checkpoint {}: {fault}", path.display())]
pub struct CheckpointError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: CheckpointFault,
}

/// What is wrong with a checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointFault {
    /// The operating system refused to read or write the file.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The file is no valid safetensors file.
    #[error("not a valid safetensors file: {0}")]
    Invalid(String),
    /// The file is shorter or longer than its header says.
    #[error("{found} bytes, expected {expected} by its header")]
    WrongSize {
        /// Bytes there are.
        found: u64,
        /// Bytes there should be.
        expected: u64,
    },
    /// The tensors of the file are not the leaves of the tree; all differences are listed.
    #[error("does not fit the tree:{}", .0.iter().map(|difference| format!("\n  {difference}")).collect::<String>())]
    Mismatch(Vec<Difference>),
    /// Two leaves have one path, or a leaf has the format's reserved name, so that the file could not be read back.
    #[error("the tree cannot be saved: a leaf's path `{0}` is reserved or not its own")]
    AmbiguousPath(String),
    /// The format, or this version of gradus, has no such element type.
    #[error("`{0}` has elements of type {1}, which a checkpoint cannot hold")]
    UnsupportedDtype(String, Dtype),
    /// The file is damaged, or is of a kind that is not read.
    #[error("{0}")]
    Damaged(String),
    /// A new run would overwrite the checkpoints of another one.
    #[error("the folder holds checkpoints of a run; go on with it by `.resuming()`, or name another folder")]
    Taken,
}

/// One difference between a tree and a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The path of the leaf, which is the name of the tensor.
    pub path: String,
    /// Type and shape of the tensor in the file; `None` if there is none.
    pub found: Option<String>,
    /// Type and shape of the leaf; `None` if the tree has no such leaf.
    pub expected: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
        let path = if self.path.is_empty() { "the only leaf" } else { &self.path };
        write!(f, "{path}: {} in the file, expected {}", or_none(&self.found), or_none(&self.expected))
    }
}

/// Writes every leaf of `tree` to the file `path`, which it replaces.
///
/// ```
/// use gradus::{Array, Tree};
/// #[derive(Tree)]
/// struct Dense<T = Array> { w: T, b: T }
///
/// let path = std::env::temp_dir().join(format!("gradus-doc-{}.safetensors", std::process::id()));
/// let dense = Dense { w: Array::from(2.0f32), b: Array::from(3.0f32) };
/// gradus_nn::save(&path, &dense)?;
/// let zero = Dense { w: Array::from(0.0f32), b: Array::from(0.0f32) };
/// assert_eq!(gradus_nn::load(&path, &zero)?.b, dense.b);
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), gradus_nn::CheckpointError>(())
/// ```
///
/// # Errors
/// The file cannot be written, or the paths of the tree are not unique. Then the old file is as it was.
pub fn save(path: impl AsRef<Path>, tree: &impl Tree<Array>) -> Result<(), CheckpointError> {
    let path = path.as_ref();
    let leaves = tree.paths().into_iter().zip(tree.leaves()).collect();
    file::write(path, leaves, None).map_err(|fault| fault.of(path))
}

/// The tree of the file `path`: of the structure of `like`, whose values do not matter.
///
/// # Errors
/// The file cannot be read or is damaged, or its names, shapes and element types are not those of `like`.
pub fn load<D: Stored>(path: impl AsRef<Path>, like: &D) -> Result<D, CheckpointError> {
    let path = path.as_ref();
    let read = || read_tree(&mut Opened::open(path)?, "", like, |_| false);
    read().map_err(|fault| fault.of(path))
}

impl CheckpointFault {
    /// The error that names the file.
    pub(crate) fn of(self, path: &Path) -> CheckpointError {
        CheckpointError { path: path.to_owned(), fault: self }
    }
}

/// The tree whose leaves are named by `prefix` and their path; other tensors than those that `ignore` wants are none.
fn read_tree<D: Stored>(
    file: &mut Opened,
    prefix: &str,
    like: &D,
    ignore: impl Fn(&str) -> bool,
) -> Result<D, CheckpointFault> {
    let names: Vec<String> = like.paths().into_iter().map(|path| format!("{prefix}{path}")).collect();
    let differences = differences(&names, &like.leaves(), file, ignore);
    if !differences.is_empty() {
        return Err(CheckpointFault::Mismatch(differences));
    }
    let mut read = BTreeMap::new();
    let mut leaves = Vec::new();
    for name in &names {
        let stored = file.stored_as(name).to_owned();
        if !read.contains_key(&stored) {
            read.insert(stored.clone(), file.read(&stored)?);
        }
        leaves.push(read[&stored].clone());
    }
    let mut leaves = leaves.into_iter();
    Ok(like.map_leaves(&mut |_| leaves.next().expect("internal: as many arrays as leaves")))
}

/// Every leaf whose tensor is missing or of another type, and every tensor that no leaf has.
fn differences(
    names: &[String],
    leaves: &[&Array],
    file: &Opened,
    ignore: impl Fn(&str) -> bool,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (name, leaf) in names.iter().zip(leaves) {
        let info = file.info(name);
        let fits = info.is_some_and(|info| {
            Some(info.dtype) == file::file_dtype(leaf.dtype()) && info.shape == leaf.shape()
        });
        if !fits {
            let expected = Some(leaf.ty().to_string());
            differences.push(Difference { path: name.clone(), found: info.map(describe), expected });
        }
    }
    let unexpected = file.names().into_iter().filter(|name| {
        let is_read = names.iter().any(|read| read == name || file.stored_as(read) == name);
        !is_read && !ignore(name)
    });
    differences.extend(unexpected.map(|path| {
        let found = file.info(&path).map(describe);
        Difference { path, found, expected: None }
    }));
    differences
}

#[cfg(test)]
mod tests;
