//! Convolutions, their transposes, and what is made of them.

use crate::val::promote::{Promoted, promote_all};
use crate::val::signal::window_padding::{Padding, dilated, or_ones};
use crate::val::{Known, Val, strict};
use crate::{ErrorKind, Shape, Type};
use gradus_ir::ops::convolution::{AxisRoles, ConvDims, Convolution};
use gradus_ir::{Array, Dims, Val as Strict};

/// Which axes of input, kernel and result are what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DimensionNumbers {
    /// `NHWC`, `HWIO`, `NHWC`, with as many spatial axes as there are.
    #[default]
    FeaturesLast,
    /// `NCHW`, `OIHW`, `NCHW`, with as many spatial axes as there are.
    FeaturesFirst,
    /// A letter for each axis of input, kernel and result: `N` batch, `C` features, `O` and `I` output and input
    /// features of the kernel; the spatial axes are other letters, the same in all three.
    Named([String; 3]),
}

impl DimensionNumbers {
    /// Letters for the axes of input, kernel and result, such as `"NHWC", "HWIO", "NHWC"`.
    pub fn named(lhs: &str, rhs: &str, out: &str) -> DimensionNumbers {
        DimensionNumbers::Named([lhs, rhs, out].map(String::from))
    }
    /// The roles for arrays of `rank`.
    fn roles(&self, rank: usize) -> Result<ConvDims, ErrorKind> {
        let n = rank.saturating_sub(2);
        let named = match self {
            DimensionNumbers::FeaturesFirst => {
                let roles = AxisRoles::features_first(n);
                return Ok(ConvDims { lhs: roles.clone(), rhs: roles.clone(), out: roles });
            }
            DimensionNumbers::FeaturesLast => {
                let roles = AxisRoles::features_last(n);
                return Ok(ConvDims { lhs: roles.clone(), rhs: AxisRoles::kernel_last(n), out: roles });
            }
            DimensionNumbers::Named(named) => named,
        };
        let letters = |k: usize| named[k].chars().collect::<Vec<char>>();
        // The spatial letters in the order in which the kernel has them.
        let spatial: Vec<char> = letters(1).into_iter().filter(|c| !"OI".contains(*c)).collect();
        let roles = |k: usize, batch: char, feature: char| -> Option<AxisRoles> {
            let letters = letters(k);
            let at = |c: char| letters.iter().position(|l| *l == c);
            let spatial: Option<Dims> = spatial.iter().map(|c| at(*c)).collect();
            let whole = letters.len() == rank && spatial.as_ref()?.len() + 2 == rank;
            let roles = AxisRoles { batch: at(batch)?, feature: at(feature)?, spatial: spatial? };
            whole.then_some(roles)
        };
        let dims = (|| {
            Some(ConvDims { lhs: roles(0, 'N', 'C')?, rhs: roles(1, 'O', 'I')?, out: roles(2, 'N', 'C')? })
        })();
        dims.ok_or_else(|| {
            let [lhs, rhs, out] = named;
            ErrorKind::invalid(format!(
                "`{lhs}`, `{rhs}`, `{out}` do not name the {rank} axes: the first and last need N and C, the kernel's O \
                 and I, and all the same other letters, each once"
            ))
        })
    }
}

/// How a convolution is made: [`Conv::default`] has stride 1, no padding, no dilation, one group, and features last as
/// everywhere in gradus: `NHWC` and `HWIO`.
///
/// Empty lists stand for ones.
///
/// ```
/// use gradus::{Conv, Padding};
/// let halving = Conv { strides: vec![2, 2], padding: Padding::Same, ..Conv::default() };
/// # let _ = halving;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conv {
    /// From one window to the next, along each spatial axis.
    pub strides: Vec<usize>,
    /// What stands around the input.
    pub padding: Padding,
    /// Distance of neighbours of the input, with zeros between.
    pub lhs_dilation: Vec<usize>,
    /// Distance of neighbours of the kernel.
    pub rhs_dilation: Vec<usize>,
    /// The features are cut into so many groups; as many as features make a depthwise convolution.
    pub feature_group_count: usize,
    /// The examples are cut into so many groups.
    pub batch_group_count: usize,
    /// Which axes are what.
    pub dimension_numbers: DimensionNumbers,
}

impl Default for Conv {
    fn default() -> Conv {
        Conv {
            strides: vec![],
            padding: Padding::Valid,
            lhs_dilation: vec![],
            rhs_dilation: vec![],
            feature_group_count: 1,
            batch_group_count: 1,
            dimension_numbers: DimensionNumbers::default(),
        }
    }
}

impl Conv {
    /// The default with the axes of PyTorch and of `jax.lax`: `NCHW`, `OIHW`, `NCHW`.
    pub fn features_first() -> Conv {
        Conv { dimension_numbers: DimensionNumbers::FeaturesFirst, ..Conv::default() }
    }
    fn resolve(&self, x: &Shape, w: &Shape) -> Result<Convolution, ErrorKind> {
        if x.rank() != w.rank() || x.rank() < 2 {
            return Err(ErrorKind::invalid(format!(
                "an input of shape {x} and a kernel of shape {w} do not fit; both need a batch or output axis, a \
                 feature axis, and the same number of spatial axes"
            )));
        }
        let dims = self.dimension_numbers.roles(x.rank())?;
        let n = x.rank() - 2;
        let strides = or_ones(&self.strides, n, "strides")?;
        let lhs_dilation = or_ones(&self.lhs_dilation, n, "input dilations")?;
        let rhs_dilation = or_ones(&self.rhs_dilation, n, "kernel dilations")?;
        let by_name = matches!(self.padding, Padding::Same | Padding::SameLower);
        if by_name && lhs_dilation.iter().any(|d| *d != 1) {
            let message = format!(
                "`{:?}` does not say how to pad an input dilated by {lhs_dilation:?}; give the amounts, or use \
                 `conv_transpose`",
                self.padding
            );
            return Err(ErrorKind::invalid(message));
        }
        let extents: Vec<usize> = dims.lhs.spatial.iter().map(|axis| x.dim(*axis)).collect();
        let taps = dims.rhs.spatial.iter().zip(&rhs_dilation);
        let taps: Vec<usize> = taps.map(|(axis, d)| dilated(w.dim(*axis), *d)).collect();
        let (low, high) =
            self.padding.amounts(&extents, &taps, &strides)?.into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
        Ok(Convolution {
            dims,
            strides: strides.into(),
            low: low.into(),
            high: high.into(),
            lhs_dilation: lhs_dilation.into(),
            rhs_dilation: rhs_dilation.into(),
            feature_group_count: self.feature_group_count,
            batch_group_count: self.batch_group_count,
        })
    }
}

/// How a [`Val::conv_transpose`] is made: [`ConvTranspose::default`] has features last, stride 1 and the padding of a
/// `Valid` convolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvTranspose {
    /// The strides of the convolution whose transpose it is.
    pub strides: Vec<usize>,
    /// `Same` and `Valid` are those of that convolution; explicit amounts are of the dilated input itself, or, if
    /// `use_consistent_padding`, of that convolution too.
    pub padding: Padding,
    /// Distance of neighbours of the kernel.
    pub rhs_dilation: Vec<usize>,
    /// Which axes are what.
    pub dimension_numbers: DimensionNumbers,
    /// Reverses the kernel and exchanges its features, so that the result is the gradient of the convolution with it.
    pub transpose_kernel: bool,
    /// Reads explicit padding as that of the convolution whose transpose it is.
    pub use_consistent_padding: bool,
    /// The features are cut into so many groups, as PyTorch's: `inputs / groups` of the kernel's features are read for
    /// `outputs / groups` of the result.
    pub feature_group_count: usize,
}

impl Default for ConvTranspose {
    fn default() -> ConvTranspose {
        ConvTranspose {
            strides: vec![],
            padding: Padding::Valid,
            rhs_dilation: vec![],
            dimension_numbers: DimensionNumbers::default(),
            transpose_kernel: false,
            use_consistent_padding: false,
            feature_group_count: 1,
        }
    }
}

impl ConvTranspose {
    /// The padding of the dilated input, for a kernel of `taps` elements (dilated) and a stride.
    fn amounts(&self, taps: &[usize], strides: &[usize]) -> Result<Vec<(i64, i64)>, ErrorKind> {
        let pair = |k: usize, explicit: Option<(i64, i64)>| {
            let (taps, stride) = (taps[k] as i64, strides[k] as i64);
            match (&self.padding, explicit) {
                (_, Some((before, behind))) => (taps - 1 - before, taps - 1 - behind),
                (Padding::Valid, _) => {
                    let all = taps + stride - 2 + (taps - stride).max(0);
                    (taps - 1, all - (taps - 1))
                }
                _ => {
                    let all = taps + stride - 2;
                    let before = if stride > taps - 1 { taps - 1 } else { (all + 1) / 2 };
                    (before, all - before)
                }
            }
        };
        match &self.padding {
            Padding::Explicit(pairs) if pairs.len() != taps.len() => Err(ErrorKind::invalid(format!(
                "{} pairs of padding for {} spatial axes; give one `(before, behind)` for each",
                pairs.len(),
                taps.len()
            ))),
            Padding::Explicit(pairs) if self.use_consistent_padding => {
                Ok(pairs.iter().enumerate().map(|(k, amounts)| pair(k, Some(*amounts))).collect())
            }
            Padding::Explicit(pairs) => Ok(pairs.clone()),
            Padding::SameLower => Err(ErrorKind::invalid(
                "`SameLower` has no transpose; use `Same`, `Valid`, or give the amounts",
            )),
            _ => Ok((0..taps.len()).map(|k| pair(k, None)).collect()),
        }
    }
}

/// The ways in which [`Val::convolve`] treats the border.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConvolveMode {
    /// Every overlap: `n + m - 1` elements.
    #[default]
    Full,
    /// As many elements as the longer operand has, centred.
    Same,
    /// Whole overlaps only.
    Valid,
}

/// The operands at the element type in which they meet.
#[track_caller]
fn met(x: Val, w: Val, known: &[Known]) -> (Strict, Strict) {
    let dtype = promote_all(known).numeric().dtype;
    (strict::convert_literal(x, dtype), strict::convert_literal(w, dtype))
}

impl Val {
    /// The convolution with a kernel, in any number of spatial axes; the kernel is not reversed.
    ///
    /// # Errors
    /// If input and kernel do not fit; the message names both shapes.
    ///
    /// ```
    /// use gradus::{Array, Conv, Padding, Val, jit};
    /// let f = jit(|x: &Val, w: &Val| {
    ///     x.conv_general_dilated(w, &Conv { padding: Padding::Same, ..Conv::default() })
    /// });
    /// let (image, kernel) = (Array::full([2, 8, 8, 3], 1.0f32), Array::full([3, 3, 3, 16], 0.5f32));
    /// assert_eq!(f(&image, &kernel)?.shape(), [2, 8, 8, 16]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn conv_general_dilated(self, kernel: impl Into<Val>, config: &Conv) -> Val {
        let kernel = kernel.into();
        Val::derive("conv_general_dilated", &[self, kernel], |known| {
            let op = config.resolve(&known[0].ty.shape, &known[1].ty.shape)?;
            let (x, w) = met(self, kernel, known);
            let types = [x.ty(), w.ty()];
            gradus_ir::verify::infer(&op.clone().into(), &[&types[0], &types[1]])?;
            Ok(Val::from_ir(x.convolution(w, op)))
        })
    }
    /// The convolution of `[batch, spatial.., inputs]` with a kernel `[spatial.., inputs, outputs]`: strides along each
    /// spatial axis, and a padding.
    ///
    /// ```
    /// use gradus::{Array, Padding, Pool, Val, jit};
    /// let f = jit(|x: &Val, w: &Val| x.conv(w, [1, 1], Padding::Same).max_pool(&Pool::new([2, 2])));
    /// let y = f(&Array::full([1, 8, 8, 3], 1.0f32), &Array::full([3, 3, 3, 16], 1.0f32))?;
    /// assert_eq!(y.shape(), [1, 4, 4, 16]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn conv(self, kernel: impl Into<Val>, strides: impl AsRef<[usize]>, padding: Padding) -> Val {
        crate::val::at_caller("conv", || {
            let config = Conv { strides: strides.as_ref().to_vec(), padding, ..Conv::default() };
            self.conv_general_dilated(kernel, &config)
        })
    }
    /// The transpose of a convolution: a convolution over the input dilated by the strides.
    ///
    /// ```
    /// use gradus::{Array, ConvTranspose, Padding, Val, jit};
    /// let doubling = ConvTranspose { strides: vec![2, 2], padding: Padding::Same, ..ConvTranspose::default() };
    /// let f = jit(move |x: &Val, w: &Val| x.conv_transpose(w, &doubling));
    /// let y = f(&Array::full([1, 4, 4, 2], 1.0f32), &Array::full([3, 3, 2, 3], 1.0f32))?;
    /// assert_eq!(y.shape(), [1, 8, 8, 3]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn conv_transpose(self, kernel: impl Into<Val>, config: &ConvTranspose) -> Val {
        let kernel = kernel.into();
        Val::derive("conv_transpose", &[self, kernel], |known| {
            let (x, w) = (&known[0].ty.shape, &known[1].ty.shape);
            let groups = config.feature_group_count;
            if config.transpose_kernel && groups != 1 {
                return Err(ErrorKind::invalid(format!(
                    "`transpose_kernel` exchanges all features of the kernel {w}, not those of {groups} groups; flip \
                     and arrange the kernel yourself"
                )));
            }
            let plain = Conv {
                dimension_numbers: config.dimension_numbers.clone(),
                feature_group_count: groups,
                ..Conv::default()
            };
            let roles = plain.resolve(x, w)?.dims.rhs;
            let n = roles.spatial.len();
            let strides = or_ones(&config.strides, n, "strides")?;
            let dilation = or_ones(&config.rhs_dilation, n, "kernel dilations")?;
            let taps = roles.spatial.iter().zip(&dilation).map(|(axis, d)| dilated(w.dim(*axis), *d));
            let padding = Padding::Explicit(config.amounts(&taps.collect::<Vec<_>>(), &strides)?);
            let mut kernel = kernel;
            if config.transpose_kernel {
                let spatial: Vec<i64> = roles.spatial.iter().map(|axis| *axis as i64).collect();
                kernel = kernel.flip(spatial).swapaxes(roles.batch, roles.feature);
            }
            let conv = Conv { padding, lhs_dilation: strides, rhs_dilation: dilation, ..plain };
            Ok(self.conv_general_dilated(kernel, &conv))
        })
    }
    /// The windows of the input, flattened along the feature axis: for each feature the elements of its window.
    /// `filter_shape` are the window's extents; the groups of `config` are not used.
    ///
    /// ```
    /// use gradus::{Array, Conv, Val, jit};
    /// let f = jit(|x: &Val| x.reshape([1, 2, 2, 1]).conv_general_dilated_patches([2, 2], &Conv::default()));
    /// let y = f(&Array::from([[1.0f32, 2.0], [3.0, 4.0]]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.0, 2.0, 3.0, 4.0]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn conv_general_dilated_patches(self, filter_shape: impl AsRef<[usize]>, config: &Conv) -> Val {
        let filter = filter_shape.as_ref();
        Val::derive("conv_general_dilated_patches", &[self], |known| {
            let x = &known[0].ty;
            let rank = x.rank();
            if filter.len() + 2 != rank {
                return Err(ErrorKind::invalid(format!(
                    "windows {filter:?} do not fit {x}; give an extent for each axis but batch and features"
                )));
            }
            let dims = config.dimension_numbers.roles(rank)?;
            let (places, features) = (Shape::from(filter).size(), x.shape.dim(dims.lhs.feature));
            strict::small_table([features.saturating_mul(places), places])?;
            // A kernel for each place of the window, and for each feature: depthwise.
            let mut shape = vec![1; rank];
            shape[dims.rhs.batch] = features * places;
            dims.rhs.spatial.iter().zip(filter).for_each(|(axis, n)| shape[*axis] = *n);
            let plain = Conv { feature_group_count: features.max(1), batch_group_count: 1, ..config.clone() };
            let op = plain.resolve(&x.shape, &shape.into())?;
            let ty = Type::new(x.dtype, [features * places, places]);
            let ones = Array::from_f64(
                &ty,
                (0..features * places).flat_map(|row| {
                    (0..places).map(move |place| f64::from(u8::from(row % places.max(1) == place)))
                }),
            );
            let split: Shape = [features * places, 1].into_iter().chain(filter.iter().copied()).collect();
            let order: Vec<usize> =
                [dims.rhs.batch, dims.rhs.feature].into_iter().chain(dims.rhs.spatial).collect();
            let mut back = vec![0; rank];
            order.iter().enumerate().for_each(|(k, axis)| back[*axis] = k);
            let kernel = strict::constant(ones).reshape(split).transpose(&back);
            Ok(Val::from_ir(self.ir().convolution(kernel, op)))
        })
    }

    /// NumPy's `convolve` of two vectors: the second one reversed moves over the first one.
    ///
    /// ```
    /// use gradus::{Array, ConvolveMode, Val, jit};
    /// let f = jit(|x: &Val, y: &Val| x.convolve(y, ConvolveMode::Full));
    /// let z = f(&Array::from([1.0f32, 2.0, 3.0]), &Array::from([0.0f32, 1.0, 0.5]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [0.0, 1.0, 2.5, 4.0, 1.5]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn convolve(self, other: impl Into<Val>, mode: ConvolveMode) -> Val {
        let other = other.into();
        Val::derive("convolve", &[self, other], |known| {
            let (n, m) = lengths(known)?;
            let (x, y) = if n < m { (other, self) } else { (self, other) };
            Ok(slide(x, y.flip(0), n.min(m), mode, known))
        })
    }
    /// NumPy's `correlate` of two vectors: the second one moves over the first one. (By default NumPy's mode
    /// is `Valid`.)
    ///
    /// ```
    /// use gradus::{Array, ConvolveMode, Val, jit};
    /// let f = jit(|x: &Val, y: &Val| x.correlate(y, ConvolveMode::Valid));
    /// let z = f(&Array::from([1.0f32, 2.0, 3.0]), &Array::from([0.0f32, 1.0, 0.5]))?;
    /// assert_eq!(z.to_vec::<f32>()?, [3.5]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn correlate(self, other: impl Into<Val>, mode: ConvolveMode) -> Val {
        let other = other.into();
        Val::derive("correlate", &[self, other], |known| {
            let (n, m) = lengths(known)?;
            if n < m {
                return Ok(slide(other, self, n, mode, known).flip(0));
            }
            Ok(slide(self, other, m, mode, known))
        })
    }
}

/// The lengths of two vectors that are not empty.
fn lengths(known: &[Known]) -> Result<(usize, usize), ErrorKind> {
    let (x, y) = (&known[0].ty, &known[1].ty);
    if x.rank() != 1 || y.rank() != 1 || x.shape.size() == 0 || y.shape.size() == 0 {
        return Err(ErrorKind::invalid(format!("takes two vectors that are not empty, not {x} and {y}")));
    }
    Ok((x.shape.dim(0), y.shape.dim(0)))
}

/// `y`, of length `m`, moved over the longer `x`.
#[track_caller]
fn slide(x: Val, y: Val, m: usize, mode: ConvolveMode, known: &[Known]) -> Val {
    let m = m as i64;
    let amounts = match mode {
        ConvolveMode::Full => (m - 1, m - 1),
        ConvolveMode::Same => (m / 2, m - m / 2 - 1),
        ConvolveMode::Valid => (0, 0),
    };
    let Promoted { dtype, .. } = promote_all(known).inexact();
    let operand = |v: Val| v.astype(dtype).reshape([1, 1, -1]);
    // One feature, so that lanes run along the line.
    let along = Conv { padding: Padding::Explicit(vec![amounts]), ..Conv::features_first() };
    operand(x).conv_general_dilated(operand(y), &along).reshape([-1])
}
