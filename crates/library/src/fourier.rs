//! Fourier transforms of any length, over any number of axes.
//!
//! Plans depend on the length alone; each thread keeps those that it made.

use crate::{Direction, c64};
use realfft::RealFftPlanner;
use rustfft::{FftDirection, FftPlanner};
use std::cell::RefCell;

thread_local! {
    static COMPLEX: RefCell<FftPlanner<f64>> = RefCell::new(FftPlanner::new());
    static REAL: RefCell<RealFftPlanner<f64>> = RefCell::new(RealFftPlanner::new());
}

/// Transforms `data [dims]` along each of its axes.
pub(crate) fn fft(direction: Direction, dims: &[usize], data: &mut [c64]) {
    (0..dims.len()).for_each(|axis| along(direction, dims, axis, data));
}

/// Transforms `data [dims]` along one axis.
fn along(direction: Direction, dims: &[usize], axis: usize, data: &mut [c64]) {
    if data.is_empty() {
        return;
    }
    let (n, stride) = (dims[axis], dims[axis + 1..].iter().product::<usize>());
    let (towards, scale) = match direction {
        Direction::Forward => (FftDirection::Forward, 1.0),
        Direction::Inverse => (FftDirection::Inverse, 1.0 / n as f64),
    };
    let plan = COMPLEX.with_borrow_mut(|planner| planner.plan_fft(n, towards));
    let mut scratch = vec![c64::ZERO; plan.get_inplace_scratch_len()];
    let mut lines = vec![c64::ZERO; n * stride];
    for block in data.chunks_exact_mut(n * stride) {
        // The lines of a block one after the other.
        transpose(block, n, stride, &mut lines);
        plan.process_with_scratch(&mut lines, &mut scratch);
        lines.iter_mut().for_each(|x| *x *= scale);
        transpose(&lines, stride, n, block);
    }
}

/// The `[rows, columns]` of `from` as `[columns, rows]`.
fn transpose(from: &[c64], rows: usize, columns: usize, to: &mut [c64]) {
    for (i, row) in from.chunks_exact(columns).enumerate() {
        row.iter().enumerate().for_each(|(j, x)| to[j * rows + i] = *x);
    }
}

/// The half of the transform of the real `x [dims]` that determines the other: `to` is `[.., n / 2 + 1]` for
/// `n` along the
/// last axis.
pub(crate) fn rfft(dims: &[usize], x: &[f64], to: &mut [c64]) {
    let Some((&n, outer)) = dims.split_last() else { return };
    if n == 0 || x.is_empty() {
        return;
    }
    let half = n / 2 + 1;
    let plan = REAL.with_borrow_mut(|planner| planner.plan_fft_forward(n));
    let (mut line, mut scratch) = (vec![0.0; n], plan.make_scratch_vec());
    for (x, to) in x.chunks_exact(n).zip(to.chunks_exact_mut(half)) {
        line.copy_from_slice(x);
        let done = plan.process_with_scratch(&mut line, to, &mut scratch);
        done.expect("internal: buffers of the lengths that the plan asks for");
    }
    let whole: Vec<usize> = outer.iter().copied().chain([half]).collect();
    (0..outer.len()).for_each(|axis| along(Direction::Forward, &whole, axis, to));
}

/// The real array `to [dims]` of whose transform `x` is the half `[.., n / 2 + 1]`. Imaginary parts that a real array's
/// transform does not have are ignored. `x` is used up.
pub(crate) fn irfft(dims: &[usize], x: &mut [c64], to: &mut [f64]) {
    let Some((&n, outer)) = dims.split_last() else { return };
    if n == 0 || to.is_empty() {
        return;
    }
    let half = n / 2 + 1;
    let whole: Vec<usize> = outer.iter().copied().chain([half]).collect();
    (0..outer.len()).for_each(|axis| along(Direction::Inverse, &whole, axis, x));
    let plan = REAL.with_borrow_mut(|planner| planner.plan_fft_inverse(n));
    let mut scratch = plan.make_scratch_vec();
    for (x, to) in x.chunks_exact_mut(half).zip(to.chunks_exact_mut(n)) {
        x[0].im = 0.0;
        if n % 2 == 0 {
            x[half - 1].im = 0.0;
        }
        let done = plan.process_with_scratch(x, to, &mut scratch);
        done.expect("internal: buffers of the lengths that the plan asks for");
        to.iter_mut().for_each(|x| *x /= n as f64);
    }
}
