//! The element that a window selects: how the gradient of a largest or smallest element flows, both ways.

use super::Window;
use super::geometry::{ENTRIES, PADDING, POSITIVE};
use crate::ops::{Attribute, Attributes, Infer};
use crate::{Array, Element, ErrorKind, Shape, Type};

/// Which element of a window is selected: the first that compares so with all behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Select {
    /// The largest.
    Ge,
    /// The smallest.
    Le,
}

pub(super) const GATHER_SENTENCES: &[&str] = &[
    ENTRIES,
    POSITIVE,
    PADDING,
    "Both operands have the same shape.",
    "The first operand is of real numbers, not `bool`, and so is what selects.",
];
pub(super) const SCATTER_SENTENCES: &[&str] = &[
    ENTRIES,
    POSITIVE,
    PADDING,
    "The first operand has an element for each window of the second.",
    "The first operand is of real numbers, not `bool`, and so is what selects.",
];

fn numbers(x: &Type, operand: &Type) -> Result<(), ErrorKind> {
    if x.dtype == crate::Dtype::Bool || x.dtype.is_complex() || operand.dtype.is_complex() {
        let message =
            format!("adds integers and real floats, not {x} as {operand} selects; convert it first");
        return Err(ErrorKind::constraint(5, message));
    }
    Ok(())
}

pub(super) fn gathered(window: &Window, tangents: &Type, operand: &Type) -> Infer {
    let shape = window.result_shape(1, operand)?;
    if tangents.shape != operand.shape {
        let (lhs, rhs) = (tangents.shape.clone(), operand.shape.clone());
        let hint = "what is gathered lies where the operand lies";
        return Err(ErrorKind::ShapeMismatch { number: 4, lhs: lhs.into(), rhs: rhs.into(), hint });
    }
    numbers(tangents, operand)?;
    Ok(vec![tangents.with_shape(shape)])
}

pub(super) fn scattered(window: &Window, source: &Type, operand: &Type) -> Infer {
    let shape = window.result_shape(1, operand)?;
    if source.shape != shape {
        let (lhs, rhs) = (source.shape.clone(), shape);
        let hint = "there is one element to scatter for each window";
        return Err(ErrorKind::ShapeMismatch { number: 4, lhs: lhs.into(), rhs: rhs.into(), hint });
    }
    numbers(source, operand)?;
    Ok(vec![source.with_shape(operand.shape.clone())])
}

impl Select {
    /// The word of the attribute.
    pub(super) fn word(self) -> Attribute {
        Attribute::word(match self {
            Select::Ge => "ge",
            Select::Le => "le",
        })
    }
    pub(super) fn take(all: &mut Attributes) -> Result<Select, String> {
        let word: String = all.take("select")?;
        match &word[..] {
            "ge" => Ok(Select::Ge),
            "le" => Ok(Select::Le),
            _ => Err(format!("`{word}` selects nothing; it is `ge` or `le`")),
        }
    }
    /// For every window the position of the element selected; `None` if it has no elements.
    fn selected(self, window: &Window, x: &Array, windows: &Shape) -> Vec<Option<usize>> {
        let positions = window.positions(&x.ty().shape, windows);
        with_element!(x.dtype(), T => {
            let all: Vec<T> = x.elements().collect();
            let keeps = |held: T, other: T| {
                let (order, reversed) = if T::DTYPE.is_float() {
                    let (a, b) = (held.to_f64(), other.to_f64());
                    (a >= b, a <= b)
                } else {
                    let (a, b) = (held.to_i128(), other.to_i128());
                    (a >= b, a <= b)
                };
                match self { Select::Ge => order, Select::Le => reversed }
            };
            let best = |places: Vec<Option<usize>>| {
                places.into_iter().flatten().reduce(|held, p| if keeps(all[held], all[p]) { held } else { p })
            };
            positions.into_iter().map(best).collect()
        })
    }
    pub(super) fn evaluate_gather(self, window: &Window, tangents: &Array, operand: &Array) -> Array {
        let shape = window.result_shape(1, operand.ty()).expect("internal: operands are checked");
        let selected = self.selected(window, operand, &shape);
        with_element!(tangents.dtype(), T => {
            let all: Vec<T> = tangents.elements().collect();
            Array::collect(shape, selected.into_iter().map(|p| p.map_or(T::default(), |p| all[p])))
        })
    }
    pub(super) fn evaluate_scatter(self, window: &Window, source: &Array, operand: &Array) -> Array {
        let selected = self.selected(window, operand, &source.ty().shape);
        let shape = operand.ty().shape.clone();
        with_element!(source.dtype(), T => {
            if T::DTYPE.is_float() {
                let mut totals = vec![0.0; shape.size()];
                for (x, p) in source.elements::<T>().zip(selected).filter_map(|(x, p)| Some((x, p?))) {
                    totals[p] += x.to_f64();
                }
                return Array::collect(shape, totals.into_iter().map(T::from_f64));
            }
            let mut totals = vec![0i128; shape.size()];
            for (x, p) in source.elements::<T>().zip(selected).filter_map(|(x, p)| Some((x, p?))) {
                totals[p] = totals[p].wrapping_add(x.to_i128());
            }
            Array::collect(shape, totals.into_iter().map(T::from_i128))
        })
    }
}
