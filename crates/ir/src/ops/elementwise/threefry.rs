//! The counter-based random function threefry2x32, from which every random number is made.
//!
//! Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011), with 20 rounds.

use super::Elementwise;
use crate::ops::sample::refused;
use crate::ops::{Attributes, Infer, Lanes, Operand, Passes, Rules, Sample};
use crate::trace::{Val, Vals, bind};
use crate::{Array, Dtype, ErrorKind, Type};
use gradus_kernel::special::threefry2x32;
use gradus_kernel::{Builder, Scalar, Value};
use smallvec::{SmallVec, smallvec};
use std::ops::RangeInclusive;

documented! {
    /// `(k0, k1, x0, x1) -> (y0, y1)`: two words of a counter scrambled under two words of a key.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Threefry2x32 {}
}

const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];
/// The parity constant of the key schedule.
const PARITY: u32 = 0x1BD1_1BDA;

impl Threefry2x32 {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        let words = |seed: u32| Array::from([seed, seed.wrapping_mul(0x9E37_79B9), u32::MAX - seed]);
        vec![
            Sample::new(Threefry2x32 {})
                .exact(words(0))
                .exact(words(1))
                .exact(words(2))
                .exact(words(3))
                .not_smooth(),
        ]
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        let word = Type::scalar(Dtype::U32);
        let with = |last: Type| [word.clone(), word.clone(), word.clone(), last];
        vec![
            refused(Threefry2x32 {}, 1, with(Type::scalar(Dtype::I32))),
            refused(Threefry2x32 {}, 2, with(word.with_shape([3]))),
        ]
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, _: &mut Attributes) -> Option<Result<Threefry2x32, String>> {
        (name == "threefry2x32").then_some(Ok(Threefry2x32 {}))
    }
}

impl Rules for Threefry2x32 {
    fn name(&self) -> &'static str {
        "threefry2x32"
    }
    fn arity(&self) -> RangeInclusive<usize> {
        4..=4
    }
    fn num_results(&self, _: usize) -> usize {
        2
    }
    fn constraints(&self) -> &'static [&'static str] {
        &["All operands are `u32`.", "All operands have the same shape."]
    }
    fn infer(&self, args: &[&Type]) -> Infer {
        if let Some(other) = args.iter().find(|ty| ty.dtype != Dtype::U32) {
            return Err(ErrorKind::constraint(1, format!("scrambles u32, not {other}; convert it first")));
        }
        if let Some(other) = args.iter().find(|ty| ty.shape != args[0].shape) {
            let (lhs, rhs) = (args[0].shape.clone(), other.shape.clone());
            let hint = "broadcast the key to the shape of the counter";
            return Err(ErrorKind::ShapeMismatch { number: 2, lhs: lhs.into(), rhs: rhs.into(), hint });
        }
        Ok(vec![args[0].clone(); 2])
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        let [k0, k1, x0, x1] = [0, 1, 2, 3].map(|i| args[i].elements::<u32>().collect::<Vec<_>>());
        let words: Vec<[u32; 2]> =
            (0..k0.len()).map(|i| threefry2x32([k0[i], k1[i]], [x0[i], x1[i]])).collect();
        let shape = || args[0].ty().shape.clone();
        Ok([0, 1].map(|k| Array::collect(shape(), words.iter().map(|w| w[k]))).into())
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], _: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        (bind(*self, x), vec![None, None])
    }
    fn transpose(&self, _: &dyn Passes, _: &[Option<Val>], _: &[Operand]) -> Vec<Option<Val>> {
        unreachable!("internal: threefry2x32 is not linear")
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        let along = |(x, mapped): (&Val, &bool)| if *mapped { *x } else { x.repeat_leading(lanes.size) };
        let args: Vals = args.iter().zip(mapped).map(along).collect();
        bind(*self, &args)
    }
    fn elementwise(&self) -> Option<&dyn Elementwise> {
        Some(self)
    }
}

impl Elementwise for Threefry2x32 {
    fn lower(&self, b: &mut Builder, args: &[Value]) -> SmallVec<[Value; 2]> {
        let [k0, k1, x0, x1] = [args[0], args[1], args[2], args[3]];
        let word = |b: &mut Builder, x: u32| b.bits(Scalar::U32, x.into());
        let parity = word(b, PARITY);
        let both = b.xor(k0, k1);
        let keys = [k0, k1, b.xor(both, parity)];
        let (mut x, mut y) = (b.add(x0, k0), b.add(x1, k1));
        for group in 0..5u32 {
            for rotation in ROTATIONS[group as usize % 2] {
                x = b.add(x, y);
                let (left, right) = (word(b, rotation), word(b, 32 - rotation));
                let (high, low) = (b.shift_left(y, left), b.shift_right_logical(y, right));
                let rotated = b.or(high, low);
                y = b.xor(rotated, x);
            }
            let next = group + 1;
            x = b.add(x, keys[next as usize % 3]);
            let number = word(b, next);
            let key = b.add(keys[(next as usize + 1) % 3], number);
            y = b.add(y, key);
        }
        smallvec![x, y]
    }
}

impl Val {
    /// The words of a counter scrambled under those of a key; all are `u32` and of one shape.
    #[track_caller]
    pub fn threefry2x32(key: [Val; 2], counter: [Val; 2]) -> [Val; 2] {
        let words = bind(Threefry2x32 {}, &[key[0], key[1], counter[0], counter[1]]);
        [words[0], words[1]]
    }
    /// Random bits of `shape`, element by element; the words of the key are scalars.
    ///
    /// `dtype` is an integer type; one of 64 bits takes both words, narrower ones the low bits of their exclusive
    /// or. The same as JAX with `jax_threefry_partitionable`: element i is made from the counter i alone.
    #[track_caller]
    pub fn random_bits(key: [Val; 2], shape: impl Into<crate::Shape>, dtype: Dtype) -> Val {
        let shape = shape.into();
        let [high, low] = counter(&shape);
        let key = key.map(|word| word.splat(shape.clone()));
        let [high, low] = Val::threefry2x32(key, [high, low]);
        match dtype.size_bytes() {
            8 => {
                let amount = Val::full(Type::new(dtype, shape), 32.0);
                high.convert(dtype).shift_left(amount) | low.convert(dtype)
            }
            _ => (high ^ low).convert(dtype),
        }
    }
}

/// The row-major position of every element: its high and its low word.
fn counter(shape: &crate::Shape) -> [Val; 2] {
    let zeros = Val::full(Type::new(Dtype::U32, shape.clone()), 0.0);
    let fits = u32::try_from(shape.size()).is_ok();
    let word = if fits { Dtype::U32 } else { Dtype::I64 };
    let strides = shape.strides();
    let along = (0..shape.rank()).map(|axis| {
        let index = Val::iota(Type::new(word, shape.clone()), axis);
        let stride = Array::from_i128(word, strides[axis] as i128);
        index * Val::constant(stride).splat(shape.clone())
    });
    match along.reduce(|a, b| a + b) {
        None => [zeros, zeros],
        Some(position) if fits => [zeros, position],
        Some(position) => {
            let high = position.shift_right_logical(position.full_like(32.0));
            [high.convert(Dtype::U32), position.convert(Dtype::U32)]
        }
    }
}
