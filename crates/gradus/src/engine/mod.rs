//! The narrow door between typed trees and the engine: everything here works on lists of values.
//!
//! Transforms flatten their trees at once, so that nothing below is generic and a model costs a few small
//! functions however many transforms it goes through. Invariant: traces are opened by the files of this
//! folder alone, but for the bodies over scalars of `reduce_by` and `reduce_window`, whose operands are no trees.

mod axes;
mod backend;
pub(crate) mod control;
mod custom;
mod derivative;
mod effects;
mod lanes;
mod lists;
mod nans;
mod order;
mod system;

pub(crate) use axes::{across, axis_index, axis_size, is_any_axis_named};
pub(crate) use custom::{
    checkpoint, checkpoint_name, custom_jvp, custom_vjp, trace_forward, trace_jvp_rule, trace_vjp_rule,
};
pub(crate) use derivative::{Numbers, check_differentiable, check_jacobian};
pub(crate) use effects::{check, debug_callback, debug_print, pure_callback};
pub(crate) use gradus_ir::trace::abandon;
pub(crate) use lanes::{Mapped, Which};
pub(crate) use lists::Lists;
pub(crate) use order::{JITTED, Order, is_undifferentiated};
pub(crate) use system::{Operator, linear_solve};

use self::backend::Runnable;
use crate::config::Config;
use crate::{Array, Error, Leaf, Stored, Traced, Tree, Val};
use gradus_ir::{Capture, Dtype, Program, SourceLocation, Type, trace as ir};
use std::sync::Arc;

/// The path of a function as a user writes it; of a closure, that of the function in which it stands.
pub(crate) fn function_name<F: ?Sized>() -> &'static str {
    let name = std::any::type_name::<F>();
    let name = name.split("::{{closure}}").next().unwrap_or(name);
    // Its own type parameters are types, and may be closures.
    match name.find('<') {
        Some(at) if at > 0 => name[..at].trim_end_matches(':'),
        _ => name,
    }
}

/// The leaves of a tree as a list.
pub(crate) fn values<T: Traced>(tree: &T) -> Vec<Val> {
    let mut all = vec![];
    tree.visit(&mut |part| {
        if let crate::Part::Leaf(v) = part {
            all.push(*v);
        }
    });
    all
}

/// A tree like `like` with other values.
pub(crate) fn refill<T: Traced>(like: &T, values: &[Val]) -> T {
    let mut values = values.iter();
    like.map_leaves(&mut |_| *values.next().expect("internal: as many values as leaves"))
}

/// Turns a list back into several trees, one after the other.
pub(crate) struct Fill<'a> {
    values: std::slice::Iter<'a, Val>,
}

impl<'a> Fill<'a> {
    /// From the first of `values` on.
    pub(crate) fn new(values: &'a [Val]) -> Fill<'a> {
        Fill { values: values.iter() }
    }
    /// The next tree, of the structure of `like`.
    pub(crate) fn tree<L: Leaf, T: Tree<L>>(&mut self, like: &T) -> T::With<Val> {
        like.map_leaves(&mut |_| *self.values.next().expect("internal: as many values as leaves"))
    }
}

/// Keeps `error` as the first of the innermost trace and returns a poisoned value.
pub(crate) fn refuse(error: Error) -> Val {
    Val::from_ir(ir::refuse(error))
}

/// The same value, through which no derivative flows.
#[track_caller]
pub(crate) fn stop_gradient(v: Val) -> Val {
    Val::from_ir(v.ir().stop_gradient())
}

/// The type of a value; a poisoned one unwinds to the border.
#[track_caller]
pub(crate) fn type_of(v: Val) -> Type {
    v.ty()
}

fn inner(values: &[Val]) -> Vec<gradus_ir::Val> {
    values.iter().map(|v| v.ir()).collect()
}
fn outer(values: &[gradus_ir::Val]) -> Vec<Val> {
    values.iter().copied().map(Val::from_ir).collect()
}

/// A function on lists, run once to write its Program down.
pub(crate) type Flat<'a> = &'a mut dyn FnMut(&[Val]) -> Vec<Val>;

/// Traces `f` at the border: what it captures can only be data. It is differentiated at most `order` times, if anybody
/// knows.
///
/// # Errors
/// The first error of the operations inside.
pub(crate) fn trace_at_border(
    place: SourceLocation,
    types: &[Type],
    order: Option<u32>,
    f: Flat<'_>,
) -> Result<(Program, Vec<Array>), Error> {
    let run = |args: &[gradus_ir::Val]| order::of_order(order, || inner(&f(&outer(args))));
    let traced = ir::trace_at_border(place, types, run)?;
    let captures = traced.captures.into_iter().map(|c| match c {
        Capture::Array(a) => a,
        Capture::Val(_) => unreachable!("internal: the outermost trace captures data only"),
    });
    Ok((traced.program, captures.collect()))
}

/// A function traced inside another trace: its Program, and the values of that trace which it captured.
///
/// The parameters are the arguments, then the captures.
#[derive(Clone)]
pub(crate) struct Inner {
    pub(crate) program: Arc<Program>,
    pub(crate) captures: Vec<Val>,
}

/// A function inside of a trace has at most so many equations: what is made of it still fits into memory.
const MOST_EQUATIONS: usize = 1 << 20;

impl Inner {
    /// Traces `f` on values of the types of `args`; `order` says how often it is differentiated.
    ///
    /// # Errors
    /// The first error of the operations inside.
    pub(crate) fn trace(
        place: SourceLocation,
        args: &[Val],
        order: Order,
        f: Flat<'_>,
    ) -> Result<Inner, Error> {
        Inner::of_types(place, &args.iter().map(|v| type_of(*v)).collect::<Vec<_>>(), order, f)
    }
    /// Traces `f` on values of `types`; `order` says how often it is differentiated.
    ///
    /// # Errors
    /// The first error of the operations inside.
    pub(crate) fn of_types(
        place: SourceLocation,
        types: &[Type],
        order: Order,
        f: Flat<'_>,
    ) -> Result<Inner, Error> {
        let times = order.inside();
        let traced = ir::trace(place, types, |args| order::of_order(times, || inner(&f(&outer(args)))))?;
        let program = match order {
            Order::More(_) => gradus_transform::share_equal(&traced.program),
            _ => traced.program,
        };
        let size = program.equations().len();
        if size > MOST_EQUATIONS {
            let message = format!(
                "the function has {size} equations, more than {MOST_EQUATIONS}; each derivative of a derivative has a \
                 few times as many: nest fewer, use `jet` for high orders, or a loop where the same is done again"
            );
            return Err(Error::new("trace", gradus_ir::ErrorKind::invalid(message), place));
        }
        let captures = traced.captures.into_iter().map(|c| match c {
            Capture::Val(v) => Val::from_ir(v),
            Capture::Array(a) => Val::from(&a),
        });
        Ok(Inner { program: Arc::new(program), captures: captures.collect() })
    }

    /// `args`, then the captures.
    fn operands(&self, args: &[Val]) -> Vec<gradus_ir::Val> {
        args.iter().chain(&self.captures).map(|v| v.ir()).collect()
    }

    /// The results on `args`, as one equation that calls the shared Program.
    pub(crate) fn call(&self, name: &str, place: SourceLocation, args: &[Val]) -> Vec<Val> {
        let operands = self.operands(args);
        outer(&ir::at_place(place, || gradus_ir::ops::control::call(&self.program, name, &operands)))
    }

    /// The results on `args`, with other values in place of those that `f` captured.
    pub(crate) fn inline_with(&self, args: &[Val], captures: &[Val]) -> Vec<Val> {
        let operands: Vec<Val> = args.iter().chain(captures).copied().collect();
        outer(&self.program.inline(&inner(&operands)))
    }

    /// The results on `args`, as if `f` had been called here.
    pub(crate) fn inline(&self, args: &[Val]) -> Vec<Val> {
        outer(&self.program.inline(&self.operands(args)))
    }
}

/// The identity matrix.
fn iota_equal(dtype: Dtype, size: usize) -> gradus_ir::Val {
    let counter = |axis| gradus_ir::Val::iota(Type::new(Dtype::of_index(size), [size, size]), axis);
    counter(0).eq(counter(1)).convert(dtype)
}

/// A Program ready to run.
pub(crate) struct Compiled {
    /// As it was traced; its last parameters are the captures.
    pub(crate) program: Arc<Program>,
    runnable: Box<dyn Runnable>,
    captures: Vec<Array>,
    debug_nans: bool,
}

impl Compiled {
    /// Readies `program` by the backend of `config`. Its last parameters are `captures`, and its first `num_state`
    /// results the new values of its first parameters.
    ///
    /// # Errors
    /// If the backend has no form of it for this machine.
    pub(crate) fn new(
        program: Program,
        captures: Vec<Array>,
        num_state: usize,
        config: &Config,
    ) -> Result<Compiled, Error> {
        let runnable = config.backend.backend().compile(&program, num_state, config)?;
        Ok(Compiled { program: Arc::new(program), runnable, captures, debug_nans: config.debug_nans })
    }

    /// Runs it on the lists' arguments and appends the results. The first parameters are the lists' state, replaced by
    /// the first results if all goes well.
    ///
    /// # Errors
    /// What only shows while running; then the state is untouched.
    pub(crate) fn run<'a>(&'a self, lists: &mut Lists<'a>) -> Result<(), Error> {
        let Lists { state, args, results } = lists;
        args.extend(&self.captures);
        if self.debug_nans {
            results.extend(self.run_checked(state, args)?);
            return Ok(());
        }
        self.runnable.run_into(state, args, results)
    }

    /// Runs it on copies; if a result is NaN the error names the first operation that made one.
    fn run_checked(&self, state: &mut [&mut Array], all: &[&Array]) -> Result<Vec<Array>, Error> {
        let mut copies: Vec<Array> = state.iter().map(|a| (**a).clone()).collect();
        let mut results = vec![];
        self.runnable.run_into(&mut copies.iter_mut().collect::<Vec<_>>(), all, &mut results)?;
        if copies.iter().chain(&results).any(gradus_ir::eval::has_nan) {
            let inputs: Vec<Array> = state.iter().map(|a| &**a).chain(all.iter().copied()).cloned().collect();
            return Err(nans::first_nan(&self.program, &inputs));
        }
        for (old, new) in state.iter_mut().zip(copies) {
            **old = new;
        }
        Ok(results)
    }

    /// Bytes that a call needs beyond its arguments at its peak.
    pub(crate) fn memory(&self) -> usize {
        self.runnable.memory()
    }

    /// The Program as it was traced, and what the backend made of it.
    pub(crate) fn explain(&self) -> String {
        format!("traced:\n{}\n{}", self.program, self.runnable.explain())
    }
}

/// A tree of data like `like`, one after the other.
pub(crate) fn refill_data<T: Traced>(like: &T, mut data: impl Iterator<Item = Array>) -> T::Data
where
    T::Data: Stored,
{
    like.map_leaves(&mut |_| data.next().expect("internal: as many arrays as leaves"))
}
