//! Kernels of products for AVX2: six rows by two vectors of columns, twelve sums in sixteen registers.
//!
//! Twenty-two instructions for twelve fused multiply-adds: little enough for a processor's front end when another
//! thread takes half of it. Kernels that walk over operands of any stride need a third more.

use super::microkernel::{Kernel, Panels, Real, Tile};
use std::arch::x86_64::*;

/// Rows of a tile.
const ROWS: usize = 6;

/// Whether the host has these instructions, and none that `gemm` makes more of.
fn is_best() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && !is_x86_feature_detected!("avx512f")
}

/// A kernel of an element type, by its intrinsics.
macro_rules! kernel {
    (
        $module:ident: $type:ty, $lanes:literal lanes,
        $zero:ident, $load:ident, $store:ident, $broadcast:ident, $add:ident, $fma:ident, $transpose:ident
    ) => {
        pub(super) mod $module {
            use super::*;

            const LANES: usize = $lanes;
            const COLUMNS: usize = 2 * LANES;

            pub(in crate::routines::matmul) static KERNEL: Kernel<$type> = Kernel {
                rows: ROWS,
                columns: COLUMNS,
                multiply: any_rows,
                pack_rows: pack::<ROWS>,
                pack_columns: pack::<COLUMNS>,
            };

            impl Real for $type {
                const ZERO: $type = 0.0;
                const ONE: $type = 1.0;

                fn kernel() -> Option<&'static Kernel<$type>> {
                    is_best().then_some(&KERNEL)
                }
            }

            /// # Safety
            /// As `Tile` says; the host has AVX2.
            #[target_feature(enable = "avx2,fma")]
            unsafe fn any_rows(tile: &Tile<$type>) {
                // SAFETY: the caller's promise.
                unsafe {
                    match tile.rows {
                        1 => multiply::<1>(tile),
                        2 => multiply::<2>(tile),
                        3 => multiply::<3>(tile),
                        4 => multiply::<4>(tile),
                        5 => multiply::<5>(tile),
                        _ => multiply::<ROWS>(tile),
                    }
                }
            }

            /// # Safety
            /// As `Tile` says; the host has AVX2.
            #[target_feature(enable = "avx2,fma")]
            unsafe fn multiply<const HEIGHT: usize>(tile: &Tile<$type>) {
                let mut sums = [[$zero(); 2]; HEIGHT];
                let term = |sums: &mut [[_; 2]; HEIGHT], t: usize| {
                    // SAFETY: terms of both panels.
                    unsafe {
                        let rhs = tile.rhs.add(t * tile.rhs_step);
                        let columns = [$load(rhs), $load(rhs.add(LANES))];
                        for (row, sums) in sums.iter_mut().enumerate() {
                            let lhs = $broadcast(&*tile.lhs.add(t * ROWS + row));
                            sums[0] = $fma(lhs, columns[0], sums[0]);
                            sums[1] = $fma(lhs, columns[1], sums[1]);
                        }
                    }
                };
                for row in 0..HEIGHT {
                    // The first and the last element, which may lie on two cache lines.
                    for column in [0, COLUMNS - 1] {
                        let place = tile.result.wrapping_add(row * tile.result_step + column);
                        _mm_prefetch::<_MM_HINT_T0>(place.cast_const().cast());
                    }
                }
                let fours = tile.terms / 4 * 4;
                for t in (0..fours).step_by(4) {
                    for u in 0..4 {
                        term(&mut sums, t + u);
                    }
                }
                for t in fours..tile.terms {
                    term(&mut sums, t);
                }
                for (row, sums) in sums.into_iter().enumerate() {
                    for (k, sum) in sums.into_iter().enumerate() {
                        // SAFETY: the tile has this row and these columns.
                        unsafe {
                            let place = tile.result.add(row * tile.result_step + k * LANES);
                            $store(place, if tile.adds { $add($load(place), sum) } else { sum });
                        }
                    }
                }
            }

            /// # Safety
            /// As `Panels` says; the host has AVX2.
            #[target_feature(enable = "avx2,fma")]
            unsafe fn pack<const WIDTH: usize>(panels: &Panels<$type>) {
                let &Panels { from, lines, line_step, terms, term_step, to } = panels;
                let whole = lines / WIDTH;
                if line_step == 1 {
                    // A few terms of each panel in turn: each line of the cache is read once, and written at once.
                    for start in (0..terms).step_by(8) {
                        for panel in 0..whole {
                            for t in start..terms.min(start + 8) {
                                // SAFETY: neighbours in memory, one term of a whole panel.
                                unsafe {
                                    let from = from.add(t * term_step + panel * WIDTH);
                                    from.copy_to_nonoverlapping(to.add((panel * terms + t) * WIDTH), WIDTH);
                                }
                            }
                        }
                    }
                }
                let first = if line_step == 1 { whole * WIDTH } else { 0 };
                for first in (first..lines).step_by(WIDTH) {
                    let last = WIDTH.min(lines - first) - 1;
                    // SAFETY: a line of this panel; the panel's place.
                    let (line, to) = unsafe {
                        (|k: usize| from.add((first + k.min(last)) * line_step), to.add(first * terms))
                    };
                    let turned = if term_step == 1 { terms / LANES * LANES } else { 0 };
                    // The last lines first: a vector may write over the next term's first lines, which come later.
                    for group in (0..WIDTH).step_by(LANES).rev() {
                        for t in (0..turned).step_by(LANES) {
                            // SAFETY: terms of lines of this panel, and their place in it.
                            unsafe {
                                let mut block = [$zero(); LANES];
                                for (k, terms) in block.iter_mut().enumerate() {
                                    *terms = $load(line(group + k).add(t));
                                }
                                for (u, lines) in $transpose(block).into_iter().enumerate() {
                                    $store(to.add((t + u) * WIDTH + group), lines);
                                }
                            }
                        }
                    }
                    for t in turned..terms {
                        for k in 0..WIDTH {
                            // SAFETY: a term of a line of this panel, and its place in it.
                            unsafe { *to.add(t * WIDTH + k) = *line(k).add(t * term_step) };
                        }
                    }
                }
            }
        }
    };
}

kernel!(
    single: f32, 8 lanes,
    _mm256_setzero_ps, _mm256_loadu_ps, _mm256_storeu_ps,
    _mm256_broadcast_ss, _mm256_add_ps, _mm256_fmadd_ps, transpose_8x8
);
kernel!(
    double: f64, 4 lanes,
    _mm256_setzero_pd, _mm256_loadu_pd, _mm256_storeu_pd,
    _mm256_broadcast_sd, _mm256_add_pd, _mm256_fmadd_pd, transpose_4x4
);

/// Rows as columns.
#[target_feature(enable = "avx2")]
fn transpose_4x4(rows: [__m256d; 4]) -> [__m256d; 4] {
    let mut turned = rows;
    for k in 0..2 {
        let [top, bottom] = if k == 0 {
            [_mm256_unpacklo_pd(rows[0], rows[1]), _mm256_unpacklo_pd(rows[2], rows[3])]
        } else {
            [_mm256_unpackhi_pd(rows[0], rows[1]), _mm256_unpackhi_pd(rows[2], rows[3])]
        };
        turned[k] = _mm256_permute2f128_pd::<0x20>(top, bottom);
        turned[k + 2] = _mm256_permute2f128_pd::<0x31>(top, bottom);
    }
    turned
}

/// Rows as columns: neighbours side by side, then pairs of them, then halves.
#[target_feature(enable = "avx2")]
fn transpose_8x8(rows: [__m256; 8]) -> [__m256; 8] {
    let mut fours = rows;
    for k in [0, 4] {
        for high in [0, 2] {
            let [a, b] = if high == 0 {
                [_mm256_unpacklo_ps(rows[k], rows[k + 1]), _mm256_unpacklo_ps(rows[k + 2], rows[k + 3])]
            } else {
                [_mm256_unpackhi_ps(rows[k], rows[k + 1]), _mm256_unpackhi_ps(rows[k + 2], rows[k + 3])]
            };
            let (a, b) = (_mm256_castps_pd(a), _mm256_castps_pd(b));
            fours[k + high] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
            fours[k + high + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
        }
    }
    let mut turned = fours;
    for k in 0..4 {
        turned[k] = _mm256_permute2f128_ps::<0x20>(fours[k], fours[k + 4]);
        turned[k + 4] = _mm256_permute2f128_ps::<0x31>(fours[k], fours[k + 4]);
    }
    turned
}
