//! Primitives that read or write at computed places. No place is ever out of bounds: StableHLO's clamping, or a mode.

mod dynamic;
mod gather;
mod hazard;
mod other_factors;
mod samples;
mod scatter;
mod scatter_by;
mod windows;

use crate::ops::monoid::Monoid;
use crate::ops::{Attribute, Attributes, Hazard, Infer, Lanes, Operand, Passes, Rules, with_tangent};
use crate::trace::{Val, Vals, bind1};
use crate::{Array, Dims, ErrorKind, Op, Program, Type};
use smallvec::smallvec;
use std::ops::RangeInclusive;
use std::sync::Arc;
pub use windows::{GatherDims, IndexMode, ScatterDims, clamp_start, default_fill};

documented! {
/// Reading or writing at computed places.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Indexing {
    /// The window of `sizes` of the first operand that starts at the scalars behind it, one for each axis; a start is
    /// clamped so that the window fits.
    DynamicSlice {
        /// The result's extents.
        sizes: Dims,
    },
    /// The first operand with the second written into it at the scalars behind them, one for each axis; a start is
    /// clamped so that the update fits.
    DynamicUpdateSlice,
    /// Windows of the first operand at the index vectors of the second, as in StableHLO.
    Gather(Box<Gather>),
    /// The first operand with the windows of the third written at the index vectors of the second, as in StableHLO; in
    /// the order of the indices, so that of several updates of one element the last counts.
    Scatter(Box<Scatter>),
    /// As a scatter, but `body` joins what is there and an update.
    ScatterBy {
        /// Which axes are what; its combination is the body's.
        scatter: Box<Scatter>,
        /// Combines two scalars.
        body: Arc<Program>,
    },
}
}

/// The attributes of a gather.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gather {
    /// Which axes are what.
    pub dims: GatherDims,
    /// The extents of a window along the operand's axes.
    pub slice_sizes: Dims,
    /// What an index out of bounds does.
    pub mode: IndexMode,
    /// What stands for windows out of bounds, a scalar; [`default_fill`] if it is not given.
    pub fill: Option<Array>,
}

/// The attributes of a scatter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scatter {
    /// How an update joins what is there; `None` overwrites.
    pub combine: Option<Monoid>,
    /// Which axes are what.
    pub dims: ScatterDims,
    /// What an index out of bounds does.
    pub mode: IndexMode,
    /// The caller promises that no element is written twice.
    pub unique_indices: bool,
}

impl From<Gather> for Indexing {
    fn from(gather: Gather) -> Indexing {
        Indexing::Gather(Box::new(gather))
    }
}
impl From<Scatter> for Indexing {
    fn from(scatter: Scatter) -> Indexing {
        Indexing::Scatter(Box::new(scatter))
    }
}

fn take_mode(attributes: &mut Attributes) -> Result<IndexMode, String> {
    let name: String = attributes.take("mode")?;
    let found = IndexMode::ALL.iter().copied().find(|mode| mode.name() == name);
    found.ok_or_else(|| format!("`{name}` is no mode of indices"))
}

fn parse_gather(all: &mut Attributes) -> Result<Indexing, String> {
    let dims = GatherDims {
        offset_dims: all.take("offset_dims")?,
        collapsed_slice_dims: all.take("collapsed_slice_dims")?,
        operand_batching_dims: all.take("operand_batching_dims")?,
        start_indices_batching_dims: all.take("start_indices_batching_dims")?,
        start_index_map: all.take("start_index_map")?,
    };
    let (slice_sizes, mode) = (all.take("slice_sizes")?, take_mode(all)?);
    let has_fill = all.iter().any(|(name, _)| name == "fill");
    let fill = if has_fill { Some(all.take("fill")?) } else { None };
    Ok(Gather { dims, slice_sizes, mode, fill }.into())
}

fn parse_scatter(combine: Option<Monoid>, all: &mut Attributes) -> Result<Scatter, String> {
    let dims = ScatterDims {
        update_window_dims: all.take("update_window_dims")?,
        inserted_window_dims: all.take("inserted_window_dims")?,
        operand_batching_dims: all.take("operand_batching_dims")?,
        scatter_indices_batching_dims: all.take("scatter_indices_batching_dims")?,
        scatter_dims_to_operand_dims: all.take("scatter_dims_to_operand_dims")?,
    };
    Ok(Scatter { combine, dims, mode: take_mode(all)?, unique_indices: all.take("unique_indices")? })
}

fn scatter_attributes(scatter: &Scatter) -> Attributes {
    let ScatterDims { scatter_indices_batching_dims, scatter_dims_to_operand_dims, .. } = &scatter.dims;
    Attributes::new()
        .with("update_window_dims", scatter.dims.update_window_dims.clone())
        .with("inserted_window_dims", scatter.dims.inserted_window_dims.clone())
        .with("operand_batching_dims", scatter.dims.operand_batching_dims.clone())
        .with("scatter_indices_batching_dims", scatter_indices_batching_dims.clone())
        .with("scatter_dims_to_operand_dims", scatter_dims_to_operand_dims.clone())
        .with("mode", Attribute::word(scatter.mode.name()))
        .with("unique_indices", scatter.unique_indices)
}

impl Indexing {
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Indexing, String>> {
        let combines = std::iter::once(None).chain(Monoid::ALL.iter().copied().map(Some));
        for combine in combines {
            let (dims, mode) = (ScatterDims::default(), IndexMode::Clip);
            if (Scatter { combine, dims, mode, unique_indices: false }).name() == name {
                return Some(parse_scatter(combine, attributes).map(Indexing::from));
            }
        }
        Some(match name {
            "dynamic_slice" => attributes.take("sizes").map(|sizes| Indexing::DynamicSlice { sizes }),
            "dynamic_update_slice" => Ok(Indexing::DynamicUpdateSlice),
            "gather" => parse_gather(attributes),
            "scatter_by" => parse_scatter(None, attributes).and_then(|scatter| {
                Ok(Indexing::ScatterBy { scatter: Box::new(scatter), body: attributes.take("body")? })
            }),
            _ => return None,
        })
    }
}

impl Rules for Indexing {
    fn name(&self) -> &'static str {
        match self {
            Indexing::DynamicSlice { .. } => "dynamic_slice",
            Indexing::DynamicUpdateSlice => "dynamic_update_slice",
            Indexing::Gather(_) => "gather",
            Indexing::Scatter(scatter) => scatter.name(),
            Indexing::ScatterBy { .. } => "scatter_by",
        }
    }
    fn attributes(&self) -> Attributes {
        let all = Attributes::new();
        match self {
            Indexing::DynamicSlice { sizes } => all.with("sizes", sizes.clone()),
            Indexing::DynamicUpdateSlice => all,
            Indexing::Gather(gather) => {
                let GatherDims { start_indices_batching_dims, .. } = &gather.dims;
                let all = all
                    .with("offset_dims", gather.dims.offset_dims.clone())
                    .with("collapsed_slice_dims", gather.dims.collapsed_slice_dims.clone())
                    .with("operand_batching_dims", gather.dims.operand_batching_dims.clone())
                    .with("start_indices_batching_dims", start_indices_batching_dims.clone())
                    .with("start_index_map", gather.dims.start_index_map.clone())
                    .with("slice_sizes", gather.slice_sizes.clone())
                    .with("mode", Attribute::word(gather.mode.name()));
                match &gather.fill {
                    Some(fill) => all.with("fill", fill.clone()),
                    None => all,
                }
            }
            Indexing::Scatter(scatter) => scatter_attributes(scatter),
            Indexing::ScatterBy { scatter, body } => scatter_attributes(scatter).with("body", body.clone()),
        }
    }
    fn arity(&self) -> RangeInclusive<usize> {
        match self {
            Indexing::DynamicSlice { sizes } => 1 + sizes.len()..=1 + sizes.len(),
            Indexing::DynamicUpdateSlice => 2..=usize::MAX,
            Indexing::Gather(_) => 2..=2,
            Indexing::Scatter(_) | Indexing::ScatterBy { .. } => 3..=3,
        }
    }
    fn constraints(&self) -> &'static [&'static str] {
        match self {
            Indexing::DynamicSlice { .. } => dynamic::SLICE_SENTENCES,
            Indexing::DynamicUpdateSlice => dynamic::UPDATE_SENTENCES,
            Indexing::Gather(_) => gather::SENTENCES,
            Indexing::Scatter(scatter) => scatter.sentences(),
            Indexing::ScatterBy { .. } => scatter_by::BY_SENTENCES,
        }
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        let ty = match self {
            Indexing::DynamicSlice { sizes } => dynamic::slice_type(sizes, args[0], &args[1..]),
            Indexing::DynamicUpdateSlice => dynamic::update_type(args[0], args[1], &args[2..]),
            Indexing::Gather(gather) => gather.result_type(args[0], args[1]),
            Indexing::Scatter(scatter) => scatter.result_type(args[0], args[1], args[2]),
            Indexing::ScatterBy { scatter, body } => {
                scatter_by::result_type(scatter, body, args[0], args[1], args[2])
            }
        };
        Ok(vec![ty?])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        Ok(vec![match self {
            Indexing::DynamicSlice { sizes } => dynamic::evaluate_slice(sizes, args[0], &args[1..]),
            Indexing::DynamicUpdateSlice => dynamic::evaluate_update(args[0], args[1], &args[2..]),
            Indexing::Gather(gather) => gather.evaluate(args[0], args[1]),
            Indexing::Scatter(scatter) => scatter.evaluate(args[0], args[1], args[2]),
            Indexing::ScatterBy { scatter, body } => {
                scatter_by::evaluate(scatter, body, args[0], args[1], args[2])?
            }
        }])
    }
    fn jvp(&self, passes: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        with_tangent(self.clone().into(), x, |y| match self {
            Indexing::DynamicSlice { sizes } => Some(dx[0]?.dynamic_slice(&x[1..], sizes)),
            Indexing::DynamicUpdateSlice if dx[0].is_none() && dx[1].is_none() => None,
            Indexing::DynamicUpdateSlice => {
                let tangent = |k: usize| dx[k].unwrap_or_else(|| x[k].zeros_like());
                Some(tangent(0).dynamic_update_slice(tangent(1), &x[2..]))
            }
            Indexing::Gather(gather) => Some(gather.of_tangent(dx[0]?, x[1])),
            Indexing::Scatter(scatter) => scatter.tangent(x, dx, y),
            Indexing::ScatterBy { scatter, body } => scatter_by::tangent(scatter, body, passes, x, dx),
        })
    }
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let Some(ct) = ct[0] else { return vec![None; args.len()] };
        match self {
            Indexing::DynamicSlice { .. } => dynamic::pull_back_slice(ct, args),
            Indexing::DynamicUpdateSlice => dynamic::pull_back_update(ct, args),
            Indexing::Gather(gather) => match (&args[0], &args[1]) {
                (Operand::Linear(operand), Operand::Known(indices)) => {
                    vec![Some(gather.pull_back(ct, operand, *indices)), None]
                }
                _ => unreachable!("internal: indices are integers"),
            },
            Indexing::Scatter(scatter) => scatter.pull_back(ct, args),
            Indexing::ScatterBy { .. } => unreachable!("internal: a scatter by a function is not linear"),
        }
    }
    fn moves_elements(&self) -> bool {
        match self {
            Indexing::Scatter(scatter) => scatter.combine.is_none(),
            Indexing::ScatterBy { .. } => false,
            _ => true,
        }
    }
    fn decompose_complex(&self, args: &[Val]) -> Option<Vals> {
        if matches!(self, Indexing::ScatterBy { .. }) {
            return None;
        }
        let Indexing::Gather(gather) = self else {
            return Some(crate::ops::elementwise::componentwise(&self.clone().into(), args));
        };
        // The parts of what stands for windows out of bounds.
        let fill = gather.fill.clone().unwrap_or_else(|| windows::default_fill(args[0].ty().dtype));
        let ty = fill.ty().with_dtype(fill.dtype().real());
        let with = |part: fn(&crate::Complex<f64>) -> f64, operand: Val| {
            let fill = Some(Array::from_f64(&ty, fill.to_complex_vec().iter().map(part)));
            bind1(Indexing::Gather(Box::new(Gather { fill, ..(**gather).clone() })), &[operand, args[1]])
        };
        Some(smallvec![with(|z| z.re, args[0].real()).complex(with(|z| z.im, args[0].imag()))])
    }
    fn hazards(&self, args: &[Val]) -> Vec<(Hazard, Val)> {
        vec![(Hazard::OutOfBounds, self.in_bounds(args))]
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        smallvec![match self {
            Indexing::DynamicSlice { sizes } => dynamic::batched_slice(sizes, args, mapped, lanes),
            Indexing::DynamicUpdateSlice => dynamic::batched_update(args, mapped, lanes),
            Indexing::Gather(gather) => gather.batched(args, mapped, lanes),
            Indexing::Scatter(scatter) => scatter.batched(args, mapped, lanes),
            Indexing::ScatterBy { scatter, body } => {
                let (dims, args) = scatter.batched_parts(args, mapped, lanes);
                let scatter = Box::new(Scatter { dims, ..(**scatter).clone() });
                bind1(Indexing::ScatterBy { scatter, body: body.clone() }, &args)
            }
        }]
    }
    fn programs(&self) -> Vec<&Arc<Program>> {
        match self {
            Indexing::ScatterBy { body, .. } => vec![body],
            _ => vec![],
        }
    }
    fn with_programs(&self, mut programs: Vec<Arc<Program>>) -> Option<Op> {
        let Indexing::ScatterBy { scatter, .. } = self else { return None };
        Some(Indexing::ScatterBy { scatter: scatter.clone(), body: programs.pop()? }.into())
    }
}
