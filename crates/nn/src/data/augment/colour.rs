//! Colours: of floats from 0 to 1, to which results are clipped.

use gradus::{Array, Val, as_operation, random, refuse};

use super::floats;

/// The weights of red, green and blue in brightness (ITU-R BT.601).
const GREY: [f64; 3] = [0.299, 0.587, 0.114];

/// Each example multiplied by a number from `1 - strength` to `1 + strength`.
///
/// # Errors
/// No images, no floats, or a negative strength.
#[track_caller]
pub fn brightness(key: &Val, x: &Val, strength: f64) -> Val {
    as_operation("brightness", || match floats("brightness", x, Some(strength)) {
        Ok(images) => {
            let factor = images.uniform(*key, x.dtype(), (1.0 - strength).max(0.0), 1.0 + strength);
            (x * factor).clip(0.0, 1.0)
        }
        Err(refused) => refused,
    })
}

/// Each example's distance from its mean brightness multiplied by a number from `1 - strength` to `1 + strength`.
///
/// # Errors
/// No images of 1 or 3 channels, no floats, or a negative strength.
#[track_caller]
pub fn contrast(key: &Val, x: &Val, strength: f64) -> Val {
    as_operation("contrast", || match floats("contrast", x, Some(strength)) {
        Ok(images) => {
            let factor = images.uniform(*key, x.dtype(), (1.0 - strength).max(0.0), 1.0 + strength);
            let mean = grey(x).mean_axes([-3, -2, -1]).reshape(images.one_each());
            (mean + (x - mean) * factor).clip(0.0, 1.0)
        }
        Err(refused) => refused,
    })
}

/// Each pixel's distance from its grey multiplied by a number from `1 - strength` to `1 + strength` for each example.
///
/// # Errors
/// No images of 3 channels, no floats, or a negative strength.
#[track_caller]
pub fn saturation(key: &Val, x: &Val, strength: f64) -> Val {
    as_operation("saturation", || match floats("saturation", x, Some(strength)) {
        Ok(images) if images.channels == 3 => {
            let factor = images.uniform(*key, x.dtype(), (1.0 - strength).max(0.0), 1.0 + strength);
            let grey = grey(x);
            (grey + (x - grey) * factor).clip(0.0, 1.0)
        }
        Ok(_) => refuse("saturation", format!("{} has not three channels: it has no colour", x.ty())),
        Err(refused) => refused,
    })
}

/// Colours turned around grey by an angle from `-turn` to `turn` for each example; a `turn` of 1 is the whole circle.
///
/// The angle is that of the plane of I and Q in NTSC's YIQ, so that the brightness stays.
///
/// # Errors
/// No images of 3 channels, no floats, or a negative turn.
#[track_caller]
pub fn hue(key: &Val, x: &Val, turn: f64) -> Val {
    as_operation("hue", || match floats("hue", x, Some(turn)) {
        Ok(images) if images.channels == 3 => {
            let angle = images.uniform(*key, x.dtype(), -turn, turn) * (2.0 * std::f64::consts::PI);
            let (cos, sin) = (angle.cos(), angle.sin());
            let weights = |row: [f64; 3]| Val::from(&Array::from(row)).astype(x.dtype());
            let coordinate = |row| (x * weights(row)).sum_axes(-1).expand_dims(-1); // [.., 1]
            let y = grey(x);
            let (i, q) = (coordinate([0.5959, -0.2746, -0.3213]), coordinate([0.2115, -0.5227, 0.3112]));
            let (turned_i, turned_q) = (i * cos - q * sin, i * sin + q * cos);
            // Grey has no I and Q, whatever the rounding of the matrices: what is added is the difference.
            let (di, dq) = (turned_i - i, turned_q - q);
            let [di, dq] = [di * weights([0.956, -0.272, -1.106]), dq * weights([0.619, -0.647, 1.703])];
            let moved = x + di + dq;
            (moved - grey(&moved) + y).clip(0.0, 1.0)
        }
        Ok(_) => refuse("hue", format!("{} has not three channels: it has no colour", x.ty())),
        Err(refused) => refused,
    })
}

/// Normal numbers of the standard deviation `deviation` added to every channel; not clipped.
///
/// # Errors
/// No images, no floats, or a negative deviation.
#[track_caller]
pub fn gaussian_noise(key: &Val, x: &Val, deviation: f64) -> Val {
    as_operation("gaussian_noise", || match floats("gaussian_noise", x, Some(deviation)) {
        Ok(_) => x + random::normal(key, x.shape()).astype(x.dtype()) * deviation,
        Err(refused) => refused,
    })
}

/// The brightness of each pixel, `[.., rows, columns, 1]`.
#[track_caller]
fn grey(x: &Val) -> Val {
    match x.shape().last() {
        Some(1) => *x,
        Some(3) => (x * Val::from(&Array::from(GREY)).astype(x.dtype())).sum_axes(-1).expand_dims(-1),
        _ => refuse("grey", format!("{} has neither one channel nor three", x.ty())),
    }
}
