//! Building a kernel: values, loops, loads and stores.
//!
//! The builder numbers values: asking twice for the same operation of the same operands gives one value, an
//! operation of constants is a constant, and an operation is placed in the outermost loop where its operands
//! exist, so that what does not vary in a loop is computed before it. An operation inside an `If` or `While` stays
//! there. Misuse (a type that does not fit, a value of a closed block) is a broken invariant of the caller and
//! panics with "internal:".

use rustc_hash::FxHashMap;

use crate::kernel::{
    Access, Block, Bound, Buffer, BufferId, Carried, Choice, Combine, If, Index, Kernel, Loop, LoopKind,
    Reduction, Statement, Term, While,
};
use crate::op::{Op, Value};
use crate::scalar::Scalar;

/// Builds one [`Kernel`].
#[derive(Debug)]
pub struct Builder {
    buffers: Vec<Buffer>,
    scalars: Vec<Scalar>,
    /// The depth of the open block that defines each value; `usize::MAX` once it is closed.
    depths: Vec<usize>,
    constants: FxHashMap<Value, u64>,
    /// Open blocks, outermost first; never empty.
    open: Vec<OpenBlock>,
}

#[derive(Debug)]
struct OpenBlock {
    kind: BlockKind,
    block: Block,
    /// Values defined in this block.
    defined: Vec<Value>,
    /// Operations already placed in this block.
    numbered: FxHashMap<Op, Value>,
    /// Loads already placed in this block, from buffers that are only read.
    loaded: FxHashMap<(BufferId, Index), Value>,
}

/// May operations be placed before the block?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BlockKind {
    /// Yes: a loop's body (or the kernel's, which has no before).
    Loop,
    /// No: it may not run at all, and what is in it may be costly.
    Branch,
}

/// A reduction to be made by [`Builder::reduce_lanes`].
#[derive(Clone, Copy, Debug)]
pub struct Reduce {
    /// How two values become one.
    pub combine: Combine,
    /// First operand of the last combination, of the terms' type.
    pub init: Value,
}

impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}

impl Builder {
    /// A kernel without buffers and statements.
    pub fn new() -> Builder {
        let mut builder = Builder {
            buffers: Vec::new(),
            scalars: Vec::new(),
            depths: Vec::new(),
            constants: FxHashMap::default(),
            open: Vec::new(),
        };
        builder.open_block(BlockKind::Loop);
        builder.define(Scalar::I64);
        builder.define(Scalar::I64);
        builder
    }

    /// Adds a buffer parameter.
    pub fn buffer(&mut self, scalar: Scalar, access: Access) -> BufferId {
        self.buffers.push(Buffer { scalar, access });
        BufferId(self.buffers.len() as u32 - 1)
    }

    /// The two i64 parameters that give the part of the outer loop to run.
    pub fn range(&self) -> [Value; 2] {
        [Value(0), Value(1)]
    }

    /// Lane type of a value.
    pub fn scalar(&self, value: Value) -> Scalar {
        self.scalars[value.index()]
    }

    /// Lane bits of a constant.
    pub fn constant_bits(&self, value: Value) -> Option<u64> {
        self.constants.get(&value).copied()
    }

    /// `buffer[index]`. A load from a buffer that is only read is an operation like others: the same element is
    /// loaded once, and before the loops in which it does not vary (which may run zero times: the element must
    /// exist even then).
    pub fn load(&mut self, buffer: BufferId, index: impl Into<Index>) -> Value {
        let index = index.into();
        self.check_index(buffer, &index);
        assert!(
            self.buffers[buffer.index()].access != Access::Write,
            "internal: load from a write-only buffer"
        );
        let Buffer { scalar, access } = self.buffers[buffer.index()];
        if access == Access::ReadWrite {
            let value = self.define(scalar);
            self.push(Statement::Load { value, buffer, index });
            return value;
        }
        // What nobody writes is loaded once, in the outermost loop where the index exists.
        let innermost = index.terms().iter().map(|term| self.depths[term.0.index()]).max().unwrap_or(0);
        let depth = innermost.max(self.innermost_branch());
        let key = (buffer, index);
        if let Some(&value) = self.open.iter().find_map(|open| open.loaded.get(&key)) {
            return value;
        }
        let value = self.define_at(scalar, depth);
        let (buffer, index) = key.clone();
        self.open[depth].loaded.insert(key, value);
        self.open[depth].block.statements.push(Statement::Load { value, buffer, index });
        value
    }

    /// `buffer[index] = value`.
    pub fn store(&mut self, buffer: BufferId, index: impl Into<Index>, value: Value) {
        let index = index.into();
        self.check_index(buffer, &index);
        let Buffer { scalar, access } = self.buffers[buffer.index()];
        assert!(access != Access::Read, "internal: store to a read-only buffer");
        assert_eq!(self.scalar(value), scalar, "internal: stored value and buffer differ in type");
        self.check_in_scope(value);
        self.push(Statement::Store { buffer, index, value });
    }

    /// `for i in lower..upper { body(i) }`, one iteration after the other.
    pub fn serial(
        &mut self,
        lower: impl Into<Bound>,
        upper: impl Into<Bound>,
        body: impl FnOnce(&mut Builder, Value),
    ) {
        self.carry(lower, upper, &[], |b, i, _| {
            body(b, i);
            Vec::new()
        });
    }

    /// A serial loop that hands values on: `body(i, carried)` returns the next ones; the last are returned.
    pub fn carry(
        &mut self,
        lower: impl Into<Bound>,
        upper: impl Into<Bound>,
        init: &[Value],
        body: impl FnOnce(&mut Builder, Value, &[Value]) -> Vec<Value>,
    ) -> Vec<Value> {
        let (lower, upper) = (self.checked_bound(lower), self.checked_bound(upper));
        init.iter().for_each(|&value| self.check_in_scope(value));
        self.open_block(BlockKind::Loop);
        let variable = self.define(Scalar::I64);
        let params = self.define_like(init);
        let next = body(self, variable, &params);
        self.check_same_types(init, &next);
        let body = self.close_block();
        let results = self.define_like(init);
        let kind = LoopKind::Serial(carried(&params, init, &next, &results));
        self.push(Statement::Loop(Box::new(Loop { variable, lower, upper, kind, body })));
        results
    }

    /// `for i in lower..upper { body(i) }` whose iterations do not depend on one another.
    pub fn lanes(
        &mut self,
        lower: impl Into<Bound>,
        upper: impl Into<Bound>,
        body: impl FnOnce(&mut Builder, Value),
    ) {
        self.reduce_lanes(lower, upper, 1, &[], |b, i| {
            body(b, i);
            Vec::new()
        });
    }

    /// A lanes loop with reductions: `body(i)` returns one term for each; the reduced values are returned.
    ///
    /// `lanes`, a power of two up to 64, is the number of accumulators of each reduction; see [`Reduction`] and
    /// [`reduction_lanes`].
    pub fn reduce_lanes(
        &mut self,
        lower: impl Into<Bound>,
        upper: impl Into<Bound>,
        lanes: u32,
        reduce: &[Reduce],
        body: impl FnOnce(&mut Builder, Value) -> Vec<Value>,
    ) -> Vec<Value> {
        let (lower, upper) = (self.checked_bound(lower), self.checked_bound(upper));
        assert!(lanes.is_power_of_two() && lanes <= 64, "internal: {lanes} reduction lanes");
        let init: Vec<Value> = reduce.iter().map(|reduce| reduce.init).collect();
        init.iter().for_each(|&value| self.check_in_scope(value));
        self.open_block(BlockKind::Loop);
        let variable = self.define(Scalar::I64);
        let terms = body(self, variable);
        self.check_same_types(&init, &terms);
        let body = self.close_block();
        let results = self.define_like(&init);
        let reductions = reduce
            .iter()
            .zip(&terms)
            .zip(&results)
            .map(|((&Reduce { combine, init }, &term), &result)| {
                let binary = combine.binary();
                assert!(
                    binary.accepts(self.scalar(init)),
                    "internal: {} of {}",
                    combine.name(),
                    self.scalar(init)
                );
                Reduction { combine, init, term: Term::Value(term), result }
            })
            .collect();
        let kind = LoopKind::Lanes { lanes, reductions };
        self.push(Statement::Loop(Box::new(Loop { variable, lower, upper, kind, body })));
        results
    }

    /// `if condition { then() } else { otherwise() }`; the blocks return equally many values of equal types.
    pub fn branch(
        &mut self,
        condition: Value,
        then: impl FnOnce(&mut Builder) -> Vec<Value>,
        otherwise: impl FnOnce(&mut Builder) -> Vec<Value>,
    ) -> Vec<Value> {
        assert_eq!(self.scalar(condition), Scalar::Bool, "internal: the condition of a branch is no bool");
        self.check_in_scope(condition);
        self.open_block(BlockKind::Branch);
        let then_values = then(self);
        then_values.iter().for_each(|&value| self.check_in_scope(value));
        let then = self.close_block();
        self.open_block(BlockKind::Branch);
        let otherwise_values = otherwise(self);
        self.check_same_types(&then_values, &otherwise_values);
        let otherwise = self.close_block();
        let results = self.define_like(&then_values);
        let choices = results
            .iter()
            .zip(then_values.iter().zip(&otherwise_values))
            .map(|(&result, (&then, &otherwise))| Choice { result, then, otherwise })
            .collect();
        self.push(Statement::If(Box::new(If { condition, then, otherwise, results: choices })));
        results
    }

    /// `while test(carried) { carried = body(carried) }`; returns the last carried values.
    pub fn repeat_while(
        &mut self,
        init: &[Value],
        test: impl FnOnce(&mut Builder, &[Value]) -> Value,
        body: impl FnOnce(&mut Builder, &[Value]) -> Vec<Value>,
    ) -> Vec<Value> {
        init.iter().for_each(|&value| self.check_in_scope(value));
        self.open_block(BlockKind::Branch);
        let params = self.define_like(init);
        self.open_block(BlockKind::Branch);
        let condition = test(self, &params);
        assert_eq!(self.scalar(condition), Scalar::Bool, "internal: the condition of a while is no bool");
        self.check_in_scope(condition);
        let test = self.close_block();
        self.open_block(BlockKind::Branch);
        let next = body(self, &params);
        self.check_same_types(init, &next);
        let body = self.close_block();
        let around = self.close_block();
        assert!(around.statements.is_empty(), "internal: statements around a while's blocks");
        let results = self.define_like(init);
        let carried = carried(&params, init, &next, &results);
        self.push(Statement::While(Box::new(While { carried, test, condition, body })));
        results
    }

    /// The finished kernel. Operations whose results are never read are left out.
    pub fn finish(mut self) -> Kernel {
        assert_eq!(self.open.len(), 1, "internal: a block is still open");
        let body = self.close_block();
        let mut kernel = Kernel { buffers: self.buffers, scalars: self.scalars, body };
        crate::dead_code::remove_dead_code(&mut kernel);
        debug_assert_eq!(crate::verify::verify(&kernel), Ok(()), "internal: built kernel\n{kernel}");
        kernel
    }

    /// Places an operation, or finds it placed already, and returns its result.
    pub(crate) fn operation(&mut self, scalar: Scalar, op: Op) -> Value {
        let mut depth = 0;
        op.for_each_operand(|operand| {
            assert!(self.depths[operand.index()] != usize::MAX, "internal: {operand} of a closed block");
            depth = depth.max(self.depths[operand.index()]);
        });
        // A constant belongs to the whole kernel; other operations stay within the innermost branch.
        if !matches!(op, Op::Constant { .. }) {
            depth = depth.max(self.innermost_branch());
        }
        // An equal operation may be placed further out than this one would be, or further in.
        if let Some(&value) = self.open.iter().find_map(|open| open.numbered.get(&op)) {
            return value;
        }
        let value = self.define_at(scalar, depth);
        if let Op::Constant { bits, .. } = op {
            self.constants.insert(value, bits);
        }
        self.open[depth].numbered.insert(op.clone(), value);
        self.open[depth].block.statements.push(Statement::Let { value, op });
        value
    }

    /// Depth of the innermost block that nothing may be placed before; 0 if there is none.
    fn innermost_branch(&self) -> usize {
        self.open.iter().rposition(|open| open.kind == BlockKind::Branch).unwrap_or(0)
    }

    fn open_block(&mut self, kind: BlockKind) {
        self.open.push(OpenBlock {
            kind,
            block: Block::default(),
            defined: Vec::new(),
            numbered: FxHashMap::default(),
            loaded: FxHashMap::default(),
        });
    }

    fn close_block(&mut self) -> Block {
        let closed = self.open.pop().expect("internal: no block is open");
        for value in closed.defined {
            self.depths[value.index()] = usize::MAX;
        }
        closed.block
    }

    fn define(&mut self, scalar: Scalar) -> Value {
        self.define_at(scalar, self.open.len() - 1)
    }

    fn define_at(&mut self, scalar: Scalar, depth: usize) -> Value {
        let value = Value(self.scalars.len() as u32);
        self.scalars.push(scalar);
        self.depths.push(depth);
        self.open[depth].defined.push(value);
        value
    }

    fn define_like(&mut self, values: &[Value]) -> Vec<Value> {
        values.iter().map(|&value| self.define(self.scalar(value))).collect()
    }

    fn push(&mut self, statement: Statement) {
        self.open.last_mut().expect("internal: no block is open").block.statements.push(statement);
    }

    fn check_in_scope(&self, value: Value) {
        assert!(self.depths[value.index()] != usize::MAX, "internal: {value} of a closed block");
    }

    fn check_same_types(&self, before: &[Value], after: &[Value]) {
        assert_eq!(before.len(), after.len(), "internal: a block returns another number of values");
        for (&before, &after) in before.iter().zip(after) {
            self.check_in_scope(after);
            assert_eq!(self.scalar(before), self.scalar(after), "internal: a block returns another type");
        }
    }

    fn check_index(&self, buffer: BufferId, index: &Index) {
        assert!(buffer.index() < self.buffers.len(), "internal: no {buffer}");
        for &(value, _) in index.terms() {
            self.check_in_scope(value);
            assert_eq!(self.scalar(value), Scalar::I64, "internal: an index of another type");
        }
    }

    fn checked_bound(&self, bound: impl Into<Bound>) -> Bound {
        let bound = bound.into();
        if let Bound::Value(value) = bound {
            self.check_in_scope(value);
            assert_eq!(self.scalar(value), Scalar::I64, "internal: a loop bound of another type");
        }
        bound
    }
}

fn carried(params: &[Value], init: &[Value], next: &[Value], results: &[Value]) -> Vec<Carried> {
    (0..params.len())
        .map(|k| Carried { param: params[k], init: init[k], next: next[k], result: results[k] })
        .collect()
}

/// A good number of accumulators for a reduction of `extent` iterations (if known) over values of a type.
///
/// Short rows get few, since every accumulator costs a step of the final tree; a body of many operations
/// (`heavy`) gets half as many, since it hides the latency of its additions by itself.
pub fn reduction_lanes(scalar: Scalar, extent: Option<i64>, heavy: bool) -> u32 {
    let register = 64 / scalar.size_bytes().max(4) as u32;
    let most = if heavy { register } else { 2 * register };
    match extent {
        Some(extent) if extent < i64::from(most) => {
            let extent = extent.max(1) as u32;
            if extent.is_power_of_two() { extent } else { extent.next_power_of_two() / 2 }
        }
        _ => most,
    }
}

/// Builds the kernel that applies `body` to every element of a range: `outputs[j][i] = body(inputs[..][i])[j]`.
///
/// Buffers are the inputs, then the outputs.
pub fn elementwise(inputs: &[Scalar], body: impl FnOnce(&mut Builder, &[Value]) -> Vec<Value>) -> Kernel {
    let mut b = Builder::new();
    let inputs: Vec<BufferId> = inputs.iter().map(|&scalar| b.buffer(scalar, Access::Read)).collect();
    let [lower, upper] = b.range();
    b.lanes(lower, upper, |b, i| {
        let args: Vec<Value> = inputs.iter().map(|&input| b.load(input, i)).collect();
        for value in body(b, &args) {
            let output = b.buffer(b.scalar(value), Access::Write);
            b.store(output, i, value);
        }
    });
    b.finish()
}
