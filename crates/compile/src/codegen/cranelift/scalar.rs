//! Operations on one lane. A bool is an 8-bit 0 or 1; other types are Cranelift's own.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{self, AbiParam, InstBuilder, MemFlagsData, Signature, Type, types};
use gradus_kernel::{Binary, ColdFunction, Comparison, Op, Scalar, Unary, Value, fma_double, fma_single};

use super::emit::{Emitter, block_args, clif_type};

impl Emitter<'_, '_> {
    /// An operation whose operands are the same in all lanes.
    pub(super) fn scalar_op(&mut self, scalar: Scalar, op: &Op) -> ir::Value {
        match op {
            Op::Constant { scalar, bits } => self.scalar_constant(*scalar, *bits),
            Op::Unary(unary, x) => {
                let x = self.scalar(*x);
                self.scalar_unary(*unary, scalar, x)
            }
            Op::Binary(binary, x, y) => {
                let (x, y) = (self.scalar(*x), self.scalar(*y));
                self.scalar_binary(*binary, scalar, x, y)
            }
            Op::Fma(x, y, z) => {
                // The instruction overwrites its first operand: a constant, which is read for it alone, or the younger
                // one, which is less likely to be needed on.
                let (x, y) = if self.constant(*x).is_some() { (*x, *y) } else { (*y, *x) };
                let operands = [x, y, *z].map(|operand| self.scalar(operand));
                self.scalar_fma(scalar, operands)
            }
            Op::Compare(comparison, x, y) => {
                let operand = self.kernel.scalar(*x);
                let (x, y) = (self.scalar(*x), self.scalar(*y));
                self.scalar_compare(*comparison, operand, x, y)
            }
            Op::Select(condition, x, y) => {
                let [condition, x, y] = [*condition, *x, *y].map(|operand| self.scalar(operand));
                self.b.ins().select(condition, x, y)
            }
            Op::Convert(to, x) => {
                let from = self.kernel.scalar(*x);
                let x = self.scalar(*x);
                self.scalar_convert(from, *to, x)
            }
            Op::Bitcast(to, x) => {
                let x = self.scalar(*x);
                self.bitcast(clif_type(*to), x)
            }
            Op::Cold { function, condition, args, otherwise } => {
                self.scalar_cold(scalar, *function, *condition, args, *otherwise)
            }
        }
    }

    /// The same bits as another type of the same size.
    pub(super) fn bitcast(&mut self, to: Type, x: ir::Value) -> ir::Value {
        match self.b.func.dfg.value_type(x) == to {
            true => x,
            false => {
                let flags = MemFlagsData::new().with_endianness(ir::Endianness::Little);
                self.b.ins().bitcast(to, flags, x)
            }
        }
    }

    pub(super) fn scalar_unary(&mut self, unary: Unary, scalar: Scalar, x: ir::Value) -> ir::Value {
        let kind = clif_type(scalar);
        match unary {
            Unary::Neg if scalar.is_float() => self.b.ins().fneg(x),
            Unary::Neg => self.b.ins().ineg(x),
            Unary::Abs if scalar.is_float() => self.b.ins().fabs(x),
            Unary::Abs if scalar.is_signed_int() => {
                let negative = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, x, 0);
                let negated = self.b.ins().ineg(x);
                self.b.ins().select(negative, negated, x)
            }
            Unary::Abs => x,
            Unary::Sqrt => self.b.ins().sqrt(x),
            Unary::Floor => self.b.ins().floor(x),
            Unary::Ceil => self.b.ins().ceil(x),
            Unary::Trunc => self.b.ins().trunc(x),
            Unary::RoundEven => self.b.ins().nearest(x),
            Unary::Not if scalar == Scalar::Bool => self.b.ins().bxor_imm_u(x, 1),
            Unary::Not => self.b.ins().bnot(x),
            // Counting in 32 bits at least: narrower forms are not there on every target.
            Unary::Popcount => {
                let wide = self.at_least_32_bits(Scalar::to_unsigned(scalar), x);
                let count = self.b.ins().popcnt(wide);
                self.narrowed(kind, count)
            }
            Unary::CountLeadingZeros => {
                let wide = self.at_least_32_bits(Scalar::to_unsigned(scalar), x);
                let count = self.b.ins().clz(wide);
                let excess = i64::from(32_u32.saturating_sub(scalar.width()));
                let count = self.b.ins().iadd_imm_s(count, -excess);
                self.narrowed(kind, count)
            }
        }
    }

    pub(super) fn scalar_binary(
        &mut self,
        binary: Binary,
        scalar: Scalar,
        x: ir::Value,
        y: ir::Value,
    ) -> ir::Value {
        match scalar {
            Scalar::F32 | Scalar::F64 => self.scalar_float_binary(binary, scalar, x, y),
            _ => self.scalar_int_binary(binary, scalar, x, y),
        }
    }

    fn scalar_float_binary(
        &mut self,
        binary: Binary,
        scalar: Scalar,
        x: ir::Value,
        y: ir::Value,
    ) -> ir::Value {
        match binary {
            Binary::Add => self.b.ins().fadd(x, y),
            Binary::Sub => self.b.ins().fsub(x, y),
            Binary::Mul => self.b.ins().fmul(x, y),
            Binary::Div => self.b.ins().fdiv(x, y),
            Binary::Rem => self.call(scalar, ColdFunction::Rem.address(scalar), &[x, y]),
            Binary::Min => self.b.ins().fmin(x, y),
            Binary::Max => self.b.ins().fmax(x, y),
            Binary::ScaleByPowerOfTwo => {
                let layout = FloatLayout::of(scalar);
                let magic = self.scalar_constant(scalar, layout.magic);
                let shifted = self.b.ins().fadd(y, magic);
                let bits = self.bitcast(layout.int, shifted);
                // n/2 and n - n/2, moved into the exponent; the bits above fall off.
                let half = self.b.ins().ushr_imm_u(bits, 1);
                let first = self.b.ins().ishl_imm_u(half, layout.mantissa);
                let whole = self.b.ins().ishl_imm_u(bits, layout.mantissa);
                let second = self.b.ins().isub(whole, first);
                let mut product = x;
                for exponent in [first, second] {
                    let one = self.b.ins().iconst(layout.int, layout.one);
                    let factor = self.b.ins().iadd(exponent, one);
                    let factor = self.bitcast(layout.float, factor);
                    product = self.b.ins().fmul(product, factor);
                }
                product
            }
            _ => panic!("internal: {} of {scalar}", binary.name()),
        }
    }

    fn scalar_int_binary(&mut self, binary: Binary, scalar: Scalar, x: ir::Value, y: ir::Value) -> ir::Value {
        let signed = scalar.is_signed_int();
        let width = i64::from(scalar.width());
        match binary {
            Binary::Add => self.b.ins().iadd(x, y),
            Binary::Sub => self.b.ins().isub(x, y),
            Binary::Mul => self.b.ins().imul(x, y),
            Binary::Div | Binary::Rem => self.scalar_divide(binary, scalar, x, y),
            Binary::And => self.b.ins().band(x, y),
            Binary::Or => self.b.ins().bor(x, y),
            Binary::Xor => self.b.ins().bxor(x, y),
            Binary::Min | Binary::Max => {
                let less = if signed { IntCC::SignedLessThan } else { IntCC::UnsignedLessThan };
                let less = self.b.ins().icmp(less, x, y);
                let (if_less, if_not) = if binary == Binary::Min { (x, y) } else { (y, x) };
                self.b.ins().select(less, if_less, if_not)
            }
            Binary::ShiftLeft | Binary::ShiftRightLogical => {
                let shifted = match binary {
                    Binary::ShiftLeft => self.b.ins().ishl(x, y),
                    _ => self.b.ins().ushr(x, y),
                };
                let within = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, y, width);
                let zero = self.b.ins().iconst(clif_type(scalar), 0);
                self.b.ins().select(within, shifted, zero)
            }
            Binary::ShiftRightArithmetic => {
                let within = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, y, width);
                let most = self.b.ins().iconst(clif_type(scalar), width - 1);
                let amount = self.b.ins().select(within, y, most);
                self.b.ins().sshr(x, amount)
            }
            _ => panic!("internal: {} of {scalar}", binary.name()),
        }
    }

    /// Division by a divisor that was made harmless first, so that nothing traps.
    fn scalar_divide(&mut self, binary: Binary, scalar: Scalar, x: ir::Value, y: ir::Value) -> ir::Value {
        let kind = clif_type(scalar);
        let (wide_x, wide_y) = (self.at_least_32_bits(scalar, x), self.at_least_32_bits(scalar, y));
        let wide = self.b.func.dfg.value_type(wide_x);
        let one = self.b.ins().iconst(wide, 1);
        let zero_divisor = self.b.ins().icmp_imm_s(IntCC::Equal, wide_y, 0);
        let mut divisor = self.b.ins().select(zero_divisor, one, wide_y);
        if !scalar.is_signed_int() {
            let (result, if_zero) = if binary == Binary::Div {
                (self.b.ins().udiv(wide_x, divisor), self.b.ins().iconst(wide, all_ones_of(wide)))
            } else {
                (self.b.ins().urem(wide_x, divisor), wide_x)
            };
            let result = self.b.ins().select(zero_divisor, if_zero, result);
            return self.narrowed(kind, result);
        }
        // x / -1 is -x, wrapped, and the remainder 0: the divisor 1 gives both with a negation.
        let minus_one = self.b.ins().icmp_imm_s(IntCC::Equal, wide_y, -1);
        divisor = self.b.ins().select(minus_one, one, divisor);
        let result = if binary == Binary::Div {
            let quotient = self.b.ins().sdiv(wide_x, divisor);
            let negated = self.b.ins().ineg(quotient);
            let quotient = self.b.ins().select(minus_one, negated, quotient);
            let all_ones = self.b.ins().iconst(wide, all_ones_of(wide));
            self.b.ins().select(zero_divisor, all_ones, quotient)
        } else {
            let remainder = self.b.ins().srem(wide_x, divisor);
            self.b.ins().select(zero_divisor, wide_x, remainder)
        };
        self.narrowed(kind, result)
    }

    /// An integer extended to 32 bits if it is narrower.
    pub(super) fn at_least_32_bits(&mut self, scalar: Scalar, x: ir::Value) -> ir::Value {
        match self.b.func.dfg.value_type(x).bits() >= 32 {
            true => x,
            false if scalar.is_signed_int() => self.b.ins().sextend(types::I32, x),
            false => self.b.ins().uextend(types::I32, x),
        }
    }

    /// An integer cut to a type that is not wider.
    pub(super) fn narrowed(&mut self, to: Type, x: ir::Value) -> ir::Value {
        match self.b.func.dfg.value_type(x) == to {
            true => x,
            false => self.b.ins().ireduce(to, x),
        }
    }

    pub(super) fn scalar_fma(&mut self, scalar: Scalar, [x, y, z]: [ir::Value; 3]) -> ir::Value {
        if self.target.has_fma() {
            return self.b.ins().fma(x, y, z);
        }
        let address = match scalar {
            Scalar::F32 => fma_single as *const (),
            _ => fma_double as *const (),
        };
        self.call(scalar, address, &[x, y, z])
    }

    pub(super) fn scalar_compare(
        &mut self,
        comparison: Comparison,
        scalar: Scalar,
        x: ir::Value,
        y: ir::Value,
    ) -> ir::Value {
        match scalar.is_float() {
            true => self.b.ins().fcmp(float_condition(comparison), x, y),
            false => self.b.ins().icmp(int_condition(comparison, scalar), x, y),
        }
    }

    pub(super) fn scalar_convert(&mut self, from: Scalar, to: Scalar, x: ir::Value) -> ir::Value {
        let kind = clif_type(to);
        match (from, to) {
            _ if from == to => x,
            (_, Scalar::Bool) if from.is_float() => {
                let zero = self.scalar_constant(from, 0);
                self.b.ins().fcmp(FloatCC::NotEqual, x, zero)
            }
            (_, Scalar::Bool) => self.b.ins().icmp_imm_s(IntCC::NotEqual, x, 0),
            (Scalar::F32, Scalar::F64) => self.b.ins().fpromote(kind, x),
            (Scalar::F64, Scalar::F32) => self.b.ins().fdemote(kind, x),
            _ if from.is_float() => self.float_to_int(from, to, x),
            _ if to.is_float() => {
                let wide = self.at_least_32_bits(from, x);
                match from.is_signed_int() {
                    true => self.b.ins().fcvt_from_sint(kind, wide),
                    false => self.b.ins().fcvt_from_uint(kind, wide),
                }
            }
            _ if to.size_bytes() <= from.size_bytes() => self.narrowed(kind, x),
            _ if from.is_signed_int() => self.b.ins().sextend(kind, x),
            _ => self.b.ins().uextend(kind, x),
        }
    }

    /// Saturating; NaN is 0.
    fn float_to_int(&mut self, from: Scalar, to: Scalar, x: ir::Value) -> ir::Value {
        let wide = if to.size_bytes() <= 4 { types::I32 } else { types::I64 };
        let x = match to.size_bytes() < 4 {
            false => x,
            true => {
                let lowest = self.scalar_constant(from, from.bits_of_i64(to.i64_of_bits(to.min_bits())));
                let highest = self.scalar_constant(from, from.bits_of_i64(to.i64_of_bits(to.max_bits())));
                let x = self.b.ins().fmax(x, lowest);
                self.b.ins().fmin(x, highest)
            }
        };
        let converted = match to.is_signed_int() {
            true => self.b.ins().fcvt_to_sint_sat(wide, x),
            false => self.b.ins().fcvt_to_uint_sat(wide, x),
        };
        self.narrowed(clif_type(to), converted)
    }

    fn scalar_cold(
        &mut self,
        scalar: Scalar,
        function: ColdFunction,
        condition: Value,
        args: &[Value],
        otherwise: Value,
    ) -> ir::Value {
        let args: Vec<ir::Value> = args.iter().map(|&arg| self.scalar(arg)).collect();
        if self.constant(condition) == Some(1) {
            return self.call(scalar, function.address(scalar), &args);
        }
        let (condition, otherwise) = (self.scalar(condition), self.scalar(otherwise));
        let (rare, merged) = (self.b.create_block(), self.b.create_block());
        let result = self.b.append_block_param(merged, clif_type(scalar));
        self.b.set_cold_block(rare);
        self.b.ins().brif(condition, rare, &[], merged, &block_args(Some(otherwise), &[]));
        self.b.switch_to_block(rare);
        let recomputed = self.call(scalar, function.address(scalar), &args);
        self.b.ins().jump(merged, &block_args(Some(recomputed), &[]));
        self.b.switch_to_block(merged);
        result
    }

    /// Calls a C function of floats at a fixed address.
    pub(super) fn call(&mut self, scalar: Scalar, address: *const (), args: &[ir::Value]) -> ir::Value {
        let kind = clif_type(scalar);
        let key = (kind, args.len());
        let signature = match self.signatures.get(&key) {
            Some(&known) => known,
            None => {
                let mut signature = Signature::new(self.target.machine().default_call_conv());
                signature.params.extend(args.iter().map(|_| AbiParam::new(kind)));
                signature.returns.push(AbiParam::new(kind));
                let known = self.b.import_signature(signature);
                self.signatures.insert(key, known);
                known
            }
        };
        let callee = self.int(address as i64);
        let call = self.b.ins().call_indirect(signature, callee, args);
        self.b.inst_results(call)[0]
    }
}

/// The encoding of a float type, as Cranelift values.
pub(super) struct FloatLayout {
    pub(super) float: Type,
    pub(super) int: Type,
    /// Stored bits of the mantissa.
    pub(super) mantissa: i64,
    /// Bits of 1.0.
    pub(super) one: i64,
    /// Bits of `1.5 · 2^mantissa`: adding it puts an integer into the low bits.
    pub(super) magic: u64,
}

impl FloatLayout {
    pub(super) fn of(scalar: Scalar) -> FloatLayout {
        match scalar {
            Scalar::F32 => FloatLayout {
                float: types::F32,
                int: types::I32,
                mantissa: 23,
                one: i64::from(1_f32.to_bits()),
                magic: u64::from(12_582_912_f32.to_bits()),
            },
            _ => FloatLayout {
                float: types::F64,
                int: types::I64,
                mantissa: 52,
                one: 1_f64.to_bits() as i64,
                magic: 6_755_399_441_055_744_f64.to_bits(),
            },
        }
    }
}

fn all_ones_of(wide: Type) -> i64 {
    if wide == types::I32 { i64::from(u32::MAX) } else { -1 }
}

pub(super) fn float_condition(comparison: Comparison) -> FloatCC {
    match comparison {
        Comparison::Eq => FloatCC::Equal,
        Comparison::Ne => FloatCC::NotEqual,
        Comparison::Lt => FloatCC::LessThan,
        Comparison::Le => FloatCC::LessThanOrEqual,
        Comparison::Gt => FloatCC::GreaterThan,
        Comparison::Ge => FloatCC::GreaterThanOrEqual,
    }
}

pub(super) fn int_condition(comparison: Comparison, scalar: Scalar) -> IntCC {
    let signed = scalar.is_signed_int();
    match comparison {
        Comparison::Eq => IntCC::Equal,
        Comparison::Ne => IntCC::NotEqual,
        Comparison::Lt if signed => IntCC::SignedLessThan,
        Comparison::Le if signed => IntCC::SignedLessThanOrEqual,
        Comparison::Gt if signed => IntCC::SignedGreaterThan,
        Comparison::Ge if signed => IntCC::SignedGreaterThanOrEqual,
        Comparison::Lt => IntCC::UnsignedLessThan,
        Comparison::Le => IntCC::UnsignedLessThanOrEqual,
        Comparison::Gt => IntCC::UnsignedGreaterThan,
        Comparison::Ge => IntCC::UnsignedGreaterThanOrEqual,
    }
}
