//! Primitives about how a program is run: barriers, calls, loops, branches. One file for each.

mod barrier;
mod call;
mod cond;
mod halves;
mod per_lane;
mod rest;
mod scan;
mod tape;
mod while_loop;

pub use barrier::optimization_barrier;
pub use call::{Call, call};
pub use cond::{Cond, cond};
pub use per_lane::PerLane;
pub use scan::{Scan, scan};
pub use tape::{MOST_TAPE_BYTES, Tape, tape_limit_bytes};
pub use while_loop::{While, too_many_steps, while_loop};

use crate::ops::{Attributes, Infer, Lanes, Narrowed, Operand, Passes, Rules, Sample, Split};
use crate::trace::{Val, Vals};
use crate::{Array, ErrorKind, Op, Program, Type};
use std::ops::RangeInclusive;
use std::sync::Arc;

documented! {
/// An operation that returns its operands, or runs Programs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Control {
    /// The operand, whose tangent is zero.
    StopGradient,
    /// The operands. No equation moves across, and none before it is merged with one behind it.
    OptimizationBarrier,
    /// Runs `program` on the operands. Equal Programs share one compiled function.
    Call(Call),
    /// Runs `body`, `(consts.., carry.., x..) -> (carry.., y..)`, once for each element along the leading axis of
    /// the xs, from the last on if `reverse`. Operands are the constants, the first carry and the xs; results are
    /// the last carry and the ys, stacked along a leading axis. `unroll` steps may be written one after the other.
    /// A `scan_tape` has one operand more, the first: the number of steps. Its xs and ys are tapes; beyond its end
    /// a tape is zero.
    Scan(Scan),
    /// Runs `body`, `(body_consts.., carry..) -> carry..`, as long as `cond`, `(cond_consts.., carry..) -> bool[]`,
    /// holds. Operands are the constants of `cond`, those of `body`, and the first carry; results are the last carry.
    /// In a `while_record` the body also returns residuals: the results are the last carry, the number of steps,
    /// and for each residual the tape of its values.
    While(While),
    /// Runs one of the branches, `operands.. -> results..`: operand 0 is its number, clamped to those there are.
    Cond(Cond),
    /// Runs `program` in the lanes of which the first operand, the mask, is true; the others are zeros. `lanes` leading
    /// axes are lanes; `operands` and `results` mark which of them each operand and result has, as bits, the innermost
    /// axis the lowest. What an operand lacks, lanes share; along what a result lacks, it is the sum over lanes.
    PerLane(PerLane),
    /// About tapes: `tape_empty` is the tape without elements, `tape_length` the number of elements, and
    /// `tape_select` has the elements of the second operand where the first holds, else of the third; it is as long
    /// as the longer one, and the first operand is of the elements' shape or of its first axes.
    Tape(Tape),
}
}

impl Control {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let mut all = barrier::samples();
        all.extend(Call::samples());
        all.extend(Scan::samples());
        all.extend(While::samples());
        all.extend(Cond::samples());
        all.extend(PerLane::samples());
        all.extend(Tape::samples());
        all
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let mut all = Call::refusals();
        all.extend(Scan::refusals());
        all.extend(While::refusals());
        all.extend(Cond::refusals());
        all.extend(PerLane::refusals());
        all.extend(Tape::refusals());
        all
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Control, String>> {
        Some(match name {
            "stop_gradient" => Ok(Control::StopGradient),
            "optimization_barrier" => Ok(Control::OptimizationBarrier),
            "call" => Call::parse(attributes).map(Control::Call),
            "scan" | "scan_tape" => Scan::parse(name, attributes).map(Control::Scan),
            "while" | "while_record" => While::parse(name, attributes).map(Control::While),
            "cond" => Cond::parse(attributes).map(Control::Cond),
            "per_lane" => PerLane::parse(attributes).map(Control::PerLane),
            _ => return Some(Tape::parse(name, attributes)?.map(Control::Tape)),
        })
    }
    fn rules(&self) -> &dyn Rules {
        match self {
            Control::StopGradient => &barrier::StopGradient,
            Control::OptimizationBarrier => &barrier::OptimizationBarrier,
            Control::Call(call) => call,
            Control::Scan(scan) => scan,
            Control::While(while_loop) => while_loop,
            Control::Cond(cond) => cond,
            Control::PerLane(per_lane) => per_lane,
            Control::Tape(tape) => tape,
        }
    }
}

/// Each answers for itself.
impl Rules for Control {
    fn name(&self) -> &'static str {
        self.rules().name()
    }
    fn attributes(&self) -> Attributes {
        self.rules().attributes()
    }
    fn arity(&self) -> RangeInclusive<usize> {
        self.rules().arity()
    }
    fn constraints(&self) -> &'static [&'static str] {
        self.rules().constraints()
    }
    fn num_results(&self, num_args: usize) -> usize {
        self.rules().num_results(num_args)
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        self.rules().infer(args)
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        self.rules().eval(args)
    }
    fn jvp(&self, passes: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        self.rules().jvp(passes, x, dx)
    }
    fn transpose(&self, passes: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        self.rules().transpose(passes, ct, args)
    }
    fn batch(&self, passes: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        self.rules().batch(passes, args, mapped, lanes)
    }
    fn split(&self, passes: &dyn Passes, args: &[Option<Val>]) -> Option<Split> {
        self.rules().split(passes, args)
    }
    fn batch_marked(
        &self,
        passes: &dyn Passes,
        args: &[Val],
        mapped: &[bool],
        lanes: Lanes,
    ) -> (Vals, Vec<bool>) {
        self.rules().batch_marked(passes, args, mapped, lanes)
    }
    fn masked(&self, args: &[Val], mask: Val) -> Option<Vals> {
        self.rules().masked(args, mask)
    }
    fn admits_effects(&self) -> bool {
        self.rules().admits_effects()
    }
    fn takes_tapes(&self) -> bool {
        self.rules().takes_tapes()
    }
    fn expands(&self) -> bool {
        self.rules().expands()
    }
    fn expand(&self, passes: &dyn Passes, args: &[Val]) -> Vec<Val> {
        self.rules().expand(passes, args)
    }
    fn moves_elements(&self) -> bool {
        true
    }
    fn narrow(&self, read: &[bool]) -> Option<Narrowed> {
        self.rules().narrow(read)
    }
    fn programs(&self) -> Vec<&Arc<Program>> {
        self.rules().programs()
    }
    fn with_programs(&self, programs: Vec<Arc<Program>>) -> Option<Op> {
        self.rules().with_programs(programs)
    }
}
