//! Convolutions as products of matrices: windows are copied side by side into scratch, tile by tile, and multiplied
//! with the kernel, straight into the result.
//!
//! Any layout is read and written as it lies in memory. A tile is some windows (rows) or some outputs (columns) of one
//! group; tiles and the blocks of terms within one depend on the shapes only, so that every number of threads gives
//! the same bits. A block of windows lies in scratch row by row or column by column, as the runs in memory are longer.

use super::matmul::{self, Matrix, Real};
use crate::graph::{Graph, Id, Routine, View};
use crate::runtime::{Call, Pointers, Slot, Step, Task};
use gradus_ir::ops::convolution::Convolution;
use gradus_ir::{Result, Shape};
use gradus_kernel::Scalar;
use smallvec::{SmallVec, smallvec};

/// Spatial coordinates.
type Coordinates = SmallVec<[usize; 4]>;

/// How windows lie along one spatial axis of the input.
#[derive(Clone, Copy, Debug)]
struct Spatial {
    /// Input elements, and positions between neighbours in memory.
    extent: usize,
    step: usize,
    stride: usize,
    low: i64,
    lhs_dilation: usize,
    rhs_dilation: usize,
    taps: usize,
}

impl Spatial {
    /// Offset in memory of what window `o` has at `tap`; `None` in the padding.
    fn offset(&self, o: usize, tap: usize) -> Option<usize> {
        let at = (o * self.stride + tap * self.rhs_dilation) as i64 - self.low;
        if at < 0 {
            return None;
        }
        let at = at as usize;
        let index = if self.lhs_dilation == 1 {
            at
        } else if at.is_multiple_of(self.lhs_dilation) {
            at / self.lhs_dilation
        } else {
            return None;
        };
        (index < self.extent).then_some(index * self.step)
    }
}

/// What a row's coordinate moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// The example.
    Example,
    /// The window along a spatial axis.
    Window(usize),
}

/// An axis of the result other than that of features.
#[derive(Clone, Copy, Debug)]
struct RowAxis {
    role: Role,
    extent: usize,
    out_step: usize,
}

/// Which runs of memory are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runs {
    /// Features, which are neighbours, innermost among the terms: row by row.
    Features,
    /// Taps along the last spatial axis, innermost among the terms: row by row.
    Taps,
    /// Windows along the innermost axis of the rows: column by column.
    Windows,
}

/// A convolution; the axes of the second operand but that of outputs are one run.
#[derive(Clone, Debug)]
pub(crate) struct Convolve(pub(crate) Convolution);

/// A convolution, ready to run.
#[derive(Debug)]
struct ConvolveTask {
    is_double: bool,
    slots: [Slot; 3],
    scratch: Slot,
    /// Where the input starts in its memory.
    input_start: usize,
    spatial: SmallVec<[Spatial; 3]>,
    example_step: usize,
    feature_step: usize,
    inputs: usize,
    outputs: usize,
    groups: usize,
    /// From one group to the next, in input, kernel and result.
    group_steps: [usize; 3],
    /// Row axes around the run, whose windows are no run in the result.
    outer: SmallVec<[RowAxis; 4]>,
    /// Row axes that together are one run in the result.
    run: SmallVec<[RowAxis; 4]>,
    run_length: usize,
    run_step: usize,
    /// From one term to the next, and from one output to the next, in the kernel.
    term_step: usize,
    output_steps: [usize; 2],
    runs: Runs,
    /// Taps along the last spatial axis that are copied at once.
    joint_taps: usize,
    row_tile: usize,
    column_tile: usize,
    /// Terms of one block.
    block: usize,
    /// Where in the scratch, in bytes, products pack what they multiply, if they do; behind the block.
    panels: Option<usize>,
}

/// Elements of a block of windows: half of a second-level cache.
const BLOCK_ELEMENTS: usize = 1 << 16;
/// Terms of a block at most, unless one unit has more.
const BLOCK_TERMS: usize = 768;
const FEWEST_TILES: usize = 4;
/// A tile has about this many multiplications at least.
const SMALLEST_TILE: usize = 1 << 17;

impl Convolve {
    /// Are features neighbours in memory?
    pub(crate) fn reads_features(graph: &Graph, op: &Convolution, x: Id) -> bool {
        let feature = op.dims.lhs.feature;
        let view = View::of(graph, x);
        view.strides[feature] == 1 && graph.ty(x).shape.dim(feature) / op.feature_group_count > 1
    }
}

impl Routine for Convolve {
    fn name(&self) -> &'static str {
        "convolution"
    }
    /// The input seen through movements, the kernel as it is.
    fn sources(&self, graph: &Graph, id: Id) -> Vec<Id> {
        let args = &graph.node(id).args;
        vec![View::of(graph, args[0]).source, args[1]]
    }
    fn step(&self, graph: &Graph, id: Id, slot: &dyn Fn(Id) -> Slot) -> Step {
        let node = graph.node(id);
        let [x, w] = [0, 1].map(|k| graph.ty(node.args[k]));
        let mut task = ConvolveTask::of(graph, id, &self.0, slot);
        task.choose_tiles();
        let scratch_bytes = task.place_panels();
        let multiplications = node.ty.shape.size() * task.terms();
        let label = format!("convolution {x} * {w} -> {}", node.ty);
        Step {
            extent: task.num_tiles() as i64,
            cost: multiplications as u64 / 2 + 4 * node.ty.shape.size() as u64,
            scratch_bytes,
            ..Step::new(task, node.location, label)
        }
    }
}

/// The axes of the result around the run that can be written at once, and those of the run.
fn row_axes(op: &Convolution, out: &Shape) -> [SmallVec<[RowAxis; 4]>; 2] {
    let steps = out.strides();
    let axis = |role, axis: usize| RowAxis { role, extent: out.dim(axis), out_step: steps[axis] };
    let mut rows = vec![axis(Role::Example, op.dims.out.batch)];
    rows.extend(op.dims.out.spatial.iter().enumerate().map(|(k, &d)| axis(Role::Window(k), d)));
    rows.retain(|axis| axis.extent != 1);
    rows.sort_by_key(|axis| std::cmp::Reverse(axis.out_step));
    let merges = |pair: &[RowAxis]| pair[0].out_step == pair[1].out_step * pair[1].extent;
    let start = rows.windows(2).rposition(|pair| !merges(pair)).map_or(0, |k| k + 1);
    let run = rows.drain(start..).collect();
    [rows.into(), run]
}

/// Which runs are copied, and how many taps at once.
fn copied_runs(
    by_features: bool,
    spatial: &[Spatial],
    inputs: usize,
    groups: usize,
    run: &[RowAxis],
) -> (Runs, usize) {
    let joins = |s: &Spatial| s.step == inputs && s.rhs_dilation == 1 && s.lhs_dilation == 1 && groups == 1;
    let last_taps = spatial.last().map_or(1, |s| s.taps);
    let inner_rows = run.last().map_or(1, |axis| axis.extent);
    match spatial.last() {
        Some(last) if by_features => (Runs::Features, if joins(last) { last_taps } else { 1 }),
        _ if by_features => (Runs::Features, 1),
        _ if last_taps > inner_rows => (Runs::Taps, last_taps),
        _ => (Runs::Windows, 1),
    }
}

impl ConvolveTask {
    /// The convolution without tiles.
    fn of(graph: &Graph, id: Id, op: &Convolution, slot: &dyn Fn(Id) -> Slot) -> ConvolveTask {
        let node = graph.node(id);
        let (x, w) = (node.args[0], node.args[1]);
        let view = View::of(graph, x);
        let [from, kernel, out] = [x, w, id].map(|id| &graph.ty(id).shape);
        let (kernel_steps, out_steps) = (kernel.strides(), out.strides());
        let dims = &op.dims;
        let groups = op.feature_group_count * op.batch_group_count;
        let inputs = kernel.dim(dims.rhs.feature);
        let outputs = kernel.dim(dims.rhs.batch) / groups;
        let spatial: SmallVec<[Spatial; 3]> = (0..op.num_spatial())
            .map(|k| Spatial {
                extent: from.dim(dims.lhs.spatial[k]),
                step: view.strides[dims.lhs.spatial[k]],
                stride: op.strides[k],
                low: op.low[k],
                lhs_dilation: op.lhs_dilation[k],
                rhs_dilation: op.rhs_dilation[k],
                taps: kernel.dim(dims.rhs.spatial[k]),
            })
            .collect();
        let [outer, run] = row_axes(op, out);
        let by_features = Convolve::reads_features(graph, op, x);
        let (runs, joint_taps) = copied_runs(by_features, &spatial, inputs, groups, &run);
        let terms = [dims.rhs.feature].into_iter().chain(dims.rhs.spatial.iter().copied());
        let term_steps = terms.filter(|axis| kernel.dim(*axis) != 1).map(|axis| kernel_steps[axis]);
        let group_of = |axis_step: usize, size: usize| if groups == 1 { 0 } else { axis_step * size };
        let group_input = if op.feature_group_count > 1 {
            group_of(view.strides[dims.lhs.feature], inputs)
        } else {
            group_of(view.strides[dims.lhs.batch], out.dim(dims.out.batch))
        };
        ConvolveTask {
            is_double: graph.scalar(id) == Scalar::F64,
            slots: [slot(view.source), slot(w), slot(id)],
            scratch: Slot::scratch(0),
            input_start: view.offset,
            example_step: view.strides[dims.lhs.batch],
            feature_step: view.strides[dims.lhs.feature],
            inputs,
            outputs,
            groups,
            group_steps: [
                group_input,
                group_of(kernel_steps[dims.rhs.batch], outputs),
                group_of(out_steps[dims.out.feature], outputs),
            ],
            outer,
            run_length: run.iter().map(|axis| axis.extent).product(),
            run_step: run.last().map_or(0, |axis| axis.out_step),
            run,
            term_step: term_steps.min().unwrap_or(1),
            output_steps: [kernel_steps[dims.rhs.batch], out_steps[dims.out.feature]],
            runs,
            joint_taps,
            spatial,
            row_tile: 0,
            column_tile: 0,
            block: 0,
            panels: None,
        }
    }
}

/// Pointers of one tile.
struct Tile<T> {
    input: *const T,
    kernel: *const T,
    result: *mut T,
    scratch: *mut T,
    first_row: usize,
    rows: usize,
    columns: usize,
    /// Coordinates of the axes around the run.
    example: usize,
    windows: Coordinates,
}

impl ConvolveTask {
    fn num_taps(&self) -> usize {
        self.spatial.iter().map(|s| s.taps).product()
    }
    fn terms(&self) -> usize {
        self.inputs * self.num_taps()
    }
    /// Terms that stay together in a block.
    fn unit(&self) -> usize {
        match self.runs {
            Runs::Features => self.inputs * self.joint_taps,
            Runs::Taps => self.joint_taps,
            Runs::Windows => 1,
        }
    }
    fn row_tiles(&self) -> usize {
        self.run_length.div_ceil(self.row_tile)
    }
    fn column_tiles(&self) -> usize {
        self.outputs.div_ceil(self.column_tile)
    }
    fn num_runs(&self) -> usize {
        self.outer.iter().map(|axis| axis.extent).product()
    }
    fn num_tiles(&self) -> usize {
        self.groups * self.num_runs() * self.column_tiles() * self.row_tiles()
    }

    fn choose_tiles(&mut self) {
        let terms = self.terms();
        let unit = self.unit();
        self.block = (BLOCK_TERMS / unit).max(1) * unit;
        self.block = self.block.min(terms);
        let most_rows = (BLOCK_ELEMENTS / self.block).clamp(16, 2048);
        let per_row = (terms * self.outputs).max(1);
        let worth = SMALLEST_TILE.div_ceil(per_row).max(16);
        let others = self.groups * self.num_runs();
        let wanted = FEWEST_TILES.div_ceil(others);
        self.column_tile = self.outputs;
        if self.run_length >= self.outputs || self.outputs < 32 {
            let shared = self.run_length.div_ceil(wanted).max(worth);
            self.row_tile = shared.min(most_rows).next_multiple_of(16).min(self.run_length);
        } else {
            // Few windows and many outputs: each thread reads its own part of the kernel.
            self.row_tile = most_rows.min(self.run_length);
            let parts = wanted.min((self.run_length * per_row / SMALLEST_TILE).max(1));
            self.column_tile = self.outputs.div_ceil(parts).next_multiple_of(16).min(self.outputs);
        }
    }

    /// Places the panels of the products behind the block of windows; returns the bytes of scratch.
    fn place_panels(&mut self) -> usize {
        let size = if self.is_double { size_of::<f64>() } else { size_of::<f32>() };
        let windows = (self.row_tile * self.block * size).next_multiple_of(64);
        let (shape, steps) =
            ([self.row_tile, self.column_tile, self.block], [self.run_step, self.output_steps[1]]);
        let panels = if self.is_double {
            matmul::scratch_bytes::<f64>(shape, steps)
        } else {
            matmul::scratch_bytes::<f32>(shape, steps)
        };
        self.panels = (panels > 0).then_some(windows);
        windows + panels
    }
}

impl Task for ConvolveTask {
    fn code(&self) -> String {
        "library".into()
    }
    unsafe fn run(&self, _: &Call<'_>, pointers: &Pointers, lower: i64, upper: i64) -> Result<()> {
        for number in lower as usize..upper as usize {
            // SAFETY: the caller's promise, for this tile.
            unsafe {
                if self.is_double {
                    self.tile::<f64>(pointers, number);
                } else {
                    self.tile::<f32>(pointers, number);
                }
            }
        }
        Ok(())
    }
}

impl ConvolveTask {
    /// # Safety
    /// As [`Task::run`]; `T` is the element type.
    unsafe fn tile<T: Real>(&self, pointers: &Pointers, number: usize) {
        let (rest, row_tile) = (number / self.row_tiles(), number % self.row_tiles());
        let (rest, column_tile) = (rest / self.column_tiles(), rest % self.column_tiles());
        let (group, mut run) = (rest / self.num_runs(), rest % self.num_runs());
        let (first_row, first_column) = (row_tile * self.row_tile, column_tile * self.column_tile);
        let mut example = 0;
        let mut windows: Coordinates = smallvec![0; self.spatial.len()];
        let mut out = group * self.group_steps[2];
        for axis in self.outer.iter().rev() {
            let at = run % axis.extent;
            run /= axis.extent;
            out += at * axis.out_step;
            match axis.role {
                Role::Example => example = at,
                Role::Window(k) => windows[k] = at,
            }
        }
        out += first_row * self.run_step + first_column * self.output_steps[1];
        let kernel = group * self.group_steps[1] + first_column * self.output_steps[0];
        // SAFETY: the offsets are those of this tile's first elements, within arrays that the plan has placed.
        let tile = unsafe {
            Tile {
                input: self.slots[0]
                    .pointer(pointers)
                    .cast::<T>()
                    .add(self.input_start + group * self.group_steps[0])
                    .cast_const(),
                kernel: self.slots[1].pointer(pointers).cast::<T>().add(kernel).cast_const(),
                result: self.slots[2].pointer(pointers).cast::<T>().add(out),
                scratch: self.scratch.pointer(pointers).cast::<T>(),
                first_row,
                rows: self.row_tile.min(self.run_length - first_row),
                columns: self.column_tile.min(self.outputs - first_column),
                example,
                windows,
            }
        };
        let terms = self.terms();
        let mut start = 0;
        while start < terms {
            let length = self.block.min(terms - start);
            // SAFETY: the scratch has room for a tile's rows of a block; the strides of all three matrices stay within
            // their arrays.
            unsafe {
                let (row_step, term_step) = match self.runs {
                    Runs::Features => {
                        self.copy_features(&tile, start, length, T::ZERO);
                        (length, 1)
                    }
                    Runs::Taps => {
                        self.copy_taps(&tile, start, length, T::ZERO);
                        (length, 1)
                    }
                    Runs::Windows => {
                        self.copy_windows(&tile, start, length, T::ZERO);
                        (1, tile.rows)
                    }
                };
                let panels = match self.panels {
                    Some(offset) => self.scratch.pointer(pointers).add(offset).cast(),
                    None => std::ptr::null_mut(),
                };
                matmul::multiply(
                    [tile.rows, tile.columns, length],
                    Matrix { start: tile.scratch.cast_const(), row_step, column_step: term_step },
                    Matrix {
                        start: tile.kernel.add(start * self.term_step),
                        row_step: self.term_step,
                        column_step: self.output_steps[0],
                    },
                    Matrix { start: tile.result, row_step: self.run_step, column_step: self.output_steps[1] },
                    start > 0,
                    panels,
                );
            }
            start += length;
        }
    }

    /// The coordinates of a row of the run.
    fn coordinates<T>(&self, tile: &Tile<T>, row: usize) -> (usize, Coordinates) {
        let (mut example, mut windows) = (tile.example, tile.windows.clone());
        let mut rest = row;
        for axis in self.run.iter().rev() {
            let at = rest % axis.extent;
            rest /= axis.extent;
            match axis.role {
                Role::Example => example = at,
                Role::Window(k) => windows[k] = at,
            }
        }
        (example, windows)
    }

    /// Taps of a number in row-major order.
    fn tap(&self, mut number: usize) -> Coordinates {
        let mut taps: Coordinates = smallvec![0; self.spatial.len()];
        for (k, s) in self.spatial.iter().enumerate().rev() {
            taps[k] = number % s.taps;
            number /= s.taps;
        }
        taps
    }

    /// Goes on by one tap, or if `joint` by all along the last axis. Behind the last it is the first again, and the
    /// outcome is true.
    fn step_tap(&self, taps: &mut Coordinates, joint: bool) -> bool {
        let moved = self.spatial.len() - usize::from(joint);
        for (tap, s) in taps[..moved].iter_mut().zip(&self.spatial).rev() {
            *tap += 1;
            if *tap < s.taps {
                return false;
            }
            *tap = 0;
        }
        true
    }

    /// Copies terms `start..start + length` of the tile's windows, one window behind the other.
    ///
    /// # Safety
    /// As [`Task::run`]; the scratch has room for them.
    unsafe fn copy_features<T: Copy>(&self, tile: &Tile<T>, start: usize, length: usize, zero: T) {
        let unit = self.unit();
        let (first, count) = (start / unit, length / unit);
        let joint = self.joint_taps > 1;
        let first_taps = self.tap(first * self.joint_taps);
        for row in 0..tile.rows {
            let (example, windows) = self.coordinates(tile, tile.first_row + row);
            let mut taps = first_taps.clone();
            for number in 0..count {
                // SAFETY: within the row's part of the scratch.
                let to = unsafe { tile.scratch.add(row * length + number * unit) };
                let plain = if joint { self.spatial.len() - 1 } else { self.spatial.len() };
                let offset = (0..plain).try_fold(example * self.example_step, |offset, k| {
                    Some(offset + self.spatial[k].offset(windows[k], taps[k])?)
                });
                let (valid, skipped, offset) = match offset {
                    None => (0, 0, 0),
                    Some(offset) if !joint => (1, 0, offset),
                    Some(offset) => {
                        // Taps lower..upper of the last axis lie inside.
                        let s = &self.spatial[plain];
                        let at = (windows[plain] * s.stride) as i64 - s.low;
                        let lower = (-at).clamp(0, s.taps as i64);
                        let upper = (s.extent as i64 - at).clamp(lower, s.taps as i64);
                        let offset = offset as i64 + (at + lower) * s.step as i64;
                        (
                            (upper - lower) as usize,
                            lower as usize,
                            if upper > lower { offset as usize } else { 0 },
                        )
                    }
                };
                let (before, inside) = (skipped * self.inputs, valid * self.inputs);
                // SAFETY: the unit's place in the scratch; the source is inside of the input, features are neighbours.
                unsafe {
                    std::slice::from_raw_parts_mut(to, before).fill(zero);
                    std::ptr::copy_nonoverlapping(tile.input.add(offset), to.add(before), inside);
                    std::slice::from_raw_parts_mut(to.add(before + inside), unit - before - inside)
                        .fill(zero);
                }
                self.step_tap(&mut taps, joint);
            }
        }
    }

    /// Copies terms `start..start + length` of the tile's windows, one window behind the other; features are outermost
    /// among the terms.
    ///
    /// # Safety
    /// As [`Task::run`]; the scratch has room for them.
    unsafe fn copy_taps<T: Copy>(&self, tile: &Tile<T>, start: usize, length: usize, zero: T) {
        let unit = self.joint_taps;
        let per_feature = self.num_taps() / unit;
        let (first, count) = (start / unit, length / unit);
        let first_taps = self.tap(first % per_feature * self.joint_taps);
        let last = self.spatial.len() - 1;
        let s = &self.spatial[last];
        for row in 0..tile.rows {
            let (example, windows) = self.coordinates(tile, tile.first_row + row);
            // Tap t reads element t·dilation + shift of a line.
            let shift = (windows[last] * s.stride) as i64 - s.low;
            let (mut taps, mut feature) = (first_taps.clone(), first / per_feature * self.feature_step);
            for number in 0..count {
                // SAFETY: the unit's place in the scratch.
                let to = unsafe {
                    std::slice::from_raw_parts_mut(tile.scratch.add(row * length + number * unit), unit)
                };
                let start = example * self.example_step + feature;
                let offset = (0..last)
                    .try_fold(start, |offset, k| Some(offset + self.spatial[k].offset(windows[k], taps[k])?));
                match offset {
                    // SAFETY: the offset is of the start of a line of the input.
                    Some(offset) => unsafe {
                        copy_line(tile.input.add(offset), s, shift, s.rhs_dilation, 0, to, zero);
                    },
                    None => to.fill(zero),
                }
                if self.step_tap(&mut taps, true) {
                    feature += self.feature_step;
                }
            }
        }
    }

    /// Copies terms `start..start + length` of the tile's windows, one term behind the other; features are outermost
    /// among the terms.
    ///
    /// # Safety
    /// As [`Task::run`]; the scratch has room for them.
    unsafe fn copy_windows<T: Copy>(&self, tile: &Tile<T>, start: usize, length: usize, zero: T) {
        let num_taps = self.num_taps();
        let first_taps = self.tap(start % num_taps);
        let inner = self.run.last().copied();
        let inner_extent = inner.map_or(1, |axis| axis.extent);
        let moved = inner.map(|axis| axis.role);
        let mut row = 0;
        while row < tile.rows {
            let (example, windows) = self.coordinates(tile, tile.first_row + row);
            let at = (tile.first_row + row) % inner_extent;
            let count = (inner_extent - at).min(tile.rows - row);
            let example = example * self.example_step;
            let (mut taps, mut feature) = (first_taps.clone(), start / num_taps * self.feature_step);
            for number in 0..length {
                // SAFETY: these rows' part of the term's column.
                let to = unsafe {
                    std::slice::from_raw_parts_mut(tile.scratch.add(number * tile.rows + row), count)
                };
                let offset = self.spatial.iter().enumerate().try_fold(example + feature, |offset, (k, s)| {
                    let own = if moved == Some(Role::Window(k)) { 0 } else { s.offset(windows[k], taps[k])? };
                    Some(offset + own)
                });
                match (offset, moved) {
                    (None, _) => to.fill(zero),
                    (Some(offset), Some(Role::Window(k))) => {
                        let s = &self.spatial[k];
                        let shift = (taps[k] * s.rhs_dilation) as i64 - s.low;
                        // SAFETY: the offset is of the start of a line of the input.
                        unsafe { copy_line(tile.input.add(offset), s, shift, s.stride, at, to, zero) };
                    }
                    // SAFETY: the offset is of an element of the first example.
                    (Some(offset), _) => unsafe {
                        copy_strided(tile.input.add(offset), self.example_step, to);
                    },
                }
                if self.step_tap(&mut taps, false) {
                    feature += self.feature_step;
                }
            }
            row += count;
        }
    }
}

/// Fills `to` with elements `(first + i)·step + shift` of a dilated line of the input; zero where there are none.
///
/// # Safety
/// `from` is the start of a line of the input along the axis `s`.
unsafe fn copy_line<T: Copy>(
    from: *const T,
    s: &Spatial,
    shift: i64,
    step: usize,
    first: usize,
    to: &mut [T],
    zero: T,
) {
    let step = step as i64;
    if s.lhs_dilation != 1 {
        let dilation = s.lhs_dilation as i64;
        for (i, to) in to.iter_mut().enumerate() {
            let at = (first + i) as i64 * step + shift;
            let index = at.div_euclid(dilation);
            let is_there = at.rem_euclid(dilation) == 0 && (0..s.extent as i64).contains(&index);
            // SAFETY: the index is of an element of the line.
            *to = if is_there { unsafe { *from.add(index as usize * s.step) } } else { zero };
        }
        return;
    }
    let first_inside = (-shift).max(0).unsigned_abs().div_ceil(step as u64) as usize;
    let behind = (s.extent as i64 - shift).max(0).unsigned_abs().div_ceil(step as u64) as usize;
    let lower = first_inside.clamp(first, first + to.len());
    let upper = behind.clamp(lower, first + to.len());
    let (before, rest) = to.split_at_mut(lower - first);
    let (inside, after) = rest.split_at_mut(upper - lower);
    before.fill(zero);
    after.fill(zero);
    if !inside.is_empty() {
        let start = (lower as i64 * step + shift) as usize;
        // SAFETY: elements lower..upper stand inside of the line.
        unsafe { copy_strided(from.add(start * s.step), step as usize * s.step, inside) };
    }
}

/// Copies every `step`-th element.
///
/// # Safety
/// There are as many elements to read.
unsafe fn copy_strided<T: Copy>(from: *const T, step: usize, to: &mut [T]) {
    if step == 1 {
        // SAFETY: the caller's promise; scratch and input are different memory.
        unsafe { std::ptr::copy_nonoverlapping(from, to.as_mut_ptr(), to.len()) };
        return;
    }
    for (i, to) in to.iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        *to = unsafe { *from.add(i * step) };
    }
}
