//! Copying a Program equation by equation: what every clean-up pass is made of.

use gradus_ir::program::{Builder, Program, Var, Vars};
use gradus_ir::{Equation, Op, Type};

/// A copy in the making: what the variables of the old program are called in the new one.
pub(crate) struct Rebuild<'a> {
    old: &'a Program,
    name: Vec<Option<Var>>,
    /// The new program so far.
    pub(crate) builder: Builder,
}

impl<'a> Rebuild<'a> {
    /// A copy without parameters or equations yet.
    pub(crate) fn empty(old: &'a Program) -> Rebuild<'a> {
        Rebuild { old, name: vec![None; old.num_vars()], builder: Builder::new() }
    }
    /// A copy that has the parameters.
    pub(crate) fn new(old: &'a Program) -> Rebuild<'a> {
        let mut copy = Rebuild::empty(old);
        old.params().for_each(|p| copy.param(p));
        copy
    }
    /// Adds parameter `old`.
    pub(crate) fn param(&mut self, old: Var) {
        let new = self.builder.param(self.old.ty(old).clone());
        self.set(old, new);
    }
    /// What `old` is called now.
    pub(crate) fn get(&self, old: Var) -> Var {
        self.name[old.index()].expect("internal: what is read was copied")
    }
    /// From now on `old` is called `new`.
    pub(crate) fn set(&mut self, old: Var, new: Var) {
        self.name[old.index()] = Some(new);
    }
    /// The operands of `eqn` by their new names.
    pub(crate) fn args(&self, eqn: &Equation) -> Vars {
        eqn.args.iter().map(|a| self.get(*a)).collect()
    }
    /// Copies `eqn`.
    pub(crate) fn copy(&mut self, eqn: &Equation) {
        let args = self.args(eqn);
        self.replace(eqn, eqn.op.clone(), args);
    }
    /// Writes `op(args)` in place of `eqn`.
    pub(crate) fn replace(&mut self, eqn: &Equation, op: Op, args: Vars) {
        let types: Vec<Type> = eqn.results.iter().map(|r| self.old.ty(*r).clone()).collect();
        let results = self.builder.push(op, args, types, eqn.place);
        for (old, new) in eqn.results.iter().zip(results) {
            self.set(*old, new);
        }
    }
    /// The finished program.
    pub(crate) fn finish(self) -> Program {
        let results: Vec<Var> = self.old.results().iter().map(|r| self.get(*r)).collect();
        self.builder.finish(&results)
    }
}

/// The same equations with other results.
pub(crate) fn with_results(program: &Program, results: &[Var]) -> Program {
    let mut copy = Rebuild::new(program);
    program.equations().iter().for_each(|eqn| copy.copy(eqn));
    let results: Vec<Var> = results.iter().map(|r| copy.get(*r)).collect();
    copy.builder.finish(&results)
}
