//! Products of matrices, straight from operands as they lie in memory.
//!
//! Transposes, slices and broadcasts of an operand become strides. A product is cut into tiles by its shape only and
//! each tile is one serial call, so that every number of threads gives the same bits.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod microkernel;
mod product;

pub(crate) use microkernel::Real;
pub(crate) use product::{Matrix, multiply, scratch_bytes};

use crate::graph::{ContractDims, Graph, Id, Routine, View};
use crate::runtime::{Call, Pointers, Slot, Step, Task};
use gradus_ir::Result;
use gradus_kernel::Scalar;
use smallvec::{SmallVec, smallvec};

/// One loop of a product: extent and the steps of left operand, right operand and result.
#[derive(Clone, Copy, Debug)]
struct Loop {
    extent: usize,
    steps: [usize; 3],
}

/// Adjacent loops as one where all three step on.
fn merged(loops: impl Iterator<Item = Loop>) -> SmallVec<[Loop; 3]> {
    let mut result: SmallVec<[Loop; 3]> = smallvec![];
    for inner in loops.filter(|l| l.extent != 1) {
        match result.last_mut() {
            Some(outer) if (0..3).all(|k| outer.steps[k] == inner.steps[k] * inner.extent) => {
                *outer = Loop { extent: outer.extent * inner.extent, steps: inner.steps };
            }
            _ => result.push(inner),
        }
    }
    result
}

/// Product summed over the contracted axes.
#[derive(Clone, Debug)]
pub(crate) struct Matmul(pub(crate) ContractDims);

/// A product, ready to run.
#[derive(Debug)]
struct MatmulTask {
    is_double: bool,
    slots: [Slot; 3],
    offsets: [usize; 2],
    /// Loops around the product, outermost first.
    outer: SmallVec<[Loop; 3]>,
    /// Loops over which products are added up, beyond the innermost.
    summed: SmallVec<[Loop; 3]>,
    /// Rows, columns and contraction of one product.
    rows: Loop,
    columns: Loop,
    inner: Loop,
    /// Tiles of one product along its rows and along its columns.
    tiles: [Tiles; 2],
    /// Where blocks are packed, if they are.
    scratch: Option<Slot>,
}

/// How an axis is cut.
#[derive(Clone, Copy, Debug)]
struct Tiles {
    count: usize,
    /// The length of each but the last.
    length: usize,
}

/// A tile has about this many multiplications at least.
const SMALLEST_TILE: usize = 1 << 17;
/// A product is cut into at most that many tiles.
const MOST_TILES: usize = 4;

impl Routine for Matmul {
    fn name(&self) -> &'static str {
        "dot_general"
    }
    fn sources(&self, graph: &Graph, id: Id) -> Vec<Id> {
        graph.node(id).args.iter().map(|&arg| View::of(graph, arg).source).collect()
    }
    fn step(&self, graph: &Graph, id: Id, slot: &dyn Fn(Id) -> Slot) -> Step {
        let node = graph.node(id);
        let views = [0, 1].map(|k| View::of(graph, node.args[k]));
        let Nest { outer, summed, rows, columns, inner } = Nest::of(graph, id, &self.0, &views);
        let [m, n, k] = [rows.extent, columns.extent, inner.extent];
        let tiles = tiling([m, n], k);
        let [row_tiles, column_tiles] = tiles;
        let products: usize = outer.iter().map(|l| l.extent).product();
        let terms: usize = summed.iter().map(|l| l.extent).product();
        let is_double = graph.scalar(id) == Scalar::F64;
        let scratch_bytes = if is_double { scratch_bytes::<f64> } else { scratch_bytes::<f32> };
        let shape = [row_tiles.length, column_tiles.length, k];
        let scratch_bytes = scratch_bytes(shape, [rows.steps[2], columns.steps[2]]);
        let task = MatmulTask {
            is_double,
            slots: [slot(views[0].source), slot(views[1].source), slot(id)],
            offsets: views.map(|view| view.offset),
            outer,
            summed,
            rows,
            columns,
            inner,
            tiles,
            scratch: (scratch_bytes > 0).then_some(Slot::scratch(0)),
        };
        let types = [0, 1].map(|k| graph.ty(node.args[k]));
        let label = format!("matmul {} x {} -> {}", types[0], types[1], node.ty);
        Step {
            extent: (products * row_tiles.count * column_tiles.count) as i64,
            cost: (m * n * k) as u64 / 2 * (products * terms) as u64,
            scratch_bytes,
            ..Step::new(task, node.location, label)
        }
    }
}

/// The loops of a product: around it, summed beyond the innermost, and its own three.
struct Nest {
    outer: SmallVec<[Loop; 3]>,
    summed: SmallVec<[Loop; 3]>,
    rows: Loop,
    columns: Loop,
    inner: Loop,
}

impl Nest {
    fn of(graph: &Graph, id: Id, dims: &ContractDims, [lhs, rhs]: &[View; 2]) -> Nest {
        let node = graph.node(id);
        let shapes = [0, 1].map(|k| graph.ty(node.args[k]).shape.dims());
        let result_strides = node.ty.shape.strides();
        let mut result_axis = 0..;
        let mut next_result = || result_strides[result_axis.next().expect("internal: an axis")];
        let batch = dims.lhs_batch.iter().zip(&dims.rhs_batch).map(|(&l, &r)| Loop {
            extent: shapes[0][l],
            steps: [lhs.strides[l], rhs.strides[r], next_result()],
        });
        let mut outer = merged(batch);
        let lhs_free = ContractDims::free(shapes[0].len(), &dims.lhs_batch, &dims.lhs_contract);
        let rows = lhs_free
            .iter()
            .map(|&l| Loop { extent: shapes[0][l], steps: [lhs.strides[l], 0, next_result()] });
        let mut rows = merged(rows);
        let rhs_free = ContractDims::free(shapes[1].len(), &dims.rhs_batch, &dims.rhs_contract);
        let columns = rhs_free
            .iter()
            .map(|&r| Loop { extent: shapes[1][r], steps: [0, rhs.strides[r], next_result()] });
        let mut columns = merged(columns);
        let contract = dims.lhs_contract.iter().zip(&dims.rhs_contract);
        let mut summed = merged(
            contract
                .map(|(&l, &r)| Loop { extent: shapes[0][l], steps: [lhs.strides[l], rhs.strides[r], 0] }),
        );
        let none = Loop { extent: 1, steps: [0; 3] };
        let [own_rows, own_columns, inner] =
            [&mut rows, &mut columns, &mut summed].map(|loops| longest(loops).unwrap_or(none));
        outer.extend(rows);
        outer.extend(columns);
        Nest { outer, summed, rows: own_rows, columns: own_columns, inner }
    }
}

/// Takes out the longest loop.
fn longest(loops: &mut SmallVec<[Loop; 3]>) -> Option<Loop> {
    let k = (0..loops.len()).max_by_key(|&k| loops[k].extent)?;
    Some(loops.remove(k))
}

/// How a product `[m, k] · [k, n]` is cut.
///
/// Every tile reads its rows of the left operand and its columns of the right one; square tiles read the least.
fn tiling([m, n]: [usize; 2], k: usize) -> [Tiles; 2] {
    let wanted = (m * n * k / SMALLEST_TILE).clamp(1, MOST_TILES);
    let along = |extent: usize, wanted: usize| {
        let length = extent.div_ceil(wanted).next_multiple_of(16).min(extent.max(1));
        Tiles { count: extent.max(1).div_ceil(length), length }
    };
    if wanted == MOST_TILES && m < 2 * n && n < 2 * m {
        [along(m, 2), along(n, wanted / 2)]
    } else if m >= n {
        [along(m, wanted), along(n, 1)]
    } else {
        [along(m, 1), along(n, wanted)]
    }
}

impl Task for MatmulTask {
    fn code(&self) -> String {
        "library".into()
    }
    unsafe fn run(&self, _: &Call<'_>, pointers: &Pointers, lower: i64, upper: i64) -> Result<()> {
        for number in lower as usize..upper as usize {
            let [rows, columns] = self.tiles.map(|tiles| tiles.count);
            let (mut product, tile) =
                (number / (rows * columns), [number / columns % rows, number % columns]);
            let mut offsets = [self.offsets[0], self.offsets[1], 0];
            for l in self.outer.iter().rev() {
                let i = product % l.extent;
                product /= l.extent;
                (0..3).for_each(|k| offsets[k] += i * l.steps[k]);
            }
            // SAFETY: the caller's promise, for this tile.
            unsafe {
                if self.is_double {
                    self.tile::<f64>(pointers, offsets, tile);
                } else {
                    self.tile::<f32>(pointers, offsets, tile);
                }
            }
        }
        Ok(())
    }
}

impl MatmulTask {
    /// # Safety
    /// As [`Task::run`]; `T` is the element type.
    unsafe fn tile<T: Real>(&self, pointers: &Pointers, mut offsets: [usize; 3], tile: [usize; 2]) {
        let [m, n] = [0, 1].map(|axis| {
            let (along, tiles) = ([self.rows, self.columns][axis], self.tiles[axis]);
            let start = tile[axis] * tiles.length;
            (0..3).for_each(|k| offsets[k] += start * along.steps[k]);
            tiles.length.min(along.extent - start)
        });
        let terms: usize = self.summed.iter().map(|l| l.extent).product();
        for term in 0..terms {
            let mut at = offsets;
            let mut rest = term;
            for l in self.summed.iter().rev() {
                let i = rest % l.extent;
                rest /= l.extent;
                (0..3).for_each(|k| at[k] += i * l.steps[k]);
            }
            // SAFETY: the offsets and strides stay within operands and result, whose places the plan has made;
            // nobody else touches this tile of the result, or this thread's scratch.
            unsafe {
                let [lhs, rhs, result] =
                    [0, 1, 2].map(|k| self.slots[k].pointer(pointers).cast::<T>().add(at[k]));
                let scratch = self.scratch.map_or(std::ptr::null_mut(), |slot| slot.pointer(pointers).cast());
                multiply(
                    [m, n, self.inner.extent],
                    Matrix {
                        start: lhs.cast_const(),
                        row_step: self.rows.steps[0],
                        column_step: self.inner.steps[0],
                    },
                    Matrix {
                        start: rhs.cast_const(),
                        row_step: self.inner.steps[1],
                        column_step: self.columns.steps[1],
                    },
                    Matrix {
                        start: result,
                        row_step: self.rows.steps[2],
                        column_step: self.columns.steps[2],
                    },
                    term > 0,
                    scratch,
                );
            }
        }
    }
}
