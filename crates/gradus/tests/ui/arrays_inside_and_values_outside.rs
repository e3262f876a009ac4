// A transform works inside a trace, a jitted function outside of it.
use gradus::{Array, Val, grad, jit};

fn loss(x: &Val) -> Val {
    x * x
}

fn main() {
    let x = Array::from(1.0f32);
    grad(loss)(&x);
    let f = jit(loss);
    jit(|x: &Val| f(x));
    f(&f(&x));
}
