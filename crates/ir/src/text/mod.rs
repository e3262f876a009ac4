//! The text form of Programs: what prints parses back to an equal Program.

mod parse;
mod print;

pub use parse::parse;
