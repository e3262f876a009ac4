//! Lanes loops: groups of vector lanes, their rest one by one, and reductions in their fixed order.
//!
//! A group of lanes is emitted statement by statement. Light bodies are repeated several times in one iteration of
//! the machine loop; bodies with loops of their own get a wide group instead, so that accumulators of the inner
//! loop stay in registers. What is left over runs through the same operations on one lane.

use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData, StackSlotData, StackSlotKind, types};
use gradus_kernel::{Block, Bound, Loop, LoopKind, Op, Reduction, Scalar, Statement, Term, Value};
use smallvec::SmallVec;

use super::emit::{Emitter, Held, clif_type, runs};
use super::isa::Level;
use super::vector::{Form, Registers, Vector};

/// The lanes that are being emitted at once.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The loop's variable.
    pub(super) variable: Value,
    /// Index of the first lane.
    pub(super) base: ir::Value,
    /// The variable as a vector, if the body reads it as a value.
    pub(super) indices: Option<Vector>,
}

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
        let fits = |r: &Reduction| lanes as usize >= Form::of(self.kernel.scalar(r.init)).lanes();
        let vectors =
            self.isa.level() != Level::Scalar && reductions.iter().all(fits) && extent.is_none_or(|n| n >= 4);
        match (vectors, reductions.is_empty()) {
            (false, true) => self.single_lanes(inner, bounds, runs(inner)),
            (true, true) => self.vector_lanes(inner, bounds, extent),
            (false, false) => {
                let accumulators = self.accumulator_slots(lanes, reductions);
                self.fill_with_identities(lanes, reductions, &accumulators);
                self.single_reduction(inner, bounds, runs(inner), lanes, reductions, &accumulators);
                for (reduction, &slot) in reductions.iter().zip(&accumulators) {
                    self.finish_from_slot(reduction, lanes, slot);
                }
            }
            (true, false) => self.vector_reduction(inner, bounds, extent, lanes, reductions),
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
        let mut sections: SmallVec<[Section; 2]> = SmallVec::new();
        let widest = match (survey.has_loop, survey.has_64_bit) {
            (true, true) => 8,
            (true, false) => 16,
            _ => 4,
        };
        let repeat = if survey.has_loop { 1 } else { (24 / survey.num_operations.max(1)).clamp(1, 4) };
        let repeat = 1 << repeat.ilog2();
        let mut left = extent.unwrap_or(i64::MAX);
        let mut section = Section { lanes: widest, repeat };
        while section.step() > left {
            section = if section.repeat > 1 {
                Section { repeat: section.repeat / 2, ..section }
            } else {
                Section { lanes: section.lanes / 2, ..section }
            };
        }
        sections.push(section);
        left = if extent.is_some() { left % section.step() } else { section.step() - 1 };
        if section.step() > 4 && left >= 4 && (extent.is_some() || survey.has_loop) {
            sections.push(Section { lanes: 4, repeat: 1 });
            left = if extent.is_some() { left % 4 } else { 3 };
        }
        let mut start = lower;
        for section in sections {
            let end = self.section_end(start, upper, section.step());
            let runs = extent.is_some();
            self.with_splats(&survey, section.lanes, |e| {
                e.rotated_loop([start, end], section.step(), runs, &[], |e, counter, _| {
                    for group in 0..section.repeat {
                        e.group(inner, &survey, section.lanes, counter, group);
                    }
                    Vec::new()
                });
            });
            start = end;
        }
        if left > 0 {
            self.single_lanes(inner, [start, upper], extent.is_some());
        }
    }

    /// The end of the whole steps from `start` to `upper`.
    fn section_end(&mut self, start: ir::Value, upper: ir::Value, step: i64) -> ir::Value {
        let extent = self.b.ins().isub(upper, start);
        let zero = self.int(0);
        let extent = self.b.ins().smax(extent, zero);
        let whole = self.b.ins().band_imm_s(extent, -step);
        self.b.ins().iadd(start, whole)
    }

    /// Emits one group of lanes; its values stay held for reading its terms.
    fn group(&mut self, inner: &Loop, survey: &Survey, lanes: usize, counter: ir::Value, group: usize) {
        let base = match group * lanes {
            0 => counter,
            offset => self.b.ins().iadd_imm_s(counter, offset as i64),
        };
        self.group = Some(Group { variable: inner.variable, base, indices: None });
        if survey.operands.contains(&inner.variable) {
            let indices = self.indices(base, lanes);
            self.group.as_mut().expect("internal: the group just made").indices = Some(indices);
        }
        self.hold(inner.variable, Held::LaneIndex);
        self.scoped(|e| e.block(&inner.body));
    }

    /// `base, base + 1, ..`
    fn indices(&mut self, base: ir::Value, lanes: usize) -> Vector {
        let start = self.b.ins().splat(types::I64X2, base);
        let registers = (0..lanes as u64 / 2)
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
        let survey = Survey::of(self.kernel, &inner.body);
        let group_lanes = 4;
        let repeat = (24 / survey.num_operations.max(1)).clamp(1, 4);
        let repeat = (1_usize << repeat.ilog2()).max(lanes as usize / group_lanes);
        let mut section = Section { lanes: group_lanes, repeat };
        while extent.is_some_and(|n| n < section.step()) && section.step() > i64::from(lanes) {
            section.repeat /= 2;
        }
        let identities: Vec<Registers> =
            reductions.iter().map(|r| self.identity_registers(r, lanes)).collect();
        let shapes: Vec<usize> = identities.iter().map(|registers| registers.len()).collect();
        let mut registers: Vec<ir::Value> = identities.into_iter().flatten().collect();
        let end = self.section_end(lower, upper, section.step());
        let survey_ref = &survey;
        let mut left = extent.map(|n| n % section.step());
        self.with_splats(survey_ref, group_lanes, |e| {
            if extent.is_none_or(|n| n >= section.step()) {
                registers = e.rotated_loop(
                    [lower, end],
                    section.step(),
                    extent.is_some(),
                    &registers,
                    |e, counter, params| {
                        let mut accumulators = params.to_vec();
                        for group in 0..section.repeat {
                            e.group(inner, survey_ref, group_lanes, counter, group);
                            e.accumulate(reductions, &shapes, &mut accumulators, group);
                        }
                        accumulators
                    },
                );
            }
            // A short known rest follows without a loop.
            if let Some(rest) = left.filter(|&rest| e.rest_is_small(rest, survey_ref)) {
                for group in 0..(rest / 4) as usize {
                    e.group(inner, survey_ref, group_lanes, end, group);
                    e.accumulate(reductions, &shapes, &mut registers, group);
                }
                e.group = None;
                for k in rest / 4 * 4..rest {
                    let counter = e.b.ins().iadd_imm_s(end, k);
                    e.single_iteration(inner, counter);
                    e.accumulate_lane(reductions, &shapes, &mut registers, k as usize % lanes as usize);
                }
                left = Some(0);
            }
        });
        if left != Some(0) {
            registers = self.rest_through_memory(
                inner,
                [end, upper],
                left.is_some(),
                lanes,
                reductions,
                (&shapes, &registers),
            );
        }
        let mut rest = &registers[..];
        for (reduction, &shape) in reductions.iter().zip(&shapes) {
            let (own, others) = rest.split_at(shape);
            self.finish_from_registers(reduction, own);
            rest = others;
        }
    }

    /// Is the code of a rest, written out, small enough?
    fn rest_is_small(&self, rest: i64, survey: &Survey) -> bool {
        let groups = (rest / 4 + rest % 4) as usize;
        groups * survey.num_operations.max(1) <= 200 && !survey.has_loop
    }

    /// Combines the terms of a group into the accumulators of all reductions.
    fn accumulate(
        &mut self,
        reductions: &[Reduction],
        shapes: &[usize],
        accumulators: &mut [ir::Value],
        group: usize,
    ) {
        let mut rest = accumulators;
        for (reduction, &shape) in reductions.iter().zip(shapes) {
            let (own, others) = rest.split_at_mut(shape);
            let scalar = self.kernel.scalar(reduction.init);
            let form = Form::of(scalar);
            let per_group = self.num_registers(form);
            let terms: SmallVec<[Vector; 2]> = match reduction.term {
                Term::Value(term) => SmallVec::from_elem(self.plain_vector(term), 1),
                Term::Product(x, y) => [x, y].into_iter().map(|factor| self.vector(factor)).collect(),
            };
            for k in 0..per_group {
                let accumulator = &mut own[(group * per_group + k) % shape];
                let one = |registers: &[ir::Value]| Vector::plain(scalar, registers);
                let combined = match &terms[..] {
                    [x, y] if self.isa.has_fma() => self.vector_fma(&[
                        one(&[x.registers[k]]),
                        one(&[y.registers[k]]),
                        one(&[*accumulator]),
                    ]),
                    [x, y] => {
                        let lanes: Vec<ir::Value> = (0..form.lanes())
                            .map(|lane| {
                                let operands = [x.registers[k], y.registers[k], *accumulator]
                                    .map(|register| self.lane(scalar, &one(&[register]), lane));
                                self.scalar_fma(scalar, operands)
                            })
                            .collect();
                        self.from_lanes(scalar, &lanes)
                    }
                    [x, ..] => {
                        let binary = reduction.combine.binary();
                        self.vector_binary(binary, scalar, &one(&[*accumulator]), &one(&[x.registers[k]]))
                    }
                    [] => panic!("internal: a reduction without a term"),
                };
                *accumulator = combined.registers[0];
            }
            rest = others;
        }
    }

    /// Combines the terms of one iteration into one lane of the accumulators.
    fn accumulate_lane(
        &mut self,
        reductions: &[Reduction],
        shapes: &[usize],
        accumulators: &mut [ir::Value],
        lane: usize,
    ) {
        let mut rest = accumulators;
        for (reduction, &shape) in reductions.iter().zip(shapes) {
            let (own, others) = rest.split_at_mut(shape);
            let scalar = self.kernel.scalar(reduction.init);
            let form = Form::of(scalar);
            let register = &mut own[lane / form.lanes()];
            let within = lane % form.lanes();
            let vector = Vector::plain(scalar, &[*register]);
            let accumulator = self.lane(scalar, &vector, within);
            let combined = self.combine_term(reduction, accumulator);
            let element = self.element(scalar, combined);
            *register = self.b.ins().insertlane(*register, element, within as u8);
            rest = others;
        }
    }

    /// `combine(accumulator, term)` of one lane.
    fn combine_term(&mut self, reduction: &Reduction, accumulator: ir::Value) -> ir::Value {
        let scalar = self.kernel.scalar(reduction.init);
        match reduction.term {
            Term::Value(term) => {
                let term = self.scalar(term);
                self.scalar_binary(reduction.combine.binary(), scalar, accumulator, term)
            }
            Term::Product(x, y) => {
                let (x, y) = (self.scalar(x), self.scalar(y));
                self.scalar_fma(scalar, [x, y, accumulator])
            }
        }
    }

    fn identity_registers(&mut self, reduction: &Reduction, lanes: u32) -> Registers {
        let scalar = self.kernel.scalar(reduction.init);
        let form = Form::of(scalar);
        let bits = reduction.combine.identity(scalar);
        let lane = match scalar {
            Scalar::Bool => bits.wrapping_neg(),
            _ if scalar.is_signed_int() => scalar.i64_of_bits(bits) as u64,
            _ => bits,
        };
        let register = self.constant_register(form, lane);
        SmallVec::from_elem(register, lanes as usize / form.lanes())
    }

    /// Stores the accumulators, runs the rest one by one on them in memory, and loads them again.
    fn rest_through_memory(
        &mut self,
        inner: &Loop,
        bounds: [ir::Value; 2],
        runs: bool,
        lanes: u32,
        reductions: &[Reduction],
        (shapes, registers): (&[usize], &[ir::Value]),
    ) -> Vec<ir::Value> {
        let slots = self.accumulator_slots(lanes, reductions);
        let mut rest = registers;
        for (k, (&slot, &shape)) in slots.iter().zip(shapes).enumerate() {
            let (own, others) = rest.split_at(shape);
            let scalar = self.kernel.scalar(reductions[k].init);
            let vector = Vector::plain(scalar, own);
            let size = slot_type(scalar).bytes() as i32;
            for lane in 0..lanes as usize {
                if size < 4 {
                    let element = self.lane(scalar, &vector, lane);
                    self.b.ins().store(MemFlagsData::trusted(), element, slot, lane as i32 * size);
                }
            }
            if size >= 4 {
                for (r, &register) in own.iter().enumerate() {
                    self.b.ins().store(stack_flags(), register, slot, 16 * r as i32);
                }
            }
            rest = others;
        }
        self.single_reduction(inner, bounds, runs, lanes, reductions, &slots);
        let mut reloaded = Vec::new();
        for (reduction, &slot) in reductions.iter().zip(&slots) {
            let scalar = self.kernel.scalar(reduction.init);
            let form = Form::of(scalar);
            let kind = slot_type(scalar);
            let size = kind.bytes() as i32;
            if size < 4 {
                let elements: Vec<ir::Value> = (0..lanes as i32)
                    .map(|lane| self.b.ins().load(kind, MemFlagsData::trusted(), slot, lane * size))
                    .collect();
                reloaded.extend(self.from_lanes(scalar, &elements).registers);
            } else {
                for r in 0..lanes as i32 / form.lanes() as i32 {
                    reloaded.push(self.b.ins().load(form.clif(), stack_flags(), slot, 16 * r));
                }
            }
        }
        reloaded
    }

    /// Iterations one by one, with accumulators in memory.
    fn single_reduction(
        &mut self,
        inner: &Loop,
        bounds: [ir::Value; 2],
        runs: bool,
        lanes: u32,
        reductions: &[Reduction],
        slots: &[ir::Value],
    ) {
        let lower = bounds[0];
        self.rotated_loop(bounds, 1, runs, &[], |e, counter, _| {
            e.single_iteration(inner, counter);
            let iteration = e.b.ins().isub(counter, lower);
            let lane = e.b.ins().band_imm_u(iteration, i64::from(lanes) - 1);
            for (reduction, &slot) in reductions.iter().zip(slots) {
                let kind = slot_type(e.kernel.scalar(reduction.init));
                let offset = e.scaled(lane, i64::from(kind.bytes()));
                let address = e.b.ins().iadd(slot, offset);
                let accumulator = e.b.ins().load(kind, MemFlagsData::trusted(), address, 0);
                let combined = e.combine_term(reduction, accumulator);
                e.b.ins().store(MemFlagsData::trusted(), combined, address, 0);
            }
            Vec::new()
        });
    }

    /// Addresses of stack memory for the accumulators of each reduction.
    fn accumulator_slots(&mut self, lanes: u32, reductions: &[Reduction]) -> Vec<ir::Value> {
        reductions
            .iter()
            .map(|reduction| {
                let size = slot_type(self.kernel.scalar(reduction.init)).bytes() * lanes;
                let data = StackSlotData::new(StackSlotKind::ExplicitSlot, size, 4);
                let slot = self.b.create_sized_stack_slot(data);
                self.b.ins().stack_addr(types::I64, slot, 0)
            })
            .collect()
    }

    fn fill_with_identities(&mut self, lanes: u32, reductions: &[Reduction], slots: &[ir::Value]) {
        for (reduction, &slot) in reductions.iter().zip(slots) {
            let scalar = self.kernel.scalar(reduction.init);
            let identity = self.scalar_constant(scalar, reduction.combine.identity(scalar));
            for lane in 0..lanes {
                let offset = (lane * slot_type(scalar).bytes()) as i32;
                self.b.ins().store(MemFlagsData::trusted(), identity, slot, offset);
            }
        }
    }

    /// The fixed tree over accumulators in memory, then the initial value.
    fn finish_from_slot(&mut self, reduction: &Reduction, lanes: u32, slot: ir::Value) {
        let kind = slot_type(self.kernel.scalar(reduction.init));
        let accumulators = (0..lanes)
            .map(|lane| self.b.ins().load(kind, MemFlagsData::trusted(), slot, (lane * kind.bytes()) as i32))
            .collect();
        self.finish(reduction, accumulators);
    }

    /// The fixed tree over accumulators in registers: halves of registers first, then lanes.
    fn finish_from_registers(&mut self, reduction: &Reduction, registers: &[ir::Value]) {
        let scalar = self.kernel.scalar(reduction.init);
        let binary = reduction.combine.binary();
        let mut vector = Vector::plain(scalar, registers);
        while vector.registers.len() > 1 {
            let (lower, upper) = vector.registers.split_at(vector.registers.len() / 2);
            let (lower, upper) = (Vector::plain(scalar, lower), Vector::plain(scalar, upper));
            vector = self.vector_binary(binary, scalar, &lower, &upper);
        }
        let lanes = (0..vector.form.lanes()).map(|lane| self.lane(scalar, &vector, lane)).collect();
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

/// How an accumulator lies in memory.
fn slot_type(scalar: Scalar) -> ir::Type {
    clif_type(scalar)
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
