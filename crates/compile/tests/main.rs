//! The tests of this crate as one program, which is linked once; a module is chosen by its name, `-- loops::`.

mod codegen;
mod conformance;
mod convolution;
mod file_tests;
mod loops;
mod machine;
mod random_kernels;
mod random_programs;
mod small;
mod state;

#[path = "../../kernel/tests/blessed/mod.rs"]
mod blessed;
