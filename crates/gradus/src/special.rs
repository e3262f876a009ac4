//! Special functions, named as in `jax.scipy.special`.
//!
//! All work element by element, broadcast their operands and promote them to floats. Of one element there are
//! methods too: [`Val::lgamma`], [`Val::digamma`], [`Val::erf`], [`Val::erf_inv`], [`Val::bessel_i0e`] and others.

use crate::val::broadcast::{Promotion, elementwise, floats};
use crate::{Dtype, ErrorKind, Val, where_};
use gradus_ir::ops::elementwise::Special;
use gradus_kernel::special::STIRLING;
use gradus_kernel::special::normal_quantile::{CENTRAL, FAR_TAIL, NEAR_TAIL};
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// log √(2π).
pub(crate) const LOG_SQRT_TWO_PI: f64 = 0.918_938_533_204_672_7;

macro_rules! primitives {
    ($($(#[doc = $doc:literal])* $name:ident = $Variant:ident ($($arg:ident),+);)*) => { $(
        $(#[doc = $doc])*
        #[track_caller]
        pub fn $name($($arg: impl Into<Val>),+) -> Val {
            elementwise(stringify!($name), Special::$Variant, Promotion::Inexact, &[$($arg.into()),+])
        }
    )* };
}
primitives! {
    /// Hurwitz' zeta function: the sum of (q + k)⁻ˣ over k from 0, with derivatives by both operands.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, special};
    /// let y = jit(|q: &Val| special::zeta(2.0, q))(&Array::from([1.0f64]))?;
    /// assert!((y.to_vec::<f64>()?[0] - std::f64::consts::PI.powi(2) / 6.0).abs() < 1e-14);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    zeta = Zeta(x, q);
    /// The regularised lower incomplete gamma function P(a, x), with derivatives by both operands.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, special};
    /// let y = jit(|x: &Val| special::gammainc(1.0, x) + (-x).exp())(&Array::from([0.5f64, 3.0]))?;
    /// assert!(y.to_vec::<f64>()?.iter().all(|y| (y - 1.0).abs() < 1e-14));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    gammainc = Igamma(a, x);
    /// The regularised upper incomplete gamma function Q(a, x) = 1 - P(a, x), accurate where that is small.
    gammaincc = Igammac(a, x);
    /// ∂P(a, x) / ∂a, of [`gammainc`].
    igamma_grad_a = IgammaGradA(a, x);
    /// The derivative by its shape a of a sample x of the gamma distribution.
    random_gamma_grad = RandomGammaGrad(a, x);
    /// The regularised incomplete beta function Iₓ(a, b). It has no derivatives by a and b, as in JAX: they
    /// are refused.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, special};
    /// let y = jit(|x: &Val| special::betainc(2.0, 1.0, x))(&Array::from([0.5f32]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [0.25]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    betainc = Betainc(a, b, x);
    /// The exponential integral Eₙ(x) for natural n. A derivative by n is refused (JAX takes it for 0).
    expn = Expn(n, x);
}

/// The derivative of order `n` of [`digamma`]; the order is of integers and so has no
/// derivative.
///
/// # Errors
/// If the order is not of integers.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::polygamma(1, x))(&Array::from(1.0f32))?;
/// assert!((y.item::<f32>()? - 1.644934).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn polygamma(n: impl Into<Val>, x: impl Into<Val>) -> Val {
    let (n, x) = (n.into(), x.into());
    Val::derive("polygamma", &[n, x], |known| {
        if !known[0].ty.dtype.is_integer() {
            let message = format!("the order is {}; give integers", known[0].ty);
            return Err(ErrorKind::invalid(message));
        }
        Ok(elementwise("polygamma", Special::Polygamma, Promotion::Inexact, &[n, x]))
    })
}

/// log |Γ(x)|.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::gammaln(x).exp())(&Array::from([5.0f32]))?;
/// assert!((y.to_vec::<f32>()?[0] - 24.0).abs() < 1e-4);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn gammaln(x: impl Into<Val>) -> Val {
    crate::val::at_caller("gammaln", || x.into().lgamma())
}

/// The derivative of [`gammaln`].
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::digamma(x))(&Array::from(1.0f32))?;
/// assert!((y.item::<f32>()? + 0.577215).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn digamma(x: impl Into<Val>) -> Val {
    x.into().digamma()
}

/// The sign of Γ(x); NaN at the negative integers.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::gammasgn(x))(&Array::from([0.5f32, -0.5]))?;
/// assert_eq!(y, Array::from([1.0f32, -1.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn gammasgn(x: impl Into<Val>) -> Val {
    floats("gammasgn", [x.into()], |[x]| {
        let (floor, negative) = (x.floor(), x.lt(0));
        let no_sign = negative & x.eq(floor) | x.isnan();
        let minus = negative & floor.fmod(2).ne(0) | x.eq(0) & x.signbit();
        where_(no_sign, f64::NAN, where_(minus, -1.0, x.ones_like()))
    })
}

/// Γ(x).
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::gamma(x))(&Array::from(4.0f32))?;
/// assert!((y.item::<f32>()? - 6.0).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn gamma(x: impl Into<Val>) -> Val {
    floats("gamma", [x.into()], |[x]| gammasgn(x) * x.lgamma().exp())
}

/// n! = Γ(n + 1); 0 for negative n.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::factorial(x))(&Array::from(4.0f32))?;
/// assert!((y.item::<f32>()? - 24.0).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn factorial(n: impl Into<Val>) -> Val {
    floats("factorial", [n.into()], |[n]| {
        let negative = n.lt(0);
        where_(negative, 0.0, (where_(negative, 0.0, n) + 1.0).lgamma().exp())
    })
}

/// The number of ways to choose k of n; 0 outside of 0 <= k <= n.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::comb(x, 2))(&Array::from(5.0f32))?;
/// assert!((y.item::<f32>()? - 10.0).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn comb(n: impl Into<Val>, k: impl Into<Val>) -> Val {
    floats("comb", [n.into(), k.into()], |[n, k]| {
        let valid = k.le(n) & n.ge(0) & k.ge(0);
        let (n, k) = (where_(valid, n, 0.0), where_(valid, k, 0.0));
        let log = (n + 1.0).lgamma() - (k + 1.0).lgamma() - (n + 1.0 - k).lgamma();
        where_(valid, log.exp(), 0.0)
    })
}

/// The rising factorial Γ(z + m) / Γ(z).
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::poch(x, 3))(&Array::from(2.0f32))?;
/// assert!((y.item::<f32>()? - 24.0).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn poch(z: impl Into<Val>, m: impl Into<Val>) -> Val {
    floats("poch", [z.into(), m.into()], |[z, m]| {
        // Of positive operands by logarithms, which do not overflow before the result does.
        let positive = z.gt(0) & (z + m).gt(0);
        let (a, b) = (where_(positive, z + m, 1.0), where_(positive, z, 1.0));
        // Where both are poles of Γ, by the reflection of both, whose sines are equal but for the sign.
        let poles = (z + m).le(0) & (z + m).eq((z + m).floor()) & m.eq(m.floor());
        let (c, d) = (where_(poles, 1.0 - z, 1.0), where_(poles, 1.0 - z - m, 1.0));
        let sign = where_(poles & m.fmod(2).ne(0), -1.0, z.ones_like());
        let (e, f) = (where_(positive | poles, 1.0, z + m), where_(positive | poles, 1.0, z));
        let logs = a.lgamma() - b.lgamma() + (c.lgamma() - d.lgamma());
        sign * logs.exp() * gamma(e) * reciprocal_gamma(f)
    })
}

/// 1 / Γ(z), which has no poles: below ½ by reflection (DLMF 5.5.3).
#[track_caller]
fn reciprocal_gamma(z: Val) -> Val {
    let low = z.lt(0.5);
    let (below, above) = (where_(low, z, 0.0), where_(low, 1.0, z));
    let nearest = below.round();
    let sign = where_(nearest.fmod(2).eq(0), z.ones_like(), -1.0);
    let reflected = (1.0 - below).lgamma().exp() * sign * (PI * (below - nearest)).sin() / PI;
    where_(low, reflected, (-above.lgamma()).exp())
}

/// The base of a power where it is 0, elsewhere 1, and the other way round: xⁿ as a factor, whose derivatives at 0 are
/// those of a power, and an exponent, which does not overflow before a product of powers does.
#[track_caller]
pub(crate) fn power_parts(x: Val, n: Val) -> (Val, Val) {
    let zero = x.eq(0);
    (where_(zero, x, 1.0).pow(n), n * where_(zero, 1.0, x).log())
}

/// eˡᵒᵍ ∏ xⁿ along `axis`, with the derivatives of powers where an x is 0.
#[track_caller]
pub(crate) fn product_of_powers(x: Val, n: Val, log: Val, axis: i64) -> Val {
    let (factors, logs) = power_parts(x, n);
    factors.prod_axes(axis) * (logs.sum_axes(axis) + log).exp()
}

/// The density xᵃ⁻¹ e⁻ˣ / Γ(a) for x >= 0.
#[track_caller]
pub(crate) fn gamma_density(a: Val, x: Val) -> Val {
    let (factor, log) = power_parts(x, a - 1.0);
    factor * (log - x - a.lgamma()).exp()
}

/// The density xᵃ⁻¹ (1 - x)ᵇ⁻¹ / B(a, b) for x in [0, 1].
#[track_caller]
pub(crate) fn beta_density(a: Val, b: Val, x: Val) -> Val {
    let (low, log) = power_parts(x, a - 1.0);
    let (high, _) = power_parts(1.0 - x, b - 1.0);
    let log_rest = (b - 1.0) * (-where_(x.eq(1), 0.0, x)).log1p();
    low * high * (log + log_rest - betaln(a, b)).exp()
}

/// log |B(a, b)|, without the cancellation of large terms where an operand is large.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|a: &Val| special::betaln(a, 1.0))(&Array::from([1e6f32]))?;
/// assert!((y.to_vec::<f32>()?[0] + 1e6f32.ln()).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn betaln(a: impl Into<Val>, b: impl Into<Val>) -> Val {
    floats("betaln", [a.into(), b.into()], |[a, b]| {
        // A choice and not an extremum, which shares its derivative at ties: the formulas are symmetric.
        let swapped = b.lt(a);
        let (small, large) = (where_(swapped, b, a), where_(swapped, a, b));
        let direct = small.lgamma() + large.lgamma() - (small + large).lgamma();
        // log Γ(b) - log Γ(a + b) by Stirling's formula and what it lacks.
        let safe = where_(large.ge(STIRLING_FROM), large, STIRLING_FROM);
        let sum = small + safe;
        let lacking = stirling_error(safe) - stirling_error(sum);
        let ratio = (small / safe).log1p();
        let one_large = small.lgamma() + lacking - (safe - 0.5) * ratio - small * (sum.log() - 1.0);
        let both = where_(small.ge(STIRLING_FROM), small, STIRLING_FROM);
        let sum = both + safe;
        let two_large = LOG_SQRT_TWO_PI - 0.5 * safe.log() + (both - 0.5) * (both / sum).log()
            - safe * (both / safe).log1p()
            + stirling_error(both)
            + stirling_error(safe)
            - stirling_error(sum);
        let of_large = where_(small.ge(STIRLING_FROM), two_large, one_large);
        where_(large.ge(STIRLING_FROM) & large.isfinite(), of_large, direct)
    })
}

const STIRLING_FROM: f64 = 8.0;

/// log Γ(x) less Stirling's formula, for x from 8 on (DLMF 5.11.1).
#[track_caller]
fn stirling_error(x: Val) -> Val {
    let reciprocal = 1.0 / x;
    polynomial(reciprocal * reciprocal, &STIRLING) * reciprocal
}

/// Horner's scheme, the highest power first.
#[track_caller]
fn polynomial(x: Val, coefficients: &[f64]) -> Val {
    let first = x.full_like(coefficients[0]);
    coefficients[1..].iter().fold(first, |sum, c| sum * x + *c)
}

/// B(a, b) with its sign.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::beta(x, 3))(&Array::from(2.0f32))?;
/// assert!((y.item::<f32>()? - 0.083333).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn beta(a: impl Into<Val>, b: impl Into<Val>) -> Val {
    floats("beta", [a.into(), b.into()], |[a, b]| {
        // Where Γ(a + b) may have a pole its reciprocal has none.
        let sum = a + b;
        let low = sum.eq(0) | sum.lt(0) & sum.ne(sum.floor()) & sum.isfinite();
        let (c, d) = (where_(low, a, 1.0), where_(low, b, 1.0));
        let (a, b) = (where_(low, 1.0, a), where_(low, 1.0, b));
        let usual = gammasgn(a) * gammasgn(b) * gammasgn(a + b) * betaln(a, b).exp();
        where_(low, gamma(c) * gamma(d) * reciprocal_gamma(c + d), usual)
    })
}

/// The logarithm of the multivariate gamma function of dimension `d`.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::multigammaln(x, 1))(&Array::from(3.0f32))?;
/// assert!((y.item::<f32>()? - 0.693147).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn multigammaln(a: impl Into<Val>, d: usize) -> Val {
    floats("multigammaln", [a.into()], |[a]| {
        let constant = a.full_like(0.25 * d as f64 * (d as f64 - 1.0) * PI.ln());
        (0..d).fold(constant, |sum, j| sum + (a - 0.5 * j as f64).lgamma())
    })
}

/// log(x / (1 - x)), the inverse of [`expit`].
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::logit(x))(&Array::from(0.75f32))?;
/// assert!((y.item::<f32>()? - 1.098612).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn logit(x: impl Into<Val>) -> Val {
    floats("logit", [x.into()], |[x]| {
        let middle = (x - 0.5).abs().lt(0.25);
        let (inner, outer) = (where_(middle, x, 0.5), where_(middle, 0.5, x));
        let near = ((2.0 * inner - 1.0) / (1.0 - inner)).log1p();
        where_(middle, near, outer.log() - (-outer).log1p())
    })
}

/// The logistic function 1 / (1 + e⁻ˣ).
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::expit(x))(&Array::from([0.0f32]))?;
/// assert_eq!(y, Array::from([0.5f32]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn expit(x: impl Into<Val>) -> Val {
    crate::val::at_caller("expit", || x.into().logistic())
}

/// x · log(y), and 0 where x is 0; the derivative by x is log(y) there too.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::xlogy(x, 0.0))(&Array::from([0.0f32, 1.0]))?;
/// assert_eq!(y, Array::from([0.0f32, f32::NEG_INFINITY]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn xlogy(x: impl Into<Val>, y: impl Into<Val>) -> Val {
    floats("xlogy", [x.into(), y.into()], |[x, y]| {
        // Where x is 0 a logarithm that is not finite must not meet it.
        let unfit = x.eq(0) & !(y.gt(0) & y.lt(f64::INFINITY)) & !y.isnan();
        zero_of_slope(x, unfit, y.eq(0), y.eq(f64::INFINITY)) + x * where_(unfit, 1.0, y).log()
    })
}

/// x · log(1 + y), and 0 where x is 0.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::xlog1py(x, -1.0))(&Array::from([0.0f32, 1.0]))?;
/// assert_eq!(y, Array::from([0.0f32, f32::NEG_INFINITY]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn xlog1py(x: impl Into<Val>, y: impl Into<Val>) -> Val {
    floats("xlog1py", [x.into(), y.into()], |[x, y]| {
        let unfit = x.eq(0) & !(y.gt(-1) & y.lt(f64::INFINITY)) & !y.isnan();
        zero_of_slope(x, unfit, y.eq(-1), y.eq(f64::INFINITY)) + x * where_(unfit, 0.0, y).log1p()
    })
}

/// 0 with the slope by `x`, which is 0 where `at` holds, of a root: -∞ or ∞.
#[track_caller]
fn zero_of_slope(x: Val, at: Val, falls: Val, rises: Val) -> Val {
    let root = |steep: Val| where_(at & steep, where_(at & steep, x, 1.0).sqrt(), 0.0);
    root(rises) - root(falls)
}

/// -x log x; -∞ for negative x.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::entr(x))(&Array::from(0.5f32))?;
/// assert!((y.item::<f32>()? - 0.346574).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn entr(x: impl Into<Val>) -> Val {
    floats("entr", [x.into()], |[x]| {
        let (zero, inside) = (x.eq(0), x.gt(0) | x.isnan());
        let safe = where_(inside, x, 1.0);
        // At 0 a root has the signs of all derivatives, which are infinite.
        let end = where_(zero, where_(zero, x, 1.0).sqrt(), f64::NEG_INFINITY);
        where_(inside, -safe * safe.log(), end)
    })
}

/// p log(p / q): 0 where p is 0 and q is not negative, ∞ where either is out of range.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::rel_entr(x, 1.0))(&Array::from([0.0f32, 1.0]))?;
/// assert_eq!(y, Array::from([0.0f32, 0.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn rel_entr(p: impl Into<Val>, q: impl Into<Val>) -> Val {
    floats("rel_entr", [p.into(), q.into()], |[p, q]| {
        let both = p.gt(0) & q.ge(0);
        let zero = p.eq(0) & q.ge(0);
        let (safe_p, safe_q) = (where_(both, p, 1.0), where_(both, q, 1.0));
        let inside = safe_p * safe_p.log() - safe_p * safe_q.log();
        // At p = 0 a root has the signs of the derivatives, which are infinite.
        let end = 0.0 - where_(zero, p, 1.0).sqrt();
        where_(both, inside, where_(zero, end, p.full_like(f64::INFINITY)))
    })
}

/// p log(p / q) - p + q.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::kl_div(x, 1.0))(&Array::from([1.0f32, 0.0]))?;
/// assert_eq!(y, Array::from([0.0f32, 1.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn kl_div(p: impl Into<Val>, q: impl Into<Val>) -> Val {
    floats("kl_div", [p.into(), q.into()], |[p, q]| rel_entr(p, q) - p + q)
}

/// (xˡ - 1) / l, and log x where l is 0.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::boxcox(x, 1.0))(&Array::from([3.0f32]))?;
/// assert!(y.to_f64_vec().iter().zip([2.0]).all(|(a, b)| (a - b).abs() < 1e-5));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn boxcox(x: impl Into<Val>, lambda: impl Into<Val>) -> Val {
    floats("boxcox", [x.into(), lambda.into()], |[x, l]| power_less_one(x, x.eq(0), |x| x.log(), 0.0, l))
}

/// (eᶻ - 1) / l of z = l `log`(x), by the digits of both: near z = 0 the logarithm times Σ zᵏ / (k + 1)!, whose
/// derivatives do not cancel; where the logarithm is infinite by the power of x + `shift`.
#[track_caller]
fn power_less_one(x: Val, is_zero: Val, log: fn(Val) -> Val, shift: f64, l: Val) -> Val {
    let at_end = is_zero & l.ne(0);
    let log = log(where_(at_end, 1.0 - shift, x));
    let near = ((l * log).abs().lt(1.0) | l.eq(0)) & !at_end;
    // At x = 0 and l = 0 the logarithm alone is infinite.
    let endless = near & log.isinf();
    let (z_log, z_l) = (where_(near & !endless, log, 0.0), where_(near, l, 0.0));
    let z = z_log * z_l;
    let series = (2..=20).rev().fold(z.ones_like(), |sum, k| 1.0 + sum * z / f64::from(k));
    let series = where_(endless, log, z_log * series);
    let apart = near | at_end;
    let inside = (where_(apart, 0.0, l) * where_(apart, 0.0, log)).expm1();
    let end = where_(at_end, x + shift, 1.0).pow(where_(at_end, l, 1.0)) - 1.0;
    where_(near, series, where_(at_end, end, inside) / where_(near, 1.0, l))
}

/// [`boxcox`] of 1 + x.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::boxcox1p(x, 1.0))(&Array::from([2.0f32]))?;
/// assert!(y.to_f64_vec().iter().zip([2.0]).all(|(a, b)| (a - b).abs() < 1e-5));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn boxcox1p(x: impl Into<Val>, lambda: impl Into<Val>) -> Val {
    floats("boxcox1p", [x.into(), lambda.into()], |[x, l]| power_less_one(x, x.eq(-1), |x| x.log1p(), 1.0, l))
}

/// The distribution function of the standard normal distribution, accurate in the lower tail.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::ndtr(x))(&Array::from([0.0f32]))?;
/// assert_eq!(y.to_vec::<f32>()?, [0.5]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn ndtr(x: impl Into<Val>) -> Val {
    floats("ndtr", [x.into()], |[x]| {
        let scaled = x * FRAC_1_SQRT_2;
        let size = scaled.abs();
        let tail = size.erfc();
        let outer = where_(scaled.gt(0), 2.0 - tail, tail);
        0.5 * where_(size.lt(FRAC_1_SQRT_2), 1.0 + scaled.erf(), outer)
    })
}

/// The logarithm of [`ndtr`], accurate in both tails.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::log_ndtr(x))(&Array::from(0.0f32))?;
/// assert!((y.item::<f32>()? + 0.693147).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn log_ndtr(x: impl Into<Val>) -> Val {
    floats("log_ndtr", [x.into()], |[x]| {
        // Below `lower` the asymptotic series is exact to the last places; above, cubes of the tail do not vanish.
        let lower = if x.dtype() == Dtype::F64 { -20.0 } else { -7.0 };
        let positive = x.gt(0);
        let is_near = x.gt(lower);
        let bounded = where_(is_near, x, lower);
        let tail = ndtr(where_(positive, -bounded, bounded));
        let near = where_(positive, (-tail).log1p(), where_(positive, 1.0, tail).log());
        let low = where_(is_near, lower, x);
        let square = 1.0 / (low * low);
        // 1 - 1/x² + 3/x⁴ - 15/x⁶ + .. (DLMF 7.12.1)
        let series = polynomial(square, &[-10_395.0, 945.0, -105.0, 15.0, -3.0, 1.0]) * -square;
        let far = -0.5 * low * low - (-low).log() - LOG_SQRT_TWO_PI + series.log1p();
        where_(is_near | x.isnan(), where_(x.isnan(), x, near), far)
    })
}

/// The inverse of [`ndtr`]; ∓∞ at 0 and 1, NaN outside.
///
/// Wichura, "Algorithm AS 241: the percentage points of the normal distribution" (1988), its form of 16 digits.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|p: &Val| special::ndtri(p))(&Array::from([0.975f64]))?;
/// assert!((y.to_vec::<f64>()?[0] - 1.959_963_984_540_054).abs() < 1e-14);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn ndtri(p: impl Into<Val>) -> Val {
    floats("ndtri", [p.into()], |[p]| {
        let inside = p.gt(0) & p.lt(1);
        let safe = where_(inside, p, 0.5);
        let from_half = safe - 0.5;
        let is_central = from_half.abs().le(0.425);
        let square = where_(is_central, 0.180_625 - from_half * from_half, 0.0);
        let central = from_half * polynomial(square, &CENTRAL[0]) / polynomial(square, &CENTRAL[1]);
        let tail = where_(is_central, 0.05, where_(from_half.lt(0), safe, 1.0 - safe));
        let root = (-tail.log()).sqrt();
        let is_near = root.le(5.0);
        let near = root - 1.6;
        let far = where_(is_near, 0.0, root - 5.0);
        let near = polynomial(near, &NEAR_TAIL[0]) / polynomial(near, &NEAR_TAIL[1]);
        let far = polynomial(far, &FAR_TAIL[0]) / polynomial(far, &FAR_TAIL[1]);
        let size = where_(is_near, near, far);
        let value = where_(is_central, central, where_(from_half.lt(0), -size, size));
        // At the ends a pole has the value and the slopes, which are infinite.
        let (low, high) = (p.eq(0), p.eq(1));
        let pole = where_(low, -1.0, 1.0) / where_(low, p, where_(high, 1.0 - p, 1.0));
        where_(inside, value, where_(low | high, pole, f64::NAN))
    })
}

/// The exponential integral Ei(x).
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::expi(x))(&Array::from(1.0f32))?;
/// assert!((y.item::<f32>()? - 1.895118).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn expi(x: impl Into<Val>) -> Val {
    x.into().expi()
}

/// The exponential integral E₁(x).
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::exp1(x))(&Array::from(1.0f32))?;
/// assert!((y.item::<f32>()? - 0.219384).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn exp1(x: impl Into<Val>) -> Val {
    crate::val::at_caller("exp1", || expn(1, x))
}

/// e^-|x| I₀(x), where I₀ is the modified Bessel function of the first kind of order 0.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::i0e(x))(&Array::from([0.0f32]))?;
/// assert_eq!(y, Array::from([1.0f32]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn i0e(x: impl Into<Val>) -> Val {
    crate::val::at_caller("i0e", || x.into().bessel_i0e())
}

/// The modified Bessel function of the first kind of order 0.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::i0(x))(&Array::from([0.0f32]))?;
/// assert_eq!(y, Array::from([1.0f32]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn i0(x: impl Into<Val>) -> Val {
    floats("i0", [x.into()], |[x]| bessel_near(x, 0, |x| x.abs().exp() * x.bessel_i0e()))
}

/// e^-|x| I₁(x), where I₁ is the modified Bessel function of the first kind of order 1.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::i1e(x))(&Array::from(1.0f32))?;
/// assert!((y.item::<f32>()? - 0.207910).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn i1e(x: impl Into<Val>) -> Val {
    crate::val::at_caller("i1e", || x.into().bessel_i1e())
}

/// The modified Bessel function of the first kind of order 1.
///
/// ```
/// use gradus::{Array, Val, jit, special};
/// let y = jit(|x: &Val| special::i1(x))(&Array::from(1.0f32))?;
/// assert!((y.item::<f32>()? - 0.565159).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn i1(x: impl Into<Val>) -> Val {
    floats("i1", [x.into()], |[x]| bessel_near(x, 1, |x| x.abs().exp() * x.bessel_i1e()))
}

/// Iₙ(x) = (x/2)ⁿ Σ (x²/4)ᵏ / (k! (k + n)!) up to |x| = 2, where the derivatives of `far` cancel, and `far` beyond.
#[track_caller]
fn bessel_near(x: Val, n: u32, far: impl FnOnce(Val) -> Val) -> Val {
    let is_near = x.abs().lt(2.0);
    let (near, outer) = (where_(is_near, x, 0.0), where_(is_near, 2.0, x));
    let square = near * near / 4.0;
    let factors = (1..=14).rev().map(|k| f64::from(k * (k + n)));
    let series = factors.fold(near.ones_like(), |sum, factor| 1.0 + sum * square / factor);
    let power = if n == 0 { series } else { near / 2.0 * series };
    where_(is_near, power, far(outer))
}
