//! Complex functions at zeros, infinities and NaN, against the table `complex.txt`, interpreted and compiled.

use gradus::{Array, Complex, Dtype, Val, grad, jit, trace};

const PARTS: [f64; 9] =
    [0.0, -0.0, 1.0, -1.0, f64::MAX, -f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];

type Function = (&'static str, fn(Val) -> Val);

macro_rules! functions {
    ($($name:ident)*) => { [$((stringify!($name), |z| z.$name())),*] };
}

const FUNCTIONS: [Function; 26] = functions! {
    exp exp2 expm1 log log1p log2 log10 sqrt rsqrt reciprocal sin cos tan asin acos atan sinh cosh tanh asinh acosh
    atanh logistic sign abs angle
};

fn points(dtype: Dtype) -> Vec<Complex<f64>> {
    let single = dtype == Dtype::Complex64;
    let own = |x: f64| if single && x.abs() == f64::MAX { f64::from(f32::MAX).copysign(x) } else { x };
    let all = PARTS.iter().flat_map(|re| PARTS.iter().map(|im| Complex::new(own(*re), own(*im))));
    let largest = |x: f64| x.abs() == f64::from(f32::MAX);
    all.filter(|z| !single || largest(z.re) || largest(z.im)).collect()
}

fn data(dtype: Dtype, points: &[Complex<f64>]) -> Array {
    match dtype {
        Dtype::Complex64 => {
            let narrow = |z: &Complex<f64>| Complex::new(z.re as f32, z.im as f32);
            Array::from(points.iter().map(narrow).collect::<Vec<Complex<f32>>>())
        }
        _ => Array::from(points.to_vec()),
    }
}

/// What the table has for one part: a number, or a zero of either sign.
fn agrees(token: &str, got: f64, size: f64, epsilon: f64, tiny: f64) -> bool {
    let expected = match token {
        "i" => f64::INFINITY,
        "-i" => f64::NEG_INFINITY,
        "n" => return got.is_nan(),
        "z" => return got == 0.0,
        "j" => return got.is_infinite(),
        number => number.parse().unwrap(),
    };
    if expected == 0.0 || !f64::is_finite(expected) {
        // What is tiny beside the other part may be rounded away, never its sign.
        let near = size.is_finite() && got.abs() <= 4.0 * epsilon * size && expected == 0.0;
        return (got == expected || near) && (got.is_sign_negative() == expected.is_sign_negative());
    }
    got == expected || (got - expected).abs() <= 64.0 * epsilon * size.min(f64::MAX) + tiny
}

/// In `f32` the angle of 2ᶻ is rounded before its sine is taken: of a large one nothing is left.
fn is_lost(name: &str, dtype: Dtype, z: Complex<f64>) -> bool {
    name == "exp2" && dtype == Dtype::Complex64 && z.im.abs() > 1.0
        || name == "exp2" && z.im.abs() == f64::MAX
}

#[test]
fn functions_are_those_of_annex_g() {
    let table = include_str!("complex.txt");
    let mut wrong = vec![];
    let mut lines = 0;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let (name, dtype) = (words.next().unwrap(), words.next().unwrap());
        let dtype = if dtype == "complex64" { Dtype::Complex64 } else { Dtype::Complex128 };
        let single = dtype == Dtype::Complex64;
        let (epsilon, tiny) = if single { (f64::from(f32::EPSILON), 1e-37) } else { (f64::EPSILON, 1e-307) };
        let (_, f) = FUNCTIONS.iter().find(|(known, _)| *known == name).expect("a function of the table");
        let (points, f) = (points(dtype), *f);
        let z = data(dtype, &points);
        let program = trace(move |z: &Val| f(*z))(&z).unwrap();
        let meant = gradus_ir::eval::eval(&program, &[z.clone()]).unwrap().remove(0);
        let compiled = jit(move |z: &Val| f(*z))(&z).unwrap();
        let both = [("eval", meant), ("compiled", compiled)].map(|(who, y)| (who, y.to_complex_vec()));
        let expected: Vec<&str> = words.collect();
        assert_eq!(expected.len(), points.len(), "{name}");
        for (who, y) in &both {
            for ((z, y), expected) in points.iter().zip(y).zip(&expected) {
                let tokens: Vec<&str> = expected.split(',').collect();
                let size = if y.norm().is_nan() { f64::INFINITY } else { y.norm() };
                let ok = tokens
                    .iter()
                    .zip([y.re, y.im])
                    .all(|(token, got)| agrees(token, got, size, epsilon, tiny));
                if !ok && !is_lost(name, dtype, *z) {
                    wrong.push(format!("{who} {dtype} {name}({z:?}) = {y:?}, not {expected}"));
                }
            }
        }
        lines += 1;
    }
    assert_eq!(lines, 2 * FUNCTIONS.len());
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn quotients_with_infinities_and_zeros_are_known() {
    let f = |z: &Val, w: &Val| z / w;
    let c = |re: f64, im: f64| Complex::new(re, im);
    let (inf, max) = (f64::INFINITY, f64::MAX);
    let x =
        Array::from(vec![c(1.0, 1.0), c(inf, 1.0), c(1.0, 2.0), c(max, max), c(1e-320, 0.0), c(0.0, 0.0)]);
    let y =
        Array::from(vec![c(inf, inf), c(1.0, 1.0), c(0.0, 0.0), c(max, max), c(1e-320, 0.0), c(inf, 0.0)]);
    let program = trace(f)(&x, &y).unwrap();
    let meant = gradus_ir::eval::eval(&program, &[x.clone(), y.clone()]).unwrap().remove(0);
    for got in [meant, jit(f)(&x, &y).unwrap()] {
        let got = got.to_complex_vec();
        assert_eq!(got[0], c(0.0, 0.0));
        assert!(got[1].re.is_infinite() && got[1].im.is_infinite(), "{got:?}");
        assert!(got[2].re.is_infinite() && got[2].im.is_infinite(), "{got:?}");
        assert_eq!((got[3], got[4], got[5]), (c(1.0, 0.0), c(1.0, 0.0), c(0.0, 0.0)));
    }
}

#[test]
fn the_size_of_an_infinite_number_has_a_slope() {
    let by_parts = |x: &Val| gradus::complex(x.slice(gradus::s![0]), x.slice(gradus::s![1])).abs();
    let slope = jit(grad(by_parts));
    assert_eq!(slope(&Array::from([f64::INFINITY, 2.0])).unwrap(), Array::from([1.0f64, 0.0]));
    assert_eq!(slope(&Array::from([3.0f64, -4.0])).unwrap().to_vec::<f64>().unwrap(), [0.6, -0.8]);
    let second = jit(grad(move |x: &Val| grad(by_parts)(x).slice(gradus::s![0])));
    let second = second(&Array::from([3.0f64, -4.0])).unwrap().to_vec::<f64>().unwrap();
    // y² / r³ and -xy / r³.
    assert!((second[0] - 0.128).abs() < 1e-12 && (second[1] - 0.096).abs() < 1e-12, "{second:?}");
}
