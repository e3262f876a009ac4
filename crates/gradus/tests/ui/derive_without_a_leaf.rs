use gradus::{Array, Tree, Val};

#[derive(Tree)]
struct Concrete {
    w: Array,
    b: Val,
}

fn main() {}
