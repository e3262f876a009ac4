//! Fourier transforms of any length, over any number of axes.
//!
//! Without the feature `fft` they panic; see [`TRANSFORMS`](crate::TRANSFORMS).

use crate::c64;

/// Which way a transform goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Sums over x · exp(-2πi·j·k/n).
    Forward,
    /// Sums over x · exp(2πi·j·k/n), divided by n.
    Inverse,
}

/// The routine of `fourier`, or none.
macro_rules! routine {
    ($routine:ident ($($argument:expr),*)) => {{
        #[cfg(feature = "fft")]
        crate::fourier::$routine($($argument),*);
        #[cfg(not(feature = "fft"))]
        unreachable!("internal: {} needs the feature `fft`: {:?}", stringify!($routine), ($(size_of_val(&$argument)),*,))
    }};
}

/// Transforms `data [dims]` along each of its axes.
pub fn fft(direction: Direction, dims: &[usize], data: &mut [c64]) {
    routine!(fft(direction, dims, data))
}

/// The half of the transform of the real `x [dims]` that determines the other: `to` is `[.., n / 2 + 1]` for `n` along
/// the last axis.
pub fn rfft(dims: &[usize], x: &[f64], to: &mut [c64]) {
    routine!(rfft(dims, x, to))
}

/// The real array `to [dims]` of whose transform `x` is the half `[.., n / 2 + 1]`. Imaginary parts that a real array's
/// transform does not have are ignored. `x` is used up.
pub fn irfft(dims: &[usize], x: &mut [c64], to: &mut [f64]) {
    routine!(irfft(dims, x, to))
}
