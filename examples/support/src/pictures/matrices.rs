//! Matrices as cells of a colour: confusion matrices, weights of attention, spectrograms.

use super::image::range;
use super::overlays::light;
use super::ticks::Ticks;
use super::{BLUE, HEADING, INK, LABEL, MARGIN, SOFT_INK, TOP, between, finite, name_of, numbers, width_of};
use crate::canvas::{Align, Canvas, Colour, Weight, write_png};
use anyhow::{Result, bail, ensure};
use gradus::Array;
use std::path::Path;

const WHITE: Colour = Colour(255, 255, 255);

/// Where a matrix stands and what its cells are called.
struct Frame<'a> {
    corner: [f64; 2],
    cell: f64,
    rows: &'a [String],
    columns: &'a [String],
}

/// Writes the confusion matrix `counts`, `[classes, classes]`: rows are true classes, columns predicted ones.
///
/// The colour of a cell is its share of its row. `names` are the classes', or none.
///
/// # Errors
/// Another shape, another number of names, numbers below zero or not finite, a file that cannot be written.
pub fn confusion_matrix(path: &Path, counts: &Array, names: &[&str]) -> Result<()> {
    let picture = "confusion_matrix";
    let shape = counts.shape();
    let classes = match shape[..] {
        [rows, columns] if rows == columns => rows,
        _ => bail!("{picture}: {} is not [classes, classes]", counts.ty()),
    };
    ensure!(
        names.is_empty() || names.len() == classes,
        "{picture}: {classes} classes have {} names; give one for each or none",
        names.len()
    );
    let values = numbers(picture, "the counts", counts)?;
    if let Some(at) = values.iter().position(|value| *value < 0.0) {
        bail!("{picture}: a count of {} at row {}, column {}", values[at], at / classes, at % classes);
    }
    let names: Vec<String> = (0..classes).map(|class| name_of(names, class)).collect();
    let beside = width_of(names.iter().map(String::as_str));
    let cell = (560.0 / classes as f64).clamp(14.0, 64.0);
    let frame = Frame { corner: [MARGIN + beside, TOP + beside], cell, rows: &names, columns: &names };
    let whole = values.iter().all(|value| value.fract() == 0.0);
    let size = (2 * MARGIN as i32 + beside as i32 + (cell * classes as f64) as i32).max(400);
    let height = TOP + beside + cell * classes as f64 + MARGIN;
    write_png(path, [size, height as i32], |canvas| {
        canvas.text("True classes down, predicted across", [MARGIN, 42.0], Align::Left, HEADING, INK)?;
        let share = |row: usize, column: usize| {
            let total: f64 = values[row * classes..][..classes].iter().sum();
            if total > 0.0 { values[row * classes + column] / total } else { 0.0 }
        };
        frame.draw(canvas, |row, column| between(WHITE, BLUE, share(row, column)))?;
        if cell < 22.0 {
            return Ok(());
        }
        for (row, column) in (0..classes).flat_map(|row| (0..classes).map(move |column| (row, column))) {
            let value = values[row * classes + column];
            let text = if whole { format!("{value}") } else { format!("{value:.2}") };
            let ink = if light(between(WHITE, BLUE, share(row, column))) { INK } else { WHITE };
            let letters = ((cell * 1.6 / text.len().max(3) as f64) as i32).min(17);
            canvas.text(&text, frame.centre(row, column), Align::Center, (letters, Weight::Regular), ink)?;
        }
        Ok(())
    })
}

/// Writes the weights of attention, `[queries, keys]` or `[heads, queries, keys]`, four heads in a row: white is 0 and
/// blue is 1. `queries` and `keys` are the tokens', or none.
///
/// # Errors
/// Another shape, another number of tokens, weights that are not between 0 and 1, a file that cannot be written.
pub fn attention(path: &Path, weights: &Array, queries: &[&str], keys: &[&str]) -> Result<()> {
    let (heads, extents) = match weights.shape()[..] {
        [rows, columns] => (1, [rows, columns]),
        [heads, rows, columns] => (heads, [rows, columns]),
        _ => bail!("attention: {} is not [queries, keys] or [heads, queries, keys]", weights.ty()),
    };
    for (what, names, extent) in [("queries", queries, extents[0]), ("keys", keys, extents[1])] {
        ensure!(
            names.is_empty() || names.len() == extent,
            "attention: {extent} {what} have {} tokens; give one for each or none",
            names.len()
        );
    }
    let values = numbers("attention", "the weights", weights)?;
    let (low, high) = range(&values);
    ensure!(
        low >= -1e-3 && high <= 1.001,
        "attention: weights from {low} to {high}; expected those after the softmax, between 0 and 1"
    );
    let [rows, columns] = extents;
    let [row_names, column_names] = [(queries, rows), (keys, columns)]
        .map(|(names, extent)| (0..extent).map(|index| name_of(names, index)).collect::<Vec<_>>());
    let [beside, above] = [&row_names, &column_names].map(|names| width_of(names.iter().map(String::as_str)));
    let across = heads.min(4);
    let most = if heads == 1 { 560.0 } else { 300.0 };
    let cell = (most / rows.max(columns) as f64).clamp(3.0, 48.0);
    let step = [beside + cell * columns as f64 + MARGIN, TOP + above + cell * rows as f64 + MARGIN];
    let size = [MARGIN + across as f64 * step[0], heads.div_ceil(across) as f64 * step[1]];
    write_png(path, size.map(|n| n.ceil().max(240.0) as i32), |canvas| {
        for (head, values) in values.chunks(rows * columns).enumerate() {
            let [x, y] = [MARGIN + (head % across) as f64 * step[0], (head / across) as f64 * step[1]];
            let title = if heads == 1 { "Attention".to_owned() } else { format!("Head {head}") };
            canvas.text(&title, [x, y + 42.0], Align::Left, HEADING, INK)?;
            let corner = [x + beside, y + TOP + above];
            let frame = Frame { corner, cell, rows: &row_names, columns: &column_names };
            frame.draw(canvas, |row, column| {
                between(WHITE, BLUE, values[row * columns + column].clamp(0.0, 1.0))
            })?;
        }
        Ok(())
    })
}

impl Frame<'_> {
    fn centre(&self, row: usize, column: usize) -> [f64; 2] {
        [(self.corner[0], column), (self.corner[1], row)]
            .map(|(at, index)| at + (index as f64 + 0.5) * self.cell)
    }

    /// The cells with a line around them, and their names where there is room for letters.
    fn draw(&self, canvas: &Canvas, colour: impl Fn(usize, usize) -> Colour) -> Result<()> {
        let [rows, columns] = [self.rows.len(), self.columns.len()];
        let extent = [columns, rows].map(|n| n as f64 * self.cell);
        canvas.rectangle(self.corner.map(|x| x - 1.0), extent.map(|n| n + 2.0), SOFT_INK)?;
        canvas.cells(self.corner, extent, [rows, columns], colour)?;
        // Every so many names, where the cells are smaller than letters.
        let every = (14.0 / self.cell).ceil().max(1.0) as usize;
        let letters = (((self.cell * every as f64) as i32).clamp(11, LABEL.0), Weight::Regular);
        for (row, name) in self.rows.iter().enumerate().step_by(every) {
            let [x, y] = self.centre(row, 0);
            canvas.text(name, [x - self.cell / 2.0 - 8.0, y], Align::Right, letters, SOFT_INK)?;
        }
        for (column, name) in self.columns.iter().enumerate().step_by(every) {
            let [x, y] = self.centre(0, column);
            canvas.text_upwards(name, [x, y - self.cell / 2.0 - 8.0], letters, SOFT_INK)?;
        }
        Ok(())
    }
}

/// Width and height of a spectrogram in pixels.
const SPECTRUM: [f64; 2] = [760.0, 320.0];

/// Writes a spectrogram: `levels` is `[frames, bins]`, loudness on a logarithmic scale (decibels), `seconds` how long
/// it lasts, and `hertz` the frequency of the last bin; the first is that of 0.
///
/// # Errors
/// Another shape, levels that are not finite, a file that cannot be written.
pub fn spectrogram(path: &Path, levels: &Array, seconds: f64, hertz: f64) -> Result<()> {
    let &[frames, bins] = &levels.shape()[..] else {
        bail!("spectrogram: {} is not [frames, bins]", levels.ty());
    };
    let values = numbers("spectrogram", "the levels (add a little before the logarithm)", levels)?;
    finite("spectrogram", "seconds and hertz", &[seconds, hertz])?;
    ensure!(seconds > 0.0 && hertz > 0.0, "spectrogram: {seconds} seconds and {hertz} Hz; expected some");
    let (low, high) = range(&values);
    let spread = if high > low { high - low } else { 1.0 };
    let [left, right] = [MARGIN + 60.0, MARGIN + 60.0 + SPECTRUM[0]];
    let bottom = TOP + SPECTRUM[1];
    write_png(path, [right as i32 + 110, bottom as i32 + 64], |canvas| {
        canvas.text("Spectrogram", [left, 42.0], Align::Left, HEADING, INK)?;
        canvas.cells([left, TOP], SPECTRUM, [bins, frames], |row, frame| {
            glow((values[frame * bins + bins - 1 - row] - low) / spread)
        })?;
        for (value, label) in Ticks::within([0.0, seconds].into_iter()).labelled() {
            let x = left + SPECTRUM[0] * value / seconds;
            canvas.line(&[[x, bottom], [x, bottom + 5.0]], 1.0, SOFT_INK)?;
            canvas.text(&label, [x, bottom + 18.0], Align::Center, LABEL, SOFT_INK)?;
        }
        canvas.text("seconds", [(left + right) / 2.0, bottom + 44.0], Align::Center, LABEL, SOFT_INK)?;
        for (value, label) in Ticks::within([0.0, hertz].into_iter()).labelled() {
            let y = bottom - SPECTRUM[1] * value / hertz;
            canvas.line(&[[left - 5.0, y], [left, y]], 1.0, SOFT_INK)?;
            canvas.text(&label, [left - 10.0, y], Align::Right, LABEL, SOFT_INK)?;
        }
        canvas.text("Hz", [left - 10.0, TOP - 20.0], Align::Right, LABEL, SOFT_INK)?;
        let bar = right + 20.0;
        canvas.cells([bar, TOP], [16.0, SPECTRUM[1]], [256, 1], |row, _| glow(1.0 - row as f64 / 255.0))?;
        for (value, y) in [(high, TOP + 6.0), (low, bottom - 6.0)] {
            canvas.text(&format!("{value:.1}"), [bar + 24.0, y], Align::Left, LABEL, SOFT_INK)?;
        }
        Ok(())
    })
}

/// From 0, almost black, over violet and orange to 1, almost white: lightness grows all the way.
fn glow(share: f64) -> Colour {
    const STOPS: [Colour; 5] = [
        Colour(8, 8, 24),
        Colour(84, 28, 116),
        Colour(196, 60, 84),
        Colour(248, 156, 56),
        Colour(252, 248, 208),
    ];
    let place = share.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let stop = (place as usize).min(STOPS.len() - 2);
    between(STOPS[stop], STOPS[stop + 1], place - stop as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lightness_grows_with_the_level() {
        let lightness = |share: f64| {
            let Colour(r, g, b) = glow(share);
            0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b)
        };
        assert!((0..100).all(|i| lightness(f64::from(i) / 100.0) < lightness(f64::from(i + 1) / 100.0)));
    }
}
