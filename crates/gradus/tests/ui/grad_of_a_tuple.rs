use gradus::{Val, grad, value_and_grad_aux};

fn main() {
    grad(|x: &Val| (*x, *x));
    value_and_grad_aux(|x: &Val| *x);
}
