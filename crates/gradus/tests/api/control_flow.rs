//! Scan, loops and branches: every call form, their derivatives, and batches of them.

use super::{near, scalar, vector};
use gradus::{
    Array, Dtype, Result, Scan, Tree, Val, associative_scan, cond, fori_loop, grad, hessian, jit, jvp, map,
    map_batches, scan, switch, value_and_grad, vmap, while_loop,
};

#[derive(Tree, Clone, Copy)]
struct Lstm<T = Array> {
    h: T,
    c: T,
}

/// A cell as a free function.
fn cell(s: Lstm<Val>, x: Val) -> (Lstm<Val>, Val) {
    let h = s.h + x;
    (Lstm { h, c: s.c * 2.0 }, h)
}

#[test]
fn scans() -> Result<()> {
    let xs = vector(&[1., 2., 3.]);
    // plain carry, parameters inferred
    let f = jit(|xs: &Val| scan(Val::from(0.0), xs, |c, x| (c + x, c * x)));
    let (sum, ys) = f(&xs)?;
    near(&sum, &[6.]);
    near(&ys, &[0., 2., 9.]);
    // struct carry, tuple xs, tuple ys, fields read without annotation
    let f = jit(|xs: &Val, zs: &Val| {
        let init = Lstm { h: 0.0.into(), c: 1.0.into() };
        scan(init, &(*xs, *zs), |s, (x, z)| {
            let h = s.h + x * z;
            (Lstm { h, ..s }, (h, s.c))
        })
    });
    let (s, (h, _)) = f(&xs, &xs)?;
    near(&s.h, &[14.]);
    near(&h, &[1., 5., 14.]);
    // a free function as body, a mutated carry, a capture, an inner scan
    let f = jit(|xs: &Val, w: &Val| {
        let (s, _) = scan(Lstm { h: 0.0.into(), c: 1.0.into() }, xs, cell);
        let (t, _) = scan(s, xs, |mut s, x| {
            s.h += x * w;
            (s, scan(s.h, xs, |c, y| (c * y, ())).0)
        });
        t.h
    });
    near(&f(&xs, &scalar(2.))?, &[18.]);
    // xs without leaves: a length; reversed
    let f = jit(|x: &Val| Scan { length: Some(4), ..Scan::default() }.run(*x, &(), |c, ()| (c * 2.0, c)));
    near(&f(&scalar(1.))?.1, &[1., 2., 4., 8.]);
    let f = jit(|xs: &Val| {
        Scan { reverse: true, ..Scan::default() }.run(Val::from(0.0), xs, |c, x| (c + x, c)).1
    });
    near(&f(&xs)?, &[5., 3., 0.]);
    // a stack of layers as xs: the body gets one layer as a struct
    let f = jit(|layers: &Lstm<Val>, x: &Val| {
        scan(*x, layers, |x, layer| ((x * layer.h + layer.c).relu(), ())).0
    });
    near(&f(&Lstm { h: xs.clone(), c: xs.clone() }, &scalar(1.))?, &[21.]);
    Ok(())
}

#[test]
fn a_literal_as_first_carry_takes_the_type_of_the_body() -> Result<()> {
    let f = jit(|xs: &Val| scan(Val::from(0), xs, |c, x| (c + x, c)));
    let (sum, before) = f(&Array::from([1.5f64, 2.5]))?;
    assert_eq!((sum.dtype(), before.dtype()), (Dtype::F64, Dtype::F64));
    let f = jit(|x: &Val| while_loop(Val::from(1), |c| c.lt(100), |c| c * x));
    assert_eq!(f(&scalar(3.0))?, scalar(243.0));
    Ok(())
}

#[test]
fn loops() -> Result<()> {
    let f = jit(|x: &Val| while_loop(*x, |c| c.lt(100.0), |c| c * 2.0));
    near(&f(&scalar(3.))?, &[192.]);
    let f = jit(|x: &Val| {
        while_loop(Lstm { h: *x, c: *x }, |s| s.h.lt(5.0), |s| Lstm { h: s.h + 1.0, c: s.c * s.h })
    });
    near(&f(&scalar(2.))?.c, &[48.]);
    let (n, m, k): (usize, i64, i32) = (3, 3, 3);
    let f = jit(move |x: &Val, end: &Val| {
        let a = fori_loop(0, 3, *x, |i, c| c + i);
        let b = fori_loop(0, n, *x, |i, c| c + i);
        let c = fori_loop(0, m, *x, |i, c| c + i);
        let d = fori_loop(0, k, *x, |i, c| c + i);
        let e = fori_loop(0, end, *x, |i, c| c + i);
        let f = fori_loop(*end - 3, *end, (*x, *x), |i, (c, d)| (c + i, d)).0;
        a + b + c + d + e + f
    });
    near(&f(&scalar(0.), &Array::from(3i32))?, &[18.]);
    Ok(())
}

#[test]
fn branches() -> Result<()> {
    let f = jit(|x: &Val, i: &Val| {
        let p = x.lt(0.0);
        let a = cond(p, *x, |x| x * 2.0, |x| x.sin());
        let b = cond(p, (), |()| x * 2.0, |()| x.cos());
        let c = cond(p, *x, Val::sin, Val::cos);
        let d = cond(p, (*x, *x), |(x, y)| Lstm { h: x, c: y }, |(x, y)| Lstm { h: y, c: x });
        let e = switch(*i, *x, &[&|x| x.sin(), &|x| x.cos(), &|x| x]);
        let many: Vec<_> = (0..4i64).map(|k| move |()| x * k).collect();
        let many: Vec<_> = many.iter().map(|f| f as &dyn Fn(()) -> Val).collect();
        let g = switch(*i, (), &many);
        (a + b + c + d.h + cond(p, d, |s| s.h, |s| s.c), e + g)
    });
    let x = 0.5f32;
    let (sum, chosen) = f(&scalar(x), &Array::from(1i32))?;
    near(&sum, &[x.sin() + 2. * x.cos() + 1.]);
    near(&chosen, &[x.cos() + x]);
    let (sum, chosen) = f(&scalar(-x), &Array::from(77i32))?;
    near(&sum, &[-2. * x - 2. * x - x.sin() - 2. * x]);
    near(&chosen, &[-x - 3. * x]);
    Ok(())
}

#[test]
fn maps_and_prefixes() -> Result<()> {
    let xs = vector(&[1., 2., 3., 4., 5.]);
    let square = |x: &Val| x * x;
    near(&jit(map(square))(&xs)?, &[1., 4., 9., 16., 25.]);
    near(&jit(map_batches(2, square))(&xs)?, &[1., 4., 9., 16., 25.]);
    near(&jit(map_batches(9, square))(&xs)?, &[1., 4., 9., 16., 25.]);
    for n in 0..9 {
        let xs: Vec<f32> = (0..n).map(|i| 1.0 + i as f32).collect();
        let sums: Vec<f32> = xs
            .iter()
            .scan(0.0, |sum, x| {
                *sum += x;
                Some(*sum)
            })
            .collect();
        near(&jit(|x: &Val| associative_scan(x, |a, b| a + b))(&vector(&xs))?, &sums);
    }
    let backwards = |x: &Val| gradus::AssociativeScan { reverse: true, axis: -1 }.run(x, |a, b| a + b);
    near(&jit(backwards)(&xs)?, &[15., 14., 12., 9., 5.]);
    Ok(())
}

/// x doubled until it is large, times how often: trip counts depend on the data.
fn grows(x: &Val) -> Val {
    let (x, n) = while_loop((*x, Val::from(1.0)), |(x, _)| x.lt(10.0), |(x, n)| (x * x + 0.5, n + 1.0));
    x * n
}

#[test]
fn reverse_mode_through_a_while_loop() -> Result<()> {
    for x in [1.5f32, 3.0, 20.0] {
        let (y, dy) = jit(value_and_grad(grows))(&scalar(x))?;
        let (z, dz) = jit(|x: &Val| jvp(grows, x, &Val::from(1.0).astype(Dtype::F32)))(&scalar(x))?;
        near(&y, &z.to_vec::<f32>()?);
        near(&dy, &dz.to_vec::<f32>()?);
        // forward over reverse and reverse over forward agree
        let twice = jit(grad(|x: &Val| grad(grows)(x)))(&scalar(x))?;
        near(&jit(hessian(grows))(&scalar(x))?, &twice.to_vec::<f32>()?);
    }
    near(&jit(grad(grows))(&scalar(1.5))?, &[slope_by_hand(1.5)]);
    Ok(())
}

/// The slope of [`grows`] by hand.
fn slope_by_hand(mut x: f32) -> f32 {
    let (mut slope, mut n) = (1.0, 1.0);
    while x < 10.0 {
        (x, slope, n) = (x * x + 0.5, slope * 2.0 * x, n + 1.0);
    }
    slope * n
}

#[test]
fn lanes_run_as_often_as_they_need() -> Result<()> {
    let xs = [1.5f32, 3.0, 20.0, 0.9];
    let (ys, slopes) = jit(vmap(value_and_grad(grows)))(&vector(&xs))?;
    let slope: Vec<f32> = xs.iter().map(|x| slope_by_hand(*x)).collect();
    near(&slopes, &slope);
    let one_by_one: Vec<f32> =
        xs.iter().map(|x| Ok(jit(grows)(&scalar(*x))?.to_vec::<f32>()?[0])).collect::<Result<_>>()?;
    near(&ys, &one_by_one);
    // the gradient of a batch is the batch of gradients
    let total = jit(grad(|x: &Val| vmap(grows)(x).sum()))(&vector(&xs))?;
    near(&total, &slope);
    Ok(())
}

#[test]
fn nested_loops_have_reverse_mode() -> Result<()> {
    // a while in a scan, a scan in a while, a branch in both
    let inner = |c: Val, x: Val| while_loop(c, |c| c.lt(4.0), |c| c * (x + 1.2));
    let f = move |xs: &Val| {
        let (c, ys) = scan(Val::from(0.5), xs, |c, x| {
            let c = cond(x.lt(0.5), (c, x), |(c, x)| c * x.cos(), |(c, x)| inner(c, x) * 0.3);
            (c, c * c)
        });
        let d = while_loop(c, |c| c.lt(9.0), |c| c + scan(c, xs, |c, x| (c + x.sin(), ())).0);
        d * ys.sum()
    };
    let xs = [0.7f32, 0.3, 0.9, 0.6];
    let g = jit(grad(f))(&vector(&xs))?.to_vec::<f32>()?;
    for (i, g) in g.iter().enumerate() {
        let mut unit = [0.0f32; 4];
        unit[i] = 1.0;
        let (_, dy) = jit(move |x: &Val, dx: &Val| jvp(f, x, dx))(&vector(&xs), &vector(&unit))?;
        near(&dy, &[*g]);
    }
    let h = jit(hessian(f))(&vector(&xs))?.to_vec::<f32>()?;
    for i in 0..4 {
        for j in 0..4 {
            let (a, b) = (h[4 * i + j], h[4 * j + i]);
            assert!((a - b).abs() <= 1e-3 * (1.0 + a.abs()), "{a} is not {b}: {h:?}");
        }
    }
    Ok(())
}
