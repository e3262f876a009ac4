//! The inverse of the normal distribution function: Wichura, "Algorithm AS 241: the percentage points of the normal
//! distribution" (1988), its form of 16 digits.

use super::gamma::horner;

/// The normal number x for which the share of numbers between -x and x, with the sign of x, is `share`.
pub fn normal_of_share(share: f64) -> f64 {
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
pub const CENTRAL: [[f64; 8]; 2] = [
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
pub const NEAR_TAIL: [[f64; 8]; 2] = [
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
pub const FAR_TAIL: [[f64; 8]; 2] = [
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
