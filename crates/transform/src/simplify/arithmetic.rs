//! Equations of arithmetic.

use super::draft::{Draft, Rewrite};
use gradus_ir::ops::elementwise::{Binary, Conversion, IntegerPow, Unary};
use gradus_ir::program::Var;
use gradus_ir::{Dtype, Kind, Op};

pub(super) const EQUATIONS: &[Rewrite] = &[
    add_zero,
    sub_zero,
    sub_self,
    mul_one,
    mul_zero,
    mul_minus_one,
    div_one,
    div_power_of_two,
    neg_neg,
    add_neg,
    sub_neg,
    mul_neg_neg,
    neg_of_scaled,
    pow_of_integer,
    small_integer_pow,
    extremum_of_same,
    convert_to_same,
    convert_and_back,
];

/// The operands, if `op` is `wanted`.
fn operands(op: &Op, args: &[Var], wanted: Binary) -> Option<(Var, Var)> {
    match (op, args) {
        (Op::Binary(op), [x, y]) if *op == wanted => Some((*x, *y)),
        _ => None,
    }
}

/// The operands in the order in which the second fits, if `op` is `wanted`, whose operands commute.
fn commuted(op: &Op, args: &[Var], wanted: Binary, fits: impl Fn(Var) -> bool) -> Option<(Var, Var)> {
    let (x, y) = operands(op, args, wanted)?;
    if fits(y) {
        Some((x, y))
    } else if fits(x) {
        Some((y, x))
    } else {
        None
    }
}

/// x + (-0) = x for floats, for which x + 0 is not x if x is -0; x + 0 = x for integers
fn add_zero(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let zero = |y: Var| if draft.dtype(y).is_float() { -0.0 } else { 0.0 };
    commuted(op, args, Binary::Add, |y| draft.is_all(y, zero(y))).map(|(x, _)| x)
}

/// x - 0 = x
fn sub_zero(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let (x, y) = operands(op, args, Binary::Sub)?;
    draft.is_all(y, 0.0).then_some(x)
}

/// x - x = 0 for integers
fn sub_self(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let (x, y) = operands(op, args, Binary::Sub)?;
    let ty = draft.ty(x).clone();
    (x == y && ty.dtype.is_integer()).then(|| draft.full(&ty, 0.0))
}

/// x * 1 = x
fn mul_one(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    commuted(op, args, Binary::Mul, |y| draft.is_all(y, 1.0)).map(|(x, _)| x)
}

/// x * 0 = 0 for integers
fn mul_zero(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let (_, zero) = commuted(op, args, Binary::Mul, |y| draft.is_all(y, 0.0))?;
    draft.dtype(zero).is_integer().then_some(zero)
}

/// x * -1 = -x
fn mul_minus_one(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let (x, _) = commuted(op, args, Binary::Mul, |y| draft.is_all(y, -1.0))?;
    Some(draft.write(Unary::Neg, &[x]))
}

/// x / 1 = x
fn div_one(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let (x, y) = operands(op, args, Binary::Div)?;
    draft.is_all(y, 1.0).then_some(x)
}

/// x / 2^n = x * 2^-n for floats, where both powers are normal numbers
fn div_power_of_two(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let (x, y) = operands(op, args, Binary::Div)?;
    let divisor = draft.uniform(y)?.to_f64_vec()[0];
    let ty = draft.ty(x).clone();
    let largest = match ty.dtype {
        Dtype::F64 => 1022,
        Dtype::F16 => 14,
        _ => 126,
    };
    let exponent = divisor.abs().log2();
    let exact = exponent.abs() <= f64::from(largest) && divisor.abs() == 2f64.powi(exponent as i32);
    if !exact || !ty.dtype.is_float() {
        return None;
    }
    let factor = draft.full(&ty, divisor.recip());
    Some(draft.write(Binary::Mul, &[x, factor]))
}

/// -(-x) = x
fn neg_neg(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    (*op == Unary::Neg.into()).then(|| draft.operand_of(args[0], Unary::Neg))?
}

/// x + (-y) = x - y
fn add_neg(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let (x, y) = commuted(op, args, Binary::Add, |y| draft.operand_of(y, Unary::Neg).is_some())?;
    let y = draft.operand_of(y, Unary::Neg)?;
    Some(draft.write(Binary::Sub, &[x, y]))
}

/// x - (-y) = x + y
fn sub_neg(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let (x, y) = operands(op, args, Binary::Sub)?;
    let y = draft.operand_of(y, Unary::Neg)?;
    Some(draft.write(Binary::Add, &[x, y]))
}

/// (-x) * (-y) = x * y
fn mul_neg_neg(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let (x, y) = operands(op, args, Binary::Mul)?;
    let (x, y) = (draft.operand_of(x, Unary::Neg)?, draft.operand_of(y, Unary::Neg)?);
    Some(draft.write(Binary::Mul, &[x, y]))
}

/// -(x * c) = x * (-c) for a constant c
fn neg_of_scaled(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    if *op != Unary::Neg.into() {
        return None;
    }
    let eqn = draft.definition(args[0])?;
    let is_constant = |y: Var| draft.uniform(y).is_some();
    let (x, c) = commuted(&eqn.op, &eqn.args, Binary::Mul, is_constant)?;
    let c = draft.write(Unary::Neg, &[c]);
    Some(draft.write(Binary::Mul, &[x, c]))
}

/// pow(x, n) = integer_pow(x, n) for a small integer constant n, not negative for integers
fn pow_of_integer(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let (x, y) = operands(op, args, Binary::Pow)?;
    // A complex power is rounded otherwise than products are.
    if draft.dtype(x).is_complex() {
        return None;
    }
    let n = draft.uniform(y)?.to_f64_vec()[0];
    let least = if draft.dtype(x).is_inexact() { -LARGEST_POWER } else { 0.0 };
    let small = n.fract() == 0.0 && (least..=LARGEST_POWER).contains(&n);
    small.then(|| draft.write(IntegerPow { exponent: n as i32 }, &[x]))
}

/// Up to here products are faster than a logarithm and an exponential, and as accurate.
const LARGEST_POWER: f64 = 16.0;

/// integer_pow(x, 0) = 1, integer_pow(x, 1) = x, integer_pow(x, 2) = x * x, integer_pow(x, -1) = 1 / x
fn small_integer_pow(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let (Op::IntegerPow(IntegerPow { exponent }), [x]) = (op, args) else { return None };
    let ty = draft.ty(*x).clone();
    match exponent {
        0 => Some(draft.full(&ty, 1.0)),
        1 => Some(*x),
        2 => Some(draft.write(Binary::Mul, &[*x, *x])),
        -1 => {
            let one = draft.full(&ty, 1.0);
            Some(draft.write(Binary::Div, &[one, *x]))
        }
        _ => None,
    }
}

/// max(x, x) = x, min(x, x) = x
fn extremum_of_same(_: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let (x, y) = operands(op, args, Binary::Max).or_else(|| operands(op, args, Binary::Min))?;
    (x == y).then_some(x)
}

/// convert(x) = x to the type that x has
fn convert_to_same(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let (Op::Conversion(Conversion::Convert(dtype)), [x]) = (op, args) else { return None };
    (draft.dtype(*x) == *dtype).then_some(*x)
}

/// convert(convert(x)) = x if the type between holds every value of the type of x, to which it returns
fn convert_and_back(draft: &mut Draft, op: &Op, args: &[Var]) -> Option<Var> {
    let Op::Conversion(Conversion::Convert(dtype)) = op else { return None };
    let between = draft.dtype(args[0]);
    let x = draft.operand_of(args[0], Conversion::Convert(between))?;
    (draft.dtype(x) == *dtype && holds(between, *dtype)).then_some(x)
}

/// Whether every number of type `part` is one of type `whole`.
fn holds(whole: Dtype, part: Dtype) -> bool {
    use Dtype::{BF16, Bool, F16, F32, F64};
    let (wide, narrow) = (whole.size_bytes(), part.size_bytes());
    match (whole.kind(), part.kind()) {
        _ if part == Bool => true,
        (Kind::Unsigned, Kind::Unsigned) | (Kind::Signed, Kind::Signed) => narrow <= wide,
        (Kind::Signed, Kind::Unsigned) => narrow < wide,
        (Kind::Float, Kind::Signed | Kind::Unsigned) => match whole {
            F64 => narrow <= 4,
            F32 => narrow <= 2,
            _ => narrow == 1,
        },
        (Kind::Float, Kind::Float) => matches!((whole, part), (F64, F32) | (F64 | F32, BF16 | F16)),
        (Kind::Complex, Kind::Float) => holds(whole.real(), part) || whole.real() == part,
        _ => false,
    }
}
