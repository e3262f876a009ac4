//! Transposes of linear functions, jets, and Jacobians of several arguments.

use super::{near, scalar, vector};
use gradus::{Array, Dtype, Result, Val, grad, hessian, jacfwd, jacrev, jet, jit, linear_transpose, vmap};

fn zeros(n: i64) -> Val {
    gradus::zeros(n, Dtype::F32)
}
fn ones(n: i64) -> Val {
    gradus::ones(n, Dtype::F32)
}

#[test]
fn linear_transpose_is_the_adjoint() -> Result<()> {
    let f = |x: &Val| x.slice(gradus::s![..;2]) * 3.0;
    let transposed = jit(move |ct: &Val| linear_transpose(f, &zeros(5))(ct));
    near(&transposed(&vector(&[1., 2., 3.]))?, &[3., 0., 6., 0., 9.]);
    // Coefficients are captured, arguments are trees, and the transpose is transposed and differentiated in turn.
    let g = jit(|a: &Val, ct: &Val| {
        let product = |(x, y): &(Val, Val)| a.dot(x) + y * 2.0;
        let back = linear_transpose(product, &(zeros(3), zeros(2)))(ct);
        let again = linear_transpose(
            |ct: &Val| linear_transpose(product, &(zeros(3), zeros(2)))(ct),
            &zeros(2),
        )(&(ones(3), ones(2)));
        let slope = grad(|ct: &Val| linear_transpose(product, &(zeros(3), zeros(2)))(ct).0.sum())(ct);
        (back, again, slope)
    });
    let a = Array::from([[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let ((x, y), again, slope) = g(&a, &vector(&[1., 10.]))?;
    near(&x, &[41., 52., 63.]);
    near(&y, &[2., 20.]);
    near(&again, &[8., 17.]);
    near(&slope, &[6., 15.]);
    let mapped = jit(vmap(|ct: &Val| linear_transpose(|x: &Val| x.sum() * 3.0, &zeros(2))(ct)));
    near(&mapped(&vector(&[1., 2.]))?, &[3., 3., 6., 6.]);
    Ok(())
}

#[test]
fn jets_are_derivatives_along_a_curve() -> Result<()> {
    let f = jit(|x: &Val| {
        let (y, dy) = jet(|x: &Val| x.sin(), x, &[x.ones_like(), x.zeros_like(), x.zeros_like()]);
        (y, dy)
    });
    let (y, dy) = f(&vector(&[0.3, 1.0]))?;
    near(&y, &[0.3f32.sin(), 1f32.sin()]);
    near(&dy[0], &[0.3f32.cos(), 1f32.cos()]);
    near(&dy[1], &[-0.3f32.sin(), -1f32.sin()]);
    near(&dy[2], &[-0.3f32.cos(), -1f32.cos()]);
    // x = 2 + 3t + 5t^2/2 in x^2: 4, 12, 2 * 9 + 4 * 5
    let g = jit(|x: &Val| {
        jet(|x: &Val| x * x, x, &[Val::from(3.0) * x.ones_like(), Val::from(5.0) * x.ones_like()]).1
    });
    let dy = g(&scalar(2.0))?;
    near(&dy[0], &[12.]);
    near(&dy[1], &[38.]);
    Ok(())
}

#[test]
fn jacobians_of_several_arguments_are_by_a_tuple() -> Result<()> {
    let f = |(x, y): &(Val, Val)| (x * y.sum(), x.sum() * y);
    let (x, y) = (vector(&[1., 2.]), vector(&[3., 4., 5.]));
    for jacobian in [jit(jacfwd(f)), jit(jacrev(f))] {
        let ((xx, xy), (yx, yy)) = jacobian(&(x.clone(), y.clone()))?;
        near(&xx, &[12., 0., 0., 12.]);
        near(&xy, &[1., 1., 1., 2., 2., 2.]);
        near(&yx, &[3., 3., 4., 4., 5., 5.]);
        near(&yy, &[3., 0., 0., 0., 3., 0., 0., 0., 3.]);
    }
    let h = jit(hessian(|(x, y): &(Val, Val)| (x * x).sum() * y));
    let ((xx, xy), (yx, yy)) = h(&(vector(&[1., 2.]), scalar(3.0)))?;
    near(&xx, &[6., 0., 0., 6.]);
    near(&xy, &[2., 4.]);
    near(&yx, &[2., 4.]);
    near(&yy, &[0.]);
    Ok(())
}
