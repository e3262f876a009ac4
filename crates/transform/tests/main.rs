//! The tests of this crate as one program, which is linked once; a module is chosen by its name, `-- lanes::`.

mod clean_up;
mod conformance;
mod derivatives;
mod file_tests;
mod lanes;
mod random_programs;
mod second_derivatives;

#[path = "../../kernel/tests/blessed/mod.rs"]
mod blessed;
