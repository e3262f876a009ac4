//! Fourier transforms.

use super::{Found, one, two};
use crate::manifest::Params;
use gradus::fft::{self, Norm};

pub(super) fn find(op: &str, _: &Params) -> Found {
    match op {
        "jnp.fft.fftshift" => one(|x| fft::fftshift(x, ..)),
        "fft.power_spectrum" => one(|x| fft::rfft(x).abs().pow(2)),
        "fft.conv" => two(|x, y| {
            let spectrum = |x| fft::rfft_along(x, Some(&[16]), -1, Norm::Backward);
            fft::irfft_along(spectrum(x).multiply(spectrum(y)), Some(&[16]), -1, Norm::Backward)
        }),
        "dct" => one(|x| fft::dct_along(x, None, -1, Norm::Ortho)),
        _ => None,
    }
}
