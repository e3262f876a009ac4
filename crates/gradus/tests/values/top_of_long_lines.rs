//! `top_k` of long lines searches parts of them: the same elements in the same order as a sort gives.

use gradus::{Array, Dtype, Type, Val, grad, jit, vmap};

/// Numbers with many ties, infinities and a few NaN: `[rows, n]`.
fn numbers(rows: usize, n: usize, dtype: Dtype) -> Array {
    let at = |k: usize| match (k * 7919 + k / 13) % 211 {
        0 if dtype.is_float() => f64::NAN,
        1 if dtype.is_float() => f64::NEG_INFINITY,
        m => (m % 89) as f64,
    };
    Array::from_f64(&Type::new(dtype, [rows, n]), (0..rows * n).map(at).collect::<Vec<_>>())
}

/// Positions in decreasing order of the elements, NaN first, of equal ones the first first.
fn by_definition(line: &[f64], k: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..line.len()).collect();
    let key = |x: f64| if x.is_nan() { f64::INFINITY } else { x };
    order.sort_by(|&a, &b| {
        let nan = line[b].is_nan().cmp(&line[a].is_nan());
        nan.then(key(line[b]).total_cmp(&key(line[a]))).then(a.cmp(&b))
    });
    order.truncate(k);
    order
}

#[test]
fn parts_give_what_a_sort_gives() {
    for dtype in [Dtype::F32, Dtype::F64, Dtype::I32, Dtype::U8] {
        for (n, k) in [(64, 1), (4096, 1), (5003, 7), (10_007, 100), (2000, 31), (2000, 32)] {
            let x = numbers(3, n, dtype);
            let (values, at) = jit(move |x: &Val| x.top_k(k))(&x).unwrap();
            let all = x.to_f64_vec();
            let (values, at) = (values.to_f64_vec(), at.to_f64_vec());
            for row in 0..3 {
                let line = &all[row * n..(row + 1) * n];
                let expected = by_definition(line, k);
                let found: Vec<usize> = at[row * k..(row + 1) * k].iter().map(|&i| i as usize).collect();
                assert_eq!(found, expected, "{dtype} {n} {k}");
                let same = |(a, b): (&f64, &usize)| *a == line[*b] || a.is_nan() && line[*b].is_nan();
                assert!(values[row * k..(row + 1) * k].iter().zip(&expected).all(same), "{dtype} {n} {k}");
            }
        }
    }
}

#[test]
fn the_derivative_goes_to_the_elements_that_are_taken() {
    let x = numbers(2, 5003, Dtype::I32).to_f64_vec();
    let x = Array::from_f64(&Type::new(Dtype::F32, [2, 5003]), x);
    let weighted = |x: &Val| (x.top_k(3).0 * Val::from(&Array::from([1.0f32, 10.0, 100.0]))).sum();
    let of_rows = jit(move |x: &Val| vmap(grad(weighted))(x))(&x).unwrap().to_vec::<f32>().unwrap();
    let lines = x.to_f64_vec();
    for row in 0..2 {
        let at = by_definition(&lines[row * 5003..(row + 1) * 5003], 3);
        let slopes = &of_rows[row * 5003..(row + 1) * 5003];
        assert_eq!([slopes[at[0]], slopes[at[1]], slopes[at[2]]], [1.0, 10.0, 100.0]);
        assert_eq!(slopes.iter().sum::<f32>(), 111.0);
    }
}

#[test]
fn no_more_than_parts_of_a_long_line_are_sorted() {
    let x = Array::zeros(Type::new(Dtype::F32, [1 << 20]));
    let program = gradus::trace(|x: &Val| x.top_k(10))(&x).unwrap();
    let sorts = program.equations().iter().filter(|eqn| eqn.op.rules().name() == "sort");
    let longest = sorts.map(|eqn| program.ty(eqn.args[0]).shape.size()).max().unwrap();
    assert!(longest < 10_000, "{program}");
}
