//! Schedules as text: an entry a line with the slices that it reads and writes, lists inside of loops indented.

use super::buffers::{Base, BufferSlice};
use super::{Schedule, Work};
use crate::graph::Id;
use crate::kernels::Param;
use std::fmt::{Display, Formatter, Result};

impl Display for Base {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Base::Arena => f.write_str("arena"),
            Base::Scratch => f.write_str("scratch"),
            Base::Param(k) => write!(f, "param {k}"),
            Base::Result(k) => write!(f, "result {k}"),
            Base::Constant(k) => write!(f, "constant {k}"),
        }
    }
}

impl Display for BufferSlice {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.offset {
            0 if self.base != Base::Arena => write!(f, "{}", self.base),
            offset => write!(f, "{}+{offset}", self.base),
        }
    }
}

impl Display for Schedule<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.write(f, 0)
    }
}

impl Schedule<'_> {
    fn write(&self, f: &mut Formatter<'_>, depth: usize) -> Result {
        let indent = 2 * depth;
        for entry in &self.entries {
            if entry.barrier {
                writeln!(f, "{:indent$}barrier", "")?;
            }
            write!(f, "{:indent$}{}", "", self.headline(&entry.work))?;
            write!(f, " reads [{}]", self.list(&entry.memory.reads))?;
            writeln!(f, " writes [{}]", self.list(&entry.memory.writes))?;
            if let Work::Loop { inside, .. } = &entry.work {
                for list in inside {
                    writeln!(f, "{:indent$}  list:", "")?;
                    list.write(f, depth + 2)?;
                }
            }
        }
        for (k, donated) in self.plan.in_place.iter().enumerate() {
            if let Some(param) = donated {
                writeln!(f, "{:indent$}result {k} in place of param {param}", "")?;
            }
        }
        writeln!(f, "{:indent$}arena {} bytes, outputs {:?}", "", self.plan.arena_bytes, self.plan.outputs)
    }

    fn headline(&self, work: &Work<'_>) -> String {
        match work {
            Work::Kernel { nest, number } => {
                let scratch = nest.params.iter().filter(|param| matches!(param, Param::Scratch(_))).count();
                let rows = if scratch > 0 { format!(", {scratch} scratch rows") } else { String::new() };
                format!("kernel {number} over {}{rows}", nest.extent)
            }
            Work::Routine(id) => format!("{} {id}", self.graph.name(*id)),
            Work::Loop { id, .. } => format!("{} {id}", self.graph.control_flow(*id).describe()),
            Work::Copy { .. } => "copy".into(),
        }
    }

    fn list(&self, ids: &[Id]) -> String {
        let at = |id: &Id| match self.plan.slices.get(id) {
            Some(slice) => format!("{id} at {slice}"),
            None => format!("{id} nowhere"),
        };
        ids.iter().map(at).collect::<Vec<_>>().join(", ")
    }
}
