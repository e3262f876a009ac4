//! Functions of f64 computed with unevaluated sums of two floats, about 100 bits, and rounded once at the end.

/// `high + low`, the second far below the first.
#[derive(Clone, Copy)]
struct Pair {
    high: f64,
    low: f64,
}

impl Pair {
    fn new(high: f64, low: f64) -> Pair {
        let sum = high + low;
        Pair { high: sum, low: low - (sum - high) }
    }

    fn add(self, other: Pair) -> Pair {
        let sum = self.high + other.high;
        let part = sum - self.high;
        let lost = (self.high - (sum - part)) + (other.high - part);
        Pair::new(sum, lost + self.low + other.low)
    }

    fn mul(self, other: Pair) -> Pair {
        let product = self.high * other.high;
        let lost = self.high.mul_add(other.high, -product);
        Pair::new(product, lost + self.high * other.low + self.low * other.high)
    }

    fn div(self, other: Pair) -> Pair {
        let quotient = self.high / other.high;
        let rest = self.add(other.mul(Pair::new(-quotient, 0.0)));
        Pair::new(quotient, rest.high / other.high)
    }

    fn scale(self, factor: f64) -> Pair {
        Pair { high: self.high * factor, low: self.low * factor }
    }

    fn neg(self) -> Pair {
        self.scale(-1.0)
    }

    fn value(self) -> f64 {
        self.high + self.low
    }
}

const ONE: Pair = Pair { high: 1.0, low: 0.0 };

/// `eˣ - 1` for moderate x, as a pair.
fn expm1_pair(x: f64) -> Pair {
    let n = (x / std::f64::consts::LN_2).round();
    // ln 2 in three parts, the first of few bits.
    let parts = [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10, -1.077_607_035_600_404_6e-26];
    let reduced = parts.iter().fold(Pair::new(x, 0.0), |r, part| {
        let product = n * part;
        r.add(Pair::new(-product, -n.mul_add(*part, -product)))
    });
    // Taylor's series of r/256, then eight doublings of the argument: e²ʳ - 1 = p² + 2p.
    let r = reduced.scale(1.0 / 256.0);
    let mut p = Pair::new(0.0, 0.0);
    for k in (1..=10).rev() {
        p = r.mul(p.add(ONE)).div(Pair::new(f64::from(k), 0.0));
    }
    for _ in 0..8 {
        p = p.mul(p).add(p.scale(2.0));
    }
    let power = n.exp2();
    p.scale(power).add(Pair::new(power, 0.0)).add(ONE.neg())
}

pub(crate) fn expm1(x: f64) -> f64 {
    // Where the pair would overflow or have nothing to add.
    if x.is_nan() || !(1e-300..700.0).contains(&x.abs()) { x.exp_m1() } else { expm1_pair(x).value() }
}

pub(crate) fn tanh(x: f64) -> f64 {
    if x.is_nan() || !(1e-300..40.0).contains(&x.abs()) {
        return x.tanh();
    }
    let t = expm1_pair(2.0 * x);
    t.div(t.add(ONE).add(ONE)).value()
}

pub(crate) fn logistic(x: f64) -> f64 {
    if x.is_nan() || x.abs() > 700.0 {
        return if x < 0.0 { x.exp() } else { 1.0 / (1.0 + (-x).exp()) };
    }
    ONE.div(expm1_pair(-x).add(ONE).add(ONE)).value()
}

pub(crate) fn sinh(x: f64) -> f64 {
    if x.is_nan() || !(1e-300..700.0).contains(&x.abs()) {
        return x.sinh();
    }
    // sinh x = (t + t / (t + 1)) / 2.
    let t = expm1_pair(x);
    t.add(t.div(t.add(ONE))).scale(0.5).value()
}

pub(crate) fn cosh(x: f64) -> f64 {
    if x.is_nan() || x.abs() > 700.0 {
        return x.cosh();
    }
    let e = expm1_pair(x.abs()).add(ONE);
    e.add(ONE.div(e)).scale(0.5).value()
}
