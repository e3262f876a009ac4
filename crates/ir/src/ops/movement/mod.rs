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
use std::ops::RangeInclusive;

documented! {
/// A rearrangement of elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
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
}
}

impl Movement {
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Movement, String>> {
        let mut shape = || attributes.take::<Vec<usize>>("shape").map(Shape::from);
        Some(match name {
            "broadcast" => {
                shape().and_then(|shape| Ok(Movement::Broadcast { shape, dims: attributes.take("dims")? }))
            }
            "reshape" => shape().map(|shape| Movement::Reshape { shape }),
            "transpose" => {
                attributes.take("permutation").map(|permutation| Movement::Transpose { permutation })
            }
            _ => return None,
        })
    }
    /// How the result is read from an operand of shape `x`; `None` if it is not read by strides alone (reshape keeps
    /// the positions; pad and concatenate have several sources).
    pub fn view(&self, x: &Shape) -> Option<View> {
        match self {
            Movement::Broadcast { shape, dims } => {
                let own = View::of_axes(x, &(0..x.rank()).collect::<Dims>());
                let mut view = View { offset: 0, strides: smallvec::smallvec![0; shape.rank()] };
                for (i, d) in dims.iter().enumerate().filter(|(i, _)| x.dim(*i) != 1) {
                    view.strides[*d] = own.strides[i];
                }
                Some(view)
            }
            Movement::Transpose { permutation } => Some(View::of_axes(x, permutation)),
            Movement::Reshape { .. } => None,
        }
    }
}

impl Rules for Movement {
    fn name(&self) -> &'static str {
        match self {
            Movement::Broadcast { .. } => "broadcast",
            Movement::Reshape { .. } => "reshape",
            Movement::Transpose { .. } => "transpose",
        }
    }
    fn attributes(&self) -> Attributes {
        let all = Attributes::new();
        match self {
            Movement::Broadcast { shape, dims } => all.with("shape", shape.dims()).with("dims", dims.clone()),
            Movement::Reshape { shape } => all.with("shape", shape.dims()),
            Movement::Transpose { permutation } => all.with("permutation", permutation.clone()),
        }
    }
    fn arity(&self) -> RangeInclusive<usize> {
        1..=1
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
        smallvec::smallvec![self.batched(args, mapped, lanes)]
    }
    fn is_cheap(&self) -> bool {
        matches!(self, Movement::Broadcast { .. })
    }
}
