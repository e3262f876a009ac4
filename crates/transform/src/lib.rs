//! Passes of the gradus compiler: functions from Program to Program.
//!
//! Invariant: a pass never names a primitive; it asks the operation's [`Rules`](gradus_ir::Rules). The exception are
//! the equations of [`simplify`](mod@simplify), which say what they match. Passes walk the equations in order, near linear
//! in their number and without recursion but into nested Programs, and keep the user's line of every equation.
#![forbid(unsafe_code)]

mod batch;
mod dce;
mod jvp;
mod linearize;
mod passes;
mod rebuild;
mod split;
mod transpose;
mod write;

pub use dce::dce;
pub use linearize::{Linearized, Vjp, linearize, vjp};
pub use passes::{Transforms, batch, jvp, split, transpose};
