//! Samples of primitives: what the conformance tests and the generated spec run over.

use crate::{Array, Dtype, Op, Type};

/// An operation with operands on which it is defined.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The operation.
    pub op: Op,
    /// Its operands.
    pub args: Vec<Argument>,
    /// Whether differences near these operands approximate the derivative.
    pub smooth: bool,
}

/// An operand of a [`Sample`].
#[derive(Clone, Debug)]
pub enum Argument {
    /// Any elements from a range; tests fill it.
    Range(Type, f64, f64),
    /// These elements, such as indices that must be in bounds.
    Exact(Array),
}

impl Argument {
    /// The operand's type.
    pub fn ty(&self) -> &Type {
        match self {
            Argument::Range(ty, ..) => ty,
            Argument::Exact(array) => array.ty(),
        }
    }
    /// Elements for this operand, the same for the same `seed`.
    pub fn fill(&self, seed: u64) -> Array {
        match self {
            Argument::Exact(array) => array.clone(),
            Argument::Range(ty, low, high) => {
                let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
                let mut next = || {
                    // xorshift64*
                    state ^= state >> 12;
                    state ^= state << 25;
                    state ^= state >> 27;
                    let unit = (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1u64 << 53) as f64;
                    if ty.dtype == Dtype::Bool {
                        f64::from(u8::from(unit < 0.5))
                    } else {
                        low + (high - low) * unit
                    }
                };
                Array::from_f64(ty, (0..ty.shape.size()).map(|_| next()))
            }
        }
    }
}

impl Sample {
    /// A sample without operands.
    pub fn new(op: impl Into<Op>) -> Sample {
        Sample { op: op.into(), args: vec![], smooth: true }
    }
    /// One more operand with elements from `low..high`.
    pub fn arg(mut self, ty: Type, low: f64, high: f64) -> Sample {
        self.args.push(Argument::Range(ty, low, high));
        self
    }
    /// One more operand with these elements.
    pub fn exact(mut self, array: impl Into<Array>) -> Sample {
        self.args.push(Argument::Exact(array.into()));
        self
    }
    /// Differences say nothing here: steps, integers.
    pub fn not_smooth(mut self) -> Sample {
        self.smooth = false;
        self
    }
    /// The operands' types.
    pub fn types(&self) -> Vec<Type> {
        self.args.iter().map(|a| a.ty().clone()).collect()
    }
}
