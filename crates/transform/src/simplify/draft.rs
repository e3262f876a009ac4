//! The program that simplification writes, and what equations may ask about it.

use super::{arithmetic, contraction, elementwise, logic, movement, parts, reduction, selection};
use crate::rebuild::Rebuild;
use gradus_ir::ops::movement::Movement;
use gradus_ir::ops::source::Source;
use gradus_ir::program::Var;
use gradus_ir::{Array, Dtype, Equation, Op, Shape, SourceLocation, Type};

/// An equation of this module: the value of `op(args)` written another way.
pub(super) type Rewrite = fn(&mut Draft, &Op, &[Var]) -> Option<Var>;

const FILES: [&[Rewrite]; 8] = [
    arithmetic::EQUATIONS,
    logic::EQUATIONS,
    movement::EQUATIONS,
    elementwise::EQUATIONS,
    reduction::EQUATIONS,
    contraction::EQUATIONS,
    selection::EQUATIONS,
    parts::EQUATIONS,
];

/// Equations that rewrite what another one wrote go at most this deep.
const MOST_STEPS: usize = 12;

pub(super) struct Draft<'a> {
    pub(super) copy: Rebuild<'a>,
    /// The number of the equation that defines a variable of the copy; parameters have none.
    definition: Vec<Option<u32>>,
    place: SourceLocation,
    steps: usize,
}

impl<'a> Draft<'a> {
    pub(super) fn new(copy: Rebuild<'a>) -> Draft<'a> {
        let definition = vec![None; copy.builder.params().len()];
        Draft { copy, definition, place: SourceLocation::unknown(), steps: 0 }
    }
    /// Equations that follow come from `place`.
    pub(super) fn at(&mut self, place: SourceLocation) -> &mut Draft<'a> {
        self.place = place;
        self
    }
    /// An equation with any number of results, as it stands.
    pub(super) fn copy_whole(&mut self, eqn: &Equation) {
        self.copy.copy(eqn);
        self.note_definition(eqn.results.len());
    }
    /// The value of `op(args)`, by an equation if one fits, else written down.
    pub(super) fn write(&mut self, op: impl Into<Op>, args: &[Var]) -> Var {
        let op = op.into();
        if self.steps < MOST_STEPS {
            self.steps += 1;
            let found = FILES.iter().copied().flatten().find_map(|rewrite| rewrite(self, &op, args));
            self.steps -= 1;
            if let Some(var) = found {
                return var;
            }
        }
        let types: Vec<&Type> = args.iter().map(|a| self.copy.builder.ty(*a)).collect();
        let inferred = op.rules().infer(&types);
        let types = inferred
            .unwrap_or_else(|e| panic!("internal: simplify wrote a wrong {}: {e}", op.rules().name()));
        let results = self.copy.builder.push(op, args.into(), types, self.place);
        self.note_definition(results.len());
        results[0]
    }
    fn note_definition(&mut self, results: usize) {
        let number = self.copy.builder.equations().len() - 1;
        self.definition.resize(self.definition.len() + results, Some(number as u32));
    }

    /// The type of `var`.
    pub(super) fn ty(&self, var: Var) -> &Type {
        self.copy.builder.ty(var)
    }
    /// The element type of `var`.
    pub(super) fn dtype(&self, var: Var) -> Dtype {
        self.ty(var).dtype
    }
    /// The shape of `var`.
    pub(super) fn shape(&self, var: Var) -> &Shape {
        &self.ty(var).shape
    }
    /// The equation that defines `var`, unless it is a parameter.
    pub(super) fn definition(&self, var: Var) -> Option<&Equation> {
        let number = self.definition[var.index()]?;
        Some(&self.copy.builder.equations()[number as usize])
    }
    /// The operand of the equation that defines `var`, if its operation is `op`.
    pub(super) fn operand_of(&self, var: Var, op: impl Into<Op>) -> Option<Var> {
        let eqn = self.definition(var)?;
        (eqn.op == op.into()).then(|| eqn.args[0])
    }
    /// The movement that defines `var`, with its operand.
    pub(super) fn movement(&self, var: Var) -> Option<(&Movement, Var)> {
        match self.definition(var)? {
            Equation { op: Op::Movement(movement), args, .. } => Some((movement, *args.first()?)),
            _ => None,
        }
    }
    /// The scalar that every element of `var` is, if it is a constant.
    pub(super) fn uniform(&self, var: Var) -> Option<&Array> {
        let mut var = var;
        loop {
            match self.definition(var)? {
                Equation { op: Op::Source(Source::Constant(array)), .. } => {
                    return (array.rank() == 0).then_some(array);
                }
                Equation { op: Op::Movement(Movement::Broadcast { .. }), args, .. } => var = args[0],
                _ => return None,
            }
        }
    }
    /// Whether every element of `var` is the real constant `x`; the sign of zero counts.
    pub(super) fn is_all(&self, var: Var, x: f64) -> bool {
        !self.dtype(var).is_complex()
            && self.uniform(var).is_some_and(|scalar| scalar.to_f64_vec()[0].to_bits() == x.to_bits())
    }
    /// A value of type `ty` whose elements all are `x`.
    pub(super) fn full(&mut self, ty: &Type, x: f64) -> Var {
        let scalar = Array::from_f64(&Type::scalar(ty.dtype), [x]);
        let scalar = self.write(Source::Constant(scalar), &[]);
        self.splat(scalar, &ty.shape)
    }
    /// The scalar `x` repeated to `shape`.
    pub(super) fn splat(&mut self, x: Var, shape: &Shape) -> Var {
        match shape.rank() {
            0 => x,
            _ => self.write(Movement::Broadcast { shape: shape.clone(), dims: Default::default() }, &[x]),
        }
    }
}
