//! Tapes: stacks of values whose number shows only while running.
//!
//! A tape's elements are of any type, tapes included; beyond its end it is zero, so the empty tape is its zero. In a
//! batch every element has the lanes' axis, and the tape is as long as that of the longest lane: a reader has the
//! number of steps of each lane, and takes by `select` nothing of what lies beyond.

use super::rest::{dense, everywhere};
use super::{Control, Scan};
use crate::environment::variable;
use crate::ops::sample::refused;
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, Sample};
use crate::trace::{Val, Vals, bind, bind1};
use crate::{Array, Dtype, ErrorKind, Op, Type};
use smallvec::smallvec;
use std::ops::RangeInclusive;
use std::sync::OnceLock;

/// See [`Control::Tape`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Tape {
    /// The tape without elements.
    Empty {
        /// What it would hold.
        of: Type,
    },
    /// The number of elements.
    Length,
    /// Elements of one or the other.
    Select,
}

/// The bytes that the tapes of one loop may hold: `GRADUS_TAPE_BYTES`, by default [`MOST_TAPE_BYTES`]. It is read once.
///
/// # Errors
/// If the variable is no number.
pub fn tape_limit_bytes() -> Result<usize, ErrorKind> {
    static LIMIT: OnceLock<Result<usize, ErrorKind>> = OnceLock::new();
    let read = || variable("GRADUS_TAPE_BYTES", "a number of bytes", |text| text.parse().ok());
    LIMIT.get_or_init(|| Ok(read()?.unwrap_or(MOST_TAPE_BYTES))).clone()
}

/// The bytes that the tapes of one loop may hold if nobody says otherwise: 4 GiB.
pub const MOST_TAPE_BYTES: usize = 1 << 32;

impl Tape {
    pub(super) fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Tape, String>> {
        Some(match name {
            "tape_empty" => attributes.take("type").and_then(|ty: Type| {
                let of = ty.in_tape().ok_or("the attribute `type` must be that of a tape")?;
                Ok(Tape::Empty { of })
            }),
            "tape_length" => Ok(Tape::Length),
            "tape_select" => Ok(Tape::Select),
            _ => return None,
        })
    }
    pub(super) fn samples() -> Vec<Sample> {
        let of = || Type::new(Dtype::F64, [2]);
        let tape = || {
            let elements = [Array::from([1.0, -2.0]), Array::from([0.5, 3.0])];
            Array::tape(&of(), &elements)
        };
        let longer = Array::tape(&of(), &[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]].map(Array::from));
        vec![
            Sample::new(Tape::Empty { of: of() }).not_smooth(),
            Sample::new(Tape::Empty { of: of().tape() }).not_smooth(),
            Sample::new(Tape::Length).exact(tape()).not_smooth(),
            Sample::new(Tape::Select).exact(Array::from([true, false])).exact(tape()).exact(longer.clone()),
            Sample::new(Tape::Select).exact(Array::scalar(false)).exact(tape()).exact(longer),
        ]
    }
    pub(super) fn refusals() -> Vec<(u8, Sample)> {
        let vector = |n| Type::new(Dtype::F32, [n]);
        let flags = |n| Type::new(Dtype::Bool, [n]);
        vec![
            refused(Tape::Length, 1, [vector(2)]),
            refused(Tape::Select, 1, [flags(2), vector(2).tape(), vector(3).tape()]),
            refused(Tape::Select, 1, [flags(2), vector(2), vector(2)]),
            refused(Tape::Select, 2, [flags(3), vector(2).tape(), vector(2).tape()]),
            refused(Tape::Select, 2, [vector(2), vector(2).tape(), vector(2).tape()]),
        ]
    }
}

impl From<Tape> for Op {
    fn from(tape: Tape) -> Op {
        Control::Tape(tape).into()
    }
}

impl Rules for Tape {
    fn name(&self) -> &'static str {
        match self {
            Tape::Empty { .. } => "tape_empty",
            Tape::Length => "tape_length",
            Tape::Select => "tape_select",
        }
    }
    fn attributes(&self) -> Attributes {
        match self {
            Tape::Empty { of } => Attributes::new().with("type", of.tape()),
            Tape::Length | Tape::Select => Attributes::new(),
        }
    }
    fn arity(&self) -> RangeInclusive<usize> {
        match self {
            Tape::Empty { .. } => 0..=0,
            Tape::Length => 1..=1,
            Tape::Select => 3..=3,
        }
    }
    fn constraints(&self) -> &'static [&'static str] {
        match self {
            Tape::Empty { .. } => &[],
            Tape::Length => &["The operand is a tape."],
            Tape::Select => &[
                "The second and the third operand are tapes of one type.",
                "The first operand is of `bool`, and its shape is that of the arrays in the tapes or of their first axes.",
            ],
        }
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        match self {
            Tape::Empty { of } => Ok(vec![of.tape()]),
            Tape::Length if args[0].is_tape() => Ok(vec![Type::scalar(Dtype::I32)]),
            Tape::Length => Err(ErrorKind::constraint(1, format!("{} is no tape", args[0]))),
            Tape::Select => {
                let [pred, x, y] = [args[0], args[1], args[2]];
                if !x.is_tape() || x != y {
                    return Err(ErrorKind::constraint(1, format!("{x} and {y} are not tapes of one type")));
                }
                if pred.dtype != Dtype::Bool || !x.shape.dims().starts_with(&pred.shape.dims()) {
                    let message = format!("{pred} says nothing about elements of a {x}");
                    return Err(ErrorKind::constraint(2, message));
                }
                Ok(vec![x.clone()])
            }
        }
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        Ok(vec![match self {
            Tape::Empty { of } => Array::tape(of, &[]),
            Tape::Length => {
                Array::scalar(i32::try_from(args[0].tape_len()).expect("internal: loops count tapes in i32"))
            }
            Tape::Select => select(args[0], args[1], args[2])?,
        }])
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        let y = bind(self.clone(), x);
        let dy = match self {
            Tape::Select if dx[1].is_some() || dx[2].is_some() => {
                let types = [x[1].ty(), x[2].ty()];
                let tapes = dense(&dx[1..], &types, &[true, true]);
                Some(bind1(Tape::Select, &[x[0], tapes[0], tapes[1]]))
            }
            _ => None,
        };
        (y, vec![dy])
    }
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let (Some(ct), Some(pred)) = (ct[0], args[0].known()) else { return vec![None; args.len()] };
        let zeros = ct.zeros_like();
        let is_linear = |k: usize| args[k].known().is_none();
        let to_first = is_linear(1).then(|| bind1(Tape::Select, &[pred, ct, zeros]));
        let to_second = is_linear(2).then(|| bind1(Tape::Select, &[pred, zeros, ct]));
        vec![None, to_first, to_second]
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        let all = || args.iter().zip(mapped).map(|(v, mapped)| everywhere(*v, *mapped, lanes.size));
        match self {
            Tape::Empty { of } => {
                let of = super::rest::widened(of, true, lanes.size);
                smallvec![bind1(Tape::Empty { of }, &[])]
            }
            Tape::Length => smallvec![bind1(Tape::Length, args).repeat_leading(lanes.size)],
            Tape::Select => bind(Tape::Select, &all().collect::<Vals>()),
        }
    }
    fn takes_tapes(&self) -> bool {
        true
    }
}

/// Elements of `x` where `pred` holds, else of `y`; a tape is zero beyond its end.
fn select(pred: &Array, x: &Array, y: &Array) -> Result<Array, ErrorKind> {
    let Some(of) = x.ty().in_tape() else {
        let width = x.bytes().len() / pred.size().max(1);
        let mut result = y.clone();
        let mut buffer = crate::Buffer::zeroed(result.bytes().len());
        buffer.bytes_mut().copy_from_slice(result.bytes());
        for (i, chosen) in pred.elements::<bool>().enumerate() {
            if chosen {
                let place = i * width..(i + 1) * width;
                buffer.bytes_mut()[place.clone()].copy_from_slice(&x.bytes()[place]);
            }
        }
        result = Array::from_buffer(x.ty().clone(), buffer);
        return Ok(result);
    };
    let (x, y) = (x.tape_elements(), y.tape_elements());
    let zero = Array::zero(&of);
    let pair = |i: usize| select(pred, x.get(i).unwrap_or(&zero), y.get(i).unwrap_or(&zero));
    let elements = (0..x.len().max(y.len())).map(pair).collect::<Result<Vec<_>, _>>()?;
    Ok(Array::tape(&of, &elements))
}

impl Val {
    /// The number of elements of a tape.
    #[track_caller]
    pub fn tape_length(self) -> Val {
        bind1(Tape::Length, &[self])
    }
    /// The tape of `f` of the elements of `tapes`, as long as the longest of them.
    #[track_caller]
    pub fn map_tapes(tapes: &[Val], f: impl FnOnce(&[Val]) -> Val) -> Val {
        let lengths = tapes.iter().map(|tape| tape.tape_length());
        let steps = lengths.reduce(Val::max).expect("internal: at least one tape");
        let types: Vec<Type> =
            tapes.iter().map(|tape| tape.ty().in_tape().expect("internal: a tape")).collect();
        let body = super::rest::write(&types, |x| vec![f(x)]);
        let args: Vals = [steps].into_iter().chain(tapes.iter().copied()).collect();
        bind1(Scan { body, num_consts: 0, num_carry: 0, length: None, reverse: false, unroll: 1 }, &args)
    }
    /// The sum, of arrays or element by element of tapes.
    #[track_caller]
    pub fn plus(self, other: Val) -> Val {
        if !self.is_poisoned() && self.ty().is_tape() {
            return Val::map_tapes(&[self, other], |x| x[0].plus(x[1]));
        }
        self + other
    }
}
