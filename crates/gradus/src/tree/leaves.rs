//! Trees as lists and vectors, and back; trees in part.

use super::{Leaf, Traced, Tree};
use crate::{Error, ErrorKind, Result, Val, concatenate};

/// All elements of all leaves as one vector, of the element type in which they meet.
///
/// ```
/// use gradus::{Array, Val, jit, tree};
/// let f = jit(|p: &(Val, Val)| tree::unravel(p, 2.0 * tree::ravel(p)));
/// let y = f(&(Array::from([[1.0f32, 2.0]]), Array::from(3.0f32)))?;
/// assert_eq!(y, (Array::from([[2.0f32, 4.0]]), Array::from(6.0f32)));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn ravel<T: Tree<Val>>(tree: &T) -> Val {
    crate::val::at_caller("ravel", || {
        let leaves: Vec<Val> = tree.leaves().into_iter().map(|v| v.ravel()).collect();
        match leaves.is_empty() {
            true => crate::zeros([0], crate::Dtype::F32),
            false => concatenate(leaves, 0),
        }
    })
}

/// The tree of the structure, shapes and element types of `like` whose elements in order are those of `vector`.
#[track_caller]
pub fn unravel<T: Traced>(like: &T, vector: impl Into<Val>) -> T {
    crate::val::at_caller("unravel", || {
        let vector = vector.into();
        let sizes: Vec<usize> = like.leaves().into_iter().map(|v| v.size()).collect();
        let total: usize = sizes.iter().sum();
        let vector = vector.derive1("unravel", |ty| {
            if ty.rank() == 1 && ty.shape.dim(0) == total {
                return Ok(vector);
            }
            Err(ErrorKind::invalid(format!(
                "{ty} does not fill a tree of {total} elements; give a vector of them"
            )))
        });
        let mut parts = vector.split_sizes(&sizes, 0).into_iter();
        like.map(|leaf| {
            let part = parts.next().expect("internal: a part for each leaf");
            part.reshape(leaf.shape()).astype(leaf.dtype())
        })
    })
}

/// The tree of the structure of `like` with these leaves, in order.
///
/// ```
/// use gradus::{Array, tree};
/// let pair = (Array::from(1i32), Array::from(2i32));
/// let flags = tree::unflatten(&pair, [true, false])?;
/// assert_eq!(flags, (true, false));
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// If there are more or fewer than `like` has.
#[track_caller]
pub fn unflatten<L: Leaf, T: Tree<L>, K: Leaf>(
    like: &T,
    leaves: impl IntoIterator<Item = K>,
) -> Result<T::With<K>> {
    let leaves: Vec<K> = leaves.into_iter().collect();
    let (have, wanted) = (leaves.len(), like.leaves().len());
    if have != wanted {
        let message = format!("{have} leaves for a tree of {wanted}; give one for each");
        return Err(Error::here("unflatten", ErrorKind::invalid(message)));
    }
    let mut leaves = leaves.into_iter();
    Ok(like.map(|_| leaves.next().expect("internal: as many leaves as before")))
}

/// The leaves of `tree` with their paths, in order.
///
/// ```
/// use gradus::{Array, tree};
/// let pair = (Array::from(1i32), Array::from(2i32));
/// let named = tree::leaves_with_path(&pair);
/// assert_eq!((named[1].0.as_str(), named[1].1), ("1", &pair.1));
/// ```
pub fn leaves_with_path<L: Leaf, T: Tree<L>>(tree: &T) -> Vec<(String, &L)> {
    tree.paths().into_iter().zip(tree.leaves()).collect()
}

/// Two trees of parts: the leaves that `keep` wants by path and value, and the others; `None` where the other has it.
///
/// ```
/// use gradus::{Array, Val, jit, tree};
/// let f = jit(|p: &(Val, Val)| {
///     let (weights, rest) = tree::partition(p, |path, _| path == "0");
///     let doubled = (weights.0.map(|w| 2 * w), weights.1);
///     tree::combine(p, &[&doubled, &rest])
/// });
/// let y = f(&(Array::from(1i32), Array::from(5i32)))?;
/// assert_eq!(y, (Array::from(2i32), Array::from(5i32)));
/// # Ok::<(), gradus::Error>(())
/// ```
pub fn partition<L: Leaf + Clone, T: Tree<L>>(
    tree: &T,
    mut keep: impl FnMut(&str, &L) -> bool,
) -> (T::With<Option<L>>, T::With<Option<L>>) {
    let chosen: Vec<bool> =
        leaves_with_path(tree).into_iter().map(|(path, leaf)| keep(&path, leaf)).collect();
    let part = |wanted: bool| {
        let mut chosen = chosen.iter();
        tree.map(|leaf| {
            (*chosen.next().expect("internal: a choice for each leaf") == wanted).then(|| leaf.clone())
        })
    };
    (part(true), part(false))
}

/// The leaves that `keep` wants by path and value; `None` for the others.
pub fn filter<L: Leaf + Clone, T: Tree<L>>(
    tree: &T,
    keep: impl FnMut(&str, &L) -> bool,
) -> T::With<Option<L>> {
    partition(tree, keep).0
}

/// The tree whose leaf is that of the first of `parts` that has one, else that of `like`.
///
/// If the structure of a part differs from that of `like`, the enclosing `jit` or `trace` returns `Err` with the path.
#[track_caller]
pub fn combine<T: Traced>(like: &T, parts: &[&<T as Tree<Val>>::With<Option<Val>>]) -> T {
    parts.iter().rev().fold(like.copy(), |tree, part| {
        tree.zip_with(*part, |leaf, other: &Option<Val>| other.unwrap_or(*leaf))
    })
}
