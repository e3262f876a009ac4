//! Derivatives of scatters that multiply: those of the product, with factors that are 0 and elements named often.

use gradus::{Array, Dtype, IndexMode, Val, grad, hessian, jit, jvp, random, s, segment_prod, stack, vmap};

/// Where each of six factors goes; the last one is outside and left out.
const PLACES: [i32; 6] = [2, 0, 2, 2, 0, 7];

/// The operand of three elements and the six factors, with so many zeros among them.
fn operands() -> Vec<(&'static str, Array)> {
    let with = |x: [f64; 9]| Array::from(x);
    vec![
        ("no zero", with([1.5, -2.0, 0.5, 2.0, 3.0, -1.5, 0.25, 4.0, 9.0])),
        ("a factor", with([1.5, -2.0, 0.5, 0.0, 3.0, -1.5, 0.25, 4.0, 9.0])),
        ("two factors of one element", with([1.5, -2.0, 0.5, 0.0, 3.0, 0.0, 0.25, 4.0, 9.0])),
        ("three factors of one element", with([1.5, -2.0, 0.5, 0.0, 3.0, 0.0, 0.0, 4.0, 9.0])),
        ("the operand and a factor", with([0.0, -2.0, 0.0, 0.0, 3.0, -1.5, 0.25, 0.0, 9.0])),
        ("all", with([0.0; 9])),
    ]
}

fn by_scatter(v: &Val) -> Val {
    let (x, factors) = (v.slice(s![..3]), v.slice(s![3..]));
    x.index(s![&Array::from(PLACES)]).mode(IndexMode::Fill).multiply(factors)
}

/// The same by hand.
fn by_products(v: &Val) -> Val {
    let at = |i: i64| v.at(i);
    stack([at(0) * at(4) * at(7), at(1), at(2) * at(3) * at(5) * at(6)], 0)
}

/// A number in which each element of the product has its own part.
fn weighed(y: Val) -> Val {
    let weights = Array::from([1.0f64, 10.0, 100.0]);
    (y * &weights).sum() + (y * y * 0.5).sum()
}

#[track_caller]
fn same(what: &str, x: &Array, y: &Array) {
    let (a, b) = (x.to_f64_vec(), y.to_f64_vec());
    let near = a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-9 * (1.0 + b.abs()));
    assert!(near && x.shape() == y.shape(), "{what}: {a:?} instead of {b:?}");
}

#[test]
fn the_derivatives_of_a_scatter_that_multiplies_are_those_of_the_product() -> gradus::Result<()> {
    for (what, v) in operands() {
        same(what, &jit(|v: &Val| by_scatter(v))(&v)?, &jit(|v: &Val| by_products(v))(&v)?);
        let first = |f: fn(&Val) -> Val| jit(grad(move |v: &Val| weighed(f(v))))(&v);
        same(&format!("first, {what}"), &first(by_scatter)?, &first(by_products)?);
        let second = |f: fn(&Val) -> Val| jit(hessian(move |v: &Val| weighed(f(v))))(&v);
        same(&format!("second, {what}"), &second(by_scatter)?, &second(by_products)?);
        let forward = |f: fn(&Val) -> Val| {
            let slope = move |v: &Val| jvp(|v: &Val| f(v), v, &v.ones_like()).1;
            jit(move |v: &Val| jvp(|v: &Val| slope(v), v, &v.ones_like()).1)(&v)
        };
        same(&format!("forward twice, {what}"), &forward(by_scatter)?, &forward(by_products)?);
    }
    Ok(())
}

#[test]
fn products_of_batches_have_the_derivatives_of_each() -> gradus::Result<()> {
    let all: Vec<Array> = operands().into_iter().map(|(_, v)| v).collect();
    let rows = jit(|all: &Vec<Val>| stack(all, 0))(&all)?;
    let of = |f: fn(&Val) -> Val| jit(vmap(grad(move |v: &Val| weighed(f(v)))))(&rows);
    same("vmap(grad)", &of(by_scatter)?, &of(by_products)?);
    let of = |f: fn(&Val) -> Val| {
        jit(grad(move |rows: &Val| vmap(move |v: &Val| weighed(f(v)))(rows).sum()))(&rows)
    };
    same("grad(vmap)", &of(by_scatter)?, &of(by_products)?);
    let of = |f: fn(&Val) -> Val| jit(vmap(hessian(move |v: &Val| weighed(f(v)))))(&rows);
    same("vmap(hessian)", &of(by_scatter)?, &of(by_products)?);
    Ok(())
}

/// Rows of several elements, segments that are empty, negative numbers of segments.
#[test]
fn segment_prod_has_the_derivative_of_its_products() -> gradus::Result<()> {
    let x = Array::from([[2.0f64, 0.0], [3.0, 4.0], [0.0, 5.0], [0.0, 6.0], [7.0, 0.0]]);
    let segments = Array::from([1i32, 1, 0, 0, -1]);
    let by_segments = jit(grad(move |x: &Val| weighed_rows(segment_prod(x, &segments, 3))))(&x)?;
    let by_hand = |x: &Val| stack([x.at(2) * x.at(3), x.at(0) * x.at(1), x.at(0).ones_like()], 0);
    same("segments", &by_segments, &jit(grad(move |x: &Val| weighed_rows(by_hand(x))))(&x)?);
    Ok(())
}
fn weighed_rows(y: Val) -> Val {
    (y * &Array::from([[1.0f64, 2.0], [3.0, 4.0], [5.0, 6.0]])).sum()
}

#[test]
fn many_factors_of_few_elements() -> gradus::Result<()> {
    let x = jit(|k: &Val| random::uniform_between(k, 100, Dtype::F64, 0.9, 1.1))(&random::seed(1))?;
    let places = jit(|k: &Val| random::randint(k, 100, 0, 3))(&random::seed(2))?;
    let own = places.clone();
    let by_scatter = jit(grad(move |x: &Val| segment_prod(x, &own, 3).sum()))(&x)?;
    let (values, own) = (x.to_f64_vec(), places.to_vec::<i32>()?);
    let product = |skip: usize| {
        let others = (0..100).filter(|k| *k != skip && own[*k] == own[skip]);
        others.map(|k| values[k]).product::<f64>()
    };
    same("100 factors", &by_scatter, &Array::from((0..100).map(product).collect::<Vec<f64>>()));
    Ok(())
}

#[test]
fn a_power_has_mixed_derivatives_where_its_exponent_is_0_or_1() {
    use gradus::{Array, Val, grad, jit, jvp};
    let by_base = |x: &Val, y: &Val| grad(|x: &Val| x.pow(*y))(x);
    let mixed = jit(move |x: &Val, y: &Val| grad(|y: &Val| by_base(x, y))(y));
    let forward = jit(move |x: &Val, y: &Val| jvp(|y: &Val| by_base(x, y), y, &y.ones_like()).1);
    // d/dy of y xʸ⁻¹ is xʸ⁻¹ (1 + y log x).
    for (x, y) in [(2.0f64, 0.0f64), (2.0, 1.0), (0.5, 0.0), (3.0, 2.0)] {
        let expected = x.powf(y - 1.0) * (1.0 + y * x.ln());
        for f in [&mixed, &forward] {
            let found = f(&Array::from(x), &Array::from(y)).unwrap().item::<f64>().unwrap();
            assert!((found - expected).abs() < 1e-12, "{x}, {y}: {found}, expected {expected}");
        }
    }
    // (x^x)‴ at 1 is 3.
    let own = |x: &Val| x.pow(*x);
    let third = jit(grad(move |x: &Val| grad(move |x: &Val| grad(own)(x))(x)));
    assert!((third(&Array::from(1.0f64)).unwrap().item::<f64>().unwrap() - 3.0).abs() < 1e-12);
    // Where nothing can be infinite, nothing is.
    let slope = jit(grad(|x: &Val| x.pow(0.0)));
    for x in [0.0f64, 1e-310, f64::INFINITY] {
        assert_eq!(slope(&Array::from(x)).unwrap().item::<f64>().unwrap(), 0.0, "{x}");
    }
}

#[test]
fn extents_beyond_memory_are_refused_before_anything_is_listed() {
    use gradus::{Array, PadMode, ResizeMethod, Val, jit};
    let refused = |f: fn(&Val) -> Val| {
        let error = jit(f)(&Array::from([1.0f32, 2.0, 3.0])).unwrap_err().to_string();
        assert!(error.contains("larger than any memory") && error.contains("products.rs"), "{error}");
    };
    refused(|x| x.diag(i64::MAX));
    refused(|x| x.diag(i64::MIN));
    refused(|x| x.diag(1i64 << 40));
    refused(|x| x.repeat_each(&[usize::MAX / 2, 1, 1], 0));
    refused(|x| x.repeat_each(&[usize::MAX; 3], 0));
    refused(|x| x.pad_mode([(1i64 << 61, 0)], PadMode::Edge));
    refused(|x| x.pad_mode([(0, i64::MAX)], PadMode::Reflect));
    refused(|x| x.pad_mode([(i64::MAX, i64::MAX)], PadMode::Wrap));
    refused(|x| x.resize([1usize << 61], ResizeMethod::Nearest));
}
