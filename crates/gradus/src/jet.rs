//! Taylor mode: derivatives of any order along a curve.

use crate::transforms::jvp;
use crate::{Array, Dtype, Traced, Type, Val};

/// `f` along the curve through `primals` whose first, second, .. derivatives are `series`: the value, and as many
/// derivatives of `f` along it. As in `jax.experimental.jet`, these are derivatives, not Taylor coefficients.
///
/// ```
/// use gradus::{Array, Val, jet, jit};
/// let f = jit(|x: &Val| {
///     let (y, dy) = jet(|x: &Val| x * x * x, x, &[x.ones_like(), x.zeros_like(), x.zeros_like()]);
///     (y, dy[0], dy[1], dy[2])
/// });
/// let x = Array::from(2.0f32);
/// let expected = (Array::from(8.0f32), Array::from(12.0f32), Array::from(12.0f32), Array::from(6.0f32));
/// assert_eq!(f(&x)?, expected);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn jet<P: Traced, R: Traced>(f: impl Fn(&P) -> R, primals: &P, series: &[P]) -> (R, Vec<R>) {
    crate::val::at_caller("jet", || {
        let curve = |t: &Val| {
            let mut x = primals.copy();
            let mut factor = Val::from(1.0);
            for (k, coefficient) in series.iter().enumerate() {
                // t^k / k!, in the element type of each leaf
                factor = factor * t / (k as f64 + 1.0);
                let step = factor;
                x = x.zip_map(coefficient, |x, c| match x.dtype().is_float() {
                    true => x + c * step.astype(x.dtype()),
                    false => *x,
                });
            }
            f(&x)
        };
        let zero = Val::from(&Array::zeros(Type::scalar(widest(primals))));
        let mut all = derivatives(&curve, &zero, series.len());
        let y = all.remove(0);
        (y, all)
    })
}

/// The element type that all steps along the curve fit into.
fn widest<P: Traced>(primals: &P) -> Dtype {
    let wide = primals.leaves().iter().any(|v| v.dtype() == Dtype::F64);
    if wide { Dtype::F64 } else { Dtype::F32 }
}

/// `f(t)` and its derivatives up to `order`.
fn derivatives<R: Traced>(f: &dyn Fn(&Val) -> R, t: &Val, order: usize) -> Vec<R> {
    if order == 0 {
        return vec![f(t)];
    }
    let lower = |t: &Val| derivatives(f, t, order - 1);
    let (mut all, mut tangents) = jvp(lower, t, &t.ones_like());
    all.extend(tangents.pop());
    all
}
