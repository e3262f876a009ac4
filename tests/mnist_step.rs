//! The train step of MNIST as it is compiled: which steps it has, and that none of them interprets.

use gradus::Array;
use gradus_tests::workloads::{mlp_step, noise};

#[test]
fn train_step_is_products_and_kernels() {
    let (step, mut state) = mlp_step();
    let labels = Array::from((0..32).map(|i| i % 10).collect::<Vec<i32>>());
    step(&mut state, &noise([32, 784], 1), &labels).expect("a right program");
    let explained = step.explain();
    let compiled = explained.split_once("compiled:\n").expect("the steps").1;
    let steps: Vec<&str> = compiled
        .lines()
        .take_while(|line| !line.starts_with("times"))
        .map(|line| line.split_once(". ").expect("a numbered step").1.split(' ').next().expect("a word"))
        .collect();
    // Three layers forward, their weights' gradients, and two gradients by what a layer reads.
    assert_eq!(steps.iter().filter(|step| **step == "matmul").count(), 8, "{compiled}");
    assert!(steps.iter().all(|step| ["matmul", "kernel"].contains(step)), "{compiled}");
    // Besides: single numbers (counts, the rate, corrections) in one kernel.
    assert!(steps.len() <= 21, "{} steps:\n{compiled}", steps.len());
}
