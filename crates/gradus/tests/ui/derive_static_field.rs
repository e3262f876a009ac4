use gradus::{Array, Tree};

struct NoEquality;

#[derive(Tree)]
struct Dense<T = Array> {
    w: T,
    #[tree(static)]
    act: NoEquality,
}

#[derive(Tree)]
struct Both<T = Array> {
    w: T,
    #[tree(static)]
    kept: Vec<T>,
}

fn main() {}
