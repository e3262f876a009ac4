//! Reductions and scatters by a function of scalars.

use super::Val;
use super::axes::IntoAxes;
use crate::{ErrorKind, Program, Type};
use gradus_ir::ops::reduce::Reduction;
use gradus_ir::{Place, bind, trace as ir};
use std::sync::Arc;

/// The Program of `f`, which may not use values of the traces around it.
///
/// # Errors
/// The first error inside, or the capture.
fn program(
    op: &'static str,
    place: Place,
    types: &[Type],
    f: impl FnOnce(&[Val]) -> Vec<Val>,
) -> Result<Arc<Program>, ErrorKind> {
    let traced = ir::trace(place, types, |args| {
        let args: Vec<Val> = args.iter().map(|v| Val::from_ir(*v)).collect();
        f(&args).iter().map(|v| v.ir()).collect()
    });
    let traced =
        traced.map_err(|error| ErrorKind::invalid(format!("the function of scalars failed: {error}")))?;
    if traced.captures.is_empty() {
        return Ok(Arc::new(traced.program));
    }
    let message = format!(
        "the function of scalars uses {} values from outside; {op} them beside the others, or write literals",
        traced.captures.len()
    );
    Err(ErrorKind::invalid(message))
}

/// The operands, of one shape, reduced together along axes by `f`, which combines as many totals with as many elements;
/// it must be associative and commutative, and `initial` scalars change nothing: `lax.reduce`.
///
/// ```
/// use gradus::{Array, Val, jit, reduce_by, where_};
/// let f = jit(|x: &Val, i: &Val| {
///     let larger = |a: &[Val], b: &[Val]| {
///         let first = a[0].ge(b[0]);
///         vec![where_(first, a[0], b[0]), where_(first, a[1], b[1])]
///     };
///     reduce_by([x, i], [Val::from(f64::NEG_INFINITY), 0.into()], 0, larger)
/// });
/// let found = f(&Array::from([1.0f32, 5.0, 2.0]), &Array::from([10i32, 20, 30]))?;
/// assert_eq!(found, [Array::from(5.0f32), Array::from(20i32)]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn reduce_by(
    operands: impl IntoIterator<Item = impl Into<Val>>,
    initial: impl IntoIterator<Item = impl Into<Val>>,
    axes: impl IntoAxes,
    f: impl FnOnce(&[Val], &[Val]) -> Vec<Val>,
) -> Vec<Val> {
    let place = ir::current_place();
    let operands: Vec<Val> = operands.into_iter().map(Into::into).collect();
    let initial: Vec<Val> = initial.into_iter().map(Into::into).collect();
    let axes = axes.into_axes();
    let args: Vec<Val> = operands.iter().chain(&initial).copied().collect();
    let mut all = vec![];
    let first = Val::derive("reduce_by", &args, |known| {
        let n = operands.len();
        if n == 0 || initial.len() != n {
            let message = format!("{n} operands and {} initial values; give one for each", initial.len());
            return Err(ErrorKind::invalid(message));
        }
        let (axes, keep) = axes.resolve(&known[0].ty.shape)?;
        let scalars: Vec<Type> = known[..n].iter().map(|k| Type::scalar(k.ty.dtype)).collect();
        let both: Vec<Type> = scalars.iter().chain(&scalars).cloned().collect();
        let body = program("reduce", place, &both, |v| f(&v[..n], &v[n..]))?;
        let starts = initial.iter().zip(&scalars).map(|(v, ty)| super::strict::convert_literal(*v, ty.dtype));
        let strict: Vec<_> = operands.iter().map(|v| v.ir()).chain(starts).collect();
        let results = bind(Reduction::Body { axes: axes.clone(), body }, &strict);
        let kept = |v: Val| if keep { v.expand_dims(axes.to_vec()) } else { v };
        all = results.into_iter().map(|v| kept(Val::from_ir(v))).collect();
        Ok(all[0])
    });
    if all.is_empty() { vec![first; operands.len().max(1)] } else { all }
}
