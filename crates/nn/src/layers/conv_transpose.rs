//! [`ConvTranspose`]: the transpose of a convolution, which makes images larger.

use gradus::{Array, Dtype, Padding, Tree, Val, as_operation, refuse, zeros};

use super::conv::grouped_kernel;
use super::shape::{batched, misfit, unbatched};
use crate::{Initializer, Keys};

/// The transpose of a convolution: `[.., spatial.., inputs] -> [.., spatial.., outputs]`, each spatial extent times the
/// stride under [`Padding::Same`], the default as in Flax.
///
/// Explicit padding is read as PyTorch reads it, as that of the convolution whose transpose it is: `(p, p)` makes the
/// result `2 p` smaller than all that the kernel reaches, and `(p, p - o)` is `padding=p, output_padding=o`. (Flax's
/// explicit `(a, b)` is `(k - 1 - a, k - 1 - b)` here, for a kernel that spans `k` elements.) As in Flax the kernel is
/// not reversed; PyTorch's is, see [`ConvTranspose::with_flipped_kernel`].
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::{ConvTranspose, Keys, init};
/// let larger = init(0, |keys: &Keys| ConvTranspose::new(keys, [4, 4], 32, 16).with_strides([2, 2]))?;
/// let apply = jit(|layer: &ConvTranspose<Val>, x: &Val| layer.apply(x));
/// assert_eq!(apply(&larger, &Array::full([8, 7, 7, 32], 1.0f32))?.shape(), [8, 14, 14, 16]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Tree, Clone, Debug)]
pub struct ConvTranspose<T = Array> {
    /// The kernel, `[spatial.., inputs / groups, outputs]`.
    pub w: T,
    /// `[outputs]`, if there is one.
    pub b: Option<T>,
    /// Strides of the convolution whose transpose it is; ones if empty.
    #[tree(static)]
    pub strides: Vec<usize>,
    /// Distance of neighbours of the kernel along each spatial axis; ones if empty.
    #[tree(static)]
    pub dilation: Vec<usize>,
    /// Padding of the convolution whose transpose it is.
    #[tree(static)]
    pub padding: Padding,
    /// Whether the kernel is read backwards along its spatial axes.
    #[tree(static)]
    pub flipped: bool,
    /// The features are cut into so many groups.
    #[tree(static)]
    pub groups: usize,
}

impl ConvTranspose<Val> {
    /// A kernel of these extents by [`Initializer::LECUN_NORMAL`], biases zero.
    #[track_caller]
    pub fn new(
        keys: &Keys,
        kernel: impl AsRef<[usize]>,
        inputs: usize,
        outputs: usize,
    ) -> ConvTranspose<Val> {
        ConvTranspose::grouped(keys, kernel, inputs, outputs, 1)
    }
    /// [`ConvTranspose::new`] in groups: outputs of one see the inputs of the same.
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
    ) -> ConvTranspose<Val> {
        let features = [inputs, outputs, groups];
        let w = as_operation("ConvTranspose", || grouped_kernel(keys, kernel.as_ref(), features));
        ConvTranspose {
            w,
            b: Some(zeros([outputs], Dtype::F32)),
            strides: vec![],
            dilation: vec![],
            padding: Padding::Same,
            flipped: false,
            groups,
        }
    }
    /// The same layer with weights by `initializer`.
    #[track_caller]
    pub fn with_initializer(self, keys: &Keys, initializer: Initializer) -> ConvTranspose<Val> {
        ConvTranspose { w: initializer.weights_of(&keys.next_key(), &self.w.shape()), ..self }
    }

    /// The layer's output for `x`.
    ///
    /// # Errors
    /// The enclosing `jit` returns `Err` if `x` has other features than the kernel, or too few axes.
    #[track_caller]
    pub fn apply(&self, x: &Val) -> Val {
        as_operation("ConvTranspose", || {
            let kernel = self.w.shape();
            let spatial = kernel.len().saturating_sub(2);
            let inputs = kernel.get(spatial).map_or(0, |n| n * self.groups);
            if let Some(message) = misfit(x, spatial, inputs, &self.w) {
                return refuse("ConvTranspose", message);
            }
            let (x, leading) = batched(x.astype(self.w.dtype()), spatial);
            let config = gradus::ConvTranspose {
                strides: self.strides.clone(),
                padding: self.padding.clone(),
                rhs_dilation: self.dilation.clone(),
                use_consistent_padding: true,
                feature_group_count: self.groups,
                ..gradus::ConvTranspose::default()
            };
            let axes: Vec<usize> = (0..spatial).collect();
            let w = if self.flipped { self.w.flip(axes) } else { self.w };
            let y = x.conv_transpose(w, &config);
            unbatched(self.b.map_or(y, |b| y + b), &leading)
        })
    }
}

impl<T> ConvTranspose<T> {
    /// The same layer without a bias.
    pub fn without_bias(self) -> ConvTranspose<T> {
        ConvTranspose { b: None, ..self }
    }
    /// The same layer with these strides, one for each spatial axis.
    pub fn with_strides(self, strides: impl AsRef<[usize]>) -> ConvTranspose<T> {
        ConvTranspose { strides: strides.as_ref().to_vec(), ..self }
    }
    /// The same layer with these distances of the kernel's neighbours, one for each spatial axis.
    pub fn with_dilation(self, dilation: impl AsRef<[usize]>) -> ConvTranspose<T> {
        ConvTranspose { dilation: dilation.as_ref().to_vec(), ..self }
    }
    /// The same layer with this padding.
    pub fn with_padding(self, padding: Padding) -> ConvTranspose<T> {
        ConvTranspose { padding, ..self }
    }
    /// The same layer with the kernel read backwards, so that it is the gradient of a convolution: what PyTorch's
    /// `weight.permute(2, 3, 0, 1)` expects (of one group).
    pub fn with_flipped_kernel(self) -> ConvTranspose<T> {
        ConvTranspose { flipped: true, ..self }
    }
}
