//! Axes and extents as users write them: negative ones count from the end.

use crate::{ErrorKind, Shape};
use gradus_ir::Dims;

/// The integer types that axes, extents and indices may have.
///
/// `i32` is among them because that is what a bare number falls back to.
pub trait Integer: Copy {
    /// The number, saturated.
    fn to_i64(self) -> i64;
}
impl Integer for i32 {
    fn to_i64(self) -> i64 {
        self.into()
    }
}
impl Integer for i64 {
    fn to_i64(self) -> i64 {
        self
    }
}
impl Integer for usize {
    fn to_i64(self) -> i64 {
        i64::try_from(self).unwrap_or(i64::MAX)
    }
}

/// Axes to work over, and whether they stay in the result with extent 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AxisSet {
    /// The axes; `None` for all.
    axes: Option<Vec<i64>>,
    keep: bool,
}

/// What may stand where axes are expected: one axis, several, `..` for all, and [`keep`] of any of these.
///
/// ```
/// use gradus::{IntoAxes, keep};
/// assert_eq!([0, -1].into_axes(), vec![0i64, -1].into_axes());
/// assert_ne!((..).into_axes(), keep(..).into_axes());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name axes",
    note = "write one axis `-1`, several `[0, 2]`, all `..`, or `keep(-1)` to leave them with extent 1"
)]
pub trait IntoAxes {
    /// The axes named.
    fn into_axes(self) -> AxisSet;
}

/// Axes that a reduction leaves in place with extent 1, as NumPy's `keepdims=True`.
///
/// ```
/// use gradus::{Val, keep, trace};
/// let _ = |x: &Val| x - x.mean_axes(keep(-1));
/// ```
pub fn keep(axes: impl IntoAxes) -> AxisSet {
    AxisSet { keep: true, ..axes.into_axes() }
}

impl IntoAxes for AxisSet {
    fn into_axes(self) -> AxisSet {
        self
    }
}
impl IntoAxes for std::ops::RangeFull {
    fn into_axes(self) -> AxisSet {
        AxisSet { axes: None, keep: false }
    }
}
impl<I: Integer> IntoAxes for I {
    fn into_axes(self) -> AxisSet {
        AxisSet { axes: Some(vec![self.to_i64()]), keep: false }
    }
}
macro_rules! lists {
    ($Trait:ident $method:ident $Result:ty, $list:ident => $make:expr) => {
        impl<I: Integer, const N: usize> $Trait for [I; N] {
            fn $method(self) -> $Result {
                self[..].$method()
            }
        }
        impl<I: Integer, const N: usize> $Trait for &[I; N] {
            fn $method(self) -> $Result {
                self[..].$method()
            }
        }
        impl<I: Integer> $Trait for Vec<I> {
            fn $method(self) -> $Result {
                self[..].$method()
            }
        }
        impl<I: Integer> $Trait for &Vec<I> {
            fn $method(self) -> $Result {
                self[..].$method()
            }
        }
        impl<I: Integer> $Trait for &[I] {
            fn $method(self) -> $Result {
                let $list: Vec<i64> = self.iter().map(|i| i.to_i64()).collect();
                $make
            }
        }
    };
}
lists!(IntoAxes into_axes AxisSet, list => AxisSet { axes: Some(list), keep: false });

impl AxisSet {
    /// The axes of a value of `shape`, increasing, and whether they stay.
    ///
    /// # Errors
    /// If one is out of range or named twice.
    pub(crate) fn resolve(&self, shape: &Shape) -> Result<(Dims, bool), ErrorKind> {
        let mut all: Dims = match &self.axes {
            None => (0..shape.rank()).collect(),
            Some(axes) => axes.iter().map(|a| axis_of(*a, shape)).collect::<Result<_, _>>()?,
        };
        all.sort_unstable();
        match all.windows(2).find(|w| w[0] == w[1]) {
            Some(twice) => Err(ErrorKind::invalid(format!("axis {} is named twice; name it once", twice[0]))),
            None => Ok((all, self.keep)),
        }
    }
    /// The axes in the order in which they are written.
    pub(crate) fn in_order(&self, shape: &Shape) -> Result<Dims, ErrorKind> {
        self.resolve(shape)?;
        match &self.axes {
            None => Ok((0..shape.rank()).collect()),
            Some(axes) => axes.iter().map(|a| axis_of(*a, shape)).collect(),
        }
    }
    /// How many axes are named; `None` for all.
    pub(crate) fn len(&self) -> Option<usize> {
        self.axes.as_ref().map(Vec::len)
    }
}

/// The axis `axis` of a value of `shape`; a negative one counts from the end.
pub(crate) fn axis_of(axis: i64, shape: &Shape) -> Result<usize, ErrorKind> {
    let rank = shape.rank() as i64;
    let from_start = if axis < 0 { axis.saturating_add(rank) } else { axis };
    if (0..rank).contains(&from_start) {
        return Ok(from_start as usize);
    }
    Err(ErrorKind::invalid(match rank {
        0 => format!("axis {axis} of a scalar does not exist; a scalar has no axes"),
        _ => format!("axis {axis} is out of range for shape {shape}; its axes are {} to {}", -rank, rank - 1),
    }))
}

/// What may stand where extents are expected; a -1 is inferred from the others where that makes sense.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name extents",
    note = "write `[2, 3]`, `(n, -1)`, `-1`, or `()` for a scalar; extents of several types stand in a tuple"
)]
pub trait IntoExtents {
    /// The extents named.
    fn into_extents(self) -> Extents;
}

/// Extents as written: -1 stands for one that is inferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extents(Vec<i64>);

impl IntoExtents for Extents {
    fn into_extents(self) -> Extents {
        self
    }
}
impl IntoExtents for &Shape {
    fn into_extents(self) -> Extents {
        self.dims()[..].into_extents()
    }
}
impl IntoExtents for Shape {
    fn into_extents(self) -> Extents {
        (&self).into_extents()
    }
}
impl IntoExtents for () {
    fn into_extents(self) -> Extents {
        Extents(vec![])
    }
}
macro_rules! mixed {
    ($($I:ident $i:tt),*) => {
        impl<$($I: Integer),*> IntoExtents for ($($I,)*) {
            fn into_extents(self) -> Extents {
                Extents(vec![$(self.$i.to_i64()),*])
            }
        }
    };
}
mixed!(A 0);
mixed!(A 0, B 1);
mixed!(A 0, B 1, C 2);
mixed!(A 0, B 1, C 2, D 3);
mixed!(A 0, B 1, C 2, D 3, E 4);
mixed!(A 0, B 1, C 2, D 3, E 4, F 5);
impl<I: Integer> IntoExtents for I {
    fn into_extents(self) -> Extents {
        Extents(vec![self.to_i64()])
    }
}
lists!(IntoExtents into_extents Extents, list => Extents(list));

impl Extents {
    /// The shape, every extent given.
    ///
    /// # Errors
    /// If one is negative.
    pub(crate) fn shape(&self) -> Result<Shape, ErrorKind> {
        let extent = |n: &i64| {
            let message = || format!("extent {n} of shape {self} is negative; an extent is at least 0");
            usize::try_from(*n).map_err(|_| ErrorKind::invalid(message()))
        };
        Ok(self.0.iter().map(extent).collect::<Result<Vec<usize>, _>>()?.into())
    }
    /// The shape of as many elements as `from` has; one extent may be -1.
    ///
    /// # Errors
    /// If the numbers of elements cannot agree.
    pub(crate) fn shape_of_size(&self, from: &Shape) -> Result<Shape, ErrorKind> {
        let unknown = self.0.iter().filter(|n| **n == -1).count();
        if unknown > 1 {
            let message = format!("shape {self} has several extents -1; only one can be inferred");
            return Err(ErrorKind::invalid(message));
        }
        let known = Extents(self.0.iter().map(|n| if *n == -1 { 1 } else { *n }).collect()).shape()?;
        let (size, rest) = (from.size(), known.size());
        let inferred = if unknown == 1 { size.checked_div(rest) } else { Some(1) };
        match inferred {
            Some(n) if n.saturating_mul(rest) == size => {
                let extent = |(i, asked): (usize, &i64)| if *asked == -1 { n } else { known.dim(i) };
                Ok(self.0.iter().enumerate().map(extent).collect())
            }
            _ => Err(ErrorKind::invalid(format!(
                "{from} has {size} elements, which do not fill shape {self}; give extents whose product is {size}"
            ))),
        }
    }
}
impl std::fmt::Display for Extents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[")?;
        for (i, n) in self.0.iter().enumerate() {
            write!(f, "{}{n}", if i == 0 { "" } else { "," })?;
        }
        f.write_str("]")
    }
}
