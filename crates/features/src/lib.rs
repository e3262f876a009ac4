//! No code: only its manifest, which names features that some package of the workspace needs of a third-party crate.
//!
//! Cargo compiles a crate again when it is asked for with other features; `-p gradus-ir` alone asks for fewer than
//! `--workspace`. Each crate of the workspace has this one among its `dev-dependencies`, so that its tests ask for the
//! same. Nobody who uses gradus sees it.
#![forbid(unsafe_code)]
