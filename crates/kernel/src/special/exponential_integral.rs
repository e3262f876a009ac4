//! The exponential integrals Ei and Eₙ.

/// Euler's constant γ.
const EULER: f64 = 0.577_215_664_901_532_9;
const MOST_STEPS: u32 = 2_000;
/// From here on the asymptotic series of Ei is exact to the last place.
const ASYMPTOTIC: f64 = 40.0;

/// Ei(x), the principal value of ∫ eᵗ/t from -∞ to x; -∞ at zero.
pub fn expi(x: f64) -> f64 {
    if x < 0.0 {
        return -expn(1.0, -x);
    }
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    if x < ASYMPTOTIC {
        return EULER + libm::log(x) + series(x);
    }
    // eˣ/x Σ k! / xᵏ, up to its smallest term (DLMF 6.12.2); halved powers do not overflow before the result does.
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..MOST_STEPS {
        let next = term * f64::from(k) / x;
        if next >= term || sum + next == sum {
            break;
        }
        term = next;
        sum += term;
    }
    let half = libm::exp(0.5 * x);
    if half.is_infinite() { half } else { half * (sum / x) * half }
}

/// Σ xᵏ / (k k!) over k from 1.
fn series(x: f64) -> f64 {
    let (mut sum, mut term) = (0.0, 1.0);
    for k in 1..MOST_STEPS {
        let k = f64::from(k);
        term *= x / k;
        let next = sum + term / k;
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// Eₙ(x) = ∫ e⁻ˣᵗ / tⁿ from 1 to ∞; NaN for negative x and where n is no integral number. Negative n arise in
/// derivatives.
pub fn expn(n: f64, x: f64) -> f64 {
    if !(x >= 0.0 && libm::floor(n) == n) {
        return f64::NAN;
    }
    if n < 0.0 {
        return negative(-n, x);
    }
    if x == 0.0 {
        return if n < 2.0 { f64::INFINITY } else { 1.0 / (n - 1.0) };
    }
    if n == 0.0 {
        return libm::exp(-x) / x;
    }
    if x > 1.0 || n > 60.0 { fraction(n, x) } else { small(n, x) }
}

/// E₋ₘ(x) = e⁻ˣ/x Σ m! / (m - k)! x⁻ᵏ over k up to m (DLMF 8.19.12 from E₀): all terms are positive.
fn negative(m: f64, x: f64) -> f64 {
    let power = libm::exp(-x) / x;
    if power == 0.0 || power.is_infinite() {
        return power;
    }
    // By Horner's scheme from the highest power of 1/x.
    let steps = m.min(f64::from(MOST_STEPS)) as u32;
    let sum = (1..=steps).fold(1.0, |sum, k| 1.0 + sum * f64::from(k) / x);
    power * sum
}

/// The continued fraction (DLMF 8.19.17, contracted) by Lentz's method.
fn fraction(n: f64, x: f64) -> f64 {
    let power = libm::exp(-x);
    if power == 0.0 {
        return 0.0;
    }
    let mut b = x + n;
    let mut c = f64::MAX;
    let mut d = 1.0 / b;
    let mut h = d;
    for k in 1..MOST_STEPS {
        let k = f64::from(k);
        let a = -k * (n - 1.0 + k);
        b += 2.0;
        d = 1.0 / (a * d + b);
        c = b + a / c;
        let change = c * d;
        h *= change;
        if f64::abs(change - 1.0) <= 2e-16 {
            break;
        }
    }
    h * power
}

/// The series for x <= 1 and small n (DLMF 8.19.8).
fn small(n: f64, x: f64) -> f64 {
    let last = n - 1.0;
    let mut sum = if last == 0.0 { -libm::log(x) - EULER } else { 1.0 / last };
    let mut term = 1.0;
    for k in 1..MOST_STEPS {
        let k = f64::from(k);
        term *= -x / k;
        let next = if k == last {
            // ψ(n) as the sum of reciprocals.
            let psi = (1..n as u32).fold(-EULER, |psi, i| psi + 1.0 / f64::from(i));
            sum + term * (psi - libm::log(x))
        } else {
            sum - term / (k - last)
        };
        if next == sum && k > last {
            break;
        }
        sum = next;
    }
    sum
}
