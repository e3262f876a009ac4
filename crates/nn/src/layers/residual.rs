//! Blocks of convolutions with a way around: [`ResidualBlock`] of ResNet, [`InvertedResidual`] of MobileNet.
//!
//! Images are `[.., h, w, features]`; kernels lie evenly over the edge, as PyTorch's `padding=k // 2`.

use gradus::{Array, Padding, Tree, Val, as_operation, zeros};

use super::SqueezeExcite;
use super::shape::{batched, unbatched};
use crate::{BatchNorm, Context, Conv, Initializer, Keys};

/// A convolution and the normalization behind it.
#[derive(Tree, Clone, Debug)]
pub struct ConvNorm<T = Array> {
    /// The convolution, without a bias.
    pub conv: Conv<T>,
    /// The normalization of its outputs.
    pub norm: BatchNorm<T>,
}

impl ConvNorm<Val> {
    /// `conv` less its bias, which the normalization would take away, and a normalization of its outputs.
    #[track_caller]
    pub fn new(conv: Conv<Val>) -> ConvNorm<Val> {
        let outputs = conv.w.shape().last().copied().unwrap_or(0);
        ConvNorm { conv: conv.without_bias(), norm: BatchNorm::new(outputs) }
    }

    /// The normalized convolution of `x`.
    #[track_caller]
    pub fn apply(&mut self, x: &Val, ctx: &Context) -> Val {
        as_operation("ConvNorm", || self.norm.apply(&self.conv.apply(x), ctx))
    }
}

/// A square kernel of two spatial axes, by He's normal distribution and evenly padded.
#[track_caller]
pub(super) fn even(
    keys: &Keys,
    kernel: usize,
    [inputs, outputs]: [usize; 2],
    stride: usize,
    groups: usize,
) -> Conv<Val> {
    let reach = (kernel / 2) as i64;
    Conv::grouped(keys, [kernel, kernel], inputs, outputs, groups)
        .with_initializer(keys, Initializer::HE_NORMAL)
        .with_strides([stride, stride])
        .with_padding(Padding::Explicit(vec![(reach, reach); 2]))
        .without_bias()
}

/// The branch of images `[.., h, w, features]` with some of the examples dropped, whatever axes lead.
#[track_caller]
fn dropped(branch: Val, rate: f64, ctx: &Context) -> Val {
    if !ctx.is_training() || rate == 0.0 {
        return branch;
    }
    let (branch, leading) = batched(branch, 2);
    unbatched(ctx.drop_path(branch, rate), &leading)
}

/// A block of ResNet (He et al., 2016): convolutions, and the input added to what they give.
///
/// The stride stands in the first convolution of a basic block and in the middle one of a bottleneck (ResNet v1.5).
/// Where extents or features change, a convolution of one element leads around.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::{Context, Keys, ResidualBlock, init};
/// let block = init(0, |keys: &Keys| ResidualBlock::basic(keys, 16, 32, 2))?;
/// let apply = jit(|block: &ResidualBlock<Val>, x: &Val| block.clone().apply(x, &Context::evaluation()));
/// assert_eq!(apply(&block, &Array::full([1, 8, 8, 16], 1.0f32))?.shape(), [1, 4, 4, 32]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Tree, Clone, Debug)]
pub struct ResidualBlock<T = Array> {
    /// The convolutions of the branch.
    pub stages: Vec<ConvNorm<T>>,
    /// What scales the features of the branch at its end, if there is one.
    pub squeeze_excite: Option<SqueezeExcite<T>>,
    /// The way around, if it is not the input itself.
    pub shortcut: Option<Conv<T>>,
    /// The normalization of the way around; none before the activation.
    pub shortcut_norm: Option<BatchNorm<T>>,
    /// Between convolutions; ReLU at first.
    #[tree(static)]
    pub activation: fn(Val) -> Val,
    /// Whether normalization and activation stand before each convolution (He et al., 2016b), not behind.
    #[tree(static)]
    pub pre_activation: bool,
    /// How often the branch of an example is dropped in training.
    #[tree(static)]
    pub drop_path: f64,
}

impl ResidualBlock<Val> {
    /// Two convolutions of 3 × 3, as in ResNet-18 and -34.
    #[track_caller]
    pub fn basic(keys: &Keys, inputs: usize, outputs: usize, stride: usize) -> ResidualBlock<Val> {
        let convs = [even(keys, 3, [inputs, outputs], stride, 1), even(keys, 3, [outputs, outputs], 1, 1)];
        ResidualBlock::of(keys, convs.into(), [inputs, outputs], stride)
    }
    /// Convolutions of 1 × 1 to `width` features, 3 × 3, and 1 × 1 to `outputs`, usually 4 times as many: as in
    /// ResNet-50.
    #[track_caller]
    pub fn bottleneck(
        keys: &Keys,
        inputs: usize,
        width: usize,
        outputs: usize,
        stride: usize,
    ) -> ResidualBlock<Val> {
        ResidualBlock::grouped_bottleneck(keys, [inputs, width, outputs], stride, 1)
    }
    /// [`ResidualBlock::bottleneck`] of `[inputs, width, outputs]` features, the middle convolution in groups: ResNeXt
    /// (Xie et al., 2017).
    #[track_caller]
    pub fn grouped_bottleneck(
        keys: &Keys,
        [inputs, width, outputs]: [usize; 3],
        stride: usize,
        groups: usize,
    ) -> ResidualBlock<Val> {
        let convs = vec![
            even(keys, 1, [inputs, width], 1, 1),
            even(keys, 3, [width, width], stride, groups),
            even(keys, 1, [width, outputs], 1, 1),
        ];
        ResidualBlock::of(keys, convs, [inputs, outputs], stride)
    }

    #[track_caller]
    fn of(keys: &Keys, convs: Vec<Conv<Val>>, features: [usize; 2], stride: usize) -> ResidualBlock<Val> {
        let changes = stride != 1 || features[0] != features[1];
        ResidualBlock {
            stages: convs.into_iter().map(ConvNorm::new).collect(),
            squeeze_excite: None,
            shortcut: changes.then(|| even(keys, 1, features, stride, 1)),
            shortcut_norm: changes.then(|| BatchNorm::new(features[1])),
            activation: Val::relu,
            pre_activation: false,
            drop_path: 0.0,
        }
    }

    /// The same block with normalization and activation before each convolution, as new.
    #[track_caller]
    pub fn with_pre_activation(self) -> ResidualBlock<Val> {
        let before = |stage: ConvNorm<Val>| {
            let [.., inputs, _] = stage.conv.w.shape()[..] else { return stage };
            ConvNorm { norm: BatchNorm::new(inputs * stage.conv.groups), ..stage }
        };
        let stages = self.stages.into_iter().map(before).collect();
        ResidualBlock { stages, shortcut_norm: None, pre_activation: true, ..self }
    }
    /// The same block with squeeze and excitation through so many features at the end of its branch.
    #[track_caller]
    pub fn with_squeeze_excite(self, keys: &Keys, squeezed: usize) -> ResidualBlock<Val> {
        let last = self.stages.last().map_or(0, |stage| stage.conv.w.shape().last().copied().unwrap_or(0));
        ResidualBlock { squeeze_excite: Some(SqueezeExcite::new(keys, last, squeezed)), ..self }
    }
    /// The same block with a branch that gives zeros at first (Goyal et al., 2017).
    #[track_caller]
    pub fn with_zero_branch(mut self) -> ResidualBlock<Val> {
        let zero = |v: &Val| zeros(v.shape(), v.dtype());
        match self.stages.last_mut() {
            Some(last) if self.pre_activation => last.conv.w = zero(&last.conv.w),
            Some(last) => last.norm.scale = last.norm.scale.as_ref().map(zero),
            None => {}
        }
        self
    }

    /// The block's output; in training it assigns the running statistics.
    #[track_caller]
    pub fn apply(&mut self, x: &Val, ctx: &Context) -> Val {
        as_operation("ResidualBlock", || {
            let (branch, around) = match self.pre_activation {
                true => self.before(x, ctx),
                false => self.behind(x, ctx),
            };
            let branch = self.squeeze_excite.as_ref().map_or(branch, |scale| scale.apply(&branch));
            let y = around + dropped(branch, self.drop_path, ctx);
            if self.pre_activation { y } else { (self.activation)(y) }
        })
    }

    /// Branch and way around, activations behind convolutions.
    #[track_caller]
    fn behind(&mut self, x: &Val, ctx: &Context) -> (Val, Val) {
        let last = self.stages.len().saturating_sub(1);
        let branch = self.stages.iter_mut().enumerate().fold(*x, |h, (i, stage)| {
            let h = stage.apply(&h, ctx);
            if i < last { (self.activation)(h) } else { h }
        });
        let around = self.shortcut.as_ref().map_or(*x, |conv| conv.apply(x));
        (branch, self.shortcut_norm.as_mut().map_or(around, |norm| norm.apply(&around, ctx)))
    }

    /// Branch and way around, activations before convolutions; a convolution around reads the first of them.
    #[track_caller]
    fn before(&mut self, x: &Val, ctx: &Context) -> (Val, Val) {
        let mut around = *x;
        let branch = self.stages.iter_mut().enumerate().fold(*x, |h, (i, stage)| {
            let h = (self.activation)(stage.norm.apply(&h, ctx));
            if let (0, Some(conv)) = (i, &self.shortcut) {
                around = conv.apply(&h);
            }
            stage.conv.apply(&h)
        });
        (branch, around)
    }
}

impl<T> ResidualBlock<T> {
    /// The same block with another function between convolutions.
    pub fn with_activation(self, activation: fn(Val) -> Val) -> ResidualBlock<T> {
        ResidualBlock { activation, ..self }
    }
    /// The same block whose branch is dropped for this share of the examples in training (Huang et al., 2016).
    pub fn with_drop_path(self, rate: f64) -> ResidualBlock<T> {
        ResidualBlock { drop_path: rate, ..self }
    }
    /// All normalizations of the block, to set what they have in common.
    pub fn norms_mut(&mut self) -> impl Iterator<Item = &mut BatchNorm<T>> {
        self.stages.iter_mut().map(|stage| &mut stage.norm).chain(&mut self.shortcut_norm)
    }
}

/// A block of MobileNetV2 (Sandler et al., 2018) and EfficientNet (Tan and Le, 2019): to more features, a depthwise
/// convolution, and back to few without an activation; the input is added where it has the output's shape.
#[derive(Tree, Clone, Debug)]
pub struct InvertedResidual<T = Array> {
    /// To more features; none where the expansion is 1.
    pub expand: Option<ConvNorm<T>>,
    /// Each feature by itself.
    pub depthwise: ConvNorm<T>,
    /// What scales the many features, if there is one.
    pub squeeze_excite: Option<SqueezeExcite<T>>,
    /// To the outputs.
    pub project: ConvNorm<T>,
    /// Behind the first two convolutions; ReLU6 at first, as in MobileNetV2.
    #[tree(static)]
    pub activation: fn(Val) -> Val,
    /// Whether the input is added.
    #[tree(static)]
    pub residual: bool,
    /// How often the branch of an example is dropped in training.
    #[tree(static)]
    pub drop_path: f64,
}

impl InvertedResidual<Val> {
    /// A depthwise convolution of `kernel` × `kernel` among `expansion` times as many features as inputs.
    #[track_caller]
    pub fn new(
        keys: &Keys,
        kernel: usize,
        inputs: usize,
        outputs: usize,
        stride: usize,
        expansion: usize,
    ) -> InvertedResidual<Val> {
        let many = inputs * expansion;
        InvertedResidual {
            expand: (expansion != 1).then(|| ConvNorm::new(even(keys, 1, [inputs, many], 1, 1))),
            depthwise: ConvNorm::new(even(keys, kernel, [many, many], stride, many)),
            squeeze_excite: None,
            project: ConvNorm::new(even(keys, 1, [many, outputs], 1, 1)),
            activation: Val::relu6,
            residual: stride == 1 && inputs == outputs,
            drop_path: 0.0,
        }
    }
    /// The same block with squeeze and excitation through so many features, SiLU between: EfficientNet has a quarter of
    /// the inputs.
    #[track_caller]
    pub fn with_squeeze_excite(self, keys: &Keys, squeezed: usize) -> InvertedResidual<Val> {
        let many = self.depthwise.norm.mean.size();
        let scale = SqueezeExcite::new(keys, many, squeezed).with_activations(Val::silu, Val::sigmoid);
        InvertedResidual { squeeze_excite: Some(scale), ..self }
    }

    /// The block's output; in training it assigns the running statistics.
    #[track_caller]
    pub fn apply(&mut self, x: &Val, ctx: &Context) -> Val {
        as_operation("InvertedResidual", || {
            let many = self.expand.as_mut().map_or(*x, |stage| (self.activation)(stage.apply(x, ctx)));
            let h = (self.activation)(self.depthwise.apply(&many, ctx));
            let h = self.squeeze_excite.as_ref().map_or(h, |scale| scale.apply(&h));
            let h = self.project.apply(&h, ctx);
            if self.residual { x + dropped(h, self.drop_path, ctx) } else { h }
        })
    }
}

impl<T> InvertedResidual<T> {
    /// The same block with another function behind its first two convolutions: EfficientNet has `Val::silu`.
    pub fn with_activation(self, activation: fn(Val) -> Val) -> InvertedResidual<T> {
        InvertedResidual { activation, ..self }
    }
    /// The same block whose branch is dropped for this share of the examples in training.
    pub fn with_drop_path(self, rate: f64) -> InvertedResidual<T> {
        InvertedResidual { drop_path: rate, ..self }
    }
    /// All normalizations of the block, to set what they have in common.
    pub fn norms_mut(&mut self) -> impl Iterator<Item = &mut BatchNorm<T>> {
        let stages = self.expand.iter_mut().chain([&mut self.depthwise, &mut self.project]);
        stages.map(|stage| &mut stage.norm)
    }
}
