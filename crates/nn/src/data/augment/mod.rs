//! Augmentation: pure functions of a key over images `[.., rows, columns, channels]`.
//!
//! Invariant: any axes before the last three are the batch, and each example draws its own numbers; the shape and the
//! element type stay. So they work inside of `jit`, under `vmap`, and by
//! [`Dataset::map_with_key`](super::Dataset::map_with_key).

mod colour;
mod geometry;
mod mix;

pub use colour::{brightness, contrast, gaussian_noise, hue, saturation};
pub use geometry::{Affine, affine, crop, flip, flip_vertical, rotate};
pub use mix::{cutmix, cutout, mixup};

use gradus::{Dtype, Val, random, refuse};

/// The extents of images, once it is known that they are some.
struct Images {
    batch: Vec<usize>,
    rows: usize,
    columns: usize,
    channels: usize,
}

impl Images {
    /// The extents of `x`, or an error under the name `op` whose value is the result.
    #[track_caller]
    fn of(op: &'static str, x: &Val) -> Result<Images, Val> {
        let shape = x.shape();
        match shape[..] {
            [ref batch @ .., rows, columns, channels] => {
                Ok(Images { batch: batch.to_vec(), rows, columns, channels })
            }
            _ => Err(refuse(op, format!("{} is no image; give [.., rows, columns, channels]", x.ty()))),
        }
    }

    /// The number of examples.
    fn count(&self) -> usize {
        self.batch.iter().product()
    }

    /// The shape of one number for each example, which meets the images.
    fn one_each(&self) -> Vec<usize> {
        [&self.batch[..], &[1, 1, 1]].concat()
    }

    /// A uniform number from `low` to `high` for each example, in the images' float type.
    #[track_caller]
    fn uniform(&self, key: Val, dtype: Dtype, low: f64, high: f64) -> Val {
        // 16-bit floats have too few numbers to draw from.
        let wide = if dtype == Dtype::F64 { Dtype::F64 } else { Dtype::F32 };
        random::uniform_between(key, self.one_each(), wide, low, high).astype(dtype)
    }
}

/// The images' extents if they are floats with a range of strength that makes sense.
#[track_caller]
fn floats(op: &'static str, x: &Val, range: Option<f64>) -> Result<Images, Val> {
    if !x.dtype().is_float() {
        return Err(refuse(op, format!("{} has no floats; divide by 255 first", x.ty())));
    }
    if let Some(strength) = range.filter(|strength| !(*strength >= 0.0 && strength.is_finite())) {
        return Err(refuse(op, format!("a strength of {strength}, expected one from 0")));
    }
    Images::of(op, x)
}

#[cfg(test)]
mod tests;
