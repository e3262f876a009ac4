//! Products: dot_general and what NumPy makes of it.

use super::choice::dtype;
use super::{Found, many, two};
use crate::manifest::{Params, ints};
use gradus::einsum;

pub(super) fn find(op: &str, params: &Params) -> Found {
    match op {
        "lax.dot_general" => {
            let numbers = params.get("dn")?;
            let list = |i: usize, j: usize| -> Vec<usize> {
                ints(&numbers[i][j]).into_iter().map(|n| n as usize).collect()
            };
            let (contract, batch) = ((list(0, 0), list(0, 1)), (list(1, 0), list(1, 1)));
            // Products are as exact as their operands; the precision changes nothing here.
            let _ = params.get("precision");
            let preferred = params
                .text("preferred_element_type")
                .map(|name| dtype(name).expect("a name of an element type"));
            two(move |a, b| {
                let [a, b] = [a, b].map(|x| preferred.map_or(x, |dtype| x.astype(dtype)));
                a.dot_general(b, (&contract.0, &contract.1), (&batch.0, &batch.1))
            })
        }
        "jnp.matmul" => two(|a, b| a.matmul(b)),
        "jnp.dot" => two(|a, b| a.dot(b)),
        "jnp.vdot" => two(|a, b| a.vdot(b)),
        "jnp.inner" => two(|a, b| a.inner(b)),
        "jnp.outer" => two(|a, b| a.outer(b)),
        "jnp.tensordot" => {
            let axes = params.get("axes")?;
            let (left, right): (Vec<i64>, Vec<i64>) = match axes.as_i64() {
                Some(n) => ((-n..0).collect(), (0..n).collect()),
                None => (ints(&axes[0]), ints(&axes[1])),
            };
            two(move |a, b| a.tensordot(b, left.clone(), right.clone()))
        }
        "jnp.einsum" => {
            let spec = params.text("eq")?.to_string();
            many(move |a| vec![einsum(&spec, a)])
        }
        _ => None,
    }
}
