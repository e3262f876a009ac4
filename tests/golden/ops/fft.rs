//! Fourier transforms.

use super::{Found, one, two};
use crate::manifest::Params;
use gradus::fft::{self, Norm};

pub(super) fn find(op: &str, _: &Params) -> Found {
    match op {
        "jnp.fft.fft" => one(|x| fft::fft(x)),
        "jnp.fft.ifft" => one(|x| fft::ifft(x)),
        "jnp.fft.rfft" => one(|x| fft::rfft(x)),
        "jnp.fft.irfft" => one(|x| fft::irfft(x)),
        "jnp.fft.fft2" => one(|x| fft::fft2(x)),
        "jnp.fft.rfft2" => one(|x| fft::rfft2(x)),
        "jnp.fft.irfft2" => one(|x| fft::irfft2(x)),
        "jnp.fft.fftn" => one(|x| fft::fftn(x)),
        "jnp.fft.hfft" => one(|x| fft::hfft(x)),
        "jnp.fft.fftshift" => one(|x| fft::fftshift(x, ..)),
        "fft.power_spectrum" => one(|x| fft::rfft(x).abs().pow(2)),
        "fft.conv" => two(|x, y| {
            let spectrum = |x| fft::rfft_along(x, Some(&[16]), -1, Norm::Backward);
            fft::irfft_along(spectrum(x) * spectrum(y), Some(&[16]), -1, Norm::Backward)
        }),
        "dct" => one(|x| fft::dct_along(x, None, -1, Norm::Ortho)),
        _ => None,
    }
}
