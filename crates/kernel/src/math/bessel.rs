//! Exponentially scaled modified Bessel functions of the first kind, by the series of [`crate::special`].

use crate::builder::Builder;
use crate::op::Value;
use crate::special::bessel::{FAR, I0E_FAR, I0E_NEAR, I1E_FAR, I1E_NEAR};

impl Builder {
    /// e^-|x| I₀(x), within 8 units in the last place.
    pub fn bessel_i0e(&mut self, x: Value) -> Value {
        let magnitude = self.abs(x);
        let near = self.bessel_near(magnitude, &I0E_NEAR);
        self.bessel_joined(magnitude, near, &I0E_FAR)
    }

    /// e^-|x| I₁(x), within 8 units in the last place.
    pub fn bessel_i1e(&mut self, x: Value) -> Value {
        let magnitude = self.abs(x);
        let near = self.bessel_near(magnitude, &I1E_NEAR);
        let one = self.float_like(x, 1.0);
        let scale = self.add(magnitude, one);
        let scale = self.div(magnitude, scale);
        let near = self.mul(near, scale);
        let result = self.bessel_joined(magnitude, near, &I1E_FAR);
        self.with_sign_of(result, x)
    }

    /// The series in `x/4 - 1`.
    fn bessel_near(&mut self, magnitude: Value, coefficients: &[f64]) -> Value {
        let (half, two) = (self.float_like(magnitude, 0.5), self.float_like(magnitude, -2.0));
        let twice = self.fma(magnitude, half, two);
        self.chebyshev(twice, coefficients)
    }

    /// `near` up to 8, beyond the series in `16/x - 1` over √x.
    fn bessel_joined(&mut self, magnitude: Value, near: Value, coefficients: &[f64]) -> Value {
        let (scale, two) = (self.float_like(magnitude, 32.0), self.float_like(magnitude, -2.0));
        let quotient = self.div(scale, magnitude);
        let twice = self.add(quotient, two);
        let far = self.chebyshev(twice, coefficients);
        let root = self.sqrt(magnitude);
        let far = self.div(far, root);
        let border = self.float_like(magnitude, FAR);
        let is_far = self.gt(magnitude, border);
        self.select(is_far, far, near)
    }

    /// Clenshaw's scheme for twice the argument of the Chebyshev polynomials; coefficients from the highest degree
    /// down, the constant one counting half. Those too small for the type are left out.
    fn chebyshev(&mut self, twice: Value, coefficients: &[f64]) -> Value {
        let least = self.format(twice).pick(1e-9, 0.0);
        let kept = coefficients.iter().position(|c| c.abs() > least).unwrap_or(0);
        let (mut b0, mut b1) = (self.float_like(twice, 0.0), self.float_like(twice, 0.0));
        let mut b2 = b1;
        for &c in &coefficients[kept..] {
            (b2, b1) = (b1, b0);
            let c = self.float_like(twice, c);
            let rest = self.sub(c, b2);
            b0 = self.fma(twice, b1, rest);
        }
        let (half, difference) = (self.float_like(twice, 0.5), self.sub(b0, b2));
        self.mul(half, difference)
    }
}
