use gradus::{Array, Jit, Result};

struct Holder {
    step: Jit<dyn Fn(&Array) -> Result<Array>>,
}

fn main() {}
