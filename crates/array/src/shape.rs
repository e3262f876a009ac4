//! Extents, shapes and the types of values.

use crate::Dtype;
use smallvec::SmallVec;
use std::fmt;

/// The length of one axis. A newtype, so that a symbolic length can join later.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Extent(usize);

impl Extent {
    /// The number of positions along the axis.
    pub fn get(self) -> usize {
        self.0
    }
}
impl From<usize> for Extent {
    fn from(n: usize) -> Extent {
        Extent(n)
    }
}
impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl fmt::Debug for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A list of axis numbers or extents; short ones need no allocation.
pub type Dims = SmallVec<[usize; 4]>;

/// The extents of an array, last axis fastest in memory.
///
/// Up to six axes need no allocation, so that a result of a call needs none for its type.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Shape(SmallVec<[Extent; 6]>);

impl Shape {
    /// The shape of a scalar.
    pub fn scalar() -> Shape {
        Shape::default()
    }
    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }
    /// The extent of `axis`.
    ///
    /// # Panics
    /// If `axis` is out of range.
    pub fn dim(&self, axis: usize) -> usize {
        self.0[axis].get()
    }
    /// Every extent.
    pub fn dims(&self) -> Dims {
        self.0.iter().map(|n| n.get()).collect()
    }
    /// Every extent, as it stands in the type.
    pub fn extents(&self) -> &[Extent] {
        &self.0
    }
    /// The number of elements; saturates instead of overflowing, so that absurd sizes stay absurd.
    pub fn size(&self) -> usize {
        if self.0.iter().any(|n| n.get() == 0) {
            return 0;
        }
        self.0.iter().fold(1usize, |all, n| all.saturating_mul(n.get()))
    }
    /// The number of elements along some axes together; saturates as [`Shape::size`] does.
    pub fn extent_of(&self, axes: &[usize]) -> usize {
        axes.iter().map(|axis| self.dim(*axis)).collect::<Shape>().size()
    }
    /// Elements between neighbours along each axis, in row-major order.
    pub fn strides(&self) -> Dims {
        let mut strides = Dims::from_elem(1, self.rank());
        for axis in (1..self.rank()).rev() {
            strides[axis - 1] = strides[axis].saturating_mul(self.dim(axis));
        }
        strides
    }
    /// The shape without the axes listed.
    pub fn without(&self, axes: &[usize]) -> Shape {
        Shape(self.0.iter().enumerate().filter(|(i, _)| !axes.contains(i)).map(|(_, n)| *n).collect())
    }
    /// The shape with a new axis of extent `n` before `axis`.
    pub fn with_axis(&self, axis: usize, n: usize) -> Shape {
        let mut dims = self.0.clone();
        dims.insert(axis, Extent(n));
        Shape(dims)
    }
    /// The shape with extent `n` at `axis`.
    pub fn with_dim(&self, axis: usize, n: usize) -> Shape {
        let mut dims = self.0.clone();
        dims[axis] = Extent(n);
        Shape(dims)
    }
}

impl From<&[usize]> for Shape {
    fn from(dims: &[usize]) -> Shape {
        dims.iter().copied().collect()
    }
}
impl From<&Vec<usize>> for Shape {
    fn from(dims: &Vec<usize>) -> Shape {
        dims[..].into()
    }
}
impl From<Vec<usize>> for Shape {
    fn from(dims: Vec<usize>) -> Shape {
        dims[..].into()
    }
}
impl From<Dims> for Shape {
    fn from(dims: Dims) -> Shape {
        dims[..].into()
    }
}
impl<const N: usize> From<[usize; N]> for Shape {
    fn from(dims: [usize; N]) -> Shape {
        dims[..].into()
    }
}
impl<const N: usize> From<&[usize; N]> for Shape {
    fn from(dims: &[usize; N]) -> Shape {
        dims[..].into()
    }
}
impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(dims: I) -> Shape {
        Shape(dims.into_iter().map(Extent).collect())
    }
}
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, n) in self.0.iter().enumerate() {
            write!(f, "{}{n}", if i == 0 { "" } else { "," })?;
        }
        f.write_str("]")
    }
}
impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The type of a value: what its elements are and how many stand along each axis.
///
/// A *tape* is a stack of values of one type whose number shows only while running: what a loop of unknown length
/// leaves behind, one for each of its steps. Only loops and branches make and read tapes (see `Rules::takes_tapes` of
/// the IR), and none is an argument or a result of what a user runs.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Type {
    /// The type of the elements.
    pub dtype: Dtype,
    /// The extents.
    pub shape: Shape,
    /// How many tapes it is wrapped in: 0 for an array, 2 for a tape of tapes of arrays of this shape.
    pub tapes: u8,
}

impl Type {
    /// An array type.
    pub fn new(dtype: Dtype, shape: impl Into<Shape>) -> Type {
        Type { dtype, shape: shape.into(), tapes: 0 }
    }
    /// The type of a single element.
    pub fn scalar(dtype: Dtype) -> Type {
        Type { dtype, shape: Shape::scalar(), tapes: 0 }
    }
    /// Another shape, the same elements.
    pub fn with_shape(&self, shape: impl Into<Shape>) -> Type {
        Type { dtype: self.dtype, shape: shape.into(), tapes: self.tapes }
    }
    /// Other elements, the same shape.
    pub fn with_dtype(&self, dtype: Dtype) -> Type {
        Type { dtype, shape: self.shape.clone(), tapes: self.tapes }
    }
    /// The type of a tape of values of this type.
    pub fn tape(&self) -> Type {
        let tapes = self.tapes.checked_add(1).expect("internal: fewer than 256 loops inside one another");
        Type { tapes, ..self.clone() }
    }
    /// The type of what a tape holds; `None` for an array.
    pub fn in_tape(&self) -> Option<Type> {
        Some(Type { tapes: self.tapes.checked_sub(1)?, ..self.clone() })
    }
    /// Whether it is a tape, not an array.
    pub fn is_tape(&self) -> bool {
        self.tapes > 0
    }
    /// Of complex numbers the type of their parts, real and imaginary along a new last axis; any other is its own.
    pub fn parts(&self) -> Type {
        match self.dtype.is_complex() {
            true => self.with_dtype(self.dtype.real()).with_shape(self.shape.with_axis(self.rank(), 2)),
            false => self.clone(),
        }
    }
    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.shape.rank()
    }
    /// Bytes of all elements; saturates. Of a tape, those of one array in it.
    pub fn size_bytes(&self) -> usize {
        self.shape.size().saturating_mul(self.dtype.size_bytes())
    }
}
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..self.tapes).try_for_each(|_| f.write_str("tape<"))?;
        write!(f, "{}{}", self.dtype, self.shape)?;
        (0..self.tapes).try_for_each(|_| f.write_str(">"))
    }
}
impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
