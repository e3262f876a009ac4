//! Loads and stores: contiguous vectors, and lanes one by one where the index jumps.
//!
//! Nothing is assumed of alignment, and no access can trap: addresses are the caller's promise.

use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData, types};
use gradus_kernel::{BufferId, Index, Scalar, Value};
use smallvec::SmallVec;

use super::emit::{Emitter, clif_type};
use super::held::{Form, Held, Registers, Vector};

/// Where the lanes of a group lie.
enum Place {
    /// One after the other from an address.
    Contiguous(ir::Value, i32),
    /// Each at its own address.
    Scattered(SmallVec<[(ir::Value, i32); 4]>),
}

fn flags() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

impl Emitter<'_, '_> {
    pub(super) fn scalar_load(&mut self, buffer: BufferId, index: &Index) -> ir::Value {
        let (address, displacement) = self.uniform_address(buffer, index);
        let kind = clif_type(self.kernel.buffers()[buffer.index()].scalar);
        self.b.ins().load(kind, flags(), address, displacement)
    }

    pub(super) fn scalar_store(&mut self, buffer: BufferId, index: &Index, value: Value) {
        let (address, displacement) = self.uniform_address(buffer, index);
        let value = self.scalar(value);
        self.b.ins().store(flags(), value, address, displacement);
    }

    /// The address of the part of an index that is the same in all lanes, and a constant displacement.
    ///
    /// The innermost term stays a separate addition, which becomes part of the addressing mode.
    fn uniform_address(&mut self, buffer: BufferId, index: &Index) -> (ir::Value, i32) {
        let terms = index.terms().iter().copied().filter(|term| !self.varies(term.0)).collect();
        let pointer = self.pointer(buffer, terms);
        self.displaced(buffer, pointer, index.constant_part())
    }

    /// `pointer` moved by `elements`, as a displacement if it fits.
    fn displaced(&mut self, buffer: BufferId, pointer: ir::Value, elements: i64) -> (ir::Value, i32) {
        let size = self.kernel.buffers()[buffer.index()].scalar.size_bytes() as i64;
        let bytes = elements.wrapping_mul(size);
        // Room is left for the lanes of a group.
        match i32::try_from(bytes) {
            Ok(displacement) if displacement.unsigned_abs() < 1 << 30 => (pointer, displacement),
            _ => (self.b.ins().iadd_imm_s(pointer, bytes), 0),
        }
    }

    fn place(&mut self, buffer: BufferId, index: &Index) -> Place {
        let size = self.kernel.buffers()[buffer.index()].scalar.size_bytes() as i64;
        let (address, displacement) = self.uniform_address(buffer, index);
        let group = self.group.as_ref().expect("internal: a vector access outside a group");
        let (variable, base, num_lanes) = (group.variable, group.base, self.lanes);
        let stride = index.coefficient(variable);
        let gathers: Vec<(Vector, i64)> = index
            .terms()
            .iter()
            .filter(|term| matches!(self.held(term.0), Held::Vector(_)))
            .map(|&(value, coefficient)| (value, coefficient))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|(value, coefficient)| (self.vector(value), coefficient))
            .collect();
        let bytes = self.scaled(base, stride.wrapping_mul(size));
        let start = if stride == 0 { address } else { self.b.ins().iadd(address, bytes) };
        let whole_registers = num_lanes.is_multiple_of(4);
        if stride == 1 && gathers.is_empty() && whole_registers {
            return Place::Contiguous(start, displacement);
        }
        let far = stride.unsigned_abs() > 1 << 20;
        let mut places = SmallVec::new();
        for lane in 0..num_lanes {
            let step = (lane as i64).wrapping_mul(stride).wrapping_mul(size);
            let (mut at, mut displacement) = (start, displacement);
            if far {
                at = self.b.ins().iadd_imm_s(at, step);
            } else {
                displacement += step as i32;
            }
            for (vector, coefficient) in &gathers {
                let element = self.lane(Scalar::I64, vector, lane);
                let bytes = self.scaled(element, coefficient.wrapping_mul(size));
                at = self.b.ins().iadd(at, bytes);
            }
            places.push((at, displacement));
        }
        Place::Scattered(places)
    }

    pub(super) fn vector_load(&mut self, buffer: BufferId, index: &Index) -> Vector {
        let scalar = self.kernel.buffers()[buffer.index()].scalar;
        match self.place(buffer, index) {
            Place::Contiguous(start, displacement) => {
                let form = Form::of(scalar);
                let step = (form.lanes() * scalar.size_bytes()) as i32;
                let registers: Registers = (0..self.num_registers(form) as i32)
                    .map(|k| self.load_register(scalar, start, displacement + k * step))
                    .collect();
                Vector { form, registers }
            }
            Place::Scattered(places) => {
                let kind = clif_type(scalar);
                let lanes: Vec<ir::Value> = places
                    .iter()
                    .map(|&(at, displacement)| self.b.ins().load(kind, flags(), at, displacement))
                    .collect();
                self.vector_of_lanes(scalar, &lanes)
            }
        }
    }

    /// One register of contiguous elements.
    fn load_register(&mut self, scalar: Scalar, start: ir::Value, displacement: i32) -> ir::Value {
        match scalar {
            Scalar::I16 => self.b.ins().sload16x4(flags(), start, displacement),
            Scalar::U16 => self.b.ins().uload16x4(flags(), start, displacement),
            Scalar::I8 | Scalar::U8 | Scalar::Bool => {
                let four = self.b.ins().load(types::I32, flags(), start, displacement);
                let bytes = self.b.ins().scalar_to_vector(types::I32X4, four);
                let bytes = self.bitcast(types::I8X16, bytes);
                if scalar == Scalar::I8 {
                    let halves = self.b.ins().swiden_low(bytes);
                    return self.b.ins().swiden_low(halves);
                }
                let halves = self.b.ins().uwiden_low(bytes);
                let words = self.b.ins().uwiden_low(halves);
                if scalar == Scalar::Bool { self.b.ins().ineg(words) } else { words }
            }
            _ => self.b.ins().load(Form::of(scalar).clif(), flags(), start, displacement),
        }
    }

    pub(super) fn vector_store(&mut self, buffer: BufferId, index: &Index, value: Value) {
        let scalar = self.kernel.buffers()[buffer.index()].scalar;
        let vector = self.plain_vector(value);
        match self.place(buffer, index) {
            Place::Contiguous(start, displacement) => {
                let step = (vector.form.lanes() * scalar.size_bytes()) as i32;
                for (k, &register) in vector.registers.iter().enumerate() {
                    self.store_register(scalar, register, start, displacement + k as i32 * step);
                }
            }
            Place::Scattered(places) => {
                for (lane, &(at, displacement)) in places.iter().enumerate() {
                    let element = self.lane(scalar, &vector, lane);
                    self.b.ins().store(flags(), element, at, displacement);
                }
            }
        }
    }

    /// Stores one register as contiguous elements. Narrow integers are within their range, so that the saturating
    /// instructions keep them as they are.
    fn store_register(&mut self, scalar: Scalar, register: ir::Value, start: ir::Value, displacement: i32) {
        let packed = match scalar {
            Scalar::I16 => {
                let halves = self.b.ins().snarrow(register, register);
                self.low_element(types::I64X2, halves)
            }
            Scalar::U16 => {
                let halves = self.b.ins().unarrow(register, register);
                self.low_element(types::I64X2, halves)
            }
            Scalar::I8 | Scalar::Bool => {
                let halves = self.b.ins().snarrow(register, register);
                let bytes = self.b.ins().snarrow(halves, halves);
                let four = self.low_element(types::I32X4, bytes);
                if scalar == Scalar::Bool { self.b.ins().band_imm_u(four, 0x0101_0101) } else { four }
            }
            Scalar::U8 => {
                let halves = self.b.ins().snarrow(register, register);
                let bytes = self.b.ins().unarrow(halves, halves);
                self.low_element(types::I32X4, bytes)
            }
            _ => register,
        };
        self.b.ins().store(flags(), packed, start, displacement);
    }

    fn low_element(&mut self, kind: ir::Type, register: ir::Value) -> ir::Value {
        let register = self.bitcast(kind, register);
        self.b.ins().extractlane(register, 0)
    }
}
