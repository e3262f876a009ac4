//! What lies beside the crates of gradus: the workloads that its benches measure, and the code of its documents.
#![forbid(unsafe_code)]

pub mod replay;
pub mod workloads;

/// The code of the documents runs too.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../README.md")]
    struct Readme;
    #[doc = include_str!("../../docs/tour.md")]
    struct Tour;
}
