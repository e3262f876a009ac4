//! Keys: what of the arguments decides which compiled program serves a call.
//!
//! A key lists variants, lengths, map keys, static values and the types of leaves. Fields and indices
//! follow from the Rust type, so they are left out. Invariant: two lists of trees of the same Rust types
//! have equal structure, static values and leaf types exactly if their keys agree. Comparing allocates
//! nothing.

use super::part::Path;
use super::{Leaf, Part, Same, Tree};
use crate::{Array, Val};
use gradus_ir::Type;
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};

/// A tree behind `dyn`, so that caches need not know its type.
pub trait AnyTree<L> {
    /// [`Tree::visit`].
    fn walk<'a>(&'a self, f: &mut dyn FnMut(Part<'a, L>));
    /// [`Tree::visit_mut`].
    fn walk_mut<'a>(&'a mut self, f: &mut dyn FnMut(&'a mut L));
}
impl<L: Leaf, T: Tree<L>> AnyTree<L> for T {
    fn walk<'a>(&'a self, f: &mut dyn FnMut(Part<'a, L>)) {
        self.visit(f);
    }
    fn walk_mut<'a>(&'a mut self, f: &mut dyn FnMut(&'a mut L)) {
        self.visit_mut(f);
    }
}

/// A leaf that has a type.
pub trait Typed: Leaf {
    /// Its type.
    fn type_of(&self) -> Type;
    /// Whether its type is `ty`.
    fn is_of(&self, ty: &Type) -> bool;
    /// Hashes its type.
    fn hash_type(&self, state: &mut FxHasher) {
        self.type_of().hash(state);
    }
}
impl Typed for Array {
    fn type_of(&self) -> Type {
        self.ty().clone()
    }
    fn is_of(&self, ty: &Type) -> bool {
        self.ty() == ty
    }
    fn hash_type(&self, state: &mut FxHasher) {
        self.ty().hash(state);
    }
}
impl Typed for Val {
    fn type_of(&self) -> Type {
        self.ty()
    }
    fn is_of(&self, ty: &Type) -> bool {
        self.type_of() == *ty
    }
}

/// What of the arguments decides which compiled program serves a call.
pub(crate) struct Key {
    parts: Vec<KeyPart>,
    hash: u64,
}

enum KeyPart {
    Leaf(Type),
    Variant(&'static str),
    Length(usize),
    Key(Box<str>),
    Static(Box<dyn Same>),
}

impl KeyPart {
    fn of<L: Typed>(part: &Part<'_, L>) -> Option<KeyPart> {
        Some(match part {
            Part::Leaf(l) => KeyPart::Leaf(l.type_of()),
            Part::Variant(name) => KeyPart::Variant(name),
            Part::Length(n) => KeyPart::Length(*n),
            Part::Key(key) => KeyPart::Key((*key).into()),
            Part::Static(_, value) => KeyPart::Static(value.keep()),
            Part::Field(_) | Part::Index(_) | Part::Buffer | Part::End => return None,
        })
    }

    fn agrees<L: Typed>(&self, part: &Part<'_, L>) -> bool {
        match (self, part) {
            (KeyPart::Leaf(ty), Part::Leaf(l)) => l.is_of(ty),
            (KeyPart::Variant(kept), Part::Variant(name)) => std::ptr::eq(*kept, *name) || kept == name,
            (KeyPart::Length(kept), Part::Length(n)) => kept == n,
            (KeyPart::Key(kept), Part::Key(key)) => **kept == **key,
            (KeyPart::Static(kept), Part::Static(_, value)) => kept.same(*value),
            _ => false,
        }
    }
}

/// Whether the part follows from the Rust type.
fn is_implied<L>(part: &Part<'_, L>) -> bool {
    matches!(part, Part::Field(_) | Part::Index(_) | Part::Buffer | Part::End)
}

impl Key {
    /// The key of a list of trees.
    pub(crate) fn of<L: Typed>(trees: &[&dyn AnyTree<L>]) -> Key {
        let mut parts = vec![];
        for tree in trees {
            tree.walk(&mut |part| parts.extend(KeyPart::of(&part)));
        }
        Key { parts, hash: hash_of(trees) }
    }

    /// Whether `trees` have this key.
    pub(crate) fn matches<L: Typed>(&self, trees: &[&dyn AnyTree<L>]) -> bool {
        let mut kept = self.parts.iter();
        let mut agrees = true;
        for tree in trees {
            tree.walk(&mut |part| {
                if agrees && !is_implied(&part) {
                    agrees = kept.next().is_some_and(|kept| kept.agrees(&part));
                }
            });
        }
        agrees && kept.next().is_none()
    }

    /// A hash of everything but static values, which need not have one.
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// Where and how `trees` first differ from what has this key, in words; `names` are those of the trees.
    pub(crate) fn difference<L: Typed>(&self, trees: &[&dyn AnyTree<L>], names: &[String]) -> Option<String> {
        let mut kept = self.parts.iter();
        let mut found = None;
        for (tree, name) in trees.iter().zip(names) {
            let mut path = Path::default();
            tree.walk(&mut |part| {
                path.follow(&part);
                if found.is_some() || is_implied(&part) {
                    return;
                }
                let Some(kept) = kept.next() else {
                    found = Some(format!("{name} has more parts"));
                    return;
                };
                if !kept.agrees(&part) {
                    let path = path.to_string();
                    let at = if path.is_empty() { name.clone() } else { format!("{name} at `{path}`") };
                    found = Some(format!("{at}: {}", change(kept, &part)));
                }
            });
        }
        found.or_else(|| kept.next().map(|_| "fewer parts".to_string()))
    }
}

/// A hash of everything but static values.
pub(crate) fn hash_of<L: Typed>(trees: &[&dyn AnyTree<L>]) -> u64 {
    let mut state = FxHasher::default();
    for tree in trees {
        tree.walk(&mut |part| match part {
            Part::Leaf(l) => l.hash_type(&mut state),
            Part::Variant(name) => name.hash(&mut state),
            Part::Length(n) => n.hash(&mut state),
            Part::Key(key) => key.hash(&mut state),
            Part::Static(..) | Part::Field(_) | Part::Index(_) | Part::Buffer | Part::End => {}
        });
    }
    state.finish()
}

/// What was and what is.
fn change<L: Typed>(kept: &KeyPart, part: &Part<'_, L>) -> String {
    match (kept, part) {
        (KeyPart::Leaf(was), Part::Leaf(is)) => format!("{was} before, {} now", is.type_of()),
        (KeyPart::Variant(was), Part::Variant(is)) => format!("variant `{was}` before, `{is}` now"),
        (KeyPart::Length(was), Part::Length(is)) => format!("length {was} before, {is} now"),
        (KeyPart::Key(was), Part::Key(is)) => format!("key `{was}` before, `{is}` now"),
        (KeyPart::Static(_), Part::Static(name, _)) => format!("static field `{name}` changed"),
        _ => "another structure".to_string(),
    }
}
