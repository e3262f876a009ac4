use gradus::{Val, vmap};

fn main() {
    vmap(|x: &Val, n: &usize| x * *n as i64);
}
