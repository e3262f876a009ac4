//! The NIfTI-1 format: volumes of medical images, in one file (`.nii`), which may be compressed (`.nii.gz`).
//!
//! Format: <https://nifti.nimh.nih.gov/nifti-1>, the header `nifti1.h`. Memory is asked for only after the size that
//! the header promises has been compared with that of the file.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;
use gradus::Array;

use super::idx::{DataError, Fault, LARGEST_GZIP_RATIO};

const HEADER_BYTES: usize = 348;

/// A volume, with the first axis of the file (x) as the last axis of the array.
#[derive(Debug, Clone, PartialEq)]
pub struct Nifti {
    /// `[.., z, y, x]`: f32, or f64 of files that hold i32 or f64; scaled by the header's slope and intercept.
    pub voxels: Array,
    /// The distance of voxels along each axis, in the order of the axes of `voxels`.
    pub spacing: Vec<f32>,
}

impl Nifti {
    /// Reads a volume of u8, i8, u16, i16, i32, f32 or f64, of either byte order.
    ///
    /// # Errors
    /// The file cannot be read, is no NIfTI-1 file of one part, has another element type, or is shorter than its header
    /// says.
    pub fn read(path: &Path) -> Result<Nifti, DataError> {
        read(path).map_err(|fault| fault.at(path))
    }
}

fn malformed(place: impl Into<String>, message: impl Into<String>) -> Fault {
    Fault::Malformed { place: place.into(), message: message.into() }
}

fn read(path: &Path) -> Result<Nifti, Fault> {
    let file = File::open(path).map_err(Fault::Unreadable)?;
    let file_bytes = file.metadata().map_err(Fault::Unreadable)?.len();
    let mut file = BufReader::new(file);
    if file.fill_buf().map_err(Fault::Unreadable)?.starts_with(&[0x1f, 0x8b]) {
        return parse(GzDecoder::new(file), file_bytes, file_bytes.saturating_mul(LARGEST_GZIP_RATIO));
    }
    parse(file, file_bytes, file_bytes)
}

/// The numbers of a header, in the byte order of the file.
struct Header<'a> {
    bytes: &'a [u8; HEADER_BYTES],
    big: bool,
}

impl Header<'_> {
    fn take<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut bytes: [u8; N] = self.bytes[at..at + N].try_into().expect("internal: inside of the header");
        // To the order of the machine that the conversions below take for little-endian.
        if self.big {
            bytes.reverse();
        }
        bytes
    }
    fn i16(&self, at: usize) -> i16 {
        i16::from_le_bytes(self.take(at))
    }
    fn f32(&self, at: usize) -> f32 {
        f32::from_le_bytes(self.take(at))
    }
}

/// Parses a file of `file_bytes`, whose source delivers `most` bytes at most.
fn parse(mut source: impl Read, file_bytes: u64, most: u64) -> Result<Nifti, Fault> {
    let mut bytes = [0; HEADER_BYTES];
    let found = take(&mut source, &mut bytes)?;
    if found < HEADER_BYTES {
        return Err(Fault::TruncatedHeader { found, expected: HEADER_BYTES });
    }
    let big = match [bytes[0], bytes[1], bytes[2], bytes[3]] {
        [0x5c, 1, 0, 0] => false,
        [0, 0, 1, 0x5c] => true,
        size => {
            let message =
                format!("the size of the header is written as {size:?}, expected 348; no NIfTI-1 file");
            return Err(malformed("byte 0", message));
        }
    };
    let header = Header { bytes: &bytes, big };
    if &bytes[344..348] != b"n+1\0" {
        let message = format!(
            "magic {:?}, expected \"n+1\": a NIfTI-1 file of one part",
            bytes[344..348].escape_ascii().to_string()
        );
        return Err(malformed("byte 344", message));
    }
    let dims = dimensions(&header)?;
    let (width, decode) = element(&header)?;
    let offset = header.f32(108);
    if !(352.0..=1e9).contains(&offset) {
        return Err(malformed("byte 108", format!("the data begin at byte {offset}, expected 352 or more")));
    }
    let skipped = offset as u64 - HEADER_BYTES as u64;
    let product = dims.iter().try_fold(width as u64, |product, &n| product.checked_mul(n as u64));
    let Some(expected) = product.filter(|bytes| bytes.saturating_add(offset as u64) <= most) else {
        return Err(Fault::AbsurdDimensions { dims, file_bytes });
    };
    std::io::copy(&mut source.by_ref().take(skipped), &mut std::io::sink()).map_err(damaged)?;
    let mut data = Vec::with_capacity(expected.min(file_bytes.saturating_mul(8)) as usize);
    source.by_ref().take(expected).read_to_end(&mut data).map_err(damaged)?;
    if (data.len() as u64) < expected {
        return Err(Fault::Truncated { dims, found: data.len() as u64, expected });
    }
    // What follows is allowed (extensions of readers), but a damaged end of a gzip stream is not.
    std::io::copy(&mut source, &mut std::io::sink()).map_err(damaged)?;
    let (slope, intercept) = match (header.f32(112), header.f32(116)) {
        // A slope of zero, or none that is a number, says that nothing is scaled.
        (slope, intercept) if slope != 0.0 && slope.is_finite() && intercept.is_finite() => {
            (f64::from(slope), f64::from(intercept))
        }
        _ => (1.0, 0.0),
    };
    let values = data.chunks_exact_mut(width).map(|value| {
        if big {
            value.reverse();
        }
        decode(value) * slope + intercept
    });
    let shape: Vec<usize> = dims.iter().rev().copied().collect();
    let whole = "internal: as many elements as the header says";
    let voxels = match header.i16(70) {
        INT32 | FLOAT64 => Array::new(shape, values.collect::<Vec<f64>>()).expect(whole),
        _ => Array::new(shape, values.map(|x| x as f32).collect::<Vec<f32>>()).expect(whole),
    };
    let spacing = (0..dims.len()).rev().map(|axis| header.f32(76 + 4 * (axis + 1))).collect();
    Ok(Nifti { voxels, spacing })
}

fn dimensions(header: &Header<'_>) -> Result<Vec<usize>, Fault> {
    let rank = header.i16(40);
    if !(1..=7).contains(&rank) {
        return Err(malformed("byte 40", format!("{rank} dimensions, expected 1 to 7")));
    }
    let extent = |axis: usize| {
        let at = 40 + 2 * (axis + 1);
        match header.i16(at) {
            n if n > 0 => Ok(n as usize),
            n => Err(malformed(format!("byte {at}"), format!("an extent of {n}, expected 1 or more"))),
        }
    };
    (0..rank as usize).map(extent).collect()
}

const INT32: i16 = 8;
const FLOAT64: i16 = 64;

/// The bytes of an element, and its value from little-endian bytes.
fn element(header: &Header<'_>) -> Result<(usize, fn(&[u8]) -> f64), Fault> {
    macro_rules! of {
        ($T:ty) => {
            (size_of::<$T>(), |bytes: &[u8]| {
                f64::from(<$T>::from_le_bytes(bytes.try_into().expect("internal: bytes of an element")))
            })
        };
    }
    Ok(match header.i16(70) {
        2 => of!(u8),
        4 => of!(i16),
        INT32 => of!(i32),
        16 => of!(f32),
        FLOAT64 => of!(f64),
        256 => of!(i8),
        512 => of!(u16),
        code => {
            let message = format!(
                "element type {code}, expected u8, i8, u16, i16, i32, f32 or f64 (2, 256, 512, 4, 8, 16, 64)"
            );
            return Err(malformed("byte 70", message));
        }
    })
}

fn take(source: &mut impl Read, buffer: &mut [u8]) -> Result<usize, Fault> {
    super::idx::fill(source, buffer).map_err(damaged)
}

fn damaged(error: std::io::Error) -> Fault {
    super::idx::fault_of(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with the header's fields at their places, in either byte order.
    fn file(dims: &[i16], code: i16, big: bool, scale: [f32; 2], data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 352];
        let mut put = |at: usize, value: &[u8]| {
            let mut value = value.to_vec();
            if big {
                value.reverse();
            }
            bytes[at..at + value.len()].copy_from_slice(&value);
        };
        put(0, &348i32.to_le_bytes());
        put(40, &(dims.len() as i16).to_le_bytes());
        for (axis, n) in dims.iter().enumerate() {
            put(42 + 2 * axis, &n.to_le_bytes());
            put(80 + 4 * axis, &(axis as f32 + 0.5).to_le_bytes());
        }
        put(70, &code.to_le_bytes());
        put(108, &352f32.to_le_bytes());
        put(112, &scale[0].to_le_bytes());
        put(116, &scale[1].to_le_bytes());
        bytes[344..348].copy_from_slice(b"n+1\0");
        [bytes, data.to_vec()].concat()
    }

    fn parsed(bytes: &[u8]) -> Result<Nifti, Fault> {
        parse(bytes, bytes.len() as u64, bytes.len() as u64)
    }

    #[test]
    fn both_byte_orders_and_the_scale() {
        let values = [-2i16, 0, 300, 7, 8, 9];
        for big in [false, true] {
            let bytes = |x: &i16| if big { x.to_be_bytes() } else { x.to_le_bytes() };
            let data: Vec<u8> = values.iter().flat_map(bytes).collect();
            let nifti = parsed(&file(&[3, 2], 4, big, [0.5, 1.0], &data)).unwrap();
            assert_eq!(nifti.voxels, Array::from([[0.0f32, 1.0, 151.0], [4.5, 5.0, 5.5]]));
            assert_eq!(nifti.spacing, [1.5, 0.5]);
            let plain = parsed(&file(&[3, 2], 4, big, [0.0, 5.0], &data)).unwrap();
            assert_eq!(plain.voxels, Array::from([[-2.0f32, 0.0, 300.0], [7.0, 8.0, 9.0]]));
        }
    }

    #[test]
    fn every_cut_and_every_damaged_byte_of_a_header_is_an_error_or_a_volume() {
        let whole = file(&[3, 2], 2, false, [1.0, 0.0], &[1, 2, 3, 4, 5, 6]);
        for end in 0..whole.len() {
            assert!(parsed(&whole[..end]).is_err(), "{end}");
        }
        for at in 0..352 {
            for value in [0, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                // No panic, and no more memory than the file can fill.
                if let Ok(nifti) = parsed(&damaged) {
                    assert!(nifti.voxels.size() <= 6);
                }
            }
        }
    }

    #[test]
    fn faults_name_their_place() {
        let message = |bytes: &[u8]| parsed(bytes).unwrap_err().to_string();
        let huge = file(&[i16::MAX; 7], 64, false, [1.0, 0.0], &[]);
        assert!(message(&huge).starts_with("absurd dimensions [32767, 32767"), "{}", message(&huge));
        let wrong = file(&[2], 32, false, [1.0, 0.0], &[0; 16]);
        assert!(message(&wrong).starts_with("byte 70: element type 32, expected u8"), "{}", message(&wrong));
        let empty = file(&[2, 0], 2, false, [1.0, 0.0], &[]);
        assert_eq!(message(&empty), "byte 44: an extent of 0, expected 1 or more");
        assert!(message(&[7; 400]).contains("no NIfTI-1 file"));
    }
}
