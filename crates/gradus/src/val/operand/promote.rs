//! Promotion of element types: JAX's lattice with its 64-bit types always there and defaults of 32 bits
//! (its mode `jax_explicit_x64_dtypes=allow` with x64 off).
//!
//! bool < integers < floats < complex numbers. A weak type yields to every type that is not of a lower kind;
//! an unsigned and a
//! signed integer meet in a signed one that holds both if 32 bits do, else in `i32` or the signed one's own
//! width; `u64` and a signed integer meet in a weak `f32`.

use crate::val::Known;
use crate::{Dtype, ErrorKind};
use gradus_ir::Kind;

/// An element type with its mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Promoted {
    pub(crate) dtype: Dtype,
    pub(crate) weak: bool,
}

impl Promoted {
    pub(crate) fn strong(dtype: Dtype) -> Promoted {
        Promoted { dtype, weak: false }
    }
    /// `bool` counts as `i32`: for functions of numbers.
    pub(crate) fn numeric(self) -> Promoted {
        if self.dtype == Dtype::Bool { Promoted { dtype: Dtype::I32, ..self } } else { self }
    }
    /// Integers and `bool` count as floats: for functions of floats. 64-bit integers become `f64`.
    pub(crate) fn inexact(self) -> Promoted {
        let dtype = match self.dtype.kind() {
            Kind::Signed | Kind::Unsigned if self.dtype.size_bytes() == 8 => Dtype::F64,
            Kind::Bool | Kind::Signed | Kind::Unsigned => Dtype::F32,
            _ => self.dtype,
        };
        Promoted { dtype, ..self }
    }
}

impl From<&Known> for Promoted {
    fn from(known: &Known) -> Promoted {
        Promoted { dtype: known.ty.dtype, weak: known.weak }
    }
}

/// bool, integers, floats, complex numbers: later ones win over weak earlier ones.
fn rank(dtype: Dtype) -> u8 {
    match dtype.kind() {
        Kind::Bool => 0,
        Kind::Signed | Kind::Unsigned => 1,
        Kind::Complex => 3,
        _ => 2,
    }
}

/// The element type in which two operands meet.
pub(crate) fn promote(a: Promoted, b: Promoted) -> Promoted {
    if a == b {
        return a;
    }
    if let Some(met) = complex_and_float(a, b).or_else(|| complex_and_float(b, a)) {
        return met;
    }
    if a.weak != b.weak {
        let (weak, strong) = if a.weak { (a, b) } else { (b, a) };
        return if rank(weak.dtype) > rank(strong.dtype) { weak } else { strong };
    }
    if a.weak || rank(a.dtype) != rank(b.dtype) {
        return if rank(b.dtype) > rank(a.dtype) { b } else { a };
    }
    let wider = if b.dtype.size_bytes() > a.dtype.size_bytes() { b } else { a };
    match (a.dtype.kind(), b.dtype.kind()) {
        (Kind::Signed, Kind::Unsigned) => signs(b.dtype, a.dtype),
        (Kind::Unsigned, Kind::Signed) => signs(a.dtype, b.dtype),
        // Two floats of the same size with different bits meet above both.
        (Kind::Float, Kind::Float) if a.dtype.size_bytes() == b.dtype.size_bytes() && a.dtype != b.dtype => {
            Promoted::strong(Dtype::F32)
        }
        _ => wider,
    }
}

/// Where complex numbers and strong floats meet: the parts are as wide as either.
fn complex_and_float(complex: Promoted, float: Promoted) -> Option<Promoted> {
    let both = complex.dtype.is_complex() && float.dtype.is_float() && !float.weak;
    let wide = [complex.dtype, float.dtype.complex()].contains(&Dtype::Complex128);
    both.then(|| Promoted::strong(if wide { Dtype::Complex128 } else { Dtype::Complex64 }))
}

/// Where an unsigned and a signed integer meet.
fn signs(unsigned: Dtype, signed: Dtype) -> Promoted {
    let (u, s) = (unsigned.size_bytes(), signed.size_bytes());
    if u == 8 {
        return Promoted { dtype: Dtype::F32, weak: true };
    }
    Promoted::strong(if s > u { signed } else { signed_of_size(2 * u) })
}

/// The signed type of `bytes` bytes, or the widest default.
fn signed_of_size(bytes: usize) -> Dtype {
    let fits = |d: &&Dtype| d.kind() == Kind::Signed && d.size_bytes() == bytes && bytes <= 4;
    Dtype::ALL.iter().find(fits).copied().unwrap_or(Dtype::I32)
}

/// The element type in which all operands meet.
pub(crate) fn promote_all<'a>(all: impl IntoIterator<Item = &'a Known>) -> Promoted {
    all.into_iter().map(Promoted::from).reduce(promote).expect("internal: at least one operand")
}

/// The element type in which two meet that are not weak: `jnp.promote_types`.
///
/// ```
/// use gradus::{Dtype, promote_types};
/// assert_eq!(promote_types(Dtype::I64, Dtype::F16), Dtype::F16);
/// assert_eq!(promote_types(Dtype::F16, Dtype::BF16), Dtype::F32);
/// ```
pub fn promote_types(a: Dtype, b: Dtype) -> Dtype {
    promote(Promoted::strong(a), Promoted::strong(b)).dtype
}

/// The element type in which all operands meet, known while tracing; literals and other weak ones yield.
///
/// ```
/// use gradus::{Dtype, Val, result_type, trace};
/// let p = trace(|x: &Val| x.astype(result_type([*x, 1.0.into()])));
/// # let _ = p;
/// ```
#[track_caller]
pub fn result_type(all: impl IntoIterator<Item = impl Into<crate::val::Val>>) -> Dtype {
    crate::val::at_caller("result_type", || {
        let known = all.into_iter().map(|v| {
            let v: crate::val::Val = v.into();
            Promoted { dtype: v.dtype(), weak: v.is_weak() }
        });
        let none = || ErrorKind::invalid("there are no operands; give at least one");
        match known.reduce(promote) {
            Some(met) => met.dtype,
            // Unwinds to the enclosing trace with the error.
            None => crate::val::Val::derive("result_type", &[], |_| Err(none())).dtype(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weak_type_yields_to_its_kind_and_above() {
        let weak = |dtype| Promoted { dtype, weak: true };
        let strong = Promoted::strong;
        assert_eq!(promote(weak(Dtype::F32), strong(Dtype::F64)), strong(Dtype::F64));
        assert_eq!(promote(weak(Dtype::I32), strong(Dtype::U8)), strong(Dtype::U8));
        assert_eq!(promote(strong(Dtype::I64), weak(Dtype::F32)), weak(Dtype::F32));
        assert_eq!(promote(weak(Dtype::I32), weak(Dtype::F32)), weak(Dtype::F32));
        assert_eq!(promote(strong(Dtype::Bool), weak(Dtype::I32)), weak(Dtype::I32));
    }

    #[test]
    fn integers_of_both_signs_meet_in_a_signed_one() {
        let meet = |a, b| promote(Promoted::strong(a), Promoted::strong(b)).dtype;
        assert_eq!(meet(Dtype::U32, Dtype::I32), Dtype::I32);
        assert_eq!(meet(Dtype::I64, Dtype::U32), Dtype::I64);
        assert_eq!(meet(Dtype::U8, Dtype::I32), Dtype::I32);
    }
}
