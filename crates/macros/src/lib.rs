//! `#[derive(Tree)]` for gradus: see `gradus::Tree` for what it means.
//!
//! `model` reads the item and refuses what cannot be a tree, with the span of the culprit; `expand`
//! writes the impl. Invariant: generated code names everything by its full path and holds no closures, and
//! its own parameters begin with two underscores, so that no name of the user's can meet them.

#![forbid(unsafe_code)]

mod expand;
mod model;

use proc_macro::TokenStream;

/// Makes a struct or an enum a tree: every type parameter is a tree, and so is every field.
///
/// - `#[tree(static)]` on a field: cloned, part of the structure and of the cache key (`PartialEq`; plain
///   floats by their bits). A type parameter that occurs in static fields only stays what it is.
/// - `#[tree(buffer)]` on a field: its leaves are carried along, and no gradient is taken by them.
/// - `#[tree(crate = path)]` on the item: where gradus is found, if not at `::gradus`.
///
/// Bounds belong on `impl` blocks, not on the item: `struct Dense<T = Array> { w: T, b: T }`.
#[proc_macro_derive(Tree, attributes(tree))]
pub fn derive_tree(input: TokenStream) -> TokenStream {
    let item = syn::parse_macro_input!(input as syn::DeriveInput);
    match model::Item::read(item) {
        Ok(item) => expand::expand(&item).into(),
        Err(error) => error.into_compile_error().into(),
    }
}
