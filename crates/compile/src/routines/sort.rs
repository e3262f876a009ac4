//! Sorting along an axis, by the standard library on numbers that order as the elements do.
//!
//! A line's elements become pairs of key and position; the position makes the unstable sort a stable one. The pairs
//! stand in the step's scratch memory, so that a call allocates nothing.

use crate::graph::{Graph, Id, Routine};
use crate::runtime::{Call, Pointers, Slot, Step, Task};
use gradus_ir::Result;
use gradus_kernel::Scalar;

/// Stable sort of all operands by the leading ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sort {
    pub(crate) axis: usize,
    pub(crate) num_keys: usize,
}

/// A sort, ready to run.
#[derive(Debug)]
struct SortTask {
    /// Operands and where they go, keys first.
    columns: Vec<Column>,
    num_keys: usize,
    length: usize,
    /// Elements between neighbours along the sorted axis.
    stride: usize,
    scratch: Slot,
}

#[derive(Debug)]
struct Column {
    scalar: Scalar,
    from: Slot,
    to: Slot,
}

impl Routine for Sort {
    fn name(&self) -> &'static str {
        "sort"
    }
    fn step(&self, graph: &Graph, id: Id, slot: &dyn Fn(Id) -> Slot) -> Step {
        let node = graph.node(id);
        let pairs = node.args.iter().copied().zip(graph.results_of(id));
        let columns = pairs
            .map(|(from, to)| Column { scalar: graph.scalar(from), from: slot(from), to: slot(to) })
            .collect();
        let shape = &node.ty.shape;
        let length = shape.dim(self.axis);
        let depth = u64::from(usize::BITS - length.leading_zeros());
        let stride = shape.strides()[self.axis];
        let task = SortTask { columns, num_keys: self.num_keys, length, stride, scratch: Slot::scratch(0) };
        let label = format!("sort {} by {} of {} operands", node.ty, self.num_keys, node.args.len());
        Step {
            extent: (shape.size() / length) as i64,
            cost: shape.size() as u64 * (depth * 20 + 50),
            scratch_bytes: length * size_of::<u128>(),
            ..Step::new(task, node.location, label)
        }
    }
}

impl Task for SortTask {
    fn code(&self) -> String {
        "library".into()
    }
    unsafe fn run(&self, _: &Call<'_>, pointers: &Pointers, lower: i64, upper: i64) -> Result<()> {
        for line in lower as usize..upper as usize {
            let start = line / self.stride * self.stride * self.length + line % self.stride;
            // SAFETY: the caller's promise; the line starts within the arrays.
            unsafe {
                if self.num_keys == 1 && self.columns[0].scalar.size_bytes() <= 4 {
                    self.line::<u64>(pointers, start);
                } else {
                    self.line::<u128>(pointers, start);
                }
            }
        }
        Ok(())
    }
}

impl SortTask {
    /// Sorts the line that starts at element `start`; `P` holds a key and a position.
    ///
    /// # Safety
    /// As [`Task::run`]: no other thread writes the operands, touches this line of the results or uses this scratch.
    unsafe fn line<P: Pair>(&self, pointers: &Pointers, start: usize) {
        // SAFETY: the scratch has room for as many `u128`, is aligned to 64 bytes, and is this thread's; all of it is
        // written before it is read.
        let pairs = unsafe {
            let scratch = self.scratch.pointer(pointers).cast::<P>();
            for k in 0..self.length {
                let key = ordinal(&self.columns[0], pointers, start + k * self.stride);
                scratch.add(k).write(P::new(key, k));
            }
            std::slice::from_raw_parts_mut(scratch, self.length)
        };
        if self.num_keys == 1 {
            pairs.sort_unstable();
        } else {
            let others = &self.columns[1..self.num_keys];
            let rest = |pair: P| {
                // SAFETY: positions are of this line.
                let key =
                    move |column| unsafe { ordinal(column, pointers, start + pair.position() * self.stride) };
                others.iter().map(key)
            };
            pairs.sort_unstable_by(|a, b| {
                let first = a.key().cmp(&b.key());
                first.then_with(|| rest(*a).cmp(rest(*b))).then_with(|| a.position().cmp(&b.position()))
            });
        }
        for column in &self.columns {
            let size = column.scalar.size_bytes();
            for (k, pair) in pairs.iter().enumerate() {
                let [from, to] = [pair.position(), k].map(|k| (start + k * self.stride) * size);
                // SAFETY: both elements are of this line; operand and result do not overlap.
                unsafe {
                    let (from, to) =
                        (column.from.pointer(pointers).add(from), column.to.pointer(pointers).add(to));
                    std::ptr::copy_nonoverlapping(from, to, size);
                }
            }
        }
    }
}

/// A key above a position, in one number.
trait Pair: Copy + Ord {
    fn new(key: u64, position: usize) -> Self;
    fn key(self) -> u64;
    fn position(self) -> usize;
}

/// Keys of up to 32 bits, among fewer than 2^32 positions.
impl Pair for u64 {
    fn new(key: u64, position: usize) -> u64 {
        debug_assert!(u32::try_from(position).is_ok() && u32::try_from(key).is_ok(), "internal: a short key");
        key << 32 | position as u64
    }
    fn key(self) -> u64 {
        self >> 32
    }
    fn position(self) -> usize {
        self as u32 as usize
    }
}

impl Pair for u128 {
    fn new(key: u64, position: usize) -> u128 {
        u128::from(key) << 64 | position as u128
    }
    fn key(self) -> u64 {
        (self >> 64) as u64
    }
    fn position(self) -> usize {
        self as u64 as usize
    }
}

/// A number in the order of the element: -0 is +0, NaN comes last.
///
/// # Safety
/// The operand has such an element.
unsafe fn ordinal(column: &Column, pointers: &Pointers, element: usize) -> u64 {
    // SAFETY: the caller's promise; buffers are aligned to more than any element.
    unsafe {
        let pointer = column.from.pointer(pointers);
        match column.scalar {
            Scalar::Bool | Scalar::U8 => u64::from(*pointer.add(element)),
            Scalar::I8 => u64::from(*pointer.add(element) ^ 0x80),
            Scalar::U16 => u64::from(*pointer.cast::<u16>().add(element)),
            Scalar::I16 => u64::from(*pointer.cast::<u16>().add(element) ^ 0x8000),
            Scalar::U32 => u64::from(*pointer.cast::<u32>().add(element)),
            Scalar::I32 => u64::from(*pointer.cast::<u32>().add(element) ^ 0x8000_0000),
            Scalar::U64 => *pointer.cast::<u64>().add(element),
            Scalar::I64 => *pointer.cast::<u64>().add(element) ^ 1 << 63,
            Scalar::F32 => u64::from(ordinal_of_f32(*pointer.cast::<f32>().add(element))),
            Scalar::F64 => ordinal_of_f64(*pointer.cast::<f64>().add(element)),
        }
    }
}

fn ordinal_of_f32(x: f32) -> u32 {
    if x.is_nan() {
        return u32::MAX;
    }
    let bits = (x + 0.0).to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

fn ordinal_of_f64(x: f64) -> u64 {
    if x.is_nan() {
        return u64::MAX;
    }
    let bits = (x + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

#[cfg(test)]
mod tests {
    use super::{ordinal_of_f32, ordinal_of_f64};

    #[test]
    fn ordinals_order_as_floats() {
        let ordered = [f64::NEG_INFINITY, -1.5, -1e-45, 0.0, 1e-45, 2.0, f64::INFINITY, f64::NAN];
        assert!(ordered.windows(2).all(|w| ordinal_of_f64(w[0]) < ordinal_of_f64(w[1])));
        assert!(ordered.windows(2).all(|w| ordinal_of_f32(w[0] as f32) < ordinal_of_f32(w[1] as f32)));
        assert_eq!(ordinal_of_f32(-0.0), ordinal_of_f32(0.0));
        assert_eq!(ordinal_of_f64(-f64::NAN), ordinal_of_f64(f64::NAN));
    }
}
