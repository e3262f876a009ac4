//! `scatter` and its kin: updates written into the operand, at computed places.

use super::other_factors::other_factors;
use super::windows::{IndexMode, Names, ScatterDims, Windows, check_dims, check_window_dims};
use super::{Gather, Indexing, Scatter};
use crate::ops::elementwise::Domain;
use crate::ops::monoid::Monoid;
use crate::ops::strided::other_axes;
use crate::ops::{Lanes, Operand, sum_terms};
use crate::trace::{Val, bind1};
use crate::{Array, Dtype, ErrorKind, Shape, Type};

pub(super) const SENTENCES: &[&str] = &[
    "The indices are integers.",
    "The last axis of the indices has an entry for each of `scatter_dims_to_operand_dims`.",
    "`scatter_dims_to_operand_dims` with `operand_batching_dims`, and `inserted_window_dims` with `operand_batching_dims`, name axes of the operand, none twice.",
    "`scatter_indices_batching_dims` names an axis of the indices but the last for each of `operand_batching_dims`, none twice.",
    "Axes that are batched together have the same extent.",
    "The updates have the operand's element type.",
    "`update_window_dims` names an axis of the updates for each operand axis that is neither inserted nor batched, strictly increasing.",
    "A window, of extent 1 along inserted axes, fits into the operand.",
    "The other axes of the updates have the extents of the axes of the indices but the last.",
    "The element type is one the combination is defined for.",
];

const NAMES: Names = Names {
    window: "update_window_dims",
    collapsed: "inserted_window_dims",
    index_map: "scatter_dims_to_operand_dims",
    indices_batching: "scatter_indices_batching_dims",
};

/// The elements that a combination takes: no product of complex numbers, whose parts do not go their own ways.
pub(super) fn domain(combine: Option<Monoid>) -> Domain {
    combine.map_or(Domain::All, Monoid::domain_of_parts)
}

impl Scatter {
    pub(super) fn name(&self) -> &'static str {
        match self.combine {
            None => "scatter",
            Some(Monoid::Sum) => "scatter_add",
            Some(Monoid::Prod) => "scatter_mul",
            Some(Monoid::Max) => "scatter_max",
            Some(Monoid::Min) => "scatter_min",
            Some(Monoid::And) => "scatter_and",
            Some(Monoid::Or) => "scatter_or",
            Some(Monoid::Xor) => "scatter_xor",
        }
    }
    pub(super) fn sentences(&self) -> &'static [&'static str] {
        match self.domain() {
            Domain::All => &SENTENCES[..9],
            _ => SENTENCES,
        }
    }
    pub(super) fn domain(&self) -> Domain {
        domain(self.combine)
    }
    pub(super) fn result_type(
        &self,
        operand: &Type,
        indices: &Type,
        updates: &Type,
    ) -> Result<Type, ErrorKind> {
        let dims = self.dims.to_gather();
        check_dims(&dims, &NAMES, operand, indices)?;
        if updates.dtype != operand.dtype {
            let (lhs, rhs, hint) = (operand.clone(), updates.clone(), "convert one of them");
            return Err(ErrorKind::DtypeMismatch { number: 6, lhs: lhs.into(), rhs: rhs.into(), hint });
        }
        check_window_dims(7, &dims, &NAMES, operand, updates.rank())?;
        let sizes = self.dims.window_sizes(operand.rank(), &updates.shape);
        // Along an empty batched axis there is no window that would have to fit.
        let must_fit = |axis: &usize| !dims.operand_batching_dims.contains(axis);
        let too_long = |axis: &usize| sizes[*axis] > operand.shape.dim(*axis);
        if let Some(axis) = (0..operand.rank()).filter(must_fit).find(too_long) {
            let message = format!(
                "windows of {sizes:?} from {updates} do not fit into axis {axis} of {operand}; shorten them"
            );
            return Err(ErrorKind::constraint(8, message));
        }
        let among: Shape = other_axes(updates.rank(), &[&dims.offset_dims])
            .iter()
            .map(|axis| updates.shape.dim(*axis))
            .collect();
        let counts = indices.shape.without(&[indices.rank() - 1]);
        if among != counts {
            let message = format!(
                "{updates} holds {among} windows, but {indices} places {counts}; the axes must agree"
            );
            return Err(ErrorKind::constraint(9, message));
        }
        if !self.domain().admits(operand.dtype) {
            let message =
                format!("takes {}, not {operand}; convert the operands first", self.domain().words());
            return Err(ErrorKind::constraint(10, message));
        }
        Ok(operand.clone())
    }
    pub(super) fn evaluate(&self, operand: &Array, indices: &Array, updates: &Array) -> Array {
        let ty = operand.ty();
        let outer = &updates.ty().shape;
        let sizes = self.dims.window_sizes(ty.rank(), outer);
        let windows = Windows::new(&self.dims.to_gather(), self.mode, &ty.shape, &sizes, indices, outer);
        let pairs = windows.pairs().filter_map(|(from, to)| Some((from, to?)));
        let Some(monoid) = self.combine else {
            return operand.put(updates, pairs);
        };
        if ty.dtype.is_complex() {
            let (mut all, updates) = (operand.to_complex_vec(), updates.to_complex_vec());
            pairs.for_each(|(from, to)| all[to] = monoid.combine_complex(all[to], updates[from]));
            return Array::from_complex(ty, all);
        }
        if ty.dtype.is_float() {
            let (mut all, updates) = (operand.to_f64_vec(), updates.to_f64_vec());
            pairs.for_each(|(from, to)| all[to] = monoid.combine_floats(all[to], updates[from]));
            return Array::from_f64(ty, all);
        }
        let (mut all, updates) = (operand.to_i128_vec(), updates.to_i128_vec());
        pairs.for_each(|(from, to)| all[to] = monoid.combine_integers(all[to], updates[from]));
        Array::from_integers(ty, all)
    }

    // ---- derivatives

    /// The same places, another combination.
    fn with_combine(&self, combine: Option<Monoid>) -> Scatter {
        Scatter { combine, ..self.clone() }
    }
    pub(super) fn write(&self, operand: Val, indices: Val, updates: Val) -> Val {
        bind1(Indexing::from(self.clone()), &[operand, indices, updates])
    }
    fn add(&self, operand: Val, indices: Val, updates: Val) -> Val {
        self.with_combine(Some(Monoid::Sum)).write(operand, indices, updates)
    }
    /// What stands at the places of the updates in `x`, which has the operand's shape; 0 out of bounds.
    pub(super) fn read(&self, x: Val, indices: Val, updates: &Type) -> Val {
        let ty = x.ty();
        let slice_sizes = self.dims.window_sizes(ty.rank(), &updates.shape);
        let fill = Some(Array::zeros(Type::scalar(ty.dtype)));
        bind1(
            Indexing::from(Gather { dims: self.dims.to_gather(), slice_sizes, mode: self.mode, fill }),
            &[x, indices],
        )
    }
    /// The tangent of the result `y`, given those of operand and updates.
    pub(super) fn tangent(&self, x: &[Val], dx: &[Option<Val>], y: Val) -> Option<Val> {
        if dx[0].is_none() && dx[2].is_none() {
            return None;
        }
        let d_operand = || dx[0].unwrap_or_else(|| x[0].zeros_like());
        let d_updates = || dx[2].unwrap_or_else(|| x[2].zeros_like());
        Some(match self.combine {
            Some(Monoid::Sum) => self.write(d_operand(), x[1], d_updates()),
            None if self.unique_indices => self.write(d_operand(), x[1], d_updates()),
            None => self.tangent_of_overwriting(x, dx)?,
            Some(Monoid::Prod) => self.tangent_of_product(x, dx)?,
            Some(Monoid::Max | Monoid::Min) => self.tangent_of_extremum(x, d_operand(), d_updates(), y),
            Some(Monoid::And | Monoid::Or | Monoid::Xor) => return None,
        })
    }
    /// Of several updates of one element the last counts: a scatter of their numbers says which one that is.
    fn tangent_of_overwriting(&self, x: &[Val], dx: &[Option<Val>]) -> Option<Val> {
        let (operand, updates) = (x[0].ty(), x[2].ty());
        let kept = dx[0].map(|dx| self.write(dx, x[1], Val::zeros(updates.clone())));
        let written = dx[2].map(|du| {
            let size = updates.shape.size();
            let dtype = Dtype::of_index(size);
            let numbers = Val::iota(Type::new(dtype, [size]), 0) + 1.0;
            let numbers = numbers.reshape(updates.shape.clone());
            let winners = self.write(Val::zeros(operand.with_dtype(dtype)), x[1], numbers);
            let wins = self.read(winners, x[1], &updates).eq(numbers);
            let start = kept.unwrap_or_else(|| Val::zeros(operand.clone()));
            self.add(start, x[1], wins.select(du, du.zeros_like()))
        });
        written.or(kept)
    }
    fn tangent_of_product(&self, x: &[Val], dx: &[Option<Val>]) -> Option<Val> {
        let by_operand = dx[0].map(|dx| self.write(dx, x[1], x[2]));
        let by_updates = dx[2].map(|du| {
            let others = match self.unique_indices {
                true => self.read(x[0], x[1], &x[2].ty()),
                false => other_factors(self, x[0], x[1], x[2]),
            };
            self.add(x[0].zeros_like(), x[1], du * others)
        });
        sum_terms([by_operand, by_updates])
    }
    /// The mean of the tangents of those that attain the extremum.
    fn tangent_of_extremum(&self, x: &[Val], dx: Val, du: Val, y: Val) -> Val {
        let ty = y.ty();
        let kept = x[0].eq(y).convert(ty.dtype);
        let won = self.read(y, x[1], &x[2].ty()).eq(x[2]).convert(ty.dtype);
        self.add(dx * kept, x[1], du * won) / self.add(kept, x[1], won)
    }
    pub(super) fn pull_back(&self, ct: Val, args: &[Operand]) -> Vec<Option<Val>> {
        let (Operand::Known(indices), updates) = (&args[1], &args[2]) else {
            unreachable!("internal: indices are integers")
        };
        let updates_ty = match updates {
            Operand::Known(updates) => updates.ty(),
            Operand::Linear(ty) => ty.clone(),
        };
        let to_operand = || match (self.combine, updates) {
            (Some(Monoid::Sum), _) => ct,
            (Some(Monoid::Prod), Operand::Known(updates)) => self.write(ct, *indices, *updates),
            // What is overwritten has no part in the result.
            (None, _) => self.write(ct, *indices, Val::zeros(updates_ty.clone())),
            _ => unreachable!("internal: {} is not linear", self.name()),
        };
        let to_updates = || match self.combine {
            Some(Monoid::Sum) => self.read(ct, *indices, &updates_ty),
            None if self.unique_indices => self.read(ct, *indices, &updates_ty),
            _ => unreachable!("internal: {} is not linear in its updates", self.name()),
        };
        vec![args[0].known().is_none().then(to_operand), None, updates.known().is_none().then(to_updates)]
    }
    pub(super) fn batched(&self, args: &[Val], mapped: &[bool], lanes: Lanes) -> Val {
        let (dims, args) = self.batched_parts(args, mapped, lanes);
        bind1(Indexing::from(Scatter { dims, ..self.clone() }), &args)
    }
    /// The dimension numbers and the operands over a new leading axis.
    pub(super) fn batched_parts(
        &self,
        args: &[Val],
        mapped: &[bool],
        lanes: Lanes,
    ) -> (ScatterDims, [Val; 3]) {
        let everywhere = |i: usize| if mapped[i] { args[i] } else { args[i].repeat_leading(lanes.size) };
        let dims = match mapped[1] {
            true => self.dims.to_gather().batched_by_indices(true),
            false => self.dims.to_gather().batched_by_operand(),
        };
        (dims.to_scatter(), [everywhere(0), args[1], everywhere(2)])
    }
}

impl Val {
    /// `self` with the windows of `updates` written at `indices`, by StableHLO's dimension numbers: combined
    /// with what is
    /// there, or in its place. Of several writes to one element without a combination the last counts.
    #[track_caller]
    pub fn scatter(
        self,
        indices: Val,
        updates: Val,
        combine: Option<Monoid>,
        dims: ScatterDims,
        mode: IndexMode,
    ) -> Val {
        let op = Scatter { combine, dims, mode, unique_indices: false };
        bind1(Indexing::from(op), &[self, indices, updates])
    }
}
