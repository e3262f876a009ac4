use gradus::{Val, jit};

fn main() {
    jit(|x: &Val, y: &mut Val| *x);
}
