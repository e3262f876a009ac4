//! What was found in an image, drawn over it: boxes of a detector, masks of a segmentation.

use super::{HEADING, INK, Image, MARGIN, TOP, between, colour_of, legend, numbers, width_of};
use crate::canvas::{Align, Canvas, Colour, Weight, write_png};
use anyhow::{Result, bail, ensure};
use gradus::Array;
use std::path::Path;

/// The longer side of an image in pixels of the picture.
const SIDE: f64 = 560.0;
const FRAME: f64 = 3.0;

/// Writes `image` with `corners`, `[n, 4]` of left, top, right and bottom in pixels of the image; each box has its
/// label of `labels`, and boxes whose labels begin with the same word have one colour ("cat", "cat 0.93").
///
/// What lies outside of the image is cut. There may be no boxes.
///
/// # Errors
/// Another shape, another number of labels, a box that ends before it begins, a file that cannot be written.
pub fn boxes(path: &Path, title: &str, image: &Image, corners: &Array, labels: &[&str]) -> Result<()> {
    let &[count, 4] = &corners.shape()[..] else {
        bail!("boxes: {} is not [n, 4]: left, top, right and bottom of each box", corners.ty());
    };
    ensure!(labels.len() == count, "boxes: {count} boxes have {} labels; give one for each", labels.len());
    let corners = if count == 0 { vec![] } else { numbers("boxes", "the corners", corners)? };
    for (index, corner) in corners.chunks(4).enumerate() {
        ensure!(
            corner[0] <= corner[2] && corner[1] <= corner[3],
            "boxes: box {index} is {corner:?}, which ends before it begins; corners are left, top, right and bottom"
        );
    }
    let class = |label: &str| label.split_whitespace().next().unwrap_or_default().to_owned();
    let mut classes: Vec<String> = labels.iter().map(|label| class(label)).collect();
    let of_box = classes.clone();
    classes.sort();
    classes.dedup();
    let extent = image.within(SIDE);
    let size = [extent[0] + 2.0 * MARGIN, extent[1] + TOP + MARGIN];
    write_png(path, size.map(|n| n.ceil() as i32), |canvas| {
        canvas.text(title, [MARGIN, 42.0], Align::Left, HEADING, INK)?;
        image.draw_framed(canvas, [MARGIN, TOP], extent)?;
        let scale = extent[0] / image.size()[1] as f64;
        for ((corner, label), class) in corners.chunks(4).zip(labels).zip(&of_box) {
            let place = |x: f64, axis: usize| (x * scale).clamp(0.0, extent[axis]);
            let [left, right] = [corner[0], corner[2]].map(|x| MARGIN + place(x, 0));
            let [top, bottom] = [corner[1], corner[3]].map(|y| TOP + place(y, 1));
            let colour = colour_of(classes.iter().position(|known| known == class).unwrap_or(0));
            frame(canvas, [left, top, right, bottom], label, colour)?;
        }
        Ok(())
    })
}

/// The frame of a box with its label on a plate at its upper left corner.
fn frame(canvas: &Canvas, [left, top, right, bottom]: [f64; 4], label: &str, colour: Colour) -> Result<()> {
    let ring = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]];
    canvas.line(&ring, FRAME, colour)?;
    if label.is_empty() {
        return Ok(());
    }
    let font = (15, Weight::Medium);
    let width = canvas.text_width(label, font)? + 10.0;
    // Above the box, or within it where above is no image.
    let plate = if top - 20.0 >= TOP { top - 20.0 } else { top };
    canvas.rectangle([left - FRAME / 2.0, plate], [width, 20.0], colour)?;
    let ink = if light(colour) { INK } else { Colour(255, 255, 255) };
    canvas.text(label, [left + 4.0, plate + 10.0], Align::Left, font, ink)
}

/// Whether dark letters read better on `colour` than white ones (weights of ITU-R BT.601).
pub(super) fn light(colour: Colour) -> bool {
    0.299 * f64::from(colour.0) + 0.587 * f64::from(colour.1) + 0.114 * f64::from(colour.2) > 140.0
}

/// Writes `image` alone and beside it under each of `masks`, `[height, width]` of class indices with their titles
/// (the truth, what was found). Class 0 is what lies behind and has no colour; `names` are those of all classes.
///
/// # Errors
/// No masks, another shape than the image's, a class without a name, a file that cannot be written.
pub fn masks(path: &Path, image: &Image, masks: &[(&str, &Array)], names: &[&str]) -> Result<()> {
    ensure!(!masks.is_empty(), "masks: there are no masks");
    let [height, width] = image.size();
    let mut panels = vec![];
    for (title, mask) in masks {
        let shape = mask.shape();
        ensure!(
            [height, width] == shape[..],
            "masks: mask {title:?} is {}; expected the image's [{height},{width}]",
            mask.ty()
        );
        let classes = numbers("masks", &format!("the classes of mask {title:?}"), mask)?;
        if let Some(at) = classes
            .iter()
            .position(|&class| class.fract() != 0.0 || class < 0.0 || class >= names.len() as f64)
        {
            bail!(
                "masks: mask {title:?} has class {} at row {}, column {}; there are names for 0 to {}",
                classes[at],
                at / width,
                at % width,
                names.len() as i64 - 1
            );
        }
        panels.push((*title, classes));
    }
    let extent = image.within(320.0);
    let right = MARGIN + (masks.len() + 1) as f64 * (extent[0] + MARGIN);
    let size = [
        right + 40.0 + width_of(names.iter().copied()),
        (extent[1] + TOP + MARGIN).max(TOP + 24.0 * names.len() as f64),
    ];
    write_png(path, size.map(|n| n.ceil() as i32), |canvas| {
        canvas.text("image", [MARGIN, 42.0], Align::Left, HEADING, INK)?;
        image.draw_framed(canvas, [MARGIN, TOP], extent)?;
        for (place, (title, classes)) in panels.iter().enumerate() {
            let left = MARGIN + (place + 1) as f64 * (extent[0] + MARGIN);
            canvas.text(title, [left, 42.0], Align::Left, HEADING, INK)?;
            image.draw_framed(canvas, [left, TOP], extent)?;
            canvas.cells([left, TOP], extent, image.size(), |row, column| {
                let (class, pixel) = (classes[row * width + column] as usize, image.pixel(row, column));
                if class == 0 { pixel } else { between(pixel, colour_of(class - 1), 0.6) }
            })?;
        }
        let names = names.iter().enumerate().skip(1);
        legend(canvas, [right, TOP + 10.0], names.map(|(class, name)| (*name, colour_of(class - 1))))
    })
}
