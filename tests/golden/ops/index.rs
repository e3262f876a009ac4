//! Slices, also at run time, gathers and scatters.

use super::{Found, one};
use crate::manifest::Params;
use gradus::Slice;

pub(super) fn find(op: &str, params: &Params) -> Found {
    match op {
        "lax.slice" => {
            let (starts, limits) = (params.ints("start_indices")?, params.ints("limit_indices")?);
            let strides = params.ints("strides").unwrap_or_else(|| vec![1; starts.len()]);
            let entry =
                |i: usize| Slice::Range { start: Some(starts[i]), end: Some(limits[i]), step: strides[i] };
            let entries: Vec<Slice> = (0..starts.len()).map(entry).collect();
            one(move |x| x.slice(&entries))
        }
        _ => None,
    }
}
