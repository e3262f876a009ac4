//! Where an element stands: coordinates as affine expressions of loop variables.
//!
//! A [`Position`] lists parts; a part covers one axis, or several adjacent ones by their joint row-major number.
//! Joint parts let a reshape, and a loop over merged axes, pass through a chain of operations without a division.

use gradus_kernel::{Index, Value};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Coordinates along adjacent axes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Part {
    /// How many axes.
    pub(crate) axes: usize,
    /// Their joint row-major number.
    pub(crate) at: Index,
}

impl Part {
    /// One axis.
    pub(crate) fn one(at: Index) -> Part {
        Part { axes: 1, at }
    }
}

/// Parts that cover all axes of a shape, in order.
pub(crate) type Position = SmallVec<[Part; 4]>;

/// `factor · index`.
pub(crate) fn scaled(index: &Index, factor: i64) -> Index {
    let start = Index::constant(index.constant_part().wrapping_mul(factor));
    index.terms().iter().fold(start, |sum, &(value, c)| sum.plus(value, c.wrapping_mul(factor)))
}

/// `x + y`.
pub(crate) fn sum(x: Index, y: &Index) -> Index {
    let start = x.offset(y.constant_part());
    y.terms().iter().fold(start, |sum, &(value, c)| sum.plus(value, c))
}

/// The row-major number of the element at `position` in an array with these extents.
pub(crate) fn address(dims: &[usize], position: &Position) -> Index {
    let mut stride = 1;
    let mut end = dims.len();
    let mut total = Index::constant(0);
    for part in position.iter().rev() {
        total = sum(total, &scaled(&part.at, stride));
        for _ in 0..part.axes {
            end -= 1;
            stride = stride.wrapping_mul(dims[end] as i64);
        }
    }
    debug_assert_eq!(end, 0, "internal: a position of another rank");
    total
}

/// The least and the largest value that loop variables take.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranges(FxHashMap<Value, (i64, i64)>);

impl Ranges {
    pub(crate) fn set(&mut self, value: Value, low: i64, high: i64) {
        self.0.insert(value, (low, high));
    }
    pub(crate) fn get(&self, value: Value) -> Option<(i64, i64)> {
        self.0.get(&value).copied()
    }
    /// Bounds of an expression, if those of its values are known.
    pub(crate) fn of(&self, index: &Index) -> Option<(i64, i64)> {
        let start = (index.constant_part(), index.constant_part());
        index.terms().iter().try_fold(start, |(low, high), &(value, c)| {
            let (a, b) = self.get(value)?;
            let (x, y) = (a.checked_mul(c)?, b.checked_mul(c)?);
            Some((low.checked_add(x.min(y))?, high.checked_add(x.max(y))?))
        })
    }
    /// `(index / extent, index % extent)` where both are affine, known from the bounds.
    pub(crate) fn div_rem(&self, index: &Index, extent: i64) -> Option<(Index, Index)> {
        let offset = index.constant_part();
        let mut quotient = Index::constant(offset.div_euclid(extent));
        let mut rest = Index::constant(offset.rem_euclid(extent));
        for &(value, c) in index.terms() {
            if c % extent == 0 {
                quotient = quotient.plus(value, c / extent);
            } else {
                rest = rest.plus(value, c);
            }
        }
        let (low, high) = self.of(&rest)?;
        let shift = low.div_euclid(extent);
        if high.div_euclid(extent) != shift {
            return None;
        }
        Some((quotient.offset(shift), rest.offset(-shift * extent)))
    }
}

/// The same element in another shape of the same size.
pub(super) fn through_reshape(position: &Position, from: &[usize], to: &[usize]) -> Position {
    let mut result = Position::new();
    let (mut part, mut axis, mut of_part) = (0, 0, 0);
    while axis < to.len() {
        // The shortest run of parts and the shortest run of axes with as many elements.
        let (first_axis, mut have, mut want) = (axis, 1usize, to[axis]);
        axis += 1;
        let mut at = Index::constant(0);
        let mut runs = 0;
        while have != want || (runs == 0 && want != 1) {
            if have < want {
                let Some(next) = position.get(part) else { break };
                let extent: usize = from[of_part..of_part + next.axes].iter().product();
                at = sum(scaled(&at, extent as i64), &next.at);
                have *= extent;
                runs += 1;
                of_part += next.axes;
                part += 1;
            } else {
                want *= to[axis];
                axis += 1;
            }
        }
        result.push(Part { axes: axis - first_axis, at });
    }
    result
}
