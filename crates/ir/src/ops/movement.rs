//! Primitives that move elements without computing: linear, and shape is all they are about.

use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, Sample};
use crate::trace::{Val, Vals, bind1};
use crate::{Array, Dims, Dtype, ErrorKind, Shape, Type};
use smallvec::smallvec;

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
}

impl Movement {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let op = Movement::Broadcast { shape: [2, 3, 4].into(), dims: smallvec![0, 2] };
        vec![Sample::new(op).arg(Type::new(Dtype::F32, [2, 1]), -2.0, 2.0)]
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Movement, String>> {
        let parsed = match name {
            "broadcast" => || -> Result<Movement, String> {
                let shape: Vec<usize> = attributes.take("shape")?;
                Ok(Movement::Broadcast { shape: shape.into(), dims: attributes.take("dims")? })
            }(),
            _ => return None,
        };
        Some(parsed)
    }
}

impl Rules for Movement {
    fn name(&self) -> &'static str {
        match self {
            Movement::Broadcast { .. } => "broadcast",
        }
    }
    fn attributes(&self) -> Attributes {
        match self {
            Movement::Broadcast { shape, dims } => {
                Attributes::new().with("shape", shape.dims()).with("dims", dims.clone())
            }
        }
    }
    fn arity(&self) -> std::ops::RangeInclusive<usize> {
        1..=1
    }
    fn constraints(&self) -> &'static [&'static str] {
        match self {
            Movement::Broadcast { .. } => &[
                "`dims` has one entry for each operand axis, strictly increasing, each an axis of the result.",
                "Each operand extent is 1 or the extent of its result axis.",
            ],
        }
    }
    fn is_cheap(&self) -> bool {
        matches!(self, Movement::Broadcast { .. })
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        let Movement::Broadcast { shape, dims } = self;
        let x = args[0];
        let increasing = dims.windows(2).all(|w| w[0] < w[1]) && dims.iter().all(|d| *d < shape.rank());
        if dims.len() != x.rank() || !increasing {
            return Err(ErrorKind::constraint(
                1,
                format!("dims {dims:?} do not place the axes of {x} in {shape}"),
            ));
        }
        if dims.iter().enumerate().any(|(i, d)| x.shape.dim(i) != 1 && x.shape.dim(i) != shape.dim(*d)) {
            return Err(ErrorKind::constraint(
                2,
                format!("{x} does not broadcast to {shape} along dims {dims:?}"),
            ));
        }
        Ok(vec![x.with_shape(shape.clone())])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let Movement::Broadcast { shape, dims } = self;
        let x = args[0];
        let own = x.ty().shape.strides();
        let mut strides = Dims::from_elem(0, shape.rank());
        for (i, d) in dims.iter().enumerate().filter(|(i, _)| x.ty().shape.dim(*i) != 1) {
            strides[*d] = own[i];
        }
        Ok(vec![gather_strided(x, shape, 0, &strides)])
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        (smallvec![bind1(self.clone(), x)], vec![dx[0].map(|dx| bind1(self.clone(), &[dx]))])
    }
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let _ = (ct, args);
        unreachable!("internal: broadcast transposes to a sum")
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], _: &[bool], lanes: Lanes) -> Vals {
        let Movement::Broadcast { shape, dims } = self;
        let dims = std::iter::once(0).chain(dims.iter().map(|d| d + 1)).collect();
        smallvec![bind1(Movement::Broadcast { shape: shape.with_axis(0, lanes.size), dims }, args)]
    }
}

/// The array of `shape` whose element at index `i` is the element of `x` at `offset + Σ i · strides`.
pub(crate) fn gather_strided(x: &Array, shape: &Shape, offset: usize, strides: &[usize]) -> Array {
    let mut positions = vec![offset];
    for (axis, stride) in strides.iter().enumerate() {
        positions =
            positions.iter().flat_map(|p| (0..shape.dim(axis)).map(move |i| p + i * stride)).collect();
    }
    with_element!(x.dtype(), T => {
        let all: Vec<T> = x.elements().collect();
        Array::collect(shape.clone(), positions.into_iter().map(|p| all[p]))
    })
}

impl Val {
    /// Repeats `self` along a new leading axis of extent `size`.
    #[track_caller]
    pub fn repeat_leading(self, size: usize) -> Val {
        let shape = self.shape();
        let dims = (1..=shape.rank()).collect();
        bind1(Movement::Broadcast { shape: shape.with_axis(0, size), dims }, &[self])
    }
    /// Repeats `self` along the axes not in `dims`, which places its own axes in `shape`.
    #[track_caller]
    pub fn broadcast(self, shape: impl Into<Shape>, dims: &[usize]) -> Val {
        bind1(Movement::Broadcast { shape: shape.into(), dims: dims.into() }, &[self])
    }
}
