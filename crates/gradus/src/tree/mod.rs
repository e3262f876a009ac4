//! Trees: structures of values, such as a model, its gradient or the state of an optimizer.
//!
//! A type is a tree of leaves `L`: `Mlp<Array>` outside a trace, `Mlp<Val>` inside. Invariant: `visit`,
//! `visit_mut`, `map_leaves` and `zip_leaves` meet the leaves in the same order, so that a tree and a list
//! of its leaves' values say the same; the engine knows lists only.

mod border;
mod containers;
pub(crate) mod key;
mod leaves;
mod part;
mod statics;

pub use border::{Data, Placeholder, Stored, Traced};
pub use leaves::{combine, filter, leaves_with_path, partition, ravel, unflatten, unravel};
pub(crate) use part::within;
pub use part::{LeafKind, Mismatch, Part, Same};
pub use statics::{Fixed, Static};

use crate::{Error, Result};
use gradus_ir::ErrorKind;
use std::collections::VecDeque;

/// What may stand at a leaf: anything that may go to another thread.
///
/// So a kept function may hold any tree, also in generic code: a mask `M::With<bool>`, say.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a tree: it is not `Send + Sync + 'static`"
)]
pub trait Leaf: Send + Sync + 'static {}
#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> Leaf for T {}

/// A structure with leaves `L`. A structure without leaves is a tree of every `L`.
///
/// `With<K>` need not be a tree of `K`: a leaf may be replaced by anything, a `bool` (a mask), an
/// `Option<Val>` (a part of a model), another tree (a Jacobian).
///
/// The required methods are what `#[derive(Tree)]` writes: straight code without closures, over `dyn`
/// functions, so that a struct costs a few small functions however many transforms it goes through.
///
/// ```
/// use gradus::{Array, Tree};
/// #[derive(Tree)]
/// struct Dense<T = Array> { w: T, b: Vec<T>, #[tree(static)] name: &'static str }
///
/// let d = Dense { w: Array::from(1.0f32), b: vec![Array::from([2.0f32, 3.0])], name: "out" };
/// assert_eq!(d.paths(), ["w", "b.0"]);
/// let sizes: Dense<usize> = d.map(|a| a.size());
/// assert_eq!((sizes.w, sizes.b[0], sizes.name), (1, 2, "out"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tree of `{L}`",
    label = "not a tree of `{L}`",
    note = "a struct of arrays takes its leaf as a parameter: `#[derive(Tree)] struct Name<T = Array> {{ w: T, .. }}`",
    note = "mark a field that is no array `#[tree(static)]`; outside a trace the leaves are `Array`, inside `Val`"
)]
pub trait Tree<L: Leaf>: Leaf + Sized {
    /// The same structure with other leaves.
    type With<K: Leaf>: Leaf;

    /// Walks the tree: its leaves, the way to them, and what else makes its structure.
    fn visit<'a>(&'a self, f: &mut dyn FnMut(Part<'a, L>));
    /// Walks the leaves, to change them in place.
    fn visit_mut<'a>(&'a mut self, f: &mut dyn FnMut(&'a mut L));
    /// [`Tree::map`] over a `dyn` function.
    fn map_leaves<K: Leaf>(&self, f: &mut dyn FnMut(&L) -> K) -> Self::With<K>;
    /// [`Tree::try_zip_map`] over a `dyn` function.
    ///
    /// # Errors
    /// Where the trees differ; `f` may have been called for leaves before.
    fn zip_leaves<J: Leaf, K: Leaf>(
        &self,
        other: &Self::With<J>,
        f: &mut dyn FnMut(&L, &J) -> K,
    ) -> std::result::Result<Self::With<K>, Mismatch>;

    /// The same structure with every leaf replaced by `f` of it.
    fn map<K: Leaf>(&self, mut f: impl FnMut(&L) -> K) -> Self::With<K> {
        self.map_leaves(&mut f)
    }
    /// [`Tree::map`] with the leaf's path, `layers.3.w`.
    fn map_with_path<K: Leaf>(&self, mut f: impl FnMut(&str, &L) -> K) -> Self::With<K> {
        let mut paths = self.paths().into_iter();
        self.map_leaves(&mut |l| f(&paths.next().expect("internal: as many leaves as before"), l))
    }
    /// Two trees of one structure, leaf by leaf.
    ///
    /// # Errors
    /// Trees of the same type may still differ in variants, lengths, keys or static fields: the error names
    /// the path.
    #[track_caller]
    fn try_zip_map<J: Leaf, K: Leaf>(
        &self,
        other: &Self::With<J>,
        mut f: impl FnMut(&L, &J) -> K,
    ) -> Result<Self::With<K>> {
        let zipped = self.zip_leaves(other, &mut f);
        match zipped {
            Ok(tree) => Ok(tree),
            Err(mismatch) => Err(Error::here("zip_map", ErrorKind::invalid(mismatch.to_string()))),
        }
    }
    /// [`Tree::map`] with two results: two trees.
    fn unzip_map<J: Leaf, K: Leaf>(&self, mut f: impl FnMut(&L) -> (J, K)) -> (Self::With<J>, Self::With<K>) {
        let mut seconds = VecDeque::new();
        let first = self.map(|l| {
            let (j, k) = f(l);
            seconds.push_back(k);
            j
        });
        (first, self.map(|_| seconds.pop_front().expect("internal: as many leaves as before")))
    }
    /// The leaves, in order.
    fn leaves(&self) -> Vec<&L> {
        let mut all = vec![];
        self.visit(&mut |part| {
            if let Part::Leaf(l) = part {
                all.push(l);
            }
        });
        all
    }
    /// The leaves, to change them in place.
    fn leaves_mut(&mut self) -> Vec<&mut L> {
        let mut all = vec![];
        self.visit_mut(&mut |l| all.push(l));
        all
    }
    /// The kind of every leaf, in order: parameters, but for those in fields marked `#[tree(buffer)]`.
    ///
    /// ```
    /// use gradus::{Array, LeafKind, Tree};
    /// #[derive(Tree)]
    /// struct Running<T = Array> { scale: T, #[tree(buffer)] mean: T }
    ///
    /// let layers = [Running { scale: Array::from(1.0f32), mean: Array::from(0.0f32) }];
    /// assert_eq!(layers.kinds(), [LeafKind::Parameter, LeafKind::Buffer]);
    /// ```
    fn kinds(&self) -> Vec<LeafKind> {
        let (mut all, mut kinds) = (vec![], part::Kinds::default());
        self.visit(&mut |part| all.extend(kinds.follow(&part)));
        all
    }
    /// The path of every leaf, `layers.3.w`; of a single leaf, the empty path.
    fn paths(&self) -> Vec<String> {
        let (mut all, mut path) = (vec![], part::Path::default());
        self.visit(&mut |part| {
            path.follow(&part);
            if let Part::Leaf(_) = part {
                all.push(path.to_string());
            }
        });
        all
    }
}

/// What the code that `#[derive(Tree)]` writes calls. Not for users.
#[doc(hidden)]
pub mod derive {
    pub use super::statics::{copy_static, same_static, static_part};
}
