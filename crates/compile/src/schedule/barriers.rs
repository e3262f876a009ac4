//! Where threads wait for each other: before an entry that touches what another has touched since the last wait.

use super::buffers::{Base, MemoryUse, Plan};
use crate::graph::{Graph, Id};

/// So many bytes of one memory: its base, the first, and the one behind the last.
pub(super) type Span = (Base, usize, usize);

/// More spans than this are not compared: it waits.
const MOST_SPANS: usize = 256;

/// Where a value stands; none if it has no bytes. A donated parameter and its new value may share bytes.
pub(super) fn span(graph: &Graph, plan: &Plan, id: Id) -> Option<Span> {
    let slice = plan.slices.get(&id)?;
    let base = match slice.base {
        Base::Result(k) => plan.in_place[k].map_or(slice.base, Base::Param),
        base => base,
    };
    Some((base, slice.offset, slice.offset + graph.ty(id).size_bytes()))
}

/// Do they have a byte in common?
pub(super) fn touch(a: &Span, b: &Span) -> bool {
    a.0 == b.0 && a.1 < b.2 && b.1 < a.2
}

/// For each entry whether it waits; those that are `ordered` do in any case.
pub(super) fn place(graph: &Graph, plan: &Plan, uses: &[MemoryUse], ordered: &[bool]) -> Vec<bool> {
    let (mut read, mut written): (Vec<Span>, Vec<Span>) = (vec![], vec![]);
    let mut barriers = vec![];
    for (number, memory) in uses.iter().enumerate() {
        let spans = |ids: &[Id]| ids.iter().filter_map(|id| span(graph, plan, *id)).collect::<Vec<Span>>();
        let (reads, writes) = (spans(&memory.reads), spans(&memory.writes));
        let conflict = reads.iter().any(|r| written.iter().any(|w| touch(r, w)))
            || writes.iter().any(|w| read.iter().chain(&written).any(|other| touch(w, other)));
        let waits = conflict || ordered[number] || read.len() + written.len() > MOST_SPANS;
        if waits {
            read.clear();
            written.clear();
        }
        barriers.push(waits);
        read.extend(reads);
        written.extend(writes);
    }
    barriers
}
