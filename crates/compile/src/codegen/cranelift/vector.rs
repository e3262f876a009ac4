//! Operations on held vectors.

use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData, types};
use gradus_kernel::{Op, Scalar, Value};
use smallvec::SmallVec;

use super::emit::{Emitter, block_args, clif_type};
use super::held::{Form, Held, Registers, Vector, element_bits};

impl Emitter<'_, '_> {
    /// Number of registers of a form in the group that is being emitted.
    pub(super) fn num_registers(&self, form: Form) -> usize {
        self.lanes.div_ceil(form.lanes())
    }

    /// An operand as a vector; a bool may be either mask.
    pub(super) fn vector(&mut self, value: Value) -> Vector {
        match self.held(value) {
            Held::Vector(vector) => vector.clone(),
            &Held::Constant(scalar, bits) => self.constant_vector(scalar, bits),
            &Held::Scalar(held) => match self.splats.get(&value) {
                Some(splat) => splat.clone(),
                None => self.splat(self.kernel.scalar(value), held),
            },
            Held::LaneIndex => {
                let group = self.group.as_ref().expect("internal: a lane index outside a group");
                group.indices.clone().expect("internal: a lane index that was not made")
            }
        }
    }

    /// An operand in its type's own form: a bool as the narrow mask.
    pub(super) fn plain_vector(&mut self, value: Value) -> Vector {
        let vector = self.vector(value);
        match vector.form {
            Form::Mask64 => self.mask_as(vector, Form::Mask32),
            _ => vector,
        }
    }

    /// A bool as the mask for values of a form.
    pub(super) fn mask(&mut self, value: Value, form: Form) -> Vector {
        let vector = self.vector(value);
        self.mask_as(vector, form.mask())
    }

    /// A mask in the other width.
    pub(super) fn mask_as(&mut self, mask: Vector, form: Form) -> Vector {
        let registers = match (mask.form, form) {
            (from, to) if from == to => mask.registers,
            (Form::Mask32, _) => {
                let halves = |&x: &ir::Value| [self.b.ins().swiden_low(x), self.b.ins().swiden_high(x)];
                let mut registers: Registers = mask.registers.iter().flat_map(halves).collect();
                registers.truncate(self.num_registers(form));
                registers
            }
            _ => self.even_halves(&mask.registers),
        };
        Vector { form, registers }
    }

    /// The low 32 bits of each 64-bit lane.
    pub(super) fn even_halves(&mut self, registers: &[ir::Value]) -> Registers {
        registers
            .chunks(2)
            .map(|pair| {
                let low = self.bitcast(types::I8X16, pair[0]);
                let high = self.bitcast(types::I8X16, pair[pair.len() - 1]);
                let even =
                    self.shuffle(low, high, [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27]);
                self.bitcast(types::I32X4, even)
            })
            .collect()
    }

    pub(super) fn shuffle(&mut self, x: ir::Value, y: ir::Value, bytes: [u8; 16]) -> ir::Value {
        let bytes = self.b.func.dfg.immediates.push(ir::ConstantData::from(&bytes[..]));
        self.b.ins().shuffle(x, y, bytes)
    }

    /// One value in all lanes.
    pub(super) fn splat(&mut self, scalar: Scalar, x: ir::Value) -> Vector {
        let form = Form::of(scalar);
        let lane = match scalar {
            Scalar::Bool => {
                let wide = self.b.ins().uextend(types::I32, x);
                self.b.ins().ineg(wide)
            }
            Scalar::F32 | Scalar::F64 | Scalar::I64 | Scalar::U64 => x,
            _ => self.at_least_32_bits(scalar, x),
        };
        let register = self.b.ins().splat(form.clif(), lane);
        Vector { form, registers: SmallVec::from_elem(register, self.num_registers(form)) }
    }

    pub(super) fn constant_vector(&mut self, scalar: Scalar, bits: u64) -> Vector {
        let form = Form::of(scalar);
        let lane = element_bits(scalar, bits);
        // Each register reads the constant anew: as the memory operand of its instruction it costs nothing, while
        // the dozens of constants of a transcendental function do not fit into the registers.
        let registers = (0..self.num_registers(form)).map(|_| self.constant_register(form, lane)).collect();
        Vector { form, registers }
    }

    /// A register with the same bits in each lane.
    pub(super) fn constant_register(&mut self, form: Form, lane: u64) -> ir::Value {
        let mut bytes = [0; 16];
        let size = 16 / form.lanes();
        for chunk in bytes.chunks_mut(size) {
            chunk.copy_from_slice(&lane.to_le_bytes()[..size]);
        }
        self.constant_register_of(form, bytes)
    }

    pub(super) fn constant_register_of(&mut self, form: Form, bytes: [u8; 16]) -> ir::Value {
        if bytes == [0; 16] || bytes == [0xFF; 16] {
            let constant = self.b.func.dfg.constants.insert(ir::ConstantData::from(&bytes[..]));
            return self.b.ins().vconst(form.clif(), constant);
        }
        let offset = self.constants.offset(bytes);
        let flags = MemFlagsData::trusted().with_readonly().with_can_move();
        self.b.ins().load(form.clif(), flags, self.constants_pointer, offset)
    }

    /// Applies an instruction register by register.
    pub(super) fn map(
        &mut self,
        form: Form,
        x: &Vector,
        mut instruction: impl FnMut(&mut Self, ir::Value) -> ir::Value,
    ) -> Vector {
        Vector { form, registers: x.registers.iter().map(|&x| instruction(self, x)).collect() }
    }

    /// Applies an instruction of two operands register by register.
    pub(super) fn zip(
        &mut self,
        form: Form,
        x: &Vector,
        y: &Vector,
        mut instruction: impl FnMut(&mut Self, ir::Value, ir::Value) -> ir::Value,
    ) -> Vector {
        let pairs = x.registers.iter().zip(&y.registers);
        Vector { form, registers: pairs.map(|(&x, &y)| instruction(self, x, y)).collect() }
    }

    /// `x` where the mask is set, else `y`; all of one lane width.
    pub(super) fn blend(&mut self, mask: ir::Value, x: ir::Value, y: ir::Value) -> ir::Value {
        let kind = self.b.func.dfg.value_type(x);
        let int = if kind.lane_count() == 4 { types::I32X4 } else { types::I64X2 };
        let (x, y) = (self.bitcast(int, x), self.bitcast(int, y));
        let mask = self.bitcast(int, mask);
        let blended = match cfg!(target_arch = "x86_64") {
            true => self.b.ins().blendv(mask, x, y),
            false => self.b.ins().bitselect(mask, x, y),
        };
        self.bitcast(kind, blended)
    }

    /// One lane of a value, as a scalar of its type.
    pub(super) fn lane(&mut self, scalar: Scalar, vector: &Vector, lane: usize) -> ir::Value {
        let per_register = vector.form.lanes();
        let register = vector.registers[lane / per_register];
        let element = self.b.ins().extractlane(register, (lane % per_register) as u8);
        self.scalar_of_element(scalar, element)
    }

    /// The element of a register as a scalar of its type.
    pub(super) fn scalar_of_element(&mut self, scalar: Scalar, element: ir::Value) -> ir::Value {
        match scalar {
            Scalar::Bool => {
                let byte = self.b.ins().ireduce(types::I8, element);
                self.b.ins().band_imm_u(byte, 1)
            }
            _ => match clif_type(scalar) {
                narrow @ (types::I8 | types::I16) => self.b.ins().ireduce(narrow, element),
                _ => element,
            },
        }
    }

    /// A scalar as the element of a register.
    pub(super) fn element(&mut self, scalar: Scalar, x: ir::Value) -> ir::Value {
        match scalar {
            Scalar::Bool => {
                let wide = self.b.ins().uextend(types::I32, x);
                self.b.ins().ineg(wide)
            }
            Scalar::F32 | Scalar::F64 => x,
            _ => self.at_least_32_bits(scalar, x),
        }
    }

    /// A vector from one scalar for each lane; lanes beyond them are zero.
    pub(super) fn vector_of_lanes(&mut self, scalar: Scalar, lanes: &[ir::Value]) -> Vector {
        let form = Form::of(scalar);
        let registers = lanes
            .chunks(form.lanes())
            .map(|lanes| {
                let first = self.element(scalar, lanes[0]);
                let mut register = self.b.ins().scalar_to_vector(form.clif(), first);
                for (k, &lane) in lanes.iter().enumerate().skip(1) {
                    let element = self.element(scalar, lane);
                    register = self.b.ins().insertlane(register, element, k as u8);
                }
                register
            })
            .collect();
        Vector { form, registers }
    }

    /// An operation without a vector form: lane by lane.
    pub(super) fn lane_by_lane(&mut self, scalar: Scalar, op: &Op) -> Vector {
        let mut operands: Vec<(Value, Vector)> = Vec::new();
        op.for_each_operand(|operand| {
            if self.varies(operand) && !operands.iter().any(|(known, _)| *known == operand) {
                let vector = self.vector(operand);
                operands.push((operand, vector));
            }
        });
        let restore: Vec<Option<Held>> = operands.iter().map(|(v, _)| self.held[v.index()].clone()).collect();
        let num_lanes = self.lanes;
        let mut lanes = Vec::with_capacity(num_lanes);
        for lane in 0..num_lanes {
            for (operand, vector) in &operands {
                let element = self.lane(self.kernel.scalar(*operand), vector, lane);
                self.hold(*operand, Held::Scalar(element));
            }
            lanes.push(self.scalar_op(scalar, op));
        }
        for ((operand, _), held) in operands.iter().zip(restore) {
            self.held[operand.index()] = held;
        }
        self.vector_of_lanes(scalar, &lanes)
    }

    /// Recomputes all lanes by calls if the condition holds in any.
    pub(super) fn vector_cold(&mut self, scalar: Scalar, op: &Op) -> Vector {
        let Op::Cold { function, condition, args, otherwise } = op else {
            panic!("internal: not a cold operation");
        };
        let always = self.constant(*condition) == Some(1);
        let operands: Vec<Vector> = args.iter().map(|&arg| self.vector(arg)).collect();
        let otherwise = self.vector(*otherwise);
        let mask = self.mask(*condition, otherwise.form);
        let (rare, merged) = (self.b.create_block(), self.b.create_block());
        let kind = otherwise.form.clif();
        let results: Registers =
            otherwise.registers.iter().map(|_| self.b.append_block_param(merged, kind)).collect();
        if always {
            self.b.ins().jump(rare, &[]);
        } else {
            let mut any = mask.registers[0];
            for &register in &mask.registers[1..] {
                any = self.b.ins().bor(any, register);
            }
            let any = self.b.ins().vany_true(any);
            self.b.set_cold_block(rare);
            self.b.ins().brif(any, rare, &[], merged, &block_args(None, &otherwise.registers));
        }
        self.b.switch_to_block(rare);
        let num_lanes = self.lanes;
        let mut lanes = Vec::with_capacity(num_lanes);
        for lane in 0..num_lanes {
            let operands: Vec<ir::Value> = operands.iter().map(|x| self.lane(scalar, x, lane)).collect();
            lanes.push(self.call(scalar, function.address(scalar), &operands));
        }
        let mut recomputed = self.vector_of_lanes(scalar, &lanes);
        if !always {
            for (k, register) in recomputed.registers.iter_mut().enumerate() {
                *register = self.blend(mask.registers[k], *register, otherwise.registers[k]);
            }
        }
        self.b.ins().jump(merged, &block_args(None, &recomputed.registers));
        self.b.switch_to_block(merged);
        Vector { form: otherwise.form, registers: results }
    }
}
