use gradus::{Val, jit};

fn main() {
    jit(|x: &Val| if x < &Val::from(0.0) { *x } else { -x });
}
