//! Reading and writing parts of a value.

pub(crate) mod at;
pub(crate) mod edit;
pub(crate) mod entries;
pub(crate) mod gather;
pub(crate) mod indexer;
pub(crate) mod slice;
pub(crate) mod take;
