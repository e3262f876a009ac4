use gradus::{Val, jit};

fn main() {
    jit(|a: &Val, b: &Val, c: &Val, d: &Val, e: &Val, f: &Val, g: &Val| *a);
}
