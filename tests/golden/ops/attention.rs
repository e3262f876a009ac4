//! Attention with the parameters that do not hold arrays.

use super::{Found, many};
use crate::manifest::{Params, ints};
use gradus::Attention;

pub(super) fn find(op: &str, params: &Params) -> Found {
    if op != "jax.nn.dot_product_attention" {
        return None;
    }
    let mut attention = Attention::new();
    if let Some(scale) = params.float("scale") {
        attention = attention.scale(scale);
    }
    if params.bool("is_causal").unwrap_or(false) {
        attention = attention.causal();
    }
    if let Some(window) = params.get("local_window_size") {
        let sizes = ints(window);
        let [first, last] = [sizes.first()?, sizes.last()?].map(|n| *n as usize);
        attention = attention.local_window(first, last);
    }
    // Every implementation of the oracle means the same.
    let _ = params.text("implementation");
    many(move |a| vec![attention.of(a[0], a[1], a[2])])
}
