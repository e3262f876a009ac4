use gradus::Tree;

#[derive(Tree)]
union Either<T: Copy> {
    a: T,
    b: T,
}

#[derive(Tree)]
enum Never {}

#[derive(Tree)]
struct Misspelt<T> {
    w: T,
    #[tree(constant)]
    n: usize,
}

#[derive(Tree)]
#[tree(static)]
struct Whole<T> {
    w: T,
}

fn main() {}
