//! The builder's straight-line operations, one method each.
//!
//! Operands must have the types that the operation accepts, else the method panics with "internal:".

use smallvec::SmallVec;

use crate::builder::Builder;
use crate::cold::ColdFunction;
use crate::evaluate::evaluate;
use crate::op::{Binary, Comparison, Op, Unary, Value};
use crate::scalar::Scalar;

/// Methods that are one unary or binary operation each.
macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $kind:ident::$op:ident ($($arg:ident),+);)*) => {
        impl Builder {
            $($(#[$doc])*
            pub fn $name(&mut self, $($arg: Value),+) -> Value {
                operations!(@call self $kind $op $($arg)+)
            })*
        }
    };
    (@call $b:ident Unary $op:ident $x:ident) => { $b.unary(Unary::$op, $x) };
    (@call $b:ident Binary $op:ident $x:ident $y:ident) => { $b.binary(Binary::$op, $x, $y) };
    (@call $b:ident Comparison $op:ident $x:ident $y:ident) => { $b.compare(Comparison::$op, $x, $y) };
}

operations! {
    /// `-x`; integers wrap.
    neg = Unary::Neg(x);
    /// `|x|`; the lowest integer stays itself.
    abs = Unary::Abs(x);
    /// Square root of a float.
    sqrt = Unary::Sqrt(x);
    /// Largest integral float not above x.
    floor = Unary::Floor(x);
    /// Smallest integral float not below x.
    ceil = Unary::Ceil(x);
    /// Integral part of a float.
    trunc = Unary::Trunc(x);
    /// Nearest integral float, ties to even.
    round_even = Unary::RoundEven(x);
    /// Complement of an integer's bits, negation of a bool.
    not = Unary::Not(x);
    /// Number of one bits of an integer.
    popcount = Unary::Popcount(x);
    /// Number of leading zero bits of an integer.
    count_leading_zeros = Unary::CountLeadingZeros(x);
    /// `x + y`; integers wrap.
    add = Binary::Add(x, y);
    /// `x - y`; integers wrap.
    sub = Binary::Sub(x, y);
    /// `x · y`; integers wrap.
    mul = Binary::Mul(x, y);
    /// `x / y`; see [`Binary::Div`] for integers.
    div = Binary::Div(x, y);
    /// Remainder with the sign of x; see [`Binary::Rem`].
    rem = Binary::Rem(x, y);
    /// Smaller operand; NaN if either is NaN.
    min = Binary::Min(x, y);
    /// Larger operand; NaN if either is NaN.
    max = Binary::Max(x, y);
    /// Bitwise and.
    and = Binary::And(x, y);
    /// Bitwise or.
    or = Binary::Or(x, y);
    /// Bitwise exclusive or.
    xor = Binary::Xor(x, y);
    /// Shift left; 0 for an amount not below the width.
    shift_left = Binary::ShiftLeft(x, y);
    /// Shift right, zeros in; 0 for an amount not below the width.
    shift_right_logical = Binary::ShiftRightLogical(x, y);
    /// Shift right, sign bits in.
    shift_right_arithmetic = Binary::ShiftRightArithmetic(x, y);
    /// `x · 2ⁿ` within the limits of [`Binary::ScaleByPowerOfTwo`].
    scale_by_power_of_two = Binary::ScaleByPowerOfTwo(x, n);
    /// `x == y`.
    eq = Comparison::Eq(x, y);
    /// `x != y`; true if either is NaN.
    ne = Comparison::Ne(x, y);
    /// `x < y`.
    lt = Comparison::Lt(x, y);
    /// `x <= y`.
    le = Comparison::Le(x, y);
    /// `x > y`.
    gt = Comparison::Gt(x, y);
    /// `x >= y`.
    ge = Comparison::Ge(x, y);
}

impl Builder {
    /// A constant by its lane bits.
    pub fn bits(&mut self, scalar: Scalar, bits: u64) -> Value {
        self.operation(scalar, Op::Constant { scalar, bits: bits & scalar.mask() })
    }

    /// A float constant, rounded to the type; integers saturate.
    pub fn float(&mut self, scalar: Scalar, value: f64) -> Value {
        self.bits(scalar, scalar.bits_of_f64(value))
    }

    /// An integer constant, wrapped to the type, or rounded to a float type.
    pub fn int(&mut self, scalar: Scalar, value: i64) -> Value {
        self.bits(scalar, scalar.bits_of_i64(value))
    }

    /// A truth value.
    pub fn bool(&mut self, value: bool) -> Value {
        self.bits(Scalar::Bool, u64::from(value))
    }

    /// A unary operation.
    pub fn unary(&mut self, unary: Unary, x: Value) -> Value {
        let scalar = self.scalar(x);
        assert!(unary.accepts(scalar), "internal: {} of {scalar}", unary.name());
        self.folded(scalar, Op::Unary(unary, x))
    }

    /// A binary operation.
    pub fn binary(&mut self, binary: Binary, x: Value, y: Value) -> Value {
        let scalar = self.scalar(x);
        assert!(binary.accepts(scalar), "internal: {} of {scalar}", binary.name());
        assert_eq!(scalar, self.scalar(y), "internal: operands of {} differ in type", binary.name());
        let (x, y) = if binary.is_commutative() && y < x { (y, x) } else { (x, y) };
        self.folded(scalar, Op::Binary(binary, x, y))
    }

    /// `x · y + z`, rounded once.
    pub fn fma(&mut self, x: Value, y: Value, z: Value) -> Value {
        let scalar = self.scalar(x);
        assert!(scalar.is_float(), "internal: fma of {scalar}");
        assert_eq!(scalar, self.scalar(y), "internal: operands of fma differ in type");
        assert_eq!(scalar, self.scalar(z), "internal: operands of fma differ in type");
        let (x, y) = if y < x { (y, x) } else { (x, y) };
        self.folded(scalar, Op::Fma(x, y, z))
    }

    /// A comparison.
    pub fn compare(&mut self, comparison: Comparison, x: Value, y: Value) -> Value {
        assert_eq!(
            self.scalar(x),
            self.scalar(y),
            "internal: operands of {} differ in type",
            comparison.name()
        );
        self.folded(Scalar::Bool, Op::Compare(comparison, x, y))
    }

    /// `x` where the condition holds, else `y`.
    pub fn select(&mut self, condition: Value, x: Value, y: Value) -> Value {
        assert_eq!(self.scalar(condition), Scalar::Bool, "internal: the condition of select is no bool");
        assert_eq!(self.scalar(x), self.scalar(y), "internal: operands of select differ in type");
        match self.constant_bits(condition) {
            _ if x == y => x,
            Some(0) => y,
            Some(_) => x,
            None => self.folded(self.scalar(x), Op::Select(condition, x, y)),
        }
    }

    /// The value in another type; see [`Op::Convert`].
    pub fn convert(&mut self, to: Scalar, x: Value) -> Value {
        if self.scalar(x) == to { x } else { self.folded(to, Op::Convert(to, x)) }
    }

    /// The bits as another type of the same width; see [`Op::Bitcast`].
    pub fn bitcast(&mut self, to: Scalar, x: Value) -> Value {
        let from = self.scalar(x);
        if from == to {
            return x;
        }
        assert!(from.width() == to.width(), "internal: bitcast from {from} to {to}");
        self.folded(to, Op::Bitcast(to, x))
    }

    /// `function(args)` where the condition holds, else `otherwise`; see [`Op::Cold`].
    pub fn cold(
        &mut self,
        condition: Value,
        function: ColdFunction,
        args: &[Value],
        otherwise: Value,
    ) -> Value {
        let scalar = self.scalar(otherwise);
        assert!(scalar.is_float(), "internal: cold {} of {scalar}", function.name());
        assert_eq!(self.scalar(condition), Scalar::Bool, "internal: the condition of cold is no bool");
        assert_eq!(args.len(), function.num_args(), "internal: operands of cold {}", function.name());
        assert!(
            args.iter().all(|&arg| self.scalar(arg) == scalar),
            "internal: operands of cold differ in type"
        );
        if self.constant_bits(condition) == Some(0) {
            return otherwise;
        }
        let args = SmallVec::from_slice(args);
        self.folded(scalar, Op::Cold { function, condition, args, otherwise })
    }

    /// `function(args)` in every lane.
    pub fn call(&mut self, function: ColdFunction, args: &[Value]) -> Value {
        let always = self.bool(true);
        self.cold(always, function, args, args[0])
    }

    /// The operation, or its constant result if all operands are constants.
    fn folded(&mut self, scalar: Scalar, op: Op) -> Value {
        let mut constant = true;
        op.for_each_operand(|operand| constant &= self.constant_bits(operand).is_some());
        if constant {
            let bits = evaluate(&op, |x| (self.scalar(x), self.constant_bits(x).unwrap_or_default()));
            return self.bits(scalar, bits);
        }
        self.operation(scalar, op)
    }
}
