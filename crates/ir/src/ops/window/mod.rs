//! Primitives over windows of an array: combinations of their elements, and the element that a window selects.

mod body;
mod geometry;
mod samples;
mod select;
mod values;

use crate::ops::monoid::Monoid;
use crate::ops::{
    Attributes, Infer, Lanes, Op, Operand, Passes, Rules, linear_jvp, tangents_through, with_tangent,
};
use crate::trace::{Val, Vals, bind, bind1};
use crate::{Array, ErrorKind, Program, Type};
pub use geometry::Window;
use geometry::{ENTRIES, PADDING, POSITIVE, everywhere};
pub use select::Select;
use smallvec::smallvec;
use std::ops::RangeInclusive;
use std::sync::Arc;
pub use values::reduce_window;

documented! {
/// An operation on the windows of an array.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Windowing {
    /// `reduce_window_sum`, `reduce_window_max`, ...: the elements of every window combined.
    Monoid {
        /// How two elements combine.
        monoid: Monoid,
        /// Where windows lie.
        window: Window,
    },
    /// `reduce_window`: windows of n operands reduced together, n initial scalars behind them, by a Program that takes
    /// n totals and n elements and returns n totals. Where a window has no element it has the initial value.
    /// The Program
    /// must be associative, for the order is not part of the meaning.
    Body {
        /// Where windows lie.
        window: Window,
        /// Combines scalars.
        body: Arc<Program>,
    },
    /// Of the first operand the element that stands where the window of the second has its largest (`ge`) or smallest
    /// (`le`) element, the first of equal ones; zero for a window without elements.
    SelectAndGatherAdd {
        /// Which element is selected.
        select: Select,
        /// Where windows lie.
        window: Window,
    },
    /// The elements of the first operand, one for each window of the second, added up where that window has its largest
    /// (`ge`) or smallest (`le`) element, the first of equal ones.
    SelectAndScatterAdd {
        /// Which element is selected.
        select: Select,
        /// Where windows lie.
        window: Window,
    },
}
}

fn monoid_name(monoid: Monoid) -> &'static str {
    match monoid {
        Monoid::Sum => "reduce_window_sum",
        Monoid::Prod => "reduce_window_prod",
        Monoid::Max => "reduce_window_max",
        Monoid::Min => "reduce_window_min",
        Monoid::And => "reduce_window_and",
        Monoid::Or => "reduce_window_or",
        Monoid::Xor => "reduce_window_xor",
    }
}

impl Windowing {
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, all: &mut Attributes) -> Option<Result<Windowing, String>> {
        if let Some(&monoid) = Monoid::ALL.iter().find(|monoid| monoid_name(**monoid) == name) {
            return Some(Window::take(all).map(|window| Windowing::Monoid { monoid, window }));
        }
        Some(match name {
            "reduce_window" => {
                Window::take(all).and_then(|window| Ok(Windowing::Body { window, body: all.take("body")? }))
            }
            "select_and_gather_add" => Window::take(all)
                .and_then(|window| Ok(Windowing::SelectAndGatherAdd { select: Select::take(all)?, window })),
            "select_and_scatter_add" => Window::take(all)
                .and_then(|window| Ok(Windowing::SelectAndScatterAdd { select: Select::take(all)?, window })),
            _ => return None,
        })
    }
    /// Where windows lie.
    pub fn window(&self) -> &Window {
        match self {
            Windowing::Monoid { window, .. }
            | Windowing::Body { window, .. }
            | Windowing::SelectAndGatherAdd { window, .. }
            | Windowing::SelectAndScatterAdd { window, .. } => window,
        }
    }
    fn with_window(&self, window: Window) -> Windowing {
        match self.clone() {
            Windowing::Monoid { monoid, .. } => Windowing::Monoid { monoid, window },
            Windowing::Body { body, .. } => Windowing::Body { window, body },
            Windowing::SelectAndGatherAdd { select, .. } => Windowing::SelectAndGatherAdd { select, window },
            Windowing::SelectAndScatterAdd { select, .. } => {
                Windowing::SelectAndScatterAdd { select, window }
            }
        }
    }
    /// The type of the reduction of `x` by a monoid.
    fn reduced(monoid: Monoid, window: &Window, x: &Type) -> Result<Type, ErrorKind> {
        let shape = window.result_shape(1, x)?;
        let domain = monoid.domain();
        if !domain.admits(x.dtype) {
            let message = format!("takes {}, not {x}; convert the operand first", domain.words());
            return Err(ErrorKind::constraint(4, message));
        }
        Ok(x.with_shape(shape))
    }
}

impl Rules for Windowing {
    fn name(&self) -> &'static str {
        match self {
            Windowing::Monoid { monoid, .. } => monoid_name(*monoid),
            Windowing::Body { .. } => "reduce_window",
            Windowing::SelectAndGatherAdd { .. } => "select_and_gather_add",
            Windowing::SelectAndScatterAdd { .. } => "select_and_scatter_add",
        }
    }
    fn attributes(&self) -> Attributes {
        let all = self.window().attributes();
        match self {
            Windowing::Monoid { .. } => all,
            Windowing::Body { body, .. } => all.with("body", body.clone()),
            Windowing::SelectAndGatherAdd { select, .. } | Windowing::SelectAndScatterAdd { select, .. } => {
                all.with("select", select.word())
            }
        }
    }
    fn arity(&self) -> RangeInclusive<usize> {
        match self {
            Windowing::Monoid { .. } => 1..=1,
            Windowing::Body { .. } => 2..=usize::MAX,
            Windowing::SelectAndGatherAdd { .. } | Windowing::SelectAndScatterAdd { .. } => 2..=2,
        }
    }
    fn num_results(&self, num_args: usize) -> usize {
        match self {
            Windowing::Body { .. } => num_args / 2,
            _ => 1,
        }
    }
    fn constraints(&self) -> &'static [&'static str] {
        match self {
            Windowing::Monoid { monoid, .. } => {
                let all: &[&str] =
                    &[ENTRIES, POSITIVE, PADDING, "The element type is one the combination is defined for."];
                let takes_all = monoid.domain() == crate::ops::elementwise::Domain::All;
                if takes_all { &all[..3] } else { all }
            }
            Windowing::Body { .. } => body::SENTENCES,
            Windowing::SelectAndGatherAdd { .. } => select::GATHER_SENTENCES,
            Windowing::SelectAndScatterAdd { .. } => select::SCATTER_SENTENCES,
        }
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        match self {
            Windowing::Monoid { monoid, window } => Ok(vec![Windowing::reduced(*monoid, window, args[0])?]),
            Windowing::Body { window, body } => body::infer(window, body, args),
            Windowing::SelectAndGatherAdd { window, .. } => select::gathered(window, args[0], args[1]),
            Windowing::SelectAndScatterAdd { window, .. } => select::scattered(window, args[0], args[1]),
        }
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        Ok(match self {
            Windowing::Monoid { monoid, window } => vec![values::evaluate(*monoid, window, args[0])],
            Windowing::Body { window, body } => return body::evaluate(window, body, args),
            Windowing::SelectAndGatherAdd { select, window } => {
                vec![select.evaluate_gather(window, args[0], args[1])]
            }
            Windowing::SelectAndScatterAdd { select, window } => {
                vec![select.evaluate_scatter(window, args[0], args[1])]
            }
        })
    }
    fn jvp(&self, passes: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        match self {
            Windowing::Monoid { monoid: Monoid::Sum, .. } => linear_jvp(self.clone().into(), x, dx),
            Windowing::Monoid { monoid, window } => with_tangent(self.clone().into(), x, |y| match monoid {
                Monoid::Max => Some(dx[0]?.select_and_gather_add(x[0], Select::Ge, window)),
                Monoid::Min => Some(dx[0]?.select_and_gather_add(x[0], Select::Le, window)),
                Monoid::Prod if y.shape().size() > 0 => {
                    let stacked = values::stacked_program(*monoid, window, &x[0].ty());
                    tangents_through(passes, &stacked, x, dx).remove(0)
                }
                _ => None,
            }),
            Windowing::Body { window, body } => {
                let y = bind(self.clone(), x);
                if y[0].is_poisoned() || y[0].shape().size() == 0 {
                    let none = vec![None; y.len()];
                    return (y, none);
                }
                let types: Vec<Type> = x.iter().map(|x| x.ty()).collect();
                (y, tangents_through(passes, &body::stacked_program(window, body, &types), x, dx))
            }
            // Which element is selected does not change with the elements.
            Windowing::SelectAndGatherAdd { .. } | Windowing::SelectAndScatterAdd { .. } => {
                with_tangent(self.clone().into(), x, |_| Some(bind1(self.clone(), &[dx[0]?, x[1]])))
            }
        }
    }
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let Some(ct) = ct[0] else { return vec![None; args.len()] };
        match (self, args) {
            // An element's cotangent is the sum over the windows that see it.
            (Windowing::Monoid { monoid: Monoid::Sum, window }, [Operand::Linear(x)]) => {
                vec![Some(values::spread_sum(ct, window, x))]
            }
            (Windowing::SelectAndGatherAdd { select, window }, [Operand::Linear(_), Operand::Known(x)]) => {
                vec![Some(ct.select_and_scatter_add(*x, *select, window)), None]
            }
            (Windowing::SelectAndScatterAdd { select, window }, [Operand::Linear(_), Operand::Known(x)]) => {
                vec![Some(ct.select_and_gather_add(*x, *select, window)), None]
            }
            _ => unreachable!("internal: {} is not linear in these operands", self.name()),
        }
    }
    fn decompose_complex(&self, args: &[Val]) -> Option<Vals> {
        let Windowing::Monoid { monoid, window } = self else { return None };
        let ty = args[0].ty();
        let is_empty = window.result_shape(1, &ty).is_ok_and(|windows| windows.size() == 0);
        if *monoid == Monoid::Prod && !is_empty {
            return Some(values::stacked_program(Monoid::Prod, window, &ty).inline(args).into());
        }
        Some(crate::ops::elementwise::componentwise(&self.clone().into(), args))
    }
    fn batch(&self, passes: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        if let Windowing::Body { window, body } = self {
            return body::batched(passes, window, body, args, mapped, lanes);
        }
        let op = self.with_window(self.window().behind_lanes());
        smallvec![bind1(op, &everywhere(args, mapped, lanes))]
    }
    fn programs(&self) -> Vec<&Arc<Program>> {
        match self {
            Windowing::Body { body, .. } => vec![body],
            _ => vec![],
        }
    }
    fn with_programs(&self, mut programs: Vec<Arc<Program>>) -> Option<Op> {
        let Windowing::Body { window, .. } = self else { return None };
        Some(Windowing::Body { window: window.clone(), body: programs.pop()? }.into())
    }
}
