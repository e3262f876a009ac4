use gradus::{Val, jit};

fn main() {
    jit(|x: Val| x * 2.0);
}
