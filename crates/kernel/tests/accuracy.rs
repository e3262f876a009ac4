//! Accuracy of the transcendental functions, in units in the last place.
//!
//! f32 against the same function in f64; f64 against the platform's functions, whose own error, up to one
//! unit, is allowed besides.
//! 20,000 random points per function and type, a million with `GRADUS_SLOW=1`, and all pairs of edge values.

use crate::pairs;
use gradus_kernel::{Builder, Scalar, Value, elementwise, interpret, special};

/// A function under test.
struct Case {
    name: &'static str,
    build: fn(&mut Builder, &[Value]) -> Value,
    reference: fn(&[f64]) -> f64,
    num_args: usize,
    /// Allowed error in units in the last place.
    ulp: f64,
}

const fn unary(
    name: &'static str,
    build: fn(&mut Builder, &[Value]) -> Value,
    reference: fn(&[f64]) -> f64,
    ulp: f64,
) -> Case {
    Case { name, build, reference, num_args: 1, ulp }
}

const fn binary(
    name: &'static str,
    build: fn(&mut Builder, &[Value]) -> Value,
    reference: fn(&[f64]) -> f64,
    ulp: f64,
) -> Case {
    Case { name, build, reference, num_args: 2, ulp }
}

const CASES: &[Case] = &[
    unary("exp", |b, x| b.exp(x[0]), |x| x[0].exp(), 1.0),
    unary("exp2", |b, x| b.exp2(x[0]), |x| x[0].exp2(), 1.0),
    unary("expm1", |b, x| b.expm1(x[0]), |x| pairs::expm1(x[0]), 2.0),
    unary("log", |b, x| b.log(x[0]), |x| x[0].ln(), 2.0),
    unary("log1p", |b, x| b.log1p(x[0]), |x| x[0].ln_1p(), 2.0),
    unary("tanh", |b, x| b.tanh(x[0]), |x| pairs::tanh(x[0]), 2.0),
    unary("logistic", |b, x| b.logistic(x[0]), |x| pairs::logistic(x[0]), 2.0),
    unary("sin", |b, x| b.sin(x[0]), |x| x[0].sin(), 2.0),
    unary("cos", |b, x| b.cos(x[0]), |x| x[0].cos(), 2.0),
    unary("tan", |b, x| b.tan(x[0]), |x| x[0].tan(), 2.0),
    unary("asin", |b, x| b.asin(x[0]), |x| x[0].asin(), 4.0),
    unary("acos", |b, x| b.acos(x[0]), |x| x[0].acos(), 4.0),
    unary("atan", |b, x| b.atan(x[0]), |x| x[0].atan(), 4.0),
    unary("sinh", |b, x| b.sinh(x[0]), |x| pairs::sinh(x[0]), 4.0),
    unary("cosh", |b, x| b.cosh(x[0]), |x| pairs::cosh(x[0]), 4.0),
    unary("asinh", |b, x| b.asinh(x[0]), |x| libm::asinh(x[0]), 4.0),
    unary("acosh", |b, x| b.acosh(x[0]), acosh, 4.0),
    unary("atanh", |b, x| b.atanh(x[0]), |x| libm::atanh(x[0]), 4.0),
    unary("cbrt", |b, x| b.cbrt(x[0]), |x| x[0].cbrt(), 4.0),
    unary("erf", |b, x| b.erf(x[0]), |x| libm::erf(x[0]), 2.0),
    unary("erfc", |b, x| b.erfc(x[0]), |x| libm::erfc(x[0]), 4.0),
    unary("bessel_i0e", |b, x| b.bessel_i0e(x[0]), |x| special::bessel_i0e(x[0]), 8.0),
    unary("bessel_i1e", |b, x| b.bessel_i1e(x[0]), |x| special::bessel_i1e(x[0]), 8.0),
    binary("pow", |b, x| b.pow(x[0], x[1]), |x| x[0].powf(x[1]), 4.0),
    binary("atan2", |b, x| b.atan2(x[0], x[1]), |x| x[0].atan2(x[1]), 4.0),
];

fn acosh(x: &[f64]) -> f64 {
    if x[0] < 1.0 { f64::NAN } else { libm::acosh(x[0]) }
}

/// A small fixed generator (splitmix64), so that a failure repeats.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Any bit pattern, a moderate value, or a value near 0 or ±1.
    fn float(&mut self, scalar: Scalar) -> f64 {
        let sign = if self.bits() & 1 == 0 { 1.0 } else { -1.0 };
        match self.bits() % 8 {
            0 if scalar == Scalar::F32 => f64::from(f32::from_bits(self.bits() as u32)),
            0 => f64::from_bits(self.bits()),
            1 | 2 => sign * self.unit() * 10.0,
            3 => sign * self.unit() * 120.0,
            4 => sign * self.unit() * 800.0,
            5 => sign * (1.0 + (self.unit() - 0.5) * 0.2),
            6 => sign * self.unit() * (-30.0 * self.unit()).exp2(),
            _ => sign * self.unit(),
        }
    }
}

fn num_points() -> usize {
    if std::env::var_os("GRADUS_SLOW").is_some_and(|slow| slow == "1") { 1_000_000 } else { 20_000 }
}

fn edge_values(scalar: Scalar) -> Vec<f64> {
    let mut values = vec![
        0.0,
        f64::INFINITY,
        1.0,
        2.0,
        3.0,
        0.5,
        10.0,
        88.0,
        88.72284,
        89.0,
        104.0,
        709.7,
        709.79,
        745.2,
        1e10,
        1e30,
        std::f64::consts::PI,
        std::f64::consts::FRAC_PI_2,
        std::f64::consts::LN_2,
        1e-10,
        1e-30,
    ];
    if scalar == Scalar::F32 {
        values.extend(
            [f32::MAX, f32::MIN_POSITIVE, f32::MIN_POSITIVE / 2.0, f32::from_bits(1), f32::EPSILON]
                .map(f64::from),
        );
        values.extend([1.0 + f32::EPSILON, 1.0 - f32::EPSILON / 2.0].map(f64::from));
    } else {
        values.extend([
            f64::MAX,
            f64::MIN_POSITIVE,
            f64::MIN_POSITIVE / 2.0,
            f64::from_bits(1),
            f64::EPSILON,
        ]);
        values.extend([1.0 + f64::EPSILON, 1.0 - f64::EPSILON / 2.0, 1e300, 1e-300]);
    }
    let negative: Vec<f64> = values.iter().map(|x| -x).collect();
    values.extend(negative);
    values.push(f64::NAN);
    values
}

/// Runs the kernel of a case on points, each rounded to the type already.
fn run(case: &Case, scalar: Scalar, points: &[Vec<f64>]) -> Vec<f64> {
    let kernel = elementwise(&vec![scalar; case.num_args], |b, x| vec![(case.build)(b, x)]);
    let size = scalar.size_bytes();
    let mut buffers: Vec<Vec<u8>> = (0..case.num_args)
        .map(|k| {
            points
                .iter()
                .flat_map(|point| scalar.bits_of_f64(point[k]).to_le_bytes()[..size].to_vec())
                .collect()
        })
        .collect();
    buffers.push(vec![0; points.len() * size]);
    interpret(&kernel, &mut buffers, 0..points.len() as i64);
    let result = &buffers[case.num_args];
    match scalar {
        Scalar::F32 => {
            result.chunks(4).map(|c| f64::from(f32::from_le_bytes(c.try_into().unwrap()))).collect()
        }
        _ => result.chunks(8).map(|c| f64::from_le_bytes(c.try_into().unwrap())).collect(),
    }
}

/// Distance from the reference in units in the last place of the type; 0 if both are NaN or equal with equal sign.
fn ulps(scalar: Scalar, got: f64, reference: f64) -> f64 {
    let rounded = if scalar == Scalar::F32 { f64::from(reference as f32) } else { reference };
    if got.is_nan() || rounded.is_nan() {
        return if got.is_nan() && rounded.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if got == rounded {
        let same_sign = got != 0.0 || got.is_sign_negative() == rounded.is_sign_negative();
        return if same_sign { 0.0 } else { f64::INFINITY };
    }
    if got.is_infinite() || (rounded.is_infinite() && scalar == Scalar::F64) {
        let largest = if scalar == Scalar::F32 { f64::from(f32::MAX) } else { f64::MAX };
        let other = if got.is_infinite() { rounded } else { got };
        return if other.abs() == largest { 1.0 } else { f64::INFINITY };
    }
    let (mantissa, lowest) = if scalar == Scalar::F32 { (23, -126) } else { (52, -1022) };
    let exponent = if reference == 0.0 { lowest } else { libm::ilogb(reference).max(lowest) };
    libm::scalbn((got - reference).abs(), mantissa - exponent)
}

fn check(scalar: Scalar) {
    let mut failures = Vec::new();
    for case in CASES {
        let mut random = Random(7);
        let round = |x: f64| if scalar == Scalar::F32 { f64::from(x as f32) } else { x };
        let mut points: Vec<Vec<f64>> = (0..num_points())
            .map(|_| (0..case.num_args).map(|_| round(random.float(scalar))).collect())
            .collect();
        let edges = edge_values(scalar);
        if case.num_args == 1 {
            points.extend(edges.iter().map(|&x| vec![round(x)]));
        } else {
            points.extend(edges.iter().flat_map(|&x| edges.iter().map(move |&y| vec![round(x), round(y)])));
        }
        let results = run(case, scalar, &points);
        let (mut worst, mut at) = (0.0, 0);
        for (k, (point, &got)) in points.iter().zip(&results).enumerate() {
            let error = ulps(scalar, got, (case.reference)(point));
            if error > worst {
                (worst, at) = (error, k);
            }
        }
        let reference = (case.reference)(&points[at]);
        let line = format!(
            "{:10} {scalar}: {worst:.3} at {:?}: {:?}, exactly {reference:?}",
            case.name, points[at], results[at]
        );
        println!("{line}");
        let own_error = if scalar == Scalar::F32 { 0.0 } else { 1.0 };
        if worst > case.ulp + own_error {
            failures.push(line);
        }
    }
    assert!(failures.is_empty(), "less accurate than stated:\n{}", failures.join("\n"));
}

#[test]
fn single_precision_is_as_accurate_as_stated() {
    check(Scalar::F32);
}

#[test]
fn double_precision_is_as_accurate_as_stated() {
    check(Scalar::F64);
}

#[test]
fn well_known_values_are_exact() {
    for scalar in [Scalar::F32, Scalar::F64] {
        for (name, at, expected) in [
            ("cos", 0.0, 1.0),
            ("exp", 0.0, 1.0),
            ("cosh", 0.0, 1.0),
            ("cbrt", 27.0, 3.0),
            ("exp2", 10.0, 1024.0),
            ("log", 1.0, 0.0),
            ("logistic", 0.0, 0.5),
            ("erf", 8.0, 1.0),
            ("tanh", 30.0, 1.0),
        ] {
            let case = CASES.iter().find(|case| case.name == name).expect("a function of that name");
            assert_eq!(run(case, scalar, &[vec![at]]), [expected], "{name}({at}) of {scalar}");
        }
    }
}
