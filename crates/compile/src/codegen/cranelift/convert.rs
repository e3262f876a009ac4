//! Conversions between lane types on vectors.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{self, InstBuilder, types};
use gradus_kernel::{Op, Scalar, Value};

use super::emit::Emitter;
use super::held::{Form, Registers, Vector};

impl Emitter<'_, '_> {
    pub(super) fn vector_convert(&mut self, to: Scalar, operand: Value, op: &Op) -> Vector {
        let from = self.kernel.scalar(operand);
        let x = self.vector(operand);
        let form = Form::of(to);
        match (Form::of(from), form) {
            (Form::Mask32, _) => self.mask_to_number(to, x),
            (_, Form::Mask32) => self.nonzero_mask(from, x),
            (Form::F32, Form::F64) => self.widened(form, &x, |e, x| e.b.ins().fvpromote_low(x)),
            (Form::F64, Form::F32) => {
                let demoted = self.map(Form::F32, &x, |e, x| e.b.ins().fvdemote(x));
                Vector { form, registers: self.low_halves(&demoted.registers) }
            }
            (Form::Int32, Form::Int32) => self.wrapped(to, x),
            (Form::Int32, Form::Int64) => self.widened_int(from, &x),
            (Form::Int64, Form::Int32) => {
                let cut = Vector { form, registers: self.even_halves(&x.registers) };
                self.wrapped(to, cut)
            }
            (Form::Int64, Form::Int64) => x,
            (Form::Int32, Form::F32) if from == Scalar::U32 => {
                self.map(form, &x, |e, x| e.b.ins().fcvt_from_uint(types::F32X4, x))
            }
            (Form::Int32, Form::F32) => self.map(form, &x, |e, x| e.b.ins().fcvt_from_sint(types::F32X4, x)),
            (Form::Int32, Form::F64) if from == Scalar::U32 => self.widened(form, &x, |e, x| {
                let wide = e.b.ins().uwiden_low(x);
                e.b.ins().fcvt_from_uint(types::F64X2, wide)
            }),
            (Form::Int32, Form::F64) => self.widened(form, &x, |e, x| {
                let wide = e.b.ins().swiden_low(x);
                e.b.ins().fcvt_from_sint(types::F64X2, wide)
            }),
            (Form::F32, Form::Int32) => self.float_to_int32(from, to, x),
            // 64-bit integers against floats, and F64 to 32 bits: there is no such instruction.
            _ => self.lane_by_lane(to, op),
        }
    }

    /// Truth values as 0 or 1.
    fn mask_to_number(&mut self, to: Scalar, x: Vector) -> Vector {
        let form = Form::of(to);
        let mask = self.mask_as(x, form.mask());
        if to == Scalar::Bool {
            return mask;
        }
        let one = to.bits_of_i64(1);
        self.map(form, &mask, |e, x| {
            let one = e.constant_register(form.int(), one);
            let bits = e.b.ins().band(x, one);
            e.bitcast(form.clif(), bits)
        })
    }

    /// `x != 0`.
    fn nonzero_mask(&mut self, from: Scalar, x: Vector) -> Vector {
        let form = x.form;
        self.map(form.mask(), &x, |e, x| {
            let zero = e.constant_register(form, 0);
            match from.is_float() {
                true => e.b.ins().fcmp(FloatCC::NotEqual, x, zero),
                false => e.b.ins().icmp(IntCC::NotEqual, x, zero),
            }
        })
    }

    /// Applies an instruction that widens the low two lanes to the low and the high half of each register.
    fn widened(
        &mut self,
        form: Form,
        x: &Vector,
        mut instruction: impl FnMut(&mut Self, ir::Value) -> ir::Value,
    ) -> Vector {
        let mut registers = Registers::new();
        for &register in &x.registers {
            let high = self.high_half(register);
            registers.push(instruction(self, register));
            registers.push(instruction(self, high));
        }
        registers.truncate(self.num_registers(form));
        Vector { form, registers }
    }

    fn widened_int(&mut self, from: Scalar, x: &Vector) -> Vector {
        let halves = |&x: &ir::Value| match from.is_signed_int() {
            true => [self.b.ins().swiden_low(x), self.b.ins().swiden_high(x)],
            false => [self.b.ins().uwiden_low(x), self.b.ins().uwiden_high(x)],
        };
        let mut registers: Registers = x.registers.iter().flat_map(halves).collect();
        registers.truncate(self.num_registers(Form::Int64));
        Vector { form: Form::Int64, registers }
    }

    /// The low halves of each pair of registers as one register.
    fn low_halves(&mut self, registers: &[ir::Value]) -> Registers {
        registers
            .chunks(2)
            .map(|pair| {
                let kind = self.b.func.dfg.value_type(pair[0]);
                let [low, high] = [pair[0], pair[pair.len() - 1]].map(|x| self.bitcast(types::I8X16, x));
                let joined =
                    self.shuffle(low, high, [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);
                self.bitcast(kind, joined)
            })
            .collect()
    }

    /// Saturating; NaN is 0.
    fn float_to_int32(&mut self, from: Scalar, to: Scalar, x: Vector) -> Vector {
        if to == Scalar::U32 {
            return self.map(Form::Int32, &x, |e, x| e.b.ins().fcvt_to_uint_sat(types::I32X4, x));
        }
        let limits = [to.min_bits(), to.max_bits()].map(|bits| from.bits_of_i64(to.i64_of_bits(bits)));
        self.map(Form::Int32, &x, |e, mut x| {
            if to.width() < 32 {
                // The constant comes first, so that NaN passes.
                let [lowest, highest] = limits.map(|bits| e.constant_register(Form::F32, bits));
                x = e.larger(lowest, x);
                x = e.smaller(highest, x);
            }
            e.b.ins().fcvt_to_sint_sat(types::I32X4, x)
        })
    }
}
