//! Layers of space against PyTorch and Flax on equal weights: outputs, gradients, running statistics.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use gradus::{Array, Dtype, Padding, Pool, ResizeMethod, Traced, Tree, Val, jit, random};
use gradus_nn::*;
use safetensors::SafeTensors;

const FILE: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/spatial.safetensors"));

/// All arrays of the file, as f64.
static ARRAYS: LazyLock<BTreeMap<String, Array>> = LazyLock::new(|| {
    let file = SafeTensors::deserialize(FILE).expect("safetensors");
    let read = |(name, view): (String, safetensors::tensor::TensorView<'_>)| {
        let numbers: Vec<f64> = match view.dtype() {
            safetensors::Dtype::F32 => {
                view.data().chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()).into()).collect()
            }
            _ => view.data().chunks(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect(),
        };
        (name, Array::new(view.shape(), numbers).unwrap())
    };
    file.tensors().into_iter().map(read).collect()
});

fn array(name: &str) -> &'static Array {
    ARRAYS.get(name).unwrap_or_else(|| panic!("no {name} in the file"))
}

/// Every number is within `tolerance` of the largest.
fn near(name: &str, found: &Array, tolerance: f64) {
    let expected = array(name);
    assert_eq!(found.shape(), expected.shape(), "{name}");
    let (found, expected) = (found.to_f64_vec(), expected.to_f64_vec());
    let largest = expected.iter().fold(f64::MIN_POSITIVE, |most, x| most.max(x.abs()));
    for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let error = (found - expected).abs() / largest;
        assert!(error <= tolerance, "{name}: {found} is not {expected} at {i}, by {error:e}");
    }
}

/// The model of `make` with the leaves of a case.
fn model<M: Traced>(case: &str, make: impl Fn(&Keys) -> M + Send + Sync) -> M::Data {
    let prefix = format!("{case}/leaf/");
    let given = ARRAYS.keys().filter(|name| name.starts_with(&prefix)).count();
    let model = init(0, make).unwrap();
    assert_eq!(model.paths().len(), given, "{case}: {:?}", model.paths());
    model.map_with_path(|path, leaf: &Array| {
        let array = array(&format!("{prefix}{path}"));
        assert_eq!(array.shape(), leaf.shape(), "{case}: {path}");
        array.clone()
    })
}

type Apply<M> = fn(&mut M, &Val, &Context) -> Val;

/// Output, gradients and buffers of a case, computed in `dtype`.
fn compare<M: Traced>(
    case: &str,
    make: impl Fn(&Keys) -> M + Send + Sync,
    training: bool,
    (dtype, tolerance): (Dtype, f64),
    apply: Apply<M>,
) {
    let run = jit(move |model: &M, x: &Val, ct: &Val, key: &Val| {
        let ctx = if training { Context::training(key) } else { Context::evaluation() };
        let mut both = (model.map(|leaf| leaf.astype(dtype)), x.astype(dtype));
        let ((_, y), grads) = loss_and_grads(&mut both, |both: &mut (M, Val)| {
            let x = both.1;
            let y = apply(&mut both.0, &x, &ctx);
            ((y * ct.astype(dtype)).sum(), y)
        });
        (y, grads, both.0)
    });
    let [x, ct] = ["x", "ct"].map(|part| array(&format!("{case}/{part}")));
    let (y, (grads, slope), after) = run(&model(case, make), x, ct, &random::seed(0)).unwrap();
    assert_eq!(y.dtype(), dtype);
    near(&format!("{case}/y"), &y, tolerance);
    near(&format!("{case}/grad/x"), &slope, tolerance);
    let kinds = after.kinds();
    for ((path, kind), (grad, after)) in
        grads.paths().iter().zip(kinds).zip(grads.leaves().into_iter().zip(after.leaves()))
    {
        match kind {
            gradus::LeafKind::Parameter => near(&format!("{case}/grad/{path}"), grad, tolerance),
            _ => near(&format!("{case}/after/{path}"), after, tolerance),
        }
    }
}

/// In f64 to 1e-9 and in f32 to 1e-5, of the largest element each.
fn check<M: Traced>(
    case: &str,
    make: impl Fn(&Keys) -> M + Send + Sync + Copy,
    training: bool,
    apply: Apply<M>,
) {
    compare(case, make, training, (Dtype::F64, 1e-9), apply);
    compare(case, make, training, (Dtype::F32, 1e-5), apply);
}

fn conv(case: &str, make: impl Fn(&Keys) -> Conv<Val> + Send + Sync + Copy) {
    check(case, make, false, |conv, x, _| conv.apply(x));
}
fn transposed(case: &str, make: impl Fn(&Keys) -> ConvTranspose<Val> + Send + Sync + Copy) {
    check(case, make, false, |conv, x, _| conv.apply(x));
}
fn of_images(case: &str, apply: fn(&Val) -> Val) {
    for (dtype, tolerance) in [(Dtype::F64, 1e-9), (Dtype::F32, 1e-5)] {
        let run = jit(move |x: &Val, ct: &Val| {
            let loss = |x: &Val| {
                let y = apply(x);
                ((y * ct.astype(dtype)).sum(), y)
            };
            gradus::value_and_grad_aux(loss)(&x.astype(dtype))
        });
        let ((_, y), slope) = run(array(&format!("{case}/x")), array(&format!("{case}/ct"))).unwrap();
        near(&format!("{case}/y"), &y, tolerance);
        near(&format!("{case}/grad/x"), &slope, tolerance);
    }
}

fn explicit<const N: usize>(pairs: [(i64, i64); N]) -> Padding {
    Padding::Explicit(pairs.to_vec())
}

#[test]
fn convolutions() {
    let line = |keys: &Keys| Conv::new(keys, [3], 4, 6).with_strides([2]).with_dilation([2]);
    conv("torch/conv1d", move |keys| line(keys).with_padding(explicit([(2, 2)])));
    conv("torch/conv2d", |keys| {
        Conv::new(keys, [3, 2], 4, 5).with_strides([2, 1]).with_padding(explicit([(1, 1), (0, 0)]))
    });
    conv("torch/conv2d_groups", |keys| Conv::grouped(keys, [3, 3], 4, 6, 2));
    conv("torch/conv2d_depthwise", |keys| {
        Conv::depthwise(keys, [3, 3], 4).with_strides([2, 2]).with_padding(explicit([(1, 1); 2]))
    });
    conv("torch/conv3d", |keys| {
        Conv::new(keys, [2, 3, 2], 2, 3).with_dilation([1, 1, 2]).with_padding(Padding::Valid)
    });
    let borders =
        [("circular", Border::Circular), ("reflect", Border::Reflect), ("replicate", Border::Replicate)];
    for (name, border) in borders {
        conv(&format!("torch/conv2d_{name}"), move |keys| Conv::new(keys, [3, 5], 2, 3).with_border(border));
    }
    conv("flax/conv_same", |keys| Conv::new(keys, [3, 4], 3, 5).with_strides([2, 2]));
    conv("flax/conv_circular", |keys| {
        Conv::new(keys, [3, 4], 2, 4).with_strides([1, 2]).with_border(Border::Circular)
    });
    conv("flax/conv_causal", |keys| Conv::new(keys, [3], 2, 4).causal().with_dilation([2]));
}

#[test]
fn transposed_convolutions() {
    transposed("torch/conv_transpose1d", |keys| {
        let layer = ConvTranspose::new(keys, [3], 4, 5).with_strides([2]).with_dilation([2]);
        layer.with_padding(explicit([(0, 0)])).with_flipped_kernel()
    });
    transposed("torch/conv_transpose2d", |keys| {
        let layer = ConvTranspose::grouped(keys, [3, 3], 4, 6, 2).with_strides([2, 2]);
        layer.with_padding(explicit([(1, 0); 2])).with_flipped_kernel()
    });
    let strided = |keys: &Keys| ConvTranspose::new(keys, [4, 3], 3, 5).with_strides([2, 3]);
    transposed("flax/conv_transpose_same", strided);
    transposed("flax/conv_transpose_valid", move |keys| strided(keys).with_padding(Padding::Valid));
}

#[test]
fn norms() {
    let torch = |_: &Keys| BatchNorm::new(5).with_momentum(0.9).with_unbiased_variance();
    check("torch/batch_norm_training", torch, true, |norm, x, ctx| norm.apply(x, ctx));
    check("torch/batch_norm_evaluation", torch, false, |norm, x, ctx| norm.apply(x, ctx));
    check("flax/batch_norm", |_| BatchNorm::new(4), true, |norm, x, ctx| norm.apply(x, ctx));
    check(
        "torch/layer_norm",
        |_| LayerNorm::new([4, 5]).with_epsilon(1e-5),
        true,
        |norm, x, _| norm.apply(x),
    );
    check("flax/layer_norm", |_| LayerNorm::new(5), true, |norm, x, _| norm.apply(x));
    check("torch/rms_norm", |_| RmsNorm::new(6), true, |norm, x, _| norm.apply(x));
    check("flax/rms_norm", |_| RmsNorm::new(5), true, |norm, x, _| norm.apply(x));
    check(
        "torch/group_norm",
        |_| GroupNorm::new(2, 6, 2).with_epsilon(1e-5),
        true,
        |norm, x, _| norm.apply(x),
    );
    check("flax/group_norm", |_| GroupNorm::new(3, 6, 2), true, |norm, x, _| norm.apply(x));
    let instance = |_: &Keys| GroupNorm::instance(3, 1).with_epsilon(1e-5);
    check("torch/instance_norm", instance, true, |norm, x, _| norm.apply(x));
    check("flax/instance_norm", |_| GroupNorm::instance(3, 2), true, |norm, x, _| norm.apply(x));
}

#[test]
fn pools_and_larger_images() {
    of_images("torch/max_pool", |x| {
        x.max_pool(&Pool { strides: vec![2, 2], padding: explicit([(1, 1); 2]), ..Pool::new([3, 3]) })
    });
    of_images("torch/avg_pool", |x| {
        x.avg_pool(&Pool { padding: explicit([(1, 1), (0, 0)]), ..Pool::new([3, 2]) })
    });
    of_images("torch/avg_pool_counting", |x| {
        let pool = Pool { strides: vec![2], padding: explicit([(1, 1)]), ..Pool::new([3]) };
        x.avg_pool(&Pool { count_include_pad: true, ..pool })
    });
    of_images("torch/adaptive_avg_pool", |x| adaptive_avg_pool(x, [3, 4]));
    of_images("torch/adaptive_max_pool", |x| adaptive_max_pool(x, [3, 4]));
    of_images("torch/upsample_nearest", |x| upsample(x, [2, 3], ResizeMethod::Nearest));
    of_images("torch/upsample_bilinear", |x| upsample(x, [2, 3], ResizeMethod::Linear));
    of_images("torch/pixel_shuffle", |x| pixel_shuffle(x, 2));
    of_images("torch/pixel_unshuffle", |x| pixel_unshuffle(x, 2));
}

/// PyTorch's options, for all normalizations.
fn as_torch<'a>(norms: impl Iterator<Item = &'a mut BatchNorm<Val>>) {
    norms.for_each(|norm| *norm = norm.clone().with_momentum(0.9).with_unbiased_variance());
}

#[test]
fn blocks() {
    let torch = |mut block: ResidualBlock<Val>| {
        as_torch(block.norms_mut());
        block
    };
    let bottleneck = |keys: &Keys| torch(ResidualBlock::grouped_bottleneck(keys, [4, 6, 8], 2, 2));
    check("torch/bottleneck", bottleneck, true, |block, x, ctx| block.apply(x, ctx));
    let before = |keys: &Keys| torch(ResidualBlock::basic(keys, 3, 4, 2).with_pre_activation());
    check("torch/pre_activation", before, true, |block, x, ctx| block.apply(x, ctx));
    let mobile = |keys: &Keys| {
        let mut block = InvertedResidual::new(keys, 5, 3, 3, 1, 2).with_squeeze_excite(keys, 2);
        as_torch(block.norms_mut());
        block.with_activation(Val::silu)
    };
    check("torch/inverted_residual", mobile, true, |block, x, ctx| block.apply(x, ctx));
}

fn resnet(keys: &Keys) -> ResNet<Val> {
    let mut net = ResNet::new(keys, &ResNetSizes { classes: 10, width: 4, ..ResNetSizes::resnet18() });
    as_torch(net.norms_mut());
    net
}

#[test]
fn a_whole_resnet_and_three_steps_of_its_training() {
    const CASE: &str = "torch/resnet18";
    compare(CASE, resnet, true, (Dtype::F64, 1e-8), |net, x, ctx| net.apply(x, ctx));

    let sgd = Sgd::new(0.01);
    let mut state = TrainState::new(model(CASE, resnet), &sgd, 0).unwrap();
    let step = jit(move |state: &mut Training<ResNet<Val>, Sgd>, x: &Val, target: &Val| {
        state.step(&sgd, |net, ctx| (net.apply(x, ctx) - target).square().mean())
    });
    let [x, target] = ["x", "ct"].map(|part| array(&format!("{CASE}/{part}")));
    let losses = [(); 3].map(|()| step(&mut state, x, target).unwrap());
    near("torch/resnet18/steps/loss", &Array::from([losses[2].item::<f64>().unwrap()]), 1e-8);
    let mut compared = 0;
    for (path, leaf) in state.model.paths().iter().zip(state.model.leaves()) {
        let name = format!("{CASE}/steps/{path}");
        if ARRAYS.contains_key(&name) {
            near(&name, leaf, 1e-8);
            compared += 1;
        }
    }
    // Mean and variance of 20 normalizations, and the leaves of stem and head.
    assert_eq!(compared, 2 * 20 + 3 + 2);
}
