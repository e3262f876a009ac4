//! The IDX file format: a header of big-endian extents, then one unsigned byte per element.
//!
//! Format: <https://yann.lecun.com/exdb/mnist/>, section "The IDX file format".
//! A file is read only as far as its header promises, and memory for the data is asked for only after the promised
//! size has been compared with the size of the file, so that a hostile header cannot allocate.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;

/// The element type code of unsigned bytes, the only one MNIST-shaped data uses.
const UNSIGNED_BYTE: u8 = 0x08;

/// Deflate emits at most 258 bytes for 2 bits of input, so no gzip file expands further than this.
pub(super) const LARGEST_GZIP_RATIO: u64 = 1032;

/// A data file that cannot be used, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct DataError {
    /// The file or folder that is at fault.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a data file; its text says what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The folder does not exist or is none.
    #[error("no such folder; expected one that holds MNIST-shaped IDX files")]
    NoFolder,
    /// None of the names under which a file may appear exists.
    #[error("file missing; expected one of {}", names.join(", "))]
    Missing {
        /// The accepted names, in order of preference.
        names: Vec<String>,
    },
    /// The operating system refused to read the file.
    #[error("cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// The gzip stream is damaged.
    #[error("damaged gzip data: {0}")]
    DamagedGzip(std::io::Error),
    /// The first four bytes are not those of the expected kind of file.
    #[error(
        "magic number 0x{found:08x}, expected 0x{expected:08x} (unsigned bytes, {rank} {})",
        if *rank == 1 { "dimension" } else { "dimensions" }
    )]
    WrongMagic {
        /// The number read.
        found: u32,
        /// The number of the expected kind of file.
        expected: u32,
        /// How many dimensions the expected kind of file has.
        rank: usize,
    },
    /// What stands at a place of the file is not what the format has there.
    #[error("{place}: {message}")]
    Malformed {
        /// The line, the byte or the row.
        place: String,
        /// What is wrong there.
        message: String,
    },
    /// The file ends inside its header.
    #[error("truncated: the header ends after {found} bytes, expected {expected}")]
    TruncatedHeader {
        /// Bytes of header there are.
        found: usize,
        /// Bytes of header there should be.
        expected: usize,
    },
    /// The file ends before the data its header promises.
    #[error("truncated: {found} bytes of data, expected {expected} for dimensions {dims:?}")]
    Truncated {
        /// The header's dimensions.
        dims: Vec<usize>,
        /// Bytes of data there are.
        found: u64,
        /// Bytes of data there should be.
        expected: u64,
    },
    /// The header promises more than any file of this size can hold.
    #[error("absurd dimensions {dims:?}: a file of {file_bytes} bytes cannot hold so much data")]
    AbsurdDimensions {
        /// The header's dimensions.
        dims: Vec<usize>,
        /// The size of the file.
        file_bytes: u64,
    },
    /// A dimension is zero.
    #[error("empty: dimensions {dims:?}, expected none to be zero")]
    Empty {
        /// The header's dimensions.
        dims: Vec<usize>,
    },
    /// Bytes follow after the data its header promises.
    #[error(
        "trailing bytes after the end of the data, expected {expected} bytes of data for dimensions {dims:?}"
    )]
    TrailingBytes {
        /// The header's dimensions.
        dims: Vec<usize>,
        /// Bytes of data there should be.
        expected: u64,
    },
    /// The file has labels for another number of images.
    #[error("{labels} labels, expected {images}: one for each image of {}", images_path.display())]
    WrongCount {
        /// Labels in this file.
        labels: usize,
        /// Images in the other file.
        images: usize,
        /// The other file.
        images_path: PathBuf,
    },
    /// A label is no class.
    #[error("label {label} at index {index}, expected 0 to {}", classes - 1)]
    WrongLabel {
        /// The label.
        label: u8,
        /// Its place in the file.
        index: usize,
        /// The number of classes.
        classes: usize,
    },
    /// The images of the test set have another size than those of the training set.
    #[error("images of {found:?} pixels, expected {expected:?} as in {}", train_path.display())]
    WrongImageSize {
        /// Rows and columns in this file.
        found: [usize; 2],
        /// Rows and columns in the training set.
        expected: [usize; 2],
        /// The file of the training images.
        train_path: PathBuf,
    },
}

impl Fault {
    /// The error of the file at `path` with this fault.
    pub(super) fn at(self, path: &Path) -> DataError {
        DataError { path: path.to_owned(), fault: self }
    }
}

/// The contents of one IDX file of unsigned bytes: `bytes` is row-major and as long as the product of `dims`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idx {
    /// The extent of each dimension, none of which is zero.
    pub dims: Vec<usize>,
    /// The elements, last dimension fastest.
    pub bytes: Vec<u8>,
}

impl Idx {
    /// Reads the IDX file at `path`, which must have `rank` dimensions.
    ///
    /// Whether the file is gzip-compressed is seen from its contents, not from its name.
    ///
    /// # Errors
    /// The file cannot be read, is of another kind, or its size is not the one its header states.
    pub fn read(path: &Path, rank: usize) -> Result<Idx, DataError> {
        read(path, rank).map_err(|fault| fault.at(path))
    }
}

fn read(path: &Path, rank: usize) -> Result<Idx, Fault> {
    let file = File::open(path).map_err(Fault::Unreadable)?;
    let file_bytes = file.metadata().map_err(Fault::Unreadable)?.len();
    let mut file = BufReader::new(file);
    if !file.fill_buf().map_err(Fault::Unreadable)?.starts_with(&[0x1f, 0x8b]) {
        return parse(&mut file, rank, file_bytes, file_bytes);
    }
    let mut decoder = GzDecoder::new(file);
    let most = file_bytes.saturating_mul(LARGEST_GZIP_RATIO);
    let idx = parse(&mut decoder, rank, file_bytes, most)?;
    // The checksum was verified when `parse` met the end of the stream.
    let rest = decoder.into_inner().fill_buf().map_err(Fault::Unreadable)?.len();
    if rest > 0 { Err(trailing(&idx.dims)) } else { Ok(idx) }
}

/// Parses a header of `rank` dimensions and its data; `most` bounds the bytes that `source` can deliver.
fn parse(source: &mut impl Read, rank: usize, file_bytes: u64, most: u64) -> Result<Idx, Fault> {
    let dims = parse_header(source, rank)?;
    let product = dims.iter().try_fold(1u64, |product, &n| product.checked_mul(n as u64));
    let Some(expected) = product.filter(|&bytes| bytes <= most && usize::try_from(bytes).is_ok()) else {
        return Err(Fault::AbsurdDimensions { dims, file_bytes });
    };
    if expected == 0 {
        return Err(Fault::Empty { dims });
    }
    // A compressed file may still promise a thousand times its size: let the buffer grow with what arrives.
    let mut bytes = Vec::with_capacity(expected.min(file_bytes.saturating_mul(8)) as usize);
    source.take(expected).read_to_end(&mut bytes).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => {
            Fault::Truncated { dims: dims.clone(), found: bytes.len() as u64, expected }
        }
        _ => fault_of(error),
    })?;
    if (bytes.len() as u64) < expected {
        return Err(Fault::Truncated { dims, found: bytes.len() as u64, expected });
    }
    match fill(source, &mut [0]).map_err(fault_of)? {
        0 => Ok(Idx { dims, bytes }),
        _ => Err(trailing(&dims)),
    }
}

/// Reads the magic number and the extents that follow it.
fn parse_header(source: &mut impl Read, rank: usize) -> Result<Vec<usize>, Fault> {
    let expected = 4 + 4 * rank;
    let mut header = vec![0; expected];
    let found = match fill(source, &mut header) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => 0,
        Err(error) => return Err(fault_of(error)),
    };
    let words: Vec<u32> =
        header.chunks_exact(4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]])).collect();
    let magic = u32::from_be_bytes([0, 0, UNSIGNED_BYTE, rank as u8]);
    if found >= 4 && words[0] != magic {
        return Err(Fault::WrongMagic { found: words[0], expected: magic, rank });
    }
    if found < expected {
        return Err(Fault::TruncatedHeader { found, expected });
    }
    Ok(words[1..].iter().map(|&n| n as usize).collect())
}

/// Reads until `buffer` is full or the source ends, and returns how many bytes were read.
pub(super) fn fill(source: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The decoder reports damage as invalid input or an unexpected end; all else comes from the file system.
pub(super) fn fault_of(error: std::io::Error) -> Fault {
    match error.kind() {
        ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof => {
            Fault::DamagedGzip(error)
        }
        _ => Fault::Unreadable(error),
    }
}

fn trailing(dims: &[usize]) -> Fault {
    let expected = dims.iter().map(|&n| n as u64).product();
    Fault::TrailingBytes { dims: dims.to_vec(), expected }
}

#[cfg(test)]
#[path = "idx_tests.rs"]
mod tests;
