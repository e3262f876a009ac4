use gradus::{Traced, Val};

struct Schedule;

fn scale<M: Traced>(m: &M, by: &M::With<Schedule>) -> M {
    m.zip_with(by, |v, _: &Schedule| *v)
}

fn main() {}
