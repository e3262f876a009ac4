//! Images at other sizes and at places between pixels.

use crate::val::axes::IntoExtents;
use crate::val::index::gather::IndexMode;
use crate::val::promote::Promoted;
use crate::val::shape::padding::{by_positions, within_memory};
use crate::val::{Val, einsum, strict, where_};
use crate::{Array, Dtype, ErrorKind, Type};
use std::f64::consts::PI;

/// How [`Val::resize`] finds what lies between pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResizeMethod {
    /// The nearest pixel.
    Nearest,
    /// On the line between two pixels; in two dimensions bilinear.
    Linear,
    /// On a cubic curve (Keys 1981, with a = -1/2).
    Cubic,
    /// On a cubic curve with a = -3/4, pixels at the edge repeated: without smoothing, as PyTorch and OpenCV.
    CubicPytorch,
    /// By a windowed sinc over three pixels to each side (Lanczos 1964, Duchon 1979).
    Lanczos3,
    /// By a windowed sinc over five pixels to each side.
    Lanczos5,
    /// The mean over the area of the pixel.
    Area,
}

/// Whether an image that gets smaller is smoothed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Antialias {
    /// It is: the curve is as wide as the new pixels.
    Yes,
    /// It is not.
    No,
}

impl ResizeMethod {
    /// The weight of a pixel at distance `x`.
    fn weight(self, x: f64) -> f64 {
        let cubic = |a: f64| match x {
            x if x >= 2.0 => 0.0,
            x if x >= 1.0 => ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a,
            x => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
        };
        let lanczos = |radius: f64| match x {
            x if x >= radius => 0.0,
            x if x < 1e-3 => 1.0,
            x => radius * (PI * x).sin() * (PI * x / radius).sin() / (PI * PI * x * x),
        };
        match self {
            ResizeMethod::Linear => (1.0 - x).max(0.0),
            ResizeMethod::Cubic => cubic(-0.5),
            ResizeMethod::CubicPytorch => cubic(-0.75),
            ResizeMethod::Lanczos3 => lanczos(3.0),
            ResizeMethod::Lanczos5 => lanczos(5.0),
            ResizeMethod::Nearest | ResizeMethod::Area => unreachable!("internal: has no curve"),
        }
    }
    /// The weights `[from, to]` of the pixels of one axis in the new ones; the old pixel `i` lies at
    /// `i · scale + translation`.
    fn weights(self, [from, to]: [usize; 2], scale: f64, translation: f64, antialias: Antialias) -> Vec<f64> {
        let width = 1.0 / scale;
        let centre = |j: usize| (j as f64 + 0.5 - translation) * width - 0.5;
        let stretch = if antialias == Antialias::Yes { width.max(1.0) } else { 1.0 };
        let repeats_edge = self == ResizeMethod::CubicPytorch && antialias == Antialias::No;
        let reach = if repeats_edge { 2 } else { 0 };
        let mut all = vec![0.0; from * to];
        for j in 0..to {
            for i in -reach..from as i64 + reach {
                let weight = if self == ResizeMethod::Area {
                    let (low, high) =
                        ((j as f64 - translation) * width, (j as f64 + 1.0 - translation) * width);
                    (high.min(i as f64 + 1.0) - low.max(i as f64)).max(0.0)
                } else {
                    self.weight((centre(j) - i as f64).abs() / stretch)
                };
                all[i.clamp(0, from as i64 - 1) as usize * to + j] += weight;
            }
            let total: f64 = (0..from).map(|i| all[i * to + j]).sum();
            let outside = !repeats_edge && !(-0.5..=from as f64 - 0.5).contains(&centre(j));
            let share =
                if total.abs() > 1000.0 * f64::from(f32::EPSILON) && !outside { 1.0 / total } else { 0.0 };
            (0..from).for_each(|i| all[i * to + j] *= share);
        }
        all
    }
}

impl Val {
    /// The image at another shape: axes whose extents differ are sampled anew, smoothed where they get
    /// smaller. Integers
    /// become floats, but for the nearest pixel.
    ///
    /// ```
    /// use gradus::{Array, ResizeMethod, Val, jit};
    /// let f = jit(|x: &Val| x.resize([4], ResizeMethod::Linear));
    /// assert_eq!(f(&Array::from([0.0f32, 4.0]))?, Array::from([0.0f32, 1.0, 3.0, 4.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn resize(self, shape: impl IntoExtents, method: ResizeMethod) -> Val {
        self.resize_with(shape, method, Antialias::Yes)
    }
    /// [`Val::resize`] with the choice not to smooth.
    #[track_caller]
    pub fn resize_with(self, shape: impl IntoExtents, method: ResizeMethod, antialias: Antialias) -> Val {
        let extents = shape.into_extents();
        Val::derive("resize", &[self], |known| {
            let (from, to) = (&known[0].ty.shape, extents.shape()?);
            same_rank(&known[0].ty, to.rank())?;
            let axes: Vec<usize> = (0..to.rank()).filter(|axis| from.dim(*axis) != to.dim(*axis)).collect();
            if method == ResizeMethod::Nearest {
                let mut x = self.ir();
                for axis in axes {
                    let (m, n) = (from.dim(axis), to.dim(axis));
                    has_pixels(m, axis, &known[0].ty)?;
                    within_memory(&known[0].ty, axis, Some(n))?;
                    // In the precision in which JAX computes them.
                    let nearest = |j: usize| ((j as f32 + 0.5) * m as f32 / n as f32).floor() as usize;
                    let positions: Vec<usize> = (0..n).map(|j| nearest(j).min(m - 1)).collect();
                    x = by_positions(x, axis, &positions);
                }
                return Ok(Val::from_ir(x).with_weak(known[0].weak));
            }
            let scale = |axis: &usize| {
                if to.dim(*axis) == 0 { 1.0 } else { to.dim(*axis) as f64 / from.dim(*axis) as f64 }
            };
            let scales: Vec<f64> = axes.iter().map(scale).collect();
            let zeros = vec![0.0; axes.len()];
            Ok(self.scale_and_translate(&to, &axes, &scales, &zeros, method, antialias))
        })
    }
    /// The image at another shape, along `axes` scaled and moved: the old position `i` stands at
    /// `i` · scale + translation. What lies outside of the image is 0.
    #[track_caller]
    pub fn scale_and_translate(
        self,
        shape: impl IntoExtents,
        axes: &[usize],
        scales: &[f64],
        translations: &[f64],
        method: ResizeMethod,
        antialias: Antialias,
    ) -> Val {
        let extents = shape.into_extents();
        Val::derive("scale_and_translate", &[self], |known| {
            let (from, to) = (&known[0].ty.shape, extents.shape()?);
            same_rank(&known[0].ty, to.rank())?;
            if axes.len() != scales.len()
                || axes.len() != translations.len()
                || axes.iter().any(|a| *a >= to.rank())
            {
                let message = format!(
                    "axes {axes:?}, scales {scales:?}, translations {translations:?}; give one of each"
                );
                return Err(ErrorKind::invalid(message));
            }
            if method == ResizeMethod::Nearest {
                return Err(ErrorKind::invalid("the nearest pixel is only for `resize`; use another method"));
            }
            let smooth = antialias == Antialias::Yes && method == ResizeMethod::CubicPytorch;
            let method = if smooth { ResizeMethod::Cubic } else { method };
            let dtype = Promoted::from(&known[0]).inexact().dtype;
            let letters: Vec<char> = ('a'..='z').chain('A'..='Z').collect();
            let mut operands = vec![self.astype(dtype)];
            let before: String = letters[..to.rank()].iter().collect();
            let (mut spec, mut after): (String, Vec<char>) = (before.clone(), before.chars().collect());
            for (k, axis) in axes.iter().enumerate() {
                let sizes = [from.dim(*axis), to.dim(*axis)];
                has_pixels(sizes[0], *axis, &known[0].ty)?;
                strict::small_table(sizes)?;
                let weights = method.weights(sizes, scales[k], translations[k], antialias);
                let weights = Array::from_f64(&Type::new(dtype, sizes), weights);
                operands.push(Val::from_ir(strict::constant(weights)));
                after[*axis] = letters[to.rank() + k];
                spec.extend([',', letters[*axis], after[*axis]]);
            }
            let after: String = after.into_iter().collect();
            Ok(einsum(&format!("{spec}->{after}"), operands))
        })
    }
    /// The values at places between elements: `coordinates` has a value for each axis, all of one shape.
    ///
    /// ```
    /// use gradus::{Array, Interpolation, PlaceMode, Val, jit};
    /// let f = jit(|x: &Val, c: &Val| x.map_coordinates([c], Interpolation::Linear, PlaceMode::Constant(0.into())));
    /// let y = f(&Array::from([1.0f32, 3.0]), &Array::from([0.5f32, 7.0]))?;
    /// assert_eq!(y, Array::from([2.0f32, 0.0]));
    /// # Ok::<(), gradus::Error>(())
    /// ```
    #[track_caller]
    pub fn map_coordinates(
        self,
        coordinates: impl IntoIterator<Item = impl Into<Val>>,
        order: Interpolation,
        mode: PlaceMode,
    ) -> Val {
        let coordinates: Vec<Val> = coordinates.into_iter().map(Into::into).collect();
        let args: Vec<Val> = [self].into_iter().chain(coordinates.iter().copied()).collect();
        Val::derive("map_coordinates", &args, |known| {
            let ty = &known[0].ty;
            if coordinates.is_empty() || coordinates.len() != ty.rank() {
                let message = format!("{} coordinates for {ty}; give one for each axis", coordinates.len());
                return Err(ErrorKind::invalid(message));
            }
            let along = coordinates
                .iter()
                .enumerate()
                .map(|(axis, c)| neighbours(*c, ty.shape.dim(axis), order, mode));
            let along: Vec<Vec<Neighbour>> = along.collect();
            let mut total: Option<Val> = None;
            for corner in 0..1usize << if order == Interpolation::Linear { ty.rank() } else { 0 } {
                let chosen: Vec<&Neighbour> =
                    along.iter().enumerate().map(|(axis, both)| &both[corner >> axis & 1]).collect();
                let places: Vec<crate::val::Slice> = chosen.iter().map(|n| n.index.into()).collect();
                let mut here = self.index(places).mode(IndexMode::Clip).get();
                let inside = chosen.iter().filter_map(|n| n.inside).reduce(|a, b| a & b);
                if let (Some(inside), PlaceMode::Constant(fill)) = (inside, mode) {
                    here = where_(inside, here, fill.astype(ty.dtype));
                }
                let weight = chosen.iter().filter_map(|n| n.weight).reduce(|a, b| a * b);
                let part = weight.map_or(here, |weight| weight * here);
                total = Some(total.map_or(part, |sum| sum + part));
            }
            let total = total.expect("internal: at least one corner");
            let whole = ty.dtype.is_integer() && total.dtype().is_float();
            Ok(if whole { total.round_away() } else { total }.astype(ty.dtype))
        })
    }
}

fn same_rank(ty: &Type, rank: usize) -> Result<(), ErrorKind> {
    if ty.rank() == rank {
        return Ok(());
    }
    Err(ErrorKind::invalid(format!(
        "{ty} has {} axes, the new shape {rank}; name the extent of each",
        ty.rank()
    )))
}
fn has_pixels(n: usize, axis: usize, ty: &Type) -> Result<(), ErrorKind> {
    if n > 0 {
        return Ok(());
    }
    Err(ErrorKind::invalid(format!("axis {axis} of {ty} is empty; there is nothing to sample")))
}

/// How [`Val::map_coordinates`] finds what lies between elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// The nearest element: order 0.
    Nearest,
    /// On the line between two: order 1.
    Linear,
}

/// What a place outside of the array reads.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum PlaceMode {
    /// This scalar.
    Constant(Val),
    /// The nearest element.
    Nearest,
    /// The element that far round the axis.
    Wrap,
    /// The array mirrored at its edge, whose elements stand once.
    Mirror,
    /// The array mirrored behind its edge, whose elements stand twice.
    Reflect,
}

/// An element next to a place, along one axis.
struct Neighbour {
    index: Val,
    inside: Option<Val>,
    weight: Option<Val>,
}

#[track_caller]
fn neighbours(place: Val, n: usize, order: Interpolation, mode: PlaceMode) -> Vec<Neighbour> {
    // Places far outside may be none of `i32`, nor what folding makes of them. Floats cut off to it are still outside.
    let folds = !matches!(mode, PlaceMode::Constant(_) | PlaceMode::Nearest);
    let is_narrow = match place.dtype().iinfo() {
        Some(info) => info.max <= i128::from(if folds { i16::MAX.into() } else { i32::MAX }),
        None => !folds,
    };
    let of_index = if is_narrow { Dtype::of_index(n) } else { Dtype::I64 };
    let neighbour = |index: Val, weight: Option<Val>| {
        let index = index.astype(of_index);
        let inside = matches!(mode, PlaceMode::Constant(_)).then(|| index.ge(0) & index.lt(n));
        Neighbour { index: folded(index, n as i64, mode), inside, weight }
    };
    match order {
        Interpolation::Nearest => {
            let nearest = if place.dtype().is_float() { place.round_away() } else { place };
            vec![neighbour(nearest, None)]
        }
        Interpolation::Linear => {
            let lower = place.floor();
            let share = place - lower;
            vec![neighbour(lower, Some(1 - share)), neighbour(lower + 1, Some(share))]
        }
    }
}

/// The index of an element that stands for one outside.
#[track_caller]
fn folded(index: Val, n: i64, mode: PlaceMode) -> Val {
    let mirror = |index: Val, n: i64| {
        let last = n - 1;
        if last == 0 { index.zeros_like() } else { ((index + last) % (2 * last) - last).abs() }
    };
    match mode {
        PlaceMode::Constant(_) => index,
        PlaceMode::Nearest => index.clip(0, n - 1),
        PlaceMode::Wrap => index % n,
        PlaceMode::Mirror => mirror(index, n),
        PlaceMode::Reflect => (mirror(2 * index + 1, 2 * n + 1) - 1).floor_divide(2),
    }
}
