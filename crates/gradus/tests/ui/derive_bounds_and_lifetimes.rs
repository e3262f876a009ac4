use gradus::Tree;

#[derive(Tree)]
struct Bounded<T: Clone> {
    w: T,
}

#[derive(Tree)]
struct Claused<T>
where
    T: Clone,
{
    w: T,
}

#[derive(Tree)]
struct Borrowed<'a, T> {
    w: &'a T,
}

fn main() {}
