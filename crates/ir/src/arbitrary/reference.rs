//! What another way of running a Program may return: `eval`'s results, as far apart as rounding can drive them.
//!
//! Equal programs that round differently (reordered sums, contracted products, polynomials for functions) drift apart,
//! and a comparison or a conversion to integers may amplify the difference without bound. So the Program runs several
//! times with the floats that leave an operation moved by some units in the last place (Vignes' stochastic
//! arithmetic). The spread of the results is how far rounding can drive them, whatever the primitives are; what
//! spreads too far says nothing and is left out, and tests bound how much that is.
//!
//! 16-bit floats are computed wider and rounded once, so almost always to the same number, and are compared as if
//! always. Where two numbers lie on both sides of the middle between two 16-bit floats, what follows differs by as much
//! as if all of them were moved; this is allowed too, but counted, and tests bound how often.

use crate::eval::eval;
use crate::{Array, Dtype, Equation, Error, Op, Program};
use rustc_hash::FxHashSet;
use std::cmp::Ordering;

/// Results of `eval` with the distance that rounding may put between them and those of another run.
#[derive(Clone, Debug)]
pub struct Reference {
    results: Vec<Array>,
    /// For every element of every result; infinite where it says nothing.
    allowed: Vec<Vec<f64>>,
    /// The same if a 16-bit float was rounded the other way; empty if there is none.
    allowed_after_flips: Vec<Vec<f64>>,
}

/// How many elements said nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Elements left out.
    pub elements: usize,
    /// Elements that differ as they do where a 16-bit float is rounded the other way.
    pub flips: usize,
    /// All elements.
    pub of: usize,
}

impl std::ops::AddAssign for LeftOut {
    fn add_assign(&mut self, more: LeftOut) {
        self.elements += more.elements;
        self.flips += more.flips;
        self.of += more.of;
    }
}

/// The number of runs with other roundings.
const RUNS: u64 = 4;
/// The most that a float is moved, in units in the last place.
const MOVED_ULPS: f64 = 2.0;
/// How much further than the spread of the runs another run may lie.
const MARGIN: f64 = 8.0;
/// Relative spread above which an element says nothing.
const UNSTABLE: f64 = 0.02;

impl Reference {
    /// Runs `program` on `args`.
    ///
    /// # Errors
    /// As [`eval`].
    pub fn run(program: &Program, args: &[Array]) -> Result<Reference, Error> {
        let results = eval(program, args)?;
        let allowed = allowed_by_runs(program, args, &results, false)?;
        let allowed_after_flips = match has_half(program) {
            true => allowed_by_runs(program, args, &results, true)?,
            false => vec![],
        };
        Ok(Reference { results, allowed, allowed_after_flips })
    }
    /// The results of `eval` themselves.
    pub fn results(&self) -> &[Array] {
        &self.results
    }
    /// Whether `got` are results of the same Program.
    ///
    /// # Errors
    /// The first element that differs by more than rounding explains.
    pub fn check(&self, got: &[Array]) -> Result<LeftOut, String> {
        if got.len() != self.results.len() {
            return Err(format!("{} results, not {}", got.len(), self.results.len()));
        }
        let mut left_out = LeftOut::default();
        for (k, (got, expected)) in got.iter().zip(&self.results).enumerate() {
            if got.ty() != expected.ty() {
                return Err(format!("result {k} is of type {}, not {}", got.ty(), expected.ty()));
            }
            let pairs = got.parts().to_f64_vec().into_iter().zip(expected.parts().to_f64_vec());
            for (i, ((x, y), allowed)) in pairs.zip(&self.allowed[k]).enumerate() {
                left_out.of += 1;
                left_out.elements += usize::from(allowed.is_infinite());
                let same = x == y || x.is_nan() && y.is_nan();
                let is_within = |allowed: f64| {
                    allowed.is_infinite() || (x - y).abs().partial_cmp(&allowed).is_some_and(Ordering::is_le)
                };
                if same || is_within(*allowed) {
                    continue;
                }
                if self.allowed_after_flips.get(k).is_some_and(|allowed| is_within(allowed[i])) {
                    left_out.flips += 1;
                } else {
                    return Err(format!(
                        "element {i} of result {k} ({}) is {x:e}, not {y:e}: {:e} apart, where {allowed:e} is allowed",
                        got.ty(),
                        (x - y).abs()
                    ));
                }
            }
        }
        Ok(left_out)
    }
}

/// Whether a 16-bit float is anywhere in the program.
fn has_half(program: &Program) -> bool {
    let defines = |eqn: &Equation| eqn.results.iter().any(|result| program.ty(*result).dtype.is_half());
    let inside = |eqn: &Equation| eqn.op.rules().programs().into_iter().any(|program| has_half(program));
    program.param_types().iter().any(|ty| ty.dtype.is_half())
        || program.equations().iter().any(|eqn| defines(eqn) || inside(eqn))
}

/// For every element of every result how far rounding may drive it.
fn allowed_by_runs(
    program: &Program,
    args: &[Array],
    results: &[Array],
    moves_halves: bool,
) -> Result<Vec<Vec<f64>>, Error> {
    let others: Vec<Vec<Array>> =
        (1..=RUNS).map(|seed| moved_run(program, args, seed, moves_halves)).collect::<Result<_, _>>()?;
    let allowed = |(k, result): (usize, &Array)| {
        let others: Vec<Vec<f64>> = others.iter().map(|run| run[k].parts().to_f64_vec()).collect();
        let own = result.parts().to_f64_vec();
        let magnitudes = magnitudes(result);
        (0..own.len())
            .map(|i| allowed(result.dtype(), magnitudes[i], own[i], others.iter().map(|run| run[i])))
            .collect()
    };
    Ok(results.iter().enumerate().map(allowed).collect())
}

/// For every part the size of its number: rounding in one part of a complex number is of the size of both.
fn magnitudes(a: &Array) -> Vec<f64> {
    let parts = if a.dtype().is_complex() { 2 } else { 1 };
    a.to_complex_vec().into_iter().flat_map(|z| vec![z.norm(); parts]).collect()
}

/// The distance that is allowed at a number, or part of one, that is `x` in `eval` and `others` in the moved runs.
fn allowed(dtype: Dtype, magnitude: f64, x: f64, others: impl Iterator<Item = f64>) -> f64 {
    let spread = others.map(|y| if x == y || x.is_nan() && y.is_nan() { 0.0 } else { (x - y).abs() });
    let spread = spread.fold(0.0, |a: f64, b| if b.is_nan() { f64::INFINITY } else { a.max(b) });
    if !dtype.is_inexact() {
        return if spread > 0.0 { f64::INFINITY } else { 0.0 };
    }
    if spread > UNSTABLE * magnitude.max(smallest_normal(dtype)) {
        return f64::INFINITY;
    }
    // Kernels compute the parts of a complex number by formulas of several steps.
    let steps = if dtype.is_complex() { 32.0 } else { 4.0 };
    MARGIN * spread + steps * epsilon(dtype) * magnitude + smallest_normal(dtype)
}

fn epsilon(dtype: Dtype) -> f64 {
    dtype.finfo().map_or(f64::EPSILON, |info| info.eps)
}

fn smallest_normal(dtype: Dtype) -> f64 {
    dtype.finfo().map_or(f64::MIN_POSITIVE, |info| info.smallest_normal)
}

/// `eval` with floats moved between the operations.
fn moved_run(program: &Program, args: &[Array], seed: u64, moves_halves: bool) -> Result<Vec<Array>, Error> {
    let mut moves = Moves {
        moves_halves,
        state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15),
        sign: [None, Some(1.0), Some(-1.0)][(seed % 3) as usize],
    };
    let mut env: Vec<Array> = args.to_vec();
    for eqn in program.equations() {
        let args: Vec<&Array> = eqn.args.iter().map(|a| &env[a.index()]).collect();
        let mut results = evaluated(eqn, &args)?;
        let moves_only = results.iter().all(|result| moves_only(&args, result));
        // The sign of a zero part of a product depends on how its terms are added.
        let is_complex = !moves_only && args.iter().any(|a| a.dtype().is_complex());
        if !moves_only {
            if eqn.op.rules().elementwise().is_none() {
                // The terms of a sum are added in another order: its error is that of terms, not of their sum.
                let args: Vec<Array> = args.into_iter().map(|a| moved(a, &mut moves)).collect();
                results = evaluated(eqn, &args.iter().collect::<Vec<_>>())?;
            }
            results = results.iter().map(|a| moved(a, &mut moves)).collect();
        }
        if sums(&eqn.op) || is_complex {
            results = results.iter().map(|a| with_zeros_of_sign(a, seed.is_multiple_of(2))).collect();
        }
        env.extend(results);
    }
    Ok(program.results().iter().map(|r| env[r.index()].clone()).collect())
}

fn evaluated(eqn: &Equation, args: &[&Array]) -> Result<Vec<Array>, Error> {
    let rules = eqn.op.rules();
    rules.eval(args).map_err(|kind| Error::new(rules.name(), kind, eqn.place))
}

/// Whether no rounding can be in `result`: it is no float, or each of its elements is one of an operand.
fn moves_only(args: &[&Array], result: &Array) -> bool {
    if !result.dtype().is_inexact() || args.is_empty() {
        return true;
    }
    let same: FxHashSet<u64> = args
        .iter()
        .filter(|a| a.dtype() == result.dtype())
        .flat_map(|a| a.parts().to_f64_vec())
        .map(f64::to_bits)
        .collect();
    result.parts().to_f64_vec().iter().all(|x| same.contains(&x.to_bits()))
}

/// Whether results are sums of terms.
fn sums(op: &Op) -> bool {
    matches!(
        op,
        Op::Reduction(_) | Op::Contraction(_) | Op::Convolution(_) | Op::Windowing(_) | Op::Cumulative(_)
    )
}

/// Zeros of one sign: that of a sum of zeros depends on where the sum starts.
fn with_zeros_of_sign(a: &Array, negative: bool) -> Array {
    if a.dtype().is_complex() {
        return with_zeros_of_sign(&a.parts(), negative).reinterpreted(a.ty().clone());
    }
    if !a.dtype().is_float() {
        return a.clone();
    }
    let zero = if negative { -0.0 } else { 0.0 };
    let of_sign = |x: f64| if x == 0.0 { zero } else { x };
    Array::from_f64(a.ty(), a.to_f64_vec().into_iter().map(of_sign))
}

/// By how much floats are moved, one after the other.
struct Moves {
    state: u64,
    /// Whether 16-bit floats are moved too.
    moves_halves: bool,
    /// In some runs all have the same sign, so that no two of them cancel.
    sign: Option<f64>,
}

impl Moves {
    /// A number between 1/2 and 1 of either sign: not so small that rounding loses it.
    fn next(&mut self) -> f64 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = 2.0 * ((self.state >> 11) as f64 / (1u64 << 53) as f64) - 1.0;
        (number.abs() + 1.0) / 2.0 * self.sign.unwrap_or(number.signum())
    }
}

/// Every float up to [`MOVED_ULPS`] further. Infinities and NaN stay, and small integers, with which floats are exact.
fn moved(a: &Array, moves: &mut Moves) -> Array {
    if a.dtype().is_complex() {
        return moved(&a.parts(), moves).reinterpreted(a.ty().clone());
    }
    if !a.dtype().is_float() || a.dtype().is_half() && !moves.moves_halves {
        return a.clone();
    }
    let step = MOVED_ULPS * epsilon(a.dtype());
    let further = |x: f64| match x {
        exact if exact.fract() == 0.0 && exact.abs() < 1e6 => x,
        rounded => rounded * (1.0 + step * moves.next()),
    };
    Array::from_f64(a.ty(), a.to_f64_vec().into_iter().map(further))
}
