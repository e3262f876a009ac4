//! The tests of this crate as one program, which is linked once; a module is chosen by its name, `-- text::`.

mod arbitrary;
mod kernels;
mod numpy_printing;
mod random;
mod refusals;
mod spec;
mod structured;
mod text;
mod tracing;
