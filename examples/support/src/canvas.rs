//! A white page with smooth lines and text, written as PNG: what a picture needs and no more.
//!
//! Lengths are in pixels of the written picture. plotters draws with hard edges, so everything is drawn three times
//! as large and averaged down; the font is embedded, so that no font of the system is needed.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font;
use plotters::style::text_anchor::{HPos, Pos, VPos};

const SCALE: i32 = 3;

/// How text stands about its point, always centred in height.
pub type Align = HPos;

/// Red, green and blue, 0 to 255.
pub use plotters::style::RGBColor as Colour;

/// Thickness of letters.
#[derive(Debug, Clone, Copy)]
pub enum Weight {
    /// That of running text.
    Regular,
    /// That of headings.
    Medium,
}

/// Where drawing goes; points are `[x, y]` with y downwards.
pub struct Canvas<'a> {
    area: DrawingArea<BitMapBackend<'a>, Shift>,
}

/// Runs `draw` on a white page of `size` and writes it to `path`, whose name ends in `.png`.
///
/// # Errors
/// What `draw` answers, or that the file cannot be written.
pub fn write_png(path: &Path, size: [i32; 2], draw: impl FnOnce(&Canvas) -> Result<()>) -> Result<()> {
    let fonts: [(&str, &[u8]); 2] = [
        (Weight::Regular.family(), include_bytes!("../../fonts/Roboto-Regular.ttf")),
        (Weight::Medium.family(), include_bytes!("../../fonts/Roboto-Medium.ttf")),
    ];
    for (family, bytes) in fonts {
        register_font(family, FontStyle::Normal, bytes)
            .map_err(|_| anyhow!("internal: the embedded font is not valid"))?;
    }
    let [width, height] = size.map(|n| n as usize);
    let mut pixels = vec![255; width * height * 3 * (SCALE * SCALE) as usize];
    {
        let [width, height] = size.map(|n| (n * SCALE) as u32);
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        draw(&Canvas { area })?;
    }
    let size = (width as u32, height as u32);
    let mut backend = BitMapBackend::new(path, size);
    backend
        .blit_bitmap((0, 0), size, &average(&pixels, [width, height]))
        .and_then(|()| backend.present())
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The mean of each square of SCALE x SCALE pixels.
fn average(pixels: &[u8], [width, height]: [usize; 2]) -> Vec<u8> {
    let scale = SCALE as usize;
    let row = width * scale * 3;
    let mut small = Vec::with_capacity(width * height * 3);
    for (y, x, channel) in (0..height).flat_map(|y| (0..width * 3).map(move |i| (y, i / 3, i % 3))) {
        let corner = y * scale * row + x * scale * 3 + channel;
        let square = (0..scale * scale).map(|i| u32::from(pixels[corner + i / scale * row + i % scale * 3]));
        small.push((square.sum::<u32>() / (scale * scale) as u32) as u8);
    }
    small
}

impl Canvas<'_> {
    /// A line through `points`.
    ///
    /// # Errors
    /// If it cannot be drawn.
    pub fn line(&self, points: &[[f64; 2]], width: f64, colour: Colour) -> Result<()> {
        let style = colour.stroke_width((width * f64::from(SCALE)).round() as u32);
        let points: Vec<_> = points.iter().map(|point| large(*point)).collect();
        self.area.draw(&PathElement::new(points, style)).map_err(drawing)
    }

    /// A filled disc.
    ///
    /// # Errors
    /// If it cannot be drawn.
    pub fn disc(&self, centre: [f64; 2], radius: f64, colour: Colour) -> Result<()> {
        let radius = (radius * f64::from(SCALE)).round() as i32;
        self.area.draw(&Circle::new(large(centre), radius, colour.filled())).map_err(drawing)
    }

    /// A filled rectangle of `size` with its upper left corner at `corner`.
    ///
    /// # Errors
    /// If it cannot be drawn.
    pub fn rectangle(&self, corner: [f64; 2], size: [f64; 2], colour: Colour) -> Result<()> {
        let end = large([corner[0] + size[0], corner[1] + size[1]]);
        self.area.draw(&Rectangle::new([large(corner), end], colour.filled())).map_err(drawing)
    }

    /// A filled polygon.
    ///
    /// # Errors
    /// If it cannot be drawn.
    pub fn polygon(&self, corners: &[[f64; 2]], colour: Colour) -> Result<()> {
        let corners: Vec<_> = corners.iter().map(|corner| large(*corner)).collect();
        self.area.draw(&Polygon::new(corners, colour.filled())).map_err(drawing)
    }

    /// A rectangle of `size` with its upper left corner at `corner`, cut into `[rows, columns]` cells, each in the
    /// colour that `cell(row, column)` says. Cells smaller than what can be seen are skipped.
    ///
    /// # Errors
    /// If it cannot be drawn.
    pub fn cells(
        &self,
        corner: [f64; 2],
        size: [f64; 2],
        [rows, columns]: [usize; 2],
        cell: impl Fn(usize, usize) -> Colour,
    ) -> Result<()> {
        let finest = |length: f64, cells: usize| cells.min((length * f64::from(SCALE)).ceil() as usize);
        let (high, wide) = (finest(size[1], rows), finest(size[0], columns));
        let pixel = [size[0] / wide as f64, size[1] / high as f64];
        for (y, x) in (0..high).flat_map(|y| (0..wide).map(move |x| (y, x))) {
            // The middle of what the cell stands for.
            let from = [(2 * y + 1) * rows / (2 * high), (2 * x + 1) * columns / (2 * wide)];
            let corner = [corner[0] + x as f64 * pixel[0], corner[1] + y as f64 * pixel[1]];
            self.rectangle(corner, pixel, cell(from[0], from[1]))?;
        }
        Ok(())
    }

    /// A line of text beside or around `point`.
    ///
    /// # Errors
    /// If it cannot be drawn.
    pub fn text(
        &self,
        text: &str,
        point: [f64; 2],
        align: Align,
        (size, weight): (i32, Weight),
        colour: Colour,
    ) -> Result<()> {
        // plotters centres the line's box; letters and digits stand a little above its middle.
        let point = [point[0], point[1] + 0.1 * f64::from(size)];
        let style = TextStyle::from((weight.family(), size * SCALE).into_font())
            .color(&colour)
            .pos(Pos::new(align, VPos::Center));
        self.area.draw(&Text::new(text.to_owned(), large(point), style)).map_err(drawing)
    }

    /// A line of text that begins at `point` and runs upwards, its middle above the point.
    ///
    /// # Errors
    /// If it cannot be drawn.
    pub fn text_upwards(
        &self,
        text: &str,
        point: [f64; 2],
        (size, weight): (i32, Weight),
        colour: Colour,
    ) -> Result<()> {
        let font = (weight.family(), size * SCALE).into_font().transform(FontTransform::Rotate270);
        let style = TextStyle::from(font).color(&colour).pos(Pos::new(HPos::Left, VPos::Center));
        self.area.draw(&Text::new(text.to_owned(), large(point), style)).map_err(drawing)
    }

    /// How wide `text` is.
    ///
    /// # Errors
    /// If it cannot be drawn.
    pub fn text_width(&self, text: &str, (size, weight): (i32, Weight)) -> Result<f64> {
        let style = TextStyle::from((weight.family(), size * SCALE).into_font());
        let (width, _) = self.area.estimate_text_size(text, &style).map_err(drawing)?;
        Ok(f64::from(width) / f64::from(SCALE))
    }
}

impl Weight {
    fn family(self) -> &'static str {
        match self {
            Weight::Regular => "Roboto",
            Weight::Medium => "Roboto Medium",
        }
    }
}

fn large(point: [f64; 2]) -> (i32, i32) {
    let [x, y] = point.map(|length| (length * f64::from(SCALE)).round() as i32);
    (x, y)
}

fn drawing(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("cannot draw: {error}")
}
