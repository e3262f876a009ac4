//! Charts with axes: curves over epochs, points, lines and bands.

use super::ticks::{Ticks, every};
use super::{BLUE, COLOURS, GRID, HEADING, INK, LABEL, MARGIN, ORANGE, SOFT_INK, colour_of, finite, legend};
use super::{between, name_of, numbers, width_of};
use crate::canvas::{Align, Canvas, Colour, write_png};
use anyhow::{Result, bail, ensure};
use gradus::Array;
use std::path::Path;

/// A curve's name and its values.
pub type Series<'a> = (&'a str, &'a [f64]);

/// The width of a curve and the radius of its points.
const CURVE: f64 = 2.4;
const DISC: f64 = 4.4;

/// Where the axes of a chart are, in pixels.
#[derive(Clone, Copy)]
struct Area {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Area {
    fn y(&self, ticks: &Ticks, value: f64) -> f64 {
        self.bottom - ticks.share(value) * (self.bottom - self.top)
    }

    /// The title, a grid of lines with the labels of `y`, and below it labels at positions in pixels.
    fn axes(
        &self,
        canvas: &Canvas,
        title: &str,
        y: &Ticks,
        x: impl Iterator<Item = (f64, String)>,
        x_label: &str,
    ) -> Result<()> {
        let Area { left, right, top, bottom } = *self;
        canvas.text(title, [left, top - 32.0], Align::Left, HEADING, INK)?;
        for (value, label) in y.labelled() {
            let y = self.y(y, value);
            canvas.line(&[[left, y], [right, y]], 1.0, GRID)?;
            canvas.text(&label, [left - 10.0, y], Align::Right, LABEL, SOFT_INK)?;
        }
        canvas.line(&[[left, bottom], [right, bottom]], 1.0, SOFT_INK)?;
        for (x, label) in x {
            canvas.line(&[[x, bottom], [x, bottom + 5.0]], 1.0, SOFT_INK)?;
            canvas.text(&label, [x, bottom + 18.0], Align::Center, LABEL, SOFT_INK)?;
        }
        canvas.text(x_label, [(left + right) / 2.0, bottom + 44.0], Align::Center, LABEL, SOFT_INK)
    }
}

/// Writes one chart for each of `panels`, a title and its curves over the epochs, side by side.
///
/// A value that is not finite is a gap, for a run that diverged is a result; a curve without values is left out.
///
/// # Errors
/// No panels, a panel of which no curve has values, a file that cannot be written.
pub fn curves(path: &Path, panels: &[(&str, &[Series])]) -> Result<()> {
    ensure!(!panels.is_empty(), "curves: there are no panels");
    for (title, curves) in panels {
        ensure!(curves.iter().any(|(_, values)| !values.is_empty()), "curves: panel {title:?} has no values");
    }
    write_png(path, [620 * panels.len() as i32, 500], |canvas| {
        let mut panels = panels.iter().enumerate();
        panels.try_for_each(|(place, (title, curves))| {
            panel(canvas, 20.0 + 620.0 * place as f64, title, curves)
        })
    })
}

/// One chart of 580 x 500 pixels at `x0`.
fn panel(canvas: &Canvas, x0: f64, title: &str, curves: &[Series]) -> Result<()> {
    let area = Area { left: x0 + 60.0, right: x0 + 564.0, top: 74.0, bottom: 430.0 };
    let ticks = Ticks::new(curves.iter().flat_map(|(_, values)| values.iter().copied()));
    let last = curves.iter().map(|(_, values)| values.len()).max().unwrap_or(1).max(1);
    // The first and the last epoch stand a little inside; a single one stands in the middle.
    let x = |epoch: usize| match last {
        1 => (area.left + area.right) / 2.0,
        _ => area.left + 16.0 + (area.right - area.left - 32.0) * (epoch - 1) as f64 / (last - 1) as f64,
    };
    let every = every(last);
    let epochs = (1..=last / every).map(|k| (x(k * every), (k * every).to_string()));
    area.axes(canvas, title, &ticks, epochs, "epoch")?;
    let mut legend_end = area.right;
    // The first lies above the others, and its name stands before theirs.
    for (place, (name, values)) in curves.iter().enumerate().rev() {
        let colour = colour_of(place);
        let points: Vec<[f64; 2]> =
            (1..=values.len()).map(|epoch| [x(epoch), area.y(&ticks, values[epoch - 1])]).collect();
        curve(canvas, &points, colour)?;
        let start = legend_end - canvas.text_width(name, LABEL)?;
        let y = area.top - 32.0;
        canvas.text(name, [start, y], Align::Left, LABEL, INK)?;
        canvas.line(&[[start - 36.0, y], [start - 8.0, y]], CURVE, colour)?;
        canvas.disc([start - 22.0, y], DISC, colour)?;
        legend_end = start - 62.0;
    }
    Ok(())
}

/// A line with a disc at each point, unless there are many; it has a gap where a value is not finite.
fn curve(canvas: &Canvas, points: &[[f64; 2]], colour: Colour) -> Result<()> {
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

/// A chart of points, lines and bands over one pair of axes, drawn in the order in which they are added.
///
/// ```
/// use gradus_examples::pictures::Chart;
///
/// let x = [0.0, 1.0, 2.0];
/// let path = std::env::temp_dir().join("gradus-doc-chart.png");
/// Chart::new("A fit").with_line("found", &x, &[0.1, 0.9, 2.1]).with_points("samples", &x, &x).write(&path)?;
/// # std::fs::remove_file(path)?;
/// # Ok::<(), anyhow::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    title: &'a str,
    labels: [&'a str; 2],
    layers: Vec<Layer<'a>>,
}

#[derive(Clone, Debug)]
struct Layer<'a> {
    name: &'a str,
    x: Vec<f64>,
    /// One list of values, or two of a band.
    y: Vec<&'a [f64]>,
    kind: Kind,
    colour: Colour,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Points,
    Line,
    Band,
}

/// Height of a chart, and width without its legend, in pixels.
const CHART: [f64; 2] = [780.0, 520.0];

impl<'a> Chart<'a> {
    /// A chart without anything in it.
    pub fn new(title: &'a str) -> Chart<'a> {
        Chart { title, labels: ["", ""], layers: vec![] }
    }

    /// What the axes show.
    pub fn with_labels(self, x: &'a str, y: &'a str) -> Chart<'a> {
        Chart { labels: [x, y], ..self }
    }

    /// Discs at points.
    pub fn with_points(self, name: &'a str, x: &[f64], y: &'a [f64]) -> Chart<'a> {
        self.with(name, x, vec![y], Kind::Points)
    }

    /// A line through points.
    pub fn with_line(self, name: &'a str, x: &[f64], y: &'a [f64]) -> Chart<'a> {
        self.with(name, x, vec![y], Kind::Line)
    }

    /// What lies between two lines, in the pale colour of what comes next: where a line is believed to be.
    pub fn with_band(self, name: &'a str, x: &[f64], low: &'a [f64], high: &'a [f64]) -> Chart<'a> {
        self.with(name, x, vec![low, high], Kind::Band)
    }

    fn with(mut self, name: &'a str, x: &[f64], y: Vec<&'a [f64]>, kind: Kind) -> Chart<'a> {
        let place = self.layers.iter().filter(|layer| !matches!(layer.kind, Kind::Band)).count();
        let colour = match kind {
            Kind::Band => between(Colour(255, 255, 255), colour_of(place), 0.22),
            _ => colour_of(place),
        };
        self.layers.push(Layer { name, x: x.to_vec(), y, kind, colour });
        self
    }

    /// Draws it and writes it to `path`.
    ///
    /// # Errors
    /// Nothing to draw, as many y as x are missing, a number that is not finite, a file that cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        self.write_as("chart", path)
    }

    fn write_as(&self, picture: &str, path: &Path) -> Result<()> {
        ensure!(!self.layers.is_empty(), "{picture}: there is nothing to draw");
        for Layer { name, x, y, .. } in &self.layers {
            finite(picture, &format!("the x of {name:?}"), x)?;
            for y in y {
                ensure!(
                    x.len() == y.len(),
                    "{picture}: {name:?} has {} values for {} places; give one for each",
                    y.len(),
                    x.len()
                );
                finite(picture, &format!("the values of {name:?}"), y)?;
            }
        }
        let x = Ticks::within(self.layers.iter().flat_map(|layer| layer.x.iter().copied()));
        let y = Ticks::new(self.layers.iter().flat_map(|layer| layer.y.iter().copied().flatten().copied()));
        let area = Area { left: MARGIN + 50.0, right: CHART[0] - MARGIN, top: 94.0, bottom: CHART[1] - 64.0 };
        let size = [CHART[0] + 30.0 + width_of(self.layers.iter().map(|layer| layer.name)), CHART[1]];
        write_png(path, size.map(|n| n as i32), |canvas| {
            let across = |value: f64| area.left + x.share(value) * (area.right - area.left);
            let labels = x.labelled().map(|(value, label)| (across(value), label));
            area.axes(canvas, self.title, &y, labels, self.labels[0])?;
            canvas.text(self.labels[1], [MARGIN, area.top - 18.0], Align::Left, LABEL, SOFT_INK)?;
            for layer in &self.layers {
                layer.draw(canvas, |x, value| [across(x), area.y(&y, value)])?;
            }
            let entries = self.layers.iter().filter(|layer| !layer.name.is_empty());
            legend(canvas, [CHART[0], area.top + 8.0], entries.map(|layer| (layer.name, layer.colour)))
        })
    }
}

impl Layer<'_> {
    fn draw(&self, canvas: &Canvas, place: impl Fn(f64, f64) -> [f64; 2]) -> Result<()> {
        let line = |y: &[f64]| self.x.iter().zip(y).map(|(x, y)| place(*x, *y)).collect::<Vec<_>>();
        match self.kind {
            Kind::Points => {
                let radius = if self.x.len() > 500 { 2.0 } else { 3.4 };
                line(self.y[0]).iter().try_for_each(|point| canvas.disc(*point, radius, self.colour))
            }
            Kind::Line => canvas.line(&line(self.y[0]), CURVE, self.colour),
            Kind::Band => {
                let (mut ring, back) = (line(self.y[0]), line(self.y[1]));
                ring.extend(back.into_iter().rev());
                canvas.polygon(&ring, self.colour)
            }
        }
    }
}

/// Writes `points`, `[n, 2]`, in the colours of their `classes`; `names` are the classes', or none.
///
/// # Errors
/// Another shape, another number of classes, a class below zero, a number that is not finite, a file that cannot be
/// written.
pub fn scatter(path: &Path, title: &str, points: &Array, classes: &[i32], names: &[&str]) -> Result<()> {
    let &[count, 2] = &points.shape()[..] else {
        bail!("scatter: {} is not [n, 2]; reduce more dimensions to two first", points.ty());
    };
    let values = numbers("scatter", "the points", points)?;
    ensure!(
        classes.len() == count,
        "scatter: {count} points have {} classes; give one for each",
        classes.len()
    );
    let last = classes.iter().max().copied().unwrap_or(0);
    if let Some(class) = classes.iter().find(|class| **class < 0) {
        bail!("scatter: class {class}; expected 0 for the first");
    }
    ensure!(
        names.is_empty() || (last as usize) < names.len(),
        "scatter: class {last} has no name among {}",
        names.len()
    );
    ensure!(last < 1000, "scatter: class {last}; a legend of so many classes cannot be read");
    let of_class = |class: i32, axis: usize| {
        let with_class = values.chunks(2).zip(classes).filter(move |(_, own)| **own == class);
        with_class.map(|(point, _)| point[axis]).collect::<Vec<_>>()
    };
    let layers: Vec<_> = (0..=last)
        .map(|class| (name_of(names, class as usize), of_class(class, 0), of_class(class, 1), class))
        .filter(|(_, x, ..)| !x.is_empty())
        .collect();
    let mut chart = Chart::new(title);
    for (name, x, y, class) in &layers {
        let colour = COLOURS[*class as usize % COLOURS.len()];
        let layer = Layer { name, x: x.clone(), y: vec![y], kind: Kind::Points, colour };
        chart.layers.push(layer);
    }
    chart.write_as("scatter", path)
}

/// Writes a `forecast` of what comes after the `known` values, with the `truth` (or none) and the band in which it is
/// believed to be, low and high (or none); one step of time lies between two values.
///
/// # Errors
/// Nothing known, nothing forecast, other lengths of the truth or the band than of the forecast, a number that is not
/// finite, a file that cannot be written.
pub fn forecast(
    path: &Path,
    title: &str,
    known: &[f64],
    forecast: &[f64],
    truth: Option<&[f64]>,
    band: Option<[&[f64]; 2]>,
) -> Result<()> {
    let place = |from: usize, count: usize| (from..from + count).map(|step| step as f64).collect::<Vec<_>>();
    let (past, later) = (place(0, known.len()), place(known.len(), forecast.len()));
    let mut chart = Chart::new(title).with_labels("step", "");
    if let Some([low, high]) = band {
        chart = chart.with_band("band", &later, low, high);
    }
    chart = chart.with_line("known", &past, known);
    if let Some(truth) = truth {
        chart = chart.with_line("truth", &later, truth);
    }
    chart = chart.with_line("forecast", &later, forecast);
    for layer in &mut chart.layers {
        layer.colour = match layer.name {
            "band" => between(Colour(255, 255, 255), BLUE, 0.22),
            "known" => SOFT_INK,
            "truth" => ORANGE,
            _ => BLUE,
        };
    }
    chart.write_as("forecast", path)
}
