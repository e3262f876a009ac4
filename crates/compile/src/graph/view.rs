//! A value seen through strides over the stored value below its movements: what a routine reads without a copy.

use super::{Graph, Id, Kind};
use gradus_ir::Dims;

/// An operand: a stored value seen through strides, in elements, one for each axis.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) source: Id,
    pub(crate) offset: usize,
    pub(crate) strides: Dims,
}

impl View {
    /// `id` as strides over the value below its movements.
    pub(crate) fn of(graph: &Graph, id: Id) -> View {
        let node = graph.node(id);
        let whole = || View { source: id, offset: 0, strides: node.ty.shape.strides() };
        let below = || View::of(graph, node.args[0]);
        match &node.kind {
            Kind::Transpose { axes } => {
                let below = below();
                View { strides: axes.iter().map(|&axis| below.strides[axis]).collect(), ..below }
            }
            Kind::Broadcast { dims } => {
                let below = below();
                let from = &graph.ty(node.args[0]).shape;
                let mut strides = Dims::from_elem(0, node.ty.rank());
                for (k, &d) in dims.iter().enumerate().filter(|(k, _)| from.dim(*k) != 1) {
                    strides[d] = below.strides[k];
                }
                View { strides, ..below }
            }
            Kind::Slice { starts, strides } => {
                let below = below();
                let offset =
                    starts.iter().zip(&below.strides).map(|(start, stride)| start * stride).sum::<usize>();
                let strides = strides.iter().zip(&below.strides).map(|(a, b)| a * b).collect();
                View { offset: below.offset + offset, strides, ..below }
            }
            Kind::Reshape => {
                let below = below();
                let from = graph.ty(node.args[0]).shape.dims();
                match reshaped(&from, &below.strides, &node.ty.shape.dims()) {
                    Some(strides) => View { strides, ..below },
                    None => whole(),
                }
            }
            _ => whole(),
        }
    }
}

/// Strides of the same elements in another shape, if there are such strides.
fn reshaped(from: &[usize], strides: &[usize], to: &[usize]) -> Option<Dims> {
    let mut result = Dims::from_elem(0, to.len());
    let axes: Vec<usize> = (0..from.len()).filter(|&k| from[k] != 1).collect();
    let (mut next, mut d) = (0, 0);
    while d < to.len() {
        if to[d] == 1 {
            d += 1;
            continue;
        }
        let first = d;
        let (mut have, mut want) = (1, to[d]);
        d += 1;
        let run = next;
        while have != want {
            if have < want {
                have *= from[*axes.get(next)?];
                next += 1;
            } else {
                want *= to[d];
                d += 1;
            }
        }
        let one_step = |w: &[usize]| strides[w[0]] == strides[w[1]] * from[w[1]];
        if !axes[run..next].windows(2).all(one_step) {
            return None;
        }
        let mut stride = strides[*axes[run..next].last()?];
        for k in (first..d).rev() {
            result[k] = stride;
            stride *= to[k];
        }
    }
    Some(result)
}
