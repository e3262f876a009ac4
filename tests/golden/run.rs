//! Running one case: outputs, vjp, jvp, hvp and vmap, each through `jit`.

use crate::manifest::{Case, Hvp, Jvp, Params, Tensors, Tolerance, Vjp, Vmap};
use crate::ops::{self, Function};
use anyhow::{Context, Result, bail};
use gradus::{Array, PerLeaf, Val, jit, jvp, vjp, vmap_axes};
use std::sync::Arc;

/// What became of a case.
pub(crate) enum Outcome {
    Passed,
    /// The op or the element type that is not there yet.
    Skipped(String),
}

pub(crate) fn run(case: &Case, tensors: &Tensors) -> Result<Outcome> {
    if let Some(slot) = case.slots().into_iter().find(|slot| slot.element_type().is_none()) {
        return Ok(Outcome::Skipped(format!("dtype {}", slot.dtype_name())));
    }
    let params = Params::new(&case.params);
    let Some(f) = ops::find(&case.op, &params) else {
        return Ok(Outcome::Skipped(format!("op {}", case.op)));
    };
    if let [first, ..] = &params.unread()[..] {
        bail!("parameter `{first}` is not read by the op");
    }
    let check = Check { f: f.into(), tensors, case };
    check.outputs().context("outputs")?;
    if let Some(part) = &case.vjp {
        check.vjp(part).context("vjp")?;
    }
    if let Some(part) = &case.jvp {
        check.jvp(part).context("jvp")?;
    }
    if let (Some(part), Some(v), Some(j)) = (&case.hvp, &case.vjp, &case.jvp) {
        check.hvp(part, v, j).context("hvp")?;
    }
    if let Some(part) = &case.vmap {
        check.vmap(part).context("vmap")?;
    }
    Ok(Outcome::Passed)
}

struct Check<'a> {
    f: Arc<Function>,
    tensors: &'a Tensors<'a>,
    case: &'a Case,
}

/// `f` as a function of some of its arguments, giving some of its results.
fn restricted(f: &Function, all: &[Val], argnums: &[usize], outnums: &[usize], some: &[Val]) -> Vec<Val> {
    let mut args = all.to_vec();
    argnums.iter().zip(some).for_each(|(i, v)| args[*i] = *v);
    let out = f(&args);
    outnums.iter().map(|j| out[*j]).collect()
}
fn pick(all: &[Val], which: &[usize]) -> Vec<Val> {
    which.iter().map(|i| all[*i]).collect()
}

impl Check<'_> {
    fn inputs(&self) -> Result<Vec<Array>> {
        self.tensors.read_all(&self.case.inputs)
    }
    fn outputs(&self) -> Result<()> {
        let f = self.f.clone();
        let got = jit(move |x: &Vec<Val>| f(x))(&self.inputs()?)?;
        self.compare(&got, &self.tensors.read_all(&self.case.outputs)?)
    }
    fn vjp(&self, part: &Vjp) -> Result<()> {
        let f = self.f.clone();
        let (argnums, outnums) = (part.argnums.clone(), part.outnums.clone());
        let pulled = jit(move |x: &Vec<Val>, ct: &Vec<Val>| {
            let at = pick(x, &argnums);
            let (_, pull) = vjp(|some: &Vec<Val>| restricted(&*f, x, &argnums, &outnums, some), &at);
            pull(ct)
        });
        let got = pulled(&self.inputs()?, &self.tensors.read_all(&part.cotangents)?)?;
        self.compare(&got, &self.tensors.read_all(&part.grads)?)
    }
    fn jvp(&self, part: &Jvp) -> Result<()> {
        let f = self.f.clone();
        let (argnums, outnums) = (part.argnums.clone(), part.outnums.clone());
        let pushed = jit(move |x: &Vec<Val>, dx: &Vec<Val>| {
            let at = pick(x, &argnums);
            jvp(|some: &Vec<Val>| restricted(&*f, x, &argnums, &outnums, some), &at, dx).1
        });
        let got = pushed(&self.inputs()?, &self.tensors.read_all(&part.tangents)?)?;
        self.compare(&got, &self.tensors.read_all(&part.out_tangents)?)
    }
    /// The derivative of the gradient along the tangents.
    fn hvp(&self, part: &Hvp, v: &Vjp, j: &Jvp) -> Result<()> {
        let f = self.f.clone();
        let (argnums, outnums) = (v.argnums.clone(), v.outnums.clone());
        let second = jit(move |x: &Vec<Val>, dx: &Vec<Val>, ct: &Vec<Val>| {
            let gradient = |at: &Vec<Val>| {
                let (_, pull) = vjp(|some: &Vec<Val>| restricted(&*f, x, &argnums, &outnums, some), at);
                pull(ct)
            };
            jvp(gradient, &pick(x, &argnums), dx).1
        });
        let (tangents, cotangents) =
            (self.tensors.read_all(&j.tangents)?, self.tensors.read_all(&v.cotangents)?);
        let got = second(&self.inputs()?, &tangents, &cotangents)?;
        self.compare(&got, &self.tensors.read_all(&part.out)?)
    }
    fn vmap(&self, part: &Vmap) -> Result<()> {
        let f = self.f.clone();
        let axes = part.in_axes.clone();
        let out_axis = part.out_axes;
        let mapped = jit(move |x: &Vec<Val>| {
            let f = f.clone();
            vmap_axes(move |x: &Vec<Val>| f(x), (PerLeaf(axes.clone()),), out_axis)(x)
        });
        let got = mapped(&self.tensors.read_all(&part.inputs)?)?;
        self.compare(&got, &self.tensors.read_all(&part.outputs)?)
    }

    fn compare(&self, got: &[Array], wanted: &[Array]) -> Result<()> {
        if got.len() != wanted.len() {
            bail!("{} results instead of {}", got.len(), wanted.len());
        }
        for (i, (got, wanted)) in got.iter().zip(wanted).enumerate() {
            let aligned = match self.case.compare.free_sign(i, wanted.rank()) {
                Some(axis) if got.ty() == wanted.ty() => with_signs_of(wanted, got, axis),
                _ => got.clone(),
            };
            same(&aligned, wanted, self.case.tol, self.case.x64).with_context(|| format!("result {i}"))?;
        }
        Ok(())
    }
}

/// `got` with the signs of its slices along `axis` turned to those of `wanted`.
fn with_signs_of(wanted: &Array, got: &Array, axis: usize) -> Array {
    let dims = wanted.shape();
    let n = dims[axis];
    let inner: usize = dims[axis + 1..].iter().product();
    let (mut numbers, target) = (got.to_f64_vec(), wanted.to_f64_vec());
    let matrix: usize = dims[dims.len() - 2..].iter().product();
    for first in (0..numbers.len()).step_by(matrix.max(1)) {
        for slice in 0..n {
            let inside = |i: &usize| (i / inner) % n == slice;
            let agreement: f64 = (first..first + matrix).filter(inside).map(|i| numbers[i] * target[i]).sum();
            if agreement < 0.0 {
                (first..first + matrix).filter(inside).for_each(|i| numbers[i] = -numbers[i]);
            }
        }
    }
    Array::from_f64(got.ty(), numbers)
}

/// `|got - wanted| <= atol + rtol |wanted|`; NaN equals NaN, infinities equal themselves.
///
/// Where the oracle ran with 64-bit defaults (`x64`) the element types may differ.
fn same(got: &Array, wanted: &Array, tol: Tolerance, x64: bool) -> Result<()> {
    if got.shape() != wanted.shape() || !x64 && got.dtype() != wanted.dtype() {
        bail!("{} instead of {}", got.ty(), wanted.ty());
    }
    let exact = !wanted.dtype().is_inexact();
    let near = |a: f64, b: f64| {
        a == b || a.is_nan() && b.is_nan() || !exact && (a - b).abs() <= tol.atol + tol.rtol * b.abs()
    };
    let (a, b) = (got.parts().to_f64_vec(), wanted.parts().to_f64_vec());
    match a.iter().zip(&b).position(|(a, b)| !near(*a, *b)) {
        Some(i) => bail!("element {i} is {:e} instead of {:e} ({tol:?})", a[i], b[i]),
        None => Ok(()),
    }
}

impl std::fmt::Debug for Tolerance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rtol {:e}, atol {:e}", self.rtol, self.atol)
    }
}
