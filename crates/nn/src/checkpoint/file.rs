//! Named arrays in one safetensors file, with notes beside them.
//!
//! Invariant: the file at the given path is always a whole one, the old or the new. It is written beside, synced and
//! then renamed. Arrays that share their memory are written once; the others are names of the first (`tied`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use gradus::{Array, Dtype, Type};
use safetensors::Dtype as FileDtype;
use safetensors::tensor::{Metadata, TensorInfo};
use serde::{Deserialize, Serialize};

use super::CheckpointFault;

/// The largest header the format allows.
const LARGEST_HEADER: u64 = 100_000_000;

/// The key of the header that holds notes and is no tensor.
pub(crate) const NOTES: &str = "__metadata__";

/// What a name beside the file ends in while it is written.
pub(crate) const PART: &str = ".part";

/// The one key of the notes: with two, the format's writer would put them in any order.
const SAID: &str = "gradus";

/// What a file says beside its tensors, as JSON.
#[derive(Default, Serialize, Deserialize)]
struct Said {
    /// The names that stand for other tensors.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tied: BTreeMap<String, String>,
    /// What the writer said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notes: Option<String>,
}

// The format is little-endian, and arrays hold the machine's own order.
const _: () = assert!(cfg!(target_endian = "little"), "checkpoints need a little-endian machine");

/// Writes `arrays` and `notes` to the file `path`, which it replaces.
pub(crate) fn write(
    path: &Path,
    arrays: Vec<(String, &Array)>,
    notes: Option<String>,
) -> Result<(), CheckpointFault> {
    let (header, data) = prepare(arrays, notes)?;
    replace(path, |out| {
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(&header)?;
        data.iter().try_for_each(|array| out.write_all(array.bytes()))
    })?;
    Ok(())
}

/// Replaces the file `path` by what `fill` writes, as a whole or not at all; it has the permissions of a new file.
pub(crate) fn replace(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let beside = beside(path)?;
    let fill_file = || {
        let file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
        let mut out = BufWriter::with_capacity(1 << 20, file);
        fill(&mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&beside, path)
    };
    let written = fill_file();
    if written.is_err() {
        // Nothing else refers to this file; if it cannot be removed either, the first error is the one to report.
        let _ = fs::remove_file(&beside);
        return written;
    }
    sync_folder(path)
}

/// The header, and the arrays in the order of their bytes.
fn prepare(
    arrays: Vec<(String, &Array)>,
    notes: Option<String>,
) -> Result<(Vec<u8>, Vec<&Array>), CheckpointFault> {
    let mut seen = BTreeSet::new();
    let mut tied: BTreeMap<String, String> = BTreeMap::new();
    let mut kept: Vec<(String, FileDtype, &Array)> = Vec::new();
    for (name, array) in arrays {
        let Some(dtype) = file_dtype(array.dtype()) else {
            return Err(CheckpointFault::UnsupportedDtype(name, array.dtype()));
        };
        if name == NOTES || !seen.insert(name.clone()) {
            return Err(CheckpointFault::AmbiguousPath(name));
        }
        let same = |other: &Array| other.shares_buffer(array) && other.ty() == array.ty();
        match kept.iter().find(|(.., other)| same(other)) {
            Some((first, ..)) => drop(tied.insert(name, first.clone())),
            None => kept.push((name, dtype, array)),
        }
    }
    // By falling alignment, then by name, so that every tensor is aligned.
    kept.sort_by(|(left, l, _), (right, r, _)| r.cmp(l).then(left.cmp(right)));
    let mut end = 0;
    let info = |(name, dtype, array): &(String, FileDtype, &Array)| {
        let begin = end;
        end += array.bytes().len();
        (name.clone(), TensorInfo { dtype: *dtype, shape: array.shape(), data_offsets: (begin, end) })
    };
    let infos = kept.iter().map(info).collect();
    let invalid = |error: &dyn std::fmt::Display| CheckpointFault::Invalid(error.to_string());
    let is_silent = tied.is_empty() && notes.is_none();
    let said = serde_json::to_string(&Said { tied, notes }).map_err(|error| invalid(&error))?;
    let said = (!is_silent).then(|| HashMap::from([(SAID.to_owned(), said)]));
    let metadata = Metadata::new(said, infos).map_err(|error| invalid(&error))?;
    let mut header = serde_json::to_vec(&metadata).map_err(|error| invalid(&error))?;
    header.resize(header.len().next_multiple_of(8), b' ');
    Ok((header, kept.into_iter().map(|(.., array)| array).collect()))
}

/// A name in the folder of `path` that no other writer uses: a rename is atomic only within a file system.
pub(crate) fn beside(path: &Path) -> io::Result<PathBuf> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"));
    };
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}-{}{PART}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    Ok(path.with_file_name(hidden))
}

/// Makes the rename itself survive a crash.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened as a file; the rename is as durable as the system makes it.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A safetensors file whose header was read and found to fit the file.
pub(crate) struct Opened {
    file: File,
    start: u64,
    metadata: Metadata,
    said: Said,
}

impl Opened {
    /// Reads and checks the header: tensors lie one after the other, and the file is as long as they say.
    pub(crate) fn open(path: &Path) -> Result<Opened, CheckpointFault> {
        let mut file = File::open(path)?;
        let (start, metadata) = read_header(&mut file)?;
        let said = match metadata.metadata().as_ref().and_then(|notes| notes.get(SAID)) {
            Some(text) => serde_json::from_str(text)
                .map_err(|error| CheckpointFault::Invalid(format!("its notes: {error}")))?,
            None => Said::default(),
        };
        Ok(Opened { file, start, metadata, said })
    }

    /// What was said when it was written.
    pub(crate) fn notes(&self) -> Option<&str> {
        self.said.notes.as_deref()
    }

    /// The names of all tensors, as they lie in the file, then the names that stand for another one.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = self.metadata.offset_keys();
        names.extend(self.said.tied.keys().cloned());
        names
    }

    /// The name of the tensor that `name` stands for, most often itself.
    pub(crate) fn stored_as<'a>(&'a self, name: &'a str) -> &'a str {
        self.said.tied.get(name).map_or(name, String::as_str)
    }

    pub(crate) fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.metadata.info(self.stored_as(name))
    }

    /// The tensor of that name, which is there and of an element type that arrays have.
    pub(crate) fn read(&mut self, name: &str) -> Result<Array, CheckpointFault> {
        let unsupported =
            || CheckpointFault::Invalid(format!("`{name}` has elements that arrays cannot hold"));
        let info = self.info(name).expect("internal: only known tensors are read");
        let dtype = dtype_of(info.dtype).ok_or_else(unsupported)?;
        let (begin, _) = info.data_offsets;
        let mut array = Array::zeros(Type::new(dtype, info.shape.clone()));
        self.file.seek(SeekFrom::Start(self.start + begin as u64))?;
        let bytes = array.bytes_mut().expect("internal: a new array is shared by nobody");
        self.file.read_exact(bytes)?;
        if dtype == Dtype::Bool && bytes.iter().any(|byte| *byte > 1) {
            return Err(CheckpointFault::Invalid(format!(
                "`{name}` has a truth value that is neither 0 nor 1"
            )));
        }
        Ok(array)
    }
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

/// The type that an array of it has; `None` if there is none.
pub(crate) fn type_of(info: &TensorInfo) -> Option<Type> {
    dtype_of(info.dtype).map(|dtype| Type::new(dtype, info.shape.clone()))
}

/// Type and shape of a tensor, written like those of an array.
pub(crate) fn describe(info: &TensorInfo) -> String {
    let name = dtype_of(info.dtype).map_or_else(|| format!("{:?}", info.dtype), |dtype| dtype.to_string());
    let extents: Vec<String> = info.shape.iter().map(usize::to_string).collect();
    format!("{name}[{}]", extents.join(","))
}

fn dtype_of(dtype: FileDtype) -> Option<Dtype> {
    Dtype::ALL.iter().copied().find(|known| file_dtype(*known) == Some(dtype))
}

/// The format's name of an element type.
pub(crate) fn file_dtype(dtype: Dtype) -> Option<FileDtype> {
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
