//! The frame of a generated function: blocks, loops, branches, and where each value is held.
//!
//! A value is held as a constant (materialised at each use), as one scalar, or, within a lanes loop, as vector
//! registers. Loops are emitted rotated, their test at the end, since Cranelift sinks loop-invariant code into
//! loops that test at the top; addresses that do not vary in a loop are computed before it.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    self, AbiParam, BlockArg, InstBuilder, MemFlagsData, SigRef, Signature, Type, UserFuncName, types,
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use gradus_kernel::{
    Block, Bound, BufferId, Carried, Index, Kernel, Loop, LoopKind, Op, Scalar, Statement, Value,
};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::held::{Group, Held, Vector};
use super::target::Target;

/// Builds the function of a kernel and returns the constants that it reads.
pub(super) fn emit(
    kernel: &Kernel,
    target: &Target,
    function: &mut ir::Function,
    builders: &mut FunctionBuilderContext,
) -> Vec<u8> {
    let mut signature = Signature::new(target.machine().default_call_conv());
    signature.params.extend([types::I64; 4].map(AbiParam::new));
    *function = ir::Function::with_name_signature(UserFuncName::user(0, 0), signature);
    let mut b = FunctionBuilder::new(function, builders);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let params: SmallVec<[ir::Value; 4]> = SmallVec::from_slice(b.block_params(entry));
    let buffers = (0..kernel.buffers().len())
        .map(|k| b.ins().load(types::I64, MemFlagsData::trusted().with_readonly(), params[0], 8 * k as i32))
        .collect();
    let mut emitter = Emitter {
        b,
        kernel,
        target,
        held: vec![None; kernel.num_values()],
        depths: depths(kernel),
        depth: 0,
        buffers,
        pointers: Vec::new(),
        constants: ConstantTable::default(),
        constants_pointer: params[3],
        group: None,
        lanes: 0,
        splats: FxHashMap::default(),
        signatures: FxHashMap::default(),
    };
    for (value, &param) in kernel.range().into_iter().zip(&params[1..3]) {
        emitter.held[value.index()] = Some(Held::Scalar(param));
    }
    emitter.block(kernel.body());
    emitter.b.ins().return_(&[]);
    emitter.b.seal_all_blocks();
    let Emitter { b, constants, .. } = emitter;
    b.finalize(target.machine().frontend_config());
    constants.bytes
}

pub(super) struct Emitter<'a, 'b> {
    pub(super) b: FunctionBuilder<'b>,
    pub(super) kernel: &'a Kernel,
    pub(super) target: &'a Target,
    pub(super) held: Vec<Option<Held>>,
    /// Number of blocks around the definition of each value.
    depths: Vec<u32>,
    pub(super) depth: u32,
    buffers: Vec<ir::Value>,
    /// Addresses computed so far in the open blocks: a buffer's start plus some index terms.
    pointers: Vec<(BufferId, Terms, ir::Value)>,
    pub(super) constants: ConstantTable,
    pub(super) constants_pointer: ir::Value,
    /// The group of lanes that is being emitted; none outside lanes loops and in their scalar rest.
    pub(super) group: Option<Group>,
    /// Number of lanes in a group of the lanes loop that is being emitted, a power of two from 4 on.
    pub(super) lanes: usize,
    /// Vectors of values that are the same in all lanes, made before the lanes loop.
    pub(super) splats: FxHashMap<Value, Vector>,
    pub(super) signatures: FxHashMap<(Type, usize), SigRef>,
}

type Terms = SmallVec<[(Value, i64); 3]>;

impl Emitter<'_, '_> {
    pub(super) fn block(&mut self, block: &Block) {
        for statement in &block.statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Let { value, op: Op::Constant { scalar, bits } } => {
                self.hold(*value, Held::Constant(*scalar, *bits));
            }
            Statement::Let { value, op } => {
                let mut varies = false;
                op.for_each_operand(|operand| varies |= self.varies(operand));
                let held = match varies {
                    true => Held::Vector(self.vector_op(self.kernel.scalar(*value), op)),
                    false => Held::Scalar(self.scalar_op(self.kernel.scalar(*value), op)),
                };
                self.hold(*value, held);
            }
            Statement::Load { value, buffer, index } => {
                let held = match self.index_varies(index) {
                    true => Held::Vector(self.vector_load(*buffer, index)),
                    false => Held::Scalar(self.scalar_load(*buffer, index)),
                };
                self.hold(*value, held);
            }
            Statement::Store { buffer, index, value } => match self.index_varies(index) {
                true => self.vector_store(*buffer, index, *value),
                false => self.scalar_store(*buffer, index, *value),
            },
            Statement::Loop(inner) => match &inner.kind {
                LoopKind::Serial(carried) => self.serial_loop(inner, carried),
                LoopKind::Lanes { lanes, reductions } => self.lanes_loop(inner, *lanes, reductions),
            },
            Statement::If(branch) => self.branch(branch),
            Statement::While(inner) => self.while_loop(inner),
        }
    }

    pub(super) fn hold(&mut self, value: Value, held: Held) {
        self.held[value.index()] = Some(held);
    }

    pub(super) fn held(&self, value: Value) -> &Held {
        self.held[value.index()].as_ref().expect("internal: a value is read before it is held")
    }

    /// Does the value differ between the lanes of the group?
    pub(super) fn varies(&self, value: Value) -> bool {
        matches!(self.held[value.index()], Some(Held::Vector(_) | Held::LaneIndex))
    }

    fn index_varies(&self, index: &Index) -> bool {
        index.terms().iter().any(|term| self.varies(term.0))
    }

    /// A value defined in a block that is open now, held as one scalar.
    pub(super) fn scalar_before(&self, value: Value) -> Option<ir::Value> {
        match self.held[value.index()] {
            Some(Held::Scalar(held)) if self.depths[value.index()] <= self.depth => Some(held),
            _ => None,
        }
    }

    /// The constant bits of a value, if it is one.
    pub(super) fn constant(&self, value: Value) -> Option<u64> {
        match self.held(value) {
            Held::Constant(_, bits) => Some(*bits),
            _ => None,
        }
    }

    /// A value that is the same in all lanes, as one scalar.
    pub(super) fn scalar(&mut self, value: Value) -> ir::Value {
        match *self.held(value) {
            Held::Constant(scalar, bits) => self.scalar_constant(scalar, bits),
            Held::Scalar(held) => held,
            Held::Vector(_) | Held::LaneIndex => panic!("internal: {value} is not one scalar"),
        }
    }

    pub(super) fn scalar_constant(&mut self, scalar: Scalar, bits: u64) -> ir::Value {
        match scalar {
            Scalar::F32 | Scalar::F64 if self.depth > 0 && bits != 0 => {
                // Made from an integer it costs two instructions; read, it is part of the one that uses it.
                let mut bytes = [0; 16];
                bytes[..8].copy_from_slice(&bits.to_le_bytes());
                let offset = self.constants.offset(bytes);
                let flags = MemFlagsData::trusted().with_readonly().with_can_move();
                self.b.ins().load(clif_type(scalar), flags, self.constants_pointer, offset)
            }
            Scalar::F32 => self.b.ins().f32const(f32::from_bits(bits as u32)),
            Scalar::F64 => self.b.ins().f64const(f64::from_bits(bits)),
            _ => {
                let value = scalar.i64_of_bits(bits);
                self.b.ins().iconst(clif_type(scalar), value & clif_type_mask(scalar))
            }
        }
    }

    pub(super) fn int(&mut self, value: i64) -> ir::Value {
        self.b.ins().iconst(types::I64, value)
    }

    pub(super) fn bound(&mut self, bound: Bound) -> ir::Value {
        match bound {
            Bound::Constant(value) => self.int(value),
            Bound::Value(value) => self.scalar(value),
        }
    }

    /// Emits `body` one block deeper; addresses computed in it are forgotten afterwards.
    pub(super) fn scoped(&mut self, body: impl FnOnce(&mut Self)) {
        let known = self.pointers.len();
        self.depth += 1;
        body(self);
        self.depth -= 1;
        self.pointers.truncate(known);
    }

    /// `for i in lower..upper` in steps, carrying registers. `body` gets the counter and the registers and returns
    /// the next ones; the last are returned. `runs` says that at least one iteration is certain.
    pub(super) fn rotated_loop(
        &mut self,
        [lower, upper]: [ir::Value; 2],
        step: i64,
        runs: bool,
        init: &[ir::Value],
        body: impl FnOnce(&mut Self, ir::Value, &[ir::Value]) -> Vec<ir::Value>,
    ) -> Vec<ir::Value> {
        let (header, exit) = (self.b.create_block(), self.b.create_block());
        let counter = self.b.append_block_param(header, types::I64);
        let (mut params, mut results) = (Vec::new(), Vec::new());
        for &value in init {
            let kind = self.b.func.dfg.value_type(value);
            params.push(self.b.append_block_param(header, kind));
            results.push(self.b.append_block_param(exit, kind));
        }
        let enter = block_args(Some(lower), init);
        if runs {
            self.b.ins().jump(header, &enter);
        } else {
            let nonempty = self.b.ins().icmp(IntCC::SignedLessThan, lower, upper);
            self.b.ins().brif(nonempty, header, &enter, exit, &block_args(None, init));
        }
        self.b.switch_to_block(header);
        let next = body(self, counter, &params);
        let following = self.b.ins().iadd_imm_s(counter, step);
        let again = self.b.ins().icmp(IntCC::SignedLessThan, following, upper);
        let repeat = block_args(Some(following), &next);
        self.b.ins().brif(again, header, &repeat, exit, &block_args(None, &next));
        self.b.switch_to_block(exit);
        results
    }

    fn serial_loop(&mut self, inner: &Loop, carried: &[Carried]) {
        self.hoist_addresses(&inner.body);
        let bounds = [self.bound(inner.lower), self.bound(inner.upper)];
        let vectors = self.group.is_some();
        let mut init = Vec::new();
        let mut shapes = Vec::new();
        for carried in carried {
            if vectors {
                let vector = self.plain_vector(carried.init);
                shapes.push(vector.registers.len());
                init.extend_from_slice(&vector.registers);
            } else {
                init.push(self.scalar(carried.init));
            }
        }
        let results = self.rotated_loop(bounds, 1, runs(inner), &init, |e, counter, params| {
            e.hold(inner.variable, Held::Scalar(counter));
            e.hold_carried(carried.iter().map(|c| c.param), &shapes, params);
            let mut next = Vec::new();
            e.scoped(|e| {
                e.block(&inner.body);
                for carried in carried {
                    if vectors {
                        next.extend_from_slice(&e.plain_vector(carried.next).registers);
                    } else {
                        next.push(e.scalar(carried.next));
                    }
                }
            });
            next
        });
        self.hold_carried(carried.iter().map(|c| c.result), &shapes, &results);
    }

    /// Holds carried values in registers, as vectors of `shapes` registers each, or as scalars if that is empty.
    fn hold_carried(
        &mut self,
        values: impl Iterator<Item = Value>,
        shapes: &[usize],
        registers: &[ir::Value],
    ) {
        let mut rest = registers;
        for (k, value) in values.enumerate() {
            let (own, others) = rest.split_at(shapes.get(k).copied().unwrap_or(1));
            let held = match shapes.is_empty() {
                true => Held::Scalar(own[0]),
                false => Held::Vector(Vector::plain(self.kernel.scalar(value), own)),
            };
            self.hold(value, held);
            rest = others;
        }
    }

    fn branch(&mut self, branch: &gradus_kernel::If) {
        let condition = self.scalar(branch.condition);
        let [then, otherwise, exit] = [(); 3].map(|()| self.b.create_block());
        for choice in &branch.results {
            let kind = clif_type(self.kernel.scalar(choice.result));
            let result = self.b.append_block_param(exit, kind);
            self.hold(choice.result, Held::Scalar(result));
        }
        self.b.ins().brif(condition, then, &[], otherwise, &[]);
        for (start, block, is_then) in [(then, &branch.then, true), (otherwise, &branch.otherwise, false)] {
            self.b.switch_to_block(start);
            self.scoped(|e| {
                e.block(block);
                let values: Vec<ir::Value> = branch
                    .results
                    .iter()
                    .map(|choice| e.scalar(if is_then { choice.then } else { choice.otherwise }))
                    .collect();
                e.b.ins().jump(exit, &block_args(None, &values));
            });
        }
        self.b.switch_to_block(exit);
    }

    fn while_loop(&mut self, inner: &gradus_kernel::While) {
        let [header, body, exit] = [(); 3].map(|()| self.b.create_block());
        let init: Vec<ir::Value> = inner.carried.iter().map(|c| self.scalar(c.init)).collect();
        self.b.ins().jump(header, &block_args(None, &init));
        self.b.switch_to_block(header);
        for carried in &inner.carried {
            let param = self.b.append_block_param(header, clif_type(self.kernel.scalar(carried.param)));
            self.hold(carried.param, Held::Scalar(param));
            // A block dominated by the header sees its parameters: they are the results, too.
            self.hold(carried.result, Held::Scalar(param));
        }
        self.scoped(|e| {
            e.block(&inner.test);
            let condition = e.scalar(inner.condition);
            e.b.ins().brif(condition, body, &[], exit, &[]);
        });
        self.b.switch_to_block(body);
        self.scoped(|e| {
            e.block(&inner.body);
            let next: Vec<ir::Value> = inner.carried.iter().map(|c| e.scalar(c.next)).collect();
            e.b.ins().jump(header, &block_args(None, &next));
        });
        self.b.switch_to_block(exit);
    }

    /// Computes, before a loop, the parts of the addresses in its body that are known already.
    pub(super) fn hoist_addresses(&mut self, body: &Block) {
        let mut wanted: Vec<(BufferId, Terms)> = Vec::new();
        for_each_access(body, &mut |buffer, index| {
            let known = index.terms().iter().copied();
            let terms: Terms = known
                .filter(|term| self.depths[term.0.index()] <= self.depth && !self.varies(term.0))
                .collect();
            if !terms.is_empty() && !wanted.iter().any(|other| other.0 == buffer && other.1 == terms) {
                wanted.push((buffer, terms));
            }
        });
        for (buffer, terms) in wanted {
            self.pointer(buffer, terms);
        }
    }

    /// The address of a buffer's element at `Σ coefficient · value`.
    pub(super) fn pointer(&mut self, buffer: BufferId, mut terms: Terms) -> ir::Value {
        terms.sort_by_key(|term| (self.depths[term.0.index()], term.0));
        self.pointer_sorted(buffer, &terms)
    }

    fn pointer_sorted(&mut self, buffer: BufferId, terms: &[(Value, i64)]) -> ir::Value {
        let Some((&(value, coefficient), rest)) = terms.split_last() else {
            return self.buffers[buffer.index()];
        };
        if let Some(known) = self.pointers.iter().find(|known| known.0 == buffer && known.1[..] == *terms) {
            return known.2;
        }
        let start = self.pointer_sorted(buffer, rest);
        let value = self.scalar(value);
        let size = self.kernel.buffers()[buffer.index()].scalar.size_bytes() as i64;
        let bytes = self.scaled(value, coefficient.wrapping_mul(size));
        let pointer = self.b.ins().iadd(start, bytes);
        self.pointers.push((buffer, SmallVec::from_slice(terms), pointer));
        pointer
    }

    /// `value · factor`, a shift where that will do.
    pub(super) fn scaled(&mut self, value: ir::Value, factor: i64) -> ir::Value {
        match factor {
            1 => value,
            _ if factor > 0 && factor.count_ones() == 1 => {
                self.b.ins().ishl_imm_u(value, i64::from(factor.trailing_zeros()))
            }
            _ => self.b.ins().imul_imm_s(value, factor),
        }
    }
}

/// Is at least one iteration certain?
pub(super) fn runs(inner: &Loop) -> bool {
    matches!((inner.lower, inner.upper), (Bound::Constant(lower), Bound::Constant(upper)) if lower < upper)
}

pub(super) fn block_args(first: Option<ir::Value>, rest: &[ir::Value]) -> Vec<BlockArg> {
    first.iter().chain(rest).map(|&value| BlockArg::Value(value)).collect()
}

/// The type of one lane in a register.
pub(super) fn clif_type(scalar: Scalar) -> Type {
    match scalar {
        Scalar::F32 => types::F32,
        Scalar::F64 => types::F64,
        _ => match scalar.size_bytes() {
            1 => types::I8,
            2 => types::I16,
            4 => types::I32,
            _ => types::I64,
        },
    }
}

/// `iconst` wants a narrow constant without the sign bits above its width.
fn clif_type_mask(scalar: Scalar) -> i64 {
    (u64::MAX >> (64 - 8 * scalar.size_bytes())) as i64
}

/// Calls `visit` for every load and store of a block, at any depth.
fn for_each_access(block: &Block, visit: &mut impl FnMut(BufferId, &Index)) {
    for statement in &block.statements {
        match statement {
            Statement::Load { buffer, index, .. } | Statement::Store { buffer, index, .. } => {
                visit(*buffer, index)
            }
            Statement::Loop(inner) => for_each_access(&inner.body, visit),
            Statement::If(branch) => {
                for_each_access(&branch.then, visit);
                for_each_access(&branch.otherwise, visit);
            }
            Statement::While(inner) => {
                for_each_access(&inner.test, visit);
                for_each_access(&inner.body, visit);
            }
            _ => {}
        }
    }
}

/// Number of blocks around the definition of each value.
fn depths(kernel: &Kernel) -> Vec<u32> {
    fn walk(block: &Block, depth: u32, depths: &mut [u32]) {
        for statement in &block.statements {
            match statement {
                Statement::Let { value, .. } | Statement::Load { value, .. } => depths[value.index()] = depth,
                Statement::Loop(inner) => {
                    depths[inner.variable.index()] = depth + 1;
                    match &inner.kind {
                        LoopKind::Serial(carried) => define_carried(carried, depth, depths),
                        LoopKind::Lanes { reductions, .. } => {
                            reductions.iter().for_each(|r| depths[r.result.index()] = depth);
                        }
                    }
                    walk(&inner.body, depth + 1, depths);
                }
                Statement::If(branch) => {
                    branch.results.iter().for_each(|choice| depths[choice.result.index()] = depth);
                    walk(&branch.then, depth + 1, depths);
                    walk(&branch.otherwise, depth + 1, depths);
                }
                Statement::While(inner) => {
                    define_carried(&inner.carried, depth, depths);
                    walk(&inner.test, depth + 1, depths);
                    walk(&inner.body, depth + 1, depths);
                }
                _ => {}
            }
        }
    }
    fn define_carried(carried: &[Carried], depth: u32, depths: &mut [u32]) {
        for carried in carried {
            depths[carried.param.index()] = depth + 1;
            depths[carried.result.index()] = depth;
        }
    }
    let mut depths = vec![0; kernel.num_values()];
    walk(kernel.body(), 0, &mut depths);
    depths
}

/// Vector constants, 16 bytes each, read through a pointer that every call passes.
#[derive(Default)]
pub(super) struct ConstantTable {
    bytes: Vec<u8>,
    offsets: FxHashMap<[u8; 16], i32>,
}

impl ConstantTable {
    /// Byte position of a constant.
    pub(super) fn offset(&mut self, constant: [u8; 16]) -> i32 {
        *self.offsets.entry(constant).or_insert_with(|| {
            self.bytes.extend_from_slice(&constant);
            self.bytes.len() as i32 - 16
        })
    }
}
