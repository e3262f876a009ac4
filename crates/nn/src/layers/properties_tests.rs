//! What holds of every layer of space: its gradients are differences, under `vmap` it is itself on the batch, an empty
//! batch is one, and other features are refused in words.

use gradus::{
    Array, Dtype, LeafKind, Padding, ResizeMethod, Traced, Tree, Val, Vmap, grad, jit, random, vmap, where_,
};

use super::*;
use crate::{Context, Keys, Sgd, TrainState, Training, cross_entropy, init, load, save};

/// Numbers without a pattern, between -1 and 1: `f64` of this shape.
fn noise(shape: &[usize], seed: usize) -> Val {
    let n: usize = shape.iter().product();
    (gradus::arange(n).astype(Dtype::F64) * 12.9898 + 1.7 * seed as f64).sin().reshape(shape)
}

/// The model of `make` in f64, no leaf of which is a number that it begins with.
fn made<M: Traced>(make: impl Fn(&Keys) -> M + Send + Sync) -> M::Data {
    let moved = |leaf: &Val| leaf.astype(Dtype::F64) + 0.3 * noise(&leaf.shape(), leaf.size());
    init(0, |keys| make(keys).map(moved)).expect("a model")
}

fn close(found: &Array, expected: &Array, within: f64) {
    assert_eq!(found.shape(), expected.shape());
    let (found, expected) = (found.to_vec::<f64>().unwrap(), expected.to_vec::<f64>().unwrap());
    let largest = expected.iter().fold(1e-3f64, |most, x| most.max(x.abs()));
    for (a, b) in found.iter().zip(&expected) {
        assert!((a - b).abs() <= within * largest, "{a} is not {b}, of at most {largest}");
    }
}

/// Asks all of it of the model of `make`, for inputs of `shape`, a batch first; `weights` is what a refusal names.
fn check<M: Traced>(
    make: impl Fn(&Keys) -> M + Send + Sync,
    shape: &[usize],
    weights: &str,
    apply: fn(&M, &Val) -> Val,
) {
    let model = made(make);
    gradients_are_differences(&model, shape, apply);
    let (own, batch) = (shape.to_vec(), shape.to_vec());
    let lanes = jit(move |model: &M| vmap(|x: &Val| apply(model, x))(&noise(&own, 3)))(&model).unwrap();
    let whole = jit(move |model: &M| apply(model, &noise(&batch, 3)))(&model).unwrap();
    close(&lanes, &whole, 1e-13);

    let f = jit(move |model: &M, x: &Val| apply(model, x));
    let of = |shape: &[usize]| f(&model, &Array::full(shape, 0.5f64));
    let empty = of(&[&[0], &shape[1..]].concat()).unwrap();
    assert_eq!(empty.shape(), [&[0], &whole.shape()[1..]].concat());
    let nested = of(&[&[3, 1], shape].concat()).unwrap();
    assert_eq!(nested.shape(), [&[3, 1], &whole.shape()[..]].concat());
    if !weights.is_empty() {
        let mut other = shape.to_vec();
        *other.last_mut().unwrap() += 1;
        let error = of(&other).unwrap_err().to_string();
        let x = Array::full(&other[..], 0.5f64).ty().to_string();
        assert!(error.contains(&x) && error.contains(weights), "{error}");
        assert!(error.contains("properties_tests.rs"), "{error}");
    }
}

/// Along one direction of all parameters and the input.
fn gradients_are_differences<M: Traced>(model: &M::Data, shape: &[usize], apply: fn(&M, &Val) -> Val) {
    const STEP: f64 = 1e-5;
    let shape = shape.to_vec();
    let both = jit(move |model: &M| {
        let loss = move |at: &(M, Val)| {
            let y = apply(&at.0, &at.1);
            (y * noise(&y.shape(), 5)).sum()
        };
        let at = (model.copy(), noise(&shape, 3));
        let mut kinds = at.kinds().into_iter();
        let towards = at.map(|leaf| match kinds.next() {
            Some(LeafKind::Buffer) => leaf.zeros_like(),
            _ => noise(&leaf.shape(), 7 + leaf.size()),
        });
        let moved = |h: f64| loss(&at.zip_map(&towards, |x, d| x + h * d));
        let difference = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
        let slopes = grad(loss)(&at).zip_map(&towards, |slope, d| (slope * d).sum());
        let product = slopes.leaves().into_iter().fold(Val::from(0.0), |sum, part| sum + part);
        (difference, product)
    });
    let (difference, product) = both(model).unwrap();
    close(&product, &difference, 1e-7);
}

#[test]
fn convolutions() {
    let same = |keys: &Keys| Conv::new(keys, [3], 3, 4);
    check(same, &[2, 5, 3], "f64[3,3,4]", |conv, x| conv.apply(x));
    let strided =
        |keys: &Keys| Conv::new(keys, [3, 2], 3, 4).with_strides([2, 1]).with_padding(Padding::Valid);
    check(strided, &[2, 5, 6, 3], "f64[3,2,3,4]", |conv, x| conv.apply(x));
    let dilated = |keys: &Keys| Conv::new(keys, [2, 1, 2], 2, 3).with_dilation([1, 1, 2]).without_bias();
    check(dilated, &[2, 3, 2, 4, 2], "f64[2,1,2,2,3]", |conv, x| conv.apply(x));
    let grouped = |keys: &Keys| Conv::grouped(keys, [3, 3], 4, 6, 2);
    check(grouped, &[2, 4, 4, 4], "f64[3,3,2,6]", |conv, x| conv.apply(x));
    let depthwise = |keys: &Keys| Conv::depthwise(keys, [3, 3], 4);
    check(depthwise, &[2, 4, 4, 4], "f64[3,3,1,4]", |conv, x| conv.apply(x));
    for border in [Border::Circular, Border::Reflect, Border::Replicate] {
        let ring = move |keys: &Keys| Conv::new(keys, [3, 4], 2, 3).with_border(border);
        check(ring, &[2, 4, 5, 2], "f64[3,4,2,3]", |conv, x| conv.apply(x));
    }
}

#[test]
fn a_causal_convolution_sees_nothing_that_comes_later() {
    let causal = |keys: &Keys| Conv::new(keys, [3], 2, 2).causal().with_dilation([2]);
    check(causal, &[2, 7, 2], "f64[3,2,2]", |conv, x| conv.apply(x));
    let conv = made(causal);
    let f = jit(|conv: &Conv<Val>, x: &Val| conv.apply(x));
    let whole = (0..14).map(|i| f64::from(i).sin()).collect::<Vec<_>>();
    let full = f(&conv, &Array::new([7, 2], &whole).unwrap()).unwrap().to_vec::<f64>().unwrap();
    let part = f(&conv, &Array::new([4, 2], &whole[..8]).unwrap()).unwrap().to_vec::<f64>().unwrap();
    assert_eq!(full[..8], part);
}

#[test]
fn transposed_convolutions() {
    let doubling = |keys: &Keys| ConvTranspose::new(keys, [4, 3], 3, 2).with_strides([2, 2]);
    check(doubling, &[2, 3, 4, 3], "f64[4,3,3,2]", |conv, x| conv.apply(x));
    let line = |keys: &Keys| {
        let padding = Padding::Explicit(vec![(1, 0)]);
        ConvTranspose::grouped(keys, [3], 4, 6, 2)
            .with_strides([2])
            .with_padding(padding)
            .with_flipped_kernel()
    };
    check(line, &[2, 5, 4], "f64[3,2,6]", |conv, x| conv.apply(x));
    let cube = |keys: &Keys| {
        let dilated = ConvTranspose::new(keys, [2, 2, 2], 2, 1).with_dilation([2, 1, 1]);
        dilated.with_padding(Padding::Valid).without_bias()
    };
    check(cube, &[2, 2, 3, 2, 2], "f64[2,2,2,2,1]", |conv, x| conv.apply(x));
}

#[test]
fn groups_divide_features() {
    let refused = |f: fn(&Keys) -> Val| init(0, f).unwrap_err().to_string();
    let error = refused(|keys| Conv::grouped(keys, [3], 6, 8, 4).w);
    assert!(
        error.starts_with("Conv: 6 inputs and 8 outputs in 4 groups") && error.contains("properties"),
        "{error}"
    );
    let error = refused(|keys| ConvTranspose::grouped(keys, [3], 4, 8, 0).w);
    assert!(error.starts_with("ConvTranspose: 4 inputs and 8 outputs in 0 groups"), "{error}");
    let error = refused(|_| GroupNorm::new(3, 4, 2).scale.unwrap());
    assert!(error.starts_with("GroupNorm: 4 features in 3 groups"), "{error}");
}

#[test]
fn norms() {
    check(|_| LayerNorm::new(4), &[2, 3, 4], "[4]", |norm, x| norm.apply(x));
    check(|_| LayerNorm::new([3, 4]).without_bias(), &[2, 3, 4], "[3, 4]", |norm, x| norm.apply(x));
    check(|_| RmsNorm::new(4).with_epsilon(0.1), &[2, 3, 4], "[4]", |norm, x| norm.apply(x));
    check(|_| GroupNorm::new(2, 6, 2), &[2, 3, 4, 6], "6 features", |norm, x| norm.apply(x));
    check(|_| GroupNorm::new(2, 6, 0), &[2, 6], "6 features", |norm, x| norm.apply(x));
    check(|_| GroupNorm::instance(3, 1), &[2, 5, 3], "3 features", |norm, x| norm.apply(x));
    check(
        |_| BatchNorm::new(3),
        &[2, 5, 3],
        "f64[3]",
        |norm, x| norm.clone().apply(x, &Context::evaluation()),
    );
    check(
        |_| BatchNorm::new(3).without_scale(),
        &[4, 3],
        "f64[3]",
        |norm, x| norm.clone().apply(x, &Context::evaluation()),
    );
}

#[test]
fn pools_and_larger_images() {
    check(|_| (), &[2, 5, 4, 3], "", |_, x| global_avg_pool(x, 2));
    check(|_| (), &[2, 5, 3], "", |_, x| global_max_pool(x, 1));
    check(|_| (), &[2, 5, 7, 3], "", |_, x| adaptive_avg_pool(x, [2, 3]));
    check(|_| (), &[2, 5, 7, 3], "", |_, x| adaptive_max_pool(x, [6, 7]));
    check(|_| (), &[2, 6, 4, 2], "", |_, x| x.max_pool(&gradus::Pool::new([3, 2])));
    check(
        |_| (),
        &[2, 6, 2],
        "",
        |_, x| {
            let overlapping =
                gradus::Pool { padding: Padding::Same, strides: vec![2], ..gradus::Pool::new([3]) };
            x.avg_pool(&overlapping)
        },
    );
    check(|_| (), &[2, 3, 2, 2], "", |_, x| upsample(x, [2, 3], ResizeMethod::Nearest));
    check(|_| (), &[2, 3, 2, 2], "", |_, x| upsample(x, [2, 3], ResizeMethod::Linear));
    check(|_| (), &[2, 3, 2, 8], "", |_, x| pixel_unshuffle(&pixel_shuffle(x, 2).sin(), 2));
    let apply = jit(|x: &Val| adaptive_avg_pool(x, [0, 2]));
    let error = apply(&Array::full([2, 5, 5, 1], 1.0f32)).unwrap_err().to_string();
    assert!(error.starts_with("adaptive_avg_pool: an input f32[2,5,5,1] to the extents [0, 2]"), "{error}");
    let error = jit(|x: &Val| pixel_shuffle(x, 2))(&Array::full([5, 5, 6], 1.0f32)).unwrap_err().to_string();
    assert!(error.starts_with("pixel_shuffle: an input f32[5,5,6]"), "{error}");
}

#[test]
fn blocks() {
    let squeezed = |keys: &Keys| SqueezeExcite::new(keys, 4, 2).with_activations(Val::silu, Val::sigmoid);
    check(squeezed, &[2, 3, 3, 4], "f64[4,2]", |block, x| block.apply(x));
    let evaluated = |block: &ResidualBlock<Val>, x: &Val| block.clone().apply(x, &Context::evaluation());
    let basic = |keys: &Keys| ResidualBlock::basic(keys, 3, 4, 2).with_activation(Val::silu);
    check(basic, &[2, 4, 5, 3], "f64[3,3,3,4]", evaluated);
    let deep = |keys: &Keys| {
        let block = ResidualBlock::grouped_bottleneck(keys, [4, 2, 4], 1, 2).with_squeeze_excite(keys, 2);
        block.with_pre_activation().with_activation(Val::silu)
    };
    check(deep, &[2, 3, 3, 4], "f64[4]", evaluated);
    let before =
        |keys: &Keys| ResidualBlock::basic(keys, 3, 4, 2).with_pre_activation().with_activation(Val::silu);
    check(before, &[2, 4, 4, 3], "f64[3]", evaluated);
    let mobile = |keys: &Keys| InvertedResidual::new(keys, 3, 3, 3, 1, 2).with_squeeze_excite(keys, 1);
    check(
        move |keys| mobile(keys).with_activation(Val::silu),
        &[2, 4, 4, 3],
        "f64[1,1,3,6]",
        |block, x| block.clone().apply(x, &Context::evaluation()),
    );
}

#[test]
fn in_evaluation_batch_normalization_is_the_folded_affine_map() {
    let pair = made(|keys| (Conv::new(keys, [3, 3], 2, 3), BatchNorm::new(3)));
    let both = jit(|(conv, norm): &(Conv<Val>, BatchNorm<Val>), x: &Val| {
        let slope = norm.scale.unwrap() / (norm.var + norm.epsilon).sqrt();
        let b = (conv.b.unwrap() - norm.mean) * slope + norm.bias.unwrap();
        let folded = Conv { w: conv.w * slope, b: Some(b), ..conv.clone() };
        (norm.clone().apply(&conv.apply(x), &Context::evaluation()), folded.apply(x))
    });
    let x = Array::new([2, 3, 3, 2], (0..36).map(|i| f64::from(i).cos()).collect::<Vec<_>>()).unwrap();
    let (apart, folded) = both(&pair, &x).unwrap();
    close(&apart, &folded, 1e-13);
}

#[test]
fn statistics_of_named_lanes_are_those_of_the_whole_batch() {
    for (unbiased, shape) in [(false, vec![4, 2, 3]), (true, vec![4, 2, 3]), (true, vec![4, 3])] {
        let norm = made(move |_| BatchNorm { unbiased, ..BatchNorm::new(3).with_axis_name("batch") });
        let both = jit(move |norm: &BatchNorm<Val>, key: &Val| {
            let ctx = || Context::training(key);
            let x = noise(&shape, 1);
            let mut whole = BatchNorm { axis_name: None, ..norm.clone() };
            let expected = whole.apply(&x, &ctx());
            let lanes = Vmap::default().name("batch").of(|x: &Val| {
                let mut norm = norm.clone();
                (norm.apply(x, &ctx()), norm.mean, norm.var)
            });
            let (y, mean, var) = lanes(&x);
            let weighted = |y: Val| (y * noise(&y.shape(), 2)).sum();
            let slope = grad(|x: &Val| weighted(lanes(x).0))(&x);
            let expected_slope =
                grad(|x: &Val| weighted(BatchNorm { axis_name: None, ..norm.clone() }.apply(x, &ctx())))(&x);
            ([y, slope, mean.at(1), var.at(3)], [expected, expected_slope, whole.mean, whole.var])
        });
        let (found, expected) = both(&norm, &random::seed(0)).unwrap();
        found.iter().zip(&expected).for_each(|(found, expected)| close(found, expected, 1e-13));
    }
}

#[test]
fn what_a_mask_leaves_out_changes_no_statistics() {
    let norm = made(|_| BatchNorm::new(3).with_unbiased_variance());
    let both = jit(|norm: &BatchNorm<Val>, key: &Val| {
        let ctx = || Context::training(key);
        let x = noise(&[4, 2, 3], 1);
        let mut three = norm.clone();
        let expected = three.apply(&x.slice(gradus::s![..3]), &ctx());
        let mut all = norm.clone();
        let mask = gradus::arange(4).lt(3);
        let padded = where_(mask.reshape([4, 1, 1]), x, f64::NAN);
        let y = all.apply_masked(&padded, &mask, &ctx()).slice(gradus::s![..3]);
        let mut none = norm.clone();
        none.apply_masked(&x, &gradus::arange(4).lt(0), &ctx());
        ([y, all.mean, all.var, none.mean, none.var], [expected, three.mean, three.var, norm.mean, norm.var])
    });
    let (found, expected) = both(&norm, &random::seed(0)).unwrap();
    found.iter().zip(&expected).for_each(|(found, expected)| close(found, expected, 1e-13));

    let f = jit(|norm: &BatchNorm<Val>, x: &Val, mask: &Val| {
        norm.clone().apply_masked(x, mask, &Context::evaluation())
    });
    for mask in [Array::from([true, false]), Array::full([4, 2, 3], true), Array::full([4], 1i32)] {
        let error = f(&norm, &Array::full([4, 2, 3], 1.0f64), &mask).unwrap_err().to_string();
        let ty = mask.ty().to_string();
        assert!(
            error.starts_with("BatchNorm: a mask ") && error.contains(&ty) && error.contains("f64[4,2,3]")
        );
    }
}

#[test]
fn options_that_do_not_fit_are_refused_by_the_layers_name() {
    let refused = |make: fn(&Keys) -> Conv<Val>| {
        let f = jit(|conv: &Conv<Val>, x: &Val| conv.apply(x));
        f(&init(0, make).unwrap(), &Array::full([1, 5, 5, 2], 1.0f32)).unwrap_err().to_string()
    };
    let error = refused(|keys| Conv::new(keys, [3, 3], 2, 2).with_strides([2]));
    assert!(
        error.starts_with("Conv: 1 strides [2] for 2 axes") && error.contains("properties_tests.rs"),
        "{error}"
    );
    let error = refused(|keys| Conv::new(keys, [3, 3], 2, 2).with_padding(Padding::Explicit(vec![(1, 1)])));
    assert!(error.starts_with("Conv: 1 pairs of padding for 2 axes"), "{error}");
    let error = refused(|keys| {
        let padding = Padding::Explicit(vec![(1, 1)]);
        Conv::new(keys, [3, 3], 2, 2).with_border(Border::Circular).with_padding(padding)
    });
    assert!(error.starts_with("Conv: ") && error.contains("pairs"), "{error}");
}

#[test]
fn paths_are_dropped_by_examples_whatever_axes_lead() {
    let make = |keys: &Keys| ResidualBlock::basic(keys, 1, 1, 1).with_pre_activation().with_drop_path(0.5);
    let branch = jit(|block: &ResidualBlock<Val>, x: &Val, key: &Val| {
        let y = block.clone().apply(x, &Context::training(key)) - x;
        y.reshape([-1, 4, 4]).abs().gt(0).any_axes([1, 2])
    });
    let block = init(0, make).unwrap();
    let image = |leading: &[usize]| {
        let shape = [leading, &[4, 4, 1]].concat();
        let n = shape.iter().product::<usize>();
        Array::new(shape, (0..n).map(|i| (i as f32).sin()).collect::<Vec<_>>()).unwrap()
    };
    let nested = branch(&block, &image(&[8, 8]), &random::seed(1)).unwrap().to_vec::<bool>().unwrap();
    let kept = nested.iter().filter(|kept| **kept).count();
    assert!((16..48).contains(&kept), "{kept} of 64");
    assert!(nested.chunks(8).any(|row| row != &nested[..8]));
    // A single image is one example: it stays or goes as a whole, a row or not at all.
    let whole = jit(|block: &ResidualBlock<Val>, x: &Val, key: &Val| {
        let y = block.clone().apply(x, &Context::training(key)) - x;
        y.abs().gt(0).any_axes([1, 2])
    });
    for seed in 0..8 {
        let rows = whole(&block, &image(&[]), &random::seed(seed)).unwrap().to_vec::<bool>().unwrap();
        assert!(rows.iter().all(|row| *row == rows[0]), "{rows:?}");
    }
}

#[test]
fn training_moves_the_running_statistics_by_the_momentum() {
    let mut norm =
        init(0, |_: &Keys| BatchNorm::new(1).with_momentum(0.75).with_unbiased_variance()).unwrap();
    let train = jit(|norm: &mut BatchNorm<Val>, x: &Val, key: &Val| norm.apply(x, &Context::training(key)));
    let key = random::seed(0);
    train(&mut norm, &Array::new([4, 1], [1.0f32, 1.0, 5.0, 5.0]).unwrap(), &key).unwrap();
    // The mean is 3, the variance 4 · 4 / 3.
    assert_eq!(norm.mean, Array::from([0.75f32]));
    assert!((norm.var.to_vec::<f32>().unwrap()[0] - (0.75 + 0.25 * 16.0 / 3.0)).abs() < 1e-6);
    // No examples say nothing.
    let before = norm.mean.clone();
    assert_eq!(train(&mut norm, &Array::full([0, 1], 1.0f32), &key).unwrap().shape(), [0, 1]);
    assert_eq!(norm.mean, before);
    let error = train(&mut norm, &Array::from([1.0f32]), &key).unwrap_err().to_string();
    assert!(
        error.starts_with("BatchNorm: f32[1] is one example") && error.contains("properties_tests"),
        "{error}"
    );
}

#[test]
fn statistics_of_16_bit_floats_are_f32() {
    let mut norm = init(0, |_: &Keys| {
        let norm = BatchNorm::new(1).with_momentum(0.0);
        let half = |v: Option<Val>| v.map(|v| v.astype(Dtype::BF16));
        BatchNorm { scale: half(norm.scale), bias: half(norm.bias), ..norm }
    })
    .unwrap();
    let train = jit(|norm: &mut BatchNorm<Val>, key: &Val| {
        // A thousand ones and a thousand threes: a sum that bf16 does not hold.
        let x = (gradus::arange(2000) % 2 * 2 + 1).astype(Dtype::BF16).reshape([2000, 1]);
        norm.apply(&x, &Context::training(key))
    });
    let y = train(&mut norm, &random::seed(0)).unwrap();
    assert_eq!(
        (y.dtype(), norm.mean.clone(), norm.var),
        (Dtype::BF16, Array::from([2.0f32]), Array::from([1.0f32]))
    );
}

#[test]
fn a_block_with_a_zero_branch_is_its_way_around() {
    for before in [false, true] {
        let block = init(0, move |keys: &Keys| {
            let block = ResidualBlock::bottleneck(keys, 4, 2, 4, 1);
            if before { block.with_pre_activation().with_zero_branch() } else { block.with_zero_branch() }
        });
        let apply = jit(|block: &ResidualBlock<Val>, x: &Val, key: &Val| {
            block.clone().apply(x, &Context::training(key))
        });
        let x = Array::new([1, 2, 2, 4], (0..16).map(|i| i as f32).collect::<Vec<_>>()).unwrap();
        assert_eq!(apply(&block.unwrap(), &x, &random::seed(0)).unwrap(), x);
    }
}

#[test]
fn a_network_that_is_saved_goes_on_as_one_that_is_not() {
    let sizes = ResNetSizes { width: 4, pre_activation: true, bottleneck: true, ..ResNetSizes::resnet20() };
    let sgd = Sgd::new(0.1);
    let fresh = |seed| {
        let sizes = sizes.clone();
        TrainState::new(init(seed, move |keys: &Keys| ResNet::new(keys, &sizes)).unwrap(), &sgd, seed)
            .unwrap()
    };
    let (mut state, other) = (fresh(0), fresh(1));
    let optimizer = sgd.clone();
    let step = jit(move |state: &mut Training<ResNet<Val>, Sgd>, x: &Val, y: &Val| {
        state.step(&optimizer, |net, ctx| cross_entropy(&net.apply(x, ctx), y))
    });
    let images = (0..4 * 8 * 8 * 3).map(|i| (i as f32 * 0.37).sin()).collect::<Vec<_>>();
    let (x, y) = (Array::new([4, 8, 8, 3], images).unwrap(), Array::from([3i32, 1, 4, 1]));
    let first = step(&mut state, &x, &y).unwrap();
    let path = std::env::temp_dir().join(format!("gradus-resnet-{}.safetensors", std::process::id()));
    save(&path, &state).unwrap();
    let mut resumed = load(&path, &other).unwrap();
    std::fs::remove_file(&path).unwrap();
    let losses = [&mut state, &mut resumed].map(|state| step(state, &x, &y).unwrap());
    assert_eq!(losses[0], losses[1]);
    assert_ne!(losses[0], first);
    for ((path, one), two) in state.paths().iter().zip(state.leaves()).zip(resumed.leaves()) {
        assert_eq!(one, two, "{path}");
    }
}

#[test]
fn the_parameters_of_residual_networks_are_as_many_as_published() {
    let count = |sizes: ResNetSizes| {
        let net = init(0, move |keys: &Keys| ResNet::new(keys, &sizes)).unwrap();
        let leaves = crate::Parameters::of(&net);
        leaves.leaves().iter().map(Array::size).sum::<usize>()
    };
    assert_eq!(count(ResNetSizes::resnet18()), 11_689_512);
    assert_eq!(count(ResNetSizes::resnet50()), 25_557_032);
    // With convolutions on the way around, which have 2752 parameters more than the 0.27 million of the article.
    assert_eq!(count(ResNetSizes::resnet20()), 272_474);
}
