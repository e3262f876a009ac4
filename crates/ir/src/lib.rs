//! The typed array IR of gradus: [`Program`]s, their primitives with all rules, tracing, and the
//! reference interpreter [`eval`](eval::eval), which is the meaning of every Program.
//!
//! Invariant: this crate knows no pass, no Cranelift and no machine; it is strict, and never
//! broadcasts or promotes.
#![forbid(unsafe_code)]

// The macros of this crate name its types from wherever they are used.
extern crate self as gradus_ir;

#[macro_use]
pub mod dtype;

pub mod arbitrary;
pub mod array;
pub mod error;
pub mod eval;
pub mod limits;
mod narrow;
pub mod ops;
pub mod program;
pub mod shape;
pub mod text;
pub mod trace;
pub mod verify;

pub use array::{Array, Buffer};
pub use dtype::{Dtype, Element, Kind};
pub use error::{Error, ErrorKind, Result, SourceLocation};
pub use half::{bf16, f16};
pub use limits::{FloatInfo, IntInfo};
pub use num_complex::Complex;
pub use ops::{
    Effect, Halves, Lanes, Narrowed, Op, Operand, Passes, Remaining, Residual, Rules, Sample, Split,
};
pub use program::{Builder, Equation, Program, Var, Vars};
pub use shape::{Dims, Extent, Shape, Type};
pub use trace::{Capture, Traced, Val, Vals, bind, bind1, trace};
