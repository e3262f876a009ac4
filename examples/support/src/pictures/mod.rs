//! Pictures, a function each: what is drawn, as arrays or slices, and the path of a PNG.
//!
//! Every function refuses, with an error that names the picture, what it cannot draw truthfully: nothing at all, a
//! number that is not finite, arrays whose shapes do not belong together; and says when the file cannot be written.
//! Only curves may have gaps, for a run that diverged is a result.

mod chart;
mod grids;
mod image;
mod matrices;
mod overlays;
mod ticks;

pub use chart::{Chart, Series, curves, forecast, scatter};
pub use grids::{images, predictions};
pub use image::Image;
pub use matrices::{attention, confusion_matrix, spectrogram};
pub use overlays::{boxes, masks};

use crate::canvas::{Align, Canvas, Colour, Weight};
use anyhow::{Result, ensure};
use gradus::Array;

const INK: Colour = Colour(34, 40, 49);
const SOFT_INK: Colour = Colour(98, 106, 117);
const GRID: Colour = Colour(226, 230, 235);
const RED: Colour = Colour(200, 24, 44);
const BLUE: Colour = Colour(24, 78, 148);
const ORANGE: Colour = Colour(235, 134, 28);
// Neighbours are far apart in hue and in lightness: they differ for the colour-blind and on a grey print too.
const COLOURS: [Colour; 10] = [
    BLUE,
    ORANGE,
    Colour(18, 132, 106),
    Colour(230, 150, 190),
    Colour(120, 50, 140),
    Colour(120, 190, 230),
    Colour(140, 84, 40),
    Colour(176, 190, 50),
    RED,
    Colour(150, 156, 164),
];

const HEADING: (i32, Weight) = (22, Weight::Medium);
const LABEL: (i32, Weight) = (16, Weight::Regular);
/// The margin around what is drawn, in pixels.
const MARGIN: f64 = 28.0;
/// Below the heading, where the picture itself begins.
const TOP: f64 = 80.0;

/// The colour of class `index`; they repeat after ten.
fn colour_of(index: usize) -> Colour {
    COLOURS[index % COLOURS.len()]
}

/// `share` of the way from one colour to the other.
fn between(from: Colour, to: Colour, share: f64) -> Colour {
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
    Colour(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

/// The width to keep for the longest of `names` in a legend or beside a matrix.
fn width_of<'a>(names: impl IntoIterator<Item = &'a str>) -> f64 {
    let longest = names.into_iter().map(|name| name.chars().count()).max().unwrap_or(0);
    8.6 * longest as f64 + 10.0
}

/// A square in the class's colour for each name, one below the other.
fn legend<'a>(
    canvas: &Canvas,
    [x, y]: [f64; 2],
    entries: impl IntoIterator<Item = (&'a str, Colour)>,
) -> Result<()> {
    for (place, (name, colour)) in entries.into_iter().enumerate() {
        let y = y + 24.0 * place as f64;
        canvas.rectangle([x, y - 7.0], [14.0, 14.0], colour)?;
        canvas.text(name, [x + 22.0, y], Align::Left, LABEL, INK)?;
    }
    Ok(())
}

/// The numbers of `array`, of which there are some, none complex and all finite.
fn numbers(picture: &str, what: &str, array: &Array) -> Result<Vec<f64>> {
    ensure!(
        !array.dtype().is_complex(),
        "{picture}: {what} are complex; draw their absolute values or their real parts"
    );
    let values = array.to_f64_vec();
    finite(picture, what, &values)?;
    Ok(values)
}

/// Refuses no values at all, and the first that is not finite.
fn finite(picture: &str, what: &str, values: &[f64]) -> Result<()> {
    ensure!(!values.is_empty(), "{picture}: {what} are empty");
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => anyhow::bail!(
            "{picture}: {what} have {} at place {at}, which has no place in a picture",
            values[at]
        ),
    }
}

/// The name of class `index`, which is its number where there are no names.
fn name_of(names: &[&str], index: usize) -> String {
    names.get(index).map_or_else(|| index.to_string(), |name| (*name).to_owned())
}
