//! What a convolution demands of its operands, and the type of its result.

use super::{AxisRoles, ConvDims, Convolution, dilated};
use crate::ops::strided::are_distinct_axes;
use crate::{Dims, Dtype, ErrorKind, Type};

pub(super) const SENTENCES: &[&str] = &[
    "Both operands have the same element type.",
    "The element type is a number, not `bool`.",
    "`dimension_numbers` gives every axis of input, kernel and result, all of the same rank, one role.",
    "`window_strides`, `padding`, `lhs_dilation` and `rhs_dilation` have one entry for each spatial axis.",
    "Strides and dilations are at least 1.",
    "The group counts are at least 1, and one of them is 1.",
    "The input has `feature_group_count` times the input features of the kernel.",
    "The number of output features is a multiple of both group counts.",
    "The number of examples is a multiple of `batch_group_count`.",
    "Negative padding cuts off no more than there is.",
];

fn refuse<T>(number: u8, message: String) -> Result<T, ErrorKind> {
    Err(ErrorKind::constraint(number, message))
}

impl Convolution {
    pub(super) fn result_type(&self, lhs: &Type, rhs: &Type) -> Result<Type, ErrorKind> {
        if lhs.dtype != rhs.dtype {
            let (lhs, rhs, hint) = (lhs.clone(), rhs.clone(), "convert one of them");
            return Err(ErrorKind::DtypeMismatch { number: 1, lhs: lhs.into(), rhs: rhs.into(), hint });
        }
        if lhs.dtype == Dtype::Bool {
            return refuse(2, format!("takes integers and floats, not {lhs} and {rhs}; convert them first"));
        }
        self.check_roles(lhs, rhs)?;
        self.check_amounts()?;
        self.check_groups(lhs, rhs)?;
        let ConvDims { lhs: from, rhs: kernel, out } = &self.dims;
        let mut dims = Dims::from_elem(0, lhs.rank());
        dims[out.batch] = lhs.shape.dim(from.batch) / self.batch_group_count;
        dims[out.feature] = rhs.shape.dim(kernel.batch);
        for k in 0..self.num_spatial() {
            let (n, window) = (lhs.shape.dim(from.spatial[k]), rhs.shape.dim(kernel.spatial[k]));
            dims[out.spatial[k]] = self.num_windows(k, n, window, lhs)?;
        }
        Ok(lhs.with_shape(dims))
    }

    fn check_roles(&self, lhs: &Type, rhs: &Type) -> Result<(), ErrorKind> {
        let dims = &self.dims;
        let is_whole = |roles: &AxisRoles, rank: usize| {
            roles.axes().len() == rank && are_distinct_axes(&roles.axes(), rank)
        };
        let rank = lhs.rank();
        if rhs.rank() == rank && [&dims.lhs, &dims.rhs, &dims.out].iter().all(|roles| is_whole(roles, rank)) {
            return Ok(());
        }
        let (a, b, c) = (dims.lhs.axes(), dims.rhs.axes(), dims.out.axes());
        refuse(
            3,
            format!(
                "axes {a:?} of input {lhs}, {b:?} of kernel {rhs} and {c:?} of the result do not name every axis once; \
                 both have one axis for each of batch, feature and window axes"
            ),
        )
    }

    fn check_amounts(&self) -> Result<(), ErrorKind> {
        let n = self.dims.lhs.spatial.len();
        let lengths = [
            self.strides.len(),
            self.low.len(),
            self.high.len(),
            self.lhs_dilation.len(),
            self.rhs_dilation.len(),
        ];
        if lengths.iter().any(|len| *len != n) {
            return refuse(
                4,
                format!(
                    "there are {n} spatial axes, but {} strides, {} paddings, {} and {} dilations; give one for each",
                    lengths[0], lengths[1], lengths[3], lengths[4]
                ),
            );
        }
        let (s, l, r) = (&self.strides, &self.lhs_dilation, &self.rhs_dilation);
        if s.iter().chain(l).chain(r).any(|amount| *amount == 0) {
            return refuse(5, format!("strides {s:?} and dilations {l:?} and {r:?} must all be at least 1"));
        }
        Ok(())
    }

    fn check_groups(&self, lhs: &Type, rhs: &Type) -> Result<(), ErrorKind> {
        let (features, batches) = (self.feature_group_count, self.batch_group_count);
        if features.min(batches) != 1 {
            return refuse(
                6,
                format!(
                    "{features} feature groups and {batches} batch groups; one of them must be 1, none 0"
                ),
            );
        }
        let (n, m) = (lhs.shape.dim(self.dims.lhs.feature), rhs.shape.dim(self.dims.rhs.feature));
        if Some(n) != m.checked_mul(features) {
            return refuse(
                7,
                format!(
                    "input {lhs} has {n} features, but kernel {rhs} takes {m} in each of {features} groups; \
                     check the axes' roles"
                ),
            );
        }
        let outputs = rhs.shape.dim(self.dims.rhs.batch);
        if !outputs.is_multiple_of(features) || !outputs.is_multiple_of(batches) {
            let groups = features.max(batches);
            return refuse(
                8,
                format!("the {outputs} output features of kernel {rhs} are no multiple of {groups} groups"),
            );
        }
        let examples = lhs.shape.dim(self.dims.lhs.batch);
        if !examples.is_multiple_of(batches) {
            return refuse(
                9,
                format!("the {examples} examples of input {lhs} are no multiple of {batches} groups"),
            );
        }
        Ok(())
    }

    /// How many windows fit along spatial axis `k`.
    fn num_windows(&self, k: usize, n: usize, window: usize, lhs: &Type) -> Result<usize, ErrorKind> {
        let padded = dilated(n, self.lhs_dilation[k]) + i128::from(self.low[k]) + i128::from(self.high[k]);
        if padded < 0 {
            let (low, high) = (self.low[k], self.high[k]);
            return refuse(
                10,
                format!("padding ({low}, {high}) cuts off more of spatial axis {k} than {lhs} has"),
            );
        }
        Ok(num_windows(padded, dilated(window, self.rhs_dilation[k]), self.strides[k]))
    }
}

/// How many windows of `window` elements fit into `extent`, a `stride` apart; saturates.
pub(crate) fn num_windows(extent: i128, window: i128, stride: usize) -> usize {
    if extent == 0 || window > extent {
        return 0;
    }
    usize::try_from((extent - window) / stride as i128 + 1).unwrap_or(usize::MAX)
}
