//! One sample of the gamma distribution from a key, by rejection.
//!
//! Marsaglia and Tsang, "A simple method for generating gamma variables" (2000), with JAX's order of draws: each draw
//! splits a key of the counter-based generator threefry2x32, so that a sample is a pure function of key and shape.

use super::normal_quantile::normal_of_share;

/// Two words of a key.
type Key = [u32; 2];

const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];
/// The parity constant of the key schedule.
const PARITY: u32 = 0x1BD1_1BDA;
/// More rejections than ever happen: one in four at worst is accepted.
const MOST_STEPS: u32 = 1_000;

/// Two words of a counter scrambled under two words of a key: Salmon, Moraes, Dror and Shaw, "Parallel random numbers:
/// as easy as 1, 2, 3" (2011), with 20 rounds.
pub fn threefry2x32(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    let keys = [key[0], key[1], key[0] ^ key[1] ^ PARITY];
    let [mut x, mut y] = [counter[0].wrapping_add(keys[0]), counter[1].wrapping_add(keys[1])];
    for group in 0..5u32 {
        for rotation in ROTATIONS[group as usize % 2] {
            x = x.wrapping_add(y);
            y = y.rotate_left(rotation) ^ x;
        }
        let next = group + 1;
        x = x.wrapping_add(keys[next as usize % 3]);
        y = y.wrapping_add(keys[(next as usize + 1) % 3]).wrapping_add(next);
    }
    [x, y]
}

/// Key number `i` of those that `key` splits into.
fn split(key: Key, i: u32) -> Key {
    threefry2x32(key, [0, i])
}

/// A float type in which samples are drawn; the arithmetic around it is in f64, rounded once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// f32
    Single,
    /// f64
    Double,
}

impl Precision {
    fn round(self, x: f64) -> f64 {
        if self == Precision::Single { f64::from(x as f32) } else { x }
    }
    /// A uniform number in [0, 1): random bits as the fraction of a float in [1, 2).
    fn uniform(self, key: Key) -> f64 {
        let [high, low] = threefry2x32(key, [0, 0]);
        match self {
            Precision::Single => f64::from(f32::from_bits((high ^ low) >> 9 | 1.0f32.to_bits()) - 1.0),
            Precision::Double => {
                let bits = u64::from(high) << 32 | u64::from(low);
                f64::from_bits(bits >> 12 | 1.0f64.to_bits()) - 1.0
            }
        }
    }
    /// A normal number, by the inverse of its distribution function.
    fn normal(self, key: Key) -> f64 {
        let low = match self {
            Precision::Single => f64::from((-1.0f32).next_up()),
            Precision::Double => (-1.0f64).next_up(),
        };
        let range = self.round(1.0 - low);
        let share = self.round(libm::fma(self.uniform(key), range, low)).max(low);
        self.round(normal_of_share(share))
    }
}

/// A sample of shape `a` before the correction for `a < 1`, and the uniform number from which that is made.
struct Draw {
    /// `d`, of which the sample is `v` times.
    d: f64,
    v: f64,
    key: Key,
}

fn draw(key: Key, a: f64, precision: Precision) -> Draw {
    let round = |x: f64| precision.round(x);
    let d = round(if a >= 1.0 { a } else { round(a + 1.0) } - round(1.0 / 3.0));
    let c = round(round(1.0 / 3.0) / round(libm::sqrt(d)));
    let (mut key, own) = (split(key, 0), split(key, 1));
    let mut v = 1.0;
    for _ in 0..MOST_STEPS {
        let [next, mut of_x, of_u] = [0, 1, 2].map(|i| split(key, i));
        key = next;
        let (mut x, mut root) = (0.0, -1.0);
        for _ in 0..MOST_STEPS {
            let drawn = split(of_x, 1);
            of_x = split(of_x, 0);
            x = precision.normal(drawn);
            root = round(1.0 + round(x * c));
            // A NaN ends the search too.
            if root.is_nan() || root > 0.0 {
                break;
            }
        }
        let square = round(x * x);
        v = round(round(root * root) * root);
        let u = precision.uniform(of_u);
        let squeezed = u < round(1.0 - round(round(0.0331) * round(square * square)));
        let bound = 0.5 * square + d * (1.0 - v + libm::log(v));
        let rejected = !squeezed && libm::log(u) >= bound;
        if !rejected {
            break;
        }
    }
    Draw { d, v, key: own }
}

/// A sample of the gamma distribution of shape `a` and scale 1.
pub fn random_gamma(key: [u32; 2], a: f64, precision: Precision) -> f64 {
    let Draw { d, v, key } = draw(key, a, precision);
    let boost = if a >= 1.0 { 1.0 } else { libm::pow(1.0 - precision.uniform(key), 1.0 / a) };
    precision.round(d * v * boost)
}

/// The logarithm of [`random_gamma`], finite where that underflows.
pub fn random_loggamma(key: [u32; 2], a: f64, precision: Precision) -> f64 {
    let Draw { d, v, key } = draw(key, a, precision);
    let log = libm::log1p(-precision.uniform(key));
    let boost = if a >= 1.0 || log == 0.0 { 0.0 } else { log / a };
    precision.round(libm::log(d) + libm::log(v) + boost)
}
