//! The ops of the oracle's manifest as gradus functions, one file per family.
//!
//! An op that is not found is skipped; a parameter that an op does not read is a failure.

mod attention;
mod binary;
mod choice;
mod control;
mod custom;
mod dtypes;
mod fft;
mod index;
mod linalg;
mod models;
mod neural;
mod numpy;
mod product;
mod random;
mod reduce;
mod search;
mod shape;
mod sort;
mod special;
mod transform;
mod unary;
mod windows;

use crate::manifest::Params;
use gradus::Val;

/// An op with its parameters, as a function of lists.
pub(crate) type Function = dyn Fn(&[Val]) -> Vec<Val> + Send + Sync;
/// What a family answers.
type Found = Option<Box<Function>>;

/// The function of that name; `None` if gradus has it not yet.
pub(crate) fn find(op: &str, params: &Params) -> Found {
    let families = [
        unary::find,
        binary::find,
        choice::find,
        dtypes::find,
        custom::find,
        control::find,
        shape::find,
        reduce::find,
        product::find,
        fft::find,
        index::find,
        sort::find,
        search::find,
        numpy::find,
        attention::find,
        special::find,
        linalg::find,
        random::find,
        neural::find,
        models::find,
        transform::find,
        windows::find,
    ];
    families.iter().find_map(|find| find(op, params))
}

fn one(f: impl Fn(Val) -> Val + Send + Sync + 'static) -> Found {
    Some(Box::new(move |x| vec![f(x[0])]))
}
fn two(f: impl Fn(Val, Val) -> Val + Send + Sync + 'static) -> Found {
    Some(Box::new(move |x| vec![f(x[0], x[1])]))
}
fn three(f: impl Fn(Val, Val, Val) -> Val + Send + Sync + 'static) -> Found {
    Some(Box::new(move |x| vec![f(x[0], x[1], x[2])]))
}
fn many(f: impl Fn(&[Val]) -> Vec<Val> + Send + Sync + 'static) -> Found {
    Some(Box::new(f))
}
