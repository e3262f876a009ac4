//! From a Program to machine code: [`compile`] makes an [`Executable`], a flat list of steps over planned memory.
//!
//! The pipeline, one file each: `lower` (Program to graph), `weigh` (what stands in memory), `fuse` (which values share
//! a kernel), `nest` and `emit` (kernels), `nested` (loops and choices), `buffers` (places), `draft` (all of
//! these, for one
//! list of steps), `cache` and [`codegen`] (machine code), `runtime` (calls).

mod buffers;
mod cache;
pub mod codegen;
mod config;
mod convolve;
mod cumulate;
mod draft;
mod emit;
mod executable;
mod fuse;
mod graph;
mod host;
mod library;
mod lower;
mod matmul;
mod nest;
mod nested;
mod position;
mod profile;
mod runtime;
mod scatter;
mod sort;
mod tapes;
mod weigh;

pub use config::Config;
pub use executable::{Executable, compile, compile_with_state, kernels};
