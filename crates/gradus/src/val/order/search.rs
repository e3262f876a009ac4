//! Searching: places in sorted vectors, counts by value, histograms, elements that are not zero, distinct elements.
//!
//! Where the number of results depends on the data, it is given beforehand as `size`, as in JAX under `jit`.

use crate::val::axes::{Integer, axis_of};
use crate::val::broadcast::common_shape;
use crate::val::index::gather::IndexMode;
use crate::val::promote::promote_all;
use crate::val::{Val, iota, lexsort, stack, strict, where_, zeros};
use crate::{Dtype, ErrorKind, Shape};

/// On which side of equal elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Before them.
    Left,
    /// Behind them.
    Right,
}

/// How [`Val::searchsorted_by`] searches; all give the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SearchMethod {
    /// Halves the range, log₂ n times for all queries at once.
    Binary,
    /// Compares every query with every element: for short vectors.
    CompareAll,
    /// Sorts queries and elements together: for as many queries as elements.
    Sort,
}

/// Up to this many elements are compared with every query.
const FEW: usize = 8;

/// Whether `a` comes before `b` in the order of [`Val::sort`], NaN last.
#[track_caller]
fn before(a: Val, b: Val, is_float: bool) -> Val {
    if is_float { a.lt(b) | (b.isnan() & !a.isnan()) } else { a.lt(b) }
}

impl Val {
    /// The index along one sorted axis before which each of `queries` belongs, as `i32`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val, v: &Val| x.searchsorted(v));
    /// let at = f(&Array::from([1.0f32, 2.0, 2.0, 5.0]), &Array::from([2.0f32, 9.0]))?;
    /// assert_eq!(at, Array::from([1i32, 4]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn searchsorted(self, queries: impl Into<Val>) -> Val {
        self.searchsorted_side(queries, Side::Left)
    }
    /// [`Val::searchsorted`] before or behind the elements equal to a query.
    ///
    /// ```
    /// use gradus::{Array, Side, Val, jit};
    /// let y = jit(|x: &Val| x.searchsorted_side(2, Side::Right))(&Array::from([1i32, 2, 2, 5]))?;
    /// assert_eq!(y, Array::from(3i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn searchsorted_side(self, queries: impl Into<Val>, side: Side) -> Val {
        let few = self.known().is_ok_and(|known| known.ty.shape.size() <= FEW);
        let method = if few { SearchMethod::CompareAll } else { SearchMethod::Binary };
        self.searchsorted_by(queries, side, method)
    }
    /// [`Val::searchsorted_side`] with the method given.
    ///
    /// ```
    /// use gradus::{Array, SearchMethod, Side, Val, jit};
    /// let f = jit(|x: &Val| x.searchsorted_by(2, Side::Left, SearchMethod::Binary));
    /// let y = f(&Array::from([1i32, 2, 2, 5]))?;
    /// assert_eq!(y, Array::from(1i32));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn searchsorted_by(self, queries: impl Into<Val>, side: Side, method: SearchMethod) -> Val {
        let queries = queries.into();
        Val::derive("searchsorted", &[self, queries], |known| {
            if known[0].ty.rank() != 1 {
                let message = format!("takes a sorted vector, not {}; search row by row", known[0].ty);
                return Err(ErrorKind::invalid(message));
            }
            let dtype = promote_all(known).dtype;
            let (x, queries) = (self.astype(dtype), queries.astype(dtype));
            let is_float = dtype.is_float();
            // An element stands before the place if it is before the query, or not behind it.
            let passed = |element: Val, query: Val| match side {
                Side::Left => before(element, query, is_float),
                Side::Right => !before(query, element, is_float),
            };
            Ok(match method {
                SearchMethod::CompareAll => passed(x, queries.expand_dims(-1)).sum_axes(-1),
                SearchMethod::Binary => binary_search(x, queries, passed),
                SearchMethod::Sort => search_by_sorting(x, queries, side),
            })
        })
    }
    /// For every element the number of the bin it falls into, as `i32`: bin `i` lies between `bins[i - 1]` and
    /// `bins[i]`, which are monotonic, and holds its edge on the side `closed`.
    ///
    /// ```
    /// use gradus::{Array, Side, Val, jit};
    /// let f = jit(|x: &Val| x.digitize(&Array::from([1.0f32, 2.0]), Side::Left));
    /// assert_eq!(f(&Array::from([0.5f32, 1.0, 2.5]))?, Array::from([0i32, 1, 2]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn digitize(self, bins: impl Into<Val>, closed: Side) -> Val {
        let bins = bins.into();
        Val::derive("digitize", &[self, bins], |known| {
            let ty = &known[1].ty;
            if ty.rank() != 1 {
                return Err(ErrorKind::invalid(format!("the bins are {ty}; give a monotonic vector")));
            }
            let n = ty.shape.dim(0);
            if n == 0 {
                return Ok(self.zeros_like().astype(Dtype::I32));
            }
            let side = if closed == Side::Left { Side::Right } else { Side::Left };
            let rising = bins.searchsorted_side(self, side);
            let falling = n as i64 - bins.flip(0).searchsorted_side(self, side);
            Ok(where_(bins.at(-1).ge(bins.at(0)), rising, falling))
        })
    }
    /// How often each of 0, 1, .. below `length` occurs, as `i32`; negative elements count as 0, larger ones do not
    /// count.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| x.bincount(4));
    /// assert_eq!(f(&Array::from([1i32, 1, 3, 9]))?, Array::from([0i32, 2, 0, 1]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn bincount(self, length: usize) -> Val {
        Val::derive("bincount", &[self], |_| {
            Ok(self.bincount_weighted(self.ones_like().astype(Dtype::of_index(self.size())), length))
        })
    }
    /// The sum of the weights of each of 0, 1, .. below `length`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| x.bincount_weighted(&Array::from([0.5f32, 1.0, 2.0]), 2));
    /// let y = f(&Array::from([0i32, 1, 1]))?;
    /// assert_eq!(y, Array::from([0.5f32, 3.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn bincount_weighted(self, weights: impl Into<Val>, length: usize) -> Val {
        let weights = weights.into();
        Val::derive("bincount", &[self, weights], |known| {
            let (ty, by) = (&known[0].ty, &known[1].ty);
            if ty.rank() != 1 || !ty.dtype.is_integer() {
                return Err(ErrorKind::invalid(format!(
                    "counts a vector of integers, not {ty}; convert or ravel it"
                )));
            }
            if by.shape != ty.shape {
                return Err(ErrorKind::invalid(format!(
                    "{by} weighs {ty}; give one weight for each element"
                )));
            }
            let bins = if ty.dtype.kind() == gradus_ir::Kind::Signed { self.max(0) } else { self };
            let empty = zeros([length], by.dtype);
            Ok(if length == 0 { empty } else { empty.index([bins.into()]).add(weights) })
        })
    }
    /// Whether every element occurs among those of `other`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| x.isin(&Array::from([2i32, 3])));
    /// assert_eq!(f(&Array::from([1i32, 2]))?, Array::from([false, true]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn isin(self, other: impl Into<Val>) -> Val {
        let other = other.into();
        Val::derive("isin", &[self, other], |known| {
            let n = known[1].ty.shape.size();
            if n <= 64 {
                return Ok(self.expand_dims(-1).eq(other.ravel()).any_axes(-1));
            }
            let dtype = promote_all(known).dtype;
            let sorted = other.astype(dtype).ravel().sort(0);
            let x = self.astype(dtype);
            let found = sorted.take_mode(sorted.searchsorted(x), 0, IndexMode::Clip);
            Ok(found.eq(x))
        })
    }
    /// The indices of the elements that are not zero, for each axis a vector of `size` as `i32`, in order; 0
    /// where there
    /// are fewer.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| x.nonzero(3));
    /// let at = f(&Array::from([[0i32, 1], [1, 0]]))?;
    /// assert_eq!(at, [Array::from([0i32, 1, 0]), Array::from([1i32, 0, 0])]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nonzero(self, size: usize) -> Vec<Val> {
        self.nonzero_filled(size, 0)
    }
    /// [`Val::nonzero`] with what stands where there are fewer than `size`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.nonzero_filled(2, -1)[0])(&Array::from([0i32, 5]))?;
    /// assert_eq!(y, Array::from([1i32, -1]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn nonzero_filled(self, size: usize, fill: impl Into<Val>) -> Vec<Val> {
        let fill = fill.into();
        let dims = match self.known() {
            Ok(known) => known.ty.shape.dims().to_vec(),
            Err(_) => vec![1],
        };
        let along = |axis: usize| {
            Val::derive("nonzero", &[self, fill], |known| {
                let ty = &known[0].ty;
                if ty.rank() == 0 {
                    return Err(ErrorKind::invalid(
                        "a scalar has no axes to index; reshape it to [1] before",
                    ));
                }
                let stride = Shape::from(&dims[axis + 1..]).size();
                let (flat, count) = places(self, size)?;
                let own = flat.floor_divide(stride) % dims[axis] as i64;
                Ok(where_(crate::val::arange(size).lt(count), own, fill.astype(flat.dtype())))
            })
        };
        crate::val::at_caller("nonzero", || (0..dims.len().max(1)).map(along).collect())
    }
    /// The indices of the elements that are not zero, `[size, rank]`; `fill` where there are fewer.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.argwhere(1, -1))(&Array::from([[0i32, 5]]))?;
    /// assert_eq!(y, Array::from([[0i32, 1]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn argwhere(self, size: usize, fill: impl Into<Val>) -> Val {
        let fill = fill.into();
        Val::derive("argwhere", &[self, fill], |known| match known[0].ty.rank() {
            0 => Ok(zeros([size, 0], Dtype::I32)),
            _ => Ok(stack(self.nonzero_filled(size, fill), 1)),
        })
    }
    /// The distinct elements of all axes in increasing order, `size` of them, and what is known of them; the smallest
    /// one again where there are fewer. NaN counts as one element.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let f = jit(|x: &Val| {
    ///     let distinct = x.unique(2);
    ///     (distinct.values, distinct.counts, distinct.inverse)
    /// });
    /// let (values, counts, inverse) = f(&Array::from([5i32, 3, 5]))?;
    /// assert_eq!((values, counts), (Array::from([3i32, 5]), Array::from([1i32, 2])));
    /// assert_eq!(inverse, Array::from([1i32, 0, 1]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn unique(self, size: usize) -> Unique {
        crate::val::at_caller("unique", || {
            let flat = self.ravel();
            let inverse_shape = match self.known() {
                Ok(known) => known.ty.shape.dims().to_vec(),
                Err(_) => vec![],
            };
            let found = flat.unique_axis(size, 0);
            Unique { inverse: found.inverse.reshape(inverse_shape), ..found }
        })
    }
    /// [`Val::unique`] with what stands where there are fewer than `size`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.unique_filled(2, 0).values)(&Array::from([5i32, 5]))?;
    /// assert_eq!(y, Array::from([5i32, 0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn unique_filled(self, size: usize, fill: impl Into<Val>) -> Unique {
        crate::val::at_caller("unique_filled", || {
            let fill = fill.into();
            let found = self.unique(size);
            let values = Val::derive("unique", &[found.values, fill], |known| {
                Ok(where_(found.counts.gt(0), found.values, fill.astype(known[0].ty.dtype)))
            });
            Unique { values, ..found }
        })
    }
    /// [`Val::unique`] of the parts along `axis`, which are compared element by element.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.unique_axis(1, 0).values)(&Array::from([[1i32, 2], [1, 2]]))?;
    /// assert_eq!(y, Array::from([[1i32, 2]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn unique_axis(self, size: usize, axis: impl Integer) -> Unique {
        let all = |part: usize| {
            self.derive1("unique", |ty| {
                let axis = axis_of(axis.to_i64(), &ty.shape)?;
                if ty.shape.size() == 0 {
                    let message = format!("there are no elements in {ty}; pad it or skip it");
                    return Err(ErrorKind::invalid(message));
                }
                let rows = self.moveaxis(axis, 0);
                let found = distinct(rows, ty.shape.dim(axis), size, ty.dtype.is_float())?;
                Ok(if part == 0 { found[0].moveaxis(0, axis) } else { found[part] })
            })
        };
        crate::val::at_caller("unique", || Unique {
            values: all(0),
            index: all(1),
            inverse: all(2),
            counts: all(3),
        })
    }
}

/// Distinct elements; see [`Val::unique`]. What is not used is not computed.
#[derive(Clone, Copy, Debug)]
pub struct Unique {
    /// The elements, increasing.
    pub values: Val,
    /// Where each stands first.
    pub index: Val,
    /// For every element of the operand, which of `values` it is.
    pub inverse: Val,
    /// How often each occurs; 0 where there are fewer.
    pub counts: Val,
}

/// The halving of `[0, n]` for all queries at once: every step keeps the half that holds the place.
#[track_caller]
fn binary_search(x: Val, queries: Val, passed: impl Fn(Val, Val) -> Val) -> Val {
    let n = x.size();
    let mut low = queries.zeros_like().astype(Dtype::of_index(n));
    let mut high = low + n as i64;
    // After k steps the range has at most n / 2^k places left.
    for _ in 0..(usize::BITS - n.leading_zeros()) {
        let middle = (low + high).shift_right_logical(1);
        let element = x.take_mode(middle, 0, IndexMode::Clip);
        let go = low.lt(high) & passed(element, queries);
        let stay = low.lt(high) & !go;
        low = where_(go, middle + 1, low);
        high = where_(stay, middle, high);
    }
    low
}

/// Ranks of the queries among queries and elements, less their ranks among the queries.
#[track_caller]
fn search_by_sorting(x: Val, queries: Val, side: Side) -> Val {
    let (n, flat) = (x.size(), queries.ravel());
    let m = flat.size();
    // Stable sorting puts what comes first before what is equal to it.
    let (all, first) = match side {
        Side::Left => (crate::val::concatenate([flat, x], 0), 0),
        Side::Right => (crate::val::concatenate([x, flat], 0), n),
    };
    let rank = |v: Val, count: usize| {
        let order = v.argsort(0);
        let number = iota(Dtype::of_index(n + m), [count], 0);
        number.zeros_like().index([order.into()]).unique().set(number)
    };
    let among_all = rank(all, n + m).dynamic_slice([Val::from(first)], [m]);
    (among_all - rank(flat, m)).reshape(queries.shape())
}

/// The places in order of the elements that are not zero, `size` of them, and how many there are.
#[track_caller]
pub(crate) fn places(x: Val, size: usize) -> Result<(Val, Val), ErrorKind> {
    let flat = x.ravel().astype(Dtype::Bool);
    let n = flat.size();
    let count = flat.sum();
    // A stable sort by "is zero" brings them to the front in order.
    let order = (!flat).argsort(0);
    let order = if size <= n { order.slice([(..size as i64).into()]) } else { order.pad([(0, size - n)], 0) };
    Ok((order, count))
}

/// Values, first index, inverse and counts of the distinct ones among `n` rows.
#[track_caller]
fn distinct(rows: Val, n: usize, size: usize, is_float: bool) -> Result<[Val; 4], ErrorKind> {
    let columns = rows.reshape([n as i64, -1]);
    let width = columns.shape()[1];
    strict::written_out(width, "keys")?;
    let keys: Vec<Val> = (0..width).rev().map(|k| columns.slice([(..).into(), k.into()])).collect();
    let order = lexsort(keys, 0);
    let sorted = columns.take_mode(order, 0, IndexMode::PromiseInBounds);
    let (left, right) = (sorted.slice([(..-1i64).into()]), sorted.slice([(1..).into()]));
    let mut differs = left.ne(right);
    if is_float {
        differs = differs & !(left.isnan() & right.isnan());
    }
    let is_first = crate::val::concatenate([Val::from(true).reshape([1]), differs.any_axes(1)], 0);
    let (starts, count) = places(is_first, n)?;
    let number = crate::val::arange(n);
    let starts = where_(number.lt(count), starts, n);
    let chosen = match size <= n {
        true => starts.slice([(..size as i64).into()]),
        false => starts.pad([(0, size - n)], n),
    };
    let first = where_(chosen.eq(n), 0, chosen);
    let ends = match size < n {
        true => starts.slice([(1..size as i64 + 1).into()]),
        false => starts.slice([(1..).into()]).pad([(0, size - n + 1)], n),
    };
    let counts = ends - chosen;
    let which = starts.searchsorted_side(number, Side::Right) - 1;
    let inverse = number.zeros_like().index([order.into()]).unique().set(which);
    let shape: Vec<usize> = std::iter::once(size).chain(rows.shape()[1..].iter().copied()).collect();
    let values = sorted.take_mode(first, 0, IndexMode::PromiseInBounds).reshape(shape);
    Ok([values, order.take_mode(first, 0, IndexMode::PromiseInBounds), inverse, counts])
}

/// Counts of elements between edges.
///
/// ```
/// use gradus::{Array, Histogram, Val, jit};
/// let f = jit(|x: &Val| Histogram::new(2).range(0.0, 1.0).of(x));
/// let (counts, edges) = f(&Array::from([0.1f32, 0.2, 1.0, 7.0]))?;
/// assert_eq!((counts, edges), (Array::from([2.0f32, 1.0]), Array::from([0.0f32, 0.5, 1.0])));
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Histogram {
    bins: usize,
    edges: Option<Val>,
    range: Option<(Val, Val)>,
    weights: Option<Val>,
    density: bool,
}

impl Histogram {
    /// Of that many bins of equal width, from the smallest to the largest element.
    pub fn new(bins: usize) -> Histogram {
        Histogram { bins, edges: None, range: None, weights: None, density: false }
    }
    /// Between edges given, increasing.
    pub fn with_edges(edges: impl Into<Val>) -> Histogram {
        Histogram { edges: Some(edges.into()), ..Histogram::new(0) }
    }
    /// Bins from `low` to `high`; elements outside do not count.
    pub fn range(self, low: impl Into<Val>, high: impl Into<Val>) -> Histogram {
        Histogram { range: Some((low.into(), high.into())), ..self }
    }
    /// What each element counts for.
    pub fn weights(self, weights: impl Into<Val>) -> Histogram {
        Histogram { weights: Some(weights.into()), ..self }
    }
    /// Divided by the width of the bin and the total: its integral is 1.
    pub fn density(self) -> Histogram {
        Histogram { density: true, ..self }
    }
    /// The edges of the bins for `x`, one more than there are bins.
    #[track_caller]
    pub fn edges(self, x: impl Into<Val>) -> Val {
        let x = x.into();
        let args: Vec<Val> = [x].into_iter().chain(self.edges).chain(self.range.map(|r| r.0)).collect();
        Val::derive("histogram", &args, |known| {
            let dtype = crate::val::promote::Promoted::from(&known[0]).inexact().dtype;
            if let Some(edges) = self.edges {
                if known[1].ty.rank() != 1 || known[1].ty.shape.size() < 2 {
                    let message = format!("the edges are {}; give a vector of at least two", known[1].ty);
                    return Err(ErrorKind::invalid(message));
                }
                return Ok(edges.astype(dtype));
            }
            if self.bins == 0 {
                return Err(ErrorKind::invalid("a histogram of no bins; ask for at least one"));
            }
            let Some(num_edges) = self.bins.checked_add(1) else {
                return Err(ErrorKind::invalid(format!(
                    "{} bins have more edges than can be counted",
                    self.bins
                )));
            };
            let (low, high) = self.range.unwrap_or_else(|| (x.amin(), x.amax()));
            let (low, high) = (low.astype(dtype), high.astype(dtype));
            let flat = low.eq(high);
            let (low, high) = (where_(flat, low - 0.5, low), where_(flat, high + 0.5, high));
            Ok(crate::val::linspace_of(low, high, num_edges, crate::val::Endpoint::Included))
        })
    }
    /// The counts in each bin of the elements of `x`, and the edges. The last bin holds both its edges.
    #[track_caller]
    pub fn of(self, x: impl Into<Val>) -> (Val, Val) {
        let x = x.into();
        let edges = self.edges(x);
        let args: Vec<Val> = [x, edges].into_iter().chain(self.weights).collect();
        let counts = Val::derive("histogram", &args, |known| {
            let ty = &known[0].ty;
            if let Some(by) = known.get(2)
                && by.ty.shape != ty.shape
            {
                return Err(ErrorKind::invalid(format!(
                    "{} weighs {ty}; give one weight for each element",
                    by.ty
                )));
            }
            let dtype = known[1].ty.dtype;
            let weights = self.weights.unwrap_or_else(|| x.ones_like().astype(dtype));
            let both = promote_all([&known[1], known.get(2).unwrap_or(&known[1])]).dtype;
            let (flat, n) = (x.astype(dtype).ravel(), known[1].ty.shape.size() - 1);
            let bin = edges.searchsorted_side(flat, Side::Right);
            // Bin 0 lies before the first edge, bin n + 1 behind the last one.
            let bin = where_(flat.eq(edges.at(-1)), n, bin);
            let counts = zeros([n + 1], both).index([bin.into()]).add(weights.astype(both).ravel());
            let counts = counts.slice([(1..).into()]);
            if !self.density {
                return Ok(counts);
            }
            let widths = edges.slice([(1..).into()]) - edges.slice([(..-1i64).into()]);
            Ok(counts / widths / counts.sum())
        });
        (counts, edges)
    }
}

/// The indices along each axis of an array of `shape` of the positions `flat` in row order, negative ones counted from
/// the end; what is outside takes the nearest.
///
/// ```
/// use gradus::{Array, Val, jit, unravel_index};
/// let f = jit(|i: &Val| unravel_index(i, [2, 3]));
/// assert_eq!(f(&Array::from([5i32, 1]))?, [Array::from([1i32, 0]), Array::from([2i32, 1])]);
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn unravel_index(flat: impl Into<Val>, shape: impl crate::val::IntoExtents) -> Vec<Val> {
    let (flat, extents) = (flat.into(), shape.into_extents());
    let Ok(shape) = extents.shape() else {
        return vec![Val::derive("unravel_index", &[flat], |_| {
            Err(extents.shape().err().unwrap_or_else(|| ErrorKind::invalid("no shape")))
        })];
    };
    let along = |axis: usize| {
        Val::derive("unravel_index", &[flat], |known| {
            if !known[0].ty.dtype.is_integer() {
                return Err(ErrorKind::invalid(format!(
                    "positions are integers, not {}; convert them",
                    known[0].ty
                )));
            }
            let size = shape.size();
            let flat = match known[0].ty.dtype.holds(size) {
                true => flat,
                false => flat.astype(Dtype::of_index(size)),
            };
            let inside = where_(flat.lt(0), flat + size as i64, flat).clip(0, size.saturating_sub(1));
            let stride = Shape::from(&shape.dims()[axis + 1..]).size();
            Ok(inside.floor_divide(stride) % shape.dim(axis) as i64)
        })
    };
    crate::val::at_caller("unravel_index", || (0..shape.rank()).map(along).collect())
}

/// The positions in row order of an array of `shape` of indices along each axis; what is outside takes the nearest
/// place ([`IndexMode::Clip`]) or that far round the axis ([`IndexMode::Wrap`]).
///
/// ```
/// use gradus::{Array, IndexMode, Val, jit, ravel_multi_index};
/// let f = jit(|x: &Val| ravel_multi_index([*x, 1 - x], [2, 3], IndexMode::Clip));
/// let y = f(&Array::from([1i32, 0]))?;
/// assert_eq!(y, Array::from([3i32, 1]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn ravel_multi_index(
    indices: impl IntoIterator<Item = impl Into<Val>>,
    shape: impl crate::val::IntoExtents,
    mode: IndexMode,
) -> Val {
    let indices: Vec<Val> = indices.into_iter().map(Into::into).collect();
    let extents = shape.into_extents();
    Val::derive("ravel_multi_index", &indices, |known| {
        let shape = extents.shape()?;
        if indices.is_empty() || indices.len() != shape.rank() {
            let message = format!("{} indices for shape {shape}; give one for each axis", indices.len());
            return Err(ErrorKind::invalid(message));
        }
        common_shape(known.iter().map(|k| &k.ty.shape))?;
        let own = promote_all(known).dtype;
        let result = if own.holds(shape.size()) { own } else { Dtype::of_index(shape.size()) };
        let wide = if result.size_bytes() < 4 { Dtype::I32 } else { result };
        let mut flat = Val::from(0);
        for (axis, index) in indices.iter().enumerate() {
            let n = shape.dim(axis);
            let index = index.astype(wide);
            let inside = match mode {
                IndexMode::Wrap => index % n as i64,
                _ => index.clip(0, n.saturating_sub(1)),
            };
            flat = flat * n as i64 + inside;
        }
        Ok(Val::from_ir(strict::convert(flat.ir(), result)))
    })
}
