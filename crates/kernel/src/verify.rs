//! Checks that a kernel is well formed.
//!
//! Types fit, every value is defined, once and before it is read, buffers are accessed as declared, and a lanes
//! loop holds only what can run on many lanes at once.

use std::fmt;

use crate::kernel::{Access, Block, Bound, BufferId, Index, Kernel, Loop, LoopKind, Statement, Term, While};
use crate::op::{Op, Value};
use crate::scalar::Scalar;

/// Why a kernel is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(String);

impl Malformed {
    pub(crate) fn new(message: String) -> Malformed {
        Malformed(message)
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

type Result = std::result::Result<(), Malformed>;

/// Checks a kernel.
///
/// # Errors
/// The first rule that is broken, naming the values.
pub fn verify(kernel: &Kernel) -> Result {
    let mut verifier = Verifier {
        kernel,
        defined: vec![false; kernel.num_values()],
        in_scope: vec![false; kernel.num_values()],
        lanes: None,
    };
    for value in kernel.range() {
        verifier.define(value, Scalar::I64)?;
    }
    verifier.block(kernel.body())?;
    match verifier.defined.iter().position(|defined| !defined) {
        Some(number) => Err(Malformed(format!("%{number} has a type and is defined nowhere"))),
        None => Ok(()),
    }
}

struct Verifier<'k> {
    kernel: &'k Kernel,
    defined: Vec<bool>,
    in_scope: Vec<bool>,
    /// Within a lanes loop: which values differ from lane to lane, and the loop's variable.
    lanes: Option<Lanes>,
}

struct Lanes {
    variable: Value,
    varying: Vec<bool>,
}

macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err(Malformed(format!($($message)+)));
        }
    };
}

impl Verifier<'_> {
    fn block(&mut self, block: &Block) -> Result {
        let mut opened = Vec::new();
        for statement in &block.statements {
            self.statement(statement, &mut opened)?;
        }
        self.close(opened);
        Ok(())
    }

    fn close(&mut self, opened: Vec<Value>) {
        for value in opened {
            self.in_scope[value.index()] = false;
        }
    }

    /// Checks a statement and adds what it defines to `opened`.
    fn statement(&mut self, statement: &Statement, opened: &mut Vec<Value>) -> Result {
        match statement {
            Statement::Let { value, op } => {
                let scalar = self.op(op)?;
                self.define(*value, scalar)?;
                let mut varies = false;
                op.for_each_operand(|operand| varies |= self.varies(operand));
                self.mark(*value, varies);
                opened.push(*value);
            }
            Statement::Load { value, buffer, index } => {
                self.index(*buffer, index)?;
                let buffer = self.kernel.buffers[buffer.index()];
                ensure!(buffer.access != Access::Write, "{value} is loaded from a write-only buffer");
                self.define(*value, buffer.scalar)?;
                self.mark(*value, index.terms().iter().any(|term| self.varies(term.0)));
                opened.push(*value);
            }
            Statement::Store { buffer, index, value } => {
                self.index(*buffer, index)?;
                self.read(*value)?;
                let id = buffer;
                let buffer = self.kernel.buffers[buffer.index()];
                ensure!(buffer.access != Access::Read, "{value} is stored to the read-only {id}");
                ensure!(
                    buffer.scalar == self.kernel.scalar(*value),
                    "{value}: {} is stored to {id}: {}",
                    self.kernel.scalar(*value),
                    buffer.scalar
                );
                if let Some(lanes) = &self.lanes {
                    let varying: Vec<Value> =
                        index.terms().iter().map(|term| term.0).filter(|&term| self.varies(term)).collect();
                    ensure!(
                        varying == [lanes.variable],
                        "a store of {value} in the lanes loop of {} must vary with that variable alone",
                        lanes.variable
                    );
                }
            }
            Statement::Loop(inner) => self.counted_loop(inner, opened)?,
            Statement::If(branch) => {
                ensure!(self.lanes.is_none(), "a branch within a lanes loop");
                self.expect(branch.condition, Scalar::Bool)?;
                let mut inner = Vec::new();
                for statement in &branch.then.statements {
                    self.statement(statement, &mut inner)?;
                }
                branch.results.iter().try_for_each(|choice| self.read(choice.then))?;
                self.close(std::mem::take(&mut inner));
                for statement in &branch.otherwise.statements {
                    self.statement(statement, &mut inner)?;
                }
                branch.results.iter().try_for_each(|choice| self.read(choice.otherwise))?;
                self.close(inner);
                for choice in &branch.results {
                    let scalar = self.kernel.scalar(choice.then);
                    ensure!(
                        scalar == self.kernel.scalar(choice.otherwise),
                        "{} has two types",
                        choice.result
                    );
                    self.define(choice.result, scalar)?;
                    opened.push(choice.result);
                }
            }
            Statement::While(inner) => self.while_loop(inner, opened)?,
        }
        Ok(())
    }

    fn counted_loop(&mut self, inner: &Loop, opened: &mut Vec<Value>) -> Result {
        for bound in [inner.lower, inner.upper] {
            if let Bound::Value(value) = bound {
                self.expect(value, Scalar::I64)?;
                ensure!(!self.varies(value), "the bound {value} differs from lane to lane");
            }
        }
        match &inner.kind {
            LoopKind::Serial(carried) => {
                let mut own = vec![inner.variable];
                for carried in carried {
                    self.read(carried.init)?;
                }
                self.define(inner.variable, Scalar::I64)?;
                for carried in carried {
                    self.define(carried.param, self.kernel.scalar(carried.init))?;
                    self.mark(carried.param, self.lanes.is_some());
                    own.push(carried.param);
                }
                for statement in &inner.body.statements {
                    self.statement(statement, &mut own)?;
                }
                for carried in carried {
                    self.expect(carried.next, self.kernel.scalar(carried.init))?;
                }
                self.close(own);
                for carried in carried {
                    self.define(carried.result, self.kernel.scalar(carried.init))?;
                    self.mark(carried.result, self.lanes.is_some());
                    opened.push(carried.result);
                }
            }
            LoopKind::Lanes { lanes, reductions } => {
                ensure!(self.lanes.is_none(), "a lanes loop within a lanes loop");
                ensure!(lanes.is_power_of_two() && *lanes <= 64, "{lanes} lanes");
                for reduction in reductions {
                    self.read(reduction.init)?;
                }
                self.define(inner.variable, Scalar::I64)?;
                self.lanes =
                    Some(Lanes { variable: inner.variable, varying: vec![false; self.kernel.num_values()] });
                self.mark(inner.variable, true);
                let mut own = vec![inner.variable];
                for statement in &inner.body.statements {
                    self.statement(statement, &mut own)?;
                }
                for reduction in reductions {
                    let scalar = self.kernel.scalar(reduction.init);
                    match reduction.term {
                        Term::Value(value) => self.expect(value, scalar)?,
                        Term::Product(x, y) => {
                            ensure!(
                                reduction.combine == crate::kernel::Combine::Sum && scalar.is_float(),
                                "a product term of {}",
                                reduction.result
                            );
                            self.expect(x, scalar)?;
                            self.expect(y, scalar)?;
                        }
                    }
                    ensure!(
                        reduction.combine.binary().accepts(scalar),
                        "{} of {scalar}",
                        reduction.combine.name()
                    );
                }
                self.close(own);
                self.lanes = None;
                for reduction in reductions {
                    self.define(reduction.result, self.kernel.scalar(reduction.init))?;
                    opened.push(reduction.result);
                }
            }
        }
        Ok(())
    }

    fn while_loop(&mut self, inner: &While, opened: &mut Vec<Value>) -> Result {
        ensure!(self.lanes.is_none(), "a while within a lanes loop");
        let mut params = Vec::new();
        for carried in &inner.carried {
            self.read(carried.init)?;
        }
        for carried in &inner.carried {
            self.define(carried.param, self.kernel.scalar(carried.init))?;
            params.push(carried.param);
        }
        let mut own = Vec::new();
        for statement in &inner.test.statements {
            self.statement(statement, &mut own)?;
        }
        self.expect(inner.condition, Scalar::Bool)?;
        self.close(std::mem::take(&mut own));
        for statement in &inner.body.statements {
            self.statement(statement, &mut own)?;
        }
        for carried in &inner.carried {
            self.expect(carried.next, self.kernel.scalar(carried.init))?;
        }
        self.close(own);
        self.close(params);
        for carried in &inner.carried {
            self.define(carried.result, self.kernel.scalar(carried.init))?;
            opened.push(carried.result);
        }
        Ok(())
    }

    /// Checks an operation's operands and returns its type.
    fn op(&self, op: &Op) -> std::result::Result<Scalar, Malformed> {
        let mut outcome = Ok(());
        op.for_each_operand(|operand| {
            if outcome.is_ok() {
                outcome = self.read(operand);
            }
        });
        outcome?;
        let scalar = |value: Value| self.kernel.scalar(value);
        Ok(match op {
            Op::Constant { scalar, bits } => {
                ensure!(bits & !scalar.mask() == 0, "a constant wider than {scalar}");
                *scalar
            }
            Op::Unary(unary, x) => {
                ensure!(unary.accepts(scalar(*x)), "{} of {}", unary.name(), scalar(*x));
                scalar(*x)
            }
            Op::Binary(binary, x, y) => {
                ensure!(binary.accepts(scalar(*x)), "{} of {}", binary.name(), scalar(*x));
                self.expect(*y, scalar(*x))?;
                scalar(*x)
            }
            Op::Fma(x, y, z) => {
                ensure!(scalar(*x).is_float(), "fma of {}", scalar(*x));
                self.expect(*y, scalar(*x))?;
                self.expect(*z, scalar(*x))?;
                scalar(*x)
            }
            Op::Compare(_, x, y) => {
                self.expect(*y, scalar(*x))?;
                Scalar::Bool
            }
            Op::Select(condition, x, y) => {
                self.expect(*condition, Scalar::Bool)?;
                self.expect(*y, scalar(*x))?;
                scalar(*x)
            }
            Op::Convert(to, _) => *to,
            Op::Bitcast(to, x) => {
                ensure!(to.width() == scalar(*x).width(), "bitcast of {} to {to}", scalar(*x));
                *to
            }
            Op::Cold { function, condition, args, otherwise } => {
                ensure!(args.len() == function.num_args(), "operands of cold {}", function.name());
                ensure!(scalar(*otherwise).is_float(), "cold {} of {}", function.name(), scalar(*otherwise));
                self.expect(*condition, Scalar::Bool)?;
                args.iter().try_for_each(|&arg| self.expect(arg, scalar(*otherwise)))?;
                scalar(*otherwise)
            }
        })
    }

    fn index(&self, buffer: BufferId, index: &Index) -> Result {
        ensure!(buffer.index() < self.kernel.buffers.len(), "there is no {buffer}");
        index.terms().iter().try_for_each(|&(value, _)| self.expect(value, Scalar::I64))
    }

    fn define(&mut self, value: Value, scalar: Scalar) -> Result {
        ensure!(value.index() < self.defined.len(), "{value} has no type");
        ensure!(!self.defined[value.index()], "{value} is defined twice");
        ensure!(
            self.kernel.scalar(value) == scalar,
            "{value} is declared {} and computed as {scalar}",
            self.kernel.scalar(value)
        );
        self.defined[value.index()] = true;
        self.in_scope[value.index()] = true;
        Ok(())
    }

    fn read(&self, value: Value) -> Result {
        ensure!(self.in_scope.get(value.index()) == Some(&true), "{value} is read where it is not defined");
        Ok(())
    }

    fn expect(&self, value: Value, scalar: Scalar) -> Result {
        self.read(value)?;
        let found = self.kernel.scalar(value);
        ensure!(found == scalar, "{value} is {found} where {scalar} is needed");
        Ok(())
    }

    fn varies(&self, value: Value) -> bool {
        self.lanes.as_ref().is_some_and(|lanes| lanes.varying[value.index()])
    }

    fn mark(&mut self, value: Value, varies: bool) {
        if let Some(lanes) = &mut self.lanes {
            lanes.varying[value.index()] = varies;
        }
    }
}
