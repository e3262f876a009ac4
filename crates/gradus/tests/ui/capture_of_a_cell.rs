use gradus::{Val, jit};
use std::cell::Cell;

fn main() {
    let n = Cell::new(0);
    jit(|x: &Val| {
        n.set(1);
        *x
    });
}
