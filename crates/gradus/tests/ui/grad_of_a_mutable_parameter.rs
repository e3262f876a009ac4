use gradus::{Val, grad};

fn main() {
    grad(|x: &mut Val| *x);
}
