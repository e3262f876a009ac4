//! Passes of the gradus compiler: functions from Program to Program.
//!
//! Invariant: a pass never names a primitive; it asks the operation's [`Rules`](gradus_ir::Rules). The exception are
//! the equations of `simplify`, which say what they match. Passes walk the equations in order,
//! near linear
//! in their number and without recursion but into nested Programs, and keep the user's line of every equation.
#![forbid(unsafe_code)]

mod batch;
mod cse;
mod dce;
mod fold_constants;
mod inline_calls;
mod instrument;
mod jvp;
mod legalize;
mod linearize;
mod nested;
mod optimize;
mod passes;
mod rebuild;
mod simplify;
mod split;
mod transpose;
mod write;

pub use cse::cse;
pub use dce::dce;
pub use fold_constants::fold_constants;
pub use inline_calls::{Calls, inline_calls};
pub use instrument::{Checks, instrument};
pub use legalize::legalize;
pub use linearize::{Linearized, Vjp, linearize, vjp};
pub use optimize::{optimize, share_equal};
pub use passes::{Transforms, batch, batch_axes, jvp, split, transpose};
pub use simplify::simplify;
