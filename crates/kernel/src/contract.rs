//! Contraction of a multiplication and an addition into one fma, as XLA does it.
//!
//! ```text
//! %2 = mul %0, %1                        %4 = fma %0, %1, %3
//! %4 = add %2, %3          becomes
//! ```
//! It happens here, once for every generator, and only where nothing else reads the product and both stand in the
//! same block. A sum of products over lanes becomes a reduction with a product term.

use rustc_hash::FxHashMap;

use crate::dead_code::remove_dead_code;
use crate::evaluate::evaluate_unary;
use crate::kernel::{Block, Bound, Combine, Index, Kernel, LoopKind, Statement, Term};
use crate::op::{Binary, Op, Unary, Value};
use crate::scalar::Scalar;

/// Contracts multiplications into the additions that alone read them.
pub fn contract(kernel: &mut Kernel) {
    let mut body = std::mem::take(&mut kernel.body);
    let mut contraction = Contraction {
        uses: vec![0; kernel.scalars.len()],
        constants: FxHashMap::default(),
        scalars: &mut kernel.scalars,
    };
    contraction.count(&body);
    contraction.block(&mut body);
    kernel.body = body;
    remove_dead_code(kernel);
    debug_assert_eq!(crate::verify::verify(kernel), Ok(()), "internal: contracted kernel\n{kernel}");
}

struct Contraction<'k> {
    /// How often each value is read.
    uses: Vec<u32>,
    /// Lane bits of constants.
    constants: FxHashMap<Value, u64>,
    scalars: &'k mut Vec<Scalar>,
}

/// Factors of the products of a block that one reader alone has.
type Products = FxHashMap<Value, (Value, Value)>;

impl Contraction<'_> {
    fn block(&mut self, block: &mut Block) -> Products {
        let mut products = Products::default();
        let mut result = Vec::with_capacity(block.statements.len());
        for mut statement in std::mem::take(&mut block.statements) {
            match &mut statement {
                Statement::Let { value, op } => self.operation(*value, op, &mut products, &mut result),
                Statement::Loop(inner) => {
                    let products = self.block(&mut inner.body);
                    if let LoopKind::Lanes { reductions, .. } = &mut inner.kind {
                        for reduction in reductions {
                            let Term::Value(term) = reduction.term else { continue };
                            if let (Combine::Sum, Some(&(x, y))) = (reduction.combine, products.get(&term)) {
                                reduction.term = Term::Product(x, y);
                            }
                        }
                    }
                }
                Statement::If(branch) => {
                    self.block(&mut branch.then);
                    self.block(&mut branch.otherwise);
                }
                Statement::While(inner) => {
                    self.block(&mut inner.test);
                    self.block(&mut inner.body);
                }
                Statement::Load { .. } | Statement::Store { .. } => {}
            }
            result.push(statement);
        }
        block.statements = result;
        products
    }

    /// Notes a product, or contracts one into a sum or difference; negations go to `before`.
    fn operation(&mut self, value: Value, op: &mut Op, products: &mut Products, before: &mut Vec<Statement>) {
        let Op::Binary(binary, x, y) = *op else { return };
        if !self.scalars[value.index()].is_float() {
            return;
        }
        match binary {
            Binary::Mul if self.uses[value.index()] == 1 => {
                products.insert(value, (x, y));
            }
            Binary::Add => {
                if let Some((p, q)) = products.remove(&x) {
                    *op = Op::Fma(p, q, y);
                } else if let Some((p, q)) = products.remove(&y) {
                    *op = Op::Fma(p, q, x);
                }
            }
            Binary::Sub => {
                if let Some((p, q)) = products.remove(&x) {
                    *op = Op::Fma(p, q, self.negated(y, before));
                } else if let Some((p, q)) = products.remove(&y) {
                    *op = Op::Fma(self.negated(p, before), q, x);
                }
            }
            _ => {}
        }
    }

    fn negated(&mut self, x: Value, before: &mut Vec<Statement>) -> Value {
        let scalar = self.scalars[x.index()];
        let value = Value(self.scalars.len() as u32);
        self.scalars.push(scalar);
        self.uses.push(1);
        let op = match self.constants.get(&x) {
            Some(&bits) => Op::Constant { scalar, bits: evaluate_unary(Unary::Neg, scalar, bits) },
            None => Op::Unary(Unary::Neg, x),
        };
        before.push(Statement::Let { value, op });
        value
    }

    fn read(&mut self, value: Value) {
        self.uses[value.index()] += 1;
    }

    fn read_index(&mut self, index: &Index) {
        index.terms().iter().for_each(|term| self.read(term.0));
    }

    fn count(&mut self, block: &Block) {
        for statement in &block.statements {
            match statement {
                Statement::Let { value, op: Op::Constant { bits, .. } } => {
                    self.constants.insert(*value, *bits);
                }
                Statement::Let { op, .. } => op.for_each_operand(|operand| self.read(operand)),
                Statement::Load { index, .. } => self.read_index(index),
                Statement::Store { index, value, .. } => {
                    self.read(*value);
                    self.read_index(index);
                }
                Statement::Loop(inner) => {
                    for bound in [inner.lower, inner.upper] {
                        if let Bound::Value(value) = bound {
                            self.read(value);
                        }
                    }
                    match &inner.kind {
                        LoopKind::Serial(carried) => {
                            for carried in carried {
                                self.read(carried.init);
                                self.read(carried.next);
                            }
                        }
                        LoopKind::Lanes { reductions, .. } => {
                            for reduction in reductions {
                                self.read(reduction.init);
                                match reduction.term {
                                    Term::Value(x) => self.read(x),
                                    Term::Product(x, y) => [x, y].into_iter().for_each(|x| self.read(x)),
                                }
                            }
                        }
                    }
                    self.count(&inner.body);
                }
                Statement::If(branch) => {
                    self.read(branch.condition);
                    for choice in &branch.results {
                        self.read(choice.then);
                        self.read(choice.otherwise);
                    }
                    self.count(&branch.then);
                    self.count(&branch.otherwise);
                }
                Statement::While(inner) => {
                    self.read(inner.condition);
                    for carried in &inner.carried {
                        self.read(carried.init);
                        self.read(carried.next);
                    }
                    self.count(&inner.test);
                    self.count(&inner.body);
                }
            }
        }
    }
}
