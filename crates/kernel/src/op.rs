//! Straight-line operations on lanes: pure, total, one result each.
//!
//! No operation traps and none has a side effect, so it may be computed earlier than written, or for nothing.
//! All NaNs count as one value: which NaN an operation returns is not specified.

use smallvec::SmallVec;

use crate::cold::ColdFunction;
use crate::scalar::Scalar;

/// A value of a kernel: a lane (or, in a lanes loop, one value per lane) of a type that the kernel knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(pub(crate) u32);

impl Value {
    /// Position in the kernel's table of value types.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Operations of one operand; the result has the operand's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unary {
    /// Negative; integers wrap.
    Neg,
    /// Absolute value; the lowest integer stays itself.
    Abs,
    /// Square root (floats), correctly rounded.
    Sqrt,
    /// Largest integral value not above (floats).
    Floor,
    /// Smallest integral value not below (floats).
    Ceil,
    /// Integral part (floats).
    Trunc,
    /// Nearest integral value, ties to even (floats).
    RoundEven,
    /// Bitwise complement of an integer, negation of a bool.
    Not,
    /// Number of one bits (integers).
    Popcount,
    /// Number of leading zero bits; the width for 0 (integers).
    CountLeadingZeros,
}

/// Operations of two operands of one type; the result has that type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// Sum; integers wrap.
    Add,
    /// Difference; integers wrap.
    Sub,
    /// Product; integers wrap.
    Mul,
    /// Quotient; of integers truncated, `x / 0` is all ones (-1), the lowest by -1 is itself.
    Div,
    /// Remainder with the dividend's sign (C's fmod); of integers `x rem 0` is `x`, the lowest by -1 is 0.
    Rem,
    /// Smaller; NaN if either is NaN; -0 is below +0. Of bools: and.
    Min,
    /// Larger; NaN if either is NaN; -0 is below +0. Of bools: or.
    Max,
    /// Bitwise and (integers, bool).
    And,
    /// Bitwise or (integers, bool).
    Or,
    /// Bitwise exclusive or (integers, bool).
    Xor,
    /// Shift left; 0 if the amount, read as unsigned, is not below the width.
    ShiftLeft,
    /// Shift right, zeros in; 0 if the amount, read as unsigned, is not below the width.
    ShiftRightLogical,
    /// Shift right, copies of the sign bit in; all sign bits for an amount not below the width.
    ShiftRightArithmetic,
    /// `x · 2ⁿ` rounded once, n a float with an integral value. Meant for the last step of `exp`: n within
    /// ±250 (f32) or ±2000 (f64) and x in [2⁻⁶⁰, 2⁶⁰], else the result is unspecified; NaN if x is NaN.
    ScaleByPowerOfTwo,
}

/// Comparisons; false if an operand is NaN, but `Ne` is then true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
}

/// One straight-line operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// A constant by its lane bits.
    Constant {
        /// Lane type.
        scalar: Scalar,
        /// Bits, zero-extended.
        bits: u64,
    },
    /// One operand.
    Unary(Unary, Value),
    /// Two operands of one type.
    Binary(Binary, Value, Value),
    /// `x · y + z` of floats, rounded once.
    Fma(Value, Value, Value),
    /// Comparison of two values of one type; the result is a bool.
    Compare(Comparison, Value, Value),
    /// The second operand where the first (bool) is true, else the third.
    Select(Value, Value, Value),
    /// The value in another type: a float to an integer truncates and saturates (NaN is 0), an integer wraps, an
    /// integer to a float rounds to nearest even, anything to bool is `x != 0`.
    Convert(Scalar, Value),
    /// The bits as another type of the same width (never bool).
    Bitcast(Scalar, Value),
    /// `function(args)` where the condition holds, else `otherwise`. The function is one scalar function under
    /// every instruction set; the call is skipped when no lane's condition holds.
    Cold {
        /// The scalar function.
        function: ColdFunction,
        /// Bool: which lanes are recomputed.
        condition: Value,
        /// Operands of the function.
        args: SmallVec<[Value; 2]>,
        /// Result of the other lanes.
        otherwise: Value,
    },
}

impl Op {
    /// Calls `visit` for every operand, in order.
    pub fn for_each_operand(&self, mut visit: impl FnMut(Value)) {
        match self {
            Op::Constant { .. } => {}
            Op::Unary(_, x) | Op::Convert(_, x) | Op::Bitcast(_, x) => visit(*x),
            Op::Binary(_, x, y) | Op::Compare(_, x, y) => [*x, *y].into_iter().for_each(visit),
            Op::Fma(x, y, z) | Op::Select(x, y, z) => [*x, *y, *z].into_iter().for_each(visit),
            Op::Cold { condition, args, otherwise, .. } => {
                visit(*condition);
                args.iter().for_each(|&arg| visit(arg));
                visit(*otherwise);
            }
        }
    }

    /// Replaces every operand, in order.
    pub fn map_operands(&mut self, mut map: impl FnMut(Value) -> Value) {
        match self {
            Op::Constant { .. } => {}
            Op::Unary(_, x) | Op::Convert(_, x) | Op::Bitcast(_, x) => *x = map(*x),
            Op::Binary(_, x, y) | Op::Compare(_, x, y) => {
                *x = map(*x);
                *y = map(*y);
            }
            Op::Fma(x, y, z) | Op::Select(x, y, z) => {
                *x = map(*x);
                *y = map(*y);
                *z = map(*z);
            }
            Op::Cold { condition, args, otherwise, .. } => {
                *condition = map(*condition);
                args.iter_mut().for_each(|arg| *arg = map(*arg));
                *otherwise = map(*otherwise);
            }
        }
    }
}

impl Binary {
    /// Does `x op y` equal `y op x`?
    pub const fn is_commutative(self) -> bool {
        matches!(
            self,
            Binary::Add | Binary::Mul | Binary::Min | Binary::Max | Binary::And | Binary::Or | Binary::Xor
        )
    }
}

impl Comparison {
    /// Text name: `lt`, ...
    pub const fn name(self) -> &'static str {
        match self {
            Comparison::Eq => "eq",
            Comparison::Ne => "ne",
            Comparison::Lt => "lt",
            Comparison::Le => "le",
            Comparison::Gt => "gt",
            Comparison::Ge => "ge",
        }
    }
}

impl Unary {
    /// Every unary operation.
    pub const ALL: [Unary; 10] = [
        Unary::Neg,
        Unary::Abs,
        Unary::Sqrt,
        Unary::Floor,
        Unary::Ceil,
        Unary::Trunc,
        Unary::RoundEven,
        Unary::Not,
        Unary::Popcount,
        Unary::CountLeadingZeros,
    ];

    /// Text name: `neg`, ...
    pub const fn name(self) -> &'static str {
        match self {
            Unary::Neg => "neg",
            Unary::Abs => "abs",
            Unary::Sqrt => "sqrt",
            Unary::Floor => "floor",
            Unary::Ceil => "ceil",
            Unary::Trunc => "trunc",
            Unary::RoundEven => "round_even",
            Unary::Not => "not",
            Unary::Popcount => "popcount",
            Unary::CountLeadingZeros => "count_leading_zeros",
        }
    }

    /// Is the operation defined on this type?
    pub const fn accepts(self, scalar: Scalar) -> bool {
        match self {
            Unary::Neg | Unary::Abs => scalar.is_float() || scalar.is_int(),
            Unary::Sqrt | Unary::Floor | Unary::Ceil | Unary::Trunc | Unary::RoundEven => scalar.is_float(),
            Unary::Not => !scalar.is_float(),
            Unary::Popcount | Unary::CountLeadingZeros => scalar.is_int(),
        }
    }
}

impl Binary {
    /// Every binary operation.
    pub const ALL: [Binary; 14] = [
        Binary::Add,
        Binary::Sub,
        Binary::Mul,
        Binary::Div,
        Binary::Rem,
        Binary::Min,
        Binary::Max,
        Binary::And,
        Binary::Or,
        Binary::Xor,
        Binary::ShiftLeft,
        Binary::ShiftRightLogical,
        Binary::ShiftRightArithmetic,
        Binary::ScaleByPowerOfTwo,
    ];

    /// Text name: `add`, ...
    pub const fn name(self) -> &'static str {
        match self {
            Binary::Add => "add",
            Binary::Sub => "sub",
            Binary::Mul => "mul",
            Binary::Div => "div",
            Binary::Rem => "rem",
            Binary::Min => "min",
            Binary::Max => "max",
            Binary::And => "and",
            Binary::Or => "or",
            Binary::Xor => "xor",
            Binary::ShiftLeft => "shift_left",
            Binary::ShiftRightLogical => "shift_right_logical",
            Binary::ShiftRightArithmetic => "shift_right_arithmetic",
            Binary::ScaleByPowerOfTwo => "scale_by_power_of_two",
        }
    }

    /// Is the operation defined on this type?
    pub const fn accepts(self, scalar: Scalar) -> bool {
        match self {
            Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Rem => {
                scalar.is_float() || scalar.is_int()
            }
            Binary::Min | Binary::Max => true,
            Binary::And | Binary::Or | Binary::Xor => !scalar.is_float(),
            Binary::ShiftLeft | Binary::ShiftRightLogical | Binary::ShiftRightArithmetic => scalar.is_int(),
            Binary::ScaleByPowerOfTwo => scalar.is_float(),
        }
    }
}

impl Comparison {
    /// Every comparison.
    pub const ALL: [Comparison; 6] =
        [Comparison::Eq, Comparison::Ne, Comparison::Lt, Comparison::Le, Comparison::Gt, Comparison::Ge];
}
