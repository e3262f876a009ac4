//! Where pixels are: flipped, shifted, rotated, scaled.

use gradus::{
    Dtype, Interpolation, PlaceMode, Val, arange, as_operation, random, refuse, vmap, vmap_axes, where_,
};

use super::Images;

/// Each example mirrored left to right with probability `p`.
///
/// # Errors
/// No images, or no probability.
#[track_caller]
pub fn flip(key: &Val, x: &Val, p: f64) -> Val {
    as_operation("flip", || flip_along(key, x, p, -2))
}

/// Each example turned upside down with probability `p`.
///
/// # Errors
/// No images, or no probability.
#[track_caller]
pub fn flip_vertical(key: &Val, x: &Val, p: f64) -> Val {
    as_operation("flip_vertical", || flip_along(key, x, p, -3))
}

#[track_caller]
fn flip_along(key: &Val, x: &Val, p: f64, axis: i64) -> Val {
    if !(0.0..=1.0).contains(&p) {
        return refuse("flip", format!("a probability of {p}, expected one from 0 to 1"));
    }
    match Images::of("flip", x) {
        Ok(images) => where_(random::bernoulli(key, p, images.one_each()), x.flip(axis), x),
        Err(refused) => refused,
    }
}

/// Each example as a window, of the size that it has, at a random place of itself with `padding` zeros on each side.
///
/// # Errors
/// No images.
#[track_caller]
pub fn crop(key: &Val, x: &Val, padding: usize) -> Val {
    as_operation("crop", || {
        let images = match Images::of("crop", x) {
            Ok(images) => images,
            Err(refused) => return refused,
        };
        let (rows, columns, channels) = (images.rows, images.columns, images.channels);
        let flat = x.reshape([images.count(), rows, columns, channels]);
        let begins = random::randint(key, [images.count(), 2], 0, 2 * padding as i64 + 1);
        let width = padding as i64;
        let window = move |x: &Val, begin: &Val| {
            let padded = x.pad([(width, width), (width, width), (0, 0)], 0);
            let begin = begin.unstack(0);
            padded.dynamic_slice([begin[0], begin[1], Val::from(0)], [rows, columns, channels])
        };
        vmap(window)(&flat, &begins).reshape(x.shape())
    })
}

/// Each example rotated about its middle by an angle from `-degrees` to `degrees`; what comes from outside is 0.
///
/// # Errors
/// No images.
#[track_caller]
pub fn rotate(key: &Val, x: &Val, degrees: f64) -> Val {
    as_operation("rotate", || affine(key, x, &Affine { degrees, ..Affine::default() }))
}

/// How far [`affine`] goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine {
    /// The largest angle, either way.
    pub degrees: f64,
    /// The largest shift, as a share of rows and of columns, either way.
    pub shift: f64,
    /// The smallest and largest scale; above 1 things get larger.
    pub scale: [f64; 2],
}

impl Default for Affine {
    /// Nothing moves.
    fn default() -> Affine {
        Affine { degrees: 0.0, shift: 0.0, scale: [1.0, 1.0] }
    }
}

/// Each example rotated, scaled and shifted at random about its middle, pixels found on the line between neighbours;
/// what comes from outside is 0.
///
/// # Errors
/// No images, or a range without numbers.
#[track_caller]
pub fn affine(key: &Val, x: &Val, range: &Affine) -> Val {
    let Affine { degrees, shift, scale } = *range;
    as_operation("affine", || {
        let images = match Images::of("affine", x) {
            Ok(images) => images,
            Err(refused) => return refused,
        };
        let is_range = scale[0] > 0.0 && scale[0] <= scale[1] && degrees >= 0.0 && shift >= 0.0;
        if !(is_range && scale[1].is_finite() && degrees.is_finite() && shift.is_finite()) {
            return refuse("affine", format!("{range:?} has a range without numbers"));
        }
        let (n, rows, columns) = (images.count(), images.rows, images.columns);
        let dtype = if x.dtype() == Dtype::F64 { Dtype::F64 } else { Dtype::F32 };
        let [turn, zoom, down, right] = random::split_into::<4>(key);
        // A range of one number has no numbers to draw from.
        let draw = |key: Val, low: f64, high: f64| match low < high {
            true => random::uniform_between(key, [n], dtype, low, high),
            false => Val::from(low).astype(dtype).broadcast_to([n]),
        };
        let angle = draw(turn, -degrees.to_radians(), degrees.to_radians());
        let zoom = draw(zoom, scale[0], scale[1]);
        let down = draw(down, -shift * rows as f64, shift * rows as f64);
        let right = draw(right, -shift * columns as f64, shift * columns as f64);
        let moved = move |x: &Val, angle: &Val, zoom: &Val, down: &Val, right: &Val| {
            // Where each pixel comes from: the inverse of scaling, rotating and shifting about the middle.
            let (middle_y, middle_x) = ((rows as f64 - 1.0) / 2.0, (columns as f64 - 1.0) / 2.0);
            let y = arange(rows).astype(dtype).expand_dims(1) - middle_y - down; // [rows, 1]
            let x_ = arange(columns).astype(dtype).expand_dims(0) - middle_x - right; // [1, columns]
            let (cos, sin) = (angle.cos() / zoom, angle.sin() / zoom);
            let from_y = y * cos + x_ * sin + middle_y; // [rows, columns]
            let from_x = x_ * cos - y * sin + middle_x;
            let channel = move |plane: &Val| {
                plane.map_coordinates([from_y, from_x], Interpolation::Linear, PlaceMode::Constant(0.into()))
            };
            vmap_axes(channel, -1, -1)(x)
        };
        let flat = x.reshape([n, rows, columns, images.channels]);
        vmap(moved)(&flat, &angle, &zoom, &down, &right).astype(x.dtype()).reshape(x.shape())
    })
}
