//! The typed array IR of gradus: [`Program`]s, their primitives with all rules, tracing, and the
//! reference interpreter [`eval`](eval::eval), which is the meaning of every Program.
//!
//! Invariant: this crate knows no pass, no Cranelift and no machine; it is strict, and never
//! broadcasts or promotes.
#![forbid(unsafe_code)]

// The macros of this crate name its types from wherever they are used.
extern crate self as gradus_ir;

pub mod arbitrary;
pub mod environment;
pub mod eval;
mod narrow;
pub mod ops;
pub mod program;
pub mod text;
pub mod trace;
pub mod verify;

pub use gradus_array::{Array, Buffer, Numbers};
pub use gradus_array::{Complex, bf16, f16};
pub use gradus_array::{Dims, Extent, Shape, Type};
pub use gradus_array::{Dtype, Element, FloatInfo, IntInfo, Kind};
pub use gradus_array::{Error, ErrorKind, Result, SourceLocation};
pub use ops::{
    Effect, Halves, Lanes, Narrowed, Op, Operand, Passes, Remaining, Residual, Rules, Sample, Split,
};
pub use program::{Builder, Equation, Program, Var, Vars};
pub use trace::{Capture, Traced, Val, Vals, bind, bind1, trace};
