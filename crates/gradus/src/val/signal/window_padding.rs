//! How windows reach over the border of an array.

use crate::ErrorKind;

/// What stands around an array on which windows move.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Padding {
    /// Nothing: windows lie inside.
    #[default]
    Valid,
    /// So much that with stride 1 the result has the operand's extents; an odd one goes behind.
    Same,
    /// As [`Padding::Same`]; an odd one goes in front.
    SameLower,
    /// `(before, behind)` along each axis; negative amounts cut elements off.
    Explicit(Vec<(i64, i64)>),
}

impl Padding {
    /// The amounts along each axis for windows of these extents, dilation included.
    ///
    /// # Errors
    /// If the explicit ones are not one pair for each axis.
    pub(crate) fn amounts(
        &self,
        extents: &[usize],
        windows: &[usize],
        strides: &[usize],
    ) -> Result<Vec<(i64, i64)>, ErrorKind> {
        match self {
            Padding::Valid => Ok(vec![(0, 0); extents.len()]),
            Padding::Explicit(pairs) if pairs.len() == extents.len() => Ok(pairs.clone()),
            Padding::Explicit(pairs) => Err(ErrorKind::invalid(format!(
                "{} pairs of padding for {} axes {extents:?}; give one `(before, behind)` for each",
                pairs.len(),
                extents.len()
            ))),
            Padding::Same | Padding::SameLower => {
                let amount = |k: usize| {
                    let (n, stride) = (extents[k] as i128, strides[k].max(1) as i128);
                    let count = (n + stride - 1) / stride;
                    let all =
                        ((count - 1) * stride + windows[k] as i128 - n).clamp(0, i64::MAX.into()) as i64;
                    let (less, more) = (all / 2, all - all / 2);
                    if *self == Padding::Same { (less, more) } else { (more, less) }
                };
                Ok((0..extents.len()).map(amount).collect())
            }
        }
    }
}

/// `given`, or ones for each of `n` axes where none are given.
pub(crate) fn or_ones(given: &[usize], n: usize, what: &str) -> Result<Vec<usize>, ErrorKind> {
    if given.is_empty() {
        return Ok(vec![1; n]);
    }
    if given.len() == n {
        return Ok(given.to_vec());
    }
    Err(ErrorKind::invalid(format!(
        "{} {what} {given:?} for {n} axes; give one for each, or none",
        given.len()
    )))
}

/// Elements from the first to the last of `extent` neighbours at this distance.
pub(crate) fn dilated(extent: usize, dilation: usize) -> usize {
    if extent == 0 { 0 } else { (extent - 1).saturating_mul(dilation).saturating_add(1) }
}
