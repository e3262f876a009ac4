//! [`ResNet`]: stages of [`ResidualBlock`]s between a stem and a classifier.

use gradus::{Array, Padding, Pool, Tree, Val, as_operation};

use super::global_avg_pool;
use super::residual::{ConvNorm, ResidualBlock, even};
use crate::{BatchNorm, Context, Dense, Keys};

/// How a [`ResNet`] begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stem {
    /// A convolution of 7 × 7 and a maximum of 3 × 3, both with stride 2: of photographs, as in ImageNet.
    Large,
    /// A convolution of 3 × 3: of small pictures, as in CIFAR-10.
    Small,
}

/// The sizes of a [`ResNet`].
///
/// ```
/// use gradus_nn::ResNetSizes;
/// let grey = ResNetSizes { inputs: 1, classes: 10, ..ResNetSizes::resnet18() };
/// # let _ = grey;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResNetSizes {
    /// Features of an image: 3 of colours.
    pub inputs: usize,
    /// Outputs of the classifier.
    pub classes: usize,
    /// How it begins.
    pub stem: Stem,
    /// Blocks of each stage; from the second on, a stage halves the image and doubles the width.
    pub depths: Vec<usize>,
    /// Features of the first stage, within its blocks.
    pub width: usize,
    /// Whether blocks are bottlenecks, whose outputs are four times as wide.
    pub bottleneck: bool,
    /// Whether normalization and activation stand before convolutions.
    pub pre_activation: bool,
}

impl ResNetSizes {
    fn imagenet(depths: [usize; 4], bottleneck: bool) -> ResNetSizes {
        let (stem, depths) = (Stem::Large, depths.to_vec());
        ResNetSizes { inputs: 3, classes: 1000, stem, depths, width: 64, bottleneck, pre_activation: false }
    }
    /// Of 18 layers, 11.7 million parameters.
    pub fn resnet18() -> ResNetSizes {
        ResNetSizes::imagenet([2, 2, 2, 2], false)
    }
    /// Of 34 layers, 21.8 million parameters.
    pub fn resnet34() -> ResNetSizes {
        ResNetSizes::imagenet([3, 4, 6, 3], false)
    }
    /// Of 50 layers, 25.6 million parameters.
    pub fn resnet50() -> ResNetSizes {
        ResNetSizes::imagenet([3, 4, 6, 3], true)
    }
    /// For CIFAR-10, of 20 layers.
    pub fn resnet20() -> ResNetSizes {
        let depths = vec![3; 3];
        ResNetSizes { classes: 10, stem: Stem::Small, depths, width: 16, ..ResNetSizes::resnet18() }
    }
}

/// A residual network (He et al., 2016; v1.5): images `[.., h, w, inputs]` to logits `[.., classes]`.
#[derive(Tree, Clone, Debug)]
pub struct ResNet<T = Array> {
    /// The first convolution.
    pub stem: ConvNorm<T>,
    /// All blocks, in order.
    pub blocks: Vec<ResidualBlock<T>>,
    /// The normalization at the end, of blocks that begin with theirs.
    pub norm: Option<BatchNorm<T>>,
    /// From features to logits.
    pub head: Dense<T>,
    /// How it begins.
    #[tree(static)]
    pub begin: Stem,
}

impl ResNet<Val> {
    /// A network of these sizes.
    #[track_caller]
    pub fn new(keys: &Keys, sizes: &ResNetSizes) -> ResNet<Val> {
        let [kernel, stride] = if sizes.stem == Stem::Large { [7, 2] } else { [3, 1] };
        let stem = ConvNorm::new(even(keys, kernel, [sizes.inputs, sizes.width], stride, 1));
        let (mut blocks, mut inputs) = (vec![], sizes.width);
        for (stage, depth) in sizes.depths.iter().enumerate() {
            let width = sizes.width << stage;
            let outputs = if sizes.bottleneck { 4 * width } else { width };
            for i in 0..*depth {
                let stride = if i == 0 && stage > 0 { 2 } else { 1 };
                let block = match sizes.bottleneck {
                    true => ResidualBlock::bottleneck(keys, inputs, width, outputs, stride),
                    false => ResidualBlock::basic(keys, inputs, outputs, stride),
                };
                blocks.push(if sizes.pre_activation { block.with_pre_activation() } else { block });
                inputs = outputs;
            }
        }
        let norm = sizes.pre_activation.then(|| BatchNorm::new(inputs));
        ResNet { stem, blocks, norm, head: Dense::new(keys, inputs, sizes.classes), begin: sizes.stem }
    }

    /// The logits of images; in training it assigns the running statistics.
    #[track_caller]
    pub fn apply(&mut self, x: &Val, ctx: &Context) -> Val {
        as_operation("ResNet", || {
            let h = self.features(x, ctx); // [.., h, w, features]
            self.head.apply(&global_avg_pool(&h, 2))
        })
    }

    /// What the classifier sees before all of space is one: `[.., h / 32, w / 32, features]`.
    #[track_caller]
    pub fn features(&mut self, x: &Val, ctx: &Context) -> Val {
        as_operation("ResNet", || {
            let h = self.stem.apply(x, ctx).relu();
            let h = match self.begin {
                Stem::Large => h.max_pool(&Pool {
                    strides: vec![2, 2],
                    padding: Padding::Explicit(vec![(1, 1); 2]),
                    ..Pool::new([3, 3])
                }),
                Stem::Small => h,
            };
            let h = self.blocks.iter_mut().fold(h, |h, block| block.apply(&h, ctx));
            self.norm.as_mut().map_or(h, |norm| norm.apply(&h, ctx).relu())
        })
    }
}

impl<T> ResNet<T> {
    /// All normalizations, to set what they have in common.
    pub fn norms_mut(&mut self) -> impl Iterator<Item = &mut BatchNorm<T>> {
        let blocks = self.blocks.iter_mut().flat_map(ResidualBlock::norms_mut);
        [&mut self.stem.norm].into_iter().chain(blocks).chain(&mut self.norm)
    }
}
