//! Random well-typed Programs for property tests, drawn from the samples of every primitive, and operations of random
//! attributes.
//!
//! A Program is written from a [`Recipe`]: plain numbers, which any test library can draw and shrink. Invariant: a
//! step stands for the same equation whatever the other steps are, as far as the values allow, so that dropping a step
//! drops an equation; and whatever other primitives there are, so that an added one changes few Programs.

mod draw;
mod reference;
mod runs;
mod values;
mod vary;

pub use reference::{LeftOut, Reference};
pub use runs::{Tally, kept, num_programs};
pub use values::Random;
pub use vary::varied;

use draw::Catalogue;

use crate::ops::control::Control;
use crate::ops::sample::Argument;
use crate::ops::{self, Sample};
use crate::trace::{Val, bind, trace};
use crate::verify::infer;
use crate::{Array, Dtype, Op, Program, SourceLocation, Type};
use std::sync::LazyLock;

/// The choices of one step.
pub type Step = [u16; 6];

/// The choices from which a Program is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipe {
    /// One for each parameter: its type.
    pub params: Vec<u16>,
    /// One for each equation, with those that make its operands fit.
    pub steps: Vec<Step>,
}

/// Which Programs are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// Every primitive and element type.
    All,
    /// All but loops and branches.
    Straight,
    /// Primitives that are smooth where they are applied, in f64: for comparing derivatives with differences.
    Smooth,
}

/// Larger results are not written: tests stay fast.
const MOST_ELEMENTS: usize = 4096;
/// Shapes of parameters: scalars, empty ones, some that are no multiple of any vector.
const SHAPES: [&[usize]; 12] =
    [&[2, 3], &[], &[1], &[4], &[7, 5], &[17], &[3, 1], &[2, 3, 4], &[0, 3], &[33], &[8, 16], &[130]];

impl Recipe {
    /// The Program.
    ///
    /// # Panics
    /// If a rule of a primitive refuses what it has itself accepted.
    pub fn program(&self, draw: Draw) -> Program {
        let types: Vec<Type> = self.params.iter().map(|choice| param_type(*choice, draw)).collect();
        let traced = trace(SourceLocation::unknown(), &types, |params| {
            let params = params.iter().zip(&types);
            let values = params.map(|(val, ty)| Value { val: *val, ty: ty.clone(), range: RANGE }).collect();
            let mut writer = Writer { draw, values };
            if writer.values.is_empty() {
                let dtype = if draw == Draw::Smooth { Dtype::F64 } else { Dtype::F32 };
                writer.define(Val::full(Type::new(dtype, [2, 3]), 0.75), (0.5, 1.0));
            }
            self.steps.iter().for_each(|step| writer.step(Choices { step, next: 0 }));
            let first = writer.values.len().saturating_sub(3);
            writer.values[first..].iter().map(|value| value.val).collect()
        });
        traced.unwrap_or_else(|error| panic!("internal: a random program is well typed: {error}")).program
    }
}

/// Arguments for a Program, the same for the same `seed`: floats and integers of both signs, small.
pub fn arguments(program: &Program, seed: u64) -> Vec<Array> {
    let fill = |(i, ty): (usize, &Type)| {
        let (low, high) = if ty.dtype.is_inexact() { RANGE } else { (-9.0, 9.0) };
        Argument::Range(ty.clone(), low, high).fill(seed.wrapping_mul(1009).wrapping_add(i as u64))
    };
    program.param_types().iter().enumerate().map(fill).collect()
}

/// Where the elements of parameters lie.
const RANGE: (f64, f64) = (-2.0, 2.0);
const ANYWHERE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

fn param_type(choice: u16, draw: Draw) -> Type {
    let choice = usize::from(choice);
    let shape = SHAPES[choice % SHAPES.len()];
    let dtype = match draw {
        Draw::Smooth => Dtype::F64,
        // Floats are drawn more often: most rules are about them.
        Draw::All | Draw::Straight => {
            let often = [Dtype::F32, Dtype::F32, Dtype::F32, Dtype::F64, Dtype::F64];
            let all: Vec<Dtype> = often.into_iter().chain(Dtype::ALL.iter().copied()).collect();
            all[choice / SHAPES.len() % all.len()]
        }
    };
    Type::new(dtype, shape)
}

fn catalogue(draw: Draw) -> &'static Catalogue {
    static ALL: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::new(samples()));
    static STRAIGHT: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::new(samples().filter(is_straight)));
    static SMOOTH: LazyLock<Catalogue> = LazyLock::new(|| {
        // Conformance holds the derivatives of routines, at operands chosen well.
        let smooth = samples().filter(|s| s.smooth && s.smooth_twice && s.op.rules().library().is_none());
        Catalogue::new(smooth.filter_map(|s| s.in_f64()))
    });
    match draw {
        Draw::All => &ALL,
        Draw::Straight => &STRAIGHT,
        Draw::Smooth => &SMOOTH,
    }
}

fn samples() -> impl Iterator<Item = Sample> {
    ops::samples().into_iter().filter(is_drawn)
}

/// Element types of few samples, which operations that take floats mostly take too.
pub const RARE: [Dtype; 4] = [Dtype::BF16, Dtype::F16, Dtype::Complex64, Dtype::Complex128];

/// Whether the sample's operation is drawn with the sample's types: tapes are drawn by what makes them.
fn is_drawn(sample: &Sample) -> bool {
    sample.is_run()
}

/// Whether no loop or branch is in it.
fn is_straight(sample: &Sample) -> bool {
    fn none(op: &Op) -> bool {
        let inside = || op.rules().programs().into_iter().flat_map(|program| program.equations());
        let is_loop = matches!(op, Op::Control(Control::Scan(_) | Control::While(_) | Control::Cond(_)));
        !is_loop && inside().all(|eqn| none(&eqn.op))
    }
    none(&sample.op)
}

/// The numbers of one step, taken one after the other.
struct Choices<'a> {
    step: &'a Step,
    next: usize,
}

impl Choices<'_> {
    fn number(&mut self) -> u16 {
        let choice = self.step[self.next % self.step.len()];
        // Later rounds read the same numbers in another order of magnitude.
        let round = self.next / self.step.len();
        self.next += 1;
        (usize::from(choice) / (1 + 13 * round)) as u16
    }
    /// A number below `n`.
    fn below(&mut self, n: usize) -> usize {
        usize::from(self.number()) % n
    }
    fn of<'b, T>(&mut self, among: &'b [T]) -> &'b T {
        &among[self.below(among.len())]
    }
}

#[derive(Clone)]
struct Value {
    val: Val,
    ty: Type,
    /// Between which numbers the elements are known to lie.
    range: (f64, f64),
}

struct Writer {
    draw: Draw,
    values: Vec<Value>,
}

impl Writer {
    fn step(&mut self, mut choices: Choices<'_>) {
        match choices.below(8) {
            5 => self.reduction(choices),
            6 => self.movement(choices),
            7 => self.product(choices),
            _ => self.sampled(choices),
        }
    }

    /// A sample's operation; elementwise ones take the shape of their first operand.
    fn sampled(&mut self, mut choices: Choices<'_>) {
        let sample = catalogue(self.draw).sample(std::array::from_fn(|_| choices.number()));
        let sample = self.in_rare_type(&mut choices, sample);
        let types = sample.types();
        let elementwise = sample.op.rules().elementwise().is_some();
        let is_library = sample.op.rules().library().is_some();
        let mut shape = elementwise.then(|| self.values[choices.below(self.values.len())].ty.shape.clone());
        if types.windows(2).any(|pair| pair[0].shape != pair[1].shape) {
            shape = None;
        }
        let reshaped = |ty: &Type| shape.as_ref().map_or(ty.clone(), |shape| ty.with_shape(shape.clone()));
        let types: Vec<Type> = types.iter().map(reshaped).collect();
        if !self.admits(&sample, &types) {
            return;
        }
        let mut args: Vec<Val> = vec![];
        for (arg, ty) in sample.args.iter().zip(&types) {
            args.push(match arg {
                // Indices, bounds and the like must be what they are.
                Argument::Exact(array) if ty == array.ty() && (!elementwise || ty.dtype.is_float()) => {
                    Val::constant(array.clone())
                }
                Argument::Exact(_) => self.operand(&mut choices, ty, ANYWHERE, &args),
                Argument::Diagonal(..) => self.operand_near(&mut choices, arg, (-1.0, 1.0), &args),
                Argument::Range(_, low, high) if is_library => {
                    self.operand_near(&mut choices, arg, (*low, *high), &args)
                }
                Argument::Range(_, low, high) => self.operand(&mut choices, ty, (*low, *high), &args),
            });
        }
        for result in bind(sample.op.clone(), &args) {
            self.define(result, ANYWHERE);
        }
    }

    /// The sample, sometimes with its floats of a rarer type.
    fn in_rare_type(&self, choices: &mut Choices<'_>, sample: &Sample) -> Sample {
        let is_library = sample.op.rules().library().is_some();
        if self.draw == Draw::Smooth || is_library || choices.below(3) > 0 {
            return sample.clone();
        }
        let rare = *choices.of(&RARE);
        let retyped = sample.with_dtypes(|dtype| if dtype.is_float() { rare } else { dtype });
        retyped.unwrap_or_else(|| sample.clone())
    }

    fn admits(&self, sample: &Sample, types: &[Type]) -> bool {
        let results = infer(&sample.op, &types.iter().collect::<Vec<_>>());
        let right = |ty: &Type| {
            ty.shape.size() <= MOST_ELEMENTS && (self.draw != Draw::Smooth || ty.dtype == Dtype::F64)
        };
        results.is_ok_and(|results| results.iter().all(right))
    }

    /// A sum, or an extremum, along one axis.
    fn reduction(&mut self, mut choices: Choices<'_>) {
        let Value { val, ty, .. } = choices.of(&self.values).clone();
        if ty.rank() == 0 {
            return;
        }
        let axis = choices.below(ty.rank());
        let result = match (choices.below(3), ty.dtype) {
            (_, Dtype::Bool) => val.reduce_or(&[axis]),
            (1, dtype) if ty.shape.dim(axis) > 0 && !dtype.is_complex() => val.reduce_max(&[axis]),
            _ => val.reduce_sum(&[axis]),
        };
        self.define(result, ANYWHERE);
    }

    /// A new axis, other axes, or the same elements in one row.
    fn movement(&mut self, mut choices: Choices<'_>) {
        let Value { val, ty, range } = choices.of(&self.values).clone();
        let result = match choices.below(3) {
            0 if ty.shape.size() * 3 <= MOST_ELEMENTS && ty.rank() < 4 => val.repeat_leading(3),
            1 if ty.rank() > 1 => val.move_axis(0, ty.rank() - 1),
            _ => val.reshape([ty.shape.size()]),
        };
        self.define(result, range);
    }

    /// A product of matrices.
    fn product(&mut self, mut choices: Choices<'_>) {
        let dtype = if self.draw == Draw::Smooth {
            Dtype::F64
        } else {
            *choices.of(&[Dtype::F32, Dtype::F64, Dtype::BF16])
        };
        let [n, k, m] = *choices.of(&[[2, 3, 4], [1, 5, 3], [8, 16, 9], [7, 1, 1], [3, 0, 2]]);
        let lhs = self.operand(&mut choices, &Type::new(dtype, [n, k]), RANGE, &[]);
        let rhs = self.operand(&mut choices, &Type::new(dtype, [k, m]), RANGE, &[]);
        self.define(lhs.matmul(rhs), ANYWHERE);
    }

    /// Some value, made to be of type `ty` with elements in `range`.
    ///
    /// A smooth program does not use one value twice: where `clamp` or `max` meets equal operands it has a kink.
    fn operand(&mut self, choices: &mut Choices<'_>, ty: &Type, range: (f64, f64), used: &[Val]) -> Val {
        let same: Vec<&Value> = self.values.iter().filter(|value| value.ty == *ty).collect();
        let value =
            if same.is_empty() { choices.of(&self.values).clone() } else { (*choices.of(&same)).clone() };
        let fitted = fit(value.val, &value.ty, ty);
        let kept = value.ty.dtype == ty.dtype && value.ty.shape.size() >= ty.shape.size();
        let (known, (low, high)) = (if kept { value.range } else { ANYWHERE }, range);
        let is_inside = low <= known.0 && known.1 <= high;
        let is_kink = self.draw == Draw::Smooth && used.iter().any(|v| v.to_bits() == fitted.to_bits());
        if !ty.dtype.is_float() || range == ANYWHERE || is_inside && !is_kink {
            return fitted;
        }
        if self.draw != Draw::Smooth && choices.below(2) == 0 {
            return fitted;
        }
        self.squashed(fitted, range)
    }

    /// Some value near those that the sample of a library's routine is for: what a routine makes of any operands
    /// magnifies their last bits, and of equal elements it makes noise.
    fn operand_near(
        &mut self,
        choices: &mut Choices<'_>,
        arg: &Argument,
        range: (f64, f64),
        used: &[Val],
    ) -> Val {
        let ty = arg.ty();
        let any = self.operand(choices, ty, ANYWHERE, used);
        if ty.dtype.is_complex() {
            let middle = arg.fill(7).to_complex_vec().into_iter().map(|z| z * 0.9);
            let parts = [any.real(), any.imag()].map(|part| self.squashed(part, range) * 0.1);
            return parts[0].complex(parts[1]) + Val::constant(Array::from_complex(ty, middle));
        }
        if !ty.dtype.is_float() {
            return any;
        }
        let middle = arg.fill(7).to_f64_vec().into_iter().map(|x| 0.9 * x);
        self.squashed(any, range) * 0.1 + Val::constant(Array::from_f64(ty, middle))
    }

    /// The value with its elements in a range.
    fn squashed(&mut self, fitted: Val, (low, high): (f64, f64)) -> Val {
        let (half, middle) = ((high - low) / 2.0, (high + low) / 2.0);
        let squashed = if half == 1.0 { fitted.tanh() } else { fitted.tanh() * half };
        let squashed = if middle == 0.0 { squashed } else { squashed + middle };
        self.define(squashed, (low, high));
        squashed
    }

    fn define(&mut self, val: Val, range: (f64, f64)) {
        self.values.push(Value { val, ty: val.ty(), range });
    }
}

/// `x` as a value of another type: converted, and cut, reshaped, or summed and repeated.
fn fit(x: Val, from: &Type, to: &Type) -> Val {
    let x = if from.dtype == Dtype::Bool { x.convert(to.dtype) } else { x };
    let (size, wanted) = (from.shape.size(), to.shape.size());
    let shape = to.shape.clone();
    let x = if size >= wanted {
        let flat = if size == wanted { x } else { x.reshape([size]).slice(&[size - wanted], &[size], &[1]) };
        flat.reshape(shape)
    } else {
        let axes: Vec<usize> = (0..from.rank()).collect();
        let total = if to.dtype == Dtype::Bool && from.dtype == Dtype::Bool {
            x.reduce_or(&axes)
        } else {
            x.reduce_sum(&axes)
        };
        total.splat(shape)
    };
    x.convert(to.dtype)
}
