//! Attention: gradients, batches, masks, order, caches, positions, and what is refused.

use gradus::{Checks, Config, Dtype, grad, jit, s, scan, vmap_axes, where_};

use super::*;
use crate::init;
use crate::layers::checks::{check_gradients, distance, near, normal, random_like};

type Layer = MultiHeadAttention;
type Traced = MultiHeadAttention<Val>;

/// Eight features in four heads, `f64`.
fn layer(change: impl Fn(Traced) -> Traced + Send + Sync) -> Layer {
    let made = init(0, move |keys| change(MultiHeadAttention::new(keys, 8, 4)));
    random_like(&made.unwrap(), 1)
}
fn x() -> Array {
    normal(4, &[2, 5, 8])
}
fn lengths() -> Array {
    Array::from([5i32, 2])
}
fn positions() -> [Positions; 4] {
    let rotary = Positions::Rotary(Rotary::new().with_base(100.0));
    [Positions::None, rotary, Positions::Rotary(Rotary::new().interleaved().with_dims(2)), Positions::Alibi]
}

fn apply(layer: &Traced, x: &Val, lengths: &Val) -> Val {
    layer.apply(x, Some(&padding_mask(lengths, x.shape()[x.rank() - 2])), &Context::evaluation())
}

#[test]
fn gradients_are_slopes_for_every_option() {
    for (positions, kv_heads) in positions().into_iter().zip([4, 2, 1, 4]) {
        let causal = layer(|l| l.causal().with_kv_heads(kv_heads).with_positions(positions));
        let loss = |(layer, x): &(Traced, Val)| apply(layer, x, &Val::from(&lengths())).square().sum();
        check_gradients(&(causal, x()), loss);
    }
    let cross = |(layer, x, context): &(Traced, Val, Val)| {
        layer.cross(x, context, None, &Context::evaluation()).square().sum()
    };
    let made = init(0, |keys| MultiHeadAttention::new(keys, 8, 4).with_context_width(keys, 3)).unwrap();
    check_gradients(&(random_like(&made, 1), x(), normal(5, &[2, 4, 3])), cross);
}

#[test]
fn a_lane_of_vmap_is_an_example_of_the_batch() {
    for positions in positions() {
        let layer = layer(|l| l.causal().with_kv_heads(2).with_positions(positions));
        let batch = jit(apply)(&layer, &x(), &lengths()).unwrap();
        let lanes = jit(|layer: &Traced, x: &Val, n: &Val| vmap_axes(apply, (None, 0, 0), 0)(layer, x, n));
        near(&lanes(&layer, &x(), &lengths()).unwrap(), &batch, 1e-14);
    }
}

#[test]
fn padding_has_no_influence_and_nothing_looks_ahead() {
    let change = jit(|x: &Val, from: &Val| {
        let places = arange(5).expand_dims(1);
        where_(places.ge(from), 1e3 * places, x)
    });
    for positions in positions() {
        let both = |x: &Array, causal: bool, n: i32| {
            let layer = layer(|l| {
                let l = l.with_positions(positions);
                if causal { l.causal() } else { l }
            });
            let y = jit(apply)(&layer, x, &Array::from([n, n])).unwrap();
            jit(|y: &Val| y.slice(s![.., ..3]))(&y).unwrap()
        };
        let changed = change(&x(), &Array::from(3i32)).unwrap();
        assert_eq!(both(&changed, false, 3), both(&x(), false, 3));
        assert_eq!(both(&changed, true, 5), both(&x(), true, 5));
        assert!(distance(&both(&changed, false, 5), &both(&x(), false, 5)) > 1e-3);
    }
}

#[test]
fn a_query_that_sees_nothing_reads_zeros_and_has_no_gradient() {
    let one = layer(|l| l);
    let y = jit(apply)(&one, &x(), &Array::from([5i32, 0])).unwrap().to_f64_vec();
    let b = one.output.b.as_ref().unwrap().to_f64_vec();
    assert_eq!(y[40..48], b);
    let loss = |x: &Val, layer: &Traced| apply(layer, x, &Val::from(&Array::from([5i32, 0]))).sum();
    let slope = jit(grad(loss))(&x(), &one).unwrap().to_f64_vec();
    assert!(slope[..40].iter().all(|g| g.is_finite() && *g != 0.0));
    assert!(slope[40..].iter().all(|g| *g == 0.0));
}

/// A prompt of two at once, then one position after the other in one compiled loop.
fn decoded(layer: &Traced, x: &Val) -> Val {
    let mut cache = layer.cache(&[2], 5);
    let first = layer.decode(&x.slice(s![.., ..2]), &mut cache);
    let rest = x.slice(s![.., 2..]).moveaxis(1, 0);
    let (_, rest) = scan(cache, &rest, |mut cache, x| {
        let y = layer.decode(&x.expand_dims(1), &mut cache).squeeze(1);
        (cache, y)
    });
    gradus::concatenate([first, rest.moveaxis(0, 1)], 1)
}

#[test]
fn a_cache_gives_what_the_whole_sequence_gives() {
    for (positions, kv_heads) in positions().into_iter().zip([4, 1, 2, 4]) {
        let layer = layer(|l| l.causal().with_kv_heads(kv_heads).with_positions(positions));
        let whole = jit(|l: &Traced, x: &Val| l.apply(x, None, &Context::evaluation()))(&layer, &x());
        near(&jit(decoded)(&layer, &x()).unwrap(), &whole.unwrap(), 1e-13);
    }
}

#[test]
fn a_full_cache_is_nan_or_an_error() {
    let decode = |layer: &Traced, x: &Val| {
        let mut cache = layer.cache(&[2], 3);
        [0, 1, 2, 3, 4].map(|t| layer.decode(&x.slice(s![.., t..t + 1]), &mut cache)).to_vec()
    };
    let layer = layer(|l| l.causal());
    let all = jit(decode)(&layer, &x()).unwrap();
    let nan = |y: &Array| y.to_f64_vec().iter().all(|y| y.is_nan());
    assert_eq!(all.iter().map(nan).collect::<Vec<_>>(), [false, false, false, true, true]);
    let checks = Checks { out_of_bounds: true, ..Checks::default() };
    let error =
        jit(decode).with(Config { checks, ..Config::default() })(&layer, &x()).unwrap_err().to_string();
    assert!(error.contains("out of bounds") && error.contains("attention_tests.rs"), "{error}");
    let longer = jit(|l: &Traced, x: &Val| l.decode(x, &mut l.cache(&[2], 3)))(&layer, &x()).unwrap_err();
    assert!(longer.to_string().contains("x has 5 positions, the cache room for 3"), "{longer}");
}

#[test]
fn rotations_depend_on_distances_alone_and_forms_differ_in_order() {
    let rotary = Rotary::new();
    let scores = jit(move |q: &Val, k: &Val, at: &Val| {
        gradus::einsum("thd,shd->hts", [rotary.apply(q, at), rotary.apply(k, at)])
    });
    let (q, k) = (normal(1, &[3, 2, 4]), normal(2, &[3, 2, 4]));
    let first = scores(&q, &k, &Array::from(0i32)).unwrap();
    near(&scores(&q, &k, &Array::from(1000i32)).unwrap(), &first, 1e-11);
    let forms = jit(|x: &Val| {
        let apart = x.reshape([3, 2, 2, 2]).swapaxes(-1, -2).reshape([3, 2, 4]);
        let back = Rotary::new().apply(&apart, 7).reshape([3, 2, 2, 2]).swapaxes(-1, -2).reshape([3, 2, 4]);
        (Rotary::new().interleaved().apply(x, 7), back)
    });
    let (interleaved, halves) = forms(&q).unwrap();
    near(&interleaved, &halves, 1e-15);
    let part = jit(|x: &Val| {
        Rotary::new().with_dims(2).apply(x, 1).slice(s![.., .., 2..]) - x.slice(s![.., .., 2..])
    });
    assert!(part(&q).unwrap().to_f64_vec().iter().all(|x| *x == 0.0));
    let error = jit(|x: &Val| Rotary::new().with_dims(3).apply(x, 1))(&q).unwrap_err().to_string();
    assert!(error.starts_with("Rotary: 3 elements are turned in heads of 4"), "{error}");
}

#[test]
fn slopes_of_alibi_are_those_of_the_paper() {
    assert_eq!(alibi_slopes(4), [0.25, 0.0625, 0.015625, 0.00390625]);
    // Not a power of two: as the authors' code has it.
    assert_eq!(alibi_slopes(3), [0.0625, 0.00390625, 0.25]);
}

#[test]
fn dropout_of_weights_is_in_training_only_and_keeps_the_mean() {
    let layer = layer(|l| l.with_dropout(0.5));
    let mean = jit(|l: &Traced, x: &Val, key: &Val| {
        let training = |key: Val| l.apply(x, None, &Context::training(&key));
        let draws = vmap_axes(move |key: &Val| training(*key), 0, 0)(&gradus::random::split(key, 4000));
        (draws.mean_axes(0), draws.at(0), l.apply(x, None, &Context::evaluation()))
    });
    let (mean, one, evaluation) = mean(&layer, &x(), &gradus::random::seed(2)).unwrap();
    assert!(distance(&mean, &evaluation) < 0.05 && distance(&one, &evaluation) > 0.05);
}

#[test]
fn weights_of_16_bits_are_near_those_of_64() {
    let layer = layer(|l| l.causal());
    let half = jit(|l: &Traced, x: &Val| {
        let half = l.map(|leaf| leaf.astype(Dtype::BF16));
        (
            half.apply(x, None, &Context::evaluation()).astype(Dtype::F64),
            l.apply(x, None, &Context::evaluation()),
        )
    });
    let (half, whole) = half(&layer, &x()).unwrap();
    assert!(distance(&half, &whole) < 0.03);
}

#[test]
fn what_does_not_fit_is_refused_at_the_line_of_the_user() {
    let check = |f: fn(&Traced, &Val) -> Val, expected: &str| {
        let error = jit(f)(&layer(|l| l.causal()), &x()).unwrap_err().to_string();
        let expected = format!("MultiHeadAttention: {expected}");
        assert!(error.starts_with(&expected) && error.contains("attention_tests.rs"), "{error}");
    };
    check(
        |l, x| l.apply(&x.slice(s![.., .., ..7]), None, &Context::evaluation()),
        "x is f64[2,5,7], expected [.., time, 8]",
    );
    check(|l, x| l.cross(x, x, None, &Context::evaluation()), "a context has no order with x");
    check(|l, x| l.decode(x, &mut l.cache(&[3], 9)), "the cache is f64[3,9,4,2], expected f64[2,9,4,2]");
    check(
        |l, x| l.apply(x, Some(&gradus::ones([2, 5], Dtype::Bool)), &Context::evaluation()),
        "the mask is bool[2,5], expected [.., heads, time, span] = [2, 4, 5, 5] or 1",
    );
    check(
        |l, x| l.apply(x, Some(&gradus::ones([2, 1, 5, 5], Dtype::F32)), &Context::evaluation()),
        "the mask is f32[2,1,5,5], not truth values",
    );
    let error = init(0, |keys| MultiHeadAttention::new(keys, 8, 3)).unwrap_err().to_string();
    assert!(error.starts_with("MultiHeadAttention: 3 heads over 8 features"), "{error}");
    let error = init(0, |keys| MultiHeadAttention::new(keys, 8, 4).with_kv_heads(3)).unwrap_err().to_string();
    assert!(error.starts_with("MultiHeadAttention: 4 heads of queries over 3 of keys"), "{error}");
    let more = |keys: &Keys| MultiHeadAttention::new(keys, 8, 4).with_kv_heads(2).with_kv_heads(4);
    let error = init(0, more).unwrap_err().to_string();
    assert!(error.starts_with("MultiHeadAttention: 4 heads of keys, but there are only 2"), "{error}");
}
