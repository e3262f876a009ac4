//! The call forms of the user API and what they promise: every form in which functions, trees and
//! transforms meet, and the border's behaviour (cache, state, errors, threads, panics).
#![allow(clippy::type_complexity, reason = "types written in full are part of what is tested")]
#![allow(clippy::needless_borrows_for_generic_args, reason = "references to functions are call forms")]

mod backend;
mod basics;
mod border;
mod cache;
mod callables;
mod control_flow;
mod derivatives;
mod events;
mod state;
mod static_fields;
mod training;
mod trees;
mod vmap_axes;

use crate::near::{near, scalar, vector};
