//! The two pictures of a run: curves of loss and accuracy, and sample predictions with the wrong ones marked.

use std::path::Path;

use anyhow::Result;
use plotters::style::RGBColor;

use gradus_nn::History;
use gradus_nn::data::ImageSet;

use crate::canvas::{Align, Canvas, Weight, write_png};

const INK: RGBColor = RGBColor(34, 40, 49);
const SOFT_INK: RGBColor = RGBColor(98, 106, 117);
const GRID: RGBColor = RGBColor(226, 230, 235);
// Far apart in hue and in lightness: they differ for the colour-blind and on a grey print too.
const BLUE: RGBColor = RGBColor(24, 78, 148);
const ORANGE: RGBColor = RGBColor(235, 134, 28);
const RED: RGBColor = RGBColor(200, 24, 44);

const HEADING: (i32, Weight) = (22, Weight::Medium);
/// The width of a curve and the radius of its points.
const CURVE: f64 = 2.4;
const DISC: f64 = 4.4;

const LABEL: (i32, Weight) = (16, Weight::Regular);

/// Writes the curves of `history`, loss on the left and accuracy on the right.
pub(crate) fn curves(path: &Path, history: &History) -> Result<()> {
    write_png(path, [1240, 500], |canvas| {
        panel(canvas, [20.0, 0.0], "Loss", history.curve("loss"), history.curve("val_loss"))?;
        panel(canvas, [640.0, 0.0], "Accuracy", history.curve("accuracy"), history.curve("val_accuracy"))
    })
}

/// One chart of 580 x 500 pixels at `corner`: a training and a validation curve over the epochs.
fn panel(canvas: &Canvas, [x0, y0]: [f64; 2], title: &str, train: &[f64], validation: &[f64]) -> Result<()> {
    let [left, right, top, bottom] = [x0 + 60.0, x0 + 564.0, y0 + 74.0, y0 + 430.0];
    let ticks = Ticks::new(train.iter().chain(validation).copied());
    let last = train.len().max(1);
    let y = |value: f64| bottom - (value - ticks.low) / (ticks.high - ticks.low) * (bottom - top);
    // The first and the last epoch stand a little inside; a single one stands in the middle.
    let x = |epoch: usize| match last {
        1 => (left + right) / 2.0,
        _ => left + 16.0 + (right - left - 32.0) * (epoch - 1) as f64 / (last - 1) as f64,
    };

    canvas.text(title, [left, y0 + 42.0], Align::Left, HEADING, INK)?;
    for value in ticks.values() {
        canvas.line(&[[left, y(value)], [right, y(value)]], 1.0, GRID)?;
        let label = format!("{value:.*}", ticks.decimals);
        canvas.text(&label, [left - 10.0, y(value)], Align::Right, LABEL, SOFT_INK)?;
    }
    canvas.line(&[[left, bottom], [right, bottom]], 1.0, SOFT_INK)?;
    let every = [1, 2, 5, 10, 20, 50, 100].into_iter().find(|every| last / every <= 10).unwrap_or(last / 10);
    for epoch in (1..=last).filter(|epoch| epoch % every == 0) {
        canvas.line(&[[x(epoch), bottom], [x(epoch), bottom + 5.0]], 1.0, SOFT_INK)?;
        canvas.text(&epoch.to_string(), [x(epoch), bottom + 18.0], Align::Center, LABEL, SOFT_INK)?;
    }
    canvas.text("epoch", [(left + right) / 2.0, bottom + 44.0], Align::Center, LABEL, SOFT_INK)?;

    let mut legend_end = right;
    for (name, values, colour) in [("validation", validation, ORANGE), ("training", train, BLUE)] {
        let points: Vec<[f64; 2]> =
            (1..=values.len()).map(|epoch| [x(epoch), y(values[epoch - 1])]).collect();
        curve(canvas, &points, colour)?;
        let start = legend_end - canvas.text_width(name, LABEL)?;
        canvas.text(name, [start, y0 + 42.0], Align::Left, LABEL, INK)?;
        canvas.line(&[[start - 36.0, y0 + 42.0], [start - 8.0, y0 + 42.0]], CURVE, colour)?;
        canvas.disc([start - 22.0, y0 + 42.0], DISC, colour)?;
        legend_end = start - 62.0;
    }
    Ok(())
}

/// A line with a disc at each point, unless there are many; it has a gap where a value is not finite.
fn curve(canvas: &Canvas, points: &[[f64; 2]], colour: RGBColor) -> Result<()> {
    for run in points.split(|point| !point[1].is_finite()) {
        if run.len() > 1 {
            canvas.line(run, CURVE, colour)?;
        }
        if points.len() <= 20 || run.len() == 1 {
            run.iter().try_for_each(|point| canvas.disc(*point, DISC, colour))?;
        }
    }
    Ok(())
}

/// Round values that cover a range.
#[derive(Debug, PartialEq)]
struct Ticks {
    low: f64,
    high: f64,
    count: usize,
    decimals: usize,
}

impl Ticks {
    /// About five ticks around the finite ones of `values`, 1, 2 or 5 times a power of ten apart.
    fn new(values: impl Iterator<Item = f64>) -> Ticks {
        let (min, max) = values
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), value| (min.min(value), max.max(value)));
        let (min, max) = if min <= max { (min, max) } else { (0.0, 1.0) };
        let spread = (max - min).max(1e-3 * max.abs()).max(1e-6);
        let power = 10f64.powf((spread / 4.0).log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
        let step = step.into_iter().find(|step| spread / step <= 5.0).unwrap_or(10.0 * power);
        let first = (min / step).floor();
        let count = ((max / step).ceil() - first).max(1.0);
        Ticks {
            low: first * step,
            high: (first + count) * step,
            count: count as usize,
            decimals: (-step.log10()).ceil().max(0.0) as usize,
        }
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        (0..=self.count).map(|i| self.low + (self.high - self.low) * i as f64 / self.count as f64)
    }
}

/// Images in a row of the picture of predictions, and their side and distance in pixels.
const COLUMNS: usize = 8;
const ROWS: usize = 5;
const TILE: f64 = 112.0;
const STEP: [f64; 2] = [TILE + 28.0, TILE + 50.0];

/// Writes a grid of `images`, each with the digit that `predicted` says for it.
///
/// The wrong ones stand in a red frame, with the true label; some are always shown if there are any.
pub(crate) fn predictions(path: &Path, images: &ImageSet, predicted: &[i32]) -> Result<()> {
    let is_wrong = |index: &usize| predicted[*index] != i32::from(images.labels()[*index]);
    let samples = samples(images.len(), is_wrong);
    let title = format!(
        "{} of {} test images are predicted wrong, {} of them among these {}",
        (0..images.len()).filter(is_wrong).count(),
        images.len(),
        samples.iter().filter(|index| is_wrong(index)).count(),
        samples.len(),
    );
    let width = 28.0 + COLUMNS as f64 * STEP[0];
    let height = 84.0 + samples.len().div_ceil(COLUMNS) as f64 * STEP[1];
    write_png(path, [width as i32, height as i32], |canvas| {
        canvas.text(&title, [28.0, 42.0], Align::Left, HEADING, INK)?;
        for (place, &index) in samples.iter().enumerate() {
            let (column, row) = ((place % COLUMNS) as f64, (place / COLUMNS) as f64);
            let corner = [28.0 + column * STEP[0], 80.0 + row * STEP[1]];
            let labels = [predicted[index], images.labels()[index].into()];
            tile(canvas, corner, images.image(index), images.size(), labels)?;
        }
        Ok(())
    })
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

/// One image of `[rows, columns]` pixels in its frame, with its caption below; the labels are the predicted and the
/// true one.
fn tile(
    canvas: &Canvas,
    [x, y]: [f64; 2],
    image: &[u8],
    [rows, columns]: [usize; 2],
    [predicted, label]: [i32; 2],
) -> Result<()> {
    let wrong = predicted != label;
    let (border, frame) = if wrong { (4.0, RED) } else { (1.0, GRID) };
    canvas.rectangle([x - border, y - border], [TILE + 2.0 * border; 2], frame)?;
    let pixel = [TILE / columns as f64, TILE / rows as f64];
    for (index, &value) in image.iter().enumerate() {
        let grey = 255 - value;
        let corner = [x + (index % columns) as f64 * pixel[0], y + (index / columns) as f64 * pixel[1]];
        canvas.rectangle(corner, pixel, RGBColor(grey, grey, grey))?;
    }
    let caption = match wrong {
        true => format!("{predicted}, true label {label}"),
        false => predicted.to_string(),
    };
    let (colour, weight) = if wrong { (RED, Weight::Medium) } else { (INK, Weight::Regular) };
    canvas.text(&caption, [x + TILE / 2.0, y + TILE + 18.0], Align::Center, (17, weight), colour)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(values: &[f64]) -> Vec<String> {
        let ticks = Ticks::new(values.iter().copied());
        ticks.values().map(|value| format!("{value:.*}", ticks.decimals)).collect()
    }

    #[test]
    fn ticks_are_round_and_cover_the_values() {
        assert_eq!(ticks(&[0.0614, 0.3412]), ["0.0", "0.1", "0.2", "0.3", "0.4"]);
        assert_eq!(ticks(&[0.9019, 0.9811]), ["0.90", "0.92", "0.94", "0.96", "0.98", "1.00"]);
        assert_eq!(ticks(&[3.0, 417.0]), ["0", "100", "200", "300", "400", "500"]);
    }

    #[test]
    fn ticks_exist_for_one_value_and_for_none() {
        assert_eq!(ticks(&[0.5]).len(), 2);
        assert_eq!(ticks(&[f64::NAN]), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    }

    /// The picture that `write` draws, as the bytes of its file.
    fn png(name: &str, write: impl FnOnce(&Path) -> Result<()>) -> Vec<u8> {
        let path = std::env::temp_dir().join(format!("gradus-{}-{name}", std::process::id()));
        write(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        bytes
    }

    /// Width and height as the header of a PNG states them.
    fn size(png: &[u8]) -> [u32; 2] {
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
        [16, 20].map(|at| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()))
    }

    #[test]
    fn curves_are_drawn_even_of_a_run_that_diverged() {
        let history = History::from_iter([
            ("loss", vec![2.0, f64::NAN, 1.0]),
            ("val_loss", vec![f64::INFINITY; 3]),
            ("accuracy", vec![0.1; 3]),
            ("val_accuracy", vec![0.1; 3]),
        ]);
        assert_eq!(size(&png("curves.png", |path| curves(path, &history))), [1240, 500]);
    }

    #[test]
    fn samples_show_some_wrong_ones() {
        let shown = samples(10_000, |index| index % 50 == 49);
        assert_eq!((shown.len(), shown.iter().filter(|index| *index % 50 == 49).count()), (40, 8));
        assert_eq!(shown[..5], [0, 1, 2, 49, 3]);
        assert_eq!(samples(10_000, |_| false), (0..40).collect::<Vec<_>>());
        assert_eq!(samples(10_000, |_| true), (0..40).collect::<Vec<_>>());
        assert_eq!(samples(3, |index| *index == 0), [1, 2, 0]);
    }

    #[test]
    fn a_wrong_prediction_is_drawn_differently() {
        let path = std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/mnist"));
        let [images, labels] =
            ["images-idx3", "labels-idx1"].map(|name| path.join(format!("t10k-{name}-ubyte.gz")));
        let images = ImageSet::read(&images, &labels).unwrap();
        let draw = |name, predicted: &[i32]| png(name, |path| predictions(path, &images, predicted));
        let right: Vec<i32> = images.labels().iter().map(|&label| label.into()).collect();
        let mut wrong = right.clone();
        wrong[0] = 0;
        let (right, wrong) = (draw("right.png", &right), draw("wrong.png", &wrong));
        assert_eq!(size(&right), [1148, 894]);
        assert_ne!(right, wrong);
    }
}
