//! Polynomials, their coefficients from the highest power down.

use super::{Val, stack};
use crate::ErrorKind;

impl Val {
    /// The polynomial with these coefficients, highest power first, at every element of `x`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|p: &Val, x: &Val| p.polyval(x));
    /// let y = f(&Array::from([1.0f32, 0.0, -1.0]), &Array::from([2.0f32, 3.0]))?;
    /// assert_eq!(y, Array::from([3.0f32, 8.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn polyval(self, x: impl Into<Val>) -> Val {
        let x = x.into();
        Val::derive("polyval", &[self, x], |known| {
            let dtype = super::promote::promote_all(known).dtype;
            let x = x.astype(dtype);
            if known[0].ty.rank() == 0 {
                return Err(ErrorKind::invalid("the coefficients are a scalar; give a vector of them"));
            }
            // Horner's scheme (1819).
            let n = known[0].ty.shape.dim(0);
            Ok((0..n).fold(x.zeros_like(), |sum, k| sum * x + self.astype(dtype).at(k as i64)))
        })
    }
    /// The powers of a vector as columns: `columns` of them, from the highest down to 0.
    ///
    /// ```
    /// use gradus::{Array, PowerOrder, Val, jit};
    /// let y = jit(|x: &Val| x.vander(3, PowerOrder::Decreasing))(&Array::from([2i32, 3]))?;
    /// assert_eq!(y, Array::from([[4i32, 2, 1], [9, 3, 1]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn vander(self, columns: usize, order: PowerOrder) -> Val {
        self.derive1("vander", |ty| {
            if ty.rank() != 1 {
                return Err(ErrorKind::invalid(format!("takes a vector, not {ty}; ravel it")));
            }
            if columns == 0 {
                return Ok(super::zeros([ty.shape.dim(0), 0], ty.dtype));
            }
            let mut powers: Vec<Val> = (0..columns as i64).map(|n| self.pow(n)).collect();
            if order == PowerOrder::Decreasing {
                powers.reverse();
            }
            Ok(stack(powers, 1))
        })
    }
}

/// Which power comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerOrder {
    /// 1, x, x², ..
    Increasing,
    /// .., x², x, 1: NumPy's default.
    Decreasing,
}
