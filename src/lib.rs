//! What lies beside the crates of gradus: the workloads that its benches measure.
#![forbid(unsafe_code)]

pub mod workloads;
