//! Updates of parts: `x.index(s![1.., i]).add(1.0)`, as JAX's `x.at[1:, i].add(1.0)`.
//!
//! An index may be negative and then counts from the end. One that is still outside: a read takes the nearest place, an
//! update is left out; [`Indexed::mode`] says otherwise.

use crate::val::Val;
use crate::val::index::entries::{Slice, values};
use crate::val::index::gather::{IndexMode, Scatter, Update};
use crate::val::index::indexer::Indexer;

/// A part of a value, to read it or to make the value with another part in its place.
#[derive(Clone, Debug)]
pub struct Indexed {
    x: Val,
    entries: Vec<Slice>,
    mode: Option<IndexMode>,
    unique: bool,
}

impl Val {
    /// The part that the entries of [`s!`](crate::s) name, to read or to update it: `x[..]` of NumPy, `x.at[..]` of
    /// JAX.
    ///
    /// ```
    /// use gradus::{Array, IndexMode, Val, jit, s};
    /// let f = jit(|x: &Val, i: &Val| {
    ///     let scaled = x.index(s![i]).multiply(10.0);
    ///     let filled = x.index(s![i]).mode(IndexMode::FillWith(0.5.into())).get();
    ///     (scaled, filled)
    /// });
    /// let (scaled, filled) = f(&Array::from([1.0f32, 2.0]), &Array::from([1i32, 7]))?;
    /// assert_eq!((scaled, filled), (Array::from([1.0f32, 20.0]), Array::from([2.0f32, 0.5])));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    pub fn index(self, entries: impl AsRef<[Slice]>) -> Indexed {
        Indexed { x: self, entries: entries.as_ref().to_vec(), mode: None, unique: false }
    }
    /// The value with `part` in the place that the entries of [`s!`](crate::s) name; `part` broadcasts to it.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, s};
    /// let f = jit(|x: &Val| x.set_at(s![1..], 0));
    /// assert_eq!(f(&Array::from([1i32, 2, 3]))?, Array::from([1i32, 0, 0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn set_at(self, entries: impl AsRef<[Slice]>, part: impl Into<Val>) -> Val {
        self.index(entries).set(part)
    }
    /// The value with `part` added in the place that the entries name; of a place named twice, all.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, s};
    /// let f = jit(|x: &Val, i: &Val| x.add_at(s![i], 1.0));
    /// let y = f(&Array::from([0.0f32, 0.0]), &Array::from([1i32, 1, 0]))?;
    /// assert_eq!(y.to_vec::<f32>()?, [1.0, 2.0]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn add_at(self, entries: impl AsRef<[Slice]>, part: impl Into<Val>) -> Val {
        self.index(entries).add(part)
    }
    /// The value multiplied by `part` in the place that the entries name.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, s};
    /// let y = jit(|x: &Val| x.mul_at(s![1..], 10))(&Array::from([1i32, 2, 3]))?;
    /// assert_eq!(y, Array::from([1i32, 20, 30]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn mul_at(self, entries: impl AsRef<[Slice]>, part: impl Into<Val>) -> Val {
        self.index(entries).multiply(part)
    }
    /// The larger of the value and `part` in the place that the entries name.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, s};
    /// let y = jit(|x: &Val| x.max_at(s![..], 2))(&Array::from([1i32, 2, 3]))?;
    /// assert_eq!(y, Array::from([2i32, 2, 3]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn max_at(self, entries: impl AsRef<[Slice]>, part: impl Into<Val>) -> Val {
        self.index(entries).max(part)
    }
    /// The smaller of the value and `part` in the place that the entries name.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, s};
    /// let y = jit(|x: &Val| x.min_at(s![..], 2))(&Array::from([1i32, 2, 3]))?;
    /// assert_eq!(y, Array::from([1i32, 2, 2]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn min_at(self, entries: impl AsRef<[Slice]>, part: impl Into<Val>) -> Val {
        self.index(entries).min(part)
    }
}

impl Indexed {
    /// What an index outside does.
    pub fn mode(self, mode: IndexMode) -> Indexed {
        Indexed { mode: Some(mode), ..self }
    }
    /// With the promise that no element is named twice, on which the derivative of a product by its part relies.
    pub fn unique(self) -> Indexed {
        Indexed { unique: true, ..self }
    }
    /// The part; an index outside takes the nearest place.
    #[track_caller]
    pub fn get(&self) -> Val {
        let mode = self.mode.unwrap_or(IndexMode::Clip);
        let args: Vec<Val> = [self.x].into_iter().chain(values(&self.entries)).chain(mode.fill()).collect();
        Val::derive("get", &args, |_| self.x.slice_with(&self.entries, mode))
    }
    /// The value with `part` in its place; of several parts for one element the last counts.
    #[track_caller]
    pub fn set(&self, part: impl Into<Val>) -> Val {
        self.updated("set_at", self.x, part.into(), Update::Set)
    }
    /// The value with `part` added there.
    #[track_caller]
    pub fn add(&self, part: impl Into<Val>) -> Val {
        self.updated("add_at", self.x, part.into(), Update::Add)
    }
    /// The value less `part` there.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, s};
    /// let y = jit(|x: &Val| x.index(s![0]).subtract(3))(&Array::from([1i32, 2]))?;
    /// assert_eq!(y, Array::from([-2i32, 2]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn subtract(&self, part: impl Into<Val>) -> Val {
        let part = part.into();
        Val::derive("subtract_at", &[part], |_| Ok(self.updated("subtract_at", self.x, -part, Update::Add)))
    }
    /// The value multiplied by `part` there.
    #[track_caller]
    pub fn multiply(&self, part: impl Into<Val>) -> Val {
        self.updated("mul_at", self.x, part.into(), Update::Multiply)
    }
    /// The value divided by `part` there; all elements become floats.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, s};
    /// let y = jit(|x: &Val| x.index(s![1]).divide(4.0))(&Array::from([1.0f32, 2.0]))?;
    /// assert_eq!(y, Array::from([1.0f32, 0.5]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn divide(&self, part: impl Into<Val>) -> Val {
        let part = part.into();
        Val::derive("divide_at", &[self.x, part], |_| {
            Ok(self.x / self.updated("divide_at", self.x.ones_like(), part, Update::Multiply))
        })
    }
    /// The value to the power of `part` there.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, s};
    /// let y = jit(|x: &Val| x.index(s![1]).power(3))(&Array::from([1i32, 2]))?;
    /// assert_eq!(y, Array::from([1i32, 8]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn power(&self, part: impl Into<Val>) -> Val {
        let part = part.into();
        Val::derive("power_at", &[self.x, part], |_| {
            Ok(self.x.pow(self.updated("power_at", self.x.ones_like(), part, Update::Multiply)))
        })
    }
    /// The smaller of the value and `part` there.
    #[track_caller]
    pub fn min(&self, part: impl Into<Val>) -> Val {
        self.updated("min_at", self.x, part.into(), Update::Min)
    }
    /// The larger of the value and `part` there.
    #[track_caller]
    pub fn max(&self, part: impl Into<Val>) -> Val {
        self.updated("max_at", self.x, part.into(), Update::Max)
    }
    /// The value with `f` of the part in its place: once, however often an element is named.
    ///
    /// ```
    /// use gradus::{Array, Val, jit, s};
    /// let f = jit(|x: &Val| x.index(s![1..]).apply(|part| part.sqrt()));
    /// assert_eq!(f(&Array::from([4.0f32, 4.0, 9.0]))?, Array::from([4.0f32, 2.0, 3.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn apply(&self, f: impl FnOnce(Val) -> Val) -> Val {
        self.set(f(self.get()))
    }
    #[track_caller]
    fn updated(&self, op: &'static str, x: Val, part: Val, update: Update) -> Val {
        let args: Vec<Val> = [x, part].into_iter().chain(values(&self.entries)).collect();
        Val::derive(op, &args, |known| {
            let mode = self.mode.unwrap_or(IndexMode::Fill);
            let how = Scatter { update, mode, unique_indices: self.unique };
            let indexer = Indexer::of(&known[0].ty.shape, &self.entries)?;
            Ok(Val::from_ir(indexer.write(x.ir(), part, how)?).with_weak(known[0].weak))
        })
    }
}
