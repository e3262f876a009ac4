//! Loop IR of one kernel.
//!
//! A [`Kernel`] reads and writes flat buffers in a nest of loops; its straight-line values are lanes of a
//! [`Scalar`] type. It knows neither arrays nor machine code: fusion builds kernels, a code generator compiles
//! them, and [`interpret`] says what they mean, bit for bit (all NaNs being one value).
//!
//! - `Serial` loops run in order and may carry values.
//! - `Lanes` loops have independent iterations, which a generator runs on vector lanes; a reduction over them has
//!   a fixed number of accumulators ([`Reduction`]), so that every generator gives the same bits.
//! - A transcendental function is expanded by the [`Builder`] into operations, once for all generators.
//! - It has a text form: what a kernel prints parses back to it (`text.parse::<Kernel>()`).
//!
//! # Example
//! Softmax over the rows of `x: f32[rows, 100]`; each row is read three times, from the first-level cache.
//! ```
//! use gradus_kernel::{Access, Builder, Combine, Index, Reduce, Scalar, reduction_lanes};
//!
//! let columns = 100;
//! let mut b = Builder::new();
//! let x = b.buffer(Scalar::F32, Access::Read);
//! let y = b.buffer(Scalar::F32, Access::ReadWrite);
//! // The runtime splits the rows over threads: each call gets a part of them.
//! let [first_row, end_row] = b.range();
//! b.serial(first_row, end_row, |b, row| {
//!     let at = |column| Index::constant(0).plus(row, columns).plus(column, 1);
//!     // Pass 1: the largest element.
//!     let lanes = reduction_lanes(Scalar::F32, Some(columns), false);
//!     let init = b.float(Scalar::F32, f64::NEG_INFINITY);
//!     let largest = b.reduce_lanes(0, columns, lanes, &[Reduce { combine: Combine::Max, init }], |b, column| {
//!         vec![b.load(x, at(column))]
//!     })[0];
//!     // Pass 2: exponentials, stored, and their sum.
//!     let lanes = reduction_lanes(Scalar::F32, Some(columns), true);
//!     let init = b.float(Scalar::F32, 0.0);
//!     let total = b.reduce_lanes(0, columns, lanes, &[Reduce { combine: Combine::Sum, init }], |b, column| {
//!         let x = b.load(x, at(column));
//!         let shifted = b.sub(x, largest);
//!         let power = b.exp(shifted);
//!         b.store(y, at(column), power);
//!         vec![power]
//!     })[0];
//!     // Pass 3: divide. `factor` does not vary in the loop, and is computed before it.
//!     b.lanes(0, columns, |b, column| {
//!         let power = b.load(y, at(column));
//!         let one = b.float(Scalar::F32, 1.0);
//!         let factor = b.div(one, total);
//!         let scaled = b.mul(power, factor);
//!         b.store(y, at(column), scaled);
//!     });
//! });
//! let kernel = b.finish();
//!
//! let x = vec![0_u8; 4 * 200];
//! let mut y = vec![0_u8; 4 * 200];
//! gradus_kernel::interpret(&kernel, &mut [x, y.clone()], 0..2);
//! # let mut buffers = [vec![0_u8; 800], std::mem::take(&mut y)];
//! # gradus_kernel::interpret(&kernel, &mut buffers, 0..2);
//! # assert_eq!(buffers[1][..4], 0.01_f32.to_le_bytes());
//! ```
#![forbid(unsafe_code)]

mod arithmetic;
mod builder;
mod cold;
mod contract;
pub mod cursor;
mod dead_code;
mod display;
mod evaluate;
mod interpret;
mod kernel;
mod math;
mod op;
mod parse;
mod reduce_register_pressure;
mod renumber;
mod scalar;
pub mod special;
mod verify;

pub use builder::{Builder, Reduce, elementwise, reduction_lanes};
pub use cold::{ColdFunction, fma_double, fma_single};
pub use contract::contract;
pub use dead_code::remove_dead_code;
pub use evaluate::{
    evaluate, evaluate_binary, evaluate_comparison, evaluate_convert, evaluate_fma, evaluate_unary,
};
pub use interpret::interpret;
pub use kernel::{
    Access, Block, Bound, Buffer, BufferId, Carried, Choice, Combine, If, Index, Kernel, Loop, LoopKind,
    Reduction, Statement, Term, While,
};
pub use op::{Binary, Comparison, Op, Unary, Value};
pub use reduce_register_pressure::reduce_register_pressure;
pub use renumber::renumber;
pub use scalar::Scalar;
pub use verify::{Malformed, verify};
