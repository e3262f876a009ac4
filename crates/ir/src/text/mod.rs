//! The text form of Programs: what prints parses back to an equal Program.

mod print;
