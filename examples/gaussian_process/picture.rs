//! The picture: samples, the function found with two deviations around it, and the function behind them.

use crate::canvas::{Align, Weight, write_png};
use anyhow::Result;
use gradus::Array;
use plotters::style::RGBColor;
use std::path::Path;

const INK: RGBColor = RGBColor(34, 40, 49);
const BAND: RGBColor = RGBColor(213, 226, 242);
const BLUE: RGBColor = RGBColor(24, 78, 148);
const ORANGE: RGBColor = RGBColor(235, 134, 28);

/// Draws samples `[x, y]` and the curves `[x, mean, deviation, truth]`.
pub(crate) fn draw(path: &Path, samples: [&Array; 2], curves: [&Array; 4]) -> Result<()> {
    let [x, y] = samples.map(Array::to_f64_vec);
    let [new, mean, deviation, truth] = curves.map(Array::to_f64_vec);
    let place = |x: f64, y: f64| [450.0 + 76.0 * x, 250.0 - 76.0 * y];
    let line = |values: &[f64]| new.iter().zip(values).map(|(x, y)| place(*x, *y)).collect::<Vec<_>>();
    write_png(path, [900, 500], |canvas| {
        for ((x, mean), deviation) in new.iter().zip(&mean).zip(&deviation) {
            let [left, top] = place(*x, mean + 2.0 * deviation);
            canvas.rectangle([left - 2.2, top], [4.4, 76.0 * 4.0 * deviation], BAND)?;
        }
        canvas.line(&line(&truth), 2.0, ORANGE)?;
        canvas.line(&line(&mean), 2.4, BLUE)?;
        x.iter().zip(&y).try_for_each(|(x, y)| canvas.disc(place(*x, *y), 3.0, INK))?;
        let legend = [("samples", INK), ("found", BLUE), ("sin(x) + x/3", ORANGE)];
        for (k, (text, colour)) in legend.into_iter().enumerate() {
            canvas.text(text, [40.0, 40.0 + 24.0 * k as f64], Align::Left, (16, Weight::Medium), colour)?;
        }
        Ok(())
    })
}
