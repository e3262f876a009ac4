//! Which axes `vmap_axes` maps: an axis for all, prefixes as in JAX, a function of the leaf's path, or a tree.

use crate::tree::within;
use crate::{Mismatch, Tree, Val};

/// The mapped axis of every leaf of `X`.
///
/// An axis or `None` for a whole subtree, a tuple or array of such for a tuple or array; for anything else
/// a function of the leaf's path, or [`PerLeaf`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which axes of `{X}` are mapped",
    label = "no axes for `{X}`",
    note = "write an axis (`0`, `-1`), `None` for what is not mapped, a tuple with one of these per parameter (or per element of a tuple), `|path: &str| ..`, or `PerLeaf(tree)`"
)]
pub trait Axes<X> {
    /// Appends the axis of every leaf of `x`, in order.
    ///
    /// # Errors
    /// Where a tree of axes differs from `x` in structure.
    fn axes(&self, x: &X, out: &mut Vec<Option<i64>>) -> Result<(), Mismatch>;
}

impl<X: Tree<Val>> Axes<X> for i64 {
    fn axes(&self, x: &X, out: &mut Vec<Option<i64>>) -> Result<(), Mismatch> {
        out.extend(x.leaves().iter().map(|_| Some(*self)));
        Ok(())
    }
}
impl<X: Tree<Val>> Axes<X> for Option<i64> {
    fn axes(&self, x: &X, out: &mut Vec<Option<i64>>) -> Result<(), Mismatch> {
        out.extend(x.leaves().iter().map(|_| *self));
        Ok(())
    }
}
/// An axis for each leaf, by its path: `|path: &str| path.ends_with(".w").then_some(0)`.
#[diagnostic::do_not_recommend]
impl<X: Tree<Val>, F: Fn(&str) -> Option<i64>> Axes<X> for F {
    fn axes(&self, x: &X, out: &mut Vec<Option<i64>>) -> Result<(), Mismatch> {
        out.extend(x.paths().iter().map(|path| self(path)));
        Ok(())
    }
}

/// An axis for each leaf, as a tree: `PerLeaf(Mlp { b: None, ..model.map(|_| Some(0)) })`.
#[derive(Clone, Copy, Debug)]
pub struct PerLeaf<T>(pub T);

impl<X: Tree<Val>> Axes<X> for PerLeaf<X::With<Option<i64>>> {
    fn axes(&self, x: &X, out: &mut Vec<Option<i64>>) -> Result<(), Mismatch> {
        x.zip_leaves(&self.0, &mut |_, axis| out.push(*axis)).map(|_| ())
    }
}

macro_rules! axes {
    ($($A:ident $X:ident $i:tt),*) => {
        impl<$($X, $A: Axes<$X>),*> Axes<($($X,)*)> for ($($A,)*) {
            fn axes(&self, x: &($($X,)*), out: &mut Vec<Option<i64>>) -> Result<(), Mismatch> {
                $(within!($i, self.$i.axes(&x.$i, out));)*
                Ok(())
            }
        }
    };
}
axes!(A X 0);
axes!(A X 0, B Y 1);
axes!(A X 0, B Y 1, C Z 2);
axes!(A X 0, B Y 1, C Z 2, D W 3);
axes!(A X 0, B Y 1, C Z 2, D W 3, E V 4);
axes!(A X 0, B Y 1, C Z 2, D W 3, E V 4, F U 5);

impl<X, A: Axes<X>, const N: usize> Axes<[X; N]> for [A; N] {
    fn axes(&self, x: &[X; N], out: &mut Vec<Option<i64>>) -> Result<(), Mismatch> {
        self.iter().zip(x).try_for_each(|(a, x)| a.axes(x, out))
    }
}
