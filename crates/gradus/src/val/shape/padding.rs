//! Padding with elements of the value itself: NumPy's modes of `pad`.

use crate::val::axes::Integer;
use crate::val::{Endpoint, Val, concatenate, keep, linspace_of, strict};
use crate::{ErrorKind, Shape, Type};
use gradus_ir::Val as Strict;

/// What stands in the places that padding adds.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum PadMode {
    /// This scalar.
    Constant(Val),
    /// The element at the edge.
    Edge,
    /// The elements mirrored at the edge, which stands once.
    Reflect,
    /// The elements mirrored at the edge, twice the edge less them.
    ReflectOdd,
    /// The elements mirrored behind the edge, which stands twice.
    Symmetric,
    /// The elements mirrored behind the edge, twice the edge less them.
    SymmetricOdd,
    /// The elements from the other end.
    Wrap,
    /// Numbers on a line from the edge to this one, which is the outermost.
    LinearRamp(Val),
    /// The mean along the axis.
    Mean,
    /// The largest element along the axis.
    Maximum,
    /// The smallest element along the axis.
    Minimum,
    /// The median along the axis.
    Median,
}

impl Val {
    /// The value with `(before, after)` elements added along each axis, one axis after the other, as `mode` says.
    ///
    /// ```
    /// use gradus::{Array, PadMode, Val, jit};
    /// let f = jit(|x: &Val| x.pad_mode([(2, 1)], PadMode::Reflect));
    /// assert_eq!(f(&Array::from([1i32, 2, 3]))?, Array::from([3i32, 2, 1, 2, 3, 2]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn pad_mode<I: Integer>(self, widths: impl AsRef<[(I, I)]>, mode: PadMode) -> Val {
        let widths: Vec<(i64, i64)> =
            widths.as_ref().iter().map(|(low, high)| (low.to_i64(), high.to_i64())).collect();
        let args: Vec<Val> = match mode {
            PadMode::Constant(v) | PadMode::LinearRamp(v) => vec![self, v],
            _ => vec![self],
        };
        Val::derive("pad", &args, |known| {
            let shape = &known[0].ty.shape;
            if widths.len() != shape.rank() {
                let message = format!(
                    "{} pairs of widths for shape {shape}; give one pair for each axis",
                    widths.len()
                );
                return Err(ErrorKind::invalid(message));
            }
            if let Some(pair) = widths.iter().find(|(low, high)| *low < 0 || *high < 0) {
                let message =
                    format!("widths {pair:?} are negative; cut with `slice`, or use `pad_interior`");
                return Err(ErrorKind::invalid(message));
            }
            if let PadMode::Constant(fill) = mode {
                return Ok(self.pad(widths, fill));
            }
            let mut x = self;
            for (axis, (low, high)) in widths.iter().enumerate() {
                x = padded(x, axis, *low as usize, *high as usize, mode)?;
            }
            Ok(x)
        })
    }
}

/// `x` with `low` and `high` elements added along one axis.
#[track_caller]
fn padded(x: Val, axis: usize, low: usize, high: usize, mode: PadMode) -> Result<Val, ErrorKind> {
    let shape = x.ty().shape;
    let n = shape.dim(axis);
    if low == 0 && high == 0 {
        return Ok(x);
    }
    if n == 0 {
        let message = format!("axis {axis} of shape {shape} is empty; there is nothing to pad it with");
        return Err(ErrorKind::invalid(message));
    }
    within_memory(&x.ty(), axis, n.checked_add(low).and_then(|all| all.checked_add(high)))?;
    let sources = |position: fn(i64, i64) -> i64| -> Vec<usize> {
        let all = -(low as i64)..(n + high) as i64;
        all.map(|i| position(i, n as i64) as usize).collect()
    };
    let chosen =
        |positions: &[usize]| Val::from_ir(by_positions(x.ir(), axis, positions)).with_weak(x.is_weak());
    Ok(match mode {
        PadMode::Constant(_) => unreachable!("internal: padded by the primitive"),
        PadMode::Edge => chosen(&sources(|i, n| i.clamp(0, n - 1))),
        PadMode::Wrap => chosen(&sources(|i, n| i.rem_euclid(n))),
        PadMode::Reflect => chosen(&sources(reflected)),
        PadMode::Symmetric => chosen(&sources(|i, n| mirrored(i, 2 * n, n))),
        PadMode::ReflectOdd => odd(x, axis, n, low, high, usize::from(n > 1)),
        PadMode::SymmetricOdd => odd(x, axis, n, low, high, 0),
        PadMode::LinearRamp(end) => {
            let ramp = |edge: usize, count: usize| {
                let edge = Val::from_ir(x.ir().slice_axis(axis, edge, edge + 1)).squeeze(axis);
                let ramp = linspace_of(end.astype(x.dtype()), edge, count, Endpoint::Excluded);
                ramp.astype(x.dtype()).moveaxis(0, axis)
            };
            concatenate([ramp(0, low), x, ramp(n - 1, high).flip(axis)], axis)
        }
        PadMode::Mean | PadMode::Maximum | PadMode::Minimum | PadMode::Median => {
            let statistic = match mode {
                PadMode::Mean => x.mean_axes(keep(axis)),
                PadMode::Maximum => x.amax_axes(keep(axis)),
                PadMode::Minimum => x.amin_axes(keep(axis)),
                _ => x.median(keep(axis)),
            };
            let whole = !x.dtype().is_float() && statistic.dtype().is_float();
            let statistic = if whole { statistic.round() } else { statistic }.astype(x.dtype());
            concatenate([statistic.repeat(low, axis), x, statistic.repeat(high, axis)], axis)
        }
    })
}

/// Position `i` of an endless row that mirrors `n` elements at both edges, each edge once.
fn reflected(i: i64, n: i64) -> i64 {
    if n == 1 { 0 } else { mirrored(i, 2 * (n - 1), n) }
}
/// Position `i` of a row of `period` that runs up and down.
fn mirrored(i: i64, period: i64, n: i64) -> i64 {
    let i = i.rem_euclid(period);
    if i < n { i } else { period - i - i64::from(period == 2 * n) }
}

/// Twice the edge less the elements mirrored there, `skip` of them left out, as often as there is room for.
#[track_caller]
fn odd(x: Val, axis: usize, n: usize, low: usize, high: usize, skip: usize) -> Val {
    let part = |v: Val, start: usize, end: usize| Val::from_ir(v.ir().slice_axis(axis, start, end));
    let (mut x, mut low, mut high) = (x, low, high);
    while low > 0 {
        let count = low.min(n - skip);
        let mirror = part(x, skip, skip + count).flip(axis);
        x = concatenate([2 * part(x, 0, 1) - mirror, x], axis);
        low -= count;
    }
    while high > 0 {
        let (count, len) = (high.min(n - skip), x.shape()[axis]);
        let mirror = part(x, len - skip - count, len - skip).flip(axis);
        x = concatenate([x, 2 * part(x, len - 1, len) - mirror], axis);
        high -= count;
    }
    x
}

/// Refuses an extent `n` in the place of `axis` that makes a result larger than any memory, before it is listed.
///
/// # Errors
/// Naming the result.
pub(crate) fn within_memory(ty: &Type, axis: usize, n: Option<usize>) -> Result<(), ErrorKind> {
    let mut dims = ty.shape.dims();
    dims[axis] = n.unwrap_or(usize::MAX);
    let result = ty.with_shape(dims);
    if dims_fit(&result, n) {
        return Ok(());
    }
    Err(ErrorKind::invalid(format!("a result of type {result} is larger than any memory")))
}

fn dims_fit(result: &Type, n: Option<usize>) -> bool {
    n.is_some_and(|n| n < 1 << 46) && result.size_bytes() <= 1 << 46
}

/// The elements of `x` at `positions` along `axis`, known while tracing: pieces that run up, down or stand still, side
/// by side.
#[track_caller]
pub(crate) fn by_positions(x: Strict, axis: usize, positions: &[usize]) -> Strict {
    let mut pieces = vec![];
    let mut first = 0;
    while first < positions.len() {
        let step = |k: usize| positions.get(k + 1).map(|next| *next as i64 - positions[k] as i64);
        let run = step(first).filter(|step| step.abs() <= 1).unwrap_or(1);
        let mut last = first;
        while step(last) == Some(run) {
            last += 1;
        }
        let (from, to) = (positions[first].min(positions[last]), positions[first].max(positions[last]));
        let piece = x.slice_axis(axis, from, to + 1);
        pieces.push(match run {
            1 => piece,
            -1 => piece.rev(&[axis]),
            _ => strict::broadcast(piece, &piece.shape().with_dim(axis, last - first + 1)),
        });
        first = last + 1;
    }
    match pieces.as_slice() {
        [] => x.slice_axis(axis, 0, 0),
        [only] => *only,
        _ => Strict::concatenate(&pieces, axis),
    }
}

/// Every element along `axis` repeated as often as `counts` says.
#[track_caller]
pub(crate) fn repeated(x: Strict, axis: usize, counts: &[usize]) -> Strict {
    let positions: Vec<usize> =
        counts.iter().enumerate().flat_map(|(i, count)| std::iter::repeat_n(i, *count)).collect();
    let shape: Shape = x.shape();
    debug_assert!(counts.len() == shape.dim(axis), "internal: a count for each element");
    by_positions(x, axis, &positions)
}
