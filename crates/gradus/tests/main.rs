//! The tests of this crate as one program, which is linked once; a module is chosen by its name, `-- smooth::`.
//!
//! `stress` measures the memory of its process and `ui` compiles programs: they stand alone.

mod api;
mod errors;
mod extremes;
mod functions;
mod linalg;
mod misuse;
mod moments;
mod near;
mod promotion;
mod random;
mod rules;
mod values;

// By their paths: they have modules in the folder in which they stand.
#[path = "smooth.rs"]
mod smooth;
#[path = "special.rs"]
mod special;
