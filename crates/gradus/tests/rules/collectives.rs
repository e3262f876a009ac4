//! Collectives against their definition, their derivatives against those of JAX, nested names.

use super::{near, scalar, vector};
use gradus::{
    Array, Result, Val, Vmap, all_gather, all_gather_along, all_gather_tiled, all_to_all, all_to_all_tiled,
    axis_index, axis_size, checkpoint, grad, jit, jvp, outline, pmax, pmean, pmin, ppermute, psum,
    psum_scatter, psum_scatter_tiled, vmap,
};

fn over_i<'f>(f: impl Fn(&Val) -> Val + Send + Sync + 'f) -> Box<dyn Fn(&Val) -> Val + Send + Sync + 'f> {
    Vmap::default().name("i").of(f)
}
fn run(f: impl Fn(&Val) -> Val + Send + Sync + 'static, x: &Array) -> Result<Array> {
    jit(over_i(f))(x)
}
/// `0, 1, ..` in that shape.
fn counting(shape: &[usize]) -> Array {
    let n: usize = shape.iter().product();
    Array::new(shape.to_vec(), (0..n).map(|i| i as f32).collect::<Vec<f32>>()).expect("as many elements")
}

#[test]
fn collectives_are_what_jax_makes_of_them() -> Result<()> {
    let x = vector(&[1., 2., 3., 4.]);
    near(&run(|v| psum(v, "i"), &x)?, &[10.; 4]);
    near(&run(|v| pmean(v, "i"), &x)?, &[2.5; 4]);
    near(&run(|v| pmax(v, "i"), &x)?, &[4.; 4]);
    near(&run(|v| pmin(v, "i"), &x)?, &[1.; 4]);
    near(&run(|v| v + axis_index("i") * axis_size("i"), &x)?, &[1., 6., 11., 16.]);
    near(&run(|v| psum(&(v * 0.0 + 1.0), "i"), &x)?, &[4.; 4]);
    near(&run(|_| psum(&Val::from(1.0).astype(gradus::Dtype::F32), "i"), &x)?, &[4.; 4]);
    near(&run(|v| ppermute(v, "i", &[(0, 1), (1, 2)]), &x)?, &[0., 1., 2., 0.]);
    near(&run(|v| psum_scatter(&(v * gradus::arange(4)), "i"), &x)?, &[0., 10., 20., 30.]);
    assert_eq!(run(|v| all_gather(v, "i"), &x)?.shape(), [4, 4]);
    assert_eq!(jit(over_i(|v| pmax(v, "i")))(&Array::from([3i32, 9]))?, Array::from([9i32, 9]));
    assert_eq!(jit(over_i(|v| pmean(v, "i")))(&Array::from([0i32, 1]))?, Array::from([0.5f32, 0.5]));
    let blocks = counting(&[4, 2, 4]);
    let moved = run(|v| all_to_all(v, "i", 1, 0), &blocks)?;
    assert_eq!(moved.shape(), [4, 4, 2]);
    near(
        &moved,
        &[
            0., 4., 8., 12., 16., 20., 24., 28., 1., 5., 9., 13., 17., 21., 25., 29., 2., 6., 10., 14., 18.,
            22., 26., 30., 3., 7., 11., 15., 19., 23., 27., 31.,
        ],
    );
    let tiled = run(|v| all_to_all_tiled(v, "i", 1, 0), &blocks)?;
    assert_eq!(tiled.shape(), [4, 8, 1]);
    near(&tiled, &moved.to_vec::<f32>()?);
    let gathered = run(|v| all_gather_tiled(v, "i", 0), &counting(&[4, 2]))?;
    assert_eq!(gathered.shape(), [4, 8]);
    near(&run(|v| all_gather_along(v, "i", -1).sum(), &counting(&[4, 2]))?, &[28.; 4]);
    near(&run(|v| psum_scatter_tiled(v, "i", 0), &counting(&[2, 4]))?, &[4., 6., 8., 10.]);
    Ok(())
}

#[test]
fn a_result_that_is_the_same_everywhere_needs_no_axis() -> Result<()> {
    let f = jit(Vmap::default().name("i").outputs(None::<i64>).of(|v: &Val| psum(v, "i")));
    near(&f(&vector(&[1., 2., 3.]))?, &[6.]);
    let g = jit(Vmap::default().name("i").size(3).inputs(None::<i64>).of(|v: &Val| v + axis_index("i")));
    near(&g(&scalar(1.0))?, &[1., 2., 3.]);
    Ok(())
}

#[test]
fn gradients_of_one_lane_add_what_all_lanes_get() -> Result<()> {
    let x = vector(&[1., 2., 3., 4.]);
    near(&run(grad(|v: &Val| psum(&(v * v), "i")), &x)?, &[8., 16., 24., 32.]);
    near(&run(grad(|v: &Val| pmean(&(v * v), "i")), &x)?, &[2., 4., 6., 8.]);
    near(
        &run(grad(|v: &Val| (all_gather(&(v * v), "i") * gradus::arange(4)).sum()), &x)?,
        &[0., 16., 48., 96.],
    );
    near(&run(grad(|v: &Val| psum_scatter(&(v * gradus::arange(4)), "i")), &x)?, &[6.; 4]);
    near(
        &run(
            grad(|v: &Val| ppermute(v, "i", &[(0, 1), (1, 2), (2, 3), (3, 0)]) * (axis_index("i") + 1)),
            &x,
        )?,
        &[2., 3., 4., 1.],
    );
    near(&run(|v| jvp(|v: &Val| psum(&(v * v), "i"), v, &v.ones_like()).1, &x)?, &[20.; 4]);
    // The largest lane alone moves the maximum; every lane reads it.
    near(&run(grad(|v: &Val| pmax(v, "i")), &x)?, &[0., 0., 0., 4.]);
    near(&run(grad(checkpoint(|v: &Val| psum(&v.sin(), "i").sin())), &x)?, &{
        let s: f32 = [1f32, 2., 3., 4.].iter().map(|v| v.sin()).sum();
        [1f32, 2., 3., 4.].map(|v| 4.0 * s.cos() * v.cos())
    });
    Ok(())
}

#[test]
fn gradients_of_all_lanes_are_those_of_the_reduction() -> Result<()> {
    let x = vector(&[1., 2., 3., 4.]);
    let mapped = |f: fn(&Val) -> Val| jit(grad(move |x: &Val| (over_i(f)(x) * gradus::arange(4)).sum()));
    near(&mapped(|v| psum(&(v * v), "i"))(&x)?, &[12., 24., 36., 48.]);
    near(&mapped(|v| pmax(v, "i"))(&x)?, &[0., 0., 0., 6.]);
    near(&mapped(|v| v / psum(v, "i"))(&x)?, &[-0.2, -0.1, 0.0, 0.1]);
    Ok(())
}

#[test]
fn names_nest_and_other_transforms_stand_between() -> Result<()> {
    let x = counting(&[2, 3]);
    let inner = |x: &Val| Vmap::default().name("j").of(|v: &Val| psum(v, "i") * 10.0 + psum(v, "j"))(x);
    near(&jit(over_i(inner))(&x)?, &[33., 53., 73., 42., 62., 82.]);
    let both = |x: &Val| Vmap::default().name("j").of(|v: &Val| psum(v, ["i", "j"]))(x);
    near(&jit(over_i(both))(&x)?, &[15.; 6]);
    // An axis without a name in between, a shared Program, a jitted function.
    near(&jit(over_i(|x: &Val| vmap(|v: &Val| psum(v, "i"))(x)))(&x)?, &[3., 5., 7., 3., 5., 7.]);
    let total = outline(|v: &Val| psum(v, "i"));
    near(&jit(over_i(move |x: &Val| total(x) + total(x)))(&x)?, &[6., 10., 14., 6., 10., 14.]);
    let other = jit(|v: &Val| psum(v, "i"));
    near(&jit(over_i(move |x: &Val| other.inside()(x)))(&x)?, &[3., 5., 7., 3., 5., 7.]);
    Ok(())
}
