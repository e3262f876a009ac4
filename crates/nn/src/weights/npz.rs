//! NumPy's `npz`: a ZIP archive of `npy` files.
//!
//! Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>. Objects are never unpickled.

use gradus::{Array, Dtype, Type};

use super::moves::permuted;
use super::zip::Archive;
use super::{Foreign, damaged, of_bytes};
use crate::CheckpointFault;

/// What the names of the arrays end in.
const ENDING: &str = ".npy";

/// The first bytes that are read of a file for its header, which is short.
const LONGEST_HEADER: u64 = 12 + 16_384;

/// An `npz` archive.
pub(super) struct Npz(pub(super) Archive);

/// What an `npy` header says, and where the data begins.
struct Header {
    ty: Type,
    is_fortran: bool,
    begin: u64,
}

impl Npz {
    fn header(&mut self, name: &str) -> Result<Header, CheckpointFault> {
        let invalid = |what: &str| damaged(format!("`{name}` is no array that is read here: {what}"));
        let file = format!("{name}{ENDING}");
        let bytes = self.0.read(&file, LONGEST_HEADER)?;
        if bytes.len() < 12 || !bytes.starts_with(b"\x93NUMPY") {
            return Err(invalid("it does not begin as an npy file"));
        }
        let (begin, length) = match bytes[6] {
            1 => (10, u64::from(u16::from_le_bytes([bytes[8], bytes[9]]))),
            _ => (12, u64::from(u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]))),
        };
        let end = begin + length;
        let text = bytes.get(begin as usize..end as usize).ok_or_else(|| invalid("its header is cut off"))?;
        let text = std::str::from_utf8(text).map_err(|_| invalid("its header is no text"))?;
        let descr =
            after(text, "'descr':").and_then(quoted).ok_or_else(|| invalid("it has fields of its own"))?;
        let dtype = dtype(descr).ok_or_else(|| invalid(&format!("its elements are of the type {descr}")))?;
        let order = after(text, "'fortran_order':").ok_or_else(|| invalid("its order is missing"))?;
        let shape = after(text, "'shape':").and_then(shape).ok_or_else(|| invalid("its shape is missing"))?;
        let count = shape.iter().try_fold(dtype.size_bytes() as u64, |all, n| all.checked_mul(*n as u64));
        if count.and_then(|count| count.checked_add(end)) != self.0.size(&file) {
            return Err(invalid("it is not as long as its shape says"));
        }
        Ok(Header { ty: Type::new(dtype, shape), is_fortran: order.starts_with("True"), begin: end })
    }
}

impl Foreign for Npz {
    fn names(&self) -> Vec<String> {
        self.0.names().filter_map(|name| name.strip_suffix(ENDING)).map(str::to_owned).collect()
    }
    fn ty(&mut self, name: &str) -> Result<Type, CheckpointFault> {
        Ok(self.header(name)?.ty)
    }
    fn read(&mut self, name: &str) -> Result<Array, CheckpointFault> {
        let Header { ty, is_fortran, begin } = self.header(name)?;
        let bytes = self.0.read(&format!("{name}{ENDING}"), u64::MAX)?;
        let bytes = &bytes[begin as usize..];
        if !is_fortran {
            return of_bytes(name, ty, bytes);
        }
        // The first axis is the fastest: the array of the turned shape, turned.
        let turned: Vec<usize> = ty.shape.dims().iter().rev().copied().collect();
        let axes: Vec<usize> = (0..turned.len()).rev().collect();
        Ok(permuted(&of_bytes(name, Type::new(ty.dtype, turned), bytes)?, &axes))
    }
}

/// What follows `key` in a header, without blanks before it.
fn after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    Some(text.split_once(key)?.1.trim_start())
}

/// The text between quotes, with which `text` begins.
fn quoted(text: &str) -> Option<&str> {
    Some(text.strip_prefix('\'')?.split_once('\'')?.0)
}

/// The extents in parentheses, with which `text` begins.
fn shape(text: &str) -> Option<Vec<usize>> {
    let (extents, _) = text.strip_prefix('(')?.split_once(')')?;
    let extents = extents.split(',').map(str::trim).filter(|extent| !extent.is_empty());
    extents.map(|extent| extent.parse().ok()).collect()
}

fn dtype(descr: &str) -> Option<Dtype> {
    Some(match descr {
        "|b1" => Dtype::Bool,
        "|u1" => Dtype::U8,
        "<u2" => Dtype::U16,
        "<u4" => Dtype::U32,
        "<u8" => Dtype::U64,
        "|i1" => Dtype::I8,
        "<i2" => Dtype::I16,
        "<i4" => Dtype::I32,
        "<i8" => Dtype::I64,
        "<f2" => Dtype::F16,
        "<f4" => Dtype::F32,
        "<f8" => Dtype::F64,
        "<c8" => Dtype::Complex64,
        "<c16" => Dtype::Complex128,
        _ => return None,
    })
}
