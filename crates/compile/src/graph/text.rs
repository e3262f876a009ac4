//! Graphs as text: a line for each node, Programs inside indented below theirs.

use super::{Graph, Id, Join, Kind};
use gradus_ir::Dims;
use std::fmt::{Display, Formatter, Result};

impl Display for Id {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "%{}", self.index())
    }
}

impl Display for Graph {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.write(f, 0, &|_| String::new())
    }
}

impl Graph {
    /// Writes a line for each node, with what `note` says of it behind it.
    pub(crate) fn write(&self, f: &mut Formatter<'_>, depth: usize, note: &dyn Fn(Id) -> String) -> Result {
        let indent = 2 * depth;
        for id in self.ids() {
            let node = self.node(id);
            let args: Vec<String> = node.args.iter().map(Id::to_string).collect();
            write!(f, "{:indent$}{id}: {} = {}({})", "", node.ty, node.kind.name(), args.join(", "))?;
            let attributes = attributes(&node.kind);
            if !attributes.is_empty() {
                write!(f, " {{{attributes}}}")?;
            }
            writeln!(f, "{}", note(id))?;
            self.write_inside(f, &node.kind, depth + 1)?;
        }
        let results: Vec<String> = self.results.iter().map(Id::to_string).collect();
        writeln!(f, "{:indent$}return {}", "", results.join(", "))
    }

    fn write_inside(&self, f: &mut Formatter<'_>, kind: &Kind, depth: usize) -> Result {
        let inside: Vec<&Graph> = match kind {
            Kind::ControlFlow(inner) => inner.graphs(),
            Kind::Fold { body, .. } | Kind::Cumulate { body, .. } => vec![body],
            Kind::Scatter { join: Join::Body(body), .. } => vec![body],
            _ => vec![],
        };
        inside.into_iter().try_for_each(|graph| graph.write(f, depth, &|_| String::new()))
    }
}

fn list(dims: &Dims) -> String {
    format!("{dims:?}")
}

/// What distinguishes nodes of one name.
fn attributes(kind: &Kind) -> String {
    match kind {
        Kind::Param(k) => format!("{k}"),
        Kind::Constant(_) => "data".into(),
        Kind::Splat(bits) => format!("bits = {bits:#x}"),
        Kind::Elementwise { result: 0, .. } => String::new(),
        Kind::Elementwise { result, .. } => format!("result = {result}"),
        Kind::Iota { axis } => format!("axis = {axis}"),
        Kind::Broadcast { dims } => format!("dims = {}", list(dims)),
        Kind::Transpose { axes } | Kind::Reverse { axes } => format!("axes = {}", list(axes)),
        Kind::Slice { starts, strides } => format!("starts = {}, strides = {}", list(starts), list(strides)),
        Kind::Gather(windows) => format!("sizes = {}", list(&windows.sizes)),
        Kind::Reduce { axes, combine } => format!("{combine:?} over {}", list(axes)),
        Kind::Fold { axes, result, .. } => format!("over {}, result = {result}", list(axes)),
        Kind::Patches { taps, strides } => {
            let taps: Vec<String> =
                taps.iter().map(|tap| format!("{} by {}", tap.axis, tap.dilation)).collect();
            format!("taps = [{}], strides = {}", taps.join(", "), list(strides))
        }
        Kind::Cumulate { reverse, .. } => if *reverse { "reverse" } else { "" }.into(),
        Kind::Contract(dims) => {
            format!("contracting = {} x {}", list(&dims.lhs_contract), list(&dims.rhs_contract))
        }
        Kind::UpdateSlices { based, updates } => {
            let base = if *based { "based, " } else { "" };
            let at = |update: &super::SliceUpdate| match update.dynamic {
                Some(first) => format!("computed from operand {first}"),
                None => format!("{} by {}", list(&update.starts), list(&update.strides)),
            };
            format!("{base}at {}", updates.iter().map(at).collect::<Vec<_>>().join("; "))
        }
        Kind::Scatter { join, .. } => match join {
            Join::Overwrite => "overwrite".into(),
            Join::Combine(combine) => format!("{combine:?}"),
            Join::Body(_) => "body".into(),
        },
        Kind::ControlFlow(inner) => inner.describe(),
        Kind::Reshape
        | Kind::DynamicSlice
        | Kind::ArgminCandidate
        | Kind::Routine(_)
        | Kind::TupleElement => String::new(),
    }
}
