//! Scalar functions for the rare lanes that a vector formula does not reach, and for functions that need a loop.
//!
//! A cold function is pure, never traps, and is the same code under every instruction set, so that it gives the
//! same bits everywhere. Generated code calls it by address with the C calling convention.

use crate::scalar::{Scalar, f32_of, f64_of};

macro_rules! cold_functions {
    ($($(#[$doc:meta])* $name:ident $text:literal ($($arg:ident),+) $f32:expr, $f64:expr;)*) => {
        /// A scalar function of one, two or three floats of the same type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ColdFunction { $($(#[$doc])* $name),* }

        impl ColdFunction {
            /// Every cold function.
            pub const ALL: &'static [ColdFunction] = &[$(ColdFunction::$name),*];

            /// Text name.
            pub const fn name(self) -> &'static str {
                match self { $(ColdFunction::$name => $text),* }
            }

            /// Number of operands, one to three.
            pub const fn num_args(self) -> usize {
                match self { $(ColdFunction::$name => [$(stringify!($arg)),+].len()),* }
            }

            /// The function on lane bits of a float type.
            pub fn evaluate(self, scalar: Scalar, args: &[u64]) -> u64 {
                match (self, scalar, args) {
                    $((ColdFunction::$name, Scalar::F32, &[$($arg),+]) =>
                        u64::from(native::$name::single($(f32_of($arg)),+).to_bits()),
                    (ColdFunction::$name, Scalar::F64, &[$($arg),+]) =>
                        native::$name::double($(f64_of($arg)),+).to_bits(),)*
                    _ => panic!("internal: cold {} on {scalar} with {} operands", self.name(), args.len()),
                }
            }

            /// Address of an `extern "C"` function of `num_args` floats of the type, which returns one.
            pub fn address(self, scalar: Scalar) -> *const () {
                match (self, scalar) {
                    $((ColdFunction::$name, Scalar::F32) => native::$name::single as *const (),
                    (ColdFunction::$name, Scalar::F64) => native::$name::double as *const (),)*
                    _ => panic!("internal: cold {} on {scalar}", self.name()),
                }
            }
        }

        #[allow(non_snake_case, reason = "one module for each variant, named as the variant")]
        mod native {
            $(pub(super) mod $name {
                pub(in crate::cold) extern "C" fn single($($arg: f32),+) -> f32 { ($f32)($($arg),+) }
                pub(in crate::cold) extern "C" fn double($($arg: f64),+) -> f64 { ($f64)($($arg),+) }
            })*
        }
    };
}

cold_functions! {
    /// Sine, for arguments too large for the vector reduction.
    Sin "sin" (x) libm::sinf, libm::sin;
    /// Cosine, for arguments too large for the vector reduction.
    Cos "cos" (x) libm::cosf, libm::cos;
    /// Tangent, for arguments too large for the vector reduction.
    Tan "tan" (x) libm::tanf, libm::tan;
    /// Inverse sine.
    Asin "asin" (x) libm::asinf, libm::asin;
    /// Inverse cosine.
    Acos "acos" (x) libm::acosf, libm::acos;
    /// Inverse tangent.
    Atan "atan" (x) libm::atanf, libm::atan;
    /// Angle of the point (y, x).
    Atan2 "atan2" (y, x) libm::atan2f, libm::atan2;
    /// Hyperbolic sine.
    Sinh "sinh" (x) libm::sinhf, libm::sinh;
    /// Hyperbolic cosine.
    Cosh "cosh" (x) libm::coshf, libm::cosh;
    /// Inverse hyperbolic sine.
    Asinh "asinh" (x) libm::asinhf, libm::asinh;
    /// Inverse hyperbolic cosine.
    Acosh "acosh" (x) |x: f32| if x < 1.0 { f32::NAN } else { libm::acoshf(x) },
        |x: f64| if x < 1.0 { f64::NAN } else { libm::acosh(x) };
    /// Inverse hyperbolic tangent.
    Atanh "atanh" (x) libm::atanhf, libm::atanh;
    /// Cube root.
    Cbrt "cbrt" (x) libm::cbrtf, libm::cbrt;
    /// Power.
    Pow "pow" (x, y) libm::powf, libm::pow;
    /// Error function.
    Erf "erf" (x) libm::erff, libm::erf;
    /// Complementary error function.
    Erfc "erfc" (x) libm::erfcf, libm::erfc;
    /// Remainder with the dividend's sign, exact.
    Rem "rem" (x, y) libm::fmodf, libm::fmod;
    /// Logarithm of the gamma function's absolute value.
    Lgamma "lgamma" (x) |x: f32| crate::special::lgamma(x.into()) as f32, crate::special::lgamma;
    /// Derivative of the gamma function's logarithm.
    Digamma "digamma" (x) |x: f32| crate::special::digamma(x.into()) as f32, crate::special::digamma;
    /// Derivative of the digamma function, its order first.
    Polygamma "polygamma" (n, x) |n: f32, x: f32| crate::special::polygamma(n.into(), x.into()) as f32, crate::special::polygamma;
    /// Exponential integral Ei.
    Expi "expi" (x) |x: f32| crate::special::expi(x.into()) as f32, crate::special::expi;
    /// Exponential integral of an order, which comes first.
    Expn "expn" (n, x) |n: f32, x: f32| crate::special::expn(n.into(), x.into()) as f32, crate::special::expn;
    /// Hurwitz' zeta function.
    Zeta "zeta" (x, q) |x: f32, q: f32| crate::special::zeta(x.into(), q.into()) as f32, crate::special::zeta;
    /// Regularised lower incomplete gamma function.
    Igamma "igamma" (a, x) |a: f32, x: f32| crate::special::igamma(a.into(), x.into()) as f32, crate::special::igamma;
    /// Regularised upper incomplete gamma function.
    Igammac "igammac" (a, x) |a: f32, x: f32| crate::special::igammac(a.into(), x.into()) as f32, crate::special::igammac;
    /// Derivative of the lower one by its first argument.
    IgammaGradA "igamma_grad_a" (a, x)
        |a: f32, x: f32| crate::special::igamma_grad_a(a.into(), x.into()) as f32, crate::special::igamma_grad_a;
    /// Derivative of a sample of the gamma distribution by its shape.
    RandomGammaGrad "random_gamma_grad" (a, x)
        |a: f32, x: f32| crate::special::random_gamma_grad(a.into(), x.into()) as f32,
        crate::special::random_gamma_grad;
    /// A sample of the gamma distribution drawn in f32: the words of the key, which a double holds, and the shape.
    RandomGammaSingle "random_gamma_single" (high, low, a)
        |_: f32, _: f32, _: f32| f32::NAN,
        |high: f64, low: f64, a: f64| crate::special::random_gamma([high as u32, low as u32], a, crate::special::Precision::Single);
    /// The same in f64.
    RandomGammaDouble "random_gamma_double" (high, low, a)
        |_: f32, _: f32, _: f32| f32::NAN,
        |high: f64, low: f64, a: f64| crate::special::random_gamma([high as u32, low as u32], a, crate::special::Precision::Double);
    /// The logarithm of a sample drawn in f32.
    RandomLoggammaSingle "random_loggamma_single" (high, low, a)
        |_: f32, _: f32, _: f32| f32::NAN,
        |high: f64, low: f64, a: f64| crate::special::random_loggamma([high as u32, low as u32], a, crate::special::Precision::Single);
    /// The same in f64.
    RandomLoggammaDouble "random_loggamma_double" (high, low, a)
        |_: f32, _: f32, _: f32| f32::NAN,
        |high: f64, low: f64, a: f64| crate::special::random_loggamma([high as u32, low as u32], a, crate::special::Precision::Double);
    /// Regularised incomplete beta function.
    Betainc "betainc" (a, b, x)
        |a: f32, b: f32, x: f32| crate::special::betainc(a.into(), b.into(), x.into()) as f32, crate::special::betainc;
}

/// `x · y + z` of f32 rounded once, for hosts without the instruction.
pub extern "C" fn fma_single(x: f32, y: f32, z: f32) -> f32 {
    libm::fmaf(x, y, z)
}

/// `x · y + z` of f64 rounded once, for hosts without the instruction.
pub extern "C" fn fma_double(x: f64, y: f64, z: f64) -> f64 {
    libm::fma(x, y, z)
}
