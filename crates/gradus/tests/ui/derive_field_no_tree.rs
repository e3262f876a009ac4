use gradus::{Array, Tree};

struct Plain;

#[derive(Tree)]
struct Dense<T = Array> {
    w: T,
    plain: Plain,
}

#[derive(Tree)]
struct Number<T = Array> {
    w: T,
    rate: f32,
    name: &'static str,
}

fn main() {}
