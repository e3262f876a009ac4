// Inside a trace a model is `Mlp<Val>`.
use gradus::{Array, Tree, Val, jit};

#[derive(Tree)]
struct Mlp<T = Array> {
    w: T,
}

fn main() {
    jit(|m: &Mlp, x: &Val| *x);
}
