//! The verifier of schedules: what all `unsafe` of `runtime` appeals to, checked without asking how it was planned.
//!
//! It walks the entries and keeps, for every byte that a value has, which value it holds:
//!
//! 1. what an entry reads is there in full, written before or a parameter or constant;
//! 2. what an entry writes overlaps nothing that it reads, but an operand read only at the element that is written;
//! 3. nothing is written over a constant, or over a parameter that was not donated;
//! 4. every slice lies within its memory, and a workspace overlaps nothing that is alive;
//! 5. of two entries without a barrier between them, none writes what the other touches;
//! 6. in the end every result is there.

use super::barriers::{Span, span, touch, workspace};
use super::buffers::{ALIGNMENT, Base, MemoryUse, Plan};
use crate::graph::{Graph, Id};
use crate::runtime::Output;

/// Checks a plan; `entries` are the uses of memory in order, each with whether it waits for all before it.
///
/// # Errors
/// Which entry breaks which rule, with the bytes.
pub(super) fn verify(
    graph: &Graph,
    plan: &Plan,
    entries: &[(&MemoryUse, bool)],
    replaced: &[(usize, usize)],
) -> Result<(), String> {
    let mut memory = Memory { graph, plan, replaced, held: vec![], workspace: None };
    memory.add_sources();
    let mut since_barrier: Vec<Touched> = vec![];
    for (number, (entry, barrier)) in entries.iter().enumerate() {
        let outcome = memory.step(number, entry);
        outcome.map_err(|broken| format!("entry {number}: {broken}"))?;
        if *barrier {
            since_barrier.clear();
        }
        let touched = memory.touched(number, entry);
        for before in &since_barrier {
            touched.conflict(before).map_or(Ok(()), |bytes| {
                Err(format!(
                    "entry {number}: no barrier parts it from entry {}, though both touch {bytes:?}",
                    before.number
                ))
            })?;
        }
        since_barrier.push(touched);
    }
    let missing = graph.results.iter().find(|id| !memory.holds(**id));
    missing.map_or(Ok(()), |id| Err(format!("result {id} is not there at the end")))
}

/// The bytes that an entry touches.
struct Touched {
    number: usize,
    reads: Vec<Span>,
    writes: Vec<Span>,
}

impl Touched {
    /// Bytes that one writes and the other touches.
    fn conflict(&self, before: &Touched) -> Option<Span> {
        let of = |writes: &[Span], others: &[Span]| {
            writes.iter().find(|write| others.iter().any(|other| touch(write, other))).copied()
        };
        of(&self.writes, &before.reads)
            .or_else(|| of(&self.writes, &before.writes))
            .or_else(|| of(&before.writes, &self.reads))
    }
}

/// What memory holds at one moment.
struct Memory<'m> {
    graph: &'m Graph,
    plan: &'m Plan,
    replaced: &'m [(usize, usize)],
    /// Values whose bytes are there, none overlapping another.
    held: Vec<(Span, Id)>,
    workspace: Option<Span>,
}

impl Memory<'_> {
    fn span(&self, id: Id) -> Option<Span> {
        span(self.graph, self.plan, id).filter(|(_, start, end)| start < end)
    }

    /// Parameters and constants are there before the first entry.
    fn add_sources(&mut self) {
        let sources = self.graph.ids().filter(|id| self.graph.node(*id).kind.is_source());
        self.held = sources.filter_map(|id| Some((self.span(id)?, id))).collect();
    }

    fn holds(&self, id: Id) -> bool {
        match self.span(id) {
            Some(span) => self.held.contains(&(span, id)),
            None => true,
        }
    }

    fn step(&mut self, number: usize, entry: &MemoryUse) -> Result<(), String> {
        for &id in &entry.reads {
            if !self.holds(id) {
                return Err(format!("it reads {id}, which is not at {:?}", self.plan.slices.get(&id)));
            }
        }
        self.check_workspace(number, entry)?;
        for &id in &entry.writes {
            let Some(span) = self.span(id) else { continue };
            self.check_place(id, span)?;
            for &read in &entry.reads {
                let Some(of_read) = self.span(read).filter(|of_read| touch(of_read, &span)) else { continue };
                let in_place = of_read == span
                    && (entry.same_element.contains(&read) || entry.replaces.contains(&(read, id)));
                if !in_place && read != id {
                    return Err(format!("it writes {id} over {read}, which it reads: {span:?}, {of_read:?}"));
                }
            }
            let other = entry
                .writes
                .iter()
                .find(|other| **other != id && self.span(**other).is_some_and(|other| touch(&other, &span)));
            if let Some(other) = other {
                return Err(format!("it writes {id} and {other} to the same bytes: {span:?}"));
            }
            self.held.retain(|(held, _)| !touch(held, &span));
            self.held.push((span, id));
        }
        Ok(())
    }

    /// Is the value's place one that may be written, and within its memory?
    fn check_place(&self, id: Id, span: Span) -> Result<(), String> {
        let (base, start, end) = span;
        if start % ALIGNMENT != 0 {
            return Err(format!("{id} is not aligned: {span:?}"));
        }
        match base {
            Base::Constant(_) => Err(format!("it writes {id} over a constant")),
            Base::Scratch => Err(format!("{id} stands in memory of one thread")),
            Base::Arena if end > self.plan.arena_bytes => {
                Err(format!("{id} lies outside of the arena: {span:?}"))
            }
            Base::Arena => Ok(()),
            Base::Param(k) => {
                let is_donated = self.plan.in_place.iter().enumerate().any(|(written, param)| {
                    let replaces = |(result, param): &(usize, usize)| {
                        *param == k && self.plan.outputs[*result] == Output::Written(written)
                    };
                    *param == Some(k)
                        && self.plan.written[written] == id
                        && self.replaced.iter().any(replaces)
                });
                is_donated
                    .then_some(())
                    .ok_or_else(|| format!("it writes {id} over parameter {k}, which is not donated"))
            }
            Base::Result(k) => {
                let room = self.plan.written_types[k].size_bytes();
                if end > room { Err(format!("{id} lies outside of result {k}: {span:?}")) } else { Ok(()) }
            }
        }
    }

    fn check_workspace(&mut self, number: usize, entry: &MemoryUse) -> Result<(), String> {
        self.workspace = workspace(self.plan, number, entry);
        let Some(span) = self.workspace else { return Ok(()) };
        if span.2 > self.plan.arena_bytes {
            return Err(format!("its workspace lies outside of the arena: {span:?}"));
        }
        let touched = entry.reads.iter().chain(&entry.writes);
        let mut overlaps = touched.filter(|id| self.span(**id).is_some_and(|other| touch(&other, &span)));
        if let Some(id) = overlaps.next() {
            return Err(format!("its workspace overlaps {id}, which it touches: {span:?}"));
        }
        self.held.retain(|(held, _)| !touch(held, &span));
        Ok(())
    }

    fn touched(&self, number: usize, entry: &MemoryUse) -> Touched {
        let spans = |ids: &[Id]| ids.iter().filter_map(|id| self.span(*id)).collect::<Vec<Span>>();
        let mut writes = spans(&entry.writes);
        writes.extend(self.workspace);
        Touched { number, reads: spans(&entry.reads), writes }
    }
}

#[cfg(test)]
mod tests {
    use super::super::barriers;
    use super::super::buffers::{BufferSlice, plan};
    use super::*;
    use crate::lower::lower;
    use gradus_ir::text::parse;

    /// Three products in turn; the uses of memory as a schedule states them.
    const CHAIN: &str = "fn(%x: f32[32,32]) {
      %a: f32[32,32] = dot_general(%x, %x) {contracting = [[1], [0]], batch = [[], []]}
      %b: f32[32,32] = dot_general(%a, %x) {contracting = [[1], [0]], batch = [[], []]}
      %c: f32[32,32] = dot_general(%b, %a) {contracting = [[1], [0]], batch = [[], []]}
      return %c
    }";

    struct Planned {
        graph: Graph,
        uses: Vec<MemoryUse>,
        plan: Plan,
        barriers: Vec<bool>,
    }

    fn planned(replaced: &[(usize, usize)]) -> Planned {
        let graph = lower(&parse(CHAIN).unwrap()).unwrap();
        let steps = graph.ids().filter(|id| !graph.node(*id).kind.is_source());
        let uses: Vec<MemoryUse> = steps
            .map(|id| MemoryUse {
                reads: graph.node(id).args.to_vec(),
                writes: vec![id],
                ..MemoryUse::default()
            })
            .collect();
        let plan = plan(&graph, &uses, replaced);
        let barriers = barriers::place(&graph, &plan, &uses, &vec![false; uses.len()]);
        Planned { graph, uses, plan, barriers }
    }

    impl Planned {
        fn verified(&self, replaced: &[(usize, usize)]) -> Result<(), String> {
            let entries: Vec<_> = self.uses.iter().zip(self.barriers.iter().copied()).collect();
            verify(&self.graph, &self.plan, &entries, replaced)
        }
        fn refused(&self, message: &str) {
            let error = self.verified(&[]).expect_err("a broken plan");
            assert!(error.contains(message), "{error}");
        }
        /// Puts what entry `k` writes elsewhere.
        fn moved(&mut self, k: usize, base: Base, offset: usize) {
            self.plan.slices.insert(self.uses[k].writes[0], BufferSlice { base, offset });
        }
    }

    #[test]
    fn what_the_planner_makes_holds() {
        planned(&[]).verified(&[]).unwrap();
        planned(&[(0, 0)]).verified(&[(0, 0)]).unwrap();
    }

    #[test]
    fn a_planner_that_is_broken_on_purpose_is_found() {
        // The second product over the first, which it and the third read.
        let mut broken = planned(&[]);
        broken.moved(1, Base::Arena, broken.plan.slice(broken.uses[0].writes[0]).offset);
        broken.refused("which it reads");
        // Half over it: read in the next entry.
        let mut broken = planned(&[]);
        broken.moved(1, Base::Arena, broken.plan.slice(broken.uses[0].writes[0]).offset + 2048);
        broken.refused("which it reads");
        let mut broken = planned(&[]);
        broken.moved(0, Base::Param(0), 0);
        broken.refused("over parameter 0, which is not donated");
        let mut broken = planned(&[]);
        broken.moved(1, Base::Constant(0), 0);
        broken.refused("over a constant");
        let mut broken = planned(&[]);
        broken.moved(1, Base::Arena, broken.plan.arena_bytes);
        broken.refused("outside of the arena");
        let mut broken = planned(&[]);
        broken.moved(1, Base::Arena, 4);
        broken.refused("not aligned");
        let mut broken = planned(&[]);
        broken.barriers[2] = false;
        broken.refused("no barrier parts it");
        let mut broken = planned(&[]);
        broken.uses.remove(1);
        broken.plan.workspaces.remove(1);
        broken.barriers.remove(1);
        broken.refused("which is not at");
        let mut broken = planned(&[]);
        broken.uses.pop();
        broken.refused("is not there at the end");
        let mut broken = planned(&[]);
        broken.uses[1].workspace = 64;
        broken.refused("its workspace overlaps");
    }
}
