//! Arithmetic, comparison and selection on vectors.

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::{self, InstBuilder, types};
use gradus_kernel::{Binary, Comparison, Op, Scalar, Unary, Value};

use super::emit::Emitter;
use super::held::{Form, Vector};
use super::scalar::{FloatLayout, float_condition, int_condition};

impl Emitter<'_, '_> {
    /// An operation of which at least one operand differs between lanes.
    pub(super) fn vector_op(&mut self, scalar: Scalar, op: &Op) -> Vector {
        match op {
            Op::Unary(unary, x) => self.vector_unary(*unary, scalar, *x, op),
            Op::Binary(binary, x, y) => self.vector_binary_op(*binary, scalar, [*x, *y], op),
            Op::Fma(..) if !self.target.has_fma() => self.lane_by_lane(scalar, op),
            Op::Fma(x, y, z) => {
                let operands = [*x, *y, *z].map(|operand| self.vector(operand));
                self.vector_fma(&operands)
            }
            Op::Compare(comparison, x, y) => {
                let operand = self.kernel.scalar(*x);
                let (x, y) = (self.vector(*x), self.vector(*y));
                self.vector_compare(*comparison, operand, x, y)
            }
            Op::Select(condition, x, y) => {
                let (x, y) = (self.plain_vector(*x), self.plain_vector(*y));
                let mask = self.mask(*condition, x.form);
                let mut selected = x.clone();
                for (k, register) in selected.registers.iter_mut().enumerate() {
                    *register = self.blend(mask.registers[k], x.registers[k], y.registers[k]);
                }
                selected
            }
            Op::Convert(to, x) => self.vector_convert(*to, *x, op),
            Op::Bitcast(to, x) => {
                let form = Form::of(*to);
                let x = self.vector(*x);
                let cast = self.map(form, &x, |e, x| e.bitcast(form.clif(), x));
                // The same 8 or 16 bits extend differently.
                self.wrapped(*to, cast)
            }
            Op::Cold { .. } => self.vector_cold(scalar, op),
            _ => panic!("internal: an operation that code generation does not know"),
        }
    }

    pub(super) fn vector_fma(&mut self, [x, y, z]: &[Vector; 3]) -> Vector {
        let registers = (0..x.registers.len())
            // The instruction overwrites its first operand: `y`, which is younger, is less likely to be needed on.
            .map(|k| self.b.ins().fma(y.registers[k], x.registers[k], z.registers[k]))
            .collect();
        Vector { form: x.form, registers }
    }

    /// An integer of fewer than 32 bits extended again after an operation on 32.
    pub(super) fn wrapped(&mut self, scalar: Scalar, x: Vector) -> Vector {
        let unused = 32_i64 - i64::from(scalar.width());
        if !scalar.is_int() || unused <= 0 {
            return x;
        }
        if scalar.is_signed_int() {
            return self.map(Form::Int32, &x, |e, x| {
                let high = e.b.ins().ishl_imm_u(x, unused);
                e.b.ins().sshr_imm_u(high, unused)
            });
        }
        self.map(Form::Int32, &x, |e, x| {
            let mask = e.constant_register(Form::Int32, scalar.mask());
            e.b.ins().band(x, mask)
        })
    }

    fn vector_unary(&mut self, unary: Unary, scalar: Scalar, operand: Value, op: &Op) -> Vector {
        if matches!(unary, Unary::Popcount | Unary::CountLeadingZeros) {
            return self.lane_by_lane(scalar, op);
        }
        let x = self.vector(operand);
        let form = x.form;
        let float = scalar.is_float();
        let result = match unary {
            Unary::Neg if float => self.map(form, &x, |e, x| e.b.ins().fneg(x)),
            Unary::Neg => self.map(form, &x, |e, x| e.b.ins().ineg(x)),
            Unary::Abs if float => self.map(form, &x, |e, x| e.b.ins().fabs(x)),
            Unary::Abs if scalar.is_signed_int() => self.map(form, &x, |e, x| e.b.ins().iabs(x)),
            Unary::Abs => x,
            Unary::Sqrt => self.map(form, &x, |e, x| e.b.ins().sqrt(x)),
            Unary::Floor => self.map(form, &x, |e, x| e.b.ins().floor(x)),
            Unary::Ceil => self.map(form, &x, |e, x| e.b.ins().ceil(x)),
            Unary::Trunc => self.map(form, &x, |e, x| e.b.ins().trunc(x)),
            Unary::RoundEven => self.map(form, &x, |e, x| e.b.ins().nearest(x)),
            Unary::Not => self.map(form, &x, |e, x| e.b.ins().bnot(x)),
            _ => panic!("internal: {} is not known to code generation", unary.name()),
        };
        self.wrapped(scalar, result)
    }

    fn vector_binary_op(&mut self, binary: Binary, scalar: Scalar, [x, y]: [Value; 2], op: &Op) -> Vector {
        let is_shift =
            matches!(binary, Binary::ShiftLeft | Binary::ShiftRightLogical | Binary::ShiftRightArithmetic);
        if is_shift {
            return match self.constant(y) {
                Some(amount) => self.vector_shift(binary, scalar, x, amount),
                None => self.lane_by_lane(scalar, op),
            };
        }
        if binary == Binary::Rem || (binary == Binary::Div && !scalar.is_float()) {
            return self.lane_by_lane(scalar, op);
        }
        if scalar.is_float() && matches!(binary, Binary::Min | Binary::Max) {
            for (constant, other) in [(x, y), (y, x)] {
                if let Some(bits) = self.constant(constant).filter(|&bits| !is_nan(scalar, bits)) {
                    return self.vector_clamp(binary, scalar, bits, other);
                }
            }
        }
        // A constant as the second operand is read by the instruction itself.
        let (x, y) = match binary.is_commutative() && self.constant(x).is_some() {
            true => (y, x),
            false => (x, y),
        };
        let (x, y) = match scalar {
            Scalar::Bool => (self.plain_vector(x), self.plain_vector(y)),
            _ => (self.vector(x), self.vector(y)),
        };
        self.vector_binary(binary, scalar, &x, &y)
    }

    /// A binary operation of two vectors of one form, other than shifts, remainders and integer division.
    pub(super) fn vector_binary(&mut self, binary: Binary, scalar: Scalar, x: &Vector, y: &Vector) -> Vector {
        let form = x.form;
        let float = scalar.is_float();
        let result = match binary {
            Binary::Add if float => self.zip(form, x, y, |e, x, y| e.b.ins().fadd(x, y)),
            Binary::Sub if float => self.zip(form, x, y, |e, x, y| e.b.ins().fsub(x, y)),
            Binary::Mul if float => self.zip(form, x, y, |e, x, y| e.b.ins().fmul(x, y)),
            Binary::Div if float => self.zip(form, x, y, |e, x, y| e.b.ins().fdiv(x, y)),
            Binary::Add => self.zip(form, x, y, |e, x, y| e.b.ins().iadd(x, y)),
            Binary::Sub => self.zip(form, x, y, |e, x, y| e.b.ins().isub(x, y)),
            Binary::Mul => self.zip(form, x, y, |e, x, y| e.b.ins().imul(x, y)),
            Binary::Min if float => self.zip(form, x, y, |e, x, y| {
                // minps returns its second operand if either is NaN or both are zero, so one of the two holds
                // each NaN, and their `or` is NaN, or -0 if either is.
                let (first, second) = (e.smaller(x, y), e.smaller(y, x));
                e.b.ins().bor(first, second)
            }),
            Binary::Max if float => self.zip(form, x, y, |e, x, y| {
                // As above: `and` makes +0 of zeros of different sign, but may lose a NaN.
                let (first, second) = (e.larger(x, y), e.larger(y, x));
                let larger = e.b.ins().band(first, second);
                let unordered = e.b.ins().fcmp(FloatCC::Unordered, x, y);
                let unordered = e.bitcast(form.clif(), unordered);
                e.b.ins().bor(larger, unordered)
            }),
            Binary::Min | Binary::Max if scalar == Scalar::Bool => match binary {
                Binary::Min => self.zip(form, x, y, |e, x, y| e.b.ins().band(x, y)),
                _ => self.zip(form, x, y, |e, x, y| e.b.ins().bor(x, y)),
            },
            Binary::Min | Binary::Max => self.vector_int_min_max(binary, scalar, x, y),
            Binary::And => self.zip(form, x, y, |e, x, y| e.b.ins().band(x, y)),
            Binary::Or => self.zip(form, x, y, |e, x, y| e.b.ins().bor(x, y)),
            Binary::Xor => self.zip(form, x, y, |e, x, y| e.b.ins().bxor(x, y)),
            Binary::ScaleByPowerOfTwo => self.vector_scale(scalar, x, y),
            _ => panic!("internal: {} of {scalar} vectors", binary.name()),
        };
        match binary {
            Binary::Add | Binary::Sub | Binary::Mul => self.wrapped(scalar, result),
            _ => result,
        }
    }

    /// `x < y ? x : y`, one instruction on x86-64.
    pub(super) fn smaller(&mut self, x: ir::Value, y: ir::Value) -> ir::Value {
        let less = self.b.ins().fcmp(FloatCC::LessThan, x, y);
        let less = self.bitcast(self.b.func.dfg.value_type(x), less);
        self.b.ins().bitselect(less, x, y)
    }

    /// `x > y ? x : y`, one instruction on x86-64.
    pub(super) fn larger(&mut self, x: ir::Value, y: ir::Value) -> ir::Value {
        let less = self.b.ins().fcmp(FloatCC::LessThan, y, x);
        let less = self.bitcast(self.b.func.dfg.value_type(x), less);
        self.b.ins().bitselect(less, x, y)
    }

    /// Minimum or maximum with a constant that is not NaN.
    fn vector_clamp(&mut self, binary: Binary, scalar: Scalar, bits: u64, operand: Value) -> Vector {
        let x = self.vector(operand);
        let form = x.form;
        // The constant comes first, so that the other operand is returned if it is NaN, or a zero beside a zero.
        if binary == Binary::Min && !is_zero(scalar, bits) {
            return self.map(form, &x, |e, x| {
                let limit = e.constant_register(form, bits);
                e.smaller(limit, x)
            });
        }
        if binary == Binary::Max && !is_zero(scalar, bits) {
            return self.map(form, &x, |e, x| {
                let limit = e.constant_register(form, bits);
                e.larger(limit, x)
            });
        }
        match (binary, bits) {
            // max(x, +0): adding +0 makes +0 of -0.
            (Binary::Max, 0) => self.map(form, &x, |e, x| {
                let zero = e.constant_register(form, 0);
                let larger = e.larger(zero, x);
                let zero = e.constant_register(form, 0);
                e.b.ins().fadd(larger, zero)
            }),
            _ => {
                let limit = self.constant_vector(scalar, bits);
                self.vector_binary(binary, scalar, &x, &limit)
            }
        }
    }

    fn vector_int_min_max(&mut self, binary: Binary, scalar: Scalar, x: &Vector, y: &Vector) -> Vector {
        let signed = scalar.is_signed_int();
        if x.form == Form::Int32 {
            return self.zip(Form::Int32, x, y, |e, x, y| match (binary, signed) {
                (Binary::Min, true) => e.b.ins().smin(x, y),
                (Binary::Min, false) => e.b.ins().umin(x, y),
                (_, true) => e.b.ins().smax(x, y),
                (_, false) => e.b.ins().umax(x, y),
            });
        }
        let less = self.vector_compare(Comparison::Lt, scalar, x.clone(), y.clone());
        let mut result = x.clone();
        for (k, register) in result.registers.iter_mut().enumerate() {
            let (x, y) = (x.registers[k], y.registers[k]);
            let (if_less, if_not) = if binary == Binary::Min { (x, y) } else { (y, x) };
            *register = self.blend(less.registers[k], if_less, if_not);
        }
        result
    }

    fn vector_shift(&mut self, binary: Binary, scalar: Scalar, operand: Value, amount: u64) -> Vector {
        let width = u64::from(scalar.width());
        let x = self.vector(operand);
        let form = x.form;
        if amount >= width && binary != Binary::ShiftRightArithmetic {
            return self.constant_vector(scalar, 0);
        }
        let amount = amount.min(width - 1) as i64;
        let result = match binary {
            Binary::ShiftLeft => self.map(form, &x, |e, x| e.b.ins().ishl_imm_u(x, amount)),
            Binary::ShiftRightLogical => {
                // Only the type's own bits may come down.
                let own = match scalar.is_signed_int() && width < 32 {
                    true => self.wrapped(scalar.to_unsigned(), x),
                    false => x,
                };
                self.map(form, &own, |e, x| e.b.ins().ushr_imm_u(x, amount))
            }
            _ => {
                let signed = match scalar.is_signed_int() || width >= 32 {
                    true => x,
                    false => self.wrapped(scalar.to_signed(), x),
                };
                self.map(form, &signed, |e, x| e.b.ins().sshr_imm_u(x, amount))
            }
        };
        self.wrapped(scalar, result)
    }

    /// `x · 2ⁿ` as two products, so that only the second rounds.
    fn vector_scale(&mut self, scalar: Scalar, x: &Vector, n: &Vector) -> Vector {
        let layout = FloatLayout::of(scalar);
        let form = x.form;
        let int = form.int();
        self.zip(form, x, n, |e, x, n| {
            let magic = e.constant_register(form, layout.magic);
            let shifted = e.b.ins().fadd(n, magic);
            let bits = e.bitcast(int.clif(), shifted);
            // n/2 and n - n/2, moved into the exponent; the bits above fall off.
            let half = e.b.ins().ushr_imm_u(bits, 1);
            let first = e.b.ins().ishl_imm_u(half, layout.mantissa);
            let whole = e.b.ins().ishl_imm_u(bits, layout.mantissa);
            let second = e.b.ins().isub(whole, first);
            let mut product = x;
            for exponent in [first, second] {
                let one = e.constant_register(int, layout.one as u64);
                let factor = e.b.ins().iadd(exponent, one);
                let factor = e.bitcast(form.clif(), factor);
                product = e.b.ins().fmul(product, factor);
            }
            product
        })
    }

    /// A comparison; the result is the mask of the operands' width.
    pub(super) fn vector_compare(
        &mut self,
        comparison: Comparison,
        scalar: Scalar,
        x: Vector,
        y: Vector,
    ) -> Vector {
        if scalar == Scalar::Bool {
            return self.compare_masks(comparison, x, y);
        }
        let form = x.form.mask();
        if scalar.is_float() {
            return self.zip(form, &x, &y, |e, x, y| e.b.ins().fcmp(float_condition(comparison), x, y));
        }
        if scalar != Scalar::U64 || matches!(comparison, Comparison::Eq | Comparison::Ne) {
            return self.zip(form, &x, &y, |e, x, y| e.b.ins().icmp(int_condition(comparison, scalar), x, y));
        }
        // Unsigned 64-bit order is signed order of values with the sign bit flipped.
        let condition = int_condition(comparison, Scalar::I64);
        self.zip(form, &x, &y, |e, x, y| {
            let [x, y] = [x, y].map(|value| {
                let sign = e.constant_register(Form::Int64, 1 << 63);
                e.b.ins().bxor(value, sign)
            });
            e.b.ins().icmp(condition, x, y)
        })
    }

    /// Comparison of truth values, false below true.
    fn compare_masks(&mut self, comparison: Comparison, x: Vector, y: Vector) -> Vector {
        let (x, y) = (self.mask_as(x, Form::Mask32), self.mask_as(y, Form::Mask32));
        self.zip(Form::Mask32, &x, &y, |e, x, y| {
            let (less, other) = match comparison {
                Comparison::Lt | Comparison::Le => (x, y),
                _ => (y, x),
            };
            match comparison {
                Comparison::Ne => e.b.ins().bxor(x, y),
                Comparison::Eq => {
                    let differ = e.b.ins().bxor(x, y);
                    e.b.ins().bnot(differ)
                }
                Comparison::Lt | Comparison::Gt => {
                    let not = e.b.ins().bnot(less);
                    e.b.ins().band(not, other)
                }
                Comparison::Le | Comparison::Ge => {
                    let not = e.b.ins().bnot(less);
                    e.b.ins().bor(not, other)
                }
            }
        })
    }
}

fn is_nan(scalar: Scalar, bits: u64) -> bool {
    match scalar {
        Scalar::F32 => f32::from_bits(bits as u32).is_nan(),
        _ => f64::from_bits(bits).is_nan(),
    }
}

fn is_zero(scalar: Scalar, bits: u64) -> bool {
    bits & (scalar.mask() >> 1) == 0
}

/// The lanes of a 128-bit register as the low half of a wider one.
pub(super) const HIGH_HALF_LOW: [u8; 16] = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];

impl Emitter<'_, '_> {
    /// A register whose low half is the high half of another.
    pub(super) fn high_half(&mut self, x: ir::Value) -> ir::Value {
        let kind = self.b.func.dfg.value_type(x);
        let bytes = self.bitcast(types::I8X16, x);
        let moved = self.shuffle(bytes, bytes, HIGH_HALF_LOW);
        self.bitcast(kind, moved)
    }
}
