use gradus::{Val, jit};

fn main() {
    let mut n = 0;
    jit(|x: &Val| {
        n += 1;
        *x
    });
}
