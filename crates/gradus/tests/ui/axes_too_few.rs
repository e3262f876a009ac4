use gradus::{Val, vmap_axes};

fn three(x: &Val, y: &Val, z: &Val) -> Val {
    x * y * z
}

fn main() {
    vmap_axes(three, (None, 0), 0);
}
