//! From a Program to machine code: [`compile`] makes an [`Executable`], a flat list of steps over planned memory.
//!
//! [`pipeline`] is the list of stages. Folders in the order in which data flows: `graph` (what all stages speak of),
//! `routines` (steps that are no kernels), `lower`, `elements` (a node's value as statements of a kernel), `fuse`,
//! `kernels`, `schedule`. Below them the machine: [`codegen`] (kernels to code) and `runtime` (calls), which know no
//! graphs. A folder uses only what stands before it in `codegen, runtime, graph, routines, lower, elements, fuse,
//! kernels, schedule`; `cargo xtask tidy` checks it.

pub mod codegen;
mod config;
mod elements;
mod executable;
mod fuse;
mod graph;
mod kernels;
mod lower;
pub mod pipeline;
mod routines;
mod runtime;
mod schedule;

pub use config::Config;
pub use executable::Executable;
pub use pipeline::{Stage, compile, compile_with_state, kernels};
