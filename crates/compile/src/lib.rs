//! From a Program to machine code.

pub mod codegen;
