use gradus::{Val, jit};

struct Plain {
    w: f32,
}

fn main() {
    jit(|p: &Plain, x: &Val| x * p.w as f64);
    jit(|x: &Val, n: &usize| x * *n as i64);
}
