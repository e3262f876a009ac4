//! Removal of what no result needs.
//!
//! A store is needed, and with it what it reads. A loop or branch is needed if it holds a store or one of its
//! results is read; results of it that are not read go.

use crate::kernel::{Block, Bound, Index, Kernel, Loop, LoopKind, Statement, Term, While};
use crate::op::Value;
use crate::renumber::renumber;

/// Removes operations, loads, carried values, reductions and whole loops that no store depends on, and numbers the
/// values that are left in order.
pub fn remove_dead_code(kernel: &mut Kernel) {
    let mut needed = Needed(vec![false; kernel.scalars.len()]);
    sweep(&mut kernel.body, &mut needed);
    renumber(kernel);
}

/// The values that something kept reads.
struct Needed(Vec<bool>);

impl Needed {
    fn need(&mut self, value: Value) {
        self.0[value.index()] = true;
    }

    fn has(&self, value: Value) -> bool {
        self.0[value.index()]
    }

    fn need_index(&mut self, index: &Index) {
        index.terms().iter().for_each(|&(value, _)| self.need(value));
    }

    fn need_bound(&mut self, bound: Bound) {
        if let Bound::Value(value) = bound {
            self.need(value);
        }
    }
}

/// Walks a block backwards; true if something is left in it.
fn sweep(block: &mut Block, needed: &mut Needed) -> bool {
    let mut kept = Vec::with_capacity(block.statements.len());
    for mut statement in std::mem::take(&mut block.statements).into_iter().rev() {
        if keep(&mut statement, needed) {
            kept.push(statement);
        }
    }
    kept.reverse();
    block.statements = kept;
    !block.statements.is_empty()
}

fn keep(statement: &mut Statement, needed: &mut Needed) -> bool {
    match statement {
        Statement::Let { value, op } => {
            let keep = needed.has(*value);
            if keep {
                op.for_each_operand(|operand| needed.need(operand));
            }
            keep
        }
        Statement::Load { value, index, .. } => {
            let keep = needed.has(*value);
            if keep {
                needed.need_index(index);
            }
            keep
        }
        Statement::Store { index, value, .. } => {
            needed.need(*value);
            needed.need_index(index);
            true
        }
        Statement::Loop(inner) => keep_loop(inner, needed),
        Statement::If(branch) => {
            branch.results.retain(|choice| needed.has(choice.result));
            for choice in &branch.results {
                needed.need(choice.then);
                needed.need(choice.otherwise);
            }
            let then = sweep(&mut branch.then, needed);
            let otherwise = sweep(&mut branch.otherwise, needed);
            let keep = then || otherwise || !branch.results.is_empty();
            if keep {
                needed.need(branch.condition);
            }
            keep
        }
        Statement::While(inner) => keep_while(inner, needed),
    }
}

fn keep_loop(inner: &mut Loop, needed: &mut Needed) -> bool {
    let any_result = match &mut inner.kind {
        LoopKind::Serial(carried) => {
            // What a kept value's next one reads may be another param, so sweep until nothing new is needed.
            let mut kept = vec![false; carried.len()];
            loop {
                let mut changed = false;
                for (kept, carried) in kept.iter_mut().zip(carried.iter()) {
                    if !*kept && (needed.has(carried.result) || needed.has(carried.param)) {
                        (*kept, changed) = (true, true);
                        needed.need(carried.next);
                        needed.need(carried.init);
                    }
                }
                if kept.iter().all(|&kept| kept) || (!changed && kept.iter().any(|&kept| kept)) {
                    break;
                }
                let mut trial = inner.body.clone();
                sweep(&mut trial, needed);
                let settled = kept
                    .iter()
                    .zip(carried.iter())
                    .all(|(&kept, carried)| kept || !needed.has(carried.param));
                if settled {
                    break;
                }
            }
            let mut kept = kept.into_iter();
            carried.retain(|_| kept.next().unwrap_or(true));
            !carried.is_empty()
        }
        LoopKind::Lanes { reductions, .. } => {
            reductions.retain(|reduction| needed.has(reduction.result));
            for reduction in reductions.iter() {
                needed.need(reduction.init);
                match reduction.term {
                    Term::Value(value) => needed.need(value),
                    Term::Product(x, y) => {
                        needed.need(x);
                        needed.need(y);
                    }
                }
            }
            !reductions.is_empty()
        }
    };
    let keep = sweep(&mut inner.body, needed) || any_result;
    if keep {
        needed.need_bound(inner.lower);
        needed.need_bound(inner.upper);
    }
    keep
}

/// A while loop keeps all its carried values: its condition decides whether it ends.
fn keep_while(inner: &mut While, needed: &mut Needed) -> bool {
    for carried in &inner.carried {
        needed.need(carried.init);
        needed.need(carried.next);
    }
    needed.need(inner.condition);
    sweep(&mut inner.body, needed);
    sweep(&mut inner.test, needed);
    true
}
