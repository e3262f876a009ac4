//! Gather and scatter by StableHLO's dimension numbers: what indexing is made of, for those who need all of it.

use crate::val::{Known, Val, strict};
use crate::{Array, Dtype, ErrorKind, Type};
use gradus_ir::bind1;
use gradus_ir::ops::index::{Gather, IndexMode as Mode, Indexing, Scatter as Strict};
pub use gradus_ir::ops::index::{GatherDims, ScatterDims};
use gradus_ir::ops::monoid::Monoid;

/// What an index outside of its axis does. Negative indices have been counted from the end before, where a function
/// says so.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum IndexMode {
    /// A read gives NaN, or the lowest signed and the highest unsigned integer; an update is left out.
    Fill,
    /// A read gives this scalar; an update is left out.
    FillWith(Val),
    /// The nearest place.
    Clip,
    /// The place that far round the axis, as modulo its extent.
    Wrap,
    /// The caller promises that there is none; if there is, the result is some element.
    PromiseInBounds,
}

impl IndexMode {
    /// What the IR's primitives are told; `Wrap` has been computed before.
    pub(crate) fn strict(self) -> Mode {
        match self {
            IndexMode::Fill | IndexMode::FillWith(_) => Mode::FillOrDrop,
            IndexMode::Clip => Mode::Clip,
            IndexMode::Wrap | IndexMode::PromiseInBounds => Mode::PromiseInBounds,
        }
    }
    /// The scalar for what is outside, if it is given.
    pub(crate) fn fill(self) -> Option<Val> {
        match self {
            IndexMode::FillWith(fill) => Some(fill),
            _ => None,
        }
    }
}

/// How an update joins what stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Update {
    /// It takes its place; of several the last one does.
    Set,
    /// It is added.
    Add,
    /// It is multiplied with it.
    Multiply,
    /// The smaller one stays.
    Min,
    /// The larger one stays.
    Max,
}

impl Update {
    pub(crate) fn monoid(self) -> Option<Monoid> {
        match self {
            Update::Set => None,
            Update::Add => Some(Monoid::Sum),
            Update::Multiply => Some(Monoid::Prod),
            Update::Min => Some(Monoid::Min),
            Update::Max => Some(Monoid::Max),
        }
    }
}

/// How a scatter joins, and what it may rely on.
#[derive(Clone, Copy, Debug)]
pub struct Scatter {
    /// How an update joins what stands at its place.
    pub update: Update,
    /// What an index outside does.
    pub mode: IndexMode,
    /// The caller promises that no element is written twice.
    pub unique_indices: bool,
}

impl From<Update> for Scatter {
    fn from(update: Update) -> Scatter {
        Scatter { update, mode: IndexMode::Fill, unique_indices: false }
    }
}

/// Reads `x` at `indices`; a fill that is not a literal of the program is put in by a selection.
#[track_caller]
pub(crate) fn gather(
    x: gradus_ir::Val,
    indices: gradus_ir::Val,
    dims: GatherDims,
    sizes: &[usize],
    mode: IndexMode,
) -> Result<gradus_ir::Val, ErrorKind> {
    let read = |x: gradus_ir::Val, fill: Option<Array>| {
        let gather = Gather { dims: dims.clone(), slice_sizes: sizes.into(), mode: mode.strict(), fill };
        bind1(Indexing::from(gather), &[x, indices])
    };
    let Some(fill) = mode.fill() else { return Ok(read(x, None)) };
    let dtype = x.ty().dtype;
    if let Some(literal) = fill.literal() {
        return Ok(read(x, Some(literal.array(dtype)?)));
    }
    if fill.rank() != 0 {
        let message = format!("the fill is {}, not a scalar; give one element", fill.ty());
        return Err(ErrorKind::invalid(message));
    }
    let everywhere = strict::broadcast(strict::constant(Array::scalar(true)), &x.shape());
    let inside = read(everywhere, Some(Array::scalar(false)));
    let read = read(x, None);
    let fill = strict::broadcast(strict::convert(fill.ir(), dtype), &read.shape());
    Ok(inside.select(read, fill))
}

/// Writes `updates` into `x` at `indices`.
#[track_caller]
pub(crate) fn scatter(
    x: gradus_ir::Val,
    indices: gradus_ir::Val,
    updates: gradus_ir::Val,
    dims: ScatterDims,
    how: Scatter,
) -> gradus_ir::Val {
    let Scatter { update, mode, unique_indices } = how;
    let op = Strict { combine: update.monoid(), dims, mode: mode.strict(), unique_indices };
    bind1(Indexing::from(op), &[x, indices, updates])
}

pub(crate) fn no_wrap(mode: IndexMode) -> Result<(), ErrorKind> {
    match mode {
        IndexMode::Wrap => Err(ErrorKind::invalid(
            "indices by dimension numbers do not wrap; take them modulo the extent before, or use `index`",
        )),
        _ => Ok(()),
    }
}

/// The indices as the IR takes them: a literal becomes an integer.
#[track_caller]
pub(crate) fn integers(indices: Val, known: &Known) -> Result<gradus_ir::Val, ErrorKind> {
    let Known { ty: Type { dtype, .. }, .. } = known;
    match dtype {
        Dtype::Bool => {
            Err(ErrorKind::invalid(format!("indices are integers, not {}; convert them", known.ty)))
        }
        _ => Ok(indices.ir()),
    }
}

impl Val {
    /// Windows of extents `sizes` at the index vectors along the last axis of `indices`, by StableHLO's dimension
    /// numbers: `lax.gather`. Negative indices are outside.
    ///
    /// ```
    /// use gradus::{Array, GatherDims, IndexMode, Val, jit};
    /// let rows = jit(|x: &Val, i: &Val| {
    ///     let dims = GatherDims {
    ///         offset_dims: [1].as_slice().into(),
    ///         collapsed_slice_dims: [0].as_slice().into(),
    ///         start_index_map: [0].as_slice().into(),
    ///         ..GatherDims::default()
    ///     };
    ///     x.gather(i, dims, &[1, 2], IndexMode::FillWith(0.into()))
    /// });
    /// let y = rows(&Array::from([[1i32, 2], [3, 4]]), &Array::from([[1i32], [7]]))?;
    /// assert_eq!(y, Array::from([[3i32, 4], [0, 0]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn gather(self, indices: impl Into<Val>, dims: GatherDims, sizes: &[usize], mode: IndexMode) -> Val {
        let indices = indices.into();
        let args: Vec<Val> = [self, indices].into_iter().chain(mode.fill()).collect();
        Val::derive("gather", &args, |known| {
            no_wrap(mode)?;
            let read = gather(self.ir(), integers(indices, &known[1])?, dims, sizes, mode)?;
            Ok(Val::from_ir(read).with_weak(known[0].weak))
        })
    }
    /// The value with `updates` joined at the index vectors along the last axis of `indices`, by StableHLO's dimension
    /// numbers: `lax.scatter` and its kin. Negative indices are outside.
    ///
    /// ```
    /// use gradus::{Array, ScatterDims, Update, Val, jit};
    /// let add = jit(|x: &Val, i: &Val, u: &Val| {
    ///     let dims = ScatterDims {
    ///         inserted_window_dims: [0].as_slice().into(),
    ///         scatter_dims_to_operand_dims: [0].as_slice().into(),
    ///         ..ScatterDims::default()
    ///     };
    ///     x.scatter(i, u, dims, Update::Add)
    /// });
    /// let y = add(&Array::from([0i32, 0]), &Array::from([[1i32], [1]]), &Array::from([2i32, 3]))?;
    /// assert_eq!(y, Array::from([0i32, 5]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn scatter(
        self,
        indices: impl Into<Val>,
        updates: impl Into<Val>,
        dims: ScatterDims,
        how: impl Into<Scatter>,
    ) -> Val {
        let (indices, updates, how) = (indices.into(), updates.into(), how.into());
        Val::derive("scatter", &[self, indices, updates], |known| {
            no_wrap(how.mode)?;
            let updates = strict::convert_literal(updates, known[0].ty.dtype);
            let written = scatter(self.ir(), integers(indices, &known[1])?, updates, dims, how);
            Ok(Val::from_ir(written).with_weak(known[0].weak))
        })
    }
}
