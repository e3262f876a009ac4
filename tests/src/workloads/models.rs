//! W4, W5 and W9 of the table of peers: networks of `gradus_nn`, in the peers' shapes.

use gradus::{Array, Tree, Val, arange, fori_loop, grad, hessian, jacfwd, jit, vmap_axes};
use gradus_nn::{
    Adam, Context, Conv, Dense, Embedding, Keys, KvCache, ResNet, ResNetSizes, Sgd, TrainState, Training,
    Transformer, TransformerEncoder, cross_entropy, init,
};

use super::{Mlp, UNWRAP, Workload, loss, noise};

/// Every workload of this file.
pub(super) fn all() -> Vec<Workload> {
    let resnet_flops = 3.63e9;
    let gpt_flops =
        2.0 * 128.0 * (12.0 * 12.0 * 768f64.powi(2) + 50257.0 * 768.0) + 12.0 * 4.0 * 128.0 * 128.0 * 768.0;
    vec![
        Workload::new("W4_resnet18_fwd_b1", || Box::new(resnet(1))).flops(resnet_flops),
        Workload::new("W4_resnet18_fwd_b8", || Box::new(resnet(8))).flops(8.0 * resnet_flops),
        Workload::new("W4_resnet18_train_b8_64px", || Box::new(resnet_step())),
        Workload::new("W4_smallcnn_train_b64", || Box::new(small_cnn_step())),
        Workload::new("W5_gpt2small_fwd_b1_s128", || Box::new(gpt())).flops(gpt_flops),
        Workload::new("W5_chargpt6_train_b16_s128", || Box::new(gpt_step())),
        Workload::new("W5_gpt2small_decode32", || Box::new(gpt_decode())).runs(1, 5),
        Workload::new("W9_per_example_grads_b256", || Box::new(per_example_gradients())),
        Workload::new("W9_hessian_rosenbrock100", || Box::new(rosenbrock())),
        Workload::new("W9_jacfwd_mlp784", || Box::new(jacobian())),
    ]
}

/// Class indices of `n` examples.
fn labels(n: usize, classes: usize) -> Array {
    Array::from((0..n).map(|i| (i * 7919 % classes) as i32).collect::<Vec<i32>>())
}

fn resnet18() -> ResNet {
    init(4, |keys| ResNet::new(keys, &ResNetSizes::resnet18())).expect(UNWRAP)
}

/// The logits of `n` images of 224 by 224.
fn resnet(n: usize) -> impl FnMut() {
    let forward = jit(|net: &ResNet<Val>, x: &Val| net.clone().apply(x, &Context::evaluation()));
    let (net, x) = (resnet18(), noise([n, 224, 224, 3], 5));
    move || drop(forward(&net, &x).expect(UNWRAP))
}

/// A step of gradient descent on 8 images of 64 by 64, running statistics too.
fn resnet_step() -> impl FnMut() {
    let sgd = Sgd::new(0.01);
    let mut state = TrainState::new(resnet18(), &sgd, 0).expect(UNWRAP);
    let step = jit(move |state: &mut Training<ResNet<Val>, Sgd>, x: &Val, y: &Val| {
        state.step(&sgd, |net, ctx| cross_entropy(&net.apply(x, ctx), y))
    });
    let (x, y) = (noise([8, 64, 64, 3], 5), labels(8, 1000));
    move || drop(step(&mut state, &x, &y).expect(UNWRAP))
}

/// Two convolutions without padding and two dense layers, for digits.
#[derive(Tree, Clone)]
struct SmallCnn<T = Array> {
    conv1: Conv<T>,
    conv2: Conv<T>,
    hidden: Dense<T>,
    output: Dense<T>,
}

impl SmallCnn<Val> {
    fn new(keys: &Keys) -> SmallCnn<Val> {
        let conv =
            |inputs, outputs| Conv::new(keys, [3, 3], inputs, outputs).with_padding(gradus::Padding::Valid);
        SmallCnn {
            conv1: conv(1, 32),
            conv2: conv(32, 64),
            hidden: Dense::new(keys, 1600, 128),
            output: Dense::new(keys, 128, 10),
        }
    }
    fn apply(&self, x: &Val) -> Val {
        let pool = gradus::Pool::new([2, 2]);
        let h = self.conv1.apply(x).relu().max_pool(&pool); // [n, 13, 13, 32]
        let h = self.conv2.apply(&h).relu().max_pool(&pool); // [n, 5, 5, 64]
        self.output.apply(&self.hidden.apply(&h.flatten(1)).relu())
    }
}

fn small_cnn_step() -> impl FnMut() {
    let adam = Adam::new(1e-3);
    let mut state = TrainState::new(init(6, SmallCnn::new).expect(UNWRAP), &adam, 0).expect(UNWRAP);
    let step = jit(move |state: &mut Training<SmallCnn<Val>, Adam>, x: &Val, y: &Val| {
        state.step(&adam, |net, _| cross_entropy(&net.apply(x), y))
    });
    let (x, y) = (noise([64, 28, 28, 1], 6), labels(64, 10));
    move || drop(step(&mut state, &x, &y).expect(UNWRAP))
}

/// A GPT-2: learned positions, norms before each part, the output tied to the embedding.
#[derive(Tree, Clone)]
pub(super) struct Gpt<T = Array> {
    tokens: Embedding<T>,
    places: Embedding<T>,
    blocks: TransformerEncoder<T>,
}

impl Gpt<Val> {
    fn new(keys: &Keys, [layers, width, heads, vocabulary, time]: [usize; 5]) -> Gpt<Val> {
        Gpt {
            tokens: Embedding::with_deviation(keys, vocabulary, width, 0.02),
            places: Embedding::with_deviation(keys, time, width, 0.02),
            blocks: TransformerEncoder::new(
                keys,
                layers,
                &Transformer::new(width, heads).causal().with_epsilon(1e-5),
            ),
        }
    }
    /// The logits after each of `ids` `[batch, time]`.
    fn apply(&self, ids: &Val, ctx: &Context) -> Val {
        let [_, time] = ids.dims();
        let x = self.tokens.apply(ids) + self.places.apply(&arange(time));
        self.tokens.attend(&self.blocks.apply(&x, None, ctx)) // [batch, time, vocabulary]
    }
    /// The likeliest token after `id`, which follows those in the caches.
    fn next(&self, id: &Val, caches: &mut [KvCache<Val>]) -> Val {
        let x = self.tokens.apply(&id.reshape([1])) + self.places.apply(&caches[0].len.reshape([1]));
        self.tokens.attend(&self.blocks.decode(&x, caches)).at(-1).argmax(-1)
    }
}

const GPT2_SMALL: [usize; 5] = [12, 768, 12, 50257, 1024];

fn gpt() -> impl FnMut() {
    let model = init(7, |keys| Gpt::new(keys, GPT2_SMALL)).expect(UNWRAP);
    let forward = jit(|model: &Gpt<Val>, ids: &Val| model.apply(ids, &Context::evaluation()));
    let ids = labels(128, 50257).reshape([1, 128]).expect(UNWRAP);
    move || drop(forward(&model, &ids).expect(UNWRAP))
}

fn gpt_step() -> impl FnMut() {
    let adam = Adam::new(1e-3);
    let model = init(9, |keys| Gpt::new(keys, [6, 384, 6, 65, 128])).expect(UNWRAP);
    let mut state = TrainState::new(model, &adam, 0).expect(UNWRAP);
    let step = jit(move |state: &mut Training<Gpt<Val>, Adam>, ids: &Val| {
        state.step(&adam, |model, ctx| {
            let logits = model.apply(&ids.slice(gradus::s![.., ..128]), ctx);
            cross_entropy(&logits, &ids.slice(gradus::s![.., 1..]))
        })
    });
    let ids = labels(16 * 129, 65).reshape([16, 129]).expect(UNWRAP);
    move || drop(step(&mut state, &ids).expect(UNWRAP))
}

/// 32 tokens, each by one pass over all weights, in one compiled loop.
fn gpt_decode() -> impl FnMut() {
    let model = init(7, |keys| Gpt::new(keys, GPT2_SMALL)).expect(UNWRAP);
    let decode = jit(|model: &Gpt<Val>, first: &Val| {
        let start = (*first, model.blocks.cache(&[], 64));
        fori_loop(0, 32, start, |_, (id, mut caches): (Val, Vec<KvCache<Val>>)| {
            let next = model.next(&id, &mut caches).astype(id.dtype());
            (next, caches)
        })
        .0
    });
    let first = Array::from(5i32);
    move || drop(decode(&model, &first).expect(UNWRAP))
}

fn per_example_gradients() -> impl FnMut() {
    let gradients = jit(|model: &Mlp<Val>, x: &Val, y: &Val| {
        let one =
            |model: &Mlp<Val>, x: &Val, y: &Val| grad(loss)(model, &x.expand_dims(0), &y.expand_dims(0));
        vmap_axes(one, (None, 0, 0), 0)(model, x, y)
    });
    let model = init(0, Mlp::new).expect(UNWRAP);
    let (x, y) = (noise([256, 784], 11), labels(256, 10));
    move || drop(gradients(&model, &x, &y).expect(UNWRAP))
}

fn rosenbrock() -> impl FnMut() {
    let second = jit(hessian(|x: &Val| {
        let (x, next) = (x.slice(gradus::s![..99]), x.slice(gradus::s![1..]));
        (100.0 * (next - x.square()).square() + (1.0 - x).square()).sum()
    }));
    let x = Array::from((0..100).map(|i| i as f32 / 49.5 - 1.0).collect::<Vec<f32>>());
    move || drop(second(&x).expect(UNWRAP))
}

fn jacobian() -> impl FnMut() {
    let slopes = jit(|model: &Mlp<Val>, x: &Val| jacfwd(|x: &Val| model.apply(x))(x));
    let (model, x) = (init(0, Mlp::new).expect(UNWRAP), noise([784], 11));
    move || drop(slopes(&model, &x).expect(UNWRAP))
}
