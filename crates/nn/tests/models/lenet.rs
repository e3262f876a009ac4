//! LeNet (LeCun et al., 1998) with batch normalization and dropout on MNIST's test set, the last tenth of it to test
//! on.

use gradus::{Array, Padding, Pool, Tree, Val, jit};
use gradus_nn::data::Dataset;
use gradus_nn::{
    Adam, BatchNorm, Context, Conv, Dense, Keys, TrainState, Training, accuracy, cross_entropy, init,
};

#[derive(Tree, Clone)]
struct LeNet<T = Array> {
    conv1: Conv<T>,
    norm1: BatchNorm<T>,
    conv2: Conv<T>,
    norm2: BatchNorm<T>,
    hidden1: Dense<T>,
    hidden2: Dense<T>,
    output: Dense<T>,
}

impl LeNet<Val> {
    fn new(keys: &Keys) -> LeNet<Val> {
        LeNet {
            conv1: Conv::new(keys, [5, 5], 1, 6).without_bias(),
            norm1: BatchNorm::new(6).with_momentum(0.9),
            conv2: Conv::new(keys, [5, 5], 6, 16).with_padding(Padding::Valid).without_bias(),
            norm2: BatchNorm::new(16).with_momentum(0.9),
            hidden1: Dense::new(keys, 400, 120),
            hidden2: Dense::new(keys, 120, 84),
            output: Dense::new(keys, 84, 10),
        }
    }

    fn apply(&mut self, x: &Val, ctx: &Context) -> Val {
        let pool = Pool::new([2, 2]);
        let h = self.norm1.apply(&self.conv1.apply(&x.reshape([-1, 28, 28, 1])), ctx);
        let h = h.relu().max_pool(&pool); // [n, 14, 14, 6]
        let h = self.norm2.apply(&self.conv2.apply(&h), ctx);
        let h = h.relu().max_pool(&pool); // [n, 5, 5, 16]
        let h = self.hidden1.apply(&h.reshape([-1, 400])).relu();
        let h = self.hidden2.apply(&ctx.dropout(h, 0.25)).relu();
        self.output.apply(&h)
    }
}

#[test]
fn lenet_learns_digits() {
    let (train, test) = crate::digits().split_last(0.1).unwrap();
    let (train, test) = (Dataset::from(&train), Dataset::from(&test));
    let adam = Adam::new(1e-3);
    let mut state = TrainState::new(init(0, LeNet::new).unwrap(), &adam, 1).unwrap();
    let step = jit(move |state: &mut Training<LeNet<Val>, Adam>, x: &Val, y: &Val| {
        state.step(&adam, |net, ctx| cross_entropy(&net.apply(x, ctx), y))
    });
    let evaluate =
        jit(|net: &mut LeNet<Val>, x: &Val, y: &Val| accuracy(&net.apply(x, &Context::evaluation()), y));
    for batch in train.loader(64).unwrap().epoch(0).take(60) {
        let (x, y) = batch.unwrap().examples;
        step(&mut state, &x, &y).unwrap();
    }
    let (x, y) = test.all().unwrap();
    let right = evaluate(&mut state.model, &x, &y).unwrap();
    assert!(right.item::<f32>().unwrap() > 0.85, "{right:?}");
}
