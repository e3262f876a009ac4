//! Branches: one of several Programs is run.

use super::Control;
use super::rest::{batch_all, count, dense, everywhere, join, marked, meet, spread, write};
use crate::eval::eval;
use crate::ops::effect::masked_program;
use crate::ops::sample::refused;
use crate::ops::{
    Attributes, Effect, Halves, Infer, Lanes, Narrowed, Operand, Passes, Remaining, Residual, Rules, Sample,
    Split,
};
use crate::trace::{Val, Vals, bind};
use crate::{Array, Dtype, ErrorKind, Op, Program, SourceLocation, Type, trace};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// See [`Control::Cond`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cond {
    /// `operands.. -> results..`, of one type.
    pub branches: Vec<Arc<Program>>,
}

impl Cond {
    pub(super) fn parse(attributes: &mut Attributes) -> Result<Cond, String> {
        Ok(Cond { branches: attributes.take("branches")? })
    }
    pub(super) fn samples() -> Vec<Sample> {
        let f64s = |n: usize| Type::new(Dtype::F64, [n]);
        let program = |f: fn(&[Val]) -> Vec<Val>| {
            let traced = trace(SourceLocation::unknown(), &[f64s(2), f64s(2)], f);
            Arc::new(traced.expect("internal: the sample is well typed").program)
        };
        let product = program(|x| vec![x[0].sin() * x[1], x[0].lt(x[1])]);
        let second = program(|x| vec![x[1], x[1].lt(x[0])]);
        let nothing = program(|x| vec![x[1].full_like(2.0), x[1].lt(x[1])]);
        let of = |branches: &[&Arc<Program>]| Cond { branches: branches.iter().copied().cloned().collect() };
        let sample = |cond: Cond, index: i32| {
            Sample::new(cond).exact(Array::scalar(index)).arg(f64s(2), -1.0, 1.0).arg(f64s(2), -1.0, 1.0)
        };
        let narrow = |x: &[Val]| vec![x[0] * x[0]];
        let narrow = trace(SourceLocation::unknown(), &[Type::new(Dtype::F32, [3])], narrow);
        let narrow = Arc::new(narrow.expect("internal: the sample is well typed").program);
        vec![
            sample(of(&[&second, &product]), 0),
            sample(of(&[&second, &product, &nothing]), 1),
            sample(of(&[&second, &nothing, &product]), 9),
            sample(of(&[&product, &second]), -1),
            sample(of(&[&product]), 0),
            Sample::new(of(&[&narrow, &narrow])).exact(Array::scalar(1i32)).arg(
                Type::new(Dtype::F32, [3]),
                -1.0,
                1.0,
            ),
        ]
    }
    pub(super) fn refusals() -> Vec<(u8, Sample)> {
        let (ty, index) = (Type::new(Dtype::F32, [3]), Type::scalar(Dtype::I32));
        let program = |ty: &Type, f: fn(&[Val]) -> Vec<Val>| {
            let traced = trace(SourceLocation::unknown(), std::slice::from_ref(ty), f);
            Arc::new(traced.expect("internal: the sample is well typed").program)
        };
        let same = program(&ty, |x| vec![x[0]]);
        let of = |branches: &[&Arc<Program>]| Cond { branches: branches.iter().copied().cloned().collect() };
        let longer = program(&ty, |x| vec![x[0].repeat_leading(2)]);
        let other = program(&Type::new(Dtype::F32, [4]), |x| vec![x[0].slice(&[0], &[3], &[1])]);
        vec![
            refused(of(&[]), 1, [&index]),
            refused(of(&[&same]), 2, [&Type::scalar(Dtype::Bool), &ty]),
            refused(of(&[&same]), 2, [&Type::new(Dtype::I32, [2]), &ty]),
            refused(of(&[&same, &same]), 3, [&index, &Type::new(Dtype::F64, [3])]),
            refused(of(&[&same, &other]), 3, [&index, &ty]),
            refused(of(&[&same, &longer]), 4, [&index, &ty]),
        ]
    }
}

impl From<Cond> for Op {
    fn from(cond: Cond) -> Op {
        Control::Cond(cond).into()
    }
}

impl Rules for Cond {
    fn name(&self) -> &'static str {
        "cond"
    }
    fn attributes(&self) -> Attributes {
        Attributes::new().with("branches", self.branches.clone())
    }
    fn arity(&self) -> RangeInclusive<usize> {
        let n = 1 + self.branches.first().map_or(0, |branch| branch.num_params());
        n..=n
    }
    fn constraints(&self) -> &'static [&'static str] {
        &[
            "There is at least one branch.",
            "The first operand, the number of the branch, is of type `i32[]`.",
            "Each other operand has the type of its parameter of every branch.",
            "All branches return the same types.",
        ]
    }
    fn num_results(&self, _: usize) -> usize {
        self.branches.first().map_or(0, |branch| branch.results().len())
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        // (C1)
        let Some(first) = self.branches.first() else {
            return Err(ErrorKind::constraint(1, "there is no branch"));
        };
        // (C2)
        if *args[0] != Type::scalar(Dtype::I32) {
            return Err(ErrorKind::constraint(
                2,
                format!("the number of the branch is {}, not i32[]", args[0]),
            ));
        }
        let results = first.result_types();
        for (k, branch) in self.branches.iter().enumerate() {
            // (C3)
            let params = branch.param_types();
            if args[1..].iter().copied().ne(params) {
                let message = format!("branch {k} takes {params:?}, not {:?}", &args[1..]);
                return Err(ErrorKind::constraint(3, message));
            }
            // (C4)
            let types = branch.result_types();
            if types != results {
                let message = format!("branch 0 returns {results:?}, but branch {k} returns {types:?}");
                return Err(ErrorKind::constraint(4, message));
            }
        }
        Ok(results)
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let index = args[0].elements::<i32>().next().unwrap_or(0).max(0) as usize;
        let index = index.min(self.branches.len() - 1);
        let args: Vec<Array> = args[1..].iter().copied().cloned().collect();
        eval(&self.branches[index], &args).map_err(ErrorKind::Inside)
    }
    fn jvp(&self, passes: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        let has: Vec<bool> = dx[1..].iter().map(Option::is_some).collect();
        let pushed: Vec<_> = self.branches.iter().map(|branch| passes.jvp(branch, &has)).collect();
        let types = self.branches[0].result_types();
        let nonzero = union(types.len(), pushed.iter().map(|(_, nonzero)| &nonzero[..]));
        let branches = pushed.iter().map(|(branch, own)| {
            write(branch.param_types(), |inputs| {
                let mut y = branch.inline(inputs);
                let dy = spread(y.split_off(types.len()), own);
                y.extend(dense(&dy, &types, &nonzero));
                y
            })
        });
        let branches = branches.collect();
        let operands: Vals = x.iter().chain(dx.iter().flatten()).copied().collect();
        let mut results = bind(Cond { branches }, &operands).into_iter();
        let y = results.by_ref().take(types.len()).collect();
        (y, spread(results, &nonzero))
    }
    fn transpose(&self, passes: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        let linear: Vec<bool> = args[1..].iter().map(|arg| arg.known().is_none()).collect();
        let has_ct: Vec<bool> = ct.iter().map(Option::is_some).collect();
        let pulled = self.branches.iter().map(|branch| passes.transpose(branch, &linear, &has_ct));
        let pulled: Vec<_> = pulled.collect();
        let types = marked(self.branches[0].param_types(), &linear);
        let nonzero = union(types.len(), pulled.iter().map(|(_, nonzero)| &nonzero[..]));
        let branches = pulled.iter().map(|(branch, own)| {
            write(branch.param_types(), |inputs| dense(&spread(branch.inline(inputs), own), &types, &nonzero))
        });
        let branches = branches.collect();
        let known = args.iter().filter_map(Operand::known);
        let operands: Vals = known.chain(ct.iter().flatten().copied()).collect();
        let back = spread(bind(Cond { branches }, &operands), &nonzero);
        let back = spread(back, &linear).into_iter().map(Option::flatten);
        [None].into_iter().chain(back).collect()
    }
    fn batch(&self, passes: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        batch_all(self, passes, args, mapped, lanes)
    }
    fn batch_marked(
        &self,
        passes: &dyn Passes,
        args: &[Val],
        mapped: &[bool],
        lanes: Lanes,
    ) -> (Vals, Vec<bool>) {
        let batched = self.branches.iter().map(|branch| passes.batch(branch, &mapped[1..], lanes));
        let batched: Vec<_> = batched.collect();
        let n = self.branches[0].results().len();
        let differ = match mapped[0] {
            true => vec![true; n],
            false => union(n, batched.iter().map(|(_, own)| &own[..])),
        };
        let filled = batched.iter().map(|(branch, own)| {
            write(branch.param_types(), |inputs| {
                let results = branch.inline(inputs).into_iter().zip(own.iter().zip(&differ));
                results.map(|(v, (own, differ))| everywhere(v, *own || !differ, lanes.size)).collect()
            })
        });
        let branches: Vec<Arc<Program>> = filled.collect();
        if !mapped[0] {
            return (bind(Cond { branches }, args), differ);
        }
        // Lanes take branches of their own: all are run, and each lane takes the results of its one. What a branch does
        // besides, it does in the lanes that take it.
        let own = args[0].clamp(args[0].zeros_like(), args[0].full_like((branches.len() - 1) as f64));
        let mut each = branches.iter().enumerate().rev().map(|(k, branch)| {
            let original = &self.branches[k];
            if original.effect() == Effect::None {
                return (k, branch.inline(&args[1..]));
            }
            let flags: Vec<bool> = mapped[1..].iter().copied().chain([true]).collect();
            let (masked, along) = passes.batch(&masked_program(original), &flags, lanes);
            let mask = own.eq(own.full_like(k as f64));
            let inputs: Vec<Val> = args[1..].iter().copied().chain([mask]).collect();
            let results = masked.inline(&inputs).into_iter().zip(along);
            (k, results.map(|(v, along)| everywhere(v, along, lanes.size)).collect())
        });
        let (_, last) = each.next().expect("internal: at least one branch");
        let chosen = each.fold(last, |behind, (k, own)| {
            let is_own = args[0].le(args[0].full_like(k as f64));
            own.into_iter().zip(behind).map(|(x, y)| super::rest::choose(is_own, x, y)).collect()
        });
        (chosen.into(), differ)
    }
    fn split(&self, passes: &dyn Passes, args: &[Option<Val>]) -> Option<Split> {
        let index = args[0]?;
        let known: Vec<bool> = args[1..].iter().map(Option::is_some).collect();
        if !known.contains(&true) {
            return None;
        }
        let halves: Vec<Halves> = self.branches.iter().map(|branch| passes.split(branch, &known)).collect();
        Some(self.halved(index, args, &halves))
    }
    fn admits_effects(&self) -> bool {
        true
    }
    fn masked(&self, args: &[Val], mask: Val) -> Option<Vals> {
        let branches = self.branches.iter().map(masked_program).collect();
        Some(bind(Cond { branches }, &args.iter().copied().chain([mask]).collect::<Vals>()))
    }
    fn takes_tapes(&self) -> bool {
        true
    }
    fn narrow(&self, read: &[bool]) -> Option<Narrowed> {
        let needs: Vec<Vec<bool>> = self.branches.iter().map(|branch| branch.needs(read)).collect();
        let needed = union(self.branches.first()?.num_params(), needs.iter().map(|needs| &needs[..]));
        if !read.contains(&false) && !needed.contains(&false) {
            return None;
        }
        let narrowed = |branch: &Arc<Program>| Arc::new(branch.narrowed(&needed, read));
        let op = Cond { branches: self.branches.iter().map(narrowed).collect() }.into();
        Some(Narrowed { op, args: [&[true][..], &needed].concat(), results: read.to_vec() })
    }
    fn programs(&self) -> Vec<&Arc<Program>> {
        self.branches.iter().collect()
    }
    fn with_programs(&self, programs: Vec<Arc<Program>>) -> Option<Op> {
        Some(Cond { branches: programs }.into())
    }
}

/// Flags that are set in any of `all`.
fn union<'a>(n: usize, all: impl IntoIterator<Item = &'a [bool]>) -> Vec<bool> {
    let mut flags = vec![false; n];
    for more in all {
        join(&mut flags, more);
    }
    flags
}

/// What a branch computes that its rest reads, and where the rest of the whole finds it.
#[derive(Default)]
struct Kept {
    /// For each place behind the known results, which result of the known half stands there.
    slots: Vec<Option<usize>>,
    /// Where the residuals are found.
    residuals: Vec<Found>,
    /// Results that this branch knows and another does not.
    forced: Vec<(usize, Found)>,
}

#[derive(Clone, Copy)]
enum Found {
    Operand(usize),
    Slot(usize),
}

impl Cond {
    /// The known halves are one `cond`, the rests another. Branches share the places of what their rests read;
    /// where a branch has nothing to put it puts zeros.
    fn halved(&self, index: Val, args: &[Option<Val>], halves: &[Halves]) -> Split {
        let mut returned = vec![true; self.branches[0].results().len()];
        for half in halves {
            meet(&mut returned, &half.known_results);
        }
        let mut slots: Vec<Type> = vec![];
        let kept: Vec<Kept> = halves.iter().map(|half| keep(half, &returned, &mut slots)).collect();
        let inputs: Vec<Val> = args[1..].iter().flatten().copied().collect();
        let is_read = |i: usize| {
            let reads = |found: &Found| matches!(found, Found::Operand(k) if *k == i);
            kept.iter().any(|kept| kept.residuals.iter().any(reads))
        };
        let read: Vec<usize> = (0..inputs.len()).filter(|i| is_read(*i)).collect();
        let known = halves.iter().zip(&kept).map(|(half, kept)| {
            write(half.known.param_types(), |inputs| {
                let values = half.known.inline(inputs);
                let own = (0..returned.len()).filter(|i| half.known_results[*i]).zip(&values);
                let own: Vec<Val> = own.filter(|(i, _)| returned[*i]).map(|(_, v)| *v).collect();
                let slot = |(j, ty): (usize, &Type)| match kept.slots.get(j).copied().flatten() {
                    Some(i) => values[i],
                    None => Val::zeros(ty.clone()),
                };
                own.into_iter().chain(slots.iter().enumerate().map(slot)).collect()
            })
        });
        let known = Cond { branches: known.collect() };
        let operands: Vals = [index].into_iter().chain(inputs.iter().copied()).collect();
        let runs = known.num_results(0) > 0 || known.effect().stays();
        let results = if runs { bind(known, &operands) } else { Vals::new() };
        let (own, kept_values) = results.split_at(count(&returned));

        let unknown: Vec<bool> = args[1..].iter().map(Option::is_none).collect();
        let mut types: Vec<Type> = read.iter().map(|i| inputs[*i].ty()).collect();
        types.extend(slots.iter().cloned());
        types.extend(marked(self.branches[0].param_types(), &unknown));
        let rest = halves.iter().zip(&kept).map(|(half, kept)| {
            write(&types, |all| {
                let (operands, rest) = all.split_at(read.len());
                let (slots, unknown) = rest.split_at(slots.len());
                let find = |found: &Found| match *found {
                    Found::Operand(i) => {
                        operands
                            [read.iter().position(|k| *k == i).expect("internal: an operand that is read")]
                    }
                    Found::Slot(i) => slots[i],
                };
                let residuals: Vec<Val> = kept.residuals.iter().map(find).collect();
                let mut computed = half.rest.inline(&[&residuals[..], unknown].concat()).into_iter();
                let mut result = |i: usize| match half.known_results[i] {
                    true => kept.forced.iter().find(|(result, _)| *result == i).map(|(_, found)| find(found)),
                    false => computed.next(),
                };
                let wanted = (0..returned.len()).filter(|i| !returned[*i]);
                wanted.map(|i| result(i).expect("internal: every unknown result")).collect()
            })
        });
        let rest = Cond { branches: rest.collect() };
        let mut operands = vec![Remaining::Known(index)];
        let values = read.iter().map(|i| &inputs[*i]).chain(kept_values);
        operands.extend(values.copied().map(Remaining::Known));
        let is_unknown = |i: &usize| args[*i].is_none();
        operands.extend((1..args.len()).filter(is_unknown).map(Remaining::Operand));
        Split { known: spread(own.iter().copied(), &returned), rest: rest.into(), operands }
    }
}

/// Finds a place among `slots` for all that the rest of a branch reads.
fn keep(half: &Halves, returned: &[bool], slots: &mut Vec<Type>) -> Kept {
    let mut kept = Kept::default();
    let mut place = |kept: &mut Kept, result: usize| {
        if let Some(slot) = kept.slots.iter().position(|slot| *slot == Some(result)) {
            return Found::Slot(slot);
        }
        let ty = half.known.ty(half.known.results()[result]);
        let free = |slot: &usize| slots[*slot] == *ty && kept.slots.get(*slot).is_none_or(Option::is_none);
        let slot = (0..slots.len()).find(free).unwrap_or_else(|| {
            slots.push(ty.clone());
            slots.len() - 1
        });
        if kept.slots.len() <= slot {
            kept.slots.resize(slot + 1, None);
        }
        kept.slots[slot] = Some(result);
        Found::Slot(slot)
    };
    let known = (0..returned.len()).filter(|i| half.known_results[*i]);
    for (number, i) in known.enumerate().filter(|(_, i)| !returned[*i]) {
        let found = place(&mut kept, number);
        kept.forced.push((i, found));
    }
    for residual in &half.residuals {
        let found = match *residual {
            Residual::Parameter(i) => Found::Operand(i),
            Residual::Result(i) => place(&mut kept, i),
        };
        kept.residuals.push(found);
    }
    kept
}

/// Runs one of `branches` on `args`; see [`Cond`].
#[track_caller]
pub fn cond(branches: Vec<Arc<Program>>, index: Val, args: &[Val]) -> Vals {
    let operands: Vals = [index].into_iter().chain(args.iter().copied()).collect();
    bind(Cond { branches }, &operands)
}
