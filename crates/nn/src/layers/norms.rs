//! [`LayerNorm`], [`RmsNorm`] and [`GroupNorm`]: normalization of each example by itself, the same in training and
//! evaluation.
//!
//! Invariant: statistics of 16-bit floats are computed in f32, and the result has the element type of the weights.

use gradus::{Array, Dtype, IntoExtents, Tree, Val, as_operation, keep, ones, refuse, zeros};

/// `x` in the element type in which a norm computes, and that of its result: the weights', or `x`'s if it has none.
#[track_caller]
pub(super) fn floats(x: &Val, weights: [&Option<Val>; 2]) -> (Val, Dtype) {
    let own = if x.dtype().is_inexact() { x.dtype() } else { Dtype::F32 };
    let dtype = weights.into_iter().flatten().next().map_or(own, |w| w.dtype());
    let x = x.astype(dtype);
    (if dtype.is_half() { x.astype(Dtype::F32) } else { x }, dtype)
}

/// `x · scale + bias` as `dtype`.
#[track_caller]
pub(super) fn scaled(x: Val, [scale, bias]: [&Option<Val>; 2], dtype: Dtype) -> Val {
    let x = scale.map_or(x, |scale| x * scale.astype(x.dtype()));
    bias.map_or(x, |bias| x + bias.astype(x.dtype())).astype(dtype)
}

/// Layer normalization (Ba et al., 2016) over the last axes: less the mean, divided by the standard deviation.
///
/// Epsilon is 1e-6 as in Flax; PyTorch's is 1e-5.
///
/// ```
/// use gradus::{Array, Val, jit};
/// use gradus_nn::{Keys, LayerNorm, init};
/// let norm = init(0, |_: &Keys| LayerNorm::new(2))?;
/// let y = jit(|norm: &LayerNorm<Val>, x: &Val| norm.apply(x))(&norm, &Array::from([[1.0f32, 5.0]]))?;
/// assert!((y.to_vec::<f32>()?[1] - 1.0).abs() < 1e-5);
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Tree, Clone, Debug)]
pub struct LayerNorm<T = Array> {
    /// Of the shape that is normalized, if there is one.
    pub scale: Option<T>,
    /// Of the same shape, if there is one.
    pub bias: Option<T>,
    /// The extents of the axes that are normalized, the last of the input.
    #[tree(static)]
    pub shape: Vec<usize>,
    /// What is added to the variance.
    #[tree(static)]
    pub epsilon: f64,
}

impl LayerNorm<Val> {
    /// Of the last axis, of so many features, or of as many last axes as extents are given; scale 1, bias 0.
    #[track_caller]
    pub fn new(shape: impl IntoExtents) -> LayerNorm<Val> {
        let scale = as_operation("LayerNorm", || ones(shape, Dtype::F32));
        let shape = scale.shape();
        LayerNorm { scale: Some(scale), bias: Some(zeros(&shape, Dtype::F32)), shape, epsilon: 1e-6 }
    }

    /// `x` normalized, scaled and shifted.
    ///
    /// # Errors
    /// The enclosing `jit` returns `Err` if `x` does not end in the extents that are normalized.
    #[track_caller]
    pub fn apply(&self, x: &Val) -> Val {
        as_operation("LayerNorm", || {
            if let Some(refused) = other_extents("LayerNorm", x, &self.shape) {
                return refused;
            }
            let (x, dtype) = floats(x, [&self.scale, &self.bias]);
            let axes: Vec<usize> = (x.rank() - self.shape.len()..x.rank()).collect();
            scaled(x.standardize(axes, self.epsilon), [&self.scale, &self.bias], dtype)
        })
    }
}

/// The refusal of an `x` that does not end in the extents `shape`.
#[track_caller]
fn other_extents(op: &'static str, x: &Val, shape: &[usize]) -> Option<Val> {
    (!x.shape().ends_with(shape)).then(|| {
        let message = format!(
            "an input {} does not end in the extents {shape:?} that are normalized; make the layer for those that it \
             ends in, or bring the features last",
            x.ty()
        );
        refuse(op, message)
    })
}

/// Normalization by the root of the mean square (Zhang and Sennrich, 2019) of the last axis, without a mean and a bias.
///
/// Epsilon is 1e-6 as in Flax.
#[derive(Tree, Clone, Debug)]
pub struct RmsNorm<T = Array> {
    /// `[features]`, if there is one.
    pub scale: Option<T>,
    /// The extents of the axes that are normalized, the last of the input.
    #[tree(static)]
    pub shape: Vec<usize>,
    /// What is added to the mean square.
    #[tree(static)]
    pub epsilon: f64,
}

impl RmsNorm<Val> {
    /// Of the last axis, of so many features, or of as many last axes as extents are given; scale 1.
    #[track_caller]
    pub fn new(shape: impl IntoExtents) -> RmsNorm<Val> {
        let scale = as_operation("RmsNorm", || ones(shape, Dtype::F32));
        RmsNorm { scale: Some(scale), shape: scale.shape(), epsilon: 1e-6 }
    }

    /// `x` normalized and scaled.
    ///
    /// # Errors
    /// The enclosing `jit` returns `Err` if `x` does not end in the extents that are normalized.
    #[track_caller]
    pub fn apply(&self, x: &Val) -> Val {
        as_operation("RmsNorm", || {
            if let Some(refused) = other_extents("RmsNorm", x, &self.shape) {
                return refused;
            }
            let (x, dtype) = floats(x, [&self.scale, &None]);
            let axes: Vec<usize> = (x.rank() - self.shape.len()..x.rank()).collect();
            let square = x.square().mean_axes(keep(axes));
            scaled(x * (square + self.epsilon).rsqrt(), [&self.scale, &None], dtype)
        })
    }
}

/// Group normalization (Wu and He, 2018): each example, over all of space and the features of a group.
///
/// `[.., spatial.., features] -> [.., spatial.., features]`. Epsilon is 1e-6 as in Flax; PyTorch's is 1e-5.
/// [`GroupNorm::instance`] has a group for each feature.
#[derive(Tree, Clone, Debug)]
pub struct GroupNorm<T = Array> {
    /// `[features]`, if there is one.
    pub scale: Option<T>,
    /// `[features]`, if there is one.
    pub bias: Option<T>,
    /// How many features there are.
    #[tree(static)]
    pub features: usize,
    /// In how many groups they are normalized.
    #[tree(static)]
    pub groups: usize,
    /// How many axes before the features are space.
    #[tree(static)]
    pub spatial: usize,
    /// What is added to the variance.
    #[tree(static)]
    pub epsilon: f64,
}

impl GroupNorm<Val> {
    /// So many groups of so many features; the axes of space, before the features, are to be named, for any others are
    /// the batch: 2 of images, 1 of sequences, 0 of vectors. Scale 1, bias 0.
    ///
    /// # Errors
    /// If the features are not a multiple of the groups.
    #[track_caller]
    pub fn new(groups: usize, features: usize, spatial: usize) -> GroupNorm<Val> {
        let whole = groups > 0 && features.is_multiple_of(groups);
        let scale = match whole {
            true => ones([features], Dtype::F32),
            false => {
                refuse("GroupNorm", format!("{features} features in {groups} groups; groups divide features"))
            }
        };
        let bias = Some(zeros([features], Dtype::F32));
        GroupNorm { scale: Some(scale), bias, features, groups, spatial, epsilon: 1e-6 }
    }
    /// Instance normalization (Ulyanov et al., 2016): each example and feature, over all of space.
    #[track_caller]
    pub fn instance(features: usize, spatial: usize) -> GroupNorm<Val> {
        GroupNorm::new(features, features, spatial)
    }

    /// `x` normalized, scaled and shifted.
    ///
    /// # Errors
    /// The enclosing `jit` returns `Err` if `x` has other features, or too few axes.
    #[track_caller]
    pub fn apply(&self, x: &Val) -> Val {
        as_operation("GroupNorm", || {
            let shape = x.shape();
            if shape.len() <= self.spatial || shape.last() != Some(&self.features) {
                let message = format!(
                    "an input {} for {} features behind {} spatial axes; make the layer for it, or bring the features \
                     last",
                    x.ty(),
                    self.features,
                    self.spatial
                );
                return refuse("GroupNorm", message);
            }
            let (x, dtype) = floats(x, [&self.scale, &self.bias]);
            let (leading, own) = shape.split_at(shape.len() - 1 - self.spatial);
            let places: usize = own[..self.spatial].iter().product();
            let each = [self.groups, self.features / self.groups.max(1)];
            let grouped = x.reshape([&[leading.iter().product(), places], &each[..]].concat());
            let normal = grouped.standardize([1, 3], self.epsilon).reshape(shape);
            scaled(normal, [&self.scale, &self.bias], dtype)
        })
    }
}

macro_rules! options {
    ($($Norm:ident: $($without:ident $field:ident $what:literal),*;)*) => { $(
        impl<T> $Norm<T> {
            $(
                #[doc = concat!("The same layer without a ", $what, ".")]
                pub fn $without(self) -> $Norm<T> {
                    $Norm { $field: None, ..self }
                }
            )*
            /// The same layer with this number added under the root.
            pub fn with_epsilon(self, epsilon: f64) -> $Norm<T> {
                $Norm { epsilon, ..self }
            }
        }
    )* };
}
options! {
    LayerNorm: without_scale scale "scale", without_bias bias "bias";
    RmsNorm: without_scale scale "scale";
    GroupNorm: without_scale scale "scale", without_bias bias "bias";
}
