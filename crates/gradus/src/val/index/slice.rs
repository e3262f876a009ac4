//! Reading parts of a value: `x.slice(s![1.., ..;2])`, `x.at(i)`.

use crate::ErrorKind;
use crate::val::Val;
use crate::val::index::entries::{Slice, values};
use crate::val::index::gather::IndexMode;
use crate::val::index::indexer::Indexer;

impl Val {
    /// Part of the value, by the entries of [`s!`](crate::s).
    ///
    /// ```
    /// use gradus::{Array, Val, jit, s};
    /// let y = jit(|x: &Val| x.slice(s![1.., ..;2]))(&Array::from([[1i32, 2, 3], [4, 5, 6]]))?;
    /// assert_eq!(y, Array::from([[4i32, 6]]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn slice(self, entries: impl AsRef<[Slice]>) -> Val {
        let entries = entries.as_ref();
        let args: Vec<Val> = std::iter::once(self).chain(values(entries)).collect();
        Val::derive("slice", &args, |_| self.slice_with(entries, IndexMode::Clip))
    }
    /// [`Val::slice`] of a value that is known to be sound.
    #[track_caller]
    pub(crate) fn slice_with(self, entries: &[Slice], mode: IndexMode) -> Result<Val, ErrorKind> {
        let indexer = Indexer::of(&self.ty().shape, entries)?;
        Ok(Val::from_ir(indexer.read(self.ir(), mode)?).with_weak(self.is_weak()))
    }
    /// The part at position `i` of the first axis, which goes: an integer, or an integer `Val`.
    ///
    /// ```
    /// use gradus::{Array, Val, jit};
    /// let y = jit(|x: &Val| x.at(-1))(&Array::from([[1i32, 2], [3, 4]]))?;
    /// assert_eq!(y.to_vec::<i32>()?, [3, 4]);
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn at(self, i: impl Into<Slice>) -> Val {
        crate::val::at_caller("at", || self.slice([i.into()]))
    }
}
