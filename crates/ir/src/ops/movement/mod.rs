//! Primitives that move elements without computing: linear, and shape is all they are about.

mod derivative;
mod evaluate;
mod infer;
mod samples;
mod values;

use crate::ops::strided::View;
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, linear_jvp};
use crate::trace::{Val, Vals};
use crate::{Array, Dims, ErrorKind, Shape};
use smallvec::{SmallVec, smallvec};
use std::ops::RangeInclusive;

documented! {
/// A rearrangement of elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Movement {
    /// Repeats the operand along new axes and axes of extent 1: operand axis `i` becomes result axis `dims[i]`.
    Broadcast {
        /// The result's shape.
        shape: Shape,
        /// The result axis of each operand axis, increasing.
        dims: Dims,
    },
    /// The same elements in row-major order in another shape.
    Reshape {
        /// The result's shape.
        shape: Shape,
    },
    /// Axes in another order: result axis `k` is operand axis `permutation[k]`.
    Transpose {
        /// The operand axis of each result axis.
        permutation: Dims,
    },
    /// Part of the operand: along each axis the indices `starts`, `starts + strides`, ... below `limits`.
    Slice {
        /// The first index along each axis.
        starts: Dims,
        /// The index behind the last along each axis.
        limits: Dims,
        /// From one index to the next along each axis, at least 1.
        strides: Dims,
    },
    /// The first operand amid copies of the second one, a scalar. Negative amounts cut elements off.
    Pad {
        /// How many come before, along each axis.
        low: Amounts,
        /// How many come behind, along each axis.
        high: Amounts,
        /// How many come between neighbours, along each axis.
        interior: Dims,
    },
    /// The operands one behind the other along an axis.
    Concatenate {
        /// The axis.
        dimension: usize,
    },
    /// Axes walked backwards.
    Rev {
        /// The axes, increasing.
        dimensions: Dims,
    },
}
}

/// Amounts along each axis that may be negative.
pub type Amounts = SmallVec<[i64; 4]>;

/// What a [`Movement::Slice`] keeps of an axis: the number of indices.
pub fn slice_len(start: usize, limit: usize, stride: usize) -> usize {
    limit.saturating_sub(start).div_ceil(stride)
}

/// The extent of an axis after [`Movement::Pad`]; negative if more is cut off than there is.
pub fn padded_len(extent: usize, low: i64, high: i64, interior: usize) -> i128 {
    let between = extent.saturating_sub(1) as i128 * interior as i128;
    extent as i128 + between + i128::from(low) + i128::from(high)
}

/// The index behind [`Movement::Pad`] of the element at `index`; none if it is cut off.
pub fn padded_index(index: usize, low: i64, interior: usize, result: usize) -> Option<usize> {
    let at = index as i128 * (interior as i128 + 1) + i128::from(low);
    usize::try_from(at).ok().filter(|at| *at < result)
}

impl Movement {
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Movement, String>> {
        type Parsed = Result<Movement, String>;
        let all = attributes;
        Some(match name {
            "broadcast" => {
                take_shape(all).and_then(|shape| Ok(Movement::Broadcast { shape, dims: all.take("dims")? }))
            }
            "reshape" => take_shape(all).map(|shape| Movement::Reshape { shape }),
            "transpose" => all.take("permutation").map(|permutation| Movement::Transpose { permutation }),
            "slice" => || -> Parsed {
                let (starts, limits) = (all.take("starts")?, all.take("limits")?);
                Ok(Movement::Slice { starts, limits, strides: all.take("strides")? })
            }(),
            "pad" => || -> Parsed {
                let (low, high): (Vec<i64>, Vec<i64>) = (all.take("low")?, all.take("high")?);
                Ok(Movement::Pad { low: low.into(), high: high.into(), interior: all.take("interior")? })
            }(),
            "concatenate" => all.take("dimension").map(|dimension| Movement::Concatenate { dimension }),
            "rev" => all.take("dimensions").map(|dimensions| Movement::Rev { dimensions }),
            _ => return None,
        })
    }
    /// How the result is read from an operand of shape `x`; `None` if it is not read by strides alone (reshape keeps
    /// the positions; pad and concatenate have several sources).
    pub fn view(&self, x: &Shape) -> Option<View> {
        match self {
            Movement::Broadcast { shape, dims } => {
                let own = x.strides();
                let mut view = View { offset: 0, strides: smallvec![0; shape.rank()] };
                for (i, d) in dims.iter().enumerate().filter(|(i, _)| x.dim(*i) != 1) {
                    view.strides[*d] = own[i] as isize;
                }
                Some(view)
            }
            Movement::Transpose { permutation } => Some(View::of_axes(x, permutation)),
            Movement::Slice { starts, strides, .. } => {
                let own = x.strides();
                let offset = own.iter().zip(starts).map(|(own, start)| own * start).sum();
                let strides =
                    own.iter().zip(strides).map(|(own, stride)| own.saturating_mul(*stride) as isize);
                Some(View { offset, strides: strides.collect() })
            }
            Movement::Rev { dimensions } => {
                let mut view = View::of_axes(x, &(0..x.rank()).collect::<Dims>());
                for axis in dimensions {
                    view.offset += x.dim(*axis).saturating_sub(1) * view.strides[*axis] as usize;
                    view.strides[*axis] *= -1;
                }
                Some(view)
            }
            Movement::Reshape { .. } | Movement::Pad { .. } | Movement::Concatenate { .. } => None,
        }
    }
}

fn take_shape(attributes: &mut Attributes) -> Result<Shape, String> {
    attributes.take::<Vec<usize>>("shape").map(Shape::from)
}

impl Rules for Movement {
    fn name(&self) -> &'static str {
        match self {
            Movement::Broadcast { .. } => "broadcast",
            Movement::Reshape { .. } => "reshape",
            Movement::Transpose { .. } => "transpose",
            Movement::Slice { .. } => "slice",
            Movement::Pad { .. } => "pad",
            Movement::Concatenate { .. } => "concatenate",
            Movement::Rev { .. } => "rev",
        }
    }
    fn attributes(&self) -> Attributes {
        let all = Attributes::new();
        match self {
            Movement::Broadcast { shape, dims } => all.with("shape", shape.dims()).with("dims", dims.clone()),
            Movement::Reshape { shape } => all.with("shape", shape.dims()),
            Movement::Transpose { permutation } => all.with("permutation", permutation.clone()),
            Movement::Slice { starts, limits, strides } => all
                .with("starts", starts.clone())
                .with("limits", limits.clone())
                .with("strides", strides.clone()),
            Movement::Pad { low, high, interior } => {
                all.with("low", low.to_vec()).with("high", high.to_vec()).with("interior", interior.clone())
            }
            Movement::Concatenate { dimension } => all.with("dimension", *dimension),
            Movement::Rev { dimensions } => all.with("dimensions", dimensions.clone()),
        }
    }
    fn arity(&self) -> RangeInclusive<usize> {
        match self {
            Movement::Pad { .. } => 2..=2,
            Movement::Concatenate { .. } => 1..=usize::MAX,
            _ => 1..=1,
        }
    }
    fn constraints(&self) -> &'static [&'static str] {
        self.sentences()
    }
    fn infer(&self, args: &[&crate::Type]) -> Infer {
        self.result_type(args).map(|ty| vec![ty])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        Ok(vec![self.evaluate(args)])
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        linear_jvp(self.clone().into(), x, dx)
    }
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        match ct[0] {
            Some(ct) => self.pull_back(ct, args),
            None => vec![None; args.len()],
        }
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        smallvec![self.batched(args, mapped, lanes)]
    }
    fn moves_elements(&self) -> bool {
        true
    }
    fn decompose_complex(&self, args: &[Val]) -> Option<Vals> {
        Some(crate::ops::elementwise::componentwise(&self.clone().into(), args))
    }
    fn is_cheap(&self) -> bool {
        matches!(self, Movement::Broadcast { .. })
    }
}
