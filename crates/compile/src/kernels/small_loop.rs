//! A small loop or choice as one kernel: every element of a carried value is a value of the kernel's own loop.
//!
//! What varies is in registers; large constants and stacked rows are read from memory, stacked results are written to
//! it. The Programs inside are written out element by element, in order of definition.

use super::nest::{LoopNest, Needed, Param};
use crate::elements::{Emitter, Part, Position, scaled};
use crate::fuse::MOST_ELEMENTS;
use crate::graph::{ControlFlow, Graph, Id, Kind, Scan, TripCount, While};
use gradus_ir::{Array, Shape};
use gradus_kernel::{Access, BufferId, Builder, Index, Scalar, Value};
use smallvec::SmallVec;

/// All elements of a value, in row-major order.
type Elements = SmallVec<[Value; 4]>;

/// What a parameter of a Program inside is.
#[derive(Clone, Debug)]
enum Arg {
    Memory(BufferId),
    Elements(Elements),
}

/// Where the stacked results of a scan go: a buffer for each.
type Targets<'t> = Option<&'t [Option<BufferId>]>;

/// The kernel of the small loop or choice `id`.
pub(super) fn build(needed: &Needed<'_>, id: Id) -> LoopNest {
    let graph = needed.graph;
    let inner = graph.control_flow(id);
    let mut e = Emitter::new(graph, needed.stored);
    let mut b = Builder::new();
    let targets: Vec<Option<BufferId>> = graph
        .elements_of(id)
        .map(|part| (size(graph, part) > 0).then(|| e.add_buffer(&mut b, part, Access::Write)))
        .collect();
    let [lower, upper] = b.range();
    b.serial(lower, upper, |b, _| {
        e.scoped(|e| {
            let results = run(e, b, id, Some(&targets));
            for (target, elements) in targets.iter().zip(&results) {
                for (k, &value) in elements.iter().enumerate() {
                    b.store(target.expect("internal: a buffer for what has elements"), k as i64, value);
                }
            }
        });
    });
    let params: Vec<Param> =
        e.buffers.iter().map(|held| Param::Value(held.expect("internal: no scratch"))).collect();
    let operations = inner.graphs().into_iter().map(|graph| graph.len() as u64).sum::<u64>();
    LoopNest {
        kernel: b.finish(),
        params,
        extent: 1,
        grain: 1,
        // One element of a lane takes as long as a whole vector.
        cost: inner.trips().saturating_mul(8 * operations),
        same_element: vec![],
        writes: graph.written_elements_of(id),
        is_loop: true,
    }
}

fn size(graph: &Graph, id: Id) -> usize {
    graph.ty(id).shape.size()
}

/// The position of element number `k`.
fn element_position(shape: &Shape, mut k: usize) -> Position {
    let mut reversed: Position = Position::new();
    for extent in shape.dims().into_iter().rev() {
        reversed.push(Part::one(Index::constant((k % extent) as i64)));
        k /= extent;
    }
    reversed.into_iter().rev().collect()
}

fn elements(e: &mut Emitter<'_>, b: &mut Builder, id: Id) -> Elements {
    let shape = e.graph().ty(id).shape.clone();
    (0..shape.size()).map(|k| e.emit(b, id, &element_position(&shape, k))).collect()
}

fn argument(e: &mut Emitter<'_>, b: &mut Builder, id: Id) -> Arg {
    match size(e.graph(), id) {
        0..=MOST_ELEMENTS => Arg::Elements(elements(e, b, id)),
        _ => Arg::Memory(e.buffer_for(b, id)),
    }
}

/// The values of the loop or choice `id` in the graph of `e`. Stacked results go to `targets` if there are any (their
/// elements are missing then), else the loop is written out.
fn run(e: &mut Emitter<'_>, b: &mut Builder, id: Id, targets: Targets<'_>) -> Vec<Elements> {
    let graph = e.graph();
    let args = &graph.node(id).args;
    match graph.control_flow(id) {
        ControlFlow::Scan(scan) => run_scan(e, b, scan, args, targets),
        ControlFlow::While(inner) => run_while(e, b, inner, args),
        ControlFlow::Cond(branches) => run_cond(e, b, branches, args),
    }
}

fn run_scan(
    e: &mut Emitter<'_>,
    b: &mut Builder,
    scan: &Scan<Graph>,
    args: &[Id],
    targets: Targets<'_>,
) -> Vec<Elements> {
    let (consts, rest) = args.split_at(scan.num_consts);
    let (init, rows) = rest.split_at(scan.num_carry);
    let consts: Vec<Arg> = consts.iter().map(|&arg| argument(e, b, arg)).collect();
    let init: Vec<Elements> = init.iter().map(|&arg| elements(e, b, arg)).collect();
    let num_ys = scan.body.results.len() - scan.num_carry;
    let all_in_memory = |e: &Emitter<'_>| rows.iter().all(|&row| e.stands_in_memory(row));
    if targets.is_none() && (num_ys > 0 || !all_in_memory(e)) {
        return write_out(e, b, scan, &consts, init, rows);
    }
    let lengths: Vec<usize> = init.iter().map(|elements| elements.len()).collect();
    let flat: Vec<Value> = init.into_iter().flatten().collect();
    let last = known(scan) as i64 - 1;
    let results = b.carry(0, last + 1, &flat, |b, variable, carried| {
        e.ranges.set(variable, 0, last.max(0));
        let row = match scan.reverse {
            true => Index::constant(last).plus(variable, -1),
            false => variable.into(),
        };
        e.scoped(|e| {
            let mut args = consts.clone();
            args.extend(unflattened(carried, &lengths).into_iter().map(Arg::Elements));
            args.extend(rows.iter().map(|&stacked| Arg::Elements(row_of(e, b, stacked, &row))));
            let mut next = body(b, &scan.body, &args);
            let ys = next.split_off(scan.num_carry);
            let targets = targets.map_or(&[][..], |targets| &targets[scan.num_carry..]);
            for (target, elements) in targets.iter().zip(&ys) {
                // Without iterations nothing is stacked.
                let Some(target) = *target else { continue };
                for (k, &value) in elements.iter().enumerate() {
                    let at = scaled(&row, elements.len() as i64).offset(k as i64);
                    b.store(target, at, value);
                }
            }
            next.into_iter().flatten().collect()
        })
    });
    unflattened(&results, &lengths)
}

fn known(scan: &Scan<Graph>) -> usize {
    match scan.trip_count {
        TripCount::Known(length) => length,
        TripCount::Operand => unreachable!("internal: a small loop is of known length"),
    }
}

/// The elements of row number `row` of a stacked value.
fn row_of(e: &mut Emitter<'_>, b: &mut Builder, stacked: Id, row: &Index) -> Elements {
    let shape = e.graph().ty(stacked).shape.without(&[0]);
    (0..shape.size())
        .map(|k| {
            let mut at = Position::new();
            at.push(Part::one(row.clone()));
            at.extend(element_position(&shape, k));
            e.emit(b, stacked, &at)
        })
        .collect()
}

/// A scan without a loop: its rows are values themselves.
fn write_out(
    e: &mut Emitter<'_>,
    b: &mut Builder,
    scan: &Scan<Graph>,
    consts: &[Arg],
    init: Vec<Elements>,
    rows: &[Id],
) -> Vec<Elements> {
    let num_ys = scan.body.results.len() - scan.num_carry;
    let mut carried = init;
    let length = known(scan);
    let mut ys: Vec<Vec<Elements>> = vec![vec![Elements::new(); length]; num_ys];
    for step in 0..length {
        let number = if scan.reverse { length - 1 - step } else { step };
        let row = Index::constant(number as i64);
        let mut args = consts.to_vec();
        args.extend(carried.drain(..).map(Arg::Elements));
        args.extend(rows.iter().map(|&stacked| Arg::Elements(row_of(e, b, stacked, &row))));
        carried = body(b, &scan.body, &args);
        for (k, elements) in carried.split_off(scan.num_carry).into_iter().enumerate() {
            ys[k][number] = elements;
        }
    }
    carried.extend(ys.into_iter().map(|rows| rows.into_iter().flatten().collect::<Elements>()));
    carried
}

fn run_while(e: &mut Emitter<'_>, b: &mut Builder, inner: &While<Graph>, args: &[Id]) -> Vec<Elements> {
    let num_consts = inner.num_test_consts + inner.num_body_consts;
    let consts: Vec<Arg> = args[..num_consts].iter().map(|&arg| argument(e, b, arg)).collect();
    let (of_test, of_body) = consts.split_at(inner.num_test_consts);
    let init: Vec<Elements> = args[num_consts..].iter().map(|&arg| elements(e, b, arg)).collect();
    let lengths: Vec<usize> = init.iter().map(|elements| elements.len()).collect();
    let flat: Vec<Value> = init.into_iter().flatten().collect();
    let with = |consts: &[Arg], carried: &[Value]| -> Vec<Arg> {
        consts.iter().cloned().chain(unflattened(carried, &lengths).into_iter().map(Arg::Elements)).collect()
    };
    let results = b.repeat_while(
        &flat,
        |b, carried| body(b, &inner.test, &with(of_test, carried))[0][0],
        |b, carried| body(b, &inner.body, &with(of_body, carried)).into_iter().flatten().collect(),
    );
    unflattened(&results, &lengths)
}

fn run_cond(e: &mut Emitter<'_>, b: &mut Builder, branches: &[Graph], args: &[Id]) -> Vec<Elements> {
    let index = elements(e, b, args[0])[0];
    let args: Vec<Arg> = args[1..].iter().map(|&arg| argument(e, b, arg)).collect();
    let lengths: Vec<usize> = branches[0].results.iter().map(|&r| size(&branches[0], r)).collect();
    let results = choose(b, index, 0, branches, &args);
    unflattened(&results, &lengths)
}

/// The branch that `index` says, of which the first has number `first`; beyond the ends the nearest.
fn choose(b: &mut Builder, index: Value, first: i64, branches: &[Graph], args: &[Arg]) -> Vec<Value> {
    let flat = |b: &mut Builder, branch: &Graph| -> Vec<Value> {
        body(b, branch, args).into_iter().flatten().collect()
    };
    let [branch, others @ ..] = branches else { unreachable!("internal: a choice of nothing") };
    if others.is_empty() {
        return flat(b, branch);
    }
    let number = b.int(Scalar::I32, first);
    let is_this = b.le(index, number);
    b.branch(is_this, |b| flat(b, branch), |b| choose(b, index, first + 1, others, args))
}

/// Elements of several values from one list.
fn unflattened(values: &[Value], lengths: &[usize]) -> Vec<Elements> {
    let mut rest = values;
    lengths
        .iter()
        .map(|&length| {
            let (own, others) = rest.split_at(length);
            rest = others;
            Elements::from_slice(own)
        })
        .collect()
}

/// The results of a Program inside on `args`.
fn body(b: &mut Builder, graph: &Graph, args: &[Arg]) -> Vec<Elements> {
    let mut stored = vec![false; graph.len()];
    args.iter().enumerate().for_each(|(k, arg)| stored[k] = matches!(arg, Arg::Memory(_)));
    let mut e = Emitter::new(graph, &stored);
    e.write_out();
    for id in graph.ids() {
        match &graph.node(id).kind {
            Kind::Param(k) => match &args[*k] {
                Arg::Memory(buffer) => e.assign_buffer(id, *buffer),
                Arg::Elements(elements) => know(&mut e, id, elements),
            },
            Kind::Constant(array) => {
                let elements = constants(b, graph.scalar(id), array);
                know(&mut e, id, &elements);
            }
            Kind::ControlFlow(_) => {
                let results = run(&mut e, b, id, None);
                for (part, elements) in graph.elements_of(id).zip(&results) {
                    know(&mut e, part, elements);
                }
            }
            Kind::TupleElement => {}
            _ => {
                elements(&mut e, b, id);
            }
        }
    }
    graph.results.iter().map(|&result| elements(&mut e, b, result)).collect()
}

fn know(e: &mut Emitter<'_>, id: Id, elements: &[Value]) {
    for (k, &value) in elements.iter().enumerate() {
        e.know(id, Index::constant(k as i64), value);
    }
}

fn constants(b: &mut Builder, scalar: Scalar, array: &Array) -> Elements {
    let size = scalar.size_bytes();
    array
        .bytes()
        .chunks_exact(size)
        .map(|element| {
            let mut bits = [0; 8];
            bits[..size].copy_from_slice(element);
            b.bits(scalar, u64::from_le_bytes(bits))
        })
        .collect()
}
