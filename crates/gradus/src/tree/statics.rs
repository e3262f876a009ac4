//! Static values: parts of a tree that are no leaves, but belong to its structure and to cache keys.

use super::{Leaf, Mismatch, Part, Same, Tree};
use std::any::Any;

/// What a `#[tree(static)]` field may be: part of the structure and of the cache key.
///
/// Floats are welcome: an `f32` or `f64` is compared by its bits, so a NaN equals itself. Inside another
/// type its `PartialEq` decides.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a `#[tree(static)]` field",
    note = "a static field is part of the cache key: its type must be `Clone + PartialEq + Send + Sync + 'static`, usually `#[derive(Clone, PartialEq)]`"
)]
pub trait Static: Clone + PartialEq + Send + Sync + 'static {}
#[diagnostic::do_not_recommend]
impl<T: Clone + PartialEq + Send + Sync + 'static> Static for T {}

impl<T: Static> Same for T {
    fn same(&self, other: &dyn Same) -> bool {
        (other as &dyn Any).downcast_ref().is_some_and(|other| same_static(self, other))
    }
    fn keep(&self) -> Box<dyn Same> {
        Box::new(self.clone())
    }
}

/// A static argument: `jit(|x: &Val, n: &Fixed<usize>| ..)` is traced again for every other `n`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fixed<T>(pub T);

impl<L: Leaf, T: Static> Tree<L> for Fixed<T> {
    type With<K: Leaf> = Fixed<T>;
    fn visit<'a>(&'a self, f: &mut dyn FnMut(Part<'a, L>)) {
        f(Part::Static("0", &self.0))
    }
    fn visit_mut<'a>(&'a mut self, _: &mut dyn FnMut(&'a mut L)) {}
    fn map_leaves<K: Leaf>(&self, _: &mut dyn FnMut(&L) -> K) -> Fixed<T> {
        self.clone()
    }
    fn zip_leaves<J: Leaf, K: Leaf>(
        &self,
        other: &Fixed<T>,
        _: &mut dyn FnMut(&L, &J) -> K,
    ) -> Result<Fixed<T>, Mismatch> {
        if same_static(&self.0, &other.0) {
            Ok(self.clone())
        } else {
            Err(Mismatch::new(&"static values differ"))
        }
    }
}

/// The part of a static field.
pub fn static_part<'a, L, T: Static>(name: &'static str, value: &'a T) -> Part<'a, L> {
    Part::Static(name, value)
}

/// Equality of static fields: plain floats by their bits.
pub fn same_static<T: Static>(a: &T, b: &T) -> bool {
    match float_bits(a) {
        None => a == b,
        bits => bits == float_bits(b),
    }
}

/// The clone of a static field.
pub fn copy_static<T: Static>(value: &T) -> T {
    value.clone()
}

fn float_bits(x: &dyn Any) -> Option<u64> {
    let single = || x.downcast_ref().map(|x: &f32| x.to_bits().into());
    x.downcast_ref().map(|x: &f64| x.to_bits()).or_else(single)
}
