use gradus::jit;

fn main() {
    jit(|x| x * 2.0);
}
