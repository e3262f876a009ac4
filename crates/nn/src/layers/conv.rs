//! [`Conv`]: a convolution in one, two, three or more dimensions.

use gradus::{Array, Dtype, PadMode, Padding, Tree, Val, as_operation, refuse, zeros};

use super::shape::{batched, misfit, unbatched};
use crate::{Initializer, Keys};

/// What stands in the padding of a [`Conv`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Border {
    /// Zeros.
    #[default]
    Zeros,
    /// The other end of the axis, as on a ring.
    Circular,
    /// The elements mirrored at the edge, which stands once.
    Reflect,
    /// The element at the edge.
    Replicate,
}

/// A convolution: `[.., spatial.., inputs] -> [.., spatial.., outputs]`, the kernel not reversed.
///
/// It has as many spatial axes as the kernel says. It computes in the element type of its weights; the defaults are
/// Flax's, stride 1 and `SAME`. PyTorch's `padding=p` is `Padding::Explicit(vec![(p, p), ..])`.
///
/// ```
/// use gradus::{Array, Padding, Val, jit};
/// use gradus_nn::{Conv, Keys, init};
/// let conv = init(0, |keys: &Keys| Conv::new(keys, [3, 3], 3, 16).with_strides([2, 2]).without_bias())?;
/// let apply = jit(|conv: &Conv<Val>, x: &Val| conv.apply(x));
/// assert_eq!(apply(&conv, &Array::full([8, 32, 32, 3], 1.0f32))?.shape(), [8, 16, 16, 16]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Tree, Clone, Debug)]
pub struct Conv<T = Array> {
    /// The kernel, `[spatial.., inputs / groups, outputs]`.
    pub w: T,
    /// `[outputs]`, if there is one.
    pub b: Option<T>,
    /// From one window to the next along each spatial axis; ones if empty.
    #[tree(static)]
    pub strides: Vec<usize>,
    /// Distance of neighbours of the kernel along each spatial axis; ones if empty.
    #[tree(static)]
    pub dilation: Vec<usize>,
    /// How far windows reach over the edge. With a border other than zeros, `Same` is what stride 1 needs.
    #[tree(static)]
    pub padding: Padding,
    /// What stands there.
    #[tree(static)]
    pub border: Border,
    /// Whether windows reach over the front edge only, so that no output sees what comes later, whatever `padding`
    /// says.
    #[tree(static)]
    pub causal: bool,
    /// The features are cut into so many groups, each of which sees its own inputs only.
    #[tree(static)]
    pub groups: usize,
}

impl Conv<Val> {
    /// A kernel of these extents by [`Initializer::LECUN_NORMAL`], biases zero.
    #[track_caller]
    pub fn new(keys: &Keys, kernel: impl AsRef<[usize]>, inputs: usize, outputs: usize) -> Conv<Val> {
        Conv::grouped(keys, kernel, inputs, outputs, 1)
    }
    /// [`Conv::new`] in groups: outputs of one see the inputs of the same.
    ///
    /// # Errors
    /// If inputs or outputs are not a multiple of the groups.
    #[track_caller]
    pub fn grouped(
        keys: &Keys,
        kernel: impl AsRef<[usize]>,
        inputs: usize,
        outputs: usize,
        groups: usize,
    ) -> Conv<Val> {
        let w = as_operation("Conv", || grouped_kernel(keys, kernel.as_ref(), [inputs, outputs, groups]));
        Conv {
            w,
            b: Some(zeros([outputs], Dtype::F32)),
            strides: vec![],
            dilation: vec![],
            padding: Padding::Same,
            border: Border::Zeros,
            causal: false,
            groups,
        }
    }
    /// [`Conv::new`] of every feature by itself.
    #[track_caller]
    pub fn depthwise(keys: &Keys, kernel: impl AsRef<[usize]>, features: usize) -> Conv<Val> {
        Conv::grouped(keys, kernel, features, features, features)
    }
    /// The same layer with weights by `initializer`.
    #[track_caller]
    pub fn with_initializer(self, keys: &Keys, initializer: Initializer) -> Conv<Val> {
        Conv { w: initializer.weights_of(&keys.next_key(), &self.w.shape()), ..self }
    }

    /// The layer's output for `x`.
    ///
    /// # Errors
    /// The enclosing `jit` returns `Err` if `x` has other features than the kernel, or too few axes.
    #[track_caller]
    pub fn apply(&self, x: &Val) -> Val {
        as_operation("Conv", || {
            let kernel = self.w.shape();
            let spatial = kernel.len().saturating_sub(2);
            let inputs = kernel.get(spatial).map_or(0, |n| n * self.groups);
            if let Some(message) = misfit(x, spatial, inputs, &self.w) {
                return refuse("Conv", message);
            }
            let (x, leading) = batched(x.astype(self.w.dtype()), spatial);
            let (x, padding) = self.padded(x, &kernel[..spatial]);
            let config = gradus::Conv {
                strides: self.strides.clone(),
                padding,
                rhs_dilation: self.dilation.clone(),
                feature_group_count: self.groups,
                ..gradus::Conv::default()
            };
            let y = x.conv_general_dilated(self.w, &config);
            unbatched(self.b.map_or(y, |b| y + b), &leading)
        })
    }

    /// The input with the border that zeros are not, and the padding that is left to do.
    #[track_caller]
    fn padded(&self, x: Val, taps: &[usize]) -> (Val, Padding) {
        let window = |(axis, taps): (usize, &usize)| {
            taps.saturating_sub(1) * self.dilation.get(axis).copied().unwrap_or(1)
        };
        let over: Vec<i64> = taps.iter().enumerate().map(|place| window(place) as i64).collect();
        let padding = match &self.padding {
            _ if self.causal => Padding::Explicit(over.iter().map(|all| (*all, 0)).collect()),
            padding => padding.clone(),
        };
        let mode = match self.border {
            Border::Zeros => return (x, padding),
            Border::Circular => PadMode::Wrap,
            Border::Reflect => PadMode::Reflect,
            Border::Replicate => PadMode::Edge,
        };
        let amounts = match padding {
            Padding::Valid => return (x, padding),
            Padding::Same => over.iter().map(|all| (all / 2, all - all / 2)).collect(),
            Padding::SameLower => over.iter().map(|all| (all - all / 2, all / 2)).collect(),
            Padding::Explicit(pairs) => pairs,
        };
        (x.pad_mode([&[(0, 0)], &amounts[..], &[(0, 0)]].concat(), mode), Padding::Valid)
    }
}

/// A kernel `[spatial.., inputs / groups, outputs]`; refused where groups do not divide the features.
#[track_caller]
pub(super) fn grouped_kernel(keys: &Keys, kernel: &[usize], features: [usize; 3]) -> Val {
    let [inputs, outputs, groups] = features;
    if groups == 0 || inputs % groups != 0 || outputs % groups != 0 {
        let message = format!("{inputs} inputs and {outputs} outputs in {groups} groups; groups divide both");
        return refuse("Conv", message);
    }
    let shape = [kernel, &[inputs / groups, outputs]].concat();
    Initializer::LECUN_NORMAL.weights_of(&keys.next_key(), &shape)
}

impl<T> Conv<T> {
    /// The same layer without a bias.
    pub fn without_bias(self) -> Conv<T> {
        Conv { b: None, ..self }
    }
    /// The same layer with these strides, one for each spatial axis.
    pub fn with_strides(self, strides: impl AsRef<[usize]>) -> Conv<T> {
        Conv { strides: strides.as_ref().to_vec(), ..self }
    }
    /// The same layer with these distances of the kernel's neighbours, one for each spatial axis.
    pub fn with_dilation(self, dilation: impl AsRef<[usize]>) -> Conv<T> {
        Conv { dilation: dilation.as_ref().to_vec(), ..self }
    }
    /// The same layer with this padding.
    pub fn with_padding(self, padding: Padding) -> Conv<T> {
        Conv { padding, ..self }
    }
    /// The same layer with something else than zeros in the padding.
    pub fn with_border(self, border: Border) -> Conv<T> {
        Conv { border, ..self }
    }
    /// The same layer padded in front only: no output sees what comes later (WaveNet, van den Oord et al., 2016).
    pub fn causal(self) -> Conv<T> {
        Conv { causal: true, ..self }
    }
}
