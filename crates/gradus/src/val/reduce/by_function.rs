//! Reductions and scatters by a function of scalars.

use crate::val::Val;
use crate::val::axes::IntoAxes;
use crate::val::index::gather::{IndexMode, ScatterDims, integers, no_wrap};
use crate::{ErrorKind, Program, Type};
use gradus_ir::ops::index::Scatter;
use gradus_ir::ops::reduce::Reduction;
use gradus_ir::{SourceLocation, bind, trace as ir};
use std::sync::Arc;

/// The Program of `f`, which may not use values of the traces around it.
///
/// # Errors
/// The first error inside, or the capture.
fn program(
    op: &'static str,
    place: SourceLocation,
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
        let starts =
            initial.iter().zip(&scalars).map(|(v, ty)| crate::val::strict::convert_literal(*v, ty.dtype));
        let strict: Vec<_> = operands.iter().map(|v| v.ir()).chain(starts).collect();
        let results = bind(Reduction::Body { axes: axes.clone(), body }, &strict);
        let kept = |v: Val| if keep { v.expand_dims(axes.to_vec()) } else { v };
        all = results.into_iter().map(|v| kept(Val::from_ir(v))).collect();
        Ok(all[0])
    });
    if all.is_empty() { vec![first; operands.len().max(1)] } else { all }
}

/// Whether a scatter may write an element twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indices {
    /// It may; then there is no derivative.
    Any,
    /// The caller promises that it does not.
    Unique,
}

impl Val {
    /// The value with `updates` joined at the index vectors along the last axis of `indices` by `f` of what is
    /// there and
    /// an update, in the order of the indices; by StableHLO's dimension numbers.
    ///
    /// ```
    /// use gradus::{Array, IndexMode, Indices, ScatterDims, Val, jit};
    /// let f = jit(|x: &Val, i: &Val, u: &Val| {
    ///     let dims = ScatterDims {
    ///         inserted_window_dims: [0].as_slice().into(),
    ///         scatter_dims_to_operand_dims: [0].as_slice().into(),
    ///         ..ScatterDims::default()
    ///     };
    ///     x.scatter_by(i, u, dims, IndexMode::Fill, Indices::Any, |old, new| 10 * old + new)
    /// });
    /// let y = f(&Array::from([0i32, 1]), &Array::from([[1i32], [1]]), &Array::from([2i32, 3]))?;
    /// assert_eq!(y, Array::from([0i32, 123]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn scatter_by(
        self,
        indices: impl Into<Val>,
        updates: impl Into<Val>,
        dims: ScatterDims,
        mode: IndexMode,
        promise: Indices,
        f: impl FnOnce(Val, Val) -> Val,
    ) -> Val {
        let place = ir::current_place();
        let (indices, updates) = (indices.into(), updates.into());
        Val::derive("scatter_by", &[self, indices, updates], |known| {
            no_wrap(mode)?;
            let dtype = known[0].ty.dtype;
            let scalar = Type::scalar(dtype);
            let body = program("scatter", place, &[scalar.clone(), scalar], |v| vec![f(v[0], v[1])])?;
            let unique_indices = promise == Indices::Unique;
            let how =
                Scatter { combine: None, dims: ScatterDims::default(), mode: mode.strict(), unique_indices };
            let updates = crate::val::strict::convert_literal(updates, dtype);
            let written = self.ir().scatter_by(integers(indices, &known[1])?, updates, dims, how, body);
            Ok(Val::from_ir(written).with_weak(known[0].weak))
        })
    }
}
