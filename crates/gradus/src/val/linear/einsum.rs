//! Einstein's summation: any specification, over the one contraction of the IR.
//!
//! An operand first gives up what concerns it alone (repeated labels become diagonals, labels that nothing
//! else names are summed), then two operands at a time are contracted: labels of both that are still needed
//! are batch axes, labels of both that are not are summed. Several operands are contracted in the order of fewest
//! multiplications: by trying all orders of up to six, else the cheapest pair first.

use crate::val::promote::promote_all;
use crate::val::{Val, strict};
use crate::{ErrorKind, Shape};
use gradus_ir::ops::contract::DotDims;
use gradus_ir::{Dims, Val as Strict};

/// The name of an axis: a letter, or an axis of the ellipsis counted from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Label {
    Letter(char),
    Ellipsis(usize),
}

/// A value whose axes have labels, each at most once.
#[derive(Clone)]
struct Term {
    v: Strict,
    labels: Vec<Label>,
}

impl Term {
    fn extent(&self, label: Label) -> Option<usize> {
        Some(self.v.shape().dim(self.axis(label)?))
    }
    fn axis(&self, label: Label) -> Option<usize> {
        self.labels.iter().position(|l| *l == label)
    }
}

/// Sums and products of the operands by labels of their axes, as NumPy's `einsum`.
///
/// `"ij,jk->ik"` is the product of matrices, `"ii->i"` a diagonal, `"bqhd,bkhd->bhqk"` the scores of an attention;
/// `...` stands for axes that broadcast; without `->` the result has the labels that occur once, in the order
/// of the alphabet.
///
/// ```
/// use gradus::{Array, Val, einsum, jit};
/// let f = jit(|x: &Val, y: &Val| einsum("ij,kj->ik", [x, y]));
/// let z = f(&Array::from([[1.0f32, 2.0]]), &Array::from([[3.0f32, 4.0], [5.0, 6.0]]))?;
/// assert_eq!(z, Array::from([[11.0f32, 17.0]]));
/// # Ok::<(), gradus::Error>(())
/// ```
#[track_caller]
pub fn einsum(spec: &str, operands: impl IntoIterator<Item = impl Into<Val>>) -> Val {
    let operands: Vec<Val> = operands.into_iter().map(Into::into).collect();
    Val::derive("einsum", &operands, |known| {
        let shapes: Vec<&Shape> = known.iter().map(|k| &k.ty.shape).collect();
        let spec = Spec::parse(spec, &shapes)?;
        let dtype = promote_all(known).dtype;
        let terms = operands
            .iter()
            .zip(&spec.inputs)
            .map(|(v, labels)| distinct(strict::convert_literal(*v, dtype), labels.clone()));
        let terms = stretch(terms.collect());
        Ok(Val::from_ir(contract_all(terms, &spec.output)))
    })
}

struct Spec {
    inputs: Vec<Vec<Label>>,
    output: Vec<Label>,
}

impl Spec {
    fn parse(text: &str, shapes: &[&Shape]) -> Result<Spec, ErrorKind> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let (inputs, output) = match text.split_once("->") {
            Some((inputs, output)) => (inputs, Some(output)),
            None => (text.as_str(), None),
        };
        let inputs: Vec<&str> = inputs.split(',').collect();
        if shapes.is_empty() || inputs.len() != shapes.len() {
            let message = format!(
                "`{text}` names {} operands, but there are {}; name each one",
                inputs.len(),
                shapes.len()
            );
            return Err(ErrorKind::invalid(message));
        }
        let labelled: Vec<Vec<Label>> = inputs
            .iter()
            .zip(shapes)
            .map(|(labels, shape)| labels_of(labels, Some(shape)))
            .collect::<Result<_, _>>()?;
        check_extents(&labelled, shapes)?;
        let widest = labelled.iter().flatten().filter_map(|l| match l {
            Label::Ellipsis(i) => Some(i + 1),
            Label::Letter(_) => None,
        });
        let widest = widest.max().unwrap_or(0);
        let output = match output {
            Some(output) => expand(labels_of(output, None)?, widest),
            None => implied(&labelled, widest),
        };
        for (i, label) in output.iter().enumerate() {
            if output[..i].contains(label) {
                let message = format!("the result names {} twice; name each axis once", shown(*label));
                return Err(ErrorKind::invalid(message));
            }
            if !labelled.iter().flatten().any(|l| l == label) {
                let message = format!(
                    "the result names {}, which no operand has; use labels of the operands",
                    shown(*label)
                );
                return Err(ErrorKind::invalid(message));
            }
        }
        Ok(Spec { inputs: labelled, output })
    }
}

fn shown(label: Label) -> String {
    match label {
        Label::Letter(c) => format!("`{c}`"),
        Label::Ellipsis(_) => "an axis of `...`".into(),
    }
}

/// Stands for the whole ellipsis of a result until its length is known.
const WHOLE: Label = Label::Ellipsis(usize::MAX);

/// The labels of one operand, `...` resolved by its rank; of the result, `...` as [`WHOLE`].
fn labels_of(text: &str, shape: Option<&Shape>) -> Result<Vec<Label>, ErrorKind> {
    let (before, after) = match text.split_once("...") {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    };
    let letters = |part: &str| -> Result<Vec<Label>, ErrorKind> {
        let label = |c: char| {
            let message =
                || format!("`{c}` is no label; use letters, `,`, `->` and one `...` for each operand");
            c.is_alphabetic().then_some(Label::Letter(c)).ok_or_else(|| ErrorKind::invalid(message()))
        };
        part.chars().map(label).collect()
    };
    let (mut labels, after_labels) = (letters(before)?, letters(after.unwrap_or(""))?);
    let named = labels.len() + after_labels.len();
    match shape {
        Some(shape) => {
            let rest = shape.rank().checked_sub(named).filter(|rest| after.is_some() || *rest == 0);
            let Some(rest) = rest else {
                let message =
                    format!("`{text}` has {named} labels for shape {shape}; label each axis, or use `...`");
                return Err(ErrorKind::invalid(message));
            };
            labels.extend((0..rest).rev().map(Label::Ellipsis));
        }
        None if after.is_some() => labels.push(WHOLE),
        None => {}
    }
    labels.extend(after_labels);
    Ok(labels)
}

fn expand(labels: Vec<Label>, widest: usize) -> Vec<Label> {
    let whole = || (0..widest).rev().map(Label::Ellipsis).collect::<Vec<_>>();
    labels.into_iter().flat_map(|l| if l == WHOLE { whole() } else { vec![l] }).collect()
}

/// Without `->`: the ellipsis, then the letters that occur once, in the order of the alphabet.
fn implied(inputs: &[Vec<Label>], widest: usize) -> Vec<Label> {
    let all: Vec<char> = inputs
        .iter()
        .flatten()
        .filter_map(|l| match l {
            Label::Letter(c) => Some(*c),
            Label::Ellipsis(_) => None,
        })
        .collect();
    let mut once: Vec<char> =
        all.iter().copied().filter(|c| all.iter().filter(|d| *d == c).count() == 1).collect();
    once.sort_unstable();
    (0..widest).rev().map(Label::Ellipsis).chain(once.into_iter().map(Label::Letter)).collect()
}

/// Equal labels have equal extents; axes of the ellipsis may be 1.
fn check_extents(inputs: &[Vec<Label>], shapes: &[&Shape]) -> Result<(), ErrorKind> {
    let mut seen: Vec<(Label, usize)> = vec![];
    for (labels, shape) in inputs.iter().zip(shapes) {
        for (axis, label) in labels.iter().enumerate() {
            let n = shape.dim(axis);
            let Some((_, m)) = seen.iter_mut().find(|(l, _)| l == label) else {
                seen.push((*label, n));
                continue;
            };
            match (*m, n) {
                (m, n) if m == n => {}
                (_, 1) => {}
                (1, n) => *m = n,
                (m, n) => {
                    let message = format!(
                        "{} stands for extents {m} and {n}; equal labels need equal extents",
                        shown(*label)
                    );
                    return Err(ErrorKind::invalid(message));
                }
            }
        }
    }
    Ok(())
}

/// Takes diagonals until no label is repeated.
#[track_caller]
fn distinct(v: Strict, mut labels: Vec<Label>) -> Term {
    let mut v = Val::from_ir(v);
    while let Some((first, second)) = repeated(&labels) {
        let label = labels[first];
        labels.remove(second);
        labels.remove(first);
        labels.push(label);
        v = v.moveaxis(second, -1).moveaxis(first, -1).last_diagonal(0);
    }
    Term { v: v.ir(), labels }
}
fn repeated(labels: &[Label]) -> Option<(usize, usize)> {
    (0..labels.len()).find_map(|i| {
        let j = (i + 1..labels.len()).find(|j| labels[*j] == labels[i])?;
        Some((i, j))
    })
}

/// Axes of extent 1 of a label that stands for more elsewhere are dropped: the contraction broadcasts.
#[track_caller]
fn stretch(terms: Vec<Term>) -> Vec<Term> {
    let widest = |label: Label| terms.iter().filter_map(|t| t.extent(label)).max().unwrap_or(1);
    let narrowed = |t: &Term| {
        let dims = t.v.shape().dims();
        let gone: Dims = (0..dims.len()).filter(|a| dims[*a] == 1 && widest(t.labels[*a]) > 1).collect();
        let labels =
            t.labels.iter().enumerate().filter(|(a, _)| !gone.contains(a)).map(|(_, l)| *l).collect();
        Term { v: t.v.squeeze(&gone), labels }
    };
    terms.iter().map(narrowed).collect()
}

#[track_caller]
fn contract_all(mut terms: Vec<Term>, output: &[Label]) -> Strict {
    while terms.len() > 1 {
        let (i, j) = cheapest(&terms, output);
        let (y, x) = (terms.remove(j), terms.remove(i));
        let needed: Vec<Label> =
            output.iter().copied().chain(terms.iter().flat_map(|t| t.labels.clone())).collect();
        terms.push(contract_pair(x, y, &needed));
    }
    let last = terms.pop().expect("internal: at least one operand");
    let last = summed(last, output);
    let order: Dims = output.iter().filter_map(|l| last.axis(*l)).collect();
    last.v.transpose(&order)
}

/// Up to this many operands all orders are tried.
const FEW: usize = 6;

/// The pair that is contracted first in the cheapest order, the earliest of equal ones.
fn cheapest(terms: &[Term], output: &[Label]) -> (usize, usize) {
    let extent = |label: Label| terms.iter().filter_map(|t| t.extent(label)).max().unwrap_or(1) as f64;
    let labels: Vec<Vec<Label>> = terms.iter().map(|t| t.labels.clone()).collect();
    cheapest_order(&labels, output, &extent).1
}

/// How many multiplications the contraction of all takes, and which pair comes first.
fn cheapest_order(
    terms: &[Vec<Label>],
    output: &[Label],
    extent: &dyn Fn(Label) -> f64,
) -> (f64, (usize, usize)) {
    let mut best = (f64::INFINITY, (0, 1));
    for i in 0..terms.len() {
        for j in i + 1..terms.len() {
            let others = || terms.iter().enumerate().filter(|(k, _)| *k != i && *k != j).map(|(_, t)| t);
            let own = terms[j].iter().filter(|l| !terms[i].contains(l));
            let both: Vec<Label> = terms[i].iter().chain(own).copied().collect();
            let size = |labels: &[Label]| labels.iter().map(|l| extent(*l)).product::<f64>();
            let needed = |l: &Label| output.contains(l) || others().any(|t| t.contains(l));
            let kept: Vec<Label> = both.iter().copied().filter(needed).collect();
            let mut cost = size(&both);
            if terms.len() > FEW {
                // What is left to contract decides among pairs as cheap.
                cost += size(&kept) * f64::EPSILON;
            } else if terms.len() > 2 {
                let rest: Vec<Vec<Label>> = others().cloned().chain([kept]).collect();
                cost += cheapest_order(&rest, output, extent).0;
            }
            if cost < best.0 {
                best = (cost, (i, j));
            }
        }
    }
    best
}

/// Sums the axes whose labels nobody needs.
#[track_caller]
fn summed(t: Term, needed: &[Label]) -> Term {
    let gone: Dims = (0..t.labels.len()).filter(|a| !needed.contains(&t.labels[*a])).collect();
    let labels = t.labels.iter().copied().filter(|l| needed.contains(l)).collect();
    Term { v: strict::sum(t.v, &gone), labels }
}

#[track_caller]
fn contract_pair(x: Term, y: Term, needed: &[Label]) -> Term {
    let of_both = |own: &Term, other: &Term| {
        let wanted: Vec<Label> = needed.iter().chain(&other.labels).copied().collect();
        summed(own.clone(), &wanted)
    };
    let (x, y) = (of_both(&x, &y), of_both(&y, &x));
    let mut batch = (vec![], vec![], vec![]);
    let mut over = (vec![], vec![]);
    for (i, label) in x.labels.iter().enumerate() {
        if let Some(j) = y.axis(*label) {
            if needed.contains(label) {
                batch.0.push(i);
                batch.1.push(j);
                batch.2.push(*label);
            } else {
                over.0.push(i);
                over.1.push(j);
            }
        }
    }
    let free = |t: &Term, other: &Term| {
        t.labels.iter().copied().filter(|l| other.axis(*l).is_none()).collect::<Vec<Label>>()
    };
    let labels = [batch.2, free(&x, &y), free(&y, &x)].concat();
    let dims = DotDims::contracting(&over.0, &over.1).batch(&batch.0, &batch.1);
    Term { v: x.v.dot_general(y.v, dims), labels }
}
