//! vmap of functions on lists: lanes lead inside, axes are moved at the border only.

use super::axes::Named;
use super::{Flat, Inner, Order, inner, outer, type_of};
use crate::{Error, Val};
use gradus_ir::{ErrorKind, Lanes, SourceLocation};
use gradus_transform as passes;

/// Arguments whose mapped axes lead.
pub(crate) struct Mapped {
    place: SourceLocation,
    args: Vec<gradus_ir::Val>,
    is_mapped: Vec<bool>,
    lanes: Lanes,
    inner: Inner,
}

fn refused(place: SourceLocation, message: String) -> Error {
    Error::new("vmap", ErrorKind::invalid(message), place)
}

/// Which axes are mapped, and what is known of the lanes besides.
#[derive(Clone, Copy)]
pub(crate) struct Which<'a> {
    pub(crate) axes: &'a [Option<i64>],
    pub(crate) name: Option<&'static str>,
    pub(crate) size: Option<usize>,
}

impl Mapped {
    /// Traces `f` for one lane of `args`, whose mapped axes are `axes`; `paths` names the arguments.
    ///
    /// # Errors
    /// If an axis is out of range, lanes differ in number, nothing is mapped, or the first error inside.
    pub(crate) fn trace(
        place: SourceLocation,
        args: &[Val],
        which: Which<'_>,
        paths: impl Fn() -> Vec<String>,
        f: Flat<'_>,
    ) -> Result<Mapped, Error> {
        let axes = which.axes;
        let mut lanes: Option<(usize, usize)> = None;
        let mut leading = vec![];
        for (i, (v, axis)) in args.iter().zip(axes).enumerate() {
            let (v, ty) = (v.ir(), type_of(*v));
            let Some(axis) = axis else {
                leading.push(v);
                continue;
            };
            let at = normalized(*axis, ty.rank()).ok_or_else(|| {
                let message = format!("leaf `{}` is {ty}: it has no axis {axis} to map", paths()[i]);
                refused(place, message)
            })?;
            let size = ty.shape.dim(at);
            match lanes {
                Some((first, other)) if other != size => {
                    let (paths, first_ty) = (paths(), type_of(args[first]));
                    let message = format!(
                        "mapped axes differ in length: leaf `{}` ({first_ty}) has {other}, leaf `{}` ({ty}) has {size}",
                        paths[first], paths[i]
                    );
                    return Err(refused(place, message));
                }
                _ => lanes = Some((i, size)),
            }
            leading.push(moved(v, at, 0));
        }
        let size = match (lanes, which.size) {
            (Some((first, found)), Some(size)) if found != size => {
                let (path, ty) = (paths().swap_remove(first), type_of(args[first]));
                let message =
                    format!("leaf `{path}` ({ty}) has {found} lanes, but the size is given as {size}");
                return Err(refused(place, message));
            }
            (Some((_, size)), _) | (None, Some(size)) => size,
            (None, None) => {
                return Err(refused(place, "no leaf is mapped: give at least one an axis".into()));
            }
        };
        let lanes = Lanes { size, name: which.name };
        let is_mapped: Vec<bool> = axes.iter().map(Option::is_some).collect();
        let types = leading.iter().zip(&is_mapped).map(|(v, is_mapped)| {
            let ty = v.ty();
            if *is_mapped { ty.with_shape(ty.shape.without(&[0])) } else { ty }
        });
        let types: Vec<_> = types.collect();
        let _named = Named::open(place, lanes)?;
        let inner = Inner::of_types(place, &types, Order::Same, f)?;
        Ok(Mapped { place, args: leading, is_mapped, lanes, inner })
    }

    /// The results of all lanes, along `axes`.
    ///
    /// # Errors
    /// If an axis is out of range, or a result that differs between lanes has none.
    pub(crate) fn run(mut self, axes: &[Option<i64>]) -> Result<Vec<Val>, Error> {
        self.is_mapped.resize(self.inner.program.num_params(), false);
        let (batched, result_mapped) = passes::batch(&self.inner.program, &self.is_mapped, self.lanes);
        self.args.extend(inner(&self.inner.captures));
        let results = batched.inline(&self.args);
        let each = results.into_iter().zip(result_mapped).zip(axes).enumerate();
        let along = each.map(|(i, ((r, is_mapped), axis))| match axis {
            None if is_mapped => {
                let message = format!(
                    "result {i} differs between lanes, so it needs an axis; `None` is for those that do not"
                );
                Err(refused(self.place, message))
            }
            None => Ok(r),
            Some(axis) => {
                let r = if is_mapped { r } else { r.repeat_leading(self.lanes.size) };
                let at = normalized(*axis, r.shape().rank()).ok_or_else(|| {
                    refused(
                        self.place,
                        format!("result {i} is {} with its lanes: it has no axis {axis}", r.ty()),
                    )
                })?;
                Ok(moved(r, 0, at))
            }
        });
        Ok(outer(&along.collect::<Result<Vec<_>, Error>>()?))
    }
}

/// A negative axis counts from the end.
fn normalized(axis: i64, rank: usize) -> Option<usize> {
    let at = if axis < 0 { axis + rank as i64 } else { axis };
    usize::try_from(at).ok().filter(|at| *at < rank)
}

/// The array with axis `from` moved to position `to`.
fn moved(x: gradus_ir::Val, from: usize, to: usize) -> gradus_ir::Val {
    if from == to {
        return x;
    }
    let mut order: Vec<usize> = (0..x.shape().rank()).filter(|axis| *axis != from).collect();
    order.insert(to, from);
    x.transpose(&order)
}
