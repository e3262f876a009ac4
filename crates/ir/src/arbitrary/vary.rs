//! Random attributes of every operation: for tests of what must hold whatever they are.
//!
//! Invariant: each `match` names every variant and every field, so that a new one does not compile until it varies.

use super::values::{Random, Vary, listed, one_of};
use crate::ops::checkpoint::{Checkpoint, Policy};
use crate::ops::collective::{Across, Collective};
use crate::ops::contract::{Contraction, DotDims};
use crate::ops::control::{Call, Cond, Control, Scan, Tape, While};
use crate::ops::convolution::{AxisRoles, ConvDims, Convolution};
use crate::ops::cumulative::Cumulative;
use crate::ops::custom::Custom;
use crate::ops::effect::Effectful;
use crate::ops::elementwise::{
    Binary, Choice, Conversion, IntegerPow, Parts, RandomGamma, ReducePrecision, Special, Threefry2x32, Unary,
};
use crate::ops::fft::{Fft, FftKind};
use crate::ops::index::{Gather, GatherDims, IndexMode, Indexing, Scatter, ScatterDims};
use crate::ops::linalg::{Linalg, Transposed};
use crate::ops::linear_solve::LinearSolve;
use crate::ops::monoid::Monoid;
use crate::ops::movement::Movement;
use crate::ops::reduce::Reduction;
use crate::ops::sort::Sorting;
use crate::ops::source::Source;
use crate::ops::window::{Select, Window, Windowing};
use crate::{Op, Type};

/// The operation with some of its attributes changed, and the types of operands, as they were or changed. Whether it
/// accepts them is for [`infer`](crate::verify::infer) to say.
pub fn varied(op: &Op, types: &[Type], random: &mut Random) -> (Op, Vec<Type>) {
    let (mut op, mut types) = (op.clone(), types.to_vec());
    for _ in 0..random.below(3) + 1 {
        op.vary(random);
    }
    let same = random.bits();
    match random.below(8) {
        0 => types.iter_mut().for_each(|ty| ty.vary(&mut Random::new(same))),
        1 => {
            let first = types.first().map(|ty| ty.dtype);
            for ty in types.iter_mut().filter(|ty| Some(ty.dtype) == first) {
                ty.dtype.vary(&mut Random::new(same));
            }
        }
        2 => types.vary(random),
        _ => {}
    }
    (op, types)
}

listed! {
    Choice: Select Clamp;
    Parts: Complex Real Imag;
    RandomGamma: Plain Log;
    Monoid: Sum Prod Max Min And Or Xor;
    Select: Ge Le;
    IndexMode: Clip FillOrDrop PromiseInBounds;
    Transposed: No Transpose Adjoint;
    FftKind: Fft Ifft Rfft Irfft;
}

impl Vary for Op {
    fn vary(&mut self, random: &mut Random) {
        match self {
            Op::Unary(op) => *op = *random.of(Unary::ALL),
            Op::Binary(op) => *op = *random.of(Binary::ALL),
            Op::Special(op) => *op = *random.of(Special::ALL),
            Op::Choice(op) => op.vary(random),
            Op::Conversion(Conversion::Convert(dtype) | Conversion::BitcastConvert(dtype)) => {
                dtype.vary(random)
            }
            Op::IntegerPow(IntegerPow { exponent }) => exponent.vary(random),
            Op::ReducePrecision(ReducePrecision { exponent_bits, mantissa_bits }) => {
                one_of(random, &mut [exponent_bits, mantissa_bits]);
            }
            Op::Parts(op) => op.vary(random),
            Op::Threefry2x32(Threefry2x32 {}) => {}
            Op::RandomGamma(op) => op.vary(random),
            Op::Source(Source::Constant(value)) => value.vary(random),
            Op::Source(Source::Iota { ty, dimension }) => one_of(random, &mut [ty, dimension]),
            Op::Movement(op) => op.vary(random),
            Op::Reduction(op) => op.vary(random),
            Op::Contraction(Contraction::DotGeneral(dims)) => dims.vary(random),
            Op::Convolution(op) => op.vary(random),
            Op::Windowing(op) => op.vary(random),
            Op::Cumulative(Cumulative::Monoid { monoid, dimension, reverse }) => {
                one_of(random, &mut [monoid, dimension, reverse]);
            }
            Op::Cumulative(Cumulative::LogSumExp { dimension, reverse }) => {
                one_of(random, &mut [dimension, reverse])
            }
            Op::Indexing(op) => op.vary(random),
            Op::Sorting(Sorting::Sort { dimension, num_keys }) => one_of(random, &mut [dimension, num_keys]),
            Op::Linalg(op) => op.vary(random),
            Op::Fft(Fft::Fft { kind, lengths }) => one_of(random, &mut [kind, lengths]),
            Op::Control(op) => op.vary(random),
            Op::Custom(op) => op.vary(random),
            Op::LinearSolve(LinearSolve { num_args, matvec, solve, transpose_solve }) => {
                one_of(random, &mut [num_args, matvec, solve, transpose_solve]);
            }
            Op::Checkpoint(Checkpoint::Checkpoint { program, policy }) => {
                one_of(random, &mut [program, policy])
            }
            Op::Checkpoint(Checkpoint::CheckpointName { name }) => name.vary(random),
            Op::Collective(Collective { axis, size, across }) => one_of(random, &mut [axis, size, across]),
            Op::Effectful(op) => op.vary(random),
        }
    }
}

impl Vary for Movement {
    fn vary(&mut self, random: &mut Random) {
        match self {
            Movement::Broadcast { shape, dims } => one_of(random, &mut [shape, dims]),
            Movement::Reshape { shape } => shape.vary(random),
            Movement::Transpose { permutation } => permutation.vary(random),
            Movement::Slice { starts, limits, strides } => one_of(random, &mut [starts, limits, strides]),
            Movement::Pad { low, high, interior } => one_of(random, &mut [low, high, interior]),
            Movement::Concatenate { dimension } => dimension.vary(random),
            Movement::Rev { dimensions } => dimensions.vary(random),
        }
    }
}

impl Vary for Reduction {
    fn vary(&mut self, random: &mut Random) {
        match self {
            Reduction::Monoid { monoid, axes } => one_of(random, &mut [monoid, axes]),
            Reduction::Argmax { axis, dtype } | Reduction::Argmin { axis, dtype } => {
                one_of(random, &mut [axis, dtype])
            }
            Reduction::Body { axes, body } => one_of(random, &mut [axes, body]),
        }
    }
}

impl Vary for DotDims {
    fn vary(&mut self, random: &mut Random) {
        let DotDims { lhs_contracting, rhs_contracting, lhs_batch, rhs_batch } = self;
        match random.below(4) {
            // Pairs that go together.
            0 => [lhs_contracting, rhs_contracting].into_iter().for_each(|axes| axes.reverse()),
            1 => {
                lhs_contracting.pop();
                rhs_contracting.pop();
            }
            2 => {
                let moved = |from: &mut crate::Dims, to: &mut crate::Dims| to.extend(from.pop());
                moved(lhs_contracting, lhs_batch);
                moved(rhs_contracting, rhs_batch);
            }
            _ => one_of(random, &mut [lhs_contracting, rhs_contracting, lhs_batch, rhs_batch]),
        }
    }
}

impl Vary for AxisRoles {
    fn vary(&mut self, random: &mut Random) {
        let AxisRoles { batch, feature, spatial } = self;
        match random.below(2) {
            0 => std::mem::swap(batch, feature),
            _ => one_of(random, &mut [batch, feature, spatial]),
        }
    }
}

impl Vary for Convolution {
    fn vary(&mut self, random: &mut Random) {
        let Convolution {
            dims: ConvDims { lhs, rhs, out },
            strides,
            low,
            high,
            lhs_dilation,
            rhs_dilation,
            feature_group_count,
            batch_group_count,
        } = self;
        one_of(
            random,
            &mut [
                lhs,
                rhs,
                out,
                strides,
                low,
                high,
                lhs_dilation,
                rhs_dilation,
                feature_group_count,
                batch_group_count,
            ],
        );
    }
}

impl Vary for Window {
    fn vary(&mut self, random: &mut Random) {
        let Window { dims, strides, low, high, base_dilation, window_dilation } = self;
        one_of(random, &mut [dims, strides, low, high, base_dilation, window_dilation]);
    }
}

impl Vary for Windowing {
    fn vary(&mut self, random: &mut Random) {
        match self {
            Windowing::Monoid { monoid, window } => one_of(random, &mut [monoid, window]),
            Windowing::Body { window, body } => one_of(random, &mut [window, body]),
            Windowing::SelectAndGatherAdd { select, window }
            | Windowing::SelectAndScatterAdd { select, window } => {
                one_of(random, &mut [select, window]);
            }
        }
    }
}

impl Vary for Gather {
    fn vary(&mut self, random: &mut Random) {
        let Gather { dims, slice_sizes, mode, fill } = self;
        let GatherDims {
            offset_dims,
            collapsed_slice_dims,
            operand_batching_dims,
            start_indices_batching_dims,
            start_index_map,
        } = dims;
        one_of(
            random,
            &mut [
                offset_dims,
                collapsed_slice_dims,
                operand_batching_dims,
                start_indices_batching_dims,
                start_index_map,
                slice_sizes,
                mode,
                fill,
            ],
        );
    }
}

impl Vary for Option<Monoid> {
    fn vary(&mut self, random: &mut Random) {
        match self {
            Some(monoid) if random.below(4) > 0 => monoid.vary(random),
            Some(_) => *self = None,
            None => *self = Some(Monoid::Sum),
        }
    }
}

impl Vary for Scatter {
    fn vary(&mut self, random: &mut Random) {
        let Scatter { combine, dims, mode, unique_indices } = self;
        let ScatterDims {
            update_window_dims,
            inserted_window_dims,
            operand_batching_dims,
            scatter_indices_batching_dims,
            scatter_dims_to_operand_dims,
        } = dims;
        one_of(
            random,
            &mut [
                combine,
                update_window_dims,
                inserted_window_dims,
                operand_batching_dims,
                scatter_indices_batching_dims,
                scatter_dims_to_operand_dims,
                mode,
                unique_indices,
            ],
        );
    }
}

impl Vary for Indexing {
    fn vary(&mut self, random: &mut Random) {
        match self {
            Indexing::DynamicSlice { sizes } => sizes.vary(random),
            Indexing::DynamicUpdateSlice => {}
            Indexing::Gather(gather) => gather.vary(random),
            Indexing::Scatter(scatter) => scatter.vary(random),
            Indexing::ScatterBy { scatter, body } => one_of(random, &mut [&mut **scatter, body]),
        }
    }
}

impl Vary for Linalg {
    fn vary(&mut self, random: &mut Random) {
        match self {
            Linalg::Cholesky | Linalg::Lu | Linalg::TridiagonalSolve => {}
            Linalg::TriangularSolve { left_side, lower, transpose_a, unit_diagonal } => {
                one_of(random, &mut [left_side, lower, transpose_a, unit_diagonal]);
            }
            Linalg::Qr { full_matrices } => full_matrices.vary(random),
            Linalg::Svd { full_matrices, compute_uv } => one_of(random, &mut [full_matrices, compute_uv]),
            Linalg::Eigh { compute_vectors } | Linalg::Eig { compute_vectors } => {
                compute_vectors.vary(random)
            }
        }
    }
}

impl Vary for Option<usize> {
    fn vary(&mut self, random: &mut Random) {
        match self {
            Some(length) => length.vary(random),
            None => *self = Some(2),
        }
    }
}

impl Vary for Control {
    fn vary(&mut self, random: &mut Random) {
        match self {
            Control::StopGradient | Control::OptimizationBarrier => {}
            Control::Call(Call { program, name }) => one_of(random, &mut [program, name]),
            Control::Scan(Scan { body, num_consts, num_carry, length, reverse, unroll }) => {
                one_of(random, &mut [body, num_consts, num_carry, length, reverse, unroll]);
            }
            Control::While(While { cond, body, num_cond_consts, num_body_consts, record }) => {
                one_of(random, &mut [cond, body, num_cond_consts, num_body_consts, record]);
            }
            Control::Cond(Cond { branches }) => branches.vary(random),
            Control::Tape(Tape::Empty { of }) => of.vary(random),
            Control::Tape(Tape::Length | Tape::Select) => {}
        }
    }
}

impl Vary for Custom {
    fn vary(&mut self, random: &mut Random) {
        match self {
            Custom::CustomJvp { num_args, program, rule } => one_of(random, &mut [num_args, program, rule]),
            Custom::CustomVjp { num_args, program, forward, backward } => {
                one_of(random, &mut [num_args, program, forward, backward]);
            }
            Custom::CustomLinear { num_residuals, num_cotangents, backward } => {
                one_of(random, &mut [num_residuals, num_cotangents, backward]);
            }
        }
    }
}

impl Vary for Policy {
    fn vary(&mut self, random: &mut Random) {
        *self = match self {
            Policy::NothingSaveable => Policy::EverythingSaveable,
            Policy::EverythingSaveable => Policy::DotsSaveable,
            Policy::DotsSaveable => Policy::DotsWithNoBatchDimsSaveable,
            Policy::DotsWithNoBatchDimsSaveable => Policy::SaveOnlyTheseNames(vec!["".into()]),
            Policy::SaveOnlyTheseNames(names) if random.below(2) == 0 => {
                Policy::SaveAnyNamesButThese(std::mem::take(names))
            }
            Policy::SaveAnyNamesButThese(names) if random.below(2) == 0 => {
                Policy::SaveAnythingExceptTheseNames(std::mem::take(names))
            }
            Policy::SaveAnythingExceptTheseNames(_) if random.below(2) == 0 => Policy::NothingSaveable,
            Policy::SaveOnlyTheseNames(names)
            | Policy::SaveAnyNamesButThese(names)
            | Policy::SaveAnythingExceptTheseNames(names) => return names.vary(random),
        };
    }
}

impl Vary for Across {
    fn vary(&mut self, random: &mut Random) {
        match self {
            Across::Psum => *self = Across::Pmax,
            Across::Pmax => *self = Across::Pmin,
            Across::Pmin => *self = Across::Psum,
            Across::AllGather { dimension } | Across::PsumScatter { dimension } => dimension.vary(random),
            Across::AllToAll { split, concat } => one_of(random, &mut [split, concat]),
            Across::Ppermute { permutation } => permutation.vary(random),
            Across::AxisIndex => {}
        }
    }
}

impl Vary for Effectful {
    fn vary(&mut self, random: &mut Random) {
        match self {
            Effectful::DebugPrint { format, lanes } => one_of(random, &mut [format, lanes]),
            Effectful::Check { message, lanes } => one_of(random, &mut [message, lanes]),
            Effectful::DebugCallback { function, lanes } => one_of(random, &mut [function, lanes]),
            Effectful::PureCallback { function, results, lanes } => {
                one_of(random, &mut [function, results, lanes])
            }
        }
    }
}
