//! Broadcasting: operands are brought to one element type and one shape before they enter the strict IR.

use crate::val::promote::{Promoted, promote_all};
use crate::val::{Known, Val, strict};
use crate::{Dtype, ErrorKind, Shape};
use gradus_ir::Op;
use smallvec::SmallVec;

/// The shape to which all broadcast: aligned at the last axis, an extent of 1 stretches.
///
/// # Errors
/// If two extents differ and neither is 1.
pub(crate) fn common_shape<'a>(shapes: impl IntoIterator<Item = &'a Shape>) -> Result<Shape, ErrorKind> {
    let mut shapes = shapes.into_iter();
    let first = shapes.next().cloned().unwrap_or_default();
    shapes.try_fold(first, |common, next| {
        let rank = common.rank().max(next.rank());
        let extent = |s: &Shape, axis: usize| (axis + s.rank()).checked_sub(rank).map_or(1, |i| s.dim(i));
        let dims: Option<Shape> = (0..rank)
            .map(|axis| match (extent(&common, axis), extent(next, axis)) {
                (a, b) if a == b => Some(a),
                (1, n) | (n, 1) => Some(n),
                _ => None,
            })
            .collect::<Option<Vec<usize>>>()
            .map(Shape::from);
        dims.ok_or_else(|| mismatch(&common, next))
    })
}

fn mismatch(a: &Shape, b: &Shape) -> ErrorKind {
    ErrorKind::invalid(format!(
        "shapes {a} and {b} do not broadcast; reshape one of them or add an axis of extent 1"
    ))
}

/// The values repeated to the shape to which all broadcast, each of its own element type.
///
/// ```
/// use gradus::{Array, Val, broadcast_arrays, jit};
/// let f = jit(|x: &Val, y: &Val| broadcast_arrays([x, y])[1].sum());
/// assert_eq!(f(&Array::from([0i32, 0]), &Array::from(3i32))?, Array::from(6i32));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn broadcast_arrays(all: impl IntoIterator<Item = impl Into<Val>>) -> Vec<Val> {
    let all: Vec<Val> = all.into_iter().map(Into::into).collect();
    let wide = |v: &Val| {
        Val::derive("broadcast_arrays", &all, |known| {
            Ok(v.broadcast_to(common_shape(known.iter().map(|k| &k.ty.shape))?))
        })
    };
    crate::val::at_caller("broadcast_arrays", || all.iter().map(wide).collect())
}

/// `v` as a strict value of element type `dtype` and of `shape`, to which it broadcasts.
#[track_caller]
pub(crate) fn bring(v: Val, dtype: Dtype, shape: &Shape) -> gradus_ir::Val {
    let scalar = v.literal().map(|literal| literal.write(dtype));
    let v = scalar.unwrap_or_else(|| strict::convert(v.ir(), dtype));
    strict::broadcast(v, shape)
}

/// All of `args` at one element type and shape.
#[track_caller]
pub(crate) fn bring_all(
    args: &[Val],
    known: &[Known],
    dtype: Dtype,
) -> Result<SmallVec<[gradus_ir::Val; 4]>, ErrorKind> {
    let shape = common_shape(known.iter().map(|k| &k.ty.shape))?;
    Ok(args.iter().map(|v| bring(*v, dtype, &shape)).collect())
}

/// How a function of several elements promotes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Promotion {
    /// The element type in which the operands meet.
    Plain,
    /// That, with `bool` as `i32`.
    Numeric,
    /// That, with integers and `bool` as floats.
    Inexact,
}

impl Promotion {
    pub(crate) fn of(self, known: &[Known]) -> Promoted {
        let met = promote_all(known);
        match self {
            Promotion::Plain => met,
            Promotion::Numeric => met.numeric(),
            Promotion::Inexact => met.inexact(),
        }
    }
}

/// The elementwise primitive `op` of broadcast and promoted operands.
#[track_caller]
pub(crate) fn elementwise(name: &'static str, op: impl Into<Op>, how: Promotion, args: &[Val]) -> Val {
    let op = op.into();
    Val::derive(name, args, |known| {
        let met = how.of(known);
        let args = bring_all(args, known, met.dtype)?;
        Ok(Val::from_ir(gradus_ir::bind1(op, &args)).with_weak(met.weak))
    })
}

/// Operands broadcast and promoted to floats once, for functions that read them several times.
#[track_caller]
pub(crate) fn floats<const N: usize>(
    name: &'static str,
    args: [Val; N],
    f: impl FnOnce([Val; N]) -> Val,
) -> Val {
    Val::derive(name, &args, |known| {
        let met = Promotion::Inexact.of(known);
        let strict = bring_all(&args, known, met.dtype)?;
        let args = std::array::from_fn(|i| Val::from_ir(strict[i]).with_weak(met.weak));
        Ok(f(args).with_weak(met.weak))
    })
}
