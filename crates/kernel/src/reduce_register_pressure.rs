//! Operations in an order that keeps few values alive: what a loop carries should stay in registers.
//!
//! Only the order of adjacent operations changes, none of which has an effect; the results are the same bits.

use crate::kernel::{Block, Kernel, LoopKind, Statement, Term};
use crate::op::Value;

/// Reorders the operations of a kernel: next comes the one that frees most values, of equals the first.
pub fn reduce_register_pressure(kernel: &mut Kernel) {
    let num_values = kernel.num_values();
    let mut constant = vec![false; num_values];
    mark_constants(&kernel.body, &mut constant);
    let mut order = Order { constant, uses: vec![0; num_values], defined_at: vec![usize::MAX; num_values] };
    for_each_read(&kernel.body, &mut |value| order.uses[value.index()] += 1);
    order.block(&mut kernel.body);
}

struct Order {
    constant: Vec<bool>,
    /// How often each value is still read.
    uses: Vec<i64>,
    /// Number of the operation that defines a value, among those that are being ordered.
    defined_at: Vec<usize>,
}

impl Order {
    fn block(&mut self, block: &mut Block) {
        let statements = std::mem::take(&mut block.statements);
        let mut run: Vec<Statement> = vec![];
        for mut statement in statements {
            if matches!(statement, Statement::Let { .. }) {
                run.push(statement);
                continue;
            }
            self.run(&mut run, &mut block.statements);
            for inner in blocks_of(&mut statement) {
                self.block(inner);
            }
            block.statements.push(statement);
        }
        self.run(&mut run, &mut block.statements);
    }

    /// Moves a run of operations, ordered, to the end of `to`.
    fn run(&mut self, run: &mut Vec<Statement>, to: &mut Vec<Statement>) {
        for (k, statement) in run.iter().enumerate() {
            self.defined_at[defined(statement).index()] = k;
        }
        let mut waits_for: Vec<usize> = vec![0; run.len()];
        let mut readers: Vec<Vec<usize>> = vec![vec![]; run.len()];
        for (k, statement) in run.iter().enumerate() {
            for operand in distinct_operands(statement) {
                let from = self.defined_at[operand.index()];
                if from < run.len() {
                    waits_for[k] += 1;
                    readers[from].push(k);
                }
            }
        }
        let mut ready: Vec<usize> = (0..run.len()).filter(|&k| waits_for[k] == 0).collect();
        let mut order = Vec::with_capacity(run.len());
        while !ready.is_empty() {
            let at = (0..ready.len())
                .max_by_key(|&at| (self.freed(&run[ready[at]]), std::cmp::Reverse(ready[at])))
                .expect("internal: something is ready");
            let k = ready.swap_remove(at);
            operands(&run[k], &mut |operand| self.uses[operand.index()] -= 1);
            for &reader in &readers[k] {
                waits_for[reader] -= 1;
                if waits_for[reader] == 0 {
                    ready.push(reader);
                }
            }
            order.push(k);
        }
        for statement in run.iter() {
            self.defined_at[defined(statement).index()] = usize::MAX;
        }
        let mut statements: Vec<Option<Statement>> = run.drain(..).map(Some).collect();
        to.extend(order.into_iter().filter_map(|k| statements[k].take()));
    }

    /// How many values fewer are alive after an operation than before.
    fn freed(&self, statement: &Statement) -> i64 {
        let mut freed = -i64::from(!self.constant[defined(statement).index()]);
        for operand in distinct_operands(statement) {
            let mut reads = 0;
            operands(statement, &mut |other| reads += i64::from(other == operand));
            freed += i64::from(self.uses[operand.index()] == reads && !self.constant[operand.index()]);
        }
        freed
    }
}

fn defined(statement: &Statement) -> Value {
    match statement {
        Statement::Let { value, .. } => *value,
        _ => unreachable!("internal: a run of operations"),
    }
}

fn operands(statement: &Statement, visit: &mut dyn FnMut(Value)) {
    if let Statement::Let { op, .. } = statement {
        op.for_each_operand(visit);
    }
}

fn distinct_operands(statement: &Statement) -> Vec<Value> {
    let mut all: Vec<Value> = vec![];
    operands(statement, &mut |operand| {
        if !all.contains(&operand) {
            all.push(operand);
        }
    });
    all
}

fn blocks_of(statement: &mut Statement) -> Vec<&mut Block> {
    match statement {
        Statement::Loop(inner) => vec![&mut inner.body],
        Statement::If(branch) => vec![&mut branch.then, &mut branch.otherwise],
        Statement::While(inner) => vec![&mut inner.test, &mut inner.body],
        _ => vec![],
    }
}

fn mark_constants(block: &Block, constant: &mut [bool]) {
    for statement in &block.statements {
        match statement {
            Statement::Let { value, op: crate::op::Op::Constant { .. } } => constant[value.index()] = true,
            Statement::Loop(inner) => mark_constants(&inner.body, constant),
            Statement::If(branch) => {
                mark_constants(&branch.then, constant);
                mark_constants(&branch.otherwise, constant);
            }
            Statement::While(inner) => {
                mark_constants(&inner.test, constant);
                mark_constants(&inner.body, constant);
            }
            _ => {}
        }
    }
}

/// Calls `visit` for each read of a value.
fn for_each_read(block: &Block, visit: &mut dyn FnMut(Value)) {
    for statement in &block.statements {
        match statement {
            Statement::Let { op, .. } => op.for_each_operand(&mut *visit),
            Statement::Load { index, .. } => index.terms().iter().for_each(|term| visit(term.0)),
            Statement::Store { index, value, .. } => {
                index.terms().iter().for_each(|term| visit(term.0));
                visit(*value);
            }
            Statement::Loop(inner) => {
                match &inner.kind {
                    LoopKind::Serial(carried) => {
                        for carried in carried {
                            [carried.init, carried.next].into_iter().for_each(&mut *visit);
                        }
                    }
                    LoopKind::Lanes { reductions, .. } => {
                        for reduction in reductions {
                            visit(reduction.init);
                            match reduction.term {
                                Term::Value(x) => visit(x),
                                Term::Product(x, y) => [x, y].into_iter().for_each(&mut *visit),
                            }
                        }
                    }
                }
                for_each_read(&inner.body, visit);
            }
            Statement::If(branch) => {
                visit(branch.condition);
                for choice in &branch.results {
                    [choice.then, choice.otherwise].into_iter().for_each(&mut *visit);
                }
                for_each_read(&branch.then, visit);
                for_each_read(&branch.otherwise, visit);
            }
            Statement::While(inner) => {
                visit(inner.condition);
                for carried in &inner.carried {
                    [carried.init, carried.next].into_iter().for_each(&mut *visit);
                }
                for_each_read(&inner.test, visit);
                for_each_read(&inner.body, visit);
            }
        }
    }
}
