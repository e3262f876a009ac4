//! Transformers: gradients, batches, decoding, and weights that are tied.

use gradus::{concatenate, jit, s, vmap_axes};

use super::*;
use crate::layers::checks::{check_gradients, near, normal, random_like};
use crate::layers::{Embedding, Rotary, key_mask};
use crate::{Adam, TrainState, Training, cross_entropy, init};

fn options() -> [Transformer; 3] {
    let plain = Transformer::new(8, 2).with_hidden(12);
    let rotary = Positions::Rotary(Rotary::new());
    let llama = plain.with_rms_norm().with_swiglu().without_bias().with_positions(rotary).with_kv_heads(1);
    [plain, plain.post_norm().with_activation(Activation::GeluErf), llama]
}
fn encoder(options: Transformer) -> TransformerEncoder {
    random_like(&init(0, move |keys| TransformerEncoder::new(keys, 2, &options)).unwrap(), 1)
}
fn decoder(options: Transformer) -> TransformerDecoder {
    random_like(&init(0, move |keys| TransformerDecoder::new(keys, 2, &options)).unwrap(), 1)
}
fn x() -> Array {
    normal(3, &[2, 4, 8])
}
fn context() -> Array {
    normal(4, &[2, 3, 8])
}

fn encoded(encoder: &TransformerEncoder<Val>, x: &Val) -> Val {
    encoder.apply(x, None, &Context::evaluation())
}
/// With a context whose last position is padding.
fn written(decoder: &TransformerDecoder<Val>, x: &Val, context: &Val) -> Val {
    let present = gradus::arange(3).lt(2).broadcast_to(&context.shape()[..context.rank() - 1]);
    decoder.apply(x, context, None, Some(&key_mask(&present)), &Context::evaluation())
}

#[test]
fn gradients_are_slopes_for_every_option() {
    for options in options() {
        let loss = |(encoder, x): &(TransformerEncoder<Val>, Val)| encoded(encoder, x).square().mean();
        check_gradients(&(encoder(options), x()), loss);
        let loss = |(decoder, x, context): &(TransformerDecoder<Val>, Val, Val)| {
            written(decoder, x, context).sin().mean()
        };
        check_gradients(&(decoder(options), x(), context()), loss);
    }
}

#[test]
fn a_lane_of_vmap_is_an_example_of_the_batch() {
    for options in options() {
        let encoder = encoder(options);
        let lanes = jit(|e: &TransformerEncoder<Val>, x: &Val| vmap_axes(encoded, (None, 0), 0)(e, x));
        near(&lanes(&encoder, &x()).unwrap(), &jit(encoded)(&encoder, &x()).unwrap(), 1e-14);
        let decoder = decoder(options);
        let lanes = jit(|d: &TransformerDecoder<Val>, x: &Val, context: &Val| {
            vmap_axes(written, (None, 0, 0), 0)(d, x, context)
        });
        let batch = jit(written)(&decoder, &x(), &context()).unwrap();
        near(&lanes(&decoder, &x(), &context()).unwrap(), &batch, 1e-14);
    }
}

#[test]
fn decoding_with_caches_gives_what_the_whole_sequence_gives() {
    for options in options() {
        let both = jit(|e: &TransformerEncoder<Val>, x: &Val| {
            let mut caches = e.cache(&[2], 6);
            let parts = [x.slice(s![.., ..3]), x.slice(s![.., 3..])].map(|x| e.decode(&x, &mut caches));
            (concatenate(parts, 1), encoded(e, x))
        });
        let (parts, whole) = both(&encoder(options.causal()), &x()).unwrap();
        near(&parts, &whole, 1e-13);
        let both = jit(|d: &TransformerDecoder<Val>, x: &Val, context: &Val| {
            let mask = key_mask(&gradus::arange(3).lt(2).broadcast_to([2, 3]));
            let mut caches = d.cache(context, 6);
            let parts = [x.slice(s![.., ..3]), x.slice(s![.., 3..])];
            let parts = parts.map(|x| d.decode(&x, &mut caches, Some(&mask)));
            (concatenate(parts, 1), written(d, x, context))
        });
        let (parts, whole) = both(&decoder(options), &x(), &context()).unwrap();
        near(&parts, &whole, 1e-13);
    }
}

#[test]
fn a_decoder_never_looks_ahead() {
    let last = jit(|d: &TransformerDecoder<Val>, x: &Val, context: &Val| {
        let changed = concatenate([x.slice(s![.., ..3]), x.slice(s![.., 3..]) + 9.0], 1);
        let first = |x: &Val| written(d, x, context).slice(s![.., ..3]);
        (first(x), first(&changed))
    });
    let (before, after) = last(&decoder(options()[0]), &x(), &context()).unwrap();
    assert_eq!(before, after);
}

#[test]
fn tied_weights_stay_tied_through_a_step_of_an_optimizer() {
    #[derive(Tree, Clone)]
    struct Tied<T = Array> {
        tokens: Embedding<T>,
        body: TransformerEncoder<T>,
    }
    let model = init(0, |keys| Tied {
        tokens: Embedding::new(keys, 5, 8),
        body: TransformerEncoder::new(keys, 1, &Transformer::new(8, 2).causal()),
    });
    let adam = Adam::new(0.1);
    let before = model.unwrap();
    let mut state = TrainState::new(before.clone(), &adam, 0).unwrap();
    let step = jit(move |state: &mut Training<Tied<Val>, Adam>, ids: &Val| {
        state.step(&adam, |model, ctx| {
            let h = model.body.apply(&model.tokens.apply(ids), None, ctx);
            cross_entropy(&model.tokens.attend(&h), ids)
        })
    });
    // The row 4 is no input: only the output can change it.
    step(&mut state, &Array::from([[0i32, 1, 2, 3]])).unwrap();
    let tables =
        state.model.paths().into_iter().filter(|path| path.starts_with("tokens")).collect::<Vec<_>>();
    assert_eq!(tables, ["tokens.table"]);
    let (old, new) = (before.tokens.table.to_f64_vec(), state.model.tokens.table.to_f64_vec());
    assert!(old.iter().zip(&new).all(|(old, new)| old != new), "{old:?} {new:?}");
    let same = jit(|model: &Tied<Val>| {
        let scores = model.tokens.attend(&gradus::eye(8, gradus::Dtype::F32));
        (scores.transpose(), model.tokens.apply(&gradus::arange(5)))
    });
    let (output, input) = same(&state.model).unwrap();
    assert_eq!(output, input);
}

#[test]
fn a_wrong_number_of_caches_is_refused() {
    let decode = jit(|e: &TransformerEncoder<Val>, x: &Val| e.decode(x, &mut e.cache(&[2], 6)[..1]));
    let error = decode(&encoder(options()[0].causal()), &x()).unwrap_err().to_string();
    assert!(error.starts_with("TransformerEncoder: 1 caches for 2 blocks"), "{error}");
    let decode = jit(|e: &TransformerEncoder<Val>, x: &Val| e.decode(x, &mut e.cache(&[2], 6)));
    let error = decode(&encoder(options()[0]), &x()).unwrap_err().to_string();
    assert!(error.contains("only a causal layer reads position by position"), "{error}");
    assert!(error.contains("transformer_tests.rs"), "{error}");
}
