//! Lanes loops: groups of vector lanes, their rest one by one, and reductions in their fixed order.
//!
//! A group of lanes is emitted statement by statement. Light bodies are repeated several times in one iteration of
//! the machine loop; bodies with loops of their own get a wide group instead, so that accumulators of the inner
//! loop stay in registers. What is left over at the end is a group of fewer lanes than a register has: the same
//! instructions, of whose results only the first lanes count.

use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData, StackSlotData, StackSlotKind, types};
use gradus_kernel::{Block, Bound, Loop, LoopKind, Op, Reduction, Scalar, Statement, Term, Value};
use smallvec::SmallVec;

use super::emit::{Emitter, runs};
use super::held::{Form, Group, Held, Registers, Vector, element_bits};
use crate::codegen::isa::Isa;

/// What the body of a lanes loop is like.
#[derive(Default)]
struct Survey {
    num_operations: usize,
    has_loop: bool,
    has_64_bit: bool,
    /// Values that operations and stores read.
    operands: Vec<Value>,
}

/// One machine loop over a part of the range.
#[derive(Clone, Copy)]
struct Section {
    lanes: usize,
    /// Groups in one iteration.
    repeat: usize,
}

impl Section {
    fn step(self) -> i64 {
        (self.lanes * self.repeat) as i64
    }
}

impl Emitter<'_, '_> {
    pub(super) fn lanes_loop(&mut self, inner: &Loop, lanes: u32, reductions: &[Reduction]) {
        self.hoist_addresses(&inner.body);
        let bounds = [self.bound(inner.lower), self.bound(inner.upper)];
        let extent = match (inner.lower, inner.upper) {
            (Bound::Constant(lower), Bound::Constant(upper)) => Some(upper.saturating_sub(lower).max(0)),
            _ => None,
        };
        match (self.target.isa(), reductions.is_empty()) {
            (Isa::Scalar, true) => self.single_lanes(inner, bounds, runs(inner)),
            (Isa::Scalar, false) => self.single_lane_reduction(inner, bounds, runs(inner), lanes, reductions),
            (_, true) => self.vector_lanes(inner, bounds, extent),
            (_, false) => self.vector_reduction(inner, bounds, extent, lanes, reductions),
        }
    }

    /// Iterations one by one, without reductions.
    fn single_lanes(&mut self, inner: &Loop, bounds: [ir::Value; 2], runs: bool) {
        self.rotated_loop(bounds, 1, runs, &[], |e, counter, _| {
            e.single_iteration(inner, counter);
            Vec::new()
        });
    }

    fn single_iteration(&mut self, inner: &Loop, counter: ir::Value) {
        self.hold(inner.variable, Held::Scalar(counter));
        self.scoped(|e| e.block(&inner.body));
    }

    /// Groups of lanes, then the rest one by one, without reductions.
    fn vector_lanes(&mut self, inner: &Loop, [lower, upper]: [ir::Value; 2], extent: Option<i64>) {
        let survey = Survey::of(self.kernel, &inner.body);
        let widest = match (survey.has_loop, survey.has_64_bit) {
            (true, true) => 8,
            (true, false) => 16,
            _ => 4,
        };
        let repeat = if survey.has_loop { 1 } else { (24 / survey.num_operations.max(1)).clamp(1, 4) };
        let repeat = 1 << repeat.ilog2();
        let mut section = Section { lanes: widest, repeat };
        if let Some(extent) = extent {
            while section.step() > extent && section.step() > 4 {
                section = match section.repeat {
                    1 => Section { lanes: section.lanes / 2, repeat: 1 },
                    repeat => Section { repeat: repeat / 2, ..section },
                };
            }
            section.lanes = section.lanes.min(extent.max(1) as usize);
        }
        let mut sections: SmallVec<[Section; 3]> = SmallVec::from_elem(section, 1);
        match extent {
            // A known rest: whole registers, then one group of what is left.
            Some(extent) => {
                let rest = (extent % section.step()) as usize;
                if rest >= 4 {
                    sections.push(Section { lanes: 4, repeat: 1 });
                }
                if !rest.is_multiple_of(4) {
                    sections.push(Section { lanes: rest % 4, repeat: 1 });
                }
            }
            None => {
                if survey.has_loop || section.step() > 8 {
                    sections.push(Section { lanes: 4, repeat: 1 });
                }
                sections.push(Section { lanes: 1, repeat: 1 });
            }
        }
        let mut start = lower;
        for (k, &section) in sections.iter().enumerate() {
            let end =
                if k + 1 == sections.len() { upper } else { self.section_end(start, upper, section.step()) };
            let runs = extent.is_some_and(|extent| extent > 0);
            self.with_splats(&survey, section.lanes, |e| {
                e.rotated_loop([start, end], section.step(), runs, &[], |e, counter, _| {
                    for group in 0..section.repeat {
                        e.group(inner, &survey, counter, group * section.lanes);
                    }
                    Vec::new()
                });
            });
            start = end;
        }
    }

    /// The end of the whole steps, of a power of two, from `start` to `upper`.
    fn section_end(&mut self, start: ir::Value, upper: ir::Value, step: i64) -> ir::Value {
        let extent = self.b.ins().isub(upper, start);
        let zero = self.int(0);
        let extent = self.b.ins().smax(extent, zero);
        let whole = self.b.ins().band_imm_s(extent, -step);
        self.b.ins().iadd(start, whole)
    }

    /// Emits one group of lanes; its values stay held for reading its terms.
    fn group(&mut self, inner: &Loop, survey: &Survey, counter: ir::Value, offset: usize) {
        let base = match offset {
            0 => counter,
            _ => self.b.ins().iadd_imm_s(counter, offset as i64),
        };
        self.group = Some(Group { variable: inner.variable, base, indices: None });
        if survey.operands.contains(&inner.variable) {
            let indices = self.indices(base);
            self.group.as_mut().expect("internal: the group just made").indices = Some(indices);
        }
        self.hold(inner.variable, Held::LaneIndex);
        self.scoped(|e| e.block(&inner.body));
    }

    /// `base, base + 1, ..`
    fn indices(&mut self, base: ir::Value) -> Vector {
        let start = self.b.ins().splat(types::I64X2, base);
        let registers = (0..self.num_registers(Form::Int64) as u64)
            .map(|k| {
                let mut bytes = [0; 16];
                bytes[..8].copy_from_slice(&(2 * k).to_le_bytes());
                bytes[8..].copy_from_slice(&(2 * k + 1).to_le_bytes());
                let offsets = self.constant_register_of(Form::Int64, bytes);
                self.b.ins().iadd(start, offsets)
            })
            .collect();
        Vector { form: Form::Int64, registers }
    }

    /// Runs `body` with vectors at hand of what is the same in all lanes and known before the loop.
    fn with_splats(&mut self, survey: &Survey, lanes: usize, body: impl FnOnce(&mut Self)) {
        self.lanes = lanes;
        for &value in &survey.operands {
            if let Some(held) = self.scalar_before(value) {
                let splat = self.splat(self.kernel.scalar(value), held);
                self.splats.insert(value, splat);
            }
        }
        body(self);
        (self.group, self.lanes) = (None, 0);
        self.splats.clear();
    }

    fn vector_reduction(
        &mut self,
        inner: &Loop,
        [lower, upper]: [ir::Value; 2],
        extent: Option<i64>,
        lanes: u32,
        reductions: &[Reduction],
    ) {
        let survey = &Survey::of(self.kernel, &inner.body);
        let group_lanes = (lanes as usize).min(4);
        let repeat = (24 / survey.num_operations.max(1)).clamp(1, 4);
        let repeat = (1_usize << repeat.ilog2()).max(lanes as usize / group_lanes);
        let mut section = Section { lanes: group_lanes, repeat };
        while extent.is_some_and(|n| n < section.step()) && section.step() > i64::from(lanes) {
            section.repeat /= 2;
        }
        let step = section.step();
        let mut accumulators = Accumulators::identities(self, reductions, lanes);
        let end = self.section_end(lower, upper, step);
        // A short known rest follows without a loop.
        let rest = extent.map(|n| n % step).filter(|&rest| survey.is_small(rest as usize));
        self.with_splats(survey, group_lanes, |e| {
            if extent.is_none_or(|n| n >= step) {
                let init = accumulators.registers.clone();
                accumulators.registers =
                    e.rotated_loop([lower, end], step, extent.is_some(), &init, |e, counter, params| {
                        let mut within = accumulators.with(params);
                        for group in 0..section.repeat {
                            e.group(inner, survey, counter, group * group_lanes);
                            e.accumulate(reductions, &mut within, group * group_lanes);
                        }
                        within.registers
                    });
            }
            for offset in (0..rest.unwrap_or(0) as usize).step_by(group_lanes) {
                let left = rest.unwrap_or(0) as usize - offset;
                if left < group_lanes {
                    e.splats.clear();
                    e.lanes = left;
                }
                e.group(inner, survey, end, offset);
                e.accumulate(reductions, &mut accumulators, offset);
            }
        });
        if rest.is_none() {
            self.rest_through_memory(inner, survey, [end, upper], lanes, reductions, &mut accumulators);
        }
        for (k, reduction) in reductions.iter().enumerate() {
            let own = SmallVec::from_slice(accumulators.of(k));
            self.finish_from_registers(reduction, own, lanes);
        }
    }

    /// Combines the terms of a group, which begins `offset` iterations after a multiple of the accumulators' number,
    /// into the accumulators of all reductions.
    fn accumulate(&mut self, reductions: &[Reduction], accumulators: &mut Accumulators, offset: usize) {
        for (which, reduction) in reductions.iter().enumerate() {
            let scalar = self.kernel.scalar(reduction.init);
            let form = Form::of(scalar);
            let terms: SmallVec<[Vector; 2]> = match reduction.term {
                Term::Value(term) => SmallVec::from_elem(self.plain_vector(term), 1),
                Term::Product(x, y) => [x, y].into_iter().map(|factor| self.vector(factor)).collect(),
            };
            for k in 0..self.num_registers(form) {
                let own = accumulators.of_mut(which);
                let at = (offset / form.lanes() + k) % own.len();
                let before = own[at];
                let one = |registers: &Registers| Vector::plain(scalar, &registers[k..=k]);
                let accumulator = Vector::plain(scalar, &[before]);
                let combined = match &terms[..] {
                    [x, y] => {
                        self.accumulate_product(scalar, one(&x.registers), one(&y.registers), accumulator)
                    }
                    [x, ..] => {
                        let binary = reduction.combine.binary();
                        self.vector_binary(binary, scalar, &accumulator, &one(&x.registers))
                    }
                    [] => panic!("internal: a reduction without a term"),
                };
                // Lanes that do not exist must not count.
                let valid = self.lanes - k * form.lanes();
                let after = match valid < form.lanes() {
                    true => {
                        let mask = self.first_lanes(form, valid);
                        self.blend(mask, combined.registers[0], before)
                    }
                    false => combined.registers[0],
                };
                accumulators.of_mut(which)[at] = after;
            }
        }
    }

    /// `x · y + accumulator`, rounded once, of one register each.
    fn accumulate_product(&mut self, scalar: Scalar, x: Vector, y: Vector, accumulator: Vector) -> Vector {
        if self.target.has_fma() {
            return self.vector_fma(&[x, y, accumulator]);
        }
        let lanes: Vec<ir::Value> = (0..x.form.lanes())
            .map(|lane| {
                let operands = [&x, &y, &accumulator].map(|vector| self.lane(scalar, vector, lane));
                self.scalar_fma(scalar, operands)
            })
            .collect();
        self.vector_of_lanes(scalar, &lanes)
    }

    /// A mask of the first lanes of a register.
    fn first_lanes(&mut self, form: Form, count: usize) -> ir::Value {
        let mut bytes = [0; 16];
        bytes[..count * 16 / form.lanes()].fill(0xFF);
        self.constant_register_of(form.mask(), bytes)
    }

    /// The value of a group of one lane, or one that is the same in all lanes.
    fn first_lane(&mut self, value: Value) -> ir::Value {
        if !self.varies(value) {
            return self.scalar(value);
        }
        let vector = self.vector(value);
        self.lane(self.kernel.scalar(value), &vector, 0)
    }

    /// `combine(accumulator, term)` of one lane.
    fn combine_term(&mut self, reduction: &Reduction, accumulator: ir::Value) -> ir::Value {
        let scalar = self.kernel.scalar(reduction.init);
        match reduction.term {
            Term::Value(term) => {
                let term = self.first_lane(term);
                self.scalar_binary(reduction.combine.binary(), scalar, accumulator, term)
            }
            Term::Product(x, y) => {
                let (x, y) = (self.first_lane(x), self.first_lane(y));
                self.scalar_fma(scalar, [x, y, accumulator])
            }
        }
    }

    /// Stores the accumulators, runs the rest one by one on them in memory, and loads them again.
    fn rest_through_memory(
        &mut self,
        inner: &Loop,
        survey: &Survey,
        bounds: [ir::Value; 2],
        lanes: u32,
        reductions: &[Reduction],
        accumulators: &mut Accumulators,
    ) {
        let slots = self.accumulator_slots(lanes, reductions);
        for (k, &slot) in slots.iter().enumerate() {
            for (r, &register) in accumulators.of(k).iter().enumerate() {
                self.b.ins().store(stack_flags(), register, slot, 16 * r as i32);
            }
        }
        self.with_splats(survey, 1, |e| {
            e.rotated_loop(bounds, 1, false, &[], |e, counter, _| {
                e.group(inner, survey, counter, 0);
                e.accumulate_in_memory(bounds[0], counter, lanes, reductions, &slots);
                Vec::new()
            });
        });
        for (k, &slot) in slots.iter().enumerate() {
            for (r, register) in accumulators.of_mut(k).iter_mut().enumerate() {
                let kind = self.b.func.dfg.value_type(*register);
                *register = self.b.ins().load(kind, stack_flags(), slot, 16 * r as i32);
            }
        }
    }

    /// Iterations one by one, with accumulators in memory.
    fn single_lane_reduction(
        &mut self,
        inner: &Loop,
        bounds: [ir::Value; 2],
        runs: bool,
        lanes: u32,
        reductions: &[Reduction],
    ) {
        let slots = self.accumulator_slots(lanes, reductions);
        for (reduction, &slot) in reductions.iter().zip(&slots) {
            let scalar = self.kernel.scalar(reduction.init);
            let identity = self.scalar_constant(scalar, reduction.combine.identity(scalar));
            let element = self.element(scalar, identity);
            for lane in 0..lanes {
                self.b.ins().store(stack_flags(), element, slot, (lane * slot_size(scalar)) as i32);
            }
        }
        self.rotated_loop(bounds, 1, runs, &[], |e, counter, _| {
            e.single_iteration(inner, counter);
            e.accumulate_in_memory(bounds[0], counter, lanes, reductions, &slots);
            Vec::new()
        });
        for (reduction, &slot) in reductions.iter().zip(&slots) {
            let scalar = self.kernel.scalar(reduction.init);
            let accumulators = (0..lanes)
                .map(|lane| self.load_accumulator(scalar, slot, lane * slot_size(scalar)))
                .collect();
            self.finish(reduction, accumulators);
        }
    }

    /// Combines the terms of one iteration into the accumulators in memory that it belongs to.
    fn accumulate_in_memory(
        &mut self,
        lower: ir::Value,
        counter: ir::Value,
        lanes: u32,
        reductions: &[Reduction],
        slots: &[ir::Value],
    ) {
        let iteration = self.b.ins().isub(counter, lower);
        let lane = self.b.ins().band_imm_u(iteration, i64::from(lanes) - 1);
        for (reduction, &slot) in reductions.iter().zip(slots) {
            let scalar = self.kernel.scalar(reduction.init);
            let offset = self.scaled(lane, i64::from(slot_size(scalar)));
            let address = self.b.ins().iadd(slot, offset);
            let accumulator = self.load_accumulator(scalar, address, 0);
            let combined = self.combine_term(reduction, accumulator);
            let element = self.element(scalar, combined);
            self.b.ins().store(stack_flags(), element, address, 0);
        }
    }

    /// An accumulator from memory, where it lies as the element of a register.
    fn load_accumulator(&mut self, scalar: Scalar, address: ir::Value, offset: u32) -> ir::Value {
        let kind = Form::of(scalar).clif().lane_type();
        let element = self.b.ins().load(kind, stack_flags(), address, offset as i32);
        self.scalar_of_element(scalar, element)
    }

    /// Addresses of stack memory for the accumulators of each reduction.
    fn accumulator_slots(&mut self, lanes: u32, reductions: &[Reduction]) -> Vec<ir::Value> {
        reductions
            .iter()
            .map(|reduction| {
                let size = (slot_size(self.kernel.scalar(reduction.init)) * lanes).next_multiple_of(16);
                let data = StackSlotData::new(StackSlotKind::ExplicitSlot, size, 4);
                let slot = self.b.create_sized_stack_slot(data);
                self.b.ins().stack_addr(types::I64, slot, 0)
            })
            .collect()
    }

    /// The fixed tree over accumulators in registers: halves of registers first, then lanes.
    fn finish_from_registers(&mut self, reduction: &Reduction, registers: Registers, lanes: u32) {
        let scalar = self.kernel.scalar(reduction.init);
        let binary = reduction.combine.binary();
        let mut vector = Vector { form: Form::of(scalar), registers };
        while vector.registers.len() > 1 {
            let (lower, upper) = vector.registers.split_at(vector.registers.len() / 2);
            let (lower, upper) = (Vector::plain(scalar, lower), Vector::plain(scalar, upper));
            vector = self.vector_binary(binary, scalar, &lower, &upper);
        }
        let lanes = vector.form.lanes().min(lanes as usize);
        let lanes = (0..lanes).map(|lane| self.lane(scalar, &vector, lane)).collect();
        self.finish(reduction, lanes);
    }

    fn finish(&mut self, reduction: &Reduction, mut accumulators: Vec<ir::Value>) {
        let scalar = self.kernel.scalar(reduction.init);
        let binary = reduction.combine.binary();
        while accumulators.len() > 1 {
            let upper = accumulators.split_off(accumulators.len() / 2);
            for (lower, upper) in accumulators.iter_mut().zip(upper) {
                *lower = self.scalar_binary(binary, scalar, *lower, upper);
            }
        }
        let init = self.scalar(reduction.init);
        let result = self.scalar_binary(binary, scalar, init, accumulators[0]);
        self.hold(reduction.result, Held::Scalar(result));
    }
}

/// The accumulators of several reductions, in registers.
struct Accumulators {
    registers: Vec<ir::Value>,
    /// How many registers each reduction has.
    shapes: SmallVec<[usize; 4]>,
}

impl Accumulators {
    /// Every lane at the identity of its reduction.
    fn identities(emitter: &mut Emitter<'_, '_>, reductions: &[Reduction], lanes: u32) -> Accumulators {
        let mut accumulators = Accumulators { registers: Vec::new(), shapes: SmallVec::new() };
        for reduction in reductions {
            let scalar = emitter.kernel.scalar(reduction.init);
            let form = Form::of(scalar);
            let element = element_bits(scalar, reduction.combine.identity(scalar));
            let register = emitter.constant_register(form, element);
            let count = (lanes as usize).div_ceil(form.lanes());
            accumulators.registers.extend(std::iter::repeat_n(register, count));
            accumulators.shapes.push(count);
        }
        accumulators
    }

    /// As many accumulators, in other registers.
    fn with(&self, registers: &[ir::Value]) -> Accumulators {
        Accumulators { registers: registers.to_vec(), shapes: self.shapes.clone() }
    }

    fn start(&self, which: usize) -> usize {
        self.shapes[..which].iter().sum()
    }

    fn of(&self, which: usize) -> &[ir::Value] {
        let start = self.start(which);
        &self.registers[start..start + self.shapes[which]]
    }

    fn of_mut(&mut self, which: usize) -> &mut [ir::Value] {
        let start = self.start(which);
        &mut self.registers[start..start + self.shapes[which]]
    }
}

/// Bytes of one accumulator in memory: as an element of its register.
fn slot_size(scalar: Scalar) -> u32 {
    Form::of(scalar).clif().lane_type().bytes()
}

fn stack_flags() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

impl Survey {
    fn of(kernel: &gradus_kernel::Kernel, body: &Block) -> Survey {
        let mut survey = Survey::default();
        survey.visit(kernel, body);
        survey
    }

    /// Is the code of a rest of so many lanes, written out, small enough?
    fn is_small(&self, rest: usize) -> bool {
        rest.div_ceil(4) * self.num_operations.max(1) <= 200 && !self.has_loop
    }

    fn visit(&mut self, kernel: &gradus_kernel::Kernel, block: &Block) {
        for statement in &block.statements {
            match statement {
                Statement::Let { op: Op::Constant { .. }, .. } => {}
                Statement::Let { value, op } => {
                    self.num_operations += if matches!(op, Op::Cold { .. }) { 8 } else { 1 };
                    self.has_64_bit |= kernel.scalar(*value).size_bytes() == 8;
                    op.for_each_operand(|operand| self.read(operand));
                }
                Statement::Load { value, .. } => {
                    self.num_operations += 1;
                    self.has_64_bit |= kernel.scalar(*value).size_bytes() == 8;
                }
                Statement::Store { value, .. } => {
                    self.num_operations += 1;
                    self.read(*value);
                }
                Statement::Loop(inner) => {
                    self.has_loop = true;
                    if let LoopKind::Serial(carried) = &inner.kind {
                        for carried in carried {
                            self.read(carried.init);
                            self.read(carried.next);
                        }
                    }
                    self.visit(kernel, &inner.body);
                }
                _ => panic!("internal: a branch within a lanes loop"),
            }
        }
    }

    fn read(&mut self, value: Value) {
        if !self.operands.contains(&value) {
            self.operands.push(value);
        }
    }
}
