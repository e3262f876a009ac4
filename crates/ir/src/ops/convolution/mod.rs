//! Convolutions over any number of spatial axes.
//!
//! One primitive is closed under its own derivatives and batches: both gradients of a convolution are convolutions,
//! and a batch of convolutions is one with more examples, features or groups.

mod derivative;
mod evaluate;
mod infer;
mod samples;

use crate::ops::movement::Amounts;
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, sum_terms, with_tangent};
use crate::trace::{Val, Vals, bind1};
use crate::{Array, Dims, ErrorKind, Type};
pub(crate) use infer::num_windows;
use smallvec::smallvec;
use std::ops::RangeInclusive;

documented! {
/// Products of a kernel, the second operand, with the windows of the first one, summed over the window and the input
/// features. Axis roles, strides, padding (negative cuts off), dilations and groups are those of StableHLO; the
/// kernel is not reversed. Zeros that padding and dilation put in are multiplied like elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Convolution {
    /// Which axes are what.
    pub dims: ConvDims,
    /// From one window to the next, along each spatial axis.
    pub strides: Dims,
    /// How many zeros come before the input, along each spatial axis; negative ones cut elements off.
    pub low: Amounts,
    /// How many zeros come behind the input.
    pub high: Amounts,
    /// Distance of neighbours of the input, along each spatial axis; zeros stand between.
    pub lhs_dilation: Dims,
    /// Distance of neighbours of the kernel, along each spatial axis.
    pub rhs_dilation: Dims,
    /// The input features are cut into so many groups, each of which has its own output features.
    pub feature_group_count: usize,
    /// The examples are cut into so many groups, each of which has its own output features.
    pub batch_group_count: usize,
}
}

/// The roles of the axes of one array of a [`Convolution`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AxisRoles {
    /// The axis of examples; of a kernel that of output features.
    pub batch: usize,
    /// The axis of features; of a kernel that of input features.
    pub feature: usize,
    /// The axes along which windows move, in the same order for all three arrays.
    pub spatial: Dims,
}

impl AxisRoles {
    /// Batch first, features next, then the spatial axes: `NCHW`, and `OIHW` of a kernel.
    pub fn features_first(num_spatial: usize) -> AxisRoles {
        AxisRoles { batch: 0, feature: 1, spatial: (2..2 + num_spatial).collect() }
    }
    /// Batch first, then the spatial axes, features last: `NHWC`.
    pub fn features_last(num_spatial: usize) -> AxisRoles {
        AxisRoles { batch: 0, feature: num_spatial + 1, spatial: (1..=num_spatial).collect() }
    }
    /// Spatial axes first, then input and output features: `HWIO` of a kernel.
    pub fn kernel_last(num_spatial: usize) -> AxisRoles {
        AxisRoles { batch: num_spatial + 1, feature: num_spatial, spatial: (0..num_spatial).collect() }
    }
    /// Batch and features exchanged.
    fn swapped(&self) -> AxisRoles {
        AxisRoles { batch: self.feature, feature: self.batch, spatial: self.spatial.clone() }
    }
    fn axes(&self) -> Dims {
        [self.batch, self.feature].into_iter().chain(self.spatial.iter().copied()).collect()
    }
}

/// The roles of the axes of input, kernel and result.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConvDims {
    /// Of the input.
    pub lhs: AxisRoles,
    /// Of the kernel, whose `batch` is the axis of output features.
    pub rhs: AxisRoles,
    /// Of the result.
    pub out: AxisRoles,
}

/// Elements from the first to the last of `extent` neighbours at this distance; many more than fit into memory are
/// 2¹⁰⁰, to which padding can be added.
pub fn dilated(extent: usize, dilation: usize) -> i128 {
    let Some(last) = extent.checked_sub(1) else { return 0 };
    (last as i128).saturating_mul(dilation as i128).min(1 << 100) + 1
}

impl Convolution {
    /// A convolution without strides, padding, dilation and groups.
    pub fn new(dims: ConvDims) -> Convolution {
        let n = dims.lhs.spatial.len();
        let ones = || Dims::from_elem(1, n);
        Convolution {
            strides: ones(),
            low: Amounts::from_elem(0, n),
            high: Amounts::from_elem(0, n),
            lhs_dilation: ones(),
            rhs_dilation: ones(),
            feature_group_count: 1,
            batch_group_count: 1,
            dims,
        }
    }
    /// The number of spatial axes.
    pub fn num_spatial(&self) -> usize {
        self.strides.len()
    }
    /// The position along spatial axis `k` of the input that window `o` reads at `tap` of the kernel, if there is one.
    pub fn source(&self, k: usize, o: usize, tap: usize, extent: usize) -> Option<usize> {
        let at = o as i128 * self.strides[k] as i128 + tap as i128 * self.rhs_dilation[k] as i128
            - i128::from(self.low[k]);
        let step = self.lhs_dilation[k] as i128;
        let index = usize::try_from(at / step).ok()?;
        (at >= 0 && at % step == 0 && index < extent).then_some(index)
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Convolution, String>> {
        (name == "convolution").then(|| parse(attributes))
    }
}

fn parse(all: &mut Attributes) -> Result<Convolution, String> {
    let strides = all.take("window_strides")?;
    let (low, high) = take_padding(all)?;
    let (lhs_dilation, rhs_dilation) = (all.take("lhs_dilation")?, all.take("rhs_dilation")?);
    let rows: Vec<Vec<i64>> = all.take("dimension_numbers")?;
    let [lhs, rhs, out] = &rows[..] else {
        return Err("attribute `dimension_numbers` needs a list of axes for input, kernel and result".into());
    };
    let roles = |row: &[i64]| -> Result<AxisRoles, String> {
        let axes: Result<Dims, _> = row.iter().map(|n| usize::try_from(*n)).collect();
        match axes.as_deref() {
            Ok([batch, feature, spatial @ ..]) => {
                Ok(AxisRoles { batch: *batch, feature: *feature, spatial: spatial.into() })
            }
            _ => Err("attribute `dimension_numbers` needs two axes and the spatial ones in each list".into()),
        }
    };
    let dims = ConvDims { lhs: roles(lhs)?, rhs: roles(rhs)?, out: roles(out)? };
    let (feature_group_count, batch_group_count) =
        (all.take("feature_group_count")?, all.take("batch_group_count")?);
    Ok(Convolution {
        dims,
        strides,
        low,
        high,
        lhs_dilation,
        rhs_dilation,
        feature_group_count,
        batch_group_count,
    })
}

/// The attribute `padding`: a pair for each axis.
pub(crate) fn take_padding(all: &mut Attributes) -> Result<(Amounts, Amounts), String> {
    let rows: Vec<Vec<i64>> = all.take("padding")?;
    let (mut low, mut high) = (Amounts::new(), Amounts::new());
    for row in rows {
        let [l, h] = row[..] else { return Err("attribute `padding` needs pairs".into()) };
        low.push(l);
        high.push(h);
    }
    Ok((low, high))
}

/// The attribute `padding` as [`take_padding`] reads it.
pub(crate) fn padding_rows(low: &[i64], high: &[i64]) -> Vec<Vec<i64>> {
    low.iter().zip(high).map(|(l, h)| vec![*l, *h]).collect()
}

impl Rules for Convolution {
    fn name(&self) -> &'static str {
        "convolution"
    }
    fn attributes(&self) -> Attributes {
        let ConvDims { lhs, rhs, out } = &self.dims;
        let row = |roles: &AxisRoles| -> Vec<i64> { roles.axes().iter().map(|axis| *axis as i64).collect() };
        Attributes::new()
            .with("window_strides", self.strides.clone())
            .with("padding", padding_rows(&self.low, &self.high))
            .with("lhs_dilation", self.lhs_dilation.clone())
            .with("rhs_dilation", self.rhs_dilation.clone())
            .with("dimension_numbers", vec![row(lhs), row(rhs), row(out)])
            .with("feature_group_count", self.feature_group_count)
            .with("batch_group_count", self.batch_group_count)
    }
    fn arity(&self) -> RangeInclusive<usize> {
        2..=2
    }
    fn constraints(&self) -> &'static [&'static str] {
        infer::SENTENCES
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        self.result_type(args[0], args[1]).map(|ty| vec![ty])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        Ok(vec![self.evaluate(args[0], args[1])])
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        with_tangent(self.clone().into(), x, |_| {
            sum_terms([
                dx[0].map(|dx| dx.convolution(x[1], self.clone())),
                dx[1].map(|dy| x[0].convolution(dy, self.clone())),
            ])
        })
    }
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let Some(ct) = ct[0] else { return vec![None, None] };
        match (&args[0], &args[1]) {
            (Operand::Linear(lhs), Operand::Known(rhs)) => vec![Some(self.pull_input(ct, lhs, *rhs)), None],
            (Operand::Known(lhs), Operand::Linear(rhs)) => vec![None, Some(self.pull_kernel(ct, *lhs, rhs))],
            _ => unreachable!("internal: a convolution is linear in one operand at a time"),
        }
    }
    fn decompose_complex(&self, args: &[Val]) -> Option<Vals> {
        Some(crate::ops::elementwise::bilinear(&self.clone().into(), args))
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        smallvec![self.batched(args, mapped, lanes)]
    }
}

impl Val {
    /// The convolution of `self` with the kernel `rhs`.
    #[track_caller]
    pub fn convolution(self, rhs: Val, op: Convolution) -> Val {
        bind1(op, &[self, rhs])
    }
}
