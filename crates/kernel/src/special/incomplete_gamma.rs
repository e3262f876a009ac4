//! The regularised incomplete gamma functions and their derivatives by the first argument.
//!
//! Series and continued fraction where they converge, Temme's uniform expansion where the first argument is large.

use super::gamma::{digamma, lgamma, lgamma_1p, log1p_minus, stirling_error};
use std::f64::consts::PI;

/// From here on Temme's expansion has full accuracy with the terms kept below.
const UNIFORM: f64 = 1e4;
/// Where the distance of the arguments, as a share of the first, is larger than this, both functions are 0 or 1
/// to the last place (for first arguments of [`UNIFORM`] and more).
const WIDEST: f64 = 0.5;
/// More steps than any argument below [`UNIFORM`] needs.
const MOST_STEPS: u32 = 20_000;
/// Coefficients of C₀ .. C₃ of `Q(a, x) = erfc(η √(a/2)) / 2 + e^(-aη²/2) / √(2πa) · Σ Cₖ(η) / aᵏ` (DLMF 8.12.8),
/// highest power first, from the recurrence 8.12.11 in 50 digits.
const TEMME: [&[f64]; 4] = [
    &[
        1.1004392031956135e-13,
        -5.0276692801141755e-12,
        2.4361948020667415e-11,
        -5.830772132550426e-11,
        -2.5514193994946248e-11,
        9.14769958223679e-10,
        -4.382036018453353e-09,
        1.0261809784240309e-08,
        6.707853543401498e-09,
        -1.7665952736826078e-07,
        8.296711340953087e-07,
        -1.85406221071516e-06,
        -2.185448510679992e-06,
        3.919263178522438e-05,
        -0.0001787551440329218,
        0.0003527336860670194,
        0.0011574074074074073,
        -0.014814814814814815,
        0.08333333333333333,
        -0.3333333333333333,
    ],
    &[
        -1.7543241719747647e-11,
        1.1951628599778148e-08,
        -5.752545603517705e-08,
        1.378633446915721e-07,
        4.647127802807434e-09,
        -1.6120900894563446e-06,
        7.64916091608111e-06,
        -1.8098550334489977e-05,
        -4.018775720164609e-07,
        0.00020576131687242798,
        -0.0009902263374485596,
        0.0026455026455026454,
        -0.003472222222222222,
        -0.001851851851851852,
    ],
    &[
        1.3721957309062934e-06,
        3.423578734096138e-08,
        -1.2760635188618728e-05,
        5.2923448829120125e-05,
        -0.0001073665322636516,
        2.0093878600823047e-06,
        0.0007716049382716049,
        -0.0026813271604938273,
        0.004133597883597883,
    ],
    &[0.00026772063206283885, -0.0004691894943952557, 0.00022947209362139917, 0.0006494341563786008],
];

/// P(a, x) = γ(a, x) / Γ(a); NaN for a negative argument.
pub fn igamma(a: f64, x: f64) -> f64 {
    if let Some(value) = lower_at_border(a, x) {
        return value;
    }
    if a >= UNIFORM {
        return uniform(a, x).lower;
    }
    if x >= 1.0 && x > a {
        return 1.0 - scaled_power(a, x) * Fraction::of(a, x).value;
    }
    scaled_power(a, x) * Series::of(a, x).value / a
}

/// Q(a, x) = Γ(a, x) / Γ(a); NaN for a negative argument.
pub fn igammac(a: f64, x: f64) -> f64 {
    if let Some(value) = lower_at_border(a, x) {
        return 1.0 - value;
    }
    if a >= UNIFORM {
        return uniform(a, x).upper;
    }
    if x >= 1.0 && x >= a {
        return scaled_power(a, x) * Fraction::of(a, x).value;
    }
    // Where P is near one, Q comes from a series of its own.
    let lower_is_large = if x < 0.5 { a < -0.4 / libm::log(x) } else { x < 1.1 && a < 1.1 * x };
    if lower_is_large { small_upper(a, x) } else { 1.0 - scaled_power(a, x) * Series::of(a, x).value / a }
}

/// ∂P(a, x) / ∂a.
pub fn igamma_grad_a(a: f64, x: f64) -> f64 {
    if let Some(value) = slope_at_border(a, x) {
        return value;
    }
    -scaled_power(a, x) / x * sample_slope(a, x)
}

/// dx / da of a sample x of the gamma distribution of shape a: -(∂P / ∂a) / (∂P / ∂x).
pub fn random_gamma_grad(a: f64, x: f64) -> f64 {
    slope_at_border(a, x).unwrap_or_else(|| sample_slope(a, x))
}

/// The value where it follows from the arguments' limits.
fn lower_at_border(a: f64, x: f64) -> Option<f64> {
    if a.is_nan() || x.is_nan() || a < 0.0 || x < 0.0 || (a == 0.0 && x == 0.0) {
        return Some(f64::NAN);
    }
    match (a, x) {
        (_, 0.0) => Some(0.0),
        (_, f64::INFINITY) | (0.0, _) => Some(1.0),
        // As XLA has it: the limit where its series is used, NaN from its continued fraction.
        (f64::INFINITY, x) => Some(if x < 1.0 { 0.0 } else { f64::NAN }),
        _ => None,
    }
}

fn slope_at_border(a: f64, x: f64) -> Option<f64> {
    if a.is_nan() || x.is_nan() || a <= 0.0 || x < 0.0 {
        return Some(f64::NAN);
    }
    if x == 0.0 {
        return Some(0.0);
    }
    (a == f64::INFINITY || x == f64::INFINITY).then_some(f64::NAN)
}

/// xᵃ e⁻ˣ / Γ(a).
fn scaled_power(a: f64, x: f64) -> f64 {
    if a < 10.0 {
        return libm::exp(a * libm::log(x) - x - lgamma(a));
    }
    // Large terms cancel: x = a (1 + μ), and Γ(a) by Stirling's formula.
    let ratio = x / a;
    // Near -1 there is no room in μ for the digits of x.
    let per_a = if ratio < 0.4 { libm::log(ratio) + (1.0 - ratio) } else { log1p_minus((x - a) / a) };
    let exponent = a * per_a - stirling_error(a);
    libm::sqrt(a / (2.0 * PI)) * libm::exp(exponent)
}

/// Σ xⁿ / ((a + 1) .. (a + n)), and its derivative by a (DLMF 8.11.4).
struct Series {
    value: f64,
    slope: f64,
}

impl Series {
    fn of(a: f64, x: f64) -> Series {
        let (mut term, mut value, mut term_slope, mut slope) = (1.0, 1.0, 0.0, 0.0);
        for n in 1..MOST_STEPS {
            let r = a + f64::from(n);
            term_slope = (term_slope - term / r) * (x / r);
            term *= x / r;
            value += term;
            slope += term_slope;
            if term <= value * 1e-17 && f64::abs(term_slope) <= f64::abs(slope) * 1e-17 {
                break;
            }
        }
        Series { value, slope }
    }
}

/// Q(a, x) / (xᵃ e⁻ˣ / Γ(a)) as a continued fraction, and its derivative by a (DLMF 8.9.2, contracted).
struct Fraction {
    value: f64,
    slope: f64,
}

impl Fraction {
    /// Numerators p and denominators q of the convergents by the three-term recurrence; `[value, d/da]` each.
    fn of(a: f64, x: f64) -> Fraction {
        let (mut p, mut p_before) = ([1.0, 0.0], [0.0, 0.0]);
        let (mut q, mut q_before) = ([x + 1.0 - a, -1.0], [1.0, 0.0]);
        let mut fraction = Fraction { value: p[0] / q[0], slope: p[0] / (q[0] * q[0]) };
        for n in 1..MOST_STEPS {
            let n = f64::from(n);
            let (factor, factor_slope) = (n * (a - n), n);
            let (shift, shift_slope) = (x + 2.0 * n + 1.0 - a, -1.0);
            let next = |now: [f64; 2], before: [f64; 2]| {
                [
                    shift * now[0] + factor * before[0],
                    shift * now[1] + shift_slope * now[0] + factor * before[1] + factor_slope * before[0],
                ]
            };
            (p, p_before) = (next(p, p_before), p);
            (q, q_before) = (next(q, q_before), q);
            if q[0] == 0.0 {
                continue;
            }
            let value = p[0] / q[0];
            let slope = (p[1] - value * q[1]) / q[0];
            let settled = |new: f64, old: f64| f64::abs(new - old) <= f64::abs(new) * 2e-16;
            let done = settled(value, fraction.value) && settled(slope, fraction.slope);
            fraction = Fraction { value, slope };
            if done {
                break;
            }
            if f64::abs(q[0]) > 1e200 || f64::abs(q[1]) > 1e200 {
                for pair in [&mut p, &mut p_before, &mut q, &mut q_before] {
                    *pair = pair.map(|v| v * 1e-200);
                }
            }
        }
        fraction
    }
}

/// Q(a, x) for small a and x: 1 - xᵃ / Γ(1 + a), and the series of the rest (DLMF 8.7.1).
fn small_upper(a: f64, x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 0.0);
    for n in 1..MOST_STEPS {
        let n = f64::from(n);
        term *= -x / n;
        let next = sum + term / (a + n);
        if next == sum {
            break;
        }
        sum = next;
    }
    let exponent = a * libm::log(x) - lgamma_1p(a);
    -libm::expm1(exponent) - a * libm::exp(exponent) * sum
}

/// Both functions of a large first argument.
struct Uniform {
    lower: f64,
    upper: f64,
}

/// `η = ±√(2 (μ - log(1 + μ)))` of `x = a (1 + μ)`.
fn eta(mu: f64) -> f64 {
    libm::copysign(libm::sqrt(-2.0 * log1p_minus(mu)), mu)
}

fn uniform(a: f64, x: f64) -> Uniform {
    let mu = (x - a) / a;
    if mu.abs() > WIDEST {
        return if mu > 0.0 {
            Uniform { lower: 1.0, upper: 0.0 }
        } else {
            Uniform { lower: 0.0, upper: 1.0 }
        };
    }
    let eta = eta(mu);
    let rest = libm::exp(-0.5 * a * eta * eta) / libm::sqrt(2.0 * PI * a) * temme_sum(a, eta).value;
    let argument = eta * libm::sqrt(0.5 * a);
    Uniform { lower: 0.5 * libm::erfc(-argument) - rest, upper: 0.5 * libm::erfc(argument) + rest }
}

/// Σ Cₖ(η) / aᵏ with its derivatives by a and by η.
struct TemmeSum {
    value: f64,
    by_a: f64,
    by_eta: f64,
}

fn temme_sum(a: f64, eta: f64) -> TemmeSum {
    let mut sum = TemmeSum { value: 0.0, by_a: 0.0, by_eta: 0.0 };
    let mut scale = 1.0;
    for (k, coefficients) in TEMME.iter().enumerate() {
        let (mut value, mut slope) = (0.0, 0.0);
        for c in *coefficients {
            slope = slope * eta + value;
            value = value * eta + c;
        }
        sum.value += scale * value;
        sum.by_a -= k as f64 * scale / a * value;
        sum.by_eta += scale * slope;
        scale /= a;
    }
    sum
}

fn sample_slope(a: f64, x: f64) -> f64 {
    let mu = (x - a) / a;
    if a >= UNIFORM && mu.abs() <= WIDEST {
        return uniform_slope(a, mu);
    }
    if x > 1.0 && x > a {
        let Fraction { value, slope } = Fraction::of(a, x);
        return (slope + value * (libm::log(x) - digamma(a))) * x;
    }
    let Series { value, slope } = Series::of(a, x);
    -(slope + value * (libm::log(x) - digamma(a + 1.0))) * x / a
}

/// The derivative of the uniform expansion over that by x; the exponentials cancel.
///
/// With λ = 1 + μ: `dη/da = -μ / (aη)` and `d(-aη²/2)/da = log λ`.
fn uniform_slope(a: f64, mu: f64) -> f64 {
    let eta = eta(mu);
    let ratio = if eta == 0.0 { 1.0 } else { mu / eta };
    let sum = temme_sum(a, eta);
    let of_rest = sum.value * (libm::log1p(mu) - 0.5 / a) + sum.by_a - sum.by_eta * ratio / a;
    let slope = 0.5 * eta - ratio - of_rest;
    -(1.0 + mu) * libm::exp(stirling_error(a)) * slope
}
