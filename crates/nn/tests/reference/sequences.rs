//! Layers over sequences against PyTorch 2.15 and Flax 0.12 on equal weights in f64: results and gradients.

use gradus::{Array, Stored, Traced, Tree, Val, concatenate, grad, jit};
use gradus_nn::*;
use safetensors::{Dtype, SafeTensors};

const TORCH: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/sequences_torch.safetensors"));
const FLAX: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/sequences_flax.safetensors"));
/// Of one layer, relative to the largest element of each result; of a stack.
const LAYER: f64 = 1e-9;
const STACK: f64 = 1e-8;
/// Of one layer in f32.
const SINGLE: f64 = 1e-5;

/// The tensors of one case.
#[derive(Clone, Copy)]
struct Case {
    file: &'static [u8],
    name: &'static str,
}

fn torch(name: &'static str) -> Case {
    Case { file: TORCH, name }
}
fn flax(name: &'static str) -> Case {
    Case { file: FLAX, name }
}

impl Case {
    fn get(self, name: &str) -> Array {
        let file = SafeTensors::deserialize(self.file).unwrap();
        let name = format!("{}.{name}", self.name);
        let view = file.tensor(&name).unwrap_or_else(|_| panic!("{name} is not in the file"));
        let words = view.data().chunks(8).map(|b| u64::from_le_bytes(b.try_into().unwrap()));
        match view.dtype() {
            Dtype::F64 => Array::new(view.shape(), words.map(f64::from_bits).collect::<Vec<_>>()).unwrap(),
            Dtype::I64 => {
                Array::new(view.shape(), words.map(|word| word as i64).collect::<Vec<_>>()).unwrap()
            }
            other => panic!("{name} is {other:?}"),
        }
    }
    /// How many tensors of the case begin so.
    fn count(self, prefix: &str) -> usize {
        let file = SafeTensors::deserialize(self.file).unwrap();
        file.names().iter().filter(|name| name.starts_with(&format!("{}.{prefix}", self.name))).count()
    }
    fn near(self, what: &str, found: &Array, expected: &Array, tolerance: f64) {
        assert_eq!(found.shape(), expected.shape(), "{} {what}", self.name);
        let (found, expected) = (found.to_f64_vec(), expected.to_f64_vec());
        let largest = expected.iter().fold(0.0f64, |most, x| most.max(x.abs()));
        for (found, expected) in found.iter().zip(&expected) {
            let apart = (found - expected).abs() / largest;
            assert!(found == expected || apart <= tolerance, "{} {what}: {found}, not {expected}", self.name);
        }
    }
    /// `make` with the weights of the case.
    fn model<M: Traced>(self, make: impl Fn(&Keys) -> M + Send + Sync) -> M::Data {
        let made = init(0, make).unwrap();
        assert_eq!(made.leaves().len(), self.count("w."), "{}: as many weights as leaves", self.name);
        let mut paths = made.paths().into_iter();
        made.map_leaves(&mut |leaf: &Array| {
            let path = format!("w.{}", paths.next().unwrap().replace("norm.0", "norm"));
            let found = self.get(&path);
            assert_eq!(found.shape(), leaf.shape(), "{} {path}", self.name);
            found
        })
    }
    /// What `apply` gives is `y`, and gradients of its sum with `ct` are those of the case. `inputs` are the names of
    /// what `apply` gets.
    fn check<M: Traced>(
        self,
        tolerance: f64,
        inputs: &[&str],
        make: impl Fn(&Keys) -> M + Send + Sync,
        apply: impl Fn(&M, &[Val]) -> Val + Copy + Send + Sync + 'static,
    ) where
        M::Data: Stored<Traced = M>,
    {
        self.check_with(tolerance, inputs, make, move |model, inputs| (apply(model, inputs), Val::from(0.0)));
    }
    /// [`Case::check`] of a function whose gradients are those of the sum with `ct`, and of a second result.
    fn check_with<M: Traced>(
        self,
        tolerance: f64,
        inputs: &[&str],
        make: impl Fn(&Keys) -> M + Send + Sync,
        apply: impl Fn(&M, &[Val]) -> (Val, Val) + Copy + Send + Sync + 'static,
    ) where
        M::Data: Stored<Traced = M>,
    {
        let both = jit(move |model: &M, inputs: &Vec<Val>, ct: &Val| {
            let loss = |(model, inputs): &(M, Vec<Val>)| {
                let (y, other) = apply(model, inputs);
                (y * ct).sum() + other
            };
            (apply(model, inputs).0, grad(loss)(&(model.copy(), inputs.clone())))
        });
        let model = self.model(make);
        let given: Vec<Array> = inputs.iter().map(|name| self.get(name)).collect();
        let results = both(&model, &given, &self.get("ct")).unwrap();
        self.check_results(tolerance, inputs, results);
        if tolerance == LAYER {
            let single = |leaf: &Array| jit(|x: &Val| x.astype(gradus::Dtype::F32))(leaf).unwrap();
            let given: Vec<Array> = given.iter().map(single).collect();
            let model = model.map_leaves(&mut |leaf: &Array| single(leaf));
            let results = both(&model, &given, &single(&self.get("ct"))).unwrap();
            self.check_results(SINGLE, inputs, results);
        }
    }
    fn check_results<M: Stored>(self, tolerance: f64, inputs: &[&str], results: (Array, (M, Vec<Array>))) {
        let (y, (grads, slopes)) = results;
        self.near("y", &y, &self.get("y"), tolerance);
        for (path, found) in grads.paths().into_iter().zip(grads.leaves()) {
            let path = format!("g.{}", path.replace("norm.0", "norm"));
            if path.ends_with("key.b") {
                // A bias of keys moves all scores of a query alike: only rounding makes its gradient.
                let weights = self.get(&path.replace("key.b", "key.w")).to_f64_vec();
                let largest = weights.iter().fold(0.0f64, |most, g| most.max(g.abs()));
                let near = found.to_f64_vec().iter().all(|g| g.abs() <= tolerance * largest);
                assert!(near, "{} {path}", self.name);
                continue;
            }
            self.near(&path, found, &self.get(&path), tolerance);
        }
        for (name, found) in inputs.iter().zip(&slopes) {
            self.near(&format!("d{name}"), found, &self.get(&format!("d{name}")), tolerance);
        }
    }
}

/// What `leaf` of each direction of each layer is, from the tensor `[layers · directions, ..]`.
fn split<C: Tree<Val, With<Val> = C>>(
    like: &[Directions<C>],
    values: &Val,
    others: &Val,
) -> Vec<Directions<C>>
where
    Directions<C>: Traced,
{
    let mut count = 0;
    let leaves = like.iter().map(|layer| layer.leaves().len()).sum::<usize>();
    let each = leaves / values.shape()[0];
    like.iter()
        .map(|layer| {
            layer.map(|_| {
                let (state, which) = (count / each, count % each);
                count += 1;
                if which == 0 { values.at(state as i64) } else { others.at(state as i64) }
            })
        })
        .collect()
}

/// All of one kind side by side, as PyTorch has the last states: every `h` and then every `c`.
fn stacked<C>(states: &[Directions<C>], kinds: usize) -> Val
where
    Directions<C>: Traced,
{
    let all: Vec<Val> =
        states.iter().flat_map(|layer| layer.leaves().into_iter().copied().collect::<Vec<_>>()).collect();
    let kind = |k: usize| gradus::stack(all.iter().copied().skip(k).step_by(kinds), 0);
    concatenate((0..kinds).map(kind), 0)
}

/// A recurrent layer over padded sequences, from given states.
fn recurrent<C: RecurrentCell + Clone>(
    name: &'static str,
    kinds: usize,
    make: impl Fn(&Keys) -> Recurrent<C> + Send + Sync,
) where
    Recurrent<C>: Traced,
    <Recurrent<C> as Traced>::Data: Stored<Traced = Recurrent<C>>,
    Directions<C::State>: Traced,
{
    let case = torch(name);
    let run = move |layer: &Recurrent<C>, inputs: &[Val]| {
        let states = split(&layer.start(&[3]), &inputs[1], &inputs[kinds]);
        let lengths = Val::from(&Array::from([6i32, 2, 4]));
        let (y, last) = layer.scan(&inputs[0], &states, Some(&lengths), &Context::evaluation());
        let last = stacked(&last, kinds);
        (y, (last * Val::from(&case.get("last_ct")).astype(last.dtype())).sum(), last)
    };
    let inputs = &["x", "h0", "c0"][..kinds + 1];
    let of_last = jit(move |layer: &Recurrent<C>, inputs: &Vec<Val>| run(layer, inputs).2);
    let given: Vec<Array> = inputs.iter().map(|name| case.get(name)).collect();
    let last = of_last(&case.model(&make), &given).unwrap();
    case.near("last", &last, &case.get("last"), STACK);
    let tolerance = if name == "lstm_plain" { LAYER } else { STACK };
    case.check_with(tolerance, inputs, make, move |layer, inputs| {
        let (y, other, _) = run(layer, inputs);
        (y, other)
    });
}

#[test]
fn recurrent_layers_agree_with_pytorch() {
    recurrent("lstm", 2, |keys| Lstm::new(keys, 3, 4).with_layers(keys, 3).bidirectional(keys));
    recurrent("lstm_plain", 2, |keys| Lstm::new(keys, 3, 4).map_cells(LstmCell::without_bias));
    recurrent("gru", 1, |keys| Gru::new(keys, 3, 4).with_layers(keys, 2).bidirectional(keys));
    recurrent("rnn_tanh", 1, |keys| Rnn::new(keys, 3, 4).with_layers(keys, 2));
    recurrent("rnn_relu", 1, |keys| Rnn::new(keys, 3, 4).map_cells(RnnCell::with_relu).bidirectional(keys));
}

#[test]
fn recurrent_layers_agree_with_flax() {
    flax("lstm").check(LAYER, &["x"], |k| Lstm::new(k, 3, 4), |l, x| l.apply(&x[0], &Context::evaluation()));
    flax("gru").check(LAYER, &["x"], |k| Gru::new(k, 3, 4), |l, x| l.apply(&x[0], &Context::evaluation()));
    flax("rnn").check(LAYER, &["x"], |k| Rnn::new(k, 3, 4), |l, x| l.apply(&x[0], &Context::evaluation()));
    flax("lstm_both").check(
        LAYER,
        &["x"],
        |k| Lstm::new(k, 3, 4).bidirectional(k),
        |l, x| l.apply(&x[0], &Context::evaluation()),
    );
}

fn padding() -> Val {
    padding_mask(&Val::from(&Array::from([5i32, 3])), 5)
}

/// Attention of `x` to itself, with padding or without.
fn attend(layer: &MultiHeadAttention<Val>, x: &Val, padded: bool) -> Val {
    layer.apply(x, padded.then(padding).as_ref(), &Context::evaluation())
}

#[test]
fn attention_agrees_with_pytorch_and_flax() {
    let made = |heads: usize| move |keys: &Keys| MultiHeadAttention::new(keys, 8, heads);
    torch("mha").check(LAYER, &["x"], made(2), |l, x| attend(l, &x[0], true));
    let causal = |keys: &Keys| MultiHeadAttention::new(keys, 8, 4).without_bias().causal();
    torch("mha_causal").check(LAYER, &["x"], causal, |l, x| attend(l, &x[0], false));
    let cross = |keys: &Keys| MultiHeadAttention::new(keys, 8, 2).with_context_width(keys, 6);
    torch("mha_cross").check(LAYER, &["x", "context"], cross, |l, x| {
        l.cross(&x[0], &x[1], Some(&padding()), &Context::evaluation())
    });
    let grouped = |keys: &Keys| MultiHeadAttention::new(keys, 8, 4).with_kv_heads(2).causal();
    torch("gqa").check(LAYER, &["x"], grouped, |l, x| attend(l, &x[0], false));
    flax("mha").check(LAYER, &["x"], made(2), |l, x| attend(l, &x[0], true));
    flax("mha_causal").check(LAYER, &["x"], move |k| made(2)(k).causal(), |l, x| attend(l, &x[0], false));
}

/// Blocks as PyTorch's layers of the same options.
fn options() -> Transformer {
    let plain = Transformer::new(8, 2).with_hidden(12).with_epsilon(1e-5);
    plain.with_activation(Activation::Relu)
}
fn gelu() -> Transformer {
    options().with_activation(Activation::GeluErf)
}

fn encoded(block: &EncoderBlock<Val>, x: &Val, padded: bool) -> Val {
    block.apply(x, padded.then(padding).as_ref(), &Context::evaluation())
}
fn stack(stack: &TransformerEncoder<Val>, x: &Val, padded: bool) -> Val {
    stack.apply(x, padded.then(padding).as_ref(), &Context::evaluation())
}

#[test]
fn encoders_agree_with_pytorch_and_flax() {
    let block = |options: Transformer| move |keys: &Keys| EncoderBlock::new(keys, &options);
    torch("encoder_post").check(LAYER, &["x"], block(options().post_norm()), |b, x| encoded(b, &x[0], true));
    torch("encoder_pre").check(LAYER, &["x"], block(gelu().causal()), |b, x| encoded(b, &x[0], false));
    torch("encoder_plain")
        .check(LAYER, &["x"], block(options().without_bias()), |b, x| encoded(b, &x[0], false));
    let tanh = options().with_activation(Activation::Gelu).with_epsilon(1e-6).causal();
    flax("block").check(LAYER, &["x"], block(tanh), |b, x| encoded(b, &x[0], false));
    let encoder = |options: Transformer| move |keys: &Keys| TransformerEncoder::new(keys, 3, &options);
    torch("encoder_stack").check(STACK, &["x"], encoder(gelu().causal()), |e, x| stack(e, &x[0], false));
    torch("encoder_stack_post")
        .check(STACK, &["x"], encoder(options().post_norm()), |e, x| stack(e, &x[0], true));
}

#[test]
fn decoders_agree_with_pytorch() {
    let inputs = &["x", "context"];
    let apply = |block: &DecoderBlock<Val>, inputs: &[Val]| {
        block.apply(&inputs[0], &inputs[1], None, Some(&padding()), &Context::evaluation())
    };
    let block = |options: Transformer| move |keys: &Keys| DecoderBlock::new(keys, &options);
    torch("decoder_post").check(LAYER, inputs, block(options().post_norm()), apply);
    torch("decoder_pre").check(LAYER, inputs, block(gelu()), apply);
    let apply = |stack: &TransformerDecoder<Val>, inputs: &[Val]| {
        stack.apply(&inputs[0], &inputs[1], None, Some(&padding()), &Context::evaluation())
    };
    torch("decoder_stack").check(STACK, inputs, |keys| TransformerDecoder::new(keys, 3, &options()), apply);
}

#[test]
fn embeddings_agree_with_pytorch_and_flax() {
    let embedding = |keys: &Keys| Embedding::new(keys, 6, 4).with_padding(2);
    torch("embedding")
        .check(LAYER, &[], embedding, |e, _| e.apply(&Val::from(&torch("embedding").get("ids"))));
    flax("tied").check(
        LAYER,
        &["x"],
        |keys| Embedding::new(keys, 6, 8),
        |e, x| {
            let ids = Val::from(&Array::from([[1i32, 2, 5, 5, 0]]));
            e.attend(&(x[0] + e.apply(&ids)))
        },
    );
}
