//! Trees of the standard library: leaves, tuples, arrays, `Vec`, `Option`, `Box`, `BTreeMap<String, _>`.

use super::part::within;
use super::{Leaf, Mismatch, Part, Tree};
use crate::{Array, Type, Val};
use std::collections::BTreeMap;
use std::marker::PhantomData;

type Zipped<T> = Result<T, Mismatch>;

macro_rules! leaf {
    ($($T:ty),*) => { $(
        impl Tree<$T> for $T {
            type With<K: Leaf> = K;
            fn visit<'a>(&'a self, f: &mut dyn FnMut(Part<'a, $T>)) {
                f(Part::Leaf(self))
            }
            fn visit_mut<'a>(&'a mut self, f: &mut dyn FnMut(&'a mut $T)) {
                f(self)
            }
            fn map_leaves<K: Leaf>(&self, f: &mut dyn FnMut(&$T) -> K) -> K {
                f(self)
            }
            fn zip_leaves<J: Leaf, K: Leaf>(&self, other: &J, f: &mut dyn FnMut(&$T, &J) -> K) -> Zipped<K> {
                Ok(f(self, other))
            }
        }
    )* };
}
leaf!(Val, Array, Type);

macro_rules! tuple {
    ($($X:ident $i:tt),*) => {
        impl<Leaves: Leaf, $($X: Tree<Leaves>),*> Tree<Leaves> for ($($X,)*) {
            type With<Other: Leaf> = ($($X::With<Other>,)*);
            fn visit<'a>(&'a self, _f: &mut dyn FnMut(Part<'a, Leaves>)) {
                $(
                    _f(Part::Index($i));
                    self.$i.visit(_f);
                    _f(Part::End);
                )*
            }
            fn visit_mut<'a>(&'a mut self, _f: &mut dyn FnMut(&'a mut Leaves)) {
                $(self.$i.visit_mut(_f);)*
            }
            #[allow(clippy::unused_unit, reason = "the empty tuple is one of them")]
            fn map_leaves<Other: Leaf>(&self, _f: &mut dyn FnMut(&Leaves) -> Other) -> Self::With<Other> {
                ($(self.$i.map_leaves(_f),)*)
            }
            fn zip_leaves<Partner: Leaf, Other: Leaf>(
                &self,
                _other: &Self::With<Partner>,
                _f: &mut dyn FnMut(&Leaves, &Partner) -> Other,
            ) -> Zipped<Self::With<Other>> {
                Ok(($(within!($i, self.$i.zip_leaves(&_other.$i, _f)),)*))
            }
        }
    };
}
tuple!();
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

impl<L: Leaf, A: Tree<L>> Tree<L> for Vec<A> {
    type With<K: Leaf> = Vec<A::With<K>>;
    fn visit<'a>(&'a self, f: &mut dyn FnMut(Part<'a, L>)) {
        f(Part::Length(self.len()));
        for (i, a) in self.iter().enumerate() {
            f(Part::Index(i));
            a.visit(f);
            f(Part::End);
        }
    }
    fn visit_mut<'a>(&'a mut self, f: &mut dyn FnMut(&'a mut L)) {
        for a in self {
            a.visit_mut(f);
        }
    }
    fn map_leaves<K: Leaf>(&self, f: &mut dyn FnMut(&L) -> K) -> Self::With<K> {
        self.iter().map(|a| a.map_leaves(f)).collect()
    }
    fn zip_leaves<J: Leaf, K: Leaf>(
        &self,
        other: &Self::With<J>,
        f: &mut dyn FnMut(&L, &J) -> K,
    ) -> Zipped<Self::With<K>> {
        if self.len() != other.len() {
            return Err(Mismatch::new(&format_args!("lengths {} and {}", self.len(), other.len())));
        }
        let mut all = Vec::with_capacity(self.len());
        for (i, (a, b)) in self.iter().zip(other).enumerate() {
            all.push(within!(i, a.zip_leaves(b, f)));
        }
        Ok(all)
    }
}

impl<L: Leaf, A: Tree<L>, const N: usize> Tree<L> for [A; N] {
    type With<K: Leaf> = [A::With<K>; N];
    fn visit<'a>(&'a self, f: &mut dyn FnMut(Part<'a, L>)) {
        for (i, a) in self.iter().enumerate() {
            f(Part::Index(i));
            a.visit(f);
            f(Part::End);
        }
    }
    fn visit_mut<'a>(&'a mut self, f: &mut dyn FnMut(&'a mut L)) {
        for a in self {
            a.visit_mut(f);
        }
    }
    fn map_leaves<K: Leaf>(&self, f: &mut dyn FnMut(&L) -> K) -> Self::With<K> {
        std::array::from_fn(|i| self[i].map_leaves(f))
    }
    fn zip_leaves<J: Leaf, K: Leaf>(
        &self,
        other: &Self::With<J>,
        f: &mut dyn FnMut(&L, &J) -> K,
    ) -> Zipped<Self::With<K>> {
        let mut all = Vec::with_capacity(N);
        for (i, (a, b)) in self.iter().zip(other).enumerate() {
            all.push(within!(i, a.zip_leaves(b, f)));
        }
        Ok(all.try_into().unwrap_or_else(|_| unreachable!("internal: N elements")))
    }
}

impl<L: Leaf, A: Tree<L>> Tree<L> for Option<A> {
    type With<K: Leaf> = Option<A::With<K>>;
    fn visit<'a>(&'a self, f: &mut dyn FnMut(Part<'a, L>)) {
        f(Part::Length(self.is_some().into()));
        if let Some(a) = self {
            a.visit(f);
        }
    }
    fn visit_mut<'a>(&'a mut self, f: &mut dyn FnMut(&'a mut L)) {
        if let Some(a) = self {
            a.visit_mut(f);
        }
    }
    fn map_leaves<K: Leaf>(&self, f: &mut dyn FnMut(&L) -> K) -> Self::With<K> {
        self.as_ref().map(|a| a.map_leaves(f))
    }
    fn zip_leaves<J: Leaf, K: Leaf>(
        &self,
        other: &Self::With<J>,
        f: &mut dyn FnMut(&L, &J) -> K,
    ) -> Zipped<Self::With<K>> {
        match (self, other) {
            (Some(a), Some(b)) => a.zip_leaves(b, f).map(Some),
            (None, None) => Ok(None),
            _ => Err(Mismatch::new(&"only one is `None`")),
        }
    }
}

impl<L: Leaf, A: Tree<L>> Tree<L> for Box<A> {
    type With<K: Leaf> = Box<A::With<K>>;
    fn visit<'a>(&'a self, f: &mut dyn FnMut(Part<'a, L>)) {
        (**self).visit(f)
    }
    fn visit_mut<'a>(&'a mut self, f: &mut dyn FnMut(&'a mut L)) {
        (**self).visit_mut(f)
    }
    fn map_leaves<K: Leaf>(&self, f: &mut dyn FnMut(&L) -> K) -> Self::With<K> {
        Box::new((**self).map_leaves(f))
    }
    fn zip_leaves<J: Leaf, K: Leaf>(
        &self,
        other: &Self::With<J>,
        f: &mut dyn FnMut(&L, &J) -> K,
    ) -> Zipped<Self::With<K>> {
        (**self).zip_leaves(other, f).map(Box::new)
    }
}

impl<L: Leaf, A: Tree<L>> Tree<L> for BTreeMap<String, A> {
    type With<K: Leaf> = BTreeMap<String, A::With<K>>;
    fn visit<'a>(&'a self, f: &mut dyn FnMut(Part<'a, L>)) {
        f(Part::Length(self.len()));
        for (key, a) in self {
            f(Part::Key(key));
            a.visit(f);
            f(Part::End);
        }
    }
    fn visit_mut<'a>(&'a mut self, f: &mut dyn FnMut(&'a mut L)) {
        for a in self.values_mut() {
            a.visit_mut(f);
        }
    }
    fn map_leaves<K: Leaf>(&self, f: &mut dyn FnMut(&L) -> K) -> Self::With<K> {
        self.iter().map(|(key, a)| (key.clone(), a.map_leaves(f))).collect()
    }
    fn zip_leaves<J: Leaf, K: Leaf>(
        &self,
        other: &Self::With<J>,
        f: &mut dyn FnMut(&L, &J) -> K,
    ) -> Zipped<Self::With<K>> {
        if !self.keys().eq(other.keys()) {
            let (a, b): (Vec<_>, Vec<_>) = (self.keys().collect(), other.keys().collect());
            return Err(Mismatch::new(&format_args!("keys {a:?} and {b:?}")));
        }
        let mut all = BTreeMap::new();
        for (key, a) in self {
            all.insert(key.clone(), within!(key, a.zip_leaves(&other[key], f)));
        }
        Ok(all)
    }
}

/// No leaves; names the leaf's type, or a tree's.
impl<L: Leaf, A: Tree<L>> Tree<L> for PhantomData<A> {
    type With<K: Leaf> = PhantomData<A::With<K>>;
    fn visit<'a>(&'a self, _: &mut dyn FnMut(Part<'a, L>)) {}
    fn visit_mut<'a>(&'a mut self, _: &mut dyn FnMut(&'a mut L)) {}
    fn map_leaves<K: Leaf>(&self, _: &mut dyn FnMut(&L) -> K) -> Self::With<K> {
        PhantomData
    }
    fn zip_leaves<J: Leaf, K: Leaf>(
        &self,
        _: &Self::With<J>,
        _: &mut dyn FnMut(&L, &J) -> K,
    ) -> Zipped<Self::With<K>> {
        Ok(PhantomData)
    }
}
