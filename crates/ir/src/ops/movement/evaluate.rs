//! The meaning of movements.

use super::Movement;
use crate::{Array, Type};

impl Movement {
    pub(super) fn evaluate(&self, args: &[&Array]) -> Array {
        let types: Vec<&Type> = args.iter().map(|a| a.ty()).collect();
        let shape = self.result_type(&types).expect("internal: inferred before").shape;
        let x = args[0];
        match self.view(&x.ty().shape) {
            Some(view) => view.read(x, &shape),
            None => x.with_shape(shape),
        }
    }
}
