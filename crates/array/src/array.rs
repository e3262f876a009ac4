//! [`Array`]: data outside a trace. A type and a shared, row-major buffer.
//!
//! Invariant: the buffer holds exactly `type.size_bytes()` bytes, and a `bool` element is 0 or 1. The one exception
//! is a tape (see `tape.rs`), which never leaves the interpreter.

use crate::{Buffer, Dtype, Element, Error, ErrorKind, Shape, Type};
use bytemuck::cast_slice;
use ndarray::{ArrayD, ArrayViewD, IxDyn};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Data: an element type, a shape and a buffer that clones share.
///
/// Equality is by type and bits, so a NaN equals itself.
///
/// ```
/// use gradus_array::Array;
/// let x = Array::new([2, 2], vec![1.0f32, 2.0, 3.0, 4.0])?;
/// assert_eq!(x.to_string(), "[[1. 2.]\n [3. 4.]]");
/// # Ok::<(), gradus_array::Error>(())
/// ```
#[derive(Clone)]
pub struct Array {
    pub(crate) ty: Type,
    pub(crate) buffer: Arc<Buffer>,
}

impl Array {
    /// An array of `shape` with the elements of `data` in row-major order.
    ///
    /// # Errors
    /// If `data` has not as many elements as the shape.
    #[track_caller]
    pub fn new<T: Element>(shape: impl Into<Shape>, data: impl AsRef<[T]>) -> Result<Array, Error> {
        let (shape, data) = (shape.into(), data.as_ref());
        if shape.size() != data.len() {
            let message = format!("shape {shape} holds {} elements, not {}", shape.size(), data.len());
            return Err(Error::here("Array::new", ErrorKind::invalid(message)));
        }
        Ok(Array::collect(shape, data.iter().copied()))
    }
    /// A scalar.
    pub fn scalar<T: Element>(x: T) -> Array {
        Array::collect(Shape::scalar(), [x])
    }
    /// The same elements, in row-major order, in another shape; they are shared.
    ///
    /// ```
    /// use gradus_array::Array;
    /// let x = Array::from([[[1i32, 2], [3, 4]]]).reshape([4])?;
    /// assert_eq!(x, Array::from([1i32, 2, 3, 4]));
    /// # Ok::<(), gradus_array::Error>(())
    /// ```
    ///
    /// # Errors
    /// If `shape` holds another number of elements.
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Shape>) -> Result<Array, Error> {
        let shape = shape.into();
        if shape.size() != self.size() {
            let message = format!("{} does not fill shape {shape}, which holds {}", self.ty, shape.size());
            return Err(Error::here("Array::reshape", ErrorKind::invalid(message)));
        }
        Ok(Array { ty: self.ty.with_shape(shape), buffer: self.buffer.clone() })
    }
    /// An array of equal elements.
    ///
    /// # Panics
    /// If no memory holds so many elements: [`Array::try_full`] is for shapes that come from elsewhere.
    #[track_caller]
    pub fn full<T: Element>(shape: impl Into<Shape>, x: T) -> Array {
        Array::try_full(shape, x).unwrap_or_else(|error| panic!("{error}"))
    }
    /// An array of equal elements.
    ///
    /// # Errors
    /// If no memory holds so many elements.
    #[track_caller]
    pub fn try_full<T: Element>(shape: impl Into<Shape>, x: T) -> Result<Array, Error> {
        let ty = Type::new(T::DTYPE, shape);
        if isize::try_from(ty.size_bytes()).is_err() {
            let message = format!("{ty} is larger than the address space; give smaller extents");
            return Err(Error::here("Array::full", ErrorKind::invalid(message)));
        }
        let n = ty.shape.size();
        Ok(Array::collect(ty.shape, std::iter::repeat_n(x, n)))
    }
    /// An array of zeros of type `ty`.
    pub fn zeros(ty: Type) -> Array {
        let buffer = Arc::new(Buffer::zeroed(ty.size_bytes()));
        Array { ty, buffer }
    }
    /// Takes as many elements as `shape` holds from `elements`.
    #[doc(hidden)]
    pub fn collect<T: Element>(shape: Shape, elements: impl IntoIterator<Item = T>) -> Array {
        let ty = Type::new(T::DTYPE, shape);
        let mut buffer = Buffer::any(ty.size_bytes());
        let places = bytemuck::cast_slice_mut::<u8, T::Repr>(buffer.bytes_mut());
        let mut elements = elements.into_iter();
        for place in places {
            *place = elements.next().expect("internal: as many elements as the shape holds").to_repr();
        }
        Array { ty, buffer: Arc::new(buffer) }
    }
    /// An array of type `ty` over bytes that are already right.
    ///
    /// # Panics
    /// If the buffer's length is not the type's.
    pub fn from_buffer(ty: Type, buffer: Buffer) -> Array {
        assert_eq!(ty.size_bytes(), buffer.bytes().len(), "internal: a buffer of the type's size");
        Array { ty, buffer: Arc::new(buffer) }
    }
    /// Element type and shape.
    pub fn ty(&self) -> &Type {
        &self.ty
    }
    /// The element type.
    pub fn dtype(&self) -> Dtype {
        self.ty.dtype
    }
    /// The extents.
    pub fn shape(&self) -> Vec<usize> {
        self.ty.shape.dims().to_vec()
    }
    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.ty.rank()
    }
    /// The number of elements.
    pub fn size(&self) -> usize {
        self.ty.shape.size()
    }
    /// The raw bytes, in the machine's byte order.
    pub fn bytes(&self) -> &[u8] {
        self.buffer.bytes()
    }
    /// The raw bytes for writing, if no clone shares them.
    pub fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        Arc::get_mut(&mut self.buffer).map(Buffer::bytes_mut)
    }
    /// Puts other bytes in place of those that are there; a clone keeps the old ones.
    ///
    /// # Panics
    /// If the buffer's length is not the type's.
    pub fn replace_buffer(&mut self, buffer: Buffer) {
        assert_eq!(self.ty.size_bytes(), buffer.bytes().len(), "internal: a buffer of the type's size");
        match Arc::get_mut(&mut self.buffer) {
            Some(own) => *own = buffer,
            None => self.buffer = Arc::new(buffer),
        }
    }
    /// Whether `self` and `other` share one buffer.
    pub fn shares_buffer(&self, other: &Array) -> bool {
        Arc::ptr_eq(&self.buffer, &other.buffer)
    }
    /// The elements, without copying; `None` if they are of another type.
    pub fn as_slice<T: Element<Repr = T> + bytemuck::Pod>(&self) -> Option<&[T]> {
        (self.dtype() == T::DTYPE).then(|| cast_slice(self.bytes()))
    }
    /// A copy of the elements.
    ///
    /// # Errors
    /// If they are of another type.
    #[track_caller]
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>, Error> {
        if self.dtype() != T::DTYPE {
            let message = format!("the elements are {}, not {}", self.dtype(), T::DTYPE);
            return Err(Error::here("Array::to_vec", ErrorKind::invalid(message)));
        }
        Ok(self.elements().collect())
    }
    /// The only element.
    ///
    /// # Errors
    /// If there are more or fewer, or of another type.
    #[track_caller]
    pub fn item<T: Element>(&self) -> Result<T, Error> {
        match self.to_vec()?[..] {
            [x] => Ok(x),
            _ => {
                let message = format!("{} has {} elements, not one", self.ty, self.size());
                Err(Error::here("Array::item", ErrorKind::invalid(message)))
            }
        }
    }
    /// Complex numbers as pairs (real part, imaginary part) along a new last axis; other elements as they are.
    /// The buffer is shared.
    pub fn parts(&self) -> Array {
        Array { ty: self.ty.parts(), buffer: self.buffer.clone() }
    }
    /// The same bytes as elements of another type.
    ///
    /// # Panics
    /// If the type has another number of bytes.
    pub fn reinterpreted(&self, ty: Type) -> Array {
        assert_eq!(ty.size_bytes(), self.bytes().len(), "internal: as many bytes");
        Array { ty, buffer: self.buffer.clone() }
    }
    /// The elements, known to be of type `T`.
    #[doc(hidden)]
    pub fn elements<T: Element>(&self) -> impl ExactSizeIterator<Item = T> {
        debug_assert_eq!(self.dtype(), T::DTYPE, "internal: elements of another type");
        cast_slice::<u8, T::Repr>(self.bytes()).iter().map(|r| T::from_repr(*r))
    }
    /// The same elements in another shape of the same size.
    #[doc(hidden)]
    pub fn with_shape(&self, shape: Shape) -> Array {
        debug_assert_eq!(shape.size(), self.size(), "internal: a reshape keeps the size");
        Array { ty: self.ty.with_shape(shape), buffer: self.buffer.clone() }
    }
    /// The elements as an `ndarray` view; `None` if they are of another type.
    pub fn view<T: Element<Repr = T> + bytemuck::Pod>(&self) -> Option<ArrayViewD<'_, T>> {
        let dims = IxDyn(&self.ty.shape.dims());
        ArrayViewD::from_shape(dims, self.as_slice::<T>()?).ok()
    }
}

impl<T: Element> From<ArrayD<T>> for Array {
    fn from(a: ArrayD<T>) -> Array {
        let shape = Shape::from(a.shape());
        Array::collect(shape, a.iter().copied())
    }
}
impl<T: Element> From<T> for Array {
    fn from(x: T) -> Array {
        Array::scalar(x)
    }
}
impl<T: Element> From<&[T]> for Array {
    fn from(x: &[T]) -> Array {
        Array::collect(Shape::from([x.len()]), x.iter().copied())
    }
}
impl<T: Element> From<Vec<T>> for Array {
    fn from(x: Vec<T>) -> Array {
        x[..].into()
    }
}
impl<T: Element, const N: usize> From<[T; N]> for Array {
    fn from(x: [T; N]) -> Array {
        x[..].into()
    }
}
impl<T: Element, const N: usize, const M: usize> From<[[T; M]; N]> for Array {
    fn from(x: [[T; M]; N]) -> Array {
        Array::collect(Shape::from([N, M]), x.into_iter().flatten())
    }
}
impl<T: Element, const N: usize, const M: usize, const K: usize> From<[[[T; K]; M]; N]> for Array {
    fn from(x: [[[T; K]; M]; N]) -> Array {
        Array::collect(Shape::from([N, M, K]), x.into_iter().flatten().flatten())
    }
}
impl PartialEq for Array {
    fn eq(&self, other: &Array) -> bool {
        self.ty == other.ty && self.bytes() == other.bytes()
    }
}
impl Eq for Array {}
impl Hash for Array {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ty.hash(state);
        self.bytes().hash(state);
    }
}
