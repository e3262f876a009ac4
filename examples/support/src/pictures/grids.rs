//! Images beside each other, with captions.

use super::{GRID, HEADING, INK, Image, MARGIN, RED, TOP, name_of};
use crate::canvas::{Align, Canvas, Weight, write_png};
use anyhow::{Result, ensure};
use std::path::Path;

/// Images in a row, at most so many rows of predictions, and the side of an image and the distance in pixels.
const COLUMNS: usize = 8;
const ROWS: usize = 5;
const TILE: f64 = 112.0;
const STEP: [f64; 2] = [TILE + 28.0, TILE + 50.0];

/// An image with what stands below it.
struct Tile {
    image: Image,
    caption: String,
    wrong: bool,
}

/// Writes a grid of all `images`, eight in a row, each with its caption below; or none has one.
///
/// # Errors
/// No images, another number of captions, a file that cannot be written.
pub fn images(path: &Path, title: &str, images: &[Image], captions: &[&str]) -> Result<()> {
    ensure!(
        captions.is_empty() || captions.len() == images.len(),
        "images: {} images have {} captions; give one for each or none",
        images.len(),
        captions.len()
    );
    let caption = |index: usize| captions.get(index).copied().unwrap_or_default().to_owned();
    let tiles = images.iter().enumerate();
    let tiles =
        tiles.map(|(index, image)| Tile { image: image.clone(), caption: caption(index), wrong: false });
    grid(path, "images", title, &tiles.collect::<Vec<_>>())
}

/// Writes a grid of at most 40 of the images that a classifier was tested with, each with the class `predicted`.
///
/// The wrong ones stand in a red frame, with the true label; some are always shown if there are any. `names` are the
/// classes', or none. `image` makes the one at an index.
///
/// # Errors
/// No labels, another number of predictions, an image that cannot be made, a file that cannot be written.
pub fn predictions(
    path: &Path,
    labels: &[i32],
    predicted: &[i32],
    names: &[&str],
    image: impl Fn(usize) -> Result<Image>,
) -> Result<()> {
    let count = labels.len();
    ensure!(
        predicted.len() == count,
        "predictions: {} predictions for {count} labels; give one for each",
        predicted.len()
    );
    let is_wrong = |index: &usize| predicted[*index] != labels[*index];
    let samples = samples(count, is_wrong);
    let title = format!(
        "{} of {count} test images are predicted wrong, {} of them among these {}",
        (0..count).filter(is_wrong).count(),
        samples.iter().filter(|index| is_wrong(index)).count(),
        samples.len(),
    );
    let name = |class: i32| usize::try_from(class).map_or(class.to_string(), |class| name_of(names, class));
    let tile = |index: usize| {
        let wrong = is_wrong(&index);
        let caption = match wrong {
            true if names.is_empty() => format!("{}, true label {}", predicted[index], labels[index]),
            true => format!("{}, not {}", name(predicted[index]), name(labels[index])),
            false => name(predicted[index]),
        };
        Ok(Tile { image: image(index)?, caption, wrong })
    };
    grid(path, "predictions", &title, &samples.into_iter().map(tile).collect::<Result<Vec<_>>>()?)
}

fn grid(path: &Path, picture: &str, title: &str, tiles: &[Tile]) -> Result<()> {
    ensure!(!tiles.is_empty(), "{picture}: there are no images");
    let width = MARGIN + COLUMNS as f64 * STEP[0];
    let height = 84.0 + tiles.len().div_ceil(COLUMNS) as f64 * STEP[1];
    write_png(path, [width as i32, height as i32], |canvas| {
        canvas.text(title, [MARGIN, 42.0], Align::Left, HEADING, INK)?;
        for (place, tile) in tiles.iter().enumerate() {
            let (column, row) = ((place % COLUMNS) as f64, (place / COLUMNS) as f64);
            tile.draw(canvas, [MARGIN + column * STEP[0], TOP + row * STEP[1]])?;
        }
        Ok(())
    })
}

impl Tile {
    /// The image in its frame, as large as the tile has room, with its caption below.
    fn draw(&self, canvas: &Canvas, [x, y]: [f64; 2]) -> Result<()> {
        let extent = self.image.within(TILE);
        let corner = [x + (TILE - extent[0]) / 2.0, y + (TILE - extent[1]) / 2.0];
        let (border, frame) = if self.wrong { (4.0, RED) } else { (1.0, GRID) };
        canvas.rectangle(corner.map(|x| x - border), extent.map(|n| n + 2.0 * border), frame)?;
        self.image.draw(canvas, corner, extent)?;
        let (colour, weight) = if self.wrong { (RED, Weight::Medium) } else { (INK, Weight::Regular) };
        canvas.text(&self.caption, [x + TILE / 2.0, y + TILE + 18.0], Align::Center, (17, weight), colour)
    }
}

/// The images to show: every fifth is a wrong one, as long as there are enough of either kind.
fn samples(images: usize, is_wrong: impl Fn(&usize) -> bool) -> Vec<usize> {
    let (mut wrong, mut right) =
        ((0..images).filter(&is_wrong), (0..images).filter(|index| !is_wrong(index)));
    let next = |place| match place % 5 {
        3 => wrong.next().or_else(|| right.next()),
        _ => right.next().or_else(|| wrong.next()),
    };
    (0..ROWS * COLUMNS).map_while(next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_show_some_wrong_ones() {
        let shown = samples(10_000, |index| index % 50 == 49);
        assert_eq!((shown.len(), shown.iter().filter(|index| *index % 50 == 49).count()), (40, 8));
        assert_eq!(shown[..5], [0, 1, 2, 49, 3]);
        assert_eq!(samples(10_000, |_| false), (0..40).collect::<Vec<_>>());
        assert_eq!(samples(10_000, |_| true), (0..40).collect::<Vec<_>>());
        assert_eq!(samples(3, |index| *index == 0), [1, 2, 0]);
    }
}
