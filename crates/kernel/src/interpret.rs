//! The reference interpreter: what a kernel means, bit for bit.

use std::ops::Range;

use crate::evaluate::{evaluate, evaluate_binary, evaluate_fma};
use crate::kernel::{Block, Bound, Index, Kernel, Loop, LoopKind, Reduction, Statement, Term};
use crate::op::Value;
use crate::scalar::Scalar;

/// Runs a kernel over a part of its outer loop, on buffers of little-endian elements.
///
/// # Panics
/// On an index outside its buffer, or fewer buffers than the kernel has: both are the caller's mistakes.
pub fn interpret(kernel: &Kernel, buffers: &mut [Vec<u8>], range: Range<i64>) {
    assert_eq!(buffers.len(), kernel.buffers().len(), "internal: number of buffers");
    let mut values = vec![0; kernel.num_values()];
    let [lower, upper] = kernel.range();
    values[lower.index()] = range.start as u64;
    values[upper.index()] = range.end as u64;
    Interpreter { kernel, buffers, values }.block(kernel.body());
}

struct Interpreter<'k> {
    kernel: &'k Kernel,
    buffers: &'k mut [Vec<u8>],
    values: Vec<u64>,
}

impl Interpreter<'_> {
    fn block(&mut self, block: &Block) {
        for statement in &block.statements {
            self.statement(statement);
        }
    }

    fn get(&self, value: Value) -> u64 {
        self.values[value.index()]
    }

    fn set(&mut self, value: Value, bits: u64) {
        self.values[value.index()] = bits;
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Let { value, op } => {
                let bits = evaluate(op, |x| (self.kernel.scalar(x), self.get(x)));
                self.set(*value, bits);
            }
            Statement::Load { value, buffer, index } => {
                let (at, size) = self.element(self.kernel.scalar(*value), index);
                let mut bytes = [0; 8];
                bytes[..size].copy_from_slice(&self.buffers[buffer.index()][at..at + size]);
                self.set(*value, u64::from_le_bytes(bytes));
            }
            Statement::Store { buffer, index, value } => {
                let (at, size) = self.element(self.kernel.scalar(*value), index);
                let bytes = self.get(*value).to_le_bytes();
                self.buffers[buffer.index()][at..at + size].copy_from_slice(&bytes[..size]);
            }
            Statement::Loop(inner) => self.counted_loop(inner),
            Statement::If(branch) => {
                let chosen = self.get(branch.condition) != 0;
                self.block(if chosen { &branch.then } else { &branch.otherwise });
                for choice in &branch.results {
                    let bits = self.get(if chosen { choice.then } else { choice.otherwise });
                    self.set(choice.result, bits);
                }
            }
            Statement::While(inner) => {
                let mut carried: Vec<u64> = inner.carried.iter().map(|c| self.get(c.init)).collect();
                loop {
                    for (c, &bits) in inner.carried.iter().zip(&carried) {
                        self.set(c.param, bits);
                    }
                    self.block(&inner.test);
                    if self.get(inner.condition) == 0 {
                        break;
                    }
                    self.block(&inner.body);
                    carried = inner.carried.iter().map(|c| self.get(c.next)).collect();
                }
                for (c, &bits) in inner.carried.iter().zip(&carried) {
                    self.set(c.result, bits);
                }
            }
        }
    }

    fn counted_loop(&mut self, inner: &Loop) {
        let (lower, upper) = (self.bound(inner.lower), self.bound(inner.upper));
        match &inner.kind {
            LoopKind::Serial(carried) => {
                let mut current: Vec<u64> = carried.iter().map(|c| self.get(c.init)).collect();
                for i in lower..upper {
                    self.set(inner.variable, i as u64);
                    for (c, &bits) in carried.iter().zip(&current) {
                        self.set(c.param, bits);
                    }
                    self.block(&inner.body);
                    current = carried.iter().map(|c| self.get(c.next)).collect();
                }
                for (c, &bits) in carried.iter().zip(&current) {
                    self.set(c.result, bits);
                }
            }
            LoopKind::Lanes { lanes, reductions } => {
                let lanes = *lanes as usize;
                let mut accumulators: Vec<Vec<u64>> = reductions
                    .iter()
                    .map(|r| vec![r.combine.identity(self.kernel.scalar(r.init)); lanes])
                    .collect();
                for (k, i) in (lower..upper).enumerate() {
                    self.set(inner.variable, i as u64);
                    self.block(&inner.body);
                    for (reduction, accumulators) in reductions.iter().zip(&mut accumulators) {
                        let accumulator = &mut accumulators[k % lanes];
                        *accumulator = self.accumulate(reduction, *accumulator);
                    }
                }
                for (reduction, accumulators) in reductions.iter().zip(accumulators) {
                    let bits = self.finish(reduction, accumulators);
                    self.set(reduction.result, bits);
                }
            }
        }
    }

    fn accumulate(&self, reduction: &Reduction, accumulator: u64) -> u64 {
        let scalar = self.kernel.scalar(reduction.init);
        match reduction.term {
            Term::Value(term) => {
                evaluate_binary(reduction.combine.binary(), scalar, accumulator, self.get(term))
            }
            Term::Product(x, y) => evaluate_fma(scalar, self.get(x), self.get(y), accumulator),
        }
    }

    /// The fixed tree over the accumulators, then the initial value.
    fn finish(&self, reduction: &Reduction, mut accumulators: Vec<u64>) -> u64 {
        let scalar = self.kernel.scalar(reduction.init);
        let binary = reduction.combine.binary();
        while accumulators.len() > 1 {
            let upper = accumulators.split_off(accumulators.len() / 2);
            for (lower, upper) in accumulators.iter_mut().zip(upper) {
                *lower = evaluate_binary(binary, scalar, *lower, upper);
            }
        }
        evaluate_binary(binary, scalar, self.get(reduction.init), accumulators[0])
    }

    fn bound(&self, bound: Bound) -> i64 {
        match bound {
            Bound::Constant(value) => value,
            Bound::Value(value) => self.get(value) as i64,
        }
    }

    /// Byte position and size of an element.
    fn element(&self, scalar: Scalar, index: &Index) -> (usize, usize) {
        let mut at = index.constant_part();
        for &(value, coefficient) in index.terms() {
            at = at.wrapping_add(coefficient.wrapping_mul(self.get(value) as i64));
        }
        let at = usize::try_from(at).expect("internal: an index below its buffer");
        (at * scalar.size_bytes(), scalar.size_bytes())
    }
}
