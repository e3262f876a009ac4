//! Scattered updates as a kernel.

use crate::graph::Id;
use crate::nest::{Needed, Nest};

/// The kernel that writes the updates of `id` into its operand's copy.
pub(crate) fn build(_needed: &Needed<'_>, _id: Id) -> Nest {
    unreachable!("internal: no scatter is lowered")
}
