//! Machine code from kernels.
//!
//! [`compile`] turns one kernel into position-independent bytes, on any thread; [`CodeArena::map`] puts many of
//! them into shared executable pages and hands out [`Function`]s. Generated code computes the same bits as
//! `gradus_kernel::interpret` under every [`Isa`], never traps, and calls nothing but the kernel's cold
//! functions. A generator is a folder beside `cranelift` that makes [`Code`]; `cache` asks it.

mod arena;
mod cache;
mod code;
mod cranelift;
mod isa;

pub use arena::{CodeArena, Function};
pub(crate) use cache::{Compiled, Refusal, compiled};
pub use code::{Code, CompileError};
pub use cranelift::{Target, compile};
pub use isa::Isa;
