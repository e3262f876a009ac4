//! Programs of models, as a user's functions give them: a part of what `cargo xtask replay` compiles with two
//! revisions.

use crate::workloads::{Weights, lstm, mlp_step};
use gradus::{Array, Conv, Dtype, Padding, Program, Type, Val, fft, grad, linalg, trace, value_and_grad};

/// Name, number of states and Program of each model.
///
/// # Panics
/// If one of them is refused, which would be a fault of gradus.
pub fn programs() -> Vec<(&'static str, usize, Program)> {
    let zeros = |dims: &[usize]| Array::zeros(Type::new(Dtype::F32, dims));
    let right = |program: Result<Program, gradus::Error>| program.expect("the models are right programs");
    let (step, mut state) = mlp_step();
    step(&mut state, &zeros(&[32, 784]), &Array::zeros(Type::new(Dtype::I32, [32]))).expect("a step runs");
    let step = step.program().expect("it was called");
    let num_state = step.results().len() - 1;
    let (input, recurrent, bias) = (zeros(&[64, 512]), zeros(&[128, 512]), zeros(&[512]));
    let x = zeros(&[2, 8, 8, 3]);
    vec![
        ("mlp", num_state, (*step).clone()),
        ("lstm", 0, right(trace(lstm_gradient)(&(input, recurrent, bias), &zeros(&[12, 16, 64])))),
        ("convolution", 0, right(trace(convolution_gradient)(&zeros(&[3, 3, 3, 8]), &x))),
        ("attention", 0, right(trace(attention_gradient)(&zeros(&[2, 24, 16]), &zeros(&[16, 48])))),
        ("layer-norm", 0, right(trace(layer_norm_gradient)(&zeros(&[64, 48])))),
        ("softmax", 0, right(trace(|x: &Val| x.softmax(-1))(&zeros(&[1000, 33])))),
        ("gelu", 0, right(trace(|x: &Val, w: &Val| (x * w).gelu())(&zeros(&[5000]), &zeros(&[5000])))),
        ("libraries", 0, right(trace(libraries)(&zeros(&[6, 6])))),
    ]
}

fn lstm_gradient(p: &Weights<Val>, x: &Val) -> Weights<Val> {
    grad(|p: &Weights<Val>, x: &Val| lstm(p, x).square().mean())(p, x)
}

fn convolution_gradient(kernel: &Val, x: &Val) -> (Val, Val) {
    let loss = |kernel: &Val, x: &Val| {
        let layout = Conv { padding: Padding::Same, ..Conv::default() };
        x.conv_general_dilated(kernel, &layout).relu().square().sum()
    };
    value_and_grad(loss)(kernel, x)
}

fn attention_gradient(x: &Val, w: &Val) -> Val {
    let loss = |w: &Val, x: &Val| {
        let parts = x.dot(w).split(3, -1);
        let scores = (parts[0].matmul(parts[1].swapaxes(1, 2)) * 0.25).softmax(-1);
        scores.matmul(parts[2]).square().mean()
    };
    grad(loss)(w, x)
}

fn layer_norm_gradient(x: &Val) -> Val {
    grad(|x: &Val| (x.standardize(-1, 1e-5).tanh() * x).sum())(x)
}

fn libraries(x: &Val) -> (Val, Val, Val) {
    let symmetric = x + x.transpose();
    (linalg::inv(symmetric + 10.0 * gradus::eye(6, Dtype::F32)), fft::rfft(*x).abs(), x.sort(-1))
}
