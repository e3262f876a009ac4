//! Samples of primitives: what the conformance tests and the generated spec run over.

use crate::{Array, Complex, Dtype, Op, Type, bf16, f16};
use std::borrow::Borrow;

/// An operation with operands on which it is defined.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The operation.
    pub op: Op,
    /// Its operands.
    pub args: Vec<Argument>,
    /// Whether differences near these operands approximate the derivative.
    pub smooth: bool,
    /// Whether that holds for the derivative too.
    pub smooth_twice: bool,
}

/// An operand of a [`Sample`].
#[derive(Clone, Debug)]
pub enum Argument {
    /// Any elements from a range; tests fill it.
    Range(Type, f64, f64),
    /// Matrices with elements between -1 and 1 and a number added to their diagonals; tests fill them.
    Diagonal(Type, f64),
    /// These elements, such as indices that must be in bounds.
    Exact(Array),
}

impl Argument {
    /// The operand's type.
    pub fn ty(&self) -> &Type {
        match self {
            Argument::Range(ty, ..) | Argument::Diagonal(ty, _) => ty,
            Argument::Exact(array) => array.ty(),
        }
    }
    /// Elements for this operand, the same for the same `seed`.
    pub fn fill(&self, seed: u64) -> Array {
        match self {
            Argument::Exact(array) => array.clone(),
            Argument::Diagonal(ty, added) => {
                let elements = Argument::Range(ty.clone(), -1.0, 1.0).fill(seed).to_complex_vec();
                let [.., rows, columns] = ty.shape.dims()[..] else {
                    unreachable!("internal: a matrix");
                };
                let is_diagonal = |k: usize| k / columns % rows == k % columns;
                let add = |(k, x): (usize, Complex<f64>)| if is_diagonal(k) { x + *added } else { x };
                Array::from_complex(ty, elements.into_iter().enumerate().map(add))
            }
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
                if ty.dtype.is_complex() {
                    return Array::from_complex(
                        ty,
                        (0..ty.shape.size()).map(|_| Complex::new(next(), next())),
                    );
                }
                Array::from_f64(ty, (0..ty.shape.size()).map(|_| next()))
            }
        }
    }
}

/// An operation that refuses operands of these types by its constraint of that number.
pub(crate) fn refused<T: Borrow<Type>>(
    op: impl Into<Op>,
    constraint: u8,
    types: impl IntoIterator<Item = T>,
) -> (u8, Sample) {
    let args = types.into_iter().map(|ty| Argument::Range(ty.borrow().clone(), 0.0, 1.0)).collect();
    (constraint, Sample { op: op.into(), args, smooth: false, smooth_twice: false })
}

impl Sample {
    /// A sample without operands.
    pub fn new(op: impl Into<Op>) -> Sample {
        Sample { op: op.into(), args: vec![], smooth: true, smooth_twice: true }
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
    /// One more operand of matrices with elements from `-1.0..1.0` and `added` on their diagonals.
    pub fn diagonal(mut self, ty: Type, added: f64) -> Sample {
        self.args.push(Argument::Diagonal(ty, added));
        self
    }
    /// Differences say nothing here: steps, integers.
    pub fn not_smooth(mut self) -> Sample {
        self.smooth = false;
        self
    }
    /// Differences approximate the derivative, but its own derivative has no rule, or that of some operand.
    pub fn smooth_once(mut self) -> Sample {
        self.smooth_twice = false;
        self
    }
    /// The same operation with its floats in f64, and complex numbers of them, if it takes them so.
    pub fn in_f64(&self) -> Option<Sample> {
        self.with_dtypes(|dtype| match dtype {
            dtype if dtype.is_float() => Dtype::F64,
            dtype if dtype.is_complex() => Dtype::Complex128,
            other => other,
        })
    }
    /// The same operation on operands of other element types, if it takes them so; operands that are exact and no
    /// floats stay.
    pub fn with_dtypes(&self, to: impl Fn(Dtype) -> Dtype) -> Option<Sample> {
        let wide = |ty: &Type| ty.with_dtype(to(ty.dtype));
        let widened = |arg: &Argument| match arg {
            Argument::Range(ty, low, high) => Argument::Range(wide(ty), *low, *high),
            Argument::Diagonal(ty, added) => Argument::Diagonal(wide(ty), *added),
            Argument::Exact(a) if a.dtype().is_inexact() => {
                Argument::Exact(Array::from_complex(&wide(a.ty()), a.to_complex_vec()))
            }
            Argument::Exact(a) => Argument::Exact(a.clone()),
        };
        let args: Vec<Argument> = self.args.iter().map(widened).collect();
        let types: Vec<&Type> = args.iter().map(Argument::ty).collect();
        let accepted = crate::verify::infer(&self.op, &types).is_ok();
        accepted.then(|| Sample { op: self.op.clone(), args, ..*self })
    }
    /// Whether a Program of it alone can be run. An operation on tapes cannot, for no Program that is run has tapes as
    /// parameters or results, nor one that is refused in any Program that is run, and stands only in what passes make:
    /// such samples are for the text form; their rules are tested by samples of calls.
    pub fn is_run(&self) -> bool {
        let types = self.types();
        let results = self.op.rules().infer(&types.iter().collect::<Vec<_>>());
        let has_tapes = types.iter().chain(results.iter().flatten()).any(Type::is_tape);
        !has_tapes && self.op.rules().refusal().is_none()
    }
    /// The operands' types.
    pub fn types(&self) -> Vec<Type> {
        self.args.iter().map(|a| a.ty().clone()).collect()
    }
}

/// Elements at which implementations go wrong: ends of ranges, zeros of both signs, ties, infinities, NaN.
pub fn edge_values(dtype: Dtype) -> Array {
    if dtype.is_float() {
        let (smallest, largest, epsilon) = match dtype {
            Dtype::BF16 => (f64::from(f32::MIN_POSITIVE), f64::from(bf16::MAX), f64::from(bf16::EPSILON)),
            Dtype::F16 => (f64::from(f16::MIN_POSITIVE), f64::from(f16::MAX), f64::from(f16::EPSILON)),
            Dtype::F32 => (f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX), f64::from(f32::EPSILON)),
            _ => (f64::MIN_POSITIVE, f64::MAX, f64::EPSILON),
        };
        let positive = [
            0.0,
            smallest * epsilon,
            smallest / 3.0,
            smallest,
            1e-30,
            1e-8,
            0.1,
            0.5,
            1.0 - epsilon,
            1.0,
            1.0 + epsilon,
            1.5,
            2.0,
            2.5,
            3.0,
            9.75,
            31.0,
            88.5,
            1e3,
            8_388_609.5,
            2_147_483_648.0,
            1e10,
            1e19,
            1e30,
            largest,
            f64::INFINITY,
        ];
        let all: Vec<f64> =
            positive.into_iter().chain(positive.into_iter().map(|x| -x)).chain([f64::NAN]).collect();
        return Array::from_f64(&Type::new(dtype, [all.len()]), all);
    }
    if dtype.is_complex() {
        let parts = [0.0, -0.0, 0.5, -1.5, 3.0];
        let all = parts.iter().flat_map(|re| parts.iter().map(|im| Complex::new(*re, *im)));
        return Array::from_complex(&Type::new(dtype, [parts.len() * parts.len()]), all);
    }
    let width = 8 * dtype.size_bytes() as i128;
    let bits = [0, 1, 2, 3, 7, width - 1, width, width + 1, 100, (1 << (width - 1)) - 1, 1 << (width - 1)];
    let all: Vec<i128> = bits.into_iter().chain(bits.into_iter().map(|x| -x)).collect();
    Array::from_integers(&Type::new(dtype, [all.len()]), all)
}
