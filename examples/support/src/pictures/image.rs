//! An image of bytes: what images of any kind of array become before they are drawn.

use super::{GRID, numbers};
use crate::canvas::{Canvas, Colour};
use anyhow::{Result, bail, ensure};
use gradus::{Array, Dtype};

/// Rows of red, green and blue.
#[derive(Clone, Debug)]
pub struct Image {
    size: [usize; 2],
    pixels: Vec<Colour>,
}

impl Image {
    /// One image, `[height, width]` or `[height, width, channels]` with 1 or 3 channels: bytes, or numbers from 0 for
    /// black to 1 for white.
    ///
    /// # Errors
    /// Another shape, no pixels, numbers that are not between 0 and 1.
    pub fn new(array: &Array) -> Result<Image> {
        let (size, channels) = match array.shape()[..] {
            [height, width] | [height, width, 1] => ([height, width], 1),
            [height, width, 3] => ([height, width], 3),
            _ => bail!(
                "image: {} is not [height, width], [height, width, 1] or [height, width, 3]",
                array.ty()
            ),
        };
        let values = numbers("image", "the pixels", array)?;
        let bytes = match array.dtype() {
            Dtype::U8 => values.iter().map(|value| *value as u8).collect(),
            _ => bytes(&values)?,
        };
        Ok(Image::from_channels(size, channels, &bytes))
    }

    /// The images of a batch, `[n, height, width]` or `[n, height, width, channels]`; each as by [`Image::new`].
    ///
    /// # Errors
    /// Those of [`Image::new`], and a batch of no images.
    pub fn batch(array: &Array) -> Result<Vec<Image>> {
        let shape = array.shape();
        let &[count, height, width, ref channels @ ..] = &shape[..] else {
            bail!("image: {} is not [n, height, width] or [n, height, width, channels]", array.ty());
        };
        ensure!(channels.len() <= 1, "image: {} is not [n, height, width, channels]", array.ty());
        // All in one column, which is an image too, and cut.
        let tall = [&[count * height, width], channels].concat();
        let all = Image::new(&array.reshape(tall)?)?;
        let pixels = all.pixels.chunks(height * width);
        Ok(pixels.map(|pixels| Image { size: [height, width], pixels: pixels.to_vec() }).collect())
    }

    /// As [`Image::new`] of numbers in any range: the least becomes black and the largest white.
    ///
    /// # Errors
    /// Another shape, no pixels, numbers that are not finite.
    pub fn stretched(array: &Array) -> Result<Image> {
        let values = numbers("image", "the pixels", array)?;
        let (low, high) = range(&values);
        let spread = if high > low { high - low } else { 1.0 };
        let scaled: Vec<f64> = values.iter().map(|value| (value - low) / spread).collect();
        Image::new(&Array::new(array.shape(), scaled)?)
    }

    /// One image of `[height, width]` bytes, 0 for paper and 255 for ink, as MNIST's are.
    ///
    /// # Errors
    /// If there is not one byte for each pixel, or none.
    pub fn ink(bytes: &[u8], size: [usize; 2]) -> Result<Image> {
        let [height, width] = size;
        ensure!(
            bytes.len() == height * width && !bytes.is_empty(),
            "image: {} bytes are not {height} rows of {width} pixels",
            bytes.len()
        );
        let paper: Vec<u8> = bytes.iter().map(|byte| 255 - byte).collect();
        Ok(Image::from_channels(size, 1, &paper))
    }

    fn from_channels(size: [usize; 2], channels: usize, bytes: &[u8]) -> Image {
        let pixel =
            |c: &[u8]| if channels == 1 { Colour(c[0], c[0], c[0]) } else { Colour(c[0], c[1], c[2]) };
        Image { size, pixels: bytes.chunks_exact(channels).map(pixel).collect() }
    }

    /// Height and width.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// The colour at a row and a column.
    pub(super) fn pixel(&self, row: usize, column: usize) -> Colour {
        self.pixels[row * self.size[1] + column]
    }

    /// The largest extent of the same proportions within a square of `side`: width and height.
    pub(super) fn within(&self, side: f64) -> [f64; 2] {
        let [height, width] = self.size.map(|n| n as f64);
        [width, height].map(|length| side * length / width.max(height))
    }

    /// As [`Image::draw`], in a thin frame, without which a white image is not seen.
    pub(super) fn draw_framed(&self, canvas: &Canvas, corner: [f64; 2], extent: [f64; 2]) -> Result<()> {
        canvas.rectangle(corner.map(|x| x - 1.0), extent.map(|n| n + 2.0), GRID)?;
        self.draw(canvas, corner, extent)
    }

    /// Fills `extent`, width and height, from its upper left corner.
    pub(super) fn draw(&self, canvas: &Canvas, corner: [f64; 2], extent: [f64; 2]) -> Result<()> {
        canvas.cells(corner, extent, self.size, |row, column| self.pixel(row, column))
    }
}

/// The least and the largest.
pub(super) fn range(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)))
}

/// Bytes of numbers from 0 to 1; what rounding left beside is cut.
fn bytes(values: &[f64]) -> Result<Vec<u8>> {
    let (low, high) = range(values);
    ensure!(
        low >= -1e-3 && high <= 1.001,
        "image: pixels from {low} to {high}; expected bytes (u8) or numbers from 0 to 1: clip them, or take \
         `Image::stretched`"
    );
    Ok(values.iter().map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8).collect())
}
