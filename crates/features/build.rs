//! Does nothing; without a build script Cargo ignores the `build-dependencies`, whose features are meant.

fn main() {}
