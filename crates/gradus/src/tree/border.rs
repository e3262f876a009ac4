//! The two sides of the border of a trace: trees of `Val` inside, trees of `Array` outside.

use super::{Leaf, Mismatch, Tree};
use crate::{Array, Error, Val};
use gradus_ir::{ErrorKind, SourceLocation, trace};

/// A tree of `Val`s: what may cross the border of a trace. The one bound that generic code needs.
///
/// The supertraits say what a compiler cannot see for itself in generic code, that `With<Array>` *is*
/// `Data` and that the way back leads here. So `Train<M, S, Val>: Traced` follows from `M: Traced, S: Traced`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot cross the border of a trace: it is not a tree of `Val`",
    label = "not a tree of `Val`",
    note = "a tree of `Val` is `Val`, a tuple, array, `Vec`, `Option`, `Box` or `BTreeMap<String, _>` of trees, or a struct or enum with `#[derive(Tree)]`",
    note = "a number is made a `Val` by `Val::from(1.0)`; a static argument is wrapped: `Fixed<usize>`; inside a trace write `Mlp<Val>`, not `Mlp`; return `*x`, not the reference `x`"
)]
pub trait Traced: Tree<Val, With<Val> = Self> + Tree<Val, With<Array> = <Self as Traced>::Data> {
    /// The same tree outside: `Mlp<Val>::Data` is `Mlp<Array>`.
    type Data: Stored<Traced = Self>;

    /// The same values in a tree of their own; a `Val` is a name, so nothing is computed.
    fn copy(&self) -> Self {
        self.map(|v| *v)
    }
    /// Two trees of one structure, leaf by leaf.
    ///
    /// If the trees differ, the enclosing `jit` or `trace` returns `Err` with the path, and until then `f`
    /// runs over `self` and poisoned values.
    #[track_caller]
    fn zip_map<K: Leaf>(
        &self,
        other: &Self,
        mut f: impl FnMut(&Val, &Val) -> K,
    ) -> <Self as Tree<Val>>::With<K> {
        let mut others = partners(self, other).into_iter();
        self.map_leaves(&mut |l| f(l, &others.next().expect("internal: a partner for each leaf")))
    }
    /// [`Traced::zip_map`] of three trees.
    #[track_caller]
    fn zip_map3<K: Leaf>(
        &self,
        second: &Self,
        third: &Self,
        mut f: impl FnMut(&Val, &Val, &Val) -> K,
    ) -> <Self as Tree<Val>>::With<K> {
        let mut others = partners(self, second).into_iter().zip(partners(self, third));
        self.map_leaves(&mut |l| {
            let (second, third) = others.next().expect("internal: a partner for each leaf");
            f(l, &second, &third)
        })
    }
    /// [`Traced::zip_map`] with leaves of another type, say a mask.
    ///
    /// In generic code write the type: `|p, keep: &bool| ..`.
    #[track_caller]
    fn zip_with<J: Placeholder, K: Leaf>(
        &self,
        other: &<Self as Tree<Val>>::With<J>,
        mut f: impl FnMut(&Val, &J) -> K,
    ) -> <Self as Tree<Val>>::With<K> {
        let place = gradus_ir::trace::current_place();
        self.zip_leaves(other, &mut f).unwrap_or_else(|mismatch| {
            let filler = J::placeholder(differing(mismatch, place));
            self.map(|l| f(l, &filler))
        })
    }
}

/// A tree of `Array`s: the other side of [`Traced`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tree of `Array`",
    label = "not a tree of `Array`",
    note = "data outside a trace is `Array`, `Mlp<Array>` and the like; inside it is `Val` and `Mlp<Val>`"
)]
pub trait Stored:
    Tree<Array, With<Array> = Self> + Tree<Array, With<Val> = <Self as Stored>::Traced>
{
    /// The same tree inside: `Mlp<Array>::Traced` is `Mlp<Val>`.
    type Traced: Traced<Data = Self>;
}
#[diagnostic::do_not_recommend]
impl<T, D> Traced for T
where
    T: Tree<Val, With<Val> = T> + Tree<Val, With<Array> = D>,
    D: Tree<Array, With<Array> = D> + Tree<Array, With<Val> = T>,
{
    type Data = D;
}
#[diagnostic::do_not_recommend]
impl<T, D> Stored for D
where
    T: Tree<Val, With<Val> = T> + Tree<Val, With<Array> = D>,
    D: Tree<Array, With<Array> = D> + Tree<Array, With<Val> = T>,
{
    type Traced = T;
}

/// The outer form of a tree of `Val`s, for signatures: `Data<Training<M, O>>`.
pub type Data<T> = <T as Traced>::Data;

/// What stands in for a leaf's partner once [`Traced::zip_with`] has found that two trees differ.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no placeholder for `zip_with`",
    note = "use `try_zip_map`, which returns a `Result`"
)]
pub trait Placeholder: Leaf {
    /// Keeps `error` for the enclosing `jit` or `trace` and makes up a value.
    fn placeholder(error: Error) -> Self;
}
impl Placeholder for Val {
    fn placeholder(error: Error) -> Val {
        Val::from_ir(trace::refuse(error))
    }
}
macro_rules! placeholder {
    ($($T:ty)*) => { $(
        impl Placeholder for $T {
            fn placeholder(error: Error) -> $T {
                trace::refuse(error);
                <$T>::default()
            }
        }
    )* };
}
placeholder!(bool i64 i32 usize f64 f32 String &'static str Option<i64> Option<Val>);

/// The leaves of `other` in order, or poisoned values if its structure is not that of `tree`.
#[track_caller]
fn partners<T: Traced>(tree: &T, other: &T) -> Vec<Val> {
    let place = gradus_ir::trace::current_place();
    let mut partners = vec![];
    match Tree::<Val>::zip_leaves::<Val, ()>(tree, other, &mut |_, v| partners.push(*v)) {
        Ok(_) => partners,
        Err(mismatch) => {
            let poisoned = Val::from_ir(trace::refuse(differing(mismatch, place)));
            vec![poisoned; tree.leaves().len()]
        }
    }
}

fn differing(mismatch: Mismatch, place: SourceLocation) -> Error {
    Error::new("zip_map", ErrorKind::invalid(mismatch.to_string()), place)
}
