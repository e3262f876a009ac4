//! One sample of the gamma distribution from a key, by rejection.
//!
//! Marsaglia and Tsang, "A simple method for generating gamma variables" (2000), with JAX's order of draws: each draw
//! splits a key of the counter-based generator threefry2x32, so that a sample is a pure function of key and shape.

use super::gamma::horner;

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

/// The normal number x for which the share of numbers between -x and x, with the sign of x, is `share`.
///
/// Wichura, "Algorithm AS 241: the percentage points of the normal distribution" (1988).
fn normal_of_share(share: f64) -> f64 {
    let from_half = 0.5 * share;
    if from_half.abs() <= 0.425 {
        let square = 0.180_625 - from_half * from_half;
        return from_half * horner(square, &CENTRAL[0]) / horner(square, &CENTRAL[1]);
    }
    let root = libm::sqrt(-libm::log(0.5 * (1.0 - share.abs())));
    let (x, tail) = if root <= 5.0 { (root - 1.6, &NEAR_TAIL) } else { (root - 5.0, &FAR_TAIL) };
    libm::copysign(horner(x, &tail[0]) / horner(x, &tail[1]), share)
}

/// Numerator and denominator for |p - 1/2| <= 0.425, in 0.180625 - (p - 1/2)², the highest power first.
const CENTRAL: [[f64; 8]; 2] = [
    [
        2.509_080_928_730_122_7e3,
        3.343_057_558_358_813e4,
        6.726_577_092_700_87e4,
        4.592_195_393_154_987e4,
        1.373_169_376_550_946e4,
        1.971_590_950_306_551_4e3,
        1.331_416_678_917_843_8e2,
        3.387_132_872_796_366_6,
    ],
    [
        5.226_495_278_852_854e3,
        2.872_908_573_572_194_3e4,
        3.930_789_580_009_271e4,
        2.121_379_430_158_659_6e4,
        5.394_196_021_424_751e3,
        6.871_870_074_920_579e2,
        4.231_333_070_160_091e1,
        1.0,
    ],
];
/// The same in √(-log p) - 1.6, up to 5.
const NEAR_TAIL: [[f64; 8]; 2] = [
    [
        7.745_450_142_783_414e-4,
        2.272_384_498_926_918_5e-2,
        2.417_807_251_774_506e-1,
        1.270_458_252_452_368_4,
        3.647_848_324_763_204_6,
        5.769_497_221_460_691,
        4.630_337_846_156_546,
        1.423_437_110_749_683_6,
    ],
    [
        1.050_750_071_644_416_8e-9,
        5.475_938_084_995_345e-4,
        1.519_866_656_361_645_7e-2,
        1.481_039_764_274_800_8e-1,
        6.897_673_349_851e-1,
        1.676_384_830_183_803_8,
        2.053_191_626_637_759,
        1.0,
    ],
];
/// The same in √(-log p) - 5, beyond.
const FAR_TAIL: [[f64; 8]; 2] = [
    [
        2.010_334_399_292_288_1e-7,
        2.711_555_568_743_487_6e-5,
        1.242_660_947_388_078_4e-3,
        2.653_218_952_657_612_3e-2,
        2.965_605_718_285_048_7e-1,
        1.784_826_539_917_291_3,
        5.463_784_911_164_114,
        6.657_904_643_501_103,
    ],
    [
        2.044_263_103_389_939_8e-15,
        1.421_511_758_316_446e-7,
        1.846_318_317_510_054_8e-5,
        7.868_691_311_456_133e-4,
        1.487_536_129_085_061_5e-2,
        1.369_298_809_227_358e-1,
        5.998_322_065_558_88e-1,
        1.0,
    ],
];

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
