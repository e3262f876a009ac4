//! Functions that have no vector formula yet: each lane calls the scalar function.

use crate::builder::Builder;
use crate::cold::ColdFunction;
use crate::op::Value;

macro_rules! lane_by_lane {
    ($($(#[$doc:meta])* $name:ident = $function:ident ($($arg:ident),+);)*) => {
        impl Builder {
            $($(#[$doc])*
            pub fn $name(&mut self, $($arg: Value),+) -> Value {
                let args = [$($arg),+];
                let every_lane = self.bool(true);
                self.cold(every_lane, ColdFunction::$function, &args, args[0])
            })*
        }
    };
}

lane_by_lane! {
    /// Sine, within 2 units in the last place.
    sin = Sin(x);
    /// Cosine, within 2 units in the last place.
    cos = Cos(x);
    /// Tangent, within 2 units in the last place.
    tan = Tan(x);
    /// Inverse sine, within 4 units in the last place.
    asin = Asin(x);
    /// Inverse cosine, within 4 units in the last place.
    acos = Acos(x);
    /// Inverse tangent, within 4 units in the last place.
    atan = Atan(x);
    /// Angle of the point (x, y) from the x axis, in (-π, π], within 4 units in the last place.
    atan2 = Atan2(y, x);
    /// Hyperbolic sine, within 4 units in the last place.
    sinh = Sinh(x);
    /// Hyperbolic cosine, within 4 units in the last place.
    cosh = Cosh(x);
    /// Inverse hyperbolic sine, within 4 units in the last place.
    asinh = Asinh(x);
    /// Inverse hyperbolic cosine, within 4 units in the last place.
    acosh = Acosh(x);
    /// Inverse hyperbolic tangent, within 4 units in the last place.
    atanh = Atanh(x);
    /// Cube root, within 4 units in the last place.
    cbrt = Cbrt(x);
    /// `x` to the power `y`, within 4 units in the last place.
    pow = Pow(x, y);
    /// Error function, within 2 units in the last place.
    erf = Erf(x);
    /// Complementary error function, within 4 units in the last place.
    erfc = Erfc(x);
}
