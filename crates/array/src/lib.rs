//! What lies below the IR of gradus: element types, shapes, arrays, and the one error type.
//!
//! Invariant: all code that is compiled once for each element type stands here (`numbers`, `moves`, `text`), so that
//! neither a primitive nor a user's crate compiles it again. Above this crate an array's elements are read and written
//! as numbers of three kinds, or moved as they are.
#![forbid(unsafe_code)]

#[macro_use]
mod dtype;

mod array;
mod buffer;
mod error;
mod limits;
mod moves;
mod numbers;
mod print;
mod shape;
mod tape;
mod text;

pub use array::Array;
pub use buffer::Buffer;
pub use dtype::{Dtype, Element, Kind};
pub use error::{Error, ErrorKind, Result, SourceLocation};
pub use half::{bf16, f16};
pub use limits::{FloatInfo, IntInfo};
pub use num_complex::Complex;
pub use numbers::Numbers;
pub use shape::{Dims, Extent, Shape, Type};
