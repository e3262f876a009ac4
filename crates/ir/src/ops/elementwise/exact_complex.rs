//! Functions of complex numbers in `f64`, where textbook formulas cancel, overflow or lose the sign of a zero.
//!
//! Inverse functions are those of W. Kahan, "Branch cuts for complex elementary functions, or much ado about nothing's
//! sign bit" (1987): roots of 1 + z and 1 - z, whose parts combine without cancellation; on a branch cut the sign of a
//! zero names the side.

use crate::Complex;

type Z = Complex<f64>;

/// t = √((|a| + |z|)/2) is the part of the root on the side of a; the other is b / 2t.
pub(super) fn sqrt(z: Z) -> Z {
    if z.im.is_infinite() {
        return Z::new(f64::INFINITY, z.im);
    }
    let t = (z.re.abs() / 2.0 + z.norm() / 2.0).sqrt();
    let other = if t == 0.0 { z.im } else { z.im / (2.0 * t) };
    if z.re >= 0.0 { Z::new(t, other) } else { Z::new(other.abs(), t.copysign(z.im)) }
}

/// 1 / z by R. Smith's division, which does not overflow; of zero the real part is infinite, the other one no number.
pub(super) fn reciprocal(z: Z) -> Z {
    let flat = z.re.abs() >= z.im.abs();
    let (large, small) = if flat { (z.re, z.im) } else { (z.im, z.re) };
    let ratio = if large == 0.0 { large } else { small / large };
    let scale = large + small * ratio;
    if flat { Z::new(1.0 / scale, -ratio / scale) } else { Z::new(ratio / scale, -1.0 / scale) }
}

/// √(1 + z) and √(1 - z), with the sign of a zero imaginary part kept.
fn roots(z: Z) -> [Z; 2] {
    [sqrt(Z::new(1.0 + z.re, z.im)), sqrt(Z::new(1.0 - z.re, -z.im))]
}

pub(super) fn asin(z: Z) -> Z {
    let [plus, minus] = roots(z);
    Z::new(z.re.atan2((plus * minus).re), (minus.conj() * plus).im.asinh())
}

pub(super) fn acos(z: Z) -> Z {
    let [plus, minus] = roots(z);
    Z::new(2.0 * minus.re.atan2(plus.re), (plus.conj() * minus).im.asinh())
}

/// asinh z = -i asin(iz)
pub(super) fn asinh(z: Z) -> Z {
    turned(asin, z)
}

pub(super) fn acosh(z: Z) -> Z {
    let [plus, minus] = [sqrt(Z::new(z.re + 1.0, z.im)), sqrt(Z::new(z.re - 1.0, z.im))];
    Z::new((minus.conj() * plus).re.asinh(), 2.0 * minus.im.atan2(plus.re))
}

/// log1p(4a / ((1 - a)² + b²)) / 4, for a of either sign by symmetry, and half the angle of (1 + z) / (1 - z).
pub(super) fn atanh(z: Z) -> Z {
    let (a, b) = (z.re.abs(), z.im);
    let re = (4.0 * a / ((1.0 - a) * (1.0 - a) + b * b)).ln_1p() / 4.0;
    // Where a square overflows, or the point is far away, the angle is a right one.
    let (below, above) = ((1.0 - a) * (1.0 + a) - b * b, 2.0 * b);
    let angle = above.atan2(if below.is_nan() { f64::NEG_INFINITY } else { below }) / 2.0;
    // On a cut the angle is on the side of the imaginary zero, which the symmetry turns with the point.
    Z::new(re.copysign(z.re), if above == 0.0 && below < 0.0 { angle.abs().copysign(b) } else { angle })
}

/// atan z = -i atanh(iz)
pub(super) fn atan(z: Z) -> Z {
    turned(atanh, z)
}

/// With t = tanh a and s = tan b: (t (1 + s²) + i s sech² a) / (1 + t² s²), which does not overflow.
pub(super) fn tanh(z: Z) -> Z {
    let (t, s) = (z.re.tanh(), z.im.tan());
    let sech = 1.0 / z.re.cosh();
    let below = 1.0 + t * t * (s * s);
    Z::new(t * (1.0 + s * s) / below, s * (sech * sech) / below)
}

/// tan z = -i tanh(iz)
pub(super) fn tan(z: Z) -> Z {
    turned(tanh, z)
}

/// `f` of iz, turned back: -i f(iz).
fn turned(f: fn(Z) -> Z, z: Z) -> Z {
    let y = f(Z::new(-z.im, z.re));
    Z::new(y.im, -y.re)
}

#[cfg(test)]
mod tests {
    use super::{Z, acos, acosh, asin, asinh, atan, atanh, reciprocal, sqrt, tan, tanh};
    use std::f64::consts::FRAC_PI_2;

    fn near(x: Z, y: Z, why: &str) {
        assert!((x - y).norm() <= 4e-16 * y.norm() || x == y, "{why}: {x} is not {y}");
    }

    #[test]
    fn functions_are_the_inverses_of_one_another() {
        for re in [-3.5, -1.0, -0.7, -1e-5, 0.0, 1e-9, 0.3, 1.0, 2.0, 40.0] {
            for im in [-5.0, -1.0, -0.5, -1e-7, 0.2, 1e-12, 1.5] {
                let z = Z::new(re, im);
                let close = |x: Z, why: &str| {
                    assert!((x - z).norm() < 1e-13 * z.norm(), "{why} of {z}: {x}");
                };
                close(sqrt(z) * sqrt(z), "sqrt");
                close(reciprocal(reciprocal(z)), "reciprocal");
                close(asin(z).sin(), "asin");
                close(asinh(z).sinh(), "asinh");
                close(tan(atan(z)), "atan");
                close(tanh(atanh(z)), "atanh");
                // Their values are not small where z is.
                assert!((acos(z).cos() - z).norm() < 1e-13 * (1.0 + z.norm()), "acos of {z}");
                assert!((acosh(z).cosh() - z).norm() < 1e-13 * (1.0 + z.norm()), "acosh of {z}");
            }
        }
    }

    #[test]
    fn nothing_cancels_and_cuts_have_two_sides() {
        let large = 1e18;
        let infinite = f64::INFINITY;
        near(sqrt(Z::new(1.0, -infinite)), Z::new(infinite, -infinite), "sqrt");
        near(sqrt(Z::new(infinite, 1.0)), Z::new(infinite, 0.0), "sqrt");
        near(sqrt(Z::new(-4.0, -0.0)), Z::new(0.0, -2.0), "sqrt, below the cut");
        assert!(reciprocal(Z::new(0.0, 0.0)).re == infinite && reciprocal(Z::new(0.0, 0.0)).im.is_nan());
        near(reciprocal(Z::new(1e-300, 1e300)), Z::new(0.0, -1e-300), "reciprocal");
        near(asin(Z::new(large, 0.0)), Z::new(FRAC_PI_2, (2.0 * large).ln()), "asin, far away");
        near(asin(Z::new(large, -0.0)), Z::new(FRAC_PI_2, -(2.0 * large).ln()), "asin, below the cut");
        near(acos(Z::new(2.0, 0.0)), Z::new(0.0, -(2.0f64 + 3f64.sqrt()).ln()), "acos");
        near(asinh(Z::new(-1e-20, 0.0)), Z::new(-1e-20, 0.0), "asinh, close by");
        near(acosh(Z::new(1.0, 0.0)), Z::new(0.0, 0.0), "acosh");
        near(atanh(Z::new(2.0, 0.0)), Z::new(3f64.ln() / 2.0, FRAC_PI_2), "atanh");
        near(atanh(Z::new(2.0, -0.0)), Z::new(3f64.ln() / 2.0, -FRAC_PI_2), "atanh, below the cut");
        near(atanh(Z::new(-2.0, 0.0)), Z::new(-3f64.ln() / 2.0, FRAC_PI_2), "atanh, to the left");
        near(atan(Z::new(1e200, 1.0)), Z::new(FRAC_PI_2, 0.0), "atan, far away");
        near(tanh(Z::new(-1000.0, 1.0)), Z::new(-1.0, 0.0), "tanh");
        near(tan(Z::new(1.0, 1000.0)), Z::new(0.0, 1.0), "tan");
    }
}
