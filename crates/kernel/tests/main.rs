//! The tests of this crate as one program, which is linked once; a module is chosen by its name, `-- text::`.

mod accuracy;
mod blessed;
mod file_tests;
mod kernels;
mod pairs;
mod special;
mod text;
