//! Complex numbers: their parts, conjugates and angles.

use crate::ErrorKind;
use crate::val::Val;
use crate::val::broadcast::{Promotion, bring_all};

/// Complex numbers of these real and imaginary parts, which broadcast and promote to `f32` or `f64`.
///
/// ```
/// use gradus::{Array, Complex, Val, complex, jit};
/// let z = jit(|x: &Val| complex(*x, 2.0) * complex(0.0, 1.0))(&Array::from([3.0f32]))?;
/// assert_eq!(z.to_vec::<Complex<f32>>()?, [Complex::new(-2.0, 3.0)]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn complex(real: impl Into<Val>, imaginary: impl Into<Val>) -> Val {
    let (re, im) = (real.into(), imaginary.into());
    Val::derive("complex", &[re, im], |known| {
        let met = Promotion::Inexact.of(known);
        if met.dtype.is_complex() {
            let message = format!("takes real numbers, not {} and {}", known[0].ty, known[1].ty);
            return Err(ErrorKind::invalid(message));
        }
        let dtype = met.dtype.complex().real();
        let parts = bring_all(&[re, im], known, dtype)?;
        Ok(Val::from_ir(parts[0].complex(parts[1])).with_weak(met.weak))
    })
}

impl Val {
    /// Whether the elements are complex numbers, known while tracing.
    #[track_caller]
    pub fn is_complex(self) -> bool {
        !self.is_refused() && self.dtype().is_complex()
    }
    /// The real parts; real numbers are their own.
    ///
    /// ```
    /// use gradus::{Array, Val, complex, jit};
    /// let y = jit(|x: &Val| complex(x, 4.0).real())(&Array::from([3.0f32]))?;
    /// assert_eq!(y, Array::from([3.0f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn real(self) -> Val {
        Val::derive("real", &[self], |known| match known[0].ty.dtype.is_complex() {
            true => Ok(Val::from_ir(self.ir().real()).with_weak(known[0].weak)),
            false => Ok(self),
        })
    }
    /// The imaginary parts; those of real numbers are zero.
    ///
    /// ```
    /// use gradus::{Array, Val, complex, jit};
    /// let y = jit(|x: &Val| complex(x, 4.0).imag())(&Array::from([3.0f32]))?;
    /// assert_eq!(y, Array::from([4.0f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn imag(self) -> Val {
        Val::derive("imag", &[self], |known| match known[0].ty.dtype.is_complex() {
            true => Ok(Val::from_ir(self.ir().imag()).with_weak(known[0].weak)),
            false => Ok(self.zeros_like()),
        })
    }
    /// The complex conjugates; real numbers are their own.
    ///
    /// ```
    /// use gradus::{Array, Val, complex, jit};
    /// let y = jit(|x: &Val| complex(x, 4.0).conj().imag())(&Array::from([3.0f32]))?;
    /// assert_eq!(y, Array::from([-4.0f32]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn conj(self) -> Val {
        Val::derive("conj", &[self], |known| match known[0].ty.dtype.is_complex() {
            true => Ok(Val::from_ir(self.ir().conj()).with_weak(known[0].weak)),
            false => Ok(self),
        })
    }
    /// The angles in (-π, π] of complex numbers; that of a negative real number is π.
    ///
    /// ```
    /// use gradus::{Array, Complex, Val, jit};
    /// let y = jit(|z: &Val| z.angle())(&Array::from([Complex::new(0.0f32, 2.0)]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [std::f32::consts::FRAC_PI_2]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn angle(self) -> Val {
        Val::derive("angle", &[self], |_| Ok(self.imag().atan2(self.real())))
    }
}
