//! Programs: straight lines of typed equations in single-assignment form.
//!
//! Invariant of a built [`Program`]: an equation reads only variables defined before it; variables are
//! numbered in the order of their definition, parameters first, so that equal structure is equality.
//! Nothing here knows what any operation means; meaning lives in [`crate::ops`].

use crate::ops::Effect;
use crate::{Op, SourceLocation, Type};
use rustc_hash::FxHasher;
use smallvec::SmallVec;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A variable of one [`Program`]; prints as in the text form.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Var(u32);

impl Var {
    /// The variable of that number.
    pub fn new(index: usize) -> Var {
        Var(u32::try_from(index).expect("internal: fewer than 2^32 variables"))
    }
    /// Its number, for tables indexed by variable.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
impl fmt::Display for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}
impl fmt::Debug for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A short list of variables.
pub type Vars = SmallVec<[Var; 2]>;

/// `results = op(args)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Equation {
    /// The operation with its attributes.
    pub op: Op,
    /// Operands.
    pub args: Vars,
    /// The variables this equation defines.
    pub results: Vars,
    /// The user's line.
    pub place: SourceLocation,
}

/// A pure function from arrays to arrays. Immutable once built.
#[derive(Clone, Eq)]
pub struct Program {
    types: Vec<Type>,
    num_params: usize,
    equations: Vec<Equation>,
    results: Vec<Var>,
    effect: Effect,
    /// How many Programs stand inside one another, this one included.
    depth: usize,
    hash: u64,
}

impl Program {
    /// The type of `var`.
    pub fn ty(&self, var: Var) -> &Type {
        &self.types[var.index()]
    }
    /// The number of variables: parameters and results of equations.
    pub fn num_vars(&self) -> usize {
        self.types.len()
    }
    /// The parameters: the first variables.
    pub fn params(&self) -> impl ExactSizeIterator<Item = Var> + Clone + use<> {
        (0..self.num_params).map(Var::new)
    }
    /// The number of parameters.
    pub fn num_params(&self) -> usize {
        self.num_params
    }
    /// The types of the parameters.
    pub fn param_types(&self) -> &[Type] {
        &self.types[..self.num_params]
    }
    /// The body, in order of definition.
    pub fn equations(&self) -> &[Equation] {
        &self.equations
    }
    /// The results.
    pub fn results(&self) -> &[Var] {
        &self.results
    }
    /// What running it does besides computing its results: the greatest effect of its equations.
    pub fn effect(&self) -> Effect {
        self.effect
    }
    /// How many Programs stand inside one another, this one included.
    pub fn depth(&self) -> usize {
        self.depth
    }
    /// Whether an equation speaks of the batch axis of that name.
    pub fn uses_axis(&self, name: &str) -> bool {
        self.equations.iter().any(|eqn| eqn.op.rules().uses_axis(name))
    }
    /// The types of the results.
    pub fn result_types(&self) -> Vec<Type> {
        self.results.iter().map(|r| self.ty(*r).clone()).collect()
    }
}

impl PartialEq for Program {
    fn eq(&self, other: &Program) -> bool {
        self.hash == other.hash
            && self.num_params == other.num_params
            && self.types == other.types
            && self.equations == other.equations
            && self.results == other.results
    }
}
impl Hash for Program {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// A program being written down.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    types: Vec<Type>,
    params: Vec<Var>,
    equations: Vec<Equation>,
}

impl Builder {
    /// An empty program.
    pub fn new() -> Builder {
        Builder::default()
    }
    /// A new parameter; it may come after equations.
    pub fn param(&mut self, ty: Type) -> Var {
        let var = self.define(ty);
        self.params.push(var);
        var
    }
    /// Appends an equation whose result types are known.
    pub fn push(
        &mut self,
        op: Op,
        args: Vars,
        types: impl IntoIterator<Item = Type>,
        place: SourceLocation,
    ) -> Vars {
        let results: Vars = types.into_iter().map(|ty| self.define(ty)).collect();
        self.equations.push(Equation { op, args, results: results.clone(), place });
        results
    }
    /// The type of `var`.
    pub fn ty(&self, var: Var) -> &Type {
        &self.types[var.index()]
    }
    /// The parameters so far.
    pub fn params(&self) -> &[Var] {
        &self.params
    }
    /// The equations so far.
    pub fn equations(&self) -> &[Equation] {
        &self.equations
    }
    /// Numbers the variables in order of definition and closes the program.
    pub fn finish(self, results: &[Var]) -> Program {
        let mut new_name = vec![Var(u32::MAX); self.types.len()];
        let defined = self.equations.iter().flat_map(|eqn| eqn.results.iter());
        let order: Vec<Var> = self.params.iter().chain(defined).copied().collect();
        for (i, var) in order.iter().enumerate() {
            new_name[var.index()] = Var::new(i);
        }
        let rename = |var: &Var| new_name[var.index()];
        let types = order.iter().map(|var| self.types[var.index()].clone()).collect();
        let mut equations = self.equations;
        for eqn in &mut equations {
            eqn.args.iter_mut().for_each(|var| *var = rename(var));
            eqn.results.iter_mut().for_each(|var| *var = rename(var));
        }
        let results: Vec<Var> = results.iter().map(rename).collect();
        let effect = equations.iter().map(|eqn| eqn.op.rules().effect()).max().unwrap_or_default();
        let inside =
            |eqn: &Equation| eqn.op.rules().programs().into_iter().map(|program| program.depth).max();
        let depth = 1 + equations.iter().filter_map(inside).max().unwrap_or_default();
        let num_params = self.params.len();
        let mut program = Program { types, num_params, equations, results, effect, depth, hash: 0 };
        program.hash = program.structural_hash();
        program
    }
    fn define(&mut self, ty: Type) -> Var {
        self.types.push(ty);
        Var::new(self.types.len() - 1)
    }
}

impl Program {
    fn structural_hash(&self) -> u64 {
        let mut state = FxHasher::default();
        (self.num_params, &self.types, &self.equations, &self.results).hash(&mut state);
        state.finish()
    }
}
