//! How values are held while a function is written: as constants, as scalars, or as 128-bit registers.
//!
//! A group of lanes holds a 32-bit float as F32X4 registers, a 64-bit type as twice as many F64X2 or I64X2, and an
//! integer of up to 32 bits as I32X4, sign- or zero-extended from its own width. A bool is a mask, all ones or
//! zeros, as wide as what made it: of 32 or of 64 bits a lane.

use cranelift_codegen::ir::{self, Type, types};
use gradus_kernel::{Scalar, Value};
use smallvec::SmallVec;

/// How a value is held.
#[derive(Clone, Debug)]
pub(super) enum Held {
    /// By its bits.
    Constant(Scalar, u64),
    /// One value, the same in all lanes.
    Scalar(ir::Value),
    /// One value for each lane of the group.
    Vector(Vector),
    /// The variable of the lanes loop within a group: the group's first index plus the lane.
    LaneIndex,
}

/// The lanes that are being emitted at once.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The loop's variable.
    pub(super) variable: Value,
    /// Index of the first lane.
    pub(super) base: ir::Value,
    /// The variable as a vector, if the body reads it as a value.
    pub(super) indices: Option<Vector>,
}

/// The registers of one value for a group of lanes.
#[derive(Clone, Debug)]
pub(super) struct Vector {
    pub(super) form: Form,
    pub(super) registers: Registers,
}

pub(super) type Registers = SmallVec<[ir::Value; 4]>;

/// What the lanes of a register are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    F32,
    F64,
    Int32,
    Int64,
    Mask32,
    Mask64,
}

impl Form {
    /// The form of a type; of a bool the narrow mask.
    pub(super) fn of(scalar: Scalar) -> Form {
        match scalar {
            Scalar::Bool => Form::Mask32,
            Scalar::F32 => Form::F32,
            Scalar::F64 => Form::F64,
            Scalar::I64 | Scalar::U64 => Form::Int64,
            _ => Form::Int32,
        }
    }

    pub(super) fn clif(self) -> Type {
        match self {
            Form::F32 => types::F32X4,
            Form::F64 => types::F64X2,
            Form::Int32 | Form::Mask32 => types::I32X4,
            Form::Int64 | Form::Mask64 => types::I64X2,
        }
    }

    pub(super) fn lanes(self) -> usize {
        self.clif().lane_count() as usize
    }

    /// The integer form of the same lane width.
    pub(super) fn int(self) -> Form {
        if self.lanes() == 4 { Form::Int32 } else { Form::Int64 }
    }

    /// The mask of the same lane width.
    pub(super) fn mask(self) -> Form {
        if self.lanes() == 4 { Form::Mask32 } else { Form::Mask64 }
    }
}

impl Vector {
    /// Registers in the type's own form.
    pub(super) fn plain(scalar: Scalar, registers: &[ir::Value]) -> Vector {
        Vector { form: Form::of(scalar), registers: SmallVec::from_slice(registers) }
    }
}

/// Lane bits of a constant as the element of a register.
pub(super) fn element_bits(scalar: Scalar, bits: u64) -> u64 {
    match scalar {
        Scalar::Bool => bits.wrapping_neg(),
        _ if scalar.is_signed_int() => scalar.i64_of_bits(bits) as u64,
        _ => bits,
    }
}
