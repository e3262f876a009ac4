//! Examples, integration tests and benches of gradus live beside this crate.
