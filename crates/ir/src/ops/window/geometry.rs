//! Where windows lie over an array.

use crate::ops::convolution::{dilated, num_windows, padding_rows, take_padding};
use crate::ops::movement::Amounts;
use crate::ops::{Attributes, Lanes};
use crate::trace::Val;
use crate::{Dims, ErrorKind, Shape, Type};

/// Windows over an array: an entry for each axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Elements of a window.
    pub dims: Dims,
    /// From one window to the next.
    pub strides: Dims,
    /// How many identities come before the array; negative ones cut elements off.
    pub low: Amounts,
    /// How many come behind.
    pub high: Amounts,
    /// Distance of neighbours of the array; identities stand between.
    pub base_dilation: Dims,
    /// Distance of neighbours in a window.
    pub window_dilation: Dims,
}

pub(super) const ENTRIES: &str =
    "`window_dimensions`, `window_strides`, `padding` and the dilations have one entry for each axis.";
pub(super) const POSITIVE: &str = "Window extents, strides and dilations are at least 1.";
pub(super) const PADDING: &str = "Negative padding cuts off no more than there is.";

impl Window {
    /// Windows of these extents at every place where one fits.
    pub fn new(dims: &[usize]) -> Window {
        let ones = || Dims::from_elem(1, dims.len());
        let none = || Amounts::from_elem(0, dims.len());
        Window {
            dims: dims.into(),
            strides: ones(),
            low: none(),
            high: none(),
            base_dilation: ones(),
            window_dilation: ones(),
        }
    }
    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.dims.len()
    }
    /// Elements of one window; saturates.
    pub fn size(&self) -> usize {
        Shape::from(&self.dims[..]).size()
    }
    /// The windows over one more axis in front, on which each stands alone.
    pub(super) fn behind_lanes(&self) -> Window {
        let mut window = self.clone();
        for list in
            [&mut window.dims, &mut window.strides, &mut window.base_dilation, &mut window.window_dilation]
        {
            list.insert(0, 1);
        }
        window.low.insert(0, 0);
        window.high.insert(0, 0);
        window
    }
    /// The windows of `x`, one for each element of the result, if the constraints from number `first` on allow it.
    pub(super) fn result_shape(&self, first: u8, x: &Type) -> Result<Shape, ErrorKind> {
        let refuse = |number, message: String| Err(ErrorKind::constraint(first + number, message));
        let rank = x.rank();
        let lists = [&self.dims, &self.strides, &self.base_dilation, &self.window_dilation];
        if lists.iter().any(|list| list.len() != rank)
            || [&self.low, &self.high].iter().any(|l| l.len() != rank)
        {
            let message = format!(
                "windows {:?} with strides {:?} and {} paddings do not fit the {rank} axes of {x}; give one for each",
                self.dims,
                self.strides,
                self.low.len()
            );
            return refuse(0, message);
        }
        if lists.iter().any(|list| list.contains(&0)) {
            let message = format!(
                "windows {:?}, strides {:?} and dilations {:?} and {:?} must all be at least 1",
                self.dims, self.strides, self.base_dilation, self.window_dilation
            );
            return refuse(1, message);
        }
        let mut dims = Dims::new();
        for axis in 0..rank {
            let (low, high) = (self.low[axis], self.high[axis]);
            let padded =
                dilated(x.shape.dim(axis), self.base_dilation[axis]) + i128::from(low) + i128::from(high);
            if padded < 0 {
                return refuse(
                    2,
                    format!("padding ({low}, {high}) cuts off more of axis {axis} than {x} has"),
                );
            }
            let window = dilated(self.dims[axis], self.window_dilation[axis]);
            dims.push(num_windows(padded, window, self.strides[axis]));
        }
        Ok(dims.into())
    }
    /// The index along `axis` that window `o` has at place `tap`, if an element stands there.
    fn source(&self, axis: usize, o: usize, tap: usize, extent: usize) -> Option<usize> {
        let at = o as i128 * self.strides[axis] as i128 + tap as i128 * self.window_dilation[axis] as i128
            - i128::from(self.low[axis]);
        let step = self.base_dilation[axis] as i128;
        let index = usize::try_from(at / step).ok()?;
        (at >= 0 && at % step == 0 && index < extent).then_some(index)
    }
    /// For each window the positions of an array of `shape` at its places, in row-major order; `None` where none is.
    pub(super) fn positions(&self, shape: &Shape, windows: &Shape) -> Vec<Vec<Option<usize>>> {
        let mut all: Vec<Vec<Option<usize>>> = vec![vec![Some(0)]];
        let strides = shape.strides();
        for axis in 0..self.rank() {
            let mut longer = Vec::with_capacity(all.len() * windows.dim(axis));
            for places in &all {
                for o in 0..windows.dim(axis) {
                    let along: Vec<Option<usize>> = (0..self.dims[axis])
                        .map(|tap| self.source(axis, o, tap, shape.dim(axis)).map(|i| i * strides[axis]))
                        .collect();
                    let joined = places.iter().flat_map(|p| along.iter().map(move |q| Some((*p)? + (*q)?)));
                    longer.push(joined.collect());
                }
            }
            all = longer;
        }
        all
    }
    /// The windows that the elements of `x` see: window `o` meets element `i` at place `k` where
    /// `b·i + p = s·o + w·k`; solved for `o` these are windows over what the first ones gave.
    pub fn transposed(&self, x: &Shape, windows: &Shape) -> Window {
        let amount =
            |n: i128| i64::try_from(n).expect("internal: an amount of padding between existing arrays");
        let mut window = Window {
            strides: self.base_dilation.clone(),
            base_dilation: self.strides.clone(),
            low: Amounts::new(),
            high: Amounts::new(),
            ..self.clone()
        };
        for axis in 0..self.rank() {
            let taps = dilated(self.dims[axis], self.window_dilation[axis]);
            let low = taps - 1 - i128::from(self.low[axis]);
            let own = dilated(windows.dim(axis), self.strides[axis]);
            let needed = dilated(x.dim(axis), self.base_dilation[axis]) + taps - 1;
            window.low.push(amount(low));
            window.high.push(amount(needed - own - low));
        }
        window
    }
    /// The elements of every window along a new leading axis, `fill` where none stands.
    pub(super) fn stacked(&self, x: Val, fill: Val, windows: &Shape) -> Val {
        let interior: Dims = self.base_dilation.iter().map(|b| b - 1).collect();
        let padded = x.pad(fill, &self.low, &self.high, &interior);
        let places = Shape::from(&self.dims[..]);
        let strides = places.strides();
        let parts: Vec<Val> = (0..places.size())
            .map(|place| {
                let start =
                    |axis: usize| place / strides[axis] % places.dim(axis) * self.window_dilation[axis];
                let starts: Dims = (0..self.rank()).map(start).collect();
                let limit = |axis: usize| starts[axis] + (windows.dim(axis) - 1) * self.strides[axis] + 1;
                let limits: Dims = (0..self.rank()).map(limit).collect();
                padded.slice(&starts, &limits, &self.strides).expand_dims(0)
            })
            .collect();
        Val::concatenate(&parts, 0)
    }
    pub(super) fn attributes(&self) -> Attributes {
        Attributes::new()
            .with("window_dimensions", self.dims.clone())
            .with("window_strides", self.strides.clone())
            .with("padding", padding_rows(&self.low, &self.high))
            .with("base_dilations", self.base_dilation.clone())
            .with("window_dilations", self.window_dilation.clone())
    }
    pub(super) fn take(all: &mut Attributes) -> Result<Window, String> {
        let (dims, strides) = (all.take("window_dimensions")?, all.take("window_strides")?);
        let (low, high) = take_padding(all)?;
        let (base_dilation, window_dilation) = (all.take("base_dilations")?, all.take("window_dilations")?);
        Ok(Window { dims, strides, low, high, base_dilation, window_dilation })
    }
}

/// Operands that all have the leading axis.
pub(super) fn everywhere(args: &[Val], mapped: &[bool], lanes: Lanes) -> crate::trace::Vals {
    let spread = |(x, mapped): (&Val, &bool)| if *mapped { *x } else { x.repeat_leading(lanes.size) };
    args.iter().zip(mapped).map(spread).collect()
}
