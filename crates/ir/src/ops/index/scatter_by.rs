//! `scatter_by`: updates joined to what is there by a Program of two scalars.

use super::scatter::SENTENCES;
use super::{Indexing, Scatter, ScatterDims};
use crate::eval::eval;
use crate::ops::index::windows::Windows;
use crate::ops::{Lanes, Passes};
use crate::trace::{Val, Vals, bind1, current_place, refuse};
use crate::{Array, Error, ErrorKind, Program, Shape, Type};
use std::sync::Arc;

/// Those of a scatter that overwrites, and two for the body.
pub(super) const BY_SENTENCES: &[&str] = &{
    let mut all = [SENTENCES[0]; 11];
    let mut k = 0;
    while k < 9 {
        all[k] = SENTENCES[k];
        k += 1;
    }
    all[9] =
        "`body` takes what is there and an update, scalars of the operand's element type, and returns one.";
    all[10] = "The combination is the body's: the scatter has none of its own.";
    all
};

pub(super) fn result_type(
    scatter: &Scatter,
    body: &Program,
    operand: &Type,
    indices: &Type,
    updates: &Type,
) -> Result<Type, ErrorKind> {
    if let Some(monoid) = scatter.combine {
        let message = format!("the body combines, and {monoid:?} of the scatter does not; leave it out");
        return Err(ErrorKind::constraint(11, message));
    }
    let result = scatter.result_type(operand, indices, updates)?;
    let scalar = Type::scalar(operand.dtype);
    if body.param_types() != [scalar.clone(), scalar.clone()] || body.result_types() != [scalar.clone()] {
        let (takes, gives) = (body.param_types(), body.result_types());
        let message = format!(
            "the body takes {takes:?} and returns {gives:?}, but must take two {scalar} and return one"
        );
        return Err(ErrorKind::constraint(10, message));
    }
    Ok(result)
}

/// In the order of the indices; every step rounds to the operand's type, as the body does.
pub(super) fn evaluate(
    scatter: &Scatter,
    body: &Program,
    operand: &Array,
    indices: &Array,
    updates: &Array,
) -> Result<Array, ErrorKind> {
    let (ty, outer) = (operand.ty(), &updates.ty().shape);
    let sizes = scatter.dims.window_sizes(ty.rank(), outer);
    let windows = Windows::new(&scatter.dims.to_gather(), scatter.mode, &ty.shape, &sizes, indices, outer);
    let (mut all, updates) = (operand.scalars(), updates.scalars());
    for (from, to) in windows.pairs().filter_map(|(from, to)| Some((from, to?))) {
        let failed = |error| ErrorKind::invalid(format!("the body failed: {error}"));
        let joined = eval(body, &[all[to].clone(), updates[from].clone()]).map_err(failed)?;
        all[to] = joined[0].clone();
    }
    Ok(Array::from_scalars(ty.dtype, &ty.shape, &all))
}

/// The tangent of the result. Only where no element is written twice: then it is the body's, place by place.
pub(super) fn tangent(
    scatter: &Scatter,
    body: &Arc<Program>,
    passes: &dyn Passes,
    x: &[Val],
    dx: &[Option<Val>],
) -> Option<Val> {
    let updates = x[2].ty();
    if dx[0].is_none() && dx[2].is_none() || updates.shape.size() == 0 {
        return dx[0];
    }
    if !scatter.unique_indices {
        let message = "the derivative of a scatter by a function needs indices that are unique; say so with `Indices::Unique`";
        return Some(refuse(Error::new("scatter_by", ErrorKind::invalid(message), current_place())));
    }
    let (program, nonzero) = passes.jvp(body, &[dx[0].is_some(), dx[2].is_some()]);
    let here = |v: Val| scatter.read(v, x[1], &updates);
    let args: Vec<Val> =
        [Some(here(x[0])), Some(x[2]), dx[0].map(here), dx[2]].into_iter().flatten().collect();
    let d_here = match nonzero[0] {
        true => everywhere(passes, &program, &args, &updates.shape),
        false => Val::zeros(updates),
    };
    let d_operand = dx[0].unwrap_or_else(|| x[0].zeros_like());
    Some(scatter.write(d_operand, x[1], d_here))
}

/// The second result of a Program of scalars at every element of arrays of one shape.
fn everywhere(passes: &dyn Passes, program: &Arc<Program>, args: &[Val], shape: &Shape) -> Val {
    let lanes = Lanes::new(shape.size());
    let flat = Shape::from([lanes.size]);
    let args: Vals = args.iter().map(|v| v.reshape(flat.clone())).collect();
    let (program, mapped) = passes.batch(program, &vec![true; args.len()], lanes);
    let tangent = program.inline(&args)[1];
    if mapped[1] { tangent } else { tangent.repeat_leading(lanes.size) }.reshape(shape.clone())
}

impl Val {
    /// `self` with the windows of `updates` joined at `indices` by `body`, a Program of what is there and an update;
    /// in the order of the indices.
    #[track_caller]
    pub fn scatter_by(
        self,
        indices: Val,
        updates: Val,
        dims: ScatterDims,
        how: Scatter,
        body: Arc<Program>,
    ) -> Val {
        let scatter = Box::new(Scatter { combine: None, dims, ..how });
        bind1(Indexing::ScatterBy { scatter, body }, &[self, indices, updates])
    }
}
