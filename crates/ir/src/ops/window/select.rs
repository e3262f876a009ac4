//! The element that a window selects: how the gradient of a largest or smallest element flows, both ways.

use super::Window;
use super::geometry::{ENTRIES, PADDING, POSITIVE};
use crate::ops::{Attribute, Attributes, Infer};
use crate::{Array, ErrorKind, Numbers, Shape, Type};

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
        match x.numbers() {
            Numbers::Floats(all) => self.best(positions, &all),
            Numbers::Integers(all) => self.best(positions, &all),
            Numbers::Complex(_) => unreachable!("internal: an order of complex numbers"),
        }
    }
    fn best<T: PartialOrd>(self, windows: Vec<Vec<Option<usize>>>, all: &[T]) -> Vec<Option<usize>> {
        let keeps = |held: usize, other: usize| match self {
            Select::Ge => all[held] >= all[other],
            Select::Le => all[held] <= all[other],
        };
        let best = |places: Vec<Option<usize>>| {
            places.into_iter().flatten().reduce(|held, p| if keeps(held, p) { held } else { p })
        };
        windows.into_iter().map(best).collect()
    }
    pub(super) fn evaluate_gather(self, window: &Window, tangents: &Array, operand: &Array) -> Array {
        let shape = window.result_shape(1, operand.ty()).expect("internal: operands are checked");
        let selected = self.selected(window, operand, &shape);
        tangents.take_or(&Array::zeros(Type::scalar(tangents.dtype())), &shape, &selected)
    }
    pub(super) fn evaluate_scatter(self, window: &Window, source: &Array, operand: &Array) -> Array {
        let selected = self.selected(window, operand, &source.ty().shape);
        let ty = source.ty().with_shape(operand.ty().shape.clone());
        let size = ty.shape.size();
        match source.numbers() {
            Numbers::Floats(all) => {
                let mut totals = vec![0.0; size];
                all.iter().zip(selected).filter_map(|(x, p)| Some((x, p?))).for_each(|(x, p)| totals[p] += x);
                Array::from_f64(&ty, totals)
            }
            Numbers::Integers(all) => {
                let mut totals = vec![0i128; size];
                for (x, p) in all.into_iter().zip(selected).filter_map(|(x, p)| Some((x, p?))) {
                    totals[p] = totals[p].wrapping_add(x);
                }
                Array::from_integers(&ty, totals)
            }
            Numbers::Complex(_) => unreachable!("internal: an order of complex numbers"),
        }
    }
}
