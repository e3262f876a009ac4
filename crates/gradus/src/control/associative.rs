//! `associative_scan`: all prefixes of an associative function, in a logarithmic number of steps.
//!
//! The recursion of Blelloch, "Prefix sums and their applications" (1990): neighbours are combined, the prefixes of
//! the pairs give every second result, and the others are one combination away.

use super::{leaves_like, refused};
use crate::engine::control::slice_axis;
use crate::engine::{self, refill, values};
use crate::transforms::all;
use crate::{Error, Traced, Val, concatenate, stack};
use gradus_ir::SourceLocation;
use gradus_ir::trace::by_user;

/// `f` of all elements up to each along the first axis: `[a, f(a, b), f(f(a, b), c), ..]`.
///
/// `f` must be associative; it is called on many elements at once, so it must work element by element along the
/// axis.
///
/// ```
/// use gradus::{Array, Val, associative_scan, jit};
/// // x[i] = a[i] * x[i - 1] + b[i]
/// let f = jit(|a: &Val, b: &Val| associative_scan(&(*a, *b), |(a, b), (c, d)| (a * c, c * b + d)).1);
/// let x = f(&Array::from([1.0f32, 2.0, 3.0]), &Array::from([1.0f32, 1.0, 1.0]))?;
/// assert_eq!(x, Array::from([1.0f32, 3.0, 10.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// The enclosing `jit` or `trace` returns `Err` if leaves differ in length along the axis or do not have it.
#[track_caller]
pub fn associative_scan<T: Traced>(elems: &T, f: impl Fn(T, T) -> T) -> T {
    AssociativeScan::default().run(elems, f)
}

/// An [`associative_scan`] with options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AssociativeScan {
    /// Suffixes, not prefixes.
    pub reverse: bool,
    /// The axis; a negative one counts from the end.
    pub axis: i64,
}

impl AssociativeScan {
    /// See [`associative_scan`].
    #[track_caller]
    pub fn run<T: Traced>(self, elems: &T, f: impl Fn(T, T) -> T) -> T {
        crate::val::at_caller("associative_scan", || {
            let place = gradus_ir::trace::current_place();
            let leaves = values(elems);
            let along = match axes(place, &leaves, self.axis, || elems.paths()) {
                Ok(along) => along,
                Err(error) => return all(elems, engine::refuse(error)),
            };
            let combine = |x: &[Val], y: &[Val]| {
                let combined = by_user(|| f(refill(elems, x), refill(elems, y)));
                let combined = leaves_like("associative_scan", place, elems, &combined);
                match combined.iter().zip(x).find(|(new, old)| differ(**new, **old)) {
                    Some((new, old)) => {
                        let (new, old) = (new.ty(), old.ty());
                        let message =
                            format!("the combination of {old} is {new}; it must have the same shape");
                        let v = engine::refuse(refused("associative_scan", place, message));
                        x.iter().map(|_| v).collect()
                    }
                    None => combined,
                }
            };
            let flipped = |vals: Vec<Val>| -> Vec<Val> {
                vals.into_iter().zip(&along).map(|(v, axis)| v.flip(*axis as i64)).collect()
            };
            let leaves = if self.reverse { flipped(leaves) } else { leaves };
            let prefixes = prefixes(place, &leaves, &along, &combine);
            refill(elems, &if self.reverse { flipped(prefixes) } else { prefixes })
        })
    }
}

/// Whether both are known and of different shapes.
fn differ(a: Val, b: Val) -> bool {
    !a.is_refused() && !b.is_refused() && a.shape() != b.shape()
}

/// The axis of each leaf; all are of one length along it.
fn axes(
    place: SourceLocation,
    leaves: &[Val],
    axis: i64,
    paths: impl Fn() -> Vec<String>,
) -> Result<Vec<usize>, Error> {
    let mut along = vec![];
    for (i, leaf) in leaves.iter().enumerate() {
        let ty = leaf.ty();
        let at = if axis < 0 { axis + ty.rank() as i64 } else { axis };
        let at = usize::try_from(at).ok().filter(|at| *at < ty.rank());
        let Some(at) = at else {
            let path = paths().swap_remove(i);
            let leaf = if path.is_empty() { "the operand".to_string() } else { format!("leaf `{path}`") };
            let message = format!("{leaf} is {ty}: it has no axis {axis}");
            return Err(refused("associative_scan", place, message));
        };
        let first = along.first().map(|axis| leaves[0].shape()[*axis]);
        if let Some(first) = first.filter(|first| *first != ty.shape.dim(at)) {
            let message = format!(
                "leaves differ in length along axis {axis}: `{}` has {first}, `{}` has {}",
                paths()[0],
                paths()[i],
                ty.shape.dim(at)
            );
            return Err(refused("associative_scan", place, message));
        }
        along.push(at);
    }
    Ok(along)
}

/// A combination of many elements with as many others.
type Combine<'a> = &'a dyn Fn(&[Val], &[Val]) -> Vec<Val>;

fn prefixes(place: SourceLocation, x: &[Val], axes: &[usize], combine: Combine<'_>) -> Vec<Val> {
    let each = |vals: &[Val], f: &dyn Fn(Val, usize) -> Val| -> Vec<Val> {
        vals.iter().zip(axes).map(|(v, axis)| f(*v, *axis)).collect()
    };
    let n = x.first().map_or(0, |v| v.shape()[axes[0]]);
    if n < 2 {
        return x.to_vec();
    }
    let every_second = |from: usize, to: usize| each(x, &|v, axis| slice_axis(place, v, axis, [from, to, 2]));
    if x.iter().any(|v| v.is_refused()) {
        return x.to_vec();
    }
    let odd = prefixes(place, &combine(&every_second(0, n / 2 * 2), &every_second(1, n)), axes, combine);
    let before = each(&odd, &|v, axis| slice_axis(place, v, axis, [0, (n - 1) / 2, 1]));
    let rest = if n > 2 { combine(&before, &every_second(2, n)) } else { before };
    let interleaved = x.iter().zip(axes).zip(rest.iter().zip(&odd));
    interleaved
        .map(|((x, axis), (rest, odd))| {
            let first = slice_axis(place, *x, *axis, [0, 1, 1]);
            let even = if n > 2 { concatenate([first, *rest], *axis as i64) } else { first };
            interleave(place, even, *odd, *axis)
        })
        .collect()
}

/// `even[0], odd[0], even[1], ..` along `axis`; `even` may be one longer.
fn interleave(place: SourceLocation, even: Val, odd: Val, axis: usize) -> Val {
    let pairs = odd.shape()[axis];
    let mut shape = odd.shape();
    shape[axis] = 2 * pairs;
    let both = stack([slice_axis(place, even, axis, [0, pairs, 1]), odd], axis as i64 + 1).reshape(shape);
    match even.shape()[axis] > pairs {
        true => concatenate([both, slice_axis(place, even, axis, [pairs, pairs + 1, 1])], axis as i64),
        false => both,
    }
}
