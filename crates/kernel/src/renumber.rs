//! Values numbered in order of appearance, without gaps.
//!
//! So that kernels which compute the same in the same order are equal, whatever else was built and dropped on the
//! way.

use smallvec::SmallVec;

use crate::kernel::{Block, Bound, Carried, Index, Kernel, LoopKind, Statement, Term};
use crate::op::Value;

/// Numbers values in order of appearance and forgets those that do not appear.
pub fn renumber(kernel: &mut Kernel) {
    let mut numbers = Numbers { new: vec![None; kernel.scalars.len()], old: Vec::new() };
    for mut value in kernel.range() {
        numbers.visit(&mut value);
    }
    numbers.block(&mut kernel.body);
    kernel.scalars = numbers.old.iter().map(|value| kernel.scalars[value.index()]).collect();
}

struct Numbers {
    /// The new number of each old value.
    new: Vec<Option<Value>>,
    /// The old number of each new value.
    old: Vec<Value>,
}

impl Numbers {
    fn visit(&mut self, value: &mut Value) {
        let old = *value;
        *value = *self.new[old.index()].get_or_insert_with(|| {
            self.old.push(old);
            Value(self.old.len() as u32 - 1)
        });
    }

    fn index(&mut self, index: &mut Index) {
        let mut terms: SmallVec<[(Value, i64); 3]> = std::mem::take(&mut index.terms);
        terms.iter_mut().for_each(|term| self.visit(&mut term.0));
        terms.sort_by_key(|term| term.0);
        index.terms = terms;
    }

    fn bound(&mut self, bound: &mut Bound) {
        if let Bound::Value(value) = bound {
            self.visit(value);
        }
    }

    fn carried(&mut self, carried: &mut [Carried], visit: fn(&mut Carried) -> &mut Value) {
        carried.iter_mut().for_each(|carried| self.visit(visit(carried)));
    }

    fn block(&mut self, block: &mut Block) {
        for statement in &mut block.statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &mut Statement) {
        match statement {
            Statement::Let { value, op } => {
                op.map_operands(|mut operand| {
                    self.visit(&mut operand);
                    operand
                });
                self.visit(value);
            }
            Statement::Load { value, index, .. } => {
                self.index(index);
                self.visit(value);
            }
            Statement::Store { index, value, .. } => {
                self.index(index);
                self.visit(value);
            }
            Statement::Loop(inner) => {
                self.bound(&mut inner.lower);
                self.bound(&mut inner.upper);
                self.visit(&mut inner.variable);
                match &mut inner.kind {
                    LoopKind::Serial(carried) => {
                        self.carried(carried, |c| &mut c.init);
                        self.carried(carried, |c| &mut c.param);
                    }
                    LoopKind::Lanes { reductions, .. } => {
                        reductions.iter_mut().for_each(|reduction| self.visit(&mut reduction.init));
                    }
                }
                self.block(&mut inner.body);
                match &mut inner.kind {
                    LoopKind::Serial(carried) => {
                        self.carried(carried, |c| &mut c.next);
                        self.carried(carried, |c| &mut c.result);
                    }
                    LoopKind::Lanes { reductions, .. } => {
                        for reduction in reductions {
                            match &mut reduction.term {
                                Term::Value(term) => self.visit(term),
                                Term::Product(x, y) => {
                                    self.visit(x);
                                    self.visit(y);
                                }
                            }
                            self.visit(&mut reduction.result);
                        }
                    }
                }
            }
            Statement::If(branch) => {
                self.visit(&mut branch.condition);
                self.block(&mut branch.then);
                self.block(&mut branch.otherwise);
                for choice in &mut branch.results {
                    self.visit(&mut choice.then);
                    self.visit(&mut choice.otherwise);
                    self.visit(&mut choice.result);
                }
            }
            Statement::While(inner) => {
                self.carried(&mut inner.carried, |c| &mut c.init);
                self.carried(&mut inner.carried, |c| &mut c.param);
                self.block(&mut inner.test);
                self.visit(&mut inner.condition);
                self.block(&mut inner.body);
                self.carried(&mut inner.carried, |c| &mut c.next);
                self.carried(&mut inner.carried, |c| &mut c.result);
            }
        }
    }
}
