//! Positions through movements: where the operand's element stands.

use super::emitter::Emitter;
use super::position::{Part, Position, scaled};
use gradus_ir::{Dims, Shape};
use gradus_kernel::{Builder, Index};
use smallvec::{SmallVec, smallvec};

impl Emitter<'_> {
    pub(super) fn through_broadcast(
        &mut self,
        b: &mut Builder,
        position: &Position,
        shape: &Shape,
        operand: &Shape,
        dims: &Dims,
    ) -> Position {
        let (all, own) = (shape.dims(), operand.dims());
        let mut source = SmallVec::<[Option<usize>; 4]>::from_elem(None, all.len());
        for (k, &d) in dims.iter().enumerate() {
            source[d] = Some(k);
        }
        let mut result = Position::new();
        let mut axis = 0;
        for part in position {
            let run = axis..axis + part.axes;
            axis = run.end;
            let repeats = |d: usize| source[d].is_none_or(|k| own[k] != all[d]);
            if !run.clone().any(repeats) {
                result.push(part.clone());
                continue;
            }
            if run.clone().all(repeats) {
                let units = run.filter(|&d| source[d].is_some());
                result.extend(units.map(|_| Part::one(Index::constant(0))));
                continue;
            }
            let mut parts = Position::new();
            self.split(b, part, &all[run.clone()], &mut parts);
            for (d, part) in run.zip(parts) {
                match source[d] {
                    Some(_) if repeats(d) => result.push(Part::one(Index::constant(0))),
                    Some(_) => result.push(part),
                    None => {}
                }
            }
        }
        result
    }

    pub(super) fn through_transpose(
        &mut self,
        b: &mut Builder,
        position: &Position,
        shape: &Shape,
        axes: &Dims,
    ) -> Position {
        let dims = shape.dims();
        let mut runs: SmallVec<[(usize, Part); 4]> = smallvec![];
        let mut axis = 0;
        for part in position {
            let run = axis..axis + part.axes;
            axis = run.end;
            let together = axes[run.clone()].windows(2).all(|w| w[0] + 1 == w[1]);
            if together {
                runs.push((axes[run.start], part.clone()));
                continue;
            }
            let mut parts = Position::new();
            self.split(b, part, &dims[run.clone()], &mut parts);
            runs.extend(run.zip(parts).map(|(d, part)| (axes[d], part)));
        }
        runs.sort_by_key(|run| run.0);
        runs.into_iter().map(|run| run.1).collect()
    }

    pub(super) fn through_slice(
        &mut self,
        b: &mut Builder,
        position: &Position,
        shape: &Shape,
        operand: &Shape,
        starts: &Dims,
        strides: &Dims,
    ) -> Position {
        let dims = shape.dims();
        let mut result = Position::new();
        let mut axis = 0;
        for part in position {
            let run = axis..axis + part.axes;
            axis = run.end;
            let whole = |d: usize| dims[d] == operand.dim(d) && strides[d] == 1;
            // A slice of the leading axis of a run is a shift.
            if strides[run.start] == 1 && run.clone().skip(1).all(whole) {
                let inner: i64 = run.clone().skip(1).map(|d| dims[d] as i64).product();
                let at = part.at.clone().offset(starts[run.start] as i64 * inner);
                result.push(Part { axes: part.axes, at });
                continue;
            }
            let mut parts = Position::new();
            self.split(b, part, &dims[run.clone()], &mut parts);
            for (d, part) in run.zip(parts) {
                let at = scaled(&part.at, strides[d] as i64).offset(starts[d] as i64);
                result.push(Part::one(at));
            }
        }
        result
    }
}
