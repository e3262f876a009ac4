//! Sorting.

use super::{Found, one};
use crate::manifest::Params;

pub(super) fn find(op: &str, params: &Params) -> Found {
    match op {
        "lax.sort" => {
            let axis = params.int("dimension").unwrap_or(-1);
            one(move |x| x.sort(axis))
        }
        "jnp.argsort" => {
            let axis = params.int("axis").unwrap_or(-1);
            one(move |x| x.argsort(axis))
        }
        _ => None,
    }
}
