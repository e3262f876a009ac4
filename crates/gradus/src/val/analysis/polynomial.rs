//! Polynomials, their coefficients from the highest power down.

use crate::val::promote::promote_all;
use crate::val::{Known, Val, concatenate, stack, strict, where_, zeros};
use crate::{Array, Complex, Dtype, ErrorKind, linalg};

/// Above this degree powers overflow or vanish for all numbers but those near 1.
const LARGEST_DEGREE: usize = 1000;

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
            let dtype = promote_all(known).dtype;
            let x = x.astype(dtype);
            if known[0].ty.rank() == 0 {
                return Err(ErrorKind::invalid("the coefficients are a scalar; give a vector of them"));
            }
            // Horner's scheme (1819).
            let n = known[0].ty.shape.dim(0);
            strict::written_out(n, "coefficients")?;
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
                return Ok(zeros([ty.shape.dim(0), 0], ty.dtype));
            }
            let mut powers: Vec<Val> = (0..columns as i64).map(|n| self.pow(n)).collect();
            if order == PowerOrder::Decreasing {
                powers.reverse();
            }
            Ok(stack(powers, 1))
        })
    }
    /// The coefficients of the polynomial of `degree` that is nearest to `y` at the points `self`, in the sense of
    /// least squares: `[n]` and `[n]` give `[degree + 1]`, `[n]` and `[n, k]` give `[degree + 1, k]`.
    ///
    /// # Errors
    /// If the points are no vector, or there is not one value for each.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val, y: &Val| x.polyfit(y, 1));
    /// let p = f(&Array::from([0.0f64, 1.0, 2.0]), &Array::from([1.0f64, 3.0, 5.0]))?;
    /// assert!((p.to_vec::<f64>()?[0] - 2.0).abs() < 1e-12);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn polyfit(self, y: impl Into<Val>, degree: usize) -> Val {
        fit(self, y.into(), None, degree)
    }
    /// [`Val::polyfit`] where the distance at every point counts as often as `weights`, `[n]`, say, before it is
    /// squared.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let (y, w) = (Array::from([0.0f64, 2.0, 9.0]), Array::from([1.0f64, 1.0, 0.0]));
    /// let f = jit(move |x: &Val| x.polyfit_weighted(&y, &w, 1));
    /// let y = f(&Array::from([0.0f64, 1.0, 2.0]))?;
    /// assert!(y.to_f64_vec().iter().zip([2.0, 0.0]).all(|(a, b)| (a - b).abs() < 1e-5));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn polyfit_weighted(self, y: impl Into<Val>, weights: impl Into<Val>, degree: usize) -> Val {
        fit(self, y.into(), Some(weights.into()), degree)
    }
    /// The zeros of the polynomial with these coefficients, complex numbers `[n - 1]`: eigenvalues of its companion
    /// matrix. For every leading coefficient that is zero a NaN stands at the end, as JAX's `strip_zeros=False`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|p: &Val| p.roots().real().sort(0))(&Array::from([1.0f64, -3.0, 2.0]))?;
    /// assert!(y.to_vec::<f64>()?.iter().zip([1.0, 2.0]).all(|(a, b)| (a - b).abs() < 1e-12));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn roots(self) -> Val {
        Val::derive("roots", &[self], |known| {
            let n = coefficients(&known[0])?;
            let dtype = promote_all(known).inexact().dtype;
            if n < 2 {
                return Ok(zeros([0], dtype.complex()));
            }
            let p = self.astype(dtype);
            let zero = p.eq(0);
            // The first coefficient that is not zero comes first; a polynomial of zeros has none.
            let leading = where_(zero.all(), n, zero.astype(Dtype::I32).argmin(0));
            let p = where_(leading.eq(n), 1.0, p);
            let p = p.take((crate::val::arange(n) + leading) % n as i64, 0);
            let found = linalg::eigvals(linalg::companion(p));
            let found = found.take(found.eq(0).argsort(0), 0);
            let has = crate::val::arange(n - 1).lt(n as i64 - 1 - leading);
            Ok(where_(has, found, Complex::new(f64::NAN, f64::NAN)).astype(found.dtype()))
        })
    }
    /// The coefficients of the polynomial of leading coefficient 1 with these zeros, `[n]` to `[n + 1]`, or with the
    /// eigenvalues of a square matrix as its zeros.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.poly())(&Array::from([1.0f32, 2.0]))?;
    /// assert_eq!(y, Array::from([1.0f32, -3.0, 2.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn poly(self) -> Val {
        Val::derive("poly", &[self], |known| {
            let ty = &known[0].ty;
            let dtype = promote_all(known).inexact().dtype;
            let x = self.astype(dtype).atleast_1d();
            let roots = match ty.shape.dims()[..] {
                [] | [_] => x,
                [m, n] if m == n && n > 0 => linalg::eigvals(x),
                _ => return Err(ErrorKind::invalid(format!("takes a vector or a square matrix, not {ty}"))),
            };
            strict::written_out(roots.size(), "roots")?;
            let one = zeros([1], roots.dtype()).ones_like();
            Ok((0..roots.size())
                .fold(one, |p, k| p.pad([(0, 1)], 0) - roots.at(k as i64) * p.pad([(1, 0)], 0)))
        })
    }
    /// The sum of two polynomials; the shorter one lacks its highest powers.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|p: &Val| (p.polyadd(p), p.polysub(&Array::from([1i32]))));
    /// let (double, less) = f(&Array::from([2i32, 3]))?;
    /// assert_eq!((double, less), (Array::from([4i32, 6]), Array::from([2i32, 2])));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn polyadd(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("polyadd", &[self, other], |known| {
            let [m, n] = [coefficients(&known[0])?, coefficients(&known[1])?];
            let wide = |p: Val, own: usize| p.pad([(m.max(n) - own, 0)], 0);
            Ok(wide(self, m) + wide(other, n))
        })
    }
    /// The difference of two polynomials; the shorter one lacks its highest powers.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.polysub(&Array::from([2i32])))(&Array::from([1i32, 2]))?;
    /// assert_eq!(y, Array::from([1i32, 0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn polysub(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("polysub", &[self, other], |_| Ok(self.polyadd(-other)))
    }
    /// The product of two polynomials, as floats: `[m]` and `[n]` give `[m + n - 1]`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|p: &Val| p.polymul(p))(&Array::from([1.0f32, 1.0]))?;
    /// assert_eq!(y, Array::from([1.0f32, 2.0, 1.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn polymul(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("polymul", &[self, other], |known| {
            let dtype = promote_all(known).inexact().dtype;
            let [m, n] = [coefficients(&known[0])?, coefficients(&known[1])?];
            // No coefficients are the polynomial 0.
            let factor = |p: Val, n: usize| if n == 0 { zeros([1], dtype) } else { p.astype(dtype) };
            Ok(factor(self, m).convolve(factor(other, n), crate::val::ConvolveMode::Full))
        })
    }
    /// Quotient `[m - n + 1]` and rest `[m]` of the division of polynomials `[m]` and `[n]`, as floats. The rest keeps
    /// its leading zeros.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|u: &Val, v: &Val| u.polydiv(v));
    /// let (quotient, rest) = f(&Array::from([1.0f32, 3.0, 5.0]), &Array::from([1.0f32, 1.0]))?;
    /// assert_eq!((quotient, rest), (Array::from([1.0f32, 2.0]), Array::from([0.0f32, 0.0, 3.0])));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn polydiv(self, divisor: impl Into<Val>) -> (Val, Val) {
        let divisor = divisor.into();
        let both = |part: usize| {
            Val::derive("polydiv", &[self, divisor], |known| {
                let (quotient, rest) = divide(self, divisor, known)?;
                Ok(if part == 0 { quotient } else { rest })
            })
        };
        crate::val::at_caller("polydiv", || (both(0), both(1)))
    }
    /// The coefficients of the derivative, taken `times` times, as floats: `[n]` to `[n - times]`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|p: &Val| (p.polyder(1), p.polyder(1).polyint(1, 9.0)));
    /// let (slope, back) = f(&Array::from([1.0f32, 2.0, 9.0]))?;
    /// assert_eq!((slope, back), (Array::from([2.0f32, 2.0]), Array::from([1.0f32, 2.0, 9.0])));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn polyder(self, times: usize) -> Val {
        Val::derive("polyder", &[self], |known| {
            let n = coefficients(&known[0])?;
            let p = self.astype(promote_all(known).inexact().dtype);
            let left = n.saturating_sub(times);
            // xᵏ becomes k (k - 1) .. (k - times + 1) xᵏ⁻ᵗⁱᵐᵉˢ.
            let factor = |power: usize| (0..times).map(|j| (power - j) as f64).product();
            Ok(p.slice([(..left as i64).into()]) * powers_down(times..n.max(times), factor).astype(p.dtype()))
        })
    }
    /// The coefficients of the integral, taken `times` times, as floats: `[n]` to `[n + times]`. The constants, a
    /// scalar or one for each time, are its lowest coefficients before the further integrals.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.polyint(1, 9.0))(&Array::from([2.0f32, 2.0]))?;
    /// assert_eq!(y, Array::from([1.0f32, 2.0, 9.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn polyint(self, times: usize, constants: impl Into<Val>) -> Val {
        let constants = constants.into();
        Val::derive("polyint", &[self, constants], |known| {
            let n = coefficients(&known[0])?;
            let dtype = promote_all(known).inexact().dtype;
            let (p, given) = (self.astype(dtype), constants.astype(dtype).atleast_1d());
            if times == 0 {
                return Ok(p);
            }
            if given.rank() != 1 || given.size() != 1 && given.size() != times {
                let message =
                    format!("{} constants for {times} integrals; give a scalar or one for each", known[1].ty);
                return Err(ErrorKind::invalid(message));
            }
            let all = concatenate([p, given.broadcast_to([times])], 0);
            let factor = |power: usize| (0..times).map(|j| power.saturating_sub(j).max(1) as f64).product();
            Ok(all / powers_down(0..n + times, factor).astype(dtype))
        })
    }
}

/// The number of coefficients.
fn coefficients(known: &Known) -> Result<usize, ErrorKind> {
    match known.ty.shape.dims()[..] {
        [n] => strict::written_out(n, "coefficients").map(|()| n),
        _ => Err(ErrorKind::invalid(format!("the coefficients are {}; give a vector of them", known.ty))),
    }
}

/// A factor for each power, the highest first.
#[track_caller]
fn powers_down(powers: std::ops::Range<usize>, factor: impl Fn(usize) -> f64) -> Val {
    let factors: Vec<f64> = powers.rev().map(factor).collect();
    Val::from_ir(strict::constant(Array::from(factors)))
}

/// One coefficient of the quotient after the other, from the highest on.
#[track_caller]
fn divide(dividend: Val, divisor: Val, known: &[Known]) -> Result<(Val, Val), ErrorKind> {
    let dtype = promote_all(known).inexact().dtype;
    let [m, n] = [coefficients(&known[0])?, coefficients(&known[1])?];
    if n == 0 {
        return Err(ErrorKind::invalid("the divisor has no coefficients; give at least one"));
    }
    let (mut rest, divisor) = (dividend.astype(dtype), divisor.astype(dtype));
    if n > m {
        return Ok((zeros([1], dtype), rest));
    }
    let scale = 1.0 / divisor.at(0);
    let mut quotient = vec![];
    for k in 0..=m - n {
        let share = scale * rest.at(k as i64);
        rest -= (share * divisor).pad([(k, m - n - k)], 0);
        quotient.push(share);
    }
    Ok((stack(quotient, 0), rest))
}

#[track_caller]
fn fit(x: Val, y: Val, weights: Option<Val>, degree: usize) -> Val {
    let args: Vec<Val> = [x, y].into_iter().chain(weights).collect();
    Val::derive("polyfit", &args, |known| {
        let (tx, ty) = (&known[0].ty, &known[1].ty);
        let n = if tx.rank() == 1 { tx.shape.dim(0) } else { 0 };
        if n == 0 || !(1..=2).contains(&ty.rank()) || ty.shape.dim(0) != n {
            let message = format!("takes points [n] and values [n] or [n, k], not {tx} and {ty}");
            return Err(ErrorKind::invalid(message));
        }
        if let Some(by) = known.get(2).filter(|by| by.ty.shape != tx.shape) {
            let message = format!("{} weighs {n} points; give a vector of them", by.ty);
            return Err(ErrorKind::invalid(message));
        }
        if degree > LARGEST_DEGREE {
            let message = format!("degree {degree} is beyond {LARGEST_DEGREE}; fit in pieces");
            return Err(ErrorKind::invalid(message));
        }
        let dtype = promote_all(known).inexact().dtype;
        let mut rows = x.astype(dtype).vander(degree + 1, PowerOrder::Decreasing);
        let mut values = y.astype(dtype);
        if let Some(weights) = weights {
            let weights = weights.astype(dtype);
            rows *= weights.expand_dims(1);
            values *= if ty.rank() == 2 { weights.expand_dims(1) } else { weights };
        }
        // Columns of length 1 make the system as well conditioned as scaling can.
        let scale = (rows * rows).sum_axes(0).sqrt();
        let precision = if dtype.real() == Dtype::F64 { f64::EPSILON } else { f64::from(f32::EPSILON) };
        let found = linalg::lstsq_rcond(rows / scale, values, n as f64 * precision).x;
        Ok(found / if ty.rank() == 2 { scale.expand_dims(1) } else { scale })
    })
}

/// Which power comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerOrder {
    /// 1, x, x², ..
    Increasing,
    /// .., x², x, 1: NumPy's default.
    Decreasing,
}
