//! Trees of arrays in safetensors files, one tensor for each leaf under the leaf's path (`layers.3.w`).
//!
//! Invariant: the file at the given path is always a whole one, the old or the new. It is written beside, synced and
//! then renamed; and reading returns every leaf or none.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use gradus::{Array, Dtype, Stored, Tree, Type};
use safetensors::tensor::{Metadata, TensorInfo, View, serialize_to_file};
use safetensors::{Dtype as FileDtype, SafeTensorError};

/// The largest header the format allows.
const LARGEST_HEADER: u64 = 100_000_000;

/// The key of the header that holds notes and is no tensor.
const NOTES: &str = "__metadata__";

// The format is little-endian, and arrays hold the machine's own order.
const _: () = assert!(cfg!(target_endian = "little"), "checkpoints need a little-endian machine");

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
    write(path, tree).map_err(|fault| CheckpointError { path: path.to_owned(), fault })
}

/// The tree of the file `path`: of the structure of `like`, whose values do not matter.
///
/// # Errors
/// The file cannot be read or is damaged, or its names, shapes and element types are not those of `like`.
pub fn load<D: Stored>(path: impl AsRef<Path>, like: &D) -> Result<D, CheckpointError> {
    let path = path.as_ref();
    match read(path, like) {
        Ok(leaves) => {
            let mut leaves = leaves.into_iter();
            Ok(like.map_leaves(&mut |_| leaves.next().expect("internal: as many arrays as leaves")))
        }
        Err(fault) => Err(CheckpointError { path: path.to_owned(), fault }),
    }
}

/// A leaf as the format's writer wants it.
struct Leaf<'a>(FileDtype, Vec<usize>, &'a Array);

impl View for Leaf<'_> {
    fn dtype(&self) -> FileDtype {
        self.0
    }
    fn shape(&self) -> &[usize] {
        &self.1
    }
    fn data(&self) -> std::borrow::Cow<'_, [u8]> {
        self.2.bytes().into()
    }
    fn data_len(&self) -> usize {
        self.2.bytes().len()
    }
}

fn write(path: &Path, tree: &impl Tree<Array>) -> Result<(), CheckpointFault> {
    let mut leaves = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, array) in tree.paths().into_iter().zip(tree.leaves()) {
        let Some(dtype) = file_dtype(array.dtype()) else {
            return Err(CheckpointFault::UnsupportedDtype(name, array.dtype()));
        };
        if name == NOTES || !seen.insert(name.clone()) {
            return Err(CheckpointFault::AmbiguousPath(name));
        }
        leaves.push((name, Leaf(dtype, array.shape(), array)));
    }
    let beside = beside(path)?;
    let written = serialize_to_file(leaves, None, &beside)
        .map_err(|error| match error {
            SafeTensorError::IoError(error) => CheckpointFault::Io(error),
            error => CheckpointFault::Invalid(error.to_string()),
        })
        .and_then(|()| Ok(OpenOptions::new().write(true).open(&beside)?.sync_all()?))
        .and_then(|()| Ok(fs::rename(&beside, path)?));
    if written.is_err() {
        // Nothing else refers to this file; if it cannot be removed either, the first error is the one to report.
        let _ = fs::remove_file(&beside);
        return written;
    }
    sync_folder(path)?;
    Ok(())
}

/// A name in the folder of `path` that no other writer uses: a rename is atomic only within a file system.
fn beside(path: &Path) -> io::Result<PathBuf> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"));
    };
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}-{}.part", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    Ok(path.with_file_name(hidden))
}

/// Makes the rename itself survive a crash.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened as a file; the rename is as durable as the system makes it.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

fn read(path: &Path, like: &impl Tree<Array>) -> Result<Vec<Array>, CheckpointFault> {
    let mut file = File::open(path)?;
    let (start, metadata) = read_header(&mut file)?;
    let (paths, leaves) = (like.paths(), like.leaves());
    let differences = differences(&paths, &leaves, &metadata);
    if !differences.is_empty() {
        return Err(CheckpointFault::Mismatch(differences));
    }
    let load = |(path, leaf): (&String, &&Array)| {
        let (from, _) = metadata.info(path).expect("internal: every leaf has a tensor").data_offsets;
        file.seek(SeekFrom::Start(start + from as u64))?;
        read_leaf(&mut file, path, leaf.ty())
    };
    paths.iter().zip(&leaves).map(load).collect()
}

/// The header, with the place where the data begins; the file is as long as both say.
///
/// Nothing is allocated beyond the size that the file really has.
fn read_header(file: &mut File) -> Result<(u64, Metadata), CheckpointFault> {
    let invalid = |what: &str| CheckpointFault::Invalid(what.to_owned());
    let found = file.metadata()?.len();
    let mut length = [0; 8];
    if found < 8 {
        return Err(invalid("it is too short for a header"));
    }
    file.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > LARGEST_HEADER {
        return Err(invalid("its header is too large"));
    }
    if length > found - 8 {
        return Err(CheckpointFault::WrongSize { found, expected: 8 + length });
    }
    let mut header = vec![0; length as usize];
    file.read_exact(&mut header)?;
    let metadata: Metadata = serde_json::from_slice(&header).map_err(|error| invalid(&error.to_string()))?;
    let expected = (8 + length).saturating_add(metadata.data_len() as u64);
    if expected != found {
        return Err(CheckpointFault::WrongSize { found, expected });
    }
    Ok((8 + length, metadata))
}

/// Every leaf whose tensor is missing or of another type, and every tensor that no leaf has.
fn differences(paths: &[String], leaves: &[&Array], metadata: &Metadata) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (path, leaf) in paths.iter().zip(leaves) {
        let info = metadata.info(path);
        let fits = info
            .is_some_and(|info| Some(info.dtype) == file_dtype(leaf.dtype()) && info.shape == leaf.shape());
        if !fits {
            let expected = Some(leaf.ty().to_string());
            differences.push(Difference { path: path.clone(), found: info.map(describe), expected });
        }
    }
    let mut tensors = metadata.offset_keys();
    tensors.retain(|name| !paths.contains(name));
    differences.extend(tensors.into_iter().map(|path| {
        let found = metadata.info(&path).map(describe);
        Difference { path, found, expected: None }
    }));
    differences
}

/// Type and shape of a tensor, written like those of an array.
fn describe(info: &TensorInfo) -> String {
    let known = Dtype::ALL.iter().find(|dtype| file_dtype(**dtype) == Some(info.dtype));
    let name = known.map_or_else(|| format!("{:?}", info.dtype), |dtype| dtype.to_string());
    let extents: Vec<String> = info.shape.iter().map(usize::to_string).collect();
    format!("{name}[{}]", extents.join(","))
}

fn read_leaf(file: &mut File, path: &str, ty: &Type) -> Result<Array, CheckpointFault> {
    let mut array = Array::zeros(ty.clone());
    let bytes = array.bytes_mut().expect("internal: a new array is shared by nobody");
    file.read_exact(bytes)?;
    if ty.dtype == Dtype::Bool && bytes.iter().any(|byte| *byte > 1) {
        return Err(CheckpointFault::Invalid(format!("`{path}` has a truth value that is neither 0 nor 1")));
    }
    Ok(array)
}

/// The format's name of an element type.
fn file_dtype(dtype: Dtype) -> Option<FileDtype> {
    Some(match dtype {
        Dtype::Bool => FileDtype::BOOL,
        Dtype::U8 => FileDtype::U8,
        Dtype::U16 => FileDtype::U16,
        Dtype::U32 => FileDtype::U32,
        Dtype::U64 => FileDtype::U64,
        Dtype::I8 => FileDtype::I8,
        Dtype::I16 => FileDtype::I16,
        Dtype::I32 => FileDtype::I32,
        Dtype::I64 => FileDtype::I64,
        Dtype::BF16 => FileDtype::BF16,
        Dtype::F16 => FileDtype::F16,
        Dtype::Complex64 => FileDtype::C64,
        Dtype::F32 => FileDtype::F32,
        Dtype::F64 => FileDtype::F64,
        _ => return None,
    })
}

#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;
