//! erf and erfc.

use super::exponential::Reduced;
use crate::builder::Builder;
use crate::op::Value;

/// `u(x) / x` of `erf x = 1 - e^-u(x)`, 0 <= x <= 4.
const ERF_EXPONENT_F32: [f64; 9] = [
    -9.255886652681511e-06,
    0.00011763817019527778,
    -0.0006328271119855344,
    0.001667012576945126,
    -0.00016038463218137622,
    -0.019153067842125893,
    0.10277783125638962,
    0.6366193890571594,
    -5.863538342219759e-08,
];
/// The constant part of that, as a float; what it lacks stands in the table.
const ERF_EXPONENT_SLOPE_F32: f64 = 1.128379225730896;
/// `erf(x) / x` in x², |x| <= 1/2 (f32) or 1 (f64).
const ERF_SMALL_F32: [f64; 5] = [
    0.0047176070511341095,
    -0.02675701677799225,
    0.11282820254564285,
    -0.37612608075141907,
    1.1283791065216064,
];
const ERF_SMALL_F64: [f64; 12] = [
    -7.778742053350851e-10,
    1.3710596454382455e-08,
    -1.6206226278603084e-07,
    1.644712032838123e-06,
    -1.4924711406614927e-05,
    0.00012055293531194818,
    -0.0008548325927819968,
    0.0052239776060881,
    -0.02686617064310788,
    0.11283791670944163,
    -0.3761263890318352,
    std::f64::consts::FRAC_2_SQRT_PI,
];
/// G of `erfc x = e^-x² · G(t) / (1 + 2x)`, `t = (x - a) / (x + a)`, a = 2 (f32) or 4 (f64), from x = 1/2 on.
const ERFC_F32: [f64; 10] = [
    -0.000221895839786157,
    -0.001265851897187531,
    0.001143525936640799,
    0.008659259416162968,
    -0.008004862815141678,
    -0.05421125143766403,
    0.16404865682125092,
    -0.16603082418441772,
    -0.0927637591958046,
    1.2769783735275269,
];
const ERFC_F64: [f64; 23] = [
    1.8412766671244577e-09,
    -9.721560770081736e-09,
    -1.8014669975309658e-08,
    1.0345452844685417e-07,
    7.48962123785115e-08,
    -8.197501261818976e-07,
    2.935045101211143e-07,
    5.706659614932627e-06,
    -1.122183848974288e-05,
    -2.4398126221663566e-05,
    0.00015062160544060356,
    -0.0001992569473979797,
    -0.0007577732727889619,
    0.00503197001557526,
    -0.01619773405997333,
    0.03716751553409019,
    -0.06633036581204191,
    0.09373283499851831,
    -0.10103906603631173,
    0.06809705425468884,
    0.015379652102619865,
    -0.1396211168405625,
    1.2329951186255526,
];

impl Builder {
    /// Error function, within 2 units in the last place.
    pub fn erf(&mut self, x: Value) -> Value {
        let format = self.format(x);
        let magnitude = self.abs(x);
        // Beyond this the result rounds to 1.
        let highest = self.float_like(x, format.pick(4.0, 6.0));
        let magnitude = self.min(magnitude, highest);
        let result = match format.pick(true, false) {
            true => self.erf_by_exponent(magnitude),
            false => {
                let small = self.erf_small(magnitude, &ERF_SMALL_F64);
                let one = self.float_like(x, 1.0);
                let complement = self.erfc_positive(magnitude);
                let large = self.sub(one, complement);
                let is_small = self.lt(magnitude, one);
                self.select(is_small, small, large)
            }
        };
        self.with_sign_of(result, x)
    }

    /// Complementary error function, `1 - erf x`, within 4 units in the last place.
    pub fn erfc(&mut self, x: Value) -> Value {
        let format = self.format(x);
        let magnitude = self.abs(x);
        let small = self.erf_small(x, format.pick(&ERF_SMALL_F32[..], &ERF_SMALL_F64[..]));
        let one = self.float_like(x, 1.0);
        let small = self.sub(one, small);
        // Beyond this the result is 0 (or 2).
        let highest = self.float_like(x, format.pick(10.3, 27.5));
        let limited = self.min(magnitude, highest);
        let large = self.erfc_positive(limited);
        let two = self.float_like(x, 2.0);
        let zero = self.float_like(x, 0.0);
        let reflected = self.sub(two, large);
        let negative = self.lt(x, zero);
        let large = self.select(negative, reflected, large);
        let half = self.float_like(x, 0.5);
        let is_small = self.lt(magnitude, half);
        self.select(is_small, small, large)
    }

    /// `1 - e^-u(x)` for 0 <= x <= 4, of f32: one formula for all x, as u keeps its relative accuracy at 0.
    fn erf_by_exponent(&mut self, x: Value) -> Value {
        let p = self.polynomial(x, &ERF_EXPONENT_F32);
        let minus_x = self.neg(x);
        let rest = self.mul(p, minus_x);
        let minus_u = self.plus_scaled(rest, ERF_EXPONENT_SLOPE_F32, minus_x);
        let Reduced { shifted, r, .. } = self.reduce_exponent(minus_u);
        let power = self.exp_minus_one_reduced(r);
        let scale = self.power_of_two(shifted, 1.0);
        let minus_one = self.float_like(x, -1.0);
        let rest = self.add(scale, minus_one);
        let result = self.fma(power, scale, rest);
        self.abs(result)
    }

    fn erf_small(&mut self, x: Value, coefficients: &[f64]) -> Value {
        let square = self.mul(x, x);
        let p = self.polynomial(square, coefficients);
        self.mul(p, x)
    }

    /// erfc from 1/2 up to where it is 0.
    fn erfc_positive(&mut self, x: Value) -> Value {
        let format = self.format(x);
        let a = format.pick(2.0, 4.0);
        let one = self.float_like(x, 1.0);
        let (below, above) = (self.float_like(x, -a), self.float_like(x, a));
        let (numerator, denominator) = (self.add(x, below), self.add(x, above));
        let t = self.div(numerator, denominator);
        let g = self.polynomial(t, format.pick(&ERFC_F32[..], &ERFC_F64[..]));
        let twice = self.add(x, x);
        let denominator = self.add(twice, one);
        let g = self.div(g, denominator);
        // e^-x², the square as its rounded value and the rest.
        let square = self.mul(x, x);
        let minus_square = self.neg(square);
        let excess = self.fma(x, x, minus_square);
        let Reduced { n, r, .. } = self.reduce_exponent(minus_square);
        let r = self.sub(r, excess);
        let power = self.exp_minus_one_reduced(r);
        let result = self.fma(power, g, g);
        self.scale_by_power_of_two(result, n)
    }
}
