//! The logarithm of the gamma function, its derivative, and what the incomplete functions need of both.

use std::f64::consts::PI;

/// `ψ(x) / (x - x₀)` in `t = 2x - 3`, 1 <= x <= 2, where x₀ is the zero of ψ there.
const DIGAMMA: [f64; 26] = [
    -1.1792687914422576e-12,
    3.436642565860094e-12,
    -2.6446876555486992e-12,
    8.566371926522047e-12,
    -4.7736832742378756e-11,
    1.4147240470372602e-10,
    -3.875316326574236e-10,
    1.165378200731563e-09,
    -3.5360433455065427e-09,
    1.0605741809549775e-08,
    -3.1790351218203064e-08,
    9.538368854097868e-08,
    -2.8621931929228047e-07,
    8.589268397166999e-07,
    -2.578131713374137e-06,
    7.74122874957519e-06,
    -2.3258233110001093e-05,
    6.995018926346291e-05,
    -0.00021074841280920478,
    0.0006368880302815988,
    -0.0019350666647412807,
    0.005936795278307386,
    -0.01855061538173966,
    0.06013562106019672,
    -0.21181371064073024,
    0.9510558760318328,
];
/// `log Γ(1 + a) / a` in `t = 2a`, |a| <= 1/2.
const LGAMMA_1P: [f64; 28] = [
    1.7378792315914402e-09,
    -3.363559408638273e-09,
    -5.211705188297646e-09,
    9.209700135507925e-09,
    1.9048640112066067e-08,
    -3.484637781635018e-08,
    2.2503569604917574e-09,
    -1.3369050270787026e-08,
    1.1339892029827825e-07,
    -2.288135010031852e-07,
    4.121921067571674e-07,
    -8.806349918259239e-07,
    1.9127014915305183e-06,
    -4.0762781977342775e-06,
    8.718134345421905e-06,
    -1.8780268965110512e-05,
    4.070049540330045e-05,
    -8.882269286509013e-05,
    0.00019550669728001717,
    -0.0004348994238559354,
    0.0009805442982990572,
    -0.002250779640977753,
    0.005298661780901225,
    -0.01296159693913534,
    0.033822601053479576,
    -0.1001714085966353,
    0.41123351671205655,
    -0.5772156649015329,
];
/// The zero of ψ as the nearest float and the rest.
const DIGAMMA_ZERO: (f64, f64) = (1.4616321449683622, 9.549995429965697e-17);
/// `B₂ₙ / 2n`: ψ(x) ~ log x - 1/2x - Σ B₂ₙ / (2n x²ⁿ) (DLMF 5.11.2), highest power first.
const DIGAMMA_TAIL: [f64; 8] = [
    -3617.0 / 8160.0,
    1.0 / 12.0,
    -691.0 / 32760.0,
    1.0 / 132.0,
    -1.0 / 240.0,
    1.0 / 252.0,
    -1.0 / 120.0,
    1.0 / 12.0,
];
/// `B₂ₙ / (2n (2n - 1))` of Stirling's series (DLMF 5.11.1), highest power first.
pub const STIRLING: [f64; 8] = [
    -3617.0 / 122_400.0,
    1.0 / 156.0,
    -691.0 / 360_360.0,
    1.0 / 1188.0,
    -1.0 / 1680.0,
    1.0 / 1260.0,
    -1.0 / 360.0,
    1.0 / 12.0,
];
/// From here on both series are exact to the last place.
const ASYMPTOTIC: f64 = 10.0;
/// log √(2π).
const LOG_SQRT_TWO_PI: f64 = 0.918_938_533_204_672_7;

pub(super) fn horner(x: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().fold(0.0, |sum, c| libm::fma(sum, x, *c))
}

/// log |Γ(x)|; infinite at zero, at the negative integers and at both infinities.
pub fn lgamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// ψ(x) = Γ'(x) / Γ(x); NaN at zero, at the negative integers and at -∞.
///
/// Near the zeros at negative x the absolute error is that of the reflection's terms.
pub fn digamma(x: f64) -> f64 {
    if x <= 0.0 {
        // ψ(x) = ψ(1 - x) - π cot(πx) (DLMF 5.5.4).
        let part = x - libm::round(x);
        return if part == 0.0 || x == f64::NEG_INFINITY {
            f64::NAN
        } else {
            digamma_positive(1.0 - x) - PI / libm::tan(PI * part)
        };
    }
    digamma_positive(x)
}

fn digamma_positive(x: f64) -> f64 {
    if x >= ASYMPTOTIC {
        let reciprocal = 1.0 / x;
        let square = reciprocal * reciprocal;
        return libm::log(x) - (0.5 * reciprocal + square * horner(square, &DIGAMMA_TAIL));
    }
    if x < 1.0 {
        return digamma_near(x + 1.0) - 1.0 / x;
    }
    // ψ(x) = ψ(x - 1) + 1 / (x - 1): all terms but the first are positive.
    let (mut x, mut sum) = (x, 0.0);
    while x > 2.0 {
        x -= 1.0;
        sum += 1.0 / x;
    }
    sum + digamma_near(x)
}

/// ψ(x) for 1 <= x <= 2; a NaN stays one.
fn digamma_near(x: f64) -> f64 {
    let from_zero = (x - DIGAMMA_ZERO.0) - DIGAMMA_ZERO.1;
    from_zero * horner(2.0 * x - 3.0, &DIGAMMA)
}

/// log Γ(1 + a), to full relative accuracy near a = 0.
pub(super) fn lgamma_1p(a: f64) -> f64 {
    if a.abs() <= 0.5 { a * horner(2.0 * a, &LGAMMA_1P) } else { lgamma(1.0 + a) }
}

/// What Stirling's formula lacks: log Γ(x) - ((x - ½) log x - x + log √(2π)), x > 0.
pub(super) fn stirling_error(x: f64) -> f64 {
    if x >= ASYMPTOTIC {
        let reciprocal = 1.0 / x;
        return reciprocal * horner(reciprocal * reciprocal, &STIRLING);
    }
    lgamma(x) - ((x - 0.5) * libm::log(x) - x + LOG_SQRT_TWO_PI)
}

/// log(1 + u) - u, to full relative accuracy near u = 0, for u > -1.
pub(super) fn log1p_minus(u: f64) -> f64 {
    if !(-0.6..=1.2).contains(&u) {
        return libm::log1p(u) - u;
    }
    // log(1 + u) = 2 (r + r³/3 + r⁵/5 + ..), r = u / (2 + u), and u - 2r = r u.
    let r = u / (2.0 + u);
    let square = r * r;
    let (mut sum, mut power, mut n) = (0.0, square, 3.0);
    loop {
        let next: f64 = sum + power / n;
        if next == sum {
            return r * (2.0 * sum - u);
        }
        (sum, power, n) = (next, power * square, n + 2.0);
    }
}
