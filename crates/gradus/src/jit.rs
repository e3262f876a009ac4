//! `jit`: a function in its two forms, outside on `Array`s and in other traces on `Val`s.

use crate::Program;
use crate::config::Config;
use crate::engine::function_name;
use crate::signature::{Function, Jittable, Outer};
use crate::site::Site;
use gradus_ir::SourceLocation;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A compiled function: call it like the function.
///
/// `Sig` is the form it is called in, e.g. `Jit<dyn Fn(&mut State, &Array) -> Result<Array> + Send + Sync>`;
/// [`Jitted`] is the short way to write it.
pub struct Jit<Sig: ?Sized + Outer> {
    call: Arc<Sig>,
    inside: Arc<Sig::Inner>,
    traced: Arc<Sig::Inner>,
    site: Arc<Site<Sig::Out>>,
}

/// What `jit` returns for a function of this type: `Jitted<fn(&mut Training<M, O>, &Val) -> Val>`.
pub type Jitted<S> = Jit<<S as Jittable>::Outer<'static>>;

/// Compiles `f` for the arguments it is called with; later calls of the same structure and types reuse it.
///
/// The first parameter may be `&mut`: it is replaced by its new value when the call succeeds and is
/// untouched when it returns `Err`.
///
/// ```
/// use gradus::{Array, Val, jit};
/// let f = jit(|x: &Val, y: &Val| x * y);
/// assert_eq!(f(&Array::from([1.0f32, 2.0]), &Array::from(3.0f32))?, Array::from([3.0f32, 6.0]));
/// # Ok::<(), gradus::Error>(())
/// ```
///
/// # Errors
/// Every call returns the first refused operation with its line, or what fails while running.
#[track_caller]
pub fn jit<'f, S, O: ?Sized + Outer, F: JitFunction<'f, S, O>>(f: F) -> Jit<O> {
    f.jit(gradus_ir::trace::current_place())
}

/// A function that `jit` accepts; `S` and its form outside, `O`, are inferred.
#[diagnostic::on_unimplemented(
    message = "`jit` takes a function of up to six trees of `Val`, by reference",
    label = "parameters are references with written types: `|x: &Val, y: &Val| ..`",
    note = "the first parameter may be `&mut`, no other: it is replaced by its new value when the call succeeds",
    note = "more than six: put some in a tuple or a struct",
    note = "the function must be `Send + Sync`: it may be traced on any thread; a `Cell`, `RefCell` or `Rc` inside it is not"
)]
pub trait JitFunction<'f, S, O: ?Sized + Outer> {
    /// The jitted function, made at `place`.
    fn jit(self, place: SourceLocation) -> Jit<O>;
}
impl<'f, S: Jittable, F: Function<'f, S>> JitFunction<'f, S, S::Outer<'f>> for F {
    fn jit(self, place: SourceLocation) -> Jit<S::Outer<'f>> {
        Jit::new(self.share(), function_name::<F>(), place)
    }
}

/// The [`Program`] of `f` for arguments like those given: parameters are their leaves, then captured data.
///
/// ```
/// use gradus::{Array, Val, trace};
/// let program = trace(|x: &Val| x * 2.0)(&Array::from([1.0f32, 2.0]))?;
/// assert!(program.to_string().contains("mul"));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn trace<'f, S: Jittable, F: Function<'f, S>>(f: F) -> Box<S::Tracer<'f>> {
    S::tracer(f.share(), gradus_ir::trace::current_place())
}

impl<Sig: ?Sized + Outer> Jit<Sig> {
    pub(crate) fn new(traced: Arc<Sig::Inner>, name: &'static str, place: SourceLocation) -> Jit<Sig> {
        Jit::at(traced, Arc::new(Site::new(name, place)))
    }
    fn at(traced: Arc<Sig::Inner>, site: Arc<Site<Sig::Out>>) -> Jit<Sig> {
        let call = Sig::border(traced.clone(), site.clone());
        let inside = Sig::inside(traced.clone(), site.clone());
        Jit { call, inside, traced, site }
    }
    /// The same function compiled otherwise; what is compiled already stays.
    pub fn with(&self, config: Config) -> Jit<Sig> {
        Jit::at(self.traced.clone(), Arc::new(self.site.with(config)))
    }
    /// The function in `Val`s, to be used in another trace: a call of one shared Program.
    pub fn inside(&self) -> &Sig::Inner {
        &self.inside
    }
    /// The Program of the latest call; `None` before the first.
    pub fn program(&self) -> Option<Arc<Program>> {
        self.site.program()
    }
    /// Bytes that the latest call needed beyond its arguments at its peak; `None` before the first.
    pub fn memory(&self) -> Option<usize> {
        self.site.memory()
    }
    /// For each specialisation the Program before and after the passes, and what it was compiled to.
    pub fn explain(&self) -> String {
        self.site.explain()
    }
}

impl<Sig: ?Sized + Outer> Deref for Jit<Sig> {
    type Target = Sig;
    fn deref(&self) -> &Sig {
        &self.call
    }
}
impl<Sig: ?Sized + Outer> Clone for Jit<Sig> {
    fn clone(&self) -> Self {
        Jit {
            call: self.call.clone(),
            inside: self.inside.clone(),
            traced: self.traced.clone(),
            site: self.site.clone(),
        }
    }
}
impl<Sig: ?Sized + Outer> fmt::Debug for Jit<Sig> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jit({})", self.site.name())
    }
}
