//! Signatures of functions: what `jit`, `grad` and the other transforms take and return, for every arity.
//!
//! A function's signature is named by the type of a function pointer, in `Val`s: `fn(&mut Mlp<Val>, &Val) -> Val`.
//! The one invariant: for each signature exactly one impl of [`Function`] exists whose closure type is open, so
//! that the signature of a closure is inferred from its written parameter types alone.

use crate::engine::{Fill, values};
use crate::site::{Site, program_of};
use crate::tree::key::AnyTree;
use crate::{Array, Leaf, Program, Result, Stored, Traced, Val};
use gradus_ir::SourceLocation;
use std::sync::Arc;

/// The signature of a function, named by the type of a function pointer.
pub trait Signature {
    /// The function behind `dyn`.
    type Dyn<'f>: ?Sized;
}

/// A function of the signature `S`, which is inferred.
#[diagnostic::on_unimplemented(
    message = "a transform takes a function of one to six parameters by `&`",
    label = "parameters are references with written types: `|x: &Val, y: &Val| ..`",
    note = "`&mut` is for the first parameter of `jit` only: here return the new value instead",
    note = "the function must be `Send + Sync`: a `Cell`, `RefCell` or `Rc` inside it is not"
)]
pub trait Function<'f, S: Signature> {
    /// The function behind a shared pointer.
    fn share(self) -> Arc<S::Dyn<'f>>;
}

/// A function of one tree, as a transform of one's own gets it; `grad(f)` and the like take it in turn.
pub type Shared<'a, A, R> = dyn Fn(&A) -> R + Send + Sync + 'a;

/// Functions that only read: what `grad` and the other transforms take.
#[diagnostic::on_unimplemented(
    message = "`{Self}`: this transform takes a function of one to six trees by `&`",
    note = "`&mut` is for the first parameter of `jit` only: return the new value instead"
)]
pub trait Reads: Signature {
    /// The first parameter, by which derivatives are taken.
    type First: 'static;
    /// The result.
    type Out: 'static;
    /// A function of the same parameters that returns `Q`.
    type Returning<'f, Q>: ?Sized;
    /// A function of the same form: `g` gets the function as one of its first parameter, and that parameter.
    ///
    /// What all transforms are made of; users write their own with it, for functions of any arity.
    fn wrap<'f, Q>(
        f: Arc<Self::Dyn<'f>>,
        g: impl Fn(&Shared<Self::First, Self::Out>, &Self::First) -> Q + Send + Sync + 'f,
    ) -> Box<Self::Returning<'f, Q>>;
}

/// Functions that only read, and read trees only: what `vmap` and `outline` take.
#[diagnostic::on_unimplemented(
    message = "`{Self}`: this transform takes a function of one to six trees of `Val`, which returns one",
    note = "a static argument is wrapped: `Fixed<usize>`"
)]
pub trait ReadsTrees: Reads<Out: Traced> {
    /// All parameters as a tuple.
    type Args: Traced;
    /// As [`Reads::wrap`], with all parameters at once.
    fn wrap_all<'f, Q>(
        f: Arc<Self::Dyn<'f>>,
        g: impl Fn(&Shared<Self::Args, Self::Out>, &Self::Args) -> Q + Send + Sync + 'f,
    ) -> Box<Self::Returning<'f, Q>>;
}

/// Functions that `jit` and `trace` take.
pub trait Jittable: Signature {
    /// The form outside: `Array` for `Val`, `Result` around the result.
    type Outer<'f>: ?Sized + Outer<Inner = Self::Dyn<'f>>;
    /// A function of example data that returns the [`Program`].
    type Tracer<'f>: ?Sized;
    /// [`crate::trace`].
    #[doc(hidden)]
    fn tracer<'f>(f: Arc<Self::Dyn<'f>>, place: SourceLocation) -> Box<Self::Tracer<'f>>;
}

/// The form of a jitted function, `dyn Fn(&Array) -> Result<Array> + Send + Sync`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the form of a jitted function",
    note = "write `Jitted<fn(&Mlp<Val>, &Val) -> Val>`, or in full `Jit<dyn Fn(&Mlp, &Array) -> Result<Array> + Send + Sync>`"
)]
pub trait Outer {
    /// The same form inside a trace, in `Val`s.
    type Inner: ?Sized;
    /// The result inside.
    type Out: Traced;
    /// The function outside: looks up or compiles, runs.
    #[doc(hidden)]
    fn border(f: Arc<Self::Inner>, site: Arc<Site<Self::Out>>) -> Arc<Self>;
    /// The function in another trace: a call of one shared Program.
    #[doc(hidden)]
    fn inside(f: Arc<Self::Inner>, site: Arc<Site<Self::Out>>) -> Arc<Self::Inner>;
}

macro_rules! reads {
    ($($A:ident $a:ident)? $(, $X:ident $x:ident)*) => {
        impl<R, $($A,)? $($X),*> Signature for fn($(&$A,)? $(&$X),*) -> R {
            type Dyn<'f> = dyn Fn($(&$A,)? $(&$X),*) -> R + Send + Sync + 'f;
        }
        impl<'f, Func, R, $($A,)? $($X),*> Function<'f, fn($(&$A,)? $(&$X),*) -> R> for Func
        where
            Func: Fn($(&$A,)? $(&$X),*) -> R + Send + Sync + 'f,
        {
            fn share(self) -> Arc<dyn Fn($(&$A,)? $(&$X),*) -> R + Send + Sync + 'f> {
                Arc::new(self)
            }
        }
        impl<R: Traced, $($A: Traced,)? $($X: Traced),*> Jittable for fn($(&$A,)? $(&$X),*) -> R {
            type Outer<'f> = dyn Fn($(&$A::Data,)? $(&$X::Data),*) -> Result<R::Data> + Send + Sync + 'f;
            type Tracer<'f> = dyn Fn($(&$A::Data,)? $(&$X::Data),*) -> Result<Program> + Send + Sync + 'f;
            fn tracer<'f>(f: Arc<Self::Dyn<'f>>, place: SourceLocation) -> Box<Self::Tracer<'f>> {
                Box::new(move |$($a: &$A::Data,)? $($x: &$X::Data),*| {
                    let args: &[&dyn AnyTree<Array>] = &[$($a,)? $($x),*];
                    program_of(place, args, &mut |_vals| {
                        let mut _fill = Fill::new(_vals);
                        $(let $a: $A = _fill.tree($a);)?
                        $(let $x: $X = _fill.tree($x);)*
                        values(&f($(&$a,)? $(&$x),*))
                    })
                })
            }
        }
        impl<'f, R: Stored, $($A: Stored,)? $($X: Stored),*> Outer
            for dyn Fn($(&$A,)? $(&$X),*) -> Result<R> + Send + Sync + 'f
        {
            type Inner = dyn Fn($(&$A::Traced,)? $(&$X::Traced),*) -> R::Traced + Send + Sync + 'f;
            type Out = R::Traced;
            fn border(f: Arc<Self::Inner>, site: Arc<Site<R::Traced>>) -> Arc<Self> {
                Arc::new(move |$($a: &$A,)? $($x: &$X),*| {
                    let args: &[&dyn AnyTree<Array>] = &[$($a,)? $($x),*];
                    let entry = site.entry(args, 0, &|_vals| {
                        let mut _fill = Fill::new(_vals);
                        $(let $a: $A::Traced = _fill.tree($a);)?
                        $(let $x: $X::Traced = _fill.tree($x);)*
                        (vec![], f($(&$a,)? $(&$x),*))
                    })?;
                    entry.run(None, args)
                })
            }
            fn inside(f: Arc<Self::Inner>, site: Arc<Site<R::Traced>>) -> Arc<Self::Inner> {
                Arc::new(move |$($a: &$A::Traced,)? $($x: &$X::Traced),*| {
                    let args: &[&dyn AnyTree<Val>] = &[$($a,)? $($x),*];
                    let (_, result) = site.inside(args, 0, &|_vals| {
                        let mut _fill = Fill::new(_vals);
                        $(let $a: $A::Traced = _fill.tree($a);)?
                        $(let $x: $X::Traced = _fill.tree($x);)*
                        (vec![], f($(&$a,)? $(&$x),*))
                    });
                    result
                })
            }
        }
    };
}

macro_rules! reads_first {
    ($A:ident $a:ident $(, $X:ident $x:ident)*) => {
        reads!($A $a $(, $X $x)*);
        impl<R: 'static, $A: Leaf, $($X: Leaf),*> Reads for fn(&$A $(, &$X)*) -> R {
            type First = $A;
            type Out = R;
            type Returning<'f, Q> = dyn Fn(&$A $(, &$X)*) -> Q + Send + Sync + 'f;
            fn wrap<'f, Q>(
                f: Arc<Self::Dyn<'f>>,
                g: impl Fn(&Shared<$A, R>, &$A) -> Q + Send + Sync + 'f,
            ) -> Box<Self::Returning<'f, Q>> {
                Box::new(move |$a: &$A $(, $x: &$X)*| g(&|$a: &$A| f($a $(, $x)*), $a))
            }
        }
        impl<R: Traced, $A: Traced, $($X: Traced),*> ReadsTrees for fn(&$A $(, &$X)*) -> R {
            type Args = ($A, $($X),*);
            fn wrap_all<'f, Q>(
                f: Arc<Self::Dyn<'f>>,
                g: impl Fn(&Shared<Self::Args, R>, &Self::Args) -> Q + Send + Sync + 'f,
            ) -> Box<Self::Returning<'f, Q>> {
                Box::new(move |$a: &$A $(, $x: &$X)*| {
                    g(&|($a, $($x),*): &Self::Args| f($a $(, $x)*), &($a.copy(), $($x.copy()),*))
                })
            }
        }
        writes!($A $a $(, $X $x)*);
    };
}

// The first parameter is replaced when the call succeeds.
macro_rules! writes {
    ($A:ident $a:ident $(, $X:ident $x:ident)*) => {
        impl<R, $A, $($X),*> Signature for fn(&mut $A $(, &$X)*) -> R {
            type Dyn<'f> = dyn Fn(&mut $A $(, &$X)*) -> R + Send + Sync + 'f;
        }
        impl<'f, Func, R, $A, $($X),*> Function<'f, fn(&mut $A $(, &$X)*) -> R> for Func
        where
            Func: Fn(&mut $A $(, &$X)*) -> R + Send + Sync + 'f,
        {
            fn share(self) -> Arc<dyn Fn(&mut $A $(, &$X)*) -> R + Send + Sync + 'f> {
                Arc::new(self)
            }
        }
        impl<R: Traced, $A: Traced, $($X: Traced),*> Jittable for fn(&mut $A $(, &$X)*) -> R {
            type Outer<'f> = dyn Fn(&mut $A::Data $(, &$X::Data)*) -> Result<R::Data> + Send + Sync + 'f;
            type Tracer<'f> = dyn Fn(&$A::Data $(, &$X::Data)*) -> Result<Program> + Send + Sync + 'f;
            fn tracer<'f>(f: Arc<Self::Dyn<'f>>, place: SourceLocation) -> Box<Self::Tracer<'f>> {
                Box::new(move |$a: &$A::Data $(, $x: &$X::Data)*| {
                    let args: &[&dyn AnyTree<Array>] = &[$a $(, $x)*];
                    program_of(place, args, &mut |vals| {
                        let mut fill = Fill::new(vals);
                        let mut $a: $A = fill.tree($a);
                        $(let $x: $X = fill.tree($x);)*
                        let result = f(&mut $a $(, &$x)*);
                        let mut all = values(&$a);
                        all.extend(values(&result));
                        all
                    })
                })
            }
        }
        impl<'f, R: Stored, $A: Stored, $($X: Stored),*> Outer
            for dyn Fn(&mut $A $(, &$X)*) -> Result<R> + Send + Sync + 'f
        {
            type Inner = dyn Fn(&mut $A::Traced $(, &$X::Traced)*) -> R::Traced + Send + Sync + 'f;
            type Out = R::Traced;
            fn border(f: Arc<Self::Inner>, site: Arc<Site<R::Traced>>) -> Arc<Self> {
                Arc::new(move |state: &mut $A $(, $x: &$X)*| {
                    let entry = site.entry(&[&*state $(, $x)*], 1, &|vals| {
                        let mut fill = Fill::new(vals);
                        let mut $a: $A::Traced = fill.tree(&*state);
                        $(let $x: $X::Traced = fill.tree($x);)*
                        let result = f(&mut $a $(, &$x)*);
                        (site.kept_state(&*state, &$a), result)
                    })?;
                    entry.run(Some(state), &[$($x),*])
                })
            }
            fn inside(f: Arc<Self::Inner>, site: Arc<Site<R::Traced>>) -> Arc<Self::Inner> {
                Arc::new(move |state: &mut $A::Traced $(, $x: &$X::Traced)*| {
                    let (new, result) = site.inside(&[&*state $(, $x)*], 1, &|vals| {
                        let mut fill = Fill::new(vals);
                        let mut $a: $A::Traced = fill.tree(&*state);
                        $(let $x: $X::Traced = fill.tree($x);)*
                        let result = f(&mut $a $(, &$x)*);
                        (site.kept_state(&*state, &$a), result)
                    });
                    *state = Fill::new(&new).tree(&*state);
                    result
                })
            }
        }
    };
}

reads!();
reads_first!(A a);
reads_first!(A a, B b);
reads_first!(A a, B b, C c);
reads_first!(A a, B b, C c, D d);
reads_first!(A a, B b, C c, D d, E e);
reads_first!(A a, B b, C c, D d, E e, G g);
