//! `vmap`: a function of one lane becomes one of all lanes.

use crate::engine::{self, Mapped, refill, values};
use crate::transforms::{RAN, all, axes_of, within};
use crate::{Axes, Function, ReadsTrees, Result, Returning, Tree};

/// How a function is mapped; [`Vmap::of`] maps it.
///
/// ```
/// use gradus::{Array, Val, Vmap, jit, psum};
/// let f = jit(Vmap::default().name("i").inputs((1,)).of(|x: &Val| x - psum(x, "i") / 2.0));
/// let x = Array::from([[1.0f32, 3.0], [5.0, 9.0]]);
/// assert_eq!(f(&x)?, Array::from([[-1.0f32, -2.0], [1.0, 2.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Vmap<I = i64, O = i64> {
    inputs: I,
    outputs: O,
    name: Option<&'static str>,
    size: Option<usize>,
}

impl Default for Vmap {
    /// Over the first axis of everything, without a name.
    fn default() -> Vmap {
        Vmap { inputs: 0, outputs: 0, name: None, size: None }
    }
}

impl<I, O> Vmap<I, O> {
    /// The mapped axes of the parameters; see [`Axes`].
    pub fn inputs<J>(self, inputs: J) -> Vmap<J, O> {
        Vmap { inputs, outputs: self.outputs, name: self.name, size: self.size }
    }
    /// Where the lanes lie in the results; `None` for one that is the same in all lanes.
    pub fn outputs<Q>(self, outputs: Q) -> Vmap<I, Q> {
        Vmap { inputs: self.inputs, outputs, name: self.name, size: self.size }
    }
    /// What [`psum`](crate::psum()) and the other collectives call the axis.
    pub fn name(self, name: &'static str) -> Vmap<I, O> {
        Vmap { name: Some(name), ..self }
    }
    /// The number of lanes: needed where no parameter is mapped.
    pub fn size(self, size: usize) -> Vmap<I, O> {
        Vmap { size: Some(size), ..self }
    }
    /// The mapped function.
    ///
    /// # Errors
    /// The enclosing `jit` or `trace` returns `Err` if axes do not exist or differ in length, or the name is that of
    /// an enclosing axis.
    #[track_caller]
    pub fn of<'f, S: ReadsTrees, F: Function<'f, S>>(self, f: F) -> Returning<'f, S, S::Out>
    where
        I: Axes<S::Args> + Send + Sync + 'f,
        O: Axes<S::Out> + Send + Sync + 'f,
    {
        let place = gradus_ir::trace::current_place();
        let Vmap { inputs, outputs, name, size } = self;
        S::wrap_all(f.share(), move |f, args| {
            gradus_ir::trace::called_at("vmap", place, || {
                let mut result = None;
                let mut lanes = || -> Result<Vec<crate::Val>> {
                    let axes = axes_of(&inputs, args, place)?;
                    let which = engine::Which { axes: &axes, name, size };
                    let mapped = Mapped::trace(place, &values(args), which, || args.paths(), &mut |x| {
                        let out = f(&refill(args, x));
                        let vals = values(&out);
                        result = Some(out);
                        vals
                    });
                    let mapped = mapped.map_err(|e| within(e, "vmap", place))?;
                    let result = result.as_ref().expect(RAN);
                    mapped.run(&axes_of(&outputs, result, place)?)
                };
                match lanes() {
                    Ok(vals) => refill(result.as_ref().expect(RAN), &vals),
                    // refused before `f` ran: its result for one poisoned lane has the structure
                    Err(error) => {
                        let v = engine::refuse(error);
                        match &result {
                            Some(result) => all(result, v),
                            None => f(&all(args, v)),
                        }
                    }
                }
            })
        })
    }
}

/// Maps `f` over the first axis of every leaf of every parameter.
///
/// ```
/// use gradus::{Array, Val, jit, vmap};
/// let f = jit(vmap(|x: &Val, y: &Val| (x * y).sum()));
/// let (x, y) = (Array::from([[1.0f32, 2.0], [3.0, 4.0]]), Array::from([[1.0f32, 1.0], [2.0, 2.0]]));
/// assert_eq!(f(&x, &y)?, Array::from([3.0f32, 14.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn vmap<'f, S: ReadsTrees, F: Function<'f, S>>(f: F) -> Returning<'f, S, S::Out> {
    Vmap::default().of(f)
}

/// [`vmap`] over axes of one's choice: `vmap_axes(f, (None, 0), 0)` maps the second of two parameters.
///
/// See [`Axes`] for the ways to say which; a result that does not differ between lanes may have the axis `None`.
#[track_caller]
pub fn vmap_axes<'f, S: ReadsTrees, F: Function<'f, S>>(
    f: F,
    inputs: impl Axes<S::Args> + Send + Sync + 'f,
    outputs: impl Axes<S::Out> + Send + Sync + 'f,
) -> Returning<'f, S, S::Out> {
    Vmap::default().inputs(inputs).outputs(outputs).of(f)
}
