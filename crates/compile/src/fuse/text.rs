//! Units of work as text, below the graph that they are made of.

use super::{Group, Placement, Roots, Unit};
use crate::graph::{Graph, Id};
use std::fmt::{Display, Formatter, Result, Write};

/// The graph, with a star at each node that stands in memory, then the units in order.
pub(crate) fn describe(graph: &Graph, roots: &Roots, units: &[Unit]) -> String {
    struct Marked<'m>(&'m Graph, &'m Roots);
    impl Display for Marked<'_> {
        fn fmt(&self, f: &mut Formatter<'_>) -> Result {
            let stored = |id: Id| if self.1.stored[id.index()] { "  *" } else { "" };
            self.0.write(f, 0, &|id| stored(id).to_string())
        }
    }
    let mut text = Marked(graph, roots).to_string();
    for unit in units {
        let _ = writeln!(text, "{unit}");
    }
    text
}

impl Display for Unit {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Unit::Group(group) => group.fmt(f),
            Unit::Base(id) => write!(f, "base of {id}"),
            Unit::SliceUpdate { whole, update } => write!(f, "update {update} of {whole}"),
            Unit::Scatter(id) => write!(f, "scatter {id}"),
            Unit::Cumulate(id) => write!(f, "cumulate {id}"),
            Unit::Routine(id) => write!(f, "routine {id}"),
            Unit::Loop(id) => write!(f, "loop {id}"),
            Unit::SmallLoop(id) => write!(f, "small loop {id}"),
        }
    }
}

impl Display for Group {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "group over {:?}", self.space.dims)?;
        if self.space.has_reduced() {
            write!(f, " reduced {:?}", self.space.reduced)?;
        }
        for member in &self.members {
            let place = match member.placement {
                Placement::Full => "",
                Placement::Reduced => " per row, reduced",
                Placement::Row => " per row",
            };
            write!(f, ", {}{place}", member.id)?;
        }
        Ok(())
    }
}
