//! The regularised incomplete beta function.

use super::gamma::{log1p_minus, stirling_error};
use std::f64::consts::PI;

const MOST_STEPS: u32 = 20_000;

/// Iₓ(a, b); NaN outside of `a, b >= 0` and `0 <= x <= 1`, and where both a and b are zero (or one of them infinite
/// and the other in the same way).
pub fn betainc(a: f64, b: f64, x: f64) -> f64 {
    if a.is_nan() || b.is_nan() || a < 0.0 || b < 0.0 || !(0.0..=1.0).contains(&x) {
        return f64::NAN;
    }
    // All mass at 0, or all mass at 1.
    let (at_zero, at_one) = (a == 0.0 || b == f64::INFINITY, b == 0.0 || a == f64::INFINITY);
    match (at_zero, at_one) {
        (true, true) => return f64::NAN,
        (true, false) => return if x == 0.0 { 0.0 } else { 1.0 },
        (false, true) => return if x == 1.0 { 1.0 } else { 0.0 },
        (false, false) => {}
    }
    if x == 0.0 || x == 1.0 {
        return x;
    }
    // The continued fraction converges fast on this side of the mean, else of the mirrored function.
    if x < (a + 1.0) / (a + b + 2.0) { lower(a, b, x, 1.0 - x) } else { 1.0 - lower(b, a, 1.0 - x, x) }
}

/// The function where its continued fraction converges fast (DLMF 8.17.22), of x and y = 1 - x.
fn lower(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let power = scaled_power(a, b, x, y);
    if power == 0.0 { 0.0 } else { power * fraction(a, b, x) }
}

/// xᵃ yᵇ / (a B(a, b)). Large terms cancel: with n = a + b, x = a/n (1 + u) and y = b/n (1 + v), where a u + b v = 0,
/// and the gamma functions by Stirling's formula and what it lacks.
fn scaled_power(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    let excess = x * b - y * a;
    let (u, v) = (excess / a, -excess / b);
    let exponent = a * log1p_minus(u) + b * log1p_minus(v);
    let lacking = stirling_error(n) - stirling_error(a) - stirling_error(b);
    libm::sqrt(b / n / a / (2.0 * PI)) * libm::exp(exponent + lacking)
}

/// The continued fraction by Lentz's method.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let (mut c, mut h) = (1.0, d);
    for m in 1..MOST_STEPS {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for numerator in [even, odd] {
            d = 1.0 / away(1.0 + numerator * d);
            c = away(1.0 + numerator / c);
            change = c * d;
            h *= change;
        }
        if f64::abs(change - 1.0) <= 2e-16 {
            break;
        }
    }
    h
}
