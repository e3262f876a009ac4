//! Rust literals as values: a table of numbers, written into a trace only when an operation reads them.
//!
//! So a literal takes the element type of the other operand without being rounded first, and may be made
//! before any trace is open. Invariant: an index once given stands for the same number for ever.

use crate::{Array, Complex, Dtype, ErrorKind};
use gradus_ir::ops::source::Source;
use gradus_ir::{Kind, Type, bind1, trace as ir};
use rustc_hash::FxHashMap;
use std::fmt;
use std::sync::{LazyLock, Mutex, PoisonError};

/// A number written in the user's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Literal {
    /// The bits of an `f64`.
    Float(u64),
    /// The bits of the parts of a complex number.
    Complex(u64, u64),
    /// An integer.
    Int(i64),
    /// A truth value; never weak.
    Bool(bool),
}

#[derive(Default)]
struct Table {
    all: Vec<Literal>,
    index: FxHashMap<Literal, u32>,
}
static TABLE: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);

impl Literal {
    /// The place in the table; the same for the same number.
    pub(crate) fn index(self) -> u32 {
        let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
        let table = &mut *table;
        *table.index.entry(self).or_insert_with(|| {
            table.all.push(self);
            u32::try_from(table.all.len() - 1).expect("internal: fewer than 2^31 literals")
        })
    }
    /// The number at a place of the table.
    pub(crate) fn at(index: u32) -> Literal {
        TABLE.lock().unwrap_or_else(PoisonError::into_inner).all[index as usize]
    }
    /// The element type when nothing else decides.
    pub(crate) fn dtype(self) -> Dtype {
        match self {
            Literal::Float(_) => Dtype::F32,
            Literal::Complex(..) => Dtype::Complex64,
            Literal::Int(_) => Dtype::I32,
            Literal::Bool(_) => Dtype::Bool,
        }
    }
    pub(crate) fn is_weak(self) -> bool {
        !matches!(self, Literal::Bool(_))
    }
    /// Whether it becomes an element of `dtype` without a conversion that cuts something off.
    pub(crate) fn fits_kind_of(self, dtype: Dtype) -> bool {
        match self {
            Literal::Float(_) => dtype.is_inexact(),
            Literal::Complex(..) => dtype.is_complex(),
            Literal::Int(_) | Literal::Bool(_) => true,
        }
    }
    /// The number, if it was written as an integer.
    pub(crate) fn integer(self) -> Option<i64> {
        match self {
            Literal::Int(n) => Some(n),
            _ => None,
        }
    }
    /// The number as data of element type `dtype`: floats are rounded once; a negative integer wraps in an
    /// unsigned type, as the bits of a constant are often written.
    ///
    /// # Errors
    /// If an integer does not fit.
    pub(crate) fn array(self, dtype: Dtype) -> Result<Array, ErrorKind> {
        let ty = Type::scalar(dtype);
        Ok(match self {
            Literal::Float(bits) => Array::from_f64(&ty, [f64::from_bits(bits)]),
            Literal::Complex(re, im) => {
                Array::from_complex(&ty, [Complex::new(f64::from_bits(re), f64::from_bits(im))])
            }
            Literal::Bool(x) => Array::from_i128(dtype, x.into()),
            Literal::Int(x) if dtype.is_inexact() => Array::from_i128(dtype, x.into()),
            Literal::Int(x) if dtype == Dtype::Bool => Array::from_i128(dtype, (x != 0).into()),
            Literal::Int(x) => {
                let bits = 8 * dtype.size_bytes() as u32;
                let (low, high) = match dtype.kind() {
                    Kind::Unsigned => (-(1i128 << (bits - 1)), (1i128 << bits) - 1),
                    _ => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
                };
                if !(low..=high).contains(&i128::from(x)) {
                    let message =
                        format!("the literal {x} does not fit {dtype}; convert the other operand first");
                    return Err(ErrorKind::invalid(message));
                }
                Array::from_i128(dtype, x.into())
            }
        })
    }
    /// Writes the number into the innermost trace as a scalar of `dtype`.
    #[track_caller]
    pub(crate) fn write(self, dtype: Dtype) -> gradus_ir::Val {
        match self.array(dtype) {
            Ok(array) => bind1(Source::Constant(array), &[]),
            Err(kind) => ir::refuse(crate::Error::new("literal", kind, ir::current_place())),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Float(bits) => write!(f, "{:?}", f64::from_bits(*bits)),
            Literal::Complex(re, im) => {
                write!(f, "{:?}", Complex::new(f64::from_bits(*re), f64::from_bits(*im)))
            }
            Literal::Int(x) => write!(f, "{x}"),
            Literal::Bool(x) => write!(f, "{x}"),
        }
    }
}
