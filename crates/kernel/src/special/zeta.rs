//! Hurwitz' zeta function and the polygamma functions.

use super::gamma::{digamma, lgamma};

/// `B₂ⱼ / (2j)!` for j = 1 .. 12.
pub const BERNOULLI: [f64; 12] = [
    8.333_333_333_333_333e-2,
    -1.388_888_888_888_889e-3,
    3.306_878_306_878_307e-5,
    -8.267_195_767_195_767e-7,
    2.087_675_698_786_81e-8,
    -5.284_190_138_687_493e-10,
    1.338_253_653_068_467_9e-11,
    -3.389_680_296_322_582_9e-13,
    8.586_062_056_277_845e-15,
    -2.174_868_698_558_062e-16,
    5.509_002_828_360_229_5e-18,
    -1.395_446_468_581_252_3e-19,
];

/// ζ(x, q) = Σ (q + k)⁻ˣ. Where it has no value, XLA's: infinite at x = 1 and, for even x, at q = 0, -1, ..; NaN for
/// x < 1, for odd x at those q, for negative q with other than integral x, and where an argument is infinite.
pub fn zeta(x: f64, q: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    if q <= 0.0 && libm::floor(q) == q {
        return if x.is_finite() && libm::fmod(x, 2.0) == 0.0 { f64::INFINITY } else { f64::NAN };
    }
    if !(x > 1.0 && x < f64::INFINITY && q.abs() < f64::INFINITY) || (q < 0.0 && libm::floor(x) != x) {
        return f64::NAN;
    }
    if q > 0.0 {
        return positive(x, q);
    }
    // All integers apart from q, less those that are below: Σ over n >= 0 of (q + n)⁻ˣ.
    let sign = if libm::fmod(x, 2.0) == 0.0 { 1.0 } else { -1.0 };
    let part = q - libm::floor(q);
    if part == 0.0 {
        return f64::NAN;
    }
    let whole = positive(x, part) + sign * positive(x, 1.0 - part);
    if whole.is_infinite() { whole } else { whole - sign * positive(x, 1.0 - q) }
}

/// By the sum of Euler and Maclaurin (DLMF 25.11.5), for x > 1 and q > 0.
fn positive(x: f64, q: f64) -> f64 {
    let (mut sum, mut at) = (0.0, q);
    // The tail's series needs both a large start and one that is large beside x.
    while at < 10.0 || at < 0.5 * x {
        let term = libm::pow(at, -x);
        sum += term;
        if term <= sum * 1e-17 || sum.is_infinite() {
            return sum;
        }
        at += 1.0;
    }
    let power = libm::pow(at, -x);
    let mut factor = x * power / at;
    let mut tail = at * power / (x - 1.0) + 0.5 * power;
    for (j, coefficient) in BERNOULLI.iter().enumerate() {
        let term = coefficient * factor;
        tail += term;
        if term.abs() <= tail * 1e-17 {
            break;
        }
        let n = 2.0 * j as f64;
        factor *= (x + n + 1.0) * (x + n + 2.0) / (at * at);
    }
    sum + tail
}

/// The derivative of order n of ψ at x; NaN where n is no natural number.
pub fn polygamma(n: f64, x: f64) -> f64 {
    if n == 0.0 {
        return digamma(x);
    }
    if !(n > 0.0 && libm::floor(n) == n) {
        return f64::NAN;
    }
    // ψ⁽ⁿ⁾(x) = (-1)ⁿ⁺¹ n! ζ(n + 1, x) (DLMF 25.11.12).
    let sign = if libm::fmod(n, 2.0) == 0.0 { -1.0 } else { 1.0 };
    sign * factorial(n) * zeta(n + 1.0, x)
}

fn factorial(n: f64) -> f64 {
    if n <= 170.0 {
        return (1..=n as u32).map(f64::from).product();
    }
    libm::exp(lgamma(n + 1.0))
}
