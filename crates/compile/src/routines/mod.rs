//! What is computed by a routine and not by a kernel of ours, a file each.
//!
//! A routine's file holds its description, which implements [`Routine`](crate::graph::Routine) (what it reads, what it
//! costs, how it is prepared), and what is prepared, a [`Task`](crate::runtime::Task). A family's file in `lower` makes
//! the description; no other file knows one routine from another.

mod convolution;
mod host;
mod library;
mod matmul;
mod sort;
mod tape;

pub(crate) use convolution::Convolve;
pub(crate) use host::HostCall;
pub(crate) use library::LibraryCall;
pub(crate) use matmul::Matmul;
pub(crate) use sort::Sort;
pub(crate) use tape::TapeOp;
