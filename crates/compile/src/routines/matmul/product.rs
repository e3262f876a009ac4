//! One product of matrices: in blocks by kernels of ours where the host has one, by the `gemm` crate elsewhere.
//!
//! Blocks are those of Goto and van de Geijn, *Anatomy of High-Performance Matrix Multiplication* (2008): a block of
//! the right operand is packed into panels of columns, a block of the left one into panels of rows, so that the kernel
//! reads both without a jump. Every sum runs over the same terms in the same order, wherever a block ends.

use super::microkernel::{Kernel, Panels, Real, Tile};

/// A matrix in memory: its first element, and the elements between neighbouring rows and columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<P> {
    pub(crate) start: P,
    pub(crate) row_step: usize,
    pub(crate) column_step: usize,
}

impl<P> Matrix<P> {
    /// Rows as columns.
    fn transposed(self) -> Matrix<P> {
        Matrix { start: self.start, row_step: self.column_step, column_step: self.row_step }
    }
}

/// A packed panel of columns, this many terms of it, stays in the first cache.
const TERMS: usize = 256;
/// A packed block of this many rows stays in the second cache, even where two threads share it.
const ROWS: usize = 96;
/// A packed block of this many columns stays in the third cache.
const COLUMNS: usize = 1024;
/// What packing may write behind the last panel.
const SLACK: usize = 64;
/// As few rows as this use each column so rarely that it is read where it lies.
const ROWS_IN_PLACE: usize = 48;

/// Bytes that [`multiply`] needs to compute a product `[m, k] · [k, n]`, or one of less rows or columns, in blocks.
///
/// 0 is for `gemm`, which has special ways for thin matrices and takes results whose rows and columns both have gaps.
pub(crate) fn scratch_bytes<T: Real>([m, n, k]: [usize; 3], [row_step, column_step]: [usize; 2]) -> usize {
    let Some(kernel) = T::kernel() else { return 0 };
    let [m, n] = if column_step == 1 { [m, n] } else { [n, m] };
    if (column_step != 1 && row_step != 1) || m < 2 * kernel.rows || n < kernel.columns || k < 16 {
        return 0;
    }
    let lines = m.min(ROWS).next_multiple_of(kernel.rows) + n.min(COLUMNS).next_multiple_of(kernel.columns);
    lines * k.min(TERMS) * size_of::<T>() + 2 * SLACK
}

/// `result = lhs · rhs`, or `result += lhs · rhs`: `[m, k] · [k, n] -> [m, n]`.
///
/// # Safety
/// The matrices lie in memory that may be read, and for the result written by nobody else. `scratch` is null, or
/// aligned to 64 bytes with the [`scratch_bytes`], not 0, of a product as large as this one at least.
pub(crate) unsafe fn multiply<T: Real>(
    [m, n, k]: [usize; 3],
    lhs: Matrix<*const T>,
    rhs: Matrix<*const T>,
    result: Matrix<*mut T>,
    adds: bool,
    scratch: *mut T,
) {
    match T::kernel() {
        Some(kernel) if !scratch.is_null() => {
            // SAFETY: the caller's promise.
            unsafe { in_blocks(kernel, [m, n, k], [lhs, rhs], result, adds, scratch) }
        }
        // SAFETY: the caller's promise.
        _ => unsafe {
            gemm::gemm(
                m,
                n,
                k,
                result.start,
                result.column_step as isize,
                result.row_step as isize,
                adds,
                lhs.start,
                lhs.column_step as isize,
                lhs.row_step as isize,
                rhs.start,
                rhs.column_step as isize,
                rhs.row_step as isize,
                if adds { T::ONE } else { T::ZERO },
                T::ONE,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        },
    }
}

/// A product by a kernel.
///
/// # Safety
/// As [`multiply`]; the scratch is not null, the host has the kernel's instructions.
unsafe fn in_blocks<T: Real>(
    kernel: &Kernel<T>,
    [m, n, k]: [usize; 3],
    [lhs, rhs]: [Matrix<*const T>; 2],
    result: Matrix<*mut T>,
    adds: bool,
    scratch: *mut T,
) {
    // A kernel writes neighbouring columns.
    let (shape, lhs, rhs, result) = if result.column_step == 1 {
        ([m, n, k], lhs, rhs, result)
    } else {
        ([n, m, k], rhs.transposed(), lhs.transposed(), result.transposed())
    };
    // SAFETY: the caller's promise.
    unsafe { Blocked { kernel, lhs, rhs, result, scratch }.run(shape, adds) }
}

/// A product in blocks; neighbouring columns of its result are neighbours in memory.
struct Blocked<'a, T> {
    kernel: &'a Kernel<T>,
    lhs: Matrix<*const T>,
    rhs: Matrix<*const T>,
    result: Matrix<*mut T>,
    scratch: *mut T,
}

/// A block of the right operand: its first column, its columns, and how to find them.
struct Columns<T> {
    first: usize,
    count: usize,
    terms: usize,
    packed: *const T,
    /// The first element, if whole panels are read where they lie.
    in_place: Option<*const T>,
}

impl<T: Real> Blocked<'_, T> {
    /// # Safety
    /// As [`multiply`]; the scratch is not null.
    unsafe fn run(&self, [m, n, k]: [usize; 3], adds: bool) {
        let kernel = self.kernel;
        let rows = m.min(ROWS).next_multiple_of(kernel.rows) * k.min(TERMS);
        let in_place = self.rhs.column_step == 1 && m <= ROWS_IN_PLACE;
        for first in (0..n).step_by(COLUMNS) {
            let count = COLUMNS.min(n - first);
            for term in (0..k).step_by(TERMS) {
                let terms = TERMS.min(k - term);
                // Panels that are read where they lie are not packed; a last one that is not whole is.
                let skipped = if in_place { count / kernel.columns * kernel.columns } else { 0 };
                // SAFETY: the block is one of the right operand, and its panels have their place behind those of the
                // rows, on a cache line of their own.
                let columns = unsafe {
                    let from = self.rhs.start.add(term * self.rhs.row_step + first * self.rhs.column_step);
                    let packed = self
                        .scratch
                        .add((rows * size_of::<T>() + SLACK).next_multiple_of(64) / size_of::<T>());
                    let panels = Panels {
                        from: from.add(skipped * self.rhs.column_step),
                        lines: count - skipped,
                        line_step: self.rhs.column_step,
                        terms,
                        term_step: self.rhs.row_step,
                        to: packed.add(skipped * terms),
                    };
                    (kernel.pack_columns)(&panels);
                    Columns { first, count, terms, packed, in_place: in_place.then_some(from) }
                };
                for row in (0..m).step_by(ROWS) {
                    let height = ROWS.min(m - row);
                    // SAFETY: rows of the left operand, packed where the scratch begins.
                    unsafe {
                        let from = self.lhs.start.add(row * self.lhs.row_step + term * self.lhs.column_step);
                        (kernel.pack_rows)(&Panels {
                            from,
                            lines: height,
                            line_step: self.lhs.row_step,
                            terms,
                            term_step: self.lhs.column_step,
                            to: self.scratch,
                        });
                        self.block(row, height, &columns, adds || term > 0);
                    }
                }
            }
        }
    }

    /// The rows `row..row + height`, whose panels are packed, times a block of columns.
    ///
    /// # Safety
    /// As [`multiply`].
    unsafe fn block(&self, row: usize, height: usize, columns: &Columns<T>, adds: bool) {
        let (kernel, terms) = (self.kernel, columns.terms);
        for column in (0..columns.count).step_by(kernel.columns) {
            let width = kernel.columns.min(columns.count - column);
            // SAFETY: panels of this block.
            let (rhs, rhs_step) = unsafe {
                match columns.in_place {
                    Some(start) if width == kernel.columns => (start.add(column), self.rhs.row_step),
                    _ => (columns.packed.add(column * terms), kernel.columns),
                }
            };
            for i in (0..height).step_by(kernel.rows) {
                // SAFETY: a panel of rows of this block, and the place of their products with these columns.
                unsafe {
                    let result =
                        self.result.start.add((row + i) * self.result.row_step + columns.first + column);
                    let tile = Tile {
                        rows: kernel.rows.min(height - i),
                        terms,
                        lhs: self.scratch.add(i * terms),
                        rhs,
                        rhs_step,
                        result,
                        result_step: self.result.row_step,
                        adds,
                    };
                    if width == kernel.columns {
                        (kernel.multiply)(&tile);
                    } else {
                        self.edge(tile, width);
                    }
                }
            }
        }
    }

    /// A tile of which only the first columns are there.
    ///
    /// # Safety
    /// As [`multiply`].
    unsafe fn edge(&self, tile: Tile<T>, width: usize) {
        /// As large as the tile of any kernel.
        const MOST: usize = 6 * 16;
        let columns = self.kernel.columns;
        let mut whole = [T::ZERO; MOST];
        assert!(self.kernel.rows * columns <= MOST, "internal: a tile");
        // SAFETY: the tile has room, and its first columns are those of the result.
        unsafe {
            (self.kernel.multiply)(&Tile {
                result: whole.as_mut_ptr(),
                result_step: columns,
                adds: false,
                ..tile
            });
            for row in 0..tile.rows {
                for column in 0..width {
                    let (to, sum) =
                        (tile.result.add(row * tile.result_step + column), whole[row * columns + column]);
                    if tile.adds { *to += sum } else { *to = sum }
                }
            }
        }
    }
}

/// Element types on hosts for which we have no kernels.
#[cfg(not(target_arch = "x86_64"))]
mod elsewhere {
    use super::{Kernel, Real};

    macro_rules! real {
        ($type:ty) => {
            impl Real for $type {
                const ZERO: $type = 0.0;
                const ONE: $type = 1.0;

                fn kernel() -> Option<&'static Kernel<$type>> {
                    None
                }
            }
        };
    }

    real!(f32);
    real!(f64);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A matrix of small integers, whose products are exact, with gaps between its lines.
    #[derive(Clone, Debug)]
    struct Sample {
        by_columns: bool,
        gap: usize,
    }

    fn sample() -> impl Strategy<Value = Sample> {
        (any::<bool>(), 0..3_usize).prop_map(|(by_columns, gap)| Sample { by_columns, gap })
    }

    impl Sample {
        fn steps(&self, rows: usize, columns: usize) -> [usize; 2] {
            if self.by_columns { [1, rows + self.gap] } else { [columns + self.gap, 1] }
        }

        fn data<T: From<i8>>(&self, rows: usize, columns: usize, salt: usize) -> Vec<T> {
            let lines = if self.by_columns { columns } else { rows };
            let length = if self.by_columns { rows } else { columns } + self.gap;
            (0..lines * length).map(|i| T::from(((i * 7 + salt) % 11) as i8 - 5)).collect()
        }
    }

    /// A product in blocks (if there is a kernel) and by `gemm`, against the sum by definition.
    fn check<T: Real + From<i8> + Into<f64> + std::fmt::Debug>(
        kernel: Option<&Kernel<T>>,
        [m, n, k]: [usize; 3],
        samples: &[Sample; 3],
        adds: bool,
    ) {
        let [a, b, c] = samples;
        let (lhs, rhs) = (a.data::<T>(m, k, 1), b.data::<T>(k, n, 2));
        let before = c.data::<T>(m, n, 3);
        let [[lr, lc], [rr, rc], [or, oc]] = [a.steps(m, k), b.steps(k, n), c.steps(m, n)];
        let mut expected: Vec<f64> = before.iter().map(|&x| x.into()).collect();
        for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
            let term = |t: usize| lhs[i * lr + t * lc].into() * rhs[t * rr + j * rc].into();
            let sum: f64 = (0..k).map(term).sum();
            let to = &mut expected[i * or + j * oc];
            *to = if adds { *to + sum } else { sum };
        }
        let lhs = Matrix { start: lhs.as_ptr(), row_step: lr, column_step: lc };
        let rhs = Matrix { start: rhs.as_ptr(), row_step: rr, column_step: rc };
        for kernel in [None, kernel] {
            let mut found = before.clone();
            let result = Matrix { start: found.as_mut_ptr(), row_step: or, column_step: oc };
            // No numbers: nothing may be read that was not packed.
            let mut scratch = vec![f64::NAN; (m.max(n) + 32 + COLUMNS) * TERMS];
            let start = scratch.as_mut_ptr().cast::<T>();
            // SAFETY: the matrices have their extents and steps; the scratch has room for as many lines.
            unsafe {
                match kernel {
                    Some(kernel) => {
                        let start = start.add(start.align_offset(64));
                        in_blocks(kernel, [m, n, k], [lhs, rhs], result, adds, start);
                    }
                    None => multiply([m, n, k], lhs, rhs, result, adds, std::ptr::null_mut()),
                }
            }
            let found: Vec<f64> = found.into_iter().map(Into::into).collect();
            assert_eq!(found, expected, "{m} x {n} x {k}, {samples:?}, kernel {}", kernel.is_some());
        }
    }

    type Found = (Option<&'static Kernel<f32>>, Option<&'static Kernel<f64>>);

    /// The kernels that this host can run, be they its best or not.
    #[cfg(target_arch = "x86_64")]
    fn kernels() -> Found {
        use super::super::avx2::{double, single};
        let can_run = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        (can_run.then_some(&single::KERNEL), can_run.then_some(&double::KERNEL))
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn kernels() -> Found {
        (None, None)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn products_are_those_by_definition(
            m in 1..130_usize,
            n in 1..70_usize,
            k in prop_oneof![1..40_usize, 250..530_usize],
            samples in [sample(), sample(), sample()],
            adds in any::<bool>(),
        ) {
            let (single, double) = kernels();
            check::<f32>(single, [m, n, k], &samples, adds);
            check::<f64>(double, [m, n, k], &samples, adds);
        }
    }

    #[test]
    fn more_columns_than_a_block_has() {
        let plain = [(); 3].map(|()| Sample { by_columns: false, gap: 0 });
        let (single, double) = kernels();
        check::<f32>(single, [13, COLUMNS + 33, 300], &plain, false);
        check::<f64>(double, [100, COLUMNS + 9, 20], &plain, true);
    }
}
