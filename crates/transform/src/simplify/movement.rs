//! Equations of movements: two in a row are one, and one that moves nothing is none.

use super::draft::Rewrite;

pub(super) const EQUATIONS: &[Rewrite] = &[];
