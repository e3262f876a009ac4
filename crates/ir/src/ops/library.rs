//! Operations that a library computes: decompositions of matrices, Fourier transforms.
//!
//! The library's routine is the meaning and the compiled form at once: [`evaluate`] and the steps of an executable
//! call it alike, so that both give the same bits. It sees one element of a batch at a time, as bytes that lie row by
//! row; floats are computed in `f64` and rounded once.

use crate::{Array, Buffer, Complex, Dtype, ErrorKind, Op, Type};
use bytemuck::cast_slice_mut;
use gradus_library::Number;
use smallvec::SmallVec;

/// An operation that a library computes.
pub trait Library {
    /// How many leading axes of every operand and result are the batch: the same for all of them.
    fn batch_rank(&self, args: &[&Type]) -> usize;
    /// About how many floating-point operations one call takes, whose operands are of these types.
    fn work(&self, args: &[Type]) -> usize;
    /// Computes one element of the batch. Whatever the elements are, it does not panic.
    fn compute(&self, operands: &[Block<'_>], results: &mut [BlockMut<'_>]);
}

/// One operand of a call.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// Its type, without the axes of the batch.
    pub ty: &'a Type,
    /// Its elements.
    pub bytes: &'a [u8],
}

/// The place of one result of a call.
#[derive(Debug)]
pub struct BlockMut<'a> {
    /// Its type, without the axes of the batch.
    pub ty: &'a Type,
    /// Its elements, of any value before the call.
    pub bytes: &'a mut [u8],
}

impl Block<'_> {
    /// The extent of an axis.
    pub fn dim(&self, axis: usize) -> usize {
        self.ty.shape.dim(axis)
    }
    /// The elements as the library computes with them.
    pub fn numbers<T: Number>(&self) -> Vec<T> {
        let dtype = self.ty.dtype;
        match dtype.is_complex() {
            true => dtype.read_complex(self.bytes).into_iter().map(|z| T::from_parts(z.re, z.im)).collect(),
            false => dtype.read_f64(self.bytes).into_iter().map(|x| T::from_parts(x, 0.0)).collect(),
        }
    }
}

impl BlockMut<'_> {
    /// Writes the elements, each rounded once.
    pub fn write<T: Number>(&mut self, numbers: &[T]) {
        let parts = numbers.iter().map(|x| x.parts());
        match self.ty.dtype {
            dtype if dtype.is_complex() => {
                let all: Vec<Complex<f64>> = parts.map(|(re, im)| Complex::new(re, im)).collect();
                dtype.write_complex(self.bytes, &all);
            }
            dtype => dtype.write_f64(self.bytes, &parts.map(|(re, _)| re).collect::<Vec<f64>>()),
        }
    }
    /// Writes indices.
    pub fn write_indices(&mut self, indices: &[usize]) {
        debug_assert_eq!(self.ty.dtype, Dtype::I32, "internal: indices are i32");
        let places = cast_slice_mut::<u8, i32>(self.bytes);
        places.iter_mut().zip(indices).for_each(|(place, i)| *place = *i as i32);
    }
}

/// The calls that one operation makes of a library's routine.
#[derive(Clone, Debug)]
pub struct Calls {
    op: Op,
    /// How many there are: the size of the batch.
    pub count: usize,
    /// Types of the operands of one call.
    pub operands: Vec<Type>,
    /// Types of the results of one call.
    pub results: Vec<Type>,
}

impl Calls {
    /// The calls of `op` on operands of these types; `None` if no library computes it.
    pub fn of(op: &Op, args: &[&Type], results: &[&Type]) -> Option<Calls> {
        let batch_rank = op.rules().library()?.batch_rank(args);
        let batch: Vec<usize> = (0..batch_rank).collect();
        let one = |ty: &&Type| ty.with_shape(ty.shape.without(&batch));
        Some(Calls {
            op: op.clone(),
            count: args[0].shape.extent_of(&batch),
            operands: args.iter().map(one).collect(),
            results: results.iter().map(one).collect(),
        })
    }
    /// The name of the operation.
    pub fn name(&self) -> &'static str {
        self.op.rules().name()
    }
    /// About how many floating-point operations one call takes.
    pub fn work(&self) -> usize {
        self.library().work(&self.operands)
    }
    /// Makes one call. The slices hold the operands of the call, and the places of its results.
    pub fn run<'a>(
        &self,
        operands: impl IntoIterator<Item = &'a [u8]>,
        results: impl IntoIterator<Item = &'a mut [u8]>,
    ) {
        let operands = operands.into_iter().zip(&self.operands).map(|(bytes, ty)| Block { ty, bytes });
        let results = results.into_iter().zip(&self.results).map(|(bytes, ty)| BlockMut { ty, bytes });
        let operands: SmallVec<[Block<'_>; 4]> = operands.collect();
        let mut results: SmallVec<[BlockMut<'_>; 4]> = results.collect();
        self.library().compute(&operands, &mut results);
    }
    fn library(&self) -> &dyn Library {
        self.op.rules().library().expect("internal: a library's operation")
    }
}

/// Why an operation cannot be run in a build without the feature that brings its library.
pub(super) fn missing(feature: &str) -> ErrorKind {
    ErrorKind::invalid(format!("is not part of this build; give `gradus` its default feature `{feature}`"))
}

/// [`evaluate`], of an operation that may be none of this build's.
pub(super) fn evaluate_if_known(op: &Op, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
    op.rules().refusal().map_or_else(|| Ok(evaluate(op, args)), Err)
}

/// The results of a library's operation that is not refused, all calls one after the other.
pub fn evaluate(op: &Op, args: &[&Array]) -> Vec<Array> {
    let types: Vec<&Type> = args.iter().map(|a| a.ty()).collect();
    let result_types = op.rules().infer(&types).expect("internal: operands of the right types");
    let calls = Calls::of(op, &types, &result_types.iter().collect::<Vec<_>>());
    let calls = calls.expect("internal: a library's operation");
    let mut buffers: Vec<Buffer> = result_types.iter().map(|ty| Buffer::zeroed(ty.size_bytes())).collect();
    for k in 0..calls.count {
        let part = |ty: &Type| k * ty.size_bytes()..(k + 1) * ty.size_bytes();
        let operands = args.iter().zip(&calls.operands).map(|(a, ty)| &a.bytes()[part(ty)]);
        let results = buffers.iter_mut().zip(&calls.results).map(|(b, ty)| &mut b.bytes_mut()[part(ty)]);
        calls.run(operands, results);
    }
    result_types.into_iter().zip(buffers).map(|(ty, buffer)| Array::from_buffer(ty, buffer)).collect()
}
